"""The reference's own promises: calendars by hand, terms, business dates, due times, fees.

Written from the contract's section 2 alone. Where it is silent the choices are these:
a candidate terms row is valid when the business date *under its own cut-off* lies within its
dates; ``windows`` are compared as instants on the business date; accrued net for a minimum payout
is amount less till refunds less the expected fee and its tax, per provider and account; business
dates are never rolled, only due dates are.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import chinese_calendar  # type: ignore[import-untyped]  # it ships no types
import holidays

from tests.oracle.rows import Row, instant, parse_moment

Terms = dict[str, Any]
DAY = dt.timedelta(days=1)


def easter(year: int) -> dt.date:
    """Return Easter Sunday by the anonymous Gregorian computus."""
    a, b, c = year % 19, year // 100, year % 100
    h = (19 * a + b - b // 4 - (b - (b + 8) // 25 + 1) // 3 + 15) % 30
    k = (32 + 2 * (b % 4) + 2 * (c // 4) - h - c % 4) % 7
    m = (a + 11 * h + 22 * k) // 451
    month, day = divmod(h + k - 7 * m + 114, 31)
    return dt.date(year, month, day + 1)


@lru_cache(maxsize=50_000)
def is_business(calendar: str, day: dt.date) -> bool:
    """Return whether banks of that calendar work on that day."""
    if calendar == "CN":
        if day.year <= 2026:
            return bool(chinese_calendar.is_workday(day))
        return day.weekday() < 5 and day not in holidays.country_holidays("CN", years=day.year)
    if day.weekday() >= 5:
        return False
    if calendar == "TARGET2":
        sunday = easter(day.year)
        fixed = (day.month, day.day) in {(1, 1), (5, 1), (12, 25), (12, 26)}
        return not fixed and day not in {sunday - 2 * DAY, sunday + DAY}
    if calendar == "US_FED":
        return not _fed_holiday(day)
    assert not calendar, f"the oracle knows no calendar {calendar!r}"
    return True


def _fed_holiday(day: dt.date) -> bool:
    """Fed: eleven holidays; a Sunday one moves to Monday, a Saturday one is not moved."""
    fixed = {(1, 1), (6, 19), (7, 4), (11, 11), (12, 25)}
    if (day.month, day.day) in fixed:
        return True
    sunday = day - DAY
    if day.weekday() == 0 and (sunday.month, sunday.day) in fixed:
        return True
    nth = (day.day - 1) // 7 + 1
    if day.weekday() == 0:
        if (day.month, nth) in {(1, 3), (2, 3), (9, 1), (10, 2)}:
            return True
        return day.month == 5 and day.day > 24
    return day.weekday() == 3 and (day.month, nth) == (11, 4)


def verified(calendar: str, year: int) -> bool:
    """Return whether that year's calendar is announced; rules make the others known."""
    return calendar != "CN" or year <= 2026


def clock_time(text: str) -> dt.timedelta:
    """Return the time since local midnight that ``"23:00"`` or ``"24:00"`` names."""
    hours, minutes = text.split(":")
    return dt.timedelta(hours=int(hours), minutes=int(minutes))


def at_local(day: dt.date, since_midnight: dt.timedelta, zone: ZoneInfo) -> dt.datetime:
    """Return the instant at which the wall clock of a zone shows a time on a day."""
    naive = dt.datetime.combine(day, dt.time()) + since_midnight
    return instant(naive.replace(tzinfo=zone), zone)


@dataclass(frozen=True)
class Promise:
    """When a sale's money is due, and everything that went into it."""

    terms: Terms | None
    account_id: str | None
    business: dt.date | None
    cutoff_at: dt.datetime | None
    due: dt.date | None
    at: dt.datetime | None
    provisional: bool
    zone: ZoneInfo


class Book:
    """The terms and accounts of one folder."""

    def __init__(self, config: dict[str, Any], accounts: list[Row]) -> None:
        self.zone = ZoneInfo(config.get("timezone", "Asia/Shanghai"))
        self.terms: list[Terms] = config.get("terms", [])
        self.accounts = accounts

    def zone_of(self, terms: Terms | None) -> ZoneInfo:
        return ZoneInfo(terms["timezone"]) if terms and "timezone" in terms else self.zone

    def credit_zone(self, terms: Terms | None) -> ZoneInfo:
        named = (terms or {}).get("credit_timezone")
        return ZoneInfo(named) if named else self.zone_of(terms)

    def account_zone(self, account: Row) -> ZoneInfo:
        """Return the zone of an account's day-precision credits: that of terms that pay it."""
        for terms in self.terms:
            provider_fits = account.get("provider_id", "") in ("", terms["provider_id"])
            merchant_fits = terms.get("merchant_id") in (None, account["merchant_id"])
            if terms.get("account_id") == account["account_id"] or (
                "account_id" not in terms and provider_fits and merchant_fits
            ):
                return self.credit_zone(terms)
        return self.zone

    def promise(self, sale: Row, as_of: dt.datetime) -> Promise:
        """Return a sale's promise before any minimum payout."""
        _, business = self._best_terms(sale, None, as_of)
        account = self._account(sale, business)
        terms, business = self._best_terms(sale, account, as_of)
        if terms is None or business is None:
            return Promise(None, account, None, None, None, None, False, self.zone)
        zone = self.zone_of(terms)
        cutoff_at = at_local(business, clock_time(terms["cutoff"]), zone)
        clock = _clock(sale, terms, as_of)
        lag, credit_by = terms["lag_days"], terms["credit_by"]
        for window in terms.get("windows", []):
            if clock < at_local(business, clock_time(window["until"]), zone):
                lag = window.get("lag_days", lag)
                credit_by = window.get("credit_by", credit_by)
                break
        return self._due(terms, account, business, cutoff_at, lag=lag, credit_by=credit_by)

    def _due(
        self,
        terms: Terms,
        account: str | None,
        business: dt.date,
        cutoff_at: dt.datetime,
        *,
        lag: int,
        credit_by: str,
    ) -> Promise:
        provisional = False
        due = business
        if terms["basis"] == "calendar":
            due = business + lag * DAY
        else:
            calendar = terms.get("calendar", "")
            left = lag
            if lag == 0:
                while not is_business(calendar, due):
                    due += DAY
            while left:
                due += DAY
                left -= is_business(calendar, due)
            provisional = not verified(calendar, due.year)
        credit_calendar = terms.get("credit_calendar")
        if credit_calendar:
            while not is_business(credit_calendar, due):
                due += DAY
            provisional = provisional or not verified(credit_calendar, due.year)
        zone = self.credit_zone(terms)
        at = at_local(due, clock_time(credit_by), zone)
        return Promise(terms, account, business, cutoff_at, due, at, provisional, zone)

    def redue(self, promise: Promise, business: dt.date) -> Promise:
        """Return the promise of another business date under the same terms."""
        terms = promise.terms
        assert terms is not None
        assert promise.cutoff_at is not None
        return self._due(
            terms, promise.account_id, business, promise.cutoff_at,
            lag=terms["lag_days"], credit_by=terms["credit_by"],
        )  # fmt: skip

    def _best_terms(
        self, sale: Row, account: str | None, as_of: dt.datetime
    ) -> tuple[Terms | None, dt.date | None]:
        best: tuple[tuple[bool, bool, bool, str], Terms, dt.date] | None = None
        for terms in self.terms:
            if terms["provider_id"] != sale["provider_id"]:
                continue
            if terms.get("merchant_id") not in (None, sale["merchant_id"]):
                continue
            if terms.get("channel") not in (None, sale["channel"]):
                continue
            if terms.get("account_id") not in (None, account):
                continue
            business = self._business_date(sale, terms, as_of)
            start, end = str(terms.get("valid_from", "")), str(terms.get("valid_to", "9999"))
            if not start <= business.isoformat() <= end:
                continue
            rank = ("account_id" in terms, "merchant_id" in terms, "channel" in terms, start)
            if best is None or rank > best[0]:
                best = (rank, terms, business)
        return (best[1], best[2]) if best else (None, None)

    def _business_date(self, sale: Row, terms: Terms, as_of: dt.datetime) -> dt.date:
        local = _clock(sale, terms, as_of).astimezone(self.zone_of(terms))
        passed = dt.timedelta(hours=local.hour, minutes=local.minute)
        return local.date() + (DAY if passed >= clock_time(terms["cutoff"]) else 0 * DAY)

    def _account(self, sale: Row, business: dt.date | None) -> str | None:
        best: tuple[tuple[bool, bool, bool, bool, str], str] | None = None
        for account in self.accounts:
            if account["merchant_id"] != sale["merchant_id"]:
                continue
            names = ("store_id", "channel", "currency", "provider_id")
            if any(account.get(n) and account[n] != sale.get(n) for n in names):
                continue
            start = account.get("valid_from", "")
            if start and business is not None and start > business.isoformat():
                continue
            rank = (*(bool(account.get(n)) for n in names), start)
            if best is None or rank > best[0]:
                best = (rank, account["account_id"])  # type: ignore[assignment]
        return best[1] if best else None

    def with_minimum(
        self, promises: dict[str, Promise], nets: dict[str, int]
    ) -> dict[str, Promise]:
        """Move promises below a minimum payout to the business date that reaches it."""
        groups: dict[tuple[str, str | None], list[str]] = {}
        for sale_id, promise in promises.items():
            if promise.terms and promise.terms.get("min_payout_minor"):
                key = (promise.terms["provider_id"], promise.account_id)
                groups.setdefault(key, []).append(sale_id)
        out = dict(promises)
        for members in groups.values():
            waiting: list[str] = []
            accrued = 0
            for business in sorted({promises[m].business or dt.date.min for m in members}):
                today = [m for m in members if promises[m].business == business]
                waiting += today
                accrued += sum(nets[m] for m in today)
                terms = promises[today[0]].terms
                if terms and accrued >= terms["min_payout_minor"]:
                    for sale_id in waiting:
                        out[sale_id] = self.redue(promises[sale_id], business)
                    waiting, accrued = [], 0
            for sale_id in waiting:
                out[sale_id] = replace(promises[sale_id], at=None, due=None, provisional=False)
        return out


def _clock(sale: Row, terms: Terms, as_of: dt.datetime) -> dt.datetime:
    """Return the cut-off clock's time; a time after the as-of moment has not happened yet."""
    order = {
        "captured": ("captured_at",),
        "host": ("host_at", "captured_at"),
        "submitted": ("submitted_at", "host_at", "captured_at"),
    }[terms.get("cutoff_by", "host")]
    for name in order:
        if sale.get(name):
            at = parse_moment(sale[name])
            assert isinstance(at, dt.datetime)
            if at <= as_of or name == "captured_at":
                return at
    raise AssertionError(f"sale {sale['sale_id']} has no clock")


def rounded(value: Fraction, rounding: str) -> int:
    """Round a fraction of minor units, symmetrically around zero."""
    whole, rest = divmod(abs(value), 1)
    half = Fraction(1, 2)
    up = {
        "down": False,
        "up": rest > 0,
        "half_up": rest >= half,
        "half_even": rest > half or (rest == half and whole % 2 == 1),
    }[rounding]
    size = int(whole) + up
    return size if value >= 0 else -size


def expected_fee(terms: Terms, amount: int) -> tuple[int, int]:
    """Return the fee on an amount by the terms, and the tax on that fee."""
    how = terms.get("fee_rounding", "half_up")
    fee = rounded(Fraction(amount) * Fraction(str(terms.get("fee_bps", 0))) / 10_000, how)
    fee = min(fee, terms.get("fee_cap_minor", fee)) + terms.get("fee_fixed_minor", 0)
    tax = rounded(Fraction(fee) * Fraction(str(terms.get("fee_tax_bps", 0))) / 10_000, how)
    return fee, tax
