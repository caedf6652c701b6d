"""Bets against the past: rare events of the upgraded, and days on which nobody else is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

import numpy as np

from daozhang.gate.evidence import Outcome
from daozhang.gate.exposure import Exposure
from daozhang.gate.paths import Path, Weighed
from daozhang.stats.betting import rate, rate_bound

__all__ = ["rare", "without_controls"]

_HISTORY_DAYS: Final = 3
"""Fewer days of history say nothing about a rate."""


def rare(
    outcome: Outcome, exposure: Exposure, begun_at: int, events: Sequence[tuple[int, int, int]],
    miss: float,
) -> list[Weighed]:  # fmt: skip
    """Bet that rare events of the upgraded are more than the past makes likely.

    Args:
        outcome: what may have happened.
        exposure: its days.
        begun_at: when the rollout began.
        events: when seen, of which day, and how many pods; below 0: of the others.
        miss: probability with which the rate of the past may be bounded wrongly.
    """
    begun = exposure.begun_day
    if exposure.before < _HISTORY_DAYS:
        return []
    pod_days = sum(
        int(exposure.day(outcome.first_day + column).pods.sum())
        for column in range(exposure.before)
    )
    if not pod_days:
        return []
    past = sum(-n for _, day, n in events if n < 0 and day < begun)
    bound = rate_bound(past, pod_days, miss)
    path = Path(outcome.key + "!")
    running, taken = np.cumsum(exposure.upgraded_days()[0]), 0.0
    for seen, day, n in events:
        if n > 0 and seen >= begun_at:
            expected = max(float(running[day - outcome.first_day]) * bound, taken)
            path.step(seen, rate(n, expected - taken), n, 0, expected - taken)
            taken = expected
    return [path.done()]


def without_controls(
    outcome: Outcome, exposure: Exposure, events: Iterable[tuple[int, int]], miss: float
) -> list[Weighed]:
    """Bet that days on which all are upgraded are worse than the days before any was.

    Args:
        outcome: what may have happened.
        exposure: its days.
        events: when seen and which day was so bad.
        miss: probability with which the rate of the past may be bounded wrongly.
    """
    begun = exposure.begun_day
    if exposure.before < _HISTORY_DAYS:
        return []
    _, lone = exposure.upgraded_days()
    if not lone.any():
        return []
    bound = rate_bound(_bad_days(outcome, exposure), exposure.before, miss)
    path = Path(outcome.key + "~")
    running, taken = np.cumsum(lone), 0.0
    counted: set[int] = set()
    for seen, day in events:
        if day < begun or day in counted:
            continue
        counted.add(day)
        expected = max(float(running[day - outcome.first_day]) * bound, taken)
        path.step(seen, rate(1, expected - taken), 1, 0, expected - taken)
        taken = expected
    return [path.done()]


def _bad_days(outcome: Outcome, exposure: Exposure) -> int:
    """Return on how many days before the rollout as much was harmed."""
    bad = 0
    for day in np.unique(outcome.harm_day[outcome.harm_day < exposure.begun_day]).tolist():
        if day >= outcome.first_day:
            there = np.asarray(exposure.day(day).pods > 0)
            bad += exposure.widely(day, outcome.harm_unit[outcome.harm_day == day], there)
    return bad
