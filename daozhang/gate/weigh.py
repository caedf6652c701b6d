"""How one outcome's wealth grows while harm becomes visible.

Rules kept here:

* Harm that became visible at one moment is one group. Within it, strata are compared each by
  itself: of the pods harmed on one side only, how many are upgraded ones, against the share of
  upgraded ones among all that could have been harmed that day. Whatever strikes a whole stratum
  (a holiday, a slow bank, an outage, a cut-off) therefore says nothing.
* Pods are counted, not sales: what fails together counts once. A pod both of whose sides are
  harmed shows a cause that is not the release's.
* That share is taken by units and by pods that are upgraded whole or not at all, whichever is
  greater, so that the bet is fair whether pods fail whole (then others show it on both sides) or
  units one by one.
* A unit that was harmed on its own does not count again for three weeks, on either side: a
  shop that forgets to close is one shop, and a harmed terminal stays harmed.
* Harm in one group may have a common cause that no stratum names; its bet is made as if eleven
  pods were ten independent ones (``exp(log / k)`` is a fair bet where ``k`` fail together).
* A unit harmed on three days of a week is bet on once more: who stays harmed is rare among those
  who are not upgraded, whoever is careless once.
* Outcomes that hardly ever happen are also compared with the past: with as many of them as a
  rate allows that the past makes unlikely to be exceeded, and only those count of which no
  terminal that is not upgraded shows any that day in the same stratum.
* Where nobody is left who is not upgraded, days are compared with the days before the rollout. A
  day counts once, and only if half of such strata are harmed, of two providers at least: what
  strikes one provider's money or one bank cannot be told from the release then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Final

import numpy as np

from daozhang.gate.evidence import HARD, Bools, Fleet, Ints, Outcome
from daozhang.stats.betting import ODDS, RATES, Floats, mixed, race, rate, rate_bound

__all__ = ["Harm", "Weighed", "staying", "weigh"]

MEMORY_DAYS: Final = 21
"""How long a unit that was harmed on its own is left out."""

TOGETHER: Final = 1.1
"""Pods of one group that fail together, beyond what pods say (the design effect)."""

SHOCK: Final = 0.5
"""Where so much of those not upgraded is harmed alike, it is nobody's own harm."""

_STAYS_DAYS: Final = 3
_WEEK: Final = 7
_ALONE_SHARE: Final = 0.1
"""A day counts against a stratum without controls when so much of it is harmed."""

_HISTORY_DAYS: Final = 3
"""Fewer days of history say nothing about a rate."""


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
        key: the outcome; ``<outcome>+`` for those who stay harmed, ``<outcome>!`` against its past
            rate, ``<outcome>~`` without controls.
        at: moments at which it changed, ascending.
        log_wealth: its logarithm from that moment on; 0 before the first.
        exposed_hit: pods harmed among the upgraded, running total.
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
class _Path:
    key: str
    alternatives: Floats
    at: list[int] = field(default_factory=list)
    wealth: list[float] = field(default_factory=list)
    counts: list[tuple[int, int, float]] = field(default_factory=list)
    logs: Floats | None = None
    exposed: int = 0
    others: int = 0
    expected: float = 0.0

    def step(self, seen: int, logs: Floats, exposed: int, others: int, expected: float) -> None:
        self.logs = logs if self.logs is None else self.logs + logs
        self.exposed += exposed
        self.others += others
        self.expected += expected
        self.at.append(seen)
        self.wealth.append(mixed(self.logs))
        self.counts.append((self.exposed, self.others, self.expected))

    def done(self) -> Weighed:
        counts = np.array(self.counts, dtype=np.float64).reshape(-1, 3)
        return Weighed(
            self.key,
            np.array(self.at, dtype=np.int64),
            np.array(self.wealth, dtype=np.float64),
            counts[:, 0].astype(np.int64),
            counts[:, 1].astype(np.int64),
            counts[:, 2],
        )


@dataclass(frozen=True, slots=True)
class _Day:
    """One group: what was at risk and what was harmed, by stratum."""

    exposed: Ints
    others: Ints
    share: Floats
    exposed_hit: Ints
    others_hit: Ints


def weigh(outcome: Outcome, fleet: Fleet, miss: float) -> tuple[list[Weighed], Harm]:
    """Return the wealth of every bet on an outcome, and who was harmed on their own.

    Args:
        outcome: who could be harmed and who was.
        fleet: who is upgraded when.
        miss: probability with which a rate of the past may be bounded wrongly.
    """
    strata = int(outcome.stratum.max(initial=-1)) + 1
    raced = _Path(outcome.key, ODDS)
    alone: list[tuple[int, int]] = []
    rare: list[tuple[int, int, int]] = []
    harms: list[tuple[Ints, int, int, Bools]] = []
    out_until = np.full(len(outcome.terminal), -1, dtype=np.int64)
    last_hit = np.full(len(outcome.terminal), -1, dtype=np.int64)
    for seen, day, units in _groups(outcome):
        could_be = outcome.risk[:, day - outcome.first_day]
        at_risk = could_be & (out_until < day) & (last_hit != day)
        hit = units[at_risk[units]]
        last_hit[hit] = day
        exposed = outcome.from_day <= day
        found = _count(outcome, strata, at_risk, hit, exposed)
        shocked = _shocked(found)[outcome.stratum[outcome.pod]]
        own = units[could_be[units] & ~shocked[units]]
        harms.append((outcome.terminal[own], day, seen, exposed[own]))
        raw = units[could_be[units]]
        if _bad_alone(outcome, strata, could_be, raw, exposed):
            alone.append((seen, day))
        if not len(hit):
            continue
        out_until[hit[~shocked[hit]]] = day + MEMORY_DAYS
        both = found.exposed_hit + found.others_hit
        if outcome.key in HARD:
            noisy = outcome.stratum[outcome.pod[raw[~exposed[raw]]]]
            calm = np.bincount(noisy, minlength=strata) == 0
            rare += [(seen, day, int(n)) for n in found.exposed_hit[calm] if n]
            rare += [(seen, day, -int(n)) for n in found.others_hit if n]
        if seen >= fleet.begun_at and found.exposed.any() and both.any():
            logs = race(found.exposed_hit, both, found.share) / TOGETHER
            raced.step(
                seen, logs, int(found.exposed_hit.sum()), int(found.others_hit.sum()),
                float((both * found.share).sum()),
            )  # fmt: skip
    paths = [raced.done(), *_without_controls(outcome, alone, miss)]
    if outcome.key in HARD:
        paths += _rare(outcome, fleet, rare, miss)
    return [p for p in paths if len(p.at)], _harm(harms)


def staying(outcome: Outcome) -> Outcome:
    """Return the outcome "harmed on three days of a week", seen when the third is."""
    order = np.lexsort((outcome.harm_seen, outcome.harm_day, outcome.harm_unit))
    unit, day = outcome.harm_unit[order], outcome.harm_day[order]
    if len(order) < _STAYS_DAYS:
        third = np.zeros(0, dtype=np.int64)
    else:
        last, first = slice(_STAYS_DAYS - 1, None), slice(None, 1 - _STAYS_DAYS)
        within = (unit[last] == unit[first]) & (day[last] - day[first] < _WEEK)
        # Days before the upgrade do not count as the release's.
        from_day = outcome.from_day[unit[last]]
        within &= (day[first] >= from_day) | (day[last] < from_day)
        third = order[last][within]
    return replace(
        outcome, key=outcome.key + "+", harm_unit=outcome.harm_unit[third],
        harm_day=outcome.harm_day[third],
        harm_seen=np.maximum(outcome.harm_seen[third], _earlier_seen(outcome, order, third)),
    )  # fmt: skip


def _earlier_seen(outcome: Outcome, order: Ints, third: Ints) -> Ints:
    """Return when the two harms before the third had been seen."""
    place = np.empty(len(order), dtype=np.int64)
    place[order] = np.arange(len(order))
    seen = outcome.harm_seen[order]
    return np.maximum(seen[place[third] - 1], seen[place[third] - 2])


def _groups(outcome: Outcome) -> Iterator[tuple[int, int, Ints]]:
    """Give the harm by moment and day, in the order in which it was seen."""
    if not len(outcome.harm_unit):
        return
    order = np.lexsort((outcome.harm_unit, outcome.harm_day, outcome.harm_seen))
    seen, day = outcome.harm_seen[order], outcome.harm_day[order]
    column = day - outcome.first_day
    starts = np.flatnonzero(np.diff(seen, prepend=-1) | np.diff(day, prepend=-1))
    for start, stop in zip(starts, [*starts[1:], len(order)], strict=True):
        if 0 <= column[start] < outcome.risk.shape[1]:
            yield int(seen[start]), int(day[start]), outcome.harm_unit[order[start:stop]]


def _count(outcome: Outcome, strata: int, at_risk: Bools, hit: Ints, exposed: Bools) -> _Day:
    pods = len(outcome.stratum)
    side = outcome.pod * 2 + exposed
    pod_risk = np.bincount(side[at_risk], minlength=2 * pods).reshape(-1, 2) > 0
    pod_hit = np.bincount(side[hit], minlength=2 * pods).reshape(-1, 2) > 0
    one_sided = np.asarray(pod_hit & ~pod_hit.all(axis=1, keepdims=True), dtype=np.bool_)

    def by_stratum(flags: Bools) -> Ints:
        return np.bincount(outcome.stratum[flags], minlength=strata).astype(np.int64)

    others, upgraded = by_stratum(pod_risk[:, 0]), by_stratum(pod_risk[:, 1])
    of_unit = outcome.stratum[outcome.pod]
    units = np.bincount(of_unit[at_risk], minlength=strata)
    units_upgraded = np.bincount(of_unit[at_risk & exposed], minlength=strata)
    whole = by_stratum(np.asarray(pod_risk[:, 1] & ~pod_risk[:, 0]))
    pure = whole + by_stratum(np.asarray(pod_risk[:, 0] & ~pod_risk[:, 1]))
    share = np.maximum(whole / np.maximum(pure, 1), units_upgraded / np.maximum(units, 1))
    return _Day(upgraded, others, share, by_stratum(one_sided[:, 1]), by_stratum(one_sided[:, 0]))


def _bad_alone(outcome: Outcome, strata: int, could_be: Bools, hit: Ints, exposed: Bools) -> bool:
    """Return whether half of the strata that are all upgraded are harmed, of two providers."""
    of_unit = outcome.stratum[outcome.pod]
    others = np.bincount(of_unit[could_be & ~exposed], minlength=strata)
    pods = np.bincount(outcome.stratum[np.unique(outcome.pod[could_be])], minlength=strata)
    harmed = np.bincount(outcome.stratum[np.unique(outcome.pod[hit])], minlength=strata)
    lone = (others == 0) & (pods > 0)
    bad = lone & (harmed > 0) & (harmed >= _ALONE_SHARE * pods)
    return _widely(outcome, bad, lone)


def _widely(outcome: Outcome, bad: Bools, among: Bools) -> bool:
    """Return whether half of some strata are bad, and more than one provider's."""
    if 2 * int(np.count_nonzero(bad)) < int(np.count_nonzero(among)):
        return False
    return len(np.unique(outcome.provider[: len(bad)][bad])) > 1


def _shocked(found: _Day) -> Bools:
    return np.asarray((found.others > 0) & (found.others_hit >= SHOCK * found.others))


def _exposure(outcome: Outcome, begun_day: int) -> tuple[Ints, Ints, int]:
    """Return by day the pods that were upgraded and whether any stratum had no others.

    The third is how many days history has.
    """
    pods, strata = len(outcome.stratum), int(outcome.stratum.max(initial=-1)) + 1
    days = outcome.risk.shape[1]
    upgraded, lone = np.zeros(days, dtype=np.int64), np.zeros(days, dtype=np.int64)
    for column in range(max(begun_day - outcome.first_day, 0), days):
        at_risk = outcome.risk[:, column]
        exposed = outcome.from_day <= outcome.first_day + column
        side = (outcome.pod * 2 + exposed)[at_risk]
        risk = np.bincount(side, minlength=2 * pods).reshape(-1, 2) > 0
        upgraded[column] = np.count_nonzero(risk[:, 1])
        with_others = np.bincount(outcome.stratum[risk[:, 0]], minlength=strata) > 0
        with_upgraded = np.bincount(outcome.stratum[risk[:, 1]], minlength=strata) > 0
        lone[column] = bool((with_upgraded & ~with_others).any())
    return upgraded, lone, min(max(begun_day - outcome.first_day, 0), days)


def _begun_day(outcome: Outcome) -> int:
    return int(outcome.from_day.min(initial=np.iinfo(np.int64).max))


def _rare(
    outcome: Outcome, fleet: Fleet, events: list[tuple[int, int, int]], miss: float
) -> list[Weighed]:
    """Bet that rare events of the upgraded are more than the past makes likely."""
    begun = _begun_day(outcome)
    upgraded, _, before = _exposure(outcome, begun)
    if before < _HISTORY_DAYS:
        return []
    pod_days = sum(len(np.unique(outcome.pod[outcome.risk[:, column]])) for column in range(before))
    if not pod_days:
        return []
    past = sum(-n for _, day, n in events if n < 0 and day < begun)
    bound = rate_bound(past, pod_days, miss)
    path = _Path(outcome.key + "!", RATES)
    running, taken = np.cumsum(upgraded), 0.0
    for seen, day, n in events:
        if n > 0 and seen >= fleet.begun_at:
            expected = max(float(running[day - outcome.first_day]) * bound, taken)
            path.step(seen, rate(n, expected - taken), n, 0, expected - taken)
            taken = expected
    return [path.done()]


def _without_controls(
    outcome: Outcome, events: list[tuple[int, int]], miss: float
) -> list[Weighed]:
    """Bet that days on which all are upgraded are worse than the days before any was."""
    begun = _begun_day(outcome)
    _, lone, before = _exposure(outcome, begun)
    if before < _HISTORY_DAYS or not lone.any():
        return []
    bound = rate_bound(_bad_days(outcome, begun), before, miss)
    path = _Path(outcome.key + "~", RATES)
    running, taken = np.cumsum(lone), 0.0
    counted: set[int] = set()
    for seen, day in events:
        if day < begun or day in counted:
            continue
        counted.add(day)
        expected = max(float(running[day - outcome.first_day]) * bound, taken)
        path.step(seen, rate(1, expected - taken), 1, 0, expected - taken)
        taken = expected
    return [path.done()]


def _bad_days(outcome: Outcome, begun: int) -> int:
    """Return on how many days before the rollout as much was harmed."""
    strata = int(outcome.stratum.max(initial=-1)) + 1
    bad = 0
    for day in np.unique(outcome.harm_day[outcome.harm_day < begun]):
        column = int(day) - outcome.first_day
        if column < 0:
            continue
        at_risk = np.unique(outcome.pod[outcome.risk[:, column]])
        hit = np.unique(outcome.pod[outcome.harm_unit[outcome.harm_day == day]])
        pods = np.bincount(outcome.stratum[at_risk], minlength=strata)
        harmed = np.bincount(outcome.stratum[hit], minlength=strata)
        there = np.asarray(pods > 0)
        bad += _widely(outcome, there & (harmed > 0) & (harmed >= _ALONE_SHARE * pods), there)
    return bad


def _harm(found: list[tuple[Ints, int, int, Bools]]) -> Harm:
    none = np.zeros(0, dtype=np.int64)
    if not found:
        return Harm(none, none, none, np.zeros(0, dtype=np.bool_))
    sizes = [len(terminals) for terminals, _, _, _ in found]
    return Harm(
        np.concatenate([t for t, _, _, _ in found]),
        np.repeat([day for _, day, _, _ in found], sizes).astype(np.int64),
        np.repeat([seen for _, _, seen, _ in found], sizes).astype(np.int64),
        np.concatenate([e for _, _, _, e in found]),
    )
