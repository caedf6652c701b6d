"""How far each source had told its story by when: what is not there yet is not late.

A provider's file that has not come, or a statement that does not reach the due moment, says
nothing about the money it would show. A leg is decided at the first moment at which its source had
told of a time near its deadline (R12: a statement not received is never late money).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np

from daozhang.gate.evidence import NEVER, Ints

__all__ = ["Marks"]

GRACE_S: Final = 3_600
"""A leg is not decided sooner than this after its deadline."""

SLACK_S: Final = 7_200
"""A file that tells of a time so shortly before a deadline is the file that would show the leg."""

Row = Mapping[str, Any]


class Marks:
    """By source and subject, when it had told up to which moment."""

    def __init__(self, rows: Iterable[Row], zone: str) -> None:
        """Lay out the marks.

        Args:
            rows: ``source``, ``subject``, ``known_s``, ``until_s`` (``gate_marks``).
            zone: the terms' zone, in which a bank's day ends.
        """
        found: dict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
        for row in rows:
            until = row["until_s"]
            if row["source"] == "bank":
                until = _end_of_day(until, zone)
            found[row["source"], row["subject"]].append((row["known_s"], until))
        self._marks: dict[tuple[str, str], tuple[Ints, Ints]] = {}
        for key, marks in found.items():
            known, told = np.array(sorted(marks), dtype=np.int64).T
            self._marks[key] = known, np.maximum.accumulate(told)

    def has(self, source: str, subject: str) -> bool:
        """Return whether a source ever told anything of a subject."""
        return (source, subject) in self._marks

    def decided(self, source: str, subject: str, due: Ints) -> Ints:
        """Return when legs with these deadlines could be told; :data:`NEVER`: not yet."""
        marks = self._marks.get((source, subject))
        if marks is None:
            return np.full(len(due), NEVER, dtype=np.int64)
        known, told = marks
        slack = SLACK_S if source in ("clear", "pay_out") else 0
        place = np.searchsorted(told, due - slack, side="left")
        at = np.where(place < len(known), known[np.minimum(place, len(known) - 1)], NEVER)
        return np.maximum(at, due + GRACE_S)


def _end_of_day(moment: int, zone: str) -> int:
    local = datetime.fromtimestamp(moment, UTC).astimezone(ZoneInfo(zone))
    # A booking at midnight sharp is a bare date: its day ends a day later.
    end = (local + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    return int(end.timestamp())
