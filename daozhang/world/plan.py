"""The plan of where and when each fault would strike, and how traps bend it.

Rules kept here: the plan is the same whichever faults are on, so that a world without one fault
is the same world but for that fault. Faults of the upgrade strike different models, carriers and
providers, and a day is chosen so that losing one business date costs something (a Friday's batch
that is handed in on Saturday is still paid on Monday, and would not be late). Hours of the day
vary with the seed. Traps are in the plan: they are the setting, not something to take away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from daozhang.world._clock import DAY, HOUR, MINUTE, Bools, Ints, stream
from daozhang.world.estate import FLEET_MODELS, MODELS, Estate
from daozhang.world.providers import PROVIDERS, RUIFU, due_days
from daozhang.world.strikes import (
    Episode,
    Strikes,
    banks_by_weight,
    garbled_pairs,
    make_strikes,
    outages_of,
    waves_of,
)

__all__ = ["NEW_RELEASE", "OLD_RELEASE", "Plan", "make_plan"]

_STREAM: Final = 2
OLD_RELEASE: Final = "3.1.8"
NEW_RELEASE: Final = "3.2.1"
_WAVE_AT: Final = (0.25, 0.33, 0.38, 0.50)
_OTHER_WAVE_AT: Final = (0.60, 0.66)
_HOLIDAY_DAYS_MIN: Final = 3
_OTHER_FIRST_SHARE: Final = 0.7


@dataclass(frozen=True, slots=True)
class Plan:
    """Where and when things happen; days are day numbers, instants are the estate's.

    Attributes:
        traps: names of the traps that are set.
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
        outages: F10's episodes, the great one first.
        stored_days: first and last day of F11.
        down: stretches of F19, the one that costs first.
        unread_days: business days whose wallet file F14 rejects.
        unread_fixed: instant at which the rejected files are read at last.
        garbled_pairs: pairs whose account F4 loses, in order.
        twice_day: day whose batch F12 sends twice.
        twice_until: instant of the release of what it got held.
        reviews: stretches of F13.
        limit_from: instant from which F17 counts.
        stall_from: instant from which F22 stalls.
        slow_bank: bank number of F16.
        slow_days: first and last due days of F16, by spell.
        missing_bank: bank number of F23.
        missing_from: first day without a statement.
        late_bank: bank number of late statements.
        costless_day: the day before a free one that has the same due date as the next, or None.
        strikes: whom the other faults strike.
    """

    traps: frozenset[str]
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
    outages: tuple[Episode, ...]
    stored_days: tuple[int, int]
    down: tuple[tuple[int, int], ...]
    unread_days: tuple[int, ...]
    unread_fixed: int
    garbled_pairs: Ints
    twice_day: int
    twice_until: int
    reviews: tuple[tuple[int, int], ...]
    limit_from: int
    stall_from: int
    slow_bank: int
    slow_days: tuple[tuple[int, int], ...]
    missing_bank: int
    missing_from: int
    late_bank: int
    costless_day: int | None
    strikes: Strikes


def make_plan(
    seed: int,
    estate: Estate,
    first_day: int,
    days: int,
    is_business: Callable[[int], bool],
    *,
    traps: frozenset[str] = frozenset(),
) -> Plan:
    """Lay out waves and faults over the period, then bend them as the traps say."""
    rng = stream(seed, _STREAM)
    span = np.arange(first_day, first_day + days + 1, dtype=np.int64)
    due = due_days(span, 1, "business", is_business)
    costly = (due[1:] > due[:-1]).tolist()
    pick = _picker(first_day, costly)
    batch = np.array([p.batch for p in PROVIDERS], dtype=np.bool_)[estate.card_provider]
    wave_days = tuple(pick(fraction) for fraction in _WAVE_AT)
    wave = waves_of(rng, estate)
    outage_days = pick(0.53), first_day + int(0.61 * days), pick(0.70)
    slow_bank, missing_bank, late_bank = banks_by_weight(estate)
    unread = first_day + int(0.43 * days)
    slow, again = first_day + int(0.32 * days), first_day + int(0.75 * days)
    model = estate.terminal_model
    other_wave = _other_wave(rng, estate)
    garbled = garbled_pairs(rng, estate, wave)
    hours = stream(seed, _STREAM, 1)
    down_day, review = pick(0.60), first_day + int(0.29 * days)
    down_at = down_day * DAY + int(hours.integers(19 * HOUR, 23 * HOUR))
    review_at = review * DAY + int(hours.integers(7 * HOUR, 22 * HOUR))
    stored = pick(0.14)
    plan = Plan(
        traps=traps,
        first_day=first_day,
        days=days,
        as_of=(first_day + days) * DAY + 9 * HOUR + 30 * MINUTE,
        free=np.array([not is_business(int(d)) for d in span[:-1]], dtype=np.bool_),
        wave=wave,
        wave_days=wave_days,
        eve=_eve(first_day, days, is_business),
        other_wave=other_wave,
        other_wave_days=tuple(first_day + int(fraction * days) for fraction in _OTHER_WAVE_AT),
        batch=batch,
        lost=batch & (model == MODELS.index("A920")),
        clock=(estate.card_provider == RUIFU) & (model == MODELS.index("P2000")),
        cut_off=batch & (model == MODELS.index("N910")),
        outages=outages_of(seed, estate, batch, outage_days),
        stored_days=(stored, stored + 2),
        down=((down_at, down_day * DAY + int(hours.integers(36, 44)) * HOUR),
              ((down_day + 4) * DAY + 8 * HOUR, (down_day + 4) * DAY + 14 * HOUR)),
        unread_days=(unread, unread + 1),
        unread_fixed=(unread + 3) * DAY + 11 * HOUR,
        garbled_pairs=garbled,
        twice_day=wave_days[2],
        twice_until=(wave_days[2] + 5) * DAY + int(hours.integers(10 * HOUR, 17 * HOUR)),
        reviews=((review_at, review_at + 5 * DAY),
                 (review_at + 9 * DAY, review_at + 9 * DAY + 30 * HOUR)),
        limit_from=(first_day + int(0.2 * days)) * DAY,
        stall_from=(first_day + days // 2) * DAY + int(hours.integers(0, 24)) * HOUR,
        slow_bank=slow_bank,
        slow_days=((slow, slow + 2), (again, again)),
        missing_bank=missing_bank,
        missing_from=first_day + max(days - 5, 0),
        late_bank=late_bank,
        costless_day=next((first_day + d for d in range(days // 4, days) if not costly[d]), None),
        strikes=make_strikes(seed, estate, wave, batch),
    )  # fmt: skip
    return _bent(plan, estate)


def _picker(first_day: int, costly: list[bool]) -> Callable[[float], int]:
    """Return what picks a free day, from a fraction of the period on, that costs something.

    A day costs something when losing its business date makes the money later.
    """
    days = len(costly)
    taken: set[int] = set()

    def pick(fraction: float) -> int:
        wanted = int(fraction * days)
        order = [*range(wanted, days), *range(wanted - 1, -1, -1)]
        best = next((d for d in order if costly[d] and d not in taken), wanted)
        taken.add(best)
        return first_day + best

    return pick


def _other_wave(rng: np.random.Generator, estate: Estate) -> Ints:
    """Return the wave of the other release for each terminal that is not of the fleet; 0: none."""
    model = estate.terminal_model
    first = 1 + (rng.random(len(model)) < _OTHER_FIRST_SHARE)
    return np.where(estate.home & (model >= FLEET_MODELS), first, 0).astype(np.int64)


def _eve(first_day: int, days: int, is_business: Callable[[int], bool]) -> int | None:
    for day in range(first_day, first_day + days - 1):
        rest = [is_business(day + n) for n in range(1, _HOLIDAY_DAYS_MIN + 1)]
        if is_business(day) and not any(rest):
            return day
    return None


def _bent(plan: Plan, estate: Estate) -> Plan:
    """Return the plan as the traps bend it."""
    if "slow_bank_week" in plan.traps:
        low = plan.wave_days[2]
        plan = replace(plan, slow_days=((low, low + 2), *plan.slow_days[1:]))
    if "outage_on_wave_day" in plan.traps:
        shift = (plan.wave_days[2] - plan.outages[0].since // DAY) * DAY
        first = plan.outages[0]
        moved = replace(first, since=first.since + shift, until=first.until + shift)
        plan = replace(plan, outages=(moved, *plan.outages[1:]))
    if "canary_of_one" in plan.traps:
        plan = _one_canary(plan, estate)
    return plan


def _one_canary(plan: Plan, estate: Estate) -> Plan:
    """Upgrade one busy batch terminal of a chain, which every fault of the upgrade may strike."""
    fleet = (plan.wave > 0) & plan.batch & ~estate.single[estate.terminal_merchant]
    one = np.zeros(len(plan.wave), dtype=np.bool_)
    if fleet.any():
        one[np.argmax(estate.weight * fleet)] = True
    none = np.zeros_like(one)
    strikes = replace(
        plan.strikes, number=one, key=one, setting=one, skipped=one, orphan=one,
        wrong_id=none, remapped=none & one, twice=none, twice_pair=-1,
    )  # fmt: skip
    return replace(
        plan, wave=one.astype(np.int64), lost=one, clock=one, cut_off=one,
        garbled_pairs=plan.garbled_pairs[:0], strikes=strikes,
        other_wave=np.zeros_like(plan.other_wave),
    )  # fmt: skip
