"""The store on disk: whole or not there, once and only once, whatever happens on the way."""

import fcntl
import json
import shutil
import subprocess
import sys

import duckdb
import pytest

from daozhang.facts import Problem
from daozhang.store.parts import (
    Store,
    StoreBusyError,
    StoreDamagedError,
    StoreError,
    is_store,
)
from tests.store.steps import RELEASES, DyingDisk, StopError, content, ingest, read, write


def test_a_file_is_in_once(tmp_path):
    store = Store.create(tmp_path / "s")
    one = write(tmp_path / "in", "releases-1.csv", RELEASES.format("floor"))
    again = write(tmp_path / "in", "releases-again.csv", RELEASES.format("floor"))
    other = write(tmp_path / "in", "releases.csv", RELEASES.format("Floor") + ",bad,z\n")
    two = write(tmp_path / "in", "x.two", "c1")
    empty = write(tmp_path / "in", "unknown.bin", "?")
    assert ingest(store, one, again, other, two, empty, one) == [
        ("releases-1.csv", "added"), ("releases-again.csv", "already_there"),
        ("releases.csv", "added"), ("x.two", "added"), ("unknown.bin", "refused"),
        ("releases-1.csv", "already_there"),
    ]  # fmt: skip
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        Store.open(tmp_path / "s").register(con)
        query = "SELECT release_id, floor, _days, _file FROM raw_releases ORDER BY ALL"
        assert con.execute(query).fetchall() == [
            ("r1", "x", 0, "releases-1.csv"), ("r1", "x", 0, "releases.csv"),
            ("r2", "y", 0, "releases-1.csv"), ("r2", "y", 0, "releases.csv"),
        ]  # fmt: skip
        assert con.execute("SELECT _days FROM raw_credits").fetchall() == [(1,)]
        assert con.execute("SELECT count(*) FROM raw_sales").fetchone() == (0,)
    assert store.verify() == ()
    receipt = next(r for r in store.receipts() if r.file == "releases.csv")
    assert (receipt.rows, receipt.refused) == ({"releases": 2}, 1)
    assert [(p.line, p.code) for p in receipt.problems] == [(4, "missing_value")]


@pytest.mark.parametrize(
    "half", [pytest.param(False, marks=pytest.mark.soak), True], ids=["before", "half-way"]
)
def test_a_crash_leaves_the_store_as_before_or_after(tmp_path, half):
    """In a short run half-way only: ``test_kills`` stops before every step, with a signal."""
    first = write(tmp_path / "in", "x.two", "c1")
    second = write(tmp_path / "in", "y.two", "c2")
    terms = write(tmp_path / "in", "terms.toml", "a = 1")
    Store.create(tmp_path / "whole")
    ingest(Store.open(tmp_path / "whole"), first)
    before = content(tmp_path / "whole")
    ingest(Store.open(tmp_path / "whole"), second, terms)
    after = content(tmp_path / "whole")
    start = Store.create(tmp_path / "start")
    ingest(start, first, write(tmp_path / "old", "terms.toml", "a = 0"))
    outcomes = set()
    for steps in range(1, 100):
        path = shutil.copytree(start.path, tmp_path / f"s{steps}")
        try:
            ingest(Store.open(path, DyingDisk(steps, half=half)), second, terms)
        except StopError:
            found = content(path)
            assert found in (before, after), steps
            assert (path / "terms.toml").read_text(encoding="utf-8") in ("a = 0", "a = 1")
            outcomes.add(found == after)
            # Whatever the crash left, the next attempt ends well and clears it away.
            ingest(Store.open(path), second, terms)
            assert content(path) == after
            assert Store.open(path).verify() == ()
            assert (path / "terms.toml").read_text(encoding="utf-8") == "a = 1"
            assert list((path / "tmp").iterdir()) == []
        else:
            break
    assert steps > 12
    assert outcomes == {True, False}


@pytest.mark.parametrize("half", [False, True], ids=["before", "half-way"])
def test_a_crash_while_creating(tmp_path, half):
    for steps in range(1, 20):
        path = tmp_path / f"s{steps}"
        try:
            Store.create(path, DyingDisk(steps, half=half))
        except StopError:
            if not is_store(path):
                Store.create(path)
        assert content(path)["releases"][1] == []


def test_only_one_writes(tmp_path):
    store = Store.create(tmp_path / "s")
    path = write(tmp_path / "in", "x.two", "c1")
    with (tmp_path / "s" / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(StoreBusyError, match="try again"):
            ingest(store, path)
    assert ingest(store, path) == [("x.two", "added")]


def test_a_writer_that_dies_frees_the_lock(tmp_path):
    store = Store.create(tmp_path / "s")
    code = (
        "import fcntl, os, sys; f = open(sys.argv[1], 'ab'); fcntl.flock(f, fcntl.LOCK_EX);"
        "os._exit(1)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "s" / "lock")], check=False)
    assert ingest(store, write(tmp_path / "in", "x.two", "c1")) == [("x.two", "added")]


def test_settings_are_replaced_whole_and_bad_ones_refused(tmp_path):
    store = Store.create(tmp_path / "s")

    def validate(path, name):
        bad = "bad" in path.read_text(encoding="utf-8")
        return [Problem(name, 1, "bad_terms", "bad")] if bad else []

    terms = write(tmp_path / "in", "terms.toml", "a = 1")
    profile = write(tmp_path / "in", "My.profile.toml", "b")
    calendar = write(tmp_path / "in", "calendar-cn.toml", "c")
    found = ingest(store, terms, profile, calendar, validate=validate)
    assert [status for _, status in found] == ["copied"] * 3
    write(tmp_path / "in", "terms.toml", "bad")
    assert ingest(store, terms, validate=validate) == [("terms.toml", "refused")]
    names = {path.name: path.read_text(encoding="utf-8") for path in store.settings()}
    assert names == {"terms.toml": "a = 1", "my.profile.toml": "b", "calendar-cn.toml": "c"}


def test_damage_is_found_and_said(tmp_path):
    store = Store.create(tmp_path / "s")
    ingest(store, write(tmp_path / "in", "x.two", "c1"), write(tmp_path / "in", "y.two", "c2"))
    receipts = store.receipts()
    store.part("credits", receipts[0].id).write_bytes(b"x")
    store.part("credits", receipts[1].id).unlink()
    (tmp_path / "s" / "parts" / "sales" / "stray.parquet").write_bytes(b"x")
    found = sorted((p.code, p.severity) for p in store.verify())
    assert found == [
        ("part_damaged", "error"), ("part_missing", "error"), ("part_without_receipt", "warning"),
    ]  # fmt: skip
    with duckdb.connect() as con, pytest.raises(StoreDamagedError, match="missing"):
        store.register(con)
    path = tmp_path / "s" / "files" / f"{receipts[0].id}.json"
    path.write_text(json.dumps({"version": 1}), encoding="utf-8")
    assert [p.code for p in store.verify()] == [
        "receipt_damaged", "part_missing", "part_without_receipt",
    ]  # fmt: skip
    with pytest.raises(StoreDamagedError, match="damaged"):
        store.receipts()


def test_what_is_no_store(tmp_path):
    with pytest.raises(StoreError, match="not a store"):
        Store.open(tmp_path)
    write(tmp_path, "mine.txt", "x")
    with pytest.raises(StoreError, match="not empty"):
        Store.create(tmp_path)
    Store.create(tmp_path / "s")
    (tmp_path / "s" / "store.json").write_text('{"daozhang_store": 3}', encoding="utf-8")
    with pytest.raises(StoreError, match="version 3"):
        Store.open(tmp_path / "s")


def test_a_store_in_a_folder_with_a_hostile_name(tmp_path):
    path = tmp_path / "a'b [1]*?;"
    ingest(Store.create(path), write(tmp_path / "in", "x.two", "c1"))
    assert len(content(path)["credits"][1]) == 1


def test_a_file_that_changes_while_it_is_read_is_refused(tmp_path):
    store = Store.create(tmp_path / "s")
    path = write(tmp_path / "in", "x.two", "c1")

    def growing(path, name):
        answer = read(path, name)
        path.write_text("c1, and more", encoding="utf-8")
        return answer

    (found,) = store.ingest([path], growing)
    assert [p.code for p in found.taken.problems] == ["file_changed"]
    assert content(tmp_path / "s")["credits"][1] == []
