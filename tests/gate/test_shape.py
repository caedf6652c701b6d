"""Terminals are compared with those that sell alike, where there are enough of them."""

import numpy as np

from daozhang.gate.evidence import NEVER, NO_INTS, Fleet, Outcome
from daozhang.gate.shape import CHANNELS, ENOUGH, UNKNOWN, Usual, alike, cells, usual
from daozhang.gate.weigh import weigh

DAY = 86_400
BEGUN, DAYS = 14, 28
SMALL, BUSY = 1 * CHANNELS, 4 * CHANNELS
STOP = np.log(200)


def sides(upgraded, others):
    flags = np.zeros((upgraded + others, 2), dtype=np.bool_)
    flags[:upgraded, 1] = flags[upgraded:, 0] = True
    return flags


def test_a_shape_is_what_was_sold_a_day_and_by_which_channel():
    # Terminal, channel, day, sales: three days of 2, three of 40, mixed, and two days only.
    rows = [(0, 0, d, 2) for d in range(3)] + [(1, 1, d, 40) for d in range(3)]
    rows += [(2, c, d, 20) for c in (0, 1) for d in range(3)] + [(3, 0, d, 9) for d in range(2)]
    told = usual(*np.array(rows).T, 5)
    assert told.shape.tolist() == [
        CHANNELS + 1, 3 * CHANNELS + 2, 3 * CHANNELS, UNKNOWN, UNKNOWN,
    ]  # fmt: skip
    assert told.sales.tolist() == [6, 120, 120, 18, 0]


def test_a_pod_sells_as_its_busiest_terminal_does():
    told = Usual(np.array([SMALL, BUSY, SMALL]), np.array([10, 900, 20]))
    pod, part = np.array([0, 0, 1]), np.array([2, 3, 1])
    terminals = np.arange(3)
    assert told.of_pods(4, terminals, pod, part).tolist() == [BUSY, SMALL, SMALL, BUSY]
    assert told.of_pods(2, terminals, pod, NO_INTS).tolist() == [BUSY, SMALL]


def groups(stratum, shape, flags):
    found = cells(np.array(stratum), np.array(shape, dtype=np.int64))
    by_shape = [np.bincount(found.shape, flags[:, side], len(found.whole)) for side in (0, 1)]
    return alike(found, *by_shape)[found.shape], found


def test_pods_of_one_shape_are_compared_where_enough_of_them_are_not_upgraded():
    shape = [SMALL] * 2 + [BUSY] * 2 + [SMALL] * ENOUGH + [BUSY] * ENOUGH
    cell, found = groups([0] * len(shape), shape, sides(4, 2 * ENOUGH))
    assert [len(set(cell[np.array(shape) == of].tolist())) for of in (SMALL, BUSY)] == [1, 1]
    assert cell[0] != cell[2]
    assert (found.strata[cell] == 0).all()


def test_whatever_the_channel_where_a_channel_has_too_few():
    shape = [SMALL + 1, SMALL + 2] + [SMALL + 1] * 5 + [SMALL + 2] * 5 + [BUSY] * ENOUGH
    cell, _ = groups([0] * len(shape), shape, sides(2, 10 + ENOUGH))
    assert len(set(cell[:12].tolist())) == 1
    assert cell[0] != cell[-1]


def test_the_whole_stratum_where_somebody_upgraded_has_too_few_of_his_like():
    shape = [SMALL, BUSY] + [SMALL] * (ENOUGH - 1) + [BUSY] * ENOUGH
    cell, _ = groups([0] * len(shape), shape, sides(2, 2 * ENOUGH - 1))
    assert len(set(cell.tolist())) == 1
    # Another stratum is not concerned.
    cell, found = groups([0] * len(shape) + [1] * 2 * ENOUGH, shape + [SMALL] * ENOUGH + [BUSY] *
        ENOUGH, np.vstack([sides(2, 2 * ENOUGH - 1), sides(0, 2 * ENOUGH)]))  # fmt: skip
    assert len(set(cell[len(shape) :].tolist())) == 2
    assert set(found.strata[cell[len(shape) :]].tolist()) == {1}


def test_nobody_is_told_apart_where_no_shape_is_known():
    cell, found = groups([0, 1, 1], NO_INTS, sides(1, 2))
    assert cell.tolist() == [0, 1, 1]
    assert found.strata.tolist() == [0, 1]


def world(seed, shape, upgraded, chance):
    """An estate of one stratum, and harm of every terminal and day by chance.

    Args:
        seed: of chance.
        shape: by terminal.
        upgraded: by terminal.
        chance: by terminal, of harm on a day, before the rollout and since.
    """
    count = len(shape)
    drawn = np.random.default_rng(seed).random((count, DAYS))
    before, since = chance
    harmed = np.where(np.arange(DAYS) < BEGUN, drawn < before[:, None], drawn < since[:, None])
    day, unit = np.nonzero(harmed.T)
    at = np.where(upgraded, BEGUN * DAY, NEVER)
    from_day = np.where(upgraded, BEGUN, NEVER)
    terminals = np.arange(count)
    return Fleet("r", at, np.where(upgraded, 0, -1)), {
        name: Outcome(
            "submit", terminals, terminals, np.zeros(count, dtype=np.int64), np.zeros(1, np.int64),
            from_day, 0, np.ones((count, DAYS), dtype=np.bool_), unit, day, (day + 1) * DAY,
            shape=of,
        )
        for name, of in (("shaped", shape), ("plain", NO_INTS))
    }  # fmt: skip


def most(fleet, outcome):
    (raced,) = (p for p in weigh(outcome, fleet, 1e-4)[0] if p.key == "submit")
    return float(raced.log_wealth.max(initial=0.0))


SHAPE = np.array([SMALL] * 150 + [BUSY] * 300)


WORLDS = 8


def halted(upgraded, since):
    """Return how many of the worlds are halted by shape, and without it."""
    found = dict.fromkeys(("shaped", "plain"), 0)
    for seed in range(WORLDS):
        fleet, told = world(seed, SHAPE, upgraded, (np.full(450, 0.004), since))
        for name, outcome in told.items():
            found[name] += most(fleet, outcome) >= STOP
    return found["shaped"], found["plain"]


def test_what_strikes_small_shops_does_not_convict_a_release_given_to_them_first():
    """A holiday keeps small shops from handing in, upgraded or not."""
    shaped, plain = halted(np.arange(450) < 60, np.where(SHAPE == SMALL, 0.1, 0.004))
    assert shaped == 0
    assert plain >= WORLDS - 2


def test_what_strikes_small_shops_does_not_hide_what_a_release_does_to_the_busy():
    upgraded = np.arange(450) >= 410
    shaped, plain = halted(upgraded, np.where(SHAPE == SMALL, 0.2, 0.004) + 0.05 * upgraded)
    assert shaped >= WORLDS - 1
    assert plain <= 1
