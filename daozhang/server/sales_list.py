"""Sales behind a number: the same filters for every page that leads to rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Final, Protocol, overload

from daozhang.app.listing import LISTED, STATUS_ORDER
from daozhang.app.seek import quoted
from daozhang.app.snapshot import Reading
from daozhang.engine import DuckEngine, rows_of
from daozhang.server.attention import at_condition
from daozhang.server.due_days import all_sums
from daozhang.server.upgraded import DUE, GROUPS, effects, group_condition, near

__all__ = [
    "COLUMNS",
    "FEES",
    "Rows",
    "SaleRows",
    "Totals",
    "chosen",
    "condition",
    "listed",
    "totals",
]

COLUMNS: Final = LISTED
"""Columns of a downloaded list."""

FEES: Final = ("known", "differs")
"""Sales whose fee can be held against the agreed one, and of them those where it differs."""

_EQUAL: Final = {
    "currency": "currency", "provider": "provider_id", "account": "account_id", "bank": "bank_id",
    "store": "store_id", "terminal": "terminal_id", "channel": "channel",
    "merchant": "merchant_id",
}  # fmt: skip
_DUE: Final = {"due": "=", "since": ">=", "until": "<="}
_SUMMED: Final = {*_DUE, "status", "currency", "provider", "account", "bank", "store", "channel"}
"""Filters that the sums of all sales know too."""

_COMPARED: Final = {"release", "side", "status", "currency", "provider"}
"""Filters that the sums of a release's two groups know."""

_AT_ONCE: Final = 20_000
_STEP: Final = 100_000
"""How many places are looked through at first; then twice as many each time."""

_NOT_KNOWN: Final = "?"
_NOT_MONEY: Final = "('cancelled', 'failed')"
_SUMS: Final = (
    "CAST(sum(s.sales) AS BIGINT) AS n, CAST(sum(s.amount_minor) AS BIGINT), "
    "CAST(sum(CASE WHEN s.status <> 'unknown' THEN s.outstanding_minor ELSE 0 END) AS BIGINT)"
)
_FEE_SUMS: Final = ", CAST(sum(s.fee_minor) AS BIGINT), CAST(sum(s.fee_expected_minor) AS BIGINT)"


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
    """What the sales of a list come to, in one currency.

    Attributes:
        currency: ISO 4217 code.
        sales: how many.
        amount_minor: their amounts, before fees.
        outstanding_minor: what of them is still to come, where that can be told.
        fee_minor: fees that were charged, where fees were asked for; else None.
        fee_expected_minor: fees that were agreed for the same sales.
    """

    currency: str
    sales: int
    amount_minor: int
    outstanding_minor: int
    fee_minor: int | None = None
    fee_expected_minor: int | None = None


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
        return self._part(first, max(last - first, 0))

    def _part(self, first: int, count: int) -> list[dict[str, Any]]:
        return rows_of(self._engine.fetch(f"{self._sql} LIMIT {count} OFFSET {first}"))

    def whole(self) -> Iterator[dict[str, Any]]:
        """Give all rows."""
        yield from rows_of(self._engine.fetch(self._sql))


class SaleRows(Rows):
    """Rows of the list of sales: ``place``, a row's number among all sales, and :data:`COLUMNS`."""

    def __init__(self, engine: DuckEngine, where: str, count: int, walked: int = 0) -> None:
        """Take the condition on ``sale_list AS o`` and how many rows it has.

        Args:
            engine: the tables.
            where: the condition.
            count: how many sales there are.
            walked: how many places there are, if the condition joins so much that the list is
                better walked piece by piece than sifted whole; else 0.
        """
        super().__init__(engine, "", count)
        self._where, self._walked = where, walked

    def _asked(self, beyond: str, part: str) -> list[dict[str, Any]]:
        # Which rows is asked of few columns; all else is read of these rows only.
        which = f"SELECT o.place FROM sale_list AS o WHERE {self._where}{beyond}"
        columns = ", ".join(f"o.{name}" for name in ("place", *COLUMNS))
        sql = (
            f"SELECT {columns} FROM sale_list AS o "
            f"WHERE o.place IN ({which} ORDER BY o.place {part}) ORDER BY o.place"
        )
        return rows_of(self._engine.fetch(sql))

    def _part(self, first: int, count: int) -> list[dict[str, Any]]:
        if first == 0:
            return self.after(0, count)
        behind = self._count - first - count
        if behind < first:  # Nearer to the end, it is found from there.
            return self._asked("", f"DESC LIMIT {count} OFFSET {behind}")
        return self._asked("", f"LIMIT {count} OFFSET {first}")

    def after(self, place: int, count: int) -> list[dict[str, Any]]:
        """Give the next rows after a place of the list, which costs the same at every place."""
        if not self._walked:
            return self._asked(f" AND o.place > {place}", f"LIMIT {count}")
        found: list[dict[str, Any]] = []
        step = _STEP
        while len(found) < count and place < self._walked:
            within = f" AND o.place > {place} AND o.place <= {place + step}"
            found += self._asked(within, f"LIMIT {count - len(found)}")
            place, step = place + step, step * 2
        return found

    def whole(self) -> Iterator[dict[str, Any]]:
        """Give all rows, of which never many are held at a time."""
        place = 0
        while part := self.after(place, _AT_ONCE):
            yield from part
            place = part[-1]["place"]


def chosen(asked: Mapping[str, str]) -> dict[str, str]:
    """Return the filters that an address carries, those that mean nothing left out."""
    found = {name: asked[name] for name in _EQUAL if asked.get(name)}
    for name in _DUE:
        if (due := _day(asked.get(name, ""))) is not None:
            found[name] = due.isoformat()
    statuses = [one for one in asked.get("status", "").split(",") if one in STATUS_ORDER]
    if statuses:
        found["status"] = ",".join(statuses)
    if asked.get("fee") in FEES:
        found["fee"] = asked["fee"]
    if at_condition(asked.get("at", "")) is not None:
        found["at"] = asked["at"]
    found |= {name: asked[name] for name in ("incident", "payer") if asked.get(name)}
    if asked.get("release") and asked.get("side") in GROUPS:
        found |= {"release": asked["release"], "side": asked["side"]}
    return found


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def condition(reading: Reading, filters: Mapping[str, str], table: str = "o") -> str:
    """Return the SQL condition of filters that :func:`chosen` let through.

    What was cancelled or failed is listed where it is asked for by name, or by its fee.

    Args:
        reading: the snapshot that is asked.
        filters: of :func:`chosen`.
        table: what the list, or sums with its columns, is called.
    """
    o = table
    parts = [] if {"status", "fee"} & set(filters) else [f"{o}.status NOT IN {_NOT_MONEY}"]
    for name, column in _EQUAL.items():
        if name in filters:
            value = filters[name]
            said = "IS NULL" if value == _NOT_KNOWN else f"= {quoted(value)}"
            parts.append(f"{o}.{column} {said}")
    for name, compared in _DUE.items():
        if name in filters:
            parts.append(f"{o}.due_date {compared} DATE {quoted(filters[name])}")
    if "status" in filters:
        wanted = ", ".join(map(quoted, filters["status"].split(",")))
        parts.append(f"{o}.status IN ({wanted})")
    if "fee" in filters:
        parts.append(f"{o}.fee_known")
    if filters.get("fee") == "differs":
        parts.append(f"{o}.fee_minor <> {o}.fee_expected_minor")
    if {"at", "incident"} & set(filters):
        # What is late lies together at the front of the list.
        parts.append(f"{o}.status IN ('overdue', 'late', 'unknown')")
    late = at_condition(filters["at"]) if "at" in filters else None
    if late is not None:
        parts.append(f"{o}.sale_id IN (SELECT l.sale_id FROM listed AS l WHERE {late})")
    if "incident" in filters:
        its = f"i.incident_id = {quoted(filters['incident'])}"
        parts.append(f"{o}.sale_id IN (SELECT i.sale_id FROM incident_sales AS i WHERE {its})")
    if "payer" in filters:
        parts.append(
            f"{o}.sale_id IN (SELECT p.sale_id FROM outcomes AS p JOIN facts_credits AS k "
            "ON k.account_id = p.account_id AND k.credit_id = p.credit_id "
            f"WHERE k.counterparty = {quoted(filters['payer'])})"
        )
    if "release" in filters:
        parts.append(group_condition(reading, quoted(filters["release"]), filters["side"], o))
    return " AND ".join(parts) or "1 = 1"


def totals(asks: Asks, filters: Mapping[str, str]) -> tuple[Totals, ...]:
    """Return what the sales of filters come to, most sales first."""
    assert asks.reading is not None
    source, where = _source(asks.reading, filters)
    rows = asks.engine.rows(
        f"SELECT s.currency, {_SUMS}{_FEE_SUMS if 'fee' in filters else ''} FROM {source} AS s "
        f"WHERE {where} GROUP BY s.currency ORDER BY n DESC, s.currency"
    )
    return tuple(Totals(str(c), *(int(str(n)) for n in numbers)) for c, *numbers in rows)


def _source(reading: Reading, filters: Mapping[str, str]) -> tuple[str, str]:
    """Return where the sales of filters are summed, and by which condition.

    Sums that are kept are a hundred times fewer than sales.
    """
    if set(filters) <= _SUMMED:
        return all_sums(reading), condition(reading, filters, "s")
    statuses = set(filters.get("status", "").split(","))
    if "release" in filters and set(filters) <= _COMPARED and statuses <= set(DUE):
        plain = {name: filters[name] for name in filters if name not in {"release", "side"}}
        release = quoted(filters["release"])
        group = f"s.release_id = {release} AND s.side = '{filters['side']}'"
        compared = f"{group} AND {near(reading, release, 's')}"
        return effects(reading), f"{compared} AND {condition(reading, plain, 's')}"
    its = condition(reading, filters)
    return f"(SELECT o.*, 1 AS sales FROM sale_list AS o WHERE {its})", "1 = 1"


def listed(asks: Asks, filters: Mapping[str, str], count: int) -> SaleRows:
    """Return the sales of filters, those that need someone first.

    Args:
        asks: who asks.
        filters: of :func:`chosen`.
        count: how many there are, by :func:`totals`.
    """
    assert asks.reading is not None
    walked = asks.reading.about.sales if "release" in filters else 0
    return SaleRows(asks.engine, condition(asks.reading, filters), count, walked)
