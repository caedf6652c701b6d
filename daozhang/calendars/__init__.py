"""Business days: library data plus override files; each year is verified or provisional."""

from daozhang.calendars.business import BusinessCalendar
from daozhang.calendars.library import (
    UnknownCalendarError,
    bundled_overrides,
    load_calendar,
)
from daozhang.calendars.year_overrides import (
    KNOWN_CALENDARS,
    CalendarProblem,
    YearOverride,
    load_overrides,
)

__all__ = [
    "KNOWN_CALENDARS",
    "BusinessCalendar",
    "CalendarProblem",
    "UnknownCalendarError",
    "YearOverride",
    "bundled_overrides",
    "load_calendar",
    "load_overrides",
]
