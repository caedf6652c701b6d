"""The fault catalogue of the domain, in both variants of cause, and the noise of every day.

``PLANS`` names every fault and variant; each plans windows on a fleet. A variant ``upgrade`` begins
at the upgrade of the terminals or merchants that it hits and spares all others; the variant
``other`` has nothing to do with one, and hits some that were never upgraded or strikes before it.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Callable

from tests.oracle.causes.fleet import (
    BATCHED,
    DAY,
    HOUR,
    MINUTE,
    ONLINE,
    Estate,
    Moment,
    Terminal,
    at,
    chance,
)
from tests.oracle.causes.money import Fault, Window

Windows = dict[str, list[Window]]
Plan = Callable[[random.Random, Estate, bool], Fault]


def upgraded(estate: Estate) -> list[Terminal]:
    """Terminals that were upgraded."""
    return [t for t in estate.terminals if t.upgraded is not None]


def _batched(terminals: list[Terminal]) -> list[Terminal]:
    return [t for t in terminals if t.provider == BATCHED]


def _some(rng: random.Random, terminals: list[Terminal], least: int, most: float) -> list[Terminal]:
    """Return a share of the terminals, but not fewer than ``least`` where there are as many."""
    count = max(least, round(len(terminals) * rng.uniform(most / 2, most)))
    return sorted(rng.sample(terminals, min(count, len(terminals))), key=lambda t: t.tid)


def _loose_day(rng: random.Random, estate: Estate) -> dt.date:
    """Return a day that the upgrade did not choose."""
    return estate.first + rng.randint(3, estate.days - 7) * DAY


def _targets(rng: random.Random, estate: Estate, batched: bool, up: bool) -> dict[str, Moment]:
    """Return terminals, and from when; without an upgrade mostly such as never had one."""
    pool = _batched(estate.terminals) if batched else estate.terminals
    if up:
        return {t.tid: t.upgraded for t in _some(rng, [t for t in pool if t.upgraded], 4, 1.0)
                if t.upgraded}  # fmt: skip
    begin = at(_loose_day(rng, estate), rng.uniform(9, 18))
    never = [t for t in pool if t.upgraded is None]
    return {t.tid: begin + rng.randint(0, 30) * HOUR for t in _some(rng, never, 2, 0.15)}


def _until(rng: random.Random, start: Moment, days: int) -> Moment:
    return at(start.date() + days * DAY, rng.uniform(9, 11))


def _stored(
    code: str, mechanism: str, share: float, days: tuple[int, int]
) -> Plan:  # fmt: skip
    """Sales stay in the terminal and no batch goes out until it is put right."""

    def plan(rng: random.Random, estate: Estate, up: bool) -> Fault:
        windows: Windows = {}
        broken = rng.random() < 0.3
        for tid, start in _targets(rng, estate, False, up).items():
            end = _until(rng, start, rng.randint(*days))
            windows[tid] = [Window(start, end, end)]
            if broken:
                again = end + rng.uniform(1, 3) * DAY
                until = _until(rng, again, 1)
                windows[tid].append(Window(again, until, until))
        return Fault(
            code,
            mechanism,
            "system_upgrade",
            "submit",
            windows,
            share,
            blocks=True,
        )

    return plan


def _f1(rng: random.Random, estate: Estate, up: bool) -> Fault:
    windows: Windows = {}
    for tid, wiped in _targets(rng, estate, True, up).items():
        keyed = _until(rng, wiped, rng.randint(2, 6))
        begin = at(wiped.date(), 0) if wiped.hour > 8 else at(wiped.date() - DAY, 12)
        windows[tid] = [Window(begin, wiped, keyed)]
    cause = "system_upgrade" if up else "human_error"
    return Fault("F1", "unsettled_batch_lost", cause, "submit", windows, 0.6)


def _f2(rng: random.Random, estate: Estate, up: bool) -> Fault:
    windows: Windows = {}
    for tid, start in _targets(rng, estate, False, up).items():
        end = at(start.date() + rng.randint(2, 6) * DAY, 2)
        windows[tid] = [Window(start, end, end)]
    cause, style = "system_upgrade" if up else "human_error", rng.choice(("rejected", "sibling"))
    return Fault(
        "F2", "wrong_terminal_or_merchant_id", cause, "clear", windows,
        style=style,
    )  # fmt: skip


def _f5(rng: random.Random, estate: Estate, up: bool) -> Fault:
    offset = rng.choice((-8 * HOUR, 8 * HOUR, -100 * MINUTE))
    windows: Windows = {}
    for tid, start in _targets(rng, estate, True, up).items():
        windows[tid] = [Window(start, _until(rng, start, rng.randint(3, 7)), None)]
    cause = "system_upgrade" if up else "human_error"
    return Fault("F5", "terminal_clock_wrong", cause, "submit", windows, offset=offset)


def _f6(rng: random.Random, estate: Estate, up: bool) -> Fault:
    windows: Windows = {}
    for tid, start in _targets(rng, estate, True, up).items():
        day = start.date()
        end = start + 100 * MINUTE if up else at(day, 23)
        begin = min(start, at(day, 21.5))
        windows[tid] = [Window(begin, end, max(end, at(day, 23.1)))]
    cause = "system_upgrade" if up else "human_error"
    return Fault("F6", "cut_off_missed", cause, "submit", windows, blocks=True)


def _f7(rng: random.Random, estate: Estate, up: bool) -> Fault:
    del up
    windows: Windows = {}
    for tid, start in _targets(rng, estate, True, True).items():
        end = _until(rng, start, rng.randint(2, 4))
        windows[tid] = [Window(start, end, end)]
    return Fault("F7", "batch_number_reset", "system_upgrade", "submit", windows, blocks=True)


def _f10(rng: random.Random, estate: Estate, up: bool) -> Fault:
    del up
    carrier, area = rng.choice(("CMCC", "CUCC", "CTCC")), rng.choice(("east", "west", "north", ""))
    day = rng.choice((_loose_day(rng, estate), estate.waves[len(estate.waves) // 2].date()))
    start = at(day, rng.uniform(12, 20))
    end = start + rng.uniform(8, 30) * HOUR
    windows = {
        t.tid: [Window(start + 1 * MINUTE, end, end)]
        for t in estate.terminals
        if t.carrier == carrier and area in {"", t.area}
    }
    return Fault("F10", "network_outage", "network", "submit", windows, 1.0, blocks=True)


def _f11(rng: random.Random, estate: Estate, up: bool) -> Fault:
    pool = upgraded(estate) if up else estate.terminals
    begin, windows = _loose_day(rng, estate), dict[str, list[Window]]()
    for t in _some(rng, pool, 6, 0.8 if up else 0.2):
        start = t.upgraded if up and t.upgraded else at(begin, 9)
        windows[t.tid] = []
        for n in range(rng.randint(3, 7)):
            day = start.date() + n * DAY
            if rng.random() < 0.7:
                release = at(day + rng.randint(1, 4) * DAY, rng.uniform(9, 18))
                windows[t.tid].append(Window(max(start, at(day, 0)), at(day, 24), release))
    cause = "system_upgrade" if up else "network"
    return Fault("F11", "offline_sales_forwarded_late", cause, "submit", windows, 0.5)


def _not_closed(rng: random.Random, estate: Estate, up: bool) -> Fault:
    if not up:
        return forgotten(estate, rng.uniform(0.02, 0.04))
    windows: Windows = {}
    for tid, start in _targets(rng, estate, True, True).items():
        windows[tid] = []
        for n in range(rng.randint(2, 5)):
            day = start.date() + n * DAY
            windows[tid].append(_evening(day, rng))
    return Fault(
        "BNC", "batch_not_closed", "system_upgrade", "submit", windows, blocks=True
    )  # fmt: skip


def _evening(day: dt.date, rng: random.Random) -> Window:
    release = at(day + DAY, rng.uniform(8, 10)) if rng.random() < 0.5 else None
    return Window(at(day, 21), at(day, 27), release)


def forgotten(estate: Estate, rate: float) -> Fault:
    """People forget to close the batch, everywhere and always."""
    windows: Windows = {}
    for t in _batched(estate.terminals):
        for n in range(estate.days):
            rng = chance(estate.seed, t.tid, n, "forgets")
            if rng.random() < rate:
                windows.setdefault(t.tid, []).append(_evening(estate.first + n * DAY, rng))
    return Fault(
        "BNC0", "batch_not_closed", "human_error", "submit", windows, blocks=True, noise=True
    )


def chance_outages(estate: Estate) -> Fault:
    """Single shops lose their network for an evening."""
    windows: Windows = {}
    rng = chance(estate.seed, "outages")
    for t in _some(rng, estate.terminals, 3, 0.1):
        start = at(estate.first + rng.randint(0, estate.days - 3) * DAY, rng.uniform(15, 21))
        end = start + rng.uniform(4, 16) * HOUR
        windows[t.tid] = [Window(start, end, end)]
    return Fault(
        "F10n", "network_outage", "network", "submit", windows, 0.8, blocks=True, noise=True
    )


def _f18(rng: random.Random, estate: Estate, up: bool) -> Fault:
    del up
    windows: Windows = {}
    for t in _some(rng, upgraded(estate), 2, 0.2):
        assert t.upgraded is not None
        end = at(t.upgraded.date() + DAY, rng.uniform(11, 14))
        windows[t.tid] = [Window(t.upgraded, end, end)]
    return Fault("F18", "step_skipped", "human_error", "submit", windows, 1.0, blocks=True)


def _accounts(rng: random.Random, estate: Estate, up: bool) -> dict[str, Moment]:
    """Return accounts and from when; by the upgrade: of merchants that were upgraded."""
    first: dict[str, Moment] = {}
    for t in upgraded(estate):
        assert t.upgraded is not None
        first[t.account] = min(t.upgraded, first.get(t.account, t.upgraded))
    if up:
        names = sorted(first)
        chosen = rng.sample(names, min(len(names), max(3, round(len(names) * rng.uniform(0.4, 1)))))
        return {name: first[name] for name in chosen}
    never = sorted({t.account for t in estate.terminals} - set(first))
    chosen = rng.sample(never, min(len(never), rng.randint(1, 3)))
    early = [a for a in sorted(first) if rng.random() < 0.1]
    out = {a: at(_loose_day(rng, estate), 6) for a in chosen}
    return out | {a: first[a] - rng.randint(3, 5) * DAY for a in early}


def _account(
    code: str, mechanism: str, other: str, days: tuple[int, int], styles: tuple[str, ...]
) -> Plan:
    """Payouts of an account are held or come back until it is put right."""

    def plan(rng: random.Random, estate: Estate, up: bool) -> Fault:
        windows: Windows = {}
        for account, start in _accounts(rng, estate, up).items():
            end = at(start.date() + rng.randint(*days) * DAY, 15)
            windows[account] = [Window(start, end, end)]
        cause = "system_upgrade" if up else other
        return Fault(code, mechanism, cause, "pay_out", windows, style=rng.choice(styles))

    return plan


def _f12_provider(rng: random.Random, estate: Estate, up: bool) -> Fault:
    fault = _account("F12", "duplicate_upload_held", "provider", (3, 9), ("held", "absent"))(
        rng, estate, up
    )
    if not up:
        start = at(_loose_day(rng, estate), 6)
        names = sorted({t.account for t in estate.terminals if t.provider == ONLINE})
        end = start + rng.randint(3, 6) * DAY
        fault.windows = {name: [Window(start, end, end)] for name in names if rng.random() < 0.7}
    return fault


def _f14(rng: random.Random, estate: Estate, up: bool) -> Fault:
    end_days, style = rng.randint(2, 5), rng.choice(("rejected", "notice"))
    if up:
        pool = [t for t in upgraded(estate) if t.provider == ONLINE]
        windows = {
            t.tid: [Window(t.upgraded, at(t.upgraded.date() + end_days * DAY, 12),
                           at(t.upgraded.date() + end_days * DAY, 12))]
            for t in pool if t.upgraded
        }  # fmt: skip
    else:
        start = at(_loose_day(rng, estate), 0)
        windows = {ONLINE: [Window(start, start + end_days * DAY, start + end_days * DAY)]}
    return Fault(
        "F14", "interface_field_mismatch", "interface_mismatch", "clear", windows, style=style
    )


def _f16(rng: random.Random, estate: Estate, up: bool) -> Fault:
    bank = rng.choice(sorted({t.bank for t in estate.terminals}))
    day = estate.waves[0].date() + DAY if up else _loose_day(rng, estate)
    windows = []
    for n in range(rng.randint(1, 5)):
        here = day + n * DAY
        release = at(here + rng.choice((0, 1, 2)) * DAY, 17)
        windows.append(Window(at(here, 0), at(here, 24), release))
    return Fault("F16", "bank_slow", "bank_speed", "credit", {bank: windows})


def _f17(rng: random.Random, estate: Estate, up: bool) -> Fault:
    """A bank card that takes only so much a day, or a provider that lets small sums pile up."""
    del up
    begin = _loose_day(rng, estate)
    sold: dict[str, int] = {}
    for sale in estate.sales:
        sold[sale.terminal.account] = sold.get(sale.terminal.account, 0) + sale.amount
    least, names = rng.random() < 0.5, sorted(sold)
    usual = sold[names[len(names) // 2]] // estate.days
    end = at(begin + 9 * DAY, 0)
    if least:
        names = rng.sample(names, 4)
    else:
        names = [n for n in names if 0.8 * usual < sold[n] / estate.days < 1.5 * usual][:6]
    return Fault(
        "F17", "minimum_or_limit", "account_processing", "pay_out",
        {name: [Window(at(begin, 0), end, end)] for name in names},
        limit=0 if least else usual, minimum=2 * usual if least else 0,
        style=rng.choice(("silent", "said")),
    )  # fmt: skip


def _f19(rng: random.Random, estate: Estate, up: bool) -> Fault:
    provider = rng.choice(sorted({t.provider for t in estate.terminals}))
    day = estate.waves[0].date() if up else _loose_day(rng, estate)
    start = at(day, rng.choice((0, 20)))
    end = start + rng.randint(20, 50) * HOUR
    return Fault(
        "F19", "provider_outage", "provider", "clear", {provider: [Window(start, end, end)]}
    )


def _f22(rng: random.Random, estate: Estate, up: bool) -> Fault:
    del up
    begin, windows, lag = _loose_day(rng, estate), [], 0.0
    for n in range(rng.randint(6, 10)):
        day = begin + n * DAY
        lag += rng.uniform(0.3, 1.0)
        windows.append(Window(at(day, 0), at(day, 24), at(day, 24 * lag + 14)))
    return Fault("F22", "second_clearing_stall", "provider", "pay_out", {ONLINE: windows})


_HELD = ("held", "absent", "merged")
PLANS: dict[str, Plan] = {
    "F1": _f1,
    "F2": _f2,
    "F4": _account("F4", "settlement_account_lost", "account_processing", (3, 9), ("returned",)),
    "F5": _f5,
    "F6": _f6,
    "F7": _f7,
    "F8": _stored("F8", "key_mismatch", 0.5, (1, 3)),
    "F9": _stored("F9", "network_setting_lost", 1.0, (1, 3)),
    "F10": _f10,
    "F11": _f11,
    "F12": _f12_provider,
    "F13": _account("F13", "account_under_review", "account_processing", (4, 12), _HELD),
    "MCC": _account("MCC", "risk_hold", "account_processing", (4, 12), _HELD),
    "F14": _f14,
    "F16": _f16,
    "F17": _f17,
    "F18": _f18,
    "F19": _f19,
    "F22": _f22,
    "BNC": _not_closed,
}
ONLY_UP = frozenset({"F7", "F8", "F9", "MCC"})


def noise(estate: Estate) -> list[Fault]:
    """Return what goes wrong anyway."""
    rng = chance(estate.seed, "noise")
    return [forgotten(estate, rng.uniform(0.005, 0.02)), chance_outages(estate)]


def plan_of(seed: int) -> list[tuple[str, bool]]:
    """Return which faults a seed has, each with whether it is the upgrade's; none: a harmless one.

    Every fault and variant has its turn; every fifth seed has an upgrade that does no harm.
    """
    if seed % 5 == 4:
        return [(code, False) for code in ("F16", "F13", "F19", "F10") if chance(seed, code)
                .random() < 0.7]  # fmt: skip
    every = [(code, up) for code in PLANS for up in (True, False) if up or code not in ONLY_UP]
    index = seed - seed // 5
    first = every[(index * 2) % len(every)]
    second = every[(index * 2 + 17 + 6 * (index // 18)) % len(every)]
    third = chance(seed, "third").choice(every)
    chosen = {first[0]: first, second[0]: second}
    if seed % 3 == 0:
        chosen.setdefault(third[0], third)
    return list(chosen.values())


def make_faults(estate: Estate, plan: list[tuple[str, bool]]) -> list[Fault]:
    """Plan the faults on the fleet, each from its own draw."""
    out = [
        PLANS[code](chance(estate.seed, code, up, "plan"), estate, up) for code, up in plan
    ]  # fmt: skip
    return out + noise(estate)
