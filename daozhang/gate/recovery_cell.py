"""What one look says of one cell: a store, a payment method and a measure.

:mod:`daozhang.gate.recovery` says what is asked and why; here are the two tests. *Back* is an
interval inside the margins; *worse* is an interval beyond no change, an estimate beyond the margin
and, for what is counted, an exact test that agrees.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan, sqrt
from typing import Final, Literal

from daozhang.gate.recovery_series import Series
from daozhang.gate.recovery_settings import Measure, RecoverySettings
from daozhang.stats.equivalence import Change, Period, difference, period, ratio, spread
from daozhang.stats.exact import at_least_drawn, at_least_of, at_most_of
from daozhang.stats.student import t_point

__all__ = ["VERDICTS", "Cell", "Reason", "Verdict", "judge"]

Verdict = Literal["pass", "fail", "not yet"]
VERDICTS: Final[tuple[Verdict, ...]] = ("pass", "fail", "not yet")
Reason = Literal[
    "back", "better", "together", "worse", "above", "too_soon", "no_past", "few_days", "silent",
    "other_upgrade", "wide", "near", "thin",
]  # fmt: skip

LAST: Final = 3
"""Of the time allowed, so many last days can show harm."""

RATINGS: Final = 20
"""Fewest ratings that may show customers to be less satisfied."""

NINE_IN_TEN: Final = 1.645
"""Nine estimates in ten are within so many standard errors."""


@dataclass(frozen=True, slots=True)
class Cell:
    """What is said of a store's measure by one payment method.

    Attributes:
        method: as the facts name it; ``*``: all together.
        measure: which.
        verdict: pass, fail or not yet.
        reason: why.
        own: False: it is too thin by itself and leans on all the stores.
        window: first and last day after the upgrade that were looked at.
        days_before: days that say something before the upgrade.
        days_after: days of the window that say something.
        controls: stores that it was compared with.
        level: the level before, in the measure's unit.
        change: estimate and interval of the change; of volume a share of the level.
        margin: of the measure.
    """

    method: str
    measure: Measure
    verdict: Verdict
    reason: Reason
    own: bool
    window: tuple[int, int]
    days_before: int
    days_after: int
    controls: int
    level: float
    change: Change
    margin: float

    @property
    def after(self) -> float:
        """The level after, less what moved the stores that it was compared with."""
        up = self.level if self.measure == "volume" else 1.0
        return self.level + up * self.change.value


def judge(
    method: str,
    measure: Measure,
    at: Callable[[int], Series | None],
    settings: RecoverySettings,
    cells: int,
) -> Cell:
    """Judge one cell.

    Args:
        method: how it is paid.
        measure: which.
        at: gives its days up to so many after the upgrade; None while these are not in.
        settings: margins and errors.
        cells: how many cells the store has.
    """
    margin = settings.margin(measure)
    first, last, tail = settings.looks[0]
    found = Cell(
        method, measure, "not yet", "too_soon", True, (first, last), 0, 0, 0, nan, _UNTOLD, margin
    )
    for first, last, tail in settings.looks:
        series = at(last)
        if series is None:
            break
        found = _look(found, series, (first, last), tail, settings, cells)
        if found.verdict != "not yet":
            break
    return found


_UNTOLD: Final = Change(nan, -inf, inf)


def _look(
    cell: Cell,
    series: Series,
    window: tuple[int, int],
    tail: float,
    settings: RecoverySettings,
    cells: int,
) -> Cell:
    """Return what one look says of a cell."""
    measure, margin = cell.measure, cell.margin
    inside = slice(window[0] - 1, window[1])
    before = series.summed
    after = period(series.after[inside], series.after_weight[inside])
    days_after = 0 if after is None else after.days

    def said(verdict: Verdict, reason: Reason, own: bool, change: Change = _UNTOLD) -> Cell:
        return Cell(
            cell.method, measure, verdict, reason, own, window, before.days, days_after,
            series.controls, series.level, change, margin,
        )  # fmt: skip

    if series.silent[inside].all():
        return said("not yet", "silent", own=True)
    if series.past * 3 < settings.baseline_days:
        return said("not yet", "no_past", own=False)
    least, usual = _least(before, series.level, measure, margin)
    own = not _thin(series, before, margin, settings, least)
    if days_after * 2 <= window[1] - window[0] + 1:
        return said("not yet", "few_days", own)
    change = _change(series, before, after, measure, tail, least)
    if change is None:
        return said("not yet", "no_past", own=False)
    last, newest = inside, after
    if window[0] == 1:
        last = slice(window[1] - LAST, window[1])
        newest = period(series.after[last], series.after_weight[last])
    sides = 2 if measure == "volume" else 1
    sure = settings.wrong_fail / (len(settings.looks) * cells * sides)
    shown = _change(series, before, newest, measure, sure, usual)
    harm = _harm(series, last, measure, margin, shown, sure) if shown is not None else None
    if harm is not None:
        return said("fail", harm, own, change)
    low, high = (change.low, change.high) if measure != "lag" else (-change.high, -change.low)
    if low > -margin and (high < margin or measure != "volume"):
        return said("pass", "back" if high < margin else "better", own, change)
    near = high - low <= 2 * margin
    return said("not yet", "near" if near else "wide", own, change)


def _least(before: Period, level: float, measure: Measure, margin: float) -> tuple[float, float]:
    """Return the least spread that a measure has if it is at its margin, and if it is unchanged.

    Sales come at least as irregularly as by a Poisson law. Of attempts a share fails, the margin's
    more than before. A lag that is longer by half a day is a day longer every other day; one that
    never changed is taken to do so on half a day of all seen. A score that falls from full marks
    falls farthest by a few who give one.
    """
    if measure == "volume":
        return 1.0, 1.0
    if measure == "success":
        failing = min(max(1.0 - level, 0.0), 0.5)
        unseen = 0.5 / before.weight
        return _of_share(max(failing + margin, margin)), _of_share(failing + unseen)
    if measure == "lag":
        unseen = 0.5 / (before.days + 1.0)
        return _of_share(min(margin, 0.5)), _of_share(unseen)
    return margin * (_FULL - _ONE - margin), margin * (_FULL - _ONE - margin)


_FULL, _ONE = 5.0, 1.0


def _of_share(share: float) -> float:
    """Return the variance of what is so with a probability."""
    return min(share, 0.5) * (1.0 - min(share, 0.5))


def _thin(
    series: Series, before: Period, margin: float, settings: RecoverySettings, least: float
) -> bool:
    """Return whether the time allowed would show an unharmed cell less than nine times in ten."""
    try:
        seen = spread([before], series.parameters)
    except ValueError:
        return True
    by_weight = sqrt(series.past / (settings.days * before.weight) + 1 / before.weight)
    reach = t_point(settings.looks[0][2], seen.df) * sqrt(max(seen.variance, least))
    return by_weight * (reach + NINE_IN_TEN * sqrt(seen.variance)) > margin


def _change(
    series: Series,
    before: Period,
    after: Period | None,
    measure: Measure,
    tail: float,
    least: float,
) -> Change | None:
    """Return the change of level in some days; None: they, or those before, are too few."""
    if after is None:
        return None
    try:
        of = spread([before, after], series.parameters, least)
    except ValueError:
        return None
    was, is_ = (before.level, before.weight), (after.level, after.weight)
    if measure == "volume":
        return ratio(was, is_, of, tail)
    slack = 0.5 / after.weight if measure == "success" else 0.0
    return difference(was, is_, of, tail, slack)


def _harm(
    series: Series, inside: slice, measure: Measure, margin: float, shown: Change, sure: float
) -> Reason | None:
    """Return in which way harm is shown, if it is.

    Small counts are skewed and t is not, so what counts has to be as unlikely by their exact law.
    """
    if measure == "lag":
        return "worse" if shown.low > 0 and shown.value >= margin else None
    heavy = series.after_weight[inside]
    after, before = round(float(heavy.sum())), round(float(series.before_weight.sum()))
    below = shown.high < 0 and shown.value <= -margin
    if measure == "satisfaction":
        return "worse" if below and after >= RATINGS else None
    if measure == "success":
        failed_after = round(float(heavy @ (1.0 - series.after[inside])))
        failed_before = round(float(series.before_weight @ (1.0 - series.before)))
        failed_after, failed_before = max(failed_after, 0), max(failed_before, 0)
        failed = min(failed_after + failed_before, after + before)
        counted = min(failed_after, after, failed)
        return (
            "worse"
            if below and at_least_drawn(counted, after, failed, after + before) <= sure
            else None
        )
    sold = max(round(float(heavy @ series.after[inside])), 0)
    share = float(heavy.sum()) / float(heavy.sum() + series.before_weight.sum())
    if below:
        return "worse" if at_most_of(sold, sold + before, share) <= sure else None
    above = shown.low > 0 and shown.value >= margin
    return "above" if above and at_least_of(sold, sold + before, share) <= sure else None
