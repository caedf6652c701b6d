"""How payouts leave and arrive, and what faults do to them: one table, pair by cycle.

Rules kept here: each fault says when a payout can leave at the earliest; it leaves at the latest
of these. A payout that leaves when it should is booked when it should, unless the bank is slow.
A returned payout was sent in time, came back, and left again after the fix.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.world._clock import DAY, HOUR, NEVER, Bools, Ints
from daozhang.world.draws import World
from daozhang.world.providers import KUAIDA, PROVIDERS, Cycles
from daozhang.world.upgrades import Upgrades

__all__ = ["MOVES_PAYING", "Paying", "make_paying"]

MOVES_PAYING: Final = frozenset({"F1", "F4", "F6", "F12", "F13", "F15", "F16", "F17", "F22"})
"""Faults that change anything here, by way of the upgrades or directly."""
_ACCOUNT_FIX_DAYS: Final = 4
_ACCOUNT_FIX_AT: Final = 15 * HOUR
_STALL_STEP: Final = 4 * HOUR
_STALL_MAX: Final = 60 * HOUR


@dataclass(frozen=True, slots=True)
class Paying:
    """When money leaves and arrives under a set of faults; pair by cycle.

    Attributes:
        paid_out: when the payout that arrived left.
        credited: when it was booked.
        returned: the first payout came back (F4).
        held: the payout waited, and the provider says so (F12, F13, F17).
        stalled: the payout came late from an unlicensed payer (F22).
    """

    paid_out: Ints
    credited: Ints
    returned: Bools
    held: Bools
    stalled: Bools


def make_paying(world: World, upgrades: Upgrades, faults: AbstractSet[str]) -> Paying:
    """Lay out the payouts under a set of faults (codes)."""
    estate, plan, draws = world.estate, world.plan, world.draws
    credited = draws.credited.copy()
    for p, cycles in enumerate(world.cycles):
        if not PROVIDERS[p].windows:
            _merge(credited, (estate.pair_provider == p) & draws.merged, cycles.due_day)
    if "F16" in faults:
        _slow(world, credited)
    leaves, held, stalled = draws.paid_out.copy(), np.zeros(credited.shape, np.bool_), None
    if "F12" in faults and plan.strikes.twice_pair >= 0:
        rows = np.arange(len(credited)) == plan.strikes.twice_pair
        held |= _hold(world, leaves, rows, (plan.twice_day + 1) * DAY + 7 * HOUR, plan.twice_until)
    if "F13" in faults:
        for since, until in plan.reviews:
            held |= _hold(world, leaves, plan.strikes.reviewed, since, until)
    if "F17" in faults:
        held |= _limit(world, leaves)
    stalled = _stall(world, leaves) if "F22" in faults else np.zeros_like(held)
    returned = _garble(world, upgrades, leaves) if "F4" in faults else np.zeros_like(held)
    takes = draws.credited - draws.paid_out
    moved = leaves > draws.paid_out
    credited = np.where(moved, np.maximum(credited, leaves + takes), credited)
    return Paying(leaves, credited, returned, held & ~returned, stalled)


def _merge(credited: Ints, pairs: Bools, due_day: Ints) -> None:
    """Give a pair's payouts of one due day one booking time, the last of theirs."""
    rows = np.flatnonzero(pairs)
    starts = np.flatnonzero(np.r_[True, due_day[1:] != due_day[:-1]])
    if len(rows) and len(starts) < len(due_day):
        last = np.maximum.reduceat(credited[rows][:, : len(due_day)], starts, axis=1)
        sizes = np.diff(np.r_[starts, len(due_day)])
        credited[np.ix_(rows, np.arange(len(due_day)))] = np.repeat(last, sizes, axis=1)


def _slow(world: World, credited: Ints) -> None:
    """Let one bank book late what is due in its slow days."""
    estate, plan = world.estate, world.plan
    for p, cycles in enumerate(world.cycles):
        slow = (estate.pair_provider == p) & (estate.pair_bank == plan.slow_bank)
        for low, high in plan.slow_days:
            columns = np.flatnonzero((cycles.due_day >= low) & (cycles.due_day <= high))
            cells = np.ix_(slow, columns)
            credited[cells] = cycles.promised[columns] + world.draws.slow[cells]


def _hold(world: World, leaves: Ints, rows: Bools, since: int, until: int) -> Bools:
    """Hold what the rows would be paid in a stretch of time until its end."""
    first = world.draws.paid_out
    hit: Bools = rows[:, None] & (first >= since) & (first < until)
    np.maximum(leaves, until + world.draws.resend, out=leaves, where=hit)
    return hit


def _limit(world: World, leaves: Ints) -> Bools:
    """Let personal accounts take one payout a day: the second of a due day waits a day, and so on.

    The provider's terms do not say so, so the promise stays where it was.
    """
    hit = np.zeros(leaves.shape, dtype=np.bool_)
    for p, cycles in enumerate(world.cycles):
        rows = world.plan.strikes.limited & (world.estate.pair_provider == p)
        rank = _rank(cycles)
        wait = np.zeros(leaves.shape[1], dtype=np.int64)
        wait[: len(rank)] = rank * DAY
        first = world.draws.paid_out
        cells = rows[:, None] & (wait > 0) & (first >= world.plan.limit_from) & (first < NEVER)
        np.maximum(leaves, first + wait, out=leaves, where=cells)
        hit |= cells
    return hit


def _rank(cycles: Cycles) -> Ints:
    """Return each cycle's place among those of its due day."""
    starts = np.flatnonzero(np.r_[True, cycles.due_day[1:] != cycles.due_day[:-1]])
    sizes = np.diff(np.r_[starts, len(cycles.due_day)])
    return np.arange(len(cycles.due_day)) - np.repeat(starts, sizes)


def _stall(world: World, leaves: Ints) -> Bools:
    """Let the same-day provider pay later every day."""
    promised = np.full(leaves.shape[1], NEVER, dtype=np.int64)
    cycles = world.cycles[KUAIDA]
    promised[: len(cycles.promised)] = cycles.promised
    since = world.plan.stall_from
    delay = np.minimum(((promised - since) // DAY + 1) * _STALL_STEP, _STALL_MAX)
    rows = world.estate.pair_provider == KUAIDA
    hit: Bools = rows[:, None] & (promised >= since) & (promised < NEVER)
    np.maximum(leaves, world.draws.paid_out + delay, out=leaves, where=hit)
    return hit


def _garble(world: World, upgrades: Upgrades, leaves: Ints) -> Bools:
    """Return the payouts that come back because the account was lost in the upgrade."""
    estate, plan = world.estate, world.plan
    first = world.draws.paid_out
    returned = np.zeros(leaves.shape, dtype=np.bool_)
    for pair in plan.garbled_pairs.tolist():
        own = estate.terminal_merchant == estate.pair_merchant[pair]
        since = int(upgrades.finished[own].max())
        fixed = (since // DAY + _ACCOUNT_FIX_DAYS) * DAY + _ACCOUNT_FIX_AT
        if "return_pending" in plan.traps:
            fixed = plan.as_of + 3 * DAY
        hit = (first[pair] >= since) & (first[pair] < fixed)
        again = fixed + world.draws.resend[pair]
        leaves[pair] = np.where(hit, np.maximum(leaves[pair], again), leaves[pair])
        returned[pair] = hit
    return returned
