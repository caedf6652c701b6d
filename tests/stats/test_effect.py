"""Bounds of an effect: exact where a table tells, and kept as often as they say."""

from __future__ import annotations

import numpy as np
import pytest

from daozhang.stats import Stratum, excess
from daozhang.stats.effect import events_between, share_between


@pytest.mark.parametrize(
    # Exact 95 % limits of a Poisson mean, as printed in tables.
    ("events", "low", "high"),
    [(0, 0.0, 3.689), (1, 0.0253, 5.572), (5, 1.623, 11.668), (10, 4.795, 18.390),
     (50, 37.11, 65.92)],
)  # fmt: skip
def test_a_mean_lies_between_the_limits_of_the_table(events, low, high) -> None:
    assert events_between(events, 0.05) == pytest.approx((low, high), abs=6e-3)


def test_a_miss_that_is_no_probability_is_a_broken_call() -> None:
    with pytest.raises(ValueError, match="bounds nothing"):
        events_between(3, 1.0)


def test_bounds_hold_the_estimate_and_narrow_with_more() -> None:
    few = excess([Stratum(100, 12, 1_000, 10)])
    many = excess([Stratum(10_000, 1_200, 100_000, 1_000)])
    (low, high), (near, far) = share_between(few), share_between(many)
    assert 0 < low < few.share < high < 1
    assert low < near < many.share < far < high
    none = excess([Stratum(100, 1, 1_000, 10)])
    assert share_between(none)[0] == 0.0
    # Nobody else was hit: all of it may be the exposure's.
    assert share_between(excess([Stratum(111, 12, 1_054, 0)]))[1] == 1.0


def test_the_true_share_lies_between_as_often_as_said() -> None:
    rng, kept = np.random.default_rng(4), 0
    exposed, others, usual, more = 300, 3_000, 0.01, 0.05
    for _ in range(200):
        hit = int(rng.binomial(exposed, usual + more))
        found = excess([Stratum(exposed, hit, others, int(rng.binomial(others, usual)))])
        low, high = share_between(found)
        kept += low <= more / (usual + more) <= high
    assert kept >= 190
