"""Was the lot kept, and what is compared by it."""

import numpy as np
import pytest

from daozhang.gate import Fleet
from daozhang.gate.evidence import NEVER
from daozhang.gate.lot import Lot, Turns
from daozhang.gate.weigh import weigh
from tests.gate.test_weigh import BEGUN, DAY, last, outcome

NO = NEVER
WAVES = [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 2]


def lot(wave=WAVES, known=0):
    wave = np.array(wave)
    held = wave == wave.max()
    return Lot(wave, held, np.where(wave >= 0, known, NEVER))


@pytest.mark.parametrize(
    ("exposed", "out"),
    [
        ([1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 5, 5], []),
        ([1, 1, 1, 1, NO, 3, 3, 3, 3, NO, 5, 5], []),  # Four fifths are the wave.
        ([1, 1, 1, NO, NO, 3, NO, NO, NO, NO, NO, NO], [5]),
        ([1, 1, 1, 1, 1, 3, 3, 3, 3, 3, 2, 5], [10]),
        ([1, 1, 1, 1, 1, NO, NO, NO, NO, NO, 1, 1], [10, 11]),
    ],
)
def test_who_is_upgraded_before_those_drawn_before_is_out_of_turn(exposed, out):
    assert np.flatnonzero(lot().out_of_turn(np.array(exposed))).tolist() == out


def test_who_was_never_drawn_is_out_of_turn():
    assert lot([0, 0, -1, 1]).out_of_turn(np.array([1, 1, 1, 2])).tolist() == [0, 0, 1, 0]


def test_who_is_drawn_later_does_not_spoil_what_was_in_turn():
    wave = np.array([0, 0, 1, 1, 0, 0, 0, 0])
    known = np.array([0, 0, 0, 0, 4, 4, 4, 4])
    exposed = np.array([1, 1, 3, 3, NO, NO, NO, NO])
    assert not Lot(wave, wave == 1, known).out_of_turn(exposed).any()


def test_a_lot_is_kept_while_a_fifth_at_most_is_out_of_turn():
    exposed = np.array([1, 1, 1, 1, 1, NO, NO, NO, NO, NO, 2, 3])
    turns = Turns(lot(), exposed)
    assert [turns.kept(at) for at in range(6)] == [True, True, True, True, False, False]
    assert turns.early(2).tolist() == [10]
    assert turns.early(9).tolist() == [10, 11]
    assert np.flatnonzero(turns.waiting(2)).tolist() == [5, 6, 7, 8, 9, 11]
    assert not Turns(lot(known=5), exposed).kept(4)


def raced(harms, drawn):
    """Return the log wealth against 20 of 80 upgraded; 20 others wait, the rest was never drawn."""
    at = np.full(80, NEVER, dtype=np.int64)
    at[:20] = BEGUN * DAY
    wave = np.full(80, -1)
    wave[:20], wave[20:40] = 0, 1
    fleet = Fleet("r", at, np.where(at == NEVER, -1, 0), lot(wave) if drawn else None)
    paths, _ = weigh(outcome(80, 20, harms), fleet, 1e-4)
    return last(paths, "submit")


def test_others_that_differ_by_more_than_chance_say_nothing_beside_a_lot():
    # All of the lot are careless shops; the rest of the estate never forgets anything.
    careless = [(u, 12 + u % 4) for u in range(40)]
    assert raced(careless, drawn=False) > 3
    assert raced(careless, drawn=True) < 0
    # The rest of the estate is careless, and hides what the release does.
    hidden = [*((u, 12 + u % 4) for u in range(10)), *((u, 12 + u % 4) for u in range(40, 80))]
    assert raced(hidden, drawn=False) < 0
    assert raced(hidden, drawn=True) > 3


def test_without_anybody_left_of_the_lot_all_others_are_compared_with():
    at = np.where(np.arange(80) < 40, BEGUN * DAY, NEVER)
    wave = np.where(np.arange(80) < 40, 0, -1)
    harms = [(u, 12 + u % 4) for u in range(20)]
    fleet = Fleet("r", at, np.where(at == NEVER, -1, 0), lot(wave))
    paths, _ = weigh(outcome(80, 40, harms), fleet, 1e-4)
    assert last(paths, "submit") > 3
