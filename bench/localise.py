"""``python -m bench.localise``: how well and how fast planted causes are found.

Families of cases as published for this task (:mod:`bench._localise_made`), each with its planted
causes; published ways to do it, written anew (:mod:`bench._localise_rivals`), answer the same cases
in the same run. With ``--write`` the table replaces that in ``docs/localise.md``.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench._localise_made import FAMILIES, Case, Truth, make
from bench._localise_more import MORE
from bench._localise_rivals import RIVALS
from bench._localise_spot import SPOT
from daozhang.cause import localise

PAGE = Path(__file__).resolve().parent.parent / "docs" / "localise.md"
HEAD = (
    "| family | | cases | F1 | precision | recall | wholly right | median CPU s | longest CPU s |\n"
    "|---|---|--:|--:|--:|--:|--:|--:|--:|"
)

Row = dict[str, Any]


def ours(case: Case) -> Truth:
    """Localise a case, and return the causes as sets."""
    said = localise(case.table, case.dimensions, **case.columns)
    return {frozenset(cause.items()) for cause in said}


TOOLS: dict[str, Callable[[Case], Truth]] = {"daozhang": ours, **RIVALS, **MORE, **SPOT}


def score(said: Truth, truth: Truth) -> tuple[int, int, int]:
    """Return how many elements are right, wrong and missed; near is not right."""
    right = len(said & truth)
    return right, len(said) - right, len(truth) - right


def share(part: int, whole: int) -> float:
    """Return a share; of nothing, all is right."""
    return part / whole if whole else 1.0


def measure(family: str, cases: int, tools: list[str]) -> list[Row]:
    """Let the tools answer the cases of one family."""
    told = {tool: [0, 0, 0] for tool in tools}
    whole = dict.fromkeys(tools, 0)
    seconds: dict[str, list[float]] = {tool: [] for tool in tools}
    for number in range(cases):
        case = make(family, number)
        for tool in tools:
            began = time.process_time()
            said = TOOLS[tool](case)
            seconds[tool].append(time.process_time() - began)
            told[tool] = [sum(p) for p in zip(told[tool], score(said, case.truth), strict=True)]
            whole[tool] += said == case.truth
    rows = []
    for tool in tools:
        right, wrong, missed = told[tool]
        rows.append({
            "family": family, "tool": tool, "cases": cases,
            "f1": share(2 * right, 2 * right + wrong + missed),
            "precision": share(right, right + wrong), "recall": share(right, right + missed),
            "whole": whole[tool] / cases, "median": statistics.median(seconds[tool]),
            "longest": max(seconds[tool]),
        })  # fmt: skip
    return rows


def table(rows: list[Row], command: str) -> str:
    """Return the results as they stand in the documentation."""
    text = [f"Command: `{command}`", "", HEAD]
    text += [
        f"| {r['family']} | {r['tool']} | {r['cases']:,} | {r['f1']:.3f} | {r['precision']:.3f} | "
        f"{r['recall']:.3f} | {r['whole']:.0%} | {r['median']:.3f} | {r['longest']:.3f} |"
        for r in rows
    ]
    return "\n".join(text)


def main(argv: list[str] | None = None) -> int:
    """Run the families, print the table, write it if asked to."""
    parser = argparse.ArgumentParser(prog="python -m bench.localise", description=__doc__)
    parser.add_argument("--cases", type=int, default=100, help="cases of each family")
    parser.add_argument("--families", default=",".join(FAMILIES), help="which, with commas")
    parser.add_argument("--alone", action="store_true", help="leave the others out")
    parser.add_argument("--write", action="store_true", help="write docs/localise.md")
    given = parser.parse_args(argv)
    tools = ["daozhang"] if given.alone else list(TOOLS)
    rows: list[Row] = []
    for family in given.families.split(","):
        for row in measure(family, given.cases, tools):
            print(row, file=sys.stderr)
            rows.append(row)
    command = f".venv/bin/python -m bench.localise --cases {given.cases}"
    text = table(rows, command + (" --alone" if given.alone else ""))
    print(text)
    if given.write:
        page = PAGE.read_text(encoding="utf-8")
        begin, end = "<!-- localise:begin -->", "<!-- localise:end -->"
        head, rest = page.split(begin)
        PAGE.write_text(f"{head}{begin}\n{text}\n{end}{rest.split(end)[1]}", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
