"""Stripe's API answers, saved as JSON: balance transactions and payouts.

Rules kept here (docs.stripe.com/api):

- Amounts are in the currency's smallest unit. A balance transaction's ``reporting_category`` (or
  ``type``) is its kind, as in :mod:`daozhang.formats._stripe_words`.
- ``source`` is an id, or the object itself where it was expanded: then the merchant's order number,
  the payment intent and the currency of the sale are read from it.
- An answer about one payout (``?payout=po_…``) lists that payout and what it carries. Where one
  payout stands in a file and the other lines come to it, they are its lines; no line says so.
"""

from __future__ import annotations

import datetime as dt
from typing import Any

from daozhang.formats._api_lists import (
    ApiBody,
    ApiListReader,
    id_of,
    moment_of,
    text_of,
    whole_of,
)
from daozhang.formats._bills import RECORDED_BY, SECOND, UnknownKinds, net_checked
from daozhang.formats._lines import Collector
from daozhang.formats._rows import RowError
from daozhang.formats._stripe_words import (
    PAYOUT_REVERSALS,
    PAYOUTS,
    PROVIDER,
    STANDINGS,
    category_word,
    channel_of,
    kind_of,
    minor_of,
)
from daozhang.formats._values import currency_code
from daozhang.formats.base import Options
from daozhang.formats.limits import FACTS_BATCH_ROWS
from daozhang.formats.privacy import truncate_cards
from daozhang.money import CURRENCIES

__all__ = ["StripeApiPayoutReader", "StripeApiReader"]

_CHARGES = ("ch_", "py_")
_ORDER_NAMES = ("order_id", "order_number", "OrderNumber", "orderId")


class StripeApiReader(ApiListReader):
    """Reads lists of balance transactions."""

    name = "stripe_api_balance"
    title = "Stripe, balance transactions (API)"
    key = "data"
    empty = "/v1/balance_transactions"

    def holds(self, item: dict[str, Any]) -> bool:
        """Say whether an object is a balance transaction."""
        what = item.get("object")
        return what == "balance_transaction" or (
            what is None and {"amount", "fee", "net", "currency"} <= item.keys()
        )

    def open(self, options: Options, out: Collector) -> ApiBody:
        """Return what takes the transactions."""
        return _Balance(out)


class _Balance:
    """Balance transactions of one file."""

    def __init__(self, out: Collector) -> None:
        self.out = out
        self.unknown = UnknownKinds(out, "category", "lines")
        # What may belong to the one payout of the file, while that is possible.
        self.lines: list[dict[str, object]] | None = []
        self.payouts: list[tuple[str, str, int]] = []

    def take(self, line: int, item: dict[str, Any]) -> None:
        """Take one balance transaction.

        Raises:
            RowError: it cannot be taken.
        """
        own = id_of(item)
        currency = currency_code(text_of(item, "currency") or "")
        gross, fee, net = net_checked(
            self.out, line, currency,
            (_amount(item, "amount", currency), _amount(item, "fee", currency),
             _amount(item, "net", currency)),
        )  # fmt: skip
        at = moment_of(item, "created")
        category = category_word(text_of(item, "reporting_category", "type") or "")
        source = item.get("source")
        about = (text_of(source, "id") if isinstance(source, dict) else source) or ""
        about = about if isinstance(about, str) else own
        if category in PAYOUTS or (category in PAYOUT_REVERSALS and about):
            returned = category in PAYOUT_REVERSALS
            self.payouts.append((about or own, currency, -net))
            row = {
                "payout_id": about or own, "provider_id": PROVIDER,
                "net_minor": gross if returned else -gross, "currency": currency,
                "paid_out_at": at, "status": "returned" if returned else "sent",
                "reason": category if returned else None,
            }  # fmt: skip
            self.out.add("payouts", row, line)
            if not fee or returned:
                return
            own, category, gross, net = f"{own}-fee", "fee", 0, -fee
        self._line(line, item, (own, category, about), (gross, fee, net, currency), at)

    def _line(
        self,
        line: int,
        item: dict[str, Any],
        ids: tuple[str, str, str],
        money: tuple[int, int, int, str],
        at: dt.datetime | dt.date,
    ) -> None:
        own, category, about = ids
        gross, fee, net, currency = money
        kind = kind_of(category, net, about) or self.unknown.take(line, category)
        source = item.get("source")
        ref, charge, theirs = _told_by(source if isinstance(source, dict) else {}, about or own)
        payout = text_of(item, "payout", "automatic_transfer_id")
        foreign = theirs is not None and theirs != currency
        row: dict[str, object] = {
            "line_id": own, "provider_id": PROVIDER, "kind": kind, "ref": ref,
            "merchant_id": PROVIDER, "terminal_id": PROVIDER, "gross_minor": gross,
            "fee_minor": fee, "net_minor": net, "currency": currency,
            "gross_currency": theirs if foreign else None,
            "fx_rate": text_of(item, "exchange_rate") if foreign else None,
            "cleared_at": moment_of(item, "available_on", "created"), "payout_id": payout,
            "status": "settled", "known_at": _later(at) if payout else at,
            "also_id": about if kind == "sale" or not about.startswith(_CHARGES) else None,
        }  # fmt: skip
        self.out.add("settlements", row, line)
        if self.lines is not None:
            self.lines.append(row)
            if len(self.lines) + len(self.payouts) >= FACTS_BATCH_ROWS:
                # Rows of a full batch have been handed out and can no longer be told apart.
                self.lines = None
        if kind in {"sale", "refund"}:
            self._sale(line, source, (kind, own, about or own, charge, ref), money, at)

    def _sale(
        self,
        line: int,
        source: object,
        what: tuple[str, str, str, str | None, str],
        money: tuple[int, int, int, str],
        at: dt.datetime | dt.date,
    ) -> None:
        kind, own, about, charge, ref = what
        gross, _, _, currency = money
        amount = abs(gross)
        theirs = text_of(source, "currency")
        if isinstance(source, dict) and theirs is not None and theirs.upper() in CURRENCIES:
            stated = source.get("amount")
            if theirs.upper() != currency and isinstance(stated, int):
                currency = theirs.upper()
                amount = abs(minor_of(stated, currency))
        details = source.get("payment_method_details") if isinstance(source, dict) else None
        method = text_of(details, "type")
        original = None
        if kind == "refund":
            # In answers of old API versions the source of a refund is the charge.
            charge = charge or (about if about.startswith(_CHARGES) else None)
            original = f"{PROVIDER}:{charge}" if charge else None
            about = own if about == charge else about
        self.out.add(
            "sales",
            {
                "sale_id": f"{PROVIDER}:{about}", "kind": kind, "original_sale_id": original,
                "merchant_id": PROVIDER, "terminal_id": PROVIDER, "provider_id": PROVIDER,
                "channel": channel_of(method or ""), "amount_minor": amount, "currency": currency,
                "captured_at": at, "host_at": at, "rrn": ref, "method": method,
                "recorded_by": RECORDED_BY,
            },
            line,
        )  # fmt: skip

    def finish(self) -> None:
        """Give the lines their payout where the file is about one."""
        if not self.lines or len(self.payouts) != 1:
            return
        payout, currency, paid = self.payouts[0]
        if any(row["payout_id"] or row["currency"] != currency for row in self.lines):
            return
        if sum(row["net_minor"] for row in self.lines if isinstance(row["net_minor"], int)) == paid:
            for row in self.lines:
                row["payout_id"] = payout
                row["known_at"] = _later(row["known_at"])


def _amount(item: dict[str, Any], name: str, currency: str) -> int:
    if name == "fee" and item.get(name) is None:
        return 0
    return minor_of(whole_of(item, name), currency)


def _later(at: object) -> object:
    return at + SECOND if isinstance(at, dt.datetime) else at


def _told_by(source: dict[str, Any], about: str) -> tuple[str, str | None, str | None]:
    """Return what an expanded source tells: reference, charge, and the currency of the sale."""
    charge = source.get("charge")
    charge_id = text_of(charge, "id") if isinstance(charge, dict) else text_of(source, "charge")
    intent = source.get("payment_intent")
    intent_id = text_of(intent, "id") if isinstance(intent, dict) else text_of(
        source, "payment_intent"
    )  # fmt: skip
    order = text_of(source.get("metadata"), *_ORDER_NAMES)
    theirs = (text_of(source, "currency") or "").upper()
    ref = order or intent_id or charge_id or about
    return ref, charge_id, theirs if theirs in CURRENCIES else None


class StripeApiPayoutReader(ApiListReader):
    """Reads lists of payouts."""

    name = "stripe_api_payouts"
    title = "Stripe, payouts (API)"
    key = "data"
    empty = "/v1/payouts"

    def holds(self, item: dict[str, Any]) -> bool:
        """Say whether an object is a payout."""
        what = item.get("object")
        return what == "payout" or (
            what is None and {"amount", "arrival_date", "currency", "status"} <= item.keys()
        )

    def open(self, options: Options, out: Collector) -> ApiBody:
        """Return what takes the payouts."""
        return _Payouts(out)


class _Payouts:
    """Payouts of one file."""

    def __init__(self, out: Collector) -> None:
        self.out = out

    def take(self, line: int, item: dict[str, Any]) -> None:
        """Take one payout.

        Raises:
            RowError: it cannot be taken.
        """
        own = id_of(item)
        currency = currency_code(text_of(item, "currency") or "")
        state = category_word(text_of(item, "status") or "")
        standing = STANDINGS.get(state)
        if standing is None:
            raise RowError(
                "value_unknown",
                f"the payout's status is {state[:20]!r}; known are "
                f"{', '.join(filter(None, STANDINGS))}",
            )
        at = moment_of(item, "created", "arrival_date")
        reason = known = None
        if standing == "returned":
            reason = truncate_cards(text_of(item, "failure_message", "failure_code") or state)
            known = _known_back(item, at)
        self.out.add(
            "payouts",
            {
                "payout_id": own, "provider_id": PROVIDER,
                "net_minor": _amount(item, "amount", currency), "currency": currency,
                "paid_out_at": at, "known_at": known, "status": standing, "reason": reason,
            },
            line,
        )  # fmt: skip

    def finish(self) -> None:
        """Nothing is left to do: a list states no totals."""


def _known_back(item: dict[str, Any], at: dt.datetime | dt.date) -> dt.datetime | dt.date | None:
    """Return when a payout was known to have come back: at the earliest when it should arrive."""
    failure = item.get("failure_balance_transaction")
    if isinstance(failure, dict) and "created" in failure:
        due = moment_of(failure, "created")
    else:
        due = moment_of(item, "arrival_date", "created")
    if isinstance(due, dt.datetime) and isinstance(at, dt.datetime):
        return max(due, at) + SECOND
    return None
