"""Adyen's settlement details report: every line of every batch, and the payout of each batch.

Rules kept here (docs.adyen.com, settlement details report):

- Amounts are in major units of the currency beside them; ``(NC)`` is the settlement currency, in
  which we count. Net = credit less debit; what was kept is commission, markup, scheme fees and
  interchange, so gross = net + those.
- A batch of a merchant account is one payout: its lines come to its ``MerchantPayout`` row.
- ``Merchant Reference`` is what the till knows; ``Psp Reference`` is Adyen's own.
- A type that is not known moves money all the same: it becomes an adjustment, with one warning.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daozhang.formats._bills import RECORDED_BY
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._values import Amounts, Moments, currency_code
from daozhang.formats._zones import zone_named
from daozhang.formats.profiles import normal_header
from daozhang.formats.tables import Head, TableReader
from daozhang.money import format_minor

if TYPE_CHECKING:
    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Options

__all__ = ["AdyenReader"]

PROVIDER: Final = "adyen"
_KINDS: Final = {
    "settled": "sale", "settledexternally": "sale", "settledininstallments": "sale",
    "refunded": "refund", "refundedexternally": "refund", "refundedreversed": "refund",
    "chargeback": "chargeback", "secondchargeback": "chargeback",
    "chargebackexternally": "chargeback", "chargebackreversed": "chargeback_reversal",
    "chargebackreversedexternally": "chargeback_reversal",
    "fee": "fee", "misccosts": "fee", "paymentcost": "fee", "invoicededuction": "fee",
    "advancementcommissions": "fee", "balancetransfer": "carry_forward",
    "depositcorrection": "reserve", "reserveadjustment": "reserve",
    "settledreversed": "adjustment", "manualcorrected": "adjustment",
    "matchedstatement": "adjustment", "bankinstructionreturned": "adjustment",
    "internalcompanypayout": "adjustment", "epa paid": "adjustment", "advancement": "adjustment",
}  # fmt: skip
_PAID: Final = frozenset({"merchantpayout", "paidout"})
_PAID_BACK: Final = frozenset({"merchantpayoutreversed", "paidoutreversed", "payoutreversed"})
_FEES: Final = ("Commission (NC)", "Markup (NC)", "Scheme Fees (NC)", "Interchange (NC)")


class AdyenReader(TableReader):
    """Reads settlement details reports, whatever columns were chosen."""

    name = "adyen_settlement"
    title = "Adyen, settlement details report"
    headers = (
        frozenset(
            map(
                normal_header,
                (
                    "Psp Reference", "Type", "Net Currency", "Net Debit (NC)", "Net Credit (NC)",
                    "Batch Number",
                ),
            )
        ),
    )  # fmt: skip

    def open(self, head: Head, options: Options, out: Collector) -> _Body:
        """Return what takes the rows.

        Raises:
            RowError: a column is missing.
        """
        return _Body(head, options, out)


class _Body:
    """The rows of one report."""

    def __init__(self, head: Head, options: Options, out: Collector) -> None:
        self.out = out
        self.zone: dt.tzinfo = ZoneInfo(options.timezone)
        self.moments: dict[str, Moments] = {}
        self.amounts: dict[str, Amounts] = {}
        place, need = head.place, head.need
        self.type, self.psp = need("Type"), need("Psp Reference")
        self.net_currency, self.batch = need("Net Currency"), need("Batch Number")
        self.debit, self.credit = need("Net Debit (NC)"), need("Net Credit (NC)")
        self.account, self.reference = place("Merchant Account"), place("Merchant Reference")
        self.company = place("Company Account")
        self.at = need("Creation Date", "Booking Date")
        self.time_zone = place("TimeZone", "Time Zone")
        self.change = place("Modification Reference")
        self.gross_currency, self.rate = place("Gross Currency"), place("Exchange Rate")
        self.sold = place("Gross Credit (GC)"), place("Gross Debit (GC)")
        self.fees = [p for p in map(place, _FEES) if p is not None]
        self.method, self.variant = place("Payment Method"), place("Payment Method Variant")
        self.store, self.terminal = place("Store"), place("Terminal ID", "Unique Terminal ID")
        self.width = 1 + max(
            self.type, self.psp, self.net_currency, self.batch, self.debit, self.credit, self.at
        )
        self.seen: Counter[str] = Counter()
        self.lines: Counter[tuple[str, str]] = Counter()
        self.paid: dict[tuple[str, str], tuple[int, int]] = {}
        self.unknown: set[str] = set()
        self.failed = False

    def row(self, line: int, cells: list[str]) -> None:
        """Take one line or payout.

        Raises:
            RowError: the row cannot be taken.
        """
        try:
            self._row(line, [cell.strip(BLANK_CHARS) for cell in cells])
        except RowError:
            self.failed = True
            raise

    def _row(self, line: int, cells: list[str]) -> None:
        if len(cells) < self.width:
            raise RowError(
                "row_short", f"the row has {len(cells)} cells, at least {self.width} are needed"
            )
        kind = cells[self.type].replace(" ", "").lower()
        if not kind:
            raise RowError("value_missing", "the row has no Type")
        currency = currency_code(cells[self.net_currency] or self._cell(cells, self.gross_currency))
        amounts = self.amounts.get(currency)
        if amounts is None:
            amounts = self.amounts[currency] = Amounts(currency)
        net = amounts(cells[self.credit]) - amounts(cells[self.debit])
        at = self._moment(cells)
        account = self._cell(cells, self.account) or self._cell(cells, self.company) or PROVIDER
        batch = cells[self.batch]
        payout = f"{account}-{batch}" if batch else None
        if kind in _PAID or kind in _PAID_BACK:
            self._payout(line, (account, batch, currency), net, at, returned=kind in _PAID_BACK)
            return
        fee = sum(amounts(cells[place]) for place in self.fees if place < len(cells))
        if payout is not None:
            self.lines[payout, currency] += net
        self._line(line, cells, (kind, account, payout), (net, fee, currency), at)

    @staticmethod
    def _cell(cells: list[str], place: int | None) -> str:
        return cells[place] if place is not None and place < len(cells) else ""

    def _moment(self, cells: list[str]) -> dt.datetime:
        name = self._cell(cells, self.time_zone)
        moments = self.moments.get(name)
        if moments is None:
            zone = zone_named(name) if name else self.zone
            moments = self.moments[name] = Moments(zone)
        return moments.instant(cells[self.at])

    def _payout(
        self, line: int, whose: tuple[str, str, str], net: int, at: dt.datetime, *, returned: bool
    ) -> None:
        account, batch, currency = whose
        payout = f"{account}-{batch}"
        if not returned:
            before = self.paid.get((payout, currency), (0, line))[0]
            self.paid[payout, currency] = before - net, line
            net = self.paid[payout, currency][0]
        self.out.add(
            "payouts",
            {
                "payout_id": payout, "provider_id": PROVIDER, "merchant_id": account,
                "net_minor": abs(net) if returned else net, "currency": currency,
                "paid_out_at": at, "status": "returned" if returned else "sent",
            },
            line,
        )  # fmt: skip

    def _line(
        self,
        line: int,
        cells: list[str],
        what: tuple[str, str, str | None],
        money: tuple[int, int, str],
        at: dt.datetime,
    ) -> None:
        (type_, account, payout), (net, fee, currency) = what, money
        kind = _KINDS.get(type_)
        if kind is None:
            kind = "adjustment"
            if type_ not in self.unknown:
                self.unknown.add(type_)
                self.out.warn(
                    line, "kind_unknown",
                    f"Type is {cells[self.type][:40]!r}, which is not known; such lines are taken "
                    "as adjustments of the payout",
                )  # fmt: skip
        if kind == "reserve":
            kind = "reserve_hold" if net < 0 else "reserve_release"
        psp, change = cells[self.psp], self._cell(cells, self.change)
        reference = self._cell(cells, self.reference)
        mark = "-".join(filter(None, (psp, type_, change, payout)))
        self.seen[mark] += 1
        gross_currency = self._cell(cells, self.gross_currency).upper()
        foreign = bool(gross_currency) and gross_currency != currency
        terminal = self._cell(cells, self.terminal) or self._cell(cells, self.store) or account
        self.out.add(
            "settlements",
            {
                "line_id": mark if self.seen[mark] == 1 else f"{mark}-{self.seen[mark]}",
                "provider_id": PROVIDER, "kind": kind, "ref": reference or psp or None,
                "merchant_id": account, "terminal_id": terminal, "gross_minor": net + fee,
                "fee_minor": fee, "net_minor": net, "currency": currency,
                "gross_currency": gross_currency if foreign else None,
                "fx_rate": (self._cell(cells, self.rate) or None) if foreign else None,
                "cleared_at": at, "payout_id": payout, "status": "settled",
            },
            line,
        )  # fmt: skip
        if type_.startswith(("settled", "refunded")) and kind in {"sale", "refund"} and psp:
            sold = kind == "sale"
            own = f"{PROVIDER}:{psp}"
            amount, sold_in = self._sold_for(cells, net + fee, currency)
            self.out.add(
                "sales",
                {
                    "sale_id": own if sold else f"{PROVIDER}:{change or psp}-refund",
                    "kind": kind, "original_sale_id": None if sold else own,
                    "merchant_id": account, "terminal_id": terminal, "provider_id": PROVIDER,
                    "channel": "card", "card_type": self._cell(cells, self.method) or None,
                    "amount_minor": amount, "currency": sold_in, "captured_at": at,
                    "host_at": at, "rrn": reference or psp, "recorded_by": RECORDED_BY,
                },
                line,
            )  # fmt: skip

    def _sold_for(self, cells: list[str], gross: int, currency: str) -> tuple[int, str]:
        """Return what the customer paid or got back, in the currency of the sale."""
        text = self._cell(cells, self.gross_currency)
        came, went = (self._cell(cells, place) for place in self.sold)
        if not text or not (came or went):
            return abs(gross), currency
        code = currency_code(text)
        amounts = self.amounts.get(code)
        if amounts is None:
            amounts = self.amounts[code] = Amounts(code)
        return abs(amounts(came) - amounts(went)), code

    def finish(self) -> None:
        """Compare each batch with its payout."""
        if self.failed:
            return
        for key, (paid, line) in self.paid.items():
            if self.lines[key] != paid:
                payout, currency = key
                self.out.warn(
                    line, "total_mismatch",
                    f"the lines of batch {payout} come to "
                    f"{format_minor(self.lines[key], currency)}, its payout is "
                    f"{format_minor(paid, currency)}: lines may be in another file",
                )  # fmt: skip
