"""Takes a canonical CSV file: DuckDB reads it, Python looks again at what DuckDB doubts.

Three ways, one outcome. Nothing doubtful: DuckDB's rows are taken. Some rows doubtful: one fast
pass over the file finds their lines, and the Python rules judge only those. DuckDB refuses the
file (wrong column counts, open quotes, bytes that are not UTF-8), or there is so little of it that
planning its reading costs more than the reading: Python reads all of it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import duckdb

from daozhang.facts import TABLES
from daozhang.store.card_ids import take_out_cards
from daozhang.store.csv_exact import open_text, read_rows
from daozhang.store.relations import RowBatch
from daozhang.store.rules import CELL_CHARS_MAX, checker
from daozhang.store.sql_rules import TIDY, identifier, literal, path_literal, project
from daozhang.store.taken import Findings, Taken

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from daozhang.store.canonical import Canonical
    from daozhang.store.relations import Relations

__all__ = ["load_csv"]

_CHUNK_BYTES: Final = 1 << 20
_DOUBTS_MAX: Final = 50_000
"""Most doubtful rows whose cells Python holds to find their lines; beyond, it reads all rows."""


_LITTLE_BYTES: Final = 6_000
"""Up to so many bytes Python has read a file before DuckDB has planned to: some forty sales."""


@dataclass(frozen=True, slots=True)
class _Job:
    """One file being taken: where to, which, its number, its columns, what is wrong with it."""

    relations: Relations
    file: Canonical
    number: int
    columns: list[str | None]
    findings: Findings

    def first_line(self, column: str, texts: frozenset[str]) -> int | None:
        """Return the line on which a column first holds one of the texts."""
        place = self.columns.index(column)
        with open_text(self.file.path) as text:
            for row in read_rows(text, len(self.columns)):
                if row.finding is None and row.cells[place].strip(" \t") in texts:
                    return row.line
        return None


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
    job = _Job(relations, file, number, _widened(relations, file, findings), findings)
    if file.path.stat().st_size <= _LITTLE_BYTES:
        _judge(job, None)
    else:
        _read_many(job)
    given = [column for column in job.columns if column is not None]
    take_out_cards(relations, file.table, number, given, job.first_line, findings)
    rows, period = relations.summary(file.table, number)
    counted = {file.table: rows} if rows else {}
    return Taken(file.name, file.format, counted, findings.refused, findings.problems(), period)


def _read_many(job: _Job) -> None:
    """Let DuckDB take what is beyond doubt, and judge the rest or, where it cannot, all."""
    doubts = _read_fast(job)
    if doubts is None or (doubts.count and not _judge(job, doubts)):
        job.relations.drop(job.number)
        job.findings.clear()
        _widened(job.relations, job.file, job.findings)
        _judge(job, None)


def _widened(relations: Relations, file: Canonical, findings: Findings) -> list[str | None]:
    """Return the fact column of each file column, extra columns made where they are new."""
    table = TABLES[file.table]
    columns: list[str | None] = []
    for column in file.columns:
        if table.column(column) is not None:
            columns.append(column)
            continue
        extra = relations.widen(file.table, column)
        if extra is None:
            findings.leave_out([column], file.first_line)
        columns.append(extra)
    return columns


def _holds(path: Path) -> tuple[bool, bool]:
    """Say whether the file holds a NUL byte, and whether it holds blanks (space or tab).

    A machine-made file mostly holds no blank at all: then no cell needs to be trimmed.
    """
    nul = blank = False
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            nul = nul or b"\0" in chunk
            blank = blank or b" " in chunk or b"\t" in chunk
            if nul:
                break
    return nul, blank


@dataclass(frozen=True, slots=True)
class _Doubts:
    """The rows that DuckDB doubts: how many there are, and their cells as they stand."""

    count: int
    rows: frozenset[tuple[str, ...]]


def _read_fast(job: _Job) -> _Doubts | None:
    """Let DuckDB take the rows beyond doubt; return the doubtful ones, None: it cannot."""
    file, number, columns = job.file, job.number, job.columns
    con = job.relations.con
    nul, blank = _holds(file.path)
    if nul or file.first_line != 1:
        return None
    parsed = {c.name for c in TABLES[file.table].columns if c.kind not in ("text", "decimal")}
    source = {
        c: (f"c{i}", "VARCHAR" if blank or c in parsed else TIDY)
        for i, c in enumerate(columns)
        if c is not None
    }
    made = project(TABLES[file.table], source)
    names = [name for name, _ in (*made.columns, *made.extras)]
    values = [value for _, value in (*made.columns, *made.extras)]
    cells = [f"c{i}" for i in range(len(columns))]
    types = ", ".join(f"{cell}: 'VARCHAR'" for cell in cells)
    try:
        path = path_literal(str(file.path.absolute()))
        scan = (
            f"read_csv({path}, columns={{{types}}}, auto_detect=false, header=true, delim=',', "
            "quote='\"', escape='\"', nullstr='', compression='none', strict_mode=true, "
            f"max_line_size={CELL_CHARS_MAX}, hive_partitioning=false)"
        )
        con.execute(
            f"INSERT INTO intake_{file.table} "
            f"({', '.join(map(identifier, names))}, _days, _file, _n, _doubt) "
            f"SELECT {', '.join(values)}, {made.days}, {literal(file.name)}, {number}, "
            f"{made.doubt} FROM {scan}"
        )
        query = f"DELETE FROM intake_{file.table} WHERE _n = {number} AND _doubt"
        ((count,),) = con.execute(query).fetchall()
        if not count:
            return _Doubts(0, frozenset())
        if count > _DOUBTS_MAX:
            return None
        # Rows of a parallel read come in no order, so doubtful rows are known by their cells.
        query = f"SELECT {', '.join(cells)} FROM {scan} WHERE {made.doubt}"
        rows = frozenset(tuple(cell or "" for cell in row) for row in con.execute(query).fetchall())
    except (duckdb.Error, ValueError, UnicodeEncodeError):
        return None
    return _Doubts(count, rows)


def _judge(job: _Job, doubts: _Doubts | None) -> bool:
    """Judge rows with the Python rules and take the good ones.

    Args:
        job: the file.
        doubts: the rows to judge; None: every row.

    Returns:
        False when the file's rows are not those that DuckDB saw: then all must be judged.
    """
    file, columns, findings = job.file, job.columns, job.findings
    rules = checker(file.table)
    batch = RowBatch(job.relations, file.table, job.number)
    judged = 0
    with open_text(file.path) as text:
        rows = read_rows(text, len(columns))
        next(rows, None)
        for row in rows:
            if doubts is not None:
                if row.finding is not None:
                    return False
                if tuple(row.cells) not in doubts.rows:
                    continue
                judged += 1
            if row.finding is not None:
                findings.refuse(row.line, [row.finding])
                continue
            checked = rules.check(_cells(columns, row.cells))
            if checked.values is None:
                findings.refuse(row.line, checked.findings)
            else:
                findings.shortened += checked.shortened
                batch.add(checked)
    if doubts is not None and judged != doubts.count:
        return False
    batch.flush()
    return True


def _cells(columns: list[str | None], cells: list[str]) -> Mapping[str, object]:
    return {c: v for c, v in zip(columns, cells, strict=True) if c is not None and v}
