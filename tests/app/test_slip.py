"""A sale is found by what stands on its slip: terminal, time, card, and several at once."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC
from zoneinfo import ZoneInfo

import pytest

from daozhang.app.seek import find_sales, lay_numbers, offer_sales
from daozhang.app.slip import amount_condition, time_condition, words_of
from daozhang.engine import DuckEngine

CHINA = ZoneInfo("Asia/Shanghai")

SALES = """
SELECT * FROM (VALUES
    ('S1', 12850, 'CNY', TIMESTAMPTZ '2026-04-23 12:05:31+08', 'T100', 'P1', '0001', '777700001111', '621700******4321'),
    ('S2', 12850, 'CNY', TIMESTAMPTZ '2026-04-23 18:40:00+08', 'T100', 'P1', '0001', '777700002222', '621700******9999'),
    ('S3',  1200, 'CNY', TIMESTAMPTZ '2026-04-22 12:06:00+08', 'T200', NULL, '0002', '777700003333', NULL),
    ('S4',   500, 'JPY', TIMESTAMPTZ '2026-04-24 00:01:00+08', 'T200', NULL, '0002', NULL, '000000******4321')
) AS v(sale_id, amount_minor, currency, captured_at, terminal_id, payout_id, batch_no, rrn, card_no)
"""  # noqa: E501 - a table


@pytest.fixture(scope="module")
def engine() -> Iterator[DuckEngine]:
    """Four sales, with a column of the till's own for cards."""
    made = DuckEngine(threads=1)
    made.view("told", SALES)
    rest = "NULL AS merchant_id, 'ST1' AS store_id, NULL AS provider_id, NULL AS account_id"
    made.view("outcomes", f"SELECT *, 'late' AS status, {rest} FROM told")
    made.view(
        "facts_sales", "SELECT sale_id, batch_no, rrn, card_no, 'debit' AS card_type FROM told"
    )
    made.view("parcels", "SELECT sale_id, rrn FROM told")
    made.view("acts", "SELECT NULL AS act_id, NULL AS sale_id WHERE 1 = 0")
    lay_numbers(made)
    yield made
    made.close()


@pytest.mark.parametrize(
    ("reference", "found"),
    [
        ("T100", "terminal S2 S1"),
        ("T10", ""),
        ("12:05", "time S1 S3"),
        ("12：06", "time S1 S3"),
        ("18:43", ""),
        ("2026-04-23 12:05", "time S1"),
        ("2026-04-23", "time S2 S1"),
        ("2026-02-30", ""),
        ("04-24", "time S4"),
        ("4月23日", "time S2 S1"),
        ("23:59", ""),
        ("4321", "card S4 S1"),
        ("3333", "ending S3"),
        ("debit", ""),
        ("128.50", "amount S2 S1"),
        ("128.50 12:05", "several S1"),
        ("12:05 T100", "several S1"),
        ("T100 04-23 18:40", "several S2"),
        ("4321 128.50", "several S1"),
        ("T200 4321", "several S4"),
        ("500 T200", "several S4"),
        ("0002 04-22", "several S3"),
        ("128.50 T200", ""),
        ("a'b c\"d", ""),
        ("   ", ""),
    ],
)
def test_what_stands_on_a_slip_leads_to_its_sales(
    engine: DuckEngine, reference: str, found: str
) -> None:
    assert find_sales(engine, reference) == []
    offers = offer_sales(engine, reference, CHINA)
    first = [one for one in offers if one.why == offers[0].why]
    assert " ".join([*(one.why for one in first[:1]), *(one.sale_id for one in first)]) == found


@pytest.mark.parametrize(
    ("text", "is_time"),
    [("12:05", True), ("24:00", False), ("12:60", False), ("1205", False), ("2026-13-01", False),
     ("9999-12-31", False), ("0001-01-01", False), ("1970-01-01", True), ("", False),
     ("4月23日T12:05", True)],
)  # fmt: skip
def test_a_time_is_one_or_is_none(text: str, is_time: bool) -> None:
    assert (time_condition(text, UTC) is not None) == is_time


def test_a_day_and_a_time_are_one_word_and_words_are_few() -> None:
    assert words_of("128.50 2026-04-23 12:05 T1") == ["128.50", "2026-04-23T12:05", "T1"]
    assert len(words_of("a b c d e f g")) == 5


def test_an_amount_has_its_currencys_digits() -> None:
    assert amount_condition("12.345") is not None
    assert "1 = 0" in str(amount_condition("12.345"))
    assert "o.amount_minor = 1200)" in str(amount_condition("12"))
    assert amount_condition("12a") is None
