"""Promises: named dates, clock changes, and two implementations that must agree."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from daozhang.journey._local_time import clock_text, first_reading, has_read
from daozhang.journey.promise import (
    CLOCKS,
    Promise,
    clock_of,
    due_for_business_date,
    promise_for,
    spans,
)
from daozhang.journey.terms import load_terms_text

TOP = 'timezone = "Asia/Shanghai"\ncurrency = "CNY"\n'
CARD = {
    "provider_id": '"UP"', "cutoff": '"23:00"', "basis": '"business"', "lag_days": "1",
    "calendar": '"CN"', "credit_by": '"12:00"', "fee_bps": "38",
}  # fmt: skip
SHANGHAI = ZoneInfo("Asia/Shanghai")
NEW_YORK = ZoneInfo("America/New_York")


def book_of(*tables):
    text = TOP
    for changes in tables:
        keys = {**CARD, **changes}
        text += "[[terms]]\n" + "".join(f"{k} = {v}\n" for k, v in keys.items())
    book, problems = load_terms_text(text, "terms.toml")
    assert book is not None, problems
    return book


def promise(book, captured, host=None, submitted=None):
    candidates = book.candidates("UP", "card", "M", "A")
    return promise_for(book, candidates, captured, host, submitted)


def local(text, zone=SHANGHAI):
    return datetime.fromisoformat(text).replace(tzinfo=zone)


# Sold (Shanghai) → business date → due date, under T+1 with a 23:00 cut-off.
ARRIVALS = {
    "over New Year": ("2025-12-31 10:00", "2025-12-31", "2026-01-04"),
    "to a worked Saturday": ("2026-02-13 10:00", "2026-02-13", "2026-02-14"),
    "worked Saturday over Spring Festival": ("2026-02-14 10:00", "2026-02-14", "2026-02-24"),
    "over Labour Day": ("2026-04-30 10:00", "2026-04-30", "2026-05-06"),
    "to the worked Saturday in May": ("2026-05-08 10:00", "2026-05-08", "2026-05-09"),
    "to a worked Sunday": ("2026-09-18 10:00", "2026-09-18", "2026-09-20"),
    "over Mid-Autumn": ("2026-09-24 10:00", "2026-09-24", "2026-09-28"),
    "over National Day": ("2026-09-30 10:00", "2026-09-30", "2026-10-08"),
    "to the worked Saturday in October": ("2026-10-09 10:00", "2026-10-09", "2026-10-10"),
    "a second before the cut-off": ("2026-02-13 22:59:59", "2026-02-13", "2026-02-14"),
    "at the cut-off": ("2026-02-13 23:00", "2026-02-14", "2026-02-24"),
    "after the cut-off": ("2026-02-13 23:30", "2026-02-14", "2026-02-24"),
    "sold on a holiday": ("2026-02-17 10:00", "2026-02-17", "2026-02-24"),
}


@pytest.mark.parametrize(("sold", "business", "due"), ARRIVALS.values(), ids=ARRIVALS)
def test_arrival(sold, business, due):
    made = promise(book_of({}), local(sold))
    assert made.business_date == date.fromisoformat(business)
    assert made.due_date == date.fromisoformat(due)
    assert made.due_at == local(f"{due} 12:00")
    assert made.cutoff_at == local(f"{business} 23:00")
    assert made.rule == "T+1 CN cut-off 23:00 by 12:00 Asia/Shanghai"
    assert not made.provisional


# Terms' changes → sold (Shanghai) → due (Shanghai) and rule.
RULES = {
    "calendar days": (
        {"basis": '"calendar"', "lag_days": "1"}, "2026-02-14 10:00",
        "2026-02-15 12:00", "D+1 cut-off 23:00 by 12:00 Asia/Shanghai",
    ),
    "calendar days rolled on the bank's calendar": (
        {"basis": '"calendar"', "credit_calendar": '"CN"'}, "2026-02-14 10:00",
        "2026-02-24 12:00", "D+1 cut-off 23:00 rolled on CN by 12:00 Asia/Shanghai",
    ),
    "no lag on a business day": (
        {"lag_days": "0", "credit_by": '"24:00"'}, "2026-02-14 10:00",
        "2026-02-15 00:00", "T+0 CN cut-off 23:00 by 24:00 Asia/Shanghai",
    ),
    "no lag on a holiday": (
        {"lag_days": "0", "credit_by": '"23:00"'}, "2026-02-15 10:00",
        "2026-02-24 23:00", "T+0 CN cut-off 23:00 by 23:00 Asia/Shanghai",
    ),
    "midnight never goes to the next date": (
        {"cutoff": '"24:00"'}, "2026-02-13 23:59:59",
        "2026-02-14 12:00", "T+1 CN cut-off 24:00 by 12:00 Asia/Shanghai",
    ),
    "read abroad, credited here": (
        {"timezone": '"America/Los_Angeles"', "cutoff": '"17:00"', "calendar": '"US_FED"',
         "credit_timezone": '"Asia/Shanghai"'}, "2026-07-03 07:59",  # 16:59 of July 2 in LA
        "2026-07-03 12:00",
        "T+1 US_FED cut-off 17:00 America/Los_Angeles by 12:00 Asia/Shanghai",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "sold", "due", "rule"), RULES.values(), ids=RULES)
def test_rule(changes, sold, due, rule):
    made = promise(book_of(changes), local(sold))
    assert made.due_at == local(due)
    assert made.rule == rule


D0 = {
    "windows": '[{ until = "11:00", credit_by = "15:00" }, '
    '{ until = "16:00", credit_by = "20:00", lag_days = 0 }]',
    "daily_limit_minor": "1000000",
    "clear_by": '"03:00"',
    "pay_by": '"04:00"',
}
WINDOWS = {
    "morning": ("2026-02-13 10:59:59", 0, "2026-02-13 15:00", None),
    "at the end of the first": ("2026-02-13 11:00", 1, "2026-02-13 20:00", None),
    "afternoon": ("2026-02-13 15:59", 1, "2026-02-13 20:00", None),
    "none is met": ("2026-02-13 16:00", -1, "2026-02-14 12:00", "2026-02-14 04:00"),
    "the evening before meets the first": ("2026-02-12 23:10", 0, "2026-02-13 15:00", None),
    "a holiday's window": ("2026-02-15 10:00", 0, "2026-02-24 15:00", "2026-02-24 04:00"),
}


@pytest.mark.parametrize(("sold", "window", "due", "pay"), WINDOWS.values(), ids=WINDOWS)
def test_window(sold, window, due, pay):
    made = promise(book_of(D0), local(sold))
    assert made.window == window
    assert made.due_at == local(due)
    # 04:00 of a same-day due date lies before the sale, so it is no deadline for it.
    assert made.pay_at == (local(pay) if pay else None)
    assert made.base_due_at == local(f"{made.base_due_date} 12:00")
    assert made.base_pay_at == local(f"{made.base_due_date} 04:00")
    assert made.base_clear_at == local(f"{made.base_due_date} 03:00")
    assert made.base_rule == "T+1 CN cut-off 23:00 by 12:00 Asia/Shanghai"
    assert ("window until" in made.rule) == (window >= 0)


LEGS = {
    "at the end of the window": ("11:00", "11:00", True),
    "a minute before it": ("11:00", "10:59", False),
    "a window that the cut-off ends": ("23:30", "23:00", True),
    "before that cut-off": ("23:30", "22:59", False),
}


@pytest.mark.parametrize(("until", "pay_by", "is_deadline"), LEGS.values(), ids=LEGS)
def test_a_leg_deadline_is_not_before_its_last_sale(until, pay_by, is_deadline):
    windows = f'[{{ until = "{until}", credit_by = "23:59" }}]'
    made = promise(
        book_of({"windows": windows, "pay_by": f'"{pay_by}"'}), local("2026-03-02 10:00")
    )
    assert made.window == 0
    assert made.pay_at == (local(f"2026-03-02 {pay_by}") if is_deadline else None)


def test_whose_clock_decides():
    captured, host = local("2026-02-12 22:59"), local("2026-02-12 23:01")
    submitted = local("2026-02-13 23:05")
    wanted = {
        "captured": ("captured", "2026-02-12"),
        "host": ("seen", "2026-02-13"),
        "submitted": ("submitted", "2026-02-14"),
    }
    for by, (clock, business) in wanted.items():
        made = promise(book_of({"cutoff_by": f'"{by}"'}), captured, host, submitted)
        assert (made.clock, made.business_date) == (clock, date.fromisoformat(business))
    assert promise(book_of({}), captured, host, submitted).clock == "seen"


def test_a_missing_clock_gives_way():
    captured, host = local("2026-02-12 22:59"), local("2026-02-12 23:01")
    by_host = book_of({"cutoff_by": '"host"'})
    by_batch = book_of({"cutoff_by": '"submitted"'})
    assert promise(by_host, captured).business_date == date(2026, 2, 12)
    assert promise(by_batch, captured, host).business_date == date(2026, 2, 13)
    assert promise(by_batch, captured).business_date == date(2026, 2, 12)


PROVISIONAL = {
    "within verified years": ({}, "2026-12-30 10:00", False),
    "into an unannounced year": ({}, "2026-12-31 10:00", True),
    "in an unannounced year": ({}, "2027-06-01 10:00", True),
    "calendar days ask no calendar": ({"basis": '"calendar"'}, "2027-06-01 10:00", False),
    "the bank's calendar counts": (
        {"basis": '"calendar"', "credit_calendar": '"CN"'}, "2027-06-01 10:00", True,
    ),
    "the Fed's year follows from rules": ({"calendar": '"US_FED"'}, "2027-06-01 10:00", False),
}  # fmt: skip


@pytest.mark.parametrize(("changes", "sold", "wanted"), PROVISIONAL.values(), ids=PROVISIONAL)
def test_provisional(changes, sold, wanted):
    made = promise(book_of(changes), local(sold))
    assert (made.provisional, made.base_provisional) == (wanted, wanted)


def test_validity_goes_by_each_terms_own_business_date():
    book = book_of(
        {"valid_from": "2026-03-02", "cutoff": '"22:00"', "lag_days": "2"},
        {"valid_to": "2026-03-01"},
    )
    before, between, after = (local(f"2026-03-01 {t}") for t in ("21:59", "22:30", "23:30"))
    assert [promise(book, at).term_index for at in (before, between, after)] == [1, 0, 0]
    assert [promise(book, at).rank for at in (before, between, after)] == [1, 0, 0]


def test_no_term_no_promise():
    book = book_of({"valid_to": "2026-03-01"})
    assert promise(book, local("2026-03-01 23:00")) is None
    assert promise_for(book, (), local("2026-03-01 10:00")) is None


def test_due_for_a_business_date():
    book = book_of(D0)
    (term,) = book.terms
    plain = due_for_business_date(book, term, date(2026, 2, 14))
    assert (plain.due_date, plain.due_at) == (date(2026, 2, 24), local("2026-02-24 12:00"))
    assert due_for_business_date(book, term, date(2026, 2, 14), 1).due_at == local(
        "2026-02-14 20:00"
    )
    with pytest.raises(IndexError, match="no window 2"):
        due_for_business_date(book, term, date(2026, 2, 14), 2)
    with pytest.raises(IndexError, match="no window -2"):
        due_for_business_date(book, term, date(2026, 2, 14), -2)


# Clock changes. A local time means the first instant at which the clock reads it or more.
READINGS = {
    "skipped: the instant after the gap": ("2026-03-08", "02:30", NEW_YORK, "2026-03-08T07:00Z"),
    "start of the gap": ("2026-03-08", "02:00", NEW_YORK, "2026-03-08T07:00Z"),
    "end of the gap": ("2026-03-08", "03:00", NEW_YORK, "2026-03-08T07:00Z"),
    "shown twice: the first": ("2026-11-01", "01:30", NEW_YORK, "2026-11-01T05:30Z"),
    "after both": ("2026-11-01", "02:00", NEW_YORK, "2026-11-01T07:00Z"),
    "a midnight that is skipped": (
        "2018-11-03", "24:00", ZoneInfo("America/Sao_Paulo"), "2018-11-04T03:00Z",
    ),
    "a midnight that comes twice": (
        "2010-11-06", "24:00", ZoneInfo("America/St_Johns"), "2010-11-07T02:30Z",
    ),
    "a date that is skipped": (
        "2011-12-30", "12:00", ZoneInfo("Pacific/Apia"), "2011-12-30T10:00Z",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("day", "clock", "zone", "instant"), READINGS.values(), ids=READINGS)
def test_local_time(day, clock, zone, instant):
    hours, minutes = clock.split(":")
    at = first_reading(date.fromisoformat(day), int(hours) * 60 + int(minutes), zone)
    assert at == datetime.fromisoformat(instant)
    assert at.tzinfo is UTC
    assert clock_text(int(hours) * 60 + int(minutes)) == clock


CHANGES = [
    ("America/New_York", date(2026, 3, 8)),
    ("America/New_York", date(2026, 11, 1)),
    ("Europe/Dublin", date(2026, 3, 29)),
    ("Australia/Lord_Howe", date(2026, 4, 5)),
    ("America/Sao_Paulo", date(2018, 2, 17)),
    ("America/Sao_Paulo", date(2018, 11, 3)),
    ("America/St_Johns", date(2010, 11, 6)),
    ("Asia/Beirut", date(2022, 3, 27)),
    ("Pacific/Apia", date(2011, 12, 29)),
]
ZONES = sorted({"Asia/Shanghai", "Asia/Kathmandu", *(name for name, _ in CHANGES)})


@pytest.mark.parametrize(("name", "day"), CHANGES)
def test_clock_readings_and_instants_agree_around_a_change(name, day):
    zone = ZoneInfo(name)
    start = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=20)
    instants = [start + timedelta(minutes=10 * n) for n in range(6 * 72)]
    for offset in range(3):
        asked = day + timedelta(days=offset - 1)
        for minutes in range(0, 1441, 15):
            reached = first_reading(asked, minutes, zone)
            for at in instants:
                shown = at.astimezone(zone)
                if abs((shown.date() - asked).days) <= 1:
                    assert has_read(shown, asked, minutes) == (at >= reached), (at, asked, minutes)


CLOCK_TIMES = st.integers(0, 1440)


@st.composite
def terms_tables(draw):
    """One term with every key that a promise depends on."""
    changes = {
        "timezone": f'"{draw(st.sampled_from(ZONES))}"',
        "cutoff": f'"{clock_text(draw(CLOCK_TIMES))}"',
        "basis": f'"{draw(st.sampled_from(["business", "calendar"]))}"',
        "lag_days": str(draw(st.integers(0, 5))),
        "calendar": f'"{draw(st.sampled_from(["CN", "US_FED", "TARGET2", "WEEKDAYS"]))}"',
        "credit_by": f'"{clock_text(draw(CLOCK_TIMES))}"',
    }
    by = draw(st.sampled_from([None, "captured", "host", "submitted"]))
    optional = {
        "cutoff_by": by and f'"{by}"',
        "credit_calendar": draw(st.sampled_from([None, '"CN"', '"TARGET2"'])),
        "credit_timezone": draw(st.sampled_from([None, '"Asia/Tokyo"'])),
        "clear_by": draw(st.sampled_from([None, '"02:30"'])),
        "pay_by": draw(st.sampled_from([None, '"04:00"', '"01:30"'])),
        "channel": draw(st.sampled_from([None, '"card"'])),
        "merchant_id": draw(st.sampled_from([None, '"M"'])),
    }
    changes |= {key: value for key, value in optional.items() if value}
    untils = sorted(draw(st.sets(CLOCK_TIMES, max_size=3)))
    cutoff = changes["cutoff"].strip('"')
    reached = [u for n, u in enumerate(untils) if n == 0 or clock_text(untils[n - 1]) < cutoff]
    if reached:
        changes["windows"] = "[" + ", ".join(
            f'{{ until = "{clock_text(u)}", credit_by = "{clock_text(draw(CLOCK_TIMES))}", '
            f"lag_days = {draw(st.integers(0, 2))} }}"
            for u in reached
        ) + "]"  # fmt: skip
    return changes


@st.composite
def cases(draw):
    """A book, and the three instants of a sale near a clock change or anywhere in 2026."""
    tables = draw(st.lists(terms_tables(), min_size=1, max_size=3))
    day = draw(st.one_of(st.dates(date(2026, 1, 1), date(2026, 12, 31)),
                         st.sampled_from([d for _, d in CHANGES])))  # fmt: skip
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for number, table in enumerate(tables):
        # One date apart, so that no two terms contradict each other.
        since, until = day + timedelta(days=number - 1), draw(st.sampled_from([None, 0, 1]))
        if number or draw(st.booleans()):
            table["valid_from"] = since.isoformat()
        if until is not None:
            table["valid_to"] = (since + timedelta(days=until)).isoformat()
    minutes = st.integers(-36 * 60, 36 * 60)
    captured = start + timedelta(minutes=draw(minutes), seconds=draw(st.integers(-1, 1)))
    host = draw(st.none() | st.builds(lambda m: captured + timedelta(minutes=m), minutes))
    submitted = draw(st.none() | st.builds(lambda m: captured + timedelta(minutes=m), minutes))
    return book_of(*tables), captured, host, submitted


NAMES = [f.name for f in fields(Promise)]


def looked_up(book, candidates, captured, host, submitted):
    """What a join with the spans gives one sale: least rank among those that hold its instant."""
    seen = host or captured
    instants = {"captured": captured, "seen": seen, "submitted": submitted or seen}
    holding = []
    for clock, at in instants.items():
        found = spans(book, candidates, clock, at - timedelta(days=2), at + timedelta(days=2))
        holding += [s for s in found if s.from_at <= at < s.until_at]
    ranks = [span.rank for span in holding]
    assert len(set(ranks)) == len(ranks), "spans of one term overlap"
    return min(holding, key=lambda span: span.rank, default=None)


@settings(max_examples=300, deadline=None)
@given(cases())
def test_spans_and_the_scalar_reference_agree(case):
    book, *sale = case
    candidates = book.candidates("UP", "card", "M", "A")
    one = promise_for(book, candidates, *sale)
    other = looked_up(book, candidates, *sale)
    assert (one is None) == (other is None)
    if one is not None:
        assert {n: getattr(one, n) for n in NAMES} == {n: getattr(other, n) for n in NAMES}


def walked_due_date(book, term, day, lag):
    """The due date by walking day by day."""
    calendar, credit = book.calendars[term.calendar], term.credit_calendar
    due = day
    if term.basis == "calendar":
        due += timedelta(days=lag)
    else:
        for _ in range(lag):
            due += timedelta(days=1)
            while not calendar.is_business_day(due):
                due += timedelta(days=1)
        while not calendar.is_business_day(due):
            due += timedelta(days=1)
    while credit and not book.calendars[credit].is_business_day(due):
        due += timedelta(days=1)
    return due


@settings(max_examples=150, deadline=None)
@given(terms_tables(), st.dates(date(2024, 1, 1), date(2027, 12, 31)))
def test_due_dates_agree_with_walking_and_never_fall(changes, day):
    book = book_of(changes)
    (term,) = book.terms
    offers = [(-1, term.lag_days), *((n, w.lag_days) for n, w in enumerate(term.windows))]
    for window, lag in offers:
        due = due_for_business_date(book, term, day, window)
        assert due.due_date == walked_due_date(book, term, day, lag)
        later = due_for_business_date(book, term, day + timedelta(days=1), window)
        assert day <= due.due_date <= later.due_date
        assert due.due_at <= later.due_at


@settings(max_examples=100, deadline=None)
@given(terms_tables(), st.sampled_from([d for _, d in CHANGES]), st.integers(0, 6))
@example({"cutoff": '"00:00"', "timezone": '"America/St_Johns"'}, date(2010, 11, 6), 3)
def test_spans_of_one_term_cover_the_stretch_without_gap(changes, day, days):
    book = book_of(changes)
    first = datetime(day.year, day.month, day.day, 1, tzinfo=UTC) - timedelta(days=3)
    last = first + timedelta(days=days)
    found = spans(book, book.terms, clock_of(book.terms[0]), first, last)
    assert found[0].from_at <= first < found[0].until_at
    assert found[-1].from_at <= last < found[-1].until_at
    assert all(a.until_at == b.from_at for a, b in pairwise(found))
    assert all(s.from_at < s.until_at <= s.cutoff_at for s in found)
    for clock in {*CLOCKS} - {clock_of(book.terms[0])}:
        assert spans(book, book.terms, clock, first, last) == []


def test_spans_keep_to_the_validity():
    book = book_of({"valid_from": "2026-03-02", "valid_to": "2026-03-03"})
    found = spans(book, book.terms, "seen", local("2026-01-01 00:00"), local("2026-06-01 00:00"))
    assert [s.business_date for s in found] == [date(2026, 3, 2), date(2026, 3, 3)]
    assert found[0].from_at == local("2026-03-01 23:00")


def test_spans_that_only_touch_the_stretch_are_left_out():
    book = book_of(D0)
    first, last = local("2026-03-02 11:00"), local("2026-03-02 15:59:59")
    assert [s.window for s in spans(book, book.terms, "seen", first, last)] == [1]
    first, last = local("2026-03-02 16:00"), local("2026-03-02 23:00")
    found = spans(book, book.terms, "seen", first, last)
    assert [(s.business_date.day, s.window) for s in found] == [(2, -1), (3, 0)]
    found = spans(book, book.terms, "seen", last, last)
    assert [(s.business_date.day, s.window) for s in found] == [(3, 0)]


def test_broken_calls_are_refused():
    book = book_of({})
    naive, aware = datetime(2026, 1, 1), datetime(2026, 1, 1, tzinfo=UTC)  # noqa: DTZ001 - the point
    with pytest.raises(ValueError, match="time zone"):
        promise(book, naive)
    for first, last in ((naive, aware), (aware, naive)):
        with pytest.raises(ValueError, match="time zone"):
            spans(book, book.terms, "seen", first, last)
    with pytest.raises(ValueError, match="longer than"):
        spans(book, book.terms, "seen", aware.replace(year=1900), aware)
