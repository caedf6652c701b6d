"""Reads files that are tables under a header: CSV, TSV, XLSX and XLS, whatever stands around them.

A layout is a :class:`TableReader`: it names the header cells that it is known by and, for each
file, opens a :class:`TableBody` that takes the rows. Finding the header under preamble lines,
delimiter and encoding, streaming, progress and the location of errors are dealt with here, once.
"""

from __future__ import annotations

import csv
import functools
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Protocol

from daozhang.formats._lines import Collector
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._sheets import OLE_MARK, ZIP_MARK, WorkbookError, open_sheets
from daozhang.formats._text import decode_head, guarded_lines, open_text, sniff_encoding
from daozhang.formats.base import Facts, Fit, Options, Source
from daozhang.formats.limits import FACTS_BATCH_ROWS, HEADER_SEARCH_ROWS
from daozhang.formats.profiles import normal_header

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator, Sequence

    from daozhang.facts import Problem

__all__ = [
    "DELIMITERS",
    "Head",
    "HeadlessReader",
    "Preview",
    "TableBody",
    "TableReader",
    "cell_at",
    "header_set",
    "is_workbook",
    "preview",
]

DELIMITERS: Final = (",", "\t", ";", "|")
"""What may separate the cells of a text file."""

_FIELD_CHARS_MAX: Final = 131_072
"""What the csv module takes as one cell; a lost quote must not swallow a whole file."""

_ROWS_JUDGED: Final = 20
"""How many rows a layout without a header is judged by."""

_WORKBOOK_PARTS: Final = (b"xl/", b"[Content_Types].xml", b"_rels/")


@dataclass(frozen=True, slots=True)
class Preview:
    """The first rows of a file, for each way to cut it: (delimiter or sheet name, rows)."""

    encoding: str | None
    tables: tuple[tuple[str, tuple[tuple[str, ...], ...]], ...]


def preview(source: Source) -> Preview | None:
    """Return the first rows of a text file or a workbook; None for anything else.

    Raises:
        OSError: the file cannot be read.
    """
    if is_workbook(source):
        try:
            sheets = list(open_sheets(source.path, HEADER_SEARCH_ROWS))
        except WorkbookError:
            return None
        return Preview(None, tuple((s.name, tuple(tuple(row) for row in s.rows)) for s in sheets))
    encoding = sniff_encoding(source.head)
    text = decode_head(source.head, encoding)
    if text.count("\0"):
        return None
    lines = text.splitlines()[:HEADER_SEARCH_ROWS]
    tables = []
    for delimiter in DELIMITERS:
        if delimiter in text:
            rows = tuple(tuple(row) for _, row in _csv_rows(lines, delimiter, Collector("")))
            tables.append((delimiter, rows))
    return Preview(encoding, tuple(tables))


def is_workbook(source: Source) -> bool:
    """Say whether a file is an XLSX or XLS workbook, by its first bytes."""
    head = source.head
    return head.startswith(OLE_MARK) or (
        head.startswith(ZIP_MARK) and any(part in head for part in _WORKBOOK_PARTS)
    )


def header_set(*names: str) -> frozenset[str]:
    """Return column names as a header is compared: a set for :attr:`TableReader.headers`."""
    return frozenset(map(normal_header, names))


@functools.lru_cache(maxsize=4 * HEADER_SEARCH_ROWS)
def _normal_row(row: tuple[str, ...]) -> tuple[str, ...]:
    """Return the normal cells of a row, which each layout looks at."""
    return tuple(map(normal_header, row))


def cell_at(cells: Sequence[str], place: int | None) -> str:
    """Return the value at a place that :meth:`Head.place` gave; empty where there is none."""
    return cells[place] if place is not None and place < len(cells) else ""


def _csv_rows(
    lines: Iterable[str], delimiter: str, out: Collector
) -> Iterator[tuple[int, list[str]]]:
    """Yield line numbers and cells; a line that the csv module refuses is a located error."""
    # The limit is the interpreter's, and the readers of canonical files have one of their own.
    csv.field_size_limit(_FIELD_CHARS_MAX)
    rows = csv.reader(lines, delimiter=delimiter)
    while True:
        try:
            cells = next(rows)
        except StopIteration:
            return
        except csv.Error as error:
            out.error(
                rows.line_num, "csv_broken",
                f"the line cannot be cut into cells ({error}): look for a lost quote; it was "
                "left out",
            )  # fmt: skip
            continue
        yield rows.line_num, cells


class Head:
    """The header of one table, and what stands above it.

    Attributes:
        header: the header's cells, normal (:func:`~daozhang.formats.profiles.normal_header`).
        line: where it stands.
        preamble: the lines above it, cells joined by commas.
        file: the file's name as the user knows it.
    """

    __slots__ = ("_places", "file", "header", "line", "preamble")

    def __init__(self, header: list[str], line: int, preamble: list[str], file: str) -> None:
        self.header = header
        self.line = line
        self.preamble = preamble
        self.file = file
        # Of two columns of one name the first counts.
        self._places = {cell: place for place, cell in reversed(list(enumerate(header)))}

    def place(self, *names: str) -> int | None:
        """Return where the first of these columns stands; None: the table has none of them."""
        for name in names:
            place = self._places.get(normal_header(name))
            if place is not None:
                return place
        return None

    def need(self, *names: str) -> int:
        """Return where the first of these columns stands.

        Raises:
            RowError: the table has none of them.
        """
        place = self.place(*names)
        if place is None:
            raise RowError("column_missing", f"the header lacks a column {' or '.join(names)!r}")
        return place


class TableBody(Protocol):
    """Takes the rows of one table."""

    def row(self, line: int, cells: list[str]) -> None:
        """Take one row that is not blank, a footer's too; good rows go to the collector.

        Raises:
            RowError: the row cannot be taken; its message becomes a located error.
        """
        ...

    def finish(self) -> None:
        """Compare totals, once all rows were taken."""
        ...


class TableReader:
    """A layout known by its header.

    Attributes:
        name: the format's name.
        title: what people call the layout.
        headers: sets of normal header cells; a row that holds all of one of them is the header.
    """

    name: str
    title: str
    headers: tuple[frozenset[str], ...]

    def open(self, head: Head, options: Options, out: Collector) -> TableBody:
        """Return what takes the rows under a header.

        Raises:
            RowError: the table cannot be read; its message becomes an error at the header.
        """
        raise NotImplementedError

    def fit(self, source: Source) -> Fit:
        """Say how well the file fits: by its header cells."""
        found = preview(source)
        return self.fit_preview(found) if found is not None else Fit.NO

    def fit_preview(self, found: Preview) -> Fit:
        """Say how well a file's first rows fit: CERTAIN when the header has no other cells."""
        return self.match(found)[0]

    def match(self, found: Preview) -> tuple[Fit, frozenset[str]]:
        """Return the fit of a file's first rows and the header cells that it rests on."""
        best, known = Fit.NO, frozenset[str]()
        for _, rows in found.tables:
            for row in rows:
                cells = self.header_of(row)
                if cells is None:
                    continue
                held = self._held(cells)
                fit = Fit.CERTAIN if {c for c in cells if c} == held else Fit.YES
                if (fit, len(held)) > (best, len(known)):
                    best, known = fit, held
        return best, known

    def _held(self, cells: Sequence[str]) -> frozenset[str]:
        """Return the largest of the header sets that the cells hold, or an empty one."""
        held = (wanted for wanted in self.headers if wanted.issubset(cells))
        return max(held, key=len, default=frozenset())

    def header_of(self, row: Sequence[str]) -> list[str] | None:
        """Return the normal cells if the row is the header."""
        cells = _normal_row(tuple(row))
        return list(cells) if self._held(cells) else None

    def first_row(self, row: list[str]) -> list[str] | None:
        """Return what the row that was found holds beside the header; None: it is only that."""
        return None

    def read(self, source: Source, options: Options) -> Iterator[Facts | Problem]:
        """Stream the facts of every table in the file that has the layout's header.

        Raises:
            OSError: the file cannot be read.
            zoneinfo.ZoneInfoNotFoundError: ``options.timezone`` is not a time zone.
        """
        out = Collector(source.name)
        if is_workbook(source):
            yield from self._read_workbook(source, options, out)
        else:
            yield from self._read_text(source, options, out)
        yield from out.drain(last=True)

    def _read_workbook(
        self, source: Source, options: Options, out: Collector
    ) -> Iterator[Facts | Problem]:
        tables = 0
        try:
            for sheet in open_sheets(source.path):
                reading = _TableReading(self, options, out)
                yield from reading.run(enumerate(sheet.rows, sheet.first_line))
                tables += reading.found
        except WorkbookError as error:
            out.error(None, error.code, str(error))
            return
        if options.progress is not None:
            options.progress(source.path.stat().st_size)
        if tables == 0:
            self._no_header(out)

    def _read_text(
        self, source: Source, options: Options, out: Collector
    ) -> Iterator[Facts | Problem]:
        encoding = sniff_encoding(source.head)
        delimiter = self._delimiter(source, encoding)
        if delimiter is None:
            self._no_header(out)
            return
        with open_text(source, encoding, options) as stream:
            reading = _TableReading(self, options, out)
            lines = reading.watched(guarded_lines(stream, out))
            yield from reading.run(_csv_rows(lines, delimiter, out))
        if not reading.found:
            self._no_header(out)

    def _delimiter(self, source: Source, encoding: str) -> str | None:
        lines = decode_head(source.head, encoding).splitlines()[:HEADER_SEARCH_ROWS]
        for delimiter in DELIMITERS:
            rows = _csv_rows(lines, delimiter, Collector(""))
            if any(self.header_of(row) is not None for _, row in rows):
                return delimiter
        return None

    def _no_header(self, out: Collector) -> None:
        out.error(
            None, "header_missing",
            f"no row among the first {HEADER_SEARCH_ROWS} has the columns of {self.name} "
            f"({self.title}): name another format, or write a profile for this layout",
        )  # fmt: skip


class HeadlessReader(TableReader):
    """A layout without a header, known by what its columns hold.

    Attributes:
        columns: the columns' published names, in order.
        columns_min: how many a row has at least.
        shapes: places of columns, and the pattern that all of their cells match.
    """

    columns: tuple[str, ...]
    columns_min: int = 0
    shapes: tuple[tuple[int, re.Pattern[str]], ...]
    headers = ()

    def match(self, found: Preview) -> tuple[Fit, frozenset[str]]:
        """Return YES when at least half of the rows seen have the columns' shapes."""
        for _, rows in found.tables:
            seen = [row for row in rows if "".join(row).strip(BLANK_CHARS)][:_ROWS_JUDGED]
            good = sum(map(self._holds, seen))
            if good and good * 2 >= len(seen):
                # It rests on no header, so any layout whose header fits goes before it.
                return Fit.YES, frozenset()
        return Fit.NO, frozenset()

    def _holds(self, row: Sequence[str]) -> bool:
        least = self.columns_min or len(self.columns)
        if not least <= len(row) <= len(self.columns) + 1:
            return False
        return all(form.fullmatch(row[place].strip(BLANK_CHARS)) for place, form in self.shapes)

    def header_of(self, row: Sequence[str]) -> list[str] | None:
        """Return the published columns once a row has their shapes."""
        return [normal_header(name) for name in self.columns] if self._holds(row) else None

    def first_row(self, row: list[str]) -> list[str] | None:
        """Return the row itself: it is the first of the table."""
        return row


class _TableReading:
    """One pass over the rows of one file or sheet."""

    def __init__(self, reader: TableReader, options: Options, out: Collector) -> None:
        self.reader = reader
        self.options = options
        self.out = out
        self.found = False
        self._damaged = False

    def watched(self, lines: Iterator[str]) -> Iterator[str]:
        """Drop zero characters, which the csv module does not take, and look for damage."""
        for line in lines:
            if "\ufffd" in line:
                self._damaged = True
            yield line.replace("\0", "") if "\0" in line else line

    def run(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[Facts | Problem]:
        """Find the header and hand the rows under it to the layout's body."""
        preamble: list[str] = []
        for line, cells in itertools.islice(rows, HEADER_SEARCH_ROWS):
            header = self.reader.header_of(cells)
            if header is not None:
                self.found = True
                self._damaged = False
                head = Head(header, line, preamble, self.out.file)
                yield from self._under(head, cells, rows)
                return
            preamble.append(",".join(cells).rstrip(","))

    def _under(
        self, head: Head, header: list[str], rows: Iterator[tuple[int, list[str]]]
    ) -> Iterator[Facts | Problem]:
        try:
            body = self.reader.open(head, self.options, self.out)
        except RowError as error:
            self.out.error(head.line, error.code, str(error))
            return
        first = self.reader.first_row(header)
        if first is not None:
            rows, header = itertools.chain([(head.line, first)], rows), []
        yield from self._body(rows, body, header)
        body.finish()

    def _body(
        self, rows: Iterator[tuple[int, list[str]]], body: TableBody, header: list[str]
    ) -> Iterator[Facts | Problem]:
        out, take = self.out, body.row
        since = 0
        for line, cells in rows:
            if not "".join(cells).strip(BLANK_CHARS) or cells == header:
                # A header again: pages of one export that were put together.
                continue
            try:
                take(line, cells)
            except RowError as error:
                out.error(line, error.code, f"{error}; the row was left out")
            else:
                if self._damaged:
                    self._tell_damage(line, cells)
            since += 1
            if since >= FACTS_BATCH_ROWS:
                since = 0
                yield from out.drain()

    def _tell_damage(self, line: int, cells: list[str]) -> None:
        self._damaged = False
        if any("\ufffd" in cell for cell in cells):
            self.out.warn(
                line, "text_damaged",
                "the row has bytes that are no characters; its text may be incomplete",
            )  # fmt: skip
