"""The search for causes: which elements' leaves are off together.

An element is a cause when its leaves are told more shortly together than one by one, after paying
for naming the element. A wider element pays for every leaf that is not off, a narrower one for what
it leaves unexplained: the right one saves most. The best is taken, its leaves are set aside, and
the search goes on without them until nothing is saved.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from daozhang.cause._cuboids import Cuboids
from daozhang.cause._leaves import Floats, Leaves
from daozhang.cause._stories import OFF_MIN, Mask, Rate, Strength

CAUSES_MAX = 64
"""A table with more causes than this is told by those that save most."""

STALE_SHARE = 0.002
"""Scatter is learnt anew when causes have taken so large a share of the leaves since."""

NOTHING_SHARE = 0.2
"""From this share of leaves on that are nothing where something was expected, or the other way
round, amounts are told by their sums."""

Element = tuple[tuple[int, int], ...]


def find(leaves: Leaves) -> list[Element]:
    """Return the causes, those that explain most first: pairs of a dimension and a value's code.

    An element without pairs is everything.
    """
    if not len(leaves.off):
        return []
    if not leaves.actual.any() or not leaves.expected.any():
        return [()]
    whole = _everything(leaves)
    if whole:
        leaves = leaves.scaled(whole)
    search = _Search(Cuboids(leaves), np.ones(len(leaves.off), dtype=bool))
    search.run(Strength(leaves))
    ends = np.abs(leaves.off[search.free]) >= 1
    if len(ends) and ends.mean() >= NOTHING_SHARE:
        search.run(Rate(leaves))
    chosen = search.without_needless(leaves)
    moved = {
        element: abs((leaves.actual - leaves.expected)[search.cuboids.leaves_of(element)].sum())
        for element in chosen
    }
    chosen.sort(key=lambda element: (-moved[element], element))
    named = [search.cuboids.named(element) for element in chosen]
    return [(), *named] if whole else named


def _everything(leaves: Leaves) -> float:
    """Return by how much all leaves are off together, 0 if they are not."""
    low, middle, high = np.quantile(leaves.off, [0.05, 0.5, 0.95], method="nearest").tolist()
    if min(abs(low), abs(high)) <= OFF_MIN or low * high < 0 or abs(middle) >= 1:
        return 0.0
    return middle if Strength(leaves).agrees(np.ones(len(leaves.off), dtype=bool)) else 0.0


@dataclass
class _Search:
    """The leaves that no cause explains so far, and the causes that were taken."""

    cuboids: Cuboids
    free: Mask
    chosen: list[int] = field(default_factory=list)

    def run(self, story: Strength | Rate) -> None:
        """Take one cause after the other as long as one saves anything."""
        refused: list[int] = []
        stale = len(self.free)
        weights: list[Floats] = []
        sums: list[Floats] = []
        while len(self.chosen) < CAUSES_MAX:
            fresh = stale > STALE_SHARE * len(self.free)
            if fresh:
                stale = 0
                count = self.free.astype(np.float64)
                weights = [count, *(count * weight for weight in story.weights(self.free))]
                sums = self.cuboids.sums(weights)
            gains = story.gains(sums, self.cuboids.cost)
            gains[refused] = -np.inf
            best = int(np.argmax(gains))
            if gains[best] <= 0:
                if not stale:
                    break
                stale = len(self.free)
                continue
            best = self._narrowed(best, story, sums, gains)
            taken = np.flatnonzero(self.cuboids.leaves_of(best) & self.free)
            if not story.agrees(taken):
                refused.append(best)
                continue
            self.chosen.append(best)
            self.free[taken] = False
            stale += len(taken)
            if stale <= STALE_SHARE * len(self.free):
                for weight in weights:
                    weight[taken] = 0.0
                sums = self.cuboids.sums(weights)

    def _narrowed(
        self, element: int, story: Strength | Rate, sums: list[Floats], gains: Floats
    ) -> int:
        """Return the element, or the best one inside it where only some of its parts are off.

        The elements of a finer cuboid part it. Where the parts that save do so by more than the
        whole, and the others contradict them by more than it costs to name the parts one by one,
        the whole is not the story.
        """
        while True:
            here = np.flatnonzero(self.cuboids.leaves_of(element) & self.free)
            best, best_gain, apart = element, -np.inf, False
            for parts in self.cuboids.parts(element, here):
                off = gains[parts] > 0
                if not off.any():
                    continue
                if not apart and gains[parts[off]].sum() > gains[element]:
                    cost = self.cuboids.cost[parts[off]].sum() - self.cuboids.cost[element]
                    apart = cost < story.contradicts(
                        [float(total[parts[off]].sum()) for total in sums],
                        [float(total[parts[~off]].sum()) for total in sums],
                    )
                top = int(np.argmax(gains[parts]))
                if gains[parts[top]] > best_gain:
                    best, best_gain = int(parts[top]), float(gains[parts[top]])
            if not apart:
                return element
            element = best

    def without_needless(self, leaves: Leaves) -> list[int]:
        """Return the causes without those that lie inside another of the same strength."""
        masks = {element: self.cuboids.leaves_of(element) for element in self.chosen}
        for inner in self.chosen:
            for around in masks.values():
                rest = around & ~masks[inner]
                if rest.any() and not (masks[inner] & ~around).any():
                    off = leaves.off[rest]
                    close = max(2 * float(off.std()), OFF_MIN)
                    if abs(leaves.off[masks[inner]].mean() - off.mean()) < close:
                        del masks[inner]
                        break
        return list(masks)
