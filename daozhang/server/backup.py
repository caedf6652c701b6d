"""A backup of a running server, and putting it back: rows, facts, secrets, files on their way in.

Rules kept here: rows and facts are of one moment, since no file is taken into the store while both
are noted; facts are immutable parts, so noting them is linking them. Rows are written so that
either database can take them. What a run found is left out: it follows from the facts, and is found
anew. Sessions and failed attempts to sign in are left out too.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core import serializers
from django.core.management.color import no_style
from django.core.serializers.json import DjangoJSONEncoder
from django.db import connection, connections, models, transaction

from daozhang import __version__
from daozhang.server import audit
from daozhang.server.archive import DUMP, RefusedError, pack, partial_of
from daozhang.server.config import config
from daozhang.server.models import (
    Alarm,
    ApiToken,
    AuditEntry,
    AuditHead,
    Delivery,
    Grant,
    IdempotentCall,
    Incident,
    IncidentEvent,
    Invitation,
    Notice,
    Person,
    SecondFactorRule,
    Source,
)
from daozhang.server.receiving import waiting_path
from daozhang.store.parts import Store, StoreBusyError, is_store

__all__ = ["KEPT", "back_up", "load"]

KEPT: Final[tuple[type[models.Model], ...]] = (
    Person, Grant, Invitation, ApiToken, SecondFactorRule, EmailAddress, Authenticator, Source,
    Delivery, Incident, IncidentEvent, Alarm, Notice, IdempotentCall, AuditEntry, AuditHead,
)  # fmt: skip
"""Tables that are kept, each after those that its rows name."""

_STAGING: Final = ".backup-"
_PATIENCE_SECONDS: Final = 900
_PAUSE_SECONDS: Final = 0.5
_LEFT_OUT: Final = frozenset({"tmp", "lock"})
"""What a store has for the moment only."""


class _Exact(DjangoJSONEncoder):
    """Keeps moments to the microsecond: the seals of the audit trail cover them."""

    def default(self, o: Any) -> Any:
        return o.isoformat() if isinstance(o, datetime) else super().default(o)


def back_up(target: Path, at: datetime) -> int:
    """Write a backup while the server goes on; return how many bytes it holds.

    Args:
        target: a new file.
        at: now, aware.

    Raises:
        RefusedError: the target is there already, another backup is being written, or files are
            being taken in all the time.
        OSError: the disk is full or broken; there is no target then.
    """
    target = target.absolute()
    if target.exists():
        raise RefusedError(f"{target} is there already: name a new file")
    with _alone(partial_of(target)):
        # Beside the store, where its parts can be linked instead of copied.
        staging = config().data / f"{_STAGING}{os.getpid()}"
        staging.mkdir(mode=0o700)
        try:
            with _still():
                audit.record(at, "command line", "backup.made", target.name)
                waiting = _dump(staging / DUMP)
                _link_store(staging / "store")
                for delivery in waiting:
                    own = waiting_path(delivery)
                    _link(own, staging / "waiting" / own.parent.name / own.name)
            for name in ("secret", "secrets"):
                _copy(config().data / name, staging / name)
            return pack(staging, target, {"made_at": at.isoformat(), "daozhang": __version__})
        finally:
            shutil.rmtree(staging, ignore_errors=True)


@contextmanager
def _alone(partial: Path) -> Iterator[None]:
    """Let one backup be written at a time, and remove what one that was killed has left.

    The lock ends with its process; the file says where that process was writing.
    """
    with (config().data / "backup.lock").open("a+", encoding="utf-8") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise RefusedError("another backup is being written: wait for its end") from None
        except OSError:  # Files cannot be locked here: nobody is known to be gone.
            yield
            return
        file.seek(0)
        left = file.read()
        if left:
            Path(left).unlink(missing_ok=True)
        for path in config().data.glob(f"{_STAGING}*"):
            shutil.rmtree(path, ignore_errors=True)
        file.truncate(0)
        file.write(str(partial))
        file.flush()
        yield
        file.truncate(0)


@contextmanager
def _still() -> Iterator[None]:
    """Keep the store as it is for a moment; whoever takes files in waits or tries again."""
    if not is_store(config().store):
        yield
        return
    store = Store.open(config().store)
    ends = time.monotonic() + _PATIENCE_SECONDS
    while True:
        try:
            with store.still():
                yield
                return
        except StoreBusyError:
            if time.monotonic() > ends:
                raise RefusedError("files are being taken in all the time: try later") from None
            time.sleep(_PAUSE_SECONDS)


def _dump(path: Path) -> list[Delivery]:
    """Write the rows of one moment down; return the deliveries whose files are to be kept."""
    with path.open("w", encoding="utf-8") as file, _one_moment():
        for model in KEPT:
            rows = model._default_manager.order_by("pk").iterator()  # noqa: SLF001 - Django's name
            serializers.serialize("jsonl", rows, stream=file, cls=_Exact)
        return list(Delivery.objects.filter(state=Delivery.State.WAITING))


@contextmanager
def _one_moment() -> Iterator[None]:
    """Read all tables as they are now, holding up nobody who writes."""
    if connection.vendor == "sqlite":
        connection.ensure_connection()
        sqlite: Any = connections["default"]
        mode, sqlite.transaction_mode = sqlite.transaction_mode, None
        try:
            with transaction.atomic():
                yield
        finally:
            sqlite.transaction_mode = mode
        return
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY")
        yield


def _link_store(folder: Path) -> None:
    store = config().store
    if not is_store(store):
        return
    for path in store.rglob("*"):
        inside = path.relative_to(store)
        if path.is_file() and inside.parts[0] not in _LEFT_OUT:
            _link(path, folder / inside)


def _link(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        os.link(source, target)
    except OSError:  # Some file systems have no links.
        shutil.copy2(source, target)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target)
    elif source.is_file():
        shutil.copy2(source, target)


def load(path: Path) -> int:
    """Put the rows of a backup into an empty database; return how many there were.

    Raises:
        RefusedError: the database holds people already.
    """
    if Person.objects.exists() or AuditEntry.objects.exists():
        raise RefusedError("the database is not empty: name one in which nobody is yet")
    count = 0
    with transaction.atomic(), path.open(encoding="utf-8") as file:
        for row in serializers.deserialize("jsonl", file):
            assert isinstance(row.object, KEPT), "a backup holds the tables that are kept"
            row.save()
            count += 1
        with connection.cursor() as cursor:
            for statement in connection.ops.sequence_reset_sql(no_style(), list(KEPT)):
                cursor.execute(statement)
    return count
