"""Every combination of values of every set of dimensions, and what its leaves say in sum.

A cuboid is a set of dimensions, an element one combination of their values. All elements of all
cuboids are numbered through; a leaf belongs to one element of each cuboid. The sums by element are
kept up to date when leaves are taken away.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from itertools import combinations, islice

import numpy as np
import numpy.typing as npt

from daozhang.cause._leaves import Codes, Floats, Leaves

CUBOIDS_MAX = 1_024
"""With more dimensions than ten, the deepest cuboids are left out."""


class Cuboids:
    """The elements of all cuboids of some leaves.

    Attributes:
        dims: by cuboid, the numbers of its dimensions; shallow cuboids come first.
        members: by cuboid and leaf, the number within the cuboid of the leaf's element.
        starts: by cuboid, the number of its first element; one more at the end.
        cost: by element, the nats it takes to name it.
    """

    def __init__(self, leaves: Leaves) -> None:
        count = len(leaves.names)
        every = (d for layer in range(1, count + 1) for d in combinations(range(count), layer))
        self.dims = list(islice(every, CUBOIDS_MAX))
        self.members = np.empty((len(self.dims), leaves.codes.shape[1]), dtype=np.int64)
        self.starts = [0]
        layers = Counter(len(dims) for dims in self.dims)
        cost = []
        known: dict[tuple[int, ...], tuple[Codes, int]] = {(): (np.zeros_like(leaves.codes[0]), 1)}
        for number, dims in enumerate(self.dims):
            last = dims[-1]
            ids, size = _ids(*known[dims[:-1]], leaves.codes[last], len(leaves.values[last]))
            known[dims] = ids, size
            self.members[number] = ids
            present = int(np.count_nonzero(np.bincount(ids, minlength=size)))
            choices = len(layers) * layers[len(dims)] * max(present, 1)
            cost.append(np.full(size, np.log(choices)))
            self.starts.append(self.starts[-1] + size)
        self.cost: Floats = np.concatenate(cost)

    def sums(self, weights: list[Floats], chosen: Codes | None = None) -> list[Floats]:
        """Return by element the sums of each weight over its leaves, or over those chosen."""
        if chosen is not None:
            weights = [weight[chosen] for weight in weights]
        totals = [np.empty(self.starts[-1]) for _ in weights]
        for number, ids in enumerate(self.members):
            first, end = self.starts[number], self.starts[number + 1]
            here = ids if chosen is None else ids[chosen]
            for total, weight in zip(totals, weights, strict=True):
                total[first:end] = np.bincount(here, weights=weight, minlength=end - first)
        return totals

    def cuboid_of(self, element: int) -> int:
        """Return the cuboid that an element belongs to."""
        return bisect_right(self.starts, element) - 1

    def leaves_of(self, element: int) -> npt.NDArray[np.bool_]:
        """Return which leaves belong to an element."""
        number = self.cuboid_of(element)
        here: npt.NDArray[np.bool_] = self.members[number] == element - self.starts[number]
        return here

    def parts(self, element: int, leaves: Codes) -> Iterator[Codes]:
        """Yield the elements of these leaves in each cuboid that parts an element further."""
        dims = set(self.dims[self.cuboid_of(element)])
        for number, other in enumerate(self.dims):
            if dims < set(other):
                yield np.unique(self.members[number][leaves]) + self.starts[number]

    def named(self, element: int, codes: Codes) -> tuple[tuple[int, int], ...]:
        """Return the dimensions of an element and the codes of their values."""
        leaf = int(np.argmax(self.leaves_of(element)))
        return tuple((dim, int(codes[dim, leaf])) for dim in self.dims[self.cuboid_of(element)])


def _ids(outer: Codes, outer_size: int, codes: Codes, size: int) -> tuple[Codes, int]:
    """Number the combinations of an outer number and a code, densely where they are few."""
    ids = outer * size + codes
    total = outer_size * size
    if total <= 4 * len(ids) + 64:
        return ids, total
    found, dense = np.unique(ids, return_inverse=True)
    return dense.astype(np.int64), len(found)
