"""Time and chance inside the simulated estate.

Rules kept here: an instant is a whole number of seconds since 1970-01-01 00:00 *in China* (UTC+8
all year), so that days and hours of the day are plain divisions; only the writer turns it into
UTC. What never happens has the instant :data:`NEVER`. Every random draw comes from a stream named
by the seed and a path of numbers, so one fault's draws never move another's, nor the sales.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "DAY",
    "EPOCH",
    "HOUR",
    "MINUTE",
    "NEVER",
    "UTC_OFFSET",
    "Bools",
    "Floats",
    "Ints",
    "day_number",
    "instants",
    "stream",
    "uniform_ints",
]

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MINUTE: Final = 60
HOUR: Final = 3600
DAY: Final = 86_400
UTC_OFFSET: Final = 8 * HOUR
NEVER: Final = 2**60
EPOCH: Final = date(1970, 1, 1)


def day_number(day: date) -> int:
    """Return the days from 1970-01-01 to a date."""
    return (day - EPOCH).days


def stream(seed: int, *path: int) -> np.random.Generator:
    """Return the random stream of that name; the same name gives the same draws.

    Raises:
        ValueError: a negative seed or number in the path.
    """
    return np.random.default_rng([seed, *path])


def uniform_ints(rng: np.random.Generator, low: int, high: int, shape: tuple[int, ...]) -> Ints:
    """Return integers drawn evenly from ``[low, high)``."""
    return rng.integers(low, high, size=shape, dtype=np.int64)


_HOME_ZONE: Final = "Asia/Shanghai"


def instants(days: Ints, seconds: int, zone: str) -> Ints:
    """Return the instant of a local time of day on each local day (day numbers).

    Args:
        days: day numbers.
        seconds: after local midnight by the wall clock; 86400 is the next midnight.
        zone: IANA name.
    """
    if zone == _HOME_ZONE:
        return days * DAY + seconds
    place, start = ZoneInfo(zone), datetime(EPOCH.year, EPOCH.month, EPOCH.day, tzinfo=UTC)
    found = []
    for day in days.tolist():
        wall = datetime.combine(EPOCH, datetime.min.time()) + timedelta(days=day, seconds=seconds)
        found.append(int((wall.replace(tzinfo=place) - start).total_seconds()) + UTC_OFFSET)
    return np.array(found, dtype=np.int64)
