"""A business calendar answers one question fast: which days count.

Rules kept here: a year's days are worked out once, on first use, and kept as a sorted tuple of
day numbers, so every question is one binary search. Whether a year is *verified* belongs to the
year, not to the calendar: a promise that touches an unverified year is provisional.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

__all__ = ["BusinessCalendar", "YearDays"]


@dataclass(frozen=True, slots=True)
class YearDays:
    """The business days of one calendar year.

    Attributes:
        ordinals: proleptic ordinals (:meth:`datetime.date.toordinal`) in ascending order.
        verified: whether the year's schedule is known, not merely expected.
    """

    ordinals: tuple[int, ...]
    verified: bool


class BusinessCalendar:
    """Which days are business days, under one name."""

    __slots__ = ("_days_of", "_years", "name")

    def __init__(self, name: str, days_of: Callable[[int], YearDays]) -> None:
        """Keep the name and the source of years; no year is worked out yet."""
        self.name = name
        self._days_of = days_of
        self._years: dict[int, YearDays] = {}

    def __repr__(self) -> str:
        return f"BusinessCalendar({self.name!r})"

    def _year(self, year: int) -> YearDays:
        known = self._years.get(year)
        if known is None:
            known = self._years[year] = self._days_of(year)
        return known

    def verified(self, year: int) -> bool:
        """Return whether that year's schedule is known rather than expected."""
        return self._year(year).verified

    def is_business_day(self, day: date) -> bool:
        """Return whether money moves on that day."""
        ordinals = self._year(day.year).ordinals
        number = day.toordinal()
        at = bisect_left(ordinals, number)
        return at < len(ordinals) and ordinals[at] == number

    def next_business_day(self, day: date) -> date:
        """Return the first business day strictly after the day."""
        return self.nth_business_day_after(day, 1)

    def roll_forward(self, day: date) -> date:
        """Return the day itself if it is a business day, else the next one."""
        return day if self.is_business_day(day) else self.nth_business_day_after(day, 1)

    def nth_business_day_after(self, day: date, n: int) -> date:
        """Return the n-th business day strictly after the day.

        Args:
            day: any day, business or not.
            n: at least 1; for 0 say :meth:`roll_forward`, which is another question.

        Raises:
            ValueError: n is below 1, or the answer lies after the year 9999.
        """
        if n < 1:
            raise ValueError(f"n must be at least 1, got {n}; see roll_forward")
        year = day.year
        ordinals = self._year(year).ordinals
        at = bisect_right(ordinals, day.toordinal()) + n - 1
        while at >= len(ordinals):
            at -= len(ordinals)
            year += 1
            ordinals = self._year(year).ordinals
        return date.fromordinal(ordinals[at])
