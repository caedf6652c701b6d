"""Providers that pay each day's money later than the day's before."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daozhang.cause.stalls import lags_that_grow

DUE = datetime(2026, 4, 3, 10, tzinfo=UTC)
HOUR = timedelta(hours=1)


def waits(*hours: float, accounts: str = "ab", split: bool = False) -> dict[int, Any]:
    """Each day's money of some of the accounts a, b and c, paid so many hours late."""
    units, due = [], {}
    for day, late in enumerate(hours):
        due_at = DUE + timedelta(days=day)
        due["P", due_at.date()] = {"a", "b", "c"} if len(accounts) > 1 else set(accounts)
        for account in accounts:
            for part in range(1 + split):
                units.append({
                    "unit": len(units), "provider_id": "P", "account_id": account, "paid": 1,
                    "returned": 0, "held": 0, "due_at": due_at, "business_date": due_at.date(),
                    "ended_at": due_at + late * HOUR, "together": f"{account}{day}-{part}",
                })  # fmt: skip
    return lags_that_grow(units, due)


def test_a_lag_that_grows_from_day_to_day_is_told_with_its_length() -> None:
    assert waits(24, 60, 84) == dict.fromkeys(range(6), (3, 84 * HOUR))


@pytest.mark.parametrize(
    "hours",
    [
        (84, 60, 36),  # an outage: what waited is paid when it is over
        (24, 60),  # two days are chance
        (24, 30, 36),  # hardly longer
        (24, 60, 60, 84),  # no longer than the day before
    ],
)
def test_other_lags_do_not_grow(hours: tuple[float, ...]) -> None:
    assert not waits(*hours)


def test_of_a_provider_that_pays_one_account_a_limit_is_told_by_money_that_is_split() -> None:
    assert waits(24, 60, 84, accounts="a")
    assert not waits(24, 60, 84, accounts="a", split=True)
