"""Whether the causes are right: many simulated worlds, what was so beside what was said.

Run ``.venv/bin/python -m bench.causes [--worlds 200] [--sales 20000] [--write]``. Every fault that
makes money late stands alone and in pairs, all stand together, the traps are set, and in some
worlds what is late has nothing to do with the upgrade. Beside it stand two rules that need no
evidence. With ``--write`` the tables go to ``docs/causes.md``.
"""

from __future__ import annotations

import argparse
import itertools
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import duckdb

from bench.check import facts_of_machine
from daozhang.app.check import checked
from daozhang.world import FAULTS, TRAPS, build

__all__ = ["World", "main", "scored", "tables", "worlds"]

PAGE = Path(__file__).parent.parent / "docs" / "causes.md"
BEGIN, END = "<!-- causes:begin -->", "<!-- causes:end -->"
FIRST_SEED = 3000
HARMLESS_EVERY = 20
"""One world in so many has an upgrade that does nothing, beside faults that need none."""

HARMLESS = ("F10", "F11", "F13", "F16", "F17", "F19")


@dataclass(frozen=True, slots=True)
class World:
    """One world to make: its seed, faults and traps."""

    seed: int
    faults: tuple[str, ...]
    traps: tuple[str, ...] = ()


Key = tuple[str, str, str, str, str, bool]
Counts = Counter[Key]
"""(true mechanism, true cause, said mechanism, said cause, kind of world, upgraded before) →
money."""


def worlds(count: int) -> list[World]:
    """Return so many worlds: traps and all faults together first, then alone, then pairs."""
    late = [code for code, fault in FAULTS.items() if fault.leg]
    mixes: list[tuple[tuple[str, ...], tuple[str, ...]]] = [((), (trap,)) for trap in TRAPS]
    mixes += [(tuple(late), ()), (tuple(FAULTS), ())]
    mixes += [((code,), ()) for code in late]
    mixes += [(pair, ()) for pair in itertools.combinations(late, 2)]
    chosen = [
        (HARMLESS, ()) if place % HARMLESS_EVERY == 0 else mixes[place % len(mixes)]
        for place in range(count)
    ]
    return [World(FIRST_SEED + place, *mix) for place, mix in enumerate(chosen)]


def scored(world: World, sales: int) -> Counts:
    """Make a world, check it, and add up money by what was so and what was said."""
    kind = {0: "trap", 1: "alone", 2: "pair"}.get(len(world.faults), "all")
    if world.faults == HARMLESS:
        kind = "harmless"
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        build(folder, seed=world.seed, faults=world.faults, traps=world.traps, sales=sales)
        with checked(folder / "in") as found:
            said = found.engine.fetch(
                "SELECT sale_id, terminal_id, status, captured_at, amount_minor, cause, mechanism "
                "FROM journeys"
            )
        con = duckdb.connect()
        con.register("said", said)
        rows = con.execute(
            "SELECT coalesce(t.mechanism, 'nothing'), coalesce(t.cause, 'nothing'), "
            "coalesce(j.mechanism, 'nothing'), coalesce(j.cause, 'nothing'), "
            "CAST(sum(j.amount_minor) AS BIGINT), "
            "EXISTS (SELECT 1 FROM read_csv(?, all_varchar = true) AS u "
            "WHERE u.terminal_id = j.terminal_id "
            "AND CAST(u.started_at AS TIMESTAMPTZ) <= j.captured_at) AS before "
            "FROM read_parquet(?) AS t JOIN said AS j USING (sale_id) "
            "WHERE j.status IN ('late', 'overdue') GROUP BY ALL",
            [
                str(folder / "in" / "upgrades.csv"),
                str(folder / "truth" / "journeys.parquet"),
            ],
        ).fetchall()
        con.close()
    counts: Counts = Counter()
    for true_mechanism, true_cause, mechanism, cause, minor, before in rows:
        counts[true_mechanism, true_cause, mechanism, cause, kind, bool(before)] += minor
    return counts


def tables(counts: Counts, number: int) -> str:
    """Return the result as Markdown."""
    right = _share(_sum(counts, _right), _sum(counts))
    said = [
        f"{number} worlds: {right} of late money was given its true cause.\n",
        _by_kind(counts),
        _confusion(counts),
        _by_mechanism(counts),
    ]
    return "\n".join(said)


def _right(key: Key) -> bool:
    return key[1] == key[3]


def _sum(counts: Counts, wanted: Callable[[Key], bool] = lambda _: True) -> int:
    return sum(minor for key, minor in counts.items() if wanted(key))


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.2f} %" if whole else "–"


def _by_kind(counts: Counts) -> str:
    lines = [
        "| worlds | late money | right | “always the upgrade” | “upgraded before, so the upgrade” | wrongly blamed on an upgrade |",  # noqa: E501
        "| --- | --: | --: | --: | --: | --: |",
    ]
    kinds = [k for k in ("alone", "pair", "all", "trap", "harmless") if _sum(counts, _kind(k))]
    for kind in [*kinds, ""]:
        own = Counter({key: minor for key, minor in counts.items() if kind in ("", key[4])})
        whole = _sum(own)
        upgrade = _sum(own, lambda key: key[1] == "system_upgrade")
        before = _sum(own, lambda key: (key[1] == "system_upgrade") == key[5])
        wrong = _sum(own, lambda key: key[3] == "system_upgrade" != key[1])
        lines.append(
            f"| {kind or 'together'} | {whole / 100:,.0f} | {_share(_sum(own, _right), whole)} "
            f"| {_share(upgrade, whole)} | {_share(before, whole)} | {_share(wrong, whole)} |"
        )
    return "\n".join(lines) + "\n"


def _kind(kind: str) -> Callable[[Key], bool]:
    return lambda key: key[4] == kind


def _confusion(counts: Counts) -> str:
    causes = sorted({key[1] for key in counts} | {key[3] for key in counts})
    lines = [
        "| what was so ╲ what was said | " + " | ".join(f"`{c}`" for c in causes) + " | recall |",
        "| --- |" + " --: |" * (len(causes) + 1),
    ]
    for true in causes:
        row: Counter[str] = Counter()
        for key, minor in counts.items():
            if key[1] == true:
                row[key[3]] += minor
        whole = sum(row.values())
        if whole:
            cells = " | ".join(f"{row[c] / 100:,.0f}" if row[c] else "" for c in causes)
            lines.append(f"| `{true}` | {cells} | {_share(row[true], whole)} |")
    return "\n".join(lines) + "\n"


def _by_mechanism(counts: Counts) -> str:
    lines = [
        "| mechanism that was so | late money | cause right | mechanism right | said instead |",
        "| --- | --: | --: | --: | --- |",
    ]
    for mechanism in sorted({key[0] for key in counts}):
        own = Counter({key: minor for key, minor in counts.items() if key[0] == mechanism})
        whole = _sum(own)
        instead: Counter[str] = Counter()
        for key, minor in own.items():
            if key[2] != mechanism:
                instead[key[2]] += minor
        most = ", ".join(f"`{name}` {_share(m, whole)}" for name, m in instead.most_common(2))
        named = whole - instead.total()
        lines.append(
            f"| `{mechanism}` | {whole / 100:,.0f} | {_share(_sum(own, _right), whole)} "
            f"| {_share(named, whole)} | {most} |"
        )
    return "\n".join(lines) + "\n"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the worlds and print, or write, the tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--worlds", type=int, default=200)
    parser.add_argument("--sales", type=int, default=20_000)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/causes.md")
    chosen = parser.parse_args(arguments)
    counts: Counts = Counter()
    with ProcessPoolExecutor(2, get_context("spawn")) as pool:
        for found in pool.map(partial(scored, sales=chosen.sales), worlds(chosen.worlds)):
            counts += found
    text = tables(counts, chosen.worlds)
    print(text)
    if chosen.write:
        head, rest = PAGE.read_text(encoding="utf-8").split(BEGIN)
        _, tail = rest.split(END)
        page = f"{head}{BEGIN}\n\n{facts_of_machine()}\n\n{text}\n{END}{tail}"
        PAGE.write_text(page, encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
