"""How much one caller may ask in a while: a bucket of calls that fills again as time goes by.

Rules kept here: a bucket belongs to a person whatever tokens they use, so that a second token is no
second allowance; who is not known has a small bucket for their address. Each process has its own.
"""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from daozhang.server.api.errors import ApiError

__all__ = ["PEOPLE", "STRANGERS", "Limiter"]

CALLS_A_MINUTE: Final = 600
"""How many calls one person may make; as many may come at once after a minute of silence."""

STRANGERS_A_MINUTE: Final = 60
"""How many calls with a token that is not valid are answered for one address."""

BUCKETS_MAX: Final = 10_000


class Limiter:
    """Buckets of calls by name.

    Args:
        a_minute: how many calls a bucket holds, and gets back each minute.
        clock: seconds that never run backwards.
    """

    def __init__(self, a_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.a_minute = a_minute
        self._clock = clock
        self._lock = threading.Lock()
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, name: str) -> None:
        """Take a call from a bucket.

        Raises:
            ApiError: it is empty; ``retry_after_s`` says when it holds a call again.
        """
        at = self._clock()
        with self._lock:
            left, since = self._buckets.pop(name, (float(self.a_minute), at))
            left = min(float(self.a_minute), left + (at - since) * self.a_minute / 60)
            self._buckets[name] = (max(0.0, left - 1) if left >= 1 else left, at)
            while len(self._buckets) > BUCKETS_MAX:
                self._buckets.popitem(last=False)
        if left < 1:
            wait = int((1 - left) * 60 / self.a_minute) + 1
            raise ApiError("rate_limited", retry_after_s=wait, calls_a_minute=self.a_minute)


PEOPLE: Final = Limiter(CALLS_A_MINUTE)
STRANGERS: Final = Limiter(STRANGERS_A_MINUTE)
