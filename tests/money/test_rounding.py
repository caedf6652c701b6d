"""Rounding by name against :mod:`decimal` as an independent oracle; allocation loses nothing."""

from __future__ import annotations

import decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daozhang.money import Rounding, allocate, share_of

ORACLE = {
    Rounding.HALF_UP: decimal.ROUND_HALF_UP,
    Rounding.HALF_EVEN: decimal.ROUND_HALF_EVEN,
    Rounding.DOWN: decimal.ROUND_DOWN,
    Rounding.UP: decimal.ROUND_UP,
}
AMOUNT = st.integers(-(10**13), 10**13)


@given(AMOUNT, st.integers(-(10**6), 10**6), st.sampled_from(sorted(ORACLE, key=str)))
def test_share_agrees_with_decimal(amount, numerator, rounding):
    exact = decimal.Decimal(amount) * decimal.Decimal(numerator) / decimal.Decimal(10**6)
    wanted = int(exact.quantize(decimal.Decimal(1), rounding=ORACLE[rounding]))
    assert share_of(amount, numerator, 10**6, rounding) == wanted


@given(AMOUNT, AMOUNT, st.integers(1, 10**9), st.sampled_from(sorted(ORACLE, key=str)))
def test_share_is_symmetric_and_within_a_unit(amount, numerator, denominator, rounding):
    share = share_of(amount, numerator, denominator, rounding)
    assert abs(share - Fraction(amount * numerator, denominator)) < 1
    assert share_of(-amount, numerator, denominator, rounding) == -share


@pytest.mark.parametrize(
    ("rounding", "halves"),
    [
        (Rounding.HALF_UP, [1, 2, 3, -1, -2]),
        (Rounding.HALF_EVEN, [0, 2, 2, 0, -2]),
        (Rounding.DOWN, [0, 1, 2, 0, -1]),
        (Rounding.UP, [1, 2, 3, -1, -2]),
    ],
)
def test_halves(rounding, halves):
    assert [share_of(n, 1, 2, rounding) for n in (1, 3, 5, -1, -3)] == halves


@pytest.mark.parametrize("denominator", [0, -1])
def test_denominator_is_positive(denominator):
    with pytest.raises(ValueError, match="denominator must be positive"):
        share_of(1, 1, denominator, Rounding.DOWN)


@given(AMOUNT, st.lists(st.integers(-1000, 1000), max_size=20))
def test_parts_sum_to_the_whole(total, weights):
    if sum(weights) == 0 and total != 0:
        with pytest.raises(ValueError, match="sum to zero"):
            allocate(total, weights)
        return
    parts = allocate(total, weights)
    assert len(parts) == len(weights)
    assert sum(parts) == total


@given(AMOUNT, st.lists(st.integers(0, 1000), min_size=1, max_size=20).filter(any))
def test_parts_are_within_a_unit_of_fair(total, weights):
    whole = sum(weights)
    for part, weight in zip(allocate(total, weights), weights, strict=True):
        assert abs(part - Fraction(total * weight, whole)) < 1
