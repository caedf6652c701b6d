"""Division of money: the only place where a minor unit can be lost, so each way has a name."""

from __future__ import annotations

import enum
from collections.abc import Sequence

__all__ = ["Rounding", "allocate", "share_of"]


class Rounding(enum.Enum):
    """How a fraction of a minor unit becomes a whole one."""

    HALF_UP = "half_up"  # 0.5 away from zero: what acquirers print
    HALF_EVEN = "half_even"  # 0.5 to the even neighbour: what banks call unbiased
    DOWN = "down"  # toward zero
    UP = "up"  # away from zero


def share_of(amount: int, numerator: int, denominator: int, rounding: Rounding) -> int:
    """Return ``amount * numerator / denominator`` in whole minor units.

    Args:
        amount: minor units, of either sign.
        numerator: of the rate, of either sign.
        denominator: of the rate, positive.
        rounding: what to do with the fraction; it is symmetric around zero.

    Raises:
        ValueError: the denominator is not positive.
    """
    if denominator <= 0:
        raise ValueError(f"denominator must be positive, got {denominator}")
    product = amount * numerator
    whole, rest = divmod(abs(product), denominator)
    if rounding is Rounding.UP:
        whole += rest > 0
    elif rounding is Rounding.HALF_UP:
        whole += 2 * rest >= denominator
    elif rounding is Rounding.HALF_EVEN:
        whole += 2 * rest > denominator or (2 * rest == denominator and whole % 2 == 1)
    return whole if product >= 0 else -whole


def allocate(total: int, weights: Sequence[int]) -> list[int]:
    """Split a total in proportion to weights so that the parts sum to it exactly.

    Each part is what its running share reaches less what the one before reached, both rounded
    down, so leftovers go to the parts at which the running share passes a whole unit. The result
    depends on the order of the weights only by that one unit, and negative weights (refunds
    inside a payout) take their negative share.

    Raises:
        ValueError: the weights sum to zero and the total is not zero.
    """
    whole = sum(weights)
    if whole == 0:
        if total != 0:
            raise ValueError(f"cannot split {total} over weights that sum to zero")
        return [0 for _ in weights]
    parts = []
    running = reached = 0
    for weight in weights:
        running += weight
        now = total * running // whole
        parts.append(now - reached)
        reached = now
    return parts
