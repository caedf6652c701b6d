"""The wealth of a bet as it grows and falls, and who was harmed on the way: plain values."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from daozhang.gate.evidence import Bools, Ints
from daozhang.stats.betting import Floats, mixed

__all__ = ["Harm", "Path", "Weighed"]


@dataclass(frozen=True, slots=True)
class Harm:
    """Units harmed on their own, in the order in which that was seen.

    Attributes:
        terminal: the terminal.
        day: the day of what went wrong.
        seen: when it could be seen.
        exposed: whether it was upgraded by then.
    """

    terminal: Ints
    day: Ints
    seen: Ints
    exposed: Bools


@dataclass(frozen=True, slots=True)
class Weighed:
    """The wealth of bets on one outcome, as a step function of time.

    Attributes:
        key: the outcome; ``<outcome>+`` and ``<outcome>=`` for those harmed on three days
            of a week and on two, ``<outcome>!`` against its past
            rate, ``<outcome>~`` without controls.
        at: moments at which it changed, ascending.
        log_wealth: its logarithm from that moment on; 0 before the first.
        exposed_hit: pods harmed among the upgraded that had not been in three weeks, running total.
        others_hit: the same among the others.
        expected: how many of the upgraded were to be expected, running total.
    """

    key: str
    at: Ints
    log_wealth: Floats
    exposed_hit: Ints
    others_hit: Ints
    expected: Floats


@dataclass(slots=True)
class Path:
    """A wealth that is still being played for.

    Attributes:
        key: as of :class:`Weighed`.
        at: moments of the steps so far.
        wealth: log wealth after each.
        counts: running totals of exposed, others and expected after each.
        logs: by alternative, its log wealth now; None: nothing was bet yet.
        exposed: pods harmed among the upgraded so far.
        others: the same among the others.
        expected: how many of the upgraded were to be expected so far.
    """

    key: str
    at: list[int] = field(default_factory=list)
    wealth: list[float] = field(default_factory=list)
    counts: list[tuple[int, int, float]] = field(default_factory=list)
    logs: Floats | None = None
    exposed: int = 0
    others: int = 0
    expected: float = 0.0

    def step(self, seen: int, logs: Floats, exposed: int, others: int, expected: float) -> None:
        """Play one group: its log factors and its counts."""
        self.logs = logs if self.logs is None else self.logs + logs
        self.exposed += exposed
        self.others += others
        self.expected += expected
        self.at.append(seen)
        self.wealth.append(mixed(self.logs))
        self.counts.append((self.exposed, self.others, self.expected))

    def done(self) -> Weighed:
        """Return what was won so far."""
        counts = np.array(self.counts, dtype=np.float64).reshape(-1, 3)
        return Weighed(
            self.key,
            np.array(self.at, dtype=np.int64),
            np.array(self.wealth, dtype=np.float64),
            counts[:, 0].astype(np.int64),
            counts[:, 1].astype(np.int64),
            counts[:, 2],
        )
