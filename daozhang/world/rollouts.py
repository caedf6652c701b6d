"""Simulated rollouts as evidence: fleets, ordinary trouble, bad releases; fast, from a seed.

For the gate's error rates, which take hundreds of rollouts: terminals and days are drawn, not
sales. Trouble that has nothing to do with the release strikes what it strikes in reality: a bank
all its accounts, an outage a carrier's terminals in a city, a rejected file a provider or one
merchant, a review or a returned payout an account, a forgotten batch a store (some stores forget
often). Holidays move when money is due. A bad release harms some of the terminals it is put on, by
one of five kinds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.gate.evidence import LEGS, NEVER, NO_INTS, Bools, Evidence, Fleet, Ints, Outcome
from daozhang.gate.holdback import Place, draw
from daozhang.gate.lot import Lot
from daozhang.gate.pods import parts
from daozhang.gate.shape import CHANNELS, Usual

__all__ = ["KINDS", "Rollout", "Simulated", "simulate"]

DAY: Final = 86_400
HOUR: Final = 3_600

KINDS: Final = ("key", "batch", "account", "hold", "slow")
"""What a bad release does: refuse the key, not close, lose the account, have money held, be late
on some days only."""

_FIRST_DAY: Final = 20_500
_BEFORE: Final = 14


@dataclass(frozen=True, slots=True)
class Rollout:
    """What is simulated.

    Attributes:
        terminals: terminals of the fleet.
        others: terminals of the estate that are not of the fleet.
        harms: share of upgraded terminals that the release harms.
        kind: one of :data:`KINDS`.
        waves: shares of the fleet upgraded by the end of each wave.
        starts: the day on which each wave is upgraded; a wave without one never is.
        days: days from the first wave on.
        holiday: whether a long holiday falls into the rollout.
        trouble: how much of the ordinary trouble there is; 1 is a bad month.
        held: share of the fleet that is held back by lot: the end of the last wave.
        wakes: the day of the rollout from which on the release harms.
    """

    terminals: int = 300
    others: int = 0
    harms: float = 0.0
    kind: str = "key"
    waves: tuple[float, ...] = (0.05, 0.15, 0.35, 0.65, 1.0)
    starts: tuple[int, ...] = (0, 3, 6, 9, 12)
    days: int = 21
    holiday: bool = False
    trouble: float = 1.0
    held: float = 0.0
    wakes: int = 0


@dataclass(frozen=True, slots=True)
class Simulated:
    """A rollout's evidence, and the truth beside it.

    Attributes:
        evidence: of the whole rollout, as if nobody had stopped it.
        struck: terminal by day from ``first_day``, whether the release made its money late.
        first_day: as in the evidence.
        minor: by terminal, what it sells a day.
        free: by day, whether banks rest.
    """

    evidence: Evidence
    struck: Bools
    first_day: int
    minor: Ints
    free: Bools


@dataclass(frozen=True, slots=True)
class _Estate:
    store: Ints
    account: Ints
    provider: Ints
    bank: Ints
    carrier: Ints
    city: Ints
    frail: Bools
    minor: Ints
    shape: Ints


def simulate(seed: int, plan: Rollout) -> Simulated:
    """Return one whole rollout; the same seed is the same trouble however the waves begin."""
    rng = np.random.default_rng([seed, 77])
    estate = _estate(rng, seed, plan)
    days = _BEFORE + plan.days
    count = plan.terminals + plan.others
    exposed_at, wave, lot = _waves(rng, seed, plan, estate)
    from_day = np.where(exposed_at == NEVER, NEVER, exposed_at // DAY)
    open_day = rng.random((count, days)) > 0.04  # noqa: PLR2004 - closed one day in 25
    free = _free(rng, plan, days)
    late = _trouble(rng, plan, estate, days)
    _returns(np.random.default_rng([seed, 78]), plan, estate, late)
    victim = rng.permutation(count) < round(plan.harms * count)
    victim &= exposed_at != NEVER
    struck = victim[:, None] & (from_day[:, None] <= _FIRST_DAY + np.arange(days))
    struck[:, : _BEFORE + plan.wakes] = False
    if plan.kind == "slow":
        struck &= rng.random((count, days)) < 0.4  # noqa: PLR2004 - some days only
    _strike(late, plan.kind, struck)
    ids = tuple(f"T{k + 1}" for k in range(count))
    evidence = _evidence(estate, Fleet("9.9", exposed_at, wave, lot, ids), late, open_day, free)
    return Simulated(evidence, struck & open_day, _FIRST_DAY, estate.minor, free)


def _estate(rng: np.random.Generator, seed: int, plan: Rollout) -> _Estate:
    count = plan.terminals + plan.others
    sizes = rng.choice([1, 2, 3, 4, 8], size=count, p=[0.35, 0.3, 0.2, 0.1, 0.05])
    store = np.repeat(np.arange(count), sizes)[:count]
    store = rng.permutation(store.max() + 1)[store]
    stores = int(store.max()) + 1
    merchant_of = np.minimum(rng.geometric(0.15, stores) - 1, 40) + 41 * rng.integers(0, 8, stores)
    chain = rng.random(stores) < 0.4  # noqa: PLR2004 - stores of chains share an account
    account_of = np.where(chain, merchant_of, 10_000 + np.arange(stores))
    _, account_of = np.unique(account_of, return_inverse=True)
    accounts = int(account_of.max()) + 1
    provider_of, bank_of = rng.integers(0, 3, accounts), rng.integers(0, 4, accounts)
    return _Estate(
        store,
        account_of[store],
        provider_of[account_of[store]],
        bank_of[account_of[store]],
        rng.integers(0, 3, count),
        rng.integers(0, 5, stores)[store],
        (rng.random(stores) < 0.05)[store],  # noqa: PLR2004 - stores that forget often
        minor := np.exp(rng.normal(12.5, 0.8, count)).astype(np.int64),
        _shapes(seed, minor),
    )


def _shapes(seed: int, minor: Ints) -> Ints:
    """Return by terminal its sales shape: 120 yuan a sale, most of them by one channel, or not."""
    rng = np.random.default_rng([seed, 79])
    channel = rng.choice(4, size=len(minor), p=[0.2, 0.5, 0.2, 0.1])
    step = 1 + np.searchsorted([4, 16, 64, 256], minor // 12_000, side="right")
    return np.asarray(step * CHANNELS + channel)


def _waves(
    rng: np.random.Generator, seed: int, plan: Rollout, estate: _Estate
) -> tuple[Ints, Ints, Lot | None]:
    """Upgrade by stores in some rollouts and by terminals in others, at night."""
    count = plan.terminals + plan.others
    order = rng.permutation(plan.terminals)
    if rng.random() < 0.5:  # noqa: PLR2004 - either
        by_store = rng.permutation(int(estate.store.max()) + 1)[estate.store[: plan.terminals]]
        order = np.argsort(by_store, kind="stable")
    held = _held_back(seed, plan, estate)
    order = order[np.argsort(held[order], kind="stable")]
    wave = np.full(count, -1, dtype=np.int64)
    ends = np.ceil(np.array(plan.waves) * plan.terminals).astype(np.int64)
    wave[order] = np.searchsorted(ends, np.arange(plan.terminals), side="right")
    lot = _lot(wave, held) if plan.held else None
    at = rng.integers(1 * HOUR, 4 * HOUR, count)
    begun = (wave >= 0) & (wave < len(plan.starts))
    starts = np.array([*plan.starts, 0], dtype=np.int64)[np.where(begun, wave, -1)]
    at = (_FIRST_DAY + _BEFORE + starts) * DAY + at
    return np.where(begun, at, NEVER), np.where(begun, wave, -1), lot


def _lot(wave: Ints, held: Bools) -> Lot:
    """Return the lot as it was drawn long before the rollout."""
    return Lot(wave.copy(), held, np.where(wave >= 0, 0, NEVER).astype(np.int64))


def _held_back(seed: int, plan: Rollout, estate: _Estate) -> Bools:
    """Return by terminal whether it is drawn to be held back until the last wave."""
    held = np.zeros(plan.terminals + plan.others, dtype=np.bool_)
    if plan.held:
        places = [
            Place(f"{estate.provider[k]}", f"{estate.bank[k]}", f"{estate.carrier[k]}",
                  f"{estate.store[k]:05}", f"{k}")
            for k in range(plan.terminals)
        ]  # fmt: skip
        drawn = draw(places, round(plan.held * plan.terminals), f"9.9|{seed}")
        held[[int(terminal) for terminal in drawn]] = True
    return held


def _free(rng: np.random.Generator, plan: Rollout, days: int) -> Bools:
    free = np.arange(days) % 7 >= 5  # noqa: PLR2004 - weekends
    if plan.holiday:
        start = _BEFORE + int(rng.integers(1, 8))
        free[start : start + int(rng.integers(3, 8))] = True
    return free


def _trouble(
    rng: np.random.Generator, plan: Rollout, estate: _Estate, days: int
) -> dict[str, Bools]:
    """Return by outcome which terminal has which trouble on which day, release or not."""
    count, much = len(estate.store), plan.trouble
    late = {
        key: np.zeros((count, days), dtype=np.bool_) for key in (*LEGS, "open_batch", "returned")
    }
    stores = int(estate.store.max()) + 1
    frail_store = np.zeros(stores, dtype=np.bool_)
    frail_store[estate.store[estate.frail]] = True
    forgets = rng.random((stores, days)) < much * np.where(frail_store, 0.1, 0.002)[:, None]
    one = rng.random((count, days)) < much * 0.001
    missed = forgets[estate.store] | one
    late["open_batch"] |= missed
    for leg in LEGS:
        late[leg] |= missed

    def spells(number: float, longest: int) -> list[tuple[int, int]]:
        begins = rng.integers(0, days, rng.poisson(much * number)).tolist()
        return [(a, a + 1 + int(rng.integers(0, longest))) for a in begins]

    for a, b in spells(3, 1):  # A carrier is out in a city, over the cut-off.
        hit = (estate.carrier == rng.integers(0, 3)) & (estate.city == rng.integers(0, 5))
        hit &= rng.random(count) < 0.7  # noqa: PLR2004
        for key in ("submit", *LEGS[1:], "open_batch"):
            late[key][hit, a:b] = True
    for a, b in spells(2, 4):  # A bank is slow.
        hit = estate.bank == rng.integers(0, 4)
        hit &= rng.random(int(estate.account.max()) + 1)[estate.account] < 0.9  # noqa: PLR2004
        late["credit"][hit, a:b] = True
    for a, b in spells(2, 2):  # A provider's file is rejected, or a part of it.
        hit = estate.provider == rng.integers(0, 3)
        part = rng.choice([1.0, 0.3])
        hit &= rng.random(int(estate.account.max()) + 1)[estate.account] < part
        for key in ("clear", "pay_out", "credit", "returned"):
            late[key][hit, a:b] = True
    accounts = int(estate.account.max()) + 1
    for account in np.flatnonzero(rng.random(accounts) < much * 0.02):  # A review of an account.
        a = int(rng.integers(0, days))
        for key in ("pay_out", "credit"):
            late[key][estate.account == account, a : a + int(rng.integers(1, 6))] = True
    return late


def _returns(
    rng: np.random.Generator, plan: Rollout, estate: _Estate, late: dict[str, Bools]
) -> None:
    """Let payouts of a few accounts come back for a day or two: closed, renamed, mistyped."""
    accounts, days = int(estate.account.max()) + 1, late["returned"].shape[1]
    for account in np.flatnonzero(rng.random(accounts) < plan.trouble * 0.005):
        a = int(rng.integers(0, days))
        for key in ("pay_out", "credit", "returned"):
            late[key][estate.account == account, a : a + int(rng.integers(1, 3))] = True


def _strike(late: dict[str, Bools], kind: str, struck: Bools) -> None:
    legs = {
        "key": LEGS, "batch": (*LEGS, "open_batch"),
        "account": ("pay_out", "credit", "returned"),
        "hold": ("pay_out", "credit"), "slow": LEGS,
    }[kind]  # fmt: skip
    for key in legs:
        late[key] |= struck


def _evidence(
    estate: _Estate, fleet: Fleet, late: dict[str, Bools], open_day: Bools, free: Bools
) -> Evidence:
    count, days = open_day.shape
    until = (_FIRST_DAY + days) * DAY
    from_day = np.where(fleet.exposed_at == NEVER, NEVER, fleet.exposed_at // DAY)
    seen = _seen(free, days)
    usual = Usual(estate.shape, estate.minor)
    outcomes = []
    for key, (stratum_of, pod_of) in _together(estate).items():
        pair, pod = np.unique(stratum_of * 1_000_000 + pod_of, return_inverse=True)
        stratum, provider, part = pair // 1_000_000, np.arange(30) // 10, NO_INTS
        if key in ("pay_out", "credit"):
            part, stratum, provider = parts(pod, stratum, provider, estate.store)
        unit, column = np.nonzero(late[key] & open_day & (seen[key] <= until))
        outcomes.append(
            Outcome(
                key, np.arange(count), pod, stratum, provider, from_day,
                _FIRST_DAY, open_day, unit, _FIRST_DAY + column, seen[key][column],
                (estate.store, estate.carrier, estate.provider, estate.bank)
                if key == "returned" else (), part,
                usual.of_pods(len(stratum), np.arange(count), pod, part),
            )
        )  # fmt: skip
    upgraded = from_day[:, None] <= _FIRST_DAY + np.arange(days)
    due_terminal, due_column = np.nonzero(open_day & upgraded & (seen["credit"] <= until))
    first = np.full((count, days), NEVER, dtype=np.int64)
    for leg in LEGS:
        first = np.where(late[leg], np.minimum(first, seen[leg][None, :]), first)
    unit, column = np.nonzero((first != NEVER) & open_day)
    return Evidence(
        fleet=fleet,
        outcomes=tuple(outcomes),
        due_terminal=due_terminal,
        due_day=_FIRST_DAY + due_column,
        due_seen=seen["credit"][due_column],
        money_terminal=unit,
        money_from=first[unit, column],
        money_until=seen["credit"][column] + 3 * DAY,
        money_minor=estate.minor[unit],
        money_exposed=upgraded[unit, column],
        currency="CNY",
        until=until,
    )


def _together(estate: _Estate) -> dict[str, tuple[Ints, Ints]]:
    """Return by outcome what is compared (ten numbers a provider), and what fails together."""
    lines, provider = estate.provider * 10 + estate.carrier, estate.provider * 10
    return {
        "submit": (lines, estate.store),
        "clear": (provider, estate.store),
        "pay_out": (provider, estate.account),
        "credit": (provider + estate.bank, estate.account),
        "open_batch": (lines, estate.store),
        "returned": (provider + estate.bank, estate.account),
    }


def _seen(free: Bools, days: int) -> dict[str, Ints]:
    """Return by outcome and day when its trouble can be seen: by the next business days' files."""
    close = (_FIRST_DAY + np.arange(days)) * DAY + 23 * HOUR
    due = np.zeros(days, dtype=np.int64)
    for day in range(days):
        nearest = day + 1
        while nearest < days and free[nearest]:
            nearest += 1
        due[day] = (_FIRST_DAY + nearest) * DAY
    return {
        "submit": close + HOUR, "open_batch": close + 3 * HOUR,
        "clear": (_FIRST_DAY + np.arange(days) + 1) * DAY + 9 * HOUR,
        "pay_out": due + 12 * HOUR, "credit": due + DAY + 8 * HOUR, "returned": due + 15 * HOUR,
    }  # fmt: skip
