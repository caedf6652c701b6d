"""The rows of a file under the header that its columns are guessed from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from daozhang.formats._proposal_columns import Columns, is_date, named, plain_name
from daozhang.formats._proposal_words import ROLES
from daozhang.formats.base import Options
from daozhang.formats.profiles import normal_header
from daozhang.formats.tables import Head, Preview, TableReader

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Source

__all__ = ["ROWS_MAX", "Found", "find_header", "no_money_in", "survey"]

ROWS_MAX: Final = 20_000
"""How many rows a proposal looks at; reading the file afterwards takes all of them."""

_HEADER_CELLS_MIN: Final = 3
_HEADING_MAX: Final = 40
_VALUE: Final = re.compile(r"[\W\d_]*")
_PHRASES: Final = ";".join(phrases for roles in ROLES.values() for phrases in roles.values())
_WHEN: Final = "date;time;when;day;日期;时间;日"


@dataclass(frozen=True, slots=True)
class Found:
    """A header among a file's first rows: the row, its place, and the rows after it."""

    header: tuple[str, ...]
    place: int
    rows: tuple[tuple[str, ...], ...]


def find_header(found: Preview | None, score: Callable[[Sequence[str]], int]) -> Found | None:
    """Return the row that holds the most names of columns, at least three.

    Args:
        found: a file's first rows.
        score: counts the names of a bank statement's columns in a row.
    """
    best: tuple[int, Found] | None = None
    for _, rows in found.tables if found is not None else ():
        for place, row in enumerate(rows[:-1]):
            count = max(score(row), sum(map(_is_heading, row)))
            if count >= _HEADER_CELLS_MIN and (best is None or count > best[0]):
                best = count, Found(row, place, rows[place + 1 :])
    return best[1] if best is not None else None


def _is_heading(cell: str) -> bool:
    text = cell.strip()
    if not text or len(text) > _HEADING_MAX or _VALUE.fullmatch(text):
        return False
    return named(plain_name(text), _PHRASES)


def no_money_in(columns: Columns) -> bool:
    """Say whether a table holds no amounts, or nothing that says when: it is no table of money."""
    spots = [spot for spot, name in enumerate(columns.names) if name]
    money = any(columns.is_money(spot) for spot in spots if columns.date_form(spot) is None)
    when = any(named(columns.names[spot], _WHEN) for spot in spots) or any(
        is_date(cell) for spot in spots for cell in columns.cells(spot)[:3]
    )
    return bool(columns.rows) and not (money and when)


def survey(source: Source, header: Sequence[str]) -> Columns:
    """Read the rows under a header, at most :data:`ROWS_MAX`.

    Raises:
        OSError: the file cannot be read.
    """
    reader = _Survey(header)
    for _ in reader.read(source, Options()):
        if len(reader.rows) >= ROWS_MAX:
            break
    return Columns(header, reader.rows)


class _Survey(TableReader):
    """Takes the cells of one table as they are."""

    name = title = "survey"

    def __init__(self, header: Sequence[str]) -> None:
        self.headers = (frozenset(filter(None, map(normal_header, header))),)
        self.rows: list[list[str]] = []

    def open(self, head: Head, options: Options, out: Collector) -> _Survey:
        """Return what takes the rows."""
        return self

    def row(self, line: int, cells: list[str]) -> None:
        """Keep one row."""
        if len(self.rows) < ROWS_MAX:
            self.rows.append(cells)

    def finish(self) -> None:
        """Nothing is left to do."""
