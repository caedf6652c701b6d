"""The simulated providers, their terms, and the cycles that the terms make.

Rules kept here (the contract's terms): a cycle holds the sales whose clock reads from one cut-off
up to, not including, the next; its due date is the ``lag_days``-th business or calendar day after
the business date. Two ways of handing sales in exist:

- *online*: the host's approval is the hand-in (``submitted_at`` = ``host_at``). An offline sale
  gets its ``host_at`` when it is forwarded, so its promise moves with it and it is not late.
- *batch*: approved sales wait in the terminal's batch, and the batch close hands them in. Their
  promise runs from ``host_at``; an offline sale of such a provider never gets a ``host_at``, so
  its promise runs from ``captured_at`` (the contract's default), and handing it in late makes
  its money late. One batch provider says ``cutoff_by = "captured"`` outright.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np

from daozhang.world._clock import HOUR, MINUTE, Ints, instants

__all__ = [
    "ANXIN",
    "BATCH_CHANNELS",
    "CHANNELS",
    "CURRENCIES",
    "HOME",
    "HUATONG",
    "LANQIAO",
    "PROVIDERS",
    "REGIONS",
    "RUIFU",
    "Cycles",
    "Provider",
    "Region",
    "Window",
    "cycles_of",
    "due_days",
    "terms_toml",
]

CHANNELS: Final = ("card", "unionpay_qr", "alipay", "wechat")
BATCH_CHANNELS: Final = 2
"""The first so many channels go through the terminal; the customer's phone carries the others."""


@dataclass(frozen=True, slots=True)
class Window:
    """One same-day window; seconds after midnight."""

    until: int
    credit_by: int
    lag_days: int


@dataclass(frozen=True, slots=True)
class Region:
    """A part of the world in which the estate may sell.

    Attributes:
        currency: ISO 4217.
        timezone: IANA name.
        calendar: of business days.
        city: name and code of the city where its shops stand.
        carrier: whose SIM its terminals have.
        scale: its prices in minor units beside the home ones.
    """

    currency: str
    timezone: str
    calendar: str
    city: tuple[str, str]
    carrier: str
    scale: float


HOME: Final = "CN"
REGIONS: Final = {
    "CN": Region("CNY", "Asia/Shanghai", "CN", ("上海", "2900"), "CMCC", 1.0),
    "HK": Region("HKD", "Asia/Hong_Kong", "WEEKDAYS", ("香港", "HK01"), "CSL", 1.1),
    "EU": Region("EUR", "Europe/Berlin", "TARGET2", ("Berlin", "DE01"), "DTAG", 0.25),
    "US": Region("USD", "America/Los_Angeles", "US_FED", ("Seattle", "US01"), "TMUS", 0.3),
}
"""Where an estate may sell; the home region always does."""


@dataclass(frozen=True, slots=True)
class Provider:
    """A payment provider and what was agreed with it.

    Attributes:
        provider_id: its id in every table.
        prefix: of payout and line ids.
        legal_name: the payer on bank statements.
        batch: whether a batch close hands sales in (see the module's rules).
        cutoff: seconds after midnight at which the business date ends.
        cutoff_by: the terms' word; None: left out.
        basis: business or calendar.
        lag_days: from business date to due date.
        credit_by: seconds after midnight of the due date.
        fees: channel to (basis points, cap in minor units or None).
        clear_lag: seconds from the cycle's close to its clearing.
        pay_before: seconds before the promise at which payouts leave, least and most.
        windows: of a D+0 provider.
        region: where it works, into :data:`REGIONS`.
        credit_timezone: the bank's zone where it is another one.
    """

    provider_id: str
    prefix: str
    legal_name: str
    batch: bool
    cutoff: int
    cutoff_by: str | None
    basis: str
    lag_days: int
    credit_by: int
    fees: dict[str, tuple[int, int | None]]
    clear_lag: int
    pay_before: tuple[int, int]
    windows: tuple[Window, ...] = field(default=())
    region: str = "CN"
    credit_timezone: str | None = None

    @property
    def currency(self) -> str:
        """The currency in which it settles."""
        return REGIONS[self.region].currency


_CARD: Final[dict[str, tuple[int, int | None]]] = {
    "card": (60, None),
    "unionpay_qr": (50, 2_000),
}
PROVIDERS: Final = (
    Provider(
        "HUATONG", "HT", "华通支付有限公司", batch=False, cutoff=23 * HOUR, cutoff_by="host",
        basis="business", lag_days=1, credit_by=14 * HOUR, fees=_CARD, clear_lag=3 * HOUR,
        pay_before=(9_000, 18_000),
    ),
    Provider(
        "RUIFU", "RF", "瑞付清算服务有限公司", batch=True, cutoff=22 * HOUR, cutoff_by=None,
        basis="business", lag_days=1, credit_by=16 * HOUR, fees={**_CARD, "card": (55, None)},
        clear_lag=3 * HOUR, pay_before=(9_000, 18_000),
    ),
    Provider(
        "ANXIN", "AX", "安信通商务有限公司", batch=True, cutoff=22 * HOUR, cutoff_by="captured",
        basis="business", lag_days=1, credit_by=18 * HOUR, fees={**_CARD, "card": (50, 2_600)},
        clear_lag=4 * HOUR, pay_before=(9_000, 18_000),
    ),
    Provider(
        "LANQIAO", "LQ", "蓝桥网络支付有限公司", batch=False, cutoff=24 * HOUR, cutoff_by=None,
        basis="calendar", lag_days=1, credit_by=12 * HOUR,
        fees={"alipay": (38, None), "wechat": (38, None)}, clear_lag=2 * HOUR,
        pay_before=(9_000, 16_000),
    ),
    Provider(
        "KUAIDA", "KD", "快达电子支付有限公司", batch=False, cutoff=24 * HOUR, cutoff_by="host",
        basis="calendar", lag_days=1, credit_by=10 * HOUR,
        fees={"card": (68, None), "unionpay_qr": (60, 2_000)}, clear_lag=15 * MINUTE,
        pay_before=(4_300, 8_900),
        windows=(
            Window(11 * HOUR, 15 * HOUR, 0),
            Window(17 * HOUR, 21 * HOUR, 0),
            Window(24 * HOUR, 10 * HOUR, 1),
        ),
    ),
    Provider(
        "HARBOUR", "HB", "Harbour Payments Ltd", batch=False, cutoff=22 * HOUR, cutoff_by="host",
        basis="business", lag_days=1, credit_by=17 * HOUR, fees={"card": (165, None)},
        clear_lag=3 * HOUR, pay_before=(9_000, 18_000), region="HK",
    ),
    Provider(
        "RHEINPAY", "RP", "Rheinpay SE", batch=False, cutoff=24 * HOUR, cutoff_by=None,
        basis="business", lag_days=2, credit_by=12 * HOUR, fees={"card": (95, None)},
        clear_lag=2 * HOUR, pay_before=(9_000, 16_000), region="EU",
    ),
    Provider(
        "CASCADE", "CS", "Cascade Payments Inc", batch=False, cutoff=17 * HOUR, cutoff_by="host",
        basis="business", lag_days=2, credit_by=17 * HOUR, fees={"card": (260, None)},
        clear_lag=3 * HOUR, pay_before=(9_000, 18_000), region="US",
        credit_timezone="America/New_York",
    ),
)  # fmt: skip
CURRENCIES: Final = tuple(provider.currency for provider in PROVIDERS)
"""By provider number."""
HUATONG, RUIFU, ANXIN, LANQIAO, KUAIDA = range(5)


@dataclass(frozen=True, slots=True)
class Cycles:
    """A provider's cycles in order of time; all arrays have one entry a cycle.

    Attributes:
        close: instant of the cut-off; a sale at or after it belongs to the next cycle.
        business_day: day number.
        due_day: day number.
        promised: instant by which the money is due.
        clear_at: instant at which the provider clears the cycle.
    """

    close: Ints
    business_day: Ints
    due_day: Ints
    promised: Ints
    clear_at: Ints

    def of(self, instants: Ints) -> Ints:
        """Return the cycle of each instant; what never happens gets the last one."""
        found = np.searchsorted(self.close, instants, side="right").astype(np.int64)
        return np.minimum(found, len(self.close) - 1)


def due_days(days: Ints, lag_days: int, basis: str, is_business: Callable[[int], bool]) -> Ints:
    """Return each business date's due date by the contract's promise rule, as day numbers."""
    if basis == "calendar":
        return days + lag_days
    found = []
    for day in days.tolist():
        due, left = day, lag_days
        while left or not is_business(due):
            due += 1
            left -= bool(left) and is_business(due)
        found.append(due)
    return np.array(found, dtype=np.int64)


def cycles_of(
    provider: Provider, first_day: int, days: int, is_business: Callable[[int], bool]
) -> Cycles:
    """Return the provider's cycles of ``days`` business dates from ``first_day``."""
    # West of home the period begins on the evening before.
    start = first_day - (provider.region != HOME)
    dates = np.arange(start, first_day + days, dtype=np.int64)
    zone = REGIONS[provider.region].timezone
    credit_zone = provider.credit_timezone or zone
    rules = provider.windows or (Window(provider.cutoff, provider.credit_by, provider.lag_days),)
    parts = []
    for rule in rules:
        due = due_days(dates, rule.lag_days, provider.basis, is_business)
        close = instants(dates, rule.until, zone)
        promised = instants(due, rule.credit_by, credit_zone)
        parts.append((close, dates, due, promised, close + provider.clear_lag))
    columns = [np.stack(column, axis=1).reshape(-1) for column in zip(*parts, strict=True)]
    return Cycles(*columns)


def _time_of_day(seconds: int) -> str:
    return f"{seconds // HOUR:02d}:{seconds % HOUR // MINUTE:02d}"


def terms_toml(reduced: list[tuple[str, str, int]], regions: Sequence[str] = (HOME,)) -> str:
    """Return ``terms.toml``.

    Args:
        regions: where the estate sells.
        reduced: agreed card rates of single merchants: provider_id, merchant_id, basis points.
    """
    lines = ['timezone = "Asia/Shanghai"', 'currency = "CNY"']
    for provider in PROVIDERS:
        for channel, (bps, cap) in provider.fees.items() if provider.region in regions else ():
            lines += _term_lines(provider, channel, None, bps, cap)
    by_id = {provider.provider_id: provider for provider in PROVIDERS}
    for provider_id, merchant_id, bps in reduced:
        provider = by_id[provider_id]
        lines += _term_lines(provider, "card", merchant_id, bps, provider.fees["card"][1])
    return "\n".join(lines) + "\n"


def _term_lines(
    provider: Provider, channel: str, merchant_id: str | None, bps: int, cap: int | None
) -> list[str]:
    lines = ["", "[[terms]]", f'provider_id = "{provider.provider_id}"', f'channel = "{channel}"']
    if merchant_id is not None:
        lines.append(f'merchant_id = "{merchant_id}"')
    lines.append(f'cutoff = "{_time_of_day(provider.cutoff)}"')
    region = REGIONS[provider.region]
    if provider.region != HOME:
        lines.append(f'timezone = "{region.timezone}"')
    if provider.credit_timezone is not None:
        lines.append(f'credit_timezone = "{provider.credit_timezone}"')
    if provider.cutoff_by is not None:
        lines.append(f'cutoff_by = "{provider.cutoff_by}"')
    lines += [
        f'basis = "{provider.basis}"',
        f"lag_days = {provider.lag_days}",
        f'calendar = "{region.calendar}"',
        f'credit_by = "{_time_of_day(provider.credit_by)}"',
    ]
    if provider.windows:
        windows = ", ".join(
            f'{{until = "{_time_of_day(w.until)}", credit_by = "{_time_of_day(w.credit_by)}", '
            f"lag_days = {w.lag_days}}}"
            for w in provider.windows
        )
        lines.append(f"windows = [{windows}]")
    lines.append(f"fee_bps = {bps}")
    if cap is not None:
        lines.append(f"fee_cap_minor = {cap}")
    lines += [
        f'legal_name = "{provider.legal_name}"',
        f'payer_names = ["{provider.legal_name}"]',
        "licensed = true",
    ]
    return lines
