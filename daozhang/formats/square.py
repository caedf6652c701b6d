"""Square: payouts and their entries (API), and the Dashboard's transactions (CSV).

Rules kept here (developer.squareup.com, Payouts API; Square Dashboard, transactions export):

- An entry's gross less fee is its net, in minor units; a fee is negative where it is given back.
- A payout that FAILED came back; SENT and PAID ones are sent. ``updated_at`` is when its state was
  known, so that of two answers the later stands.
- In the CSV, Total Collected and Fees (which are negative) come to Net Total. Cash, gift cards and
  other tenders never reach a bank: what remains of a row without them is the line, and a row that
  was paid with nothing else is left out.
- ``Deposit ID`` names the payout. An export made before the deposit does not have it yet: the one
  that has it is the later word.
"""

from __future__ import annotations

import datetime as dt
from typing import Any, Final
from zoneinfo import ZoneInfo

from daozhang.formats._api_lists import (
    ApiBody,
    ApiListReader,
    id_of,
    moment_of,
    text_of,
    whole_of,
)
from daozhang.formats._bills import RECORDED_BY, SECOND, UnknownKinds, net_checked
from daozhang.formats._lines import Collector, LineIds
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._values import Amounts, Moments, currency_code
from daozhang.formats._zones import zone_named
from daozhang.formats.base import Options
from daozhang.formats.tables import Head, TableReader, cell_at, header_set
from daozhang.money import format_minor

__all__ = ["SquareEntriesReader", "SquarePayoutsReader", "SquareTransactionsReader"]

PROVIDER: Final = "square"
_WORDS: Final = {
    "sale": "CHARGE",
    "refund": "REFUND",
    "dispute": "DISPUTE OPEN_DISPUTE",
    "fee": "FEE DEPOSIT_FEE DEPOSIT_FEE_REVERSED PAID_SERVICE_FEE PAID_SERVICE_FEE_REFUND "
    "SUBSCRIPTION_FEE SUBSCRIPTION_FEE_REFUND SUBSCRIPTION_FEE_PAID_REFUND THIRD_PARTY_FEE "
    "THIRD_PARTY_FEE_REFUND PROCESSING_FEE PROCESSING_FEE_REFUND UNDO_PROCESSING_FEE_REFUND "
    "UNDO_FEE_REFUND FREE_PROCESSING LOCAL_OFFERS_FEE SQUARE_275 RETURNED_SQUARE_275",
    "tax": "TAX_ON_FEE",
    "reserve": "HOLD_ADJUSTMENT RELEASE_ADJUSTMENT RESERVE_HOLD RESERVE_RELEASE",
    "carry_forward": "RETURNED_PAYOUT RETURNED_ACH_ENTRY INITIAL_BALANCE_CHANGE",
    "adjustment": "ADJUSTMENT OTHER OTHER_ADJUSTMENT APP_FEE_REVENUE APP_FEE_REFUND "
    "AUTOMATIC_SAVINGS AUTOMATIC_SAVINGS_REVERSED AUTOMATIC_BITCOIN_CONVERSIONS "
    "AUTOMATIC_BITCOIN_CONVERSIONS_REVERSED BALANCE_CHARGE CREDIT_CARD_REPAYMENT "
    "CREDIT_CARD_REPAYMENT_REVERSED ESCHEATMENT GIFT_CARD_LOAD_FEE GIFT_CARD_LOAD_FEE_REFUND "
    "GIFT_CARD_POOL_TRANSFER GIFT_CARD_POOL_TRANSFER_REVERSED INCENTED_PAYMENT "
    "LOCAL_OFFERS_CASHBACK MONEY_TRANSFER MONEY_TRANSFER_REVERSAL PAYOUT "
    "PERCENTAGE_PROCESSING_ENROLLMENT PERCENTAGE_PROCESSING_DEACTIVATION "
    "PERCENTAGE_PROCESSING_REPAYMENT PERCENTAGE_PROCESSING_REPAYMENT_REVERSED "
    "REDEMPTION_CODE SQUARE_CAPITAL_ADVANCE SQUARE_CAPITAL_PAYMENT "
    "SQUARE_CAPITAL_REVERSED_PAYMENT SQUARE_CARD SQUARE_PAYROLL_TRANSFER "
    "SQUARE_PAYROLL_TRANSFER_REVERSED",
}
_KINDS: Final = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_STANDINGS: Final = {"SENT": "sent", "PAID": "sent", "FAILED": "returned", "PENDING": "held"}
_MARKS: Final = {
    "$": ("USD", "CAD", "AUD"), "£": ("GBP",), "€": ("EUR",), "¥": ("JPY",), "￥": ("JPY",),
}  # fmt: skip
"""What Square's amounts are marked with, and the currencies of its countries that it means."""

_NO_MONEY: Final = frozenset({"failed", "canceled", "cancelled", "voided", "declined"})


def _money(item: dict[str, Any], name: str, otherwise: str | None) -> tuple[int, str]:
    """Return minor units and currency of a Money object.

    Raises:
        RowError: there is none, or no currency.
    """
    money = item.get(name)
    if not isinstance(money, dict):
        raise RowError("amount_missing", f"the object has no {name}")
    code = text_of(money, "currency_code", "currency") or otherwise
    if code is None:
        raise RowError(
            "currency_missing", f"{name} names no currency: name the one to read it with"
        )
    return whole_of(money, "amount"), currency_code(code)


class SquareEntriesReader(ApiListReader):
    """Reads answers of ListPayoutEntries."""

    name = "square_payout_entries"
    title = "Square, payout entries (API)"
    key = "payout_entries"
    empty = '"payout_entries"'

    def holds(self, item: dict[str, Any]) -> bool:
        """Say whether an object is a payout entry."""
        return "gross_amount_money" in item or "payout_id" in item

    def open(self, options: Options, out: Collector) -> ApiBody:
        """Return what takes the entries."""
        return _Entries(options, out)


class _Entries:
    """Entries of payouts of one file."""

    def __init__(self, options: Options, out: Collector) -> None:
        self.out = out
        self.currency = options.currency
        self.unknown = UnknownKinds(out, "type", "entries")

    def take(self, line: int, item: dict[str, Any]) -> None:
        """Take one entry.

        Raises:
            RowError: it cannot be taken.
        """
        stated = [
            _money(item, f"{part}_amount_money", self.currency) for part in ("gross", "fee", "net")
        ]
        currency = stated[0][1]
        if any(code != currency for _, code in stated):
            raise RowError("currency_unknown", "the entry's amounts are in several currencies")
        gross, fee, net = net_checked(
            self.out, line, currency, (stated[0][0], stated[1][0], stated[2][0])
        )
        own = id_of(item, "entry")
        type_ = text_of(item, "type") or "OTHER"
        details = item.get(f"type_{type_.lower()}_details")
        self.out.add(
            "settlements",
            {
                "line_id": own, "provider_id": PROVIDER, "kind": self._kind(line, type_, net),
                "ref": text_of(details, "payment_id"), "gross_minor": gross, "fee_minor": fee,
                "net_minor": net, "currency": currency,
                "cleared_at": moment_of(item, "effective_at"),
                "payout_id": text_of(item, "payout_id"), "status": "settled",
                **_named_in_table(type_, details),
            },
            line,
        )  # fmt: skip

    def _kind(self, line: int, type_: str, net: int) -> str:
        kind = _KINDS.get(type_) or self.unknown.take(line, type_)
        if kind == "reserve":
            return "reserve_hold" if net < 0 else "reserve_release"
        if kind == "dispute":
            return "chargeback" if net < 0 else "chargeback_reversal"
        return kind

    def finish(self) -> None:
        """Nothing is left to do: an answer states no totals."""


def _named_in_table(type_: str, details: object) -> dict[str, str]:
    """Return the ids of an entry's line in the Dashboard's transactions, which state it too."""
    payment, refund = text_of(details, "payment_id"), text_of(details, "refund_id")
    if type_ == "CHARGE" and payment:
        return {"stated_as": f"{payment}-sale"}
    if type_ == "REFUND":
        # The Dashboard's table gives a refund an id of its own, or that of the payment.
        ids = [f"{own}-refund" for own in (refund, payment) if own]
        return dict(zip(("stated_as", "also_id"), ids, strict=False))
    return {}


class SquarePayoutsReader(ApiListReader):
    """Reads answers of ListPayouts."""

    name = "square_payouts"
    title = "Square, payouts (API)"
    key = "payouts"
    empty = '"payouts"'

    def holds(self, item: dict[str, Any]) -> bool:
        """Say whether an object is a payout."""
        return "amount_money" in item

    def open(self, options: Options, out: Collector) -> ApiBody:
        """Return what takes the payouts."""
        return _Payouts(options, out)


class _Payouts:
    """Payouts of one file."""

    def __init__(self, options: Options, out: Collector) -> None:
        self.out = out
        self.currency = options.currency

    def take(self, line: int, item: dict[str, Any]) -> None:
        """Take one payout.

        Raises:
            RowError: it cannot be taken.
        """
        amount, currency = _money(item, "amount_money", self.currency)
        own = id_of(item, "payout")
        state = text_of(item, "status") or "SENT"
        standing = _STANDINGS.get(state)
        if standing is None:
            raise RowError(
                "value_unknown", f"status is {state[:20]!r}; known are {', '.join(_STANDINGS)}"
            )
        at = moment_of(item, "created_at", "arrival_date")
        self.out.add(
            "payouts",
            {
                "payout_id": own, "provider_id": PROVIDER,
                "merchant_id": text_of(item, "location_id"), "net_minor": amount,
                "currency": currency, "paid_out_at": at, "known_at": _later(item, at),
                "status": standing, "reason": None if standing == "sent" else state,
            },
            line,
        )  # fmt: skip

    def finish(self) -> None:
        """Nothing is left to do: an answer states no totals."""


def _later(item: dict[str, Any], at: dt.datetime | dt.date) -> dt.datetime | None:
    """Return when a payout's state was known, where that is later than its making."""
    if not isinstance(at, dt.datetime) or not item.get("updated_at"):
        return None
    updated = moment_of(item, "updated_at")
    return updated if isinstance(updated, dt.datetime) and updated > at else None


class SquareTransactionsReader(TableReader):
    """Reads the Dashboard's transactions."""

    name = "square_transactions"
    title = "Square, transactions export"
    headers = (
        header_set(
            "Date", "Time", "Time Zone", "Total Collected", "Fees", "Net Total", "Transaction ID"
        ),
    )

    def open(self, head: Head, options: Options, out: Collector) -> _Transactions:
        """Return what takes the rows.

        Raises:
            RowError: a column is missing.
        """
        return _Transactions(head, options, out)


class _Transactions:
    """The rows of one export."""

    def __init__(self, head: Head, options: Options, out: Collector) -> None:
        self.out = out
        self.zone: dt.tzinfo = ZoneInfo(options.timezone)
        self.amounts = Amounts(options.currency or "USD")
        self.marked = False
        need, place = head.need, head.place
        self.date, self.time, self.time_zone = need("Date"), need("Time"), need("Time Zone")
        self.total, self.fee, self.net = need("Total Collected"), need("Fees"), need("Net Total")
        self.id, self.payment = need("Transaction ID"), place("Payment ID")
        self.elsewhere = [
            found
            for found in map(place, ("Cash", "Square Gift Card", "Other Tender"))
            if found is not None
        ]
        self.more_fees = [
            found for found in map(place, ("Third Party Fees", "International Fee")) if found
        ]
        self.device, self.location = place("Device Name", "Device Nickname"), place("Location")
        self.event, self.state = place("Event Type"), place("Transaction Status")
        self.deposit, self.deposited = place("Deposit ID"), place("Deposit Date")
        self.card = place("Card Brand")
        self.description = place("Description")
        self.width = 1 + max(
            self.date, self.time, self.time_zone, self.total, self.fee, self.net, self.id
        )
        self.moments: dict[str, Moments] = {}
        self.ids = LineIds()

    def row(self, line: int, cells: list[str]) -> None:
        """Take one transaction.

        Raises:
            RowError: the row cannot be taken.
        """
        cells = [cell.strip(BLANK_CHARS) for cell in cells]
        if len(cells) < self.width:
            raise RowError(
                "row_short", f"the row has {len(cells)} cells, at least {self.width} are needed"
            )
        if not (cells[self.total] and cells[self.net]):
            raise RowError("amount_missing", "the row has no Total Collected or no Net Total")
        if not self.marked:
            self._mark(line, cells[self.total])
        if cell_at(cells, self.state).lower() in _NO_MONEY:
            return
        amounts = self.amounts
        total, fees, net = (amounts(cells[place]) for place in (self.total, self.fee, self.net))
        elsewhere = sum(amounts(cell_at(cells, place)) for place in self.elsewhere)
        gross, fee, paid = total - elsewhere, -fees, net - elsewhere
        if not (gross or fee or paid):
            return
        if gross - fee != paid:
            # Some exports keep two of the fees in columns of their own.
            fee -= sum(amounts(cell_at(cells, place)) for place in self.more_fees)
        if gross - fee != paid:
            told = (format_minor(n, amounts.currency) for n in (total, fees, net))
            self.out.warn(
                line, "net_differs",
                "total {} and fees {} do not come to net {}: the net is taken as what is paid, and "
                "the rest as the fee".format(*told),
            )  # fmt: skip
            fee = gross - paid
        self._add(line, cells, gross, fee)

    def _mark(self, line: int, total: str) -> None:
        """Take the currency whose mark stands before the amounts, if the user's is another."""
        self.marked = True
        meant = next((codes for mark, codes in _MARKS.items() if mark in total), ())
        if meant and self.amounts.currency not in meant:
            self.out.warn(
                line, "currency_assumed",
                f"the amounts are marked as {meant[0]}, which is taken, and not as "
                f"{self.amounts.currency}: set the currency of the terms if it is another",
            )  # fmt: skip
            self.amounts = Amounts(meant[0])

    def _moment(self, cells: list[str], text: str) -> dt.datetime | dt.date:
        name = cells[self.time_zone]
        moments = self.moments.get(name)
        if moments is None:
            zone = zone_named(name) if name else self.zone
            # Square writes 2026-05-31, and 5/31/26 in older exports of American accounts.
            made = Moments(
                zone, "%m/%d/%Y %H:%M:%S", "%m/%d/%y %H:%M:%S", "%m/%d/%y %I:%M:%S %p",
                "%m/%d/%Y %I:%M:%S %p", "%m/%d/%Y", "%m/%d/%y", "%Y-%m-%d %I:%M:%S %p",
            )  # fmt: skip
            moments = self.moments[name] = made
        return moments(text)

    def _add(self, line: int, cells: list[str], gross: int, fee: int) -> None:
        at = self._moment(cells, f"{cells[self.date]} {cells[self.time]}".strip())
        event = cell_at(cells, self.event).lower()
        kind = "refund" if gross < 0 or "refund" in event else "sale"
        own = cell_at(cells, self.payment) or cells[self.id]
        if not own:
            # Not the deposit: an earlier export of the same row does not have it.
            what = (cells[self.time], cell_at(cells, self.description), f"fee {fee}")
            own = self.ids.next_id("", cells[self.date], gross, " ".join(what))
        ref = cells[self.id] or own
        store = cell_at(cells, self.location) or None
        terminal = cell_at(cells, self.device) or store or PROVIDER
        currency = self.amounts.currency
        payout = cell_at(cells, self.deposit) or None
        self.out.add(
            "settlements",
            {
                "line_id": f"{own}-{kind}", "provider_id": PROVIDER, "kind": kind, "ref": ref,
                "merchant_id": store or PROVIDER, "terminal_id": terminal, "gross_minor": gross,
                "fee_minor": fee, "net_minor": gross - fee, "currency": currency,
                "cleared_at": at, "payout_id": payout, "status": "settled", "store_id": store,
                "known_at": self._known(cells, at) if payout else None,
            },
            line,
        )  # fmt: skip
        self.out.add(
            "sales",
            {
                "sale_id": f"{PROVIDER}:{own}" + ("" if kind == "sale" else "-refund"),
                "kind": kind, "merchant_id": store or PROVIDER, "store_id": store,
                "terminal_id": terminal, "provider_id": PROVIDER, "channel": "card",
                "card_type": cell_at(cells, self.card) or None, "amount_minor": abs(gross),
                "currency": currency, "captured_at": at, "host_at": at, "rrn": ref,
                "recorded_by": RECORDED_BY,
            },
            line,
        )  # fmt: skip

    def _known(self, cells: list[str], at: dt.datetime | dt.date) -> dt.datetime | dt.date:
        """Return when it was known that a deposit carries the line: later than the sale."""
        text = cell_at(cells, self.deposited)
        day = self._moment(cells, text) if text else at
        if not isinstance(at, dt.datetime):
            return max(day.date() if isinstance(day, dt.datetime) else day, at)
        if not isinstance(day, dt.datetime):
            day = dt.datetime.combine(day, dt.time(), at.tzinfo)
        return max(day, at + SECOND)

    def finish(self) -> None:
        """Nothing is left to do: the export states no totals."""
