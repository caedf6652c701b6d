"""Kills real processes that work on a store, and says what the store holds afterwards.

``python -m tests.store.storm STORE FILE…`` dies by SIGKILL before each step of a disk in turn, of
an ingest and a compaction, in a process forked for it. It prints one JSON line a point.
"""

import contextlib
import io
import json
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from daozhang.store.generations import is_store
from daozhang.store.receipts import read_receipts
from daozhang.store.verify import prove
from tests.store.steps import DyingDisk, killed

ROOT = Path(__file__).resolve().parents[2]
TOO_EARLY = (b"has no terms.toml", b"no fact carries a time")
"""What a check says of a store whose first ingest was killed before anything was in it."""

AT_WORK = 0.8
"""So many of the writers are killed once they write."""

QUICKER = 0.6
"""What a guess of how long a command takes is cut to when it was too long."""

COMMAND = (sys.executable, "-m", "daozhang.cli")


def daozhang(*words):
    """Start the command as users do, with each line of its output at once."""
    environment = os.environ | {"PYTHONUNBUFFERED": "1"}
    return subprocess.Popen(
        [*COMMAND, *map(str, words), "--json"], cwd=ROOT, env=environment,
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, start_new_session=True,
    )  # fmt: skip


@dataclass
class Storm:
    """What came of the kills: how many hit a running process, of which kind, and what was wrong."""

    kills: dict[str, int] = field(default_factory=dict)
    survived: int = 0
    found: dict[str, int] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)

    def count(self, kinds, what):
        kinds[what] = kinds.get(what, 0) + 1


def took(*words):
    """Return how long an undisturbed run takes, in seconds."""
    begun = time.monotonic()
    process = daozhang(*words)
    process.communicate()
    assert process.returncode in (0, 1), words
    return time.monotonic() - begun


def storm(store, slices, kills, seed, durations):
    """Ingest, compact and check a store, killed again and again; return what came of it.

    ``durations`` say how long each command takes undisturbed; a kill comes within it. Much of
    that passes while the program loads, so most writers are killed a while after their first write.
    In a quick run they are guesses: who ends before its kill was quicker than that.
    """
    rng = random.Random(seed)
    durations = dict(durations)
    result = Storm()
    known: set[str] = set()
    while sum(result.kills.values()) < kills:
        what = _next(store, result, rng)
        words = {
            "ingest": ("ingest", store, rng.choice(slices)),
            "compact": ("store", "compact", store),
            "check": ("check", store),
        }[what]
        before = _writes(store)
        process = daozhang(*words)
        wait = rng.uniform(0.2, 1.0) * durations[what]
        if what != "check" and rng.random() < AT_WORK:
            while process.poll() is None and _writes(store) == before:
                time.sleep(0.001)
            wait = rng.uniform(0.0, 0.4) * durations[what]
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(wait)
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        said, trouble = process.communicate()
        if process.returncode == -signal.SIGKILL:
            result.count(result.kills, what)
        else:
            result.survived += 1
            durations[what] *= 1 if "DAOZHANG_SOAK" in os.environ else QUICKER
            if process.returncode not in (0, 1) and not any(w in said for w in TOO_EARLY):
                result.wrong.append(f"{what}: {process.returncode} {said!r} {trouble!r}")
        if is_store(store):
            known = _look(store, said if what == "ingest" else b"", known, result)
    return result


def _next(store, result, rng):
    """Return what is to be killed next: what was killed least, where there is work for it."""
    if not is_store(store):
        return "ingest"
    open_to = ["ingest", "check"]
    if any(not path.name.startswith("merged-") for path in (store / "parts").glob("*/*")):
        open_to.append("compact")
    least = min(result.kills.get(what, 0) for what in open_to)
    return rng.choice([what for what in open_to if result.kills.get(what, 0) <= least + 1])


def _writes(store):
    """Return what changes when somebody writes to the store."""
    with contextlib.suppress(FileNotFoundError):
        return (store / "tmp").stat().st_mtime_ns
    return 0


def _look(store, said, known, result):
    """Say what the store holds after a kill; what was told to be added must be in it."""
    proof = prove(store)
    result.wrong += [str(p) for p in proof.problems if p.severity == "error"]
    for problem in proof.problems:
        result.count(result.found, problem.code)
    if any((store / "tmp").iterdir()):
        result.count(result.found, "temporary files")
    files = {r.file for r in read_receipts(store).good.values()}
    lines = [json.loads(line) for line in said.splitlines() if line.endswith(b"}")]
    told = {line["file"] for line in lines if line.get("status") in ("added", "already_there")}
    result.wrong += [f"{name} was added and is lost" for name in (known | told) - files]
    return files


def _in_child(work):
    """Run something in a forked process; return its exit status, or minus the signal."""
    child = os.fork()
    if not child:
        status = 70
        try:
            status = work() or 0
        finally:
            os._exit(status)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def _work(store, files, disk):
    """Ingest and compact as the command line does, on a disk that kills at its step."""
    from daozhang.cli.main import main
    from daozhang.store import parts

    parts.Disk = lambda: disk
    with contextlib.redirect_stdout(io.StringIO()):
        for words in (["ingest", store, *files], ["store", "compact", store]):
            assert main([*map(str, words)]) == 0
    return 0


def every_step(store, files, halves):
    """Die before each step in turn, each time on a copy of the store; yield what came of it."""
    for half in halves:
        for steps in range(1, 1000):
            copy = store.parent / f"{store.name}-{int(half)}-{steps}"
            shutil.copytree(store, copy)
            disk = DyingDisk(steps, half=half, raises=killed)
            status = _in_child(lambda c=copy, d=disk: _work(c, files, d))
            yield {"step": steps, "half": half, "status": status, "store": str(copy)}
            if status != -signal.SIGKILL:
                break


if __name__ == "__main__":
    # What the forked processes need is loaded once; nothing has started a thread yet.
    import pandas as _  # noqa: F401, ICN001 - Arrow looks for it
    import pydantic.main  # noqa: F401 - and the command line for this

    import daozhang.cli.ingest
    import daozhang.cli.main
    import daozhang.cli.store

    halves = (False, True) if "DAOZHANG_SOAK" in os.environ else (False,)
    for point in every_step(Path(sys.argv[1]), [Path(word) for word in sys.argv[2:]], halves):
        sys.stdout.write(json.dumps(point) + "\n")
        sys.stdout.flush()
