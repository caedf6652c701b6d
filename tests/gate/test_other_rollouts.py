"""The gate on rollouts of which it knows nothing but the facts: another generator's CSV files."""

from datetime import UTC, datetime, timedelta, timezone

import numpy as np
import pytest

from daozhang.app.replay import Teller, replay, replay_json
from daozhang.cli.common import open_checked
from daozhang.gate import Settings
from tests.oracle.rollouts.facts import write_rollout
from tests.oracle.rollouts.plan import LEGS, Plan, banks_work

HOUR, DAY = 3_600, 86_400
HELD = {"waves": (0.1, 0.19), "starts": (0, 6), "days": 15}
"""Two waves, as a gate that says WAIT holds them: the rest of the fleet is not upgraded."""


def looked(plan, folder):
    """Return the replay and the truth."""
    fleet, victims = write_rollout(plan, folder / f"r{plan.seed}")
    with open_checked(folder / f"r{plan.seed}", None, quiet=True, whole=True) as checked:
        (one,) = replay(checked, Settings())
    assert np.count_nonzero(one.evidence.fleet.wave >= 0) == np.count_nonzero(fleet.wave >= 0)
    return one, fleet, victims


def share_at_halt(plan, folder):
    one, _, _ = looked(plan, folder)
    if one.halted_at is None:
        return 9.0
    return np.count_nonzero(one.evidence.fleet.exposed_at <= one.halted_at) / plan.terminals


def shape(seed, **more):
    """Return a rollout that differs from the next in whatever may differ."""
    return Plan(
        seed=seed, holiday=seed % 2 == 1, by_store=seed % 4 > 1, providers=1 + seed % 3,
        accounts=("store", "merchant", "store", "provider")[seed // 2 % 4],
        batches=seed % 5 != 0, coverage=seed % 7 != 0, known_at=seed % 6 != 0,
        deadlines=seed % 3 != 0, **{"sales_a_day": 2.0} | more,
    )  # fmt: skip


def test_a_bad_release_of_another_generator_is_halted_early_and_at_a_single_provider(tmp_path):
    plan = Plan(seed=3, harms=0.3, providers=1, sales_a_day=2.0, waves=(0.1, 0.19), starts=(0, 4),
                before=8, days=9, holiday=False)  # fmt: skip
    one, fleet, victims = looked(plan, tmp_path)
    assert one.passed_at is None
    assert one.halted_at is not None
    halt = next(look for look in one.looks if look.at == one.halted_at)
    assert halt.exposed <= np.count_nonzero(fleet.wave >= 0)
    assert 0 < halt.harmed <= np.count_nonzero(victims) * 2
    assert halt.at_risk_minor > 0


def test_a_good_release_of_another_generator_passes_and_is_never_halted(tmp_path):
    # A fifth is held back, three of which somebody upgrades at once all the same. Everybody is
    # upgraded at last, and nobody left to compare with.
    plan = Plan(seed=15, providers=1, accounts="merchant", sales_a_day=2.0, before=8, days=12,
                waves=(0.19, 1.0), starts=(0, 5), held=0.2, held_until=8, spoiled=3)  # fmt: skip
    one, fleet, _ = looked(plan, tmp_path)
    assert one.halted_at is None
    assert {look.verdict for look in one.looks[-48:]} <= {"PASS", "WAIT"}
    first_due = int(one.evidence.due_seen.min())
    assert first_due < one.passed_at <= first_due + 2 * DAY
    told, teller = replay_json([one], "Asia/Shanghai", "en")[0], Teller("zh", "Asia/Shanghai")
    assert (told["lot"]["terminals"], told["lot"]["held_back"]) == (300, 60)
    early = {f"T{k:05}" for k in np.flatnonzero((fleet.drawn == 0) & (fleet.wave == 0))}
    assert {row["terminal_id"] for row in told["lot"]["upgraded_early"]} == early
    while_held = next(look for look in one.looks if look.at >= one.passed_at)
    assert (while_held.by_lot, while_held.held, while_held.early) == (True, 57, 3)
    assert "57 of them held back until the last" in told["looks"][-1 - 24 * 5]["why"]
    assert "57 台留到最后一批" in teller.why(one, while_held)
    assert all(terminal in teller.why(one, while_held) for terminal in early)
    assert "Nobody of the lot is left" in told["looks"][-1]["why"]


@pytest.mark.soak
def test_30_percent_of_300_are_stopped_before_a_fifth_has_it(tmp_path):
    shares = []
    for seed in range(40):
        leg = ("any", *LEGS)[seed % 5]
        plan = shape(2_000 + seed, harms=0.3, leg=leg, sales_a_day=3.0, **HELD)
        shares.append(share_at_halt(plan, tmp_path))
    assert sum(share < 0.2 for share in shares) >= 0.95 * len(shares), shares


@pytest.mark.soak
def test_10_percent_of_1000_are_stopped_before_a_fifth_has_it(tmp_path):
    shares = [
        share_at_halt(shape(3_000 + seed, terminals=1000, harms=0.1, **HELD), tmp_path)
        for seed in range(15)
    ]
    assert sum(share < 0.2 for share in shares) >= 0.8 * len(shares), shares


@pytest.mark.soak
def test_good_releases_go_on_and_pass_within_two_business_days(tmp_path):
    soon = []
    for seed in range(40):
        terminals, others = ((300, 0), (400, 400), (1000, 0))[seed % 3]
        plan = shape(4_000 + seed, terminals=terminals, others=others, waves=(0.19, 1.0),
                     starts=(0, 16), days=22)  # fmt: skip
        one, _, _ = looked(plan, tmp_path)
        assert one.halted_at is None, plan
        first_due = int(one.evidence.due_seen.min())
        soon.append(one.passed_at and business_days(first_due, one.passed_at) <= 2)
    assert sum(map(bool, soon)) >= 0.9 * len(soon), soon


def business_days(since, until):
    china = timezone(timedelta(hours=8))
    first, last = (
        datetime.fromtimestamp(at, UTC).astimezone(china).date() for at in (since, until)
    )
    free = sum(not banks_work(first + timedelta(days=n)) for n in range(1, (last - first).days + 1))
    return (until - since) / DAY - free
