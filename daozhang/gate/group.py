"""Harm that became visible at one moment: what was at risk beside it, and what was harmed.

A day's pods are counted once (:class:`daozhang.gate.exposure.AtRisk`); a group takes from those
counts, or puts elsewhere, only the pods of which somebody was harmed before. So it costs what
happened, not how many terminals there are.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.gate.arrays import Ints, added, tally
from daozhang.gate.exposure import AtRisk, Exposure, kind
from daozhang.stats.betting import Floats

__all__ = ["TIMES", "Group", "count"]

TIMES: Final = 3
"""So often a unit counts within the time that harm is remembered; on staying harmed once."""


@dataclass(frozen=True, slots=True)
class Group:
    """One group: what was at risk and what was harmed, by cell of what is compared.

    Attributes:
        stratum: the cell's stratum.
        before: how often its pods were harmed before.
        exposed: upgraded pods.
        others: pods with a unit that is not.
        share: bound on the chance that a harmed pod is an upgraded one.
        exposed_hit: pods harmed on their upgraded side only.
        others_hit: pods harmed on their other side only.
    """

    stratum: Ints
    before: Ints
    exposed: Ints
    others: Ints
    share: Floats
    exposed_hit: Ints
    others_hit: Ints

    def summed(self, counts: Ints, strata: int, times: int = TIMES) -> Ints:
        """Return counts by stratum, of the pods harmed fewer times before than so many."""
        kept = self.before < times
        found = np.bincount(self.stratum[kept], weights=counts[kept], minlength=strata)
        return found.astype(np.int64)


def count(
    exposure: Exposure, now: AtRisk, hit: Ints, gone: Ints, struck: Ints, often: Ints
) -> Group:
    """Count pods by what they are compared within and by how often they were harmed before.

    Args:
        exposure: the outcome's days.
        now: the day.
        hit: compared units that were harmed.
        gone: compared units that count no longer.
        struck: others that were harmed before.
        often: how often each of these was; a pod was as often as one of its units.
    """
    strata, among = exposure.among.strata, exposure.among.shape
    touched, place = _numbered(now.pod[np.concatenate([gone, struck])], len(among))
    cell, units = now.cell[among[touched]], now.units[touched]
    left = units - tally(place[: len(gone)], now.exposed[gone], 2, len(touched))
    times = np.zeros(len(touched), dtype=np.int64)
    for so_often in range(1, TIMES):
        times[place[len(gone) :][often == so_often]] = so_often
    # By cell and times: pods of each kind, units of each side.
    cells = len(strata) * TIMES
    then, since = cell * TIMES, cell * TIMES + times
    kinds = _at_first(now.kinds) + tally(since, kind(left), 4, cells)
    kinds -= tally(then, kind(units), 4, cells)
    sides = _at_first(now.sides) + added(since, left, cells) - added(then, units, cells)
    # The same of the few that were harmed.
    pods, where = _numbered(now.pod[hit], len(among))
    both = tally(where, now.exposed[hit], 2, len(pods))
    before = np.zeros(len(among), dtype=np.int64)
    before[touched] = times
    harmed = tally(now.cell[among[pods]] * TIMES + before[pods], kind(both), 4, cells)
    return _group(strata, kinds, sides, harmed)


def _numbered(pod: Ints, most: int) -> tuple[Ints, Ints]:
    """Return which pods there are, below ``most``, and by entry the place of its pod in them."""
    place = np.zeros(most, dtype=np.int64)
    place[pod] = 1
    found = np.flatnonzero(place)
    place[found] = np.arange(len(found))
    return found, place[pod]


def _at_first(counts: Ints) -> Ints:
    """Return counts by cell as those of pods that were never harmed before, by cell and times."""
    found = np.zeros((len(counts), TIMES, counts.shape[1]), dtype=np.int64)
    found[:, 0] = counts
    return found.reshape(-1, counts.shape[1])


def _group(strata: Ints, kinds: Ints, sides: Ints, harmed: Ints) -> Group:
    kept = np.flatnonzero(kinds[:, 1:].any(axis=1))
    kinds, sides, harmed = kinds[kept], sides[kept], harmed[kept]
    whole, pure = kinds[:, 2], kinds[:, 1] + kinds[:, 2]
    share = np.maximum(whole / np.maximum(pure, 1), sides[:, 1] / np.maximum(sides.sum(axis=1), 1))
    return Group(
        strata[kept // TIMES], kept % TIMES, kinds[:, 2] + kinds[:, 3],
        kinds[:, 1] + kinds[:, 3], share, harmed[:, 2], harmed[:, 1],
    )  # fmt: skip
