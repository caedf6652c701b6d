"""Logarithms of factorials, looked up: exact tails add up thousands of terms. Pure."""

from __future__ import annotations

from functools import lru_cache
from math import lgamma

import numpy as np
import numpy.typing as npt

__all__ = ["log_factorials"]

_Floats = npt.NDArray[np.float64]


def log_factorials(most: int) -> _Floats:
    """Return the natural logarithms of 0!, 1!, … ``most``!."""
    return _table(1 << most.bit_length())[: most + 1]


@lru_cache(maxsize=8)
def _table(size: int) -> _Floats:
    found = np.fromiter(map(lgamma, range(1, size + 1)), dtype=np.float64, count=size)
    found.flags.writeable = False
    return found
