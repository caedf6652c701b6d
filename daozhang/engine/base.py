"""What an engine is: named tables in, one SELECT at a time, named tables out.

Rules kept here: SQL is written in the DuckDB dialect, restricted to constructs that both engines
run with the same rows (:func:`daozhang.engine.sqlfiles.forbidden_constructs`). All instants are
UTC. No engine looks at a clock.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Final, Protocol

import pyarrow as pa

__all__ = ["GROUP_ROWS", "Engine", "EngineError"]


GROUP_ROWS: Final = 122_880
"""Rows that a Parquet file keeps together where many are read at once."""


class EngineError(RuntimeError):
    """The engine is not installed or could not be started; the message says what to do."""


class Engine(Protocol):
    """A set of named tables that SQL can be run on."""

    name: str

    def expect(self, rows: int) -> None:
        """Hear how many rows the longest table will have, to make room for it."""
        ...

    def put(self, name: str, table: pa.Table) -> None:
        """Make an Arrow table known under a name; a table of that name is replaced."""
        ...

    def run(self, name: str, sql: str) -> int:
        """Run one SELECT (DuckDB dialect), keep its rows as table ``name``, return their count."""
        ...

    def view(self, name: str, sql: str, *, few: bool = False) -> None:
        """Name a SELECT without running it; for cheap projections of tables that exist.

        Args:
            name: what it is called from now on.
            sql: the SELECT; what it reads does not change while the name is used.
            few: its rows are so few that planning it anew costs more than they do: an engine may
                keep them.
        """
        ...

    def fetch(self, sql: str) -> pa.Table:
        """Run one SELECT and return its rows."""
        ...

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """Run one SELECT and return its rows as they are asked for, at most ``rows`` at once."""
        ...

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """Run one SELECT that gives few rows and return them as tuples."""
        ...

    def columns(self, name: str) -> list[str]:
        """Return the column names of a table, in order."""
        ...

    def save(self, sql: str, path: Path, group_rows: int = GROUP_ROWS) -> None:
        """Run one SELECT and write its rows to one Parquet file, whole or not at all.

        Args:
            sql: the SELECT.
            path: the file.
            group_rows: rows that lie together: few where single rows will be looked up.
        """
        ...

    def rename(self, name: str, to: str) -> None:
        """Let a table or view go by another name; what had that name is forgotten."""
        ...

    def drop(self, *names: str) -> None:
        """Forget tables that no later step reads."""
        ...

    def close(self) -> None:
        """Release what the engine holds."""
        ...
