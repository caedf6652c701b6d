"""Promises below a minimum payout: with which business date accrued money is promised."""

from __future__ import annotations

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daozhang.journey.promise import accrue

D = [date(2026, 3, n) for n in range(1, 8)]
ACCRUALS = {
    "no minimum": ([5, 0, 7], 0, [0, 1, 2]),
    "each day reaches it": ([100, 100], 100, [0, 1]),
    "three days reach it together": ([40, 40, 40, 40], 100, [2, 2, 2, None]),
    "exactly the minimum": ([60, 40], 100, [1, 1]),
    "starts again from zero": ([150, 60, 60], 100, [0, 2, 2]),
    "refunds are carried": ([-30, 100, 30], 100, [2, 2, 2]),
    "refunds without a minimum wait for sales": ([-30, 20, 20], 0, [2, 2, 2]),
    "never": ([1, 1], 100, [None, None]),
    "no days": ([], 100, []),
}


@pytest.mark.parametrize(("nets", "minimum", "wanted"), ACCRUALS.values(), ids=ACCRUALS)
def test_accrual(nets, minimum, wanted):
    days = list(zip(D, nets, strict=False))
    assert accrue(days, minimum) == [None if n is None else D[n] for n in wanted]


@given(st.lists(st.integers(-50, 100), max_size=30), st.integers(0, 300))
def test_accrual_pays_every_group_at_its_first_chance(nets, minimum):
    days = [(date(2026, 1, 1) + timedelta(days=n), net) for n, net in enumerate(nets)]
    promised = accrue(days, minimum)
    assert len(promised) == len(days)
    groups = {}
    for (day, net), when in zip(days, promised, strict=True):
        assert when is None or when >= day
        groups.setdefault(when, []).append((day, net))
    for when, members in groups.items():
        totals = [sum(net for _, net in members[: n + 1]) for n in range(len(members))]
        assert all(total < minimum for total in totals[:-1])
        assert (totals[-1] >= minimum) == (when is not None)
        assert when is None or members[-1][0] == when


def test_accrual_wants_ascending_days_and_a_sound_minimum():
    with pytest.raises(ValueError, match="does not come after"):
        accrue([(D[1], 1), (D[1], 1)], 0)
    with pytest.raises(ValueError, match="not negative"):
        accrue([], -1)
