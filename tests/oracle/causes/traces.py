"""What machines and people leave behind: signals, attempts, batches, actions, notices."""

from __future__ import annotations

from collections import defaultdict

from tests.oracle.causes.facts import Row
from tests.oracle.causes.fleet import (
    BATCHED,
    DAY,
    HOUR,
    MINUTE,
    Estate,
    Moment,
    Terminal,
    at,
    chance,
)
from tests.oracle.causes.money import Batch, Fault, Journey, Run

NETWORK = frozenset({"F9", "F10", "F10n"})


def batch_rows(estate: Estate, done: Run, faults: list[Fault]) -> tuple[list[Row], dict[str, str]]:
    """Return batches with their numbers, and the number of each sale's batch.

    A wiped terminal counts from 1 again; one whose counter was reset counts what the host has.
    """
    rows: list[Row] = []
    numbers: dict[str, str] = {}
    by_terminal: dict[str, list[Batch]] = defaultdict(list)
    for batch in done.batches:
        by_terminal[batch.terminal.tid].append(batch)
    for tid, batches in by_terminal.items():
        first = number = chance(estate.seed, tid, "batch").randint(20, 400)
        resets = [
            (f.windows[tid][0].end, 0) if f.code == "F1" else (f.windows[tid][0].start, first)
            for f in faults
            if f.code in {"F1", "F7"} and tid in f.windows
        ]
        for batch in sorted(batches, key=lambda b: b.closed):
            for start, again in [r for r in resets if batch.closed >= r[0]]:
                number = again
                resets.remove((start, again))
            if batch.outcome == "balanced":
                number += 1
            shown = number + (batch.outcome == "rejected")
            rows.append(_batch(estate, batch, f"{shown:06d}"))
            numbers |= {j.sale.sid: f"{shown:06d}" for j in batch.journeys}
    return rows, numbers


def _batch(estate: Estate, batch: Batch, number: str) -> Row:
    total = sum(j.sale.amount for j in batch.journeys)
    closed, rejected = batch.closed, batch.outcome == "rejected"
    clock = next((f for j in batch.journeys for f in j.faults if f.offset), None)
    if clock is not None and estate.habits.terminal_closes:
        window = clock.hit(batch.terminal.tid, closed)
        closed += clock.offset if window else 0 * HOUR
    return {
        "terminal_id": batch.terminal.tid, "batch_no": number, "closed_at": closed,
        "submitted_at": None if rejected else batch.closed, "sales_count": len(batch.journeys),
        "sales_minor": total, "host_count": "" if rejected else len(batch.journeys),
        "host_minor": "" if rejected else total, "outcome": batch.outcome,
        "known_at": batch.closed,
    }  # fmt: skip


def signal_rows(estate: Estate, done: Run, faults: list[Fault], until: Moment) -> list[Row]:
    """Return what terminals reported about themselves."""
    stored: dict[str, list[Journey]] = defaultdict(list)
    for journey in done.journeys.values():
        if journey.stored:
            stored[journey.sale.terminal.tid].append(journey)
    step = estate.habits.signal_min
    while len(estate.terminals) * estate.days * 1440 // step > 160_000:
        step *= 2
    out: list[Row] = []
    for t in estate.terminals:
        rng = chance(estate.seed, t.tid, "signals")
        moment = at(estate.first, 0) + rng.randint(0, step - 1) * MINUTE
        dark = [w for f in faults if f.code in NETWORK for w in f.windows.get(t.tid, ())]
        weak = [w for f in faults if f.code == "F11" and f.cause == "network"
                for w in f.windows.get(t.tid, ())]  # fmt: skip
        while moment < min(until, at(estate.last + 6 * DAY, 0)):
            off = any(w.start <= moment < w.end for w in dark)
            bad = any(w.start <= moment < w.end for w in weak)
            if not (off and estate.habits.silence_is_absent):
                slow = rng.randint(600, 2500) if bad else rng.randint(40, 160)
                row: Row = {
                    "terminal_id": t.tid, "at": moment, "online": 0 if off else 1,
                    "rtt_ms": "" if off else slow,
                    "loss_pct": "" if off else rng.randint(8, 40) if bad else rng.choice((0, 0, 1)),
                }  # fmt: skip
                if estate.habits.queue_said:
                    row["queued_offline"] = sum(
                        1 for j in stored[t.tid]
                        if j.submitted and j.sale.made <= moment < j.submitted
                    )  # fmt: skip
                out.append(row)
            moment += step * MINUTE
    return out


def _unanswered(fault: Fault) -> bool:
    return fault.code in NETWORK or (fault.code == "F11" and fault.cause == "network")


def attempt_rows(estate: Estate, done: Run, faults: list[Fault]) -> list[Row]:
    """Return what terminals asked of the host, and what it said."""
    out: list[Row] = []

    def add(
        t: Terminal, moment: Moment, kind: str, outcome: str, code: str, **more: object
    ) -> None:
        out.append({
            "attempt_id": f"A{t.tid}{len(out):06d}", "terminal_id": t.tid, "at": moment,
            "kind": kind, "outcome": outcome, "code": code,
            "host_at": moment if outcome == "approved" else None, **more,
        })  # fmt: skip

    for journey in done.journeys.values():
        sale, t = journey.sale, journey.sale.terminal
        rng = chance(estate.seed, sale.sid, "attempt")
        about = {"amount_minor": sale.amount, "channel": sale.channel}
        fault = journey.by("submit")
        if not journey.stored:
            add(t, sale.made, "sale", "approved", "00", **about)
        elif fault is not None and _unanswered(fault) and rng.random() < 0.7:
            add(t, sale.made, "sale", "timeout", rng.choice(("68", "98")), **about)
        elif fault is not None and fault.code in {"F8", "F18"}:
            code = rng.choice(("A0", "99") if fault.code == "F8" else ("58", "77"))
            add(t, sale.made - MINUTE, "sale", "declined", code, **about)
        if journey.stored and journey.submitted:
            add(t, journey.submitted - MINUTE / 2, "advice", "approved", "00", **about)
        if rng.random() < 0.02:
            add(t, sale.made + 2 * MINUTE, "sale", "declined", rng.choice(("51", "55")), **about)
    for batch in done.batches:
        code = (
            "00" if batch.outcome == "balanced" else chance(batch.closed).choice(("77", "94", "95"))
        )
        approved = batch.outcome == "balanced"
        add(
            batch.terminal,
            batch.closed,
            "batch_close",
            "approved" if approved else "declined",
            code,
        )
    for t in estate.terminals:
        for n in range(estate.days):
            moment = at(estate.first + n * DAY, 8.1)
            by = next((f for f in faults if f.leg == "submit" and f.hit(t.tid, moment)), None)
            if by is None or by.code not in NETWORK | {"F8", "F18"}:
                add(t, moment, "sign_in", "approved", "00")
            elif by.code == "F8":
                for again in range(4):
                    add(t, moment + again * 3 * MINUTE, "sign_in", "failed", "A0")
        if t.upgraded and any(f.code == "F8" and t.tid in f.windows for f in faults):
            for again in range(3):
                add(t, t.upgraded + (20 + again) * MINUTE, "sign_in", "failed", "A0")
    return out


def action_rows(estate: Estate, faults: list[Fault]) -> list[Row]:
    """Return the procedure of the upgrade, ticked off, and what people set by hand."""
    out: list[Row] = []

    def add(moment: Moment, who: str, what: str, tid: str, outcome: str, *change: str) -> None:
        before, after = change or ("", "")
        out.append({
            "action_id": f"X{len(out):05d}", "at": moment, "who": who, "role": "field",
            "what": what, "scope": "terminal", "scope_id": tid, "outcome": outcome,
            "before": before, "after": after,
        })  # fmt: skip

    skipped = {tid for f in faults if f.code == "F18" for tid in f.windows}
    for t in estate.terminals:
        if t.upgraded is not None:
            add(t.upgraded - 10 * MINUTE, "w1", "settle_batch", t.tid, "done")
            for n, what in enumerate(("sign_in", "test_sale")):
                done = "skipped" if t.tid in skipped else "done"
                add(t.upgraded + (30 + 5 * n) * MINUTE, "w1", what, t.tid, done)
    setting = {"F2": ("merchant_id", "800001", "800010"), "F5": ("clock", "", ""),
               "F1": ("factory_reset", "", "")}  # fmt: skip
    for fault in faults:
        if fault.cause == "human_error" and fault.code in setting:
            what, before, after = setting[fault.code]
            for tid, windows in fault.windows.items():
                moment = windows[0].end if fault.code == "F1" else windows[0].start
                add(moment, "w2", what, tid, "done", before, after)
    return out


def notice_rows(estate: Estate, faults: list[Fault], until: Moment) -> list[Row]:
    """Return what others announced."""
    out: list[Row] = []

    def add(scope: str, scope_id: str, kind: str, begin: Moment, end: Moment, text: str) -> None:
        out.append({
            "notice_id": f"N{len(out):03d}", "scope": scope, "scope_id": scope_id, "kind": kind,
            "from_at": begin, "to_at": min(end, until), "text": text, "known_at": begin,
        })  # fmt: skip

    kinds = {
        "F13": ("account", "review", "商户资料审核"), "MCC": ("account", "hold", "风控冻结"),
        "F12": ("account", "hold", "duplicate upload"), "F16": ("bank", "maintenance", "系统维护"),
        "F19": ("provider", "outage", "机房故障"),
        "F14": ("provider", "file_rejected", "30 format"),
    }  # fmt: skip
    for fault in faults:
        told = estate.habits.notices or (fault.code == "F14" and fault.style == "notice")
        if not told or fault.code not in kinds:
            continue
        scope, kind, text = kinds[fault.code]
        if fault.code == "F14":
            spans = [w for windows in fault.windows.values() for w in windows]
            provider = next(t.provider for t in estate.terminals
                            if {t.tid, t.provider} & set(fault.windows))  # fmt: skip
            add(scope, provider, kind, min(w.start for w in spans), max(w.end for w in spans), text)
            continue
        for target, windows in fault.windows.items():
            add(scope, target, kind, windows[0].start, windows[-1].end, text)
    if estate.habits.notices:
        day = estate.first + chance(estate.seed, "peak").randint(0, estate.days) * DAY
        add("all", "", "peak", at(day, 0), at(day, 24), "促销高峰")
    return out


__all__ = ["BATCHED", "action_rows", "attempt_rows", "batch_rows", "notice_rows", "signal_rows"]
