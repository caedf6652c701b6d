"""The few steps by which a store changes a disk, so that a test can stop at each of them.

Rule kept here (POSIX): a file is whole or not there. It is written under a temporary name, synced,
renamed, and its folder is synced, in this order.
"""

from __future__ import annotations

import contextlib
import errno
import hashlib
import os
from typing import TYPE_CHECKING, Final

import duckdb

from daozhang.store.sql_rules import literal

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

__all__ = ["Disk", "disk_errors", "hash_file"]

_CHUNK_BYTES: Final = 1 << 20


class Disk:
    """The real disk. A test's twin raises at one of the steps."""

    def write(self, path: Path, data: bytes) -> None:
        """Write a small file."""
        path.write_bytes(data)

    def write_parquet(self, con: duckdb.DuckDBPyConnection, query: str, path: Path) -> None:
        """Write the rows of a query as a Parquet file.

        Raises:
            OSError: the disk is full or broken.
        """
        with disk_errors():
            con.execute(
                f"COPY ({query}) TO {literal(str(path))} (FORMAT parquet, COMPRESSION zstd)"
            )

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


@contextlib.contextmanager
def disk_errors() -> Iterator[None]:
    """Turn what DuckDB says of a full or broken disk into the error that Python has for it."""
    try:
        yield
    except duckdb.IOException as error:
        said = str(error).splitlines()[0]
        known = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EACCES)
        number = next((n for n in known if os.strerror(n).lower() in said.lower()), errno.EIO)
        raise OSError(number, said) from error


def hash_file(path: Path) -> str:
    """Return a file's SHA-256 in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
