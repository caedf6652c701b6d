"""Business days against published schedules and independent oracles."""

from __future__ import annotations

from datetime import date, timedelta

import chinese_calendar
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daozhang.calendars import KNOWN_CALENDARS, UnknownCalendarError, load_calendar

CN = load_calendar("CN")
FED = load_calendar("US_FED")
T2 = load_calendar("TARGET2")
DAYS = st.dates(date(2019, 1, 1), date(2026, 12, 1))

# A card sale of the left date under T+1 arrives on the right one; make-up Saturdays and Sundays
# are worked, so they are business dates and arrival dates alike.
T_PLUS_1 = {
    "New Year eve to a worked Sunday": ("2025-12-31", "2026-01-04"),
    "Friday to a worked Saturday": ("2026-02-13", "2026-02-14"),
    "worked Saturday over Spring Festival": ("2026-02-14", "2026-02-24"),
    "over Labour Day": ("2026-04-30", "2026-05-06"),
    "Friday to the worked Saturday after Labour Day": ("2026-05-08", "2026-05-09"),
    "Friday to a worked Sunday": ("2026-09-18", "2026-09-20"),
    "over Mid-Autumn": ("2026-09-24", "2026-09-28"),
    "over National Day": ("2026-09-30", "2026-10-08"),
    "Friday to the worked Saturday after National Day": ("2026-10-09", "2026-10-10"),
    "worked Sunday in 2018": ("2018-04-04", "2018-04-08"),
}


@pytest.mark.parametrize(("sold", "arrives"), T_PLUS_1.values(), ids=T_PLUS_1)
def test_china_next_business_day(sold, arrives):
    day = date.fromisoformat(sold)
    assert CN.next_business_day(day) == date.fromisoformat(arrives)
    assert CN.nth_business_day_after(day, 1) == date.fromisoformat(arrives)


def test_china_agrees_with_an_independent_library_on_every_day():
    day, differing = date(2019, 1, 1), []
    while day.year <= 2026:
        if CN.is_business_day(day) != chinese_calendar.is_workday(day):
            differing.append(day)
        day += timedelta(days=1)
    assert differing == []


@pytest.mark.parametrize("year", range(2019, 2027))
def test_announced_years_of_china_are_verified(year):
    assert CN.verified(year)


@pytest.mark.parametrize("year", [2027, 2028, 2150])
def test_years_of_china_without_makeup_days_are_not_verified(year):
    assert not CN.verified(year)


FED_DAYS = {
    "a Saturday holiday does not close the Friday before": ("2026-07-03", True),
    "the Saturday holiday itself": ("2026-07-04", False),
    "the Monday after it": ("2026-07-06", True),
    "Juneteenth 2027 is a Saturday, Friday is open": ("2027-06-18", True),
    "Christmas 2027 is a Saturday, Friday is open": ("2027-12-24", True),
    "New Year 2028 is a Saturday, Friday is open": ("2027-12-31", True),
    "a Sunday holiday closes the Monday": ("2027-07-05", False),
    "Columbus Day": ("2026-10-12", False),
    "Veterans Day": ("2026-11-11", False),
    "the day after Thanksgiving": ("2026-11-27", True),
    "Good Friday": ("2026-04-03", True),
}


@pytest.mark.parametrize(("day", "is_open"), FED_DAYS.values(), ids=FED_DAYS)
def test_fed(day, is_open):
    assert FED.is_business_day(date.fromisoformat(day)) is is_open


@pytest.mark.parametrize("year", range(2022, 2031))
def test_fed_closes_eleven_holidays_less_those_on_saturday(year):
    weekdays = [d for d in _days(year) if d.weekday() < 5]
    closed = [d for d in weekdays if not FED.is_business_day(d)]
    fixed = [date(year, 1, 1), date(year, 6, 19), date(year, 7, 4)]
    fixed += [date(year, 11, 11), date(year, 12, 25)]
    assert len(closed) == 11 - sum(day.weekday() == 5 for day in fixed)


def _days(year):
    return [
        date(year, 1, 1) + timedelta(days=n)
        for n in range((date(year + 1, 1, 1) - date(year, 1, 1)).days)
    ]


T2_CLOSED = {
    2025: ["01-01", "04-18", "04-21", "05-01", "12-25", "12-26"],
    2026: ["01-01", "04-03", "04-06", "05-01", "12-25"],
    2027: ["01-01", "03-26", "03-29"],
}


@pytest.mark.parametrize("year", T2_CLOSED)
def test_target2_closes_on_these_weekdays_only(year):
    closed = [d for d in _days(year) if d.weekday() < 5 and not T2.is_business_day(d)]
    assert [d.strftime("%m-%d") for d in closed] == T2_CLOSED[year]


@pytest.mark.parametrize("calendar", [FED, T2])
def test_rules_verify_the_years_they_cover(calendar):
    assert calendar.verified(2026)
    assert calendar.verified(2060)
    assert not calendar.verified(1980)
    assert not calendar.verified(2500)


@pytest.mark.parametrize("name", ["ALL_DAYS", "NONE"])
def test_every_day_counts(name):
    calendar = load_calendar(name)
    assert all(calendar.is_business_day(day) for day in _days(2028))
    assert calendar.next_business_day(date(2028, 2, 28)) == date(2028, 2, 29)
    assert calendar.verified(2400)


def test_weekdays_know_no_holiday():
    calendar = load_calendar("WEEKDAYS")
    assert [d for d in _days(2026) if calendar.is_business_day(d)] == [
        d for d in _days(2026) if d.weekday() < 5
    ]


@given(DAYS, st.integers(1, 60))
def test_nth_is_the_nth_of_those_after(day, n):
    passed, at = 0, day
    while passed < n:
        at += timedelta(days=1)
        passed += chinese_calendar.is_workday(at) if at.year <= 2026 else CN.is_business_day(at)
    assert CN.nth_business_day_after(day, n) == at


@given(DAYS, st.sampled_from(sorted(KNOWN_CALENDARS)))
def test_rolling_stays_or_goes_to_the_next(day, name):
    calendar = load_calendar(name)
    rolled = calendar.roll_forward(day)
    assert calendar.is_business_day(rolled)
    assert calendar.roll_forward(rolled) == rolled
    assert rolled == (day if calendar.is_business_day(day) else calendar.next_business_day(day))


@pytest.mark.parametrize("n", [0, -1])
def test_nth_counts_from_one(n):
    with pytest.raises(ValueError, match="roll_forward"):
        CN.nth_business_day_after(date(2026, 1, 1), n)


def test_more_than_a_year_of_business_days():
    assert load_calendar("WEEKDAYS").nth_business_day_after(date(2026, 1, 2), 522) == date(
        2028, 1, 4
    )


def test_unknown_calendar_names_the_known_ones():
    with pytest.raises(UnknownCalendarError, match=r"'CNY'; known are ALL_DAYS, CN, NONE") as error:
        load_calendar("CNY")
    assert set(KNOWN_CALENDARS) == set(error.value.known)


def test_it_names_itself():
    assert repr(CN) == "BusinessCalendar('CN')"
