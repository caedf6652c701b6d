"""Local times of day as instants, on days with clock changes too.

One definition serves every cut-off and deadline: the instant of a local time is the *first*
instant at which the local clock reads that time or a later one of the same wall date. So a time
that the clock skips is the instant right after the gap, and a time that it shows twice is the
first of the two. Read this way, instants never fall as local times rise, and a business date that
was closed is not opened again when the clock is set back.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

__all__ = ["clock_text", "first_reading", "has_read"]


@lru_cache(maxsize=65_536)
def first_reading(day: date, minutes: int, zone: ZoneInfo) -> datetime:
    """Return the UTC instant at which the zone's clock first reads a time of a day.

    Args:
        day: local date.
        minutes: minutes after that date's midnight; 1440 is the midnight that ends it.
        zone: the local time zone.
    """
    wall = datetime.combine(day, time()) + timedelta(minutes=minutes)
    earlier = wall.replace(tzinfo=zone)
    later = wall.replace(tzinfo=zone, fold=1)
    before, after = earlier.utcoffset(), later.utcoffset()
    assert before is not None and after is not None  # noqa: PT018 - one fact: zones have offsets
    if before >= after:  # An ordinary time, or one that is shown twice: fold 0 is the first.
        return earlier.astimezone(UTC)
    # The time is skipped. With fold 1 it maps to before the change, with fold 0 to after it.
    low, high = later.astimezone(UTC), earlier.astimezone(UTC)
    while high - low > timedelta(seconds=1):
        middle = low + timedelta(seconds=int((high - low).total_seconds()) // 2)
        if middle.astimezone(zone).replace(tzinfo=None) >= wall:
            high = middle
        else:
            low = middle
    return high


def has_read(local: datetime, day: date, minutes: int) -> bool:
    """Return whether the clock, now showing ``local``, has read a time of a day already.

    It looks at clock readings only, where :func:`first_reading` looks at instants; the two agree.

    Args:
        local: an aware datetime whose tzinfo is the zone in question.
        day: local date.
        minutes: minutes after that date's midnight.
    """
    wanted = datetime.combine(day, time()) + timedelta(minutes=minutes)
    if local.replace(tzinfo=None, fold=0) >= wanted:
        return True
    # After the clock was set back it shows less than it has read: every reading up to the end of
    # the repeated stretch, which is where a time stops having two offsets, was there before.
    twice = wanted.replace(tzinfo=local.tzinfo)
    return local.fold == 1 and twice.utcoffset() != twice.replace(fold=1).utcoffset()


def clock_text(minutes: int) -> str:
    """Return minutes after midnight as ``HH:MM``; 1440 is ``24:00``."""
    return f"{minutes // 60:02d}:{minutes % 60:02d}"
