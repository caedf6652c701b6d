"""Sources as people keep them: added, started, stopped, tried at once and removed.

How files are fetched from them is told in :mod:`daozhang.server.pulling`.
"""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

from django.db import IntegrityError, transaction

from daozhang.server import audit
from daozhang.server.models import Person, Source
from daozhang.server.places import wrong_address

__all__ = [
    "ADDRESS_MAX", "MINUTES", "SourceError", "add_source", "remove_source", "switch_source",
    "try_source",
]  # fmt: skip

MINUTES: Final = (5, 15, 30, 60, 180, 720, 1440)
ADDRESS_MAX: Final = 400
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


class SourceError(Exception):
    """A source cannot be kept like this; ``key`` names the words that say why."""

    def __init__(self, key: str) -> None:
        """Keep why."""
        super().__init__(key)
        self.key = key


def add_source(
    at: datetime,
    by: Person,
    *,
    name: str,
    address: str,
    every_minutes: int,
    account_id: str,
    expected_by: str,
) -> Source:
    """Add a source.

    Args:
        at: now, aware.
        by: who adds it.
        name: how people know it.
        address: where files are fetched; empty: nowhere, somebody sends them.
        every_minutes: one of :data:`MINUTES`.
        account_id: whose statement is expected; empty: none is.
        expected_by: until when on each business day, such as ``09:30``; empty with it.

    Raises:
        SourceError: it cannot be used, or its name is taken.
    """
    if not name or not (address or account_id):
        raise SourceError("source.needs")
    if address and (wrong := wrong_address(address)):
        raise SourceError(f"source.error.{wrong}")
    if len(address) > ADDRESS_MAX:
        raise SourceError("source.error.bad_kind")
    if bool(account_id) != bool(expected_by) or (expected_by and not _CLOCK.fullmatch(expected_by)):
        raise SourceError("source.bad_clock")
    try:
        with transaction.atomic():
            source = Source.objects.create(
                name=name, address=address, account_id=account_id, expected_by=expected_by,
                every_minutes=every_minutes,
            )  # fmt: skip
            # The address names secrets and holds none.
            audit.record(at, by.email, "source.added", name, address=address, account=account_id)
    except IntegrityError:
        raise SourceError("source.there_already") from None
    return source


def switch_source(at: datetime, by: Person, source: Source, *, enabled: bool) -> None:
    """Start or stop a source; what is so already stays so."""
    if source.enabled == enabled:
        return
    with transaction.atomic():
        source.enabled = enabled
        source.save(update_fields=["enabled"])
        what = "source.started" if enabled else "source.stopped"
        audit.record(at, by.email, what, source.name)


def try_source(source: Source) -> None:
    """Let a source be tried at the next look, whatever its schedule says."""
    source.last_tried_at, source.last_error = None, ""
    source.save(update_fields=["last_tried_at", "last_error"])


def remove_source(at: datetime, by: Person, source: Source) -> None:
    """Remove a source; what was fetched from it stays."""
    with transaction.atomic():
        audit.record(at, by.email, "source.removed", source.name)
        source.delete()
