"""Money that came back for a reason that the release touches: what stops a rollout and what not."""

import json
from pathlib import Path

import numpy as np
import pytest

from daozhang.app.check import checked
from daozhang.cli.main import main
from daozhang.gate import Judge, Settings
from daozhang.gate.evidence import NEVER, Fleet, Outcome
from daozhang.gate.gather import gather, releases
from daozhang.gate.shares import bets
from daozhang.gate.weigh import weigh
from daozhang.journey.reasons import touched
from daozhang.world.rollouts import Rollout, simulate

DAY, DAYS, BEGUN, COUNT, UPGRADED = 86_400, 30, 14, 3_000, 20
STORE, CARRIER, PROVIDER, BANK = range(4)


def back(harms, shared=None):
    """A fleet whose first terminals are upgraded; ``shared`` sets what an other unit shares."""
    at = np.full(COUNT, NEVER, dtype=np.int64)
    at[:UPGRADED] = BEGUN * DAY
    harms = sorted(harms, key=lambda h: (h[1], h[0]))
    unit, day = (np.array(part, dtype=np.int64) for part in zip(*harms, strict=True))
    alike = [np.arange(COUNT) + k * COUNT for k in range(4)]
    # Who is upgraded lies at the same provider and bank, of which there are others too.
    for k in (PROVIDER, BANK):
        alike[k][: COUNT // 2] = 0
    for k in shared or ():
        alike[k][:UPGRADED] = alike[k][COUNT - 1] = 0
    outcome = Outcome(
        "returned", np.arange(COUNT), np.arange(COUNT), np.zeros(COUNT, dtype=np.int64),
        np.zeros(1, dtype=np.int64), np.where(at == NEVER, NEVER, BEGUN), 0,
        np.ones((COUNT, DAYS), dtype=np.bool_), unit, day, (day + 1) * DAY, tuple(alike),
    )  # fmt: skip
    paths, _ = weigh(outcome, Fleet("r", at, np.where(at == NEVER, -1, 0)), 1e-4)
    return {path.key: (path.exposed_hit[-1], path.log_wealth[-1]) for path in paths}


THREE = [(0, 15), (1, 15), (2, 16)]
OTHER = COUNT - 1


def test_three_accounts_of_the_upgraded_stop_when_the_others_show_none():
    count, won = back(THREE)["returned!"]
    assert count == 3
    assert 0.02 * np.exp(won) > 200


@pytest.mark.parametrize("shared", [STORE, CARRIER, PROVIDER, BANK])
def test_an_other_that_shares_anything_and_shows_the_same_takes_it_away(shared):
    told = back([*THREE, (OTHER, 14)], shared=(shared,))
    assert told.get("returned!", (0, 0.0))[0] == 0


def test_an_other_that_shares_nothing_leaves_it_but_the_others_are_weighed_too():
    alone, beside = back(THREE), back([*THREE, (OTHER, 14)])
    assert beside["returned!"][0] == 3
    assert beside["returned!"][1] <= alone["returned!"][1]
    assert beside["returned"][1] < alone["returned"][1]


def test_a_week_later_it_is_forgotten():
    assert back([(OTHER, 2), *THREE], shared=(STORE,))["returned!"][0] == 3


def test_a_file_that_sends_back_many_accounts_of_a_whole_fleet_convicts_nobody():
    """Where most are upgraded, rarity alone says nothing: files come back for all in them."""
    at = np.full(COUNT, BEGUN * DAY, dtype=np.int64)
    at[:20] = NEVER
    unit = np.arange(20, 320)
    outcome = Outcome(
        "returned", np.arange(COUNT), np.arange(COUNT), np.zeros(COUNT, dtype=np.int64),
        np.zeros(1, dtype=np.int64), np.where(at == NEVER, NEVER, BEGUN), 0,
        np.ones((COUNT, DAYS), dtype=np.bool_), unit, np.full(300, 20), np.full(300, 21 * DAY),
        (np.arange(COUNT),),
    )  # fmt: skip
    paths, _ = weigh(outcome, Fleet("r", at, np.zeros(COUNT, dtype=np.int64)), 1e-4)
    (won,) = [path.log_wealth[-1] for path in paths if path.key == "returned!"]
    assert 0.02 * np.exp(won) < 200


def test_a_lost_account_is_told_by_its_returns():
    simulated = simulate(
        2, Rollout(terminals=1000, harms=0.3, kind="account", waves=(0.05, 1.0), starts=(0,))
    )
    judge = Judge(simulated.evidence, Settings())
    assert judge.halted_at is not None
    found = {bet.key: bet for bet in bets(judge, simulated.evidence.until)}
    assert found["returned"].exposed_hit > 3 * found["returned"].expected


@pytest.mark.parametrize(
    ("reason", "is_touched"),
    [
        ("户名不符", True), ("卡号无效", True), ("验签失败", True), ("signature invalid", True),
        ("字段不符：settle_amt 无法识别", True), ("无效商户号", True), ("AC01", True),
        ("商户资料审核中", False), ("风控核查", False), ("账户冻结", False),
        ("account closed", False), ("超过限额", False), ("", False),
    ],
)  # fmt: skip
def test_reasons_that_a_release_touches(reason, is_touched):
    assert touched(reason) == is_touched


@pytest.fixture(scope="module")
def lost_accounts(tmp_path_factory) -> Path:
    place = tmp_path_factory.mktemp("world") / "w"
    assert main(["world", str(place), "--seed", "4", "--faults", "F4", "--sales", "20000"]) == 0
    return place / "in"


def test_in_an_estate_only_upgraded_accounts_send_money_back(lost_accounts):
    with checked(lost_accounts, whole=True) as found:
        assert found.settings.book is not None
        evidence = gather(
            found.engine, releases(found.engine)[0], found.settings.book.timezone,
            found.outcome.as_of,
        )  # fmt: skip
    (came_back,) = [o for o in evidence.outcomes if o.key == "returned"]
    upgraded = came_back.from_day[came_back.harm_unit] <= came_back.harm_day
    assert len(upgraded) >= 10
    # What was sold the day before and paid out after the upgrade is the release's too.
    assert np.mean(upgraded) > 0.9
    assert all(len(labels) == len(came_back.terminal) for labels in came_back.alike)
    (path,) = [p for p in Judge(evidence, Settings()).paths if p.key == "returned"]
    assert path.others_hit[-1] == 0


def test_a_providers_bad_file_convicts_no_release(tmp_path):
    """Lines refused for their fields, of upgraded terminals and others alike."""
    words = ["--seed", "3", "--faults", "F14", "--sales", "6000"]
    assert main(["world", str(tmp_path / "w"), *words]) == 0
    out = tmp_path / "r.json"
    assert main(["replay", str(tmp_path / "w" / "in"), "--every", "6h", "--out", str(out)]) == 0
    told = json.loads(out.read_text(encoding="utf-8"))
    assert [one["halted_at"] for one in told] == [None, None]
