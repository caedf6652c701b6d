"""Every combination of values of every set of dimensions, and what its leaves say in sum.

A cuboid is a set of dimensions, an element one combination of their values. All elements of all
cuboids are numbered through, and a leaf belongs to one element of each cuboid. Sums are taken from
the deepest cuboid upwards, each from the smallest cuboid that has one dimension more, so that all
of them cost little more than the deepest.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations
from math import prod

import numpy as np
import numpy.typing as npt

from daozhang.cause._leaves import Codes, Floats, Leaves

ELEMENTS_MAX = 1_000_000
"""Layers of cuboids are looked at as long as all have no more elements together.

Five dimensions of ten values each are far from it. With ten, causes of more than four dimensions at
once are told by four of them.
"""

KEY_MAX = 2**62
"""Cuboids of more combinations than this cannot be numbered, and are left out."""


@dataclass(frozen=True)
class _Cuboid:
    """One set of dimensions.

    Attributes:
        dims: the numbers of the dimensions, ascending.
        sizes: how many values each has; the last one counts fastest in an element's key.
        keys: the keys of the elements that occur, ascending; None if all are numbered.
        source: the cuboid that sums are taken from, by its place; None for the leaves.
        into: the element of this cuboid that each element of the source, or leaf, is part of.
    """

    dims: tuple[int, ...]
    sizes: tuple[int, ...]
    keys: Codes | None
    source: int | None
    into: Codes

    @property
    def size(self) -> int:
        """How many elements are numbered."""
        return prod(self.sizes) if self.keys is None else len(self.keys)

    def key_of(self, element: int) -> int:
        """Return the key of an element of this cuboid."""
        return element if self.keys is None else int(self.keys[element])

    def element_of(self, keys: Codes) -> Codes:
        """Return the elements that have these keys."""
        return keys if self.keys is None else np.searchsorted(self.keys, keys).astype(np.int64)


class Cuboids:
    """The elements of all cuboids of some leaves.

    Attributes:
        cost: by element, the nats it takes to name it.
    """

    def __init__(self, leaves: Leaves) -> None:
        self._codes = leaves.codes
        sizes = [max(len(values), 1) for values in leaves.values]
        dims = _looked_at(sizes, leaves.codes.shape[1])
        self._order = {d: place for place, d in enumerate(dims)}
        made: dict[int, _Cuboid] = {}
        for place in reversed(range(len(dims))):
            made[place] = self._made(dims[place], tuple(sizes[d] for d in dims[place]), made)
        self._cuboids = [made[place] for place in range(len(dims))]
        self._starts = [0]
        for cuboid in self._cuboids:
            self._starts.append(self._starts[-1] + cuboid.size)
        layers = Counter(len(d) for d in dims)
        ones = self.sums([np.ones(leaves.codes.shape[1])])[0]
        cost = []
        for place, cuboid in enumerate(self._cuboids):
            present = np.count_nonzero(ones[self._starts[place] : self._starts[place + 1]])
            choices = len(layers) * layers[len(cuboid.dims)] * max(int(present), 1)
            cost.append(np.full(cuboid.size, np.log(choices)))
        self.cost: Floats = np.concatenate(cost)

    def _made(
        self, dims: tuple[int, ...], sizes: tuple[int, ...], deeper: dict[int, _Cuboid]
    ) -> _Cuboid:
        """Make a cuboid, tied to the smallest of the deeper ones that it can be summed from."""
        best: tuple[int, int, int] | None = None
        for more in range(len(self._codes)):
            if more not in dims:
                place = self._order.get(tuple(sorted((*dims, more))))
                if place is not None and (best is None or deeper[place].size < best[0]):
                    best = deeper[place].size, place, more
        if best is None:
            source, keys = None, _keys(self._codes, dims, sizes)
        else:
            _, source, more = best
            outer = deeper[source]
            at = outer.dims.index(more)
            inner = prod(outer.sizes[at + 1 :])
            wide = np.arange(outer.size) if outer.keys is None else outer.keys
            keys = wide // (inner * outer.sizes[at]) * inner + wide % inner
        if prod(sizes) <= 4 * self._codes.shape[1] + 64:
            return _Cuboid(dims, sizes, None, source, keys)
        found, into = np.unique(keys, return_inverse=True)
        return _Cuboid(dims, sizes, found, source, into.astype(np.int64))

    def sums(self, weights: list[Floats]) -> list[Floats]:
        """Return by element the sums of each weight over its leaves."""
        totals = [np.empty(self._starts[-1]) for _ in weights]
        for place in reversed(range(len(self._cuboids))):
            cuboid = self._cuboids[place]
            first, end = self._starts[place], self._starts[place + 1]
            for total, weight in zip(totals, weights, strict=True):
                given = weight
                if cuboid.source is not None:
                    given = total[self._starts[cuboid.source] : self._starts[cuboid.source + 1]]
                total[first:end] = np.bincount(cuboid.into, weights=given, minlength=end - first)
        return totals

    def _place_of(self, element: int) -> int:
        return bisect_right(self._starts, element) - 1

    def named(self, element: int) -> tuple[tuple[int, int], ...]:
        """Return the dimensions of an element and the codes of their values."""
        place = self._place_of(element)
        cuboid = self._cuboids[place]
        key, pairs = cuboid.key_of(element - self._starts[place]), []
        for dim, size in zip(reversed(cuboid.dims), reversed(cuboid.sizes), strict=True):
            key, code = divmod(key, size)
            pairs.append((dim, code))
        return tuple(reversed(pairs))

    def leaves_of(self, element: int) -> npt.NDArray[np.bool_]:
        """Return which leaves belong to an element."""
        here = np.ones(self._codes.shape[1], dtype=bool)
        for dim, code in self.named(element):
            here &= self._codes[dim] == code
        return here

    def parts(self, element: int, leaves: Codes) -> Iterator[Codes]:
        """Yield the elements of these leaves in each cuboid that parts an element further."""
        dims = set(self._cuboids[self._place_of(element)].dims)
        codes = self._codes[:, leaves]
        for cuboid, start in zip(self._cuboids, self._starts, strict=False):
            if dims < set(cuboid.dims):
                elements = cuboid.element_of(_keys(codes, cuboid.dims, cuboid.sizes))
                yield np.flatnonzero(np.bincount(elements)) + start


def _looked_at(sizes: list[int], leaves: int) -> list[tuple[int, ...]]:
    """Return the cuboids of all layers that are looked at, shallow ones first."""
    dims: list[tuple[int, ...]] = []
    elements = 0
    for layer in range(1, len(sizes) + 1):
        every = combinations(range(len(sizes)), layer)
        more = [each for each in every if prod(sizes[at] for at in each) < KEY_MAX]
        elements += sum(min(prod(sizes[at] for at in each), leaves) for each in more)
        if dims and elements > ELEMENTS_MAX:
            break
        dims += more
    return dims


def _keys(codes: Codes, dims: tuple[int, ...], sizes: tuple[int, ...]) -> Codes:
    keys: Codes = codes[dims[0]]
    for dim, size in zip(dims[1:], sizes[1:], strict=True):
        keys = keys * size + codes[dim]
    return keys
