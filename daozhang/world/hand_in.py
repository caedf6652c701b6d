"""How terminals hand in: clocks, lines, batch closes, and what faults do to them.

Rules kept here: a batch is *closed* by the terminal's clock and *handed in* when the host takes
it. A dead line keeps a terminal from closing; a batch number that the host has already, missing
keys, a lost network setting and a skipped sign-in let it close and keep the batch in the terminal
until somebody repairs that. A sale taken without a line is stored and goes with its batch.
"""

from __future__ import annotations

from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.world._clock import DAY, HOUR, MINUTE, NEVER, Bools, Floats, Ints
from daozhang.world.draws import World
from daozhang.world.providers import PROVIDERS
from daozhang.world.upgrades import Upgrades

__all__ = [
    "CLOCK_OFFSET",
    "MOVES_HAND_IN",
    "UPLOAD_S",
    "HandIn",
    "make_hand_in",
    "rekeyed",
    "uploaded",
]

UPLOAD_S: Final = 40
CLOCK_OFFSET: Final = 8 * HOUR
MOVES_HAND_IN: Final = frozenset({"F1", "F5", "F6", "F7", "F8", "F9", "F10", "F11", "F15", "F18"})
"""Faults that change anything here, by way of the upgrades or directly."""
_CLOCK_FIX_DAYS: Final = 3
_CLOCK_FIX_AT: Final = 9 * HOUR
_STAGING_FROM: Final = 8 * HOUR
_STAGED_OFFLINE_SHARE: Final = 0.9
_LOST_FOR_GOOD_SHARE: Final = 0.5
_HELD_BACK_SHARE: Final = 0.5
_KEYS_LOADED_AT: Final = 10 * HOUR
_SETTING_DAYS: Final = 2
_NOON: Final = (11 * HOUR, 12 * HOUR + 30 * MINUTE)
_NUMBER_AGREED_AT: Final = 10 * HOUR + 30 * MINUTE
_SIGNED_IN_AT: Final = 9 * HOUR
_COSTLESS_EVERY: Final = 3


@dataclass(frozen=True, slots=True)
class HandIn:
    """How the terminals hand in under a set of faults.

    Attributes:
        world: the estate.
        faults: codes of the faults that are on.
        upgrades: the programme.
        closes: terminal by day: when the batch is closed.
        handed: terminal by day: when the host has it.
        clock_from: by terminal: since when its clock is wrong (F5).
        clock_to: until when.
        keyless_to: by terminal: until when its keys are missing (F8), from the upgrade on.
        silent_to: by terminal: until when its network setting is lost (F9), likewise.
    """

    world: World
    faults: frozenset[str]
    upgrades: Upgrades
    closes: Ints
    handed: Ints
    clock_from: Ints
    clock_to: Ints
    keyless_to: Ints
    silent_to: Ints

    def line_down(self, terminal: Ints, at: Ints) -> Bools:
        """Return whether the terminals have no line at the instants (F10, F9)."""
        down = np.zeros(len(terminal), dtype=np.bool_)
        if "F10" in self.faults:
            back = self.world.draws.back[terminal]
            for episode in self.world.plan.outages:
                during = (at >= episode.since) & (at < episode.until + back)
                down |= episode.terminals[terminal] & during
        if "F9" in self.faults:
            down |= self.silent(terminal, at)
        return down

    def silent(self, terminal: Ints, at: Ints) -> Bools:
        """Return whether the network setting is lost: not about noon, when it comes and goes."""
        of_day = at % DAY
        there = (of_day >= _NOON[0]) & (of_day < _NOON[1])
        lost = (at >= self.upgrades.finished[terminal]) & (at < self.silent_to[terminal])
        down: Bools = lost & ~there
        return down

    def keyless(self, terminal: Ints, at: Ints) -> Bools:
        """Return whether the terminals' keys do not fit (F8)."""
        missing: Bools = (at >= self.upgrades.finished[terminal]) & (at < self.keyless_to[terminal])
        return missing

    def line_back(self, terminal: Ints, at: Ints) -> Ints:
        """Return when terminals without a line can tell: at once where they have one."""
        then = at
        if "F10" in self.faults:
            back = self.world.draws.back[terminal]
            for episode in self.world.plan.outages:
                until = episode.until + back
                during = episode.terminals[terminal] & (at >= episode.since) & (at < until)
                then = np.where(during, until, then)
        if "F9" in self.faults:
            noon = at // DAY * DAY + _NOON[0]
            next_noon = np.where(at % DAY < _NOON[0], noon, noon + DAY)
            then = np.where(self.silent(terminal, at), np.maximum(then, next_noon), then)
        return then

    def shown(self, terminal: Ints, at: Ints) -> Ints:
        """Return what the terminals' clocks show at the instants."""
        wrong = (self.clock_from[terminal] <= at) & (at < self.clock_to[terminal])
        return at + np.where(wrong, CLOCK_OFFSET, 0)

    def batch_day(self, terminal: Ints, at: Ints) -> Ints:
        """Return the index of the day whose batch holds a sale."""
        day = at // DAY - self.world.plan.first_day
        return day + (at >= self.closes[terminal, day])

    def stored(
        self, terminal: Ints, at: Ints, u_offline: Floats, card: Bools
    ) -> tuple[Bools, Bools, Bools]:
        """Return which sales are stored, which of them are lost (F1), which held back (F11)."""
        plan = self.world.plan
        offline = u_offline < self.world.estate.offline_share[terminal]
        offline |= self.line_down(terminal, at)
        if "F8" in self.faults:
            offline |= self.keyless(terminal, at)
        lost = np.zeros(len(offline), dtype=np.bool_)
        held_back = lost
        if "F11" in self.faults:
            low, high = plan.stored_days
            during = (at >= low * DAY + 12 * HOUR) & (at < high * DAY + 21 * HOUR)
            held_back = plan.strikes.weak[terminal] & during & (u_offline < _HELD_BACK_SHARE) & card
            offline |= held_back
        if "F1" in self.faults:
            started = self.upgrades.started[terminal]
            stored = self.upgrades.by_day[terminal] & (at < started)
            stored &= self.batch_day(terminal, at) == started // DAY - plan.first_day
            # Downloading the release fills the line, so most sales before the restart are stored.
            staged = stored & (at >= started // DAY * DAY + _STAGING_FROM)
            offline |= staged & (u_offline < _STAGED_OFFLINE_SHARE)
            lost = offline & stored & card
            held_back = held_back & ~lost
        return offline & card, lost, held_back

    def forwarded(self, terminal: Ints, at: Ints, u_fate: Floats) -> Ints:
        """Return when an online provider's stored sale is forwarded."""
        then = at + 300 + (u_fate * 5000).astype(np.int64)
        if "F10" in self.faults:
            back = self.world.draws.back[terminal]
            for episode in self.world.plan.outages:
                again = episode.until + back
                during = episode.terminals[terminal] & (then >= episode.since) & (then < again)
                then = np.where(during, again + (u_fate * 900).astype(np.int64), then)
        return then


def rekeyed(at: Ints, u_fate: Floats) -> Ints:
    """Return when a lost sale is keyed in again from its slip: days later, or never."""
    late = (u_fate - _LOST_FOR_GOOD_SHARE) / (1 - _LOST_FOR_GOOD_SHARE)
    days = 2 + np.maximum(late * 8, 0).astype(np.int64)
    of_day = 10 * HOUR + ((u_fate * 1e4) % 1 * 7 * HOUR).astype(np.int64)
    again = (at // DAY + days) * DAY + of_day
    return np.where(u_fate < _LOST_FOR_GOOD_SHARE, NEVER, again)


def uploaded(at: Ints, u_fate: Floats) -> Ints:
    """Return when a sale that was held back goes out: two to five days later, by day."""
    days = 2 + (u_fate * 4).astype(np.int64)
    of_day = 10 * HOUR + ((u_fate * 1e4) % 1 * 8 * HOUR).astype(np.int64)
    return (at // DAY + days) * DAY + of_day


def make_hand_in(world: World, upgrades: Upgrades, faults: AbstractSet[str]) -> HandIn:
    """Lay out clocks, lines and batches under a set of faults (codes)."""
    clock_from, clock_to = _clock(world, upgrades, faults)
    closes = _closes(world, upgrades, faults, clock_from, clock_to)
    ours = (upgrades.day > 0) & ~upgrades.other
    keyless = ours & world.plan.strikes.key & ("F8" in faults)
    silent = ours & world.plan.strikes.setting & ("F9" in faults)
    jitter = world.draws.back * 6
    return HandIn(
        world=world,
        faults=frozenset(faults),
        upgrades=upgrades,
        closes=closes,
        handed=_handed(world, upgrades, faults, closes),
        clock_from=clock_from,
        clock_to=clock_to,
        keyless_to=np.where(keyless, (upgrades.day + 1) * DAY + _KEYS_LOADED_AT + jitter, 0),
        silent_to=np.where(silent, (upgrades.day + _SETTING_DAYS) * DAY + _NOON[0] + jitter, 0),
    )


def _clock(world: World, upgrades: Upgrades, faults: AbstractSet[str]) -> tuple[Ints, Ints]:
    never = np.full(len(upgrades.started), NEVER, dtype=np.int64)
    if "F5" not in faults:
        return never, never
    hit = world.plan.clock & (upgrades.day > 0) & ~upgrades.other
    fixed = (upgrades.day + _CLOCK_FIX_DAYS) * DAY + _CLOCK_FIX_AT
    return np.where(hit, upgrades.finished, NEVER), np.where(hit, fixed, NEVER)


def _closes(
    world: World, upgrades: Upgrades, faults: AbstractSet[str], clock_from: Ints, clock_to: Ints
) -> Ints:
    plan, draws = world.plan, world.draws
    closes = draws.closes_at.copy()
    # A clock that is eight hours fast lets the terminal close its batch eight hours early.
    early = closes - CLOCK_OFFSET
    wrong = (clock_from[:, None] <= early) & (early < clock_to[:, None])
    closes = np.where(wrong, early, closes)
    if "F6" in faults:
        hit, column = _columns(upgrades, plan.first_day, closes, plan.cut_off, 0)
        at = closes[hit, column]
        closes[hit, column] = np.maximum(at, upgrades.finished[hit] + 7 * MINUTE)
    if "cut_off_without_cost" in plan.traps and plan.costless_day is not None:
        some = np.flatnonzero(plan.batch & (np.arange(len(plan.batch)) % _COSTLESS_EVERY == 0))
        cutoff = np.array([p.cutoff for p in PROVIDERS])[world.estate.card_provider[some]]
        after = plan.costless_day * DAY + cutoff + 5 * MINUTE + draws.back[some]
        day = plan.costless_day - plan.first_day
        closes[some, day] = np.maximum(closes[some, day], after)
    if "F10" in faults:
        for episode in plan.outages:
            back = episode.until + draws.back
            for day in range(episode.since // DAY, episode.until // DAY + 1):
                if 0 <= day - plan.first_day < closes.shape[1]:
                    at = closes[:, day - plan.first_day]
                    stuck = episode.terminals & (at >= episode.since) & (at < back)
                    closes[:, day - plan.first_day] = np.where(stuck, back, at)
    return closes


def _columns(
    upgrades: Upgrades, first_day: int, table: Ints, chosen: Bools, after: int
) -> tuple[Ints, Ints]:
    """Return the chosen terminals of the upgrade, and their column so many days after it."""
    column = upgrades.day + after - first_day
    inside = chosen & (upgrades.day > 0) & ~upgrades.other
    hit = np.flatnonzero(inside & (column >= 0) & (column < table.shape[1]))
    return hit, column[hit]


def _handed(world: World, upgrades: Upgrades, faults: AbstractSet[str], closes: Ints) -> Ints:
    strikes, first_day = world.plan.strikes, world.plan.first_day
    handed = closes + UPLOAD_S
    repairs = (
        ("F7", strikes.number, (0, 2), _NUMBER_AGREED_AT),
        ("F8", strikes.key, (0,), _KEYS_LOADED_AT),
        ("F9", strikes.setting, tuple(range(_SETTING_DAYS)), _NOON[0]),
        ("F18", strikes.skipped, (0,), _SIGNED_IN_AT),
    )
    for code, chosen, days, at in repairs:
        for after in days if code in faults else ():
            hit, column = _columns(upgrades, first_day, closes, chosen, after)
            # Each is repaired in the morning after, one terminal a little later than the other.
            repaired = (upgrades.day[hit] + after + 1) * DAY + at + world.draws.back[hit] * 2
            handed[hit, column] = np.maximum(handed[hit, column], repaired)
    return handed
