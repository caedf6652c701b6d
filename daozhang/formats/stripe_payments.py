"""Stripe's payments, as the Dashboard exports them: every attempt to pay, with what became of it.

Rules kept here (the Dashboard's payments export, older and newer columns):

- A payment that went through is a sale, in the currency in which the customer paid. What reaches
  the bank stands in the balance reports: this export's fee belongs to no line of them.
- One that failed never was money and becomes an attempt; one that is not captured yet is left out.
- What was paid in test mode (``mode`` in older exports) moved no money and is left out.
- A refund has no id of its own here, and the balance reports state each with one: the amounts are
  left out, and one warning says how many, so that none is counted twice.
- The balance reports state the same sales. This export says more of them (card, terminal), so it is
  the later word.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

from daozhang.formats._bills import RECORDED_BY, SECOND
from daozhang.formats._lines import Collector
from daozhang.formats._rows import RowError
from daozhang.formats._stripe_table import StripeTable
from daozhang.formats._stripe_words import PROVIDER, category_word, channel_of
from daozhang.formats.base import Options
from daozhang.formats.tables import Head, TableReader, cell_at, header_set

__all__ = ["StripePaymentsReader"]

_PAID: Final = frozenset(
    {
        "paid",
        "succeeded",
        "refunded",
        "partially_refunded",
        "partial_refund",
        "disputed",
        "complete",
    }
)
_FAILED: Final = frozenset({"failed", "blocked"})
_WAITING: Final = frozenset(
    {"pending", "uncaptured", "requires_capture", "processing", "canceled", "cancelled", "expired",
     "incomplete", "requires_payment_method", "requires_confirmation", "requires_action"}
)  # fmt: skip


class StripePaymentsReader(TableReader):
    """Reads the Dashboard's payments."""

    name = "stripe_payments"
    title = "Stripe, payments export"
    headers = (
        header_set("id", "Created (UTC)", "Amount", "Amount Refunded", "Currency", "Status"),
        header_set("id", "Created date (UTC)", "Amount", "Amount Refunded", "Currency", "Status"),
        header_set(
            "id", "created", "amount", "amount_refunded", "currency", "status", "seller_message"
        ),
    )

    def open(self, head: Head, options: Options, out: Collector) -> _Payments:
        """Return what takes the rows.

        Raises:
            RowError: a column is missing.
        """
        return _Payments(head, options, out)


class _Payments(StripeTable):
    """Rows of payments."""

    def __init__(self, head: Head, options: Options, out: Collector) -> None:
        super().__init__(head, options, out)
        place, need = head.place, head.need
        self.id, self.amount = need("id"), need("Amount")
        self.refunded = need("Amount Refunded", "amount_refunded")
        self.currency = need("Currency")
        self.standing = need("Status")
        self.created = self.times("Created date (UTC)", "Created (UTC)", "created")
        self.refs = self.places(
            "order_id (metadata)", "order_number (metadata)", "Client Reference ID",
            "PaymentIntent ID", "payment_intent_id",
        )  # fmt: skip
        self.reader, self.location = place("Terminal Reader ID"), place("Terminal Location ID")
        self.method = place("Payment Source Type", "payment_source_type")
        self.brand = place("Card Brand", "card_brand")
        self.captured, self.decline = place("Captured"), place("Decline Reason")
        self.width = 1 + max(self.id, self.amount, self.refunded, self.currency, self.standing)
        self.mode = place("Mode")
        self.refunds = self.first_refund = 0
        self.tests = self.first_test = 0

    def row(self, line: int, cells: list[str]) -> None:
        """Take one payment.

        Raises:
            RowError: the row cannot be taken.
        """
        values = self.strip(cells)
        if not values[self.id]:
            raise RowError("value_missing", "the row has no id")
        if cell_at(values, self.mode).lower() == "test":
            self.tests += 1
            self.first_test = self.first_test or line
            return
        if not values[self.amount]:
            raise RowError("amount_missing", "the row has no amount")
        state = category_word(values[self.standing])
        if state not in _PAID | _FAILED | _WAITING:
            raise RowError(
                "value_unknown",
                f"the payment's status is {values[self.standing][:30]!r}; known are Paid, "
                "Refunded, Failed and the states of a payment intent",
            )
        uncaptured = cell_at(values, self.captured).lower() == "false"
        if state in _WAITING or (uncaptured and state not in _FAILED):
            return
        amounts = self.of(values, self.currency)
        money = amounts(values[self.amount]), amounts.currency
        at = self.at(values, self.created)
        if state in _FAILED:
            self._attempt(line, values, money, at)
            return
        if amounts(values[self.refunded]):
            self.refunds += 1
            self.first_refund = self.first_refund or line
        self._sale(line, values, money, at)

    def _terminal(self, cells: list[str]) -> str:
        return cell_at(cells, self.reader) or cell_at(cells, self.location) or PROVIDER

    def _attempt(
        self, line: int, cells: list[str], money: tuple[int, str], at: dt.datetime
    ) -> None:
        self.out.add(
            "attempts",
            {
                "attempt_id": f"{PROVIDER}:{cells[self.id]}", "terminal_id": self._terminal(cells),
                "at": at, "kind": "sale", "outcome": "declined",
                "code": cell_at(cells, self.decline) or None, "host_at": at,
                "amount_minor": money[0], "channel": channel_of(cell_at(cells, self.method)),
            },
            line,
        )  # fmt: skip

    def _sale(self, line: int, cells: list[str], money: tuple[int, str], at: dt.datetime) -> None:
        own = cells[self.id]
        method = cell_at(cells, self.method)
        self.out.add(
            "sales",
            {
                "sale_id": f"{PROVIDER}:{own}", "kind": "sale", "merchant_id": PROVIDER,
                "store_id": cell_at(cells, self.location) or None,
                "terminal_id": self._terminal(cells), "provider_id": PROVIDER,
                "channel": channel_of(method), "card_type": cell_at(cells, self.brand) or None,
                "amount_minor": abs(money[0]), "currency": money[1], "captured_at": at,
                "host_at": at, "rrn": self.first(cells, self.refs) or own,
                "method": method or None, "known_at": at + SECOND, "recorded_by": RECORDED_BY,
            },
            line,
        )  # fmt: skip

    def finish(self) -> None:
        """Say how many refunds were left to the balance reports, and how many rows were tests."""
        if self.tests:
            self.out.warn(
                self.first_test, "test_payments",
                f"{self.tests} payments were made in test mode, where no money moves; they were "
                "left out",
            )  # fmt: skip
        if self.refunds:
            self.out.warn(
                self.first_refund, "refund_not_itemised",
                f"{self.refunds} payments were refunded, wholly or in part; the refunds are left "
                "to the balance reports, which state each by its own id: add one of them",
            )  # fmt: skip
