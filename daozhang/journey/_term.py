"""The contract's terms as values: what was agreed with a provider, and for which sales."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from daozhang.calendars import BusinessCalendar
from daozhang.money import Rounding

__all__ = ["Basis", "CutoffBy", "FeeBasis", "Rate", "Term", "TermsBook", "Window"]

Basis = Literal["business", "calendar"]
CutoffBy = Literal["captured", "host", "submitted"]
FeeBasis = Literal["line", "payout"]
Rate = tuple[int, int]
"""An exact, reduced number of basis points: numerator and positive denominator."""


@dataclass(frozen=True, slots=True)
class Window:
    """One same-day window (D+0) of a term.

    Attributes:
        until: minutes after the business date's midnight; a sale before it meets the window.
        credit_by: minutes after the due date's midnight.
        lag_days: days after the business date, counted on the term's basis.
    """

    until: int
    credit_by: int
    lag_days: int = 0


@dataclass(frozen=True, slots=True)
class Term:
    """One ``[[terms]]`` table. Times of day are minutes after midnight; 1440 is 24:00.

    Attributes:
        index: position in the file, from 0.
        provider_id: whose agreement this is.
        channel: only sales of this channel; None: any.
        merchant_id: only sales of this merchant; None: any.
        account_id: only sales paid into this account; None: any.
        valid_from: first business date, inclusive; None: always was.
        valid_to: last business date, inclusive; None: no end.
        timezone: IANA name in which the cut-off, windows and leg deadlines are read.
        cutoff: when the business date ends.
        cutoff_by: whose clock decides; None: the provider's where it is known, else the till's.
        basis: whether ``lag_days`` counts business or calendar days.
        lag_days: days from the business date to the due date.
        calendar: name of the calendar that business days are counted on.
        credit_by: when on the due date the money is promised.
        credit_calendar: the bank's calendar, on which a due date rolls forward; None: none.
        credit_timezone: IANA name in which ``credit_by`` is read.
        windows: same-day windows in ascending order of ``until``.
        daily_limit_minor: what the windows carry a day; the rest has the plain promise.
        clear_by: deadline of the clear leg on the due date; None: not agreed.
        pay_by: deadline of the pay-out leg on the due date; None: not agreed.
        min_payout_minor: below it nothing is paid out; 0: no minimum.
        fee_bps: the rate, exact.
        fee_cap_minor: the most that the rate may come to on one line (or payout); None: no cap.
        fee_fixed_minor: added a line (or payout), above any cap.
        fee_tax_bps: tax on the fee, exact.
        fee_rounding: how fee and tax become whole minor units.
        fee_basis: whether the fee is worked out on each line or once on the payout's sum.
        fee_refunded: whether a refund gives its fee back.
        legal_name: the licensed payer's registered name.
        payer_names: who may pay us under these terms.
        licensed: whether the payer holds a payment licence; None: not said.
    """

    index: int
    provider_id: str
    channel: str | None
    merchant_id: str | None
    account_id: str | None
    valid_from: date | None
    valid_to: date | None
    timezone: str
    cutoff: int
    cutoff_by: CutoffBy | None
    basis: Basis
    lag_days: int
    calendar: str
    credit_by: int
    credit_calendar: str | None
    credit_timezone: str
    windows: tuple[Window, ...]
    daily_limit_minor: int | None
    clear_by: int | None
    pay_by: int | None
    min_payout_minor: int
    fee_bps: Rate
    fee_cap_minor: int | None
    fee_fixed_minor: int
    fee_tax_bps: Rate
    fee_rounding: Rounding
    fee_basis: FeeBasis
    fee_refunded: bool
    legal_name: str | None
    payer_names: tuple[str, ...]
    licensed: bool | None

    @property
    def scope(self) -> tuple[str, str | None, str | None, str | None]:
        """Which sales the term speaks of: provider, account, merchant, channel."""
        return self.provider_id, self.account_id, self.merchant_id, self.channel

    def valid_on(self, business_date: date) -> bool:
        """Return whether the term holds on a business date; both ends are inclusive."""
        return (self.valid_from is None or self.valid_from <= business_date) and (
            self.valid_to is None or business_date <= self.valid_to
        )


@dataclass(frozen=True, slots=True)
class TermsBook:
    """A whole ``terms.toml``.

    Attributes:
        timezone: IANA name for terms that name none.
        currency: ISO 4217 code of the terms' amounts.
        terms: in the order of the file.
        calendars: every calendar that a term names.
    """

    timezone: str
    currency: str
    terms: tuple[Term, ...]
    calendars: Mapping[str, BusinessCalendar]

    @property
    def legal_names(self) -> dict[str, str]:
        """Readable names of the providers that have one, by their ids."""
        return {term.provider_id: term.legal_name for term in self.terms if term.legal_name}

    def candidates(
        self,
        provider_id: str,
        channel: str | None,
        merchant_id: str | None,
        account_id: str | None,
    ) -> tuple[Term, ...]:
        """Return the terms that may govern a sale, best first.

        The most specific wins: account, then merchant, then channel; then the later
        ``valid_from`` (none is the earliest); then the one that stands first in the file. Which
        of them governs is decided by business date: the first whose own business date for the
        sale lies within its validity.
        """
        asked = (account_id, merchant_id, channel)
        fitting = [
            term
            for term in self.terms
            if term.provider_id == provider_id
            and all(has is None or has == want for has, want in zip(term.scope[1:], asked))  # noqa: B905 - both have three parts
        ]
        return tuple(sorted(fitting, key=_best_first))


def _best_first(term: Term) -> tuple[bool, bool, bool, int, int]:
    since = term.valid_from.toordinal() if term.valid_from else 0
    _, account, merchant, channel = term.scope
    return account is None, merchant is None, channel is None, -since, term.index
