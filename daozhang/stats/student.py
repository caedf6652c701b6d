"""Student's t distribution: its upper tail, and the point that cuts off a given tail. Pure.

The tail is half of the regularised incomplete beta function at ``df / (df + t * t)``, which is
computed by its continued fraction (Abramowitz and Stegun 26.5.8, 26.7.1).
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, inf, lgamma, log, log1p
from typing import Final

__all__ = ["t_point", "t_tail"]

_TINY: Final = 1e-300
_EXACT: Final = 1e-15
_STEPS: Final = 500


def t_tail(t: float, df: float) -> float:
    """Return the probability that a t variable of so many degrees of freedom exceeds ``t``.

    Raises:
        ValueError: there is not one degree of freedom.
    """
    if df < 1:
        raise ValueError(f"{df} degrees of freedom make no t distribution")
    if t == inf:
        return 0.0
    half = _beta_share(df / 2, 0.5, df / (df + t * t)) / 2
    return half if t >= 0 else 1.0 - half


@lru_cache(maxsize=4096)
def t_point(tail: float, df: float) -> float:
    """Return the t that is exceeded with probability ``tail``.

    Raises:
        ValueError: the tail is not above 0 and at most one half, or there is no degree of freedom.
    """
    if not 0 < tail <= 0.5:  # noqa: PLR2004 - the range is its own name
        raise ValueError(f"{tail} is no tail to cut off; above 0 and at most 0.5 is")
    low, high = 0.0, 1.0
    while t_tail(high, df) > tail:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        if t_tail(middle, df) > tail:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def _beta_share(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function I_x(a, b)."""
    if x <= 0:
        return 0.0
    if x >= 1:
        return 1.0
    front = exp(lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x))
    # The fraction converges fast on one side of the mean; the other side is its complement.
    if x < (a + 1) / (a + b + 2):
        return front * _fraction(a, b, x) / a
    return 1.0 - front * _fraction(b, a, 1.0 - x) / b


def _fraction(a: float, b: float, x: float) -> float:
    """Return the continued fraction of the incomplete beta function (Lentz's method)."""
    c, d = 1.0, 1.0 / _not_nought(1.0 - (a + b) * x / (a + 1))
    found = d
    for m in range(1, _STEPS):
        even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        step = 1.0
        for term in (even, odd):
            d = 1.0 / _not_nought(1.0 + term * d)
            c = _not_nought(1.0 + term / c)
            step = c * d
            found *= step
        if abs(step - 1.0) < _EXACT:
            break
    return found


def _not_nought(value: float) -> float:
    return value if abs(value) > _TINY else _TINY
