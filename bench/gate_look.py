"""What a look of the gate costs: ``python -m bench.gate_look``.

A fleet of 100,000 terminals over 30 days, all outcomes, in a process of its own: the first
look weighs everything, a further one an hour's news, and looking back at a past moment nothing.
Then many looks at many rollouts of ordinary size. Writes the table of ``docs/gate.md`` with
``--write``.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np

from daozhang.gate import Evidence, Judge, Outcome, Settings
from daozhang.gate.evidence import HARD, OUTCOMES
from daozhang.world.rollouts import Rollout, simulate

PAGE = Path(__file__).parents[1] / "docs" / "gate.md"
BEGIN, END = "<!-- looks: made by bench/gate_look.py -->", "<!-- end of looks -->"
WAVES = (0.1, 0.19, 0.5, 1.0)
DAYS, BEFORE = 30, 14
SETTINGS = Settings()


def fleet(terminals: int) -> Evidence:
    """Return a month's evidence; outcomes that are not simulated befall units by chance."""
    plan = Rollout(terminals=terminals, days=DAYS - BEFORE, waves=WAVES, starts=(0, 3, 6, 9))
    evidence = simulate(11, plan).evidence
    (like,) = (o for o in evidence.outcomes if o.key == "open_batch")
    made = {outcome.key for outcome in evidence.outcomes}
    others = tuple(
        _by_chance(like, key, seed, evidence.until)
        for seed, key in enumerate(sorted(OUTCOMES.keys() - made))
    )
    return replace(evidence, outcomes=evidence.outcomes + others)


def _by_chance(like: Outcome, key: str, seed: int, until: int) -> Outcome:
    rng = np.random.default_rng([seed, 5])
    often = 0.0005 if key in HARD else 0.01
    unit, column = np.nonzero((rng.random(like.risk.shape) < often) & like.risk)
    day = like.first_day + column
    seen = (day + 1) * 86_400 + 7_200
    told = seen <= until
    return replace(like, key=key, harm_unit=unit[told], harm_day=day[told], harm_seen=seen[told])


def known_by(evidence: Evidence, at: int) -> Evidence:
    """Return what could be seen by a moment."""
    outcomes = []
    for o in evidence.outcomes:
        seen = o.harm_seen <= at
        outcomes.append(
            replace(o, harm_unit=o.harm_unit[seen], harm_day=o.harm_day[seen],
                    harm_seen=o.harm_seen[seen])
        )  # fmt: skip
    due = evidence.due_seen <= at
    return replace(
        evidence, outcomes=tuple(outcomes), due_terminal=evidence.due_terminal[due],
        due_day=evidence.due_day[due], due_seen=evidence.due_seen[due], until=at,
    )  # fmt: skip


def _peak_mb() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def measure(terminals: int) -> dict[str, float]:
    """Measure the looks of one fleet, in CPU seconds and megabytes."""
    whole = fleet(terminals)
    last = whole.until - 3_600
    # The last bank file that came is the news of the further look.
    news = max(int(o.harm_seen.max(initial=0)) for o in whole.outcomes if o.key == "credit")
    before = known_by(whole, news - 1)
    found = {"made_mb": _peak_mb()}
    began = time.process_time()
    judge = Judge(before, SETTINGS)
    judge.look(news - 1)
    found["first_s"] = time.process_time() - began
    after = known_by(whole, last)
    began = time.process_time()
    judge = Judge(after, SETTINGS, judge)
    look = judge.look(last)
    found["news_s"] = time.process_time() - began
    began = time.process_time()
    for hours in range(100):
        judge.look(last - 3_600 * hours)
    found["past_s"] = (time.process_time() - began) / 100
    found["peak_mb"] = _peak_mb()
    assert look == Judge(after, SETTINGS).look(last), "going on says what beginning anew says"
    return found


def many(rollouts: int, looks: int) -> float:
    """Return the CPU seconds of so many looks at so many rollouts, spread over their weeks."""
    began = time.process_time()
    sizes = ((500, 500), (300, 0), (300, 600), (1000, 0))
    for seed in range(rollouts):
        terminals, others = sizes[seed % 4]
        plan = Rollout(terminals=terminals, others=others, waves=WAVES, starts=(0, 3, 6, 9))
        evidence = simulate(seed, plan).evidence
        judge = Judge(evidence, SETTINGS)
        for at in np.linspace(evidence.fleet.begun_at, evidence.until, looks).astype(int).tolist():
            judge.look(at)
    return time.process_time() - began


def table(found: dict[str, float], terminals: int, spent: float, rollouts: int) -> str:
    """Return what was measured as a page tells it."""
    rows = [
        f"| {terminals:,} terminals, {DAYS} days, {len(OUTCOMES)} outcomes | CPU seconds |",
        "| --- | ---: |",
        f"| first look: all is weighed | {found['first_s']:.1f} |",
        f"| a further look, a bank's day of news | {found['news_s']:.2f} |",
        f"| a look back at a moment of the past | {found['past_s']:.3f} |",
        "",
        _said(found, spent, rollouts),
    ]
    return "\n".join(rows)


def _said(found: dict[str, float], spent: float, rollouts: int) -> str:
    minutes = spent * 500 / rollouts / 60
    return (
        f"The process took {found['peak_mb']:,.0f} MB at most, {found['made_mb']:,.0f} MB of them "
        f"before the first look. 500 looks at each of {rollouts} rollouts of 300 to 1,000 "
        f"terminals took {spent:,.1f} CPU seconds with their making; so 500 rollouts take "
        f"{minutes:.1f} minutes of one core."
    )


def main() -> None:
    """Measure, print, and write if asked to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--terminals", type=int, default=100_000, help="of the large fleet")
    parser.add_argument("--rollouts", type=int, default=20, help="of ordinary size")
    parser.add_argument("--write", action="store_true", help="write docs/gate.md")
    parser.add_argument("--alone", action="store_true", help="measure in this process, say JSON")
    args = parser.parse_args()
    if args.alone:
        print(json.dumps(measure(args.terminals)))
        return
    words = [sys.executable, "-m", "bench.gate_look", "--alone", "--terminals", str(args.terminals)]
    # One thread: what is told are seconds of one core.
    environment = os.environ | {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    said = subprocess.run(words, check=True, capture_output=True, text=True, env=environment)
    text = table(json.loads(said.stdout), args.terminals, many(args.rollouts, 500), args.rollouts)
    print(text)
    if args.write:
        page = PAGE.read_text(encoding="utf-8")
        head, rest = page.split(BEGIN)
        tail = rest.split(END)[1]
        PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
