"""What is missing of most terminals at once may be facts that are not in, and is no harm yet."""

from dataclasses import replace

import numpy as np

from daozhang.gate import Judge, Settings
from daozhang.gate.evidence import Fleet
from daozhang.gate.telemetry import day_outcomes
from daozhang.world.rollouts import Rollout, simulate

DAY = 86_400
FIRST, DAYS = 20_000, 12
IDS = [f"T{k}" for k in range(10)]
ALL_UPGRADED = Fleet("r", np.full(10, (FIRST + 9) * DAY), np.zeros(10, dtype=np.int64))


def silence(heard, until):
    """Return who is silent on which day, and when that is seen, of terminals heard by day."""
    rows = [
        {"terminal_id": IDS[k], "day": FIRST + d, "sales": 3, "heard": 9, "tried": 0,
         "refused": 0, "sign_in_failed": 0, "closed": 1, "unbalanced": 0}
        for k, d in zip(*np.nonzero(heard), strict=True)
    ]  # fmt: skip
    found = day_outcomes(rows, IDS, {}, ALL_UPGRADED, 0, until)
    (silent,) = (outcome for outcome in found if outcome.key == "silent")
    told = zip(silent.harm_unit, silent.harm_day - FIRST, silent.harm_seen - FIRST * DAY,
               strict=True)  # fmt: skip
    return [(int(unit), int(day), int(seen)) for unit, day, seen in told]


def test_a_few_that_are_not_heard_are_silent_two_hours_after_the_day():
    heard = np.ones((10, DAYS), dtype=np.bool_)
    heard[:4, 10] = False
    seen = 11 * DAY + 7_200
    assert silence(heard, (FIRST + 20) * DAY) == [(k, 10, seen) for k in range(4)]


def test_where_the_facts_end_nobody_is_silent():
    heard = np.ones((10, DAYS), dtype=np.bool_)
    heard[:8, 11] = False
    assert silence(heard, (FIRST + 20) * DAY) == []


def test_most_that_are_not_heard_are_silent_when_anybody_is_heard_after_it():
    heard = np.ones((10, DAYS), dtype=np.bool_)
    heard[:8, 9], heard[:, 10], heard[3:, 11] = False, False, False
    seen = 12 * DAY + 7_200
    told = silence(heard, (FIRST + 20) * DAY)
    assert [row for row in told if row[1] == 9] == [(k, 9, seen) for k in range(8)]
    # And not before.
    assert silence(heard, FIRST * DAY + seen - 1) == []


def harmed_at_first(days):
    """Return a rollout to everybody at once that harms most of them, until it is mended."""
    plan = Rollout(terminals=80, harms=0.8, waves=(1.0,), starts=(0,), trouble=0.0)
    evidence = simulate(4, plan).evidence
    mended = evidence.fleet.begun_at // DAY + days
    outcomes = []
    for o in evidence.outcomes:
        kept = o.harm_day < mended
        outcomes.append(replace(o, harm_unit=o.harm_unit[kept], harm_day=o.harm_day[kept],
                                harm_seen=o.harm_seen[kept]))  # fmt: skip
    return replace(evidence, outcomes=tuple(outcomes))


def verdicts(evidence):
    looks = Judge(evidence, Settings()).looks(evidence.fleet.begun_at, evidence.until)
    return {look.verdict for look in looks}


def test_harm_of_most_does_not_pass_because_it_has_ended():
    assert "PASS" not in verdicts(harmed_at_first(days=3))
    assert "PASS" in verdicts(harmed_at_first(days=0))
