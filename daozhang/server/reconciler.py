"""Background work: files into the store, the money tracked again, incidents opened and closed.

Rules kept here: all state is in tables and folders, so that a worker may be killed at any moment
and another goes on; every step may be done twice and the second time changes nothing. Who works
holds a lease, and one whose lease ran out stops before it publishes.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import shutil
import socket
import time
import weakref
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final, cast

import structlog
from django.db import transaction

from daozhang.app.books import mark_of
from daozhang.app.check import UnusableError, checked
from daozhang.app.earlier import Earlier
from daozhang.app.ingest import ingest
from daozhang.app.scope import Scope
from daozhang.app.snapshot import About, earlier_of, fits, publish
from daozhang.app.snapshot_tables import TornRowsError
from daozhang.charts import Lang
from daozhang.journey.figures import Figures
from daozhang.server.alarms import Watch
from daozhang.server.config import config
from daozhang.server.incidents import follow
from daozhang.server.models import Delivery, Lease, Person, Snapshot
from daozhang.server.pictures import draw_ahead
from daozhang.server.pulling import pull
from daozhang.server.readings import folder_of, newest
from daozhang.server.receipts import refuse, sweep, write_receipt
from daozhang.server.receiving import RefusedFileError, receive, waiting_path
from daozhang.server.rights import scope_of
from daozhang.store.parts import Store, is_settings, is_store

__all__ = ["LEASE", "Worker", "take_lease"]

LEASE: Final = "reconciler"
LEASE_SECONDS: Final = 120
SNAPSHOTS_KEPT: Final = 3
LATELY: Final = timedelta(days=7)
"""Who signed in since then is expected back: what they see is drawn before they ask."""

SETTLED_SECONDS: Final = 2
"""A file in the watched folder is taken once nobody has written to it for so long."""

_HELD: Final = frozenset({errno.EWOULDBLOCK, errno.EACCES})
"""How a lock that somebody else holds is told."""

_log = structlog.get_logger("daozhang.reconciler")
Clock = Callable[[], datetime]


def take_lease(
    name: str, holder: str, at: datetime, seconds: int = LEASE_SECONDS, *, alone: bool = False
) -> bool:
    """Take or prolong the right to do a kind of work; False: somebody else has it.

    Args:
        name: of the work.
        holder: who asks.
        at: now, aware.
        seconds: how long it is held.
        alone: whoever held it is known to be gone, so its end need not be waited for.
    """
    with transaction.atomic():
        lease, _ = Lease.objects.select_for_update().get_or_create(
            name=name, defaults={"holder": holder, "until": at}
        )
        if lease.holder != holder and lease.until > at and not alone:
            return False
        lease.holder, lease.until = holder, at + timedelta(seconds=seconds)
        lease.save()
    return True


class Worker:
    """One reconciler. Call :meth:`once` again and again."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._useless: str | None = None
        self.holder = f"{socket.gethostname()}:{os.getpid()}"
        self._locked: Callable[[], object] | None = None
        self._watch = Watch()
        self._drawn: set[tuple[int, str]] = set()

    def once(self) -> bool:
        """Do what there is to do; return whether anything was done."""
        alone = self._alone()
        # A run may take longer than a lease: while another worker lives, its work is its own.
        if alone is False or not take_lease(LEASE, self.holder, self._clock(), alone=alone is True):
            return False
        collected = pull(self._clock()) + self._collect()
        taken = self._take()
        tracked = self._track()
        self._watch.look(self._clock())
        drawn = not (collected or taken or tracked) and self._draw()
        return bool(collected or taken or tracked or drawn)

    def release(self) -> None:
        """Give the lease back, so that another worker need not wait for its end."""
        Lease.objects.filter(name=LEASE, holder=self.holder).update(until=self._clock())
        if self._locked is not None:
            self._locked()
            self._locked = None

    def _alone(self) -> bool | None:
        """Return whether no other worker lives: each locks a file, which ends with its process.

        Returns:
            False: another one does. None: files cannot be locked here, so that nobody is known
            to be gone and leases run out by themselves.
        """
        if self._locked is None:
            handle = os.open(config().data / "reconciler.lock", os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                os.close(handle)
                return False if error.errno in _HELD else None
            self._locked = weakref.finalize(self, os.close, handle)
        return True

    def _collect(self) -> int:
        """Receive what lies in the watched folder."""
        inbox = config().inbox
        inbox.mkdir(parents=True, exist_ok=True)
        count = 0
        for path in sorted(inbox.iterdir()):
            if not path.is_file() or path.name.startswith(".") or not _rests(path):
                continue
            origin = _origin(path)
            # Received before by one that was killed before it could remove the file.
            if not Delivery.objects.filter(origin=origin).exists():
                try:
                    with path.open("rb") as file:
                        receive(
                            iter(lambda: file.read(2**20), b""), path.name, at=self._clock(),
                            way="folder", origin=origin,
                        )  # fmt: skip
                except (RefusedFileError, OSError) as error:
                    # It stays where it is: whoever writes it may not be done.
                    _log.warning("not collected", name=path.name, why=str(error))
                    continue
            path.unlink()
            count += 1
        return count

    def _take(self) -> int:
        """Bring waiting files into the store, each with its receipt."""
        waiting = list(Delivery.objects.filter(state=Delivery.State.WAITING).order_by("id"))
        there = []
        for delivery in waiting:
            if waiting_path(delivery).is_file():
                there.append(delivery)
            else:
                refuse(delivery, self._clock())
        # As the store takes them: settings say how all else is read.
        there.sort(key=lambda delivery: not is_settings(delivery.name))
        paths = [waiting_path(delivery) for delivery in there]
        if paths:
            results = ingest(config().store, paths, at=self._clock())
            for delivery, done in zip(there, results, strict=True):
                take_lease(LEASE, self.holder, self._clock())
                write_receipt(delivery, done, Store.open(config().store), self._clock())
        sweep(self._clock())
        return len(waiting)

    def _track(self) -> bool:
        """Track the money if the store has changed, and publish what was found."""
        store = config().store
        if not is_store(store):
            return False
        mark = mark_of(Store.open(store))
        last = Snapshot.objects.first()
        # One that another version wrote, or that somebody removed, is made anew.
        known = last.mark if last and fits(folder_of(last)) else None
        if mark in {known, self._useless}:
            return False
        number = (last.number if last else 0) + 1
        folder = config().snapshots / f"{number:08d}"
        shutil.rmtree(folder, ignore_errors=True)  # Left by one that was killed before it told.
        begun = time.monotonic()
        try:
            about, figures = _published(folder, earlier_of(folder_of(last)) if last else Earlier())
            if about.unjudged:
                _log.error("releases not judged", why="memory does not suffice for so many sales")
            # Drawn before it is told of, so that the first who looks need not wait.
            draw_ahead(folder)
        except UnusableError as error:
            _log.warning("nothing to answer from", why=str(error))
            self._useless = mark
            return False
        with transaction.atomic():
            if not take_lease(LEASE, self.holder, self._clock()):
                return False
            at = self._clock()
            Snapshot.objects.create(
                number=number, mark=mark, as_of=about.as_of, made_at=at, sales=about.sales,
                seconds=int(time.monotonic() - begun),
            )  # fmt: skip
            follow(figures.incidents, at)
        _log.info("tracked", snapshot=number, sales=about.sales)
        _prune()
        return True

    def _draw(self) -> bool:
        """Draw the newest snapshot for somebody who was here lately and sees only some rows.

        Returns:
            Whether there was anything to draw: one at a time, as files that come go first.
        """
        snapshot = newest()
        if snapshot is None:
            return False
        for scope, langs in _looking(self._clock()).values():
            key = (snapshot.number, f"{scope.key} {sorted(langs)}")
            if key not in self._drawn:
                draw_ahead(folder_of(snapshot), scope, langs)
                self._drawn = {one for one in self._drawn if one[0] == snapshot.number} | {key}
                return True
        return False


def _published(folder: Path, earlier: Earlier) -> tuple[About, Figures]:
    """Track what is new and open, publish what was found and return its figures."""
    with checked(config().store, as_of=config().as_of, whole=True, earlier=earlier) as found:
        try:
            return publish(found, folder), found.figures
        except TornRowsError as error:
            _log.error("tracked anew", why=str(error))
    return _published(folder, Earlier())


def _looking(at: datetime) -> dict[str, tuple[Scope, set[Lang]]]:
    """Return the scopes of people who signed in lately, the last first, by their keys."""
    found: dict[str, tuple[Scope, set[Lang]]] = {}
    people = Person.objects.filter(is_active=True, last_login__gte=at - LATELY)
    for person in people.order_by("-last_login").prefetch_related("grants"):
        scope = scope_of(person)
        if not scope.whole:
            _, langs = found.setdefault(scope.key, (scope, set()))
            langs.update((cast("Lang", person.lang),) if person.lang else ("zh", "en"))
    return found


def _rests(path: Path) -> bool:
    return time.time() - path.stat().st_mtime >= SETTLED_SECONDS


def _origin(path: Path) -> str:
    """Return what tells a file of the watched folder from every other, a copy of it included."""
    stat = path.stat()
    name = hashlib.sha256(os.fsencode(path.name)).hexdigest()
    return f"folder:{name}:{stat.st_size}:{stat.st_ino}:{stat.st_ctime_ns}"


def _prune() -> None:
    """Remove snapshots that nobody looks at any more."""
    for old in list(Snapshot.objects.all()[SNAPSHOTS_KEPT:]):
        shutil.rmtree(folder_of(old), ignore_errors=True)
        old.delete()
