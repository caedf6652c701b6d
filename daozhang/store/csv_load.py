"""Takes a canonical CSV file: DuckDB reads it, Python looks again at what DuckDB doubts.

Three ways, one outcome. Nothing doubtful: DuckDB's rows are taken. Some rows doubtful: one fast
pass over the file finds their lines, and the Python rules judge only those. DuckDB refuses the
file (wrong column counts, open quotes, bytes that are not UTF-8): Python reads all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import duckdb
import numpy as np

from daozhang.facts import TABLES, Problem
from daozhang.store.csv_exact import open_text, read_rows
from daozhang.store.relations import RowBatch
from daozhang.store.rules import CELL_CHARS_MAX, checker
from daozhang.store.sql_rules import identifier, literal, path_literal, project
from daozhang.store.taken import Findings, Taken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

    from daozhang.store.canonical import Canonical
    from daozhang.store.relations import Relations

__all__ = ["load_csv"]

_CHUNK_BYTES: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class _Job:
    """One file being taken: where to, which, its number, its columns, what is wrong with it."""

    relations: Relations
    file: Canonical
    number: int
    columns: list[str | None]
    findings: Findings


def load_csv(relations: Relations, file: Canonical) -> Taken:
    """Take the good rows of a canonical CSV file.

    Args:
        relations: where the rows go.
        file: the recognised file.

    Raises:
        OSError: the file cannot be read.
    """
    number = relations.begin(file.name)
    findings = Findings(file.name)
    for problem in file.problems:
        findings.add(problem)
    job = _Job(relations, file, number, _widened(relations, file, findings), findings)
    doubtful = _read_fast(job)
    if doubtful is None or (doubtful.size and not _judge(job, doubtful)):
        relations.drop(number)
        findings.clear()
        for problem in file.problems:
            findings.add(problem)
        _judge(job, None)
    rows, period = relations.summary(file.table, number)
    counted = {file.table: rows} if rows else {}
    return Taken(file.name, file.format, counted, findings.refused, findings.problems(), period)


def _widened(relations: Relations, file: Canonical, findings: Findings) -> list[str | None]:
    """Return the fact column of each file column, extra columns made where they are new."""
    table = TABLES[file.table]
    columns: list[str | None] = []
    for column in file.columns:
        if column is None or table.column(column) is not None:
            columns.append(column)
            continue
        extra = relations.widen(file.table, column)
        if extra is None:
            message = f"{column}: more extra columns than a table may have: it is left out"
            findings.add(
                Problem(file.name, file.first_line, "too_many_columns", message, "warning")
            )
        columns.append(extra)
    return columns


def _holds_nul(path: Path) -> bool:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            if b"\0" in chunk:
                return True
    return False


def _read_fast(job: _Job) -> NDArray[np.int64] | None:
    """Let DuckDB take the file; return the positions of doubtful rows, None: it cannot.

    Positions count the rows from 0; the rows are in the relation and marked as doubtful.
    """
    file, number, columns = job.file, job.number, job.columns
    con = job.relations.con
    ordered = con.execute("SELECT current_setting('preserve_insertion_order')").fetchone()
    # Without a kept order the doubtful rows could not be found in the file.
    if file.first_line != 1 or ordered is None or not ordered[0] or _holds_nul(file.path):
        return None
    source = {c: (f"c{i}", "VARCHAR") for i, c in enumerate(columns) if c is not None}
    made = project(TABLES[file.table], source)
    names = [name for name, _ in (*made.columns, *made.extras)]
    values = [value for _, value in (*made.columns, *made.extras)]
    types = ", ".join(f"'c{i}': 'VARCHAR'" for i in range(len(columns)))
    try:
        path = path_literal(str(file.path.absolute()))
        con.execute(
            f"INSERT INTO intake_{file.table} "
            f"({', '.join(map(identifier, names))}, _days, _file, _n, _doubt) "
            f"SELECT {', '.join(values)}, {made.days}, {literal(file.name)}, {number}, "
            f"{made.doubt} FROM read_csv({path}, columns={{{types}}}, auto_detect=false, "
            "header=true, delim=',', quote='\"', escape='\"', nullstr='', compression='none', "
            f"strict_mode=true, max_line_size={CELL_CHARS_MAX}, hive_partitioning=false)"
        )
    except (duckdb.Error, ValueError, UnicodeEncodeError):
        return None
    query = (
        "SELECT count(*), min(rowid), max(rowid), count(*) FILTER (_doubt) "
        f"FROM intake_{file.table} WHERE _n = {number}"
    )
    total, first, last, doubts = con.execute(query).fetchone() or (0, 0, -1, 0)
    if not doubts:
        return np.empty(0, np.int64)
    if last - first + 1 != total:
        return None
    query = (
        f"SELECT rowid - {first} AS place FROM intake_{file.table} "
        f"WHERE _n = {number} AND _doubt ORDER BY 1"
    )
    places: NDArray[np.int64] = con.execute(query).fetchnumpy()["place"]
    con.execute(f"DELETE FROM intake_{file.table} WHERE _n = {number} AND _doubt")
    return np.append(places, -total)


def _judge(job: _Job, doubtful: NDArray[np.int64] | None) -> bool:
    """Judge rows with the Python rules and take the good ones.

    Args:
        job: the file.
        doubtful: positions of the rows to judge, in order, then minus the number of all rows;
            None: every row.

    Returns:
        False when the file's rows are not those that DuckDB saw: then all must be judged.
    """
    file, columns, findings = job.file, job.columns, job.findings
    rules = checker(file.table)
    batch = RowBatch(job.relations, file.table, job.number)
    wanted = iter(doubtful[:-1].tolist() if doubtful is not None else ())
    following = next(wanted, None)
    place = -1
    with open_text(file.path) as text:
        rows = read_rows(text, len(columns))
        next(rows, None)
        for place, row in enumerate(rows):
            if doubtful is not None:
                if row.finding is not None:
                    return False
                if place != following:
                    continue
                following = next(wanted, None)
            if row.finding is not None:
                findings.refuse(row.line, [row.finding])
                continue
            checked = rules.check(_cells(columns, row.cells))
            if checked.values is None:
                findings.refuse(row.line, checked.findings)
            else:
                findings.shortened += checked.shortened
                batch.add(checked)
    if doubtful is not None and place + 1 != -doubtful[-1]:
        return False
    batch.flush()
    return True


def _cells(columns: list[str | None], cells: list[str]) -> Mapping[str, object]:
    return {c: v for c, v in zip(columns, cells, strict=True) if c is not None and v}
