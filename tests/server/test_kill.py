"""A server killed at any moment loses nothing, does nothing twice, and tells the same.

Its reconciler is killed while it receives files from a folder and a bank, takes them, tracks the
money and raises alarms; who sends files is killed, and so is a backup. Afterwards all tables are
those of a server that nobody disturbed. Every fork begins as a new process does
(:mod:`tests.server.stem`).
"""

from __future__ import annotations

import csv
import json
import os
import random
import shutil
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from daozhang.server.archive import DUMP, unpack
from tests.server.stems import Stem
from tests.shared import made_once

AS_OF = "2026-04-21T18:00:00+08:00"
UNTIL = datetime.fromisoformat(AS_OF)
ACCOUNT = "CMB6222000007"
SEED = int(os.environ.get("DAOZHANG_KILL_SEED", "1"))
KILLS = int(os.environ.get("DAOZHANG_KILLS", "100"))
A_WAVE = (3, 9)
"""How often a server is killed while it works on one wave of files."""
VICTIMS = ("work",) * 6 + ("send",) * 2 + ("back_up",) * 2

Database = Callable[[str], str]


@dataclass(frozen=True)
class Wave:
    """Files that come together: put into the watched folder, fetched from a source, sent."""

    folder: list[Path]
    source: str
    fetched: list[Path]
    sent: list[Path]


@pytest.fixture(scope="module")
def waves(tmp_path_factory: pytest.TempPathFactory) -> list[Wave]:
    """A small estate as it comes: the banks' files come later, and two files come once more.

    The terms come last of the first wave, since without them nothing is tracked: so however the
    work is cut, both waves are tracked as a whole.
    """
    from daozhang.world import build

    def make(folder: Path) -> None:
        build(
            folder, seed=5, faults=("F6",), traps=(), regions=("CN",), sales=500, days=12,
            start=date(2026, 4, 13), format="csv",
        )  # fmt: skip
        # As the newest facts are told of, they end at a moment at which money is still late.
        for path in (folder / "in").glob("*.csv"):
            _cut(path)

    folder = made_once(tmp_path_factory, "waves", make)
    paths = {path.name: path for path in (folder / "in").iterdir() if path.is_file()}
    late = {name: p for name, p in paths.items() if name.startswith(("credits", "cover", "payout"))}
    sent = [paths["settlements.csv"], paths["sales-batched.csv"], paths["terms.toml"]]
    till = [paths["batches.csv"], paths["accounts.csv"]]
    rest = [p for name, p in paths.items() if name not in late and p not in (*sent, *till)]
    coverage = late.pop("coverage.csv")
    assert len(late) > 2
    return [
        Wave(rest, "till", till, sent),
        Wave([coverage], "bank", list(late.values()), [paths["sales.csv"], paths["batches.csv"]]),
    ]


def _cut(path: Path) -> None:
    """Leave out of a file what was known later than the moment of the tests."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file)
        names = list(rows.fieldnames or ())
        kept = [row for row in rows if not row.get("known_at") or _known(row) <= UNTIL]
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, names)
        writer.writeheader()
        writer.writerows(kept)


def _known(row: dict[str, str]) -> datetime:
    return datetime.fromisoformat(row["known_at"])


@dataclass
class Outside:
    """Whom alarms and incidents are told."""

    told: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Listen."""
        told = self.told

        class Listener(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                told.extend(x for x in body["message"].splitlines() if x.startswith("- "))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Listener)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        """Return it as Apprise takes it."""
        return f"json://127.0.0.1:{self.server.server_port}/"


class Fed(Stem):
    """A server that files come to."""

    def lay(self, wave: Wave) -> None:
        inbox = self.data / "inbox"
        inbox.mkdir(parents=True, exist_ok=True)
        for place, paths in ((inbox, wave.folder), (self.folder / wave.source, wave.fetched)):
            for path in paths:
                shutil.copy(path, place / f".{path.name}")
                os.utime(place / f".{path.name}", (1, 1))
                (place / f".{path.name}").rename(place / path.name)


def _through(stem: Fed, waves: list[Wave], disturb: Callable[[int, Wave], None]) -> dict[str, Any]:
    """Let all waves come, with whatever disturbs each, and return what is kept at the end."""
    for wave in waves:
        (stem.folder / wave.source).mkdir()
    stem.do("furnish", folder=str(stem.folder), account=ACCOUNT)
    for number, wave in enumerate(waves):
        stem.lay(wave)
        disturb(number, wave)
        stem.do("send", paths=[str(path) for path in wave.sent], key=f"wave-{number}")
        stem.do("work", once=True)
    stem.do("back_up", target=str(stem.folder / "last.tar"))
    return stem.kept()


def _stage(data: Path) -> str:
    """Return what a reconciler is at, by what lies in its folders."""
    if any((data / "snapshots").glob("*.partial")):
        return "publishing"
    if any(not path.name.startswith(".") for path in (data / "inbox").glob("*")):
        return "receiving"
    if any((data / "waiting").glob("[0-9]*")):
        return "taking"
    return "tracking, alarms, notices"


STAGES: dict[str, float] = {
    "receiving": 0.3, "taking": 0.8, "tracking, alarms, notices": 2.5, "publishing": 0.5,
}  # fmt: skip
"""How long a reconciler is let live once it is at a stage, at most, in seconds."""


class Storm:
    """Kills at random moments, and counts what was at work then."""

    def __init__(self, stem: Fed, chance: random.Random, left: int, killed: Counter[str]) -> None:
        self.stem, self.chance, self.left, self.killed = stem, chance, left, killed
        self.backups = 0
        self._running: dict[str, int] = {}

    def over(self, number: int, wave: Wave) -> None:
        """Kill some of what works on a wave."""
        for _ in range(min(self.left, self.chance.randint(*A_WAVE))):
            victim = self.chance.choice(VICTIMS)
            if victim != "work":
                self._end(victim)
            for what in ("work", victim):
                self._begin(what, number, wave)
            self._wait(victim)
            at = _stage(self.stem.data)
            if self._end(victim):
                self.left -= 1
                what = {"work": f"reconciler: {at}", "send": "upload", "back_up": "backup"}[victim]
                self.killed[what] += 1
        for what in list(self._running):
            self._end(what)

    def _begin(self, what: str, number: int, wave: Wave) -> None:
        if what in self._running and self.stem.ended(self._running[what]) is None:
            return
        values: dict[str, Any] = {"once": False}
        if what == "send":
            values = {"paths": [str(path) for path in wave.sent], "key": f"wave-{number}"}
        elif what == "back_up":
            self.backups += 1
            values = {"target": str(self.stem.folder / f"{self.backups}.tar")}
        self._running[what] = self.stem.start(what, **values)

    def _wait(self, victim: str) -> None:
        if victim != "work":
            time.sleep(self.chance.uniform(0, 0.8))
            return
        wanted, ends = self.chance.choice(list(STAGES)), time.monotonic() + 4
        while _stage(self.stem.data) != wanted and time.monotonic() < ends:
            time.sleep(0.003)
        time.sleep(self.chance.uniform(0, STAGES[wanted]))

    def _end(self, what: str) -> bool:
        """Kill one that runs; return whether it still did."""
        number = self._running.pop(what, None)
        if number is None or self.stem.ended(number) is not None:
            return False
        os.kill(number, signal.SIGKILL)
        return self.stem.ended(number, wait=True) == -signal.SIGKILL


def _sqlite(_: str) -> str:
    return ""


@pytest.fixture(scope="module")
def undisturbed(
    waves: list[Wave], tmp_path_factory: pytest.TempPathFactory
) -> tuple[Path, dict[str, Any], list[str]]:
    """A prepared data folder, what a server keeps that nobody kills, and what it tells outside."""

    def make(folder: Path) -> None:
        outside = Outside()
        with Fed(folder, "", AS_OF, outside.address) as stem:
            stem.do("prepare")
            shutil.copytree(stem.data, folder / "prepared")
            _through(stem, waves, lambda *_: None)
        (folder / "told.json").write_text(json.dumps(outside.told), encoding="utf-8")

    folder = made_once(tmp_path_factory, "undisturbed", make)
    kept, told = (
        json.loads((folder / name).read_text(encoding="utf-8"))
        for name in ("kept.json", "told.json")
    )
    return folder / "prepared", kept, told


def _prove(
    waves: list[Wave],
    folder: Path,
    undisturbed: tuple[Path, dict[str, Any], list[str]],
    database: Database,
    kills: int,
) -> None:
    """Kill so often, over as many servers as that takes; each keeps what a quiet one keeps."""
    prepared, expected, told = undisturbed
    chance, killed, run = random.Random(SEED), Counter[str](), 0
    while (left := kills - killed.total()) > 0:
        run += 1
        place, outside = folder / f"run{run}", Outside()
        place.mkdir()
        shutil.copytree(prepared, place / "data")
        with Fed(place, database(f"run{run}"), AS_OF, outside.address) as stem:
            storm = Storm(stem, chance, left, killed)
            kept = _through(stem, waves, storm.over)
            assert kept == expected, f"seed {SEED}, run {run}: {stem.said()}"
        assert max(Counter(outside.told).values()) == 1, outside.told
        assert set(outside.told) <= set(told)
        whole = [path for path in place.iterdir() if path.name.endswith(".tar")]
        for path in whole:
            unpack(path, place / "unpacked" / path.stem)
            assert (place / "unpacked" / path.stem / DUMP).is_file()
        assert {path.name for path in place.glob(".*")} == set()
        shutil.rmtree(place)
    print(f"{killed.total()} kills, seed {SEED}, {run} servers: {dict(sorted(killed.items()))}")


def test_an_undisturbed_server_does_it_all(
    undisturbed: tuple[Path, dict[str, Any], list[str]],
) -> None:
    """What the others are compared with is worth comparing."""
    _, kept, told = undisturbed
    assert kept["damaged"] == kept["audit"] == kept["inbox"] == kept["waiting"] == []
    assert {(way, state) for _, way, state, *_ in kept["deliveries"]} == {
        ("folder", "taken"), ("source", "taken"), ("api", "taken"), ("api", "duplicate"),
    }  # fmt: skip
    assert kept["up_to_date"]
    assert kept["incidents"]
    assert ["statement", ACCOUNT] in [alarm[:2] for alarm in kept["alarms"]]
    assert {cleared for *_, cleared in kept["alarms"]} >= {True}
    assert {kind for kind, _ in kept["notices"]} == {"alarm", "event"}
    assert len(told) == len(set(told)) > 2


def test_killed_on_sqlite(waves: list[Wave], tmp_path: Path, undisturbed: Any) -> None:
    _prove(waves, tmp_path, undisturbed, _sqlite, 3)


@pytest.fixture
def postgresql(postgres: Callable[..., str], tmp_path: Path) -> Database:
    """Makes databases that are prepared as the data folder is."""
    folder = tmp_path / "prepared"
    folder.mkdir()
    with Stem(folder, postgres("prepared"), AS_OF) as stem:
        stem.do("prepare")
    return lambda name: postgres(name, template="prepared")


def test_killed_on_postgresql(
    waves: list[Wave], tmp_path: Path, undisturbed: Any, postgresql: Database
) -> None:
    _prove(waves, tmp_path, undisturbed, postgresql, 2)


@pytest.mark.soak
def test_killed_again_and_again_on_sqlite(
    waves: list[Wave], tmp_path: Path, undisturbed: Any
) -> None:
    _prove(waves, tmp_path, undisturbed, _sqlite, KILLS)


@pytest.mark.soak
def test_killed_again_and_again_on_postgresql(
    waves: list[Wave], tmp_path: Path, undisturbed: Any, postgresql: Database
) -> None:
    _prove(waves, tmp_path, undisturbed, postgresql, KILLS)
