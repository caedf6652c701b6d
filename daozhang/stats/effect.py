"""Between what bounds an effect lies: the part of what hit the exposed that is its. Pure."""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from math import log, sqrt

from daozhang.stats.matched import Excess, poisson_tail

__all__ = ["events_between", "share_between"]


def share_between(found: Excess, miss: float = 0.05) -> tuple[float, float]:
    """Return bounds of the share of those hit that is the exposure's, 0 to 1, around its estimate.

    Both counts, of the exposed and of the others, are bounded exactly, and their misses added up
    (Bonferroni), so the bounds hold at least so often.

    Args:
        found: the comparison.
        miss: probability with which the true share may lie outside.

    Raises:
        ValueError: ``miss`` is no probability.
    """
    low, high = events_between(found.hit, miss / 2)
    others_low, others_high = events_between(found.others_hit, miss / 2)
    if found.others_hit:
        at_least = found.expected * others_low / found.others_hit
        at_most = found.expected * others_high / found.others_hit
    else:
        at_least = 0.0
        at_most = max(found.expected, found.exposed * others_high / max(found.others, 1))
    least = 1.0 - at_most / low if low > 0 else 0.0
    most = 1.0 - at_least / high
    return min(max(0.0, least), found.share), max(min(1.0, most), found.share)


@lru_cache(maxsize=4096)
def events_between(events: int, miss: float) -> tuple[float, float]:
    """Return bounds of a mean after so many events (exact, of a Poisson mean; Garwood 1936).

    Raises:
        ValueError: ``miss`` is no probability.
    """
    if not 0 < miss < 1:
        raise ValueError(f"a miss of {miss} bounds nothing")
    far = events + 10.0 - 2.0 * log(miss / 2) + 4.0 * sqrt(events)
    least = _turn(lambda mean: poisson_tail(events, mean) <= miss / 2, 0.0, float(events))
    most = _turn(lambda mean: 1.0 - poisson_tail(events + 1, mean) > miss / 2, float(events), far)
    return (least if events else 0.0), most


def _turn(holds: Callable[[float], bool], low: float, high: float) -> float:
    """Return where a condition that holds from ``low`` on ends, at the latest at ``high``."""
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if holds(middle) else (low, middle)
    return high
