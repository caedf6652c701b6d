"""Simulated stores around an upgrade, as daily numbers with a known change after it.

Days spread more than a Poisson count does, weekends sell more, shocks of a day strike all stores,
and a holiday multiplies each store's sales by a factor of its own. Shares nothing with the
recovery test but the container of its numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from daozhang.gate.evidence import NEVER
from daozhang.gate.recovery_days import ALL, COUNTS, StoreDays
from daozhang.world._clock import Floats

__all__ = ["FIRST_DAY", "METHODS", "SMALL", "UPGRADED_ON", "Stores", "simulate_stores"]

FIRST_DAY: Final = 20_000
"""The first day, a Friday, in days since 1970."""

UPGRADED_ON: Final = 35
"""The day of the upgrade, counted from the first."""

METHODS: Final = (ALL, "card", "face", "qr")
SMALL: Final[Mapping[str, float]] = {"card": 30.0, "face": 8.0, "qr": 60.0}
"""What a small store sells a day."""

_BUSY: Final[Mapping[str, float]] = {"card": 150.0, "face": 40.0, "qr": 310.0}
_WEEK: Final = np.array([1.1, 1.4, 1.3, 0.9, 0.9, 0.95, 1.0])
_SCORES: Final = (0.03, 0.05, 0.12, 0.3, 0.5)

Effect = Callable[[int, str, int], float]
"""Store, method and day after the upgrade to what a measure is multiplied with, or moved by."""


@dataclass(frozen=True, slots=True)
class Stores:
    """What is simulated.

    Attributes:
        upgraded: stores upgraded, all on one day.
        others: stores that never are.
        after: days after the upgrade.
        a_day: sales by method.
        rough: a store's own spread of a day beyond chance, as a share.
        shared: the spread that all stores share.
        failing: share of attempts that fail.
        ratings: ratings by method and day.
        holiday: days after the upgrade, the last not included.
        slow_bank: days after the upgrade whose money takes a day longer in all stores.
        volume: the change of sales, a factor; None: none.
        failed: the change of the failing share.
        lag: business days that money takes longer; a part of a day is a chance of one.
        score: the fall of the mean score, not above nought.
    """

    upgraded: int = 1
    others: int = 20
    after: int = 9
    a_day: Mapping[str, float] = field(default_factory=lambda: _BUSY)
    rough: float = 0.06
    shared: float = 0.05
    failing: float = 0.02
    ratings: float = 0.0
    holiday: tuple[int, int] = (0, 0)
    slow_bank: tuple[int, int] = (0, 0)
    volume: Effect | None = None
    failed: Effect | None = None
    lag: Effect | None = None
    score: Effect | None = None


def simulate_stores(seed: int, plan: Stores) -> StoreDays:
    """Return the numbers of the stores, the upgraded ones first, for release ``r2``."""
    rng = np.random.default_rng(seed)
    stores, days = plan.upgraded + plan.others, UPGRADED_ON + 1 + plan.after
    counts = {n: np.zeros((stores, len(METHODS), days), dtype=np.int64) for n in COUNTS}
    special = np.zeros((stores, days), dtype=np.bool_)
    special[:, slice(*(UPGRADED_ON + n for n in plan.holiday))] = True
    slow = slice(*(UPGRADED_ON + n for n in plan.slow_bank))
    shared = np.exp(plan.shared * rng.standard_normal(days)) * _WEEK[np.arange(days) % 7]
    free = rng.uniform(0.4, 2.2, stores)
    for store in range(stores):
        own = shared * np.exp(plan.rough * rng.standard_normal(days))
        own *= np.where(special[store], free[store], 1.0)
        for place, method in enumerate(METHODS[1:], 1):
            harm = _effects(plan, store, method, days)
            sales = rng.poisson(plan.a_day[method] * own * harm["volume"])
            share = np.clip(plan.failing + harm["failed"], 0, 0.95)
            late = np.floor(harm["lag"]) + (rng.random(days) < harm["lag"] % 1)
            late[slow] += 1
            drawn = {
                "sales": sales,
                "failed": rng.poisson(sales * share / (1 - share)),
                "lag": sales * (1 + late.astype(np.int64)),
                "lag_told": sales,
            }
            if plan.ratings:
                rated = rng.poisson(plan.ratings, days)
                score = rng.multinomial(rated, _SCORES) @ np.arange(1, 6)
                # A fall by a tenth of a point is one customer in ten who gives a point less.
                drawn |= {"scores": rated, "score": score - rng.binomial(rated, -harm["score"])}
            for name, numbers in drawn.items():
                counts[name][store, place] = numbers
    for cube in counts.values():
        cube[:, 0] = cube[:, 1:].sum(axis=1)
    counts["tries"][:, 0] = counts["sales"][:, 0] + counts["failed"][:, 0]
    span = np.full(stores, NEVER, dtype=np.int64)
    span[: plan.upgraded] = FIRST_DAY + UPGRADED_ON
    kin = {(s, m): ("CN", "psp", "bank") for s in range(stores) for m in range(len(METHODS))}
    names = tuple(f"S{store:03}" for store in range(stores))
    last = FIRST_DAY + days - 1
    spans = {"r2": (span, span.copy())}
    return StoreDays(names, METHODS, FIRST_DAY, last, counts, special, kin, spans)


def _effects(plan: Stores, store: int, method: str, days: int) -> dict[str, Floats]:
    """Return by day what each measure of a store is multiplied with, or moved by."""
    found: dict[str, Floats] = {}
    for name, still in (("volume", 1.0), ("failed", 0.0), ("lag", 0.0), ("score", 0.0)):
        found[name] = np.full(days, still)
        effect: Effect | None = getattr(plan, name)
        if store < plan.upgraded and effect is not None:
            for day in range(UPGRADED_ON + 1, days):
                found[name][day] = effect(store, method, day - UPGRADED_ON)
    return found
