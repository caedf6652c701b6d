"""Where nothing but sales and bank lines is there: which credits fit which days' sales.

Rules kept here: sales of a group, summed by the due date that a candidate gives them, are set
beside the credits of that date on an account. A credit *fits* when it is the sum less a plausible
fee; a candidate explains a date when a credit fits at the same rate as on most other dates. Equal
rates on many days are evidence, one fitting amount is not.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from fractions import Fraction
from typing import Final
from zoneinfo import ZoneInfo

from daozhang.app._start_facts import Sum
from daozhang.app._start_timing import Plan, Timing, customary, due_of, local_day, plans_for

__all__ = ["Fit", "find_fit"]

Arrived = tuple[str, str, int, bool, int]
"""Account, currency, minute since 1970 in UTC, whether it is a bare date, minor units."""

_FEE_MAX_BPS: Final = 600
_NEAR_BPS: Final = 1
_DAYS_MIN: Final = 3
_LAG_DAYS_MAX: Final = 5
_STEP: Final = 30
_DAY_MINUTES: Final = 24 * 60
_DAY: Final = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Fit:
    """What fits a group's sales to an account's credits.

    Attributes:
        account_id: where the money came.
        timing: the rule; its ``sales`` and ``explained`` count due dates.
        bps: the rate that the credits are short of the sales, the middle of the days'.
    """

    account_id: str
    timing: Timing
    bps: Fraction


def find_fit(sums: Sequence[Sum], arrived: Iterable[Arrived], zone: str) -> Fit | None:
    """Return the best fit of one group's sales to any one account; None: nothing fits.

    Args:
        sums: a group's money, by minute; one currency.
        arrived: incoming bank lines of all accounts.
        zone: IANA name of the local time.
    """
    if not sums:
        return None
    currency, place = sums[0].currency, ZoneInfo(zone)
    sold: dict[date, list[int]] = defaultdict(lambda: [0] * (_DAY_MINUTES // _STEP))
    for part in sums:
        day, minute = local_day(part.minute, place, day_only=part.day_only)
        sold[day][minute // _STEP] += part.minor
    credits: dict[str, dict[date, list[int]]] = defaultdict(lambda: defaultdict(list))
    times: dict[str, list[int]] = defaultdict(list)
    for account, money, minute, day_only, minor in arrived:
        if money == currency:
            day, at = local_day(minute, place, day_only=day_only)
            credits[account][day].append(minor)
            if not day_only:
                times[account].append(at)
    best: Fit | None = None
    for account in sorted(credits):
        found = _best_for(account, sold, credits[account], zone, currency, times=times[account])
        if found and (best is None or found.timing.explained > best.timing.explained):
            best = found
    return best


def _best_for(
    account: str,
    sold: dict[date, list[int]],
    booked: dict[date, list[int]],
    zone: str,
    currency: str,
    *,
    times: list[int],
) -> Fit | None:
    first, last = min(booked), max(booked)
    scored: list[tuple[int, int, Plan, int, Fraction]] = []
    usual = customary(currency)
    cutoffs = sorted(range(_STEP, _DAY_MINUTES + 1, _STEP), key=lambda c: (c != usual, c % 60, -c))
    for way in plans_for(currency):
        for lag in range(_LAG_DAYS_MAX + 1):
            plan = Plan(way.basis, lag, way.calendar, way.credit_calendar)
            due = {day: due_of(plan, day) for sale in sold for day in (sale, sale + _DAY)}
            for cutoff in cutoffs:
                explained, days, bps = _explained(sold, booked, due, cutoff // _STEP, (first, last))
                if explained >= _DAYS_MIN:
                    scored.append((explained, days, plan, cutoff, bps))
    if not scored:
        return None
    most = max(entry[0] for entry in scored)
    best = next(entry for entry in scored if entry[0] == most)
    explained, days, plan, cutoff, bps = best
    alike = [e[3] for e in scored if e[0] == most and e[2] == plan]
    rivals = {e[2]: e[0] for e in sorted(scored, key=lambda e: e[0]) if e[2] != plan}
    ordered = sorted(times)
    at = ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))] if ordered else None
    timing = Timing(
        plan=plan,
        cutoff=cutoff,
        cutoff_low=min(alike),
        cutoff_high=max(alike),
        zone=zone,
        clock="seen",
        credit_by=None if at is None else min(_DAY_MINUTES, (at // 60 + 1) * 60),
        explained=explained,
        sales=days,
        days=days,
        from_bank=True,
        rivals=tuple(sorted(rivals.items(), key=lambda pair: -pair[1])[:2]),
    )
    return Fit(account, timing, bps)


def _explained(
    sold: dict[date, list[int]],
    booked: dict[date, list[int]],
    due: dict[date, date],
    slots: int,
    covered: tuple[date, date],
) -> tuple[int, int, Fraction]:
    """Return the due dates that credits explain, those looked at, and the rate."""
    sums: Counter[date] = Counter()
    for day, parts in sold.items():
        sums[due[day]] += sum(parts[:slots])
        sums[due[day + _DAY]] += sum(parts[slots:])
    rates: Counter[int] = Counter()
    found: dict[date, list[Fraction]] = {}
    looked = 0
    for day, gross in sums.items():
        if gross <= 0 or not covered[0] <= day <= covered[1]:
            continue
        looked += 1
        amounts = booked.get(day, [])
        fits = [
            Fraction((gross - amount) * 10_000, gross)
            for amount in {*amounts, sum(amounts)}
            if 0 <= gross - amount <= gross * _FEE_MAX_BPS // 10_000
        ]
        if fits:
            found[day] = fits
            rates.update({round(rate) for rate in fits})
    if not rates:
        return 0, looked, Fraction(0)
    (common, _), *_ = sorted(rates.items(), key=lambda pair: (-pair[1], pair[0]))
    near = [
        rate
        for fits in found.values()
        for rate in sorted(fits, key=lambda rate: abs(rate - common))[:1]
        if abs(rate - common) <= _NEAR_BPS
    ]
    middle = sorted(near)[len(near) // 2]
    whole = Fraction(round(middle))
    near_whole = abs(middle - whole) <= Fraction(1, 5)
    return len(near), looked, whole if near_whole else Fraction(round(middle * 10), 10)
