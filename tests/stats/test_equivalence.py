"""Intervals of a change: beside worked examples, their dual test, and how often they are right."""

from math import inf, sqrt

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daozhang.stats.equivalence import Spread, difference, period, ratio, spread
from daozhang.stats.student import t_point

ONES = np.ones(28)


def test_the_spread_of_two_periods_is_the_pooled_variance():
    one, two = np.array([1.0, 3.0, 1.0, 3.0]), np.array([10.0, 14.0, 10.0, 14.0])
    found = spread([period(one, np.ones(4)), period(two, np.ones(4))])
    assert found == Spread(pytest.approx((4 * 1 + 4 * 4) / 6), 6)


def test_days_of_weight_nought_are_not_there():
    values, weights = np.array([1.0, 99.0, 3.0, 2.0]), np.array([1.0, 0.0, 1.0, 1.0])
    assert spread([period(values, weights)]).df == 2
    assert spread([period(values, weights)]).variance == pytest.approx(1.0)


def test_a_floor_holds_where_days_are_alike_by_chance():
    assert spread([period(ONES, ONES)], least=0.25).variance == 0.25


def test_days_that_follow_each_other_count_for_less():
    level = np.repeat([1.0, 3.0, 1.0, 3.0], 7)
    plain = float(((level - 2.0) ** 2).sum()) / 27
    found = spread([period(level, ONES)]).variance
    assert 3 * plain < found <= 9.001 * plain


def test_too_few_days_are_a_broken_call():
    with pytest.raises(ValueError, match="no degree of freedom"):
        spread([period(np.ones(1), np.ones(1))])


def test_a_difference_is_the_interval_of_two_means():
    # Welch's textbook case of equal spreads: 3.0 +- 2.2622 * sqrt(4 * (1/5 + 1/6)).
    found = difference((10.0, 5.0), (13.0, 6.0), Spread(4.0, 9), 0.025)
    assert found.value == 3.0
    assert found.high - 3.0 == pytest.approx(2.262157 * sqrt(4 * (1 / 5 + 1 / 6)), rel=1e-6)
    assert 3.0 - found.low == pytest.approx(found.high - 3.0)


@given(
    mean=st.floats(0.2, 3), variance=st.floats(0.001, 4), after=st.floats(3, 200),
    before=st.floats(20, 800), margin=st.floats(0.02, 0.5),
)  # fmt: skip
def test_the_ratio_is_dual_to_the_two_one_sided_tests(mean, variance, after, before, margin):
    """The interval lies inside the margins exactly when both tests of Hauschke refuse."""
    of, tail = Spread(variance, 33), 0.05
    found = ratio((1.0, before), (mean, after), of, tail)
    if found.low == -inf:
        return

    def t(edge):
        return (mean - edge) / sqrt(variance * (1 / after + edge**2 / before))

    point = t_point(tail, 33)
    for edge, refused in (
        (1 - margin, t(1 - margin) > point),
        (1 + margin, t(1 + margin) < -point),
    ):
        if abs(abs(t(edge)) - point) > 1e-6:
            inside = found.low > edge - 1 if edge < 1 else found.high < edge - 1
            assert inside is bool(refused)


def test_a_level_not_told_from_nought_bounds_no_ratio():
    found = ratio((1.0, 2.0), (1.0, 2.0), Spread(40.0, 5), 0.05)
    assert (found.low, found.high) == (-inf, inf)


@pytest.mark.parametrize("alike", [0.0, 0.3])
def test_the_interval_holds_as_often_as_it_says(alike):
    """Of days that are alone, and of days that take after the day before."""
    rng = np.random.default_rng(8)
    missed, runs = 0, 1500
    for _ in range(runs):
        noise = rng.standard_normal(36)
        for day in range(1, 36):
            noise[day] = alike * noise[day - 1] + sqrt(1 - alike**2) * noise[day]
        days = 10 + noise
        before, after = days[:28], days[29:]
        of = spread([period(before, ONES), period(after, np.ones(7))])
        found = difference((before.mean(), 28), (after.mean(), 7), of, 0.05)
        missed += not found.low <= 0 <= found.high
    # 10 % are to be missed; days alike are missed somewhat oftener, not twice as often.
    assert missed / runs < (0.115 if alike == 0 else 0.17)
