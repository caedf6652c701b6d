"""Reads CSV row by row with exact line numbers, whatever is wrong with the file.

Rule kept here: every physical line ends up in exactly one row or in one located finding. A quote
that is never closed costs its own line, not the rest of the file: reading goes on with the next.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

from daozhang.store.rules import CELL_CHARS_MAX, Finding

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["CsvRow", "open_text", "read_rows"]

ROW_CHARS_MAX: Final = 4 * CELL_CHARS_MAX
"""Longest row that is put together from physical lines, in characters."""


@dataclass(frozen=True, slots=True)
class CsvRow:
    """One row: the line it starts on, its cells, and what is wrong with it as a whole."""

    line: int
    cells: list[str]
    finding: Finding | None = None


def open_text(path: Path) -> TextIO:
    """Open a CSV file; bytes that are not UTF-8 come as lone surrogates, a BOM is dropped."""
    return path.open(encoding="utf-8-sig", errors="surrogateescape", newline="")


class _Lines:
    """Physical lines with their numbers; remembers those of the row being read."""

    def __init__(self, file: TextIO) -> None:
        self._file = file
        self._ahead: list[str] = []
        self.number = 0
        self.row: list[str] = []
        self._chars = 0

    def start_row(self) -> None:
        """Forget the lines of the row before."""
        self.row = []
        self._chars = 0

    def step_back(self) -> None:
        """Give back all lines of this row but its first."""
        self._ahead += self.row[:0:-1]
        self.number -= len(self.row) - 1
        self.row = self.row[:1]

    def __iter__(self) -> _Lines:
        return self

    def __next__(self) -> str:
        if self._chars > ROW_CHARS_MAX:
            raise StopIteration
        line = self._ahead.pop() if self._ahead else self._read()
        if not line:
            raise StopIteration
        self.number += 1
        self.row.append(line)
        self._chars += len(line)
        return line

    def _read(self) -> str:
        """Return the next physical line; one that is too long is cut, never held whole."""
        line = self._file.readline(ROW_CHARS_MAX + 1)
        rest = line
        while len(rest) > ROW_CHARS_MAX and not rest.endswith(("\n", "\r")):
            rest = self._file.readline(ROW_CHARS_MAX + 1)
        return line


def _is_utf8(text: str) -> bool:
    if text.isascii():
        return True
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def read_rows(file: TextIO, width: int | None = None) -> Iterator[CsvRow]:
    """Yield every row that is not blank, the header included.

    Args:
        file: an open CSV file, see :func:`open_text`.
        width: how many cells a row must have; None: any number. Empty cells beyond are dropped.
    """
    csv.field_size_limit(2 * ROW_CHARS_MAX)
    lines = _Lines(file)
    reader = csv.reader(lines, strict=True, skipinitialspace=True)
    while True:
        lines.start_row()
        first = lines.number + 1
        try:
            cells = next(reader)
        except StopIteration:
            # The reader also stops at the row limit; at the file's end nothing was read.
            if not lines.row:
                return
            cells = None
        except csv.Error:
            cells = None
        if cells is None:
            yield CsvRow(first, [], _unreadable(lines.row))
            lines.step_back()
            reader = csv.reader(lines, strict=True, skipinitialspace=True)
            continue
        if not cells:
            continue
        finding = None if all(map(_is_utf8, lines.row)) else NOT_UTF8
        if width is not None and len(cells) != width:
            if len(cells) > width and not any(cells[width:]):
                cells = cells[:width]
            elif finding is None:
                finding = _wrong_width(len(cells), width)
        yield CsvRow(first, cells, finding)


NOT_UTF8: Final = Finding(
    "not_utf8", "the row holds bytes that are not UTF-8: save the file as CSV UTF-8"
)


def _unreadable(row: list[str]) -> Finding:
    """Return why the CSV reader gave up on the lines."""
    if len(row[0]) > ROW_CHARS_MAX:
        return Finding("cell_too_large", f"a row of more than {ROW_CHARS_MAX} characters")
    return Finding(
        "quote_not_closed",
        'a quoted cell does not end as it should: write a quote inside a cell twice ("")',
    )


def _wrong_width(found: int, width: int) -> Finding:
    return Finding(
        "wrong_column_count",
        f"the row has {found} cells, the header {width}: quote cells that hold commas",
    )
