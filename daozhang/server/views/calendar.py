"""The calendar of arrivals: what is promised for each day, what came, what is still to come."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse, HttpResponseBase
from django.urls import reverse

from daozhang.calendars import BusinessCalendar
from daozhang.journey.terms import Term, TermsBook
from daozhang.server.agreed import agreed, calendars_of, terms_for
from daozhang.server.due_days import (
    STATUSES,
    Day,
    Place,
    day_places,
    days_between,
    mark,
    places,
)
from daozhang.server.sales_list import chosen, totals
from daozhang.server.terms_told import cutoff_said, lag_said, promise_said, scope_said
from daozhang.server.views.base import Face, page
from daozhang.server.views.sales import as_csv, sale_list

__all__ = ["calendar", "day"]

_WEEK: Final = timedelta(days=7)
_DAY: Final = timedelta(days=1)
_AROUND: Final = timedelta(days=14)
_WEEKS: Final = 5
_ACCOUNTS_SHOWN: Final = 50
_ACCOUNTS: Final = (
    "due_date", "account_id", "bank_id", "currency", "promised_minor", "came_minor",
    "to_come_minor", "unknown_minor",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Cell:
    """One day of the calendar as it is drawn."""

    day: date
    number: str
    name: str
    marks: tuple[str, ...]
    when: str
    promised: str
    lines: tuple[tuple[str, str, str], ...]
    provisional: bool


@page("calendar")
def calendar(face: Face) -> HttpResponse:
    """Show the weeks around today, or those that the address asks for."""
    if face.reading is None or face.reading.figures.first_sale is None:
        return face.render("nothing_yet.html")
    today = face.reading.about.as_of.astimezone(face.speech.zone).date()
    asked = _date(face.request.GET.get("from", ""))
    first = asked or today - _AROUND
    first -= timedelta(days=first.weekday())
    last = first + _WEEKS * _WEEK - timedelta(days=1)
    found = days_between(face.reading, first, last)
    if face.request.GET.get("format") == "csv":
        return _csv(face, found)
    currencies = list(dict.fromkeys(row["currency"] for row in face.reading.figures.by_status))
    currency = face.request.GET.get("currency", "")
    if currency not in currencies:
        currency = currencies[0]
    book = agreed()
    terms = _terms(face, book, today)
    calendars = _calendars(book, terms)
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    soon = today + _WEEK
    by = "account" if face.request.GET.get("by") == "account" else "bank"
    return face.render(
        "calendar.html",
        sentence=_sentence(face, today, soon),
        weekdays=[face.say(f"weekday.{n}") for n in range(7)],
        cells=[_cell(face, one, found.get((one, currency)), today, calendars) for one in span],
        currency=currency,
        currencies=currencies,
        asked=f"&from={first}" if asked else "",
        earlier=first - (_WEEKS - 1) * _WEEK,
        later=first + (_WEEKS - 1) * _WEEK,
        span=face.speech("word.from_to", a=face.speech.day(first, year=True),
                         b=face.speech.day(last, year=True)),
        first=first,
        by=by,
        places=face.paged(
            [_place(face, one, by, today, soon) for one in places(face.reading, by, today, soon)]
        ),
        soon=face.speech.day(soon),
        terms=[_term(face, term) for term in terms],
        years=_years(face, calendars, span),
    )  # fmt: skip


def _date(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _terms(face: Face, book: TermsBook | None, today: date) -> tuple[Term, ...]:
    if book is None:
        return ()
    assert face.reading is not None
    providers = frozenset(str(row["provider_id"]) for row in face.reading.figures.pace)
    return terms_for(book, face.scope, providers, on=today)


def _calendars(book: TermsBook | None, terms: tuple[Term, ...]) -> dict[str, BusinessCalendar]:
    if book is None:
        return {}
    return {name: book.calendars[name] for name in calendars_of(terms) if name in book.calendars}


def _sentence(face: Face, today: date, soon: date) -> list[str]:
    """Return what today and the next week bring, a sentence for each currency."""
    assert face.reading is not None
    speech = face.speech
    found = days_between(face.reading, today, soon)
    overdue: dict[str, int] = {}
    for row in face.reading.figures.by_status:
        if row["status"] == "overdue":
            overdue[row["currency"]] = row["outstanding_minor"]
    said = []
    for currency in sorted({key[1] for key in found} | set(overdue)):
        now = found.get((today, currency), Day(today, currency))
        next_minor = sum(
            one.amounts.get("in_transit", 0)
            for (due, own), one in found.items()
            if own == currency and due > today
        )
        values = {
            "day": speech.day(today),
            "promised": speech.money(now.promised_minor, currency),
            "came": speech.money(now.came_minor, currency),
            "next": speech.money(next_minor, currency),
            "unknown": speech.money(now.amounts.get("unknown", 0), currency),
            "overdue": speech.money(overdue.get(currency, 0), currency),
        }
        keys = ["calendar.said"]
        keys += ["calendar.said.unknown"] if now.amounts.get("unknown") else []
        keys += ["calendar.said.next"]
        keys += ["calendar.said.overdue"] if overdue.get(currency) else []
        said.append(face.say("word.sentence").join(face.say(key, **values) for key in keys))
    return said


def _marks(face: Face, one: date, calendars: Mapping[str, BusinessCalendar]) -> tuple[str, ...]:
    """Return what the calendars say of a day that its name does not."""
    found = {name: mark(one, known) for name, known in calendars.items()}
    kinds = set(found.values())
    if len(kinds) == 1:
        kind = kinds.pop()
        return (face.say(f"calendar.{kind}"),) if kind in {"holiday", "makeup"} else ()
    return tuple(
        face.say("calendar.of", kind=face.say(f"calendar.{kind}"), calendar=name)
        for name, kind in sorted(found.items())
        if kind in {"holiday", "makeup"}
    )


def _cell(
    face: Face,
    one: date,
    due: Day | None,
    today: date,
    calendars: Mapping[str, BusinessCalendar],
) -> _Cell:
    speech = face.speech
    closed = bool(calendars) and all(not known.is_business_day(one) for known in calendars.values())
    when = "today" if one == today else "past" if one < today else "ahead"
    lines = []
    if due is not None:
        lines = [
            (status, speech(f"status.{status}"), speech.money(due.amounts[status], due.currency))
            for status in STATUSES
            if due.amounts.get(status)
        ]
    return _Cell(
        day=one,
        number=speech.day(one),
        name=face.say(f"weekday.{one.weekday()}"),
        marks=_marks(face, one, calendars),
        when=f"is-{when}" + (" is-closed" if closed else "") + ("" if due else " is-empty"),
        promised=speech.money(due.promised_minor, due.currency) if due else "",
        lines=tuple(lines),
        provisional=bool(due and due.provisional_minor),
    )


def _place(face: Face, place: Place, by: str, today: date, soon: date) -> dict[str, Any]:
    """Return a bank's or account's row, each amount with the address of the sales behind it."""
    value = place.account_id if by == "account" else place.bank_id
    where = {by: value or "?", "currency": place.currency}
    asked = {
        "overdue": {**where, "status": "overdue"},
        "today": {**where, "status": "in_transit", "until": str(today)},
        "soon": {**where, "status": "in_transit", "since": str(today + _DAY), "until": str(soon)},
        "later": {**where, "status": "in_transit", "since": str(soon + _DAY)},
    }
    return _columns(face, place, asked)


def _columns(face: Face, place: Place, asked: Mapping[str, Mapping[str, str]]) -> dict[str, Any]:
    return {
        "name": face.speech.name(place.account_id or place.bank_id),
        "below": face.speech.name(place.bank_id) if place.account_id else "",
        "columns": [
            (
                face.say(f"calendar.{name}"),
                face.speech.money(minor, place.currency) if minor else "",
                f"{reverse('sales')}?{urlencode(asked[name])}",
            )
            for name, minor in place.minor.items()
        ],
    }


def _term(face: Face, term: Term) -> dict[str, str]:
    speech = face.speech
    return {
        "provider": speech.name(term.provider_id),
        "scope": scope_said(term, speech),
        "cutoff": cutoff_said(term, speech),
        "lag": lag_said(term),
        "promise": face.say("word.sentence").join(promise_said(term, speech)),
    }


def _years(
    face: Face, calendars: Mapping[str, BusinessCalendar], span: Iterable[date]
) -> list[str]:
    """Return which years of which calendars are announced, and which are expected only."""
    years = sorted({one.year for one in span})
    return [
        face.say(
            "calendar.verified" if known.verified(year) else "calendar.provisional",
            calendar=name, year=year,
        )
        for name, known in sorted(calendars.items())
        for year in years
    ]  # fmt: skip


def _csv(face: Face, found: Mapping[tuple[date, str], Day]) -> HttpResponse:
    head = (
        "due_date", "currency", "promised_minor", *(f"{s}_minor" for s in STATUSES), "sales",
        "credited_minor", "provisional_minor",
    )  # fmt: skip
    rows = (
        (
            due, currency, one.promised_minor, *(one.amounts.get(s, 0) for s in STATUSES),
            sum(one.sales.values()), one.credited_minor, one.provisional_minor,
        )
        for (due, currency), one in sorted(found.items())
    )  # fmt: skip
    return face.csv("calendar", head, rows)


@page("calendar")
def day(face: Face, on: str) -> HttpResponseBase:
    """Show one day: what became of its promises by account, and its sales."""
    one = _date(on)
    if face.reading is None or one is None:
        return face.render("not_found.html", status=404)
    asked = {**face.request.GET.dict(), "due": one.isoformat()}
    filters = chosen(asked)
    found = totals(face, filters)
    where = day_places(face.reading, one)
    if face.request.GET.get("format") == "csv":
        if face.request.GET.get("table") == "accounts":
            return face.csv("accounts", _ACCOUNTS, (_account_row(one, place) for place in where))
        return as_csv(face, filters, found)
    book = agreed()
    calendars = _calendars(book, _terms(face, book, one))
    speech = face.speech
    days = days_between(face.reading, one, one)
    return face.render(
        "calendar_day.html",
        one=one,
        title=f"{speech.day(one, year=True)} {face.say(f'weekday.{one.weekday()}')}",
        marks=_marks(face, one, calendars),
        years=_years(face, calendars, [one]),
        said=[_day_said(face, due) for due in days.values()],
        cards=[
            (status, speech(f"status.{status}"), speech.money(due.amounts[status], due.currency),
             speech.count("sales", due.sales[status]),
             f"?{urlencode({'status': status, 'currency': due.currency})}")
            for due in days.values() for status in STATUSES if due.amounts.get(status)
        ],
        places=[_day_place(face, place, one) for place in where[:_ACCOUNTS_SHOWN]],
        places_hidden=max(0, len(where) - _ACCOUNTS_SHOWN),
        before=one - timedelta(days=1),
        after=one + timedelta(days=1),
        chosen=asked.get("status", ""),
        **sale_list(face, filters, found),
    )  # fmt: skip


def _account_row(one: date, place: Place) -> tuple[object, ...]:
    return one, place.account_id, place.bank_id, place.currency, *place.minor.values()


def _day_said(face: Face, due: Day) -> str:
    speech = face.speech
    return face.say(
        "calendar.day",
        promised=speech.money(due.promised_minor, due.currency),
        came=speech.money(due.came_minor, due.currency),
        to_come=speech.money(due.to_come_minor, due.currency),
        booked=speech.money(due.credited_minor, due.currency),
    )


def _day_place(face: Face, place: Place, one: date) -> dict[str, Any]:
    where = {"account": place.account_id or "?", "currency": place.currency, "due": str(one)}
    return _columns(
        face,
        place,
        {
            "promised": where,
            "came": {**where, "status": "on_time,late"},
            "to_come": {**where, "status": "overdue,in_transit"},
            "unknown": {**where, "status": "unknown"},
        },
    )
