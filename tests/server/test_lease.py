"""Who works: one worker at a time, and after one that died the next without waiting."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest


@pytest.fixture
def place(server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A data folder of its own, on the database of the other tests."""
    from daozhang.server import receipts, receiving, reconciler

    own = replace(receiving.config(), data=tmp_path)
    for module in (receipts, receiving, reconciler):
        monkeypatch.setattr(module, "config", lambda: own)
    monkeypatch.setattr(reconciler.Worker, "_track", lambda _: True)
    return tmp_path


def test_one_that_lives_is_waited_for_however_long_its_run_takes(place: Path) -> None:
    from daozhang.server.clock import now
    from daozhang.server.reconciler import LEASE_SECONDS, Worker

    first, second = Worker(now), Worker(lambda: now() + timedelta(seconds=3 * LEASE_SECONDS))
    second.holder = "elsewhere:1"
    assert first.once()
    assert not second.once()
    first.release()
    assert second.once()
    second.release()


def test_one_that_died_is_followed_at_once(place: Path) -> None:
    from daozhang.server.clock import now
    from daozhang.server.models import Lease
    from daozhang.server.reconciler import LEASE, Worker

    Lease.objects.update_or_create(
        name=LEASE, defaults={"holder": "here:1", "until": now() + timedelta(seconds=100)}
    )
    worker = Worker(now)
    assert worker.once()
    assert Lease.objects.get(name=LEASE).holder == worker.holder
    worker.release()
