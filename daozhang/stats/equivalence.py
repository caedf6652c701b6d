"""Is a level what it was: intervals for a change between two periods of days. Pure.

The unit is a day with a weight (what was counted on it), and the spread is that of the days, so
sales that come in crowds, a rainy day or a short outage make the interval as wide as they really
make it; no distribution of single sales is assumed. Means of days are compared by Student's t:

* as a difference, ``after - before``;
* as a ratio, ``after / before``: the interval of Fieller (1954), which is dual to the equivalence
  test of Sasabuchi (1988) and of Hauschke, Kieser, Diletti and Burke (1999).

Two one-sided tests at level a (TOST; Schuirmann 1987) say "equivalent" exactly when the interval
that leaves out ``a`` on either side lies inside the margins, so an interval is all that is needed.

Why t and not an exact test of counts: days spread more than a Poisson or binomial count does, and
an exact test of counts would call such a store's luck proof. Where days spread *less* by chance, a
floor from the counts' own law is used (``least`` of :func:`spread`); a margin of a few percent can
only be met by counts so large that their means are normal.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import inf, sqrt
from typing import Final

import numpy as np

from daozhang.stats.betting import Floats
from daozhang.stats.student import t_point

__all__ = ["Change", "Period", "Spread", "difference", "period", "ratio", "spread"]

ALIKE_MAX: Final = 0.8
"""Neighbouring days are taken to be this much alike at most."""


@dataclass(frozen=True, slots=True)
class Spread:
    """How far days lie from their level.

    Attributes:
        variance: of a day of weight 1; a day of weight ``w`` has ``variance / w``.
        df: degrees of freedom behind it.
    """

    variance: float
    df: int


@dataclass(frozen=True, slots=True)
class Change:
    """A change with the interval that leaves out ``tail`` on either side.

    Attributes:
        value: the estimate: a difference, or a ratio less 1.
        low: lower end; minus infinity: not bounded.
        high: upper end; infinity: not bounded.
    """

    value: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Period:
    """A period's days, summed up; worked out once, it serves every comparison.

    Attributes:
        level: their mean.
        weight: their weights together.
        squares: of their weighted distances from the level, summed.
        products: of neighbours' distances, summed.
        pairs: how many neighbours both say something.
        days: how many days say something.
    """

    level: float
    weight: float
    squares: float
    products: float
    pairs: int
    days: int


def period(values: Floats, weights: Floats) -> Period | None:
    """Sum a period up; None: no day of it says anything.

    Args:
        values: by day, in order; finite.
        weights: by day; a day of weight 0 is not there.
    """
    there = weights > 0
    days = int(np.count_nonzero(there))
    if not days:
        return None
    weight = float(np.add.reduce(weights))
    level = float(values @ weights) / weight
    off = (values - level) * np.sqrt(weights)
    pairs = days - 1 if days == len(there) else int(np.count_nonzero(there[:-1] & there[1:]))
    return Period(level, weight, float(off @ off), float(off[:-1] @ off[1:]), pairs, days)


def spread(periods: Iterable[Period | None], parameters: int = 1, least: float = 0.0) -> Spread:
    """Return the spread of days around the level of their own period, taken together.

    What a day inherits from the day before makes means of days less sure than their number says:
    the variance is raised by ``(1 + r) / (1 - r)`` for the correlation ``r`` of neighbouring days,
    where it is above nought (the effective number of observations of an AR(1) series).

    Args:
        periods: periods; None where one says nothing.
        parameters: what was estimated of the first period beside its spread (the others have one
            level each).
        least: a floor of the variance.

    Raises:
        ValueError: no degree of freedom is left.
    """
    squares, products, pairs, days, levels = 0.0, 0.0, 0, 0, 0
    for one in periods:
        levels += 1
        if one is not None:
            squares += one.squares
            products += one.products
            pairs += one.pairs
            days += one.days
    df = days - parameters - (levels - 1)
    if df < 1:
        raise ValueError(f"{days} days leave no degree of freedom")
    alike = products / pairs / (squares / days) if pairs and squares > 0 else 0.0
    alike = min(max(alike, 0.0), ALIKE_MAX)
    variance = squares / df * (1 + alike) / (1 - alike)
    return Spread(max(variance, least), df)


def difference(
    before: tuple[float, float], after: tuple[float, float], of: Spread, tail: float,
    slack: float = 0.0,
) -> Change:  # fmt: skip
    """Return the change of a mean.

    Args:
        before: mean and weight.
        after: mean and weight.
        of: the spread of both.
        tail: probability left out on either side.
        slack: added on either side: the correction for continuity of a mean of counts.
    """
    reach = t_point(tail, of.df) * sqrt(of.variance * (1 / before[1] + 1 / after[1])) + slack
    value = after[0] - before[0]
    return Change(value, value - reach, value + reach)


def ratio(
    before: tuple[float, float], after: tuple[float, float], of: Spread, tail: float
) -> Change:
    """Return the change of a mean as a share of what it was (Fieller's interval, less 1).

    Args:
        before: mean, not nought, and weight.
        after: mean and weight.
        of: the spread of both.
        tail: probability left out on either side.
    """
    reach = t_point(tail, of.df) ** 2 * of.variance
    mean_b, mean_a = before[0], after[0]
    # Every ratio x with (a - x b)^2 <= reach * (1 / weight_a + x^2 / weight_b).
    square, half = mean_b**2 - reach / before[1], mean_a * mean_b
    under = half**2 - square * (mean_a**2 - reach / after[1])
    value = mean_a / mean_b - 1
    if square <= 0 or under < 0:
        # The level before is not told from nought: no ratio is excluded.
        return Change(value, -inf, inf)
    root = sqrt(under)
    return Change(value, (half - root) / square - 1, (half + root) / square - 1)
