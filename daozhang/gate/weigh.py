"""How one outcome's wealth grows while harm becomes visible.

Rules kept here:

* Harm that became visible at one moment is one group. Within it, strata are compared each by
  itself: of the pods harmed on one side only, how many are upgraded ones, against the share of
  upgraded ones among all that could have been harmed that day. Whatever strikes a whole stratum
  (a holiday, a slow bank, an outage, a cut-off) therefore says nothing.
* Pods are counted, not sales: what fails together counts once. A pod both of whose sides are
  harmed shows a cause that is not the release's.
* That share is taken by units and by pods that are upgraded whole or not at all, whichever is
  greater, so that the bet is fair whether pods fail whole (then others show it on both sides) or
  units one by one.
* A pod of which somebody was harmed on its own in the last three weeks is compared with those that
  were harmed as often, and a unit counts three times in these weeks at most, on either side: a shop
  that forgets to close is compared with shops that forget, and a harmed terminal stays harmed.
* Harm in one group may have a common cause that no stratum names; its bet is made as if eleven
  pods were ten independent ones (``exp(log / k)`` is a fair bet where ``k`` fail together).
* A unit harmed on three days of a week is bet on apart, and one harmed on two, beside all others:
  who stays harmed is rare among those who are not upgraded, whoever is careless once.
* Where enough of its like stand beside it, a pod is compared with pods of its sales shape
  (:mod:`daozhang.gate.shape`) only.
* Outcomes that hardly ever happen are also compared with the past: with as many of them as a
  rate allows that the past makes unlikely to be exceeded, and only those count of which no
  terminal that is not upgraded shows any that day in the same stratum.
* Where waves were drawn by lot and that was kept (:mod:`daozhang.gate.lot`), a stratum with
  somebody still to be upgraded by lot is compared by lot only: who differs by more than chance from
  the upgraded says nothing there.
* Where nobody is left who is not upgraded, days are compared with the days before the rollout. A
  day counts once, and only if half of such strata are harmed, of two providers at least: what
  strikes one provider's money or one bank cannot be told from the release then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import numpy as np

from daozhang.gate.evidence import HARD, NO_INTS, Bools, Fleet, Ints, Outcome
from daozhang.gate.exposure import AtRisk, Exposure
from daozhang.gate.group import TIMES, Group, count
from daozhang.gate.lot import Turns
from daozhang.gate.past import no_more_than, rare, without_controls
from daozhang.gate.paths import Harm, Path, Weighed
from daozhang.stats.betting import STRICT, race, sensible

__all__ = ["MEMORY_DAYS", "STAYS", "TOGETHER", "Walk", "staying", "weigh"]

MEMORY_DAYS: Final = 21
"""How long it is remembered that a unit was harmed on its own."""

TOGETHER: Final = 1.1
"""Pods of one group that fail together, beyond what pods say (the design effect)."""

SHOCK: Final = 0.5
"""Where so much of those not upgraded is harmed alike, it is nobody's own harm."""

_DAY_S: Final = 86_400
_NEVER_YET: Final = -(1 << 60)
_WEEK: Final = 7

STAYS: Final = {"+": 3, "=": 2}
"""Who is harmed on so many days of a week is bet on again, by what follows the outcome's key."""


def weigh(outcome: Outcome, fleet: Fleet, miss: float) -> tuple[list[Weighed], Harm]:
    """Return the wealth of every bet on an outcome, and who was harmed on their own.

    Args:
        outcome: who could be harmed and who was.
        fleet: who is upgraded when.
        miss: probability with which a rate of the past may be bounded wrongly.
    """
    walk = Walk(outcome, fleet, miss)
    return walk.paths(), walk.harm()


class Walk:
    """One walk over an outcome's harm in the order in which it was seen; it can be gone on with."""

    def __init__(
        self, outcome: Outcome, fleet: Fleet, miss: float, exposure: Exposure | None = None
    ) -> None:
        """Walk over all that is known.

        Args:
            outcome: who could be harmed and who was.
            fleet: who is upgraded when.
            miss: probability with which a rate of the past may be bounded wrongly.
            exposure: the days of an outcome with the same units, risk and upgrades, if counted.
        """
        turns = None if fleet.lot is None else Turns(fleet.lot, fleet.exposed_at)
        self.exposure = exposure or Exposure(outcome, turns)
        self._outcome, self._miss, self._begun_at = outcome, miss, fleet.begun_at
        self._raced = Path(outcome.key)
        self._strict = Path(outcome.key + "!")
        self._alone: list[tuple[int, int]] = []
        self._rare: list[tuple[int, int, int]] = []
        self._harms: list[tuple[Ints, int, int, Bools]] = []
        self._times = 1 if outcome.key.endswith(tuple(STAYS)) else TIMES
        self._own = np.full((len(outcome.terminal), self._times), _NEVER_YET, dtype=np.int64)
        self._last_hit = np.full(len(outcome.terminal), _NEVER_YET, dtype=np.int64)
        self._known = np.zeros(len(outcome.terminal), dtype=np.bool_)
        self._hit_on: dict[int, Ints] = {}
        self._shown = [
            (labels, np.full(int(labels.max(initial=-1)) + 1, _NEVER_YET, dtype=np.int64))
            for labels in ((outcome.pod, *outcome.alike) if outcome.alike else ())
        ]
        self._days: set[int] = set()
        self._upto = -1
        self._walk()

    def further(self, outcome: Outcome, fleet: Fleet, exposure: Exposure) -> bool:
        """Go on where more is known; False if what was walked over is no longer as it was.

        Args:
            outcome: the outcome as it is known now.
            fleet: who is upgraded when, as far as it is known now.
            exposure: its days, which hold what this walk has used (:attr:`days`).
        """
        old, upto = self._outcome, self._upto
        then, now = old.harm_seen <= upto, outcome.harm_seen <= upto
        if fleet.begun_at != self._begun_at or not all(
            np.array_equal(getattr(old, name)[then], getattr(outcome, name)[now])
            for name in ("harm_unit", "harm_day", "harm_seen")
        ):
            return False
        self._outcome, self.exposure = outcome, exposure
        self._walk()
        return True

    @property
    def days(self) -> set[int]:
        """The days whose risk and upgrades were used."""
        return self._days

    def paths(self) -> list[Weighed]:
        """Return the wealth of every bet."""
        outcome, exposure, miss = self._outcome, self.exposure, self._miss
        paths = [self._raced.done()]
        if not outcome.key.endswith("="):
            paths += without_controls(outcome, exposure, self._alone, miss)
        if outcome.key in HARD:
            won = rare(outcome, exposure, self._begun_at, self._rare, miss)
            # Money comes back in files, many accounts at once: rarity alone convicts nobody.
            strict = self._strict.done()
            paths += [
                no_more_than(path, strict) if len(strict.at) and len(path.at) else path
                for path in won
            ]
        return [path for path in paths if len(path.at)]

    def harm(self) -> Harm:
        """Return who was harmed on their own."""
        return _harm(self._harms)

    def _walk(self) -> None:
        for seen, day, units in _groups(self._outcome, self._upto):
            self._step(seen, day, units)
            self._days.add(day)
            self._upto = seen

    def _step(self, seen: int, day: int, units: Ints) -> None:
        exposure = self.exposure
        now = exposure.day(day)
        raw = units[now.could_be[units]]
        for labels, shown in self._shown:
            shown[labels[raw[~now.exposed[raw]]]] = seen
        since = day - MEMORY_DAYS
        before = np.count_nonzero(self._own[units] > since, axis=1)
        fresh = now.compared[units] & (before < self._times) & (self._last_hit[units] != day)
        hit, before = units[fresh], before[fresh]
        if now.lone.any() and exposure.widely(day, raw, now.lone):
            self._alone.append((seen, day))
        if not len(hit):
            self._harms.append((self._outcome.terminal[raw], day, seen, now.exposed[raw]))
            return
        found = self._counted(now, day, hit)
        of_unit = now.of_unit
        others, others_hit = (
            found.summed(of, exposure.strata) for of in (found.others, found.others_hit)
        )
        shocked = np.asarray((others > 0) & (others_hit >= SHOCK * others))
        own = raw[~shocked[of_unit[raw]]]
        self._harms.append((self._outcome.terminal[own], day, seen, now.exposed[own]))
        mine = hit[~shocked[of_unit[hit]]]
        self._known[mine] = True
        self._own[mine, :-1] = self._own[mine, 1:]
        self._own[mine, -1] = day
        if self._outcome.key in HARD:
            self._rare += [
                (seen, day, n) for n in self._calm(now, raw, hit, found, before, seen) if n
            ]
            first = found.summed(found.others_hit, exposure.strata, times=1)
            self._rare += [(seen, day, -n) for n in first.tolist() if n]
        self._bet(seen, found)

    def _counted(self, now: AtRisk, day: int, hit: Ints) -> Group:
        """Count what stands beside those hit; who was harmed before stands with who was as often.

        Who was hit on that day already, or too often, counts no longer.
        """
        today = self._hit_on.get(day, NO_INTS)
        today = today[self._last_hit[today] == day]
        known = np.flatnonzero(self._known & now.compared)
        known = known[self._last_hit[known] != day]
        often = np.count_nonzero(self._own[known] > day - MEMORY_DAYS, axis=1)
        over, struck = often >= self._times, (often > 0) & (often < self._times)
        gone = np.concatenate([today, known[over]])
        self._hit_on[day] = np.concatenate([today, hit])
        self._last_hit[hit] = day
        return count(self.exposure, now, hit, gone, known[struck], often[struck])

    def _bet(self, seen: int, found: Group) -> None:
        both = found.exposed_hit + found.others_hit
        if seen < self._begun_at or not found.exposed.any() or not both.any():
            return
        first = found.before == 0
        counts = int(found.exposed_hit[first].sum()), int(found.others_hit[first].sum())
        expected = float((both * found.share)[first].sum())
        most = sensible(both, found.exposed, found.others, found.before > 0)
        won = race(found.exposed_hit, both, found.share, most=most) / TOGETHER
        self._raced.step(seen, won, *counts, expected)
        if self._outcome.alike:
            won = race(found.exposed_hit, both, found.share, STRICT) / TOGETHER
            self._strict.step(seen, won, *counts, expected)

    def _calm(
        self, now: AtRisk, raw: Ints, hit: Ints, found: Group, before: Ints, seen: int
    ) -> list[int]:
        """Return how many upgraded pods were harmed where no others showed the same."""
        others, exposure = raw[~now.exposed[raw]], self.exposure
        if not self._shown:
            noisy = np.bincount(now.of_unit[others], minlength=exposure.strata)
            first = found.summed(found.exposed_hit, exposure.strata, times=1)
            return [int(n) for n in first[noisy == 0]]
        quiet = hit[now.exposed[hit] & (before == 0)]
        for labels, shown in self._shown:
            quiet = quiet[shown[labels[quiet]] < seen - _WEEK * _DAY_S]
        return [len(np.unique(now.pod[quiet]))]


def staying(outcome: Outcome, bet: str = "+") -> Outcome:
    """Return the outcome "harmed on so many days of a week", seen when the last of them is.

    Args:
        outcome: harmed on a day.
        bet: one of :data:`STAYS`.
    """
    days = STAYS[bet]
    order = np.lexsort((outcome.harm_seen, outcome.harm_day, outcome.harm_unit))
    unit, day, seen = (of[order] for of in (outcome.harm_unit, outcome.harm_day, outcome.harm_seen))
    count = max(len(order) - days + 1, 0)
    first, last = np.arange(count), np.arange(count) + days - 1
    within = (unit[last] == unit[first]) & (day[last] - day[first] < _WEEK)
    # Days before the upgrade do not count as the release's.
    from_day = outcome.from_day[unit[last]]
    within &= (day[first] >= from_day) | (day[last] < from_day)
    first, last = first[within], last[within]
    all_seen = np.stack([seen[first + k] for k in range(days)]).max(axis=0)
    return replace(
        outcome, key=outcome.key + bet, harm_unit=unit[last], harm_day=day[last],
        harm_seen=all_seen,
    )  # fmt: skip


def _groups(outcome: Outcome, after: int) -> Iterator[tuple[int, int, Ints]]:
    """Give the harm seen after a moment, by moment and day, in the order in which it was seen."""
    new = np.flatnonzero(outcome.harm_seen > after)
    if not len(new):
        return
    order = new[np.lexsort((outcome.harm_unit[new], outcome.harm_day[new], outcome.harm_seen[new]))]
    seen, day = outcome.harm_seen[order], outcome.harm_day[order]
    column = day - outcome.first_day
    starts = np.flatnonzero(np.diff(seen, prepend=-1) | np.diff(day, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(order)], strict=True):
        if 0 <= column[start] < outcome.risk.shape[1]:
            yield int(seen[start]), int(day[start]), outcome.harm_unit[order[start:stop]]


def _harm(found: list[tuple[Ints, int, int, Bools]]) -> Harm:
    none = np.zeros(0, dtype=np.int64)
    if not found:
        return Harm(none, none, none, np.zeros(0, dtype=np.bool_))
    sizes = [len(terminals) for terminals, _, _, _ in found]
    return Harm(
        np.concatenate([t for t, _, _, _ in found]),
        np.repeat([day for _, day, _, _ in found], sizes).astype(np.int64),
        np.repeat([seen for _, _, seen, _ in found], sizes).astype(np.int64),
        np.concatenate([e for _, _, _, e in found]),
    )
