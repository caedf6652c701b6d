"""Limits on calls: of one process, and of all processes together by the database."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest


def _tries(limiter: Any, count: int, name: str = "person 1") -> int:
    """Return how many of so many calls are let through."""
    from daozhang.server.api.errors import ApiError

    refused = []
    for _ in range(count):
        try:
            limiter.take(name)
        except ApiError as error:
            refused.append((error.key, error.detail["retry_after_s"] >= 1))
    assert set(refused) <= {("rate_limited", True)}
    return count - len(refused)


@pytest.fixture
def moment(server: object, monkeypatch: pytest.MonkeyPatch) -> dict[str, float]:
    """Seconds that the limits take for now: a test lets them go by."""
    from daozhang.server.api import limits
    from daozhang.server.clock import now

    began = now()
    passed = {"s": 0.0}
    monkeypatch.setattr(limits, "now", lambda: began + timedelta(seconds=passed["s"]))
    return passed


def test_processes_share_what_one_person_may_call(moment: dict[str, float]) -> None:
    from daozhang.server.api.limits import HELD_S, PARTS, Limiter

    processes = [Limiter(60, lambda: moment["s"], shared=True) for _ in range(4)]
    through = sum(_tries(one, 15) for one in processes for _ in range(4))
    assert through == 60, "four processes let through as many as one"
    moment["s"] = 30
    again = _tries(processes[0], 100)
    assert 30 - 60 // PARTS <= again <= 30, "half a minute gives half of it back"
    assert _tries(processes[1], 5, "person 2") == 5, "others have their own"
    # What a process took and did not give out is forgotten after a moment.
    moment["s"] = 300
    assert _tries(processes[2], 1) == 1
    moment["s"] += HELD_S
    assert _tries(processes[2], 200) == 60


def test_a_process_of_its_own_counts_for_itself(moment: dict[str, float]) -> None:
    from daozhang.server.api.limits import Limiter

    first, second = (Limiter(60, lambda: moment["s"], shared=False) for _ in range(2))
    assert (_tries(first, 100), _tries(second, 100)) == (60, 60)
    moment["s"] = 10
    assert _tries(first, 100) == 10


def test_buckets_that_are_full_again_are_not_kept(moment: dict[str, float]) -> None:
    from daozhang.server.api.limits import draw, now
    from daozhang.server.models import Bucket

    for number in range(5):
        draw(f"address {number}", 60, 2, now())
    assert Bucket.objects.filter(name__startswith="address").count() == 5
    moment["s"] = 121
    assert draw("address 5", 60, 2, now()) == (2, 60.0)
    assert [one.name for one in Bucket.objects.filter(name__startswith="address")] == ["address 5"]


def test_a_clock_that_is_behind_gives_nothing_back(moment: dict[str, float]) -> None:
    from daozhang.server.api.limits import draw, now

    assert draw("person 7", 60, 60, now()) == (60, 60.0)
    moment["s"] = -30
    assert draw("person 7", 60, 1, now()) == (0, 0.0)
    moment["s"] = 1
    assert draw("person 7", 60, 5, now()) == (1, 1.0)


def test_many_at_once_take_no_more_than_there_is(server: object) -> None:
    """On PostgreSQL by connections of their own; SQLite lets one write at a time anyway."""
    from django.db import connection, connections

    from daozhang.server.api.limits import draw
    from daozhang.server.clock import now
    from daozhang.server.models import Bucket

    at = now()
    taken: list[int] = []

    def ask() -> None:
        taken.extend(draw("at once", 60, 3, at)[0] for _ in range(10))
        if threading.current_thread() is not threading.main_thread():
            connections.close_all()

    if connection.vendor != "postgresql":
        for _ in range(4):
            ask()
    else:
        asking = [threading.Thread(target=ask) for _ in range(4)]
        for one in asking:
            one.start()
        for one in asking:
            one.join()
        Bucket.objects.filter(name="at once").delete()
    assert len(taken) == 40
    assert sum(taken) == 60


def test_on_postgresql_tries_to_sign_in_are_counted_for_all_processes(server: object) -> None:
    from django.core.cache import caches
    from django.db import connection
    from django.test import Client

    for _ in range(3):
        answer = Client().post(
            "/accounts/login/", {"login": "nobody@demo.example", "password": "wrong wrong"}
        )
        assert answer.status_code == 200
    kept_in = type(caches["default"]).__name__
    assert kept_in == ("DatabaseCache" if connection.vendor == "postgresql" else "LocMemCache")
    if connection.vendor != "postgresql":
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT cache_key FROM server_cache")
        keys = [str(row[0]).split(":", 2)[2] for row in cursor.fetchall()]
    another = caches.create_connection("default")  # As another process has it.
    assert 3 in [len(another.get(key) or ()) for key in keys if "login" in key], keys
