"""What a file is that no reader takes, and what its owner can do, in one sentence each."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daozhang.facts import Problem
from daozhang.formats._nearest import nearest
from daozhang.formats._sheets import OLE_MARK, ZIP_MARK, is_encrypted_ole, refusal
from daozhang.formats._text import decode_head, sniff_encoding
from daozhang.formats.privacy import truncate_cards
from daozhang.formats.tables import preview

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daozhang.formats.base import Source
    from daozhang.formats.tables import TableReader

__all__ = ["explain"]

_MARKS: Final[tuple[tuple[bytes, str, str], ...]] = (
    (b"\xff\xd8\xff", "is_image", "a JPEG image"),
    (b"\x89PNG\r\n\x1a\n", "is_image", "a PNG image"),
    (b"GIF8", "is_image", "a GIF image"),
    (b"BM", "is_image", "a BMP image"),
    (b"II*\0", "is_image", "a TIFF image"),
    (b"MM\0*", "is_image", "a TIFF image"),
    (b"%PDF", "is_pdf", "a PDF document"),
    (b"\x1f\x8b", "is_archive", "a gzip archive"),
    (b"Rar!", "is_archive", "a RAR archive"),
    (b"7z\xbc\xaf\x27\x1c", "is_archive", "a 7z archive"),
    (b"PAR1", "is_parquet", "a Parquet file that is not named after a fact table"),
    (b"SQLite format 3", "unknown_binary", "a SQLite database"),
)
_ADVICE: Final = {
    "is_image": "a picture has no lines to read: export the statement as CSV, XLSX or camt.053",
    "is_pdf": "a printed statement is not read: export it as CSV, XLSX or camt.053 instead",
    "is_archive": "unpack it and add the files inside",
    "is_parquet": "give it the name of a fact table, such as sales.parquet",
    "unknown_binary": "export a statement as CSV, XLSX or camt.053 instead",
}
_CONTROL_SHARE_MAX: Final = 0.02
_SHOWN_CHARS: Final = 40
_COLUMNS_SHOWN: Final = 5


def explain(source: Source, layouts: Sequence[TableReader] = ()) -> Problem:
    """Return the one problem that says what an unrecognised file is and what to do.

    Args:
        source: the file.
        layouts: the known tables, of which the nearest is named.

    Raises:
        OSError: the file cannot be read.
    """
    head = source.head

    def problem(code: str, message: str) -> Problem:
        return Problem(source.name, None, code, message)

    if not head:
        return problem("empty_file", "the file is empty (0 bytes): fetch or export it again")
    for mark, code, what in _MARKS:
        if head.startswith(mark):
            return problem(code, f"this is {what}; {_ADVICE[code]}")
    if head[:4] == b"RIFF" and head[8:12] == b"WEBP":
        return problem("is_image", f"this is a WebP image; {_ADVICE['is_image']}")
    if head[4:12] in {b"ftypheic", b"ftypheix", b"ftypmif1"}:
        return problem("is_image", f"this is a HEIC photo; {_ADVICE['is_image']}")
    if head.startswith(OLE_MARK) and is_encrypted_ole(source.path):
        return problem(
            "password_protected",
            "this is an office document with a password: open it, save it without one, and add it "
            "again",
        )
    if head.startswith((OLE_MARK, ZIP_MARK)):
        return _container(source, layouts)
    return _text_or_binary(source, layouts)


def _container(source: Source, layouts: Sequence[TableReader]) -> Problem:
    head = source.head
    workbook = head.startswith(OLE_MARK) or b"xl/" in head or b"[Content_Types].xml" in head
    if not workbook:
        return Problem(
            source.name, None, "is_archive", f"this is a zip archive; {_ADVICE['is_archive']}"
        )
    if b"word/" in head or b"ppt/" in head:
        return Problem(
            source.name, None, "unknown_binary",
            f"this is a text document or slides; {_ADVICE['unknown_binary']}",
        )  # fmt: skip
    refused = refusal(source.path)
    if refused is not None:
        return Problem(source.name, None, *refused)
    return Problem(
        source.name, None, "unknown_layout",
        f"this is a workbook whose columns fit no known layout{_comes_near(source, layouts)}; "
        "write a mapping profile for it (daozhang map FILE proposes one)",
    )  # fmt: skip


def _text_or_binary(source: Source, layouts: Sequence[TableReader]) -> Problem:
    encoding = sniff_encoding(source.head)
    text = decode_head(source.head, encoding)
    odd = sum(1 for c in text if (c < " " and c not in "\t\r\n\f\x1a") or c == "\x7f")
    if encoding == "latin-1":
        # C1 controls are letters in no language: Latin-1 that holds many is no text.
        odd += sum(1 for c in text if "\x80" <= c <= "\x9f")
    if odd > _CONTROL_SHARE_MAX * max(len(text), 1):
        return Problem(
            source.name, None, "unknown_binary",
            f"this is binary data of an unknown kind; {_ADVICE['unknown_binary']}",
        )  # fmt: skip
    start = text.lstrip()[:512].lower()
    if start.startswith(("<!doctype html", "<html")) or "<table" in start:
        return Problem(
            source.name, None, "is_html",
            "this is a web page (banks name such files .xls): open it in a spreadsheet program "
            "and save it as XLSX",
        )  # fmt: skip
    if start.startswith("<"):
        return Problem(
            source.name, None, "unknown_xml",
            "this is XML, but no camt.052, camt.053 or camt.054 message: ask the bank for one",
        )  # fmt: skip
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    first = truncate_cards(first)
    shown = first[:_SHOWN_CHARS] + ("…" if len(first) > _SHOWN_CHARS else "")
    if not first:
        return Problem(
            source.name, None, "empty_file", "the file holds blanks only: export it again"
        )
    return Problem(
        source.name, None, "unknown_text",
        f"this is text that begins {shown!r} and fits no known format"
        f"{_comes_near(source, layouts)}; for a table write a mapping profile (daozhang map FILE "
        "proposes one)",
    )  # fmt: skip


def _comes_near(source: Source, layouts: Sequence[TableReader]) -> str:
    """Return a clause that names the nearest layout and what the file lacks of it, or nothing."""
    found = preview(source) if layouts else None
    near = nearest(found, layouts) if found is not None else None
    if near is None:
        return ""
    few = ", ".join(near.missing[:_COLUMNS_SHOWN])
    more = len(near.missing) - _COLUMNS_SHOWN
    return (
        f": row {near.row} has {near.held} columns of {near.title} and lacks {few}"
        + (f" and {more} more" if more > 0 else "")
        + " (if it is that file, export it with all its columns)"
    )
