"""Counting fast changes no verdict: the same wealth as a plain second implementation."""

from dataclasses import replace

import numpy as np
import pytest

from daozhang.gate import Judge, Settings
from daozhang.gate.evidence import NEVER
from daozhang.gate.pods import parts
from daozhang.gate.weigh import staying, weigh
from daozhang.world.rollouts import KINDS, Rollout, simulate
from tests.gate.plain import plain_paths

WAVES = (0.1, 0.19, 0.5, 1.0)


def rolled(seed, terminals=60, others=(0, 40)):
    plan = Rollout(
        terminals=terminals, others=others[seed % 2], harms=(0.0, 0.1, 0.4)[seed % 3],
        kind=KINDS[seed % 5], holiday=seed % 2 == 0, waves=WAVES,
        starts=(0, 3, 6, 9)[: seed % 4 + 1], trouble=(1.0, 3.0)[seed % 2],
    )  # fmt: skip
    return simulate(seed, plan).evidence


@pytest.mark.parametrize("seed", range(12))
def test_the_wealth_is_that_of_the_plain_implementation(seed):
    evidence = rolled(seed)
    for outcome in evidence.outcomes:
        for one in (outcome, staying(outcome), staying(outcome, "=")):
            told = {
                path.key: list(
                    zip(
                        path.at.tolist(), path.log_wealth.tolist(), path.exposed_hit.tolist(),
                        path.others_hit.tolist(), strict=True,
                    )
                )
                for path in weigh(one, evidence.fleet, 1e-4)[0]
            }  # fmt: skip
            plain = plain_paths(one, evidence.fleet, 1e-4)
            assert told.keys() == plain.keys()
            for key, steps in plain.items():
                assert [s[0] for s in told[key]] == [s[0] for s in steps]
                assert [s[2:] for s in told[key]] == [s[2:] for s in steps]
                assert [s[1] for s in told[key]] == pytest.approx([s[1] for s in steps])


@pytest.mark.parametrize("seed", [1, 2, 5])
def test_so_it_is_where_an_account_is_counted_by_its_stores(seed):
    evidence = rolled(seed)
    (paid,) = (o for o in evidence.outcomes if o.key == "pay_out")
    (submit,) = (o for o in evidence.outcomes if o.key == "submit")
    providers = np.arange(len(paid.provider))
    account = paid.provider[paid.stratum[paid.pod]]
    part, stratum, provider = parts(account, providers, providers, submit.pod)
    shape = np.full(len(stratum), paid.shape[0])
    shared = replace(paid, pod=account, part=part, stratum=stratum, provider=provider, shape=shape)
    told = {path.key: path for path in weigh(shared, evidence.fleet, 1e-4)[0]}
    plain = plain_paths(shared, evidence.fleet, 1e-4)
    assert told.keys() == plain.keys()
    for key, steps in plain.items():
        assert told[key].log_wealth.tolist() == pytest.approx([step[1] for step in steps])
    # An account that is one pod, hit on both sides, would have said nothing.
    assert told["pay_out"].exposed_hit[-1] > 1


def test_all_kinds_of_bets_were_compared():
    kinds = set()
    for seed in range(12):
        evidence = rolled(seed)
        for outcome in evidence.outcomes:
            for path in weigh(outcome, evidence.fleet, 1e-4)[0]:
                kinds.add(path.key.removeprefix(outcome.key))
    assert kinds == {"", "!", "~"}


@pytest.mark.parametrize(
    "seed", [s if s in (0, 1, 5) else pytest.param(s, marks=pytest.mark.soak) for s in range(6)]
)
def test_going_on_says_the_same_as_beginning_anew(seed):
    whole = rolled(seed, terminals=200, others=(0, 300))
    judge = None
    gone_on = 0
    for at in range(whole.fleet.begun_at - 40_000, whole.until, 31 * 3600):
        known = known_by(whole, at)
        before = None if judge is None else set(map(id, walks_of(judge)))
        judge = Judge(known, Settings(), judge)
        gone_on += before is not None and before == set(map(id, walks_of(judge)))
        anew = Judge(known, Settings())
        assert judge.look(at) == anew.look(at)
        for one, other in zip(judge.paths, anew.paths, strict=True):
            assert one.key == other.key
            assert one.log_wealth.tolist() == other.log_wealth.tolist()
    assert gone_on >= 10


def walks_of(judge):
    return [walk for walks in judge.walks.values() for walk in walks]


def test_what_changed_in_the_past_is_weighed_anew():
    whole = rolled(1, terminals=200)
    at = whole.fleet.begun_at + 6 * 86_400
    judge = Judge(known_by(whole, at), Settings())
    changed = replace(
        whole, outcomes=tuple(replace(o, risk=np.roll(o.risk, 1, axis=0)) for o in whole.outcomes)
    )
    assert Judge(changed, Settings(), judge).look(at) == Judge(changed, Settings()).look(at)


def known_by(evidence, at):
    """Return what was known at a moment: harm that was seen, upgrades that had begun."""
    day = at // 86_400
    exposed_at = np.where(evidence.fleet.exposed_at <= at, evidence.fleet.exposed_at, NEVER)
    outcomes = []
    for o in evidence.outcomes:
        seen = o.harm_seen <= at
        outcomes.append(
            replace(
                o, from_day=np.where(o.from_day <= day, o.from_day, NEVER),
                risk=o.risk[:, : day - o.first_day + 1], harm_unit=o.harm_unit[seen],
                harm_day=o.harm_day[seen], harm_seen=o.harm_seen[seen],
            )
        )  # fmt: skip
    due = evidence.due_seen <= at
    return replace(
        evidence, fleet=replace(evidence.fleet, exposed_at=exposed_at), outcomes=tuple(outcomes),
        due_terminal=evidence.due_terminal[due], due_day=evidence.due_day[due],
        due_seen=evidence.due_seen[due], until=at,
    )  # fmt: skip
