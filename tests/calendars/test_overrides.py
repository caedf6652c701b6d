"""Override files: strict to read, day by day to apply."""

from __future__ import annotations

import tomllib
from datetime import date

import pytest

from daozhang.calendars import (
    CalendarProblem,
    UnknownCalendarError,
    YearOverride,
    bundled_overrides,
    load_calendar,
    load_overrides,
)

NEXT_YEAR = """
calendar = "CN"
year = 2027
verified = true
source = "a notice"
holidays_added = [2027-01-04]
holidays_removed = ["2027-10-05"]
makeup_workdays = [2027-01-09]
"""


def _read(text):
    return load_overrides(tomllib.loads(text), "CN-2027.toml")


def test_an_override_verifies_its_year_and_changes_its_days():
    overrides, problems = _read(NEXT_YEAR)
    assert problems == []
    calendar = load_calendar("CN", overrides)
    plain = load_calendar("CN")
    assert (plain.verified(2027), calendar.verified(2027)) == (False, True)
    changed = {date(2027, 1, 4): False, date(2027, 10, 5): True, date(2027, 1, 9): True}
    for day, is_open in changed.items():
        assert plain.is_business_day(day) is not is_open
        assert calendar.is_business_day(day) is is_open
    assert calendar.next_business_day(date(2027, 1, 8)) == date(2027, 1, 9)
    assert not calendar.verified(2028)


def test_later_overrides_win():
    closed = YearOverride("CN", 2026, holidays_added=frozenset({date(2026, 2, 14)}))
    doubted = YearOverride("CN", 2026, verified=False)
    calendar = load_calendar("CN", (closed, doubted))
    assert not calendar.is_business_day(date(2026, 2, 14))
    assert not calendar.verified(2026)
    reopened = YearOverride("CN", 2026, makeup_workdays=frozenset({date(2026, 2, 14)}))
    assert load_calendar("CN", (closed, reopened)).is_business_day(date(2026, 2, 14))


def test_a_calendar_of_ones_own_follows_its_base():
    own = YearOverride("CITY", 2026, based_on="CN", holidays_added=frozenset({date(2026, 6, 1)}))
    base = YearOverride("CN", 2026, holidays_added=frozenset({date(2026, 6, 2)}))
    calendar = load_calendar("CITY", (own, base))
    assert calendar.name == "CITY"
    assert calendar.next_business_day(date(2026, 5, 29)) == date(2026, 6, 3)
    assert load_calendar("CN", (own, base)).next_business_day(date(2026, 5, 29)) == date(2026, 6, 1)


def test_a_calendar_of_ones_own_is_read():
    overrides, problems = _read('calendar = "CITY"\nyear = 2026\nbased_on = "CN"')
    assert problems == []
    assert overrides == (YearOverride("CITY", 2026, based_on="CN"),)


def test_what_a_calendar_of_ones_own_says_outweighs_its_base():
    day = frozenset({date(2026, 6, 1)})
    own = YearOverride("CITY", 2026, based_on="CN", holidays_removed=day)
    base = YearOverride("CN", 2026, holidays_added=day)
    for order in ((own, base), (base, own)):
        assert load_calendar("CITY", order).is_business_day(date(2026, 6, 1))
        assert not load_calendar("CN", order).is_business_day(date(2026, 6, 1))


def test_a_base_must_exist():
    own = YearOverride("CITY", 2026, based_on="TOWN")
    with pytest.raises(UnknownCalendarError, match="'TOWN'"):
        load_calendar("CITY", (own,))
    with pytest.raises(UnknownCalendarError, match="known are ALL_DAYS, CITY, CN"):
        load_calendar("TOWN", (own,))


REFUSED = {
    "misspelt key": ('calender = "CN"', "unknown_key", "did you mean 'calendar'"),
    "unknown key": ("zzz = 1", "unknown_key", "known are calendar, year"),
    "no calendar": ("year = 2027", "missing_key", "'calendar' is missing"),
    "calendar is no text": ("calendar = 1", "wrong_type", "'calendar'"),
    "calendar unknown": ('calendar = "CNN"', "unknown_calendar", "'CNN' is not one of ALL_DAYS"),
    "base unknown": ('calendar = "CITY"\nbased_on = "TOWN"', "unknown_calendar", "'TOWN'"),
    "base of a known one": (
        'calendar = "CN"\nbased_on = "WEEKDAYS"', "contradictory_names", "'CN' is known already",
    ),
    "no year": ('calendar = "CN"', "missing_key", "'year' is missing"),
    "year is no number": ('year = "2027"', "wrong_type", "'year'"),
    "year is a flag": ("year = true", "wrong_type", "'year'"),
    "year of another age": ("year = 27", "out_of_range", "1970–2999"),
    "verified is no flag": ('verified = "yes"', "wrong_type", "true or false"),
    "source is blank": ('source = " "', "wrong_type", "'source'"),
    "days are no list": ("holidays_added = 2027-01-04", "wrong_type", "a list of dates"),
    "day is no date": ('holidays_added = ["4 Jan"]', "wrong_type", "'4 Jan'"),
    "day is an instant": ("holidays_added = [2027-01-04T00:00:00Z]", "wrong_type", "holds dates"),
    "day of another year": (
        'calendar = "CN"\nyear = 2027\nholidays_added = [2026-01-05]', "outside_year", "2026-01-05",
    ),
    "day said twice": (
        "holidays_added = [2027-01-04]\nholidays_removed = [2027-01-04]",
        "contradictory_days", "2027-01-04",
    ),
    "make-up workday on a weekday": (
        "makeup_workdays = [2027-01-04]", "not_a_weekend", "holidays_removed",
    ),
    "weekend day opened as a holiday": (
        "holidays_removed = [2027-01-09]", "not_a_weekday", "makeup_workdays",
    ),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code", "says"), REFUSED.values(), ids=REFUSED)
def test_refuses(text, code, says):
    overrides, problems = _read(text)
    assert overrides == ()
    assert any(p.code == code and says in p.message for p in problems), problems
    assert all(isinstance(p, CalendarProblem) and p.file == "CN-2027.toml" for p in problems)


def test_bundled_files_are_sound_and_say_where_they_come_from():
    assert bundled_overrides()
    for override in bundled_overrides():
        assert override.source
        assert override.verified is not None


def test_a_faulty_bundled_file_is_not_passed_over(tmp_path, monkeypatch):
    from daozhang.calendars import library

    folder = tmp_path / "overrides"
    folder.mkdir()
    (folder / "README").write_text("not an override")
    (folder / "CN-2030.toml").write_text('calendar = "CN"')
    monkeypatch.setattr(library.resources, "files", lambda _: tmp_path)
    with pytest.raises(ValueError, match="CN-2030"):
        library.bundled_overrides.__wrapped__()
