"""Two ways to tell that leaves are off together, each with what it saves over telling them apart.

:class:`Strength` reads how far each leaf is off by itself, and fits leaves that are rarely nothing:
leaves of one cause are off by one share. :class:`Rate` reads sums only, and fits amounts that are
nothing in most leaves, as late money is: leaves of one cause together have so many times of what
was expected. Both measure in nats, the unit of naming an element as well.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from daozhang.cause._leaves import Codes, Floats, Leaves
from daozhang.cause._noise import WIDTH_MIN, both_sides, log_density

SPREAD_COST = 1.5
"""Nats to tell how much the leaves of a cause differ; a single leaf has no spread."""

SHIFT_COST = 2.0
"""Nats that the mere shift of an element must be worth, beyond naming it."""

OFF_MIN = 2 * WIDTH_MIN
"""Elements that are off by less are as expected, however sure it is."""

AGREES_MIN = 0.5
"""The least share of its leaves' strength that an element's totals must show as well."""

Mask = npt.NDArray[np.bool_]


@dataclass
class Strength:
    """Leaves of one cause are off by one share, but for some spread.

    Sums by element are: leaves, how far they are off, its square, their log density as scatter.
    """

    leaves: Leaves

    def __post_init__(self) -> None:
        self._order = np.argsort(self.leaves.off, kind="stable")

    def weights(self, free: Mask) -> list[Floats]:
        """Return what is summed up by element; scatter is that of the free leaves."""
        off = self.leaves.off
        kept = off[self._order[free[self._order]]]
        self._scale = _scale(kept)
        return [off, off * off, log_density(off, kept)]

    def gains(self, sums: Sequence[Floats], cost: Floats) -> Floats:
        """Return by element the nats saved, less what it costs to name it."""
        count, total, _, _ = sums
        # Most elements are as expected, and are not looked at any further.
        least = np.maximum(OFF_MIN**2 * count, 2 * self._scale**2 * (cost + SHIFT_COST))
        off = np.flatnonzero((count > 0) & (total * total > least * count))
        result = np.full(len(count), -np.inf)
        result[off] = self._gains([each[off] for each in sums], cost[off])
        return result

    def _gains(self, sums: list[Floats], cost: Floats) -> Floats:
        count, total, square, noise = sums
        mean = total / count
        rest = np.maximum(square - total * mean, 0)
        spread = np.maximum(rest / np.maximum(count - 1, 1), WIDTH_MIN**2)
        told = -0.5 * count * np.log(2 * np.pi * spread) - 0.5 * rest / spread
        # The strength is anywhere from -1 to 1, and known as well as a mean is.
        strength = 0.5 * np.log(2 * np.pi * spread / count) - np.log(2)
        several = np.where(count > 1, SPREAD_COST, 0.0)
        sure = 0.5 * count * mean * mean / spread > cost + SHIFT_COST
        return np.where(sure, told + strength - several - noise - cost, -np.inf)

    def contradicts(self, off: Sequence[float], others: Sequence[float]) -> float:
        """Return the nats by which other leaves are scatter rather than off by the same strength.

        Args:
            off: the sums of leaves that are off together.
            others: the sums of the other leaves.
        """
        count, total, square, _ = off
        mean = total / count
        spread = max(square / count - mean * mean, WIDTH_MIN**2)
        count, total, square, noise = others
        apart = square - 2 * mean * total + count * mean * mean
        return float(noise + 0.5 * count * np.log(2 * np.pi * spread) + 0.5 * apart / spread)

    def agrees(self, here: Mask | Codes) -> bool:
        """Tell whether the totals of these leaves are off as the leaves are, one by one."""
        came, planned = self.leaves.actual[here].sum(), self.leaves.expected[here].sum()
        largest = max(abs(came), abs(planned))
        mean = float(self.leaves.off[here].mean())
        return bool(largest > 0 and (planned - came) / largest / mean > AGREES_MIN)


@dataclass
class Rate:
    """Leaves of one cause together have so many times of what was expected.

    Amounts come in lumps; what counts is how many lumps came instead of how many. Sums by element
    are: leaves, actual amount, expected amount, both in lumps.
    """

    leaves: Leaves

    def weights(self, free: Mask) -> list[Floats]:
        """Return what is summed up by element, in lumps as large as those of the free leaves."""
        came = np.maximum(self.leaves.actual, 0)
        planned = np.maximum(self.leaves.expected, 0)
        lump = _lump(came[free], planned[free])
        return [came / lump, planned / lump]

    def gains(self, sums: Sequence[Floats], cost: Floats) -> Floats:
        """Return by element the nats saved, less what it costs to name it."""
        count, came, planned = sums
        planned = planned + 0.5
        told = came * np.log(np.maximum(came, 1e-12) / planned) - came + planned
        rate = 0.5 * np.log1p(came) + 1.0
        return np.where(count > 0, told - rate - cost, -np.inf)

    def contradicts(self, off: Sequence[float], others: Sequence[float]) -> float:
        """Return the nats by which other leaves are as expected rather than at the same rate."""
        _, came, planned = off
        times = (came + 0.5) / (planned + 0.5)
        _, came, planned = others
        return float(planned * (times - 1) - came * np.log(times))

    def agrees(self, here: Mask | Codes) -> bool:
        """Tell whether the totals are off: here they are all that is looked at."""
        return len(here) > 0


def _scale(kept: Floats) -> float:
    """Return the scatter of leaves, as one deviation: that of the side that scatters less."""
    sides = [side for side in both_sides(kept) if len(side) * 20 > len(kept)]
    return min((float(side[len(side) // 2]) for side in sides), default=0.0) / 0.6745


def _lump(came: Floats, planned: Floats) -> float:
    """Return how large the lumps are, if a leaf gets few of them and they come by chance."""
    sizes = [1.0]
    if came.sum() > 0:
        sizes = [float((came * came).sum() / came.sum())]
    if planned.sum() > 0:
        sizes.append(float(((came - planned) ** 2).sum() / planned.sum()))
    return max(min(sizes), 1e-9)
