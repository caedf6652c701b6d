"""How leaves that have no cause scatter about their expectation, learnt from the leaves themselves.

A density is fitted to each side of zero by its quantiles, so that whatever shape the scatter has is
taken as it is, and goes on beyond the last quantile as that side's tail has begun. Where both sides
are alike, causes can only have made one of them wider, and the narrower tail stands for both.
"""

from __future__ import annotations

import numpy as np

from daozhang.cause._leaves import Floats

WIDTH_MIN = 0.01
"""The narrowest scatter that is told apart; also how sharply a cause's strength is known."""

_BEYOND = np.array([0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001])
_LEAVES_MIN = 12
"""What fewer leaves say about the scatter is not believed."""

_STEPS = 2_000
"""The density is computed at so many distances, and a leaf has that of the nearest."""

_EVEN_MIN = 0.25
"""Sides are compared where the smaller one has so large a share of the leaves."""

_INNER_MIN = 0.5
"""On a side with few leaves, so many of them are believed without asking how many they are."""


def log_density(off: Floats, kept: Floats) -> Floats:
    """Return the log density of each leaf under the scatter of the leaves that are kept.

    Args:
        off: how far each leaf is off, within -1 and 1.
        kept: the same of the leaves that no cause explains so far, ascending.
    """
    sides = both_sides(kept)
    twice = len(sides[0]) + len(sides[1]) - len(kept)
    halves = [len(side) - twice / 2 for side in sides]
    share = [(half + 1) / (len(kept) + 2) for half in halves]
    knots = [_knots(side) for side in sides]
    alike = min(share) > _EVEN_MIN and _alike(sides)
    grid = np.arange(_STEPS + 1) / _STEPS
    place = np.rint(np.abs(off) * _STEPS).astype(np.int64)
    result = np.empty(len(off))
    for at, here in enumerate((off < 0, off >= 0)):
        own = knots[at]
        if alike:
            tight = np.minimum(own, knots[1 - at])
            # A side may reach further only because one is measured by what was expected, the
            # other by what came.
            own = np.minimum(own, np.minimum(tight / np.maximum(1 - tight, 1e-6), 1.0))
        result[here] = np.log(share[at]) + _side(grid, sides[at], own)[place[here]]
    return result


def both_sides(kept: Floats) -> list[Floats]:
    """Return how far leaves are off, those below zero and those above, each ascending.

    What is nearly as expected might as well have fallen on the other side, and is in both.
    """
    low, high = np.searchsorted(kept, [-WIDTH_MIN, WIDTH_MIN])
    return [np.abs(np.minimum(kept[:high], 0))[::-1], np.maximum(kept[low:], 0)]


def _alike(sides: list[Floats]) -> bool:
    middle = sorted(float(side[len(side) // 2]) for side in sides)
    return middle[1] < 2 * middle[0] + WIDTH_MIN


def _beyond(count: int) -> Floats:
    """Return which shares of a side of so many leaves lie beyond its knots."""
    inner = max(0.1, min(_INNER_MIN, _LEAVES_MIN / max(count, 1)))
    return np.where(np.arange(len(_BEYOND)) == 0, inner, np.minimum(_BEYOND, inner))


def _knots(side: Floats) -> Floats:
    beyond = _beyond(len(side))
    least = WIDTH_MIN * -np.log(beyond)
    if not len(side):
        return least
    return np.maximum(side[((1 - beyond) * (len(side) - 1)).astype(np.int64)], least)


def _side(distance: Floats, side: Floats, knots: Floats) -> Floats:
    """Return the log density at distances from zero, on a side of these leaves."""
    count = max(len(side), 1)
    beyond = _beyond(len(side))
    known = max(int((beyond * count >= _LEAVES_MIN).sum()), 1)
    beyond, knots = beyond[:known], np.maximum.accumulate(knots[:known])
    result = _inner(distance, side)
    place = np.searchsorted(knots, distance, side="right")
    outer = (place > 0) & (count - np.searchsorted(side, distance) <= beyond[0] * count)
    if known > 1:
        gaps = np.maximum(np.diff(knots), 1e-4)
        between = np.log(-np.diff(beyond)) - np.log(gaps)
        result[outer] = between[np.minimum(place[outer], known - 1) - 1]
    far = (place == known) & outer
    result[far] = _tail(distance[far], beyond, knots)
    ends = distance >= 1
    at_end = count - np.searchsorted(side, 1.0)
    if at_end >= _LEAVES_MIN:
        result[ends] = np.maximum(result[ends], np.log(at_end / count / (2 * WIDTH_MIN)))
    return result


def _inner(distance: Floats, side: Floats) -> Floats:
    """Return the log density where leaves are many: how many are as near as that."""
    count = max(len(side), 1)
    near = min(max(int(np.sqrt(count)), 5), 100)
    width = np.full(len(distance), WIDTH_MIN)
    if count > 2 * near:
        at = np.searchsorted(side, distance)
        low = side[np.clip(at - near, 0, count - 1)]
        high = side[np.clip(at + near, 0, count - 1)]
        width = np.maximum(width, (high - low) / 2)
    first = np.searchsorted(side, distance - width, side="left")
    last = np.searchsorted(side, distance + width, side="right")
    room = np.minimum(distance + width, 1 + WIDTH_MIN) - np.maximum(distance - width, 0)
    density: Floats = np.log((last - first + 0.5) / count) - np.log(room)
    return density


def _tail(distance: Floats, beyond: Floats, knots: Floats) -> Floats:
    """Return the log density beyond the last knot: -log of what is beyond grows as a power."""
    hazard = -np.log(beyond[-1])
    power = 1.0
    near = int(np.searchsorted(-beyond, -10 * beyond[-1] * 1.001))
    if near < len(beyond) - 1:
        power = np.log(hazard / -np.log(beyond[near])) / max(np.log(knots[-1] / knots[near]), 1e-3)
        power = float(np.clip(power, 0.7, 2.0))
    ratio = distance / knots[-1]
    start = np.log(power * hazard / knots[-1])
    density: Floats = -hazard * ratio**power + start + (power - 1) * np.log(ratio)
    return density
