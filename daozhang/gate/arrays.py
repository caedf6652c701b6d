"""The arrays that the gate counts in, and the moment that does not come."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

__all__ = ["NEVER", "NO_INTS", "Bools", "Ints"]

Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

NO_INTS: Final[Ints] = np.zeros(0, dtype=np.int64)

NEVER: Final = int(np.iinfo(np.int64).max)
"""A moment or day that does not come."""
