"""The faults that can be switched on, and the plan of where and when each would strike.

Rules kept here: the plan is the same whichever faults are on, so that a world without one fault
is the same world but for that fault. Faults of the upgrade strike different models and providers,
and a day is chosen so that losing one business date costs something (a Friday's batch that is
handed in on Saturday is still paid on Monday, and would not be late). The codes, mechanisms,
causes and legs are those of the contract's table of causes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.world._clock import DAY, HOUR, MINUTE, Bools, Ints, stream
from daozhang.world.estate import BANKS, CARRIERS, CITIES, FLEET_MODELS, MODELS, Estate
from daozhang.world.providers import HUATONG, LANQIAO, PROVIDERS, RUIFU, due_days

__all__ = [
    "FAULTS",
    "NEW_RELEASE",
    "OLD_RELEASE",
    "Fault",
    "Plan",
    "make_plan",
    "resolve_faults",
    "scope_of",
]

_STREAM: Final = 2
OLD_RELEASE: Final = "3.1.8"
NEW_RELEASE: Final = "3.2.1"
_WAVE_AT: Final = (0.25, 0.33, 0.38, 0.50)
_WAVE_SHARES: Final = (0.01, 0.10, 0.50, 1.0)
_OTHER_WAVE_AT: Final = (0.60, 0.66)
_HOLIDAY_DAYS_MIN: Final = 3
_OTHER_FIRST_SHARE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault: the contract's code, mechanism, cause and leg ("" where none)."""

    code: str
    mechanism: str
    cause: str
    leg: str


FAULTS: Final = {
    fault.code: fault
    for fault in (
        Fault("F1", "unsettled_batch_lost", "system_upgrade", "submit"),
        Fault("F5", "terminal_clock_wrong", "system_upgrade", "submit"),
        Fault("F6", "cut_off_missed", "system_upgrade", "submit"),
        Fault("F10", "network_outage", "network", "submit"),
        Fault("F14", "interface_field_mismatch", "interface_mismatch", "clear"),
        Fault("F4", "settlement_account_lost", "system_upgrade", "pay_out"),
        Fault("F16", "bank_slow", "bank_speed", "credit"),
        Fault("F15", "holiday", "", ""),
        Fault("F23", "statement_missing", "data_quality", ""),
    )
}
"""Every fault by code, in the order of the legs."""


def resolve_faults(names: Iterable[str]) -> frozenset[str]:
    """Return the codes of faults given by code (``F1``) or mechanism.

    Raises:
        ValueError: a name is neither.
    """
    by_mechanism = {fault.mechanism: code for code, fault in FAULTS.items()}
    codes = set()
    for name in names:
        code = name.upper() if name.upper() in FAULTS else by_mechanism.get(name.lower())
        if code is None:
            known = ", ".join(f"{f.code} ({f.mechanism})" for f in FAULTS.values())
            raise ValueError(f"unknown fault {name!r}; known are {known}")
        codes.add(code)
    return frozenset(codes)


@dataclass(frozen=True, slots=True)
class Plan:
    """Where and when things happen; days are day numbers, instants are the estate's.

    Attributes:
        first_day: first day of sales.
        days: days of sales.
        as_of: nothing later than this is known.
        free: by day from ``first_day``: a weekend day or holiday.
        wave: by terminal: 1-4 in the upgrade to the new release, 0 not in the fleet.
        wave_days: days of the four waves.
        eve: last business day before a long holiday in the period, or None.
        other_wave: by terminal: 1-2 in the harmless release of the other models, else 0.
        other_wave_days: days of its waves.
        batch: by terminal: its card provider settles by batch.
        lost: by terminal: F1 may strike it (batch provider, first model).
        clock: by terminal: F5 may strike it.
        cut_off: by terminal: F6 may strike it.
        outage: by terminal: F10 may strike it.
        outage_from: start of F10's outage.
        outage_to: its end.
        outage_place: carrier and city.
        unread_days: business days whose wallet file F14 rejects.
        unread_fixed: instant at which the rejected files are read at last.
        garbled_pairs: pairs whose account F4 loses, in order.
        slow_bank: bank number of F16.
        slow_days: first and last due day of F16.
        missing_bank: bank number of F23.
        missing_from: first day without a statement.
    """

    first_day: int
    days: int
    as_of: int
    free: Bools
    wave: Ints
    wave_days: tuple[int, ...]
    eve: int | None
    other_wave: Ints
    other_wave_days: tuple[int, ...]
    batch: Bools
    lost: Bools
    clock: Bools
    cut_off: Bools
    outage: Bools
    outage_from: int
    outage_to: int
    outage_place: tuple[str, str]
    unread_days: tuple[int, ...]
    unread_fixed: int
    garbled_pairs: Ints
    slow_bank: int
    slow_days: tuple[int, int]
    missing_bank: int
    missing_from: int


def make_plan(
    seed: int, estate: Estate, first_day: int, days: int, is_business: Callable[[int], bool]
) -> Plan:
    """Lay out waves and faults over the period."""
    rng = stream(seed, _STREAM)
    taken: set[int] = set()
    span = np.arange(first_day, first_day + days + 1, dtype=np.int64)
    due = due_days(span, 1, "business", is_business)
    costly = (due[1:] > due[:-1]).tolist()

    def pick(fraction: float) -> int:
        """Return a free day from there on at which losing a business date costs something."""
        wanted = int(fraction * days)
        order = [*range(wanted, days), *range(wanted - 1, -1, -1)]
        best = next((d for d in order if costly[d] and d not in taken), wanted)
        taken.add(best)
        return first_day + best

    batch = np.array([p.batch for p in PROVIDERS], dtype=np.bool_)[estate.card_provider]
    wave_days = tuple(pick(fraction) for fraction in _WAVE_AT)
    wave = _waves(rng, estate)
    outage_day = pick(0.53)
    outage, place = _worst_place(estate, batch)
    slow_bank, missing_bank = _banks_by_weight(estate)
    unread = first_day + int(0.43 * days)
    slow = first_day + int(0.32 * days)
    model = estate.terminal_model
    return Plan(
        first_day=first_day,
        days=days,
        as_of=(first_day + days) * DAY + 9 * HOUR + 30 * MINUTE,
        free=np.array([not is_business(int(d)) for d in span[:-1]], dtype=np.bool_),
        wave=wave,
        wave_days=wave_days,
        eve=_eve(first_day, days, is_business),
        other_wave=np.where(
            model >= FLEET_MODELS, 1 + (rng.random(len(model)) < _OTHER_FIRST_SHARE), 0
        ).astype(np.int64),
        other_wave_days=tuple(first_day + int(fraction * days) for fraction in _OTHER_WAVE_AT),
        batch=batch,
        lost=batch & (model == MODELS.index("A920")),
        clock=(estate.card_provider == RUIFU) & (model == MODELS.index("P2000")),
        cut_off=batch & (model == MODELS.index("N910")),
        outage=outage,
        outage_from=outage_day * DAY + 18 * HOUR + 10 * MINUTE,
        outage_to=outage_day * DAY + 23 * HOUR + 15 * MINUTE,
        outage_place=place,
        unread_days=(unread, unread + 1),
        unread_fixed=(unread + 3) * DAY + 11 * HOUR,
        garbled_pairs=_garbled(rng, estate, wave),
        slow_bank=slow_bank,
        slow_days=(slow, slow + 2),
        missing_bank=missing_bank,
        missing_from=first_day + max(days - 5, 0),
    )  # fmt: skip


def _waves(rng: np.random.Generator, estate: Estate) -> Ints:
    """Put the fleet into waves: single canaries first, then whole stores."""
    fleet = np.flatnonzero(estate.terminal_model < FLEET_MODELS)
    rank = rng.permutation(len(estate.store_ids))[estate.terminal_store[fleet]]
    order = fleet[np.lexsort((fleet, rank))]
    wave = np.zeros(len(estate.terminal_ids), dtype=np.int64)
    sorted_stores = estate.terminal_store[order]
    first_of_store = np.r_[True, sorted_stores[1:] != sorted_stores[:-1]]
    start = np.maximum.accumulate(np.where(first_of_store, np.arange(len(order)), 0))
    place = start / max(1, len(order))
    wave[order] = 2 + np.searchsorted(np.array(_WAVE_SHARES[1:-1]), place, side="right")
    canaries = max(1, round(_WAVE_SHARES[0] * len(fleet)))
    # Canaries stand in chains, which can spare a terminal.
    chains = fleet[~estate.single[estate.terminal_merchant[fleet]]]
    wave[rng.permutation(chains)[:canaries]] = 1
    return wave


def _worst_place(estate: Estate, batch: Bools) -> tuple[Bools, tuple[str, str]]:
    city = estate.store_city[estate.terminal_store]
    place = city * len(CARRIERS) + estate.terminal_carrier
    # Both upgraded models and others must be hit, else the network could not be told apart.
    counts = np.bincount(place[batch], minlength=len(CITIES) * len(CARRIERS))
    other = batch & (estate.terminal_model >= FLEET_MODELS)
    counts_other = np.bincount(place[other], minlength=len(counts))
    worst = int(np.argmax(counts + 3 * counts_other + 1000 * (counts_other > 0)))
    names = (CARRIERS[worst % len(CARRIERS)], CITIES[worst // len(CARRIERS)][0])
    return place == worst, names


def _banks_by_weight(estate: Estate) -> tuple[int, int]:
    """Return F16's and F23's banks: second and third by sales, of those that show times."""
    weight = np.zeros(len(BANKS))
    for provider in range(len(PROVIDERS)):
        pair = estate.pair_of[:, provider]
        used = pair >= 0
        np.add.at(weight, estate.pair_bank[pair[used]], estate.weight[used])
    weight[[bank.by_day for bank in BANKS]] = -1
    order = np.argsort(-weight, kind="stable")
    return int(order[1]), int(order[2])


def _garbled(rng: np.random.Generator, estate: Estate, wave: Ints) -> Ints:
    """Pick single shops of the first provider, wholly upgraded in one wave, and their pairs."""
    merchant = estate.terminal_merchant
    low = np.full(len(estate.merchant_ids), 9, dtype=np.int64)
    high = np.zeros(len(estate.merchant_ids), dtype=np.int64)
    np.minimum.at(low, merchant, wave)
    np.maximum.at(high, merchant, wave)
    whole = estate.single & (low == high) & (low > 1)
    pairs = np.flatnonzero((estate.pair_provider == HUATONG) & whole[estate.pair_merchant])
    chosen = rng.permutation(len(pairs))[: max(1, len(pairs) // 3)]
    return np.sort(pairs[chosen]).astype(np.int64)


def _eve(first_day: int, days: int, is_business: Callable[[int], bool]) -> int | None:
    for day in range(first_day, first_day + days - 1):
        rest = [is_business(day + n) for n in range(1, _HOLIDAY_DAYS_MIN + 1)]
        if is_business(day) and not any(rest):
            return day
    return None


def scope_of(code: str, plan: Plan, estate: Estate) -> dict[str, object]:
    """Return whom a fault strikes, as the contract's incidents say it."""
    release: dict[str, object] = {"release_id": NEW_RELEASE}
    batch_ids = [p.provider_id for p in PROVIDERS if p.batch]
    merchants: Sequence[str] = [
        estate.merchant_ids[int(estate.pair_merchant[p])] for p in plan.garbled_pairs
    ]
    scopes: dict[str, dict[str, object]] = {
        "F1": {**release, "model": MODELS[0], "provider_id": batch_ids},
        "F4": {**release, "provider_id": PROVIDERS[HUATONG].provider_id, "merchant_id": merchants},
        "F5": {**release, "model": MODELS[1], "provider_id": PROVIDERS[RUIFU].provider_id},
        "F6": {**release, "model": MODELS[2], "provider_id": batch_ids},
        "F10": {"carrier": plan.outage_place[0], "city": plan.outage_place[1]},
        "F14": {"provider_id": PROVIDERS[LANQIAO].provider_id},
        "F15": {"calendar": "CN"},
        "F16": {"bank_id": BANKS[plan.slow_bank].bank_id},
        "F23": {"bank_id": BANKS[plan.missing_bank].bank_id},
    }
    return scopes[code]
