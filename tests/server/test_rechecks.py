"""The reconciler's next run: only what is new and open, closed sales from the snapshot before."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest


@pytest.fixture
def live(server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A server of the newest facts, with files of its own on the database of the other tests."""
    from daozhang.server import readings, reconciler

    own = replace(reconciler.config(), data=tmp_path, as_of=None)
    for module in (readings, reconciler):
        monkeypatch.setattr(module, "config", lambda: own)
    monkeypatch.setattr(reconciler, "draw_ahead", lambda *_: None)
    for name in ("store", "snapshots"):
        shutil.copytree(server / name, tmp_path / name)
    shutil.rmtree(tmp_path / "store" / "closed", ignore_errors=True)
    return tmp_path


def _track() -> tuple[Path, dict[str, Any]]:
    """Let the store look changed and be tracked; return where that lies and what it rests on."""
    from daozhang.server.clock import now
    from daozhang.server.models import Snapshot
    from daozhang.server.readings import folder_of
    from daozhang.server.reconciler import Worker

    Snapshot.objects.update(mark="another")
    worker = Worker(now)
    assert worker._track()
    worker.release()
    last = Snapshot.objects.first()
    assert last is not None
    folder = folder_of(last)
    return folder, json.loads((folder / "basis.json").read_text(encoding="utf-8"))


def _sums(folder: Path) -> list[tuple[Any, ...]]:
    from daozhang.app.scope import EVERYTHING
    from daozhang.app.snapshot import open_reading

    reading = open_reading(folder, EVERYTHING)
    rows = reading.engine().rows(
        "SELECT status, count(*), sum(amount_minor), sum(credited_minor), min(as_of) "
        "FROM outcomes GROUP BY status ORDER BY status"
    )
    reading.close()
    return rows


def test_it_goes_on_from_what_is_closed_unless_that_is_damaged(live: Path) -> None:
    """A damaged snapshot is noticed and all is tracked anew; from that it goes on again."""
    from daozhang.server.models import Incident

    first, basis = _track()
    assert basis["grown"] == 0
    assert (live / "store" / "closed" / "current.json").is_file()
    told = Incident.objects.order_by("incident_id").values("incident_id", "is_open", "late_minor")
    incidents, expected = list(told.all()), _sums(first)
    second, basis = _track()
    assert basis["grown"] == 1
    assert _sums(second) == expected
    assert list(told.all()) == incidents != []
    tables = second / "tables.duckdb"
    tables.write_bytes(tables.read_bytes()[:20_000])
    for grown in (0, 1):
        folder, basis = _track()
        assert basis["grown"] == grown
        assert _sums(folder) == expected
