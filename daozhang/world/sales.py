"""What is sold on one day: who sells, when, for how much, and by which channel.

Rules kept here: an exact number of sales a day, spread over terminals by weight and over the day
by the trade's shape. A batch terminal sells nothing between its batch close and the cut-off (it
is uploading), and no terminal sells while it is upgraded.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.world._clock import DAY, MINUTE, Floats, Ints, stream
from daozhang.world.money_path import Path, Sold
from daozhang.world.providers import BATCH_CHANNELS, PROVIDERS, REGIONS
from daozhang.world.trades import TRADES, minute_shapes

__all__ = ["DaySales", "counts_by_day", "sell_day"]

_STREAM: Final = 5
_COUNTS_STREAM: Final = 6
_AMOUNT_MIN: Final = 100
_AMOUNT_MAX: Final = 5_000_000
_FREE_DAY_UPLIFT: Final = 1.28
_LARGE_SHARE: Final = 0.01
_LARGE_TIMES: Final = 15
_WHOLE_YUAN: Final = 0.4
_WHOLE_JIAO: Final = 0.65
_DEBIT_SHARE: Final = (0.42, 0.85)


@dataclass(frozen=True, slots=True)
class DaySales:
    """One day's sales in order of time; one entry a sale.

    Attributes:
        day: index of the day in the period.
        sold: the sales.
        amount: minor units.
        card_type: 0 credit, 1 debit, -1 none (wallets).
        u_after: decides whether the sale is voided, reversed, refunded or charged back.
    """

    day: int
    sold: Sold
    amount: Ints
    card_type: Ints
    u_after: Floats


def counts_by_day(path: Path, sales: int) -> list[int]:
    """Return how many sales each day has; they sum to ``sales``."""
    plan = path.world.plan
    rng = stream(path.world.seed, _COUNTS_STREAM)
    weight = np.where(plan.free, _FREE_DAY_UPLIFT, 1.0) * rng.uniform(0.94, 1.06, plan.days)
    counts: list[int] = rng.multinomial(sales, weight / weight.sum()).tolist()
    return counts


def sell_day(path: Path, day: int, count: int) -> DaySales:
    """Draw one day's sales.

    Args:
        path: the estate's behaviour, for what stops a terminal from selling.
        day: index of the day in the period.
        count: how many.
    """
    world = path.world
    rng = stream(world.seed, _STREAM, day)
    terminal = np.repeat(
        np.arange(len(world.estate.terminal_ids), dtype=np.int64),
        rng.multinomial(count, world.estate.weight),
    )
    trade = world.estate.terminal_trade[terminal]
    shapes = minute_shapes(free_day=bool(world.plan.free[day]))
    u_minute, u_channel = rng.random(count), rng.random(count)
    minute = np.zeros(count, dtype=np.int64)
    channel = np.zeros(count, dtype=np.int64)
    median = np.zeros(count)
    spread = np.zeros(count)
    for k, kind in enumerate(TRADES):
        mine = trade == k
        # Rounding may leave the last step of a cumulated share just below one.
        minute[mine] = np.searchsorted(shapes[k][:-1], u_minute[mine], side="right")
        channel[mine] = np.searchsorted(
            np.cumsum(kind.channels)[:-1], u_channel[mine], side="right"
        )
        median[mine], spread[mine] = kind.median_minor, kind.spread
    abroad = ~world.estate.home[terminal]
    channel[abroad] = 0
    # Every shop keeps its own hours; a China day holds one of each minute of them.
    minute = (minute + world.estate.shift[terminal] // MINUTE) % (DAY // MINUTE)
    scale = np.array([REGIONS[name].scale for name in world.estate.regions])
    median = median * scale[world.estate.terminal_region[terminal]]
    at = (world.plan.first_day + day) * DAY + minute * MINUTE + rng.integers(0, MINUTE, count)
    at = _not_while_busy(path, day, terminal, channel, at)
    amount = _amounts(rng, median, spread)
    debit = rng.random(count) < np.array([*_DEBIT_SHARE, 0, 0])[channel]
    card_type = np.where(channel < BATCH_CHANNELS, debit.astype(np.int64), -1)
    u_offline, u_fate, u_after = rng.random(count), rng.random(count), rng.random(count)
    order = np.lexsort((terminal, at))
    terminal, channel = terminal[order], channel[order]
    sold = Sold(
        at=at[order],
        terminal=terminal,
        channel=channel,
        provider=world.estate.provider_of[terminal, channel],
        u_offline=u_offline[order],
        u_fate=u_fate[order],
    )
    return DaySales(day, sold, amount[order], card_type[order], u_after[order])


def _amounts(rng: np.random.Generator, median: Floats, spread: Floats) -> Ints:
    """Draw prices: two in five in whole yuan, some in jiao, the rest to the fen."""
    drawn = median * np.exp(spread * rng.standard_normal(len(median)))
    # A banquet or an order for a whole firm now and then: where caps of fees begin to count.
    drawn = np.where(rng.random(len(median)) < _LARGE_SHARE, drawn * _LARGE_TIMES, drawn)
    minor = np.clip(drawn, _AMOUNT_MIN, _AMOUNT_MAX).astype(np.int64)
    style = rng.random(len(minor))
    unit = np.where(style < _WHOLE_YUAN, 100, np.where(style < _WHOLE_JIAO, 10, 1))
    return minor // unit * unit


def _not_while_busy(path: Path, day: int, terminal: Ints, channel: Ints, at: Ints) -> Ints:
    world = path.world
    batch = (channel < BATCH_CHANNELS) & world.plan.batch[terminal]
    closes = world.draws.closes_at[terminal, day]
    cutoffs = np.array([p.cutoff for p in PROVIDERS])[world.estate.card_provider[terminal]]
    cut_off = (world.plan.first_day + day) * DAY + cutoffs
    uploading = batch & (closes <= at) & (at < cut_off)
    at = np.where(uploading, cut_off + (at - closes), at)
    started, finished = path.upgrades.started[terminal], path.upgrades.finished[terminal]
    upgrading = (started <= at) & (at < finished)
    return np.where(upgrading, started - 1 - (finished - at), at)
