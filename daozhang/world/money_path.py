"""The money's way: submit, clear, pay out, credit, for many sales at once.

Rules kept here: :class:`Paths` says how an estate behaves under a set of faults;
:meth:`Path.follow` sends sales along it. The draws are the same for every set of faults, so the
answer to "would it have been on time without this fault?" is the same sale on the path of the
other faults. Nothing but a fault makes money late.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from daozhang.world._clock import DAY, HOUR, NEVER, Bools, Floats, Ints
from daozhang.world.draws import World
from daozhang.world.estate import BANKS
from daozhang.world.hand_in import MOVES_HAND_IN, HandIn, make_hand_in, rekeyed, uploaded
from daozhang.world.paying import MOVES_PAYING, Paying, make_paying
from daozhang.world.providers import BATCH_CHANNELS, HUATONG, LANQIAO, PROVIDERS
from daozhang.world.upgrades import MOVES_UPGRADES, Upgrades, make_upgrades

__all__ = ["Journeys", "Path", "Paths", "Sold", "make_path"]

_WRONG_ID_FIX_DAYS: Final = 3
_WRONG_ID_FIX_AT: Final = 11 * HOUR


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
        apart: handed in apart from its batch: lost, or held back (F11).
        strayed: cleared for another merchant first (F2).
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
    apart: Bools
    strayed: Bools
    batch_day: Ints
    promise_cycle: Ints
    cycle: Ints
    first_cycle: Ints
    promised: Ints
    cleared: Ints
    paid_out: Ints
    credited: Ints
    late: Bools


@dataclass(frozen=True, slots=True)
class Path:
    """How the estate behaves under a set of faults.

    Attributes:
        world: the estate.
        faults: codes of the faults that are on.
        upgrades: the programme.
        hand_in: clocks, lines and batches.
        remap: by provider: cycle in which a cycle's money is really cleared (F14, F19).
        paying: payouts and their arrival.
    """

    world: World
    faults: frozenset[str]
    upgrades: Upgrades
    hand_in: HandIn
    remap: tuple[Ints, ...]
    paying: Paying

    def follow(self, sold: Sold) -> Journeys:
        """Send sales along the path."""
        terminal, hand_in = sold.terminal, self.hand_in
        card = sold.channel < BATCH_CHANNELS
        batch = card & self.world.plan.batch[terminal]
        captured = hand_in.shown(terminal, sold.at)
        offline, lost, held_back = hand_in.stored(terminal, sold.at, sold.u_offline, card)
        held_back &= batch
        forwarded = hand_in.forwarded(terminal, sold.at, sold.u_fate)
        host = np.where(offline, forwarded, sold.at + 1 + (sold.u_fate * 4).astype(int))
        host = np.where(offline & batch, NEVER, host)
        batch_day = hand_in.batch_day(terminal, sold.at)
        submitted = np.where(batch, hand_in.handed[terminal, batch_day], host)
        submitted = np.where(held_back, uploaded(sold.at, sold.u_fate), submitted)
        submitted = np.where(lost, rekeyed(sold.at, sold.u_fate), submitted)
        by_captured = np.array([p.cutoff_by == "captured" for p in PROVIDERS])[sold.provider]
        clock = np.where((host == NEVER) | by_captured, captured, host)
        promise_cycle, promised = np.zeros_like(clock), np.zeros_like(clock)
        first_cycle, cycle = np.zeros_like(clock), np.zeros_like(clock)
        cleared = np.zeros_like(clock)
        stray_to = self._stray_to(sold, card)
        for p, cycles in enumerate(self.world.cycles):
            mine = sold.provider == p
            promise_cycle[mine] = cycles.of(clock[mine])
            promised[mine] = cycles.promised[promise_cycle[mine]]
            first_cycle[mine] = cycles.of(submitted[mine])
            cycle[mine] = self.remap[p][first_cycle[mine]]
            if stray_to is not None and p == HUATONG:
                moved = np.where(stray_to[mine] > 0, cycles.of(stray_to[mine]), 0)
                cycle[mine] = np.maximum(cycle[mine], moved)
            cleared[mine] = cycles.clear_at[cycle[mine]]
        strayed = cycle != first_cycle if stray_to is not None else np.zeros_like(lost)
        if stray_to is not None:
            strayed = strayed & (stray_to > 0)
        never = submitted == NEVER
        pair = self.world.estate.pair_of[terminal, sold.provider]
        credited = np.where(never, NEVER, self.paying.credited[pair, cycle])
        return Journeys(
            captured=captured,
            host=host,
            submitted=submitted,
            offline=offline,
            lost=lost,
            apart=lost | held_back,
            strayed=strayed,
            batch_day=np.where(card, batch_day, -1),
            promise_cycle=promise_cycle,
            cycle=cycle,
            first_cycle=first_cycle,
            promised=promised,
            cleared=np.where(never, NEVER, cleared + (sold.u_fate * 600).astype(np.int64)),
            paid_out=np.where(never, NEVER, self.paying.paid_out[pair, cycle]),
            credited=credited,
            late=self._late(pair, promised, credited),
        )

    def _stray_to(self, sold: Sold, card: Bools) -> Ints | None:
        """Return by sale when its wrong ids are put right, 0 where they are right (F2)."""
        if "F2" not in self.faults:
            return None
        upgrades, terminal = self.upgrades, sold.terminal
        hit = self.world.plan.strikes.wrong_id & (upgrades.day > 0) & ~upgrades.other
        fixed = (upgrades.day + _WRONG_ID_FIX_DAYS) * DAY + _WRONG_ID_FIX_AT
        during = (sold.at >= upgrades.finished[terminal]) & (sold.at < fixed[terminal])
        return np.where(hit[terminal] & card & during, fixed[terminal], 0)

    def _late(self, pair: Ints, promised: Ints, credited: Ints) -> Bools:
        by_day = np.array([bank.by_day for bank in BANKS])[self.world.estate.pair_bank[pair]]
        return np.where(by_day, credited // DAY > promised // DAY, credited > promised)


@dataclass(slots=True)
class Paths:
    """Lays paths under many sets of faults, and lays each part once.

    Attributes:
        world: the estate.
    """

    world: World
    _upgrades: dict[frozenset[str], Upgrades] = field(default_factory=dict)
    _hand_in: dict[frozenset[str], HandIn] = field(default_factory=dict)
    _paying: dict[frozenset[str], Paying] = field(default_factory=dict)
    _paths: dict[frozenset[str], Path] = field(default_factory=dict)

    def under(self, faults: AbstractSet[str]) -> Path:
        """Return the money's way under a set of faults (codes)."""
        on = frozenset(faults)
        if on not in self._paths:
            world = self.world
            few = on & MOVES_UPGRADES
            if few not in self._upgrades:
                self._upgrades[few] = make_upgrades(world.seed, world.plan, few)
            upgrades = self._upgrades[few]
            few = on & MOVES_HAND_IN
            if few not in self._hand_in:
                self._hand_in[few] = make_hand_in(world, upgrades, few)
            hand_in = self._hand_in[few]
            few = on & MOVES_PAYING
            if few not in self._paying:
                self._paying[few] = make_paying(world, upgrades, few)
            self._paths[on] = Path(
                world, on, upgrades, hand_in, _remap(world, on), self._paying[few]
            )
        return self._paths[on]


def make_path(world: World, faults: AbstractSet[str]) -> Path:
    """Lay the money's way under a set of faults (codes)."""
    return Paths(world).under(faults)


def _remap(world: World, faults: AbstractSet[str]) -> tuple[Ints, ...]:
    plan = world.plan
    maps = [np.arange(len(c.close), dtype=np.int64) for c in world.cycles]
    if "F14" in faults:
        cycles = world.cycles[LANQIAO]
        fixed = int(np.searchsorted(cycles.clear_at, plan.unread_fixed))
        maps[LANQIAO][np.isin(cycles.business_day, plan.unread_days)] = fixed
    if "F19" in faults:
        down = plan.strikes.down_provider
        clear_at = world.cycles[down].clear_at
        for since, until in plan.down:
            # What should have been cleared meanwhile goes with the first clearing afterwards.
            again = min(int(np.searchsorted(clear_at, until)), len(clear_at) - 1)
            maps[down][(clear_at >= since) & (clear_at < until)] = again
    return tuple(maps)
