"""How often the recovery test is wrong, by simulation: small here, larger as a long proof."""

import os
from collections import Counter

import pytest

from daozhang.gate.recovery import recovery
from daozhang.gate.recovery_settings import RecoverySettings
from daozhang.world.recoveries import SMALL, Stores, simulate_stores

SOAK = os.environ.get("DAOZHANG_SOAK") == "1"
RUNS = 40 if SOAK else 3
STORES = 20
ROUGH = {"rough": 0.25, "shared": 0.15}
OWN = {"back", "better"}

AT_THE_MARGIN = {
    "fewer sales": ("volume", {"volume": lambda *_: 0.85}),
    "more sales": ("volume", {"volume": lambda *_: 1.15}),
    "fewer sales, rough days": ("volume", {"volume": lambda *_: 0.85, **ROUGH}),
    "fewer sales, no others": ("volume", {"volume": lambda *_: 0.85, "others": 0}),
    "more failed": ("success", {"failed": lambda *_: 0.02}),
    "more failed, small": ("success", {"failed": lambda *_: 0.02, "a_day": SMALL}),
    "more failed than never": (
        "success", {"failing": 0.0, "failed": lambda *_: 0.02, "a_day": SMALL},
    ),
    "later money": ("lag", {"lag": lambda *_: 0.5}),
    "later money, small": ("lag", {"lag": lambda *_: 0.5, "a_day": SMALL}),
    "lower scores": ("satisfaction", {"ratings": 8.0, "score": lambda *_: -0.3}),
}  # fmt: skip


def cells(runs, measure, **plan):
    """Count how cells of a measure, all methods together, came out."""
    found: Counter[str] = Counter()
    for seed in range(runs):
        days = simulate_stores(500 + seed, Stores(upgraded=STORES, after=36, **plan))
        for store in recovery(days, "r2", RecoverySettings()).stores:
            found.update(c.reason for c in store.cells if (c.method, c.measure) == ("*", measure))
    return found


@pytest.mark.parametrize("name", AT_THE_MARGIN)
def test_a_store_at_a_margin_seldom_passes(name):
    measure, plan = AT_THE_MARGIN[name]
    found = cells(RUNS, measure, **plan)
    stores = RUNS * STORES
    passed = sum(found[reason] for reason in OWN)
    # Five in a hundred, and three standard errors of so many runs.
    assert passed <= stores * (0.05 + 3 * (0.05 * 0.95 / stores) ** 0.5), found


UNHARMED = {
    "busy": {},
    "small": {"a_day": SMALL},
    "rough days": ROUGH,
    "no others": {"others": 0},
    "rated": {"ratings": 1.0},
    "a holiday week": {"holiday": (2, 10)},
    "a slow bank": {"slow_bank": (2, 7)},
}


@pytest.mark.parametrize("name", UNHARMED)
def test_an_unharmed_store_seldom_fails(name):
    failed = 0
    for seed in range(RUNS):
        days = simulate_stores(900 + seed, Stores(upgraded=STORES, after=36, **UNHARMED[name]))
        found = recovery(days, "r2", RecoverySettings())
        failed += found.counted["fail"]
    stores = RUNS * STORES
    assert failed <= stores * (0.05 + 3 * (0.05 * 0.95 / stores) ** 0.5)
