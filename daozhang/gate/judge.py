"""PASS, FAIL or WAIT: what the evidence says of a release at any moment (R36, R50).

Rules kept here. FAIL: the mean of all bets, each with its part of the stake, has reached
``2 / alpha`` at some moment until now; it stays, whatever comes after. PASS: of the upgraded
terminals whose first money has been due, so few were harmed on their own that "the margin or more
above what harms the others" is refuted, most of the newest wave is among them, and the bets do not
speak against the release (:data:`DOUBT`) though they do not convict it yet. Where the first
days left it open, the newest three days may show the same, if nothing speaks for harm by then; they
left nothing open if they showed that more than the margin was harmed.
Everything else is WAIT, with the reason: what cannot be evaluated never passes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Final, Literal

import numpy as np

from daozhang.gate.evidence import LEGS, NEVER, OUTCOMES, PAID_LATER, Bools, Evidence, Ints, Outcome
from daozhang.gate.exposure import Exposure
from daozhang.gate.lot import Turns
from daozhang.gate.paths import Harm, Weighed
from daozhang.gate.settings import Settings
from daozhang.gate.weigh import STAYS, Walk, staying
from daozhang.stats.betting import Floats, below
from daozhang.stats.exact import at_least_of

__all__ = ["Judge", "Look", "Reason", "Verdict"]

Verdict = Literal["PASS", "FAIL", "WAIT"]
Reason = Literal[
    "harm",
    "clean",
    "not_begun",
    "money_not_due",
    "too_few",
    "new_wave",
    "not_sure",
    "doubtful",
    "blind",
]

_MOST: Final = 0.8
"""So much of the newest wave must have been seen before it passes."""

DOUBT: Final = 5.0
"""Evidence against a release at which nothing passes; a harmless one has it in a fifth at most."""

_FIRST_DAYS: Final = 2
"""Business days of an upgraded terminal that are looked at for its pass."""

_LEG_BETS: Final = {"": 0.6, "+": 0.15, "=": 0.2, "~": 0.025, "+~": 0.025}
_OTHER_BETS: Final = {"": 0.8, "!": 0.15, "~": 0.05}
_RETURNED_BETS: Final = {"": 0.45, "!": 0.5, "~": 0.05}
"""How an outcome's stake is shared by the bets on it, by what follows its name in theirs."""

_NEWEST_DAYS: Final = 3
"""Days that are looked at again while the first ones leave it open."""


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
        background: the share that the same days harmed among the others.
        margin: share of terminals that may be harmed beyond that.
        e_value: the mean of all bets.
        clean: wealth against "the margin or more".
        at_risk_minor: money of the upgraded that is late now.
        leading: the bet that has won most.
        leading_exposed: pods it found harmed among the upgraded.
        leading_expected: how many of them were to be expected.
        leading_others: pods it found harmed among the others.
        by_lot: whether waves were drawn by lot and that was kept.
        drawn: terminals of the lot not yet upgraded.
        held: of them, those held back until the last wave.
        early: terminals held back that were upgraded before the last wave.
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
    by_lot: bool = False
    drawn: int = 0
    held: int = 0
    early: int = 0


class Judge:
    """Looks at evidence, as often as one likes; each look costs little.

    Everything a look needs is a step function of time, laid out once.

    Attributes:
        evidence: what is known.
        settings: how sure to be.
        miss: probability with which each rate of the past may be bounded wrongly.
        paths: the wealth of every bet.
        walks: by outcome, what a later judge goes on with.
        turns: the lot by which waves were drawn, and what came of it; None: nobody drew.
    """

    def __init__(
        self, evidence: Evidence, settings: Settings, earlier: Judge | None = None
    ) -> None:
        """Weigh all outcomes.

        Args:
            evidence: what is known until its last moment; a look at an earlier moment uses only
                what could be seen by then.
            settings: how sure to be.
            earlier: a judge of the same release when less was known, whose work is gone on with
                where nothing that it saw has changed. It can look, but not be gone on with again.
        """
        self.evidence, self.settings = evidence, settings
        miss = settings.alpha / 4 / max(2 * len(evidence.outcomes), 1)
        self.miss = miss
        fleet = evidence.fleet
        self.turns = None if fleet.lot is None else Turns(fleet.lot, fleet.exposed_at)
        begun = earlier.walks if earlier is not None and earlier.miss == miss else {}
        self.paths: list[Weighed] = []
        harms: list[Harm] = []
        self.walks: dict[str, tuple[Walk, ...]] = {}
        for outcome in evidence.outcomes:
            walks = self._walked(outcome, begun.pop(outcome.key, ()))
            self.paths += [path for walk in walks for path in walk.paths()]
            harms.append(walks[0].harm())
            self.walks[outcome.key] = walks
        self._harms = harms
        self._decided_at = evidence.decided_at

    def _walked(self, outcome: Outcome, begun: tuple[Walk, ...]) -> tuple[Walk, ...]:
        """Walk over an outcome, and over who stays harmed if it is a leg."""
        stays = STAYS if outcome.key in LEGS else ()
        told = (outcome, *(staying(outcome, bet) for bet in stays))
        fleet = self.evidence.fleet
        if begun:
            exposure = begun[0].exposure
            used = {day for walk in begun for day in walk.days}
            if exposure.taken_over(outcome, used, self.turns) and all(
                walk.further(one, fleet, exposure) for walk, one in zip(begun, told, strict=True)
            ):
                return begun
        exposure = Exposure(outcome, self.turns)
        return tuple(Walk(one, fleet, self.miss, exposure) for one in told)

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
            wealth = np.logaddexp(wealth, now + np.log(self.stakes[path.key]))
        return moments, wealth

    @cached_property
    def stakes(self) -> dict[str, float]:
        """Each bet's part: an outcome's is shared by its bets."""
        return {
            key + bet: stake * part
            for key, stake in OUTCOMES.items()
            for bet, part in _shares_of(key).items()
        }

    @cached_property
    def _idle(self) -> float:
        """The log of what was never bet, which keeps its value."""
        left = sum(OUTCOMES.values()) - sum(self.stakes[path.key] for path in self.paths)
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
        margin = self.settings.margin_at(exposed)
        seen, harmed, background, clean = self._passing(at, margin)
        verdict, reason = self._verdict(at, exposed, seen, clean)
        by_lot, drawn, held, early = self._lot(at)
        moved = [p for p in self.paths if p.at[0] <= at]
        leading = max(moved, key=lambda p: _at(p.at, p.log_wealth, at), default=None)
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
            by_lot=by_lot, drawn=drawn, held=held, early=early,
        )  # fmt: skip

    def _lot(self, at: int) -> tuple[bool, int, int, int]:
        """Return whether the lot is kept, and how many of it wait, are held back, were early."""
        if self.turns is None:
            return False, 0, 0, 0
        waiting = self.turns.waiting(at)
        held = int(np.count_nonzero(waiting & self.turns.lot.held))
        early = len(self.turns.early(at))
        return self.turns.kept(at + 1), int(np.count_nonzero(waiting)), held, early

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
        if self.log_wealth(at) >= np.log(DOUBT):
            return "WAIT", "doubtful"
        return "PASS", "clean"

    def _newest_seen(self, at: int) -> float:
        """Return how much of the newest wave has had its first money due, of what sells at all."""
        fleet, decided = self.evidence.fleet, self._decided_at
        begun = fleet.exposed_at <= at
        newest = begun & (fleet.wave == fleet.wave[begun].max())
        seen = newest & (decided <= at)
        waited_for = int(np.count_nonzero(newest & (seen | self._sells_by(at))))
        return int(np.count_nonzero(seen)) / max(waited_for, 1)

    def _sells_by(self, at: int) -> Bools:
        """Return who was ever at risk by a moment: what never sells is not waited for."""
        return np.asarray(self._first_risk <= at // 86_400)

    @cached_property
    def _first_risk(self) -> Ints:
        """By terminal, the first day on which it could have been harmed."""
        first = np.full(len(self._decided_at), NEVER, dtype=np.int64)
        for outcome in self.evidence.outcomes:
            ever = outcome.risk.any(axis=1)
            day = outcome.first_day + outcome.risk.argmax(axis=1)
            np.minimum.at(first, outcome.terminal[ever], day[ever])
        return first

    def _passing(self, at: int, margin: float) -> tuple[int, int, float, float]:
        """Return terminals seen, those harmed, the background, and the wealth against the margin.

        By the first days of each; or by the newest days of all, if that shows more.
        """
        seen = self._decided_at <= at
        count = int(np.count_nonzero(seen))
        if not count:
            return 0, 0, 0.0, 1.0
        harmed = int(np.count_nonzero(seen & (self._first_harm <= at)))
        background = self._background(at)
        clean = below(harmed, count, min(margin + background, 0.99))
        open_yet = clean < 1.0 / self.settings.miss
        open_yet &= at_least_of(harmed, count, min(margin + background, 0.99)) >= self.settings.miss
        if open_yet and self.log_wealth(at) < -np.log(self.settings.miss):
            newest, again = self._newest(at)
            later = below(again, newest, margin) if newest else 1.0
            if later > clean:
                return newest, again, 0.0, later
        return count, harmed, background, clean

    def _newest(self, at: int) -> tuple[int, int]:
        """Return terminals seen on the newest days, and those harmed on these; 0 before there are.

        The newest days are the last one of which any money could be seen, and the two before it.
        """
        e = self.evidence
        seen = e.due_seen <= at
        days = e.due_day[seen]
        if not len(days) or days.max() - days.min() < _NEWEST_DAYS:
            return 0, 0
        first, last = int(days.max()) - _NEWEST_DAYS + 1, int(days.max())
        there = np.zeros(len(self._decided_at), dtype=np.bool_)
        there[e.due_terminal[seen][days >= first]] = True
        hit = np.zeros_like(there)
        for harm in self._harms:
            same = (harm.day >= first) & (harm.day <= last) & (harm.seen <= at)
            hit[harm.terminal[harm.exposed & same]] = True
        return int(np.count_nonzero(there)), int(np.count_nonzero(there & hit))

    @cached_property
    def _from_day(self) -> Ints:
        """By terminal, the first day whose sales the release can have harmed."""
        first = np.full(len(self._decided_at), NEVER, dtype=np.int64)
        for outcome in self.evidence.outcomes:
            if outcome.key not in PAID_LATER:
                np.minimum.at(first, outcome.terminal, outcome.from_day)
        return first

    @cached_property
    def _first_harm(self) -> Ints:
        """By terminal, when it was first seen harmed on its own on its first upgraded days."""
        first = np.full(len(self._decided_at), NEVER, dtype=np.int64)
        for harm in self._harms:
            early = harm.exposed & (harm.day < self._from_day[harm.terminal] + _FIRST_DAYS)
            np.minimum.at(first, harm.terminal[early], harm.seen[early])
        return first

    @cached_property
    def _waves(self) -> list[tuple[int, int, Bools, Bools, Ints]]:
        """By wave: when it began, its size, whom it is compared with, out of whom, when harmed.

        Compared are terminals that are not upgraded on the wave's first days; what harms them on
        their own on those same days would have harmed the wave's terminals too.
        """
        fleet = self.evidence.fleet
        found = []
        for wave in range(int(fleet.wave.max(initial=-1)) + 1):
            mine = fleet.wave == wave
            day = int(self._from_day[mine].min(initial=NEVER))
            if day == NEVER:
                continue
            others = self._from_day >= day + _FIRST_DAYS
            among = self._among(day, others)
            first: Ints = np.full(len(others), NEVER, dtype=np.int64)
            for outcome, harm in zip(self.evidence.outcomes, self._harms, strict=True):
                since = day
                if outcome.key in PAID_LATER:
                    # What is still to be paid out counts of the wave's, so of the others too.
                    since = int(outcome.from_day[mine[outcome.terminal]].min(initial=day))
                same = (harm.day >= since) & (harm.day < day + _FIRST_DAYS)
                np.minimum.at(first, harm.terminal[same], harm.seen[same])
            begun = int(fleet.exposed_at[mine].min())
            found.append((begun, int(np.count_nonzero(mine)), others & among, among, first))
        return found

    def _among(self, day: int, others: Bools) -> Bools:
        """Return by terminal whether it may be compared with a wave: by lot if there is one."""
        if self.turns is None or not self.turns.kept_on(day):
            return np.ones(len(others), dtype=np.bool_)
        drawn = self.turns.drawn_on(day)
        return drawn if (drawn & others).any() else np.ones(len(others), dtype=np.bool_)

    def _background(self, at: int) -> float:
        """Return the probability that the first days harm a terminal anyway."""
        total, weight = 0.0, 0
        exposed_at = self.evidence.fleet.exposed_at
        for begun, size, apart, among, first in self._waves:
            # Who is upgraded later was not known then to be.
            others = self._sells_by(at) & (apart | (among & (exposed_at > at)))
            count = int(np.count_nonzero(others))
            if begun > at or not count:
                continue
            share = int(np.count_nonzero(others & (first <= at))) / count
            total += size * share
            weight += size
        return total / weight if weight else 0.0


def _shares_of(key: str) -> dict[str, float]:
    if key == "returned":
        return _RETURNED_BETS
    return _LEG_BETS if key in LEGS else _OTHER_BETS


def _held(at: Ints, values: Floats, moments: Ints) -> Floats:
    """Return a step function that begins at 0 at other moments."""
    place = np.searchsorted(at, moments, side="right") - 1
    return np.where(place >= 0, values[np.maximum(place, 0)], 0.0)


def _at(at: Ints, values: Floats | Ints, moment: int) -> float:
    place = int(np.searchsorted(at, moment, side="right")) - 1
    return float(values[place]) if place >= 0 else 0.0
