"""What terminals leave behind: batches and signals.

Rules kept here: ``closed_at`` is the terminal's clock, ``submitted_at`` the provider's. A batch
counts what it hands in: sales lost or held back are not in it. Signals are a sample every few
hours, and hourly where a line is down; a terminal without a line tells its story when it is back.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from daozhang.world._clock import DAY, HOUR, MINUTE, Bools, Ints, stream, uniform_ints
from daozhang.world.daily import Book, batch_numbers
from daozhang.world.hand_in import UPLOAD_S
from daozhang.world.money_path import Path
from daozhang.world.registers import Columns, known_by
from daozhang.world.write import Cells, Digits

__all__ = ["batches", "signals"]

_STREAM: Final = 9
_SIGNAL_EVERY: Final = 4 * HOUR
_OUTCOMES: Final = ("balanced", "unbalanced", "rejected", "forced")
_BALANCED, _UNBALANCED, _REJECTED, _FORCED = range(len(_OUTCOMES))
_WEAK_RTT: Final = 700
_WEAK_LOSS: Final = 35


def batches(path: Path, cells: Cells, book: Book) -> Columns:
    """Return the batches: one a terminal and day, and those that were tried before or again."""
    plan, hand_in = path.world.plan, path.hand_in
    count = len(path.world.estate.terminal_ids)
    terminal = np.repeat(np.arange(count, dtype=np.int64), plan.days)
    day = np.tile(np.arange(plan.days, dtype=np.int64), count)
    close, handed = hand_in.closes[terminal, day], hand_in.handed[terminal, day]
    refused = np.flatnonzero(_refused(path, terminal, close, handed))
    twice = np.flatnonzero(_twice(path, terminal, day))
    row = np.concatenate([np.arange(len(terminal)), refused, twice])
    part = np.repeat([0, 1, 2], [len(terminal), len(refused), len(twice)])
    # What the host refused in the evening is closed anew when it is taken.
    closed = np.where(
        part == 1, close[row], np.where(np.isin(row, refused), handed[row], close[row])
    )
    closed = np.where(part == 2, close[row] + 10 * MINUTE, closed)  # noqa: PLR2004 - the copies
    submitted = np.where(part == 0, handed[row], closed + UPLOAD_S)
    before = hand_in.closes[terminal, np.maximum(day - 1, 0)]
    opened = np.where(day > 0, before + MINUTE, plan.first_day * DAY)[row]
    sales, minor = book.batch_count[terminal, day][row], book.batch_minor[terminal, day][row]
    seen = np.array([1, 0, 2])[part]
    outcome = np.where(_forced(path, terminal, day)[row], _FORCED, _BALANCED)
    outcome = np.where(part == 1, _REJECTED, np.where(part == 2, _UNBALANCED, outcome))  # noqa: PLR2004 - the copies
    columns = {
        "terminal_id": cells.chosen(path.world.estate.terminal_ids, terminal[row]),
        "batch_no": Digits().number(batch_numbers(path, terminal[row], day[row]), 6).array(),
        "opened_at": cells.times(hand_in.shown(terminal[row], opened)),
        "closed_at": cells.times(hand_in.shown(terminal[row], closed)),
        "submitted_at": cells.times(submitted, null=part == 1),
        "sales_count": cells.ints(sales),
        "sales_minor": cells.ints(minor),
        "host_count": cells.ints(sales * seen),
        "host_minor": cells.ints(minor * seen),
        "outcome": cells.chosen(_OUTCOMES, outcome),
    }
    return known_by(path, columns, np.maximum(submitted, closed) + MINUTE, cells)


def _refused(path: Path, terminal: Ints, close: Ints, handed: Ints) -> Bools:
    """Return the batches whose number the host has already (F7)."""
    waits = handed > close + UPLOAD_S
    hit: Bools = waits & path.world.plan.strikes.number[terminal] & ("F7" in path.faults)
    return hit & ~path.hand_in.keyless(terminal, close) & ~path.hand_in.silent(terminal, close)


def _twice(path: Path, terminal: Ints, day: Ints) -> Bools:
    plan = path.world.plan
    sent = plan.strikes.twice[terminal] & (path.upgrades.day[terminal] == plan.twice_day)
    hit: Bools = sent & (day == plan.twice_day - plan.first_day) & ("F12" in path.faults)
    return hit


def _forced(path: Path, terminal: Ints, day: Ints) -> Bools:
    """Return the batches that the provider closed, without what was stored (F1, F11)."""
    plan = path.world.plan
    forced = path.upgrades.by_day[terminal]
    forced &= path.upgrades.day[terminal] - plan.first_day == day
    if "F11" in path.faults:
        low, high = plan.stored_days
        during = (day >= low - plan.first_day) & (day <= high - plan.first_day)
        forced |= plan.strikes.weak[terminal] & during
    return forced


def signals(path: Path, cells: Cells, _book: Book) -> Columns:
    """Return samples of the terminals' lines."""
    plan, hand_in = path.world.plan, path.hand_in
    rng = stream(path.world.seed, _STREAM, 2)
    terminals = len(path.world.estate.terminal_ids)
    grid = plan.first_day * DAY + np.arange(plan.days * DAY // _SIGNAL_EVERY) * _SIGNAL_EVERY
    terminal = np.repeat(np.arange(terminals, dtype=np.int64), len(grid))
    at = np.tile(grid, terminals) + uniform_ints(rng, 0, 10 * MINUTE, (len(terminal),))
    rtt = uniform_ints(rng, 45, 140, (len(terminal),))
    loss = uniform_ints(rng, 0, 12, (len(terminal),)) // 10
    extra_terminal, extra_at = _hourly(path)
    # A sample of the grid may fall on the same second; a fact has one row a terminal and second.
    taken = np.isin(extra_terminal * 2**40 + extra_at, terminal * 2**40 + at)
    terminal = np.concatenate([terminal, extra_terminal[~taken]])
    at = np.concatenate([at, extra_at[~taken]])
    rtt, loss = (np.resize(values, len(at)) for values in (rtt, loss))
    down = hand_in.line_down(terminal, at)
    queued = np.where(down, 1 + (hand_in.line_back(terminal, at) - at) // HOUR % 7, 0)
    if "F8" in path.faults:
        queued = np.where(hand_in.keyless(terminal, at), 1 + at // HOUR % 9, queued)
    if "F11" in path.faults:
        low, high = plan.stored_days
        weak = plan.strikes.weak[terminal] & (at >= low * DAY + 12 * HOUR) & (at < (high + 3) * DAY)
        rtt, loss = np.where(weak, rtt + _WEAK_RTT, rtt), np.where(weak, loss + _WEAK_LOSS, loss)
        queued = np.where(weak, 2 + at // HOUR % 11, queued)
    columns = {
        "terminal_id": cells.chosen(path.world.estate.terminal_ids, terminal),
        "at": cells.times(at),
        "online": cells.ints((~down).astype(np.int64)),
        "rtt_ms": cells.ints(rtt, down),
        "loss_pct": cells.ints(np.where(down, 100, loss)),
        "queued_offline": cells.ints(queued),
    }
    return known_by(path, columns, hand_in.line_back(terminal, at) + MINUTE, cells)


def _hourly(path: Path) -> tuple[Ints, Ints]:
    """Return the hourly samples of lines that are down (F10, F9)."""
    who: list[Ints] = [np.zeros(0, dtype=np.int64)]
    when: list[Ints] = [np.zeros(0, dtype=np.int64)]
    if "F10" in path.faults:
        for episode in path.world.plan.outages:
            hit = np.flatnonzero(episode.terminals)
            hours = np.arange(episode.since + 20 * MINUTE, episode.until, HOUR)
            who.append(np.repeat(hit, len(hours)))
            when.append(np.tile(hours, len(hit)))
    silent = np.flatnonzero(path.hand_in.silent_to > 0)
    for hours_on in range(1, 60, 2):
        at = path.upgrades.finished[silent] + hours_on * HOUR
        dead = path.hand_in.silent(silent, at)
        who.append(silent[dead])
        when.append(at[dead])
    terminal, at = np.concatenate(who), np.concatenate(when)
    _, first = np.unique(terminal * 2**40 + at, return_index=True)
    return terminal[first], at[first]
