"""Other terms as an address asks for them, read strictly and checked before anything is worked out.

Rules kept here: what is left empty stays as it is; what cannot be a term is refused with a sentence
that says what to write, since a promise before the sale would look like a gain.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from decimal import Decimal, InvalidOperation
from fractions import Fraction
from typing import Final, cast, get_args

from daozhang.calendars import BusinessCalendar
from daozhang.journey.terms import Basis, Rate, Term, TermsBook, Window

__all__ = ["DAYS", "FIELDS", "Asked", "changed", "read"]

DAYS: Final = (7, 14, 28, 90)
FIELDS: Final = (
    "lag", "basis", "cutoff", "credit_by", "window_until", "window_by", "fee", "extra"
)  # fmt: skip
"""What may be changed; an address names them so."""

_LAG_MAX: Final = 60
_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})")
_DAY_MIN: Final = 24 * 60
_PERCENT_MAX: Final = 20


@dataclass(slots=True)
class Asked:
    """What somebody asks.

    Attributes:
        provider_id: whose terms.
        days: over the sales of so many days.
        lag_days: T+n or D+n.
        basis: whether n counts business days.
        cutoff: minutes after midnight.
        credit_by: minutes after midnight.
        window: a same-day window instead of those that there are.
        fee_bps: the rate of every term.
        extra_bps: what is added to the rate of every term.
        refused: keys of what cannot be used.
    """

    provider_id: str
    days: int
    lag_days: int | None = None
    basis: Basis | None = None
    cutoff: int | None = None
    credit_by: int | None = None
    window: Window | None = None
    fee_bps: Fraction | None = None
    extra_bps: Fraction | None = None
    refused: list[str] = field(default_factory=list)

    @property
    def changes(self) -> bool:
        """Something is asked for."""
        return any(
            value is not None
            for value in (self.lag_days, self.basis, self.cutoff, self.credit_by, self.window,
                          self.fee_bps, self.extra_bps)
        )  # fmt: skip


def read(address: Mapping[str, str]) -> Asked:
    """Return what an address asks; what cannot be read is in ``refused``."""
    days = address.get("days", "")
    asked = Asked(address.get("provider", ""), int(days) if days in {str(n) for n in DAYS} else 28)
    lag = address.get("lag", "").strip()
    if lag:
        if lag.isdecimal() and int(lag) <= _LAG_MAX:
            asked.lag_days = int(lag)
        else:
            asked.refused.append("lag")
    basis = address.get("basis", "")
    if basis in get_args(Basis):
        asked.basis = cast("Basis", basis)
    asked.cutoff = _clock(address, "cutoff", asked)
    asked.credit_by = _clock(address, "credit_by", asked)
    until, by = _clock(address, "window_until", asked), _clock(address, "window_by", asked)
    if until is not None and by is not None:
        asked.window = Window(until, by)
        if by < until:
            asked.refused.append("window_order")
    elif (until is None) != (by is None) and not {"window_until", "window_by"} & {*asked.refused}:
        asked.refused.append("window_half")
    asked.fee_bps = _percent(address, "fee", asked)
    asked.extra_bps = _percent(address, "extra", asked)
    if asked.fee_bps is not None and asked.fee_bps < 0:
        asked.refused.append("fee")
    return asked


def _clock(address: Mapping[str, str], name: str, asked: Asked) -> int | None:
    text = address.get(name, "").strip()
    if not text:
        return None
    found = _CLOCK.fullmatch(text)
    minutes = int(found[1]) * 60 + int(found[2]) if found and int(found[2]) < 60 else None  # noqa: PLR2004
    if minutes is None or not 0 < minutes <= _DAY_MIN:
        asked.refused.append(name)
        return None
    return minutes


def _percent(address: Mapping[str, str], name: str, asked: Asked) -> Fraction | None:
    text = address.get(name, "").strip().removesuffix("%").strip()
    if not text:
        return None
    try:
        percent = Decimal(text)
    except InvalidOperation:
        percent = Decimal("NaN")
    if not percent.is_finite() or abs(percent) > _PERCENT_MAX:
        asked.refused.append(name)
        return None
    return Fraction(percent) * 100


def changed(book: TermsBook, asked: Asked) -> TermsBook | None:
    """Return the book as it might be; None: it cannot be, and ``refused`` says why."""
    counted = [name for name in sorted(book.calendars) if name not in {"ALL_DAYS", "NONE"}]
    terms = []
    for term in book.terms:
        if term.provider_id != asked.provider_id:
            terms.append(term)
            continue
        other = _changed(term, asked, counted)
        if _due_before_sale(other):
            asked.refused.append("due_before_sale")
        terms.append(other)
    asked.refused[:] = list(dict.fromkeys(asked.refused))
    if asked.refused:
        return None
    calendars: dict[str, BusinessCalendar] = dict(book.calendars)
    return replace(book, terms=tuple(terms), calendars=calendars)


def _changed(term: Term, asked: Asked, counted: list[str]) -> Term:
    basis = asked.basis or term.basis
    calendar = term.calendar
    if basis == "business" and calendar == "ALL_DAYS":
        if counted:
            calendar = counted[0]
        else:
            asked.refused.append("no_calendar")
    rate = asked.fee_bps if asked.fee_bps is not None else Fraction(*term.fee_bps)
    rate += asked.extra_bps or 0
    if rate < 0:
        asked.refused.append("extra")
    return replace(
        term,
        basis=basis,
        calendar=calendar,
        lag_days=term.lag_days if asked.lag_days is None else asked.lag_days,
        cutoff=term.cutoff if asked.cutoff is None else asked.cutoff,
        credit_by=term.credit_by if asked.credit_by is None else asked.credit_by,
        windows=term.windows if asked.window is None else (asked.window,),
        fee_bps=_rate(max(rate, Fraction(0))),
    )


def _rate(bps: Fraction) -> Rate:
    return bps.numerator, bps.denominator


def _due_before_sale(term: Term) -> bool:
    """Return whether money of the same date would be due before some of its sales are made."""
    if term.credit_timezone != term.timezone:
        return False
    promises = [(window.until, window.lag_days, window.credit_by) for window in term.windows]
    promises.append((term.cutoff, term.lag_days, term.credit_by))
    return any(lag == 0 and by < min(until, term.cutoff) for until, lag, by in promises)
