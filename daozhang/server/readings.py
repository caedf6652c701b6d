"""The newest snapshot, opened once for each scope and shared by all requests."""

from __future__ import annotations

import threading
from collections import OrderedDict
from pathlib import Path
from typing import Final

from daozhang.app.scope import EVERYTHING, Scope
from daozhang.app.seek import quoted
from daozhang.app.snapshot import Reading, fits, open_reading
from daozhang.server.config import config
from daozhang.server.models import Snapshot

__all__ = ["accounts_of_banks", "folder_of", "newest", "reading_for"]

OPEN_MAX: Final = 24
"""How many scopes are held open; views and figures of one take a few megabytes."""

_lock = threading.Lock()
_open: OrderedDict[tuple[int, str], Reading] = OrderedDict()


def newest() -> Snapshot | None:
    """Return the newest snapshot; None: nothing was tracked yet, or only by another version.

    After an upgrade that changes what lies in a snapshot the reconciler makes one at once.
    """
    found = Snapshot.objects.first()
    return found if found is not None and fits(folder_of(found)) else None


def folder_of(snapshot: Snapshot) -> Path:
    """Return where a snapshot's tables lie."""
    return config().snapshots / f"{snapshot.number:08d}"


def reading_for(scope: Scope, snapshot: Snapshot | None = None) -> Reading | None:
    """Return the newest snapshot as a scope may see it; None: there is none yet."""
    found = snapshot or newest()
    if found is None:
        return None
    key = (found.number, scope.key)
    with _lock:
        if key in _open:
            _open.move_to_end(key)
            return _open[key]
    # Opened outside the lock: one who waits for a large scope does not hold up the others.
    reading = open_reading(folder_of(found), scope)
    with _lock:
        kept = _open.setdefault(key, reading)
        while len(_open) > OPEN_MAX:
            _open.popitem(last=False)
    return kept


def accounts_of_banks(banks: frozenset[str]) -> frozenset[str]:
    """Return the accounts that banks keep, by the newest facts; none before there are any."""
    snapshot = newest()
    if snapshot is None or not banks:
        return frozenset()
    reading = reading_for(EVERYTHING, snapshot)
    assert reading is not None
    rows = reading.engine().rows(
        "SELECT DISTINCT account_id FROM facts_accounts "
        f"WHERE bank_id IN ({', '.join(map(quoted, sorted(banks)))})"
    )
    return frozenset(str(row[0]) for row in rows)
