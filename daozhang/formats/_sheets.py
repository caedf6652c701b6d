"""XLSX and XLS workbooks: what is checked before they are opened, and their rows as text.

The reading is calamine's. It holds the rectangle of a sheet's used cells in memory and the
process dies when that does not fit, so the rectangle, and what a zip unpacks to, are measured
first (:func:`refusal`). A number cell becomes the shortest decimal text that means it.
"""

from __future__ import annotations

import datetime as dt
import re
import struct
import zipfile
import zlib
from contextlib import suppress
from dataclasses import dataclass
from typing import IO, TYPE_CHECKING, Final

import python_calamine as calamine

from daozhang.formats.limits import (
    SHEET_CELLS_MAX,
    ZIP_EXPANDED_BYTES_MAX,
    ZIP_RATIO_FLOOR_BYTES,
    ZIP_RATIO_MAX,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = [
    "OLE_MARK",
    "ZIP_MARK",
    "Sheet",
    "WorkbookError",
    "is_encrypted_ole",
    "open_sheets",
    "refusal",
]

ZIP_MARK: Final = b"PK\x03\x04"
OLE_MARK: Final = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"

_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_CHUNK_BYTES: Final = 1024 * 1024
_CELL: Final = re.compile(rb"<(?:\w+:)?c\b[^>]{0,200}?\br=[\"']([A-Z]{1,3})([0-9]{1,7})[\"']")
_ROW: Final = re.compile(rb"<(?:\w+:)?row\b[^>]{0,200}?\br=[\"']([0-9]{1,7})[\"']")
_FREE_SECTOR: Final = 0xFFFFFFF0
# BIFF8 record types whose first four bytes are a cell's row and column.
_BIFF_CELLS: Final = frozenset(
    {0x0006, 0x0201, 0x0203, 0x0204, 0x0205, 0x00FD, 0x027E, 0x00BD, 0x00BE, 0x00D6, 0x0406}
)
_BIFF_BOF: Final = frozenset({0x0809, 0x0409, 0x0209, 0x0009})


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet's name and rows; ``first_line`` is the row number of the first, from 1."""

    name: str
    first_line: int
    rows: list[list[str]]


def is_encrypted_ole(path: Path) -> bool:
    """Say whether an OLE file is an office document with a password (MS-OFFCRYPTO)."""
    tail = b""
    with path.open("rb") as stream:
        while chunk := stream.read(_CHUNK_BYTES):
            if _ENCRYPTED in tail + chunk:
                return True
            tail = chunk[-len(_ENCRYPTED) :]
    return False


def refusal(path: Path) -> tuple[str, str] | None:
    """Return the code and the sentence why a workbook must not be opened; None: it may be.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        mark = stream.read(8)
        stream.seek(0)
        if mark.startswith(ZIP_MARK):
            return _zip_refusal(stream)
        if mark == OLE_MARK:
            if is_encrypted_ole(path):
                return "password_protected", (
                    "the workbook is protected by a password: open it, save it without one, and "
                    "add it again"
                )
            return _biff_refusal(stream.read())
    return "workbook_broken", "the file does not begin like an XLSX or XLS workbook"


def _zip_refusal(stream: IO[bytes]) -> tuple[str, str] | None:
    broken = "workbook_broken", "the workbook's zip is damaged: fetch or export it again"
    try:
        with zipfile.ZipFile(stream) as archive:
            packed = sum(info.compress_size for info in archive.infolist())
            expanded = sum(info.file_size for info in archive.infolist())
            bomb = _bomb(packed, expanded)
            if bomb is not None:
                return bomb
            for info in archive.infolist():
                if info.flag_bits & 1:
                    return "password_protected", "the zip is protected by a password"
                with archive.open(info) as part:
                    # A sheet may lie anywhere in the zip; only the shared texts cannot be one.
                    is_sheet = not info.filename.endswith("sharedStrings.xml")
                    cells = _spanned_cells(part, look=is_sheet)
                if cells > SHEET_CELLS_MAX:
                    return _too_wide(cells)
    except (zipfile.BadZipFile, zlib.error, EOFError, ValueError, NotImplementedError, OSError):
        return broken
    return None


def _bomb(packed: int, expanded: int) -> tuple[str, str] | None:
    if expanded > ZIP_EXPANDED_BYTES_MAX:
        return "zip_too_large", (
            f"the workbook unpacks to {expanded} bytes, more than the {ZIP_EXPANDED_BYTES_MAX} "
            "allowed: split it, or export CSV"
        )
    if expanded > ZIP_RATIO_FLOOR_BYTES and expanded > ZIP_RATIO_MAX * max(packed, 1):
        return "zip_bomb", (
            f"the workbook unpacks to {expanded // max(packed, 1)} times its size, more than the "
            f"{ZIP_RATIO_MAX} allowed: export it again, or as CSV"
        )
    return None


def _too_wide(cells: int) -> tuple[str, str]:
    return "sheet_too_large", (
        f"the used cells of a sheet span {cells} cells, more than the {SHEET_CELLS_MAX} allowed: "
        "delete stray cells far from the table, or export CSV"
    )


def _spanned_cells(part: IO[bytes], *, look: bool) -> int:
    """Read a part to its end (its checksum is verified so) and return the cells it spans.

    Raises:
        zipfile.BadZipFile: the content is not what the directory says.
    """
    columns: set[bytes] = set()
    row_max = 0
    tail = b""
    while chunk := part.read(_CHUNK_BYTES):
        if look:
            window = tail + chunk
            for letters, digits in _CELL.findall(window):
                columns.add(letters)
                row_max = max(row_max, int(digits))
            row_max = max([row_max, *map(int, _ROW.findall(window))])
            tail = window[-512:]
    return row_max * max((_column_number(letters) for letters in columns), default=1)


def _column_number(letters: bytes) -> int:
    number = 0
    for letter in letters:
        number = number * 26 + letter - 64
    return number


def _biff_refusal(data: bytes) -> tuple[str, str] | None:
    """Measure an XLS's sheets by walking its records; what cannot be walked is refused."""
    try:
        stream = _workbook_stream(data)
    except (struct.error, IndexError, ValueError):
        return "workbook_broken", "the XLS container is damaged: open it and save it as XLSX"
    place, row_max, column_max = 0, 0, 0
    while place + 4 <= len(stream):
        kind, size = struct.unpack_from("<HH", stream, place)
        if kind in _BIFF_BOF:
            row_max = column_max = 0
        elif kind in _BIFF_CELLS and size >= 4 and place + 8 <= len(stream):  # noqa: PLR2004
            row, column = struct.unpack_from("<HH", stream, place + 4)
            if kind in {0x00BD, 0x00BE} and size >= 6 and place + 4 + size <= len(stream):  # noqa: PLR2004
                (column,) = struct.unpack_from("<H", stream, place + 2 + size)
            row_max, column_max = max(row_max, row + 1), max(column_max, column + 1)
            if row_max * column_max > SHEET_CELLS_MAX:
                return _too_wide(row_max * column_max)
        place += 4 + size
    return None


def _chain(table: list[int], start: int) -> Iterator[int]:
    """Yield the sectors of one stream.

    Raises:
        ValueError: the chain runs in a circle.
        IndexError: it leaves the table.
    """
    for _ in range(len(table) + 1):
        if start >= _FREE_SECTOR:
            return
        yield start
        start = table[start]
    raise ValueError("the chain of sectors is a circle")


def _workbook_stream(data: bytes) -> bytes:
    """Return the ``Workbook`` (or ``Book``) stream of an OLE file (MS-CFB).

    Raises:
        struct.error, IndexError, ValueError: the container is damaged or has no such stream.
    """
    shift, mini_shift = struct.unpack_from("<HH", data, 30)
    if not (7 <= shift <= 12 and 4 <= mini_shift <= shift):  # noqa: PLR2004 (512 or 4096 bytes)
        raise ValueError("sector size")
    size, mini_size = 1 << shift, 1 << mini_shift
    directory, _, cutoff, mini_fat, _, difat, _ = struct.unpack_from("<7I", data, 48)

    def sector(number: int) -> bytes:
        return data[(number + 1) * size : (number + 2) * size].ljust(size, b"\0")

    count_max = len(data) // size + 1
    listed = list(struct.unpack_from("<109I", data, 76))
    for _ in range(count_max):
        if difat >= _FREE_SECTOR:
            break
        *more, difat = struct.unpack(f"<{size // 4}I", sector(difat))
        listed += more
    table: list[int] = []
    for number in listed:
        if number < count_max:
            table += struct.unpack(f"<{size // 4}I", sector(number))
    entries = b"".join(sector(n) for n in _chain(table, directory))
    root: tuple[int, int] | None = None
    found: tuple[int, int] | None = None
    for place in range(0, len(entries) - 127, 128):
        entry = entries[place : place + 128]
        length = min(struct.unpack_from("<H", entry, 64)[0], 64)
        name = entry[: max(length - 2, 0)].decode("utf-16-le", errors="replace")
        where = struct.unpack_from("<II", entry, 116)
        if entry[66] == 5:  # noqa: PLR2004 (the root entry, which owns the mini stream)
            root = where
        elif name in {"Workbook", "Book", "WORKBOOK", "BOOK"}:
            found = where
    if found is None:
        raise ValueError("no workbook stream")
    start, length = found
    if length >= cutoff or root is None:
        return b"".join(sector(n) for n in _chain(table, start))[:length]
    mini = b"".join(sector(n) for n in _chain(table, root[0]))
    mini_table = [
        n for s in _chain(table, mini_fat) for n in struct.unpack(f"<{size // 4}I", sector(s))
    ]
    pieces = (mini[n * mini_size : (n + 1) * mini_size] for n in _chain(mini_table, start))
    return b"".join(pieces)[:length]


class WorkbookError(ValueError):
    """The workbook cannot be read; ``code`` is the problem's code, the text its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def open_sheets(path: Path, row_count_max: int | None = None) -> Iterator[Sheet]:
    """Yield the sheets with at least one cell; with a maximum, only their first rows.

    Raises:
        WorkbookError: the workbook is refused (:func:`refusal`) or damaged.
        OSError: the file cannot be read.
    """
    refused = refusal(path)
    if refused is not None:
        raise WorkbookError(*refused)
    try:
        workbook = calamine.CalamineWorkbook.from_path(str(path))
        for meta in workbook.sheets_metadata:
            if meta.typ != calamine.SheetTypeEnum.WorkSheet:
                continue
            sheet = workbook.get_sheet_by_name(meta.name)
            if sheet.start is None:
                continue
            rows = sheet.to_python(skip_empty_area=True, nrows=row_count_max)
            yield Sheet(meta.name, sheet.start[0] + 1, [[_text(c) for c in row] for row in rows])
    except calamine.PasswordError:
        raise WorkbookError(
            "password_protected",
            "the workbook is protected by a password: open it, save it without one, add it again",
        ) from None
    except (calamine.CalamineError, ValueError, OverflowError, MemoryError) as error:
        if isinstance(error, WorkbookError):
            raise
        reason = str(error).splitlines()[0][:120] if str(error) else type(error).__name__
        raise WorkbookError(
            "workbook_broken", f"the workbook cannot be read ({reason}): save it again as XLSX"
        ) from None
    except BaseException as error:
        # A panic of the Rust library is no Exception; anything else (an interrupt) goes on.
        if type(error).__name__ != "PanicException":
            raise
        raise WorkbookError(
            "workbook_broken", "the workbook is damaged inside: save it again as XLSX"
        ) from None


def _text(cell: object) -> str:
    """Return a cell as the text that a CSV export would hold."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return "TRUE" if cell else "FALSE"
    if isinstance(cell, float):
        with suppress(OverflowError, ValueError):
            # Nine decimals: a sum such as 0.1 + 0.2 in a formula is 0.3 again.
            return f"{cell:.9f}".rstrip("0").rstrip(".")
        return str(cell)
    if isinstance(cell, dt.datetime):
        # A date cell is midnight to a spreadsheet; it means the day, not an instant.
        day_only = cell.time() == dt.time()
        return cell.date().isoformat() if day_only else cell.isoformat(" ", "seconds")
    if isinstance(cell, (dt.date, dt.time)):
        return cell.isoformat()
    return "" if cell is None else str(cell)
