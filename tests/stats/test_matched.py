"""Matched comparison beside an exact oracle, and what it must never do."""

from fractions import Fraction
from math import exp, factorial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daozhang.stats import Stratum, excess, poisson_tail


def exact_tail(count: int, mean: Fraction) -> float:
    """1 - e^-m (1 + m + m²/2 + …), its sum in exact fractions."""
    below = sum((mean**k / factorial(k) for k in range(count)), Fraction(0))
    return 1.0 - exp(-float(mean)) * float(below)


@given(count=st.integers(0, 25), mean=st.fractions(Fraction(1, 100), 20, max_denominator=100))
def test_the_tail_is_that_of_exact_fractions(count: int, mean: Fraction) -> None:
    assert poisson_tail(count, float(mean)) == pytest.approx(exact_tail(count, mean), abs=1e-9)


def test_a_tail_far_out_is_small_and_not_nought() -> None:
    assert 0 < poisson_tail(60, 1.0) < 1e-70


@pytest.mark.parametrize(
    ("strata", "share", "beyond_chance"),
    [
        pytest.param([Stratum(300, 60, 300, 3)], (0.9, 1.0), True, id="upgraded only"),
        pytest.param([Stratum(300, 30, 300, 30)], (0.0, 0.1), False, id="both alike"),
        pytest.param(
            [Stratum(10, 9, 90, 81), Stratum(90, 1, 10, 0)],
            (0.0, 0.1), False, id="a bad day strikes all of it, whoever sold most on it",
        ),
        pytest.param([Stratum(3, 1, 5000, 50)], (0.0, 1.0), False, id="one of a canary"),
        pytest.param([Stratum(0, 0, 100, 4)], (0.0, 0.0), False, id="nobody exposed"),
    ],
)  # fmt: skip
def test_what_hits_both_is_no_excess(
    strata: list[Stratum], share: tuple[float, float], beyond_chance: bool
) -> None:
    found = excess(strata)
    assert share[0] <= found.share <= share[1]
    assert (found.chance < 0.005) is beyond_chance


@given(
    st.lists(
        st.tuples(st.integers(0, 50), st.integers(0, 50), st.integers(0, 50), st.integers(0, 50)),
        max_size=6,
    )
)
def test_order_and_empty_strata_do_not_matter(rows: list[tuple[int, int, int, int]]) -> None:
    strata = [Stratum(a + b, b, c + d, d) for a, b, c, d in rows]
    one, other = excess(strata), excess([*reversed(strata), Stratum(0, 0, 0, 0)])
    assert one.hit == other.hit
    assert one.share == pytest.approx(other.share)
    assert 0 <= one.share <= 1
    assert 0 <= one.chance <= 1
