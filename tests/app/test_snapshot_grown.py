"""A snapshot grown from the last one holds what one written whole holds, table by table."""

from __future__ import annotations

import errno
import json
import os
import random
import shutil
from collections.abc import Callable
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import duckdb
import pytest

from daozhang.app.check import checked
from daozhang.app.earlier import GROWN_MAX, Earlier
from daozhang.app.gate_record import WATCHED, read_gate, watch_over
from daozhang.app.recovery_record import read_back
from daozhang.app.scope import EVERYTHING
from daozhang.app.snapshot import earlier_of, open_reading, publish
from daozhang.app.snapshot_tables import FILE, TABLES, TornRowsError
from daozhang.world import build
from tests.journey.test_closing import add, closed_sales, slices
from tests.oracle.rows import Facts
from tests.shared import made_once

PIECES = 6 if os.environ.get("DAOZHANG_SOAK") else 3
STRAGGLING = 0.01
NUMBERED = {"outcomes", "outcomes_late", "parcels"}
"""Tables with ``span_id``, a number that each run gives to what it finds anew."""


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Sixteen days of sales, a release among them."""

    def make(folder: Path) -> None:
        build(
            folder, seed=3, faults=("F6", "F4", "F16"), traps=(), regions=("CN",), sales=500,
            days=16, start=date(2026, 4, 13), format="csv",
        )  # fmt: skip

    return made_once(tmp_path_factory, "grown-estate", make) / "in"


def snap(store: Path, folder: Path, earlier: Earlier | None) -> int:
    """Publish what is known of a store; return how many snapshots in a row have grown."""
    with checked(store, whole=True, earlier=earlier) as found:
        publish(found, folder)
        return found.basis.grown if found.basis else 0


def content(folder: Path, *, judged: bool = True) -> dict[str, Any]:
    """Return all rows of a snapshot's tables in an order, and what lies beside them."""
    told: dict[str, Any] = {
        name: json.loads((folder / name).read_text(encoding="utf-8"))
        for name in ("about.json", "gate.json", "recovery.json")
        if judged
    }
    reading = open_reading(folder, EVERYTHING)
    engine = reading.engine()
    for name in TABLES:
        left_out = " EXCLUDE (span_id)" if name in NUMBERED else ""
        told[name] = engine.fetch(f"SELECT *{left_out} FROM {name} ORDER BY ALL").to_pylist()
    with duckdb.connect(str(folder / FILE), read_only=True) as written:
        written.execute("SET TimeZone = 'UTC'")
        times = written.execute("SELECT * FROM line_times ORDER BY ALL").to_arrow_table()
    told["line_times"] = times.to_pylist()
    told["figures"] = reading.figures
    reading.close()
    return told


def with_stragglers(pieces: list[Facts]) -> list[Facts]:
    """Let some rows of each table come with the last piece, those of closed sales among them."""
    chance = random.Random(9)
    for piece in pieces[:-1]:
        for table in ("sales", "settlements"):
            rows = piece.get(table, [])
            late = [row for row in rows if chance.random() < STRAGGLING]
            pieces[-1].setdefault(table, []).extend(late)
            piece[table] = [row for row in rows if row not in late]
    return pieces


@pytest.mark.parametrize("straggling", [False, True], ids=["by-day", "with-stragglers"])
def test_grown_is_whole(estate: Path, tmp_path: Path, *, straggling: bool) -> None:
    """However files come: by day, or so that later ones reopen what was closed."""
    store, last, grown = tmp_path / "store", Earlier(), []
    pieces = slices(estate, PIECES, 5, in_time=True)
    pieces = with_stragglers(pieces) if straggling else pieces
    for number, piece in enumerate(pieces):
        add(store, piece, number, estate / "terms.toml")
        folder = tmp_path / f"s{number}"
        grown.append(snap(store, folder, last))
        last = earlier_of(folder)
    # The last run went on from closed books, so there was something to take.
    assert grown[-1] > 0
    assert closed_sales(store) > 0
    if straggling:
        books = json.loads((store / "closed" / "current.json").read_text(encoding="utf-8"))
        assert books["reopened"] > 0
    snap(store, tmp_path / "whole", None)
    got, expected = content(tmp_path / f"s{len(pieces) - 1}"), content(tmp_path / "whole")
    assert got.keys() == expected.keys()
    for name, rows in expected.items():
        assert got[name] == rows, name


@pytest.fixture(scope="module")
def closed(estate: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with a ``store`` whose books are closed, and ``first``, the snapshot of that run."""
    place = tmp_path_factory.mktemp("closed")
    (piece,) = slices(estate, 1, 1, in_time=True)
    add(place / "store", piece, 0, estate / "terms.toml")
    snap(place / "store", place / "first", Earlier())
    assert closed_sales(place / "store") > 0
    return place


@pytest.fixture
def begun(closed: Path, tmp_path: Path) -> tuple[Path, Path]:
    """Copies of the store and its snapshot, to change at will."""
    shutil.copytree(closed, tmp_path, dirs_exist_ok=True)
    return tmp_path / "store", tmp_path / "first"


def test_a_snapshot_that_lost_a_row_is_not_grown_from(
    begun: tuple[Path, Path], tmp_path: Path
) -> None:
    """A sale less, a sum less or a file that cannot be read: each is noticed, nothing is told."""
    store, first = begun
    for number, damage in enumerate(
        (
            "DELETE FROM outcomes WHERE sale_id = (SELECT min(sale_id) FROM outcomes)",
            ("UPDATE lines SET net_minor = net_minor + 1 WHERE line_id = (SELECT min(l.line_id) "
            "FROM lines AS l JOIN outcomes AS o ON o.sale_id = l.sale_id "
            "WHERE l.status = 'settled' AND o.status = 'on_time')"),
            "DELETE FROM parcels WHERE sale_id = (SELECT min(sale_id) FROM outcomes)",
            "DROP TABLE line_times",
            None,
        )
    ):  # fmt: skip
        hurt = tmp_path / f"hurt{number}"
        shutil.copytree(first, hurt)
        if damage is None:
            (hurt / FILE).write_bytes((hurt / FILE).read_bytes()[:5000])
        else:
            with duckdb.connect(str(hurt / FILE)) as written:
                written.execute(damage)
        with pytest.raises(TornRowsError):
            snap(store, tmp_path / f"after{number}", earlier_of(hurt))
        assert not (tmp_path / f"after{number}").exists()


def test_what_does_not_fit_is_tracked_anew(begun: tuple[Path, Path], tmp_path: Path) -> None:
    """Other terms, files that are no more, books of files that it does not know, too many."""
    store, first = begun
    fits = earlier_of(first)
    assert snap(store, tmp_path / "again", fits) == 1
    basis = fits.basis
    assert basis is not None
    one = min(basis.files)
    for other in (
        replace(basis, fingerprint="other terms"),
        replace(basis, files=basis.files | {"gone"}),
        replace(basis, files=basis.files - {one}),
        replace(basis, grown=GROWN_MAX),
    ):
        with checked(store, whole=True, earlier=replace(fits, basis=other)) as found:
            assert found.earlier is None
            assert found.basis is not None
            assert found.basis.grown == 0
    assert earlier_of(tmp_path) == Earlier()


@pytest.mark.parametrize("what", ["gate_records", "back_records"])
def test_without_memory_for_the_gate_money_is_told_and_no_verdict(
    begun: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    from daozhang.app import snapshot

    store, first = begun

    def fails(number: int) -> Callable[..., list[Any]]:
        def fail(*_: object, **__: object) -> list[Any]:
            raise OSError(number, "it does not fit")

        return fail

    monkeypatch.setattr(snapshot, what, fails(errno.ENOMEM))
    with checked(store, whole=True, earlier=earlier_of(first)) as found:
        assert publish(found, tmp_path / "told").unjudged
    told, whole = content(tmp_path / "told", judged=False), content(first, judged=False)
    assert told["outcomes"] == whole["outcomes"] != []
    assert read_gate(tmp_path / "told" / "gate.json") == ()
    assert read_back(tmp_path / "told" / "recovery.json") == ()
    # A disk that is full is another matter: nothing is published.
    monkeypatch.setattr(snapshot, what, fails(errno.ENOSPC))
    with (
        checked(store, whole=True, earlier=earlier_of(first)) as found,
        pytest.raises(OSError, match="it does not fit"),
    ):
        publish(found, tmp_path / "full")
    assert not (tmp_path / "full").exists()


def test_a_release_is_watched_until_all_is_said(begun: tuple[Path, Path]) -> None:
    """Its record stays from when its last terminal was upgraded so many days ago, not before."""
    store, first = begun
    records = {record.release_id: record for record in read_gate(first / "gate.json")}
    release = min(records)
    with checked(store, whole=True) as found:
        ((last,),) = found.engine.rows(
            f"SELECT max(started_at) FROM facts_upgrades WHERE release_id = '{release}'"
        )
        over = last + WATCHED  # type: ignore[operator]
        assert release in watch_over(found.engine, over, records)
        assert release not in watch_over(found.engine, over - timedelta(seconds=1), records)
        assert watch_over(found.engine, over, {}) == set()
        # A terminal of which nobody had told when the record was made.
        found.engine.run("upgrades_then", "SELECT * FROM facts_upgrades")
        found.engine.view(
            "facts_upgrades",
            "SELECT * FROM upgrades_then UNION ALL BY NAME SELECT * REPLACE ('T-late' AS "
            "terminal_id) FROM upgrades_then QUALIFY row_number() OVER (PARTITION BY release_id "
            "ORDER BY terminal_id) = 1",
        )
        assert watch_over(found.engine, over, records) == set()
