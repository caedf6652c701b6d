"""Stored sales that waited for days: wiped by an upgrade, or handed on late all the same."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daozhang.cause.submit import waits_anyway

CUTOFF = datetime(2026, 5, 20, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)


def unit(number: int, terminal: str, hours: int = 60, stored: int = 2) -> dict[str, Any]:
    return {
        "unit": number, "terminal_id": terminal, "sales": 2, "stored_sales": stored,
        "to_at": CUTOFF - 3 * HOUR, "cutoff_at": CUTOFF, "ended_at": CUTOFF + hours * HOUR,
    }  # fmt: skip


def wiped(*numbers: int) -> dict[int, dict[str, Any]]:
    return {number: {"started_at": CUTOFF + 20 * HOUR} for number in numbers}


@pytest.mark.parametrize(
    ("others", "anyway"),
    [
        ([unit(2, "b"), unit(3, "c")], True),
        ([unit(2, "b")], False),
        ([unit(2, "b"), unit(3, "b")], False),
        ([unit(2, "b"), unit(3, "c", hours=20)], False),
        ([unit(2, "b"), unit(3, "c", stored=1)], False),
        ([unit(2, "b"), unit(3, "batched")], False),
    ],
)
def test_as_many_that_wait_without_an_upgrade_clear_it(
    others: list[dict[str, Any]], anyway: bool
) -> None:
    touched = [unit(0, "a"), unit(1, "d")]
    assert waits_anyway([*touched, *others], {}, wiped(0, 1), {"batched"}) is anyway


def test_nothing_is_cleared_where_no_upgrade_came_in_between() -> None:
    before = {0: {"started_at": CUTOFF - 40 * HOUR}}
    assert not waits_anyway([unit(0, "a"), unit(2, "b")], before, {}, set())
