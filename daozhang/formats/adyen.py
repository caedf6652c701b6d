"""Adyen's settlement details report: every line of every batch, and the payout of each batch.

Rules kept here (docs.adyen.com: settlement details report, payments accounting report):

- Amounts are in major units of the currency beside them; ``(NC)`` is the settlement currency, in
  which we count. Net = credit less debit; what was kept is commission, markup, scheme fees and
  interchange, so gross = net + those. Where the customer paid in that same currency, the report
  states gross too: if the three disagree, the net stands and a warning tells all of them.
- A batch of a merchant account is one payout in each currency: its lines come to what its
  ``MerchantPayout`` rows pay, or to nothing where a ``Balancetransfer`` carries them on.
- ``Creation Date`` is when the sale was captured, ``Booking Date`` when the batch took it in.
- ``Merchant Reference`` is what the till knows; ``Psp Reference`` is Adyen's own.
- A type that is not known moves money all the same: it becomes an adjustment, with one warning.
- The payments accounting report has the same lines under other names and states no payouts; only
  its rows with an amount payable move money. Both reports give a line the same id.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daozhang.formats._adyen_words import PAID, kind_of, paid_with, plain_type
from daozhang.formats._bills import RECORDED_BY
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._values import Amounts, Moments, currency_code
from daozhang.formats._zones import zone_named
from daozhang.formats.privacy import truncate_cards
from daozhang.formats.tables import Head, TableReader, header_set
from daozhang.money import CURRENCIES, Rounding, format_minor, share_of

if TYPE_CHECKING:
    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Options

__all__ = ["AdyenReader"]

PROVIDER: Final = "adyen"
_FEES: Final = ("Commission", "Markup", "Scheme Fees", "Interchange")
_WITH_GROSS: Final = frozenset({"sale", "refund", "chargeback", "chargeback_reversal"})
# A row gets an empty cell at its end, so that a column that the report lacks is empty everywhere.
_NONE: Final = -1
_TRANSFER: Final = re.compile(r"\bTX\w{4,30}XT\b")
_RATE: Final = re.compile(r"\d{1,12}(\.\d{1,24})?", re.ASCII)
_BATCH: Final = re.compile(r"\bbatch (\d{1,10})\b", re.IGNORECASE)
_SENT_BACK: Final = frozenset(
    {"bankinstructionreturned", "merchantpayoutreversed", "paidoutreversed", "payoutreversed"}
)


class AdyenReader(TableReader):
    """Reads settlement details and payments accounting reports, whatever columns were chosen."""

    name = "adyen_settlement"
    title = "Adyen, settlement details or payments accounting report"
    headers = (
        header_set("Type", "Net Currency", "Net Debit (NC)", "Net Credit (NC)", "Batch Number"),
        header_set("Psp Reference", "Record Type", "Settlement Currency", "Payable (SC)"),
    )

    def open(self, head: Head, options: Options, out: Collector) -> _Body:
        """Return what takes the rows.

        Raises:
            RowError: a column is missing.
        """
        return _Body(head, options, out)


@dataclass(slots=True)
class _Paid:
    """What the rows of one payout pay, in minor units, and where the last of them stands."""

    account: str
    minor: int
    at: dt.datetime
    line: int
    transfer: str | None


@dataclass(slots=True)
class _Line:
    """One line: what it is, and its money in minor units of the settlement currency."""

    type: str
    kind: str
    account: str
    payout: str | None
    currency: str
    gross: int
    fee: int
    net: int
    sold: tuple[int, str] | None
    at: dt.datetime


class _Places:
    """Where the columns of one report stand; :data:`_NONE` for those that it lacks."""

    def __init__(self, head: Head) -> None:
        need = head.need

        def place(*names: str) -> int:
            found = head.place(*names)
            return _NONE if found is None else found

        self.payable = place("Payable (SC)")
        unit = "(NC)" if self.payable == _NONE else "(SC)"
        self.type = need("Type", "Record Type")
        self.net_currency = need("Net Currency", "Settlement Currency")
        self.debit, self.credit = place("Net Debit (NC)"), place("Net Credit (NC)")
        if self.payable == _NONE:
            self.debit, self.credit = need("Net Debit (NC)"), need("Net Credit (NC)")
        self.batch = need("Batch Number", "Payable Batch")
        self.at = need("Creation Date", "Booking Date")
        self.zone = place("TimeZone", "Time Zone")
        self.booked = place("Booking Date")
        self.booked_zone = place("Booking Date TimeZone", "TimeZone", "Time Zone")
        self.psp, self.reference = place("Psp Reference"), place("Merchant Reference")
        self.account, self.company = place("Merchant Account"), place("Company Account")
        self.change = place("Modification Reference", "Modification Psp Reference")
        self.gross_currency = place("Gross Currency", "Main Currency")
        self.rate = place("Exchange Rate")
        self.came, self.went = place("Gross Credit (GC)", "Main Amount"), place("Gross Debit (GC)")
        self.fees = [p for p in (place(f"{name} {unit}") for name in _FEES) if p != _NONE]
        self.more_fees = place(f"Payment Fees {unit}")
        self.says_fees = bool(self.fees) or self.more_fees != _NONE
        self.method = place("Payment Method")
        self.store, self.terminal = place("Store"), place("Terminal ID", "Unique Terminal ID")
        self.width = 1 + max(
            self.batch, self.type, self.net_currency, self.payable, self.debit, self.credit, self.at
        )  # fmt: skip
        self.full = len(head.header)


class _Body:
    """The rows of one report."""

    def __init__(self, head: Head, options: Options, out: Collector) -> None:
        self.out = out
        self.zone: dt.tzinfo = ZoneInfo(options.timezone)
        self.places = _Places(head)
        self.moments: dict[str, Moments] = {}
        self.amounts: dict[str, Amounts] = {}
        self.seen: dict[str, int] = {}
        self.captured: dict[str, int] = {}
        self.sums: dict[tuple[str, str], tuple[int, int]] = {}
        self.paid: dict[tuple[str, str], _Paid] = {}
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
        places = self.places
        if len(cells) < places.width:
            raise RowError(
                "row_short", f"the row has {len(cells)} cells, at least {places.width} are needed"
            )
        if len(cells) < places.full:
            cells += [""] * (places.full - len(cells))
        cells.append("")
        type_ = plain_type(cells[places.type])
        if not type_:
            raise RowError("value_missing", "the row has no Type")
        if places.payable != _NONE and not cells[places.payable]:
            # An authorisation, say: it tells of a payment and puts nothing into a batch.
            return
        amounts = self._of(cells[places.net_currency] or cells[places.gross_currency])
        currency = amounts.currency
        if places.payable != _NONE:
            net = amounts(cells[places.payable])
        else:
            credit, debit = cells[places.credit], cells[places.debit]
            net = (amounts(credit) if credit else 0) - (amounts(debit) if debit else 0)
        account = cells[places.account] or cells[places.company] or PROVIDER
        batch = cells[places.batch]
        payout = f"{account}-{batch}-{currency}" if batch else None
        if type_ in PAID:
            if payout is None:
                raise RowError("value_missing", "the payout has no Batch Number")
            self._pay(line, cells, (payout, account, currency), net)
            return
        at = self._moment(cells, places.at, places.zone)
        kind = self._kind(line, cells, type_, net)
        gross, fee, sold = self._gross(line, cells, kind, net, amounts)
        if payout is not None:
            key = payout, currency
            known = self.sums.get(key)
            self.sums[key] = (known[0] + net if known else net), line
        if type_ in _SENT_BACK:
            self._sent_back(line, cells, account, (net, currency), at)
        self._add(
            line, cells, _Line(type_, kind, account, payout, currency, gross, fee, net, sold, at)
        )

    def _of(self, currency: str) -> Amounts:
        amounts = self.amounts.get(currency)
        if amounts is None:
            amounts = self.amounts[currency] = Amounts(currency_code(currency))
        return amounts

    def _moment(self, cells: list[str], place: int, zone_place: int) -> dt.datetime:
        name = cells[zone_place]
        moments = self.moments.get(name)
        if moments is None:
            zone = zone_named(name, self.zone) if name else self.zone
            moments = self.moments[name] = Moments(zone)
        return moments.instant(cells[place])

    def _kind(self, line: int, cells: list[str], type_: str, net: int) -> str:
        kind = kind_of(type_, net)
        if kind is not None:
            return kind
        if type_ not in self.unknown:
            self.unknown.add(type_)
            self.out.warn(
                line, "kind_unknown",
                f"Type is {cells[self.places.type][:40]!r}, which is not known; such lines are "
                "taken as adjustments of the payout",
            )  # fmt: skip
        return "adjustment"

    # Money.

    def _gross(
        self, line: int, cells: list[str], kind: str, net: int, amounts: Amounts
    ) -> tuple[int, int, tuple[int, str] | None]:
        """Return gross and fee, and what the customer paid or got back in which currency."""
        fee = self._fees(line, cells, amounts)
        sold = self._sold(cells, net) if kind in _WITH_GROSS else None
        if sold is None or sold[1] != amounts.currency or sold[0] - fee == net:
            return net + fee, fee, sold
        gross, kept = sold[0], sold[0] - net
        more = amounts(cells[self.places.more_fees])
        if kept not in {more, fee + more} and self.places.says_fees:
            told = (format_minor(n, amounts.currency) for n in (gross, fee, net))
            self.out.warn(
                line, "net_differs",
                "gross {} and fees {} do not come to net {}: the net is taken as what moves, and "
                "the rest as the fee".format(*told),
            )  # fmt: skip
        return gross, kept, sold

    def _fees(self, line: int, cells: list[str], amounts: Amounts) -> int:
        texts = [text for place in self.places.fees if (text := cells[place])]
        try:
            return sum(map(amounts, texts))
        except RowError:
            exact = _exact_sum(texts)
            if exact is None:
                raise
        # Interchange of a single sale may be stated finer than the currency's smallest unit.
        billionths = int(exact.scaleb(CURRENCIES[amounts.currency] + 9).to_integral_value())
        fee = share_of(billionths, 1, 10**9, Rounding.HALF_UP)
        if fee * 10**9 != billionths:
            self.out.warn(
                line, "amount_rounded",
                f"the fees come to {exact} {amounts.currency}, finer than its smallest unit: they "
                f"were rounded half up to {format_minor(fee, amounts.currency)}",
            )  # fmt: skip
        return fee

    def _sold(self, cells: list[str], net: int) -> tuple[int, str] | None:
        """Return what the customer paid, signed like the net, and its currency, if stated."""
        places = self.places
        text = cells[places.gross_currency]
        came, went = cells[places.came], cells[places.went]
        if not text or not (came or went):
            return None
        amounts = self._of(text)
        if places.went == _NONE:
            # One column without a sign of its own: it goes the way of the net.
            amount = abs(amounts(came))
            return (-amount if net < 0 else amount), amounts.currency
        plus, minus = (amounts(came) if came else 0), (-amounts(went) if went else 0)
        # The side that the net is on; a fee greater than the sale leaves only the other.
        return (minus or plus) if net < 0 else (plus or minus), amounts.currency

    # Facts.

    def _add(self, line: int, cells: list[str], what: _Line) -> None:
        places = self.places
        psp, change = cells[places.psp], cells[places.change]
        reference = cells[places.reference]
        if not psp:
            change = truncate_cards(change)
        mark = "-".join(filter(None, (psp, what.type, change, what.payout)))
        times = self.seen[mark] = self.seen.get(mark, 0) + 1
        foreign = cells[places.gross_currency].upper()
        if foreign == what.currency or what.sold is None:
            foreign = ""
        store, rate = cells[places.store] or None, cells[places.rate]
        terminal = cells[places.terminal] or store or what.account
        booked = what.at
        if cells[places.booked]:
            booked = self._moment(cells, places.booked, places.booked_zone)
        self.out.add(
            "settlements",
            {
                "line_id": mark if times == 1 else f"{mark}-{times}",
                "provider_id": PROVIDER, "kind": what.kind, "ref": reference or psp or None,
                "merchant_id": what.account, "terminal_id": terminal, "gross_minor": what.gross,
                "fee_minor": what.fee, "net_minor": what.net, "currency": what.currency,
                "gross_currency": foreign or None,
                "fx_rate": rate if foreign and _RATE.fullmatch(rate) else None,
                "cleared_at": booked, "payout_id": what.payout, "status": "settled",
                "store_id": store,
            },
            line,
        )  # fmt: skip
        if psp and (
            (what.kind == "sale" and what.gross >= 0) or (what.kind == "refund" and what.gross < 0)
        ):
            self._sale(line, cells, what, (psp, change, reference or psp, terminal))

    def _sale(
        self, line: int, cells: list[str], what: _Line, marks: tuple[str, str, str, str]
    ) -> None:
        """Add the sale or refund. Captures of one sale that come bit by bit are one sale."""
        psp, change, reference, terminal = marks
        sold = what.kind == "sale"
        own = f"{PROVIDER}:{psp}"
        amount, currency = what.sold or (what.gross, what.currency)
        amount = abs(amount)
        if sold:
            amount += self.captured.get(psp, 0)
            self.captured[psp] = amount
        method = cells[self.places.method]
        channel, card = paid_with(method)
        store = cells[self.places.store] or None
        self.out.add(
            "sales",
            {
                "sale_id": own if sold else f"{PROVIDER}:{change or psp}-refund",
                "kind": what.kind, "original_sale_id": None if sold else own,
                "merchant_id": what.account, "store_id": store,
                "terminal_id": terminal, "provider_id": PROVIDER, "channel": channel,
                "card_type": card, "amount_minor": amount, "currency": currency,
                "captured_at": what.at, "host_at": what.at, "rrn": reference,
                "recorded_by": RECORDED_BY,
            },
            line,
        )  # fmt: skip

    def _pay(self, line: int, cells: list[str], whose: tuple[str, str, str], net: int) -> None:
        payout, account, currency = whose
        at = self._moment(cells, self.places.at, self.places.zone)
        transfer = _TRANSFER.search(cells[self.places.change])
        before = self.paid.get((payout, currency))
        self.paid[payout, currency] = _Paid(
            account, (before.minor if before else 0) - net, at, line,
            transfer[0] if transfer else None,
        )  # fmt: skip

    def _sent_back(
        self,
        line: int,
        cells: list[str],
        account: str,
        money: tuple[int, str],
        at: dt.datetime,
    ) -> None:
        """Mark the payout that the bank sent back, where the line names its batch."""
        named = _BATCH.search(cells[self.places.change])
        if named is None or named[1] == cells[self.places.batch]:
            return
        net, currency = money
        self.out.add(
            "payouts",
            {
                "payout_id": f"{account}-{named[1]}-{currency}", "provider_id": PROVIDER,
                "merchant_id": account, "net_minor": abs(net), "currency": currency,
                "paid_out_at": at, "status": "returned", "reason": cells[self.places.type],
            },
            line,
        )  # fmt: skip

    def finish(self) -> None:
        """Give the payouts, and compare each batch with what it paid."""
        for (payout, currency), paid in self.paid.items():
            self.out.add(
                "payouts",
                {
                    "payout_id": payout, "provider_id": PROVIDER, "merchant_id": paid.account,
                    "net_minor": paid.minor, "currency": currency, "paid_out_at": paid.at,
                    "status": "sent", "bank_ref": paid.transfer,
                },
                paid.line,
            )  # fmt: skip
        if self.failed or self.places.payable != _NONE:
            # What was left out is told already; the accounting report states no payouts.
            return
        for key in {**self.sums, **self.paid}:
            lines, last = self.sums.get(key, (0, 0))
            pays = self.paid.get(key)
            if lines == (pays.minor if pays else 0):
                continue
            payout, currency = key
            said = (
                f"its payout is {format_minor(pays.minor, currency)}" if pays
                else f"no row pays them out ({format_minor(0, currency)})"
            )  # fmt: skip
            self.out.warn(
                pays.line if pays else last, "total_mismatch",
                f"the lines of batch {payout} come to {format_minor(lines, currency)}, {said}: "
                "rows may be in another file",
            )  # fmt: skip


def _exact_sum(texts: list[str]) -> Decimal | None:
    """Return the sum of plain decimals; None where one is none."""
    try:
        parts = [Decimal(text) for text in texts if text]
    except InvalidOperation:
        return None
    return sum(parts, Decimal()) if all(p.is_finite() and abs(p) < 10**12 for p in parts) else None
