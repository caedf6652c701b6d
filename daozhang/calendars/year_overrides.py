"""Override files: what a government or a bank announced and the library does not know.

One TOML file says what differs in one year of one calendar::

    calendar = "CN"            # a known calendar, or a new name together with based_on
    year = 2027
    verified = true            # the schedule is official, not expected
    source = "https://…"       # where it was announced
    holidays_added = [2027-01-04]
    holidays_removed = []
    makeup_workdays = [2027-01-09]   # weekend days that are worked
    based_on = "WEEKDAYS"      # only for a calendar of one's own, such as a city or a bank

Findings are values. This package lies below :mod:`daozhang.facts`, so it has its own record with
the fields of a ``Problem``; whoever reports them copies the fields.
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

__all__ = ["KNOWN_CALENDARS", "CalendarProblem", "YearOverride", "load_overrides"]

KNOWN_CALENDARS: Final = ("ALL_DAYS", "CN", "NONE", "TARGET2", "US_FED", "WEEKDAYS")
"""Names that need no override file. ALL_DAYS and NONE (no closing days) are the same."""

_YEAR_MIN: Final = 1970
_YEAR_MAX: Final = 2999
_SATURDAY: Final = 5
_DATE_LISTS: Final = ("holidays_added", "holidays_removed", "makeup_workdays")
_KEYS: Final = ("calendar", "year", "verified", "source", "based_on", *_DATE_LISTS)


@dataclass(frozen=True, slots=True, order=True)
class CalendarProblem:
    """One finding about an override file; the same fields as a located ``Problem``."""

    file: str
    line: int | None
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class YearOverride:
    """What differs in one year of one calendar.

    Attributes:
        calendar: name of the calendar it changes or, with ``based_on``, makes.
        year: the only year it speaks of.
        verified: the year's schedule is official; False takes the word back; None: no opinion.
        source: where the schedule was announced, for people.
        based_on: the known calendar that a calendar of one's own starts from.
        holidays_added: days that are closed.
        holidays_removed: weekdays that the library closes and that are open.
        makeup_workdays: weekend days that are worked (调休上班).
    """

    calendar: str
    year: int
    verified: bool | None = None
    source: str | None = None
    based_on: str | None = None
    holidays_added: frozenset[date] = frozenset()
    holidays_removed: frozenset[date] = frozenset()
    makeup_workdays: frozenset[date] = frozenset()


class _Findings:
    """Collects findings about one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.found: list[CalendarProblem] = []

    def add(self, code: str, message: str) -> None:
        self.found.append(CalendarProblem(self.file, None, code, message))


def load_overrides(
    data: Mapping[str, object], file: str
) -> tuple[tuple[YearOverride, ...], list[CalendarProblem]]:
    """Read one parsed override file.

    Args:
        data: the file as :mod:`tomllib` parses it.
        file: the name to put into findings.

    Returns:
        The override (none if anything was wrong with it: half a year's schedule would move
        promises silently) and the findings.
    """
    findings = _Findings(file)
    for key in data:
        if key not in _KEYS:
            close = difflib.get_close_matches(key, _KEYS, n=1)
            hint = f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(_KEYS)}"
            findings.add("unknown_key", f"unknown key {key!r}{hint}")
    calendar = _text(data, "calendar", findings)
    if calendar is None and "calendar" not in data:
        findings.add("missing_key", "'calendar' is missing; name the calendar, such as \"CN\"")
    year = _year(data, findings)
    verified = _flag(data, "verified", findings)
    source = _text(data, "source", findings)
    based_on = _text(data, "based_on", findings)
    _check_names(calendar, based_on, findings)
    lists = {key: _dates(data, key, year, findings) for key in _DATE_LISTS}
    _check_days(lists, findings)
    if findings.found or calendar is None or year is None:
        return (), findings.found
    return (YearOverride(calendar, year, verified, source, based_on, **lists),), []


def _check_names(calendar: str | None, based_on: str | None, findings: _Findings) -> None:
    """An override of a calendar that nobody uses would be passed over without a word."""
    known = ", ".join(KNOWN_CALENDARS)
    if based_on is not None and based_on not in KNOWN_CALENDARS:
        findings.add("unknown_calendar", f"'based_on' {based_on!r} is not one of {known}")
    if calendar is None:
        return
    if calendar in KNOWN_CALENDARS and based_on is not None:
        findings.add(
            "contradictory_names", f"{calendar!r} is known already; 'based_on' makes a new one"
        )
    if calendar not in KNOWN_CALENDARS and based_on is None:
        findings.add(
            "unknown_calendar",
            f"'calendar' {calendar!r} is not one of {known}; a calendar of your own says "
            "'based_on' in each of its files",
        )


def _flag(data: Mapping[str, object], key: str, findings: _Findings) -> bool | None:
    value = data.get(key)
    if value is None or isinstance(value, bool):
        return value
    findings.add("wrong_type", f"{key!r} is true or false, found {value!r}")
    return None


def _text(data: Mapping[str, object], key: str, findings: _Findings) -> str | None:
    value = data.get(key)
    if value is None:
        return None
    if not isinstance(value, str) or not value.strip():
        findings.add("wrong_type", f"{key!r} is a text that is not empty, found {value!r}")
        return None
    return value


def _year(data: Mapping[str, object], findings: _Findings) -> int | None:
    value = data.get("year")
    if value is None:
        findings.add("missing_key", "'year' is missing; an override file speaks of one year")
    elif not isinstance(value, int) or isinstance(value, bool):
        findings.add("wrong_type", f"'year' is a whole number, found {value!r}")
    elif not _YEAR_MIN <= value <= _YEAR_MAX:
        findings.add("out_of_range", f"'year' lies in {_YEAR_MIN}–{_YEAR_MAX}, found {value}")
    else:
        return value
    return None


def _dates(
    data: Mapping[str, object], key: str, year: int | None, findings: _Findings
) -> frozenset[date]:
    value = data.get(key, [])
    if not isinstance(value, list):
        findings.add("wrong_type", f"{key!r} is a list of dates, found {value!r}")
        return frozenset()
    days: set[date] = set()
    for item in value:
        day = item
        if isinstance(item, str):
            try:
                day = date.fromisoformat(item)
            except ValueError:
                day = None
        if not isinstance(day, date) or isinstance(day, datetime):
            findings.add("wrong_type", f"{key!r} holds dates such as 2027-01-04, found {item!r}")
        elif year is not None and day.year != year:
            findings.add("outside_year", f"{key!r}: {day} is not in {year}; one file, one year")
        else:
            days.add(day)
    return frozenset(days)


def _check_days(lists: Mapping[str, frozenset[date]], findings: _Findings) -> None:
    """A day is said once, and weekend words are not used for weekdays."""
    seen: dict[date, str] = {}
    for key, days in lists.items():
        for day in sorted(days):
            if day in seen:
                findings.add("contradictory_days", f"{day} stands in {seen[day]!r} and {key!r}")
            seen[day] = key
            weekend = day.weekday() >= _SATURDAY
            if key == "makeup_workdays" and not weekend:
                findings.add(
                    "not_a_weekend",
                    f"{key!r}: {day} is no weekend day; a weekday that the library closes is "
                    "opened by 'holidays_removed'",
                )
            if key == "holidays_removed" and weekend:
                findings.add(
                    "not_a_weekday",
                    f"{key!r}: {day} is a weekend day and stays closed; a worked weekend day is "
                    "a 'makeup_workdays' entry",
                )
