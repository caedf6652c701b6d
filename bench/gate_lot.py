"""What holding some terminals back is good for: ``python -m bench.gate_lot``.

Simulated rollouts whose release begins to harm when all but those held back have it. Writes the
tables of ``docs/gate.md`` with ``--write``.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path

import numpy as np

from daozhang.gate import Judge, Settings
from daozhang.world.rollouts import Rollout, simulate

PAGE = Path(__file__).parents[1] / "docs" / "gate.md"
BEGIN, END = "<!-- lots: made by bench/gate_lot.py -->", "<!-- end of lots -->"
DAY = 86_400
WAKES, LAST = 8, 18
FLEETS = ((300, 0.0), (300, 0.1), (300, 0.2), (300, 1 / 3), (1000, 0.0), (1000, 0.1), (1000, 0.2))


def plan(terminals: int, held: float, **more: object) -> Rollout:
    """Return a rollout of which all but those held back are upgraded after six days."""
    if not held:
        return Rollout(terminals, waves=(0.1, 0.19, 0.5, 1.0), starts=(0, 2, 4, 6), **more)  # type: ignore[arg-type]
    return Rollout(
        terminals, waves=(0.1, 0.19, 0.5, 1 - held, 1.0), starts=(0, 2, 4, 6, LAST), held=held,
        **more,  # type: ignore[arg-type]
    )  # fmt: skip


def halts(rollout: Rollout, count: int) -> list[float]:
    """Return on which day of the rollout it is halted, of those that are."""
    found = []
    for seed in range(count):
        evidence = simulate(seed, rollout).evidence
        halted = Judge(evidence, Settings()).halted_at
        if halted is not None:
            found.append((halted - evidence.fleet.begun_at) / DAY)
    return found


def late_harm(count: int) -> list[str]:
    """Return the table of releases that harm from the eighth day on."""
    heads = "| fleet | held back | 30 % late at every leg | 30 % late from the payout on |"
    lines = [heads, "| ---: | ---: | --- | --- |"]
    for terminals, held in FLEETS:
        cells = []
        for kind in ("key", "hold"):
            rollout = plan(terminals, held, harms=0.3, kind=kind, wakes=WAKES)
            days = halts(rollout, count)
            after = f", {np.median(days) - WAKES:.1f} days later" if days else ""
            cells.append(f"{len(days) / count:.0%} halted{after}")
        share = f"{round(held * terminals)}" if held else "nobody"
        lines.append(f"| {terminals:,} | {share} | {cells[0]} | {cells[1]} |")
    return lines


def good(count: int) -> str:
    """Return how many good releases are halted where some terminals are held back."""
    sizes = ((500, 500), (300, 0), (300, 600), (1000, 0))
    halted = 0
    for seed in range(count):
        terminals, others = sizes[seed % 4]
        rollout = plan(terminals, 0.2, others=others, holiday=seed % 2 == 0)
        halted += len(halts_of(seed, rollout))
    return (
        f"Of {count} good releases with a fifth held back, half of them through a holiday, "
        f"{halted or 'none'} {'was' if halted <= 1 else 'were'} halted."
    )


def halts_of(seed: int, rollout: Rollout) -> list[int]:
    """Return the moment at which one rollout is halted, if it is."""
    halted = Judge(simulate(seed, rollout).evidence, Settings()).halted_at
    return [] if halted is None else [halted]


def main() -> None:
    """Run the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--good", type=int, default=500, help="good rollouts")
    parser.add_argument("--bad", type=int, default=40, help="bad rollouts of each kind")
    parser.add_argument("--write", action="store_true", help="write docs/gate.md")
    args = parser.parse_args()
    began = time.process_time()
    lines = [*late_harm(args.bad), "", good(args.good)]
    spent = time.process_time() - began
    text = "\n".join([*lines, "", f"All of it took {spent:,.0f} CPU seconds on one core."])
    print(text)
    if args.write:
        head, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        tail = rest.split(END)[1]
        PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
