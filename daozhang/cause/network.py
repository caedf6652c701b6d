"""Whether a silent terminal was alone: the same silence among terminals that were not upgraded.

Rules kept here (the domain's F9 and F10): a setting lost in an upgrade silences the upgraded
terminal from the upgrade on and nobody else; an outage silences a place (a store, a carrier, a
carrier in a city), upgraded or not. Chance silences are allowed for: a place counts as out only
if so many of its other terminals are silent that the usual rate of silence does not explain it.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from daozhang.stats import poisson_tail

__all__ = ["Lines", "Neighbours", "Silence", "closed_together"]

RECENT: Final = timedelta(days=3)
"""A terminal upgraded within this time is no witness for the network."""

BRIEF: Final = timedelta(hours=10)
"""A line that is back for less than this, and goes again, was not mended."""

SLACK: Final = timedelta(minutes=30)
"""Terminals lose and find a line that is the same for all within this time."""

RECLOSED: Final = timedelta(hours=12)
"""What goes out later goes with the next day's close."""

WITHIN: Final = timedelta(minutes=30)
"""Terminals that wait for one line close within this time of each other."""

UNLIKELY: Final = 0.01
_UNSEEN: Final = timedelta(hours=6)
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Silence:
    """A stretch without a line: heard before, silent from ... to ..., heard again."""

    terminal_id: str
    online_before: datetime | None
    first_off: datetime
    last_off: datetime
    back_at: datetime | None

    @property
    def heard(self) -> datetime:
        """When it may have begun, at the earliest."""
        return self.online_before or self.first_off

    @property
    def until(self) -> datetime:
        """When it ended, at the latest."""
        return self.back_at or self.last_off + _UNSEEN

    def began_about(self, moment: datetime) -> bool:
        """Return whether the line may have gone at a moment: reports are sparse."""
        return self.heard - SLACK <= moment <= self.first_off + SLACK

    def may_cover(self, moment: datetime) -> bool:
        """Return whether the line may have been down at a moment."""
        return self.heard <= moment <= self.until


def _first_off(silence: Silence) -> datetime:
    return silence.first_off


def _micros(times: Iterable[datetime]) -> npt.NDArray[np.int64]:
    """Return moments as microseconds, which are compared many at a time."""
    return np.array([(time - _EPOCH) // _MICROSECOND for time in times], np.int64)


@dataclass(frozen=True, slots=True)
class Neighbours:
    """Other terminals of a place while one was silent.

    Attributes:
        place: dimension, such as ``carrier``.
        value: such as ``CMCC``.
        terminals: how many of them there are that were not lately upgraded.
        silent: how many of those were silent too.
        chance: probability of so many at the usual rate of silence.
    """

    place: str
    value: str
    terminals: int
    silent: int
    chance: float

    @property
    def out(self) -> bool:
        """Whether the whole place was out."""
        return self.silent > 0 and self.chance < UNLIKELY


class Lines:
    """The lines of all terminals."""

    def __init__(
        self,
        silences: Iterable[Mapping[str, Any]],
        terminals: Iterable[Mapping[str, Any]],
        upgrades: Iterable[tuple[str, datetime]],
        span: timedelta,
    ) -> None:
        """Take what the signals say.

        Args:
            silences: rows of ``silences``.
            terminals: terminal_id and the dimensions of places; several rows of one that may
                stand in several.
            upgrades: terminal and when an upgrade of it began.
            span: how long signals were watched.
        """
        self._of: dict[str, list[Silence]] = defaultdict(list)
        for row in silences:
            self._of[row["terminal_id"]].append(Silence(**row))
        for mine in self._of.values():
            mine.sort(key=lambda s: s.first_off)
        self._all = sorted((s for mine in self._of.values() for s in mine), key=_first_off)
        self._off = [s.first_off for s in self._all]
        self._heard, self._first, self._last, self._until = (
            _micros(getattr(s, name) for s in self._all)
            for name in ("heard", "first_off", "last_off", "until")
        )
        self._fared: dict[Silence, list[Neighbours]] = {}
        self._unheard_max = max((s.first_off - s.heard for s in self._all), default=timedelta())
        self._places: dict[tuple[str, str], list[str]] = defaultdict(list)
        self._where: dict[str, list[tuple[str, str]]] = {}
        self._counted: dict[tuple[tuple[str, str], date], int] = {}
        self._upgraded_by: dict[date, set[str]] = {}
        for row in terminals:
            places = [(d, str(v)) for d, v in row.items() if d != "terminal_id" and v is not None]
            pairs = [("carrier", str(row["carrier"]))] if row.get("carrier") else []
            places += [
                (f"{pairs[0][0]}+{d}", f"{pairs[0][1]}+{v}")
                for d, v in places
                if pairs and d not in ("carrier", "store_id")
            ]
            known = self._where.setdefault(row["terminal_id"], [])
            for place in places:
                if place not in known:
                    known.append(place)
                    self._places[place].append(row["terminal_id"])
        self._upgraded: dict[str, list[datetime]] = defaultdict(list)
        for terminal_id, at in upgrades:
            self._upgraded[terminal_id].append(at)
        off = sum(
            ((s.until - s.first_off) for mine in self._of.values() for s in mine), timedelta()
        )
        watched = span * max(1, len(self._where))
        self._usual = min(0.5, max(off / watched, 1e-6)) if watched else 0.0

    def silence_of(self, terminal_id: str, cutoff: datetime) -> Silence | None:
        """Return the silence that may have kept a terminal from its cut-off, else None."""
        mine = [s for s in self._of.get(terminal_id, ()) if s.may_cover(cutoff)]
        return max(mine, key=lambda s: s.until - s.first_off, default=None)

    def beginning_of(self, silence: Silence) -> Silence:
        """Return the first of the silences that only short whiles on line part from this one."""
        for other in reversed(self._of[silence.terminal_id]):
            if other.first_off < silence.first_off and silence.first_off - other.until <= BRIEF:
                silence = other
        return silence

    def began_with(self, terminal_id: str, begun: datetime, done: datetime, later: Silence) -> bool:
        """Return whether an earlier silence of the same terminal began within a stretch."""
        return any(
            s.first_off < later.first_off
            and s.first_off >= begun
            and (s.online_before or begun) <= done
            for s in self._of.get(terminal_id, ())
        )

    def silence_in(self, terminal_id: str, since: datetime, until: datetime) -> bool:
        """Return whether a terminal had no line at some time of a stretch."""
        return any(s.first_off <= until and s.until >= since for s in self._of.get(terminal_id, ()))

    def neighbours(self, silence: Silence) -> list[Neighbours]:
        """Return how the terminals of the same places fared, the most telling place first."""
        if silence not in self._fared:
            self._fared[silence] = self._neighbours(silence)
        return self._fared[silence]

    def _neighbours(self, silence: Silence) -> list[Neighbours]:
        found = []
        # Whoever fell silent with it is found once, and counted at each of its places.
        silent_at = Counter(
            place
            for other in self._together_with(silence)
            if not self._lately(other, silence.first_off)
            for place in self._where.get(other, ())
        )
        for place in self._where.get(silence.terminal_id, ()):
            silent = silent_at[place]
            others = self._witnesses(place, silence.first_off.date())
            # A silence met by chance is one that runs, or one that begins in the meantime.
            others = max(others, silent)
            chance = poisson_tail(silent, others * min(1.0, self._usual * 2))
            found.append(Neighbours(*place, others, silent, chance))
        return sorted(found, key=lambda n: (n.chance, -n.silent, n.place))

    def _together_with(self, silence: Silence) -> set[str]:
        """Return the other terminals whose silence may have begun, and ended, when this one did."""
        first = bisect_left(self._off, silence.heard - SLACK)
        last = bisect_right(self._off, silence.first_off + SLACK + self._unheard_max)
        near = slice(first, last)
        slack = SLACK // _MICROSECOND
        heard, off, still, until = _micros(
            (silence.heard, silence.first_off, silence.last_off, silence.until)
        )
        alike = (
            (self._heard[near] <= off + slack)
            & (self._first[near] >= heard - slack)
            & (self._last[near] <= until + slack)
            & (self._until[near] >= still - slack)
        )
        found = {self._all[first + int(place)].terminal_id for place in np.flatnonzero(alike)}
        return found - {silence.terminal_id}

    def _witnesses(self, place: tuple[str, str], day: date) -> int:
        """Return how many other terminals of a place were not lately upgraded on a day."""
        if (place, day) not in self._counted:
            if day not in self._upgraded_by:
                noon = datetime(day.year, day.month, day.day, 12, tzinfo=UTC)
                self._upgraded_by[day] = {t for t in self._upgraded if self._lately(t, noon)}
            here = self._places[place]
            self._counted[place, day] = len(here) - len(self._upgraded_by[day].intersection(here))
        return max(0, self._counted[place, day] - 1)

    def _lately(self, terminal_id: str, moment: datetime) -> bool:
        return any(
            moment - RECENT <= at <= moment + timedelta(hours=12)
            for at in self._upgraded.get(terminal_id, ())
        )


def closed_together(
    units: Iterable[Mapping[str, Any]], carriers: Mapping[str, str | None]
) -> dict[int, int]:
    """Return by unit how many terminals of its carrier alone went out together after a cut-off.

    A carrier's line that is back lets all its terminals go within half an hour; whoever forgot to
    close is no matter of carriers. Only what carriers' shares of the fleet do not explain counts.

    Args:
        units: late hand-ins.
        carriers: the carrier of each terminal of the fleet.
    """
    fleet = Counter(carriers.values())
    late = [u for u in units if u["handed_in"] and u["ended_at"] - u["cutoff_at"] < RECLOSED]
    late.sort(key=lambda u: u["ended_at"])
    ends = [u["ended_at"] for u in late]
    found = {}
    for unit in late:
        first = bisect_left(ends, unit["ended_at"] - WITHIN)
        last = bisect_right(ends, unit["ended_at"] + WITHIN)
        terminals = {u["terminal_id"] for u in late[first:last]}
        carrier = carriers.get(unit["terminal_id"])
        if carrier is None or {carriers.get(t) for t in terminals} != {carrier}:
            continue
        share = fleet[carrier] / max(1, len(carriers))
        if share ** (len(terminals) - 1) < UNLIKELY:
            found[unit["unit"]] = len(terminals)
    return found
