"""Names of time zones as reports write them: IANA names, and abbreviations with one meaning."""

from __future__ import annotations

import datetime as dt
import functools
from typing import Final
from zoneinfo import ZoneInfo

from daozhang.formats._rows import RowError

__all__ = ["zone_named"]

# Abbreviations that are no IANA names, in hours from UTC. CST and IST mean several zones and are
# left out: the user's own zone says which, if it is one of those that call themselves so.
_HOURS: Final = {
    "PST": -8, "PDT": -7, "MDT": -6, "CDT": -5, "EDT": -4, "AKST": -9, "AKDT": -8, "ADT": -3,
    "AST": -4, "BRT": -3, "ART": -3, "BST": 1, "WEST": 1, "CEST": 2, "EEST": 3, "MSK": 3,
    "SGT": 8, "HKT": 8, "AWST": 8, "JST": 9, "KST": 9, "AEST": 10, "AEDT": 11, "NZST": 12,
    "NZDT": 13, "ACST": 9.5, "ACDT": 10.5,
}  # fmt: skip
_WORDS: Final = {
    "eastern time (us & canada)": "America/New_York", "eastern": "America/New_York",
    "central time (us & canada)": "America/Chicago", "central": "America/Chicago",
    "mountain time (us & canada)": "America/Denver",
    "pacific time (us & canada)": "America/Los_Angeles", "pacific": "America/Los_Angeles",
    "london": "Europe/London", "tokyo": "Asia/Tokyo", "sydney": "Australia/Sydney",
    "melbourne": "Australia/Melbourne", "osaka": "Asia/Tokyo", "paris": "Europe/Paris",
    "arizona": "America/Phoenix", "hawaii": "Pacific/Honolulu", "alaska": "America/Anchorage",
}  # fmt: skip


@functools.lru_cache(maxsize=512)
def zone_named(text: str, own: dt.tzinfo | None = None) -> dt.tzinfo:
    """Return the zone of ``Europe/Amsterdam``, ``CET``, ``PDT``, ``GMT+08:00`` or ``+08:00``.

    Args:
        text: the name, in any case.
        own: the user's zone; it stands for an abbreviation that several zones share, such as
            ``CST``, if it calls itself so in winter or in summer.

    Raises:
        RowError: the name is unknown or has several meanings.
    """
    name = text.strip()
    hours = _HOURS.get(name.upper())
    if hours is not None:
        return dt.timezone(dt.timedelta(hours=hours), name.upper())
    if own is not None and name.upper() in _names(own):
        return own
    known = _WORDS.get(name.lower(), name)
    if known[:3].upper() in {"GMT", "UTC"} and known[3:]:
        return _offset(known[3:], name)
    if known[:1] in {"+", "-"}:
        return _offset(known, name)
    try:
        return ZoneInfo(known)
    except (KeyError, ValueError, OSError):
        raise RowError(
            "timezone_unknown",
            f"{name[:30]!r} is not the name of one time zone, such as Asia/Shanghai: the time "
            "cannot be told; read the file with the time zone that it means",
        ) from None


def _names(zone: dt.tzinfo) -> set[str | None]:
    """Return the abbreviations of a zone in January and in July of a year like any other."""
    return {dt.datetime(2025, month, 1, tzinfo=zone).tzname() for month in (1, 7)}


def _offset(text: str, name: str) -> dt.tzinfo:
    digits = text.lstrip("+-").replace(":", "")
    if not (digits.isascii() and digits.isdigit() and len(digits) in {1, 2, 4}):
        raise RowError("timezone_unknown", f"{name[:30]!r} is not the name of one time zone")
    hours, minutes = (int(digits[:-2]), int(digits[-2:])) if len(digits) > 2 else (int(digits), 0)  # noqa: PLR2004
    if hours > 14 or minutes > 59:  # noqa: PLR2004 (the farthest zone is UTC+14)
        raise RowError("timezone_unknown", f"{name[:30]!r} is not the name of one time zone")
    shift = dt.timedelta(hours=hours, minutes=minutes)
    return dt.timezone(-shift if text.startswith("-") else shift)
