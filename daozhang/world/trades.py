"""How kinds of shops sell: when in the day, for how much, and by which channel.

Everything here is data of the simulation, drawn up so that the shape is believable: lunch and
evening peaks, weekends and holidays that start later and sell more, whole-yuan prices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.world._clock import Floats

__all__ = ["TRADES", "Trade", "minute_shapes"]

_MINUTES: Final = 1440
_OPEN_FROM: Final = 390
_OPEN_TO: Final = 1420


@dataclass(frozen=True, slots=True)
class Trade:
    """One line of business.

    Attributes:
        mcc: merchant category code.
        peaks: (minute of the day, spread in minutes, weight).
        median_minor: the median sale.
        spread: sigma of the amounts' logarithm.
        channels: shares of card, unionpay_qr, alipay, wechat.
        card_bps: an agreed card rate instead of the provider's; None: the provider's.
    """

    mcc: str
    peaks: tuple[tuple[int, int, float], ...]
    median_minor: int
    spread: float
    channels: tuple[float, float, float, float]
    card_bps: int | None = None


TRADES: Final = (
    Trade(
        "5812", ((735, 50, 1.0), (1125, 70, 1.3), (1290, 40, 0.25)), 8_600, 0.7,
        (0.42, 0.08, 0.21, 0.29),
    ),
    Trade(
        "5411", ((630, 80, 0.9), (1065, 90, 1.2), (1230, 60, 0.3)), 6_200, 0.8,
        (0.36, 0.09, 0.24, 0.31), 38,
    ),
    Trade("5651", ((900, 110, 1.0), (1170, 70, 1.0)), 31_000, 0.75, (0.46, 0.08, 0.20, 0.26)),
    Trade(
        "5499", ((480, 40, 0.8), (750, 60, 1.0), (1110, 80, 1.0), (1350, 60, 0.5)), 1_900, 0.6,
        (0.16, 0.06, 0.33, 0.45),
    ),
    Trade("7011", ((730, 70, 0.8), (1260, 100, 1.2)), 42_000, 0.6, (0.58, 0.05, 0.16, 0.21)),
    Trade("5912", ((600, 80, 1.0), (970, 100, 1.0)), 5_800, 0.7, (0.32, 0.10, 0.25, 0.33), 45),
)  # fmt: skip


def minute_shapes(*, free_day: bool) -> Floats:
    """Return the cumulated share of the day's sales by minute, one row a trade.

    Args:
        free_day: a day off, on which people come half an hour later and less in peaks.
    """
    minutes = np.arange(_MINUTES, dtype=np.float64)
    rows = []
    for trade in TRADES:
        shape = np.zeros(_MINUTES)
        for at, spread, weight in trade.peaks:
            middle, wide = (at + 30, spread * 1.35) if free_day else (at, float(spread))
            shape += weight * np.exp(-0.5 * ((minutes - middle) / wide) ** 2) / wide
        # A thin floor from 06:30 to 23:40: somebody always buys something.
        shape += np.where((minutes >= _OPEN_FROM) & (minutes < _OPEN_TO), 0.0002, 0.000_004)
        rows.append(np.cumsum(shape) / shape.sum())
    return np.stack(rows)
