"""Daily numbers of every store by payment method, from the facts that are known.

Expects what the journeys leave (``outcomes``, ``facts_*``). The facts are those known at the
journeys' moment, so an answer about a past moment uses nothing that was learned later.

A sale's method is what its own ``method`` column or its approved attempt says. Where that is not
known of nine sales in ten of a store, before and after alike, the store is told by channel: else a
release that begins to tell the method would look like customers who change it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from daozhang.calendars import BusinessCalendar
from daozhang.engine import Engine, SqlFolder, rows_of
from daozhang.gate.evidence import NEVER, Bools, Ints
from daozhang.gate.recovery_settings import RecoverySettings
from daozhang.journey.terms import Term, TermsBook

__all__ = ["ALL", "Kin", "StoreDays", "gather_days", "special_days"]

SQL = SqlFolder("daozhang.gate")

ALL: Final = "*"
"""The name under which all methods together stand; it is the first of a cube's methods."""

SETTLED_S: Final = 7_200
"""A day is told so long after its end."""

MOSTLY: Final = 10
"""A method or a lag is known of a day when at most one sale in so many is without it."""

COUNTS: Final = ("sales", "failed", "tries", "lag", "lag_told", "lag_waiting", "score", "scores")

Cube = npt.NDArray[np.int64]
Kin = tuple[str, str, str]
"""Calendar, provider and bank that a store's money of a method goes through."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class StoreDays:
    """Counts by store, method and day.

    Attributes:
        stores: ids, in order.
        methods: names, the first being :data:`ALL`.
        first_day: local day of the last axis' first place, in days since 1970.
        told_until: the last local day that was over when the facts end.
        counts: by name of :data:`COUNTS`, arrays of stores x methods x days.
        special: stores x days: public holidays with their weekends, and made-up workdays.
        kin: by store and method.
        spans: by release and store, first and last day of its upgrade; ``NEVER`` where none.
    """

    stores: tuple[str, ...]
    methods: tuple[str, ...]
    first_day: int
    told_until: int
    counts: dict[str, Cube]
    special: Bools
    kin: dict[tuple[int, int], Kin]
    spans: dict[str, tuple[Ints, Ints]]


def gather_days(
    engine: Engine,
    book: TermsBook,
    as_of: datetime,
    settings: RecoverySettings,
    wanted: Collection[str] | None = None,
) -> StoreDays | None:
    """Return the daily numbers around upgrades; None where there is no upgrade.

    Args:
        engine: holds the journeys.
        book: the terms, for zone and calendars.
        as_of: the moment that the journeys are of.
        settings: how many days count.
        wanted: the releases that will be asked about; None: all.
    """
    moment = int(as_of.timestamp())
    offset = datetime.fromtimestamp(moment, ZoneInfo(book.timezone)).utcoffset()
    assert offset is not None, "the moment is aware"
    offset_s = int(offset.total_seconds())
    told_until = (moment + offset_s - SETTLED_S) // 86_400 - 1
    _put_run(engine, offset_s, 0, told_until)
    upgrades = rows_of(engine.fetch(SQL["recovery_stores"]))
    if not upgrades:
        return None
    begun = (r["first_day"] for r in upgrades if wanted is None or r["release_id"] in wanted)
    from_day = min(begun) - settings.baseline_days - 1
    _put_run(engine, offset_s, from_day, told_until)
    _put_calendar(engine, book.terms, book.calendars, from_day - 40, told_until + 40)
    told = "method" in engine.columns("facts_sales")
    engine.run("recovery_methods", SQL["recovery_methods_told" if told else "recovery_methods"])
    sales, lags, scores = (
        list(rows_of(engine.fetch(SQL[f"recovery_{name}"]))) for name in ("sales", "lags", "scores")
    )
    stores = tuple(sorted({r["store_id"] for r in (*upgrades, *sales, *scores, *lags)}))
    number = {store: place for place, store in enumerate(stores)}
    cube = _Cube(stores, number, from_day, told_until, _by_method(sales, upgrades))
    cube.add(sales, {name: name for name in ("sales", "failed", "tries")})
    cube.add(lags, {"lag": "lag", "told": "lag_told", "waiting": "lag_waiting"})
    cube.add(scores, {"score": "score", "scores": "scores"})
    kin = _kin(lags, cube, book.terms)
    special = np.zeros((len(stores), cube.days), dtype=np.bool_)
    marked = {
        name: special_days(calendar, from_day, cube.days)
        for name, calendar in book.calendars.items()
    }
    for (store, method), (calendar, _, _) in kin.items():
        if method == 0:
            special[store] = marked[calendar]
    return StoreDays(
        stores, cube.methods, from_day, told_until, cube.counts(), special, kin,
        _spans(upgrades, number),
    )  # fmt: skip


def _put_run(engine: Engine, offset_s: int, from_day: int, until_day: int) -> None:
    run = {"offset_s": [offset_s], "from_day": [from_day], "until_day": [until_day]}
    engine.put("recovery_run", pa.table(run, pa.schema([(name, pa.int64()) for name in run])))


def _put_calendar(
    engine: Engine,
    terms: Iterable[Term],
    calendars: Mapping[str, BusinessCalendar],
    from_day: int,
    until_day: int,
) -> None:
    """Number the business days of each term, so that lags are differences."""
    found: dict[str, list[int]] = {"term_index": [], "day": [], "number": []}
    for term in terms:
        count = 0
        for day in range(from_day, until_day + 1):
            every = term.basis == "calendar"
            count += every or calendars[term.calendar].is_business_day(_date(day))
            for name, value in (("term_index", term.index), ("day", day), ("number", count)):
                found[name].append(value)
    types = {"term_index": pa.int32(), "day": pa.int64(), "number": pa.int64()}
    engine.put("recovery_calendar", pa.table(found, pa.schema(list(types.items()))))


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)


def special_days(calendar: BusinessCalendar, first_day: int, days: int) -> Bools:
    """Return which days are like no other week's.

    A free weekday is a holiday, and so is the weekend that it touches; a worked weekend is made up
    for one.
    """
    around = 10
    dates = [_date(first_day + n) for n in range(-around, days + around)]
    free = [not calendar.is_business_day(day) for day in dates]
    weekend = [day.weekday() >= 5 for day in dates]  # noqa: PLR2004 - Saturday
    if all(free) or not any(f for f, w in zip(free, weekend, strict=True) if w):
        # A calendar on which every day, or no weekend, is free knows no weekends to make up.
        return np.array([f and not w for f, w in zip(free, weekend, strict=True)])[around:-around]
    found = [f != w for f, w in zip(free, weekend, strict=True)]
    for places in (range(1, len(dates)), range(len(dates) - 2, -1, -1)):
        for place in places:
            beside = place - 1 if places.step > 0 else place + 1
            if free[place] and free[beside] and found[beside]:
                found[place] = True
    return np.array(found, dtype=np.bool_)[around:-around]


def _by_method(sales: Sequence[Row], upgrades: Sequence[Row]) -> set[str]:
    """Return the stores of which the method is known, before their first upgrade and after it."""
    first: dict[str, int] = {}
    for row in upgrades:
        first[row["store_id"]] = min(row["first_day"], first.get(row["store_id"], NEVER))
    with_method: dict[tuple[str, bool], list[int]] = defaultdict(lambda: [0, 0])
    for row in sales:
        store = row["store_id"]
        counted = with_method[store, row["day"] < first.get(store, NEVER)]
        counted[0] += row["sales"]
        counted[1] += row["sales"] if row["method"] else 0
    told = {store for store, _ in with_method}
    for (store, _), (every, known) in with_method.items():
        if MOSTLY * (every - known) > every:
            told.discard(store)
    return told


def _spans(upgrades: Sequence[Row], number: Mapping[str, int]) -> dict[str, tuple[Ints, Ints]]:
    found: dict[str, tuple[Ints, Ints]] = {}
    for row in upgrades:
        if row["release_id"] not in found:
            nothing = np.full(len(number), NEVER, dtype=np.int64)
            found[row["release_id"]] = nothing, nothing.copy()
        first, last = found[row["release_id"]]
        first[number[row["store_id"]]] = row["first_day"]
        last[number[row["store_id"]]] = row["last_day"]
    return found


class _Cube:
    """Rows by store, label and day, being summed up."""

    def __init__(
        self,
        stores: tuple[str, ...],
        number: Mapping[str, int],
        from_day: int,
        until_day: int,
        by_method: set[str],
    ) -> None:
        self.number, self.by_method = number, by_method
        self.from_day, self.days = from_day, max(until_day - from_day + 1, 1)
        self._rows: list[tuple[Sequence[Row], dict[str, str]]] = []
        self._labels: dict[str, int] = {ALL: 0}
        self._stores = len(stores)

    def add(self, rows: Sequence[Row], names: dict[str, str]) -> None:
        """Remember rows; ``names`` are their columns and what these are counted as."""
        self._rows.append((rows, names))
        for label in sorted({self._label(row) for row in rows} - {""}):
            self._labels.setdefault(label, len(self._labels))

    def _label(self, row: Row) -> str:
        if row["store_id"] in self.by_method:
            return str(row["method"])
        return str(row.get("channel", ""))

    @property
    def methods(self) -> tuple[str, ...]:
        return tuple(self._labels)

    def method(self, row: Row) -> int:
        """Return the place of a row's method; 0 where it has none."""
        return self._labels.get(self._label(row), 0)

    def counts(self) -> dict[str, Cube]:
        shape = (self._stores, len(self._labels), self.days)
        found = {name: np.zeros(shape, dtype=np.int64) for name in COUNTS}
        for rows, names in self._rows:
            store = np.array([self.number[row["store_id"]] for row in rows], dtype=np.int64)
            label = np.array([self.method(row) for row in rows], dtype=np.int64)
            day = np.array([row["day"] - self.from_day for row in rows], dtype=np.int64)
            for column, name in names.items():
                values = np.array([row[column] for row in rows], dtype=np.int64)
                own = label > 0
                np.add.at(found[name], (store[own], label[own], day[own]), values[own])
                np.add.at(found[name], (store, np.zeros_like(label), day), values)
        return found


def _kin(rows: Sequence[Row], cube: _Cube, terms: tuple[Term, ...]) -> dict[tuple[int, int], Kin]:
    """Return by store and method the way that most of the money goes."""
    ways: dict[tuple[int, int], dict[Kin, int]] = defaultdict(lambda: defaultdict(int))
    calendars = {term.index: term.calendar for term in terms}
    for row in rows:
        way = calendars[row["term_index"]], str(row["provider_id"]), str(row["bank_id"])
        for method in {0, cube.method(row)}:
            ways[cube.number[row["store_id"]], method][way] += row["told"] + row["waiting"]
    return {key: max(sorted(found), key=lambda w: found[w]) for key, found in ways.items()}
