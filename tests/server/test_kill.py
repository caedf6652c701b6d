"""A reconciler killed at any moment loses nothing, does nothing twice, and tells the same."""

from __future__ import annotations

import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any

import pytest

AS_OF = "2026-04-21T18:00:00+08:00"
KEPT = Path(__file__).with_name("kept.py")
SEED = int(os.environ.get("DAOZHANG_KILL_SEED", "1"))
KILLS = int(os.environ.get("DAOZHANG_KILLS", "100"))
START_SECONDS = 1.2
"""Before this a process has only imported; most kills come later."""

Environment = dict[str, str]


@pytest.fixture(scope="module")
def waves(tmp_path_factory: pytest.TempPathFactory) -> list[list[Path]]:
    """The files of a small estate in the order in which they come: what banks send comes later."""
    from daozhang.world import build

    folder = tmp_path_factory.mktemp("estate")
    build(
        folder, seed=5, faults=("F6",), traps=(), regions=("CN",), sales=500, days=12,
        start=date(2026, 4, 13), format="csv",
    )  # fmt: skip
    paths = sorted(path for path in (folder / "in").iterdir() if path.is_file())
    late = [path for path in paths if path.name.startswith(("credits", "coverage", "payouts"))]
    assert late
    return [[path for path in paths if path not in late], late]


def _environment(database: str) -> Environment:
    own = {"DAOZHANG_AS_OF": AS_OF, "DAOZHANG_DATABASE_URL": database}
    cleared = {k: v for k, v in os.environ.items() if not k.startswith(("DAOZHANG_", "DJANGO_"))}
    return {**cleared, **own}


def _command(env: Environment, *words: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "daozhang.cli", *words]
    return subprocess.Popen(command, env=env, stderr=subprocess.PIPE)


def _done(env: Environment, *words: str) -> None:
    process = _command(env, *words)
    _, said = process.communicate(timeout=300)
    assert process.returncode == 0, said.decode()


def _arrive(wave: list[Path], data: Path) -> None:
    inbox = data / "inbox"
    inbox.mkdir(parents=True, exist_ok=True)
    for path in wave:
        shutil.copy(path, inbox / path.name)
        os.utime(inbox / path.name, (1, 1))


def _kept(data: Path, env: Environment) -> dict[str, Any]:
    command = [sys.executable, str(KEPT), str(data)]
    done = subprocess.run(command, check=False, env=env, capture_output=True, timeout=300)
    assert done.returncode == 0, done.stderr.decode()
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def _undisturbed(waves: list[list[Path]], data: Path, env: Environment) -> tuple[Any, float]:
    """Return what is kept when nobody kills, and how long a wave's work takes."""
    longest = 0.0
    for wave in waves:
        _arrive(wave, data)
        begun = time.monotonic()
        _done(env, "reconcile", "--data", str(data), "--once")
        longest = max(longest, time.monotonic() - begun)
    return _kept(data, env), longest


def _count(folder: Path, pattern: str) -> int:
    return len(list(folder.glob(pattern)))


STAGES: dict[str, tuple[Callable[[Path], int], float]] = {
    "collecting": (lambda data: -_count(data / "inbox", "*"), 0.3),
    "taking": (lambda data: _count(data / "store" / "files", "*"), 0.8),
    "tracking": (lambda data: _count(data / "snapshots", "*.partial"), 2.0),
}
"""What grows when a stage has begun, and how long it may go on."""


def _killed(data: Path, env: Environment, chance: random.Random, longest: float) -> str:
    """Kill a worker at any time, or shortly after some stage has begun; return when."""
    stage = chance.choice(("any", *STAGES))
    process = _command(env, "reconcile", "--data", str(data))
    if stage == "any":
        seconds = round(chance.uniform(START_SECONDS, longest), 2)
    else:
        grows, most = STAGES[stage]
        before, ends = grows(data), time.monotonic() + longest
        while grows(data) <= before and time.monotonic() < ends:
            time.sleep(0.005)
        seconds = round(chance.uniform(0, most), 3)
    time.sleep(seconds)
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    return f"{stage}+{seconds}"


def _prove(
    waves: list[list[Path]],
    folder: Path,
    database: Callable[[str], str],
    kills: int,
) -> None:
    """Kill so often, over as many runs as that takes, and compare each with a quiet run."""
    quiet = folder / "quiet"
    expected, longest = _undisturbed(waves, quiet, _environment(database("quiet")))
    assert expected["damaged"] == []
    assert expected["audit"] == []
    assert expected["inbox"] == expected["waiting"] == []
    assert {state for _, state, *_ in expected["deliveries"]} == {"taken"}
    assert expected["up_to_date"]
    assert expected["incidents"]
    chance = random.Random(SEED)
    run, left = 0, kills
    while left > 0:
        run += 1
        data, env = folder / f"run{run}", _environment(database(f"run{run}"))
        data.mkdir()
        moments = []
        for wave in waves:
            _arrive(wave, data)
            if wave is waves[0]:  # The shape of the database is made by whoever serves.
                _done(env, "audit", "verify", "--data", str(data))
            for _ in range(chance.randint(1, 4)):
                moments.append(_killed(data, env, chance, longest))
                left -= 1
            _done(env, "reconcile", "--data", str(data), "--once")
        assert _kept(data, env) == expected, f"seed {SEED}, run {run}, killed after {moments}"
        shutil.rmtree(data)


def _sqlite(_: str) -> str:
    return ""


def test_killed_on_sqlite(waves: list[list[Path]], tmp_path: Path) -> None:
    _prove(waves, tmp_path, _sqlite, 2)


def test_killed_on_postgresql(
    waves: list[list[Path]], tmp_path: Path, postgres: Callable[[str], str]
) -> None:
    _prove(waves, tmp_path, postgres, 2)


@pytest.mark.soak
def test_killed_again_and_again_on_sqlite(waves: list[list[Path]], tmp_path: Path) -> None:
    _prove(waves, tmp_path, _sqlite, KILLS)


@pytest.mark.soak
def test_killed_again_and_again_on_postgresql(
    waves: list[list[Path]], tmp_path: Path, postgres: Callable[[str], str]
) -> None:
    _prove(waves, tmp_path, postgres, KILLS)
