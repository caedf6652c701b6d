"""Whose cause each unit's mechanism is: what hit the upgraded beside what hit the others.

Units of one mechanism are judged together, so that a mechanism that also strikes where nothing was
upgraded is not blamed on the upgrade (the contract's causes).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from daozhang.cause.catalogue import MECHANISMS
from daozhang.cause.doubts import AT_ONCE
from daozhang.cause.upgraded import (
    CHANCE,
    KIN,
    LASTING,
    SEVERAL,
    SHARP,
    Onset,
    compare,
    compare_terminals,
    onsets,
    ring_of,
    struck_alike,
)
from daozhang.cause.verdict import RIVAL_SHARE, Case, Verdict
from daozhang.stats import Excess, share_between

__all__ = ["judge_accounts", "judge_terminals"]

ACCOUNT_RECENT: Final = timedelta(days=7)
"""A return or hold that begins so soon after the account's terminals were upgraded may be its."""

LEAST_BELIEF: Final = 0.5
"""How sure an answer is that stands because the likelier one is ruled out."""

SHOWN: Final = 0.9
"""What has this part of belief is shown beyond doubt."""

_INSTEAD: Final = {"network_setting_lost": "network_outage"}
"""What a mechanism that only an upgrade can bring about is, where no upgrade did."""

_FROM_UPGRADE: Final = frozenset({"silent_from_upgrade", "silent_again", "unanswered_since"})

_QUEUED: Final = frozenset({"queue_from_upgrade"})

AT_WORK: Final = timedelta(minutes=90)
"""How long an upgrade is at work of which no fact says when it was done."""

ALONE: Final = 0.02
"""So seldom the only account that is ever held is by chance one that was just upgraded."""

DUE_DAYS: Final = 5
"""On so many days of a week accounts are due money; one of them is the first after an upgrade."""

FIRST: Final = timedelta(days=2)
"""So soon after the upgrade the first money is due."""

READY: Final = timedelta(hours=1)
"""A batch that had to wait for the upgrade is closed so soon after it."""

_PAID: Final = frozenset({"account_paid_others"})

_ACCOUNT_SHARP: Final = frozenset({"settlement_account_lost", "duplicate_upload_held", "risk_hold"})

_NOBODY: Final[Mapping[str, Collection[int]]] = {}

Row = Mapping[str, Any]


def _verdict(
    case: Case,
    mechanism: str,
    release_id: str,
    share: float,
    *,
    unsure: bool = False,
    never: bool = False,
) -> Verdict:
    """Say whose cause a mechanism is; the other cause of the same mechanism may be a rival.

    With ``unsure`` it is not known when the upgrade was that would be blamed: then neither is
    the cause, and both are named. With ``never`` no upgrade is known of at all: what only an
    upgrade brings about has no known cause then.
    """
    if release_id and unsure:
        case.add("upgrade_undated", {mechanism: 0.01}, release=release_id.replace(AT_ONCE, ", "))
        return _undecided(case, mechanism)
    if not release_id and never and _only_upgrades(case, mechanism):
        case.add("upgrade_unknown", {mechanism: 0.01})
        return _undecided(case, mechanism)
    if not release_id:
        mechanism = _without_upgrade(case, mechanism)
    elif AT_ONCE in release_id:
        releases = release_id.replace(AT_ONCE, ", ")
        case.add("releases_at_once", {mechanism: 0.01}, releases=releases)
    known = MECHANISMS[mechanism]
    cause = "system_upgrade" if release_id else _otherwise(mechanism)
    rivals = [
        ("system_upgrade" if release_id and MECHANISMS[m].upgrade else _otherwise(m), m, part)
        for m, part in case.shares()
        if m != mechanism and part >= RIVAL_SHARE
    ]
    if known.upgrade and 0 < share < 1 - RIVAL_SHARE:
        other = _otherwise(mechanism) if release_id else "system_upgrade"
        if other != cause:
            rivals.insert(0, (other, mechanism, 1 - share))
    belief = max(dict(case.shares()).get(mechanism, 0.0), LEAST_BELIEF) * (share or 1.0)
    return Verdict(
        mechanism, cause, belief, tuple(rivals), case.evidence_for(mechanism), release_id
    )


def _undecided(case: Case, mechanism: str) -> Verdict:
    """Name both causes where the facts cannot tell them apart."""
    belief = dict(case.shares()).get(mechanism, LEAST_BELIEF) / 2
    other = _without_upgrade(case, mechanism)
    both = (("system_upgrade", mechanism, belief), (_otherwise(other), other, belief))
    return Verdict(mechanism, "unknown", belief, both, case.evidence_for(mechanism))


def _only_upgrades(case: Case, mechanism: str) -> bool:
    """Return whether what is shown beyond doubt is brought about by upgrades only."""
    known = MECHANISMS[mechanism]
    alone = known.upgrade and not known.otherwise and mechanism not in _INSTEAD
    return alone and dict(case.shares())[mechanism] >= SHOWN


def _spared(found: Excess) -> float:
    """Return how sure it is that an upgrade shortly before was not the cause.

    An excess that chance explains does not make the upgrade the likelier cause.
    """
    return max(LEAST_BELIEF, 1.0 - found.share)


def _otherwise(mechanism: str) -> str:
    """Return a mechanism's cause where no upgrade brought it about."""
    return MECHANISMS[mechanism].otherwise or "human_error"


def _without_upgrade(case: Case, mechanism: str) -> str:
    """Return the likeliest mechanism that needs no upgrade."""
    if MECHANISMS[mechanism].otherwise:
        return mechanism
    if mechanism in _INSTEAD:
        return _INSTEAD[mechanism]
    return next((m for m, _ in case.shares() if MECHANISMS[m].otherwise), "batch_not_closed")


def judge_terminals(
    cases: Mapping[int, Case],
    upgrades: Mapping[int, Row],
    wipes: Mapping[int, Row],
    days: Mapping[tuple[str, datetime], Row],
    apart: Mapping[str, Collection[int]] = _NOBODY,
) -> dict[int, Verdict]:
    """Judge units of single terminals, those of one mechanism together.

    Args:
        cases: weighed, by unit.
        upgrades: rows of ``unit_upgrades`` by unit.
        wipes: rows of ``unit_wipes`` by unit: upgrades that may have wiped what waited.
        days: rows of ``terminal_days`` by provider and cut-off.
        apart: by mechanism, units of which it is known that no upgrade began it.
    """
    by_mechanism: dict[str, list[Row]] = defaultdict(list)
    for case in cases.values():
        if case.unit["terminal_id"]:
            by_mechanism[case.shares()[0][0]].append(case.unit)
    verdicts: dict[int, Verdict] = {}
    for mechanism, units in sorted(by_mechanism.items()):
        if not MECHANISMS[mechanism].upgrade:
            verdicts |= {u["unit"]: _verdict(cases[u["unit"]], mechanism, "", 0) for u in units}
            continue
        before = {**wipes, **upgrades} if mechanism == "unsettled_batch_lost" else upgrades
        if others := apart.get(mechanism):
            before = {unit: row for unit, row in before.items() if unit not in others}
        begun = _begun(mechanism, units, cases, before)
        runs = onsets(units, before, begun, lasting=mechanism in LASTING)
        kin = onsets(by_mechanism.get(KIN.get(mechanism, ""), ()), upgrades)
        by_ring = compare_terminals(runs, mechanism, days, kin)
        for run in runs:
            unsure = any(before.get(unit, {}).get("unsure") for unit in run.units)
            never = not upgrades and not wipes
            if mechanism == "cut_off_missed" and _crossed(run, cases, before) and not unsure:
                verdicts |= _crossing(run, mechanism, cases)
                continue
            if cases[run.units[0]].shows(_QUEUED) and run.release_id and not unsure:
                verdicts |= _crossing(run, mechanism, cases)
                continue
            verdicts |= _of_run(run, mechanism, cases, by_ring, unsure=unsure, never=never)
    return verdicts


def _crossed(run: Onset, cases: Mapping[int, Case], upgrades: Mapping[int, Row]) -> bool:
    """Return whether an upgrade was at work at the cut-off and the batch went out after it."""
    upgrade = upgrades.get(run.units[0])
    if upgrade is None or len(run.units) > 1:
        return False
    started: datetime = upgrade["started_at"]
    done: datetime = upgrade["finished_at"] or started + AT_WORK
    ended: datetime = cases[run.units[0]].unit["ended_at"]
    return started <= run.cutoff_at <= done and started <= ended <= done + READY


def _crossing(run: Onset, mechanism: str, cases: Mapping[int, Case]) -> dict[int, Verdict]:
    return {unit: _verdict(cases[unit], mechanism, run.release_id, SHOWN) for unit in run.units}


def _begun(
    mechanism: str, units: list[Row], cases: Mapping[int, Case], upgrades: Mapping[int, Row]
) -> frozenset[int]:
    """Return the units whose trouble began with the upgrade by what else is known of them.

    The line fell silent then, or the terminal has sold nothing since that met no such trouble.
    """
    if mechanism not in SHARP:
        return frozenset()
    return frozenset(
        unit["unit"]
        for unit in units
        if cases[unit["unit"]].shows(_FROM_UPGRADE)
        or upgrades.get(unit["unit"], {}).get("good", 1) == 0
    )


def _of_run(
    run: Onset, mechanism: str, cases: Mapping[int, Case],
    by_ring: Mapping[str, tuple[Excess, bool]], *, unsure: bool, never: bool,
) -> dict[int, Verdict]:  # fmt: skip
    ring = ring_of(run, mechanism)
    if not ring:
        return {unit: _verdict(cases[unit], mechanism, "", 0.0, never=never) for unit in run.units}
    found, blamed = by_ring[ring]
    least, most = share_between(found)
    verdicts = {}
    for unit in run.units:
        case = cases[unit]
        case.add(
            "peers_spared" if blamed else "peers_hit_too",
            {mechanism: 0.01},
            hit=found.hit, exposed=found.exposed,
            others_hit=found.others_hit, others=found.others,
            least=round(least * 100), most=round(most * 100),
        )  # fmt: skip
        share = found.share if blamed else _spared(found)
        release = run.release_id if blamed else ""
        verdicts[unit] = _verdict(case, mechanism, release, share, unsure=unsure)
    return verdicts


def judge_accounts(
    cases: Mapping[int, Case],
    upgrades: Mapping[int, Row],
    repeats: Mapping[int, Row],
    days: list[Row],
    touching: Collection[str] = (),
) -> dict[int, Verdict]:
    """Judge units of accounts, those of one mechanism together.

    Args:
        cases: weighed, by unit.
        upgrades: rows of ``account_upgrades`` by unit.
        repeats: rows of ``account_repeats`` by unit.
        days: rows of ``account_exposed``.
        touching: releases that touch the account or move merchants' data.
    """
    by_mechanism: dict[str, list[Row]] = defaultdict(list)
    for case in cases.values():
        if not case.unit["terminal_id"]:
            by_mechanism[case.shares()[0][0]].append(case.unit)
    counts = {
        (row["provider_id"], row["due_day"]): (row["exposed"], row["accounts"] - row["exposed"])
        for row in days
    }
    verdicts: dict[int, Verdict] = {}
    for mechanism, units in sorted(by_mechanism.items()):
        if not MECHANISMS[mechanism].upgrade:
            verdicts |= {u["unit"]: _verdict(cases[u["unit"]], mechanism, "", 0) for u in units}
            continue
        exposed = _exposure(mechanism, upgrades, repeats)
        firsts = _account_onsets(units, cases)
        hits = [((f["provider_id"], _began(f).date()), bool(exposed(f))) for f, _ in firsts]
        alike = struck_alike(hits, counts)
        found, blamed = compare(
            [hit for hit in hits if hit[0] not in alike],
            counts,
            sharp=mechanism in _ACCOUNT_SHARP or mechanism in SHARP,
        )  # fmt: skip
        if mechanism == "account_under_review" and not blamed and len(firsts) == 1:
            blamed = _only_held(firsts[0][0], upgrades, found)
        for (first, run), (key, _) in zip(firsts, hits, strict=True):
            release = "" if key in alike else exposed(first)
            chance = found.hit < SEVERAL or found.chance >= CHANCE
            moves = release in touching or mechanism == "duplicate_upload_held"
            if chance and not moves and _partly(first, upgrades):
                release = ""
            for unit in run:
                share = found.share if release else 0.0
                verdicts[unit["unit"]] = _verdict(
                    cases[unit["unit"]], mechanism, release if blamed else "",
                    share if blamed else (_spared(found) if release else 0.0),
                    unsure=bool(upgrades.get(first["unit"], {}).get("unsure")),
                )  # fmt: skip
    return verdicts


def _only_held(unit: Row, upgrades: Mapping[int, Row], found: Excess) -> bool:
    """Return whether the only hold there is began with the first money due after an upgrade.

    All of the account's terminals were upgraded, nothing of it was paid since, and so few accounts
    were just upgraded on any day that it is hardly chance.
    """
    row = upgrades.get(unit["unit"])
    if row is None or not row["first_started_at"] or _partly(unit, upgrades) or row["good"]:
        return False
    every = max(1, found.exposed + found.others)
    chance = max(1.0, found.exposed / DUE_DAYS) / every
    return _began(unit) - row["first_started_at"] <= FIRST and chance < ALONE


def _partly(unit: Row, upgrades: Mapping[int, Row]) -> bool:
    """Return whether some of an account's terminals had not been upgraded.

    What is kept back is the money of all of them. A release that moves accounts may do so with the
    first of them, and one terminal that sends its batch twice suffices. Any other release is blamed
    for those that do not have it (the contract's causes) only where more accounts are struck after
    it than chance explains.
    """
    row = upgrades.get(unit["unit"])
    return row is not None and row["upgraded"] < row["terminals"]


def _exposure(
    mechanism: str, upgrades: Mapping[int, Row], repeats: Mapping[int, Row]
) -> Callable[[Row], str]:
    """Return which release, if any, came shortly before an account's first late unit."""

    def release_of(unit: Row) -> str:
        row = upgrades.get(unit["unit"])
        if row is None or not row["release_id"]:
            return ""
        if mechanism == "duplicate_upload_held" and (twice := repeats.get(unit["unit"])):
            return str(row["release_id"]) if twice["upgraded"] * 2 >= twice["terminals"] else ""
        since = row["first_started_at"]
        lately = since is not None and _began(unit) - since <= 2 * ACCOUNT_RECENT
        # An account that was paid nothing in time since then may have been in trouble since then.
        soon = row["lately"] or (mechanism in _ACCOUNT_SHARP and not row["good"])
        return str(row["release_id"]) if lately and soon else ""

    return release_of


def _began(unit: Row) -> datetime:
    """Return when a unit's money was to be paid: what was cleared late, in the cycle after that."""
    due: datetime = unit["due_at"]
    cleared: datetime | None = unit["cleared_at"]
    if cleared is None or cleared <= due:
        return due
    return due + ((cleared - due).days + 1) * timedelta(days=1)


def _account_onsets(units: list[Row], cases: Mapping[int, Case]) -> list[tuple[Row, list[Row]]]:
    """Put each account's late units into runs no more than a week apart.

    A hold of an account begins with the first day on which it was paid nothing: what waited before,
    while the account was paid, is a run of its own.
    """
    by_account: dict[tuple[str, str], list[Row]] = defaultdict(list)
    for unit in units:
        by_account[unit["provider_id"], unit["account_id"]].append(unit)
    runs = []
    for mine in by_account.values():
        mine.sort(key=lambda u: (_began(u), u["unit"]))
        run = [mine[0]]
        paid = cases[mine[0]["unit"]].shows(_PAID)
        for unit in mine[1:]:
            begins = paid and not cases[unit["unit"]].shows(_PAID)
            if begins or _began(unit) - _began(run[-1]) > ACCOUNT_RECENT:
                runs.append((run[0], run))
                run = []
            paid = cases[unit["unit"]].shows(_PAID) and (paid or not run)
            run.append(unit)
        runs.append((run[0], run))
    return runs
