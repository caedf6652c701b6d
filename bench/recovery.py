"""How often the recovery test is wrong, and how soon it is right: ``python -m bench.recovery``.

Simulated stores (``daozhang/world/recoveries.py``), twenty upgraded ones an estate beside twenty
others. Writes its tables into ``docs/gate.md`` with ``--write``.
"""

from __future__ import annotations

import argparse
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from daozhang.gate.recovery import Recovery, recovery
from daozhang.gate.recovery_settings import RecoverySettings
from daozhang.world.recoveries import SMALL, UPGRADED_ON, Stores, simulate_stores

PAGE = Path(__file__).parents[1] / "docs" / "gate.md"
BEGIN, END = "<!-- recovery: made by bench/recovery.py -->", "<!-- end of recovery -->"
UPGRADED = 20
SOON, LATE = 9, 36
ROUGH: Mapping[str, Any] = {"rough": 0.25, "shared": 0.15}

AT_A_MARGIN: Mapping[str, tuple[str, Mapping[str, Any]]] = {
    "15 % fewer sales": ("volume", {"volume": lambda *_: 0.85}),
    "15 % more sales": ("volume", {"volume": lambda *_: 1.15}),
    "15 % fewer sales, rough days": ("volume", {"volume": lambda *_: 0.85, **ROUGH}),
    "15 % fewer sales, no other stores": ("volume", {"volume": lambda *_: 0.85, "others": 0}),
    "2 points more fail": ("success", {"failed": lambda *_: 0.02}),
    "2 points more fail, small store": ("success", {"failed": lambda *_: 0.02, "a_day": SMALL}),
    "money half a day later": ("lag", {"lag": lambda *_: 0.5}),
    "0.3 of 5 less satisfied": ("satisfaction", {"ratings": 8.0, "score": lambda *_: -0.3}),
}  # fmt: skip
UNHARMED: Mapping[str, Mapping[str, Any]] = {
    "500 sales a day": {},
    "100 sales a day": {"a_day": SMALL},
    "500, rough days": ROUGH,
    "500, no other stores": {"others": 0},
    "500, holiday week after the upgrade": {"holiday": (2, 10)},
    "500, bank a day slow for five days": {"slow_bank": (2, 7)},
    "500, down by half for four days": {"volume": lambda _s, _m, day: 0.5 if day < 5 else 1.0},
}  # fmt: skip
HARMED: Mapping[str, Mapping[str, Any]] = {
    "face payment gone": {"volume": lambda _s, method, _d: float(method != "face")},
    "face payment gone, 100 a day": {
        "volume": lambda _s, method, _d: float(method != "face"), "a_day": SMALL,
    },
    "30 % fewer sales": {"volume": lambda *_: 0.7},
    "10 points more fail": {"failed": lambda *_: 0.1},
    "money a day later": {"lag": lambda *_: 1.0},
    "back only after two weeks": {"volume": lambda _s, _m, day: min(1.0, 0.4 + 0.04 * day)},
}  # fmt: skip


def judged(seed: int, plan: Mapping[str, Any]) -> tuple[Recovery, Recovery]:
    """Return what is said nine days after the upgrade and five weeks after it."""
    days = simulate_stores(seed, Stores(upgraded=UPGRADED, after=LATE, **plan))
    until = UPGRADED_ON + SOON + 1
    early = replace(
        days,
        told_until=days.first_day + until - 1,
        counts={name: cube[:, :, :until] for name, cube in days.counts.items()},
        special=days.special[:, :until],
    )
    settings = RecoverySettings()
    return recovery(early, "r2", settings), recovery(days, "r2", settings)


def _at_a_margin(runs: int) -> list[str]:
    lines = [
        "| a store at a margin for good | stores | that passes | that fails | the store passes |",
        "| --- | ---: | ---: | ---: | ---: |",
    ]
    for name, (measure, plan) in AT_A_MARGIN.items():
        found: Counter[str] = Counter()
        for seed in range(runs):
            for store in judged(1000 + seed, plan)[1].stores:
                found[f"store {store.verdict}"] += 1
                for cell in store.cells:
                    if (cell.method, cell.measure) == ("*", measure):
                        found[cell.verdict] += cell.reason != "together"
        stores = runs * UPGRADED
        shares = (found[key] for key in ("pass", "fail", "store pass"))
        said = " | ".join(f"{100 * share / stores:.1f}%" for share in shares)
        lines.append(f"| {name} | {stores:,} | {said} |")
    return lines


def _others(runs: int, title: str, plans: Mapping[str, Mapping[str, Any]]) -> list[str]:
    lines = [
        f"| {title} | stores | passed, failed after nine days | passed, failed after five weeks |",
        "| --- | ---: | ---: | ---: |",
    ]
    for name, plan in plans.items():
        found: Counter[tuple[int, str]] = Counter()
        for seed in range(runs):
            for place, one in enumerate(judged(2000 + seed, plan)):
                found.update((place, store.verdict) for store in one.stores)
        stores = runs * UPGRADED
        said = " | ".join(
            ", ".join(
                f"{100 * found[place, verdict] / stores:.1f}%" for verdict in ("pass", "fail")
            )
            for place in (0, 1)
        )
        lines.append(f"| {name} | {stores:,} | {said} |")
    return lines


def main() -> None:
    """Run the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--runs", type=int, default=25, help="estates of each kind")
    parser.add_argument("--write", action="store_true", help="write docs/gate.md")
    args = parser.parse_args()
    began = time.process_time()
    lines = [
        *_at_a_margin(args.runs), "", *_others(args.runs, "an unharmed store", UNHARMED), "",
        *_others(args.runs, "a harmed store", HARMED),
    ]  # fmt: skip
    spent = time.process_time() - began
    lines += ["", f"All of it took {spent:,.0f} CPU seconds on one core."]
    text = "\n".join(lines)
    print(text)
    if args.write:
        page = PAGE.read_text(encoding="utf-8")
        head, rest = page.split(BEGIN)
        tail = rest.split(END)[1]
        PAGE.write_text(f"{head}{BEGIN}\n\n{text}\n\n{END}{tail}", encoding="utf-8")


if __name__ == "__main__":
    main()
