"""How much one caller may ask in a while: a bucket of calls that fills again as time goes by.

Rules kept here: a bucket belongs to a person whatever tokens they use, so that a second token is no
second allowance; who is not known has a small bucket for their address. On PostgreSQL, where
several processes serve, a bucket lies in the database and is all of theirs: each takes some calls
at once and forgets what it has not given out after a moment. On SQLite a process has its own.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from django.db import IntegrityError, connection, transaction

from daozhang.server.api.errors import ApiError
from daozhang.server.clock import now
from daozhang.server.models import Bucket

__all__ = ["PEOPLE", "STRANGERS", "Limiter", "draw"]

CALLS_A_MINUTE: Final = 600
"""How many calls one person may make; as many may come at once after a minute of silence."""

STRANGERS_A_MINUTE: Final = 60
"""How many calls with a token that is not valid are answered for one address."""

BUCKETS_MAX: Final = 10_000
PARTS: Final = 30
"""A process takes this part of a bucket at once."""

HELD_S: Final = 2.0
"""How long a process gives out what it took."""

_FULL_AFTER: Final = timedelta(minutes=2)


class Limiter:
    """Buckets of calls by name.

    Args:
        a_minute: how many calls a bucket holds, and gets back each minute.
        clock: seconds that never run backwards.
        shared: whether buckets lie in the database; None: where it is PostgreSQL.
    """

    def __init__(
        self, a_minute: int, clock: Callable[[], float] = time.monotonic,
        *, shared: bool | None = None,
    ) -> None:  # fmt: skip
        self.a_minute = a_minute
        self._clock = clock
        self._shared = shared
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> None:
        """Take a call from a bucket.

        Raises:
            ApiError: it is empty; ``retry_after_s`` says when it holds a call again.
        """
        shared = connection.vendor == "postgresql" if self._shared is None else self._shared
        left = self._left_of_all(name) if shared else self._left_here(name)
        if left < 1:
            wait = int((1 - left) * 60 / self.a_minute) + 1
            raise ApiError("rate_limited", retry_after_s=wait, calls_a_minute=self.a_minute)

    def _left_here(self, name: str) -> float:
        """Take a call from this process's bucket; return what it held before."""
        at = self._clock()
        with self._lock:
            left, since = self._buckets.pop(name, (float(self.a_minute), at))
            left = min(float(self.a_minute), left + (at - since) * self.a_minute / 60)
            self._keep(name, left - 1 if left >= 1 else left, at)
        return left

    def _left_of_all(self, name: str) -> float:
        """Take a call from what this process holds of everybody's bucket; return what that was."""
        at = self._clock()
        with self._lock:
            held, since = self._buckets.pop(name, (0.0, at))
            if held >= 1 and at - since < HELD_S:
                self._keep(name, held - 1, since)
                return held
        taken, left = draw(name, self.a_minute, max(1, self.a_minute // PARTS), now())
        if taken > 1:
            with self._lock:
                self._keep(name, float(taken - 1), at)
        return float(taken) or left

    def _keep(self, name: str, left: float, at: float) -> None:
        self._buckets[name] = (left, at)
        while len(self._buckets) > BUCKETS_MAX:
            self._buckets.popitem(last=False)


def draw(name: str, a_minute: int, wanted: int, at: datetime) -> tuple[int, float]:
    """Take calls from a bucket of the database.

    Args:
        name: the bucket; one that is not there is full.
        a_minute: how many calls it holds, and gets back each minute.
        wanted: how many to take at most, at least 1.
        at: now, aware.

    Returns:
        How many were taken, whole; what the bucket held before, less than 1 if none were.
    """
    try:
        with transaction.atomic():
            found = Bucket.objects.select_for_update().filter(name=name).first()
            if found is None:
                # Buckets that nobody asked for are full, as those that are not there.
                Bucket.objects.filter(at__lt=at - _FULL_AFTER).delete()
                taken = min(wanted, a_minute)
                Bucket.objects.create(name=name, left=a_minute - taken, at=at)
                return taken, float(a_minute)
            passed = max(0.0, (at - found.at).total_seconds())
            left = min(float(a_minute), found.left + passed * a_minute / 60)
            taken = min(wanted, int(left))
            found.left, found.at = left - taken, max(at, found.at)
            found.save()
            return taken, left
    except IntegrityError:
        # Another process has just made it.
        return draw(name, a_minute, wanted, at)


PEOPLE: Final = Limiter(CALLS_A_MINUTE)
STRANGERS: Final = Limiter(STRANGERS_A_MINUTE)
