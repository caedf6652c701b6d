"""Why a terminal handed its sales in too late: what its messages, batches and line say.

Rules kept here (the domain's F1, F5 to F11, F18 and the contract's ``batch_not_closed``). The
weights are log odds: about 7 for what hardly anything else shows (a key refused, a clock hours
wrong), about 3 for what is usual with a mechanism and rare without, about 1 for a hint.
"""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from math import log
from typing import Any, Final

from daozhang.cause.clocks import CLOCK_STEADY_S, CLOCK_WRONG_S
from daozhang.cause.network import Lines
from daozhang.cause.verdict import Case

__all__ = ["Seen", "submit_case", "waits_anyway"]

CLOCKED: Final = 2
"""So many sales that are off by the same show a wrong clock."""

QUIET: Final = 10
"""After so many reports without a stored sale, the first with some begins something."""

SOON: Final = timedelta(hours=6)
"""What is stored from the upgrade on is reported so soon after it, where reports are sparse."""

MUTE: Final = 3
"""So many messages without answer are no chance, whatever was answered before."""

FORWARDED: Final = 3
"""So few sales may have been stored within the same minute, and handed on together."""

CROSSES: Final = timedelta(hours=6)
"""An upgrade this long before a cut-off may still be at work when the batch should close."""

JUST_AFTER: Final = timedelta(hours=3)
"""A batch closed so soon after the cut-off was on its way; later ones were forgotten."""

LATELY: Final = timedelta(hours=72)
"""An upgrade so long before may have lost a setting."""

REKEYED: Final = timedelta(hours=36)
"""A batch that is merely late goes out with the next one; only lost sales take longer."""

STORED_MOST: Final = 2.5
"""What it tells at most that all sales were stored: a line that is down stores them too."""

_CHECKS = (
    "sign_in", "sign-in", "signin", "签到", "test_sale", "test sale", "试", "check", "verify",
    "检查", "验证", "post", "confirm", "validat", "reconcil", "核对", "balance",
)  # fmt: skip
_BACKUPS = ("backup", "备份", "settle", "结算", "batch")
_RESETS = ("factory_reset", "factory reset", "恢复出厂", "wipe", "清空")
_REPAIRS: Final = {
    "network_setting_lost": ("apn", "network", "sim", "wifi", "wi-fi", "网络", "cert", "route"),
    "terminal_clock_wrong": ("clock", "time", "时钟", "时区", "ntp"),
    "key_mismatch": ("key", "密钥", "tmk", "kcv"),
    "batch_number_reset": ("batch_number", "batch_no", "batch number", "批次号"),
    "wrong_terminal_or_merchant_id": ("parameter", "template", "tid", "mid", "参数", "终端号"),
    "unsettled_batch_lost": ("rekey", "re-key", "re_key", "补录", "reenter", "re-enter"),
}
"""Words of actions after which a fault is gone, so the action names it."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Seen:
    """What the facts hold about the terminals, by unit.

    Attributes:
        upgrades: rows of ``unit_upgrades``.
        wipes: rows of ``unit_wipes``.
        attempts: rows of ``stall_attempts``.
        batches: rows of ``stall_batches``.
        closes: rows of ``stall_closes``.
        clocks: sales of the terminal whose clock lags as much as the unit's.
        clocks_after: rows of ``clocks_after``.
        others: sales of the same terminal and cut-off that were handed in on time.
        actions: rows of ``stall_actions``.
        lines: the terminals' lines.
        outages: notices of outages: (scope, scope_id, from_at, to_at).
        batched: terminals that close batches.
        signalled: terminals that report their line.
        stored: by provider, which part of its sales is stored offline.
        waits: whether stored sales wait for days without any upgrade (:func:`waits_anyway`).
        together: terminals of one carrier that closed with the unit's (``closed_together``).
        since: rows of ``heard_since``.
        queues: rows of ``queues``.
        alike: other terminals whose clock lags as much as the unit's (:func:`lag_alike`).
    """

    upgrades: Mapping[int, Row]
    wipes: Mapping[int, Row]
    attempts: Mapping[int, Row]
    batches: Mapping[int, Row]
    closes: Mapping[int, Row]
    clocks: Mapping[int, int]
    clocks_after: Mapping[int, Row]
    others: Mapping[int, int]
    actions: Mapping[int, list[Row]]
    lines: Lines
    outages: list[Row] = field(default_factory=list)
    batched: frozenset[str] = frozenset()
    signalled: frozenset[str] = frozenset()
    stored: Mapping[str, float] = field(default_factory=dict)
    waits: bool = False
    together: Mapping[int, int] = field(default_factory=dict)
    since: Mapping[int, Row] = field(default_factory=dict)
    queues: Mapping[int, Row] = field(default_factory=dict)
    alike: Mapping[int, int] = field(default_factory=dict)


def waits_anyway(
    units: Iterable[Row],
    upgrades: Mapping[int, Row],
    wipes: Mapping[int, Row],
    batched: Container[str],
) -> bool:
    """Return whether stored sales wait for days on terminals that no upgrade touched as well.

    Where terminals close no batches, a long wait is all that shows lost sales. It shows nothing
    where as many terminals have it without an upgrade as with one.
    """
    touched, others = set(), set()
    for unit in units:
        stored = unit["stored_sales"] == unit["sales"]
        if not stored or unit["terminal_id"] in batched:
            continue
        if unit["ended_at"] - unit["cutoff_at"] < REKEYED:
            continue
        upgrade = upgrades.get(unit["unit"]) or wipes.get(unit["unit"])
        if upgrade is None:
            others.add(unit["terminal_id"])
        elif upgrade["started_at"] >= unit["to_at"]:
            touched.add(unit["terminal_id"])
    return bool(touched) and len(others - touched) >= len(touched)


def submit_case(unit: Row, seen: Seen, carrier: str | None) -> Case:
    """Weigh what speaks for each mechanism of one unit that was handed in late."""
    case = Case(unit, {"batch_not_closed": 0.0, "cut_off_missed": -1.0})
    upgrade = seen.upgrades.get(unit["unit"])
    after = seen.clocks_after.get(unit["unit"])
    attempts = seen.attempts.get(unit["unit"], {})
    told = [attempts.get("ahead_min_s"), None if after is None else after["ahead_max_s"]]
    same = seen.clocks.get(unit["unit"], 0)
    alike = seen.alike.get(unit["unit"], 0)
    if same <= FORWARDED and any(s is not None and s > -CLOCK_WRONG_S for s in told):
        # What went out together, stored, lags alike; messages and the next sales do not.
        same = 1
    _clock(case, attempts, same, alike)
    if not case.shown:
        _clock_after(case, after)
    _answers(
        case,
        attempts,
        upgrade,
        deaf=unit["terminal_id"] not in seen.signalled,
    )
    since = seen.since.get(unit["unit"])
    if since is not None and since["messages"] >= MUTE and not since["answered"]:
        case.add("unanswered_since", {"network_setting_lost": 4.0}, times=since["messages"])
    batches = seen.batches.get(unit["unit"], {})
    _batches(case, batches, attempts.get("closed_at"), upgrade)
    closes = seen.closes.get(unit["unit"], {})
    _lost(
        case,
        closes,
        upgrade or seen.wipes.get(unit["unit"]),
        fell_after=bool(batches.get("fell_after")),
        batched=unit["terminal_id"] in seen.batched,
        waits=seen.waits,
    )
    if unit["stored_sales"] == unit["sales"]:
        _stored(case, closes, seen.others.get(unit["unit"], 0), seen.stored)
    queue = seen.queues.get(unit["unit"])
    if queue is not None and _queued_since(queue):
        offline = {"offline_sales_forwarded_late": 2.0}
        case.add("queue_from_upgrade", offline, at=queue["queued_at"], reports=queue["before"])
    _line(case, seen, upgrade, carrier)
    _people(case, seen.actions.get(unit["unit"], []), upgrade)
    return case


def _queued_since(queue: Row) -> bool:
    """Return whether a terminal began to keep sales in store with its upgrade, its line sound."""
    began: datetime | None = queue["queued_at"]
    quiet = queue["before"] >= QUIET and not queue["queued_before"]
    return quiet and began is not None and began - queue["since"] <= SOON


def _stored(case: Case, closes: Row, others: int, usual: Mapping[str, float]) -> None:
    """Weigh that all of the unit's sales were stored offline, and what went out without them."""
    unit = case.unit
    offline = "offline_sales_forwarded_late"
    if others:
        case.add("stored", {offline: 4.0}, sales=unit["sales"], others=others)
    elif unit["provider_id"] in usual:
        # So many in a row are seldom stored by chance.
        weight = min(STORED_MOST, -unit["sales"] * log(usual[unit["provider_id"]]))
        case.add("all_stored", {offline: weight}, sales=unit["sales"])
    if unit["handed_in"] and (passed := closes.get("passed_by")):
        # A batch that is merely late goes out with the next close; these stayed behind.
        lost = {"unsettled_batch_lost": 3.0} if closes.get("anew") else {}
        case.add("left_behind", {offline: 3.0, **lost}, batches=passed)


def _clock(case: Case, attempts: Row, same: int, alike: int) -> None:
    unit = case.unit
    low, high = unit["ahead_min_s"], unit["ahead_max_s"]
    told_low, told_high = attempts.get("ahead_min_s"), attempts.get("ahead_max_s")
    if low is None:
        low, high = told_low, told_high
    if low is None or high is None:
        return
    if low >= CLOCK_WRONG_S:
        case.add("clock", {"terminal_clock_wrong": 8.0}, seconds=low)
    elif high > -CLOCK_WRONG_S:
        # Part was sold before the clock went wrong; its messages show the same lag.
        agrees = told_low is None or abs(told_low - low) < CLOCK_STEADY_S
        if low <= -CLOCK_WRONG_S and same > CLOCKED and agrees:
            case.add("clock", {"terminal_clock_wrong": 5.0}, seconds=low)
    else:
        # A terminal that hands stored sales on later looks slow too, but its messages do not, and
        # its lags differ.
        others_right = told_high is not None and told_high > -CLOCK_WRONG_S
        if high - low < CLOCK_STEADY_S and same > 1:
            weight = 5.0 + min(3.0, same - 2.0) - (2.0 if others_right else 0.0)
            case.add("clock", {"terminal_clock_wrong": weight}, seconds=high)
        elif high - low < CLOCK_STEADY_S and alike:
            case.add("clock_alike", {"terminal_clock_wrong": 5.0}, seconds=high, terminals=alike)
        else:
            case.add("stored", {"offline_sales_forwarded_late": 3.0}, sales=unit["sales"])


def _clock_after(case: Case, after: Row | None) -> None:
    """Weigh the clock by what the terminal sold next, where the unit itself was sold before."""
    if after is None or after["sales"] < CLOCKED:
        return
    low, high = after["ahead_min_s"], after["ahead_max_s"]
    if high - low < CLOCK_STEADY_S and min(abs(low), abs(high)) >= CLOCK_WRONG_S:
        case.add("clock", {"terminal_clock_wrong": 5.0}, seconds=low)


def _answers(case: Case, attempts: Row, upgrade: Row | None, *, deaf: bool) -> None:
    if keys := attempts.get("key_refusals"):
        case.add("key_refused", {"key_mismatch": 7.0}, times=keys)
    if batches := attempts.get("batch_refusals"):
        case.add("batch_refused", {"batch_number_reset": 5.0}, times=batches)
    if ids := attempts.get("id_refusals"):
        case.add("id_refused", {"wrong_terminal_or_merchant_id": 4.0}, times=ids)
    if attempts.get("not_signed_in"):
        case.add("not_signed_in", {"step_skipped": 2.0}, times=attempts["not_signed_in"])
    if attempts.get("other_batch"):
        # The host knows another batch number, or the terminal did not sign in: either shows 77.
        both = {"batch_number_reset": 3.0, "step_skipped": 2.0}
        case.add("batch_unknown", both, times=attempts["other_batch"])
    timeouts, messages = attempts.get("timeouts") or 0, attempts.get("messages") or 0
    # The last message before the cut-off is what the close would have met.
    last, heard = attempts.get("unanswered_at"), attempts.get("answered_at")
    mute = timeouts >= MUTE and last is not None and (heard is None or heard < last)
    if mute or attempts.get("close_timeouts") or timeouts * 2 > messages:
        # Where a terminal does not report its line, messages without answer are all that tells.
        weight = 3.0 if deaf else 2.5 if mute else 1.0
        speaks = {"network_outage": weight}
        # What never got an answer since, and handed nothing in, has been silent from it on.
        never = upgrade is not None and not upgrade.get("good") and timeouts == messages
        if upgrade is not None and (
            never or case.unit["cutoff_at"] - upgrade["started_at"] <= LATELY
        ):
            speaks["network_setting_lost"] = weight + (2.0 if deaf else 0.0)
        case.add("unanswered", speaks, times=timeouts, messages=messages)


def _batches(case: Case, batches: Row, agreed: datetime | None, upgrade: Row | None) -> None:
    unit = case.unit
    cutoff, ended = unit["cutoff_at"], unit["ended_at"]
    if batches.get("refused"):
        case.add("batch_unbalanced", {"batch_number_reset": 2.0}, batches=batches["refused"])
    if batches.get("fell") or batches.get("repeated"):
        fell = 2.0 if batches.get("refused") else 0.5
        case.add("number_fell", {"batch_number_reset": fell}, batch_no=unit["together"])
    if unit["stored_sales"] == unit["sales"] and batches.get("closed_in_time"):
        case.add("closed_without", {"offline_sales_forwarded_late": 2.0}, sales=unit["sales"])
    closed = batches.get("own_closed_at") or batches.get("next_closed_at") or agreed
    if not unit["handed_in"] or ended - cutoff > JUST_AFTER:
        case.add("next_day", {"batch_not_closed": 0.5})
    elif closed is not None and closed - cutoff <= JUST_AFTER:
        minutes = int((closed - cutoff).total_seconds() // 60)
        case.add("closed_after", {"cut_off_missed": 2.0}, minutes=minutes)
    if upgrade is None:
        return
    started = upgrade["started_at"]
    if cutoff - started <= CROSSES:
        case.add("upgrade_crosses", {"cut_off_missed": 3.0}, started_at=started)


def _lost(
    case: Case,
    closes: Row,
    upgrade: Row | None,
    *,
    fell_after: bool,
    batched: bool,
    waits: bool,
) -> None:
    """Weigh whether the sales were wiped from the terminal before they were settled.

    Forwarded sales come with a later batch; lost ones with none, or they are keyed in again days
    later, when the counter of batches has begun anew.
    """
    unit = case.unit
    stored = unit["stored_sales"] == unit["sales"]
    gone = not unit["handed_in"] or unit["ended_at"] - unit["cutoff_at"] >= REKEYED
    lost = batched and not closes.get("own")
    anew = bool(closes.get("anew"))
    if gone and stored and lost and not unit["handed_in"]:
        case.add("in_no_batch", {"unsettled_batch_lost": 6.0}, sales=unit["sales"])
    elif gone and stored and anew:
        case.add("counted_anew", {"unsettled_batch_lost": 8.0}, batch_no=unit["together"])
    if upgrade is None or unit["to_at"] > upgrade["started_at"] or not (gone or lost):
        return
    if upgrade["started_at"] > unit["cutoff_at"] and not (gone and stored):
        return
    if gone and stored and fell_after:
        case.add("counter_wiped", {"unsettled_batch_lost": 6.0})
    # What came in the end with a batch of a counter that went on was never lost.
    wiped = gone and (lost or anew or not (batched or waits))
    weight = 1.0 + 6.0 * wiped + 3.0 * lost + 1.5 * (stored and (batched or wiped))
    case.add("gap_ends_at_upgrade", {"unsettled_batch_lost": weight}, sales=unit["sales"])


def _line(case: Case, seen: Seen, upgrade: Row | None, carrier: str | None) -> None:
    unit = case.unit
    cutoff: datetime = unit["cutoff_at"]
    told = _outage_told(seen.outages, unit, carrier)
    if together := seen.together.get(unit["unit"]):
        case.add("closed_together", {"network_outage": 5.0}, carrier=carrier, terminals=together)
    silence = seen.lines.silence_of(unit["terminal_id"], cutoff)
    if silence is None:
        if told is not None:
            case.add("outage_told", {"network_outage": 2.0}, text=told.get("text") or "")
        during = seen.lines.silence_in(unit["terminal_id"], unit["from_at"], unit["to_at"])
        if during and unit["stored_sales"] == unit["sales"]:
            case.add("silent_while_selling", {"offline_sales_forwarded_late": 2.0})
        return
    case.add(
        "silent",
        {"network_outage": 3.0, "network_setting_lost": 3.0 if upgrade else -6.0},
        since=silence.first_off,
        until=silence.back_at,
    )
    if carried := unit.get("carried"):
        speaks = {"network_outage": 4.0, "network_setting_lost": 4.0}
        case.add("carried_over", speaks, sales=carried)
    if told is not None:
        weight = 4.0 if silence.began_about(told["from_at"]) else 1.0
        case.add("outage_told", {"network_outage": weight}, text=told.get("text") or "")
    neighbours = seen.lines.neighbours(silence)
    out = next((n for n in neighbours if n.out), None)
    if out is not None:
        case.add(
            "neighbours_silent",
            {"network_outage": 5.0},
            place=out.place,
            value=out.value,
            silent=out.silent,
            terminals=out.terminals,
        )
    if upgrade is None:
        case.add("", {"network_outage": 2.0})
        return
    begun = upgrade["started_at"] - timedelta(minutes=5)
    done = (upgrade["finished_at"] or upgrade["started_at"]) + timedelta(hours=1)
    first = seen.lines.beginning_of(silence)
    if first.first_off >= begun and (first.online_before or begun) <= done:
        case.add("silent_from_upgrade", {"network_setting_lost": 3.0}, at=first.first_off)
    elif seen.lines.began_with(unit["terminal_id"], begun, done, silence):
        case.add("silent_again", {"network_setting_lost": 3.0})
    else:
        case.add("silent_later", {"network_outage": 3.0})
    if out is None and any(n.terminals for n in neighbours):
        peers = max(neighbours, key=lambda n: n.terminals)
        case.add(
            "neighbours_heard",
            {"network_setting_lost": 2.0},
            place=peers.place,
            value=peers.value,
            terminals=peers.terminals,
        )


def _outage_told(outages: list[Row], unit: Row, carrier: str | None) -> Row | None:
    """Return the notice of an outage of the unit's carrier, store or everybody at its cut-off."""
    names = {"carrier": carrier, "store": unit["store_id"], "merchant": unit["merchant_id"]}
    for notice in outages:
        scope = notice["scope"]
        mine = scope == "all" or (scope in names and names[scope] == notice["scope_id"])
        until = notice["to_at"] or unit["ended_at"]
        if mine and notice["from_at"] <= unit["cutoff_at"] <= until:
            return notice
    return None


def _people(case: Case, actions: list[Row], upgrade: Row | None) -> None:
    if upgrade is None:
        _by_hand(case, actions)
        return
    later = [a for a in actions if a["at"] > upgrade["started_at"] + timedelta(days=1)]
    if any(_speaks_of(a["what"], _RESETS) for a in later):
        _by_hand(case, later)
    since = upgrade["started_at"] - timedelta(days=1)
    skipped = [a for a in actions if a["outcome"] == "skipped" and a["at"] >= since]
    checks = [a for a in skipped if _speaks_of(a["what"], _CHECKS)]
    if checks:
        who = sorted({a["who"] for a in checks if a["who"]})
        what = sorted({a["what"] for a in checks})
        case.add("step_skipped", {"step_skipped": 4.0}, what="、".join(what), who="、".join(who))
    elif any(_speaks_of(a["what"], _BACKUPS) for a in skipped):
        # Only what was stored before the upgrade can have been wiped by it.
        unit = case.unit
        if unit["stored_sales"] == unit["sales"] and unit["from_at"] <= upgrade["started_at"]:
            case.add("backup_skipped", {"unsettled_batch_lost": 1.0})
    elif skipped:
        case.add("step_skipped", {"step_skipped": 3.0}, what=skipped[0]["what"], who="")
    for mechanism, words in _REPAIRS.items():
        repair = next(
            (a for a in actions if a["outcome"] != "skipped" and a["at"] >= upgrade["started_at"]
             and _speaks_of(a["what"], words)),
            None,
        )  # fmt: skip
        if repair is not None:
            case.add("repaired", {mechanism: 1.5}, what=repair["what"], at=repair["at"])


def _by_hand(case: Case, actions: list[Row]) -> None:
    """Weigh what people did to a terminal that no upgrade had touched."""
    unit = case.unit
    done = [a for a in actions if a["outcome"] != "skipped"]
    for action in done:
        reset = _speaks_of(action["what"], _RESETS)
        if reset and unit["to_at"] <= action["at"] <= unit["ended_at"]:
            # Stored sales that come days after a reset were keyed in again, not forwarded.
            stored = unit["stored_sales"] == unit["sales"]
            waited = unit["ended_at"] - unit["cutoff_at"] >= REKEYED
            lost = {"unsettled_batch_lost": 12.0 if stored and waited else 5.0}
            case.add("reset_by_hand", lost, what=action["what"], at=action["at"])
            return
    for mechanism in ("terminal_clock_wrong", "wrong_terminal_or_merchant_id"):
        for action in done:
            if action["at"] <= unit["to_at"] and _speaks_of(action["what"], _REPAIRS[mechanism]):
                case.add("set_by_hand", {mechanism: 1.5}, what=action["what"], at=action["at"])
                return


def _speaks_of(what: str, words: tuple[str, ...]) -> bool:
    plain = what.casefold()
    return any(word in plain for word in words)
