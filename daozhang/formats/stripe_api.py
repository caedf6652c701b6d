"""Stripe's API answers, saved as JSON: balance transactions and payouts.

Amounts are in the currency's smallest unit. A balance transaction's ``reporting_category`` (or
``type``) is its kind, as in :mod:`daozhang.formats.stripe`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from daozhang.formats._api_lists import ApiListReader, moment_of, text_of, whole_of
from daozhang.formats._bills import RECORDED_BY
from daozhang.formats._rows import RowError
from daozhang.formats._values import currency_code
from daozhang.formats.stripe import KINDS, PAYOUT_REVERSALS, PAYOUTS, PROVIDER, STANDINGS
from daozhang.money import format_minor

if TYPE_CHECKING:
    from daozhang.formats._lines import Collector

__all__ = ["StripeApiPayoutReader", "StripeApiReader"]


class StripeApiReader(ApiListReader):
    """Reads lists of balance transactions."""

    name = "stripe_api_balance"
    title = "Stripe, balance transactions (API)"
    key = "data"
    marks = ('"data"', '"balance_transaction"', '"fee"', '"net"')

    def take(self, out: Collector, line: int, item: dict[str, Any]) -> None:
        """Take one balance transaction.

        Raises:
            RowError: it cannot be taken.
        """
        own = text_of(item, "id")
        if own is None:
            raise RowError("value_missing", "the object has no id")
        currency = currency_code(text_of(item, "currency") or "")
        gross, fee, net = (whole_of(item, name) for name in ("amount", "fee", "net"))
        if gross - fee != net:
            told = (format_minor(n, currency) for n in (gross, fee, net))
            out.warn(
                line, "net_differs",
                "amount {} less fee {} is not net {}: the net is taken as what is paid, and the "
                "rest as the fee".format(*told),
            )  # fmt: skip
            fee = gross - net
        category = text_of(item, "reporting_category", "type") or ""
        source = item.get("source")
        ref = text_of(source, "id") if isinstance(source, dict) else text_of(item, "source")
        at = moment_of(item, "created")
        if category in PAYOUTS or category in PAYOUT_REVERSALS:
            returned = category in PAYOUT_REVERSALS
            out.add(
                "payouts",
                {
                    "payout_id": ref or own, "provider_id": PROVIDER, "net_minor": abs(net),
                    "currency": currency, "paid_out_at": at,
                    "status": "returned" if returned else "sent",
                    "reason": category if returned else None,
                },
                line,
            )  # fmt: skip
            return
        kind = KINDS.get(category, "adjustment")
        if kind == "reserve":
            kind = "reserve_hold" if net < 0 else "reserve_release"
        out.add(
            "settlements",
            {
                "line_id": own, "provider_id": PROVIDER, "kind": kind, "ref": ref or own,
                "gross_minor": gross, "fee_minor": fee, "net_minor": net, "currency": currency,
                "cleared_at": moment_of(item, "available_on", "created"), "status": "settled",
            },
            line,
        )  # fmt: skip
        if kind in {"sale", "refund"}:
            out.add(
                "sales",
                {
                    "sale_id": f"{PROVIDER}:{ref or own}", "kind": kind,
                    "merchant_id": PROVIDER, "terminal_id": PROVIDER, "provider_id": PROVIDER,
                    "channel": "card", "amount_minor": abs(gross), "currency": currency,
                    "captured_at": at, "host_at": at, "rrn": ref or own,
                    "recorded_by": RECORDED_BY,
                },
                line,
            )  # fmt: skip


class StripeApiPayoutReader(ApiListReader):
    """Reads lists of payouts."""

    name = "stripe_api_payouts"
    title = "Stripe, payouts (API)"
    key = "data"
    marks = ('"data"', '"arrival_date"', '"payout"', '"amount"')

    def take(self, out: Collector, line: int, item: dict[str, Any]) -> None:
        """Take one payout.

        Raises:
            RowError: it cannot be taken.
        """
        own = text_of(item, "id")
        if own is None:
            raise RowError("value_missing", "the object has no id")
        currency = currency_code(text_of(item, "currency") or "")
        state = text_of(item, "status") or ""
        standing = STANDINGS.get(state)
        if standing is None:
            raise RowError("value_unknown", f"status is {state[:20]!r}")
        out.add(
            "payouts",
            {
                "payout_id": own, "provider_id": PROVIDER,
                "net_minor": abs(whole_of(item, "amount")), "currency": currency,
                "paid_out_at": moment_of(item, "created"), "status": standing,
                "reason": text_of(item, "failure_message", "failure_code"),
            },
            line,
        )  # fmt: skip
