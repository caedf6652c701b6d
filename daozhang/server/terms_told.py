"""A term as somebody of the trade says it."""

from __future__ import annotations

from decimal import Decimal
from typing import Final

from daozhang.charts import Speech
from daozhang.journey.terms import Rate, Term
from daozhang.server.words import say

__all__ = [
    "clock_text",
    "cutoff_said",
    "fee_said",
    "lag_said",
    "percent",
    "promise_said",
    "scope_said",
]

_HUNDRED: Final = 100


def clock_text(minutes: int) -> str:
    """Return minutes after midnight as ``HH:MM``; 1440 is ``24:00``."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def percent(bps: Rate) -> str:
    """Return a rate in basis points as a percentage: ``0.6%``."""
    numerator, denominator = bps
    text = f"{Decimal(numerator) / Decimal(denominator * _HUNDRED):.6f}"
    return f"{text.rstrip('0').rstrip('.')}%"


def lag_said(term: Term) -> str:
    """Return T+n for business days, D+n for calendar days, as the trade counts."""
    return f"{'T' if term.basis == 'business' else 'D'}+{term.lag_days}"


def cutoff_said(term: Term, speech: Speech) -> str:
    """Return when the business date ends, and by whose clock."""
    clock = term.cutoff_by or "host"
    return say(
        speech.lang, f"term.cutoff.{clock}", at=clock_text(term.cutoff),
    )  # fmt: skip


def promise_said(term: Term, speech: Speech) -> list[str]:
    """Return when money is due, one sentence a promise: the windows first."""
    lang = speech.lang
    said = [
        say(
            lang, "term.window", until=clock_text(window.until),
            by=clock_text(window.credit_by), lag=f"{'T' if term.basis == 'business' else 'D'}+"
            f"{window.lag_days}",
        )
        for window in term.windows
    ]  # fmt: skip
    said.append(
        say(lang, f"term.promise.{term.basis}.{min(term.lag_days, 2)}", days=term.lag_days,
            by=clock_text(term.credit_by), calendar=term.calendar)
    )  # fmt: skip
    if term.credit_calendar:
        said.append(say(lang, "term.rolled", calendar=term.credit_calendar))
    return said


def fee_said(term: Term, currency: str, speech: Speech) -> str:
    """Return what the provider keeps."""
    lang = speech.lang
    parts = [say(lang, "term.fee", rate=percent(term.fee_bps))]
    if term.fee_cap_minor is not None:
        parts.append(say(lang, "term.fee.cap", cap=speech.money(term.fee_cap_minor, currency)))
    if term.fee_fixed_minor:
        parts.append(
            say(lang, "term.fee.fixed", fixed=speech.money(term.fee_fixed_minor, currency))
        )
    if term.fee_tax_bps[0]:
        parts.append(say(lang, "term.fee.tax", rate=percent(term.fee_tax_bps)))
    if term.fee_basis == "payout":
        parts.append(say(lang, "term.fee.payout"))
    if term.fee_refunded:
        parts.append(say(lang, "term.fee.refunded"))
    return say(lang, "word.comma").join(parts)


def scope_said(term: Term, speech: Speech) -> str:
    """Return for which sales a term holds, and when."""
    lang = speech.lang
    parts = [speech.channel(term.channel) if term.channel else say(lang, "term.every_channel")]
    if term.merchant_id:
        parts.append(say(lang, "term.merchant", merchant=speech.name(term.merchant_id)))
    if term.account_id:
        parts.append(say(lang, "term.account", account=speech.name(term.account_id)))
    if term.valid_from:
        parts.append(say(lang, "term.from", day=speech.day(term.valid_from, year=True)))
    if term.valid_to:
        parts.append(say(lang, "term.to", day=speech.day(term.valid_to, year=True)))
    return say(lang, "word.comma").join(parts)
