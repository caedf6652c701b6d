"""The money's way: submit, clear, pay out, credit, for many sales at once.

Rules kept here: :func:`make_path` says how an estate behaves under a set of faults;
:meth:`Path.follow` sends sales along it. The draws are the same for every set of faults, so the
answer to "would it have been on time without this fault?" is the same sale on the path of the
other faults. Nothing but a fault makes money late: an ordinary batch closes before the cut-off,
an ordinary payout leaves and an ordinary credit is booked before the promise.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.world._clock import (
    DAY,
    HOUR,
    MINUTE,
    NEVER,
    Bools,
    Floats,
    Ints,
    stream,
    uniform_ints,
)
from daozhang.world.estate import BANKS, Estate
from daozhang.world.faults import Plan
from daozhang.world.providers import BATCH_CHANNELS, LANQIAO, PROVIDERS, Cycles
from daozhang.world.upgrades import Upgrades, make_upgrades

__all__ = ["HORIZON_DAYS", "Draws", "Journeys", "Path", "Sold", "World", "make_draws", "make_path"]

_STREAM: Final = 4
HORIZON_DAYS: Final = 32
"""Days after the period that are laid out, so that even the latest money gets its date."""
UPLOAD_S: Final = 40
_CLOCK_OFFSET: Final = 8 * HOUR
_CLOCK_FIX_DAYS: Final = 3
_CLOCK_FIX_AT: Final = 9 * HOUR
_STAGING_FROM: Final = 8 * HOUR
_STAGED_OFFLINE_SHARE: Final = 0.9
_LOST_FOR_GOOD_SHARE: Final = 0.5
_ACCOUNT_FIX_DAYS: Final = 4
_ACCOUNT_FIX_AT: Final = 15 * HOUR
_MERGE_SHARE: Final = 0.12
_SPLIT_SHARE: Final = 0.02


@dataclass(frozen=True, slots=True)
class Draws:
    """What chance decides before any fault.

    Attributes:
        closes_at: terminal by day: when the batch closes on an ordinary day.
        back: by terminal: seconds after an outage until it is online again.
        paid_out: pair by cycle: when the payout leaves.
        credited: pair by cycle: when it is booked.
        slow: pair by cycle: seconds a slow bank adds to the promise; alike for one due day.
        resend: pair by cycle: seconds after the fix until a returned payout is sent again.
        merged: by pair: its payouts due on one day arrive as one credit.
        split: pair by cycle: the payout arrives as two credits.
    """

    closes_at: Ints
    back: Ints
    paid_out: Ints
    credited: Ints
    slow: Ints
    resend: Ints
    merged: Bools
    split: Bools


@dataclass(frozen=True, slots=True)
class World:
    """The estate, its plan, its providers' cycles and its draws."""

    seed: int
    estate: Estate
    plan: Plan
    cycles: tuple[Cycles, ...]
    draws: Draws

    @property
    def width(self) -> int:
        """Cycles of the provider that has most, the width of pair-by-cycle tables."""
        return max(len(c.close) for c in self.cycles)


@dataclass(frozen=True, slots=True)
class Sold:
    """Sales before their money moves; one entry a sale.

    Attributes:
        at: true instant of the sale.
        terminal: terminal number.
        channel: channel number.
        provider: provider number.
        u_offline: decides whether the sale is taken offline.
        u_fate: decides delays and what becomes of a lost sale.
    """

    at: Ints
    terminal: Ints
    channel: Ints
    provider: Ints
    u_offline: Floats
    u_fate: Floats

    def only(self, mask: Bools) -> Sold:
        """Return the sales of a mask."""
        return Sold(
            self.at[mask],
            self.terminal[mask],
            self.channel[mask],
            self.provider[mask],
            self.u_offline[mask],
            self.u_fate[mask],
        )


@dataclass(frozen=True, slots=True)
class Journeys:
    """Where the money of each sale was when; :data:`NEVER` for what did not happen.

    Attributes:
        captured: the terminal's clock.
        host: the provider's clock.
        submitted: hand-in.
        offline: taken offline.
        lost: stored in a terminal that was wiped (F1).
        batch_day: index of the day whose batch close holds the sale; -1 for wallets.
        promise_cycle: the cycle promised.
        cycle: the cycle it was really in.
        first_cycle: the cycle whose file was rejected, else ``cycle``.
        promised: when the money is due.
        cleared: when it was cleared.
        paid_out: when the payout that arrived left.
        credited: when the last part was booked.
        late: booked after the promise, by the day where the bank gives only days; or never.
    """

    captured: Ints
    host: Ints
    submitted: Ints
    offline: Bools
    lost: Bools
    batch_day: Ints
    promise_cycle: Ints
    cycle: Ints
    first_cycle: Ints
    promised: Ints
    cleared: Ints
    paid_out: Ints
    credited: Ints
    late: Bools


def make_draws(seed: int, estate: Estate, plan: Plan, cycles: tuple[Cycles, ...]) -> Draws:
    """Draw what no fault decides."""
    rng = stream(seed, _STREAM)
    terminals, pairs = len(estate.terminal_ids), len(estate.pair_provider)
    days = plan.days + HORIZON_DAYS
    shape = (pairs, max(len(c.close) for c in cycles))
    # Batch terminals close in the last ten minutes before 22:00, the others before 23:00.
    base = np.where(plan.batch, 21 * HOUR + 50 * MINUTE, 22 * HOUR + 35 * MINUTE)
    of_day = base[:, None] + uniform_ints(rng, 0, 8 * MINUTE, (terminals, days))
    closes_at = (plan.first_day + np.arange(days, dtype=np.int64)) * DAY + of_day
    back = uniform_ints(rng, 2 * MINUTE, 25 * MINUTE, (terminals,))
    promised = np.full(shape, NEVER, dtype=np.int64)
    lead = np.zeros(shape, dtype=np.int64)
    for p, provider in enumerate(PROVIDERS):
        mine = estate.pair_provider == p
        promised[mine, : len(cycles[p].close)] = cycles[p].promised
        lead[mine] = uniform_ints(rng, *provider.pay_before, (int(mine.sum()), shape[1]))
    paid_out = np.where(promised < NEVER, promised - lead, NEVER)
    typical = np.array([bank.minutes for bank in BANKS])[estate.pair_bank][:, None] * MINUTE
    takes = (typical * rng.lognormal(0.0, 0.45, shape)).astype(np.int64) + 30
    takes = np.minimum(takes, lead - 120)
    by_due_day = uniform_ints(rng, 2 * HOUR, 28 * HOUR, (pairs, days + HORIZON_DAYS))
    due = np.clip((promised // DAY - plan.first_day), 0, by_due_day.shape[1] - 1)
    return Draws(
        closes_at=closes_at,
        back=back,
        paid_out=paid_out,
        credited=np.where(promised < NEVER, paid_out + takes, NEVER),
        slow=np.take_along_axis(by_due_day, due, axis=1),
        resend=uniform_ints(rng, 5 * MINUTE, 2 * HOUR, shape),
        merged=rng.random(pairs) < _MERGE_SHARE,
        split=rng.random(shape) < _SPLIT_SHARE,
    )


@dataclass(frozen=True, slots=True)
class Path:
    """How the estate behaves under a set of faults.

    Attributes:
        world: the estate.
        faults: codes of the faults that are on.
        upgrades: the programme.
        closes: terminal by day: when the batch is really closed.
        clock_from: by terminal: since when its clock is wrong (F5).
        clock_to: until when.
        remap: by provider: cycle in which a cycle's money is really cleared (F14).
        paid_out: pair by cycle, of the payout that arrived.
        credited: pair by cycle.
        returned: pair by cycle: the first payout came back (F4).
    """

    world: World
    faults: frozenset[str]
    upgrades: Upgrades
    closes: Ints
    clock_from: Ints
    clock_to: Ints
    remap: tuple[Ints, ...]
    paid_out: Ints
    credited: Ints
    returned: Bools

    def follow(self, sold: Sold) -> Journeys:
        """Send sales along the path."""
        plan, terminal = self.world.plan, sold.terminal
        card = sold.channel < BATCH_CHANNELS
        batch = card & plan.batch[terminal]
        wrong = (self.clock_from[terminal] <= sold.at) & (sold.at < self.clock_to[terminal])
        captured = sold.at + np.where(wrong, _CLOCK_OFFSET, 0)
        offline, lost = self._offline(sold, card)

        host = np.where(offline, self._forwarded(sold), sold.at + 1 + (sold.u_fate * 4).astype(int))
        host = np.where(offline & batch, NEVER, host)
        batch_day = self._batch_day(sold)
        closed = self.closes[terminal, batch_day] + UPLOAD_S
        submitted = np.where(batch, closed, host)
        submitted = np.where(lost, self._rekeyed(sold), submitted)

        by_captured = np.array([p.cutoff_by == "captured" for p in PROVIDERS])[sold.provider]
        clock = np.where((host == NEVER) | by_captured, captured, host)
        promise_cycle, promised = np.zeros_like(clock), np.zeros_like(clock)
        first_cycle, cycle = np.zeros_like(clock), np.zeros_like(clock)
        cleared = np.zeros_like(clock)
        for p, cycles in enumerate(self.world.cycles):
            mine = sold.provider == p
            promise_cycle[mine] = cycles.of(clock[mine])
            promised[mine] = cycles.promised[promise_cycle[mine]]
            first_cycle[mine] = cycles.of(submitted[mine])
            cycle[mine] = self.remap[p][first_cycle[mine]]
            cleared[mine] = cycles.clear_at[cycle[mine]]
        never = submitted == NEVER
        pair = self.world.estate.pair_of[terminal, sold.provider]
        credited = np.where(never, NEVER, self.credited[pair, cycle])
        return Journeys(
            captured=captured,
            host=host,
            submitted=submitted,
            offline=offline,
            lost=lost,
            batch_day=np.where(card, batch_day, -1),
            promise_cycle=promise_cycle,
            cycle=cycle,
            first_cycle=first_cycle,
            promised=promised,
            cleared=np.where(never, NEVER, cleared + (sold.u_fate * 600).astype(np.int64)),
            paid_out=np.where(never, NEVER, self.paid_out[pair, cycle]),
            credited=credited,
            late=self._late(pair, promised, credited),
        )

    def _offline(self, sold: Sold, card: Bools) -> tuple[Bools, Bools]:
        """Return which sales are taken offline, and which of them are lost in an upgrade."""
        world, terminal = self.world, sold.terminal
        offline = sold.u_offline < world.estate.offline_share[terminal]
        if "F10" in self.faults:
            offline |= self._line_down(terminal, sold.at)
        lost = np.zeros(len(offline), dtype=np.bool_)
        if "F1" in self.faults:
            started = self.upgrades.started[terminal]
            stored = self.upgrades.by_day[terminal] & (sold.at < started)
            stored &= self._batch_day(sold) == started // DAY - world.plan.first_day
            # Downloading the release fills the line, so most sales before the restart are stored.
            staged = stored & (sold.at >= started // DAY * DAY + _STAGING_FROM)
            offline |= staged & (sold.u_offline < _STAGED_OFFLINE_SHARE)
            lost = offline & stored & card
        return offline & card, lost

    def _line_down(self, terminal: Ints, at: Ints) -> Bools:
        plan = self.world.plan
        back = plan.outage_to + self.world.draws.back[terminal]
        return plan.outage[terminal] & (at >= plan.outage_from) & (at < back)

    def _forwarded(self, sold: Sold) -> Ints:
        """Return when an online provider's stored sale is forwarded."""
        at = sold.at + 300 + (sold.u_fate * 5000).astype(np.int64)
        if "F10" in self.faults:
            back = self.world.plan.outage_to + self.world.draws.back[sold.terminal]
            behind = back + (sold.u_fate * 900).astype(np.int64)
            at = np.where(self._line_down(sold.terminal, at), behind, at)
        return at

    def _batch_day(self, sold: Sold) -> Ints:
        day = sold.at // DAY - self.world.plan.first_day
        return day + (sold.at >= self.closes[sold.terminal, day])

    def _rekeyed(self, sold: Sold) -> Ints:
        """Return when a lost sale is keyed in again from its slip: days later, or never."""
        late = (sold.u_fate - _LOST_FOR_GOOD_SHARE) / (1 - _LOST_FOR_GOOD_SHARE)
        days = 2 + np.maximum(late * 8, 0).astype(np.int64)
        of_day = 10 * HOUR + ((sold.u_fate * 1e4) % 1 * 7 * HOUR).astype(np.int64)
        again = (sold.at // DAY + days) * DAY + of_day
        return np.where(sold.u_fate < _LOST_FOR_GOOD_SHARE, NEVER, again)

    def _late(self, pair: Ints, promised: Ints, credited: Ints) -> Bools:
        by_day = np.array([bank.by_day for bank in BANKS])[self.world.estate.pair_bank[pair]]
        return np.where(by_day, credited // DAY > promised // DAY, credited > promised)


def make_path(world: World, faults: AbstractSet[str]) -> Path:
    """Lay the money's way under a set of faults (codes)."""
    upgrades = make_upgrades(world.seed, world.plan, faults)
    clock_from, clock_to = _clock(world, upgrades, faults)
    paid_out, credited, returned = _payouts(world, upgrades, faults)
    return Path(
        world=world,
        faults=frozenset(faults),
        upgrades=upgrades,
        closes=_closes(world, upgrades, faults),
        clock_from=clock_from,
        clock_to=clock_to,
        remap=_remap(world, faults),
        paid_out=paid_out,
        credited=credited,
        returned=returned,
    )


def _clock(world: World, upgrades: Upgrades, faults: AbstractSet[str]) -> tuple[Ints, Ints]:
    never = np.full(len(upgrades.started), NEVER, dtype=np.int64)
    if "F5" not in faults:
        return never, never
    hit = world.plan.clock & (upgrades.day > 0) & ~upgrades.other
    fixed = (upgrades.day + _CLOCK_FIX_DAYS) * DAY + _CLOCK_FIX_AT
    return np.where(hit, upgrades.finished, NEVER), np.where(hit, fixed, NEVER)


def _closes(world: World, upgrades: Upgrades, faults: AbstractSet[str]) -> Ints:
    plan, draws = world.plan, world.draws
    closes = draws.closes_at.copy()
    clock_from, clock_to = _clock(world, upgrades, faults)
    # A clock that is eight hours fast lets the terminal close its batch eight hours early.
    early = closes - _CLOCK_OFFSET
    wrong = (clock_from[:, None] <= early) & (early < clock_to[:, None])
    closes = np.where(wrong, early, closes)
    if "F6" in faults:
        column = upgrades.day - plan.first_day
        hit = np.flatnonzero(plan.cut_off & (column >= 0) & (column < closes.shape[1]))
        at = closes[hit, column[hit]]
        closes[hit, column[hit]] = np.maximum(at, upgrades.finished[hit] + 7 * MINUTE)
    if "F10" in faults:
        column_out = plan.outage_to // DAY - plan.first_day
        at = closes[:, column_out]
        back = plan.outage_to + draws.back
        stuck = plan.outage & (at >= plan.outage_from) & (at < back)
        closes[:, column_out] = np.where(stuck, back, at)
    return closes


def _remap(world: World, faults: AbstractSet[str]) -> tuple[Ints, ...]:
    maps = [np.arange(len(c.close), dtype=np.int64) for c in world.cycles]
    if "F14" in faults:
        cycles, plan = world.cycles[LANQIAO], world.plan
        fixed = int(np.searchsorted(cycles.clear_at, plan.unread_fixed))
        maps[LANQIAO][np.isin(cycles.business_day, plan.unread_days)] = fixed
    return tuple(maps)


def _payouts(
    world: World, upgrades: Upgrades, faults: AbstractSet[str]
) -> tuple[Ints, Ints, Bools]:
    estate, plan, draws = world.estate, world.plan, world.draws
    paid_out, credited = draws.paid_out.copy(), draws.credited.copy()
    for p, cycles in enumerate(world.cycles):
        if not PROVIDERS[p].windows:
            _merge(credited, (estate.pair_provider == p) & draws.merged, cycles.due_day)
        if "F16" in faults:
            slow = (estate.pair_provider == p) & (estate.pair_bank == plan.slow_bank)
            low, high = plan.slow_days
            columns = np.flatnonzero((cycles.due_day >= low) & (cycles.due_day <= high))
            cells = np.ix_(slow, columns)
            credited[cells] = cycles.promised[columns] + draws.slow[cells]
    returned = np.zeros(paid_out.shape, dtype=np.bool_)
    if "F4" in faults:
        for pair in plan.garbled_pairs.tolist():
            own = estate.terminal_merchant == estate.pair_merchant[pair]
            since = int(upgrades.finished[own].max())
            fixed = (since // DAY + _ACCOUNT_FIX_DAYS) * DAY + _ACCOUNT_FIX_AT
            hit = (draws.paid_out[pair] >= since) & (draws.paid_out[pair] < fixed)
            takes = credited[pair] - paid_out[pair]
            returned[pair] = hit
            paid_out[pair] = np.where(hit, fixed + draws.resend[pair], paid_out[pair])
            credited[pair] = np.where(hit, paid_out[pair] + takes, credited[pair])
    return paid_out, credited, returned


def _merge(credited: Ints, pairs: Bools, due_day: Ints) -> None:
    """Give a pair's payouts of one due day one booking time, the last of theirs."""
    rows = np.flatnonzero(pairs)
    starts = np.flatnonzero(np.r_[True, due_day[1:] != due_day[:-1]])
    if len(rows) and len(starts) < len(due_day):
        last = np.maximum.reduceat(credited[rows][:, : len(due_day)], starts, axis=1)
        sizes = np.diff(np.r_[starts, len(due_day)])
        credited[np.ix_(rows, np.arange(len(due_day)))] = np.repeat(last, sizes, axis=1)
