"""Fees against exact fractions; caps, fixed parts, tax, payout basis and refunds."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daozhang.journey.fees import expected_fee, fee_on_payout, fee_on_refund
from daozhang.journey.terms import load_terms_text
from daozhang.money import Rounding

HEAD = 'timezone = "Asia/Shanghai"\ncurrency = "CNY"\n[[terms]]\nprovider_id = "P"\n'
PLAIN = 'cutoff = "23:00"\nbasis = "calendar"\nlag_days = 1\ncredit_by = "12:00"\n'


def term_of(fees):
    book, problems = load_terms_text(HEAD + PLAIN + fees, "terms.toml")
    assert book is not None, problems
    return book.terms[0]


TABLE = {
    "credit card 0.6 %": ("fee_bps = 60", 10_000, (60, 0)),
    "half a fen goes up": ("fee_bps = 50", 100, (1, 0)),
    "below half goes down": ("fee_bps = 49", 100, (0, 0)),
    "decimal rate": ("fee_bps = 37.5", 100_000, (375, 0)),
    "decimal rate as text": ('fee_bps = "37.5"', 100_000, (375, 0)),
    "rate of 0.1 is exact": ("fee_bps = 0.1", 5_000_000, (50, 0)),
    "debit card capped": ("fee_bps = 50\nfee_cap_minor = 2000", 1_000_000, (2000, 0)),
    "fixed part is above the cap": (
        "fee_bps = 50\nfee_cap_minor = 2000\nfee_fixed_minor = 30", 1_000_000, (2030, 0),
    ),
    "tax apart": ("fee_bps = 60\nfee_tax_bps = 600", 10_000, (60, 4)),
    "half to even": ('fee_bps = 100\nfee_rounding = "half_even"', 250, (2, 0)),
    "down": ('fee_bps = 100\nfee_rounding = "down"', 299, (2, 0)),
    "up": ('fee_bps = 100\nfee_rounding = "up"', 201, (3, 0)),
    "relieved trade": ("fee_bps = 0", 10_000, (0, 0)),
    "nothing sold": ("fee_bps = 60\nfee_fixed_minor = 30", 0, (30, 0)),
}  # fmt: skip


@pytest.mark.parametrize(("fees", "amount", "wanted"), TABLE.values(), ids=TABLE)
def test_fee(fees, amount, wanted):
    assert expected_fee(term_of(fees), amount) == wanted


AMOUNT = st.integers(0, 10**11)


@st.composite
def terms(draw):
    bps = draw(st.decimals(0, 10_000, places=draw(st.integers(0, 4))))
    lines = [f"fee_bps = {bps:f}", f"fee_tax_bps = {draw(st.integers(0, 2_000))}"]
    lines.append(f'fee_rounding = "{draw(st.sampled_from(Rounding)).value}"')
    lines.append(f"fee_fixed_minor = {draw(st.integers(0, 500))}")
    if draw(st.booleans()):
        lines.append(f"fee_cap_minor = {draw(st.integers(0, 10_000))}")
    lines.append(f'fee_basis = "{draw(st.sampled_from(["line", "payout"]))}"')
    lines.append(f"fee_refunded = {str(draw(st.booleans())).lower()}")
    return term_of("\n".join(lines))


@given(terms(), AMOUNT)
def test_fee_is_within_a_unit_of_the_exact_one(term, amount):
    fee, tax = expected_fee(term, amount)
    exact = Fraction(amount) * Fraction(*term.fee_bps) / 10_000
    if term.fee_cap_minor is not None:
        exact = min(exact, Fraction(term.fee_cap_minor))
    assert abs(fee - term.fee_fixed_minor - exact) < 1
    assert abs(tax - Fraction(fee) * Fraction(*term.fee_tax_bps) / 10_000) < 1


@given(terms(), AMOUNT, AMOUNT)
def test_a_greater_sale_costs_no_less(term, one, other):
    less, more = sorted((one, other))
    assert expected_fee(term, less) <= expected_fee(term, more)


@given(terms(), st.lists(st.integers(-(10**7), 10**7), max_size=8))
def test_payout_fee_is_taken_once_or_a_line(term, amounts):
    fee, tax = fee_on_payout(term, iter(amounts))
    if term.fee_basis == "payout":
        total = sum(amounts)
        assert (fee, tax) == (expected_fee(term, total) if total > 0 else (0, 0))
    else:
        parts = [expected_fee(term, a) for a in amounts if a >= 0]
        assert (fee, tax) == (sum(p[0] for p in parts), sum(p[1] for p in parts))


def test_rounding_once_is_not_rounding_each_line():
    lines = [120] * 10  # 0.456 fen each: nothing a line, five fen on the sum
    assert fee_on_payout(term_of("fee_bps = 38"), lines) == (0, 0)
    assert fee_on_payout(term_of('fee_bps = 38\nfee_basis = "payout"'), lines) == (5, 0)


def test_a_line_of_nothing_pays_its_fixed_part_and_a_refund_pays_none():
    assert fee_on_payout(term_of("fee_bps = 60\nfee_fixed_minor = 30"), [0, -100]) == (30, 0)


@given(terms(), st.data())
def test_refunds_give_back_no_more_than_was_taken(term, data):
    amount = data.draw(AMOUNT)
    early = data.draw(st.integers(0, amount))
    late = data.draw(st.integers(early, amount))
    taken = expected_fee(term, amount)
    if not term.fee_refunded:
        assert fee_on_refund(term, amount, late) == (0, 0)
        return
    assert (0, 0) <= fee_on_refund(term, amount, early) <= fee_on_refund(term, amount, late)
    assert fee_on_refund(term, amount, amount) == taken


@pytest.mark.parametrize("refunded", [-1, 101])
def test_a_refund_lies_within_its_sale(refunded):
    with pytest.raises(ValueError, match="refunded is 0 to 100"):
        fee_on_refund(term_of("fee_bps = 60"), 100, refunded)


def test_no_fee_on_less_than_nothing():
    with pytest.raises(ValueError, match="0 or more"):
        expected_fee(term_of("fee_bps = 60"), -1)
