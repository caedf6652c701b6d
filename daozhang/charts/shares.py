"""Shares with the range that few observations leave open.

Rules kept here: a share is told in thousandths, cut so that 100 % means all of it; its range is
Wilson's interval, which stays between 0 and 100 % and does not shrink to nothing when all or none
of a handful came. Sales that are paid out together are not independent, so the true range is at
least as wide.
"""

from __future__ import annotations

from math import isqrt
from typing import Final

__all__ = ["percent_text", "permille", "wilson"]

_Z_SQUARED: Final = 38_416
"""1.96 squared, in ten-thousandths: 95 of 100 such intervals hold the true share."""

_SCALE: Final = 10_000


def permille(part: int, whole: int) -> int:
    """Return a share in thousandths, rounded down.

    Raises:
        ZeroDivisionError: there is no whole.
    """
    return part * 1000 // whole


def wilson(part: int, whole: int) -> tuple[int, int]:
    """Return the ends of the 95 % interval of a share, in thousandths, rounded outwards.

    Raises:
        ValueError: the part is not within the whole, or there is no whole.
    """
    if not 0 <= part <= whole or whole <= 0:
        raise ValueError(f"{part} of {whole} is no share")
    # (2pn + z² ± z √(z² + 4pn(1 − p))) / 2(n + z²), in whole numbers; all times _SCALE.
    middle = 2 * part * _SCALE + _Z_SQUARED
    under = _Z_SQUARED * (_Z_SQUARED * whole + 4 * part * (whole - part) * _SCALE)
    spread = isqrt(under // whole) + 1
    below = 2 * (whole * _SCALE + _Z_SQUARED)
    low = max((middle - spread) * 1000 // below, 0)
    high = min(-(-(middle + spread) * 1000 // below), 1000)
    return low, high


def percent_text(thousandths: int) -> str:
    """Return thousandths as percent: ``97.2%``, ``100%``."""
    whole, rest = divmod(thousandths, 10)
    return f"{whole}.{rest}%" if rest else f"{whole}%"
