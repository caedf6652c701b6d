"""Canonical files: CSV and Parquet that already have a fact table's columns.

Rules kept here: a file is canonical when its name says a table (``sales.csv``,
``sales-2026-05-01.parquet``, ``sales_north.csv``) and its header has all columns that the table
needs (contract §1); otherwise it is left to the format readers. Nothing a file holds raises.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.parquet as pq

from daozhang.facts import TABLES, Problem
from daozhang.store.csv_exact import NOT_UTF8, open_text, read_rows
from daozhang.store.csv_load import load_csv
from daozhang.store.parquet_load import load_parquet
from daozhang.store.relations import EXTRAS_MAX

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from daozhang.facts import Table
    from daozhang.store.relations import Relations
    from daozhang.store.taken import Taken

__all__ = ["CANONICAL_CSV", "CANONICAL_PARQUET", "Canonical", "load", "recognise", "table_named"]

CANONICAL_CSV: Final = "canonical_csv"
CANONICAL_PARQUET: Final = "canonical_parquet"

_NAME: Final = re.compile(r"([a-z]+)(?:[-_].*)?\.(csv|parquet)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Canonical:
    """A canonical file.

    Attributes:
        table: the fact table.
        path: where it lies.
        name: what the user calls it.
        format: ``canonical_csv`` or ``canonical_parquet``.
        columns: for each of its columns the fact column or the extra column it becomes.
        first_line: the line of the CSV header; 0 for Parquet.
    """

    table: str
    path: Path
    name: str
    format: str
    columns: tuple[str, ...]
    first_line: int = 0


def table_named(name: str) -> str | None:
    """Return the fact table that a file name says, or None."""
    match = _NAME.fullmatch(name)
    table = match[1].lower() if match else ""
    return table if table in TABLES else None


def recognise(path: Path, name: str) -> Canonical | Problem | None:
    """Say whether a file is canonical.

    Args:
        path: where the file lies.
        name: what the user calls it; its stem says the table.

    Returns:
        The canonical file; a problem when the name says a table and the header does not bear it
        out (a format reader may still take the file); None when the name says no table.

    Raises:
        OSError: the file cannot be read.
    """
    table = table_named(name)
    if table is None:
        return None
    if name.lower().endswith(".csv"):
        return _recognise_csv(TABLES[table], path, name)
    # Opened first, so that a file that may not be read raises as such and is not called damaged.
    path.open("rb").close()
    try:
        header = pq.read_schema(str(path)).names
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        why = str(error).splitlines()[0][:200] if str(error) else "it is damaged"
        return Problem(name, None, "parquet_unreadable", f"not a readable Parquet file: {why}")
    return _columns(TABLES[table], path, name, header, 0)


def _recognise_csv(table: Table, path: Path, name: str) -> Canonical | Problem:
    with path.open("rb") as file:
        start = file.read(4)
    if start[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return Problem(name, 1, "not_utf8", "the file is UTF-16: save it as CSV UTF-8")
    with open_text(path) as text:
        first = next(read_rows(text), None)
    if first is None:
        return Problem(name, None, "empty_file", "the file is empty: it needs a header line")
    if first.finding is not None:
        code, message = first.finding.code, first.finding.message
        if first.finding is NOT_UTF8:
            message = "the header is not UTF-8 (is it GBK?): save the file as CSV UTF-8"
        return Problem(name, first.line, code, message)
    if any("\0" in cell for cell in first.cells):
        return Problem(name, first.line, "nul_byte", "the header holds a NUL byte: not a CSV file")
    return _columns(table, path, name, first.cells, first.line)


def _columns(
    table: Table, path: Path, name: str, header: Sequence[str], line: int
) -> Canonical | Problem:
    """Map a header to fact columns."""
    where = line or None
    known = {n.casefold(): n for n in table.names}
    columns: list[str] = []
    for place, raw in enumerate(header):
        cell = raw.strip()
        column = known.get(cell.casefold(), cell or f"unnamed_{place + 1}")
        columns.append(column)
    missing = [c.name for c in table.columns if c.required and c.name not in columns]
    if missing:
        message = f"the header lacks {', '.join(missing)}: {table.name} needs them"
        if len(header) == 1 and set(header[0]) & set(";\t|"):
            message += "; its cells seem to be divided by another mark than a comma: use commas"
        return Problem(name, where, "missing_columns", message)
    folded_names = [c.casefold() for c in columns]
    twice = sorted({c for c in folded_names if folded_names.count(c) > 1})
    if twice:
        message = f"the header names {', '.join(twice)} more than once: keep one of each"
        return Problem(name, where, "duplicate_column", message)
    if len(columns) > EXTRAS_MAX:
        message = f"the header has {len(columns)} columns, more than {EXTRAS_MAX}: drop some"
        return Problem(name, where, "too_many_columns", message)
    form = CANONICAL_CSV if line else CANONICAL_PARQUET
    return Canonical(table.name, path, name, form, tuple(columns), line)


def load(relations: Relations, file: Canonical) -> Taken:
    """Take a canonical file's good rows into the relations.

    Args:
        relations: where the rows go.
        file: what :func:`recognise` returned.

    Raises:
        OSError: the file cannot be read.
    """
    if file.format == CANONICAL_CSV:
        return load_csv(relations, file)
    return load_parquet(relations, file)
