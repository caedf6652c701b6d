"""Promises: when the money of every sale is due.

Rules kept here (the contract's terms, "Promise"): the business date of a sale is the local date
of its cut-off clock, or the next date at or after ``cutoff``; the due date follows from it by the
term and its calendars. Which term governs is decided by business date: of the terms that may
apply, best first, the first whose own business date lies within its validity.

The cut-off clock is ``captured`` (the till's), ``seen`` (the provider's where it is known, else
the till's; what ``host`` and no word at all mean) or ``submitted`` (when the batch was handed
in). A sale that is not submitted yet is promised by its ``seen`` instant: that is the promise it
was made under, and not handing it in must not put the promise off for ever.

:func:`spans` gives all promises of a stretch of time as intervals, to be joined with a million
sales; :func:`promise_for` gives one sale's, worked out another way. The two agree.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Final, Literal
from zoneinfo import ZoneInfo

from daozhang.journey._due import Due, Plan, due_for_business_date
from daozhang.journey._local_time import first_reading, has_read
from daozhang.journey._term import Term, TermsBook

__all__ = [
    "CLOCKS",
    "Clock",
    "Due",
    "Promise",
    "Span",
    "accrue",
    "clock_of",
    "due_for_business_date",
    "promise_for",
    "spans",
]

Clock = Literal["captured", "seen", "submitted"]
CLOCKS: Final[tuple[Clock, ...]] = ("captured", "seen", "submitted")
"""The clocks a term may cut off by; a sale's instants on them are ``captured_at``, ``host_at``
else ``captured_at``, and ``submitted_at`` else ``host_at`` else ``captured_at``."""

_DAYS_MAX: Final = 40 * 366
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Promise:
    """When one sale's money is due; instants are UTC.

    Attributes:
        term_index: which term governs (:attr:`Term.index`).
        rank: its position among the candidates, 0 being the best.
        clock: which clock the business date was read from.
        business_date: local date in the term's time zone.
        window: index of the window that was met; -1: the plain promise.
        due_date: local date in the credit's time zone.
        due_at: the promise.
        cutoff_at: when the business date closes; the deadline of the submit leg.
        clear_at: deadline of the clear leg, None if the terms give none.
        pay_at: deadline of the pay-out leg, None if the terms give none.
        rule: the rule in words.
        provisional: a year that the promise touches is not verified.
        base_due_date: due date of the plain promise, for what exceeds the daily limit.
        base_due_at: the plain promise.
        base_clear_at: the clear leg's deadline under the plain promise.
        base_pay_at: the pay-out leg's deadline under the plain promise.
        base_rule: the plain promise in words.
        base_provisional: whether the plain promise is provisional.
    """

    term_index: int
    rank: int
    clock: Clock
    business_date: date
    window: int
    due_date: date
    due_at: datetime
    cutoff_at: datetime
    clear_at: datetime | None
    pay_at: datetime | None
    rule: str
    provisional: bool
    base_due_date: date
    base_due_at: datetime
    base_clear_at: datetime | None
    base_pay_at: datetime | None
    base_rule: str
    base_provisional: bool


@dataclass(frozen=True, slots=True)
class Span(Promise):
    """A promise and the half-open stretch of clock instants that get it.

    Attributes:
        from_at: first instant, UTC.
        until_at: the instant after the last, UTC.
    """

    from_at: datetime
    until_at: datetime


def clock_of(term: Term) -> Clock:
    """Return the clock that a term cuts off by; ``host`` and no word mean ``seen``."""
    if term.cutoff_by == "captured" or term.cutoff_by == "submitted":  # noqa: PLR1714 - narrows the type
        return term.cutoff_by
    return "seen"


def spans(
    book: TermsBook, candidates: Sequence[Term], clock: Clock, first: datetime, last: datetime
) -> list[Span]:
    """Return every span that meets ``[first, last]``, for the candidates that use a clock.

    Spans of one term do not overlap and ascend; those of different terms do overlap, and of the
    spans that hold an instant the one of least ``rank`` counts. Business dates outside a term's
    validity have no span. Spans are not clipped to the stretch asked for.

    Args:
        book: the book that the candidates stand in.
        candidates: what :meth:`TermsBook.candidates` returned.
        clock: which clock's instants are to be looked up.
        first: earliest instant, aware.
        last: latest instant, aware and not before ``first``.

    Raises:
        ValueError: an instant without time zone, or a stretch of more than 40 years (a sale
            dated in another age is to be dealt with before, not promised).
    """
    if first.tzinfo is None or last.tzinfo is None:
        raise ValueError("instants need a time zone")
    if last - first > _DAYS_MAX * _DAY:
        raise ValueError(f"{first} to {last} is longer than {_DAYS_MAX} days")
    found: list[Span] = []
    for rank, term in enumerate(candidates):
        if clock_of(term) == clock:
            found += _term_spans(book, term, rank, first, last)
    return found


def _term_spans(
    book: TermsBook, term: Term, rank: int, first: datetime, last: datetime
) -> list[Span]:
    zone = ZoneInfo(term.timezone)
    # A sale's business date is its local date or the next one.
    day, end = first.astimezone(zone).date(), last.astimezone(zone).date() + _DAY
    if term.valid_from is not None:
        day = max(day, term.valid_from)
    if term.valid_to is not None:
        end = min(end, term.valid_to)
    plain = Plan(book, term)
    plans = [Plan(book, term, window) for window in range(len(term.windows))]
    found: list[Span] = []
    closed = first_reading(day - _DAY, term.cutoff, zone)
    while day <= end:
        opened, closed = closed, first_reading(day, term.cutoff, zone)
        base = plain.due(day)
        for window, plan in enumerate(plans):
            until = min(first_reading(day, term.windows[window].until, zone), closed)
            if opened < until and first < until and opened <= last:
                due = plan.due(day)
                found.append(
                    _span(
                        term,
                        rank,
                        day=day,
                        window=window,
                        due=due,
                        base=base,
                        cutoff_at=closed,
                        from_at=opened,
                        until_at=until,
                    )
                )
            opened = until  # Never earlier: cut-offs end at 24:00, windows end after 00:00.
        if opened < closed and first < closed and opened <= last:
            found.append(
                _span(
                    term,
                    rank,
                    day=day,
                    window=-1,
                    due=base,
                    base=base,
                    cutoff_at=closed,
                    from_at=opened,
                    until_at=closed,
                )
            )
        day += _DAY
    return found


def _span(
    term: Term,
    rank: int,
    *,
    day: date,
    window: int,
    due: Due,
    base: Due,
    cutoff_at: datetime,
    from_at: datetime,
    until_at: datetime,
) -> Span:
    return Span(
        term.index, rank, clock_of(term), day, window,
        due.due_date, due.due_at, cutoff_at, due.clear_at, due.pay_at, due.rule, due.provisional,
        base.due_date, base.due_at, base.clear_at, base.pay_at, base.rule, base.provisional,
        from_at, until_at,
    )  # fmt: skip


def promise_for(
    book: TermsBook,
    candidates: Sequence[Term],
    captured_at: datetime,
    host_at: datetime | None = None,
    submitted_at: datetime | None = None,
) -> Promise | None:
    """Return one sale's promise, or None if no candidate is valid on its business date.

    This is the reference: it reads local clocks where :func:`spans` compares instants.

    Args:
        book: the book that the candidates stand in.
        candidates: what :meth:`TermsBook.candidates` returned for the sale.
        captured_at: the till's time, aware.
        host_at: the provider's time, aware.
        submitted_at: when the sale's batch was handed in, aware.

    Raises:
        ValueError: an instant without time zone.
    """
    seen = host_at or captured_at
    instants = {"captured": captured_at, "seen": seen, "submitted": submitted_at or seen}
    if any(instant.tzinfo is None for instant in instants.values()):
        raise ValueError("instants need a time zone")
    for rank, term in enumerate(candidates):
        clock = clock_of(term)
        local = instants[clock].astimezone(ZoneInfo(term.timezone))
        business_date = local.date()
        if has_read(local, business_date, term.cutoff):
            business_date += _DAY
        if not term.valid_on(business_date):
            continue
        window = -1
        for index, offered in enumerate(term.windows):
            if not has_read(local, business_date, offered.until):
                window = index
                break
        due = due_for_business_date(book, term, business_date, window)
        base = due_for_business_date(book, term, business_date)
        cutoff_at = first_reading(business_date, term.cutoff, ZoneInfo(term.timezone))
        return Promise(
            term.index, rank, clock, business_date, window,
            due.due_date, due.due_at, cutoff_at, due.clear_at, due.pay_at, due.rule,
            due.provisional,
            base.due_date, base.due_at, base.clear_at, base.pay_at, base.rule, base.provisional,
        )  # fmt: skip
    return None


def accrue(days: Sequence[tuple[date, int]], min_payout_minor: int) -> list[date | None]:
    """Return the business date with which each day's money is promised under a minimum.

    Below ``min_payout_minor`` the promise moves to the business date on which the account's
    accrued net reaches it (the contract's terms, "Promise"); then accrual starts again from zero.
    A day on which refunds exceed sales is accrued like any other, so it may itself be below.

    Args:
        days: business dates in strictly ascending order, each with its net in minor units.
        min_payout_minor: the minimum, 0 or more; 0: whatever is not negative is paid out.

    Returns:
        For each day its own date or a later one of ``days``; None: not reached yet.

    Raises:
        ValueError: the dates do not ascend, or the minimum is negative.
    """
    if min_payout_minor < 0:
        raise ValueError(f"a minimum is not negative, got {min_payout_minor}")
    promised: list[date | None] = []
    waiting = accrued = 0
    before: date | None = None
    for day, net in days:
        if before is not None and day <= before:
            raise ValueError(f"{day} does not come after {before}")
        before = day
        waiting += 1
        accrued += net
        if accrued >= min_payout_minor:
            promised += [day] * waiting
            waiting = accrued = 0
    return promised + [None] * waiting
