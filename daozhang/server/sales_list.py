"""Sales behind a number: the same filters for every page that leads to rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol, overload

from daozhang.app.seek import quoted
from daozhang.app.snapshot import Reading
from daozhang.engine import DuckEngine, rows_of
from daozhang.server.attention import at_condition
from daozhang.server.due_days import due_sums
from daozhang.server.upgraded import GROUPS, group_of

__all__ = ["COLUMNS", "Rows", "Totals", "chosen", "condition", "listed", "totals"]

COLUMNS: Final = (
    "sale_id", "status", "amount_minor", "outstanding_minor", "credited_minor", "currency",
    "merchant_id", "store_id", "terminal_id", "provider_id", "channel", "account_id", "bank_id",
    "captured_at", "due_date", "promised_at", "credited_at", "fee_minor", "fee_expected_minor",
)  # fmt: skip
"""Columns of a downloaded list."""

_STATUSES: Final = ("on_time", "late", "overdue", "unknown", "in_transit")
_EQUAL: Final = {
    "currency": "{o}.currency", "provider": "{o}.provider_id", "account": "{o}.account_id",
    "bank": "{a}.bank_id", "store": "{o}.store_id", "terminal": "{o}.terminal_id",
    "channel": "{o}.channel",
}  # fmt: skip
_DUE: Final = {"due": "=", "since": ">=", "until": "<="}
_SUMMED: Final = {"due", "since", "until", "status", "currency", "provider", "account", "bank"}
"""Filters that the sums by due day know too."""

_NOT_KNOWN: Final = "?"
_FROM: Final = "FROM outcomes AS o LEFT JOIN facts_accounts AS a ON a.account_id = o.account_id"
_ORDER: Final = (
    "ORDER BY CASE o.status WHEN 'overdue' THEN 0 WHEN 'late' THEN 1 WHEN 'unknown' THEN 2 "
    "WHEN 'in_transit' THEN 3 ELSE 4 END, o.amount_minor DESC, o.sale_id"
)


class Asks(Protocol):
    """Whoever asks, by a page or a call, with the snapshot in their scope."""

    @property
    def reading(self) -> Reading | None:
        """The snapshot; None: nothing was tracked yet."""

    @property
    def engine(self) -> DuckEngine:
        """Its tables."""


@dataclass(frozen=True, slots=True)
class Totals:
    """What the sales of a list come to, in one currency."""

    currency: str
    sales: int
    amount_minor: int
    outstanding_minor: int


class Rows(Sequence[dict[str, Any]]):
    """The rows of a question, of which a page fetches its own part only."""

    def __init__(self, engine: DuckEngine, sql: str, count: int) -> None:
        """Take an ordered SELECT and how many rows it has."""
        self._engine, self._sql, self._count = engine, sql, count

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> dict[str, Any]: ...
    @overload
    def __getitem__(self, place: slice) -> list[dict[str, Any]]: ...
    def __getitem__(self, place: int | slice) -> dict[str, Any] | list[dict[str, Any]]:
        if isinstance(place, int):
            return self[place : place + 1][0]
        first, last, _ = place.indices(self._count)
        sql = f"{self._sql} LIMIT {max(last - first, 0)} OFFSET {first}"
        return rows_of(self._engine.fetch(sql))

    def whole(self) -> Iterator[dict[str, Any]]:
        """Give all rows."""
        yield from rows_of(self._engine.fetch(self._sql))


def chosen(asked: Mapping[str, str]) -> dict[str, str]:
    """Return the filters that an address carries, those that mean nothing left out."""
    found = {name: asked[name] for name in _EQUAL if asked.get(name)}
    for name in _DUE:
        if (due := _day(asked.get(name, ""))) is not None:
            found[name] = due.isoformat()
    statuses = [one for one in asked.get("status", "").split(",") if one in _STATUSES]
    if statuses:
        found["status"] = ",".join(statuses)
    if asked.get("fee") == "differs":
        found["fee"] = "differs"
    if at_condition(asked.get("at", "")) is not None:
        found["at"] = asked["at"]
    if asked.get("incident"):
        found["incident"] = asked["incident"]
    if asked.get("release") and asked.get("side") in GROUPS:
        found |= {"release": asked["release"], "side": asked["side"]}
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def condition(asks: Asks, filters: Mapping[str, str], sales: str = "o", accounts: str = "a") -> str:
    """Return the SQL condition of filters that :func:`chosen` let through.

    Args:
        asks: who asks.
        filters: of :func:`chosen`.
        sales: what the table of sales is called.
        accounts: what the table of accounts is called.
    """
    assert asks.reading is not None
    parts = [f"{sales}.status NOT IN ('cancelled', 'failed')"]
    for name, column in _EQUAL.items():
        if name in filters:
            named = column.format(o=sales, a=accounts)
            value = filters[name]
            parts.append(
                f"{named} IS NULL" if value == _NOT_KNOWN else f"{named} = {quoted(value)}"
            )
    for name, compared in _DUE.items():
        if name in filters:
            parts.append(f"{sales}.due_date {compared} DATE {quoted(filters[name])}")
    if "status" in filters:
        wanted = ", ".join(map(quoted, filters["status"].split(",")))
        parts.append(f"{sales}.status IN ({wanted})")
    if "fee" in filters:
        parts.append(f"{sales}.own_lines > 0 AND {sales}.fee_minor <> {sales}.fee_expected_minor")
    late = at_condition(filters["at"]) if "at" in filters else None
    if late is not None:
        parts.append(f"{sales}.sale_id IN (SELECT l.sale_id FROM listed AS l WHERE {late})")
    if "incident" in filters:
        its = f"i.incident_id = {quoted(filters['incident'])}"
        parts.append(f"{sales}.sale_id IN (SELECT i.sale_id FROM incident_sales AS i WHERE {its})")
    if "release" in filters:
        group = group_of(asks.reading, quoted(filters["release"]), filters["side"])
        parts.append(f"{sales}.sale_id IN ({group})")
    return " AND ".join(parts)


def totals(asks: Asks, filters: Mapping[str, str]) -> tuple[Totals, ...]:
    """Return what the sales of filters come to, most sales first."""
    if set(filters) <= _SUMMED and set(filters) & set(_DUE):
        return _from_sums(asks, filters)
    rows = asks.engine.rows(
        "SELECT o.currency, count(*) AS n, CAST(sum(o.amount_minor) AS BIGINT), "
        "CAST(sum(CASE WHEN o.status <> 'unknown' THEN o.outstanding_minor ELSE 0 END) AS BIGINT) "
        f"{_FROM} WHERE {condition(asks, filters)} GROUP BY o.currency ORDER BY n DESC, o.currency"
    )
    return tuple(Totals(str(c), *(int(str(n)) for n in numbers)) for c, *numbers in rows)


def _from_sums(asks: Asks, filters: Mapping[str, str]) -> tuple[Totals, ...]:
    """Return the same from the sums by due day, which are a thousand times fewer."""
    assert asks.reading is not None
    # The sums have the columns of both tables and hold no sale that is cancelled or failed.
    where = condition(asks, filters, sales="s", accounts="s")
    rows = asks.engine.rows(
        "SELECT s.currency, CAST(sum(s.sales) AS BIGINT) AS n, "
        "CAST(sum(s.amount_minor) AS BIGINT), CAST(sum(CASE WHEN s.status <> 'unknown' "
        "THEN s.outstanding_minor ELSE 0 END) AS BIGINT) "
        f"FROM {due_sums(asks.reading)} AS s WHERE {where} "
        "GROUP BY s.currency ORDER BY n DESC, s.currency"
    )
    return tuple(Totals(str(c), *(int(str(n)) for n in numbers)) for c, *numbers in rows)


def listed(asks: Asks, filters: Mapping[str, str], count: int) -> Rows:
    """Return the sales of filters, those that need someone first.

    Args:
        asks: who asks.
        filters: of :func:`chosen`.
        count: how many there are, by :func:`totals`.
    """
    columns = ", ".join("a.bank_id" if name == "bank_id" else f"o.{name}" for name in COLUMNS)
    sql = f"SELECT {columns} {_FROM} WHERE {condition(asks, filters)} {_ORDER}"
    return Rows(asks.engine, sql, count)
