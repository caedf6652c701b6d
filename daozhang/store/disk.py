"""The few steps by which a store changes a disk, so that a test can stop at each of them.

Rule kept here (POSIX): a file is whole or not there. It is written under a temporary name, synced,
renamed, and its folder is synced, in this order.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from daozhang.store.sql_rules import literal

if TYPE_CHECKING:
    from pathlib import Path

    import duckdb

__all__ = ["Disk"]


class Disk:
    """The real disk. A test's twin raises at one of the steps."""

    def write(self, path: Path, data: bytes) -> None:
        """Write a small file."""
        path.write_bytes(data)

    def write_parquet(self, con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
        """Write the rows of a query as a Parquet file."""
        con.execute(f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)")

    def fsync(self, path: Path) -> None:
        """Make a file's or folder's content last through a loss of power."""
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)

    def rename(self, source: Path, target: Path) -> None:
        """Give a file its name, replacing one of that name in one step."""
        source.replace(target)

    def remove(self, path: Path) -> None:
        """Remove a file that may be gone already."""
        path.unlink(missing_ok=True)

    def publish(self, temporary: Path, target: Path) -> None:
        """Make a written temporary file the target, whole or not at all.

        Raises:
            OSError: the disk is full or broken; the target is as it was.
        """
        self.fsync(temporary)
        self.rename(temporary, target)
        self.fsync(target.parent)
