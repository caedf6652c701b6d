"""When money that is late may be expected if nothing is done: from when, and until when.

Rules kept here: others of the same incident that have come say how long it takes. Of what has come
only the waits longer than the open one's so far are like it; the next of n such falls between the
least and the greatest of them with probability (n - 1) / (n + 1), and if that is not even one half
no end is told. Without such facts the calendar says from when the money may come at the earliest,
and no end is told either.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from daozhang.journey.promise import due_for_business_date
from daozhang.journey.terms import TermsBook

__all__ = ["Expected", "expected"]

EVEN: Final = 0.5
TAIL: Final = 0.05
"""Of many that have come, this part at either end is left out."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Expected:
    """When what is still to come may be expected.

    Attributes:
        at: the likeliest moment.
        since: from when on.
        until: until when; None: the facts do not tell.
    """

    at: datetime
    since: datetime
    until: datetime | None


def expected(units: Iterable[Row], book: TermsBook, as_of: datetime) -> Expected | None:
    """Return when the open money of an incident may be expected; None: all of it has come."""
    units = list(units)
    waiting = [unit for unit in units if unit["open"]]
    if not waiting:
        return None
    delays = sorted(timedelta(seconds=unit["late_s"]) for unit in units if unit["late_s"])
    spans = [_span(unit, delays, book, as_of) for unit in waiting]
    since = min(span[0] for span in spans)
    ends = [span[2] for span in spans if span[2] is not None]
    until = max(ends) if len(ends) == len(spans) else None
    return Expected(max(span[1] for span in spans), since, until)


def _span(
    unit: Row, delays: Sequence[timedelta], book: TermsBook, as_of: datetime
) -> tuple[datetime, datetime, datetime | None]:
    """Return from when, about when and until when one unit's money may come."""
    due = unit["due_at"].astimezone(UTC)
    ahead = [due + delay for delay in delays if due + delay > as_of]
    if ahead and (len(ahead) - 1) / (len(ahead) + 1) >= EVEN:
        cut = int(len(ahead) * TAIL)
        return ahead[cut], ahead[(len(ahead) * 9) // 10], ahead[-1 - cut]
    calendar = _due_now(unit, book, as_of)
    return calendar, max([calendar, *ahead[-1:]]), None


def _due_now(unit: Row, book: TermsBook, as_of: datetime) -> datetime:
    """Return the promise of money that moves on today; a bank may book any time within a day."""
    if unit["leg"] == "credit" or unit["term_index"] is None:
        return as_of + timedelta(days=1)
    term = book.terms[unit["term_index"]]
    today = as_of.astimezone(ZoneInfo(term.timezone)).date()
    return max(as_of, due_for_business_date(book, term, today).due_at.astimezone(UTC))
