"""How amounts, times, spans and counts are spoken in each language.

Rules kept here: money is shown to the minor unit, times in one named local zone, and every whole
number is counted with its noun.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Final
from zoneinfo import ZoneInfo

from daozhang.charts.guard import clean
from daozhang.charts.words import WORDS, Lang, say
from daozhang.money import format_minor

__all__ = ["Speech"]

_MONTHS: Final = (
    "Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec",
)  # fmt: skip
_HOUR_MIN: Final = 60
_DAY_MIN: Final = 24 * 60


@dataclass(frozen=True, slots=True)
class Speech:
    """One language, one zone and the readable names of ids.

    Attributes:
        lang: ``zh`` or ``en``.
        zone: the zone in which all times are shown.
        names: readable names by id; an id without one stands for itself.
    """

    lang: Lang
    zone: ZoneInfo
    names: Mapping[str, str] = field(default_factory=dict)

    def __call__(self, key: str, **values: object) -> str:
        """Return a text of the catalogue in this language."""
        return say(self.lang, key, **values)

    def money(self, minor: int, currency: str) -> str:
        """Return an amount to the minor unit: ``¥182,430.00``."""
        return format_minor(minor, currency)

    def count(self, noun: str, number: int) -> str:
        """Return a number with its noun, e.g. ``count("sales", 27)``: ``27 sales``, ``27 笔``."""
        key = f"count.{noun}.one" if number == 1 else f"count.{noun}.many"
        return self(key, number=f"{number:,}")

    def day(self, value: date, *, year: bool = False) -> str:
        """Return a date: ``6 May`` or ``5月6日``, with the year where it is asked for."""
        key = "date.full" if year else "date.day"
        return self(
            key, year=value.year, month=value.month, month_name=_MONTHS[value.month - 1],
            day=value.day,
        )  # fmt: skip

    def time(self, moment: datetime, *, year: bool = False) -> str:
        """Return a moment in the local zone to the minute: ``6 May 12:00``."""
        local = moment.astimezone(self.zone)
        return self("date.time", day=self.day(local.date(), year=year), clock=f"{local:%H:%M}")

    def span(self, minutes: int) -> str:
        """Return a length of time in its two largest units: ``1 d 4 h``, ``1天4小时``."""
        days, rest = divmod(abs(minutes), _DAY_MIN)
        hours, least = divmod(rest, _HOUR_MIN)
        if days and hours:
            return self("span.days_hours", days=days, hours=hours)
        if days:
            return self("span.days", days=days)
        if hours and least:
            return self("span.hours_minutes", hours=hours, minutes=least)
        if hours:
            return self("span.hours", hours=hours)
        return self("span.minutes", minutes=least)

    def name(self, value: object) -> str:
        """Return the readable name of an id from a file; None: that it is not known."""
        if value is None or value == "":
            return self("word.not_known")
        return clean(self.names.get(str(value), value), 60)

    def channel(self, value: object) -> str:
        """Return how a payment channel is called; one that is not known stands for itself."""
        key = f"channel.{value}"
        return self(key) if key in WORDS[self.lang] else self.name(value)
