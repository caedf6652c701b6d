"""PASS, FAIL or WAIT: what the evidence says of a release at any moment (R36, R50).

Rules kept here. FAIL: the mean of all bets, each with its part of the stake, has reached
``2 / alpha`` at some moment until now; it stays, whatever comes after. PASS: of the upgraded
terminals whose first money has been due, so few were harmed on their own that "the margin or more
above what harms the others" is refuted, and most of the newest wave is among them. Everything else
is WAIT, with the reason: what cannot be evaluated never passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from daozhang.gate.evidence import NEVER, OUTCOMES, Bools, Evidence, Ints
from daozhang.gate.settings import Settings
from daozhang.gate.weigh import Harm, Weighed, weigh
from daozhang.stats.betting import Floats, below

__all__ = ["Judge", "Look", "Reason", "Verdict"]

Verdict = Literal["PASS", "FAIL", "WAIT"]
Reason = Literal[
    "harm", "clean", "not_begun", "money_not_due", "too_few", "new_wave", "not_sure", "blind"
]

_HALF: Final = 0.5
_MOST: Final = 0.8
"""So much of the newest wave must have been seen before it passes."""

_FIRST_DAYS: Final = 2
"""Business days of an upgraded terminal that are looked at for its pass."""

_Z: Final = 2.6
"""Standard errors by which the others' harm is taken lower than it was seen (1 in 200)."""


@dataclass(frozen=True, slots=True)
class Look:
    """What was said at one moment, with its numbers.

    Attributes:
        at: the moment.
        verdict: PASS, FAIL or WAIT.
        reason: why, as a key of the sentences.
        exposed: terminals whose upgrade had begun.
        seen: of them, those whose first money had been due and could be seen.
        harmed: of those, harmed on their own on their first days.
        background: how many of 1 the others' days make likely anyway, taken low.
        margin: share of terminals that may be harmed beyond that.
        e_value: the mean of all bets.
        clean: wealth against "the margin or more".
        at_risk_minor: money of the upgraded that is late now.
        leading: the bet that has won most.
        leading_exposed: pods it found harmed among the upgraded.
        leading_expected: how many of them were to be expected.
        leading_others: pods it found harmed among the others.
    """

    at: int
    verdict: Verdict
    reason: Reason
    exposed: int
    seen: int
    harmed: int
    background: float
    margin: float
    e_value: float
    clean: float
    at_risk_minor: int
    leading: str
    leading_exposed: int
    leading_expected: float
    leading_others: int


class Judge:
    """Looks at evidence, as often as one likes; each look costs little.

    Everything a look needs is a step function of time, laid out once.
    """

    def __init__(self, evidence: Evidence, settings: Settings) -> None:
        """Weigh all outcomes.

        Args:
            evidence: what is known until its last moment; a look at an earlier moment uses only
                what could be seen by then.
            settings: how sure to be.
        """
        self.evidence, self.settings = evidence, settings
        miss = settings.alpha / 4 / max(2 * len(evidence.outcomes), 1)
        self.paths: list[Weighed] = []
        harms: list[Harm] = []
        for outcome in evidence.outcomes:
            paths, harm = weigh(outcome, evidence.fleet, miss)
            self.paths += paths
            harms.append(harm)
        self._harms = harms

    @cached_property
    def halted_at(self) -> int | None:
        """The first moment at which a look would have said FAIL."""
        over = np.flatnonzero(self._wealth[1] >= np.log(self.settings.stop_at))
        return int(self._wealth[0][over[0]]) if len(over) else None

    @cached_property
    def _wealth(self) -> tuple[Ints, Floats]:
        """The moments at which anything changed, and the log of the mean of all bets then."""
        moments = np.unique(np.concatenate([p.at for p in self.paths] or [np.zeros(0, np.int64)]))
        wealth = np.full(len(moments), self._idle)
        for path in self.paths:
            now = _held(path.at, path.log_wealth, moments)
            wealth = np.logaddexp(wealth, now + np.log(self._stakes[path.key]))
        return moments, wealth

    @cached_property
    def _stakes(self) -> dict[str, float]:
        """Each bet's part: an outcome's is shared by its two or three."""
        return {
            name: OUTCOMES[key] * part
            for key in OUTCOMES
            for name, part in ((key, 0.85), (key + "!", 0.1), (key + "~", 0.05))
        }

    @cached_property
    def _idle(self) -> float:
        """The log of what was never bet, which keeps its value."""
        left = sum(OUTCOMES.values()) - sum(self._stakes[path.key] for path in self.paths)
        return float(np.log(left)) if left > 0 else -np.inf

    def log_wealth(self, at: int) -> float:
        """Return the log of the mean of all bets at a moment."""
        moments, wealth = self._wealth
        place = int(np.searchsorted(moments, at, side="right")) - 1
        return float(wealth[place]) if place >= 0 else 0.0

    def look(self, at: int) -> Look:
        """Say what the gate says at a moment."""
        fleet = self.evidence.fleet
        exposed = int(np.count_nonzero(fleet.exposed_at <= at))
        seen, harmed, background = self._passing(at)
        margin = self.settings.margin_at(exposed)
        clean = below(harmed, seen, min(margin + background, 0.99)) if seen else 1.0
        verdict, reason = self._verdict(at, exposed, seen, clean)
        leading = max(self.paths, key=lambda p: _at(p.at, p.log_wealth, at), default=None)
        return Look(
            at=at,
            verdict=verdict,
            reason=reason,
            exposed=exposed,
            seen=seen,
            harmed=harmed,
            background=background,
            margin=margin,
            e_value=float(np.exp(min(self.log_wealth(at), 700.0))),
            clean=clean,
            at_risk_minor=self.at_risk_minor(at),
            leading=leading.key if leading else "",
            leading_exposed=int(_at(leading.at, leading.exposed_hit, at)) if leading else 0,
            leading_expected=_at(leading.at, leading.expected, at) if leading else 0.0,
            leading_others=int(_at(leading.at, leading.others_hit, at)) if leading else 0,
        )

    def looks(self, first: int, last: int) -> list[Look]:
        """Look every so often, from one moment to another."""
        return [self.look(at) for at in range(first, last + 1, self.settings.every_s)]

    def at_risk_minor(self, at: int) -> int:
        """Return the money of upgraded terminals that is late at a moment."""
        e = self.evidence
        late = e.money_exposed & (e.money_from <= at) & (at < e.money_until)
        return int(e.money_minor[late].sum())

    def _verdict(self, at: int, exposed: int, seen: int, clean: float) -> tuple[Verdict, Reason]:
        if self.halted_at is not None and at >= self.halted_at:
            return "FAIL", "harm"
        if not exposed:
            return "WAIT", "not_begun"
        if not seen:
            return "WAIT", "blind" if self.evidence.blind else "money_not_due"
        if clean < 1.0 / self.settings.miss:
            least = below(0, seen, self.settings.margin_at(exposed))
            return "WAIT", "too_few" if least < 1.0 / self.settings.miss else "not_sure"
        if self._newest_seen(at) < _MOST:
            return "WAIT", "new_wave"
        return "PASS", "clean"

    def _newest_seen(self, at: int) -> float:
        """Return how much of the newest wave has had its first money due, of what sells at all."""
        fleet, decided = self.evidence.fleet, self.evidence.decided_at
        begun = fleet.exposed_at <= at
        newest = begun & (fleet.wave == fleet.wave[begun].max()) & (decided != NEVER)
        never = begun & (fleet.wave == fleet.wave[begun].max()) & (decided == NEVER)
        waited_for = int(np.count_nonzero(newest)) + int(np.count_nonzero(never & self._sells))
        return int(np.count_nonzero(newest & (decided <= at))) / max(waited_for, 1)

    @cached_property
    def _sells(self) -> Bools:
        """By terminal, whether it was ever at risk: what never sells is not waited for."""
        sells = np.zeros(len(self.evidence.fleet.exposed_at), dtype=np.bool_)
        for outcome in self.evidence.outcomes:
            sells[outcome.terminal[outcome.risk.any(axis=1)]] = True
        return sells

    def _passing(self, at: int) -> tuple[int, int, float]:
        """Return upgraded terminals seen, those harmed on their first days, and the background."""
        decided = self.evidence.decided_at
        first = self._first_harm
        seen = decided <= at
        harmed = int(np.count_nonzero(seen & (first <= at)))
        return int(np.count_nonzero(seen)), harmed, self._background(at)

    @cached_property
    def _first_harm(self) -> Ints:
        """By terminal, when it was first seen harmed on its own on its first upgraded days."""
        first = np.full(len(self.evidence.decided_at), NEVER, dtype=np.int64)
        from_day = np.full(len(first), NEVER, dtype=np.int64)
        for outcome in self.evidence.outcomes:
            np.minimum.at(from_day, outcome.terminal, outcome.from_day)
        for harm in self._harms:
            early = harm.exposed & (harm.day < from_day[harm.terminal] + _FIRST_DAYS)
            np.minimum.at(first, harm.terminal[early], harm.seen[early])
        return first

    def _background(self, at: int) -> float:
        """Return the probability that the first days harm a terminal anyway, taken low."""
        begun = self.evidence.fleet.begun_at
        if at < begun:
            return 0.0
        days = 0
        for outcome in self.evidence.outcomes[:1]:
            start = int(outcome.from_day.min(initial=NEVER)) - outcome.first_day
            days = self._others_days(outcome.first_day + max(start, 0), at)
        hit = sum(
            int(np.count_nonzero(~h.exposed & (h.seen <= at) & (h.seen >= begun)))
            for h in self._harms[:4]
        )
        if not days:
            return 0.0
        daily = min(hit / days, _HALF)
        daily = max(0.0, daily - _Z * (max(daily, 1 / days) / days) ** 0.5)
        return float(1.0 - (1.0 - daily) ** _FIRST_DAYS)

    def _others_days(self, first: int, at: int) -> int:
        """Return how many days of terminals that are not upgraded have been at risk by a moment."""
        outcome = self.evidence.outcomes[0]
        last = min(at // 86_400 - outcome.first_day, outcome.risk.shape[1])
        start = max(first - outcome.first_day, 0)
        if last <= start:
            return 0
        days = outcome.first_day + np.arange(start, last)
        others = outcome.from_day[:, None] > days[None, :]
        return int(np.count_nonzero(outcome.risk[:, start:last] & others))


def _held(at: Ints, values: Floats, moments: Ints) -> Floats:
    """Return a step function that begins at 0 at other moments."""
    place = np.searchsorted(at, moments, side="right") - 1
    return np.where(place >= 0, values[np.maximum(place, 0)], 0.0)


def _at(at: Ints, values: Floats | Ints, moment: int) -> float:
    place = int(np.searchsorted(at, moment, side="right")) - 1
    return float(values[place]) if place >= 0 else 0.0
