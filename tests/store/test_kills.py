"""Killed at any moment: nothing is lost, nothing is there twice, and the answers are the same.

``make soak`` kills a hundred times at random moments and says what it saw (``docs/soak.md``).
"""

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from daozhang.app.answers import JOURNEY_COLUMNS, summary_json
from daozhang.app.check import checked
from daozhang.app.ingest import ingest as ingest_all
from daozhang.store.parts import Store
from tests.oracle.compare import slice_by_known_at
from tests.oracle.estate import make_estate
from tests.store.steps import RELEASES, content, ingest, write
from tests.store.storm import ROOT, storm, took

SOAK = bool(os.environ.get("DAOZHANG_SOAK"))
ROUNDS, KILLS, SALES = (10, 10, 150) if SOAK else (1, 3, 25)
TABLES = ("sales", "settlements", "payouts", "credits", "coverage", "accounts", "terms")


def feed(store, folders):
    for folder in folders:
        assert {r.status for r in ingest_all(store, sorted(folder.iterdir()))} - {"refused"}
    return store


def answer(source):
    columns = ", ".join(JOURNEY_COLUMNS)
    with checked(source) as found:
        rows = found.engine.rows(f"SELECT {columns} FROM journeys ORDER BY sale_id")
        summary = summary_json(found)
    return rows, {name: summary[name] for name in ("as_of", "by_status", "identities", "late_by")}


def test_killed_at_random_moments(tmp_path, capsys):
    folder = make_estate(5, sales=SALES).write(tmp_path / "in")
    for path in folder.iterdir():
        if not SOAK and not path.name.startswith(TABLES):
            path.unlink()
    slices = slice_by_known_at(folder, 4)
    calm = tmp_path / "calm"
    durations = {"ingest": 1.0, "compact": 1.0, "check": 2.5}
    if SOAK:
        feed(calm, slices[:-1])
        durations = {
            "ingest": took("ingest", calm, slices[-1]),
            "compact": took("store", "compact", calm),
            "check": took("check", calm),
        }
    feed(calm, slices)
    facts, expected = content(calm), answer(folder)
    kills, found, survived = {}, {}, 0
    for number in range(ROUNDS):
        store = tmp_path / f"store-{number}"
        result = storm(store, slices, KILLS, number, durations)
        assert result.wrong == []
        for told, total in ((result.kills, kills), (result.found, found)):
            for what, count in told.items():
                total[what] = total.get(what, 0) + count
        survived += result.survived
        # The work is done once more, undisturbed.
        feed(store, slices)
        Store.open(store).compact()
        assert Store.open(store).verify() == ()
        assert content(store) == facts
        assert answer(store) == expected
        assert answer(store) == expected
    with capsys.disabled():
        if SOAK:
            print(f"\nkills {kills}, ended before the kill {survived}, seen after kills {found}")
    assert sum(kills.values()) == ROUNDS * KILLS


def test_killed_before_every_step(tmp_path):
    """SIGKILL before each write, sync, rename and removal; in a soak also with half of it done."""
    old = [write(tmp_path / "in", f"releases-{n}.csv", RELEASES.format(n)) for n in "ab"]
    new = [write(tmp_path / "in", f"releases-{n}.csv", RELEASES.format(n)) for n in "c"]
    start = Store.create(tmp_path / "store").path
    ingest(Store.open(start), *old)
    before = content(start, ("releases",))
    whole = Path(shutil.copytree(start, tmp_path / "whole"))
    ingest(Store.open(whole), *new)
    after = content(whole, ("releases",))
    command = [sys.executable, "-m", "tests.store.storm", str(start), *map(str, new)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    points = [json.loads(line) for line in done.stdout.splitlines()]
    died = [point for point in points if point["status"] == -signal.SIGKILL]
    ways = 2 if SOAK else 1
    assert [p["status"] for p in points if p not in died] == [0] * ways, done.stderr
    assert len(died) > 20 * ways
    seen = set()
    for point in died:
        store = Store.open(Path(point["store"]))
        assert [p for p in store.verify() if p.severity == "error"] == [], point
        held = content(store.path, ("releases",))
        assert held in (before, after), point
        seen.add((held == after, (store.path / "generations" / "1.json").is_file()))
        ingest(store, *new)
        store.compact()
        assert content(store.path, ("releases",)) == after, point
        assert (store.verify(), len(list(store.path.glob("parts/*/*")))) == ((), 1), point
    assert seen == {(False, False), (True, False), (True, True)}


@pytest.mark.parametrize("what", ["ingest", "compact"])
def test_a_killed_writer_keeps_nobody_out(tmp_path, what):
    """The lock goes with the process."""
    one = write(tmp_path / "in", "releases-1.csv", RELEASES.format("x"))
    store = Store.create(tmp_path / "s")
    ingest(store, one)
    code = (
        "import os, sys, pathlib; from tests.store.steps import *\n"
        "store = Store.open(pathlib.Path(sys.argv[1]), DyingDisk(2, raises=killed))\n"
        "ingest(store, pathlib.Path(sys.argv[2])) if sys.argv[3] == 'ingest' else store.compact()"
    )
    new = write(tmp_path / "in", "releases-2.csv", RELEASES.format("y"))
    command = [sys.executable, "-c", code, str(store.path), str(new), what]
    died = subprocess.run(command, cwd=ROOT, capture_output=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    assert ingest(store, new) == [("releases-2.csv", "added")]
