"""When open money may be expected: by what has come of the same incident, else the calendar."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daozhang.cause.expected import expected
from daozhang.journey.terms import TermsBook, load_terms_text

TERMS = """
timezone = "Asia/Shanghai"
currency = "CNY"

[[terms]]
provider_id = "UP"
cutoff = "23:00"
basis = "business"
lag_days = 1
calendar = "CN"
credit_by = "12:00"
fee_bps = 38
"""
DUE = datetime(2026, 5, 6, 4, tzinfo=UTC)
HOUR = timedelta(hours=1)


def unit(*, hours: int | None, leg: str = "pay_out") -> dict[str, Any]:
    """A unit that came so many hours late; None: it is still to come."""
    return {
        "due_at": DUE, "open": int(hours is None), "leg": leg, "term_index": 0,
        "late_s": None if hours is None else hours * 3600,
    }  # fmt: skip


@pytest.fixture(scope="module")
def terms() -> TermsBook:
    book, problems = load_terms_text(TERMS, "terms.toml")
    assert book is not None, problems
    return book


def test_nothing_is_expected_where_all_has_come(terms: TermsBook) -> None:
    assert expected([unit(hours=5)], terms, DUE + HOUR) is None


def test_what_has_come_says_between_when(terms: TermsBook) -> None:
    units = [unit(hours=None), *(unit(hours=h) for h in (20, 30, 25))]
    found = expected(units, terms, DUE + HOUR)
    assert found is not None
    assert (found.since, found.until) == (DUE + 20 * HOUR, DUE + 30 * HOUR)
    assert found.since <= found.at <= found.until


def test_waits_shorter_than_the_open_one_tell_nothing_of_it(terms: TermsBook) -> None:
    units = [unit(hours=None), *(unit(hours=h) for h in (1, 2, 3, 20, 30, 25))]
    found = expected(units, terms, DUE + 10 * HOUR)
    assert found is not None
    assert (found.since, found.until) == (DUE + 20 * HOUR, DUE + 30 * HOUR)


@pytest.mark.parametrize("come", [(), (20,), (20, 30)])
def test_too_few_tell_no_end(terms: TermsBook, come: tuple[int, ...]) -> None:
    found = expected([unit(hours=None), *(unit(hours=h) for h in come)], terms, DUE + HOUR)
    assert found is not None
    assert found.until is None
    assert found.since >= DUE + HOUR


def test_a_bank_may_book_within_the_day(terms: TermsBook) -> None:
    found = expected([unit(hours=None, leg="credit")], terms, DUE + HOUR)
    assert found is not None
    assert (found.since, found.until) == (DUE + HOUR + timedelta(days=1), None)
