"""Which known layout an unrecognised table comes closest to, and which columns it lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from daozhang.formats.profiles import normal_header

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daozhang.formats.tables import Preview, TableReader

__all__ = ["Near", "nearest"]

_HELD_MIN: Final = 2
"""One common word, such as a date column's, makes no layout near."""


@dataclass(frozen=True, slots=True)
class Near:
    """A layout that nearly fits.

    Attributes:
        title: what people call it.
        row: where the header stands, counted in rows from 1.
        held: how many of the layout's columns the header has.
        missing: those that it lacks, in order.
    """

    title: str
    row: int
    held: int
    missing: tuple[str, ...]


def nearest(found: Preview, readers: Iterable[TableReader]) -> Near | None:
    """Return the layout of which a file's rows hold the most columns, at least half of them.

    Of two that are equally near the first one is named.
    """
    best: Near | None = None
    rows = [
        (number, frozenset(filter(None, map(normal_header, row))))
        for _, table in found.tables
        for number, row in enumerate(table, 1)
    ]
    rows = [(number, cells) for number, cells in rows if len(cells) >= _HELD_MIN]
    for reader in readers:
        for wanted in reader.headers:
            for number, cells in rows:
                held = len(wanted & cells)
                if held < max(_HELD_MIN, (len(wanted) + 1) // 2) or held == len(wanted):
                    continue
                missing = len(wanted) - held
                if best is None or (held, -missing) > (best.held, -len(best.missing)):
                    best = Near(reader.title, number, held, tuple(sorted(wanted - cells)))
    return best
