"""What a format reader is: bytes in, facts and located problems out.

A reader never raises because of what a file contains. It looks at the head of a file and says how
well it fits (:class:`Fit`); it then yields :class:`Facts` and :class:`~daozhang.facts.Problem` as
it streams. The registry (:mod:`daozhang.formats.registry`) picks the one reader that fits best and
refuses a file that two fit equally.

Times in rows are timezone-aware :class:`datetime.datetime` (an instant) or :class:`datetime.date`
(day precision). Amounts are ``int`` minor units. A missing value is None or an absent key.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from daozhang.facts import Problem

__all__ = ["HEAD_BYTES", "Facts", "Fit", "Options", "Reader", "Row", "Source"]

HEAD_BYTES = 64 * 1024
"""How much of a file a reader may look at to recognise it, in bytes."""

Row = Mapping[str, object]


class Fit(enum.IntEnum):
    """How well a file's content fits a format; the greatest wins, two equal ones are refused."""

    NO = 0
    MAYBE = 1
    YES = 2
    CERTAIN = 3


@dataclass(frozen=True, slots=True)
class Source:
    """A file to read. ``name`` is what the user calls it; ``head`` its first bytes."""

    path: Path
    name: str
    head: bytes


@dataclass(frozen=True, slots=True)
class Options:
    """What the reader may need and the file does not say.

    Attributes:
        timezone: IANA name for local times without an offset.
        currency: ISO 4217 code for amounts without one; None: the file must say.
        profiles: mapping profiles for CSV and XLSX layouts, by name.
        progress: called with the number of bytes consumed since the last call.
    """

    timezone: str = "UTC"
    currency: str | None = None
    profiles: Mapping[str, object] = field(default_factory=dict)
    progress: Callable[[int], None] | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """Some rows of one fact table, with the line each row came from (same length)."""

    table: str
    rows: list[Row]
    lines: list[int]


class Reader(Protocol):
    """One file format."""

    name: str

    def fit(self, source: Source) -> Fit:
        """Say how well the file fits, by content (never by name alone)."""
        ...

    def read(self, source: Source, options: Options) -> Iterator[Facts | Problem]:
        """Stream facts and problems. Never raises because of content."""
        ...
