"""One more published way to localise causes, written anew and simply: RobustSpot (TNSM 2022).

It follows the paper's idea on arrays, as :mod:`bench._localise_rivals` does: leaves are chosen by
how far they go beyond the others (*influence*) and by what the ratio would be if they alone had
gone (*contribution*), multiplied by both, and the values and rules that are frequent among them
are the causes; what was found is taken out, and the rest looked through again. The measure of
contribution is one of ratios: of sums it says nothing and is left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

import numpy as np

from bench._localise_made import Case, Floats, Truth
from bench._localise_rivals import Mask, Table

__all__ = ["SPOT", "robustspot"]

CONFIDENT = 0.8
"""Values that are met together belong together if one part of them so often brings the rest."""

TOGETHER = 3
"""A rule has at most so many values."""

FIRST, ROUNDS, LAST = 3, 3, 5
"""So many of the first round's best are each followed by more rounds without what was found; causes
of one result have the same dimensions; the last round offers so many to choose from."""

NO_KNEE = 0.5
"""The least influence of a chosen leaf where the influences have no knee."""

Cause = tuple[tuple[int, int], ...]
"""Values by their dimension and code."""


class _Search:
    def __init__(self, case: Case) -> None:
        self.table = Table(case)
        self.there = (self.table.real > 0) | (self.table.predict > 0)
        self.ratio = bool(case.columns)
        if self.ratio:
            names = ("real", "predict", "tried", "planned")
            self.sums = [case.table.column(name).to_numpy() for name in names]

    def inside(self, cause: Cause) -> Mask:
        """Return the leaves of a cause."""
        held = self.there.copy()
        for dimension, code in cause:
            held &= self.table.codes[dimension] == code
        return held

    def chosen(self, free: Mask) -> tuple[Mask, Floats]:
        """Return the leaves that go beyond the others of those free, and how much each counts."""
        influence = _influence(self.table.real, self.table.predict, free)
        weight = influence
        chosen = free & (influence > _knee(influence[free & (influence > 0)]))
        if self.ratio:
            contribution = self._contribution(free)
            chosen &= contribution > 0
            weight = influence * contribution
        # The paper copies each chosen leaf by its weight, in whole times; here the weight counts.
        return chosen, np.where(chosen, weight, 0.0)

    def round(self, free: Mask) -> list[Cause]:
        """Return the causes of what is free, the best first."""
        chosen, times = self.chosen(free)
        if not times.sum():
            return []
        common = [
            (dimension, int(np.argmax(np.bincount(codes, weights=times))))
            for dimension, codes in enumerate(self.table.codes)
        ]
        found = self._causes(common, times)
        return [cause for _, cause in sorted((self.rarer(c, free, chosen), c) for c in found)]

    def rarer(self, cause: Cause, free: Mask, chosen: Mask) -> float:
        """Return by how much a cause's share of all leaves exceeds that of those chosen.

        The less, the better.
        """
        return self._share(cause, free) - self._share(cause, chosen)

    def _share(self, cause: Cause, of: Mask) -> float:
        return float((self.inside(cause) & of).sum() / max(1, of.sum()))

    def _causes(self, common: list[tuple[int, int]], times: Floats) -> Iterator[Cause]:
        """Yield the most frequent value of each dimension, and rules of several of them."""
        for one in common:
            yield (one,)
        for count in range(2, TOGETHER + 1):
            for values in combinations(common, count):
                whole = times[self.inside(values)].sum()
                parts = (p for n in range(1, count) for p in combinations(values, n))
                if any(whole > CONFIDENT * times[self.inside(part)].sum() for part in parts):
                    yield values

    def _contribution(self, free: Mask) -> Floats:
        """Return by leaf how far the ratio would have gone if only that leaf had gone its way."""
        real, predict, tried, planned = self.sums
        sums = [float(column[free].sum()) for column in self.sums]
        gone = np.sign(sums[0] * sums[3] - sums[1] * sums[2])
        would = (real + sums[1] - predict) / np.maximum(tried + sums[3] - planned, 1e-12)
        moved: Floats = gone * (would * sums[3] / max(sums[1], 1e-12) - 1)
        return moved


def _influence(real: Floats, predict: Floats, free: Mask) -> Floats:
    """Return by leaf how far it goes beyond what the others do on average, below 1."""
    off = np.where(free, real - predict, 0.0)
    others = np.abs((off.sum() - off) / max(1, free.sum() - 1))
    beyond = np.divide(np.abs(off), others, out=np.zeros(len(off)), where=others > 0)
    influence: Floats = 1 - 1 / (beyond + 1)
    return influence


def _knee(influences: Floats) -> float:
    """Return where their cumulative share bends: farthest above the line from first to last."""
    if len(influences) < 2 or influences.min() == influences.max():
        return NO_KNEE
    ordered = np.sort(influences)
    along = (ordered - ordered[0]) / (ordered[-1] - ordered[0])
    above = np.arange(1, len(ordered) + 1) / len(ordered) - along
    return float(ordered[np.argmax(above)]) if above.max() > 0 else NO_KNEE


def robustspot(case: Case) -> Truth:
    """Influence, contribution, and rules among the leaves that have both (2022)."""
    search = _Search(case)
    chosen, _ = search.chosen(search.there)
    best: tuple[float, tuple[Cause, ...]] = (0.0, ())
    for first in search.round(search.there)[:FIRST]:
        causes: tuple[Cause, ...] = ()
        following, free = [first], search.there.copy()
        for place in range(ROUNDS):
            offered = following if place == ROUNDS - 1 else following[:1]
            alike = [c for c in offered[:LAST] if _dimensions(c) == _dimensions(first)]
            if alike:
                causes = (*causes, alike[0])
            score = sum(search.rarer(cause, search.there, chosen) for cause in causes)
            if score < best[0]:
                best = score, causes
            if not following:
                break
            free &= ~search.inside(following[0])
            following = search.round(free)
    return {
        frozenset((search.table.names[d], search.table.values[d][code]) for d, code in cause)
        for cause in best[1]
    }


def _dimensions(cause: Cause) -> tuple[int, ...]:
    return tuple(dimension for dimension, _ in cause)


SPOT: dict[str, Callable[[Case], Truth]] = {"RobustSpot-like": robustspot}
