"""What is shown of a rollout: day by day, from what was known at the moment and no later."""

from dataclasses import replace

import numpy as np
import pytest

from daozhang.gate import Judge, Settings
from daozhang.gate.evidence import NEVER
from daozhang.gate.shares import bets, day_shares
from daozhang.world.rollouts import Rollout, simulate

WAVES = (0.1, 0.19, 0.5, 1.0)


@pytest.fixture(scope="module")
def evidence():
    return simulate(
        3, Rollout(terminals=300, others=100, harms=0.3, waves=WAVES, starts=(0, 3))
    ).evidence


def test_a_harmful_release_stands_out_of_the_others(evidence):
    days = day_shares(evidence, evidence.until)
    both = [(d.upgraded, d.others) for d in days if d.upgraded and d.others]
    assert len(both) > 15
    assert sum(up.permille > 3 * others.permille for up, others in both) > 10
    for side in (side for pair in both for side in pair):
        assert 0 <= side.part <= side.whole <= side.terminals
        assert side.harmed <= side.terminals


def test_days_before_the_rollout_have_others_only(evidence):
    days = day_shares(evidence, evidence.until)
    before = [d for d in days if d.upgraded is None]
    assert len(before) == 7
    assert all(d.told and d.others for d in before)


def test_nothing_later_is_shown(evidence):
    at = evidence.fleet.begun_at + 4 * 86_400
    cut = replace(
        evidence,
        outcomes=tuple(
            replace(
                o, harm_unit=o.harm_unit[o.harm_seen <= at], harm_day=o.harm_day[o.harm_seen <= at],
                harm_seen=o.harm_seen[o.harm_seen <= at],
            )
            for o in evidence.outcomes
        ),
    )  # fmt: skip
    assert day_shares(cut, at) == day_shares(evidence, at)
    assert day_shares(evidence, at)[-1].day < at // 86_400
    assert not day_shares(evidence, at)[-1].told


def test_the_others_are_weighted_as_the_upgraded_lie(evidence):
    submit, _, _, credit = evidence.outcomes[:4]
    day = evidence.fleet.begun_at // 86_400 + 1
    upgraded = credit.from_day <= day
    # All others of one stratum are harmed; nobody who is upgraded lies in it.
    away = credit.stratum[credit.pod] == 0
    unit = np.flatnonzero(away & credit.risk[:, day - credit.first_day])
    only = replace(
        credit, harm_unit=unit, harm_day=np.full(len(unit), day),
        harm_seen=np.full(len(unit), (day + 1) * 86_400),
    )  # fmt: skip
    none = np.zeros(0, dtype=np.int64)
    spared = replace(
        submit, from_day=np.where(away & upgraded, NEVER, credit.from_day), harm_unit=none,
        harm_day=none, harm_seen=none,
    )  # fmt: skip
    (shown,) = [
        d
        for d in day_shares(replace(evidence, outcomes=(spared, only)), evidence.until)
        if d.day == day
    ]
    assert shown.others.permille == 0
    assert shown.others.harmed == 0


def test_no_upgrade_is_no_picture(evidence):
    nobody = tuple(replace(o, from_day=np.full(len(o.from_day), NEVER)) for o in evidence.outcomes)
    assert day_shares(replace(evidence, outcomes=nobody), evidence.until) == ()
    assert day_shares(replace(evidence, outcomes=()), evidence.until) == ()


def test_the_mean_of_the_bets_is_the_evidence(evidence):
    judge = Judge(evidence, Settings())
    for at in (judge.halted_at, evidence.until):
        found = bets(judge, at)
        mean = sum(bet.stake * bet.e_value for bet in found) + 1 - sum(b.stake for b in found)
        assert mean == pytest.approx(judge.look(at).e_value)
    assert bets(judge, evidence.fleet.begun_at) == ()
