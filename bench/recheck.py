"""What the server's next run costs: a new day's files, closed sales from the snapshot before.

Run ``.venv/bin/python -m bench.recheck [--sales 1] [--days 60] [--write]``. Makes a simulated
estate, gives a store all days but the last ones, publishes a snapshot, and for each further day
one that is grown from the last and one of a run over everything. With ``--write`` the table goes
between its markers in ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from bench.check import Run, measure, write_page
from bench.new_day import CLI, estate_by_day, files, table

__all__ = ["main"]

BEGIN, END = "<!-- recheck:begin -->", "<!-- recheck:end -->"
DAYS_ALONE = 3

SNAP = (
    "import sys; from pathlib import Path; from daozhang.app.check import checked; "
    "from daozhang.app.earlier import Earlier; "
    "from daozhang.app.snapshot import earlier_of, publish"
    "\nstore, folder, last = map(Path, sys.argv[1:4])"
    "\nearlier = earlier_of(last) if sys.argv[3] != '-' else Earlier() if sys.argv[4:] else None"
    "\nwith checked(store, whole=True, earlier=earlier) as found: publish(found, folder)"
)
"""Publishes a snapshot of STORE at FOLDER, grown from LAST; ``-``: from nothing."""


def grown(folder: Path, sales: int, days: int) -> list[tuple[str, Run]]:
    """Make the store and its snapshots day by day; return what each process used."""
    store = folder / "store"
    always, parts = estate_by_day(folder, sales, days)
    runs: list[tuple[str, Run]] = []

    def take(*places: Path) -> None:
        command = [*CLI, "ingest", str(store), *files(*places), "--json"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)

    def snap(what: str, name: str, *last: str) -> None:
        command = [sys.executable, "-c", SNAP, str(store), str(folder / name), *last]
        runs.append((what, measure(what, command, sales, "store", folder)))

    take(always, *parts[:-DAYS_ALONE])
    snap("the first, over everything, closing the books", "s0", "-", "closing")
    for number, day in enumerate(parts[-DAYS_ALONE:], start=1):
        take(day)
        snap("a new day, grown", f"s{number}", str(folder / f"s{number - 1}"))
        snap("the same, over everything", "whole", "-")
        shutil.rmtree(folder / "whole")
    return runs


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print the table and write it where asked."""
    parser = argparse.ArgumentParser(prog="python -m bench.recheck", description=__doc__)
    parser.add_argument("--sales", type=float, default=1, help="millions of sales")
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="recheck-") as place:
        made = table(grown(Path(place), round(given.sales * 1e6), given.days))
    print(made)
    if given.write:
        command = f"bench.recheck --sales {given.sales:g} --days {given.days}"
        write_page(command, made, BEGIN, END)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
