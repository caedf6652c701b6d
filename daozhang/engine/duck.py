"""DuckDB: one process, tables on disk when memory is short."""

from __future__ import annotations

import errno
import tempfile
import warnings
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

import duckdb
import pyarrow as pa

from daozhang.engine.base import GROUP_ROWS
from daozhang.engine.rows import values_of

__all__ = ["DuckEngine"]

MEMORY_LIMIT_MB = 1700
"""What DuckDB may hold before it spills to its temporary folder; leaves room below 3 GB."""

MANY = 15
"""Millions of rows of the longest table from which on more is held."""

MEMORY_MB_A_MILLION = 200
"""How much more, for each million beyond: some of its work on many rows cannot be spilled."""

_INSTANT: Final = "TIMESTAMP WITH TIME ZONE"

_PARSED_MAX = 512
"""Statements that are kept parsed: a few more than one answer needs."""

_UNITS: Final = {"bytes": 1, "KiB": 2**10, "MiB": 2**20, "GiB": 2**30, "TiB": 2**40}

_LONG = 20_000
"""Characters from which on a statement is rather parsed again than kept."""


def _parsed(sql: str) -> Any:
    """Return a statement as what executes soonest; a text that cannot be read raises at once.

    Where rows are few, parsing is a sixth of what an answer costs, and the statements of the next
    answer are the same. Running one leaves it as it was, on any connection and in any thread.
    """
    return _parse(sql) if len(sql) < _LONG else sql


@lru_cache(maxsize=_PARSED_MAX)
def _parse(sql: str) -> Any:
    statements = duckdb.extract_statements(sql)
    return statements[0] if len(statements) == 1 else sql


def _execute(connection: duckdb.DuckDBPyConnection, sql: str) -> duckdb.DuckDBPyConnection:
    try:
        return connection.execute(_parsed(sql))
    except duckdb.OutOfMemoryException as error:
        raise OSError(errno.ENOMEM, str(error)) from error


def _megabytes(text: str) -> int:
    """Return a size as DuckDB writes it (``18.9 GiB``) in whole megabytes, rounded down."""
    number, unit = text.split()
    whole, _, part = number.partition(".")
    tenths = int(whole) * 10 + int(part[:1] or 0)
    return tenths * _UNITS[unit] // 10_000_000


def _arrow(result: duckdb.DuckDBPyConnection) -> pa.Table:
    """Return the rows of a statement that was executed.

    As a relation, which DuckDB would rather see, each statement is planned twice; where rows are
    few that is most of what it costs, and where they are many a copy of them is not.
    """
    return result.to_arrow_table()


class DuckEngine:
    """The default engine: a database in memory that spills to a temporary folder of its own."""

    name = "duckdb"

    def __init__(
        self, *, memory_limit_mb: int = MEMORY_LIMIT_MB, threads: int | None = None
    ) -> None:
        # For good, not while a statement runs: what is ignored is the same for all threads.
        warnings.filterwarnings("ignore", "Arrow output on a DB-API result", UserWarning)
        self._folder: tempfile.TemporaryDirectory[str] | None = tempfile.TemporaryDirectory(
            prefix="daozhang-"
        )
        root = Path(self._folder.name)
        self._made: set[str] = set()
        self.connection = duckdb.connect()
        self._most_mb = _megabytes(self._setting("memory_limit")) * 5 // 8
        self._memory_mb = memory_limit_mb
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute(f"SET memory_limit = '{memory_limit_mb}MB'")
        self.connection.execute(f"SET temp_directory = '{root / 'spill'}'")
        self.connection.execute("SET enable_progress_bar = false")
        self.connection.execute("SET parquet_metadata_cache = true")
        # A database in memory has nothing to write down; checkpoints would only copy tables about.
        self.connection.execute("SET checkpoint_threshold = '1TB'")
        if threads is not None:
            self.connection.execute(f"SET threads = {threads}")

    def expect(self, rows: int) -> None:
        """See :meth:`daozhang.engine.base.Engine.expect`.

        The limit grows with the rows beyond :data:`MANY`, up to half of the machine's memory
        (DuckDB by itself takes four fifths): a process holds nearly twice as much as its tables do.
        """
        more = (rows // 1_000_000 - MANY) * MEMORY_MB_A_MILLION
        wanted = min(self._most_mb, MEMORY_LIMIT_MB + more)
        if wanted > self._memory_mb:
            self._memory_mb = wanted
            self.connection.execute(f"SET memory_limit = '{wanted}MB'")

    def _setting(self, name: str) -> str:
        return str(self.rows(f"SELECT current_setting('{name}')")[0][0])

    def put(self, name: str, table: pa.Table) -> None:
        """See :meth:`daozhang.engine.base.Engine.put`."""
        self.connection.register("_incoming", table)
        self._make("TABLE", name, "SELECT * FROM _incoming")
        self.connection.unregister("_incoming")

    def run(self, name: str, sql: str) -> int:
        """See :meth:`daozhang.engine.base.Engine.run`."""
        made = self._make("TABLE", name, sql).fetchone()
        assert made is not None
        return int(made[0])

    def view(self, name: str, sql: str, *, few: bool = False) -> None:
        """See :meth:`daozhang.engine.base.Engine.view`."""
        self._make("TABLE" if few else "VIEW", name, sql)

    def fetch(self, sql: str) -> pa.Table:
        """See :meth:`daozhang.engine.base.Engine.fetch`."""
        return _arrow(self._execute(sql))

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """See :meth:`daozhang.engine.base.Engine.batches`."""
        # Of its own, so that whatever else is asked meanwhile does not end it.
        cursor = self.beside()
        yield from _execute(cursor.connection, sql).to_arrow_reader(rows)
        cursor.close()

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """See :meth:`daozhang.engine.base.Engine.rows`."""
        result = self._execute(sql)
        # DuckDB itself makes instants only with the help of another library.
        if all(column[1] != _INSTANT for column in result.description):
            return [tuple(row) for row in result.fetchall()]
        table = _arrow(result)
        return list(zip(*(values_of(column) for column in table.columns), strict=True))

    def columns(self, name: str) -> list[str]:
        """See :meth:`daozhang.engine.base.Engine.columns`."""
        return list(self.connection.table(name).columns)

    def save(self, sql: str, path: Path, group_rows: int = GROUP_ROWS) -> None:
        """See :meth:`daozhang.engine.base.Engine.save`."""
        partial = path.with_name(path.name + ".partial")
        quoted = str(partial).replace("'", "''")
        self._execute(
            f"COPY ({sql}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd, "
            f"COMPRESSION_LEVEL 1, ROW_GROUP_SIZE {group_rows})"
        )
        partial.replace(path)

    def rename(self, name: str, to: str) -> None:
        """See :meth:`daozhang.engine.base.Engine.rename`."""
        self._forget(to)
        try:
            self.connection.execute(f'ALTER TABLE "{name}" RENAME TO "{to}"')
        except duckdb.CatalogException:
            self.connection.execute(f'ALTER VIEW "{name}" RENAME TO "{to}"')
        self._made.discard(name)
        self._made.add(to)

    def drop(self, *names: str) -> None:
        """See :meth:`daozhang.engine.base.Engine.drop`."""
        for name in names:
            self._forget(name)

    def beside(self) -> DuckEngine:
        """Return another engine on the same tables, for another thread; closing it keeps them."""
        return _Beside(self.connection.cursor())

    def close(self) -> None:
        """See :meth:`daozhang.engine.base.Engine.close`."""
        self.connection.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _execute(self, sql: str) -> duckdb.DuckDBPyConnection:
        return _execute(self.connection, sql)

    def _make(self, kind: str, name: str, sql: str) -> duckdb.DuckDBPyConnection:
        """Make a table or view; one of that name goes first, for the memory that it holds."""
        statement = f'CREATE {kind} "{name}" AS {sql}'
        if name in self._made:
            self._forget(name)
        self._made.add(name)
        try:
            return self._execute(statement)
        except duckdb.CatalogException:
            # A name that somebody else gave; any other reason shows again.
            self._forget(name)
            return self._execute(statement)

    def _forget(self, name: str) -> None:
        # Asking the catalogue what a name is costs a hundred times what dropping nothing costs.
        try:
            self._execute(f'DROP TABLE IF EXISTS "{name}"')
        except duckdb.CatalogException:
            self._execute(f'DROP VIEW "{name}"')


class _Beside(DuckEngine):
    """An engine on another one's tables: it holds no folder and ends nothing but itself."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._folder = None
        self._made = set()
        self._memory_mb = self._most_mb = 0  # The other one's is not its to change.
        self.connection = connection
        connection.execute("SET TimeZone = 'UTC'")
