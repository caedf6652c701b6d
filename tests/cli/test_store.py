"""``daozhang store``: what a store holds, its proof and its compaction; what stands in the way."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import re
import resource
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from daozhang.app.store import trouble
from daozhang.app.words_store import WORDS
from daozhang.cli.main import main
from daozhang.store import compact
from daozhang.store.parts import Store
from tests.app.cases import IN_TIME, PAID
from tests.app.small import term, write_small
from tests.store.steps import RELEASES, content

ROOT = Path(__file__).resolve().parents[2]
LANGS = ("en", "zh")


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("template")
    files = write_small(folder / "in", term(), {**PAID, "credits": IN_TIME})
    for name in "ab":
        (files / f"releases-{name}.csv").write_text(RELEASES.format(name), encoding="utf-8")
    assert main(["ingest", str(folder / "s"), str(files), "--json"]) == 0
    return folder


@pytest.fixture
def store(template: Path, tmp_path: Path) -> Path:
    return shutil.copytree(template / "s", tmp_path / "s")


def run(capsys: Any, *words: object) -> tuple[int, str, str]:
    status = main([str(word) for word in words])
    said = capsys.readouterr()
    return status, said.out, said.err


def command(*words: object, **how: Any) -> subprocess.Popen[str]:
    line = [sys.executable, "-m", "daozhang.cli", *map(str, words)]
    return subprocess.Popen(
        line, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **how
    )


def test_both_languages_say_the_same_things() -> None:
    assert set(WORDS["en"]) == set(WORDS["zh"])
    for key, said in WORDS["en"].items():
        assert set(re.findall(r"{(\w+)}", said)) == set(re.findall(r"{(\w+)}", WORDS["zh"][key]))


def test_show_says_what_a_store_holds(store: Path, capsys: Any) -> None:
    status, said, _ = run(capsys, "store", store, "--json")
    held = json.loads(said)
    assert (status, held["files"], held["generation"]) == (0, len(Store.open(store).receipts()), 0)
    assert held["last_ingested"] == max(str(r.ingested_at) for r in Store.open(store).receipts())
    releases = next(table for table in held["tables"] if table["table"] == "releases")
    assert releases == {
        "table": "releases", "rows": 4, "parts": 2, "not_compacted": 2, "first_day": None,
        "last_day": None, "size_bytes": releases["size_bytes"],
    }  # fmt: skip
    sales = next(table for table in held["tables"] if table["table"] == "sales")
    assert sales["first_day"] <= sales["last_day"]
    assert held["size_bytes"] == sum(table["size_bytes"] for table in held["tables"]) > 0
    for lang, word in zip(LANGS, ("not compacted", "没有合并"), strict=True):
        status, said, _ = run(capsys, "store", store, "--lang", lang)
        assert (status, word in said, "releases" in said) == (0, True, True)
    Store.create(store.parent / "empty")
    assert "daozhang ingest" in run(capsys, "store", store.parent / "empty", "--lang", "en")[1]


def test_compact_then_nothing_is_left_to_do(store: Path, capsys: Any) -> None:
    before = content(store)
    assert run(capsys, "check", store, "--json")[0] == 0
    status, said, _ = run(capsys, "--json", "store", "compact", store)
    done = {table["table"]: table for table in json.loads(said)["tables"]}
    assert (status, done["releases"]) == (
        0, {"table": "releases", "parts_before": 2, "parts_after": 1, "rows": 4},
    )  # fmt: skip
    assert content(store) == before
    assert run(capsys, "check", store, "--json")[0] == 0
    assert json.loads(run(capsys, "store", store, "--json")[1])["not_compacted"] == 0
    for lang, word in zip(LANGS, ("Nothing to do", "不用合并"), strict=True):
        assert word in run(capsys, "store", "compact", store, "--lang", lang)[1]
        assert run(capsys, "store", "verify", store, "--lang", lang)[0] == 0


def test_verify_names_damage_and_what_to_do(store: Path, capsys: Any) -> None:
    assert json.loads(run(capsys, "store", "verify", store, "--json")[1])["clean"] is True
    receipt = next(r for r in Store.open(store).receipts() if r.file == "releases-a.csv")
    Store.open(store).part("releases", receipt.id).write_bytes(b"x")
    (store / "parts" / "sales" / "stray.parquet").write_bytes(b"x")
    status, said, _ = run(capsys, "store", "verify", store, "--json")
    proof = json.loads(said)
    assert (status, proof["clean"]) == (3, False)
    assert [error["code"] for error in proof["errors"]] == ["part_damaged"]
    assert [warning["code"] for warning in proof["warnings"]] == ["part_without_receipt"]
    for lang, word in zip(LANGS, ("ingest its file again", "重新加入原文件"), strict=True):
        status, said, _ = run(capsys, "store", "verify", store, "--lang", lang)
        assert (status, word in said, receipt.id in said) == (3, True, True)


@pytest.mark.parametrize("lang", LANGS)
def test_what_cannot_be_done_is_said(store: Path, tmp_path: Path, capsys: Any, lang: str) -> None:
    nowhere = tmp_path / "nowhere"
    for words in (
        ("store", nowhere), ("store", "verify", nowhere), ("store", "compact", nowhere),
        ("store", "mend", store), ("store", "verify"), ("store", "verify", store, store),
    ):  # fmt: skip
        status, said, error = run(capsys, *words, "--lang", lang)
        assert (status, said, bool(error.strip())) == (2, "", True), words
        assert "Traceback" not in error
        status, said, error = run(capsys, *words, "--lang", lang, "--json")
        assert (status, error, list(json.loads(said))) == (2, "", ["error"]), words
    file = tmp_path / "file"
    file.write_text("x", encoding="utf-8")
    status, _, error = run(capsys, "ingest", file, file, "--lang", lang)
    assert (status, {"en": "not a folder", "zh": "不是文件夹"}[lang] in error) == (2, True)


@pytest.mark.parametrize("lang", LANGS)
def test_a_store_that_is_being_written_to_says_so(
    store: Path, template: Path, capsys: Any, lang: str
) -> None:
    said = {"en": "another process is writing", "zh": "另一个进程正在写"}[lang]
    with (store / "lock").open("ab") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for words in (("ingest", store, template / "in"), ("store", "compact", store)):
            status, _, error = run(capsys, *words, "--lang", lang)
            assert (status, said in error) == (2, True)
        # Readers wait for nobody.
        assert run(capsys, "store", "verify", store)[0] == 0
    assert run(capsys, "ingest", store, template / "in")[0] == 0


def test_two_ingests_at_once(template: Path, tmp_path: Path) -> None:
    """One of them is told that the store is busy, or both find it free one after the other."""
    words = ("ingest", tmp_path / "s", template / "in", "--lang", "en")
    both = [command(*words) for _ in range(2)]
    errors = [process.communicate()[1] for process in both]
    statuses = [process.returncode for process in both]
    assert 0 in statuses, errors
    for status, error in zip(statuses, errors, strict=True):
        assert status == 0 or (status == 2 and "another process is writing" in error), error
    assert Store.open(tmp_path / "s").verify() == ()
    assert content(tmp_path / "s") == content(template / "s")


def test_a_disk_that_takes_no_more(store: Path, tmp_path: Path) -> None:
    """A limit on the size of files stops the real disk in the middle of a part."""
    rows = "".join(f"release-{n:09},keys,{n * n * 7919 % 1000003}\n" for n in range(20_000))
    big = tmp_path / "releases-big.csv"
    big.write_text("release_id,touches,more\n" + rows, encoding="utf-8")

    def limit() -> None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (30_000, 30_000))

    before = content(store)
    process = command("ingest", store, big, "--lang", "zh", preexec_fn=limit)
    _, error = process.communicate()
    assert process.returncode == 2, error
    assert "磁盘已满" in error
    assert "Traceback" not in error
    full = OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), "parts")
    assert "disk is full or a limit is reached (parts)" in trouble(full, "en")
    assert content(store) == before
    assert [p for p in Store.open(store).verify() if p.severity == "error"] == []
    assert main(["ingest", str(store), str(big)]) == 0
    assert len(content(store, ("releases",))["releases"][1]) == 20_004


@pytest.fixture
def readable() -> Iterator[Path]:
    """A folder that everybody may enter, as somebody who may not write there."""
    folder = Path(tempfile.mkdtemp())
    folder.chmod(0o755)
    yield folder
    for path in (folder, *folder.rglob("*")):
        path.chmod(0o755)
    shutil.rmtree(folder)


def test_a_folder_that_may_only_be_read(template: Path, readable: Path, capsys: Any) -> None:
    """Reading works; writing says why it does not."""
    store = shutil.copytree(template / "s", readable / "s")
    shutil.copytree(template / "in", readable / "in")
    for path in (store, *store.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    # Python itself may lie where only root reads, so what these import is imported before.
    for words in (("store", "verify"), ("store",), ("check",)):
        assert run(capsys, *words, template / "s")[0] == 0
    whoever = os.geteuid()
    if whoever == 0:
        os.seteuid(65534)
    try:
        for words in (("store", "verify"), ("store",), ("check",)):
            assert run(capsys, *words, store)[0] == 0
        for lang, said in zip(LANGS, ("may not be written", "没有权限"), strict=True):
            for words in (("ingest", store, readable / "in"), ("store", "compact", store)):
                status, _, error = run(capsys, *words, "--lang", lang)
                assert (status, said in error) == (2, True)
    finally:
        os.seteuid(whoever)


def test_many_small_files_are_merged_as_they_come(
    tmp_path: Path, capsys: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compact, "AUTOMATIC_PARTS", 4)
    generations = []
    for number in range(9):
        file = tmp_path / f"releases-{number}.csv"
        file.write_text(f"release_id,touches\nr{number},keys\n", encoding="utf-8")
        assert run(capsys, "ingest", tmp_path / "s", file)[0] == 0
        held = json.loads(run(capsys, "store", tmp_path / "s", "--json")[1])
        generations.append((held["generation"], held["parts"], held["not_compacted"]))
    assert generations[2:5] == [(0, 3, 3), (1, 1, 0), (1, 2, 1)]
    assert generations[-2:] == [(2, 1, 0), (2, 2, 1)]
    assert len(content(tmp_path / "s", ("releases",))["releases"][1]) == 9
    assert Store.open(tmp_path / "s").verify() == ()
