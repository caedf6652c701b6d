"""UnionPay's merchant files ZM (trades) and ZME (disputes): fixed width, counted in bytes.

Rules kept here (全渠道平台接入接口规范, part 3, 6.1 ZM and 6.2 ZME):

- Every field is followed by one separator. Texts are GBK, in which a character is two bytes, so
  lines are cut as bytes and only then decoded.
- Times are MMDDhhmmss in Beijing; the year is that of the file's name (``INN260506…`` or
  ``…_20260506.zip``), the nearest date to it.
- 商户手续费 and 结算金额 are a sign, C or D, and twelve digits of fen: D is taken from the
  merchant. Amount less fee is the settlement amount, on every row.
- 账号 is a card number and never leaves this module.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daozhang.formats._bills import RECORDED_BY, net_checked
from daozhang.formats._lines import Collector, LineIds
from daozhang.formats._rows import RowError
from daozhang.formats._text import open_bytes
from daozhang.formats._times import with_nearest_year
from daozhang.formats.base import Facts, Fit, Options, Source
from daozhang.formats.limits import FACTS_BATCH_ROWS, LINE_CHARS_MAX

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daozhang.facts import Problem

__all__ = ["UnionpayDisputeReader", "UnionpayReader"]

PROVIDER: Final = "unionpay"
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_NAME_DAY: Final = re.compile(r"INN(\d{6})|_(\d{8})(?=[._/])")
_TRADE_LENGTHS: Final = (
    3, 11, 11, 6, 10, 19, 12, 4, 2, 21, 2, 32, 2, 6, 10, 13, 13, 4, 15, 2, 2, 6, 2, 4, 32, 1, 21,
    15, 1, 15, 32, 13, 13, 8, 32, 13, 13, 12, 2, 1,
)  # fmt: skip
_DISPUTE_LENGTHS: Final = (3, 11, 11, 6, 10, 19, 12, 4, 2, 2, 6, 10, 4, 12, 13, 13, 15)
# 交易类型 (txnType) of the interface, as the kinds of a sale.
_KINDS: Final = {
    "01": "sale", "03": "completion", "04": "refund", "31": "void", "33": "void", "02": "preauth",
    "32": "void",
}  # fmt: skip
# 交易代码 where the type is blank.
_CODES: Final = {
    "S22": "sale", "S30": "refund", "S45": "refund", "S35": "completion", "S21": "sale",
    "S54": "sale", "S83": "sale",
}  # fmt: skip


def _slices(lengths: tuple[int, ...]) -> tuple[slice, ...]:
    found, at = [], 0
    for length in lengths:
        found.append(slice(at, at + length))
        at += length + 1
    return tuple(found)


_TRADE: Final = _slices(_TRADE_LENGTHS)
_DISPUTE: Final = _slices(_DISPUTE_LENGTHS)
_TRADE_MIN: Final = _TRADE[-7].stop
"""A line may end after 终端号: what follows is optional or reserved."""
_DISPUTE_MIN: Final = _DISPUTE[-1].stop
_DISPUTE_MAX: Final = 360


@dataclass(frozen=True, slots=True)
class _Shape:
    """What a line of one of the two files looks like."""

    fields: tuple[slice, ...]
    least: int
    most: int
    signed: tuple[int, ...]

    def fits(self, line: bytes) -> bool:
        """Say whether a line is cut where the layout cuts and holds digits where it must."""
        if not self.least <= len(line) <= self.most:
            return False
        ends = {line[cut.stop : cut.stop + 1] for cut in self.fields[:-1] if cut.stop < len(line)}
        numbers = (line[self.fields[place]] for place in (3, 4, 6))
        signs = (line[self.fields[place]][:1] for place in self.signed)
        return (
            len(ends - {b""}) == 1
            and ends.isdisjoint({b"0", b"1"})
            and all(part.strip().isdigit() for part in numbers)
            and all(sign in b"CD " for sign in signs)
        )


_TRADE_SHAPE: Final = _Shape(_TRADE, _TRADE_MIN, 2_000, (15, 16))
_DISPUTE_SHAPE: Final = _Shape(_DISPUTE, _DISPUTE_MIN, _DISPUTE_MAX, (14, 15))


class _LineReader:
    """What both files share: one record a line."""

    name: str
    title: str
    shape: _Shape

    def fit(self, source: Source) -> Fit:
        """Say how well the file fits: by where its lines are cut."""
        lines = [line for line in source.head.splitlines()[:20] if line.strip()]
        if not lines or not any(self.shape.fits(line.rstrip(b"\r")) for line in lines[:5]):
            return Fit.NO
        return Fit.CERTAIN

    def read(self, source: Source, options: Options) -> Iterator[Facts | Problem]:
        """Stream one line or dispute a record.

        Raises:
            OSError: the file cannot be read.
        """
        out = Collector(source.name)
        reading = _Reading(out, _day_of(source.name))
        with open_bytes(source, options) as stream:
            number = 0
            while raw := stream.readline(LINE_CHARS_MAX):
                number += 1
                line = raw.rstrip(b"\r\n\x1a")
                if not line.strip():
                    continue
                try:
                    self.take(reading, number, line)
                except RowError as error:
                    out.error(number, error.code, f"{error}; the row was left out")
                if number % FACTS_BATCH_ROWS == 0:
                    yield from out.drain()
        yield from out.drain(last=True)

    def take(self, reading: _Reading, number: int, line: bytes) -> None:
        """Take one record.

        Raises:
            RowError: it cannot be taken.
        """
        raise NotImplementedError

    def cut(self, line: bytes) -> list[str]:
        """Return a record's fields, trimmed; only Latin-1, so that a byte stays one character.

        Raises:
            RowError: the line is not as long as the layout.
        """
        if len(line) < self.shape.least:
            raise RowError(
                "record_length",
                f"the record has {len(line)} bytes, at least {self.shape.least} are needed: it may "
                "be cut off",
            )
        text = line.decode("latin-1")
        return [text[cut].strip() for cut in self.shape.fields]


class UnionpayReader(_LineReader):
    """Reads ZM files: trades."""

    name = "unionpay_zm"
    title = "UnionPay, merchant statement of trades (ZM)"
    shape = _TRADE_SHAPE

    def take(self, reading: _Reading, number: int, line: bytes) -> None:
        """Take one trade.

        Raises:
            RowError: it cannot be taken.
        """
        reading.trade(number, self.cut(line))


class UnionpayDisputeReader(_LineReader):
    """Reads ZME files: what is taken back or given again after a dispute."""

    name = "unionpay_zme"
    title = "UnionPay, merchant statement of disputes (ZME)"
    shape = _DISPUTE_SHAPE

    def take(self, reading: _Reading, number: int, line: bytes) -> None:
        """Take one dispute.

        Raises:
            RowError: it cannot be taken.
        """
        reading.dispute(number, self.cut(line))


def _day_of(name: str) -> dt.date | None:
    """Return the day that a file's or its archive's name states."""
    for short, long in _NAME_DAY.findall(name):
        text = f"20{short}" if short else long
        try:
            return dt.date(int(text[:4]), int(text[4:6]), int(text[6:]))
        except ValueError:
            continue
    return None


class _Reading:
    """One pass over one file."""

    def __init__(self, out: Collector, day: dt.date | None) -> None:
        self.out = out
        self.day = day
        self.ids = LineIds()
        self._days: dict[str, dt.date] = {}

    def moment(self, text: str) -> dt.datetime:
        """Return the instant of MMDDhhmmss.

        Raises:
            RowError: it is none, or nothing says the year.
        """
        if self.day is None:
            raise RowError(
                "year_missing",
                "the file's times have no year, and its name does not state the day: keep the name "
                "it came with, such as INN26050688ZM_777290058110097",
            )
        if len(text) != 10 or not (text.isascii() and text.isdigit()):  # noqa: PLR2004 (MMDDhhmmss)
            raise RowError("date_unreadable", f"{text[:20]!r} is no time of the form MMDDhhmmss")
        day = self._days.get(text[:4])
        if day is None:
            found = with_nearest_year(int(text[:2]), int(text[2:4]), self.day)
            if found is None:
                raise RowError("date_unreadable", f"{text!r} is no time of the form MMDDhhmmss")
            day = self._days[text[:4]] = found
        try:
            return dt.datetime(
                day.year, day.month, day.day, int(text[4:6]), int(text[6:8]), int(text[8:]),
                tzinfo=_ZONE,
            )  # fmt: skip
        except ValueError:
            raise RowError(
                "date_unreadable", f"{text!r} is no time of the form MMDDhhmmss"
            ) from None

    def trade(self, number: int, cells: list[str]) -> None:
        """Take one record of a ZM file.

        Raises:
            RowError: it cannot be taken.
        """
        kind = _KINDS.get(cells[19]) or _CODES.get(cells[0])
        if kind is None:
            raise RowError(
                "value_unknown",
                f"交易类型 is {cells[19]!r} and 交易代码 {cells[0]!r}; known types are "
                f"{', '.join(_KINDS)}",
            )
        at = self.moment(cells[4])
        amount = _fen(cells[6])
        sold = kind in {"sale", "completion"}
        moves = kind != "preauth" and cells[19] != "32"
        gross = amount if sold else -amount
        fee, net = -_signed(cells[15]), _signed(cells[16])
        if not moves:
            gross = fee = net = 0
        gross, fee, net = net_checked(
            self.out, number, "CNY", (gross, fee, net), ("amount", "the settlement amount")
        )
        query, order, merchant = cells[9], cells[11], cells[27]
        original = cells[26]
        terminal = cells[33] or merchant or PROVIDER
        own = query or f"{cells[3]}-{cells[4]}-{terminal}"
        sale_id = order or f"{PROVIDER}:{own}"
        card = {"01": "debit", "02": "credit"}.get(cells[12])
        if moves:
            self.out.add(
                "settlements",
                {
                    "line_id": own, "provider_id": PROVIDER, "kind": "sale" if sold else "refund",
                    "ref": (sale_id if sold else original) or sale_id,
                    "merchant_id": merchant or None,
                    "terminal_id": terminal, "gross_minor": gross, "fee_minor": fee,
                    "net_minor": net, "currency": "CNY", "cleared_at": at, "status": "settled",
                    "mcc": cells[7] or None,
                },
                number,
            )  # fmt: skip
        self.out.add(
            "sales",
            {
                "sale_id": sale_id, "kind": kind,
                "original_sale_id": None if sold or kind == "preauth" else original or None,
                "merchant_id": merchant or PROVIDER, "terminal_id": terminal,
                "provider_id": PROVIDER, "channel": "card", "card_type": card,
                "amount_minor": amount, "currency": "CNY", "captured_at": at, "host_at": at,
                "trace_no": cells[3], "rrn": query or None, "mcc": cells[7] or None,
                "recorded_by": RECORDED_BY,
            },
            number,
        )  # fmt: skip

    def dispute(self, number: int, cells: list[str]) -> None:
        """Take one record of a ZME file.

        Raises:
            RowError: it cannot be taken.
        """
        at = self.moment(cells[4])
        net, fee = _signed(cells[15]), -_signed(cells[14])
        merchant = cells[16]
        code, trace = cells[0], cells[3]
        text = f"{code}|{trace}|{cells[10]}|{cells[11]}"
        self.out.add(
            "settlements",
            {
                "line_id": self.ids.next_id(merchant, at.isoformat(), net, text),
                "provider_id": PROVIDER,
                "kind": "chargeback" if net < 0 else "chargeback_reversal",
                "ref": cells[10] or None, "merchant_id": merchant or None,
                "gross_minor": net + fee, "fee_minor": fee, "net_minor": net, "currency": "CNY",
                "cleared_at": at, "status": "settled",
                "reason": f"{code} {cells[12]}".strip() or None, "mcc": cells[7] or None,
            },
            number,
        )  # fmt: skip


def _fen(text: str) -> int:
    if not (text.isascii() and text.isdigit()):
        raise RowError("amount_unreadable", f"the amount cannot be taken: {text[:20]!r} is no fen")
    return int(text)


def _signed(text: str) -> int:
    """Return a sign and digits of fen: C comes to the merchant, D is taken."""
    if not text:
        return 0
    sign, digits = (text[0], text[1:].strip()) if text[0] in "CD+-" else ("C", text)
    if not (digits.isascii() and digits.isdigit()):
        raise RowError(
            "amount_unreadable",
            f"the amount cannot be taken: {text[:20]!r} is not C or D and twelve digits of fen",
        )
    return -int(digits) if sign in "D-" else int(digits)
