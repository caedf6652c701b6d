"""Is a store back at its former level within the days allowed: pass, fail or not yet (R52, R53).

A *cell* is a store, a payment method and a measure. It is asked at fixed looks
(:attr:`RecoverySettings.looks`): the time allowed itself, then longer stretches of days after it,
which show the level that was reached by then. The first look that answers stands, whatever comes
later: a store that was back and is harmed afterwards is another story.

*Pass* is an equivalence test (:mod:`daozhang.stats.equivalence`): the interval of the change lies
inside the margins. Volume is held on either side; of the others only the worse side, since money
that comes sooner has not failed to come back. The looks share the error, so a store that stands at
a margin for good passes with probability ``wrong_pass`` at most, however often one asks. A store
passes only if all its cells do. This is an intersection-union test (Berger 1982): a store that is
harmed in one cell passes no easier for the others, so nothing has to be corrected.

*Fail* says that harm is shown: the interval lies on the worse side of no change, and the estimate
beyond the margin. A store fails if any cell does, so this is corrected by the number of cells and
looks (Bonferroni): a store whose levels are what they were fails with probability ``wrong_fail``
at most. In the time allowed only its last three days can fail it: to be down first and back by the
seventh day is what is allowed.

*Not yet* is the rest, with its reason.

A cell that counts too little for the time allowed to show it by itself nine times in ten is *thin*;
its days before the upgrade decide that. It leans on all the release's stores laid together: where
these pass and its own days show no harm, it passes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from math import inf, nan, sqrt
from typing import Final, Literal

from daozhang.gate.recovery_days import StoreDays
from daozhang.gate.recovery_series import Series, Stores, lay_together
from daozhang.gate.recovery_settings import MEASURES, Measure, RecoverySettings
from daozhang.stats.equivalence import Change, Spread, difference, ratio, spread
from daozhang.stats.student import t_point

__all__ = ["Cell", "Recovery", "StoreRecovery", "Verdict", "judge", "recovery"]

Verdict = Literal["pass", "fail", "not yet"]
VERDICTS: Final[tuple[Verdict, ...]] = ("pass", "fail", "not yet")
Reason = Literal[
    "back", "better", "together", "worse", "above", "too_soon", "no_past", "few_days", "silent",
    "other_upgrade", "wide", "near", "thin",
]  # fmt: skip

LAST: Final = 3
"""Of the time allowed, so many last days can show harm."""

COUNTED: Final = 5.0
"""A method is asked for in a store that counted so much of it before."""

EXPECTED: Final = {"below": 5.0, "above": 20.0}
"""Fewest sales to be expected of days that may show too few, or too many."""

ANSWERS: Final[tuple[Reason, ...]] = (
    "silent", "other_upgrade", "no_past", "few_days", "near", "wide", "thin", "too_soon",
)  # fmt: skip
"""Why not yet, the most telling first."""


NINE_IN_TEN: Final = 1.645
"""Nine estimates in ten are within so many standard errors."""

ALONE: Final = {"too_soon", "silent", "no_past"}
"""Why not yet, where other stores cannot speak for one."""


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


@dataclass(frozen=True, slots=True)
class StoreRecovery:
    """One store's cells and what follows from them.

    Attributes:
        store_id: which.
        first_day: local day of its first upgrade, in days since 1970.
        last_day: local day on which the last of its terminals was done.
        cells: by method and measure.
    """

    store_id: str
    first_day: int
    last_day: int
    cells: tuple[Cell, ...]

    @property
    def verdict(self) -> Verdict:
        """Fail if any cell fails, pass if all pass."""
        found = {cell.verdict for cell in self.cells}
        if "fail" in found:
            return "fail"
        return "pass" if found == {"pass"} else "not yet"

    @property
    def alone(self) -> bool:
        """Whether it passes by its own numbers, without leaning on other stores."""
        return all(cell.verdict == "pass" and cell.reason != "together" for cell in self.cells)

    @property
    def telling(self) -> Cell | None:
        """The cell that says most: the worst that failed, else why it is not yet."""
        failed = [cell for cell in self.cells if cell.verdict == "fail"]
        if failed:
            return max(failed, key=lambda cell: abs(cell.change.value) / cell.margin)
        waits = [cell for cell in self.cells if cell.verdict == "not yet"]
        return min(waits, key=lambda cell: ANSWERS.index(cell.reason), default=None)


@dataclass(frozen=True, slots=True)
class Recovery:
    """What a release's stores are back at.

    Attributes:
        release_id: which release.
        settings: how sure.
        told_until: the last local day whose numbers were in, in days since 1970.
        stores: in order of their ids.
        together: all of them laid over each other, by method and measure.
    """

    release_id: str
    settings: RecoverySettings
    told_until: int
    stores: tuple[StoreRecovery, ...]
    together: tuple[Cell, ...]

    @property
    def counted(self) -> dict[Verdict, int]:
        """How many stores passed, failed and did not yet do either."""
        found = Counter(store.verdict for store in self.stores)
        return {verdict: found[verdict] for verdict in VERDICTS}


def recovery(days: StoreDays, release_id: str, settings: RecoverySettings) -> Recovery:
    """Judge every store of a release.

    Args:
        days: daily numbers as of a moment.
        release_id: one that ``days.spans`` names.
        settings: margins and errors.
    """
    stores = Stores(days, release_id, settings)
    asked = [(method, measure) for method in range(len(days.methods)) for measure in MEASURES]
    kept = {
        store: [k for k in asked if k == (0, "volume") or stores.counted(store, *k) >= COUNTED]
        for store in stores.upgraded
    }
    cells: dict[int, list[Cell]] = {store: [] for store in kept}
    together = []
    for key in asked:
        pool = _together(stores, key, len(asked))
        together += [pool] if pool is not None else []
        for store, keys in kept.items():
            if key in keys:
                cells[store].append(_cell(stores, store, key, len(keys), pool))
        stores.forget()
    found = [
        StoreRecovery(
            days.stores[store], int(stores.first[store]), int(stores.last[store]), tuple(of)
        )
        for store, of in cells.items()
    ]
    return Recovery(release_id, settings, days.told_until, tuple(found), tuple(together))


def _together(stores: Stores, key: tuple[int, Measure], cells: int) -> Cell | None:
    def at(end: int) -> Series | None:
        parts = [
            series
            for store in stores.upgraded
            if stores.ready(store, key[1], end)
            and (series := stores.series(store, *key, end)) is not None
            and series.after_weight.any()
        ]
        return lay_together(parts, key[1])

    if at(stores.settings.days) is None:
        return None
    name = stores.days.methods[key[0]]
    return judge(name, key[1], at, stores.settings, cells)


def _cell(
    stores: Stores, store: int, key: tuple[int, Measure], cells: int, together: Cell | None
) -> Cell:
    def at(end: int) -> Series | None:
        if not stores.ready(store, key[1], end):
            return None
        return stores.series(store, *key, end)

    settings = stores.settings
    found = judge(stores.days.methods[key[0]], key[1], at, settings, cells)
    if found.verdict == "not yet" and stores.other_upgrade(store, settings.days):
        return _with(found, "not yet", "other_upgrade")
    if found.own or found.verdict != "not yet" or found.reason in ALONE:
        return found
    if together is not None and together.verdict == "pass":
        return _with(found, "pass", "together")
    return _with(found, "not yet", "thin")


def _with(cell: Cell, verdict: Verdict, reason: Reason) -> Cell:
    return Cell(
        cell.method, cell.measure, verdict, reason, cell.own, cell.window, cell.days_before,
        cell.days_after, cell.controls, cell.level, cell.change, cell.margin,
    )  # fmt: skip


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
        method, measure, "not yet", "too_soon", True, (first, last), 0, 0, 0, nan, _NOTHING, margin
    )
    for first, last, tail in settings.looks:
        series = at(last)
        if series is None:
            break
        found = _look(found, series, (first, last), tail, settings, cells)
        if found.verdict != "not yet":
            break
    return found


_NOTHING: Final = Change(nan, -inf, inf)


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
    days_before = int((series.before_weight > 0).sum())
    days_after = int((series.after_weight[inside] > 0).sum())

    def said(verdict: Verdict, reason: Reason, own: bool, change: Change = _NOTHING) -> Cell:
        return Cell(
            cell.method, measure, verdict, reason, own, window, days_before, days_after,
            series.controls, series.level, change, margin,
        )  # fmt: skip

    if series.silent[inside].all():
        return said("not yet", "silent", own=True)
    if series.past * 3 < settings.baseline_days:
        return said("not yet", "no_past", own=False)
    least, usual = _least(series, measure, margin)
    own = not _thin(series, margin, settings, least)
    if days_after * 2 <= window[1] - window[0] + 1:
        return said("not yet", "few_days", own)
    change = _change(series, inside, measure, tail, least)
    if change is None:
        return said("not yet", "no_past", own=False)
    last = slice(window[1] - LAST, window[1]) if window[0] == 1 else inside
    sides = 2 if measure == "volume" else 1
    sure = settings.wrong_fail / (len(settings.looks) * cells * sides)
    shown = _change(series, last, measure, sure, usual)
    harm = _harm(series, last, measure, margin, shown) if shown is not None else None
    if harm is not None:
        return said("fail", harm, own, change)
    low, high = (change.low, change.high) if measure != "lag" else (-change.high, -change.low)
    if low > -margin and (high < margin or measure != "volume"):
        return said("pass", "back" if high < margin else "better", own, change)
    near = high - low <= 2 * margin
    return said("not yet", "near" if near else "wide", own, change)


def _least(series: Series, measure: Measure, margin: float) -> tuple[float, float]:
    """Return the least spread that a measure has if it is at its margin, and if it is unchanged.

    Sales come at least as irregularly as by a Poisson law. Of attempts a share fails, the margin's
    more than before. A lag that is longer by half a day is a day longer every other day; one that
    never changed is taken to do so on half a day of all seen. A score that falls from full marks
    falls farthest by a few who give one.
    """
    if measure == "volume":
        return 1.0, 1.0
    if measure == "success":
        failing = min(max(1.0 - series.level, 0.0), 0.5)
        unseen = 0.5 / float(series.before_weight.sum())
        return _of_share(max(failing + margin, margin)), _of_share(failing + unseen)
    if measure == "lag":
        unseen = 0.5 / (float((series.before_weight > 0).sum()) + 1.0)
        return _of_share(min(margin, 0.5)), _of_share(unseen)
    return margin * (_FULL - _ONE - margin), margin * (_FULL - _ONE - margin)


_FULL, _ONE = 5.0, 1.0


def _of_share(share: float) -> float:
    """Return the variance of what is so with a probability."""
    return min(share, 0.5) * (1.0 - min(share, 0.5))


def _thin(series: Series, margin: float, settings: RecoverySettings, least: float) -> bool:
    """Return whether the time allowed would show an unharmed cell less than nine times in ten."""
    before, weight = (series.before, series.before_weight), float(series.before_weight.sum())
    try:
        seen = spread([before], series.parameters)
    except ValueError:
        return True
    by_weight = sqrt(series.past / (settings.days * weight) + 1 / weight)
    reach = t_point(settings.looks[0][2], seen.df) * sqrt(max(seen.variance, least))
    return by_weight * (reach + NINE_IN_TEN * sqrt(seen.variance)) > margin


def _change(
    series: Series, inside: slice, measure: Measure, tail: float, least: float
) -> Change | None:
    """Return the change of level in some days; None: they, or those before, are too few."""
    after, heavy = series.after[inside], series.after_weight[inside]
    if not heavy.any():
        return None
    before = series.before, series.before_weight
    try:
        of: Spread = spread([before, (after, heavy)], series.parameters, least)
    except ValueError:
        return None
    levels = [
        (float(values @ weights) / float(weights.sum()), float(weights.sum()))
        for values, weights in (before, (after, heavy))
    ]
    if measure == "volume":
        return ratio(levels[0], levels[1], of, tail)
    slack = 0.5 / levels[1][1] if measure == "success" else 0.0
    return difference(levels[0], levels[1], of, tail, slack)


def _harm(
    series: Series, inside: slice, measure: Measure, margin: float, shown: Change
) -> Reason | None:
    """Return in which way harm is shown, if it is."""
    if measure == "lag":
        return "worse" if shown.low > 0 and shown.value >= margin else None
    expected = float(series.after_weight[inside].sum())
    below = shown.high < 0 and shown.value <= -margin
    if measure != "volume":
        return "worse" if below else None
    if below and expected >= EXPECTED["below"]:
        return "worse"
    above = shown.low > 0 and shown.value >= margin
    return "above" if above and expected >= EXPECTED["above"] else None
