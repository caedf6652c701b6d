"""Cells to values, for readers that map columns by hand: amounts and moments, each remembered.

A statement repeats the same few thousand amounts and the same few days over and over, so looking
a text up is what most cells cost. What cannot be read raises :class:`RowError`, which the table
reading turns into a located problem.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from daozhang.formats._rows import RowError, clean_amount
from daozhang.formats._times import parse_iso_day, parse_iso_instant
from daozhang.money import CURRENCIES, AmountError, parse_amount

__all__ = ["Amounts", "Moments", "currency_code", "decimal_mark"]

_REMEMBERED_MAX: Final = 50_000
# What nearly every provider writes: a day and the time of day, in a fixed number of digits.
_SECOND_CHARS: Final = len("2026-05-01 10:00:00")
_PLAIN: Final = re.compile(
    r"(\d{4})([-/])(\d\d)\2(\d\d)[ T](\d\d):(\d\d):(\d\d)(?:\.\d{1,6})?", re.ASCII
)


def currency_code(text: str) -> str:
    """Return an ISO 4217 code, whatever its case.

    Raises:
        RowError: it is none.
    """
    code = text.upper()
    if code not in CURRENCIES:
        raise RowError("currency_unknown", f"{text[:20]!r} is not an ISO 4217 currency code")
    return code


def decimal_mark(text: str) -> str:
    """Return the decimal mark, ``,`` or ``.``, of an amount that may be written either way.

    Of two marks the last is the decimal one. A lone comma is one when at most two digits follow
    it: ``12,50`` is twelve and a half, ``1,250`` a thousand and more.
    """
    comma, point = text.rfind(","), text.rfind(".")
    if comma > point >= 0:
        return ","
    lone = comma >= 0 and point < 0 and text.count(",") == 1
    return "," if lone and len(text) - comma <= 3 else "."  # noqa: PLR2004 (the mark, two digits)


class Amounts:
    """Reads amounts of one currency: ``amounts("1,234.50")`` is 123450."""

    def __init__(self, currency: str, *, decimal: str = ".", group: str = ",") -> None:
        self.currency = currency
        self._decimal = decimal
        self._group = group
        self._known: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        """Return the minor units of a cell; an empty cell is nothing (0).

        Raises:
            RowError: it is no amount, or finer than the currency's minor unit.
        """
        minor = self._known.get(text)
        if minor is None:
            if len(self._known) > _REMEMBERED_MAX:
                self._known.clear()
            minor = self._known[text] = self._parse(text)
        return minor

    def _parse(self, text: str) -> int:
        plain = clean_amount(text.strip())
        if not plain:
            return 0
        try:
            return parse_amount(plain, self.currency, decimal=self._decimal, group=self._group)
        except AmountError as error:
            raise RowError("amount_unreadable", f"the amount cannot be taken: {error}") from None


class Moments:
    """Reads times of one zone: ``moments("2026-05-01 10:00:00")`` is an aware instant.

    A text without a time of day becomes a date. ``forms`` are strptime forms to try when the text
    is not ISO 8601 (with ``-`` or ``/``).
    """

    def __init__(self, zone: dt.tzinfo, *forms: str) -> None:
        self.zone = zone
        self._forms = forms
        self._days: dict[str, tuple[int, int, int]] = {}
        self._known: dict[str, dt.datetime | dt.date] = {}

    def __call__(self, text: str) -> dt.datetime | dt.date:
        """Return the instant, or the date when there is no time of day.

        Raises:
            RowError: it is neither.
        """
        when = self._known.get(text)
        if when is None:
            if len(self._known) > _REMEMBERED_MAX:
                self._known.clear()
            when = self._known[text] = self._parse(text)
        return when

    def instant(self, text: str) -> dt.datetime:
        """Return the instant; a bare date is the start of its day.

        Raises:
            RowError: it is neither.
        """
        when = self(text)
        if isinstance(when, dt.datetime):
            return when
        return dt.datetime.combine(when, dt.time(), self.zone)

    def _parse(self, text: str) -> dt.datetime | dt.date:
        if len(text) == _SECOND_CHARS and text[7] + text[10] + text[13] + text[16] == "- ::":
            try:
                return dt.datetime.fromisoformat(text).replace(tzinfo=self.zone)
            except ValueError:
                pass
        # Chinese programs write full-width colons now and then, and WeChat's published example
        # has no blank before the time.
        text = text.strip().replace("：", ":")
        if len(text) == _SECOND_CHARS - 1 and text[4] == text[7] == "-" and text[10].isdigit():
            text = f"{text[:10]} {text[10:]}"
        match = _PLAIN.fullmatch(text)
        if match is not None:
            year, _, month, day, hour, minute, second = match.groups()
            try:
                return dt.datetime(
                    int(year), int(month), int(day), int(hour), int(minute), int(second),
                    tzinfo=self.zone,
                )  # fmt: skip
            except ValueError:
                pass
        for form in self._forms:
            try:
                found = dt.datetime.strptime(text, form)  # noqa: DTZ007 (the zone is put on below)
            except (ValueError, OverflowError):
                continue
            if "%H" in form or "%I" in form or "%c" in form:
                return found.replace(tzinfo=self.zone) if found.tzinfo is None else found
            return found.date()
        iso = text.replace("/", "-")
        when: dt.datetime | dt.date | None = parse_iso_instant(iso, self.zone) or parse_iso_day(iso)
        if when is None:
            wanted = ", ".join(self._forms) or "2026-05-01 10:00:00"
            raise RowError("date_unreadable", f"{text[:40]!r} is no date of the form {wanted}")
        return when
