"""Stripe's report files: the balance, line by line, and payouts (CSV of Reports and Dashboard).

Rules kept here (docs.stripe.com, report types):

- Columns are chosen by the user, so they are found by name; amounts are in major units.
- gross − fee = net on every line. Where a file's own three disagree, its net is what is paid: the
  fee is taken as gross − net, and a warning tells all three.
- A line's ``reporting_category`` (or ``Type``) is its kind; one that is not known moves money all
  the same and becomes an adjustment, with one warning.
- The line of a payout is the payout: ``paid`` and ``in_transit`` are sent, ``failed`` and
  ``canceled`` came back, ``pending`` is still held. The lines that an automatic payout carries come
  to it.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Final

from daozhang.formats._bills import RECORDED_BY
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._values import Amounts, Moments, currency_code
from daozhang.formats.profiles import normal_header
from daozhang.formats.tables import Head, TableReader
from daozhang.money import format_minor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Options

__all__ = [
    "KINDS",
    "PAYOUTS",
    "PAYOUT_REVERSALS",
    "PROVIDER",
    "STANDINGS",
    "StripeBalanceReader",
    "StripePayoutReader",
]

PROVIDER: Final = "stripe"
KINDS: Final = {
    "charge": "sale", "payment": "sale", "charge_failure": "adjustment",
    "refund": "refund", "payment_refund": "refund", "partial_capture_reversal": "refund",
    "payment_failure_refund": "refund", "refund_failure": "refund",
    "dispute": "chargeback", "dispute_reversal": "chargeback_reversal",
    "fee": "fee", "stripe_fee": "fee", "stripe_fx_fee": "fee", "network_cost": "fee",
    "network_costs": "fee", "application_fee": "fee", "platform_fee": "fee", "tax_fee": "tax",
    "tax": "tax", "risk_reserved_funds": "reserve", "reserve_transaction": "reserve",
    "reserved_funds": "reserve", "reserve_hold": "reserve", "reserve_release": "reserve",
    "transfer": "adjustment", "transfer_reversal": "adjustment", "transfer_refund": "adjustment",
    "adjustment": "adjustment", "other_adjustment": "adjustment", "topup": "adjustment",
    "topup_reversal": "adjustment", "fee_refund": "fee", "contribution": "adjustment",
    "connect_collection_transfer": "adjustment", "connect_reserved_funds": "reserve",
    "currency_conversion": "adjustment", "financing_paydown": "adjustment",
    "financing_payout": "adjustment", "financing_paydown_reversal": "adjustment",
    "application_fee_refund": "fee", "climate_order_purchase": "adjustment",
    "advance": "adjustment", "advance_funding": "adjustment", "anticipation_repayment":
    "adjustment",
}  # fmt: skip
PAYOUTS: Final = frozenset({"payout"})
PAYOUT_REVERSALS: Final = frozenset(
    {"payout_reversal", "payout_failure", "payout_cancel", "payout_canceled"}
)
STANDINGS: Final = {
    "paid": "sent", "in_transit": "sent", "in transit": "sent", "sent": "sent", "": "sent",
    "succeeded": "sent", "failed": "returned", "canceled": "returned", "cancelled": "returned",
    "pending": "held",
}  # fmt: skip
_FORMS: Final = ("%Y-%m-%d %H:%M", "%m/%d/%Y %H:%M", "%m/%d/%y %H:%M", "%m/%d/%Y")


def _names(*cells: str) -> frozenset[str]:
    return frozenset(map(normal_header, cells))


class StripeBalanceReader(TableReader):
    """Reads itemised reports of the balance, and the Dashboard's balance history."""

    name = "stripe_balance"
    title = "Stripe, itemised balance or payout reconciliation"
    headers = (
        _names("balance_transaction_id", "gross", "fee", "net", "currency"),
        _names("balance_transaction_id", "amount", "fee", "net", "currency", "type"),
        _names("id", "Type", "Source", "Amount", "Fee", "Net", "Currency"),
    )

    def open(self, head: Head, options: Options, out: Collector) -> _Balance:
        """Return what takes the rows.

        Raises:
            RowError: a column is missing.
        """
        return _Balance(head, out)


class _Table:
    """What all of Stripe's tables have: amounts by currency, moments in UTC unless said."""

    def __init__(self, head: Head, out: Collector) -> None:
        self.head = head
        self.out = out
        self.moments = Moments(dt.UTC, *_FORMS)
        self.amounts: dict[str, Amounts] = {}
        self.width = 1

    def of(self, currency: str) -> Amounts:
        """Return the reader of a currency's amounts."""
        code = currency_code(currency)
        amounts = self.amounts.get(code)
        if amounts is None:
            amounts = self.amounts[code] = Amounts(code)
        return amounts

    @staticmethod
    def cell(cells: list[str], place: int | None) -> str:
        """Return a cell, empty where there is none."""
        return cells[place] if place is not None and place < len(cells) else ""

    def need_width(self, cells: list[str]) -> None:
        """Refuse a row that ends before its amounts.

        Raises:
            RowError: it does.
        """
        if len(cells) < self.width:
            raise RowError(
                "row_short", f"the row has {len(cells)} cells, at least {self.width} are needed"
            )

    def first(self, cells: list[str], places: Iterable[int | None]) -> str:
        """Return the first of some cells that is not empty."""
        return next((text for place in places if (text := self.cell(cells, place))), "")


class _Balance(_Table):
    """Lines of the balance."""

    def __init__(self, head: Head, out: Collector) -> None:
        super().__init__(head, out)
        place, need = head.place, head.need
        self.id = need("balance_transaction_id", "id")
        self.gross, self.fee = need("gross", "amount"), need("fee")
        self.net, self.currency = need("net"), need("currency")
        self.kind = place("reporting_category", "type")
        self.at = [
            p for p in map(place, ("created_utc", "created", "Created (UTC)")) if p is not None
        ]
        if not self.at:
            raise RowError("column_missing", "the header lacks a column 'created_utc' or 'created'")
        self.source = place("source_id", "source")
        self.description = place("description")
        self.payout = [
            place(name) for name in ("automatic_payout_id", "payout_id", "transfer", "transfer_id")
        ]
        self.refs = [
            place(name)
            for name in (
                "payment_metadata[order_id]", "order_id (metadata)", "payment_intent_id",
                "charge_id", "source_id", "source",
            )
        ]  # fmt: skip
        self.charge = [place(name) for name in ("charge_id", "payment_intent_id")]
        self.effective = [
            place(name)
            for name in (
                "Available On (UTC)", "Transfer Date (UTC)", "available_on_utc", "available_on",
                "automatic_payout_effective_at_utc", "automatic_payout_effective_at",
            )
        ]  # fmt: skip
        self.terminal = place("terminal_location_id", "connected_account_id")
        self.method = place("payment_method_type")
        self.width = 1 + max(self.id, self.gross, self.fee, self.net, self.currency)
        self.lines: Counter[tuple[str, str]] = Counter()
        self.paid: dict[tuple[str, str], tuple[int, int]] = {}
        self.unknown: set[str] = set()
        self.failed = False

    def row(self, line: int, cells: list[str]) -> None:
        """Take one line.

        Raises:
            RowError: the row cannot be taken.
        """
        values = [cell.strip(BLANK_CHARS) for cell in cells]
        try:
            self._row(line, values)
        except RowError:
            self.failed = True
            raise

    def _row(self, line: int, cells: list[str]) -> None:
        self.need_width(cells)
        amounts = self.of(cells[self.currency])
        gross, fee, net = (amounts(cells[place]) for place in (self.gross, self.fee, self.net))
        if gross - fee != net:
            kept = gross - net
            told = (format_minor(n, amounts.currency) for n in (gross, fee, net))
            self.out.warn(
                line, "net_differs",
                "gross {} less fee {} is not net {}: the net is taken as what is paid, and the "
                "rest as the fee".format(*told),
            )  # fmt: skip
            fee = kept
        kind = self.cell(cells, self.kind).lower().replace(" ", "_")
        at = self.moments.instant(self.first(cells, self.at))
        if kind in PAYOUTS or kind in PAYOUT_REVERSALS:
            self._payout(line, cells, kind, (gross, fee, net, amounts.currency), at)
            return
        payout = self.first(cells, self.payout) or None
        if payout is not None:
            self.lines[payout, amounts.currency] += net
        self._line(line, cells, kind, (gross, fee, net, amounts.currency), at)

    def _payout(
        self,
        line: int,
        cells: list[str],
        kind: str,
        money: tuple[int, int, int, str],
        at: dt.datetime,
    ) -> None:
        _, _, net, currency = money
        payout = self.first(cells, [self.source, *self.payout]) or cells[self.id]
        returned = kind in PAYOUT_REVERSALS
        if not returned:
            self.paid[payout, currency] = -net, line
        self.out.add(
            "payouts",
            {
                "payout_id": payout, "provider_id": PROVIDER, "net_minor": abs(net),
                "currency": currency, "paid_out_at": at,
                "status": "returned" if returned else "sent",
                "reason": (self.cell(cells, self.description) or kind) if returned else None,
            },
            line,
        )  # fmt: skip

    def _line(
        self,
        line: int,
        cells: list[str],
        category: str,
        money: tuple[int, int, int, str],
        at: dt.datetime,
    ) -> None:
        gross, fee, net, currency = money
        kind = KINDS.get(category)
        if kind is None:
            kind = "adjustment" if category else ("sale" if gross >= 0 else "refund")
            if category not in self.unknown:
                self.unknown.add(category)
                self.out.warn(
                    line, "kind_unknown",
                    f"the category {category[:40]!r} is not known; such lines are taken as {kind}",
                )  # fmt: skip
        if kind == "reserve":
            kind = "reserve_hold" if net < 0 else "reserve_release"
        ref = self.first(cells, self.refs) or cells[self.id]
        merchant = self.cell(cells, self.head.place("connected_account_id")) or PROVIDER
        terminal = self.cell(cells, self.terminal) or merchant
        cleared = self.first(cells, self.effective)
        self.out.add(
            "settlements",
            {
                "line_id": cells[self.id], "provider_id": PROVIDER, "kind": kind, "ref": ref,
                "merchant_id": merchant, "terminal_id": terminal, "gross_minor": gross,
                "fee_minor": fee, "net_minor": net, "currency": currency,
                "cleared_at": self.moments(cleared) if cleared else at,
                "payout_id": self.first(cells, self.payout) or None, "status": "settled",
            },
            line,
        )  # fmt: skip
        if kind in {"sale", "refund"}:
            sold = kind == "sale"
            charge = self.first(cells, self.charge)
            own = (charge or cells[self.id]) if sold else cells[self.id]
            self.out.add(
                "sales",
                {
                    "sale_id": f"{PROVIDER}:{own}", "kind": kind,
                    "original_sale_id": None if sold or not charge else f"{PROVIDER}:{charge}",
                    "merchant_id": merchant, "terminal_id": terminal, "provider_id": PROVIDER,
                    "channel": "card", "amount_minor": abs(gross), "currency": currency,
                    "captured_at": at, "host_at": at, "rrn": ref,
                    "method": self.cell(cells, self.method) or None, "recorded_by": RECORDED_BY,
                },
                line,
            )  # fmt: skip

    def finish(self) -> None:
        """Compare each payout with the lines that name it."""
        if self.failed:
            return
        for (payout, currency), (paid, line) in self.paid.items():
            lines = self.lines.get((payout, currency))
            if lines is not None and lines != paid:
                self.out.warn(
                    line, "total_mismatch",
                    f"the lines of payout {payout} come to {format_minor(lines, currency)}, the "
                    f"payout is {format_minor(paid, currency)}: lines may be in another file",
                )  # fmt: skip


class StripePayoutReader(TableReader):
    """Reads itemised payouts, and the Dashboard's payouts (formerly transfers)."""

    name = "stripe_payouts"
    title = "Stripe, payouts"
    headers = (
        _names("payout_id", "currency", "amount", "status"),
        _names("payout_id", "currency", "gross", "net", "effective_at"),
        _names("payout_id", "currency", "gross", "net", "effective_at_utc"),
        _names("id", "Amount", "Created (UTC)", "Arrival Date (UTC)", "Status", "Currency"),
        _names("id", "Amount", "Created", "Arrival Date", "Status", "Currency"),
    )

    def open(self, head: Head, options: Options, out: Collector) -> _Payouts:
        """Return what takes the rows.

        Raises:
            RowError: a column is missing.
        """
        return _Payouts(head, out)


class _Payouts(_Table):
    """Rows of payouts."""

    def __init__(self, head: Head, out: Collector) -> None:
        super().__init__(head, out)
        place, need = head.place, head.need
        self.id, self.currency = need("payout_id", "id"), need("currency")
        self.amount = need("net", "amount")
        self.standing = place("status", "payout_status")
        self.at = [
            p
            for p in map(
                place,
                ("effective_at_utc", "effective_at", "created_utc", "created", "Created (UTC)"),
            )
            if p is not None
        ]
        if not self.at:
            raise RowError(
                "column_missing", "the header lacks a column 'effective_at' or 'created'"
            )
        self.returned_at = [place("payout_reversed_at_utc"), place("payout_reversed_at")]
        self.reasons = [
            place(name)
            for name in (
                "Failure Message", "Failure Code", "failure_message", "failure_code",
                "payout_failure_message",
            )
        ]  # fmt: skip
        self.category = place("reporting_category")
        self.width = 1 + max(self.id, self.currency, self.amount)

    def row(self, line: int, cells: list[str]) -> None:
        """Take one payout.

        Raises:
            RowError: the row cannot be taken.
        """
        values = [cell.strip(BLANK_CHARS) for cell in cells]
        self.need_width(values)
        if not values[self.id]:
            raise RowError("value_missing", "the row has no payout id")
        amounts = self.of(values[self.currency])
        standing = STANDINGS.get(self.cell(values, self.standing).lower())
        if standing is None:
            raise RowError(
                "value_unknown",
                f"the payout's status is {self.cell(values, self.standing)[:30]!r}; known are "
                f"{', '.join(filter(None, STANDINGS))}",
            )
        category = self.cell(values, self.category).lower()
        if category in PAYOUT_REVERSALS or self.first(values, self.returned_at):
            standing = "returned"
        self.out.add(
            "payouts",
            {
                "payout_id": values[self.id], "provider_id": PROVIDER,
                "net_minor": abs(amounts(values[self.amount])), "currency": amounts.currency,
                "paid_out_at": self.moments(self.first(values, self.at)), "status": standing,
                "reason": self.first(values, self.reasons) or None
                if standing != "sent" else None,
            },
            line,
        )  # fmt: skip

    def finish(self) -> None:
        """Nothing is left to do: the file states no totals."""
