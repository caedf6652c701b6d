"""PayPal's activity download: every movement of the balance, in the language of the account.

Rules kept here:

- Columns are found by their names in seven languages; decimals are written 1,234.56 or 1.234,56,
  as the file's own amounts show, else as the header's language has it.
- Gross + fee = net (the fee is negative when it is kept). Where a row's own three disagree, its net
  is what moves, and a warning tells all three.
- Only completed rows move money: pending ones are held, denied ones rejected. A pending withdrawal
  has left the balance and is on its way, so it is sent; the bank gets its gross. Rows that are
  marked as a memo, or that tell of an invoice, an order or an authorisation, are left out.
- 03/04/2026 is read by what the file's other dates say; where none says it, so that they lie in
  one month, else day first in every language but English, and in English by the account's time
  zone, with a warning.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daozhang.formats._balances import RunningBalance
from daozhang.formats._bills import RECORDED_BY
from daozhang.formats._day_order import DayOrder
from daozhang.formats._lines import LineIds
from daozhang.formats._paypal_codes import CONVERSION, NO_MONEY, pays_out
from daozhang.formats._paypal_codes import kind_of as kind_of_code
from daozhang.formats._paypal_words import (
    COLUMNS,
    ENGLISH,
    MEMO,
    PERSONAL,
    STATUSES,
    header_sets,
    kind_of,
    languages_of,
)
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._values import Amounts, Moments, currency_code
from daozhang.formats._zones import zone_named
from daozhang.formats.privacy import truncate_cards
from daozhang.formats.tables import Head, TableReader
from daozhang.money import format_minor

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Options

__all__ = ["PaypalActivityReader"]

PROVIDER: Final = "paypal"
# A row gets an empty cell at its end, so that a column that the file lacks is empty everywhere.
_NONE: Final = -1
_WAITING_MAX: Final = 20_000
# One or two digits behind the last mark are decimals, whatever stands before and behind them.
_DECIMALS: Final = re.compile(r"([.,])\d{1,2}[^\d.,]*$", re.ASCII)
_PLAIN_TIME: Final = re.compile(r"(\d{1,2}):(\d\d)(?::(\d\d))?", re.ASCII)
_SLASHED: Final = re.compile(r"(\d{1,2})\D(\d{1,2})\D\d+", re.ASCII)
_DAYS_MIN: Final = 3
_CODE: Final = re.compile(r"T\d{4}", re.ASCII)
_CLOCKS: Final = ("%I:%M:%S %p", "%I:%M %p")
_AMERICAN: Final = re.compile(
    r"[PMCE][SD]T|America/(New_York|Chicago|Denver|Los_Angeles|Phoenix|Detroit|Anchorage|Boise)"
    r"|US/\w+|Pacific/Honolulu",
    re.ASCII,
)


class PaypalActivityReader(TableReader):
    """Reads activity downloads, and the monthly statements as CSV."""

    name = "paypal_activity"
    title = "PayPal, activity download"
    headers = header_sets()

    def open(self, head: Head, options: Options, out: Collector) -> _Body:
        """Return what takes the rows.

        Raises:
            RowError: a column is missing.
        """
        return _Body(head, options, out)


class _Body:
    """The rows of one download."""

    def __init__(self, head: Head, options: Options, out: Collector) -> None:
        self.out = out
        self.zone: dt.tzinfo = ZoneInfo(options.timezone)

        def words(name: str) -> list[str]:
            known = [word for language in COLUMNS[name] for word in language]
            return [*known, PERSONAL[name]] if name in PERSONAL else known

        def place(name: str) -> int:
            found = head.place(*words(name))
            return _NONE if found is None else found

        def need(name: str) -> int:
            return head.need(*words(name))

        self.date, self.time, self.time_zone = need("date"), place("time"), place("zone")
        self.currency, self.id = need("currency"), need("id")
        self.gross, self.fee, self.net = need("gross"), need("fee"), need("net")
        self.type, self.status = place("type"), place("status")
        self.reference, self.invoice = place("reference"), place("invoice")
        self.after, self.impact = place("balance"), place("impact")
        code = head.place("Transaction Event Code")
        self.code = _NONE if code is None else code
        self.width = 1 + max(self.date, self.currency, self.id, self.gross, self.fee, self.net)
        self.full = len(head.header)
        self.english = ENGLISH in languages_of(head.header)
        self.comma: bool | None = None
        self.order = DayOrder()
        self.waiting: list[tuple[int, list[str]]] = []
        self.moments: dict[tuple[str, bool], Moments] = {}
        self.amounts: dict[tuple[str, bool], Amounts] = {}
        self.balances: dict[str, RunningBalance] = {}
        self.ids = LineIds()
        self.seen: Counter[str] = Counter()
        self.failed = False

    def row(self, line: int, cells: list[str]) -> None:
        """Take one movement, or keep it until the order of days and months is known.

        Raises:
            RowError: the row cannot be taken.
        """
        values = [cell.strip(BLANK_CHARS) for cell in cells]
        if len(values) < self.width:
            self.failed = True
            raise RowError(
                "row_short", f"the row has {len(values)} cells, at least {self.width} are needed"
            )
        values += [""] * (1 + max(self.full - len(values), 0))
        if self.comma is None:
            marks = map(_DECIMALS.search, (values[self.net], values[self.gross], values[self.fee]))
            self.comma = next((mark[1] == "," for mark in marks if mark), None)
        if not self.order.known and not self.order.look(values[self.date]):
            self.waiting.append((line, values))
            if len(self.waiting) > _WAITING_MAX:
                self._guess()
            return
        if self.waiting:
            self._release()
        self._take(line, values)

    def _guess(self) -> None:
        """Decide the order of day and month by what lies close, the language or the time zone."""
        zone = self.waiting[0][1][self.time_zone]
        american = self.english and _AMERICAN.fullmatch(zone) is not None
        near = _day_first(cells[self.date] for _, cells in self.waiting)
        day_first = near if near is not None else not american
        self.order.settle(day_first=day_first)
        if self.english or near is False:
            said = "day first" if day_first else "month first"
            why = (
                f"the time zone {zone or 'unknown'!r} has it" if near is None
                else "they would be months apart otherwise"
            )  # fmt: skip
            self.out.warn(
                self.waiting[0][0], "date_order_assumed",
                "no date in the file says whether days or months come first; they are read "
                f"{said}, as {why}: check one of them",
            )  # fmt: skip
        self._release()

    def _release(self) -> None:
        """Take the rows that waited."""
        waiting, self.waiting = self.waiting, []
        for line, values in waiting:
            try:
                self._take(line, values)
            except RowError as error:
                self.out.error(line, error.code, f"{error}; the row was left out")

    def _take(self, line: int, cells: list[str]) -> None:
        try:
            self._movement(line, cells)
        except RowError:
            self.failed = True
            raise

    # Values.

    def _of(self, currency: str) -> Amounts:
        comma = self.comma if self.comma is not None else not self.english
        amounts = self.amounts.get((currency, comma))
        if amounts is None:
            decimal, group = (",", ".") if comma else (".", ",")
            amounts = Amounts(currency_code(currency), decimal=decimal, group=group)
            self.amounts[currency, comma] = amounts
        return amounts

    def _moment(self, cells: list[str]) -> dt.datetime:
        zone = cells[self.time_zone]
        key = zone, self.order.day_first
        moments = self.moments.get(key)
        if moments is None:
            found = zone_named(zone, self.zone) if zone else self.zone
            timed = (f"{form} {clock}" for form in self.order.forms for clock in _CLOCKS)
            moments = self.moments[key] = Moments(found, *self.order.forms, *timed)
        time = cells[self.time]
        plain = _PLAIN_TIME.fullmatch(time)
        if plain is None:
            return moments.instant(f"{cells[self.date]} {time}".strip())
        hour, minute, second = plain.groups("0")
        day = moments(cells[self.date])
        try:
            return dt.datetime(
                day.year, day.month, day.day, int(hour), int(minute), int(second),
                tzinfo=moments.zone,
            )  # fmt: skip
        except ValueError:
            raise RowError("date_unreadable", f"{time[:20]!r} is no time of day") from None

    # Rows.

    def _movement(self, line: int, cells: list[str]) -> None:
        if cells[self.impact].lower() in MEMO:
            return
        type_ = cells[self.type]
        amounts = self._of(cells[self.currency])
        currency = amounts.currency
        gross, kept, net = (amounts(cells[p]) for p in (self.gross, self.fee, self.net))
        code = cells[self.code]
        kind = _kind_of_code(code, gross) if _CODE.fullmatch(code) else kind_of(type_, gross)
        if kind is None:
            return
        fee = -kept
        if gross - fee != net:
            told = [format_minor(n, currency) for n in (gross, kept, net)]
            self.out.warn(
                line, "net_differs",
                f"gross {told[0]} and fee {told[1]} do not come to net {told[2]}: the net is taken "
                "as what moves, and the rest as the fee",
            )  # fmt: skip
            fee = gross - net
        at = self._moment(cells)
        status = STATUSES.get(cells[self.status].lower(), "settled")
        money = gross, fee, net, currency
        if kind == "payout":
            moved = self._payout(line, cells, (type_, status), money, at)
        else:
            moved = status == "settled"
            self._line(line, cells, (kind, status), money, at)
        after = cells[self.after]
        if moved and after:
            balance = self.balances.get(currency)
            if balance is None:
                balance = self.balances[currency] = RunningBalance(currency)
            balance.add(line, net, amounts(after))

    def _payout(
        self,
        line: int,
        cells: list[str],
        what: tuple[str, str],
        money: tuple[int, int, int, str],
        at: dt.datetime,
    ) -> bool:
        """Add a withdrawal; say whether it moved the balance."""
        (type_, status), (gross, fee, _, currency) = what, money
        own = self._own(cells, gross, at)
        # A withdrawal that came back refers to the one that was sent.
        back = gross > 0
        sent = status != "rejected" and not back
        said = cells[self.status] if not back else type_
        self.out.add(
            "payouts",
            {
                "payout_id": (cells[self.reference] or own) if back else own,
                "provider_id": PROVIDER, "net_minor": abs(gross), "currency": currency,
                "paid_out_at": at, "status": "sent" if sent else "returned",
                "reason": None if sent else truncate_cards(said or type_),
            },
            line,
        )  # fmt: skip
        if fee and sent:
            # The bank gets the gross; what the transfer cost is a line of its own.
            self._line(line, cells, ("fee", "settled"), (-fee, 0, -fee, currency), at)
        return status != "rejected"

    def _own(self, cells: list[str], gross: int, at: dt.datetime) -> str:
        """Return the movement's id; one is made where the file has none."""
        own = cells[self.id]
        if own:
            return own
        return self.ids.next_id(PROVIDER, at.isoformat(), gross, cells[self.type])

    def _line(
        self,
        line: int,
        cells: list[str],
        what: tuple[str, str],
        money: tuple[int, int, int, str],
        at: dt.datetime,
    ) -> None:
        (kind, status), (gross, fee, net, currency) = what, money
        own, invoice = self._own(cells, gross, at), cells[self.invoice]
        reference = cells[self.reference]
        if kind == "reserve":
            kind = "reserve_hold" if net < 0 else "reserve_release"
        ref: str | None = invoice or (reference if kind != "sale" and reference else own)
        if kind == "conversion":
            # It moves balance between currencies and is no part of the sale that it names.
            kind, ref = "adjustment", None
        self.seen[own] += 1
        if self.seen[own] > 1:
            own = f"{own}-{self.seen[own]}"
        self.out.add(
            "settlements",
            {
                "line_id": own, "provider_id": PROVIDER, "kind": kind, "ref": ref,
                "merchant_id": PROVIDER, "terminal_id": PROVIDER, "gross_minor": gross,
                "fee_minor": fee, "net_minor": net, "currency": currency, "cleared_at": at,
                "status": status,
                "reason": None if status == "settled"
                else truncate_cards(cells[self.status]),
            },
            line,
        )  # fmt: skip
        if kind in {"sale", "refund"} and status == "settled":
            self.out.add(
                "sales",
                {
                    "sale_id": f"{PROVIDER}:{own}", "kind": kind,
                    "original_sale_id": f"{PROVIDER}:{reference}"
                    if kind == "refund" and reference else None,
                    "merchant_id": PROVIDER, "terminal_id": PROVIDER, "provider_id": PROVIDER,
                    "channel": "paypal", "amount_minor": abs(gross), "currency": currency,
                    "captured_at": at, "host_at": at, "rrn": ref, "recorded_by": RECORDED_BY,
                },
                line,
            )  # fmt: skip

    def finish(self) -> None:
        """Take the rows that still wait, and check the running balances."""
        if self.waiting:
            self._guess()
        if not self.failed:
            for balance in self.balances.values():
                balance.check(self.out)


def _kind_of_code(code: str, gross: int) -> str | None:
    """Return what :func:`kind_of` would, by the event code that some downloads have."""
    if code[:3] in NO_MONEY:
        return None
    if pays_out(code):
        return "payout"
    return "conversion" if code.startswith(CONVERSION) else kind_of_code(code, gross)


def _day_first(dates: Iterable[str]) -> bool | None:
    """Say whether days come first, by what changes from date to date; None: that says nothing.

    Several days of one month are likelier than one day of several months.
    """
    found = [match.groups() for match in map(_SLASHED.fullmatch, dates) if match]
    firsts, seconds = ({pair[n] for pair in found} for n in (0, 1))
    if len(firsts) >= _DAYS_MIN and len(seconds) == 1:
        return True
    if len(seconds) >= _DAYS_MIN and len(firsts) == 1:
        return False
    return None
