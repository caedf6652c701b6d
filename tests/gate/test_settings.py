"""Parameters are checked when they are set; the margin tightens as the fleet grows."""

import pytest

from daozhang.gate import Settings, SettingsError


@pytest.mark.parametrize(
    ("name", "value"),
    [("alpha", 0.0), ("alpha", 0.5), ("alpha", float("nan")), ("margin", 0.0), ("margin", 0.9),
     ("miss", 0.0), ("every_s", 1), ("loose_at", 300), ("loose_at", 0)],
)  # fmt: skip
def test_what_cannot_be_evaluated_is_refused(name, value):
    with pytest.raises(SettingsError, match="allowed is"):
        Settings(**{name: value})


@pytest.mark.parametrize(
    ("terminals", "margin"), [(1, 0.15), (50, 0.15), (122, 0.0866), (300, 0.05), (9_000, 0.05)]
)
def test_the_margin_is_loose_for_a_canary_and_tight_for_a_fleet(terminals, margin):
    assert Settings().margin_at(terminals) == pytest.approx(margin, abs=3e-4)


def test_half_of_alpha_is_bet():
    assert Settings(alpha=0.01).stop_at == 200
