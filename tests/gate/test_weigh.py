"""What counts as evidence, each rule by itself."""

import numpy as np
import pytest

from daozhang.gate.evidence import NEVER, Fleet, Outcome
from daozhang.gate.weigh import TOGETHER, staying, weigh
from daozhang.stats import mixed, race

DAY = 86_400
DAYS = 30
BEGUN = 10


def fleet(count, upgraded):
    at = np.full(count, NEVER, dtype=np.int64)
    at[:upgraded] = BEGUN * DAY
    return Fleet("r", at, np.where(at == NEVER, -1, 0))


def outcome(count, upgraded, harms, *, pod=None, stratum=None, key="submit"):
    pods = np.arange(count) if pod is None else np.array(pod)
    strata = np.zeros(pods.max() + 1, dtype=np.int64) if stratum is None else np.array(stratum)
    harms = sorted(harms, key=lambda h: (h[1], h[0]))
    unit = np.array([u for u, _ in harms], dtype=np.int64)
    day = np.array([d for _, d in harms], dtype=np.int64)
    from_day = np.where(np.arange(count) < upgraded, BEGUN, NEVER)
    risk = np.ones((count, DAYS), dtype=np.bool_)
    providers = np.arange(strata.max() + 1) // 5
    return Outcome(
        key,
        np.arange(count),
        pods,
        strata,
        providers,
        from_day,
        0,
        risk,
        unit,
        day,
        (day + 1) * DAY,
    )


def last(paths, key):
    return next((float(p.log_wealth[-1]) for p in paths if p.key == key), 0.0)


def test_harm_of_the_upgraded_alone_wins_as_the_bet_says():
    paths, harm = weigh(outcome(40, 4, [(0, 12), (1, 12)]), fleet(40, 4), 1e-4)
    assert last(paths, "submit") == pytest.approx(mixed(race([2], [2], [0.1]) / TOGETHER))
    assert harm.terminal.tolist() == [0, 1]
    assert harm.exposed.all()


def test_harm_of_the_others_alone_loses():
    paths, _ = weigh(outcome(40, 4, [(9, 12), (10, 12), (11, 13)]), fleet(40, 4), 1e-4)
    assert last(paths, "submit") < 0


def test_what_strikes_everybody_says_nothing_against_the_release():
    harms = [(u, 12) for u in range(40)]
    paths, harm = weigh(outcome(40, 4, harms), fleet(40, 4), 1e-4)
    assert last(paths, "submit") <= 0
    assert not len(harm.terminal)


def test_what_fails_together_counts_once():
    alone, _ = weigh(outcome(40, 8, [(u, 12) for u in range(4)]), fleet(40, 8), 1e-4)
    one_store = [0, 0, 0, 0, *range(1, 37)]
    together, _ = weigh(
        outcome(40, 8, [(u, 12) for u in range(4)], pod=one_store), fleet(40, 8), 1e-4
    )
    assert last(together, "submit") < last(alone, "submit") / 2


def test_a_store_whose_other_terminals_fail_too_says_nothing():
    pairs = [u // 2 for u in range(40)]
    flags = fleet(40, 0)
    at = np.where(np.arange(40) % 2 == 0, BEGUN * DAY, NEVER)
    half = Fleet("r", at, np.where(at == NEVER, -1, 0))
    made = outcome(40, 0, [(0, 12), (1, 12)], pod=pairs)
    made = Outcome(
        made.key, made.terminal, made.pod, made.stratum, made.provider,
        np.where(at == NEVER, NEVER, BEGUN), 0, made.risk, made.harm_unit, made.harm_day,
        made.harm_seen,
    )  # fmt: skip
    paths, _ = weigh(made, half, 1e-4)
    assert flags.begun_at == NEVER
    assert last(paths, "submit") == 0


def test_a_harmed_terminal_does_not_count_again():
    once, _ = weigh(outcome(40, 4, [(0, 12)]), fleet(40, 4), 1e-4)
    often, harm = weigh(outcome(40, 4, [(0, d) for d in range(12, 20)]), fleet(40, 4), 1e-4)
    assert last(often, "submit") == pytest.approx(last(once, "submit"))
    assert len(harm.terminal) == 8


def test_who_stays_harmed_counts_once_more():
    harms = [(0, 12), (0, 13), (0, 15), (1, 12), (1, 20), (1, 28), (2, 12), (2, 17)]
    made = staying(outcome(40, 4, harms))
    assert made.harm_unit.tolist() == [0]
    assert made.harm_seen.tolist() == [16 * DAY]
    twice = staying(outcome(40, 4, harms), "=")
    assert list(zip(twice.harm_unit.tolist(), twice.harm_day.tolist(), strict=True)) == [
        (0, 13), (0, 15), (2, 17),
    ]  # fmt: skip


def test_days_before_the_upgrade_do_not_make_one_stay_harmed():
    assert not len(staying(outcome(40, 4, [(0, 8), (0, 9), (0, 10)])).harm_unit)


def test_days_without_others_are_compared_with_the_past():
    ten = list(range(10)) * 2
    bad = [(u, d) for u in range(10) for d in range(12, 30)]
    everybody = fleet(20, 20)
    paths, _ = weigh(outcome(20, 20, bad, stratum=ten), everybody, 0.01)
    assert last(paths, "submit") == 0
    assert last(paths, "submit~") > 0
    usual = [(u, d) for u in range(10) for d in (2, 4, 6, 8, 12)]
    paths, _ = weigh(outcome(20, 20, usual, stratum=ten), everybody, 0.01)
    assert last(paths, "submit~") < 0


def test_one_provider_stalling_says_nothing_when_no_others_are_left():
    ten = list(range(10)) * 2
    bad = [(u, d) for u in range(5) for d in range(12, 30)]
    paths, _ = weigh(outcome(20, 20, bad, stratum=ten), fleet(20, 20), 0.01)
    assert last(paths, "submit~") == 0


def test_rare_events_of_the_upgraded_stop_when_the_others_show_none():
    calm = outcome(400, 4, [(0, 12), (1, 12), (2, 13)], key="unbalanced")
    paths, _ = weigh(calm, fleet(400, 4), 1e-4)
    assert last(paths, "unbalanced!") > np.log(100)
    shared = outcome(400, 4, [(0, 12), (1, 12), (2, 13), (9, 12), (9, 13)], key="unbalanced")
    paths, _ = weigh(shared, fleet(400, 4), 1e-4)
    assert last(paths, "unbalanced!") <= 0
