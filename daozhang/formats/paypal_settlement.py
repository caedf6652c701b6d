"""PayPal's settlement report (STL) and transaction detail report (TRR), fetched by SFTP.

Rules kept here (developer.paypal.com, settlement and transaction detail report specifications):

- Records begin with their kind: RH FH SH CH SB SF SC RF RC FF. CH names the columns of the SB
  rows under it and may change from section to section. A day without movements has no CH.
- Amounts have no sign and no decimal mark, in the currency's smallest unit; ``DR`` and ``CR``
  beside them say which way. A fee that is ``DR`` is kept.
- Withdrawals to a bank (T04) are payouts; one that comes back is the same payout, returned.
- SF states a section's sums and its balances before and after, SC its rows; RF and RC the same
  for a report of several sections, which may have more files.
- Of a detail report only successful rows (S, V) move money: pending ones are held, denied ones
  rejected.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from daozhang.formats._bills import RECORDED_BY
from daozhang.formats._lines import LineIds
from daozhang.formats._paypal_codes import CONVERSION, HOLDS, NO_MONEY, Scale, kind_of, pays_out
from daozhang.formats._paypal_totals import Totals, count_differs
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._values import Moments, currency_code
from daozhang.formats.base import Fit
from daozhang.formats.profiles import normal_header
from daozhang.formats.tables import Head, Preview, TableReader, cell_at, header_set

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Options

__all__ = ["PaypalSettlementReader"]

PROVIDER: Final = "paypal"
_TAGS: Final = frozenset({"RH", "FH", "SH", "CH", "SB", "SF", "SC", "RF", "RC", "FF"})
_FOOTERS: Final = frozenset({"SF", "SC", "RF", "RC", "FF"})
_AMOUNT_DIGITS_MAX: Final = 15
_WAITING_MAX: Final = 20_000
_STANDINGS: Final = {"P": ("held", "pending"), "D": ("rejected", "denied")}
_SETTLED: Final = ("settled", None)
_NEEDED: Final = (
    "Transaction ID", "Transaction Event Code", "Gross Transaction Amount",
    "Gross Transaction Currency", "Fee Amount",
)  # fmt: skip


def _tag(row: Sequence[str]) -> str:
    return row[0].strip(BLANK_CHARS).upper() if row else ""


def _begins(row: Sequence[str]) -> bool:
    """Say whether a row is a dated RH or SH record."""
    return _tag(row) in {"RH", "SH"} and len(row) > 3 and row[1].strip()[:4].isdigit()  # noqa: PLR2004


class PaypalSettlementReader(TableReader):
    """Reads settlement and transaction detail reports of every version."""

    name = "paypal_settlement"
    title = "PayPal, settlement or transaction detail report (STL, TRR)"
    headers = (header_set(*_NEEDED),)

    def match(self, found: Preview) -> tuple[Fit, frozenset[str]]:
        """Return YES for records under a fitting CH, or for a day without movements."""
        for _, rows in found.tables:
            held = [self._held([normal_header(c) for c in r]) for r in rows]
            if any(held):
                return Fit.YES, max(held, key=len)
            tags = {_tag(row) for row in rows}
            if "CH" not in tags and tags & _FOOTERS and any(map(_begins, rows)):
                return Fit.YES, self.headers[0]
        return Fit.NO, frozenset()

    def header_of(self, row: Sequence[str]) -> list[str] | None:
        """Return the normal cells of the first record, or of a header without kinds."""
        cells = [normal_header(cell) for cell in row]
        return cells if _begins(row) or self._held(cells) else None

    def first_row(self, row: list[str]) -> list[str] | None:
        """Return the record that the table begins with; None: a header without kinds."""
        return row if _tag(row) in _TAGS else None

    def open(self, head: Head, options: Options, out: Collector) -> _Body:
        """Return what takes the records.

        Raises:
            RowError: a column is missing.
        """
        return _Body(head, out)


class _Columns:
    """Where the columns of one CH stand."""

    def __init__(self, head: Head) -> None:
        need, place = head.need, head.place
        self.id, self.code = need("Transaction ID"), need("Transaction Event Code")
        self.gross, self.currency = (
            need("Gross Transaction Amount"), need("Gross Transaction Currency"),
        )  # fmt: skip
        self.way = place("Transaction Debit or Credit")
        self.fee, self.fee_way = need("Fee Amount"), place("Fee Debit or Credit")
        self.begun, self.done = (
            place("Transaction Initiation Date"), place("Transaction Completion Date"),
        )  # fmt: skip
        self.invoice, self.reference = place("Invoice ID"), place("PayPal Reference ID")
        self.reference_type = place("PayPal Reference ID Type")
        self.store, self.terminal = place("Store ID"), place("Terminal ID")
        self.standing = place("Transactional Status")
        self.width = 1 + max(self.id, self.code, self.gross, self.currency, self.fee)


@dataclass(slots=True)
class _Record:
    """One SB row that was read so far; money in the report's units, signed."""

    line: int
    cells: list[str]
    columns: _Columns
    account: str
    code: str
    gross: int
    fee: int
    at: dt.datetime


@dataclass(slots=True)
class _Section:
    """What one section holds and states."""

    totals: Totals = field(default_factory=Totals)
    period: tuple[dt.datetime, dt.datetime, int] | None = None
    counted: bool = False
    sound: bool = True


class _Body:
    """The records of one file."""

    def __init__(self, head: Head, out: Collector) -> None:
        self.out = out
        self.file = head.file
        self.tagged = head.header[0].upper() in _TAGS
        self.columns = None if self.tagged else _Columns(head)
        self.moments = Moments(dt.UTC, "%Y/%m/%d %H:%M:%S %z", "%Y-%m-%d %H:%M:%S %z")
        self.zones: dict[str, dt.timezone] = {}
        self.account = PROVIDER
        self.number, self.sections = 1, 0
        self.section = _Section()
        self.report = Totals()
        self.periods: dict[tuple[dt.datetime, dt.datetime], tuple[int, bool]] = {}
        self.scales: dict[str, Scale] = {}
        self.waiting: list[_Record] = []
        self.seen: Counter[str] = Counter()
        self.ids = LineIds()
        self.failed = False

    def row(self, line: int, cells: list[str]) -> None:
        """Take one record.

        Raises:
            RowError: it cannot be taken.
        """
        values = [cell.strip(BLANK_CHARS) for cell in cells]
        tag = values[0].upper() if self.tagged else "SB"
        if tag == "SB":
            self.section.totals.rows += 1
            self.report.rows += 1
            try:
                self._body(line, values)
            except RowError:
                self.failed, self.section.sound = True, False
                raise
        elif tag == "SF":
            self._settle()
            if not self.failed and not self.section.totals.check(self.out, line, values):
                self.section.sound = False
        elif tag == "SC":
            self.section.counted = True
            if count_differs(self.out, line, values, self.section.totals.rows, "section"):
                self.section.sound = False
        elif tag in _TAGS:
            self._frame(line, tag, values)
        else:
            raise RowError(
                "record_unknown",
                f"the record begins {tag[:10]!r}; known are RH FH SH CH SB SF SC RF RC FF",
            )

    def _frame(self, line: int, tag: str, values: list[str]) -> None:
        """Take a record that begins or ends something."""
        if tag == "RH":
            self.account = next(filter(None, values[3:4]), self.account)
        elif tag == "FH":
            text = "".join(values[1:2])
            self.number = int(text[:6]) if text.isascii() and text.isdigit() else 1
        elif tag == "SH":
            self._close()
            self.sections += 1
            self.account = next(filter(None, values[3:5]), self.account)
            self.section.period = self._period(line, values)
        elif tag == "CH":
            header = [normal_header(cell) for cell in values]
            self.columns = None
            self.columns = _Columns(Head(header, line, [], self.file))
        elif tag == "RF" and self.number == 1 and self.sections > 1 and not self.failed:
            self.report.check(self.out, line, values)
        elif tag == "RC" and self.number == 1 and self.sections > 1:
            count_differs(self.out, line, values, self.report.rows, "report")

    def _period(self, line: int, values: list[str]) -> tuple[dt.datetime, dt.datetime, int] | None:
        try:
            return self._instant(values[1]), self._instant(values[2]), line
        except (RowError, IndexError):
            return None

    def _close(self) -> None:
        """End a section; one that closes covers its period."""
        section, self.section = self.section, _Section()
        if section.period is None:
            return
        since, until, line = section.period
        kept = self.periods.get((since, until), (line, True))
        sound = section.sound and section.counted
        self.periods[since, until] = kept[0], kept[1] and sound
        if not section.counted:
            self.out.warn(
                line, "summary_missing",
                "the section that begins here has no count of its rows (SC): the file may be cut "
                "off; fetch it again",
            )  # fmt: skip

    # Values.

    @staticmethod
    def _units(text: str, way: str) -> int:
        plain = text.removeprefix("-")
        if not text:
            return 0
        if not (plain.isascii() and plain.isdigit()) or len(plain) > _AMOUNT_DIGITS_MAX:
            raise RowError(
                "amount_unreadable",
                f"the amount cannot be taken: {text[:40]!r} is no whole number of the smallest "
                "unit",
            )
        debit = way[:1].upper() == "D"
        return -int(plain) if debit != text.startswith("-") else int(plain)

    def _instant(self, text: str) -> dt.datetime:
        """Return the instant of ``2026/05/06 10:00:00 -0700``, which every record writes."""
        zone = self.zones.get(text[20:])
        if zone is not None and len(text) == 25:  # noqa: PLR2004 (so many characters it has)
            try:
                return dt.datetime(
                    int(text[:4]), int(text[5:7]), int(text[8:10]), int(text[11:13]),
                    int(text[14:16]), int(text[17:19]), tzinfo=zone,
                )  # fmt: skip
            except ValueError:
                pass
        found = self.moments.instant(text)
        if isinstance(found.tzinfo, dt.timezone):
            self.zones[text[20:]] = found.tzinfo
        return found

    # Rows.

    def _body(self, line: int, cells: list[str]) -> None:
        columns = self.columns
        if columns is None:
            raise RowError("column_missing", "no record CH above names the columns of this one")
        if len(cells) < columns.width:
            raise RowError(
                "row_short", f"the row has {len(cells)} cells, at least {columns.width} are needed"
            )
        currency = currency_code(cells[columns.currency])
        gross = self._units(cells[columns.gross], cell_at(cells, columns.way))
        # A fee is a debit: what is kept from us is positive in our tables.
        fee = -self._units(cells[columns.fee], cell_at(cells, columns.fee_way) or "DR")
        code = cells[columns.code].upper()
        at = self._instant(cell_at(cells, columns.done) or cell_at(cells, columns.begun))
        if columns.standing is None:
            held = code[:3] in HOLDS
            self.section.totals.add(currency, gross, fee, held=held)
            self.report.add(currency, gross, fee, held=held)
        if code[:3] in NO_MONEY:
            return
        record = _Record(line, cells, columns, self.account, code, gross, fee, at)
        scale = self.scales.get(currency)
        if scale is None:
            scale = self.scales[currency] = Scale(currency)
        if scale.decided or scale.look(gross, fee):
            if self.waiting:
                self._release()
            self._take(record, scale)
        else:
            self.waiting.append(record)
            if len(self.waiting) > _WAITING_MAX:
                self._settle()

    def _settle(self) -> None:
        """Decide what the amounts of waiting records mean."""
        for record in self.waiting:
            scale = self.scales[record.cells[record.columns.currency].upper()]
            if not scale.decided:
                scale.settle()
                unit = "whole units" if scale.whole else "hundredths"
                self.out.warn(
                    record.line, "amount_scale_assumed",
                    f"amounts in {scale.currency} are all multiples of 100, so that they may be "
                    f"whole units or hundredths; they are read as {unit}: compare one of them",
                )  # fmt: skip
        self._release()

    def _release(self) -> None:
        """Take the waiting records whose scale is known by now."""
        waiting, self.waiting = self.waiting, []
        for record in waiting:
            scale = self.scales[record.cells[record.columns.currency].upper()]
            if scale.decided:
                self._take(record, scale)
            else:
                self.waiting.append(record)

    def _take(self, record: _Record, scale: Scale) -> None:
        cells, columns = record.cells, record.columns
        gross, fee = scale.minor(record.gross), scale.minor(record.fee)
        own = cells[columns.id]
        if not own:
            text = f"{record.code}|{cell_at(cells, columns.invoice)}"
            own = self.ids.next_id(record.account, record.at.isoformat(), gross, text)
        if pays_out(record.code):
            self._payout(record, own, (gross, fee, scale.currency))
        else:
            self._line(record, own, kind_of(record.code, gross), (gross, fee, scale.currency))

    def _payout(self, record: _Record, own: str, money: tuple[int, int, str]) -> None:
        cells, columns = record.cells, record.columns
        gross, fee, currency = money
        denied = cell_at(cells, columns.standing).upper() == "D"
        back = gross > 0
        self.out.add(
            "payouts",
            {
                "payout_id": (self._original(record) or own) if back else own,
                "provider_id": PROVIDER, "merchant_id": record.account,
                "net_minor": abs(gross), "currency": currency, "paid_out_at": record.at,
                "status": "returned" if back or denied else "sent",
                "reason": f"{record.code}: the withdrawal came back" if back
                else f"{record.code}: denied" if denied else None,
            },
            record.line,
        )  # fmt: skip
        if fee and not denied:
            # The bank gets the gross; what the transfer cost is a line of its own.
            self._line(record, f"{own}-fee", "fee", (-fee, 0, currency))

    def _original(self, record: _Record) -> str:
        """Return the id of the transaction that a record refers to, if it is one."""
        kind = cell_at(record.cells, record.columns.reference_type).upper()
        found = cell_at(record.cells, record.columns.reference)
        return found if kind in {"TXN", ""} else ""

    def _line(self, record: _Record, own: str, kind: str, money: tuple[int, int, str]) -> None:
        cells, columns = record.cells, record.columns
        gross, fee, currency = money
        invoice, original = cell_at(cells, columns.invoice), self._original(record)
        store = cell_at(cells, columns.store) or None
        terminal = cell_at(cells, columns.terminal) or store or record.account
        ref: str | None = invoice or (original if kind != "sale" and original else own)
        if record.code.startswith(CONVERSION):
            # It moves balance between currencies and is no part of the sale that it names.
            ref = None
        standing, why = _STANDINGS.get(cell_at(cells, columns.standing).upper(), _SETTLED)
        self.seen[own] += 1
        if self.seen[own] > 1:
            own = f"{own}-{self.seen[own]}"
        self.out.add(
            "settlements",
            {
                "line_id": own, "provider_id": PROVIDER, "kind": kind, "ref": ref,
                "merchant_id": record.account, "terminal_id": terminal, "gross_minor": gross,
                "fee_minor": fee, "net_minor": gross - fee, "currency": currency,
                "cleared_at": record.at, "status": standing,
                "reason": why,
                "store_id": store,
            },
            record.line,
        )  # fmt: skip
        if kind in {"sale", "refund"} and standing == "settled":
            begun = cell_at(cells, columns.begun)
            self.out.add(
                "sales",
                {
                    "sale_id": f"{PROVIDER}:{own}", "kind": kind,
                    "original_sale_id": f"{PROVIDER}:{original}"
                    if kind == "refund" and original else None,
                    "merchant_id": record.account, "store_id": store, "terminal_id": terminal,
                    "provider_id": PROVIDER, "channel": "paypal", "amount_minor": abs(gross),
                    "currency": currency,
                    "captured_at": self._instant(begun) if begun else record.at,
                    "host_at": record.at, "rrn": ref, "recorded_by": RECORDED_BY,
                },
                record.line,
            )  # fmt: skip

    def finish(self) -> None:
        """Say which periods are covered: those of which every section closed."""
        self._settle()
        self._close()
        for (since, until), (line, sound) in self.periods.items():
            if sound and not self.failed:
                self.out.add(
                    "coverage",
                    {
                        "subject": PROVIDER, "table": "settlements", "from_at": since,
                        "to_at": until,
                    },
                    line,
                )  # fmt: skip
