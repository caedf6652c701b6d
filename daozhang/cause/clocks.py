"""Clocks that were set wrong: a lag that is the same before and after, and on several terminals.

Rules kept here (the domain's F5). What is stored and handed on later lags too, but by as long as it
waited; a clock that is wrong lags by the same in all that it dates.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping
from typing import Any, Final

from daozhang.stats import poisson_tail

__all__ = ["CLOCK_STEADY_S", "CLOCK_WRONG_S", "lag_alike", "wrong_before"]

CLOCK_WRONG_S: Final = 300
"""A clock further off than this is set wrong, not drifting."""

CLOCK_STEADY_S: Final = 120
"""Offsets of one wrong clock differ by less than this."""

ALIKE_S: Final = 5
"""Clocks that were set wrong by one mistake are off by the same within this."""

DAY_S: Final = 86_400

BY_CHANCE: Final = 0.001
"""So seldom do stored sales of several terminals wait equally long."""

Row = Mapping[str, Any]


def lag_alike(units: Iterable[Row]) -> dict[int, int]:
    """Return by unit how many other terminals lag as much, where that is beyond chance.

    What is stored lags by as long as it waited, anything up to a day and more; a clock set wrong in
    one go, by one template or one hand, lags by the same on all its terminals.

    Args:
        units: late hand-ins.
    """
    lagging = sorted(
        (unit["ahead_max_s"], unit["unit"], unit["terminal_id"])
        for unit in units
        if unit["ahead_max_s"] is not None
        and unit["ahead_max_s"] <= -CLOCK_WRONG_S
        and unit["ahead_max_s"] - unit["ahead_min_s"] < CLOCK_STEADY_S
    )
    lags = [lag for lag, _, _ in lagging]
    terminals = len({terminal for _, _, terminal in lagging})
    found = {}
    for lag, unit, terminal in lagging:
        near = lagging[bisect_left(lags, lag - ALIKE_S) : bisect_right(lags, lag + ALIKE_S)]
        others = len({other for _, _, other in near} - {terminal})
        by_chance = (terminals - 1) * 2 * ALIKE_S / DAY_S
        if others and poisson_tail(others, by_chance) < BY_CHANCE:
            found[unit] = others
    return found


def wrong_before(clocks: Mapping[int, Row], upgrades: Mapping[int, Row]) -> frozenset[int]:
    """Return the units whose terminal's clock lagged by as much before its upgrade began.

    Args:
        clocks: rows of ``stall_clocks`` by unit.
        upgrades: rows of ``unit_upgrades`` by unit.
    """
    return frozenset(
        unit
        for unit, row in clocks.items()
        if row["lag_s"] <= -CLOCK_WRONG_S
        and unit in upgrades
        and row["first_at"] < upgrades[unit]["started_at"]
    )
