"""What Stripe's tables have in common: cells by column, amounts by currency, times by zone.

Columns whose name says UTC are in UTC; the others are in the time zone that the report was asked
for, which the file does not name: they are read in the zone the user gives.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Final
from zoneinfo import ZoneInfo

from daozhang.formats._lines import Collector
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._stripe_words import StripeAmounts
from daozhang.formats._values import Moments
from daozhang.formats.base import Options
from daozhang.formats.profiles import normal_header
from daozhang.formats.tables import Head

__all__ = ["StripeTable"]

# Stripe writes ISO 8601; the other forms are what an American spreadsheet makes of it.
_FORMS: Final = ("%m/%d/%Y %H:%M", "%m/%d/%y %H:%M", "%m/%d/%Y %H:%M:%S", "%m/%d/%Y", "%Y-%m-%d")
_MINUTE_CHARS: Final = len("2026-05-01 10:00")


class _Times(Moments):
    """Reads times, also those that the Dashboard writes without seconds."""

    def _parse(self, text: str) -> dt.datetime | dt.date:
        plain = text.strip()
        if len(plain) == _MINUTE_CHARS and plain[10] in " T":
            plain += ":00"
        return super()._parse(plain)


class StripeTable:
    """The rows under one header.

    Attributes:
        head: the header.
        out: takes rows and problems.
        width: how many cells a row has at least.
    """

    def __init__(self, head: Head, options: Options, out: Collector) -> None:
        self.head = head
        self.out = out
        self.width = 1
        self._utc = _Times(dt.UTC, *_FORMS)
        self._local = _Times(ZoneInfo(options.timezone), *_FORMS)
        self._currency = options.currency
        self._amounts: dict[str, StripeAmounts] = {}

    def places(self, *columns: str) -> list[int]:
        """Return where those of the columns stand that the table has."""
        found = (self.head.place(column) for column in columns)
        return [place for place in found if place is not None]

    def times(self, *columns: str) -> list[tuple[int, Moments]]:
        """Return where those of the columns stand that the table has, and their zones."""
        found = ((self.head.place(column), "utc" in normal_header(column)) for column in columns)
        return [
            (place, self._utc if utc else self._local) for place, utc in found if place is not None
        ]

    def strip(self, cells: list[str]) -> list[str]:
        """Return the values of a row.

        Raises:
            RowError: it ends before its amounts.
        """
        if len(cells) < self.width:
            raise RowError(
                "row_short", f"the row has {len(cells)} cells, at least {self.width} are needed"
            )
        return [cell.strip(BLANK_CHARS) for cell in cells]

    def of(self, cells: list[str], place: int | None) -> StripeAmounts:
        """Return the reader of the row's amounts; a table without currencies has the user's.

        Raises:
            RowError: there is no currency.
        """
        text = cells[place] if place is not None else self._currency
        if not text:
            raise RowError(
                "currency_missing", "the row names no currency: name the one to read it with"
            )
        amounts = self._amounts.get(text)
        if amounts is None:
            amounts = self._amounts[text] = StripeAmounts(text)
        return amounts

    @staticmethod
    def first(cells: list[str], places: Iterable[int]) -> str:
        """Return the first value that is not empty."""
        size = len(cells)
        for place in places:
            if place < size and cells[place]:
                return cells[place]
        return ""

    @staticmethod
    def when(cells: list[str], times: list[tuple[int, Moments]]) -> dt.datetime | dt.date | None:
        """Return the first time that is there, None where there is none.

        Raises:
            RowError: it is no time.
        """
        for place, moments in times:
            if place < len(cells) and cells[place]:
                return moments(cells[place])
        return None

    def at(self, cells: list[str], times: list[tuple[int, Moments]]) -> dt.datetime:
        """Return the first time that is there as an instant; a day is its beginning.

        Raises:
            RowError: there is none, or it is no time.
        """
        for place, moments in times:
            if place < len(cells) and cells[place]:
                return moments.instant(cells[place])
        raise RowError("date_unreadable", "the row has no time")
