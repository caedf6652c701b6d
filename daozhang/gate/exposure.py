"""Day by day, which pods of an outcome are at risk, upgraded or not, and where no others are left.

Each day is counted when it is first asked for and then remembered: hundreds of groups of harm fall
on the same few days.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from daozhang.gate.arrays import NEVER, Bools, Ints, added, tally
from daozhang.gate.evidence import Outcome
from daozhang.gate.lot import Turns
from daozhang.gate.pods import MANY
from daozhang.gate.shape import Cells, alike, cells

__all__ = ["AtRisk", "Counts", "Exposure", "kind"]

Counts = npt.NDArray[np.int32]

_BAD_SHARE: Final = 0.1
"""A day counts against a stratum without controls when so much of it is harmed."""


@dataclass(frozen=True, slots=True)
class AtRisk:
    """One day.

    Attributes:
        could_be: by unit, whether it could have been harmed.
        exposed: by unit, whether it was upgraded.
        pod: by unit, its pod, or its part of a large one that is upgraded in part.
        of_unit: by unit, the stratum of that.
        pods: by stratum, pods at risk.
        upgraded: pods at risk with a unit that was upgraded.
        lone: by stratum, whether it has pods at risk and all of them were upgraded.
        compared: by unit, whether it could have been harmed and is bet on.
        units: by pod or part, its compared units, not upgraded and upgraded.
        cell: by number of a shape, number of what its pods are compared within that day.
        kinds: by that number, pods of each kind (:func:`kind`).
        sides: by that number, compared units, not upgraded and upgraded.
    """

    could_be: Bools
    exposed: Bools
    pod: Ints
    of_unit: Ints
    pods: Ints
    upgraded: int
    lone: Bools
    compared: Bools
    units: Counts
    cell: Ints
    kinds: Ints
    sides: Ints


def kind(units: Counts | Ints) -> npt.NDArray[np.uint8]:
    """Return by pod which units it has: 0 none, 1 others only, 2 upgraded ones only, 3 both."""
    some = (units > 0).view(np.uint8)
    return np.asarray(some[:, 0] + 2 * some[:, 1], dtype=np.uint8)


@dataclass
class Exposure:
    """An outcome's days.

    Attributes:
        outcome: whose.
        turns: the lot by which waves were drawn, and what came of it; None: nobody drew.
    """

    outcome: Outcome
    turns: Turns | None = None
    _days: dict[int, AtRisk] = field(default_factory=dict)

    @cached_property
    def strata(self) -> int:
        """How many strata there are."""
        return int(self.outcome.stratum.max(initial=-1)) + 1

    @cached_property
    def _whole(self) -> tuple[Ints, Ints]:
        """By unit, its pod and its stratum where no pod is counted by its parts."""
        return self.outcome.pod, self.outcome.stratum[self.outcome.pod]

    @cached_property
    def _pod_of_part(self) -> Ints:
        """By pod or part, the pod."""
        found = np.arange(len(self.outcome.stratum))
        found[self.outcome.part] = self.outcome.pod
        return found

    @cached_property
    def begun_day(self) -> int:
        """The first day on which the release can have harmed anything."""
        return int(self.outcome.from_day.min(initial=NEVER))

    @cached_property
    def before(self) -> int:
        """How many days history has."""
        days = int(self.outcome.risk.shape[1])
        return min(max(self.begun_day - self.outcome.first_day, 0), days)

    def day(self, day: int) -> AtRisk:
        """Return who was at risk on a day, which must be one of the outcome's."""
        if day not in self._days:
            self._days[day] = self._counted(day)
        return self._days[day]

    def _counted(self, day: int) -> AtRisk:
        outcome, among = self.outcome, self.among
        could_be = self._by_day[day - outcome.first_day]
        exposed = np.asarray(outcome.from_day <= day)
        pod, of_unit = self._whole
        if len(outcome.part):
            pod, of_unit = self._in_parts(np.flatnonzero(could_be), exposed)
        units, kinds = self._kinds(np.flatnonzero(could_be), exposed, pod)
        of_stratum = added(among.stratum, kinds, self.strata)
        pods = of_stratum[:, 1:].sum(axis=1)
        lone = np.asarray((pods > 0) & (of_stratum[:, 2] == pods))
        upgraded = int(kinds[:, 2:].sum())
        compared = self._compared(self.turns, day, could_be, exposed, of_unit)
        if compared is not could_be:
            units, kinds = self._kinds(np.flatnonzero(compared), exposed, pod)
        others, among_upgraded = kinds[:, 1] + kinds[:, 3], kinds[:, 2] + kinds[:, 3]
        cell, sides = among.whole, np.zeros((len(among.strata), 2), dtype=np.int64)
        if among_upgraded.any():  # Else nothing is bet, and shapes need not be told apart.
            cell = alike(among, others, among_upgraded)
            sides = added(cell, added(among.shape, units, len(cell)), len(sides))
        return AtRisk(
            could_be, exposed, pod, of_unit, pods, upgraded, lone, compared, units, cell,
            added(cell, kinds, len(sides)), sides,
        )  # fmt: skip

    def _kinds(self, units: Ints, exposed: Bools, pod: Ints) -> tuple[Counts, Ints]:
        """Count units by pod and side, and pods by number of a shape and kind."""
        by_pod = tally(pod[units], exposed[units], 2, len(self.outcome.stratum))
        by_shape = tally(self.among.shape, kind(by_pod), 4, len(self.among.whole))
        return by_pod.astype(np.int32), by_shape

    @cached_property
    def among(self) -> Cells:
        """What pods may be compared within."""
        return cells(self.outcome.stratum, self.outcome.shape)

    @cached_property
    def _by_day(self) -> Bools:
        """Day by unit, whether it could have been harmed: each day's in one piece."""
        return np.ascontiguousarray(self.outcome.risk.T)

    def _compared(
        self, turns: Turns | None, day: int, could_be: Bools, exposed: Bools, of_unit: Ints
    ) -> Bools:
        if turns is None or not (could_be & exposed).any():
            return could_be
        return turns.comparable(day, self.outcome.terminal, could_be, exposed, of_unit)

    def _in_parts(self, units: Ints, exposed: Bools) -> tuple[Ints, Ints]:
        """Return by unit its pod or part, and that one's stratum."""
        outcome = self.outcome
        there = np.zeros(len(outcome.stratum), dtype=np.bool_)
        there[outcome.part[units]] = True
        many = np.bincount(self._pod_of_part[there], minlength=len(there)) >= MANY
        sides = np.zeros(2 * len(there), dtype=np.bool_)
        sides[outcome.pod[units] * 2 + exposed[units]] = True
        mixed = sides.reshape(-1, 2).all(axis=1)
        pod = np.where((many & mixed)[outcome.pod], outcome.part, outcome.pod)
        return pod, outcome.stratum[pod]

    def by_stratum(self, flags: Bools) -> Ints:
        """Count pods by stratum."""
        return np.bincount(self.outcome.stratum[flags], minlength=self.strata).astype(np.int64)

    def upgraded_days(self) -> tuple[Ints, Bools]:
        """Return by day, from column 0 on, upgraded pods and whether a stratum had no others."""
        first, days = self.outcome.first_day, self.outcome.risk.shape[1]
        upgraded, lone = np.zeros(days, dtype=np.int64), np.zeros(days, dtype=np.bool_)
        for column in range(max(self.begun_day - first, 0), days):
            at_risk = self.day(first + column)
            upgraded[column], lone[column] = at_risk.upgraded, at_risk.lone.any()
        return upgraded, lone

    def widely(self, day: int, units: Ints, among: Bools) -> bool:
        """Return whether half of some strata are harmed on a day, and more than one provider's."""
        hit, now = np.zeros(len(self.outcome.stratum), dtype=np.bool_), self.day(day)
        hit[now.pod[units]] = True
        harmed, pods = self.by_stratum(hit), now.pods
        bad = among & (harmed > 0) & (harmed >= _BAD_SHARE * pods)
        if 2 * int(np.count_nonzero(bad)) < int(np.count_nonzero(among)):
            return False
        return len(np.unique(self.outcome.provider[: len(bad)][bad])) > 1

    def taken_over(self, outcome: Outcome, days: set[int], turns: Turns | None) -> bool:
        """Go on with an outcome of which more is known; False if it is another one.

        Args:
            outcome: the same units as before.
            days: days on which everything must be as it was; others are counted anew.
            turns: the lot and what came of it, as far as it is known now.
        """
        old, kept = self.outcome, {}
        same_units = (
            old.key == outcome.key
            and old.first_day == outcome.first_day
            and all(
                np.array_equal(getattr(old, name), getattr(outcome, name))
                for name in ("terminal", "pod", "stratum", "provider", "part", "shape")
            )
            and len(old.alike) == len(outcome.alike)
            and all(map(np.array_equal, old.alike, outcome.alike))
        )
        if not same_units:
            return False
        for day, at_risk in self._days.items():
            column = day - outcome.first_day
            if column < outcome.risk.shape[1] and (
                np.array_equal(outcome.risk[:, column], at_risk.could_be)
                and np.array_equal(outcome.from_day <= day, at_risk.exposed)
                and self._same(turns, day, at_risk)
            ):
                kept[day] = at_risk
        if not days <= kept.keys():
            return False
        self.outcome, self.turns, self._days = outcome, turns, kept
        for name in ("begun_day", "before", "_whole", "_pod_of_part", "among", "_by_day"):
            self.__dict__.pop(name, None)
        return True

    def _same(self, turns: Turns | None, day: int, then: AtRisk) -> bool:
        """Return whether the same units are compared on a day as were."""
        if turns is None and self.turns is None:
            return True
        now = self._compared(turns, day, then.could_be, then.exposed, then.of_unit)
        return np.array_equal(now, then.compared)
