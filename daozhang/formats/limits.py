"""How much of anything a file may ask a reader to take; every limit has its unit in its name.

A file over a limit is refused with a problem that names the limit and the figure found, so that
nobody mistakes a refusal for an empty file.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "ARCHIVE_MEMBERS_MAX",
    "CELL_CHARS_MAX",
    "DETAILS_CHARS_MAX",
    "FACTS_BATCH_ROWS",
    "FILE_BYTES_MAX",
    "HEADER_SEARCH_ROWS",
    "LINE_CHARS_MAX",
    "PROBLEMS_PER_FILE_MAX",
    "SHEET_CELLS_MAX",
    "ZIP_EXPANDED_BYTES_MAX",
    "ZIP_RATIO_FLOOR_BYTES",
    "ZIP_RATIO_MAX",
]

FILE_BYTES_MAX: Final = 4 * 1024**3
"""A file larger than this is refused unread, in bytes."""

ARCHIVE_MEMBERS_MAX: Final = 1_000
"""Files in one zip archive."""

LINE_CHARS_MAX: Final = 1_000_000
"""One physical line of a text file, in characters."""

CELL_CHARS_MAX: Final = 100_000
"""One cell of a CSV file or a sheet, in characters (a sheet's own limit is 32 767)."""

DETAILS_CHARS_MAX: Final = 20_000
"""The text kept of one bank line's details, in characters (SWIFT allows 390)."""

SHEET_CELLS_MAX: Final = 20_000_000
"""The rectangle that a sheet's used cells span, in cells; it is held in memory at once."""

ZIP_EXPANDED_BYTES_MAX: Final = 2 * 1024**3
"""All parts of an XLSX file unpacked, in bytes."""

ZIP_RATIO_MAX: Final = 200
"""Unpacked bytes for each packed byte of an XLSX file; real sheets stay below 50."""

ZIP_RATIO_FLOOR_BYTES: Final = 32 * 1024**2
"""Below this many unpacked bytes the ratio is not looked at: small sheets may pack very well."""

HEADER_SEARCH_ROWS: Final = 100
"""How many rows from the top a column header may stand in."""

FACTS_BATCH_ROWS: Final = 4_096
"""How many rows one ``Facts`` value carries at most."""

PROBLEMS_PER_FILE_MAX: Final = 1_000
"""After so many problems a reader counts the rest and says how many there were."""
