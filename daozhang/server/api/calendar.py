"""What is promised for each day, and what became of it."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from daozhang.server.api.answers import answers
from daozhang.server.api.callers import caller_of, needs
from daozhang.server.api.errors import WrongValueError
from daozhang.server.api.values import Asked, Out
from daozhang.server.due_days import Day, days_between
from daozhang.server.due_days import places as awaited

__all__ = ["router"]

DAYS_MAX: Final = 92
_AROUND: Final = dt.timedelta(days=14)
_WEEK: Final = dt.timedelta(days=7)

router = Router(tags=["calendar"])
SomeDay = Annotated[
    dt.date | None, Field(ge=dt.date(2000, 1, 1), lt=dt.date(2100, 1, 1))
]  # fmt: skip


class StatusOfDay(Out):
    """The sales of one status that were promised for a day, before fees."""

    sales: int
    amount_minor: int


class DayOut(Out):
    """One due day in one currency: what came, is to come and cannot be told add up to it."""

    day: dt.date
    currency: str
    promised_minor: int = Field(description="Before fees.")
    came_minor: int
    to_come_minor: int
    credited_minor: int = Field(description="What the bank booked of it, after fees.")
    outstanding_minor: int
    provisional_minor: int = Field(description="What depends on a year that is not verified.")
    by_status: dict[str, StatusOfDay]


class Calendar(Out):
    """The due days of a stretch of time."""

    since: dt.date | None
    until: dt.date | None
    days: list[DayOut]


class Stretch(Asked):
    """Which days; two weeks around the newest facts if none are named."""

    since: SomeDay = None
    until: SomeDay = Field(None, description=f"With it; at most {DAYS_MAX} days after `since`.")


@router.get(
    "/calendar", auth=needs("calendar", "read"), response=answers(Calendar),
    operation_id="calendar",
)  # fmt: skip
def calendar(request: HttpRequest, asked: Query[Stretch]) -> dict[str, Any]:
    """What is promised for each day, what came of it, and what is still to come."""
    caller = caller_of(request)
    if caller.reading is None:
        return {"since": None, "until": None, "days": []}
    today = caller.reading.about.as_of.astimezone(caller.speech().zone).date()
    around = asked.since or (asked.until - 2 * _AROUND if asked.until else today - _AROUND)
    until = asked.until or around + 2 * _AROUND
    if not dt.timedelta() <= until - around <= dt.timedelta(days=DAYS_MAX):
        raise WrongValueError("query", "until", why="span")
    found = days_between(caller.reading, around, until)
    return {
        "since": around,
        "until": until,
        "days": [_day(one) for _, one in sorted(found.items(), key=lambda item: item[0])],
    }


def _day(one: Day) -> dict[str, Any]:
    names = (
        "day", "currency", "promised_minor", "came_minor", "to_come_minor", "credited_minor",
        "outstanding_minor", "provisional_minor",
    )  # fmt: skip
    return {
        **{name: getattr(one, name) for name in names},
        "by_status": {
            status: {"sales": one.sales.get(status, 0), "amount_minor": minor}
            for status, minor in one.amounts.items()
        },
    }


class PlaceOut(Out):
    """What is still to come at one bank or account, in one currency; known fees are taken off."""

    bank_id: str | None
    account_id: str | None
    currency: str
    overdue_minor: int
    today_minor: int
    soon_minor: int = Field(description="In the next seven days.")
    later_minor: int


class Places(Out):
    """Where money is awaited."""

    today: dt.date | None
    items: list[PlaceOut]


class PlacesBy(Asked):
    """How it is taken together."""

    by: Literal["bank", "account"] = "bank"


@router.get(
    "/calendar/places", auth=needs("calendar", "read"), response=answers(Places),
    operation_id="places",
)  # fmt: skip
def places(request: HttpRequest, asked: Query[PlacesBy]) -> dict[str, Any]:
    """What is still to come by bank or account: overdue, today, in the next days, later."""
    reading = caller_of(request).reading
    if reading is None:
        return {"today": None, "items": []}
    today = reading.about.as_of.astimezone(caller_of(request).speech().zone).date()
    return {
        "today": today,
        "items": [
            {
                "bank_id": one.bank_id,
                "account_id": one.account_id,
                "currency": one.currency,
                **{f"{name}_minor": minor for name, minor in one.minor.items()},
            }
            for one in awaited(reading, asked.by, today, today + _WEEK)
        ],
    }
