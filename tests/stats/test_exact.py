"""Exact tails beside sums of whole numbers."""

from fractions import Fraction
from math import comb

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daozhang.stats.exact import at_least_drawn, at_least_of, at_most_of


@given(whole=st.integers(1, 60), count=st.integers(0, 60), share=st.integers(1, 99))
def test_the_binomial_tails_are_those_of_whole_numbers(whole, count, share):
    count, p = min(count, whole), Fraction(share, 100)

    def chance(k):
        return comb(whole, k) * p**k * (1 - p) ** (whole - k)

    few = float(sum(chance(k) for k in range(count + 1)))
    many = float(sum(chance(k) for k in range(count, whole + 1)))
    assert at_most_of(count, whole, share / 100) == pytest.approx(few, rel=1e-6)
    assert at_least_of(count, whole, share / 100) == pytest.approx(many, rel=1e-6)


@given(
    whole=st.integers(1, 60), drawn=st.integers(0, 60), marked=st.integers(0, 60),
    count=st.integers(0, 60),
)  # fmt: skip
def test_a_draw_is_counted_out(whole, drawn, marked, count):
    drawn, marked = min(drawn, whole), min(marked, whole)
    count = min(count, drawn, marked)
    held = range(count, min(drawn, marked) + 1)
    ways = sum(comb(marked, k) * comb(whole - marked, drawn - k) for k in held)
    expected = float(Fraction(ways, comb(whole, drawn)))
    assert at_least_drawn(count, drawn, marked, whole) == pytest.approx(expected, rel=1e-6)


def test_the_lady_tasting_tea():
    # Fisher 1935: all eight cups told apart by chance once in 70.
    assert at_least_drawn(4, 4, 4, 8) == pytest.approx(1 / 70)


def test_more_than_there_are_is_a_broken_call():
    with pytest.raises(ValueError, match="marked in"):
        at_least_drawn(3, 2, 5, 9)
