"""A backup of a server that runs, put back elsewhere, is the same server."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from daozhang.server.archive import RefusedError, pack, unpack
from tests.server.stems import Stem

AS_OF = "2026-04-21T18:00:00+08:00"
KEPT = Path(__file__).with_name("kept.py")
PAGES = [
    f"{path}lang=en" for path in ("/?", "/late/?", "/files/?", "/files/1/?", "/audit/?format=csv&")
]


def _environment(database: str = "") -> dict[str, str]:
    own = {"DAOZHANG_AS_OF": AS_OF, "DAOZHANG_HOSTS": "testserver"}
    cleared = {k: v for k, v in os.environ.items() if not k.startswith(("DAOZHANG_", "DJANGO_"))}
    return {**cleared, **own, "DAOZHANG_DATABASE_URL": database}


def _run(*words: str, database: str = "", expect: int = 0) -> str:
    done = subprocess.run(
        [sys.executable, *words], check=False, env=_environment(database), capture_output=True,
        text=True, timeout=300, cwd=KEPT.parents[2],
    )  # fmt: skip
    assert done.returncode == expect, done.stderr
    return done.stdout if expect == 0 else done.stderr


def _daozhang(*words: str, database: str = "", expect: int = 0) -> str:
    return _run("-m", "daozhang.cli", *words, database=database, expect=expect)


def _told(server: Stem) -> tuple[list[str], dict[str, Any]]:
    """Return the pages, and what is kept."""
    out = server.folder / "pages.json"
    server.do("pages", paths=PAGES, out=str(out))
    return json.loads(out.read_text(encoding="utf-8")), server.kept()


def _kept(data: Path, database: str = "") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(_run(str(KEPT), str(data), database=database))
    return found


@pytest.fixture(scope="module")
def stem(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stem]:
    """A server with an estate tracked, a person, a waiting file and a secret."""
    from daozhang.world import build

    folder = tmp_path_factory.mktemp("running")
    build(
        folder / "estate", seed=5, faults=("F6",), traps=(), regions=("CN",), sales=500, days=12,
        start=date(2026, 4, 13), format="csv",
    )  # fmt: skip
    data = folder / "data"
    (data / "inbox").mkdir(parents=True)
    for path in (folder / "estate" / "in").iterdir():
        shutil.copy(path, data / "inbox" / path.name)
        os.utime(data / "inbox" / path.name, (1, 1))
    with Stem(folder, "", AS_OF) as running:
        running.call("reconcile", "--once")
        running.call("user", "add", "head@example.com")
        (data / "secrets").mkdir()
        (data / "secrets" / "bank").write_text("s3cret", encoding="utf-8")
        yield running


@pytest.fixture
def running(stem: Stem) -> Path:
    """The data folder of that server."""
    return stem.data


def test_destroyed_and_restored_it_is_the_same(stem: Stem, tmp_path: Path) -> None:
    file = tmp_path / "backup.tar"
    said = stem.call("backup", str(file))
    assert "backup.tar" in said
    assert file.stat().st_mode & 0o077 == 0
    pages, kept = _told(stem)
    copy = tmp_path / "elsewhere" / "data"
    assert "hold together" in _daozhang("restore", str(file), "--data", str(copy))
    assert (copy / "secrets" / "bank").read_text(encoding="utf-8") == "s3cret"
    assert (copy / "secret").read_bytes() == (stem.data / "secret").read_bytes()
    with Stem(copy.parent, "", AS_OF) as restored:
        restored.call("reconcile", "--once")
        again, kept_again = _told(restored)
        assert "not empty" in restored.call("restore", str(file), expect=2)
    # The trail is the same up to the entry that tells of the restoring.
    before, after = pages[-1].splitlines(), again[-1].splitlines()
    assert after[0] == before[0]
    assert after[2:] == before[1:]
    assert "backup.restored" in after[1]
    assert again[:-1] == pages[:-1]
    assert kept_again == kept
    assert not list(tmp_path.glob(".*"))
    assert not list(copy.parent.glob(".*"))
    assert "there already" in stem.call("backup", str(file), expect=2)


@pytest.mark.soak
def test_it_moves_to_postgresql_and_back(
    running: Path, tmp_path: Path, postgres: Callable[[str], str]
) -> None:
    file, second = tmp_path / "backup.tar", tmp_path / "second.tar"
    _daozhang("backup", str(file), "--data", str(running))
    url, copy = postgres("moved"), tmp_path / "moved"
    _daozhang("restore", str(file), "--data", str(copy), database=url)
    assert not (copy / "daozhang.sqlite3").exists()
    _daozhang("user", "add", "second@example.com", "--data", str(copy), database=url)
    _daozhang("reconcile", "--data", str(copy), "--once", database=url)
    kept = _kept(copy, url)
    assert {k: v for k, v in kept.items() if k != "audit"} == {
        k: v for k, v in _kept(running).items() if k != "audit"
    }
    assert kept["audit"] == []
    assert "not empty" in _daozhang(
        "restore", str(file), "--data", str(tmp_path / "third"), database=url, expect=2
    )
    assert not (tmp_path / "third").exists()
    _daozhang("backup", str(second), "--data", str(copy), database=url)
    _daozhang("restore", str(second), "--data", str(tmp_path / "back"))
    _daozhang("audit", "verify", "--data", str(tmp_path / "back"))


TABLES = """
import sys, pathlib
from daozhang.server import entry
entry.set_up(pathlib.Path(sys.argv[1]))
from django.apps import apps
from daozhang.server.backup import KEPT
print(*sorted(m._meta.label for m in apps.get_models() if m not in KEPT), sep="\\n")
"""
LEFT_OUT = {
    "server.Lease", "server.Snapshot",  # Found anew.
    "account.EmailConfirmation",  # Addresses are shown to be owned by invitation.
    "sessions.Session", "axes.AccessAttempt", "axes.AccessAttemptExpiration",
    "axes.AccessFailureLog", "axes.AccessLog", "server.Bucket",  # Of the moment.
    "auth.Group", "auth.Permission", "contenttypes.ContentType",  # Unused, or made by Django.
}  # fmt: skip


def test_every_table_is_kept_or_left_out_on_purpose(tmp_path: Path) -> None:
    assert set(_run("-c", TABLES, str(tmp_path)).split()) == LEFT_OUT


@pytest.fixture
def packed(tmp_path: Path) -> Path:
    folder = tmp_path / "folder"
    (folder / "inner").mkdir(parents=True)
    (folder / "a").write_bytes(b"one")
    (folder / "inner" / "b").write_bytes(b"two" * 5000)
    assert pack(folder, tmp_path / "x.tar", {"made_at": "now"}) == 15003
    return tmp_path / "x.tar"


def test_what_was_packed_comes_out(packed: Path, tmp_path: Path) -> None:
    about = unpack(packed, tmp_path / "out")
    assert about["made_at"] == "now"
    assert (tmp_path / "out" / "inner" / "b").read_bytes() == b"two" * 5000
    with pytest.raises(RefusedError, match="there already"):
        pack(tmp_path / "folder", packed, {})


@pytest.mark.parametrize("at", range(0, 40_000, 1777))
def test_a_damaged_backup_is_refused_or_not_harmed(packed: Path, tmp_path: Path, at: int) -> None:
    whole = bytearray(packed.read_bytes())
    if at >= len(whole):
        return
    whole[at] ^= 0xFF
    packed.write_bytes(whole)
    try:
        unpack(packed, tmp_path / "out")
    except RefusedError:
        assert not (tmp_path / "out").exists()
    else:  # Between the members lies nothing that counts.
        assert (tmp_path / "out" / "inner" / "b").read_bytes() == b"two" * 5000
        assert (tmp_path / "out" / "a").read_bytes() == b"one"


@pytest.mark.parametrize("share", [0, 10, 50, 90])
def test_a_backup_that_is_cut_off_is_refused(packed: Path, tmp_path: Path, share: int) -> None:
    whole = packed.read_bytes()
    packed.write_bytes(whole[: 18_000 * share // 100])
    with pytest.raises(RefusedError):
        unpack(packed, tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_nothing_is_put_outside_the_folder(tmp_path: Path) -> None:
    bad = tmp_path / "bad.tar"
    contents = json.dumps({"version": 1, "members": {"../escaped": ["", 0]}}).encode()
    (tmp_path / "contents.json").write_bytes(contents)
    (tmp_path / "empty").write_bytes(b"")
    with tarfile.open(bad, "w") as tar:
        tar.add(tmp_path / "contents.json", "contents.json")
        tar.add(tmp_path / "empty", "../escaped")
    with pytest.raises(RefusedError, match="not among its contents"):
        unpack(bad, tmp_path / "in" / "out")
    assert not (tmp_path / "in" / "escaped").exists()


def test_one_backup_at_a_time_which_removes_what_a_killed_one_left(
    server: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from daozhang.server import backup
    from daozhang.server.clock import now

    own = replace(backup.config(), data=tmp_path / "data")
    monkeypatch.setattr(backup, "config", lambda: own)
    left, partial = own.data / ".backup-1", tmp_path / ".old.tar.1.partial"
    left.mkdir(parents=True)
    (left / "database.jsonl").write_text("half", encoding="utf-8")
    partial.write_text("half", encoding="utf-8")
    (own.data / "backup.lock").write_text(str(partial), encoding="utf-8")
    with (own.data / "backup.lock").open("a") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(RefusedError, match="another backup"):
            backup.back_up(tmp_path / "new.tar", now())
    assert left.is_dir()
    assert backup.back_up(tmp_path / "new.tar", now())
    assert not left.exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data", "new.tar"]
