"""Dates and times as files write them, to aware instants or bare dates."""

from __future__ import annotations

import datetime as dt
import functools
import re
from typing import Final

__all__ = ["parse_iso_day", "parse_iso_instant", "parse_yymmdd", "with_nearest_year"]

# The seconds' fraction may have any length and, in some banks' files, a colon before it.
_INSTANT: Final = re.compile(
    r"(\d{4})-(\d\d)-(\d\d)[T ](\d\d):(\d\d)(?::(\d\d)(?:[.,:](\d+))?)?\s*(Z|[+-]\d\d:?\d\d)?",
    re.ASCII,
)
_DAY: Final = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)(?:Z|[+-]\d\d:?\d\d)?", re.ASCII)
_LAST_HOUR: Final = 24
_YEAR_SPLIT: Final = 80


def parse_iso_instant(text: str, zone: dt.tzinfo) -> dt.datetime | None:
    """Return the instant that an ISO 8601 date-time names, or None when it names none.

    A time without an offset is local to ``zone``. ``24:00:00`` is the next midnight. Fractions
    finer than a microsecond are cut.
    """
    match = _INSTANT.fullmatch(text.strip())
    if match is None:
        return None
    year, month, day, hour, minute = (int(part) for part in match.groups()[:5])
    second = min(int(match[6] or 0), 59)  # A leap second has no place in a datetime.
    micro = int((match[7] or "")[:6].ljust(6, "0"))
    try:
        end_of_day = hour == _LAST_HOUR and minute == second == 0
        naive = dt.datetime(  # noqa: DTZ001 (the offset or the zone is put on below)
            year, month, day, 0 if end_of_day else hour, minute, second, micro
        ) + dt.timedelta(days=end_of_day)
        if match[8] is None:
            return naive.replace(tzinfo=zone).astimezone(dt.UTC).astimezone(zone)
        return naive.replace(tzinfo=_offset(match[8]))
    except (ValueError, OverflowError):
        return None


def _offset(text: str) -> dt.timezone:
    """Return the fixed offset that ``Z`` or ``+08:00`` names.

    Raises:
        ValueError: a day or more from UTC.
    """
    if text == "Z":
        return dt.UTC
    minutes = int(text[1:3]) * 60 + int(text[-2:])
    return dt.timezone(dt.timedelta(minutes=-minutes if text[0] == "-" else minutes))


def parse_iso_day(text: str) -> dt.date | None:
    """Return the date of ``2026-05-01`` or ``20260501``, or None."""
    match = _DAY.fullmatch(text.strip())
    try:
        return dt.date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


@functools.lru_cache(maxsize=16_384)
def parse_yymmdd(text: str) -> dt.date | None:
    """Return the date of SWIFT's ``YYMMDD`` (or ``YYYYMMDD``), or None; 80 to 99 are 19xx."""
    if not (text.isascii() and text.isdigit()):
        return None
    head, tail = text[:-4], text[-4:]
    year = int(head)
    if len(head) == 2:  # noqa: PLR2004 (two digits of a year)
        year += 1900 if year >= _YEAR_SPLIT else 2000
    try:
        return dt.date(year, int(tail[:2]), int(tail[2:]))
    except ValueError:
        return None


@functools.lru_cache(maxsize=16_384)
def with_nearest_year(month: int, day: int, near: dt.date) -> dt.date | None:
    """Return the date of that month and day nearest to another date, or None if there is none."""
    found = []
    for year in (near.year - 1, near.year, near.year + 1):
        try:
            found.append(dt.date(year, month, day))
        except ValueError:
            continue
    return min(found, key=lambda d: abs(d - near)) if found else None
