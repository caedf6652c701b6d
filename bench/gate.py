"""How early and how falsely the gate stops, beside other rules: ``python -m bench.gate``.

Closed loop: the next wave of a simulated rollout begins when the rule lets it, and a halted release
is taken back the night after. Writes the tables and the picture of ``docs/gate.md`` with
``--write``.
"""

from __future__ import annotations

import argparse
import math
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import numpy as np

from bench.gate_curve import HARMS, Point, curve
from daozhang.gate import Judge, Settings
from daozhang.gate.evidence import NEVER
from daozhang.world.rollouts import KINDS, Rollout, Simulated, simulate

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "gate-curve.svg"
PAGE = Path(__file__).parents[1] / "docs" / "gate.md"
BEGIN, END = "<!-- rollouts: made by bench/gate.py -->", "<!-- end of rollouts -->"
DAY, HOUR = 86_400, 3_600
WAVES = (0.1, 0.19, 0.5, 1.0)
GAP_DAYS = 3
SETTINGS = Settings()


@dataclass(frozen=True, slots=True)
class Ran:
    """How one rollout went: share upgraded, harm done, halts and passes."""

    halted: bool
    share: float
    harm: float
    waited_days: float | None


Rule = Callable[[Simulated, int, int], tuple[int | None, int | None]]
"""Looks at a rollout's newest wave from a moment to the end: when to halt, when to go on."""


def gate(simulated: Simulated, _begun: int, first: int) -> tuple[int | None, int | None]:
    """Return when the gate halts, and when it first passes the newest wave."""
    judge = Judge(simulated.evidence, SETTINGS)
    halted = judge.halted_at
    for at in range(first, simulated.evidence.until, 2 * HOUR):
        if halted is not None and at >= halted:
            return halted, None
        if judge.look(at).verdict == "PASS":
            return None, at
    return halted, None


def waiting(_simulated: Simulated, begun: int, _first: int) -> tuple[int | None, int | None]:
    """Go on after a fixed time and never stop."""
    return None, begun + GAP_DAYS * DAY


def threshold(simulated: Simulated, begun: int, first: int) -> tuple[int | None, int | None]:
    """Stop when a tenth of the upgraded has been harmed: errors over the size of the group."""
    for at in range(first, begun + GAP_DAYS * DAY, 2 * HOUR):
        harmed, _, upgraded, _ = _harmed(simulated, at)
        if upgraded and harmed / upgraded > 0.1:
            return at, None
    return None, begun + GAP_DAYS * DAY


def ranks(simulated: Simulated, begun: int, first: int) -> tuple[int | None, int | None]:
    """Stop when a Mann-Whitney test at 98 % says worse at any look (two values: with ties)."""
    for at in range(first, begun + GAP_DAYS * DAY, 2 * HOUR):
        harmed, others, upgraded, rest = _harmed(simulated, at)
        if not upgraded or not rest:
            continue
        share = (harmed + others) / (upgraded + rest)
        spread = math.sqrt(max(share * (1 - share), 1e-12) * (1 / upgraded + 1 / rest))
        if (harmed / upgraded - others / rest) / spread > 2.054:
            return at, None
    return None, begun + GAP_DAYS * DAY


RULES: dict[str, Rule] = {
    "the gate": gate, "harmed share above 10 %": threshold, "Mann-Whitney at 98 %": ranks,
    "fixed waiting, 3 days": waiting,
}  # fmt: skip


def _harmed(simulated: Simulated, at: int) -> tuple[int, int, int, int]:
    """Return who was seen harmed in the last two days, among the upgraded and the others."""
    evidence = simulated.evidence
    up = evidence.fleet.exposed_at <= at
    hit = np.zeros(len(up), dtype=np.bool_)
    for outcome in evidence.outcomes[:4]:
        now = (outcome.harm_seen <= at) & (outcome.harm_seen > at - 2 * DAY)
        hit[outcome.terminal[outcome.harm_unit[now]]] = True
    return (
        int(np.count_nonzero(hit & up)), int(np.count_nonzero(hit & ~up)),
        int(np.count_nonzero(up)), int(np.count_nonzero(~up)),
    )  # fmt: skip


@cache
def run(seed: int, plan: Rollout, rule: Rule) -> Ran:
    """Roll out wave by wave as the rule says."""
    starts, first_due, passed = [0], None, None
    while True:
        simulated = simulate(seed, replace(plan, waves=WAVES, starts=tuple(starts)))
        fleet = simulated.evidence.fleet
        zero = fleet.begun_at // DAY
        newest = int(fleet.exposed_at[fleet.wave == len(starts) - 1].max())
        halted, go_on = rule(simulated, newest, newest + HOUR)
        decided = simulated.evidence.decided_at
        if first_due is None and np.count_nonzero(fleet.exposed_at != NEVER) >= 50:
            seen = decided[decided >= newest]
            first_due = int(seen.min()) if len(seen) and int(seen.min()) != NEVER else None
            if go_on is not None and first_due is not None:
                passed = _business_days(simulated, first_due, go_on)
        over = halted is not None or go_on is None or len(starts) == len(WAVES)
        if over:
            upgraded = np.count_nonzero(fleet.exposed_at <= (halted or NEVER - 1))
            return Ran(halted is not None, upgraded / plan.terminals, _harm(simulated, halted),
                       passed)  # fmt: skip
        starts.append(max(starts[-1] + 1, (go_on + DAY - 1) // DAY - zero))
        if starts[-1] >= plan.days:
            starts.pop()
            upgraded = np.count_nonzero(fleet.exposed_at != NEVER)
            return Ran(False, upgraded / plan.terminals, _harm(simulated, None), passed)


def _business_days(simulated: Simulated, since: int, until: int) -> float:
    days = range(since // DAY + 1, until // DAY + 1)
    free = sum(
        bool(simulated.free[d - simulated.first_day])
        for d in days
        if d - simulated.first_day < len(simulated.free)
    )
    return (until - since) / DAY - free


def _harm(simulated: Simulated, halted: int | None) -> float:
    """Return the money that the release made late: until it was taken back, or to the end."""
    struck = simulated.struck
    if halted is not None:
        days = simulated.first_day + np.arange(struck.shape[1])
        struck = struck & (days <= halted // DAY)[None, :]
    return float((struck * simulated.minor[:, None]).sum())


def main() -> None:
    """Run the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--good", type=int, default=500, help="good rollouts")
    parser.add_argument("--bad", type=int, default=40, help="bad rollouts of each kind")
    parser.add_argument("--write", action="store_true", help="write docs/gate.md")
    args = parser.parse_args()
    began = time.process_time()
    lines = [*_good(args.good), "", *_bad(args.bad)]
    picture = curve(_curves(args.bad), args.bad)
    spent = time.process_time() - began
    lines += ["", f"All of it took {spent:,.0f} CPU seconds on one core."]
    text = "\n".join(lines)
    print(text)
    if args.write:
        PICTURE.write_text(picture, encoding="utf-8")
        page = PAGE.read_text(encoding="utf-8")
        head, rest = page.split(BEGIN)
        tail = rest.split(END)[1]
        PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


def _good(count: int) -> list[str]:
    lines = [
        (
            "| good releases | rule | rollouts | halted | whole fleet upgraded in three weeks | "
            "passed within two business days at 50 |"
        ),
        "| --- | --- | ---: | ---: | ---: | ---: |",
    ]
    sizes = ((500, 500), (300, 0), (300, 600), (1000, 0))
    for name, rule in RULES.items():
        rans = []
        for seed in range(count if rule is gate else count // 5):
            terminals, others = sizes[seed % 4]
            plan = Rollout(terminals=terminals, others=others, holiday=seed % 2 == 0)
            rans.append(run(seed, plan, rule))
        halted = sum(ran.halted for ran in rans)
        whole = sum(ran.share > 0.99 for ran in rans) / len(rans)
        judged = [ran.waited_days for ran in rans if ran.waited_days is not None]
        soon = sum(days <= 2 for days in judged) / max(len(judged), 1)
        told = f"{soon:.0%} of {len(judged)}" if rule is gate else "-"
        lines.append(
            f"| 300 to 1,000 terminals | {name} | {len(rans)} | {halted} | {whole:.0%} | {told} |"
        )
    return lines


def _bad(count: int) -> list[str]:
    lines = [
        (
            "| fleet | harmed | kind | rule | halted | upgraded at the end, median | "
            "under 20 % upgraded | money made late, of no gate's |"
        ),
        "| ---: | ---: | --- | --- | ---: | ---: | ---: | ---: |",
    ]
    for terminals, harms in ((300, 0.5), (300, 0.3), (300, 0.1), (1000, 0.1), (1000, 0.05)):
        for kind in KINDS:
            plan = Rollout(terminals=terminals, harms=harms, kind=kind)
            free = [run(seed, plan, waiting) for seed in range(count)]
            for name, rule in RULES.items():
                if rule is waiting or (rule is not gate and kind != "key"):
                    continue
                rans = [run(seed, plan, rule) for seed in range(count)]
                halted = sum(ran.halted for ran in rans) / count
                small = sum(ran.share < 0.2 for ran in rans) / count
                share = float(np.median([ran.share for ran in rans]))
                harm = sum(r.harm for r in rans) / max(sum(r.harm for r in free), 1.0)
                lines.append(
                    f"| {terminals:,} | {harms:.0%} | {kind} | {name} | {halted:.0%} | {share:.0%} "
                    f"| {small:.0%} | {harm:.1%} |"
                )
    return lines


def _curves(count: int) -> dict[tuple[int, str], list[Point]]:
    found: dict[tuple[int, str], list[Point]] = {}
    for terminals in (300, 1000):
        for kind in KINDS:
            found[terminals, kind] = []
            for harms in HARMS:
                plan = Rollout(terminals=terminals, harms=harms, kind=kind)
                rans = [run(seed, plan, gate) for seed in range(count)]
                found[terminals, kind].append(
                    Point(
                        sum(ran.halted for ran in rans) / count,
                        float(np.median([ran.share for ran in rans])),
                    )
                )
    return found


if __name__ == "__main__":
    main()
