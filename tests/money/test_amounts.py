"""Amounts: exact texts in, exact texts out, everything else refused with a reason."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daozhang.money import CURRENCIES, AmountError, Money, digits_of, format_minor, parse_amount

CODES = st.sampled_from(sorted(CURRENCIES))
MINOR = st.integers(-(10**15), 10**15)

READ = {
    "plain": ("12.34", "CNY", 1234),
    "grouped": ("1,234.50", "CNY", 123_450),
    "negative": ("-0.01", "CNY", -1),
    "explicit plus": ("+7", "USD", 700),
    "leading point": (".5", "USD", 50),
    "trailing point": ("5.", "USD", 500),
    "zeros beyond the minor unit": ("0.60000", "CNY", 60),
    "no minor unit": ("1,000", "JPY", 1000),
    "zeros behind a yen": ("1000.00", "JPY", 1000),
    "three digits": ("1.234", "KWD", 1234),
    "blank around": ("  3.10\t", "CNY", 310),
}
REFUSED = {
    "finer than a fen": ("0.001", "CNY", "finer"),
    "half a yen": ("0.5", "JPY", "finer"),
    "empty": ("", "CNY", "not an amount"),
    "sign alone": ("-", "CNY", "not an amount"),
    "point alone": (".", "CNY", "not an amount"),
    "exponent": ("1e3", "CNY", "not an amount"),
    "not a number": ("nan", "CNY", "not an amount"),
    "thousands of digits": ("9" * 5_000, "CNY", "not an amount"),
    "two points": ("1.2.3", "CNY", "not an amount"),
    "full-width digits": ("１２", "CNY", "not an amount"),
    "a comma for the decimal mark": ("12,34", "CNY", "decimal mark"),
    "a comma for the decimal mark, one digit": ("1,5", "EUR", "decimal mark"),
    "groups of no length": ("1,,234", "CNY", "decimal mark"),
    "no such currency": ("1", "XYZ", "ISO 4217"),
}


@pytest.mark.parametrize(("text", "currency", "minor"), READ.values(), ids=READ)
def test_reads(text, currency, minor):
    assert parse_amount(text, currency) == minor


@pytest.mark.parametrize(("text", "currency", "why"), REFUSED.values(), ids=REFUSED)
def test_refuses(text, currency, why):
    with pytest.raises(AmountError, match=why):
        parse_amount(text, currency)


@pytest.mark.parametrize(
    ("text", "minor"),
    [("-1,234.5", -123_450), ("12,34,567.00", 123_456_700), ("1,2345.00", 1_234_500)],
)
def test_groups_are_thousands_lakhs_or_ten_thousands(text, minor):
    assert parse_amount(text, "CNY") == minor


def test_reads_other_marks():
    assert parse_amount("1.234,50", "EUR", decimal=",", group=".") == 123_450
    assert parse_amount("1234,5", "EUR", decimal=",", group="") == 123_450
    with pytest.raises(AmountError, match="not an amount"):
        parse_amount("1,234", "EUR", group="")


@given(MINOR, CODES)
def test_what_is_printed_reads_back(minor, currency):
    text = format_minor(minor, currency)
    digits = "".join(c for c in text if c.isascii() and (c.isdigit() or c in "-.,"))
    assert parse_amount(digits, currency) == minor


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (18_243_000, "CNY", "¥182,430.00"),
        (-5, "USD", "-$0.05"),
        (1_000_000, "JPY", "JP¥1,000,000"),
        (1_234, "KWD", "KWD 1.234"),
    ],
)
def test_prints(minor, currency, text):
    assert format_minor(minor, currency) == text
    assert str(Money(minor, currency)) == text


@given(MINOR, MINOR)
def test_money_adds_like_its_minor_units(a, b):
    left, right = Money(a, "CNY"), Money(b, "CNY")
    assert (left + right).minor == a + b
    assert left - right == left + -right
    assert (left < right) == (a < b)


@pytest.mark.parametrize("minor", [1.0, True, "1", None])
def test_money_is_an_int(minor):
    with pytest.raises(TypeError, match="minor units are an int"):
        Money(minor, "CNY")


def test_money_of_two_currencies_does_not_mix():
    with pytest.raises(ValueError, match="cannot mix CNY and USD"):
        Money(1, "CNY") + Money(1, "USD")
    with pytest.raises(ValueError, match="cannot mix CNY and USD"):
        Money(1, "CNY") - Money(1, "USD")
    with pytest.raises(AmountError):
        Money(1, "RMB")


@pytest.mark.parametrize(("currency", "digits"), [("CNY", 2), ("JPY", 0), ("BHD", 3)])
def test_digits(currency, digits):
    assert digits_of(currency) == digits
