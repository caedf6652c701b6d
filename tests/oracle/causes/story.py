"""An estate with its truth: ``tell(seed)`` plans, runs, compares with and without, and writes.

The cause of a sale that is late is the fault without which it would have been on time. Where
several are such, the earliest leg's; where none alone is, any of those that struck it will do.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import lru_cache
from pathlib import Path

from tests.oracle.causes import facts, traces
from tests.oracle.causes.faults import make_faults, plan_of
from tests.oracle.causes.fleet import CHINA, DAY, Estate, Moment, at, chance, make_estate
from tests.oracle.causes.money import LEGS, Fault, Journey, Run, promise, run
from tests.oracle.rows import as_rfc3339, write_csv

Plan = list[tuple[str, bool]]


@dataclass(frozen=True)
class Truth:
    """What is true of one sale: late by which faults, the first the likeliest; () is on time."""

    amount: int
    promised: Moment
    credited: Moment | None
    covered: bool
    faults: tuple[Fault, ...] = ()

    @property
    def late(self) -> bool:
        """Whether its money came, or is to come, after the promise."""
        return bool(self.faults)

    @property
    def causes(self) -> set[str]:
        """Causes that are right."""
        return {f.cause for f in self.faults}


@dataclass
class Story:
    """An estate as others would hand it over, and what is true of it."""

    seed: int
    plan: Plan
    estate: Estate
    faults: list[Fault]
    as_of: Moment
    tables: dict[str, list[facts.Row]]
    truth: dict[str, Truth] = field(repr=False)

    def write(self, folder: Path) -> Path:
        """Write the tables and the terms."""
        folder.mkdir(parents=True, exist_ok=True)
        for name, rows in self.tables.items():
            if rows:
                write_csv(folder / f"{name}.csv", [
                    {key: self._text(value) for key, value in row.items()} for row in rows
                ])  # fmt: skip
        (folder / "terms.toml").write_text(facts.terms(self.estate), encoding="utf-8")
        return folder

    def _text(self, value: object) -> str:
        if isinstance(value, dt.datetime):
            return as_rfc3339(value) if self.estate.habits.utc else value.isoformat()
        return "" if value is None else str(value)


def tell(seed: int, plan: Plan | None = None) -> Story:
    """Make an estate; its tables are the caller's own, to change at will.

    Args:
        seed: decides everything that ``plan`` leaves open.
        plan: codes of faults, each with whether it is the upgrade's; None: the seed's turn.
    """
    story = _told(seed, tuple(plan_of(seed) if plan is None else plan))
    tables = {name: [dict(row) for row in rows] for name, rows in story.tables.items()}
    return replace(story, tables=tables)


@lru_cache(maxsize=8)
def _told(seed: int, planned: tuple[tuple[str, bool], ...]) -> Story:
    plan = list(planned)
    codes = {code for code, _ in plan}
    evening = ("F6", True) in plan
    canary = seed % 5 == 4 and seed % 2 == 0
    estate = make_estate(seed, 21.8 if evening else None, canary=canary)
    if "F18" in codes:
        estate.habits = replace(estate.habits, actions=True)
    if codes & {"F9", "F10"}:
        estate.habits = replace(estate.habits, signals=True)
    faults = make_faults(estate, plan)
    done = run(estate, faults)
    last = max(p.credited for p in done.payouts)
    cut = chance(seed, "cut").random() < 0.3
    as_of = at(estate.last, 20) if cut else at(last.date() + DAY, 20)
    missing = _late_statements(estate, as_of) if estate.habits.coverage else {}
    tables = _tables(estate, done, faults, as_of, missing)
    truth = _truth(estate, faults, done.journeys, as_of, missing)
    return Story(seed, plan, estate, faults, as_of, tables, truth)


def _late_statements(estate: Estate, as_of: Moment) -> dict[str, Moment]:
    """Return accounts whose statement ends early."""
    rng = chance(estate.seed, "statements")
    names = sorted({t.account for t in estate.terminals})
    if rng.random() < 0.5:
        return {}
    return {n: at(estate.first + rng.randint(8, estate.days - 2) * DAY, 0)
            for n in rng.sample(names, 2)}  # fmt: skip


def _tables(
    estate: Estate, done: Run, faults: list[Fault], as_of: Moment, missing: dict[str, Moment]
) -> dict[str, list[facts.Row]]:
    habits = estate.habits
    extra = facts.strays(estate, done)
    batches, numbers = traces.batch_rows(estate, done, faults)
    tables = facts.master(estate, faults)
    tables["sales"] = facts.sale_rows(estate, done, faults, numbers)
    tables["settlements"] = facts.line_rows(estate, done, faults, extra)
    tables["payouts"] = facts.payout_rows(estate, done, extra)
    tables["credits"] = [
        row for row in facts.credit_rows(estate, done, faults, extra)
        if row["known_at"] < missing.get(str(row["account_id"]), as_of)  # type: ignore[operator]
    ]  # fmt: skip
    if habits.coverage:
        tables["coverage"] = facts.coverage_rows(estate, missing, as_of)
    if habits.batches:
        tables["batches"] = batches
    if habits.signals:
        tables["signals"] = traces.signal_rows(estate, done, faults, as_of)
    if habits.attempts:
        tables["attempts"] = traces.attempt_rows(estate, done, faults)
    if habits.actions:
        tables["actions"] = traces.action_rows(estate, faults)
    tables["notices"] = traces.notice_rows(estate, faults, as_of)
    return {name: [r for r in rows if _known(name, r, as_of)] for name, rows in tables.items()}


def _known(name: str, row: facts.Row, as_of: Moment) -> bool:
    event = {"upgrades": "started_at", "signals": "at", "attempts": "at", "actions": "at"}
    known = row.get("known_at") or row.get(event.get(name, ""))
    return not isinstance(known, dt.datetime) or known <= as_of


def _unseen(estate: Estate) -> bool:
    """Return whether a few hours without network leave no trace in the signals."""
    habits = estate.habits
    return not habits.signals or (habits.silence_is_absent and habits.signal_min >= 120)


def is_late(estate: Estate, journey: Journey) -> bool:
    """Return whether money is late by the contract: by days where the bank says only days."""
    assert journey.credited is not None
    due = promise(estate, journey.sale)
    if journey.sale.terminal.bank == estate.habits.dated_bank:
        return journey.credited.astimezone(CHINA).date() > due.date()
    return journey.credited > due


def _truth(
    estate: Estate, faults: list[Fault], done: dict[str, Journey], as_of: Moment,
    missing: dict[str, Moment],
) -> dict[str, Truth]:  # fmt: skip
    late = {sid for sid, j in done.items() if is_late(estate, j)}
    needed: dict[str, list[Fault]] = defaultdict(list)
    for fault in sorted(faults, key=lambda f: LEGS.index(f.leg)):
        if any(fault in done[sid].faults for sid in late):
            other = run(estate, [f for f in faults if f is not fault]).journeys
            for sid in late:
                if not is_late(estate, other[sid]):
                    needed[sid].append(fault)
    out = {}
    for sid, journey in done.items():
        account, due = journey.sale.terminal.account, promise(estate, journey.sale)
        covered = journey.credited is not None and journey.credited < missing.get(account, as_of)
        # What a limit leaves behind depends on who came first: any of them made it late.
        queued = any(f.limit or f.minimum for f in needed[sid])
        first = needed[sid] if queued else needed[sid][:1]
        struck = tuple(first or journey.faults) if sid in late else ()
        if _unseen(estate) and any(f.code == "F10n" for f in struck):
            # A shop's own evening without network looks like one without a close.
            struck += tuple(f for f in faults if f.code == "BNC0")
        assert sid not in late or struck, f"{sid} is late for no reason"
        out[sid] = Truth(journey.sale.amount, due, journey.credited, covered, struck)
    return out
