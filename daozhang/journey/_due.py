"""From a business date to the moment at which money is due (the contract's terms, "Promise").

Due date = business date + ``lag_days`` calendar days, or the ``lag_days``-th business day strictly
after it; ``lag_days`` 0 is that date or, on the business basis, the next business day. A due date
that is closed on the credit calendar rolls forward. Due at ``credit_by`` local time.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from daozhang.calendars import BusinessCalendar
from daozhang.journey._local_time import clock_text, first_reading
from daozhang.journey._term import Term, TermsBook

__all__ = ["Due", "Plan", "due_for_business_date"]


@dataclass(frozen=True, slots=True)
class Due:
    """When the money of one business date is due; instants are UTC.

    Attributes:
        due_date: local date in the credit's time zone; what day-precision credits compare with.
        due_at: the promise; money booked exactly then is on time.
        clear_at: deadline of the clear leg; None: the terms give none that can be met.
        pay_at: deadline of the pay-out leg; None: the terms give none that can be met.
        rule: the rule in words, such as ``T+1 CN cut-off 23:00 by 12:00 Asia/Shanghai``.
        provisional: a year between business date and due date is not verified.
    """

    due_date: date
    due_at: datetime
    clear_at: datetime | None
    pay_at: datetime | None
    rule: str
    provisional: bool


class Plan:
    """A term, or one window of it, made ready to be asked for many business dates."""

    __slots__ = (
        "_business",
        "_calendars",
        "_credit_by",
        "_credit_calendar",
        "_credit_zone",
        "_lag_days",
        "_rule",
        "_term",
        "_until",
        "_zone",
    )

    def __init__(self, book: TermsBook, term: Term, window: int = -1) -> None:
        """Look up calendars and zones once.

        Args:
            book: whose calendars are asked.
            term: one of its terms.
            window: index into the term's windows; -1: the plain promise.

        Raises:
            IndexError: the term has no such window.
        """
        if not -1 <= window < len(term.windows):
            raise IndexError(f"term {term.index} has no window {window}")
        self._term = term
        self._zone = ZoneInfo(term.timezone)
        self._credit_zone = ZoneInfo(term.credit_timezone)
        met = term.windows[window] if window >= 0 else None
        self._lag_days = met.lag_days if met else term.lag_days
        self._credit_by = met.credit_by if met else term.credit_by
        self._until = min(met.until, term.cutoff) if met else term.cutoff
        self._business = book.calendars[term.calendar] if term.basis == "business" else None
        self._credit_calendar: BusinessCalendar | None = None
        if term.credit_calendar is not None:
            self._credit_calendar = book.calendars[term.credit_calendar]
        self._calendars = [c for c in (self._business, self._credit_calendar) if c is not None]
        self._rule = self._in_words(term.windows[window].until if met else None)

    def _in_words(self, until: int | None) -> str:
        """T counts business days and D calendar days, as the trade says it."""
        term = self._term
        counted = f"T+{self._lag_days} {term.calendar}" if self._business else f"D+{self._lag_days}"
        cutoff = f"cut-off {clock_text(term.cutoff)}"
        if term.credit_timezone != term.timezone:
            cutoff += f" {term.timezone}"
        window = "" if until is None else f" window until {clock_text(until)}"
        rolled = "" if term.credit_calendar is None else f" rolled on {term.credit_calendar}"
        by = f"by {clock_text(self._credit_by)} {term.credit_timezone}"
        return f"{counted} {cutoff}{window}{rolled} {by}"

    def due_date(self, business_date: date) -> date:
        """Return the due date of a business date."""
        if self._business is None:
            due = business_date + timedelta(days=self._lag_days)
        elif self._lag_days == 0:
            due = self._business.roll_forward(business_date)
        else:
            due = self._business.nth_business_day_after(business_date, self._lag_days)
        return self._credit_calendar.roll_forward(due) if self._credit_calendar else due

    def due(self, business_date: date) -> Due:
        """Return when the money of a business date is due."""
        due_date = self.due_date(business_date)
        years = range(business_date.year, due_date.year + 1)
        return Due(
            due_date,
            first_reading(due_date, self._credit_by, self._credit_zone),
            self._leg_deadline(self._term.clear_by, business_date, due_date),
            self._leg_deadline(self._term.pay_by, business_date, due_date),
            self._rule,
            not all(calendar.verified(year) for calendar in self._calendars for year in years),
        )

    def _leg_deadline(self, by: int | None, business_date: date, due_date: date) -> datetime | None:
        """A deadline that passes before the last sale it is for is no deadline.

        ``pay_by`` 04:00 is agreed for the next day's money; a same-day window of the same term
        falls due on the business date itself, whose 04:00 lies before its sales.
        """
        if by is None:
            return None
        deadline = first_reading(due_date, by, self._zone)
        last_sale = first_reading(business_date, self._until, self._zone)
        return deadline if deadline >= last_sale else None


def due_for_business_date(
    book: TermsBook, term: Term, business_date: date, window: int = -1
) -> Due:
    """Return when the money of one business date is due under a term.

    Args:
        book: the book that the term stands in.
        term: the term that governs; its validity is not looked at.
        business_date: the date that the cut-off gave the sales.
        window: index of the window that the sales met; -1: the plain promise.

    Raises:
        IndexError: the term has no such window.
    """
    return Plan(book, term, window).due(business_date)
