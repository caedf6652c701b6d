"""DuckDB: one process, tables on disk when memory is short."""

from __future__ import annotations

import tempfile
from pathlib import Path

import duckdb
import pyarrow as pa

from daozhang.engine.rows import values_of

__all__ = ["DuckEngine"]

MEMORY_LIMIT_MB = 1700
"""What DuckDB may hold before it spills to its temporary folder; leaves room below 3 GB."""


class DuckEngine:
    """The default engine: a database in memory that spills to a temporary folder of its own."""

    name = "duckdb"

    def __init__(
        self, *, memory_limit_mb: int = MEMORY_LIMIT_MB, threads: int | None = None
    ) -> None:
        self._folder = tempfile.TemporaryDirectory(prefix="daozhang-")
        root = Path(self._folder.name)
        self.connection = duckdb.connect()
        self.connection.execute("SET TimeZone = 'UTC'")
        self.connection.execute(f"SET memory_limit = '{memory_limit_mb}MB'")
        self.connection.execute(f"SET temp_directory = '{root / 'spill'}'")
        self.connection.execute("SET preserve_insertion_order = false")
        self.connection.execute("SET enable_progress_bar = false")
        # A database in memory has nothing to write down; checkpoints would only copy tables about.
        self.connection.execute("SET checkpoint_threshold = '1TB'")
        if threads is not None:
            self.connection.execute(f"SET threads = {threads}")

    def put(self, name: str, table: pa.Table) -> None:
        """See :meth:`daozhang.engine.base.Engine.put`."""
        self.connection.register("_incoming", table)
        self._forget(name)
        self.connection.execute(f'CREATE TABLE "{name}" AS SELECT * FROM _incoming')
        self.connection.unregister("_incoming")

    def run(self, name: str, sql: str) -> int:
        """See :meth:`daozhang.engine.base.Engine.run`."""
        self._forget(name)
        self.connection.execute(f'CREATE TABLE "{name}" AS {sql}')
        ((count,),) = self.rows(f'SELECT count(*) FROM "{name}"')
        assert isinstance(count, int)
        return count

    def view(self, name: str, sql: str) -> None:
        """See :meth:`daozhang.engine.base.Engine.view`."""
        self._forget(name)
        self.connection.execute(f'CREATE VIEW "{name}" AS {sql}')

    def fetch(self, sql: str) -> pa.Table:
        """See :meth:`daozhang.engine.base.Engine.fetch`."""
        return self.connection.sql(sql).to_arrow_table()

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """See :meth:`daozhang.engine.base.Engine.rows`."""
        table = self.fetch(sql)
        return list(zip(*(values_of(column) for column in table.columns), strict=True))

    def columns(self, name: str) -> list[str]:
        """See :meth:`daozhang.engine.base.Engine.columns`."""
        return list(self.connection.table(name).columns)

    def save(self, sql: str, path: Path) -> None:
        """See :meth:`daozhang.engine.base.Engine.save`."""
        partial = path.with_name(path.name + ".partial")
        quoted = str(partial).replace("'", "''")
        self.connection.execute(
            f"COPY ({sql}) TO '{quoted}' (FORMAT parquet, COMPRESSION zstd, COMPRESSION_LEVEL 1)"
        )
        partial.replace(path)

    def drop(self, *names: str) -> None:
        """See :meth:`daozhang.engine.base.Engine.drop`."""
        for name in names:
            self._forget(name)

    def close(self) -> None:
        """See :meth:`daozhang.engine.base.Engine.close`."""
        self.connection.close()
        self._folder.cleanup()

    def _forget(self, name: str) -> None:
        for (kind,) in self.rows(
            f"SELECT table_type FROM information_schema.tables WHERE table_name = '{name}'"
        ):
            what = "VIEW" if kind == "VIEW" else "TABLE"
            self.connection.execute(f'DROP {what} "{name}"')
