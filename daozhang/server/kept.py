"""Sums that a page shows, worked out once a snapshot and scope and kept beside the snapshot.

Rules kept here: a sum is made from the views of a reading, so that it holds rows of its scope only;
its file carries the scope's name and is there whole or not at all.
"""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict
from typing import Final

from daozhang.app.seek import quoted
from daozhang.app.snapshot import Reading

__all__ = ["kept"]

_locks: Final[defaultdict[str, threading.Lock]] = defaultdict(threading.Lock)


def kept(reading: Reading, name: str, sql: str) -> str:
    """Return what to read a sum from, as SQL; the first time it is worked out.

    Args:
        reading: a snapshot in a scope.
        name: of the sum; another SELECT has another name.
        sql: a SELECT over the reading's tables.
    """
    path = reading.folder / f"{name}-{reading.scope.key}.parquet"
    if not path.is_file():
        # Many wait for one page at once when a snapshot is new; one of them does the work.
        with _locks[str(path)]:
            if not path.is_file():
                made = path.with_name(f"{path.name}.{uuid.uuid4().hex[:8]}")
                reading.engine().save(sql, made)
                made.replace(path)
    return f"read_parquet({quoted(str(path))})"
