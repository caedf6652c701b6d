"""Bets against the past: rare events of the upgraded, and days on which nobody else is left."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from daozhang.gate.evidence import Ints, Outcome
from daozhang.gate.exposure import Exposure
from daozhang.gate.paths import Path, Weighed
from daozhang.stats.betting import Floats, rate, rate_bound

__all__ = ["no_more_than", "rare", "without_controls"]

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


def no_more_than(won: Weighed, limit: Weighed) -> Weighed:
    """Return at every moment the lesser of two wealths, with the counts of the first.

    It is fair if either of them is: whether what happened was too rare by the past, or fell on too
    few beside the others, each has to say so.
    """
    moments = np.union1d(won.at, limit.at)
    place = np.searchsorted(won.at, moments, side="right") - 1

    def held(values: Ints | Floats) -> npt.NDArray[Any]:
        return np.where(place >= 0, values[np.maximum(place, 0)], 0)

    other = np.searchsorted(limit.at, moments, side="right") - 1
    bound = np.where(other >= 0, limit.log_wealth[np.maximum(other, 0)], 0.0)
    return Weighed(
        won.key, moments, np.minimum(held(won.log_wealth), bound), held(won.exposed_hit),
        held(won.others_hit), held(won.expected),
    )  # fmt: skip


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
