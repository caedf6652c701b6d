"""The relations ``raw_<table>`` in a DuckDB connection: what every later stage reads.

For each of the fact tables there is one, empty when nothing was given. Its columns: the known
columns in order (text and decimal VARCHAR, int BIGINT, time TIMESTAMPTZ, date DATE), the unknown
extra columns (VARCHAR), ``_days`` (INTEGER: bit i is set when the i-th ``time`` column was a bare
date, its instant then being midnight UTC of that date) and ``_file`` (VARCHAR). Only good rows are
in it. Nothing is settled by key yet. The connection is in no transaction and its TimeZone is UTC.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa

from daozhang.facts import TABLES
from daozhang.store.sql_rules import SQL_TYPES, identifier, literal
from daozhang.store.taken import period_of

if TYPE_CHECKING:
    import duckdb

    from daozhang.facts import Table
    from daozhang.store.rules import Checked
    from daozhang.store.taken import Period

__all__ = ["BATCH_ROWS", "EXTRAS_MAX", "RESERVED", "Relations", "RowBatch", "known_columns"]

BATCH_ROWS: Final = 20_000
"""Rows that Python holds before they go to DuckDB."""

RESERVED: Final = frozenset(
    {"_days", "_file", "_n", "_doubt", "_origin", "_part", "filename", "file_row_number"}
)
"""Column names that are ours; an extra column of that name is left out with a warning."""

EXTRAS_MAX: Final = 300
"""Most unknown columns a table may have, over all files."""

_ARROW: Final[dict[str, Any]] = {
    "text": pa.string(),
    "int": pa.int64(),
    "time": pa.timestamp("us", tz="UTC"),
    "date": pa.date32(),
    "decimal": pa.string(),
}


def known_columns(table: Table) -> str:
    """Return the known columns of a table as an SQL list of definitions."""
    return ", ".join(f"{identifier(c.name)} {SQL_TYPES[c.kind]}" for c in table.columns)


@dataclass(frozen=True, slots=True)
class _InPlace:
    """A Parquet file read where it lies: its number, its path as an SQL literal, its name."""

    number: int
    path: str
    name: str


@dataclass(slots=True)
class _Target:
    """What a table holds so far: its extra columns and the Parquet files read in place."""

    extras: dict[str, str] = field(default_factory=dict)
    in_place: dict[tuple[str, tuple[str, ...]], list[_InPlace]] = field(default_factory=dict)


class Relations:
    """Collects facts file by file, then publishes the ``raw_*`` relations."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        """Prepare empty tables ``intake_<table>`` in the connection, replacing earlier ones."""
        self.con = con
        self._targets = {name: _Target() for name in TABLES}
        self._files: list[str] = []
        for name, table in TABLES.items():
            con.execute(
                f"CREATE OR REPLACE TABLE intake_{name} ({known_columns(table)}, "
                "_days INTEGER, _file VARCHAR, _n INTEGER, _doubt BOOLEAN)"
            )

    def begin(self, file: str) -> int:
        """Start a file and return its number, which its rows carry until it ends."""
        self._files.append(file)
        return len(self._files) - 1

    def file_name(self, number: int) -> str:
        """Return the name of a file that was begun."""
        return self._files[number]

    def extras_of(self, table: str) -> tuple[str, ...]:
        """Return the table's extra columns so far."""
        return tuple(self._targets[table].extras.values())

    def widen(self, table: str, name: str) -> str | None:
        """Return the column for an extra name, made if need be.

        None: the name is one of ours, or there are too many; the caller says so to the user.
        """
        extras = self._targets[table].extras
        if name.casefold() in RESERVED:
            return None
        found = extras.get(name.casefold())
        if found is None and len(extras) < EXTRAS_MAX:
            found = extras[name.casefold()] = name
            self.con.execute(f"ALTER TABLE intake_{table} ADD COLUMN {identifier(name)} VARCHAR")
        return found

    def add_in_place(
        self, table: str, number: int, path: str, select: str, extras: tuple[str, ...]
    ) -> None:
        """Take a Parquet file's rows where they lie.

        Args:
            table: the fact table.
            number: the file's number.
            path: the path as an SQL literal.
            select: expressions with names for the known columns, extras and ``_days``.
            extras: names of the extra columns in it, as :meth:`widen` gave them.
        """
        file = _InPlace(number, path, self._files[number])
        self._targets[table].in_place.setdefault((select, extras), []).append(file)

    def drop(self, number: int) -> None:
        """Take back everything that a file gave."""
        for name, target in self._targets.items():
            self.con.execute(f"DELETE FROM intake_{name} WHERE _n = ?", [number])
            for files in target.in_place.values():
                files[:] = [file for file in files if file.number != number]

    def summary(self, table: str, number: int) -> tuple[int, Period | None]:
        """Return how many rows a file gave to an ``intake_`` table, and their period."""
        event = TABLES[table].event
        when = f"epoch_us({identifier(event)})" if event else "NULL"
        query = f"SELECT count(*), min({when}), max({when}) FROM intake_{table} WHERE _n = ?"
        # Fetched to its end: a result that is not stops other work on the connection.
        ((rows, first, last),) = self.con.execute(query, [number]).fetchall()
        return int(rows), period_of(first, last)

    def publish(self) -> None:
        """Create or replace all ``raw_*`` relations from what was collected."""
        for name in TABLES:
            self.con.execute(f"CREATE OR REPLACE VIEW raw_{name} AS {self.select(name)}")

    def select(self, table: str, number: int | None = None) -> str:
        """Return the query of a table's facts in the shape of ``raw_<table>``.

        Args:
            table: the fact table.
            number: only the facts of this file; None: of all files.
        """
        target = self._targets[table]
        names = [*TABLES[table].names, *target.extras.values(), "_days", "_file"]
        wanted = ", ".join(map(identifier, names))
        where = "" if number is None else f" WHERE _n = {number}"
        parts = [f"SELECT {wanted} FROM intake_{table}{where}"]
        for (select, extras), files in target.in_place.items():
            chosen = [file for file in files if number in (None, file.number)]
            missing = [e for e in target.extras.values() if e not in extras]
            nulls = "".join(f", CAST(NULL AS VARCHAR) AS {identifier(e)}" for e in missing)
            parts.extend(
                f"SELECT {wanted} FROM (SELECT {select}{nulls}, {named} AS _file "
                f"FROM read_parquet([{paths}], filename=true, hive_partitioning=false))"
                for named, paths in _together(chosen)
            )
        return " UNION ALL ".join(parts)


def _together(files: list[_InPlace]) -> list[tuple[str, str]]:
    """Return (expression of the file's name, list of paths) for files to read in one scan.

    Files of the same names as their paths end in are read together; a renamed one alone.
    """
    same = [f for f in files if f.path.endswith(f"/{literal(f.name)[1:]}")]
    found = [(literal(f.name), f.path) for f in files if f not in same]
    if same:
        named = "parse_filename(filename, false, 'forward_slash')"
        found.append((named, ", ".join(f.path for f in same)))
    return found


class RowBatch:
    """Rows that Python checked, on their way into one table."""

    def __init__(self, relations: Relations, table: str, number: int) -> None:
        self._relations = relations
        self._table = TABLES[table]
        self._number = number
        self._rows: list[list[object]] = []
        self._days: list[int] = []
        self._extras: list[dict[str, str]] = []
        self.taken = 0
        self.left_out: set[str] = set()

    def add(self, row: Checked) -> None:
        """Take one good row."""
        assert row.values is not None, "only good rows are taken"
        self._rows.append(row.values)
        self._days.append(row.days)
        self._extras.append(row.extras)
        self.taken += 1
        if len(self._rows) >= BATCH_ROWS:
            self.flush()

    def flush(self) -> None:
        """Hand all rows held here to DuckDB."""
        if not self._rows:
            return
        count, name = len(self._rows), self._table.name
        values = zip(*self._rows, strict=True)
        columns = {
            c.name: pa.array(cells, type=_ARROW[c.kind])
            for c, cells in zip(self._table.columns, values, strict=True)
        }
        for extra in dict.fromkeys(e for row in self._extras for e in row):
            column = self._relations.widen(name, extra)
            if column is None:
                self.left_out.add(extra)
            else:
                columns[column] = pa.array([row.get(extra) for row in self._extras], pa.string())
        columns["_days"] = pa.array(self._days, pa.int32())
        columns["_file"] = pa.array([self._relations.file_name(self._number)] * count, pa.string())
        columns["_n"] = pa.array([self._number] * count, pa.int32())
        columns["_doubt"] = pa.array([False] * count, pa.bool_())
        names = ", ".join(map(identifier, columns))
        con = self._relations.con
        con.register("_intake_batch", pa.table(columns))
        try:
            query = f"INSERT INTO intake_{name} ({names}) SELECT {names} FROM _intake_batch"
            con.execute(query)
        finally:
            con.unregister("_intake_batch")
        self._rows, self._days, self._extras = [], [], []
