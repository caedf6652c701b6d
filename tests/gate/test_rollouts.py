"""The gate on simulated rollouts: few of what ``bench/gate.py`` runs by the hundred."""

import os
from dataclasses import replace

import numpy as np
import pytest

from daozhang.gate import Judge, Settings
from daozhang.gate.evidence import NEVER
from daozhang.world.rollouts import KINDS, Rollout, simulate

SOAK = os.environ.get("DAOZHANG_SOAK") == "1"
GOOD = 200 if SOAK else 24
BAD = 40 if SOAK else 4
WAVES = (0.1, 0.19, 0.5, 1.0)


def judged(seed, **plan):
    simulated = simulate(seed, Rollout(waves=WAVES, starts=(0, 3, 6, 9), **plan))
    return simulated.evidence, Judge(simulated.evidence, Settings())


def test_good_releases_are_not_halted():
    sizes = [(300, 0), (300, 600), (1000, 0), (60, 240)]
    halted = [
        seed
        for seed in range(GOOD)
        if judged(
            seed, terminals=sizes[seed % 4][0], others=sizes[seed % 4][1], holiday=seed % 2 == 0
        )[1].halted_at
    ]
    assert len(halted) <= max(1, GOOD // 100)


@pytest.mark.parametrize("kind", KINDS)
def test_a_release_that_harms_half_is_halted_in_its_first_wave(kind):
    early = 0
    for seed in range(BAD):
        evidence, judge = judged(seed, harms=0.5, kind=kind)
        assert judge.halted_at is not None
        early += np.count_nonzero(evidence.fleet.exposed_at <= judge.halted_at) < 0.2 * 300
    assert early >= 0.75 * BAD


def test_a_look_uses_only_what_could_be_seen_by_then():
    """A judge who knows nothing later says the same."""
    evidence, judge = judged(5, harms=0.3, kind="account", holiday=True)
    for at in range(evidence.fleet.begun_at, evidence.until, 26 * 3600):
        past = judge.look(at)
        told = Judge(_known_by(evidence, at), Settings()).look(at)
        assert told.e_value == pytest.approx(past.e_value)
        assert replace(told, e_value=past.e_value) == past


def _known_by(evidence, at):
    def seen(o):
        keep = o.harm_seen <= at
        return replace(
            o, harm_unit=o.harm_unit[keep], harm_day=o.harm_day[keep], harm_seen=o.harm_seen[keep]
        )

    due, money = evidence.due_seen <= at, evidence.money_from <= at
    return replace(
        evidence,
        outcomes=tuple(seen(o) for o in evidence.outcomes),
        due_terminal=evidence.due_terminal[due], due_day=evidence.due_day[due],
        due_seen=evidence.due_seen[due], money_terminal=evidence.money_terminal[money],
        money_from=evidence.money_from[money], money_minor=evidence.money_minor[money],
        money_until=np.where(evidence.money_until[money] <= at, evidence.money_until[money], NEVER),
        money_exposed=evidence.money_exposed[money], until=at,
    )  # fmt: skip


def test_fail_stays_and_money_at_risk_is_told():
    evidence, judge = judged(1, harms=0.5)
    looks = judge.looks(evidence.fleet.begun_at, evidence.until)
    first = next(i for i, look in enumerate(looks) if look.verdict == "FAIL")
    assert {look.verdict for look in looks[first:]} == {"FAIL"}
    assert looks[first].at_risk_minor > 0
    assert looks[first].e_value >= 200


def test_a_wave_of_which_nothing_is_due_never_passes():
    evidence, judge = judged(2)
    begun = evidence.fleet.begun_at
    assert judge.look(begun - 1).reason == "not_begun"
    assert judge.look(begun + 3600).verdict == "WAIT"
    assert judge.look(begun + 3600).reason == "money_not_due"


def test_a_canary_of_six_is_too_few():
    simulated = simulate(3, Rollout(terminals=60, others=200, starts=(0,), waves=(0.1, 1.0)))
    judge = Judge(simulated.evidence, Settings())
    looks = judge.looks(simulated.evidence.fleet.begun_at, simulated.evidence.until)
    assert {look.verdict for look in looks} == {"WAIT"}
    assert "too_few" in {look.reason for look in looks}


def test_the_same_seed_is_the_same_trouble_however_the_waves_begin():
    one = simulate(9, Rollout(starts=(0,))).evidence.outcomes[0]
    two = simulate(9, Rollout(starts=(0, 1, 2))).evidence.outcomes[0]
    assert one.harm_unit.tolist() == two.harm_unit.tolist()


HELD = {"waves": (0.1, 0.19, 0.5, 0.9, 1.0), "starts": (0, 2, 4, 6, 14), "held": 0.1}


def test_good_releases_are_not_halted_where_some_are_held_back():
    sizes = [(300, 0), (300, 600), (1000, 0), (60, 240)]
    halted = 0
    for seed in range(GOOD):
        terminals, others = sizes[seed % 4]
        plan = Rollout(terminals=terminals, others=others, holiday=seed % 2 == 0, **HELD)
        halted += Judge(simulate(seed, plan).evidence, Settings()).halted_at is not None
    assert halted <= max(1, GOOD // 100)


def test_harm_that_begins_when_all_but_those_held_back_are_upgraded_is_found_by_them():
    late = {"terminals": 1000, "harms": 0.3, "wakes": 8}
    held = [Judge(simulate(s, Rollout(**late, **HELD)).evidence, Settings()) for s in range(BAD)]
    without = Rollout(waves=WAVES, starts=(0, 2, 4, 6), **late)
    none = [Judge(simulate(s, without).evidence, Settings()) for s in range(BAD)]
    assert sum(judge.halted_at is not None for judge in held) >= 0.9 * BAD
    assert sum(judge.halted_at is not None for judge in none) <= 0.5 * BAD
    look = held[0].look(held[0].halted_at)
    assert (look.by_lot, look.drawn, look.held, look.early) == (True, 100, 100, 0)


def test_a_judge_who_knows_nothing_later_compares_by_the_same_lot():
    plan = Rollout(harms=0.3, **{**HELD, "starts": (0, 2, 3, 4, 9)})
    evidence = simulate(5, plan).evidence
    judge, earlier = Judge(evidence, Settings()), None
    for at in range(evidence.fleet.begun_at, evidence.until, 74 * 3600):
        told = Judge(_known_by(evidence, at), Settings(), earlier)
        assert told.look(at) == replace(judge.look(at), e_value=told.look(at).e_value)
        assert told.look(at).e_value == pytest.approx(judge.look(at).e_value)
        earlier = told
