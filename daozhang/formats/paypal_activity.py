"""PayPal's activity download: every movement of the balance, in the language of the account.

Rules kept here:

- Columns are found by their names in seven languages; decimals are written 1,234.56 or 1.234,56.
- Gross + fee = net (the fee is negative when it is kept). Where a row's own three disagree, its net
  is what moves, and a warning tells all three.
- Only completed rows move money: pending ones are held, denied ones rejected. Rows that are marked
  as a memo move none and are left out.
- 03/04/2026 is read by what the file's other dates say; where none says it, by the account's time
  zone, with a warning.
"""

from __future__ import annotations

import datetime as dt
import re
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daozhang.formats._balances import RunningBalance
from daozhang.formats._bills import RECORDED_BY
from daozhang.formats._day_order import DayOrder
from daozhang.formats._paypal_words import COLUMNS, MEMO, STATUSES, kind_of
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._values import Amounts, Moments, currency_code
from daozhang.formats._zones import zone_named
from daozhang.formats.profiles import normal_header
from daozhang.formats.tables import Head, TableReader
from daozhang.money import format_minor

if TYPE_CHECKING:
    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Options

__all__ = ["PaypalActivityReader"]

PROVIDER: Final = "paypal"
_WAITING_MAX: Final = 20_000
_COMMA_DECIMALS: Final = re.compile(r"[^,]*,\d{1,2}")


def _headers() -> tuple[frozenset[str], ...]:
    """Return the header sets of each language: date, currency, gross, fee, net, id."""
    needed = ("date", "currency", "gross", "fee", "net", "id")
    found = set()
    for language in range(len(COLUMNS["date"])):
        choices = [COLUMNS[name][language] for name in needed]
        sets: list[tuple[str, ...]] = [()]
        for names in choices:
            sets = [(*have, normal_header(name)) for have in sets for name in names]
        found |= {frozenset(cells) for cells in sets}
    return tuple(sorted(found, key=sorted))


class PaypalActivityReader(TableReader):
    """Reads activity downloads, and the monthly statements as CSV."""

    name = "paypal_activity"
    title = "PayPal, activity download"
    headers = _headers()

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

        def place(name: str) -> int | None:
            return head.place(*(word for words in COLUMNS[name] for word in words))

        def need(name: str) -> int:
            return head.need(*(word for words in COLUMNS[name] for word in words))

        self.date, self.time, self.time_zone = need("date"), place("time"), place("zone")
        self.currency, self.id = need("currency"), need("id")
        self.gross, self.fee, self.net = need("gross"), need("fee"), need("net")
        self.type, self.status = place("type"), place("status")
        self.reference, self.invoice = place("reference"), place("invoice")
        self.after, self.impact = place("balance"), place("impact")
        self.width = 1 + max(self.date, self.currency, self.id, self.gross, self.fee, self.net)
        self.order = DayOrder()
        self.waiting: list[tuple[int, list[str]]] = []
        self.moments: dict[tuple[str, bool], Moments] = {}
        self.amounts: dict[tuple[str, bool], Amounts] = {}
        self.balances: dict[str, RunningBalance] = {}
        self.comma = False
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
        if _COMMA_DECIMALS.fullmatch(values[self.gross].lstrip("-")):
            self.comma = True
        if not self.order.known and not self.order.look(values[self.date]):
            self.waiting.append((line, values))
            if len(self.waiting) > _WAITING_MAX:
                self._guess()
            return
        self._release()
        self._take(line, values)

    def _guess(self) -> None:
        """Decide the order of day and month by the account's time zone."""
        zone = self._cell(self.waiting[0][1], self.time_zone) if self.waiting else ""
        american = zone[:1] in {"P", "M", "C", "E"} and zone[1:] in {"ST", "DT"}
        self.order.settle(day_first=not american)
        said = "month first" if american else "day first"
        self.out.warn(
            self.waiting[0][0], "date_order_assumed",
            f"no date in the file says whether days or months come first; they are read {said}, "
            f"as the time zone {zone or 'unknown'!r} has it: check one of them",
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

    @staticmethod
    def _cell(cells: list[str], place: int | None) -> str:
        return cells[place] if place is not None and place < len(cells) else ""

    def _take(self, line: int, cells: list[str]) -> None:
        try:
            self._movement(line, cells)
        except RowError:
            self.failed = True
            raise

    def _of(self, currency: str) -> Amounts:
        key = currency, self.comma
        amounts = self.amounts.get(key)
        if amounts is None:
            decimal, group = (",", ".") if self.comma else (".", ",")
            made = Amounts(currency_code(currency), decimal=decimal, group=group)
            amounts = self.amounts[key] = made
        return amounts

    def _moment(self, cells: list[str]) -> dt.datetime:
        zone = self._cell(cells, self.time_zone)
        key = zone, self.order.day_first
        moments = self.moments.get(key)
        if moments is None:
            found = zone_named(zone) if zone else self.zone
            timed = (f"{form} {clock}" for form in self.order.forms for clock in _CLOCKS)
            moments = self.moments[key] = Moments(found, *timed, *self.order.forms)
        time = self._cell(cells, self.time)
        return moments.instant(f"{cells[self.date]} {time}".strip())

    def _movement(self, line: int, cells: list[str]) -> None:
        if self._cell(cells, self.impact).lower() in MEMO:
            return
        amounts = self._of(cells[self.currency])
        currency = amounts.currency
        gross, kept, net = (amounts(cells[p]) for p in (self.gross, self.fee, self.net))
        fee = -kept
        if gross - fee != net:
            told = (format_minor(n, currency) for n in (gross, kept, net))
            self.out.warn(
                line, "net_differs",
                "gross {} and fee {} do not come to net {}: the net is taken as what moves, and "
                "the rest as the fee".format(*told),
            )  # fmt: skip
            fee = gross - net
        at = self._moment(cells)
        status = STATUSES.get(self._cell(cells, self.status).lower(), "settled")
        type_ = self._cell(cells, self.type)
        reference = self._cell(cells, self.reference)
        kind = kind_of(type_, gross, refers=bool(reference))
        if kind == "payout":
            standing = {"settled": "sent", "held": "held", "rejected": "returned"}[status]
            self.out.add(
                "payouts",
                {
                    "payout_id": cells[self.id], "provider_id": PROVIDER,
                    "net_minor": abs(net), "currency": currency, "paid_out_at": at,
                    "status": standing if gross < 0 else "returned",
                    "reason": None if standing == "sent" and gross < 0 else type_,
                },
                line,
            )  # fmt: skip
        else:
            self._line(line, cells, (kind, status, reference), (gross, fee, net, currency), at)
        after = self._cell(cells, self.after)
        if status == "settled" and after:
            balance = self.balances.get(currency)
            if balance is None:
                balance = self.balances[currency] = RunningBalance(currency)
            balance.add(line, net, amounts(after))

    def _line(
        self,
        line: int,
        cells: list[str],
        what: tuple[str, str, str],
        money: tuple[int, int, int, str],
        at: dt.datetime,
    ) -> None:
        (kind, status, reference), (gross, fee, net, currency) = what, money
        own, invoice = cells[self.id], self._cell(cells, self.invoice)
        if not own:
            raise RowError("value_missing", "the row has no transaction id")
        if kind == "reserve":
            kind = "reserve_hold" if net < 0 else "reserve_release"
        ref = invoice or (reference if kind != "sale" and reference else own)
        self.out.add(
            "settlements",
            {
                "line_id": f"{own}-{currency}", "provider_id": PROVIDER, "kind": kind, "ref": ref,
                "merchant_id": PROVIDER, "terminal_id": PROVIDER, "gross_minor": gross,
                "fee_minor": fee, "net_minor": net, "currency": currency, "cleared_at": at,
                "status": status,
                "reason": None if status == "settled" else self._cell(cells, self.status),
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


_CLOCKS: Final = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p")
