"""What terminals tell from the future: rows dated after everything that is known of money.

Rules kept here: a thing cannot have been learned before it happened, and what terminals report of
money's way lies where money is. A few rows dated days after all sales, lines, payouts and credits
were written by a wrong clock; where a large part of a table is, the money's files end earlier. A
clock may be wrong by hours, which is evidence (:mod:`daozhang.cause.submit`): a day is allowed.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from daozhang.engine import Engine, rows_of
from daozhang.facts import TABLES

__all__ = ["Ahead", "find_ahead"]

ALLOWED: Final = timedelta(days=2)
"""So long after the last money rows are usual: the day of the credits, and clocks."""

FAR: Final = timedelta(days=31)
"""So long after it they are not, however many."""

SOME: Final = 0.05
"""Up to this part of a table's rows are single ones."""

_TOLD: Final = ("upgrades", "signals", "attempts", "batches", "actions")
_MONEY: Final = ("settlements", "payouts", "credits")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Ahead:
    """Rows from the future.

    Attributes:
        found: by table and file how many (``rows``), with the key of the first.
        last: table → the last moment whose rows are evidence; only tables that have later ones.
    """

    found: tuple[Row, ...]
    last: Mapping[str, datetime]

    def lies_in_time(self, alias: str, table: str) -> str:
        """Return the SQL condition that a row of ``facts_<table>`` is not from the future."""
        event = f"{alias}.{TABLES[table].event}"
        learned = f"{event} <= {alias}.known_at + INTERVAL 1 DAY"
        last = self.last.get(table)
        return learned if last is None else f"{learned} AND {event} <= {_moment(last)}"


def find_ahead(engine: Engine) -> Ahead:
    """Find the rows that are dated after they were learned or after all that is known of money.

    Expects ``raw_<table>``, all of it: rows after the moment that is answered for lie beside money
    that does as well, and belong to a later answer.
    """
    end = _end_of_money(engine)
    if end is None:
        return Ahead((), {})
    found: list[Row] = []
    last: dict[str, datetime] = {}
    for table in _TOLD:
        event = f"r.{TABLES[table].event}"
        wrong = f"{event} > r.known_at + INTERVAL 1 DAY"
        late = f"r.known_at IS NULL AND {event} > "
        ((rows, newest, after, early),) = engine.rows(
            f"SELECT count(*), max(CASE WHEN r.known_at IS NULL THEN {event} END), "
            f"count(CASE WHEN {late}{_moment(end + ALLOWED)} THEN 1 END), "
            f"count(CASE WHEN {wrong} THEN 1 END) "
            f"FROM raw_{table} AS r WHERE coalesce(r.removed, 0) = 0"
        )
        if isinstance(newest, datetime) and int(str(after)):
            if int(str(after)) <= SOME * int(str(rows)):
                last[table] = end + ALLOWED
            elif _aware(newest) > end + FAR:
                last[table] = end + FAR
        if table in last:
            wrong = f"({wrong} OR {late}{_moment(last[table])})"
        if int(str(early)) or table in last:
            found += _found(engine, table, wrong)
    return Ahead(tuple(found), last)


def _found(engine: Engine, table: str, wrong: str) -> list[Row]:
    """Return by file how many rows are from the future, with the key of the first."""
    columns = list(TABLES[table].key)
    event = str(TABLES[table].event)
    if event not in columns:
        columns.append(event)
    key = ", ".join(f"r.{c}" for c in columns)
    terminal = "scope_id" if table == "actions" else "terminal_id"
    rows = rows_of(
        engine.fetch(
            f"SELECT * FROM (SELECT {key}, r._file, r.{terminal} AS of_terminal, "
            "count(*) OVER (PARTITION BY r._file) AS rows, "
            f"row_number() OVER (PARTITION BY r._file ORDER BY r.{event}, {key}) AS place "
            f"FROM raw_{table} AS r WHERE coalesce(r.removed, 0) = 0 AND {wrong}"
            ") AS q WHERE q.place = 1 ORDER BY q._file"
        )
    )
    return [{**row, "table": table} for row in rows]


def _end_of_money(engine: Engine) -> datetime | None:
    """Return the last moment that sales, lines, payouts or credits speak of.

    A till's clock may be wrong itself: sales far after the rest of the money do not count.
    """
    moments = [
        f"SELECT max(coalesce(known_at, {TABLES[table].event})) AS moment FROM raw_{table}"
        for table in _MONEY
    ]
    ((end,),) = engine.rows(f"SELECT max(m.moment) FROM ({' UNION ALL '.join(moments)}) AS m")
    until = "TRUE" if not isinstance(end, datetime) else f"moment <= {_moment(_aware(end) + FAR)}"
    ((sold,),) = engine.rows(
        "SELECT max(s.moment) FROM (SELECT coalesce(known_at, captured_at) AS moment FROM raw_sales"
        f") AS s WHERE {until}"
    )
    known = [_aware(moment) for moment in (end, sold) if isinstance(moment, datetime)]
    return max(known, default=None)


def _aware(moment: datetime) -> datetime:
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _moment(moment: datetime) -> str:
    return f"CAST('{moment.astimezone(UTC).isoformat(sep=' ')}' AS TIMESTAMPTZ)"
