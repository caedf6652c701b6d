"""What a picture shows of a release: harmed terminals day by day beside the others, and the bets.

Rules kept here: the others are weighted as the upgraded lie over providers and banks, so that both
sides have the same banks' troubles; a store is one observation, however many terminals it has, so
that a band is not narrower than what is known.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.gate.evidence import NEVER, PAID_LATER, Bools, Evidence, Ints
from daozhang.gate.judge import Judge
from daozhang.gate.lot import Turns
from daozhang.stats.betting import Floats

__all__ = ["Bet", "DayShares", "Side", "bets", "day_shares"]

_BEFORE: Final = 7
"""So many days before the rollout are shown, to tell what is usual."""

_DAY: Final = 86_400


@dataclass(frozen=True, slots=True)
class Side:
    """The upgraded or the others on one day.

    Attributes:
        terminals: who could have been harmed.
        harmed: of them, who was, as counted.
        permille: the harmed share in thousandths, of the others weighted as the upgraded lie.
        part: the same share of ``whole``, as a whole number, for its band.
        whole: how many independent observations the terminals are worth.
    """

    terminals: int
    harmed: int
    permille: int
    part: int
    whole: int


@dataclass(frozen=True, slots=True)
class DayShares:
    """One business day.

    Attributes:
        day: days since 1970 in the estate's zone.
        told: whether all of its money had been due and could be seen.
        upgraded: those upgraded by then; None: nobody was.
        others: those not upgraded of the same providers and banks; None: nobody is left.
    """

    day: int
    told: bool
    upgraded: Side | None
    others: Side | None


@dataclass(frozen=True, slots=True)
class Bet:
    """What one bet had found at a moment.

    Attributes:
        key: as in :class:`daozhang.gate.paths.Weighed`.
        stake: its part of all that is bet, in 0 to 1.
        exposed_hit: groups harmed among the upgraded.
        expected: how many of them were to be expected.
        others_hit: groups harmed among the others.
        e_value: what a stake of 1 has become.
    """

    key: str
    stake: float
    exposed_hit: int
    expected: float
    others_hit: int
    e_value: float


def bets(judge: Judge, at: int) -> tuple[Bet, ...]:
    """Return every bet that had been played by a moment, the one that won most first."""
    found = []
    for path in judge.paths:
        place = int(np.searchsorted(path.at, at, side="right")) - 1
        if place >= 0:
            won = float(np.exp(min(path.log_wealth[place], 700.0)))
            found.append(
                Bet(path.key, judge.stakes[path.key], int(path.exposed_hit[place]),
                    float(path.expected[place]), int(path.others_hit[place]), won)
            )  # fmt: skip
    return tuple(sorted(found, key=lambda bet: (-bet.e_value * bet.stake, bet.key)))


def day_shares(evidence: Evidence, at: int) -> tuple[DayShares, ...]:
    """Return who was harmed by business day, as it was known at a moment.

    Args:
        evidence: of one release.
        at: the moment; its own day is not over and not shown.
    """
    from_day = _from_day(evidence)
    begun = int(from_day.min(initial=NEVER))
    if begun == NEVER or not evidence.outcomes:
        return ()
    first = max(begun - _BEFORE, min(o.first_day for o in evidence.outcomes))
    days = at // _DAY - first
    if days <= 0:
        return ()
    risk, harm = _by_terminal(evidence, at, first, days)
    stratum, pod = _placed(evidence)
    fleet = evidence.fleet
    turns = None if fleet.lot is None else Turns(fleet.lot, fleet.exposed_at)
    due = evidence.due_day[evidence.due_seen <= at]
    told = int(due.max()) if len(due) else begun - 1
    found = []
    for column in range(days):
        day = first + column
        there, hit = risk[:, column], risk[:, column] & harm[:, column]
        up = from_day <= day
        upgraded, rest = np.flatnonzero(there & up), there & ~up
        if turns is not None and turns.kept_on(day) and (rest & turns.drawn_on(day)).any():
            rest &= turns.drawn_on(day)
        others = np.flatnonzero(rest)
        if not len(upgraded) and not len(others):
            continue
        found.append(
            DayShares(
                day, day <= told, _plain(upgraded, hit, pod) if len(upgraded) else None,
                _weighted(others, upgraded, hit, stratum, pod),
            )
        )  # fmt: skip
    return tuple(found)


def _from_day(evidence: Evidence) -> Ints:
    first = np.full(len(evidence.fleet.exposed_at), NEVER, dtype=np.int64)
    for outcome in evidence.outcomes:
        if outcome.key not in PAID_LATER:
            np.minimum.at(first, outcome.terminal, outcome.from_day)
    return first


def _by_terminal(evidence: Evidence, at: int, first: int, days: int) -> tuple[Bools, Bools]:
    """Return by terminal and day who could be harmed in any way, and who was seen to be."""
    shape = len(evidence.fleet.exposed_at), days
    risk, harm = np.zeros(shape, dtype=np.bool_), np.zeros(shape, dtype=np.bool_)
    for outcome in evidence.outcomes:
        units, columns = np.nonzero(outcome.risk)
        columns = columns + (outcome.first_day - first)
        inside = (columns >= 0) & (columns < days)
        risk[outcome.terminal[units[inside]], columns[inside]] = True
        column = outcome.harm_day - first
        seen = (outcome.harm_seen <= at) & (column >= 0) & (column < days)
        harm[outcome.terminal[outcome.harm_unit[seen]], column[seen]] = True
    return risk, harm


def _placed(evidence: Evidence) -> tuple[Ints, Ints]:
    """Return by terminal its provider and bank, and its store."""
    count = len(evidence.fleet.exposed_at)
    stratum, pod = np.zeros(count, dtype=np.int64), -1 - np.arange(count)
    by_key = {outcome.key: outcome for outcome in evidence.outcomes}
    credit, submit = by_key.get("credit"), by_key.get("submit")
    if credit is not None:
        stratum[credit.terminal] = credit.stratum[credit.pod]
    if submit is not None:
        pod[submit.terminal] = submit.pod
    return stratum, pod


def _plain(terminals: Ints, hit: Bools, pod: Ints) -> Side:
    harmed = int(np.count_nonzero(hit[terminals]))
    groups = len(np.unique(pod[terminals]))
    return _side(len(terminals), harmed, harmed / len(terminals), groups)


def _weighted(others: Ints, upgraded: Ints, hit: Bools, stratum: Ints, pod: Ints) -> Side | None:
    """Return the others as if they lay over the strata as the upgraded do."""
    if not len(others):
        return None
    if not len(upgraded):
        return _plain(others, hit, pod)
    strata = int(stratum.max()) + 1
    count = np.bincount(stratum[others], minlength=strata)
    groups = np.bincount(stratum[others[_firsts(pod[others])]], minlength=strata)
    lie: Ints = np.bincount(stratum[upgraded], minlength=strata) * (count > 0)
    if not lie.any():
        return None
    weight: Floats = np.asarray(lie / lie.sum(), dtype=np.float64)
    harmed = np.bincount(stratum[others[hit[others]]], minlength=strata)
    share = float((weight * harmed / np.maximum(count, 1)).sum())
    worth = 1.0 / float((weight**2 / np.maximum(groups, 1)).sum())
    whole = max(int(worth), 1)
    used = weight > 0
    return _side(int(count[used].sum()), int(harmed[used].sum()), share, whole)


def _side(terminals: int, harmed: int, share: float, whole: int) -> Side:
    return Side(terminals, harmed, round(1000 * share), round(share * whole), whole)


def _firsts(values: Ints) -> Ints:
    return np.asarray(np.unique(values, return_index=True)[1])
