"""What chance decides before any fault, and the estate with its plan as one thing.

Rules kept here: nothing drawn here makes money late. An ordinary batch closes before the cut-off,
an ordinary payout leaves and an ordinary credit is booked before the promise. The draws are the
same for every set of faults.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.world._clock import DAY, HOUR, MINUTE, NEVER, Bools, Ints, stream, uniform_ints
from daozhang.world.estate import BANKS, Estate
from daozhang.world.plan import Plan
from daozhang.world.providers import PROVIDERS, Cycles

__all__ = ["HORIZON_DAYS", "Draws", "World", "make_draws"]

_STREAM: Final = 4
HORIZON_DAYS: Final = 32
"""Days after the period that are laid out, so that even the latest money gets its date."""
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


def make_draws(seed: int, estate: Estate, plan: Plan, cycles: tuple[Cycles, ...]) -> Draws:
    """Draw what no fault decides."""
    rng = stream(seed, _STREAM)
    terminals, pairs = len(estate.terminal_ids), len(estate.pair_provider)
    days = plan.days + HORIZON_DAYS
    shape = (pairs, max(len(c.close) for c in cycles))
    # Batch terminals close in the last ten minutes before 22:00, the others before 23:00.
    base = np.where(plan.batch, 21 * HOUR + 50 * MINUTE, 22 * HOUR + 35 * MINUTE)
    base = (base + estate.shift) % DAY
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
