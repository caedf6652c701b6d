"""When a store sells least: the window in which an upgrade disturbs fewest customers.

Rules kept here: hours are the zone's own; a window keeps an hour away from every cut-off of the
store's providers, so that no batch is closed by a terminal in the middle of an upgrade.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from weakref import WeakKeyDictionary
from zoneinfo import ZoneInfo

from daozhang.app.snapshot import Reading
from daozhang.engine import rows_of
from daozhang.journey.terms import Term
from daozhang.server.kept import kept

__all__ = [
    "DAYS",
    "HOURS",
    "StoreHours",
    "Window",
    "clear_of",
    "cutoffs_by_provider",
    "quietest",
    "store_hours",
]

DAYS: Final = 28
"""So many days of sales are looked at."""

HOURS: Final = 2
"""How long a window is."""

_DAY_H: Final = 24
_HOUR_S: Final = 3600
_AWAY_MIN: Final = 60
_OPEN_SHARE: Final = 100
"""A store is open in an hour that has a hundredth of its sales."""


@dataclass(frozen=True, slots=True)
class StoreHours:
    """One store's sales by hour of the day.

    Attributes:
        store_id: the store.
        sales: 24 counts.
        providers: whose terms its sales fall under.
    """

    store_id: str
    sales: tuple[int, ...]
    providers: frozenset[str]

    @property
    def whole(self) -> int:
        """All of its sales."""
        return sum(self.sales)


@dataclass(frozen=True, slots=True)
class Window:
    """A proposal.

    Attributes:
        begins: hour of the day.
        sales: sales in it, over all days looked at.
        closed: nothing is sold then: good, if terminals stay on.
    """

    begins: int
    sales: int
    closed: bool

    @property
    def ends(self) -> int:
        """The hour at which it ends."""
        return (self.begins + HOURS) % _DAY_H


_known: WeakKeyDictionary[Reading, Mapping[str, StoreHours]] = WeakKeyDictionary()


def store_hours(reading: Reading) -> Mapping[str, StoreHours]:
    """Return the stores' sales by hour, most sales first; worked out once for a reading."""
    found = _known.get(reading)
    if found is None:
        found = _known[reading] = _store_hours(reading)
    return found


def _store_hours(reading: Reading) -> dict[str, StoreHours]:
    last = reading.figures.last_sale
    if last is None:
        return {}
    table = kept(reading, "store_hours", _sql(last, ZoneInfo(reading.about.timezone)))
    sales: dict[str, list[int]] = {}
    providers: dict[str, set[str]] = {}
    for row in rows_of(reading.engine().fetch(f"SELECT * FROM {table}")):
        store = row["store_id"]
        sales.setdefault(store, [0] * _DAY_H)[row["hour"]] += row["sales"]
        providers.setdefault(store, set()).add(row["provider_id"])
    found = [
        StoreHours(store, tuple(counts), frozenset(providers[store]))
        for store, counts in sales.items()
    ]
    found.sort(key=lambda one: (-one.whole, one.store_id))
    return {one.store_id: one for one in found}


def _sql(last: datetime, zone: ZoneInfo) -> str:
    """Count by store, provider and local hour; each hour's local reading is worked out here."""
    end = int(last.timestamp()) // _HOUR_S
    first = end - DAYS * _DAY_H + 1
    hours = ", ".join(
        f"({hour}, {datetime.fromtimestamp(hour * _HOUR_S, UTC).astimezone(zone).hour})"
        for hour in range(first, end + 1)
    )
    since = datetime.fromtimestamp(first * _HOUR_S, UTC)
    return (
        "SELECT o.store_id, o.provider_id, h.hour, CAST(count(*) AS BIGINT) AS sales "
        f"FROM outcomes AS o JOIN (VALUES {hours}) AS h(epoch_hour, hour) "
        "ON h.epoch_hour = epoch_us(o.captured_at) // 3600000000 "
        f"WHERE o.captured_at >= TIMESTAMPTZ '{since:%Y-%m-%d %H:%M:%S}+00' "
        "AND o.store_id IS NOT NULL GROUP BY o.store_id, o.provider_id, h.hour"
    )


def quietest(one: StoreHours, cutoffs: Iterable[int]) -> tuple[Window, ...]:
    """Return the quietest window while the store sells, and the one in which it is closed.

    Args:
        one: the store.
        cutoffs: minutes after midnight of its providers' cut-offs.
    """
    away = list(cutoffs)
    free = [hour for hour in range(_DAY_H) if clear_of(hour, away)]
    open_hours = [h for h in range(_DAY_H) if one.sales[h] * _OPEN_SHARE >= max(one.whole, 1)]
    if not open_hours:
        return ()
    first, last = min(open_hours), max(open_hours)
    windows = [Window(hour, _sold(one.sales, hour), closed=False) for hour in free]
    trading = [w for w in windows if w.begins >= first and w.begins + HOURS - 1 <= last]
    shut = [w for w in windows if w.sales == 0]
    best = min(trading, key=lambda w: (w.sales, w.begins), default=None)
    # Of the closed hours the one farthest from the last sale and the first: late ones still pay.
    night = max(shut, key=lambda w: (_distance(one.sales, w.begins), -w.begins), default=None)
    found = [best] if best is not None else []
    if night is not None:
        found.append(Window(night.begins, 0, closed=True))
    return tuple(found)


def _sold(sales: Sequence[int], hour: int) -> int:
    return sum(sales[(hour + n) % _DAY_H] for n in range(HOURS))


def _distance(sales: Sequence[int], hour: int) -> int:
    """Return how many hours without a sale lie on both sides of a window, the lesser."""

    def idle(places: Iterable[int]) -> int:
        count = 0
        for place in places:
            if sales[place % _DAY_H]:
                break
            count += 1
        return count

    after = idle(range(hour + HOURS, hour + HOURS + _DAY_H))
    return min(after, idle(range(hour - 1 + _DAY_H, hour - 1, -1)))


def clear_of(hour: int, cutoffs: Iterable[int]) -> bool:
    """Return whether a window keeps its distance from all cut-offs, around midnight too."""
    begins, ends = hour * 60 - _AWAY_MIN, (hour + HOURS) * 60 + _AWAY_MIN
    day = _DAY_H * 60
    return not any(begins < cutoff + shift < ends for cutoff in cutoffs for shift in (-day, 0, day))


def cutoffs_by_provider(terms: Iterable[Term]) -> Mapping[str, frozenset[int]]:
    """Return the cut-offs of each provider's terms, in minutes after midnight."""
    found: dict[str, set[int]] = {}
    for term in terms:
        found.setdefault(term.provider_id, set()).add(term.cutoff)
    return {provider: frozenset(minutes) for provider, minutes in found.items()}
