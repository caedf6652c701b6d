"""Reads CSV, TSV, XLSX and XLS files through mapping profiles.

Each profile is a reader of its own, named after the profile. The header is looked for in the first
rows of a file, under preamble lines, whatever the delimiter and the encoding; what follows the
table (a footer) is looked at for totals only.
"""

from __future__ import annotations

import csv
import itertools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TextIO

from daozhang.formats._lines import Collector
from daozhang.formats._rows import RowError, RowReader, clean_cell
from daozhang.formats._sheets import OLE_MARK, ZIP_MARK, WorkbookError, open_sheets
from daozhang.formats._text import decode_head, guarded_lines, sniff_encoding
from daozhang.formats.base import Facts, Fit, Options, Source
from daozhang.formats.limits import FACTS_BATCH_ROWS, HEADER_SEARCH_ROWS
from daozhang.formats.profiles import Profile, bundled_profiles, normal_header
from daozhang.money import AmountError, format_minor, parse_amount

if TYPE_CHECKING:
    import re
    from collections.abc import Iterable, Iterator

    from daozhang.facts import Problem

__all__ = ["DELIMITERS", "Preview", "ProfileReader", "bundled_readers", "preview"]

DELIMITERS: Final = (",", "\t", ";", "|")
"""What may separate the cells of a text file."""

_FOOTER_LINES_MAX: Final = 200
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
    if _is_workbook(source):
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


def _is_workbook(source: Source) -> bool:
    head = source.head
    return head.startswith(OLE_MARK) or (
        head.startswith(ZIP_MARK) and any(part in head for part in _WORKBOOK_PARTS)
    )


def _csv_rows(
    lines: Iterable[str], delimiter: str, out: Collector
) -> Iterator[tuple[int, list[str]]]:
    """Yield line numbers and cells; a line that the csv module refuses is a located error."""
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


class ProfileReader:
    """Reads the layout of one profile."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.name = profile.name

    def fit(self, source: Source) -> Fit:
        """Say how well the file fits: by its header cells."""
        found = preview(source)
        return self.fit_preview(found) if found is not None else Fit.NO

    def fit_preview(self, found: Preview) -> Fit:
        """Say how well a file's first rows fit: CERTAIN when the header has no other cells."""
        best = Fit.NO
        for _, rows in found.tables:
            for row in rows:
                cells = self._header(row)
                if cells is not None:
                    exact = {c for c in cells if c} == self.profile.columns
                    best = max(best, Fit.CERTAIN if exact else Fit.YES)
        return best

    def _header(self, row: Iterable[str]) -> list[str] | None:
        """Return the normal cells if the row is the header."""
        cells = [normal_header(cell) for cell in row]
        return cells if self.profile.columns.issubset(cells) else None

    def read(self, source: Source, options: Options) -> Iterator[Facts | Problem]:
        """Stream the facts of every table in the file that has the profile's header.

        Raises:
            OSError: the file cannot be read.
            zoneinfo.ZoneInfoNotFoundError: ``options.timezone`` is not a time zone.
        """
        out = Collector(source.name)
        if _is_workbook(source):
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
                rows = enumerate(sheet.rows, sheet.first_line)
                reading = _TableReading(self, options, out)
                yield from reading.run(rows)
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
        with source.path.open(encoding=encoding, errors="replace", newline="") as stream:
            reading = _TableReading(self, options, out)
            lines = _unnulled(guarded_lines(_universal(stream), out))
            yield from reading.run(_csv_rows(lines, delimiter, out))
        if options.progress is not None:
            options.progress(source.path.stat().st_size)
        if not reading.found:
            self._no_header(out)

    def _delimiter(self, source: Source, encoding: str) -> str | None:
        lines = decode_head(source.head, encoding).splitlines()[:HEADER_SEARCH_ROWS]
        for delimiter in DELIMITERS:
            rows = _csv_rows(lines, delimiter, Collector(""))
            if any(self._header(row) is not None for _, row in rows):
                return delimiter
        return None

    def _no_header(self, out: Collector) -> None:
        out.error(
            None, "header_missing",
            f"no row among the first {HEADER_SEARCH_ROWS} has the columns of {self.name} "
            f"({self.profile.title}): name another format, or write a profile for this layout",
        )  # fmt: skip


def _universal(stream: TextIO) -> TextIO:
    """Make a stream end lines at CR, LF and CRLF alike."""
    stream.reconfigure(newline=None)  # type: ignore[attr-defined]  # open() gives TextIOWrapper
    return stream


def _unnulled(lines: Iterator[str]) -> Iterator[str]:
    """Drop zero characters, which the csv module does not take."""
    for line in lines:
        yield line.replace("\0", "") if "\0" in line else line


class _TableReading:
    """One pass over the rows of one file or sheet."""

    def __init__(self, reader: ProfileReader, options: Options, out: Collector) -> None:
        self.reader = reader
        self.profile = reader.profile
        self.options = options
        self.out = out
        self.found = False
        self.preamble: list[str] = []
        self.footer: list[str] = []
        self.sums: dict[tuple[str, bool], int] = {}
        self.failed = False

    def run(self, rows: Iterator[tuple[int, list[str]]]) -> Iterator[Facts | Problem]:
        header: list[str] | None = None
        header_line = 0
        for line, cells in itertools.islice(rows, HEADER_SEARCH_ROWS):
            header = self.reader._header(cells)  # noqa: SLF001 (the two are one)
            if header is not None:
                header_line = line
                break
            self.preamble.append(",".join(cells).rstrip(","))
        if header is None:
            return
        self.found = True
        try:
            reader = RowReader(
                self.profile,
                header,
                "\n".join(self.preamble),
                self.options.timezone,
                self.options.currency,
            )
        except RowError as error:
            self.out.error(header_line, error.code, str(error))
            return
        for rule in reader.defaulted:
            self.out.warn(
                None, "value_assumed",
                f"the lines above the table do not name {rule.target}; {rule.default!r} is used: "
                "give a profile that names it if files of several accounts are read together",
            )  # fmt: skip
        yield from self._body(rows, reader)
        self._check_totals()

    def _body(
        self, rows: Iterator[tuple[int, list[str]]], reader: RowReader
    ) -> Iterator[Facts | Problem]:
        out, stop, table = self.out, self.profile.stop, self.profile.table
        since = 0
        for line, cells in rows:
            if not any(cells) or not any(map(clean_cell, cells)):
                continue
            if stop and clean_cell(next(filter(clean_cell, cells))).startswith(stop):
                self._take_footer(cells, rows)
                break
            try:
                if len(cells) >= reader.width and reader.skips(cells):
                    continue
                row = reader.read(cells)
            except RowError as error:
                self.failed = True
                out.error(line, error.code, f"{error}; the row was left out")
            else:
                if any("\ufffd" in cell for cell in cells):
                    out.warn(
                        line, "text_damaged",
                        "the row has bytes that are no characters; its text may be incomplete",
                    )  # fmt: skip
                out.add(table, row, line)
                if self.profile.totals is not None:
                    self._add_up(row)
            since += 1
            if since >= FACTS_BATCH_ROWS:
                since = 0
                yield from out.drain()

    def _take_footer(self, cells: list[str], rows: Iterator[tuple[int, list[str]]]) -> None:
        self.footer.append(",".join(map(clean_cell, cells)))
        for _, more in itertools.islice(rows, _FOOTER_LINES_MAX):
            self.footer.append(",".join(map(clean_cell, more)))

    def _add_up(self, row: dict[str, object]) -> None:
        amount, status = row.get("amount_minor"), row.get("status", "booked")
        if isinstance(amount, int) and status == "booked":
            key = str(row["currency"]), amount >= 0
            self.sums[key] = self.sums.get(key, 0) + amount

    def _check_totals(self) -> None:
        """Compare what came in and went out with what the file itself says."""
        pattern, currencies = self.profile.totals, {key[0] for key in self.sums}
        if pattern is None or len(currencies) != 1 or self.failed:
            return
        currency = currencies.pop()
        stated = _stated(pattern, "\n".join([*self.preamble, *self.footer]))
        for name, positive in (("in", True), ("out", False)):
            text = stated.get(name)
            if text is None:
                continue
            try:
                expected = parse_amount(text, currency)
            except AmountError:
                continue
            actual = abs(self.sums.get((currency, positive), 0))
            if actual != expected:
                self.out.warn(
                    None, "total_mismatch",
                    f"the rows sum to {format_minor(actual, currency)} going {name}, the file "
                    f"states {format_minor(expected, currency)}: rows may be missing",
                )  # fmt: skip


def _stated(pattern: re.Pattern[str], text: str) -> dict[str, str]:
    """Return the totals that the pattern finds anywhere in the text; the first of each."""
    found: dict[str, str] = {}
    for match in pattern.finditer(text):
        for name, value in match.groupdict().items():
            if value is not None:
                found.setdefault(name, value)
    return found


def bundled_readers() -> tuple[ProfileReader, ...]:
    """Return a reader for each profile that comes with the package."""
    return tuple(ProfileReader(profile) for profile in bundled_profiles())
