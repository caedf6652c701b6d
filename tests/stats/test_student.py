"""Student's t beside closed forms and another library's values."""

from math import atan, inf, pi, sqrt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daozhang.stats.student import t_point, t_tail


@given(t=st.floats(-50, 50))
def test_the_tail_is_the_closed_form_at_one_and_two_degrees_of_freedom(t):
    assert t_tail(t, 1) == pytest.approx(0.5 - atan(t) / pi, rel=1e-9, abs=1e-12)
    assert t_tail(t, 2) == pytest.approx(0.5 - t / (2 * sqrt(2 + t * t)), rel=1e-6, abs=1e-12)


@pytest.mark.parametrize(
    ("t", "df", "tail"),
    [
        (1.7, 3, 0.09384532077670502), (2.5, 7, 0.020496109292876444),
        (-1.2, 9, 0.8696134013047693), (4, 33, 0.0001682282838899359),
        (8, 33, 1.5711403073569577e-09), (1.645, 200, 0.05077028637137957),
        (12, 4, 0.0001382142742514865), (0, 5, 0.5), (inf, 5, 0.0),
    ],
)  # fmt: skip
def test_the_tail_is_scipys(t, df, tail):
    # scipy.stats.t.sf, version 1.17.1.
    assert t_tail(t, df) == pytest.approx(tail, rel=1e-9)


@pytest.mark.parametrize(
    ("tail", "df", "t"),
    [
        (0.05, 1, 6.313751514675044), (0.02, 5, 2.7565085219094745), (0.5, 3, 0.0),
        (0.01, 33, 2.444794199807806), (0.0005, 33, 3.6109130076544282),
        (2e-05, 27, 4.898572952513038), (0.05, 200, 1.6525081009108773),
    ],
)  # fmt: skip
def test_the_point_is_scipys(tail, df, t):
    assert t_point(tail, df) == pytest.approx(t, rel=1e-9, abs=1e-9)


@given(tail=st.floats(1e-8, 0.5), df=st.integers(1, 400))
def test_the_point_cuts_the_tail_off(tail, df):
    assert t_tail(t_point(tail, df), df) == pytest.approx(tail, rel=1e-6)


@pytest.mark.parametrize("call", [(t_tail, 1.0, 0), (t_point, 0.0, 5), (t_point, 0.6, 5)])
def test_no_distribution_is_a_broken_call(call):
    with pytest.raises(ValueError, match=r"degrees of freedom|no tail"):
        call[0](*call[1:])
