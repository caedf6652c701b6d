"""What a small estate consists of: providers and their terms, merchants, tills, accounts.

Promises here are computed the other way round from the reference: the generator first picks a
business date and then a clock time inside it, and asks the ``holidays`` library for due dates.
"""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from decimal import ROUND_DOWN, ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

import holidays

CHINA = ZoneInfo("Asia/Shanghai")
DAY = dt.timedelta(days=1)
BASES = tuple(
    dt.date.fromisoformat(text)
    for text in (
        "2026-02-09", "2026-03-02", "2026-03-25", "2026-04-27", "2026-06-12", "2026-09-21",
        "2026-12-24", "2025-12-26", "2026-10-26", "2026-05-18",
    )
)  # fmt: skip
"""First days of estates: ordinary weeks, Chinese, Fed and T2 holidays, clock changes, year ends."""


@lru_cache(maxsize=8)
def _library(calendar: str) -> holidays.HolidayBase:
    years = range(2025, 2028)
    if calendar == "CN":
        return holidays.country_holidays("CN", years=years)
    return holidays.financial_holidays({"US_FED": "XFED", "TARGET2": "XECB"}[calendar], years=years)


@lru_cache(maxsize=50_000)
def working(calendar: str, day: dt.date) -> bool:
    return bool(_library(calendar).is_working_day(day))


def local(day: dt.date, clock: str, zone: ZoneInfo) -> dt.datetime:
    """Return the instant (UTC) of a wall clock time; ``24:00`` is the next midnight."""
    if clock == "24:00":
        day, clock = day + DAY, "00:00"
    at = dt.datetime.combine(day, dt.time.fromisoformat(clock), tzinfo=zone)
    return at.astimezone(dt.UTC)


@dataclass(frozen=True)
class Due:
    """When the money of a business date is promised."""

    day: dt.date
    at: dt.datetime
    provisional: bool


@dataclass
class Unit:
    """A till as one provider knows it: where sales come from."""

    provider: str
    merchant: str
    store: str
    terminal: str
    channel: str
    accounts: list[tuple[dt.date, str]]
    currency: str = "CNY"
    weight: int = 10

    def account(self, business: dt.date) -> str:
        return next(a for start, a in reversed(self.accounts) if start <= business)


@dataclass
class World:
    """Terms, units and accounts of one estate."""

    base: dt.date
    days: int
    terms: list[dict[str, Any]] = field(default_factory=list)
    units: list[Unit] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    day_precision: set[str] = field(default_factory=set)

    def terms_of(self, unit: Unit, business: dt.date) -> dict[str, Any]:
        """Return the terms that govern a unit's business date; most specific, then latest."""
        account, best, rank = unit.account(business), None, (-1, "")
        wanted = (
            ("account_id", account),
            ("merchant_id", unit.merchant),
            ("channel", unit.channel),
        )
        for terms in self.terms:
            if terms["provider_id"] != unit.provider:
                continue
            if any(name in terms and terms[name] != value for name, value in wanted):
                continue
            if business < terms.get("valid_from", business):
                continue
            if business > terms.get("valid_to", business):
                continue
            score = sum(w for w, (name, _) in zip((4, 2, 1), wanted, strict=True) if name in terms)
            mine = (score, str(terms.get("valid_from", "")))
            if mine > rank:
                best, rank = terms, mine
        assert best is not None
        return best

    def zone(self, terms: dict[str, Any]) -> ZoneInfo:
        return ZoneInfo(terms.get("timezone", "Asia/Shanghai"))

    def credit_zone(self, terms: dict[str, Any]) -> ZoneInfo:
        return ZoneInfo(terms.get("credit_timezone", terms.get("timezone", "Asia/Shanghai")))

    def opens(self, terms: dict[str, Any], business: dt.date) -> dt.datetime:
        return local(business - DAY, terms["cutoff"], self.zone(terms))

    def closes(self, terms: dict[str, Any], business: dt.date) -> dt.datetime:
        return local(business, terms["cutoff"], self.zone(terms))

    def due(self, terms: dict[str, Any], business: dt.date, clock: dt.datetime | None) -> Due:
        """Return the promise of a business date; ``clock`` chooses the window of D+0 terms."""
        lag, credit_by = terms["lag_days"], terms["credit_by"]
        for window in terms.get("windows", ()):
            until = local(business, window["until"], self.zone(terms))
            if clock is not None and clock < until:
                lag, credit_by = window["lag_days"], window["credit_by"]
                break
        provisional = False
        day = business + lag * DAY
        if terms["basis"] == "business":
            calendar = terms["calendar"]
            later = (business + n * DAY for n in range(1, 60))
            day = [d for d in later if working(calendar, d)][lag - 1]
            provisional = calendar == "CN" and day.year == 2027
        if "credit_calendar" in terms:
            while not working(terms["credit_calendar"], day):
                day += DAY
        return Due(day, local(day, credit_by, self.credit_zone(terms)), provisional)


def fee_of(terms: dict[str, Any], amount: int) -> tuple[int, int]:
    """Return the fee on an amount and the tax on the fee."""
    how = {"half_up": ROUND_HALF_UP, "half_even": ROUND_HALF_EVEN, "down": ROUND_DOWN}
    rounding = how[terms.get("fee_rounding", "half_up")]
    bps, tax_bps = Decimal(str(terms["fee_bps"])), Decimal(terms.get("fee_tax_bps", 0))
    fee = int((amount * bps / 10_000).quantize(Decimal(1), rounding))
    if "fee_cap_minor" in terms:
        fee = min(fee, terms["fee_cap_minor"])
    fee += terms.get("fee_fixed_minor", 0)
    return fee, int((fee * tax_bps / 10_000).quantize(Decimal(1), rounding))


def make_world(base: dt.date, days: int, sales: int, features: frozenset[str]) -> World:
    """Return the estate's fixed part; features switch its variety."""
    world = World(base, days)
    middle = base + (days // 2) * DAY
    acq: dict[str, Any] = {
        "provider_id": "acq", "cutoff": "23:00", "basis": "business", "lag_days": 1,
        "calendar": "CN", "credit_by": "12:00", "clear_by": "04:00", "pay_by": "11:00",
        "fee_bps": 60,
    }  # fmt: skip
    wal: dict[str, Any] = {
        "provider_id": "wal", "cutoff": "24:00", "cutoff_by": "captured", "basis": "calendar",
        "lag_days": 1, "credit_by": "09:00", "clear_by": "04:00", "pay_by": "08:00",
        "fee_bps": 38, "fee_rounding": "half_even", "fee_tax_bps": 600,
    }  # fmt: skip
    world.terms += [acq, wal]
    if "specific_terms" in features:
        world.terms.append({**acq, "channel": "card", "fee_bps": 52.5, "fee_cap_minor": 300})
        world.terms.append({**acq, "merchant_id": "m2", "fee_bps": 55, "credit_by": "11:30"})
    if "changed_terms" in features:
        changed = {"valid_from": middle, "fee_bps": 60, "credit_by": "09:30"}
        world.terms[1] = {**wal, "valid_to": middle - DAY}
        world.terms.append({**wal, **changed})
    _mainland(world, features, middle, wal)
    if "windows" in features:
        _instant(world)
    if "minimum" in features:
        _minimum(world, acq, sales)
    if "abroad" in features:
        _abroad(world, features)
    return world


def _mainland(world: World, features: frozenset[str], middle: dt.date, wal: dict[str, Any]) -> None:
    always = world.base - 30 * DAY
    world.accounts += [
        {"account_id": "a-m1", "merchant_id": "m1", "bank_id": "icbc"},
        {"account_id": "a-m2", "merchant_id": "m2", "bank_id": "icbc"},
        {"account_id": "a-m6", "merchant_id": "m6", "bank_id": "psbc", "provider_id": "acq"},
    ]
    alipay, second, newer = "a-m1", "a-m1", [(always, "a-m2")]
    if "account_choice" in features:
        alipay, second = "a-m1-ali", "a-m1-s2"
        newer = [*newer, (middle, "a-m2-new")]
        one = {"merchant_id": "m1"}
        world.accounts += [
            {"account_id": "a-m1-s2", **one, "bank_id": "ccb", "store_id": "s2"},
            {"account_id": "a-m1-ali", **one, "bank_id": "icbc", "channel": "alipay"},
            {"account_id": "a-m2-new", "merchant_id": "m2", "bank_id": "ccb",
             "valid_from": middle},
        ]  # fmt: skip
        if "specific_terms" in features:
            world.terms.append({**wal, "account_id": "a-m2-new", "credit_by": "10:00"})
    world.units += [
        Unit("acq", "m1", "s1", "t1", "card", [(always, "a-m1")]),
        Unit("acq", "m1", "s1", "t1", "wechat", [(always, "a-m1")]),
        Unit("wal", "m1", "s1", "t2", "alipay", [(always, alipay)]),
        Unit("acq", "m1", "s2", "t3", "card", [(always, second)]),
        Unit("acq", "m2", "s3", "t4", "card", newer),
        Unit("wal", "m2", "s3", "t5", "wechat", newer),
        Unit("acq", "m6", "s6", "t9", "unionpay_qr", [(always, "a-m6")]),
    ]
    if "day_precision" in features:
        world.day_precision.add("a-m6")


def _instant(world: World) -> None:
    windows = [
        {"until": "11:00", "credit_by": "15:00", "lag_days": 0},
        {"until": "17:00", "credit_by": "21:00", "lag_days": 0},
    ]
    world.terms.append({
        "provider_id": "d0", "cutoff": "24:00", "basis": "calendar", "lag_days": 1,
        "credit_by": "10:00", "windows": windows, "fee_bps": 70, "fee_fixed_minor": 100,
    })  # fmt: skip
    world.accounts.append(
        {"account_id": "a-m7", "merchant_id": "m7", "bank_id": "icbc", "provider_id": "d0"}
    )
    always = world.base - 30 * DAY
    world.units.append(Unit("d0", "m7", "s7", "t6", "card", [(always, "a-m7")]))


def _minimum(world: World, acq: dict[str, Any], sales: int) -> None:
    minimum = {k: v for k, v in acq.items() if k not in ("clear_by", "pay_by")}
    world.terms.append({**minimum, "provider_id": "min", "min_payout_minor": 400 * sales})
    world.accounts.append(
        {"account_id": "a-m5", "merchant_id": "m5", "bank_id": "icbc", "provider_id": "min"}
    )
    always = world.base - 30 * DAY
    world.units.append(Unit("min", "m5", "s5", "t8", "wechat", [(always, "a-m5")], weight=6))


def _abroad(world: World, features: frozenset[str]) -> None:
    world.terms += [
        {"provider_id": "sqr", "timezone": "America/Los_Angeles", "cutoff": "17:00",
         "basis": "business", "lag_days": 2, "calendar": "US_FED", "credit_by": "12:00",
         "credit_timezone": "America/New_York", "fee_bps": 260, "fee_fixed_minor": 10,
         "fee_rounding": "down"},
        {"provider_id": "eur", "timezone": "Europe/Paris", "cutoff": "22:00",
         "cutoff_by": "submitted", "basis": "calendar", "lag_days": 1, "credit_by": "12:00",
         "credit_calendar": "TARGET2", "fee_bps": 90},
    ]  # fmt: skip
    world.accounts += [
        {"account_id": "a-us", "merchant_id": "m3", "bank_id": "usb", "provider_id": "sqr",
         "currency": "USD"},
        {"account_id": "a-eu", "merchant_id": "m4", "bank_id": "bnp", "provider_id": "eur"},
    ]  # fmt: skip
    always = world.base - 30 * DAY
    world.units += [
        Unit("sqr", "m3", "s8", "t10", "card", [(always, "a-us")], "USD", 8),
        Unit("eur", "m4", "s9", "t11", "card", [(always, "a-eu")], "EUR", 8),
    ]
    if "day_precision" in features:
        world.day_precision.add("a-eu")
