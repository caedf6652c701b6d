"""Square: payouts and their entries (API), and the Dashboard's transactions (CSV).

Rules kept here (developer.squareup.com, Payouts API; Square Dashboard, transactions export):

- An entry's gross less fee is its net, in minor units; a fee is negative where it is given back.
- A payout that FAILED came back; SENT and PAID ones are sent.
- In the CSV, Total Collected and Fees (which are negative) come to Net Total. ``Deposit ID`` names
  the payout. Cash never reaches a bank, so a row without a card or wallet amount is left out.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any, Final
from zoneinfo import ZoneInfo

from daozhang.formats._api_lists import ApiListReader, moment_of, text_of, whole_of
from daozhang.formats._bills import RECORDED_BY
from daozhang.formats._rows import BLANK_CHARS, RowError, clean_amount
from daozhang.formats._values import Amounts, Moments, currency_code
from daozhang.formats._zones import zone_named
from daozhang.formats.profiles import normal_header
from daozhang.formats.tables import Head, TableReader
from daozhang.money import format_minor

if TYPE_CHECKING:
    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Options

__all__ = ["SquareEntriesReader", "SquarePayoutsReader", "SquareTransactionsReader"]

PROVIDER: Final = "square"
_KINDS: Final = {
    "CHARGE": "sale", "REFUND": "refund", "DISPUTE": "chargeback", "FEE": "fee",
    "DISPUTE_REVERSAL": "chargeback_reversal", "TAX_ON_FEE": "tax", "APP_FEE_REVENUE":
    "adjustment", "APP_FEE_REFUND": "adjustment", "AUTOMATIC_SAVINGS": "adjustment",
    "HOLD_ADJUSTMENT": "reserve", "INITIAL_BALANCE_CHANGE": "adjustment",
    "AUTOMATIC_BITCOIN_CONVERSIONS": "adjustment", "RESERVE_HOLD": "reserve_hold",
    "RESERVE_RELEASE": "reserve_release", "DEPOSIT_FEE": "fee", "PROCESSING_FEE": "fee",
    "SUBSCRIPTION_FEE_PAID_REFUND": "fee", "THIRD_PARTY_FEE": "fee", "SQUARE_CAPITAL_PAYMENT":
    "adjustment", "ESCHEATMENT": "adjustment", "OTHER": "adjustment", "UNDO_FEE_REFUND": "fee",
}  # fmt: skip
_STANDINGS: Final = {"SENT": "sent", "PAID": "sent", "FAILED": "returned", "PENDING": "held"}


def _money(item: dict[str, Any], name: str) -> tuple[int, str]:
    """Return minor units and currency of a Money object.

    Raises:
        RowError: there is none.
    """
    money = item.get(name)
    if not isinstance(money, dict):
        raise RowError("amount_missing", f"the object has no {name}")
    code = text_of(money, "currency_code", "currency")
    if code is None:
        raise RowError("currency_missing", f"{name} names no currency")
    return whole_of(money, "amount"), currency_code(code)


class SquareEntriesReader(ApiListReader):
    """Reads answers of ListPayoutEntries."""

    name = "square_payout_entries"
    title = "Square, payout entries (API)"
    key = "payout_entries"
    marks = ('"payout_entries"', '"gross_amount_money"')

    def take(self, out: Collector, line: int, item: dict[str, Any]) -> None:
        """Take one entry.

        Raises:
            RowError: it cannot be taken.
        """
        (gross, currency), (fee, _), (net, _) = (
            _money(item, f"{part}_amount_money") for part in ("gross", "fee", "net")
        )
        if gross - fee != net:
            told = (format_minor(n, currency) for n in (gross, fee, net))
            out.warn(
                line, "net_differs",
                "gross {} less fee {} is not net {}: the net is taken as what is paid, and the "
                "rest as the fee".format(*told),
            )  # fmt: skip
            fee = gross - net
        own = text_of(item, "id")
        if own is None:
            raise RowError("value_missing", "the entry has no id")
        type_ = text_of(item, "type") or "OTHER"
        kind = _KINDS.get(type_, "adjustment")
        if kind == "reserve":
            kind = "reserve_hold" if net < 0 else "reserve_release"
        details = item.get(f"type_{type_.lower()}_details")
        payment = text_of(details, "payment_id") if isinstance(details, dict) else None
        out.add(
            "settlements",
            {
                "line_id": own, "provider_id": PROVIDER, "kind": kind, "ref": payment,
                "gross_minor": gross, "fee_minor": fee, "net_minor": net, "currency": currency,
                "cleared_at": moment_of(item, "effective_at"),
                "payout_id": text_of(item, "payout_id"), "status": "settled",
            },
            line,
        )  # fmt: skip


class SquarePayoutsReader(ApiListReader):
    """Reads answers of ListPayouts."""

    name = "square_payouts"
    title = "Square, payouts (API)"
    key = "payouts"
    marks = ('"payouts"', '"amount_money"', '"arrival_date"')

    def take(self, out: Collector, line: int, item: dict[str, Any]) -> None:
        """Take one payout.

        Raises:
            RowError: it cannot be taken.
        """
        amount, currency = _money(item, "amount_money")
        own = text_of(item, "id")
        if own is None:
            raise RowError("value_missing", "the payout has no id")
        state = text_of(item, "status") or "SENT"
        standing = _STANDINGS.get(state)
        if standing is None:
            raise RowError(
                "value_unknown", f"status is {state[:20]!r}; known are {', '.join(_STANDINGS)}"
            )
        out.add(
            "payouts",
            {
                "payout_id": own, "provider_id": PROVIDER,
                "merchant_id": text_of(item, "location_id"), "net_minor": amount,
                "currency": currency, "paid_out_at": moment_of(item, "created_at"),
                "status": standing, "reason": None if standing == "sent" else state,
            },
            line,
        )  # fmt: skip


class SquareTransactionsReader(TableReader):
    """Reads the Dashboard's transactions."""

    name = "square_transactions"
    title = "Square, transactions export"
    headers = (
        frozenset(
            map(
                normal_header,
                ("Date", "Time", "Time Zone", "Total Collected", "Fees", "Net Total",
                 "Transaction ID"),
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
    """The rows of one export."""

    def __init__(self, head: Head, options: Options, out: Collector) -> None:
        self.out = out
        self.zone: dt.tzinfo = ZoneInfo(options.timezone)
        self.amounts = Amounts(options.currency or "USD")
        need, place = head.need, head.place
        self.date, self.time, self.time_zone = need("Date"), need("Time"), need("Time Zone")
        self.total, self.fee, self.net = need("Total Collected"), need("Fees"), need("Net Total")
        self.id, self.payment = need("Transaction ID"), place("Payment ID")
        self.cash = place("Cash")
        self.device, self.location = place("Device Name", "Device Nickname"), place("Location")
        self.event, self.deposit = place("Event Type"), place("Deposit ID")
        self.deposited = place("Deposit Date")
        self.card = place("Card Brand")
        self.width = 1 + max(
            self.date, self.time, self.time_zone, self.total, self.fee, self.net, self.id
        )
        self.moments: dict[str, Moments] = {}

    @staticmethod
    def _cell(cells: list[str], place: int | None) -> str:
        return cells[place] if place is not None and place < len(cells) else ""

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
        total, fees, net = (
            self._amount(cells[place]) for place in (self.total, self.fee, self.net)
        )
        cash = self._amount(self._cell(cells, self.cash))
        if cash and cash == total:
            return
        gross, fee = total - cash, -fees
        if gross - fee != net - cash:
            told = (format_minor(n, self.amounts.currency) for n in (total, fees, net))
            self.out.warn(
                line, "net_differs",
                "total {} and fees {} do not come to net {}: the net is taken as what is paid, and "
                "the rest as the fee".format(*told),
            )  # fmt: skip
            fee = gross - (net - cash)
        self._add(line, cells, gross, fee)

    def _amount(self, text: str) -> int:
        return self.amounts(clean_amount(text))

    def _moment(self, cells: list[str]) -> dt.datetime:
        name = cells[self.time_zone]
        moments = self.moments.get(name)
        if moments is None:
            zone = zone_named(name) if name else self.zone
            # Square writes 2026-05-31, and 5/31/26 in older exports of American accounts.
            made = Moments(
                zone, "%m/%d/%Y %H:%M:%S", "%m/%d/%y %H:%M:%S", "%m/%d/%y %I:%M:%S %p",
                "%m/%d/%Y %I:%M:%S %p",
            )  # fmt: skip
            moments = self.moments[name] = made
        return moments.instant(f"{cells[self.date]} {cells[self.time]}")

    def _add(self, line: int, cells: list[str], gross: int, fee: int) -> None:
        at = self._moment(cells)
        own = self._cell(cells, self.payment) or cells[self.id]
        kind = (
            "refund" if gross < 0 or "refund" in self._cell(cells, self.event).lower() else "sale"
        )
        store = self._cell(cells, self.location) or None
        terminal = self._cell(cells, self.device) or store or PROVIDER
        currency = self.amounts.currency
        self.out.add(
            "settlements",
            {
                "line_id": f"{own}-{kind}", "provider_id": PROVIDER, "kind": kind,
                "ref": cells[self.id], "merchant_id": store or PROVIDER, "terminal_id": terminal,
                "gross_minor": gross, "fee_minor": fee, "net_minor": gross - fee,
                "currency": currency, "cleared_at": at,
                "payout_id": self._cell(cells, self.deposit) or None, "status": "settled",
                "store_id": store,
            },
            line,
        )  # fmt: skip
        self.out.add(
            "sales",
            {
                "sale_id": f"{PROVIDER}:{own}" + ("" if kind == "sale" else "-refund"),
                "kind": kind,
                "original_sale_id": None if kind == "sale" else f"{PROVIDER}:{own}",
                "merchant_id": store or PROVIDER, "store_id": store, "terminal_id": terminal,
                "provider_id": PROVIDER, "channel": "card",
                "card_type": self._cell(cells, self.card) or None, "amount_minor": abs(gross),
                "currency": currency, "captured_at": at, "host_at": at, "rrn": cells[self.id],
                "recorded_by": RECORDED_BY,
            },
            line,
        )  # fmt: skip

    def finish(self) -> None:
        """Nothing is left to do: the export states no totals."""
