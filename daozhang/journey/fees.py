"""The fee that the terms let a provider keep, and the tax on it.

Rules kept here (the contract's terms): fee = the rate's share of the amount, rounded as the terms
say, at most ``fee_cap_minor``, plus ``fee_fixed_minor``; tax = ``fee_tax_bps`` of the fee, rounded
apart. ``fee_basis`` says whether that is done on each line or once on the payout's sum.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from daozhang.journey._term import Term
from daozhang.money import share_of

__all__ = ["expected_fee", "fee_on_payout", "fee_on_refund"]

_BPS: Final = 10_000


def expected_fee(term: Term, amount_minor: int) -> tuple[int, int]:
    """Return the fee and the tax on one line (or on a payout's sum), in minor units.

    Args:
        term: the term that governs.
        amount_minor: gross amount, 0 or more, in the minor units of the book's currency (caps
            and fixed parts are amounts of that currency).

    Raises:
        ValueError: the amount is negative; see :func:`fee_on_refund`.
    """
    if amount_minor < 0:
        raise ValueError(f"a fee is taken on 0 or more, got {amount_minor}")
    numerator, denominator = term.fee_bps
    fee = share_of(amount_minor, numerator, denominator * _BPS, term.fee_rounding)
    if term.fee_cap_minor is not None:
        fee = min(fee, term.fee_cap_minor)
    fee += term.fee_fixed_minor
    numerator, denominator = term.fee_tax_bps
    return fee, share_of(fee, numerator, denominator * _BPS, term.fee_rounding)


def fee_on_payout(term: Term, amounts_minor: Iterable[int]) -> tuple[int, int]:
    """Return the fee and the tax on a payout, in minor units, by the term's ``fee_basis``.

    Args:
        term: the term that governs.
        amounts_minor: signed gross amounts of the payout's lines, refunds negative.

    Returns:
        On basis ``payout``, the fee on the sum, once; nothing when the sum is not positive, as
        then nothing is paid out. On basis ``line``, the sum of the fees on the lines that are
        not negative (what a refund gives back is :func:`fee_on_refund`'s to say).
    """
    amounts = list(amounts_minor)
    if term.fee_basis == "payout":
        total = sum(amounts)
        return expected_fee(term, total) if total > 0 else (0, 0)
    parts = [expected_fee(term, amount) for amount in amounts if amount >= 0]
    return sum(fee for fee, _ in parts), sum(tax for _, tax in parts)


def fee_on_refund(term: Term, amount_minor: int, refunded_minor: int) -> tuple[int, int]:
    """Return what of a sale's fee and tax a refund gives back, in minor units.

    Nothing unless ``fee_refunded``. Otherwise what is kept is the fee on what is left of the
    sale, so that several partial refunds give back the same as one; a sale that is refunded
    wholly gives back its fixed part too.

    Args:
        term: the term that governs the sale.
        amount_minor: the sale's gross amount.
        refunded_minor: all that was refunded of it so far, 0 to ``amount_minor``.

    Raises:
        ValueError: more is refunded than was sold, or less than nothing.
    """
    if not 0 <= refunded_minor <= amount_minor:
        raise ValueError(f"refunded is 0 to {amount_minor}, got {refunded_minor}")
    if not term.fee_refunded:
        return 0, 0
    fee, tax = expected_fee(term, amount_minor)
    if refunded_minor == amount_minor:
        return fee, tax
    kept_fee, kept_tax = expected_fee(term, amount_minor - refunded_minor)
    return fee - kept_fee, tax - kept_tax
