"""PayPal's settlement report (STL): sections of a file that banks' systems fetch by SFTP.

Rules kept here (developer.paypal.com, settlement report specification):

- Records begin with their kind: RH FH SH CH SB SF SC RF RC FF. CH is the header of the SB rows.
- Amounts have no sign and no decimal mark, in the currency's smallest unit; ``DR`` and ``CR``
  beside them say which way. A fee that is ``DR`` is kept.
- The first digits of the event code are its kind: T00 payment, T01 fee, T04 withdrawal to a bank,
  T11 refund or reversal, T12 chargeback, T15 and T21 holds.
- A section's footer states the sums of gross and fee; SC and RC count rows.
"""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from daozhang.formats._bills import RECORDED_BY
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._values import Moments, currency_code
from daozhang.formats.profiles import normal_header
from daozhang.formats.tables import Head, TableReader
from daozhang.money import format_minor

if TYPE_CHECKING:
    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Options

__all__ = ["PaypalSettlementReader"]

PROVIDER: Final = "paypal"
_WITHDRAWAL: Final = "T04"
_AMOUNT_DIGITS_MAX: Final = 15


class PaypalSettlementReader(TableReader):
    """Reads settlement reports of every version."""

    name = "paypal_settlement"
    title = "PayPal, settlement report (STL)"
    headers = (
        frozenset(
            map(
                normal_header,
                (
                    "Transaction ID", "Transaction Event Code", "Gross Transaction Amount",
                    "Gross Transaction Currency", "Fee Amount",
                ),
            )
        ),
    )  # fmt: skip

    def open(self, head: Head, options: Options, out: Collector) -> _Body:
        """Return what takes the rows.

        Raises:
            RowError: a column is missing.
        """
        return _Body(head, out)


class _Body:
    """The records of one file."""

    def __init__(self, head: Head, out: Collector) -> None:
        self.out = out
        self.moments = Moments(dt.UTC, "%Y/%m/%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S %z")
        need, place = head.need, head.place
        # Some files leave the record's kind out of the rows under the header.
        self.tagged = head.header[0] == "ch"
        self.id, self.code = need("Transaction ID"), need("Transaction Event Code")
        self.gross, self.currency = (
            need("Gross Transaction Amount"), need("Gross Transaction Currency"),
        )  # fmt: skip
        self.way = place("Transaction Debit or Credit", "Transaction  Debit or Credit")
        self.fee, self.fee_way = need("Fee Amount"), place("Fee Debit or Credit")
        self.begun, self.done = (
            place("Transaction Initiation Date"), place("Transaction Completion Date"),
        )  # fmt: skip
        self.invoice, self.reference = place("Invoice ID"), place("PayPal Reference ID")
        self.custom, self.store = place("Custom Field"), place("Store ID")
        self.terminal = place("Terminal ID")
        self.width = 1 + max(self.id, self.code, self.gross, self.currency, self.fee)
        self.account = _account(head.preamble)
        self.sums: dict[str, list[int]] = {}
        self.rows = 0
        self.failed = False

    def row(self, line: int, cells: list[str]) -> None:
        """Take one record.

        Raises:
            RowError: a row of the body cannot be taken.
        """
        values = [cell.strip(BLANK_CHARS) for cell in cells]
        tag = values[0].upper() if self.tagged else "SB"
        if tag == "SB":
            self.rows += 1
            try:
                self._body(line, values)
            except RowError:
                self.failed = True
                raise
        elif tag == "SF":
            self._footer(line, values)
        elif tag == "SC":
            self._count(line, values)
        elif tag == "SH":
            self.account = values[3] if len(values) > 3 else self.account  # noqa: PLR2004
            self.sums.clear()
            self.rows = 0
        elif tag not in {"CH", "RF", "RC", "FF", "RH", "FH"}:
            raise RowError(
                "record_unknown",
                f"the record begins {tag[:10]!r}; known are RH FH SH CH SB SF SC RF RC FF",
            )

    @staticmethod
    def _cell(cells: list[str], place: int | None) -> str:
        return cells[place] if place is not None and place < len(cells) else ""

    def _units(self, text: str, way: str) -> int:
        plain = text.removeprefix("-").replace(".00", "") if text.startswith("-") else text
        if not plain:
            return 0
        if not (plain.isascii() and plain.isdigit()) or len(plain) > _AMOUNT_DIGITS_MAX:
            raise RowError(
                "amount_unreadable",
                f"the amount cannot be taken: {text[:40]!r} is no whole number of the smallest "
                "unit",
            )
        return -int(plain) if way.upper() == "DR" or text.startswith("-") else int(plain)

    def _body(self, line: int, cells: list[str]) -> None:
        if len(cells) < self.width:
            raise RowError(
                "row_short", f"the row has {len(cells)} cells, at least {self.width} are needed"
            )
        currency = currency_code(cells[self.currency])
        gross = self._units(cells[self.gross], self._cell(cells, self.way))
        # A fee is a debit: what is kept from us is positive in our tables.
        fee = -self._units(cells[self.fee], self._cell(cells, self.fee_way) or "DR")
        code = cells[self.code].upper()
        when = self._cell(cells, self.done) or self._cell(cells, self.begun)
        at = self.moments.instant(when)
        sums = self.sums.setdefault(currency, [0, 0, 0, 0])
        sums[0 if gross >= 0 else 1] += abs(gross)
        sums[2 if fee < 0 else 3] += abs(fee)
        if code.startswith(_WITHDRAWAL):
            self.out.add(
                "payouts",
                {
                    "payout_id": cells[self.id], "provider_id": PROVIDER,
                    "merchant_id": self.account, "net_minor": abs(gross - fee),
                    "currency": currency, "paid_out_at": at,
                    "status": "sent" if gross < 0 else "returned",
                    "reason": None if gross < 0 else f"{code}: the withdrawal came back",
                },
                line,
            )  # fmt: skip
            return
        self._line(line, cells, code, (gross, fee, currency), at)

    def _line(
        self,
        line: int,
        cells: list[str],
        code: str,
        money: tuple[int, int, str],
        at: dt.datetime,
    ) -> None:
        gross, fee, currency = money
        kind = _kind(code, gross)
        invoice, own = self._cell(cells, self.invoice), cells[self.id]
        original = self._cell(cells, self.reference)
        store = self._cell(cells, self.store) or None
        terminal = self._cell(cells, self.terminal) or store or self.account
        ref = invoice or (original if kind != "sale" and original else own)
        self.out.add(
            "settlements",
            {
                "line_id": f"{own}-{code}", "provider_id": PROVIDER, "kind": kind,
                "ref": ref or None, "merchant_id": self.account, "terminal_id": terminal,
                "gross_minor": gross, "fee_minor": fee, "net_minor": gross - fee,
                "currency": currency, "cleared_at": at, "status": "settled", "store_id": store,
            },
            line,
        )  # fmt: skip
        if kind in {"sale", "refund"}:
            begun = self._cell(cells, self.begun)
            self.out.add(
                "sales",
                {
                    "sale_id": f"{PROVIDER}:{own}", "kind": kind,
                    "original_sale_id": f"{PROVIDER}:{original}"
                    if kind == "refund" and original else None,
                    "merchant_id": self.account, "store_id": store, "terminal_id": terminal,
                    "provider_id": PROVIDER, "channel": "paypal", "amount_minor": abs(gross),
                    "currency": currency,
                    "captured_at": self.moments.instant(begun) if begun else at, "host_at": at,
                    "rrn": ref or None, "recorded_by": RECORDED_BY,
                },
                line,
            )  # fmt: skip

    def _footer(self, line: int, cells: list[str]) -> None:
        """Compare a section's sums: gross credits and debits, fee credits and debits."""
        if self.failed or len(cells) < 6:  # noqa: PLR2004 (SF, currency and four sums)
            return
        rows = self.sums.get(cells[1].upper(), [0, 0, 0, 0])
        names = ("gross credits", "gross debits", "fee credits", "fee debits")
        for name, units, text in zip(names, rows, cells[2:6], strict=True):
            if text.isascii() and text.isdigit() and int(text) != units:
                currency = cells[1].upper()
                self.out.warn(
                    line, "total_mismatch",
                    f"the rows sum to {_shown(units, currency)} of {name}, the file states "
                    f"{_shown(int(text), currency)}: rows may be missing; fetch the file again",
                )  # fmt: skip

    def _count(self, line: int, cells: list[str]) -> None:
        if len(cells) > 1 and cells[1].isdigit() and int(cells[1]) != self.rows:
            self.out.warn(
                line, "total_mismatch",
                f"the section has {self.rows} rows, the file states {cells[1]}: rows may be "
                "missing; fetch the file again",
            )  # fmt: skip

    def finish(self) -> None:
        """Nothing is left to do: the sections' footers were compared as they came."""


def _account(preamble: list[str]) -> str:
    """Return the account of the section header above the table."""
    for text in reversed(preamble):
        cells = text.replace('"', "").split(",")
        if cells[0].strip().upper() in {"SH", "RH"} and len(cells) > 3 and cells[3].strip():  # noqa: PLR2004
            return cells[3].strip()
    return PROVIDER


def _kind(code: str, gross: int) -> str:
    prefix = code[:3]
    if prefix == "T00":
        return "sale" if gross >= 0 else "adjustment"
    if prefix == "T01":
        return "fee"
    if prefix == "T11":
        return "refund"
    if prefix == "T12":
        return "chargeback" if gross < 0 else "chargeback_reversal"
    if prefix in {"T15", "T21"}:
        return "reserve_hold" if gross < 0 else "reserve_release"
    return "adjustment"


def _shown(units: int, currency: str) -> str:
    try:
        return format_minor(units, currency)
    except ValueError:
        return f"{units} {currency[:3]}"
