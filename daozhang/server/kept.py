"""Sums that a page shows, worked out once a snapshot and scope and kept beside the snapshot.

Rules kept here: a sum is made from the views of a reading, so that it holds rows of its scope only;
its file carries the scope's name and is there whole or not at all.
"""

from __future__ import annotations

from daozhang.app.kept import made_once
from daozhang.app.seek import quoted
from daozhang.app.snapshot import Reading

__all__ = ["kept"]


def kept(reading: Reading, name: str, sql: str) -> str:
    """Return what to read a sum from, as SQL; the first time it is worked out.

    Args:
        reading: a snapshot in a scope.
        name: of the sum; another SELECT has another name.
        sql: a SELECT over the reading's tables.
    """
    path = reading.folder / f"{name}-{reading.scope.key}.parquet"
    made_once(path, lambda unfinished: reading.engine().save(sql, unfinished))
    return f"read_parquet({quoted(str(path))})"
