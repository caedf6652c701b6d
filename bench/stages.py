"""Where the CPU time of ``check`` goes, by stage, beside plain SQL on the same files in one run.

Run ``.venv/bin/python -m bench.stages [--sales 1] [--write]``. Stages that plain SQL has too are
counted by themselves: what is asked of a sale's money is the same, and so is what is written of it.
Plain SQL runs twice: with the memory that DuckDB takes by itself, and with as much as ``check``
lets it have. With ``--write`` the tables go between their markers in ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from bench.check import ROOT, Run, measure, world, write_page
from daozhang.engine.duck import MEMORY_LIMIT_MB

__all__ = ["main"]

BEGIN, END = "<!-- stages:begin -->", "<!-- stages:end -->"

STAGES: Final = {
    "start": ("imports", False),
    "intake": ("every cell of every file is read and held against the rules of a fact", True),
    "facts": ("repeats found and settled, rows learned later put aside", True),
    "promises": ("account, terms, cut-off and due instant of every sale", True),
    "settlement": ("every line to its sale and to the payout that carried it", True),
    "credits": ("payouts matched with credits, in Python: there are few of both", True),
    "journeys": ("the standing of every sale; legs of the late ones", True),
    "causes": ("why sales are late, and what is wrong with providers", False),
    "identities": ("every sum twice, each from its own table; what the faces show", False),
    "journeys.parquet": ("35 columns of every sale", True),
    "lists": ("the other answers: lists of late and unknown sales, tables of the report", False),
}
"""What each stage does, and whether the plain script does it too."""


def run_stages(facts: Path, out: Path) -> dict[str, float]:
    """Run ``check FACTS --out OUT`` in this process; return the CPU seconds of each stage."""
    spent: dict[str, float] = dict.fromkeys(STAGES, 0.0)
    at, last = "start", 0.0

    def turn(stage: str) -> None:
        nonlocal at, last
        now = sum(os.times()[:2])
        spent[at] += now - last
        at, last = stage, now

    from daozhang.app.answers import write_answers
    from daozhang.app.check import checked
    from daozhang.app.exports import whole_lists, write_tables
    from daozhang.cli.check import view_of

    turn("intake")
    with checked(facts, on_stage=turn) as found:
        turn("journeys.parquet")
        write_answers(found, out)
        turn("lists")
        write_tables(out, view_of(found, "en"), whole_lists(found.engine))
    turn("start")
    return spent


def table(spent: dict[str, float], plain: Run, narrow: Run) -> str:
    """Return the stages as a Markdown table, with what both do beside plain SQL.

    Args:
        spent: CPU seconds of each stage.
        plain: the plain script with most of the machine's memory.
        narrow: the same with as much as ``check`` has.
    """
    every = sum(spent.values())
    both = sum(seconds for stage, seconds in spent.items() if STAGES[stage][1])
    rows = ["| stage | CPU s | in plain SQL too | what it does |", "|---|--:|---|---|"]
    rows += [
        f"| {stage} | {spent[stage]:.1f} | {'yes' if shared else ''} | {what} |"
        for stage, (what, shared) in STAGES.items()
    ]
    rows += [
        f"| all | {every:.1f} | | |",
        f"| what both do | {both:.1f} | | |",
        "",
        "| plain SQL | CPU s | most memory MB | what both do, × plain SQL | all, × plain SQL |",
        "|---|--:|--:|--:|--:|",
        *(
            f"| {held} | {run.cpu_s:.1f} | {run.rss_mb:,.0f} "
            f"| {both / run.cpu_s:.2f} | {every / run.cpu_s:.2f} |"
            for held, run in (
                (f"may hold {MEMORY_LIMIT_MB:,} MB, as `check`", narrow),
                ("may hold four fifths of the machine", plain),
            )
        ),
    ]
    return "\n".join(rows)


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print the table and write it where asked."""
    parser = argparse.ArgumentParser(prog="python -m bench.stages", description=__doc__)
    parser.add_argument("--sales", type=float, default=1, help="millions of sales")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()) / "bench-worlds")
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--one", nargs=2, type=Path, help=argparse.SUPPRESS)
    given = parser.parse_args(words)
    if given.one:
        sys.stdout.write(json.dumps(run_stages(*given.one)))
        return 0
    folder = given.folder
    folder.mkdir(parents=True, exist_ok=True)
    sales = round(given.sales * 1e6)
    facts = world(folder, sales, "parquet")
    with tempfile.TemporaryDirectory(prefix="stages-") as place:
        command = [sys.executable, "-m", "bench.plain_sql", str(facts), f"{place}/plain"]
        plain = measure("plain SQL", command, sales, "parquet", folder)
        command.append(str(MEMORY_LIMIT_MB))
        narrow = measure("as little memory", command, sales, "parquet", folder)
        said = subprocess.run(
            [sys.executable, "-m", "bench.stages", "--one", str(facts), f"{place}/out"],
            check=True, cwd=ROOT, stdout=subprocess.PIPE, text=True,
        ).stdout  # fmt: skip
    made = table(json.loads(said), plain, narrow)
    print(made)
    if given.write:
        write_page(f"bench.stages --sales {given.sales:g}", made, BEGIN, END)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
