"""Matched comparison: how much of what hit the exposed would have hit them anyway.

The exposed of each stratum (one provider, one day) are compared with the unexposed of the same
stratum, so that whatever strikes a whole day or provider cancels (indirect standardisation;
Rothman, Greenland and Lash, Modern Epidemiology, ch. 4). A stratum with few unexposed borrows
from all strata. The excess share is the attributable fraction among the exposed, that is
1 - expected / observed.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import exp, lgamma, log
from typing import Final

import numpy as np

from daozhang.stats.factorials import log_factorials

__all__ = ["Excess", "Stratum", "excess", "poisson_tail"]

BORROWED: Final = 20.0
"""How many units' worth of the pooled rate a stratum starts with."""

HALF: Final = 0.5
"""What an empty count is taken for: a rate never seen is small and not nought (Jeffreys)."""


@dataclass(frozen=True, slots=True)
class Stratum:
    """Counts of units in one stratum.

    Attributes:
        exposed: units that were exposed.
        exposed_hit: of them, those hit.
        others: units that were not exposed.
        others_hit: of them, those hit.
    """

    exposed: int
    exposed_hit: int
    others: int
    others_hit: int


@dataclass(frozen=True, slots=True)
class Excess:
    """What exposure did, over all strata.

    Attributes:
        hit: exposed units that were hit.
        exposed: exposed units.
        expected: how many of them would have been hit at the rate of the unexposed.
        others: unexposed units.
        others_hit: of them, those hit.
        share: how much of ``hit`` is the exposure's, 0 to 1.
        chance: probability that so many are hit without any effect.
    """

    hit: int
    exposed: int
    expected: float
    others: int
    others_hit: int
    share: float
    chance: float


def excess(strata: Iterable[Stratum]) -> Excess:
    """Compare the exposed with the unexposed of the same strata."""
    rows = [s for s in strata if s.exposed or s.others]
    others, others_hit = sum(s.others for s in rows), sum(s.others_hit for s in rows)
    pooled = (others_hit + HALF) / (others + 1)
    expected = sum(
        s.exposed * (s.others_hit + BORROWED * pooled) / (s.others + BORROWED) for s in rows
    )
    hit, exposed = sum(s.exposed_hit for s in rows), sum(s.exposed for s in rows)
    share = max(0.0, 1.0 - expected / hit) if hit else 0.0
    return Excess(hit, exposed, expected, others, others_hit, share, poisson_tail(hit, expected))


def poisson_tail(count: int, mean: float) -> float:
    """Return the probability that a Poisson variable of this mean is ``count`` or more."""
    if count <= 0:
        return 1.0
    if mean <= 0:
        return 0.0
    # The terms fall off fast on both sides of the mean; the shorter side is summed.
    terms = np.arange(count) * log(mean) - mean - log_factorials(count - 1)
    below = float(np.exp(terms).sum())
    if below < 1 - 1e-9:  # Beyond this the difference is lost to rounding.
        return 1.0 - below
    total, k = 0.0, count
    while True:
        term = exp(k * log(mean) - mean - lgamma(k + 1))
        total += term
        if k > mean and term <= total * 1e-12:
            return total
        k += 1
