"""One store's level by day, before and after: matched by weekday, compared with other stores.

Values are levels of a day and weights what was counted on it, so that stores can be laid over each
other (:func:`lay_together`) and judged as one. Volume is the number of sales as a share of what
that weekday had before; public holidays and made-up workdays say nothing about it and are left
out, since every store answers them in its own way. The other measures keep all days: a lag counts
business days and is not moved by a holiday.

What moves other stores on the same day is taken out (difference in differences): the stores not
upgraded whose money takes the same way, of the same provider and bank if there are enough of them,
then of the provider, then of the calendar.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from daozhang.gate.evidence import NEVER, Bools, Ints
from daozhang.gate.recovery_days import MOSTLY, StoreDays
from daozhang.gate.recovery_settings import Measure, RecoverySettings
from daozhang.stats.betting import Floats
from daozhang.stats.equivalence import Period, period

__all__ = ["Series", "Stores", "lay_together"]

CLOSED: Final = 5
"""A day without a sale or a try is a closed one where so many are usual."""

NOTHING: Final[tuple[Floats, Floats, int]] = (np.zeros(0), np.zeros(0), 0)
"""Nobody to compare with: what moved them, with weights, and how many they are."""

COUNTED: Final = 20.0
"""Other stores are compared with when they count so much a day, and twice the store's own."""


@dataclass(frozen=True, slots=True)
class Series:
    """Levels of days in order; weight 0: the day says nothing.

    Attributes:
        before: values of the days before the first upgrade, the last of them the day before it.
        before_weight: their weights.
        after: values from the day after the upgrade on.
        after_weight: their weights.
        level: the level before, in the measure's own unit (sales a day, share, days, score).
        controls: with how many stores it was compared; 0: with none.
        parameters: what was estimated of the days before.
        past: days before of which anything was heard of the store.
        silent: of the days after, those without any sale or try.
        summed: the days before, summed up.
    """

    before: Floats
    before_weight: Floats
    after: Floats
    after_weight: Floats
    level: float
    controls: int
    parameters: int
    past: int
    silent: Bools
    summed: Period


@dataclass(frozen=True, slots=True)
class _Told:
    """A store's own numbers by day, and what is usual.

    Heard: whether anything was sold or tried. Past: on how many days before, undisturbed by another
    release.
    """

    value: Floats
    weight: Floats
    own: float
    heard: Bools
    past: int


@dataclass(frozen=True, slots=True)
class _Levelled:
    """The same less what moved others; ``summed``: the days before, None if they say nothing."""

    moved: Floats
    value: Floats
    weight: Floats
    level: float
    parameters: int
    summed: Period | None


def _levelled(
    told: _Told, measure: Measure, before: slice, others: tuple[Floats, Floats], controls: int
) -> _Levelled:
    """Take out of a store's numbers what moved the others, with their weight."""
    value, weight = told.value, told.weight
    moved, moved_weight = others
    if controls:
        weight = np.where(moved_weight > 0, weight, 0.0)
        value = value / np.where(moved > 0, moved, 1.0) if measure == "volume" else value - moved
    parameters = 1
    level = _mean(value[before], weight[before])
    if measure == "volume":
        value, weight, parameters = _by_weekday(value, weight, before)
    summed = period(value[before], weight[before])
    return _Levelled(moved, value, weight, level, parameters, summed)


@dataclass(slots=True)
class Stores:
    """The stores of one release and what they are compared with.

    Attributes:
        days: daily numbers.
        release_id: one that ``days.spans`` names.
        settings: the recovery test's.
    """

    days: StoreDays
    release_id: str
    settings: RecoverySettings
    first: Ints = field(init=False)
    last: Ints = field(init=False)
    _controls: dict[tuple[object, ...], tuple[Floats, Floats, int]] = field(default_factory=dict)
    _series: dict[tuple[object, ...], Series | None] = field(default_factory=dict)
    _kin: dict[tuple[int, tuple[str, ...]], list[int]] = field(default_factory=dict)
    _told: dict[tuple[int, int, Measure], _Told] = field(default_factory=dict)
    _levels: dict[tuple[int, int, Measure], _Levelled] = field(default_factory=dict)
    _compared: dict[tuple[object, ...], tuple[Floats, Floats, int]] = field(default_factory=dict)
    _undisturbed: dict[int, Bools] = field(default_factory=dict)
    _open: dict[int, tuple[Bools, Bools]] = field(default_factory=dict)
    _means: dict[int, tuple[float, Floats]] = field(default_factory=dict)
    _begun: Bools = field(init=False)

    def __post_init__(self) -> None:
        """Look the release's days up, and who takes the same way."""
        self.first, self.last = self.days.spans[self.release_id]
        self._begun = self.days.counts["sales"][:, 0].sum(axis=0).cumsum() > 0
        for (store, method), kin in self.days.kin.items():
            for depth in range(1, len(kin) + 1):
                self._kin.setdefault((method, kin[:depth]), []).append(store)

    def forget(self) -> None:
        """Forget the series that were worked out; they are many."""
        self._series.clear()
        self._told.clear()
        self._levels.clear()

    @property
    def upgraded(self) -> list[int]:
        """The release's stores."""
        return [int(store) for store in np.flatnonzero(self.first != NEVER)]

    def ready(self, store: int, measure: Measure, end: int) -> bool:
        """Return whether the numbers up to so many days after the upgrade are in.

        A lag is told when the money of nine sales in ten is in the bank or overdue, or a week
        later: what is still without a statement then is left out.
        """
        days = self.days
        until = int(self.last[store]) + end
        if until > days.told_until:
            return False
        if measure != "lag" or until + 7 <= days.told_until:
            return True
        window = slice(int(self.last[store]) + 1 - days.first_day, until + 1 - days.first_day)
        waiting = days.counts["lag_waiting"][store, 0, window]
        told = days.counts["lag_told"][store, 0, window]
        return not bool((MOSTLY * waiting > told + waiting).any())

    def counted(self, store: int, method: int, measure: Measure) -> float:
        """Return what was counted of a measure in the days before a store's upgrade."""
        first = int(self.first[store]) - self.days.first_day
        before = slice(max(first - self.settings.baseline_days, 0), first)
        counts = _counts(self.days, store, method, measure)[before]
        if measure == "success":
            counts = counts * (self.days.counts["tries"][store, 0, before] > 0)
        return float(counts.sum())

    def other_upgrade(self, store: int, end: int) -> bool:
        """Return whether another release came within so many days after this one."""
        last = int(self.last[store])
        return any(
            last < spans[0][store] <= last + end
            for release, spans in self.days.spans.items()
            if release != self.release_id
        )

    def series(self, store: int, method: int, measure: Measure, end: int) -> Series | None:
        """Return a store's level up to so many days after its upgrade; None: nothing to tell.

        Expects that the store is :meth:`ready`.
        """
        key = store, method, measure, end
        if key not in self._series:
            self._series[key] = self._work_out(store, method, measure, end)
        return self._series[key]

    def _work_out(self, store: int, method: int, measure: Measure, end: int) -> Series | None:
        days = self.days
        first = int(self.first[store]) - days.first_day
        last = int(self.last[store]) - days.first_day
        if first <= 0:
            return None
        before = slice(max(first - self.settings.baseline_days, 0), first)
        after = slice(last + 1, last + 1 + end)
        key = store, method, measure
        if key not in self._told:
            self._told[key] = self._tell(store, method, measure, before)
        told = self._told[key]
        moved, moved_weight, controls = self._moved(store, method, measure, end, told.own)
        # Most looks of a cell are compared with the same stores and differ in their last day only.
        if key not in self._levels or self._levels[key].moved is not moved:
            self._levels[key] = _levelled(told, measure, before, (moved, moved_weight), controls)
        of = self._levels[key]
        if of.summed is None:
            return None
        return Series(
            of.value[before], of.weight[before], of.value[after], of.weight[after], of.level,
            controls, of.parameters, told.past, ~told.heard[after], of.summed,
        )  # fmt: skip

    def _tell(self, store: int, method: int, measure: Measure, before: slice) -> _Told:
        """Return a store's own numbers, not yet compared with anybody's."""
        days = self.days
        value, weight, counts = _values(days, store, method, measure)
        heard, open_ = self._heard(store, before)
        quiet = self._quiet(store)
        there = quiet
        if measure == "success":
            # Where nothing is told of attempts, no attempt is seen to fail.
            there = there & (days.counts["tries"][store, 0] > 0)
        elif measure == "volume":
            there = there & open_
        weight = np.where(there, weight, 0.0)
        own = float(np.add.reduce(counts[before])) / (before.stop - before.start)
        past = int(np.count_nonzero((heard & quiet)[before]))
        return _Told(value, weight, own, heard, past)

    def _heard(self, store: int, before: slice) -> tuple[Bools, Bools]:
        """Return the days on which a store was heard of, and those that tell what it sells."""
        if store not in self._open:
            sales = self.days.counts["sales"][store, 0]
            heard = np.asarray(sales + self.days.counts["tries"][store, 0] > 0)
            usual = _usual(sales[before], heard[before])
            tells = (heard | (usual < CLOSED)) & self._begun & ~self.days.special[store]
            self._open[store] = heard, tells
        return self._open[store]

    def _quiet(self, store: int) -> Bools:
        """Return the days that no other release disturbs: its days, and so many after it."""
        if store not in self._undisturbed:
            self._undisturbed[store] = self._find_quiet(store)
        return self._undisturbed[store]

    def _find_quiet(self, store: int) -> Bools:
        number = self.days.first_day + np.arange(self.days.special.shape[1])
        quiet = np.ones(len(number), dtype=np.bool_)
        for release, (first, last) in self.days.spans.items():
            if release != self.release_id and first[store] != NEVER:
                quiet &= (number < first[store]) | (number > last[store] + self.settings.days)
        return quiet

    def _moved(
        self, store: int, method: int, measure: Measure, end: int, own: float
    ) -> tuple[Floats, Floats, int]:
        """Return what moved the others by day, with their weight, and how many they are.

        For volume a factor around 1, for the others a difference around nought.
        """
        for method_there in dict.fromkeys((method, 0)):
            kin = self.days.kin.get((store, method_there))
            for depth in (3, 2, 1) if kin else ():
                assert kin is not None
                window = int(self.first[store]), int(self.last[store]) + end
                key = (*window, kin[:depth], method_there, measure)
                if key not in self._controls:
                    self._controls[key] = self._compare(window, kin[:depth], method_there, measure)
                moved, counts, controls = self._controls[key]
                if controls and self._a_day(counts) >= max(COUNTED, 2 * own):
                    return moved, counts, controls
        return NOTHING

    def _a_day(self, counts: Floats) -> float:
        """Return the mean of counts that are asked for again and again."""
        key = id(counts)
        if key not in self._means:
            # The counts are kept as long as this is, so that no others get their id.
            self._means[key] = float(counts.mean()), counts
        return self._means[key][0]

    def _compare(
        self, window: tuple[int, int], kin: tuple[str, ...], method: int, measure: Measure
    ) -> tuple[Floats, Floats, int]:
        days, settings = self.days, self.settings
        since, until = window[0] - settings.baseline_days, window[1]
        there = np.zeros(len(days.stores), dtype=np.bool_)
        there[self._kin[method, kin]] = True
        for first, last in days.spans.values():
            there &= (first == NEVER) | (first > until) | (last < since - settings.days)
        controls = int(there.sum())
        if controls < settings.controls_min:
            return NOTHING
        # Who is compared with seldom changes from one look to the next.
        key = window[0], kin, method, measure, there.tobytes()
        if key not in self._compared:
            self._compared[key] = self._compare_with(window[0], there, method, measure)
        return self._compared[key]

    def _compare_with(
        self, first: int, there: Bools, method: int, measure: Measure
    ) -> tuple[Floats, Floats, int]:
        days, controls = self.days, int(np.count_nonzero(there))
        since = first - self.settings.baseline_days
        value, weight, counts = _values(days, there, method, measure)
        before = slice(max(since - days.first_day, 0), first - days.first_day)
        if measure != "volume":
            return value - _mean(value[before], weight[before]), counts, controls
        usual = float(value[before].mean())
        return (value / usual if usual > 0 else value), counts, controls


def _usual(sales: Ints, heard: Bools) -> float:
    """Return the usual number of sales of a day that was open."""
    return float(np.median(sales[heard])) if heard.any() else 0.0


def _of(days: StoreDays, name: str, stores: int | Bools, method: int) -> Floats:
    rows = days.counts[name][stores, method].astype(np.float64)
    return rows if rows.ndim == 1 else np.asarray(rows.sum(axis=0))


def _counts(days: StoreDays, stores: int | Bools, method: int, measure: Measure) -> Floats:
    """Return what a measure counts by day, of a store or of several taken together."""
    if measure == "volume":
        return _of(days, "sales", stores, method)
    if measure == "success":
        return _of(days, "sales", stores, method) + _of(days, "failed", stores, method)
    if measure == "lag":
        told = _of(days, "lag_told", stores, method)
        waiting = _of(days, "lag_waiting", stores, method)
        return np.where(MOSTLY * waiting > told + waiting, 0.0, told)
    return _of(days, "scores", stores, method)


def _values(
    days: StoreDays, stores: int | Bools, method: int, measure: Measure
) -> tuple[Floats, Floats, Floats]:
    """Return value, weight and what was counted by day, of a store or of several together."""
    whole = _counts(days, stores, method, measure)
    if measure == "volume":
        return whole, np.ones_like(whole), whole
    part = _of(days, _PARTS[measure], stores, method)
    value = np.divide(part, whole, out=np.zeros_like(part), where=whole > 0)
    # The money of a day comes together, so its lag is known no better for more sales.
    return value, np.where(whole > 0, 1.0, 0.0) if measure == "lag" else whole, whole


_PARTS: Final = {"success": "sales", "lag": "lag", "satisfaction": "score"}


def _mean(values: Floats, weights: Floats) -> float:
    total = float(weights.sum())
    return float(values @ weights) / total if total > 0 else 0.0


def _by_weekday(value: Floats, there: Floats, before: slice) -> tuple[Floats, Floats, int]:
    """Return the days as shares of their weekday's mean, weighted with it."""
    weekday = np.arange(len(value)) % 7
    slots = weekday[: before.stop - before.start]
    seen = there[before] > 0
    days = np.bincount(slots, weights=seen, minlength=7)
    total = np.bincount(slots, weights=value[before] * seen, minlength=7)
    usual = np.divide(total, days, out=np.zeros(7), where=days > 0)
    # The first day before is slot 0, whatever weekday it is.
    weight = np.where(there > 0, usual[(weekday - before.start) % 7], 0.0)
    share = np.divide(value, weight, out=np.zeros_like(value), where=weight > 0)
    return share, weight, int(np.count_nonzero(usual))


def lay_together(parts: list[Series], measure: Measure) -> Series | None:
    """Return several stores' series as one, laid over each other by the day of their upgrade.

    Volumes are added up; other levels are averaged by what was counted.
    """
    if not parts:
        return None
    ends = {len(part.after) for part in parts}
    assert len(ends) == 1, "series of one look have one length"
    length = max(len(part.before) for part in parts)

    def over(values: str, weights: str, long: int) -> tuple[Floats, Floats]:
        total, weight = np.zeros(long), np.zeros(long)
        # Days before an upgrade are counted from it backwards.
        for length in {len(getattr(part, values)) for part in parts}:
            same = [part for part in parts if len(getattr(part, values)) == length]
            own = np.stack([getattr(part, values) for part in same])
            heavy = np.stack([getattr(part, weights) for part in same])
            total[long - length :] += (own * heavy).sum(axis=0)
            weight[long - length :] += heavy.sum(axis=0)
        return np.divide(total, weight, out=np.zeros(long), where=weight > 0), weight

    before, before_weight = over("before", "before_weight", length)
    after, after_weight = over("after", "after_weight", ends.pop())
    summed = period(before, before_weight)
    assert summed is not None, "every series has a day before that says something"
    heavy = [float(part.before_weight.sum()) for part in parts]
    level = (
        sum(part.level for part in parts)
        if measure == "volume"
        else float(np.average([part.level for part in parts], weights=heavy))
    )
    return Series(
        before, before_weight, after, after_weight, level,
        min(part.controls for part in parts), max(part.parameters for part in parts),
        max(part.past for part in parts),
        np.logical_and.reduce([part.silent for part in parts]), summed,
    )  # fmt: skip
