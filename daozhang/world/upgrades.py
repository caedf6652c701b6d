"""The upgrade programme: which terminal gets which release when, and how faults move it.

Rules kept here: an ordinary upgrade runs at night, after the batch is closed. F1's terminals are
upgraded in the afternoon with the day's stored sales still in them; F6's in the evening, so that
their batch closes after the cut-off; F15 moves the last wave to the eve of a long holiday, which
harms nothing and is not to be blamed.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.world._clock import DAY, HOUR, MINUTE, NEVER, Bools, Ints, stream, uniform_ints
from daozhang.world.plan import Plan

__all__ = ["MOVES_UPGRADES", "Upgrades", "make_upgrades"]

_STREAM: Final = 3
_FAIL_SHARE: Final = 0.02
MOVES_UPGRADES: Final = frozenset({"F1", "F6", "F15"})
"""Faults that change the programme."""


@dataclass(frozen=True, slots=True)
class Upgrades:
    """By terminal; :data:`NEVER` where a terminal is not upgraded.

    Attributes:
        started: start of the upgrade that succeeded.
        finished: its end.
        day: its day number; 0 where there is none.
        other: the release is the other models' harmless one.
        failed_first: one attempt the night before failed.
        by_day: F1's terminals: upgraded before the day's batch was settled.
    """

    started: Ints
    finished: Ints
    day: Ints
    other: Bools
    failed_first: Bools
    by_day: Bools


def make_upgrades(seed: int, plan: Plan, faults: AbstractSet[str]) -> Upgrades:
    """Return the programme as the faults that are on make it."""
    rng = stream(seed, _STREAM)
    count = len(plan.wave)
    night = uniform_ints(rng, 2 * HOUR, 4 * HOUR + 30 * MINUTE, (count,))
    by_daylight = uniform_ints(rng, 16 * HOUR, 17 * HOUR + 30 * MINUTE, (count,))
    evening = uniform_ints(rng, 21 * HOUR + 32 * MINUTE, 21 * HOUR + 48 * MINUTE, (count,))
    lasts = uniform_ints(rng, 6 * MINUTE, 20 * MINUTE, (count,))
    lasts_late = uniform_ints(rng, 30 * MINUTE, 60 * MINUTE, (count,))
    fails = rng.random(count) < _FAIL_SHARE

    wave_days = list(plan.wave_days)
    if "F15" in faults and plan.eve is not None:
        wave_days[-1] = max(plan.eve, wave_days[-1])
    days = np.array([0, *wave_days], dtype=np.int64)[plan.wave]
    other = plan.other_wave > 0
    days = np.where(other, np.array([0, *plan.other_wave_days])[plan.other_wave], days)
    upgraded = days > 0

    by_day = plan.lost & upgraded if "F1" in faults else np.zeros(count, dtype=np.bool_)
    late = plan.cut_off & upgraded if "F6" in faults else np.zeros(count, dtype=np.bool_)
    struck = plan.clock | plan.strikes.number | plan.strikes.key | plan.strikes.skipped
    failed = fails & upgraded & (plan.wave > 1) & ~by_day & ~late & ~struck
    days = days + failed
    of_day = np.where(by_day, by_daylight, np.where(late, evening, night))
    started = np.where(upgraded, days * DAY + of_day, NEVER)
    finished = np.where(upgraded, started + np.where(late, lasts_late, lasts), NEVER)
    return Upgrades(started, finished, days, other, failed, by_day)
