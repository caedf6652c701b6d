"""Which cut-off and which lag explain the dates on which money came.

Rules kept here: a candidate is a cut-off, a basis and calendar, a lag, a zone and a clock; a sale
is explained when its due date under the candidate (the contract's "Promise") is the local date on
which its money came. The share of sales explained decides. Among cut-offs that explain as much,
no sale tells them apart and the customary one is proposed; late money is expected, so a share
well under one may still be the agreed rule.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cache, lru_cache
from typing import Final, Literal
from zoneinfo import ZoneInfo

from daozhang.app._start_facts import Linked
from daozhang.calendars import BusinessCalendar, load_calendar

__all__ = [
    "LAG_DAYS_MAX", "Plan", "Timing", "calendar_of", "customary", "due_of", "find_timing",
    "local_day", "plans_for", "zones_of",
]  # fmt: skip

LAG_DAYS_MAX: Final = 10
_DAY: Final = timedelta(days=1)
_DAY_MINUTES: Final = 24 * 60
_CREDIT_SHARE: Final = 0.95
_TOLERANCE: Final = 0.003
"""Share of sales by which a customary cut-off may explain less than an odd one."""

_ODD: Final = 10
"""What is at least this unusual is no customary cut-off."""

_ZONES: Final[dict[str, tuple[str, ...]]] = {
    "CNY": ("Asia/Shanghai",),
    "HKD": ("Asia/Hong_Kong",),
    "TWD": ("Asia/Taipei",),
    "JPY": ("Asia/Tokyo",),
    "KRW": ("Asia/Seoul",),
    "SGD": ("Asia/Singapore",),
    "EUR": ("Europe/Berlin", "Europe/Helsinki", "Europe/Lisbon"),
    "GBP": ("Europe/London",),
    "CHF": ("Europe/Zurich",),
    "AUD": ("Australia/Sydney", "Australia/Perth"),
    "USD": ("America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"),
}
_SEVERAL_ZONES: Final = frozenset({"USD"})
"""Where one provider's clock serves shops in several zones."""

_CALENDARS: Final = {"CNY": "CN", "USD": "US_FED", "EUR": "TARGET2"}
_CUTOFFS: Final[dict[str, tuple[int, ...]]] = {"CNY": (23 * 60, _DAY_MINUTES, 22 * 60)}
_CUTOFFS_ELSEWHERE: Final = (_DAY_MINUTES, 23 * 60, 22 * 60, 17 * 60)

Clock = Literal["seen", "captured", "submitted"]


@dataclass(frozen=True, slots=True)
class Plan:
    """How days are counted: ``T`` on a business calendar, ``D`` on all days."""

    basis: Literal["business", "calendar"]
    lag_days: int
    calendar: str | None = None
    credit_calendar: str | None = None

    @property
    def short(self) -> str:
        """``T+1`` or ``D+1``."""
        return f"{'T' if self.basis == 'business' else 'D'}+{self.lag_days}"


@dataclass(frozen=True, slots=True)
class Timing:
    """What explains a provider's dates best.

    Attributes:
        plan: how days are counted.
        cutoff: minutes after midnight, 1440 being 24:00.
        cutoff_low: the earliest cut-off that explains as much.
        cutoff_high: the latest one.
        zone: IANA name.
        clock: whose clock decides.
        credit_by: minutes after midnight by which 95 % of the money that came on its due date
            was there, rounded up to the hour; None: the bank gives dates only.
        explained: sales explained.
        sales: sales looked at.
        days: distinct local dates of sales.
        from_bank: the dates are the bank's, not the payouts'.
        rivals: next best ways to count days, with the sales each explains.
    """

    plan: Plan
    cutoff: int
    cutoff_low: int
    cutoff_high: int
    zone: str
    clock: Clock
    credit_by: int | None
    explained: int
    sales: int
    days: int
    from_bank: bool
    rivals: tuple[tuple[Plan, int], ...] = ()

    @property
    def share(self) -> float:
        """Share of sales explained; for choosing and showing, never for money."""
        return self.explained / self.sales if self.sales else 0.0


def zones_of(currency: str) -> tuple[str, ...]:
    """Return the zones in which a currency's merchants usually sit, the likeliest first."""
    return _ZONES.get(currency, ("UTC",))


def calendar_of(currency: str) -> str:
    """Return the business calendar of a currency's payments."""
    return _CALENDARS.get(currency, "WEEKDAYS")


def customary(currency: str) -> int:
    """Return the customary cut-off, in minutes after midnight."""
    return _CUTOFFS.get(currency, _CUTOFFS_ELSEWHERE)[0]


def plans_for(currency: str) -> tuple[Plan, ...]:
    """Return the ways to count days, the likeliest first; their lags are 0."""
    calendar = calendar_of(currency)
    plans = [
        Plan("business", 0, calendar),
        Plan("calendar", 0),
        Plan("calendar", 0, None, calendar),
    ]
    if calendar != "WEEKDAYS":
        plans.append(Plan("business", 0, "WEEKDAYS"))
    return tuple(plans)


@lru_cache(maxsize=16)
def _calendar(name: str) -> BusinessCalendar:
    return load_calendar(name)


def due_of(plan: Plan, business_date: date) -> date:
    """Return the due date of a business date, as :mod:`daozhang.journey.promise` counts."""
    if plan.basis == "calendar":
        due = business_date + plan.lag_days * _DAY
    else:
        calendar = _calendar(plan.calendar or "WEEKDAYS")
        if plan.lag_days:
            due = calendar.nth_business_day_after(business_date, plan.lag_days)
        else:
            due = calendar.roll_forward(business_date)
    return _calendar(plan.credit_calendar).roll_forward(due) if plan.credit_calendar else due


def local_day(minute: int, zone: ZoneInfo, *, day_only: bool) -> tuple[date, int]:
    """Return the local date and the minute of that day; a bare date is its own midnight."""
    moment = datetime.fromtimestamp(minute * 60, UTC if day_only else zone)
    return moment.date(), moment.hour * 60 + moment.minute


def find_timing(
    rows: Sequence[Linked], currency: str, zones: Iterable[str], home: str
) -> Timing | None:
    """Return what explains the rows' dates best; None: there are no rows.

    Args:
        rows: sales of one provider with the moment of their money.
        currency: theirs.
        zones: IANA names to try; the first of equally good ones is taken.
        home: the zone in which bank dates are read when the rows' times are bare dates.
    """
    best: Timing | None = None
    for zone in tuple(dict.fromkeys(zones)) or (home,):
        for clock, minute_of in _CLOCKS:
            found = _best_in(rows, currency, zone, clock, minute_of)
            if found and (best is None or _better(found, best, currency)):
                best = found
    return best


def _better(found: Timing, best: Timing, currency: str) -> bool:
    """Say whether a later zone or clock is to be preferred to an earlier one.

    It must explain clearly more; or, in another zone, as much with a usual cut-off in place of an
    odd one: 17:00 in Los Angeles is 20:00 in New York, and nobody agrees on the latter.
    """
    near = _TOLERANCE * best.sales
    if found.explained > best.explained + 0.01 * best.sales:
        return True
    if currency not in _SEVERAL_ZONES:
        return False
    usual = _oddness(found.cutoff, currency) < _ODD <= _oddness(best.cutoff, currency)
    return usual and found.clock == best.clock and found.explained >= best.explained - near


_CLOCKS: Final[tuple[tuple[Clock, Callable[[Linked], int]], ...]] = (
    ("seen", lambda row: row.seen),
    ("captured", lambda row: row.captured),
    ("submitted", lambda row: row.submitted),
)


def _best_in(
    rows: Sequence[Linked],
    currency: str,
    zone_name: str,
    clock: Clock,
    minute_of: Callable[[Linked], int],
) -> Timing | None:
    zone = ZoneInfo(zone_name)
    sold: Counter[tuple[date, int, date]] = Counter()
    for row in rows:
        day, minute = local_day(minute_of(row), zone, day_only=row.day_only)
        paid, _ = local_day(row.paid, zone, day_only=row.paid_day_only)
        sold[day, minute, paid] += 1
    ranked: list[tuple[int, Plan, int, int, int]] = []
    for plan in plans_for(currency):
        ranked += _score(sold, plan, currency)
    if not ranked:
        return None
    # D+0 after 00:00 and D+1 after 24:00 are one rule in two words: of those that explain as much
    # the customary words are taken. min() keeps the first of equals, and the likelier way to
    # count stands first.
    least = max(entry[0] for entry in ranked) - int(_TOLERANCE * len(rows))
    best = min(
        (entry for entry in ranked if entry[0] >= least),
        key=lambda entry: (_oddness(entry[2], currency), entry[1].lag_days),
    )
    explained, plan, cutoff, low, high = best
    rivals = sorted((e for e in ranked if e is not best), key=lambda entry: -entry[0])[:2]
    return Timing(
        plan=plan,
        cutoff=cutoff,
        cutoff_low=low,
        cutoff_high=high,
        zone=zone_name,
        clock=clock,
        credit_by=_credit_by(rows, zone, plan, cutoff, minute_of),
        explained=explained,
        sales=len(rows),
        days=len({day for day, _, _ in sold}),
        from_bank=rows[0].from_bank,
        rivals=tuple((rival, count) for count, rival, _, _, _ in rivals if count),
    )


def _score(
    sold: Counter[tuple[date, int, date]], plan: Plan, currency: str
) -> list[tuple[int, Plan, int, int, int]]:
    """Return for each lag that explains anything (explained, plan, cut-off, lowest, highest)."""
    plans = [
        Plan(plan.basis, lag, plan.calendar, plan.credit_calendar)
        for lag in range(LAG_DAYS_MAX + 1)
    ]

    @cache
    def lags(day: date, paid: date) -> tuple[int, ...]:
        if not day <= paid <= day + 3 * LAG_DAYS_MAX * _DAY:
            return ()
        return tuple(lag for lag, tried in enumerate(plans) if due_of(tried, day) == paid)

    # A cut-off c explains what is due by its own date before c and by the next from c on.
    before: dict[int, Counter[int]] = defaultdict(Counter)
    after: dict[int, Counter[int]] = defaultdict(Counter)
    for (day, minute, paid), sales in sold.items():
        for lag in lags(day, paid):
            before[lag][minute] += sales
        for lag in lags(day + _DAY, paid):
            after[lag][minute] += sales
    total = sum(sold.values())
    ranked = []
    for lag in sorted({*before, *after}):
        scores = []
        running = after[lag].total()
        for minute in range(_DAY_MINUTES):
            running += before[lag][minute] - after[lag][minute]
            scores.append(running)  # scores[m] is that of the cut-off at m + 1
        most = max(scores)
        least = most - int(_TOLERANCE * total)
        fitting = [minute + 1 for minute, score in enumerate(scores) if score >= least]
        cutoff = min(fitting, key=lambda c: (_oddness(c, currency), c))
        low = high = cutoff
        while low > 1 and scores[low - 2] >= least:
            low -= 1
        while high < _DAY_MINUTES and scores[high] >= least:
            high += 1
        ranked.append((scores[cutoff - 1], plans[lag], cutoff, low, high))
    return ranked


def _oddness(cutoff: int, currency: str) -> int:
    """Return how unusual a cut-off is; agreements are made in round times."""
    usual = _CUTOFFS.get(currency, _CUTOFFS_ELSEWHERE)
    if cutoff in usual:
        return usual.index(cutoff)
    for rank, step in enumerate((60, 30, 10, 5)):
        if cutoff % step == 0:
            return _ODD + rank
    return 2 * _ODD


def _credit_by(
    rows: Sequence[Linked],
    zone: ZoneInfo,
    plan: Plan,
    cutoff: int,
    minute_of: Callable[[Linked], int],
) -> int | None:
    """Return by when the money that came on its due date was there, in full hours."""
    times: dict[str, int] = {}
    for row in rows:
        if row.paid_day_only:
            continue
        day, minute = local_day(minute_of(row), zone, day_only=row.day_only)
        paid, at = local_day(row.paid, zone, day_only=False)
        if due_of(plan, day + _DAY if minute >= cutoff else day) == paid:
            times[row.payout_id] = at
    if not times:
        return None
    ordered = sorted(times.values())
    at = ordered[min(len(ordered) - 1, int(_CREDIT_SHARE * len(ordered)))]
    return min(_DAY_MINUTES, (at // 60 + 1) * 60)
