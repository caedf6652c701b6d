"""The arrays that the gate counts in, how it counts, and the moment that does not come."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt

__all__ = ["NEVER", "NO_INTS", "Bools", "Ints", "added", "tally"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NO_INTS: Final[Ints] = np.zeros(0, dtype=np.int64)

NEVER: Final = int(np.iinfo(np.int64).max)
"""A moment or day that does not come."""


def tally(row: Ints, column: npt.NDArray[Any], columns: int, rows: int) -> Ints:
    """Count entries by row and column, so many of each."""
    return np.bincount(row * columns + column, minlength=rows * columns).reshape(-1, columns)


def added(row: Ints, counts: npt.NDArray[Any], rows: int) -> Ints:
    """Add up counts in several columns by row."""
    found = [np.bincount(row, of, rows) for of in counts.T]
    return np.stack(found, axis=1).astype(np.int64)
