"""Receipts, their index, the proof of a store, and damage that is healed by giving a file again."""

import json
import shutil

import duckdb
import pytest

from daozhang.facts.problem_words import IN_CHINESE
from daozhang.store import receipts as module
from daozhang.store.parts import Store, StoreDamagedError, StoreError
from daozhang.store.receipts import INDEX, index_bytes, read_receipts
from daozhang.store.verify import prove
from tests.store.steps import (
    RELEASES,
    DyingDisk,
    StopError,
    content,
    disk_full,
    ingest,
    read,
    write,
)


@pytest.fixture(scope="module")
def grown(tmp_path_factory):
    """A store of forty files, enough for an index."""
    folder = tmp_path_factory.mktemp("grown")
    files = [write(folder / "in", f"{n:02}.two", f"c{n}") for n in range(38)]
    files += [write(folder / "in", f"releases-{n}.csv", RELEASES.format(n)) for n in "ab"]
    store = Store.create(folder / "s")
    assert {s for _, s in ingest(store, *files)} == {"added"}
    return folder


@pytest.fixture
def copied(grown, tmp_path):
    return Store.open(shutil.copytree(grown / "s", tmp_path / "s"))


def file_of(grown, receipt):
    return grown / "in" / receipt.file


def codes(store):
    return sorted({p.code for p in store.verify()})


def test_the_index_says_what_the_receipts_say(grown, monkeypatch):
    store = grown / "s"
    assert (store / INDEX).is_file()
    plain = read_receipts(store, indexed=False)
    opened = []
    monkeypatch.setattr(module, "_read_one", lambda path, _: opened.append(path))
    quick = read_receipts(store)
    assert opened == []
    assert (quick.good, quick.stamps, quick.unindexed) == (plain.good, plain.stamps, 0)
    assert list(quick.good) == list(plain.good)
    again = read_receipts(store, quick)
    assert (opened, again.good) == ([], plain.good)


@pytest.mark.parametrize("damage", [None, b"", b"[1]", b'{"version": 1}', b'{"version": 9}'])
def test_an_index_that_is_missing_or_damaged_costs_time_only(copied, damage):
    whole = read_receipts(copied.path).good
    (copied.path / INDEX).unlink()
    if damage is not None:
        (copied.path / INDEX).write_bytes(damage)
    found = read_receipts(copied.path)
    assert (found.good, found.unindexed) == (whole, 40)
    # The next writer makes it anew.
    ingest(copied)
    assert read_receipts(copied.path).unindexed == 0


def test_a_stale_index_is_not_believed(copied, tmp_path):
    index = (copied.path / INDEX).read_bytes()
    new = write(tmp_path, "new.two", "new")
    ingest(copied, new)
    assert (copied.path / INDEX).read_bytes() == index
    found = read_receipts(copied.path)
    assert (len(found.good), found.unindexed) == (41, 1)
    path = copied.path / "files" / f"{copied.receipts()[0].id}.json"
    path.write_text(path.read_text(encoding="utf-8") + " ", encoding="utf-8")
    assert read_receipts(copied.path).unindexed == 2
    path.unlink()
    assert len(read_receipts(copied.path).good) == 40
    assert index_bytes(read_receipts(copied.path)) != index


def test_a_damaged_receipt_is_named_and_healed(copied, grown):
    facts = content(copied.path)
    receipt = copied.receipts()[0]
    path = copied.path / "files" / f"{receipt.id}.json"
    for data in (b"", b"{}", b"\xff", path.read_bytes().replace(b'"rows"', b'"cows"')):
        path.write_bytes(data)
        (problem,) = copied.verify()
        assert (problem.file, problem.code) == (f"files/{receipt.id}.json", "receipt_damaged")
        assert "ingest that file again" in problem.message
        with pytest.raises(StoreDamagedError, match="ingest that file again"):
            Store.open(copied.path).receipts()
        with pytest.raises(StoreDamagedError):
            Store.open(copied.path).compact()
    # Its parts are left alone meanwhile, and giving the file again makes it whole.
    other = next(r for r in read_receipts(copied.path).good.values())
    assert ingest(copied, file_of(grown, other))[0][1] == "already_there"
    assert ingest(copied, file_of(grown, receipt)) == [(receipt.file, "added")]
    assert (content(copied.path), copied.verify()) == (facts, ())


def test_a_receipt_under_another_name_is_damage(copied):
    one, other = (copied.path / "files" / f"{r.id}.json" for r in copied.receipts()[:2])
    shutil.copyfile(one, other)
    assert codes(copied) == ["receipt_damaged"]


@pytest.mark.parametrize("damage", ["changed", "gone"])
def test_a_damaged_part_is_named_and_healed(copied, grown, damage):
    facts = content(copied.path)
    receipt = next(r for r in copied.receipts() if r.file == "03.two")
    path = copied.part("credits", receipt.id)
    path.unlink() if damage == "gone" else path.write_bytes(path.read_bytes()[:-1] + b"x")
    (problem,) = copied.verify()
    assert problem.code == {"changed": "part_damaged", "gone": "part_missing"}[damage]
    assert "ingest its file again" in problem.message
    assert ingest(copied, file_of(grown, receipt)) == [("03.two", "added")]
    assert (content(copied.path), copied.verify()) == (facts, ())


def test_a_lost_receipt_of_a_merged_file_is_named_and_healed(copied, grown):
    facts = content(copied.path)
    copied.compact()
    receipt = next(r for r in copied.receipts() if r.file == "05.two")
    (copied.path / "files" / f"{receipt.id}.json").unlink()
    assert codes(copied) == ["receipt_missing"]
    with duckdb.connect() as con, pytest.raises(StoreDamagedError, match="ingest that"):
        Store.open(copied.path).register(con)
    assert ingest(copied, file_of(grown, receipt)) == [("05.two", "added")]
    assert (content(copied.path), copied.verify()) == (facts, ())
    assert copied.compact() == ()


def test_a_damaged_merged_part_manifest_or_mark_is_named(copied):
    copied.compact()
    (part,) = (copied.path / "parts" / "credits").iterdir()
    whole = part.read_bytes()
    part.write_bytes(whole[:-9])
    (problem,) = copied.verify()
    assert (problem.code, "38 files" in problem.message) == ("part_damaged", True)
    part.write_bytes(whole)
    manifest = copied.path / "generations" / "1.json"
    said = manifest.read_bytes()
    for data in (said + b" ", said.replace(b"38", b"39"), b""):
        manifest.write_bytes(data)
        assert codes(copied) == ["manifest_damaged"]
    manifest.unlink()
    assert codes(copied) == ["manifest_damaged"]
    with pytest.raises(StoreDamagedError, match="missing or damaged"):
        ingest(copied)
    manifest.write_bytes(said)
    mark = copied.path / "store.json"
    mark.write_bytes(b"{")
    assert codes(copied) == ["mark_damaged"]
    with pytest.raises(StoreError):
        Store.open(copied.path)


def test_rows_are_counted_against_the_receipts(copied):
    copied.compact()
    receipt = copied.receipts()[0]
    path = copied.path / "files" / f"{receipt.id}.json"
    said = json.loads(path.read_bytes())
    table = next(iter(said["rows"]))
    said["rows"][table] += 1
    path.write_text(json.dumps(said), encoding="utf-8")
    (problem,) = copied.verify()
    assert (problem.code, problem.file) == ("rows_miscounted", f"files/{receipt.id}.json")
    assert problem.code in IN_CHINESE


def test_a_proof_says_how_much_it_looked_at(copied, grown):
    proof = prove(copied.path)
    assert (proof.files, proof.parts, proof.rows) == (40, 78, 80)
    copied.compact()
    (copied.path / "closed").mkdir()  # Derived by `check`; no concern of the proof's.
    proof = prove(copied.path)
    assert (proof.files, proof.parts, proof.rows, proof.clean) == (40, 3, 80, True)
    with pytest.raises(StoreError, match="not a store"):
        prove(grown)


def test_a_full_disk_at_any_step_of_an_ingest(tmp_path):
    """The error is the disk's own; then, with space, the same call ends well."""
    first, second = (write(tmp_path / "in", f"{n}.two", f"c{n}") for n in "12")
    Store.create(tmp_path / "whole")
    whole = Store.open(tmp_path / "whole")
    ingest(whole, first)
    before = content(whole.path, ("credits", "coverage"))
    ingest(whole, second)
    after = content(whole.path, ("credits", "coverage"))
    template = Store.create(tmp_path / "s0")
    ingest(template, first)
    for steps in range(1, 100):
        path = shutil.copytree(template.path, tmp_path / f"s{steps}")
        try:
            ingest(Store.open(path, DyingDisk(steps, half=True, raises=disk_full)), second)
        except OSError:
            assert content(path, ("credits", "coverage")) in (before, after)
            ingest(Store.open(path), second)
            assert content(path, ("credits", "coverage")) == after
            assert Store.open(path).verify() == ()
        else:
            break
    assert steps > 9


def test_an_index_that_cannot_be_written_stops_nothing(tmp_path):
    files = [write(tmp_path / "in", f"{n}.two", f"c{n}") for n in range(33)]
    store = Store.create(tmp_path / "s")
    # Twelve steps a file; the index comes after the last.
    disk = DyingDisk(33 * 12 + 1, half=True, raises=disk_full)
    told = [i.status for i in Store.open(store.path, disk).ingest(files, read)]
    assert (told, disk.steps <= 0) == (["added"] * 33, True)
    assert not (store.path / INDEX).exists()
    assert Store.open(store.path).verify() == ()
    with pytest.raises(StopError):
        ingest(Store.open(store.path, DyingDisk(1)), write(tmp_path, "x.two", "x"))
