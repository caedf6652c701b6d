"""Stripe's report files: the balance, line by line (CSV of Reports and Dashboard).

Rules kept here (docs.stripe.com, report types; the columns of the Dashboard's exports):

- Columns are chosen by the user, so they are found by name; amounts are in major units.
- gross − fee = net on every line. Where a file's own three disagree, its net is what is paid: the
  fee is taken as gross − net, and a warning tells all three.
- A line's ``reporting_category`` (or ``Type``) is its kind; one that is not known moves money all
  the same and becomes an adjustment, with one warning.
- The line of a payout is the payout: what leaves the balance, less a fee of its own, is sent. One
  that takes money from the bank account is negative. The lines that an automatic payout carries
  come to it.
- A payout that failed comes back as a line of its own, which a later payout carries: that one
  replaces it, so the line itself is no money of its own.
- A line is known when it is made, and that a payout carries it is known later: of two exports that
  overlap, the one that names the payout is the later word.
- Exports that name lines by what they are about (``ch_…``) and reports that name them by the
  balance transaction (``txn_…``) state the same lines under different ids. A report that has both
  says so (``also_id``), and where both are read its line stands.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter

from daozhang.formats._bills import RECORDED_BY, SECOND, UnknownKinds, net_checked
from daozhang.formats._lines import Collector
from daozhang.formats._rows import RowError
from daozhang.formats._stripe_table import StripeTable
from daozhang.formats._stripe_words import (
    PAYOUT_REVERSALS,
    PAYOUTS,
    PROVIDER,
    category_word,
    channel_of,
    kind_of,
)
from daozhang.formats.base import Options
from daozhang.formats.privacy import truncate_cards
from daozhang.formats.tables import Head, TableReader, cell_at, header_set
from daozhang.money import CURRENCIES, format_minor

__all__ = ["StripeBalanceReader"]

_Money = tuple[int, int, int, str]
_CHARGES = ("ch_", "py_")
_REFUNDS = ("re_", "pyr_")


class StripeBalanceReader(TableReader):
    """Reads itemised reports of the balance, and the Dashboard's balance history."""

    name = "stripe_balance"
    title = "Stripe, itemised balance or payout reconciliation"
    headers = (
        header_set("balance_transaction_id", "gross", "fee", "net"),
        header_set("balance_transaction_id", "amount", "fee", "net", "type"),
        header_set("id", "Type", "Source", "Amount", "Fee", "Net", "Currency"),
        header_set(
            "Transaction ID", "Transaction Type", "Source", "Amount", "Fee", "Net", "Currency",
            "Created (UTC)",
        ),
        header_set(
            "Type", "ID", "Created", "Amount", "Converted Amount", "Fees", "Net",
            "Converted Currency",
        ),
    )  # fmt: skip

    def open(self, head: Head, options: Options, out: Collector) -> _Balance:
        """Return what takes the rows.

        Raises:
            RowError: a column is missing.
        """
        return _Balance(head, options, out)


class _Balance(StripeTable):
    """Lines of the balance."""

    def __init__(self, head: Head, options: Options, out: Collector) -> None:
        super().__init__(head, options, out)
        place, need = head.place, head.need
        self.id = need("Transaction ID", "balance_transaction_id", "id")
        self.gross, self.fee = need("gross", "Converted Amount", "amount"), need("fee", "Fees")
        self.net, self.currency = need("net"), place("Converted Currency", "currency")
        self.kind = place("reporting_category", "type", "Transaction Type")
        self.available = self.times(
            "Available On (UTC)", "Transfer Date (UTC)", "available_on_utc", "available_on",
            "automatic_payout_effective_at_utc", "automatic_payout_effective_at",
        )  # fmt: skip
        self.created = self.times("Created (UTC)", "created_utc", "created") or self.available
        if not self.created:
            raise RowError("column_missing", "the header lacks a column 'created_utc' or 'created'")
        self._whose()
        self.width = 1 + max(
            p for p in (self.id, self.gross, self.fee, self.net, self.currency) if p is not None
        )
        self.lines: Counter[tuple[str, str]] = Counter()
        self.paid: dict[tuple[str, str], tuple[int, int, dt.datetime]] = {}
        self.replaces: dict[str, str] = {}
        self.unknown = UnknownKinds(out, "category", "lines")
        self.unnamed = False
        self.failed = False

    def _whose(self) -> None:
        """Look up the columns that say what a line is about."""
        place, places = self.head.place, self.places
        self.source = places("source_id", "source")
        self.payout = places("automatic_payout_id", "payout_id", "transfer", "transfer_id")
        self.refs = places(
            "order_id (metadata)", "order_number (metadata)", "order_id",
            "payment_metadata[order_id]", "payment_metadata[order_number]",
            "payment_metadata[OrderNumber]", "PaymentIntent ID", "payment_intent_id", "charge_id",
            "source_id", "source",
        )  # fmt: skip
        self.charge = places("charge_id")
        self.intent = places("PaymentIntent ID", "payment_intent_id")
        self.merchant = places("connected_account_id", "connected_account")
        self.terminal = places(
            "terminal_reader_id", "terminal_location_id", "connected_account_id",
            "connected_account",
        )  # fmt: skip
        self.description = place("description")
        self.method, self.brand = place("payment_method_type"), place("card_brand")
        self.theirs = place("Customer Facing Amount", "customer_facing_amount")
        self.their_currency = place("Customer Facing Currency", "customer_facing_currency")
        if place("Converted Amount") is not None:
            self.theirs, self.their_currency = place("Amount"), place("Currency")

    def row(self, line: int, cells: list[str]) -> None:
        """Take one line.

        Raises:
            RowError: the row cannot be taken.
        """
        try:
            self._row(line, self.strip(cells))
        except RowError:
            self.failed = True
            raise

    def _row(self, line: int, cells: list[str]) -> None:
        if not cells[self.id]:
            raise RowError("value_missing", "the row has no id")
        if not (cells[self.gross] and cells[self.net]):
            raise RowError("amount_missing", "the row has no gross or no net amount")
        amounts = self.of(cells, self.currency)
        currency = amounts.currency
        stated = amounts(cells[self.gross]), amounts(cells[self.fee]), amounts(cells[self.net])
        at = self.at(cells, self.created)
        gross, fee, net = net_checked(self.out, line, currency, stated, ("gross", "net"))
        category = category_word(cell_at(cells, self.kind))
        source = self.first(cells, self.source)
        payout = self.first(cells, self.payout)
        if payout and category not in PAYOUTS:
            self.lines[payout, currency] += net
        money = (gross, fee, net, currency)
        if _is_payout(category, source, payout):
            self._payout(line, cells, source or payout or cells[self.id], money, at)
        elif category in PAYOUT_REVERSALS:
            self._returned(line, cells, (source, payout), money, at)
        else:
            self._line(line, cells, (category, source, payout), money, at)

    def _payout(
        self, line: int, cells: list[str], payout: str, money: _Money, at: dt.datetime
    ) -> None:
        gross, fee, net, currency = money
        self.paid[payout, currency] = -net, line, at
        self._sent(line, payout, (-gross, currency), at)
        if fee:
            # It leaves the balance with the payout that it is for, when lines make that one up.
            what = (f"{cells[self.id]}-fee", "fee", payout)
            carried = self.first(cells, self.payout)
            self._settle(line, what, (0, fee, -fee, currency), (at, at, carried), cells)

    def _sent(self, line: int, payout: str, money: tuple[int, str], at: dt.datetime) -> None:
        self.out.add(
            "payouts",
            {
                "payout_id": payout, "provider_id": PROVIDER, "net_minor": money[0],
                "currency": money[1], "paid_out_at": at, "status": "sent",
                "replaces_payout_id": self.replaces.get(payout),
            },
            line,
        )  # fmt: skip

    def _returned(
        self, line: int, cells: list[str], ids: tuple[str, str], money: _Money, at: dt.datetime
    ) -> None:
        """Take a payout that came back, and the payout that carries its money now."""
        back, later = ids
        gross, _, net, currency = money
        if not back:
            # Nothing says which payout it was; the money is in the balance all the same.
            self._line(line, cells, ("adjustment", "", later), money, at)
            return
        reason = truncate_cards(cell_at(cells, self.description)) or None
        self.out.add(
            "payouts",
            {
                "payout_id": back, "provider_id": PROVIDER, "net_minor": gross,
                "currency": currency, "paid_out_at": at, "status": "returned", "reason": reason,
            },
            line,
        )  # fmt: skip
        if not later or later == back:
            return
        if later in self.replaces:
            # A payout replaces one other; what more it carries is a line of its own.
            what = (cells[self.id], "carry_forward", back)
            self._settle(line, what, (net, 0, net, currency), (at, at, later), cells)
            return
        self.replaces[later] = back
        known = self.paid.get((later, currency))
        if known is not None:
            # The newest line stands first: what was said of the later payout is said again.
            amount, _, sent_at = known
            row = {
                "payout_id": later, "provider_id": PROVIDER, "net_minor": amount,
                "currency": currency, "paid_out_at": sent_at, "known_at": sent_at + SECOND,
                "status": "sent", "replaces_payout_id": back,
            }  # fmt: skip
            self.out.add("payouts", row, line)

    def _line(
        self,
        line: int,
        cells: list[str],
        what: tuple[str, str, str],
        money: _Money,
        at: dt.datetime,
    ) -> None:
        category, source, payout = what
        kind = kind_of(category, money[2], source)
        if kind is None:
            kind = self.unknown.take(line, category) if category else self._unnamed(line, money)
        ref = self.first(cells, self.refs) or cells[self.id]
        cleared = self.when(cells, self.available) or at
        other = source if kind == "sale" or not source.startswith(_CHARGES) else ""
        self._settle(
            line, (cells[self.id], kind, ref), money, (at, cleared, payout), cells, also_id=other
        )
        if kind in {"sale", "refund"}:
            self._sale(line, cells, (kind, source, ref), money, at)

    def _unnamed(self, line: int, money: _Money) -> str:
        """Return the kind of a line without a category: which way its money goes."""
        if not self.unnamed:
            self.unnamed = True
            self.out.warn(
                line, "kind_unknown",
                "the row names no category: what comes in is taken as a sale and what goes out as "
                "a refund; export the report with reporting_category",
            )  # fmt: skip
        return "sale" if money[0] >= 0 else "refund"

    def _settle(
        self,
        line: int,
        what: tuple[str, str, str],
        money: _Money,
        when: tuple[dt.datetime, dt.datetime | dt.date, str | None],
        cells: list[str],
        also_id: str = "",
    ) -> None:
        line_id, kind, ref = what
        gross, fee, net, currency = money
        at, cleared, payout = when
        merchant = self.first(cells, self.merchant) or PROVIDER
        theirs = self._their_currency(cells)
        self.out.add(
            "settlements",
            {
                "line_id": line_id, "provider_id": PROVIDER, "kind": kind, "ref": ref,
                "merchant_id": merchant,
                "terminal_id": self.first(cells, self.terminal) or merchant,
                "gross_minor": gross, "fee_minor": fee, "net_minor": net, "currency": currency,
                "gross_currency": theirs if theirs != currency else None,
                "cleared_at": cleared, "payout_id": payout or None, "status": "settled",
                "known_at": at + SECOND if payout else at, "also_id": also_id or None,
            },
            line,
        )  # fmt: skip

    def _sale(
        self,
        line: int,
        cells: list[str],
        what: tuple[str, str, str],
        money: _Money,
        at: dt.datetime,
    ) -> None:
        kind, source, ref = what
        # In older files the line of a refund names the charge, not the refund.
        charge = self.first(cells, self.charge) or (source if source.startswith(_CHARGES) else "")
        original = None
        if kind == "sale":
            own = charge or source or self.first(cells, self.intent) or cells[self.id]
        else:
            own = source if source.startswith(_REFUNDS) else cells[self.id]
            original = f"{PROVIDER}:{charge}" if charge else None
        amount, currency = self._charged(cells, money)
        merchant = self.first(cells, self.merchant) or PROVIDER
        method = cell_at(cells, self.method)
        self.out.add(
            "sales",
            {
                "sale_id": f"{PROVIDER}:{own}", "kind": kind, "original_sale_id": original,
                "merchant_id": merchant,
                "terminal_id": self.first(cells, self.terminal) or merchant,
                "provider_id": PROVIDER, "channel": channel_of(method),
                "card_type": cell_at(cells, self.brand) or None, "amount_minor": amount,
                "currency": currency, "captured_at": at, "host_at": at, "rrn": ref,
                "method": method or None, "recorded_by": RECORDED_BY,
            },
            line,
        )  # fmt: skip

    def _charged(self, cells: list[str], money: _Money) -> tuple[int, str]:
        """Return what the customer paid or got back, in the currency of the sale."""
        theirs = self._their_currency(cells)
        text = cell_at(cells, self.theirs)
        if theirs is None or theirs == money[3] or not text:
            return abs(money[0]), money[3]
        return abs(self.of(cells, self.their_currency)(text)), theirs

    def _their_currency(self, cells: list[str]) -> str | None:
        """Return the currency in which the customer paid, where the row has one."""
        if self.their_currency is None:
            return None
        code = cell_at(cells, self.their_currency).upper()
        return code if code in CURRENCIES else None

    def finish(self) -> None:
        """Compare each payout with the lines that name it."""
        if self.failed:
            return
        for (payout, currency), (paid, line, _) in self.paid.items():
            lines = self.lines.get((payout, currency))
            if lines is not None and lines != paid:
                self.out.warn(
                    line, "total_mismatch",
                    f"the lines of payout {payout} come to {format_minor(lines, currency)}, the "
                    f"payout is {format_minor(paid, currency)}: lines may be in another file",
                )  # fmt: skip


def _is_payout(category: str, source: str, payout: str) -> bool:
    if category in PAYOUTS:
        return True
    # Before 2017 payouts were called transfers, and named themselves in the column of that name.
    return (category == "transfer" and bool(source) and source == payout) or (
        not category and source.startswith("po_")
    )
