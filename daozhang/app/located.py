"""The line of a fact that a finding is about, looked up in the file it came from.

Facts keep the name of their file and not their line, so the few that a finding names are looked up
when there is one. Only CSV files with a fact table's columns are looked through; findings of other
files stay without a line.
"""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from daozhang.facts import TABLES, Problem
from daozhang.store.csv_exact import open_text

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from daozhang.cause.doubts import Doubt

__all__ = ["located"]


def located(doubts: Iterable[Doubt], folder: Path | None) -> tuple[Problem, ...]:
    """Return the findings with their lines, in their order.

    A column of the facts that is empty is told only where its file has it: else it is missing,
    which it may be.

    Args:
        doubts: what is doubtful, each with what its row is known by.
        folder: where the files lie; None: they are gone, as of a store.
    """
    found = []
    for doubt in doubts:
        line = _line(folder, doubt)
        if line is None and TABLES[doubt.table].column(doubt.column) is not None:
            continue
        found.append(replace(doubt.problem, line=line))
    return tuple(found)


def _line(folder: Path | None, doubt: Doubt) -> int | None:
    if folder is None or not doubt.problem.file.casefold().endswith(".csv"):
        return None
    path = folder / doubt.problem.file
    try:
        with open_text(path) as file:
            header = _cells(file.readline())
            if doubt.column:
                return 1 if doubt.column in header else None
            return _line_of(file, header, doubt.row)
    except OSError:
        return None


def _line_of(
    lines: Iterable[str], header: list[str], row: Mapping[str, str | datetime]
) -> int | None:
    """Return the line on which a row stands, the first where it stands several times."""
    if not all(column in header for column in row):
        return None
    wanted = [(header.index(column), value) for column, value in row.items()]
    words = [value for value in row.values() if isinstance(value, str)]
    for number, line in enumerate(lines, 2):
        if all(word in line for word in words):
            cells = _cells(line)
            if all(at < len(cells) and _is(cells[at], value) for at, value in wanted):
                return number
    return None


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in next(csv.reader([line.rstrip("\r\n")]), [])]


def _is(cell: str, value: str | datetime) -> bool:
    if isinstance(value, str):
        return cell == value
    try:
        moment = datetime.fromisoformat(cell)
    except ValueError:
        return False
    return moment.tzinfo is not None and moment.astimezone(UTC) == value
