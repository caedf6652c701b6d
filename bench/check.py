"""``check`` beside plain SQL and pandas: CPU seconds, wall clock and memory, in one run.

Run ``.venv/bin/python -m bench [--sizes 1,10] [--quick]``. Makes simulated estates (kept in a
temporary folder between runs), runs every contestant as a fresh process on the same files, one
after the other, and writes the table between the markers of ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

__all__ = ["main"]

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "benchmarks.md"
BEGIN, END = "<!-- bench:begin -->", "<!-- bench:end -->"
SEED = 7
PANDAS_MB_A_MILLION = 4_000
"""Memory that pandas needs for a million sales, roughly: beyond what is free it is not run."""

MAKE = (
    "import sys; from pathlib import Path; from daozhang.world import FAULTS, build; "
    "build(Path(sys.argv[1]), seed=int(sys.argv[2]), faults=tuple(FAULTS), "
    "sales=int(sys.argv[3]), format=sys.argv[4])"
)


@dataclass(frozen=True, slots=True)
class Run:
    """What one process used, as a whole.

    Attributes:
        contestant: who ran.
        sales: how many sales.
        form: ``csv`` or ``parquet``.
        cpu_s: user and system seconds.
        wall_s: elapsed seconds.
        rss_mb: greatest memory.
    """

    contestant: str
    sales: int
    form: str
    cpu_s: float
    wall_s: float
    rss_mb: float


def contestants(facts: Path, out: Path) -> dict[str, list[str]]:
    """Return the command of each contestant."""
    return {
        "plain SQL": [sys.executable, "-m", "bench.plain_sql", str(facts), str(out)],
        "daozhang check": [
            sys.executable, "-m", "daozhang.cli", "check", str(facts), "--out", str(out),
        ],
        "pandas": [sys.executable, "-m", "bench.with_pandas", str(facts), str(out)],
    }  # fmt: skip


def world(folder: Path, sales: int, form: str) -> Path:
    """Return the facts of a simulated estate with every fault, made if need be."""
    estate = folder / f"{sales}-{form}-{SEED}"
    done = estate / "done"
    if not done.exists():
        command = [sys.executable, "-c", MAKE, str(estate), str(SEED), str(sales), form]
        subprocess.run(command, check=True, cwd=ROOT, env=_environment(folder))
        done.touch()
    return estate / "in"


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment of a process: byte code is kept, as in any installed program."""
    kept = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    return kept | {"PYTHONPYCACHEPREFIX": str(folder / "bytecode"), "PYTHONPATH": str(ROOT)}


def measure(contestant: str, command: Sequence[str], sales: int, form: str, folder: Path) -> Run:
    """Run a process and return what it used.

    Raises:
        RuntimeError: it failed; exit status 1 of ``check`` says that money is overdue.
    """
    # A process of its own waits for it: only so is the greatest memory that of this one child.
    watcher = (
        "import resource, subprocess, sys, time; t = time.perf_counter(); "
        "p = subprocess.run(sys.argv[1:], stdout=subprocess.DEVNULL); "
        "w = time.perf_counter() - t; u = resource.getrusage(resource.RUSAGE_CHILDREN); "
        "print(p.returncode, u.ru_utime + u.ru_stime, w, u.ru_maxrss / 1024)"
    )
    said = subprocess.run(
        [sys.executable, "-S", "-c", watcher, *command],
        check=True, cwd=ROOT, env=_environment(folder), stdout=subprocess.PIPE, text=True,
    ).stdout.split()  # fmt: skip
    if int(said[0]) not in (0, 1):
        raise RuntimeError(f"{contestant} on {sales} sales ({form}) ended with status {said[0]}")
    cpu_s, wall_s, rss_mb = (float(number) for number in said[1:])
    run = Run(contestant, sales, form, cpu_s, wall_s, rss_mb)
    sys.stderr.write(f"{contestant:15} {sales:>11,} {form:7} {cpu_s:7.1f} s CPU "
                     f"{wall_s:7.1f} s wall {rss_mb:7.0f} MB\n")  # fmt: skip
    return run


def free_mb() -> int:
    """Return how much memory is free, in megabytes."""
    return os.sysconf("SC_AVPHYS_PAGES") * resource.getpagesize() // 2**20


def compare(folder: Path, cases: Sequence[tuple[int, str]]) -> list[Run]:
    """Run every contestant on every case; first a small case that nobody counts."""
    small = world(folder, 20_000, "parquet")
    for name, command in contestants(small, folder / "warm").items():
        measure(f"({name})", command, 20_000, "parquet", folder)
    runs = []
    for sales, form in cases:
        facts = world(folder, sales, form)
        for name, command in contestants(facts, folder / "out").items():
            if name == "pandas" and sales / 1e6 * PANDAS_MB_A_MILLION > free_mb():
                sys.stderr.write(f"pandas {sales:,}: not run, {free_mb()} MB free\n")
                continue
            runs.append(measure(name, command, sales, form, folder))
    return runs


def table(runs: Sequence[Run]) -> str:
    """Return the runs as a Markdown table, CPU beside that of plain SQL on the same files."""
    plain = {(r.sales, r.form): r.cpu_s for r in runs if r.contestant == "plain SQL"}
    rows = [
        "| sales | files | | CPU s | × plain SQL | wall s | most memory MB | sales a CPU second |",
        "|--:|---|---|--:|--:|--:|--:|--:|",
    ]
    rows += [
        f"| {r.sales:,} | {r.form} | {r.contestant} | {r.cpu_s:.1f} | "
        f"{r.cpu_s / plain[r.sales, r.form]:.2f} | {r.wall_s:.1f} | {r.rss_mb:,.0f} | "
        f"{round(r.sales / r.cpu_s, -3):,.0f} |"
        for r in runs
    ]
    return "\n".join(rows)


def facts_of_machine() -> str:
    """Return what the measurements were made on."""
    import duckdb

    memory = os.sysconf("SC_PHYS_PAGES") * resource.getpagesize() / 2**30
    return (
        f"Machine: {os.cpu_count()} cores ({platform.machine()}), {memory:.0f} GB of memory, "
        f"shared with other work. Python {platform.python_version()}, DuckDB {duckdb.__version__}."
    )


def write_page(command: str, made: str, begin: str = BEGIN, end: str = END) -> None:
    """Put a table between its markers in ``docs/benchmarks.md``, with the command that made it."""
    before, rest = PAGE.read_text(encoding="utf-8").split(begin, 1)
    text = f"{facts_of_machine()}\nCommand: `.venv/bin/python -m {command}`\n\n{made}"
    PAGE.write_text(f"{before}{begin}\n{text}\n{end}{rest.split(end, 1)[1]}", encoding="utf-8")


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print the table and write it into the page."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--sizes", default="1,10", help="millions of sales, by commas")
    parser.add_argument("--quick", action="store_true", help="100,000 sales; nothing is written")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bench-worlds")
    given = parser.parse_args(words)
    given.folder.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    if given.quick:
        cases = [(100_000, "csv"), (100_000, "parquet")]
    else:
        sizes = [round(float(size) * 1e6) for size in given.sizes.split(",")]
        cases = [
            (s, form) for s in sizes for form in ("csv", "parquet") if form == "parquet" or s <= 1e6
        ]
    made = table(compare(given.folder, cases))
    print(made)
    print(f"{time.perf_counter() - started:.0f} s in all")
    if not given.quick:
        write_page(f"bench --sizes {given.sizes}", made)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
