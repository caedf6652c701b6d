"""``python -m bench.matching``: how well and how fast credits without ids find their money.

Two tasks, each with known truth: payouts of many sales that come as one credit, split or carried
over to the next; and settlement lines that have lost their sale's reference. Other tools do the
same in the same run where ``--rivals`` names the Python of a venv that has them. With ``--write``
the tables replace those in ``docs/matching.md``, and the figures go beside it as JSON.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.matching_lost import lost_lines
from bench.matching_made import Made, Mode, make, score
from daozhang.journey.arrivals import match

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "matching.md"
DATA = ROOT / "docs" / "matching.json"
RIVALS = ("settleflow", "reconcile-mcp", "datacompy", "splink")
WAIT_S = 60
HEAD = (
    "| known | sales a payout | | credits | precision | one answer | found of them | "
    "several answers | refused of them | beyond | s | MB |"
)
LOST_HEAD = (
    "| lines | reference | one answer | found of them | precision | refused of the others | "
    "s | MB |"
)

Row = dict[str, Any]


def ours(made: Made) -> tuple[dict[str, frozenset[str]], float]:
    """Return by credit the lines it is said to bring, and the seconds that matching took."""
    lines = {c.chain_id: {i.line_id for i in made.lines[c.chain_id]} for c in made.chains}
    began = time.perf_counter()
    desk = match(made.chains, made.credits, None, made.lines_of)
    seconds = time.perf_counter() - began
    home = {line: name for name, members in lines.items() for line in members}
    for (_, line), chain in desk.moved.items():
        lines[home[line]].discard(line)
        home[line] = chain.chain_id
        lines.setdefault(chain.chain_id, set()).add(line)
    return {
        c.credit_id: frozenset(line for x in c.chains for line in lines[x.chain_id])
        for c in made.credits
        if c.chains
    }, seconds


def task(mode: Mode, sales: int, days: int, moved: float, python: Path | None) -> Iterable[Row]:
    """Yield one row for us and one for each other tool."""

    def fresh() -> Made:
        return make(11, mode, sales=sales, days=days, odd=0.0 if moved else 0.05, moved=moved)

    made = fresh()
    what = {"known": mode, "sales": sales, "payouts": days, "moved": moved}
    said, seconds = ours(made)
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    yield {**what, "tool": "daozhang", **_told(made, said), "seconds": round(seconds, 2),
           "mb": memory}  # fmt: skip
    for tool in RIVALS if python and mode == "payouts" else ():
        yield {**what, "tool": tool, **_rival(fresh(), tool, python)}


def _told(made: Made, said: dict[str, frozenset[str]]) -> Row:
    told = score(made, said)
    return {
        "credits": told.credits, "right": told.right, "wrong": told.wrong,
        "precision": told.precision, "one_answer": told.one_answer, "recall": told.recall,
        "beyond": told.beyond, "several": told.several, "refused": told.refused_of_several,
    }  # fmt: skip


def _rival(made: Made, tool: str, python: Path | None) -> Row:
    given = {
        "payouts": [[c.chain_id, c.account_id, str(c.day), c.net_minor] for c in made.chains],
        "credits": [[c.credit_id, c.account_id, str(c.day), c.amount_minor] for c in made.credits],
    }
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder) / "in.json", Path(folder) / "out.json"
        source.write_text(json.dumps(given), encoding="utf-8")
        script = Path(__file__).with_name("matching_rivals.py")
        call = [str(python), str(script), tool, str(source), str(target)]
        try:
            subprocess.run(call, check=True, timeout=WAIT_S, capture_output=True)
        except subprocess.TimeoutExpired:
            return {"failed": f"not done in {WAIT_S} s"}
        except subprocess.CalledProcessError as error:
            return {"failed": error.stderr.decode(errors="replace").strip().splitlines()[-1]}
        answer = json.loads(target.read_text(encoding="utf-8"))
    lines = {name: frozenset(i.line_id for i in items) for name, items in made.lines.items()}
    said = {
        credit: frozenset().union(*(lines[name] for name in names))
        for credit, names in answer["brought"].items()
        if names
    }
    return {**_told(made, said), "seconds": answer["seconds"], "mb": answer["mb"],
            "version": answer["version"]}  # fmt: skip


def tables(rows: list[Row], lost: list[Row], command: str) -> str:
    """Return the results as they stand in the documentation."""
    text = [f"Command: `{command}`", "", HEAD, "|---|--:|---|" + "--:|" * 9]
    for row in rows:
        known = row["known"] + (", refunds a day late" if row["moved"] else "")
        tool = row["tool"] + (f" {row['version']}" if "version" in row else "")
        head = f"| {known} | {row['sales']:,} | {tool} |"
        if "failed" in row:
            text.append(f"{head} {row['failed']} | | | | | | | | |")
        else:
            text.append(
                f"{head} {row['credits']:,} | {row['precision']:.2%} | {row['one_answer']:,} | "
                f"{row['recall']:.2%} | {row['several']:,} | {row['refused']:,} | "
                f"{row['beyond']:,} | "
                f"{row['seconds']:,} | {row['mb']:,} |"
            )
    text += ["", LOST_HEAD, "|--:|---|--:|--:|--:|--:|--:|--:|"]
    text += [
        f"| {r['lines']:,} | {r['reference']} | {r['one_answer']:,} | {r['recall']:.2%} | "
        f"{r['precision']:.3%} | {r['refused']:.2%} | {r['seconds']:,} | {r['mb']:,} |"
        for r in lost
    ]
    return "\n".join(text)


def main(argv: list[str] | None = None) -> int:
    """Run both tasks, print the tables, write them if asked to."""
    parser = argparse.ArgumentParser(prog="python -m bench.matching", description=__doc__)
    parser.add_argument("--rivals", type=Path, help="the Python of a venv with the other tools")
    parser.add_argument("--days", type=int, default=1_200, help="payouts of 20 and of 200 sales")
    parser.add_argument("--lines", type=int, default=1_000_000, help="lines of the second task")
    parser.add_argument("--write", action="store_true", help="write docs/matching.md and .json")
    given = parser.parse_args(argv)
    rows: list[Row] = []
    sizes = ((20, given.days), (200, given.days), (2_000, given.days // 6))
    modes: tuple[tuple[Mode, float], ...] = (
        ("payouts", 0.0), ("lines", 0.0), ("lines", 0.05), ("sales", 0.0), ("sales", 0.05),
    )  # fmt: skip
    for mode, moved in modes:
        for sales, days in sizes:
            for row in task(mode, sales, days, moved, given.rivals):
                print(row, file=sys.stderr)
                rows.append(row)
    lost = list(lost_lines(given.lines))
    command = f".venv/bin/python -m bench.matching --days {given.days} --lines {given.lines}"
    text = tables(rows, lost, command + (" --rivals PYTHON" if given.rivals else ""))
    print(text)
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        begin, end = "<!-- matching:begin -->", "<!-- matching:end -->"
        head, rest = page.split(begin)
        PAGE.write_text(f"{head}{begin}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")
        DATA.write_text(json.dumps({"payouts": rows, "lines": lost}, indent=1) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
