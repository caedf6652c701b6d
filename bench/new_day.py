"""A new day in a store of many: what ``ingest`` and ``check`` cost beside a run over everything.

Run ``.venv/bin/python -m bench.new_day [--sales 10] [--days 60] [--write]``. Makes a simulated
estate, cuts its files by the UTC day on which each row was known, gives all days but the last ones
to a store in one go, and then day after day. The last run is over the same store without its
closed books. With ``--write`` the table goes between its markers in ``docs/benchmarks.md``.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

import duckdb

from bench.check import Run, measure, write_page
from daozhang.facts import TABLES

__all__ = ["CLI", "estate_by_day", "files", "main", "table"]

BEGIN, END = "<!-- new day:begin -->", "<!-- new day:end -->"
DAYS_ALONE = 4
CLI = [sys.executable, "-m", "daozhang.cli"]


def by_day(source: Path, folder: Path) -> list[Path]:
    """Cut the Parquet files of an estate by the day on which rows were known; oldest day first."""
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    always = folder / "always"
    always.mkdir(parents=True)
    for path in sorted(source.iterdir()):
        table = TABLES.get(path.name.split(".")[0].split("-")[0])
        if table is None or table.event is None:
            shutil.copy(path, always)
            continue
        read = f"read_parquet('{path}')"
        columns = con.sql(f"SELECT * FROM {read} LIMIT 0").columns
        event = f'"{table.event}"'
        known = f"coalesce(known_at, {event})" if "known_at" in columns else event
        con.execute(
            f"COPY (SELECT *, CAST(CAST({known} AS TIMESTAMPTZ) AS DATE) AS day FROM {read}) "
            f"TO '{folder / path.stem}' (FORMAT parquet, PARTITION_BY (day))"
        )
        for part in sorted((folder / path.stem).glob("day=*/*.parquet")):
            day = folder / part.parent.name.removeprefix("day=")
            day.mkdir(exist_ok=True)
            part.rename(day / f"{path.stem}-{day.name}-{part.stem}.parquet")
        shutil.rmtree(folder / path.stem)
    con.close()
    return sorted(path for path in folder.iterdir() if path.name[:2] == "20")


def estate_by_day(folder: Path, sales: int, days: int) -> tuple[Path, list[Path]]:
    """Make an estate and cut it; return the folder of what belongs to no day, and those of days."""
    made = [*CLI, "world", str(folder / "estate"), "--seed", "7", "--sales", str(sales)]
    made += ["--days", str(days), "--format", "parquet", "--faults", "all"]
    subprocess.run(made, check=True, stdout=subprocess.DEVNULL)
    cut = folder / "cut"
    parts = by_day(folder / "estate" / "in", cut)
    return cut / "always", parts


def files(*folders: Path) -> list[str]:
    """Return the files of folders, as a command takes them."""
    return [str(path) for place in folders for path in sorted(place.iterdir())]


def grown(folder: Path, sales: int, days: int) -> list[tuple[str, Run]]:
    """Make the store, day by day at the end, and return what each process used."""
    store = folder / "store"
    always, parts = estate_by_day(folder, sales, days)
    runs: list[tuple[str, Run]] = []

    def run(what: str, *words: str) -> None:
        runs.append((what, measure(what, [*CLI, *words, "--json"], sales, "store", folder)))

    old, new = parts[:-DAYS_ALONE], parts[-DAYS_ALONE:]
    run("ingest of all earlier days", "ingest", str(store), *files(always, *old))
    run("check, the first", "check", str(store))
    for day in new:
        run("ingest of a new day", "ingest", str(store), *files(day))
        run("check of a new day", "check", str(store))
    shutil.rmtree(store / "closed")
    run("check over everything", "check", str(store))
    return runs


def table(runs: Sequence[tuple[str, Run]]) -> str:
    """Return the runs as a Markdown table, CPU beside that of the run over everything."""
    whole = runs[-1][1].cpu_s
    rows = [
        "| | CPU s | × everything | wall s | most memory MB |",
        "|---|--:|--:|--:|--:|",
        *(
            f"| {what} | {r.cpu_s:.1f} | {r.cpu_s / whole:.3f} | {r.wall_s:.1f} | {r.rss_mb:,.0f} |"
            for what, r in runs
        ),
    ]
    return "\n".join(rows)


def together(runs: Sequence[tuple[str, Run]]) -> str:
    """Return what a new day costs beside everything: ``ingest`` and ``check``, and the latter."""
    spent = [run.cpu_s for _, run in runs]
    days, checks = spent[2:-1], spent[3:-1:2]
    day, check = sum(days) / DAYS_ALONE, sum(checks) / DAYS_ALONE
    everything = spent[0] + sum(days[::2]) + spent[-1]
    return (
        f"A new day, on average: {day:.1f} CPU seconds for `ingest` and `check`, "
        f"{day / everything:.3f} of the {everything:.0f} that everything takes; "
        f"`check` alone {check:.1f}, {check / spent[-1]:.3f} of {spent[-1]:.0f}."
    )


def main(words: Sequence[str] | None = None) -> int:
    """Measure, print the table and write it where asked."""
    parser = argparse.ArgumentParser(prog="python -m bench.new_day", description=__doc__)
    parser.add_argument("--sales", type=float, default=10, help="millions of sales")
    parser.add_argument("--days", type=int, default=60)
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args(words)
    with tempfile.TemporaryDirectory(prefix="new-day-") as place:
        runs = grown(Path(place), round(given.sales * 1e6), given.days)
    made = f"{table(runs)}\n\n{together(runs)}"
    print(made)
    print(json.dumps([[what, round(r.cpu_s, 1)] for what, r in runs]))
    if given.write:
        command = f"bench.new_day --sales {given.sales:g} --days {given.days}"
        write_page(command, made, BEGIN, END)
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
