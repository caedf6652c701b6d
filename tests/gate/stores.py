"""Simulated stores for the recovery test: daily numbers with a known change after the upgrade.

Days spread more than a Poisson count does, weekends sell more, and shocks of a day are shared by
all stores. Nothing here is shared with the code under test but the container of the numbers.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from daozhang.gate.evidence import NEVER
from daozhang.gate.recovery_days import COUNTS, StoreDays

FIRST = 20_000
"""A Thursday; the estate's first day."""

UPGRADED_ON = 35
WEEK = np.array([1.0, 1.1, 1.4, 1.3, 0.9, 0.9, 0.95])
METHODS = ("*", "card", "face", "qr")
SCORES = np.array([0.03, 0.05, 0.12, 0.3, 0.5])

Effect = Callable[[int, str, int], float]
"""Store, method and day after the upgrade to what a measure is multiplied with, or moved by."""


def unchanged(_store: int, _method: str, _day: int) -> float:
    return 1.0


def unmoved(_store: int, _method: str, _day: int) -> float:
    return 0.0


@dataclass(frozen=True)
class Plan:
    """What is simulated."""

    upgraded: int = 1
    others: int = 20
    after: int = 9
    a_day: dict[str, float] = field(
        default_factory=lambda: {"card": 150.0, "face": 40.0, "qr": 310.0}
    )
    rough: float = 0.06
    shared: float = 0.05
    failing: float = 0.02
    ratings: float = 0.0
    holiday: tuple[int, int] = (0, 0)
    holiday_sales: tuple[float, float] = (0.4, 2.2)
    slow_bank: tuple[int, int] = (0, 0)
    volume: Effect = unchanged
    failed: Effect = unmoved
    lag: Effect = unmoved
    score: Effect = unmoved


def _effects(plan: Plan, store: int, method: str, days: int) -> dict[str, np.ndarray]:
    """Return by day what each measure of a store is multiplied with, or moved by."""
    found = {}
    for name, still in (("volume", 1.0), ("failed", 0.0), ("lag", 0.0), ("score", 0.0)):
        found[name] = np.full(days, still)
        effect = getattr(plan, name)
        if store < plan.upgraded and effect not in (unchanged, unmoved):
            for day in range(UPGRADED_ON + 1, days):
                found[name][day] = effect(store, method, day - UPGRADED_ON)
    return found


def simulate(seed: int, plan: Plan) -> StoreDays:
    """Return the numbers; days of ``holiday`` and ``slow_bank`` are counted from the upgrade."""
    rng = np.random.default_rng(seed)
    stores, days = plan.upgraded + plan.others, UPGRADED_ON + 1 + plan.after
    counts = {n: np.zeros((stores, len(METHODS), days), dtype=np.int64) for n in COUNTS}
    shared = np.exp(plan.shared * rng.standard_normal(days))
    since, until = (UPGRADED_ON + n for n in plan.holiday)
    special = np.zeros((stores, days), dtype=bool)
    special[:, since:until] = True
    free = rng.uniform(*plan.holiday_sales, stores)
    slow = slice(*(UPGRADED_ON + n for n in plan.slow_bank))
    for store in range(stores):
        own = shared * np.exp(plan.rough * rng.standard_normal(days))
        own *= np.where(special[store], free[store], 1.0) * WEEK[np.arange(days) % 7]
        for place, method in enumerate(METHODS[1:], 1):
            harm = _effects(plan, store, method, days)
            sales = rng.poisson(plan.a_day[method] * own * harm["volume"])
            share = np.clip(plan.failing + harm["failed"], 0, 0.95)
            counts["sales"][store, place] = sales
            counts["failed"][store, place] = rng.poisson(sales * share / (1 - share))
            late = np.floor(harm["lag"]) + (rng.random(days) < harm["lag"] % 1)
            late[slow] += 1
            counts["lag"][store, place] = sales * (1 + late.astype(np.int64))
            counts["lag_told"][store, place] = sales
            if plan.ratings:
                rated = rng.poisson(plan.ratings, days)
                drawn = [rng.choice([1, 2, 3, 4, 5], size=n, p=SCORES) for n in rated]
                # A tenth of a point is a customer in ten who gives a point less.
                less = [
                    rng.binomial(n, -move) for n, move in zip(rated, harm["score"], strict=True)
                ]
                counts["score"][store, place] = [d.sum() for d in drawn] - np.array(less)
                counts["scores"][store, place] = rated
    for name, cube in counts.items():
        if name != "tries":
            cube[:, 0] = cube[:, 1:].sum(axis=1)
    counts["tries"][:, 0] = counts["sales"][:, 0] + counts["failed"][:, 0]
    span = np.full(stores, NEVER, dtype=np.int64)
    span[: plan.upgraded] = FIRST + UPGRADED_ON
    kin = {(s, m): ("CN", "psp", "bank") for s in range(stores) for m in range(len(METHODS))}
    names = tuple(f"S{store:03}" for store in range(stores))
    return StoreDays(
        names, METHODS, FIRST, FIRST + days - 1, counts, special, kin, {"r2": (span, span.copy())}
    )
