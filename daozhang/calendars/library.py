"""The known calendars and where their days come from.

Rules kept here: China's State Council announces each year's schedule, make-up workdays included,
in the November before. The ``holidays`` library knows an unannounced year's statutory days only
and says nothing about what is missing, so a CN year counts as verified when it has at least one
make-up workday or an override says so. The Fed's and T2's closing days follow from rules, so
every year their rules cover is verified. The Fed does not move a Saturday holiday to the Friday
before (2026-07-03 is open), which is why its own calendar is used and not the federal one.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Iterable, Sequence
from datetime import date
from functools import cache
from importlib import resources
from typing import Final

import holidays

from daozhang.calendars.business import BusinessCalendar, YearDays
from daozhang.calendars.year_overrides import KNOWN_CALENDARS, YearOverride, load_overrides

__all__ = ["UnknownCalendarError", "bundled_overrides", "load_calendar"]

_SATURDAY: Final = 5


class UnknownCalendarError(LookupError):
    """No calendar of that name; the message lists the known ones."""

    def __init__(self, name: str, known: Iterable[str]) -> None:
        self.name = name
        self.known = tuple(sorted(known))
        super().__init__(
            f"unknown calendar {name!r}; known are {', '.join(self.known)} "
            "(an override file with based_on makes one of your own)"
        )


def _days_in(year: int) -> Iterable[date]:
    first, last = date(year, 1, 1).toordinal(), date(year, 12, 31).toordinal()
    return map(date.fromordinal, range(first, last + 1))


def _all_days(year: int) -> tuple[set[date], bool]:
    return set(_days_in(year)), True


def _weekdays(year: int) -> tuple[set[date], bool]:
    return {day for day in _days_in(year) if day.weekday() < _SATURDAY}, True


def _china(year: int) -> tuple[set[date], bool]:
    """Weekdays less statutory and bridged days, plus make-up workdays."""
    known = holidays.country_holidays("CN", years=year)
    worked = {day for day in known.weekend_workdays if day.year == year}
    return (_weekdays(year)[0] - set(known)) | worked, bool(worked)


def _financial(code: str) -> Callable[[int], tuple[set[date], bool]]:
    """Weekdays less a payment system's closing days, which follow from its rules."""

    def open_days(year: int) -> tuple[set[date], bool]:
        known = holidays.financial_holidays(code, years=year)
        covered = known.start_year <= year <= known.end_year
        return _weekdays(year)[0] - set(known), covered

    return open_days


_SOURCES: Final[dict[str, Callable[[int], tuple[set[date], bool]]]] = {
    "ALL_DAYS": _all_days,
    "NONE": _all_days,
    "WEEKDAYS": _weekdays,
    "CN": _china,
    "US_FED": _financial("XFED"),
    "TARGET2": _financial("XECB"),
}
assert tuple(sorted(_SOURCES)) == KNOWN_CALENDARS


@cache
def bundled_overrides() -> tuple[YearOverride, ...]:
    """Return the overrides that come with the package, in order of file name.

    Raises:
        ValueError: a bundled file is faulty, which a test of the package would have shown.
    """
    folder = resources.files("daozhang.calendars") / "overrides"
    found: list[YearOverride] = []
    for entry in sorted(folder.iterdir(), key=lambda entry: entry.name):
        if entry.name.endswith(".toml"):
            data = tomllib.loads(entry.read_text(encoding="utf-8"))
            overrides, problems = load_overrides(data, entry.name)
            if problems:
                raise ValueError(f"bundled override file is faulty: {problems[0]}")
            found += overrides
    return tuple(found)


def load_calendar(name: str, overrides: Sequence[YearOverride] = ()) -> BusinessCalendar:
    """Return a calendar by name.

    Args:
        name: one of :data:`KNOWN_CALENDARS`, or the name of an override with ``based_on``.
        overrides: the user's, applied after the bundled ones; a later one wins day by day.

    Raises:
        UnknownCalendarError: neither the library nor an override knows the name, or an override
            is based on a calendar that does not exist.
    """
    every = (*bundled_overrides(), *overrides)
    bases = {o.calendar: o.based_on for o in every if o.based_on is not None}
    base = name if name in _SOURCES else bases.get(name)
    if base is None or base not in _SOURCES:
        raise UnknownCalendarError(name if base is None else base, {*_SOURCES, *bases})
    mine = [o for o in every if o.calendar in {base, name}]
    # What is said of the base holds for the calendar made from it, which may differ again.
    mine.sort(key=lambda o: o.calendar == name)
    source = _SOURCES[base]

    def days_of(year: int) -> YearDays:
        open_days, verified = source(year)
        for override in mine:
            if override.year == year:
                open_days = open_days - override.holidays_added
                open_days |= override.holidays_removed | override.makeup_workdays
                verified = verified if override.verified is None else override.verified
        return YearDays(tuple(sorted(day.toordinal() for day in open_days)), verified)

    return BusinessCalendar(name, days_of)
