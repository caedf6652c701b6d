"""When bank statements are known: next morning, days late, or never.

Rules kept here: a statement covers a day of one account and is known at eight on the next
morning. A missing statement (F23) and a late one (a trap) hide money that has long arrived.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from daozhang.world._clock import DAY, HOUR, NEVER, Ints
from daozhang.world.money_path import Path

__all__ = ["LATE_BY_DAYS", "bank_known", "ordinary_known"]

_AT: Final = 8 * HOUR
LATE_BY_DAYS: Final = 2
_LATE_FROM: Final = 0.4


def ordinary_known(day: Ints) -> Ints:
    """Return when the statement of a day (day number) is known as a rule."""
    return (day + 1) * DAY + _AT


def bank_known(path: Path, bank: Ints, day: Ints) -> Ints:
    """Return when a bank's statement of a day is known; :data:`NEVER` for a missing one.

    Args:
        path: the estate's behaviour.
        bank: bank numbers.
        day: day numbers.
    """
    plan = path.world.plan
    known = ordinary_known(day)
    if "late_statement" in plan.traps:
        since = plan.first_day + int(_LATE_FROM * plan.days)
        late = (bank == plan.late_bank) & (day >= since)
        known = known + np.where(late, LATE_BY_DAYS * DAY, 0)
    if "F23" in path.faults:
        known = np.where((bank == plan.missing_bank) & (day >= plan.missing_from), NEVER, known)
    return known
