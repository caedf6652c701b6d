"""The way of one parcel of money: what happened to it, and the stations that are still ahead."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

__all__ = ["STATIONS", "Ahead", "Step"]

STATIONS: Final = ("captured", "submitted", "cleared", "paid_out", "credited")


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that happened to the parcel.

    Attributes:
        at: when, UTC; None: it is not known when.
        what: ``captured``, ``submitted``, ``settled``, ``held``, ``rejected``, ``payout_sent``,
            ``payout_returned``, ``payout_held``, ``credited``, or the kind of a till's act or of
            another settlement line (``refund``, ``chargeback``, …).
        minor: the amount concerned, in minor units; None: none is.
        detail: what identifies it: line_id, payout_id, credit_id, reason and the like.
        day_only: the time is only known to the day.
    """

    at: datetime | None
    what: str
    minor: int | None
    detail: Mapping[str, Any]
    day_only: bool = False


@dataclass(frozen=True, slots=True)
class Ahead:
    """A station that is not reached yet, and by when it should be; None: nothing says when."""

    station: str
    by: datetime | None
