"""Who is drawn for which wave: fair, spread, and nobody's to bend."""

from collections import Counter

import numpy as np
import pytest

from daozhang.gate import Place, SettingsError, draw_waves
from daozhang.gate.holdback import draw, usual_share

STORES = (1, 2, 3, 10, 40)


def fleet(terminals=300):
    """Terminals in stores of several sizes, at three providers, four banks and two carriers."""
    rng, places = np.random.default_rng(1), []
    while len(places) < terminals:
        store = f"S{len(places)}"
        where = (f"P{rng.integers(3)}", f"B{rng.integers(4)}", f"C{rng.integers(2)}", store)
        size = min(int(rng.choice(STORES)), terminals - len(places))
        places += [Place(*where, f"T{len(places) + k:04}") for k in range(size)]
    return places


def test_a_lot_follows_from_release_terminals_and_salt_and_from_nothing_else():
    places = fleet()
    one = draw_waves("3.2.1", places, salt="a")
    assert draw_waves("3.2.1", reversed(places), salt="a") == one
    assert draw_waves("3.2.1", places, salt="b").held != one.held
    assert draw_waves("3.2.2", places, salt="a").held != one.held


def test_everybody_is_in_one_wave_and_the_waves_end_where_they_should():
    waves = draw_waves("r", fleet(), ends=(0.1, 0.19, 0.5), held=0.2)
    assert [len(wave) for wave in waves.every] == [30, 27, 93, 90, 60]
    assert Counter(t for wave in waves.every for t in wave).most_common(1)[0][1] == 1
    assert {t for wave in waves.every for t in wave} == {p.terminal_id for p in fleet()}
    assert waves.every[-1] == waves.held


def test_what_fails_together_is_held_back_in_its_share():
    places = fleet(1000)
    for salt in "abc":
        held = set(draw_waves("r", places, held=0.1, salt=salt).held)
        for level in ("provider", "store"):
            whole = Counter(getattr(place, level) for place in places)
            back = Counter(getattr(place, level) for place in places if place.terminal_id in held)
            for name, count in whole.items():
                assert abs(back[name] - count / 10) <= 1, (level, name)


def test_each_terminal_has_the_same_chance():
    places, found = fleet(50), Counter()
    for salt in range(2_000):
        found.update(draw(places, 5, str(salt)))
    # Two hundred each, with a standard deviation of 13.4; the farthest of fifty is within four.
    assert sum(found.values()) == 10_000
    assert all(abs(found[place.terminal_id] - 200) < 54 for place in places)


def test_as_many_are_held_back_as_the_fleet_needs():
    assert [round(usual_share(n), 3) for n in (60, 180, 300, 600, 5_000)] == [
        0.333, 0.333, 0.2, 0.1, 0.1,
    ]  # fmt: skip
    assert len(draw_waves("r", fleet()).held) == 60
    assert draw_waves("r", fleet(), held=0).held == ()


def test_small_fleets_leave_empty_waves_out():
    waves = draw_waves("r", fleet(3))
    assert [len(wave) for wave in waves.every] == [1, 1, 1]


@pytest.mark.parametrize(
    ("more", "said"),
    [
        ({"held": 0.6}, "hold-back is 0.6; allowed is 0 to 0.5"),
        ({"held": -0.1}, "hold-back is -0.1"),
        ({"ends": (0.2, 0.1)}, "waves is 0.2, 0.1; allowed is ascending"),
        ({"ends": (0.0, 0.5)}, "waves is 0, 0.5"),
        ({"ends": (0.5, 1.5)}, "waves is 0.5, 1.5"),
    ],
)
def test_shares_that_cannot_be_are_refused(more, said):
    with pytest.raises(SettingsError, match=said):
        draw_waves("r", fleet(), **more)


def test_a_terminal_named_twice_is_refused():
    with pytest.raises(ValueError, match="named twice: T0000"):
        draw_waves("r", [fleet()[0]] * 2)
