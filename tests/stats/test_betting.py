"""Every bet is fair: its expectation under the null is at most 1, computed by other means."""

import itertools
from math import comb, exp, factorial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daozhang.stats import below, mixed, race, rate, rate_bound
from daozhang.stats.betting import LIKELY, ODDS, RATES, sensible

FAIR = 1 + 1e-9


def test_a_race_is_the_likelihood_ratio_of_the_logrank_test():
    # One harmed of 4 upgraded and 12 others: odds o make it an upgraded one with 4o / (4o + 12).
    factors = np.exp(race([1], [1], [0.25]))
    assert factors == pytest.approx([(4 * o / (4 * o + 12)) / 0.25 for o in ODDS])


@given(
    upgraded=st.integers(0, 6), others=st.integers(0, 6), harmed=st.integers(1, 6),
    looser=st.floats(0, 0.5),
)  # fmt: skip
@settings(max_examples=60, deadline=None)
def test_a_race_is_fair_whoever_is_harmed_together(upgraded, others, harmed, looser):
    units = upgraded + others
    if harmed > units:
        return
    share = min(1.0, upgraded / units + looser)
    draws = list(itertools.combinations(range(units), harmed))
    mean = sum(np.exp(race([sum(u < upgraded for u in d)], [harmed], [share])) for d in draws)
    assert (mean / len(draws) <= FAIR).all()


def test_a_race_without_others_says_nothing():
    assert race([3], [3], [1.0]) == pytest.approx(np.zeros(len(ODDS)))


@given(expected=st.floats(0.01, 3), truth=st.floats(0.01, 1))
@settings(max_examples=60, deadline=None)
def test_a_rate_is_fair_when_no_more_than_expected_happens(expected, truth):
    mean = expected * truth
    total = sum(exp(-mean) * mean**k / factorial(k) * np.exp(rate(k, expected)) for k in range(120))
    assert (total <= FAIR).all()


def test_a_rate_may_be_taken_in_steps():
    assert rate(1, 0.2) + rate(2, 0.3) == pytest.approx(rate(3, 0.5))
    assert len(rate(1, 0.2)) == len(RATES)


@pytest.mark.parametrize(("events", "bound"), [(0, 2.9957), (1, 4.7439), (5, 10.5130)])
def test_a_rate_bound_is_the_table_value(events, bound):
    # Upper 95 % limits of a Poisson mean (chi-squared with 2n + 2 degrees of freedom, halved).
    assert rate_bound(events, 1.0, 0.05) == pytest.approx(bound, abs=2e-4)
    assert rate_bound(events, 10.0, 0.05) == pytest.approx(bound / 10, abs=2e-5)


@pytest.mark.parametrize(("exposure", "miss"), [(0, 0.05), (1, 0.0), (1, 1.0)])
def test_a_rate_bound_of_nothing_is_a_broken_call(exposure, miss):
    with pytest.raises(ValueError, match="bound no rate"):
        rate_bound(0, exposure, miss)


@given(units=st.integers(1, 60), harmed=st.integers(0, 60), margin=st.floats(0.01, 0.9))
def test_below_is_the_binomial_tail(units, harmed, margin):
    harmed = min(harmed, units)
    tail = sum(comb(units, k) * margin**k * (1 - margin) ** (units - k) for k in range(harmed + 1))
    assert below(harmed, units, margin) == pytest.approx(1 / tail, rel=1e-6)


def test_nineteen_clean_terminals_refute_fifteen_in_a_hundred():
    assert below(0, 18, 0.15) < 20 <= below(0, 19, 0.15)


@pytest.mark.parametrize(("harmed", "units", "margin"), [(2, 1, 0.1), (0, 1, 0.0), (0, 1, 1.0)])
def test_below_refuses_what_is_no_count_or_margin(harmed, units, margin):
    with pytest.raises(ValueError, match="against a margin"):
        below(harmed, units, margin)


def test_a_mixture_is_the_mean_and_does_not_overflow():
    assert mixed(np.log([1.0, 3.0])) == pytest.approx(np.log(2.0))
    assert mixed(np.array([2000.0, 2000.0])) == pytest.approx(2000.0)


@pytest.mark.parametrize(("exposed", "others"), [(3, 28), (16, 84), (24, 276), (7, 1)])
def test_a_bet_cut_by_how_many_are_harmed_is_fair_given_their_number(exposed, others):
    share = exposed / (exposed + others)
    for harmed in range(1, exposed + others + 1):
        most = sensible(harmed, exposed, others)
        factors = [np.exp(race(x, harmed, share, most=most)) for x in range(harmed + 1)]
        drawn = [
            comb(exposed, x) * comb(others, harmed - x) / comb(exposed + others, harmed)
            for x in range(harmed + 1)
        ]
        assert np.all(np.sum([p * f for p, f in zip(drawn, factors, strict=True)], axis=0) < 1.001)


def test_who_is_struck_with_everybody_costs_a_bet_next_to_nothing():
    struck = race(3, 31, 3 / 31, most=sensible(31, 3, 28))
    assert struck.min() > -0.1
    assert race(3, 31, 3 / 31).min() < -10
    # What a release alone explains is not cut: of these 24 it may harm five, or one in twenty.
    assert (sensible(5, 24, 276) > ODDS)[LIKELY == 0.2].all()
    assert (sensible(3, 24, 276) > ODDS).all()
    assert (sensible(8, 24, 276) < ODDS)[LIKELY == 0.05].all()


def test_of_those_harmed_before_a_release_explains_more():
    first, again = sensible([5, 5], [8, 8], [30, 30], [False, True])
    assert (again > 4 * first).all()
