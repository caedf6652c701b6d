"""What undoes a sale: voids, reversals, refunds and chargebacks.

Rules kept here: a void or reversal comes before the batch is closed, so neither it nor its sale
is settled. A refund is netted from a later (or the same) payout, never from one that it would
more than halve, so that no payout is negative. Only sales whose money is undisturbed are undone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from daozhang.world._clock import DAY, HOUR, MINUTE, Bools, Floats, Ints, stream
from daozhang.world.money_path import Journeys, Path, Sold
from daozhang.world.sales import DaySales

__all__ = [
    "CHARGEBACK",
    "KINDS",
    "REFUND",
    "REVERSAL",
    "SALE",
    "VOID",
    "Pending",
    "Undoing",
    "undo",
]

_STREAM: Final = 7
KINDS: Final = ("sale", "void", "reversal", "refund", "chargeback")
SALE, VOID, REVERSAL, REFUND, CHARGEBACK = range(len(KINDS))
_VOIDED: Final = (0.0, 0.005)
_REVERSED: Final = (0.005, 0.0056)
_REFUNDED: Final = (0.01, 0.02)
_CHARGED_BACK: Final = (0.02, 0.0202)
_WHOLE_SHARE: Final = 0.7
_LATEST_REFUND: Final = 20 * HOUR + 30 * MINUTE


@dataclass(frozen=True, slots=True)
class Undoing:
    """Rows that undo sales; one entry a row.

    Attributes:
        kind: into :data:`KINDS`.
        sold: when and where the undoing itself happens.
        amount: minor units, positive.
        card_type: of the sale.
        of_day: index of the sale's day.
        of_number: the sale's number within its day.
        sale_paid_out: when the sale's own payout leaves.
        whole: the sale is undone wholly.
    """

    kind: Ints
    sold: Sold
    amount: Ints
    card_type: Ints
    of_day: Ints
    of_number: Ints
    sale_paid_out: Ints
    whole: Bools

    def only(self, mask: Bools) -> Undoing:
        """Return the rows of a mask."""
        return Undoing(
            self.kind[mask],
            self.sold.only(mask),
            self.amount[mask],
            self.card_type[mask],
            self.of_day[mask],
            self.of_number[mask],
            self.sale_paid_out[mask],
            self.whole[mask],
        )


@dataclass(slots=True)
class Pending:
    """Refunds and chargebacks that come on a later day, by that day's index."""

    by_day: dict[int, list[Undoing]] = field(default_factory=dict)


def _join(parts: list[Undoing]) -> Undoing:
    def of(name: str) -> Ints:
        return np.concatenate([getattr(part, name) for part in parts])

    def sold(name: str) -> Ints:
        return np.concatenate([getattr(part.sold, name) for part in parts])

    return Undoing(
        of("kind"),
        Sold(
            sold("at"),
            sold("terminal"),
            sold("channel"),
            sold("provider"),
            sold("u_offline").astype(np.float64),
            sold("u_fate").astype(np.float64),
        ),
        of("amount"),
        of("card_type"),
        of("of_day"),
        of("of_number"),
        of("sale_paid_out"),
        of("whole").astype(np.bool_),
    )


def _between(values: Floats, bounds: tuple[float, float]) -> Bools:
    low, high = bounds
    inside: Bools = (values >= low) & (values < high)
    return inside


def undo(
    path: Path, sales: DaySales, journeys: Journeys, pending: Pending
) -> tuple[Undoing, Journeys]:
    """Return the day's undoings with their own journeys, and put later ones into ``pending``."""
    rng = stream(path.world.seed, _STREAM, sales.day)
    undisturbed: Bools = (
        ~journeys.late & ~journeys.offline & (journeys.cycle == journeys.promise_cycle)
    )
    plain = np.ones(len(sales.amount), dtype=np.bool_)
    at, day_start = sales.sold.at, (path.world.plan.first_day + sales.day) * DAY

    def draw(mask: Bools, kind: int, when: Ints, part: Floats | None = None) -> Undoing:
        amount = sales.amount[mask]
        whole = plain[mask] if part is None else part >= 1.0
        if part is not None:
            # Only the share of goods that came back is drawn as a fraction; money stays whole.
            tenths = (part * 10).astype(np.int64)
            amount = np.where(whole, amount, np.maximum(amount * tenths // 10, 1))
        sold = sales.sold.only(mask)
        return Undoing(
            np.full(len(when), kind, dtype=np.int64),
            Sold(
                when, sold.terminal, sold.channel, sold.provider,
                np.ones(len(when)), sold.u_fate,
            ),
            amount,
            sales.card_type[mask],
            np.full(len(when), sales.day, dtype=np.int64),
            np.flatnonzero(mask),
            journeys.paid_out[mask],
            whole,
        )  # fmt: skip

    def chosen(bounds: tuple[float, float]) -> Bools:
        both: Bools = undisturbed & _between(sales.u_after, bounds)
        return both

    voided, reversed_ = chosen(_VOIDED), chosen(_REVERSED)
    voids = draw(voided, VOID, at[voided] + rng.integers(90, 2400, int(voided.sum())))
    undone = draw(reversed_, REVERSAL, at[reversed_] + rng.integers(30, 60, int(reversed_.sum())))

    refunded = chosen(_REFUNDED)
    count = int(refunded.sum())
    lag = np.minimum(rng.geometric(0.35, count) - 1, 6)
    soon = at[refunded] + rng.integers(10 * MINUTE, 2 * HOUR, count)
    same_day = (lag == 0) & (soon < day_start + _LATEST_REFUND)
    later = day_start + np.maximum(lag, 1) * DAY
    later = later + rng.integers(10 * HOUR, _LATEST_REFUND, count)
    part = np.where(rng.random(count) < _WHOLE_SHARE, 1.0, rng.uniform(0.1, 0.9, count))
    refunds = draw(refunded, REFUND, np.where(same_day, soon, later), part)
    charged = chosen(_CHARGED_BACK)
    when = day_start + rng.integers(8, 16, int(charged.sum())) * DAY + 12 * HOUR
    chargebacks = draw(charged, CHARGEBACK, when)

    for rows in (refunds, chargebacks):
        days = rows.sold.at // DAY - path.world.plan.first_day
        for day in np.unique(days).tolist():
            pending.by_day.setdefault(day, []).append(rows.only(days == day))
    today = _join([voids, undone, *pending.by_day.pop(sales.day, [])])
    return _allowed(path, sales, journeys, today)


def _allowed(
    path: Path, sales: DaySales, journeys: Journeys, today: Undoing
) -> tuple[Undoing, Journeys]:
    """Drop undoings that come too late, while disturbed, or that a payout cannot bear."""
    own = path.follow(today.sold)
    settled = (today.kind == REFUND) | (today.kind == CHARGEBACK)
    origin = np.where(settled, 0, today.of_number)
    in_time = (own.cycle == journeys.cycle[origin]) & (own.batch_day == journeys.batch_day[origin])
    fine = ~own.offline & (settled | in_time)

    pairs, width = path.world.estate.pair_of, path.world.width
    cells = len(path.world.estate.pair_provider) * width
    earned = np.zeros(cells, dtype=np.int64)
    group = pairs[sales.sold.terminal, sales.sold.provider] * width + journeys.cycle
    # What voids take away is small beside the half that is left.
    undone = np.zeros(len(group), dtype=np.bool_)
    undone[today.of_number[fine & ~settled]] = True
    counted = ~undone & ~journeys.lost
    np.add.at(earned, group[counted], sales.amount[counted])
    own_group = pairs[today.sold.terminal, today.sold.provider] * width + own.cycle
    taken = np.zeros(cells, dtype=np.int64)
    np.add.at(taken, own_group[settled], today.amount[settled])
    bearable = taken[own_group] * 2 <= earned[own_group]
    keep = fine & (~settled | bearable)
    return today.only(keep), path.follow(today.sold.only(keep))
