"""BAI2 records: lines to records with their continuations, and their fields.

Source: BAI, *Cash Management Balance Reporting Specifications, Version 2*. A record ends at ``/``;
88 continues the record before it. Banks leave out the slash, end lines inside a text, and let texts
hold commas and slashes, so a field is only cut where the layout still expects one.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from daozhang.formats._times import parse_yymmdd
from daozhang.money import AmountError, parse_amount

__all__ = [
    "Amounted", "Detail", "FieldError", "Record", "amount_of", "day_of", "detail_of", "records_of",
    "summaries_of",
]  # fmt: skip

CODES: Final = frozenset({"01", "02", "03", "16", "88", "49", "98", "99"})
_DIGITS_MAX: Final = 18
# A record's end and, on the same line, what can only be the next record: a text may well hold a
# slash and a number.
_JOINED: Final = re.compile(
    r"(?<=/)\s+(?=(?:01,[^,/]*,[^,/]*,\d{6},|02,[^,/]*,[^,/]*,[1-4]?,\d{6},|03,[^,/]+,(?:[A-Z]{3})?,"
    r"|16,\d{3},[+-]?\d*,|88,|(?:49|98|99),[+-]?\d*,\+?\d+))",
    re.ASCII,
)
_FUNDS: Final = frozenset({"", "0", "1", "2", "S", "V", "D", "Z"})


class FieldError(ValueError):
    """A field cannot be read; ``code`` is the problem's code, the text its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Record:
    """One logical record.

    Attributes:
        code: its kind, ``01`` to ``99``.
        line: where it begins.
        parts: the text after the code, and that of each continuation; a closing slash is gone.
        lines: physical lines, which trailers count.
    """

    code: str
    line: int
    parts: list[str]
    lines: int = 1

    def fields(self) -> list[str]:
        """Return the comma-separated fields; a continuation begins with the next field."""
        return [field.strip() for part in self.parts for field in part.split(",")]


@dataclass(frozen=True, slots=True)
class Amounted:
    """A type code with its amount in minor units; None: the record gives none."""

    type_code: str
    minor: int | None


@dataclass(frozen=True, slots=True)
class Detail:
    """A 16 record."""

    type_code: str
    minor: int | None
    value_day: dt.date | None
    bank_ref: str
    customer_ref: str
    text: str


def records_of(lines: Iterable[str]) -> Iterator[Record | tuple[int, str]]:
    """Yield logical records, and (line, text) of lines that begin with no known code."""
    record: Record | None = None
    for number, line in _pieces(lines):
        code, rest = line[:2], line[2:]
        known = code in CODES and (rest[:1] in {",", ""} or rest.startswith("/"))
        if not known:
            # A text that was broken into lines without 88; anything else is no record.
            if record is not None and record.code == "16":
                record.parts.append(_unslashed(line))
            else:
                yield number, line
            continue
        body = _unslashed(rest[1:])
        if code == "88":
            if record is None:
                yield number, line
            else:
                record.parts.append(body)
                record.lines += 1
            continue
        if record is not None:
            yield record
        record = Record(code, number, [body])
    if record is not None:
        yield record


def _pieces(lines: Iterable[str]) -> Iterator[tuple[int, str]]:
    """Yield what is on each line, cut where a program joined records on one line."""
    for number, raw in enumerate(lines, 1):
        line = raw.strip("\r\n\x1a\ufeff \t")
        if _JOINED.search(line) is None:
            if line:
                yield number, line
        else:
            for piece in _JOINED.split(line):
                yield number, piece.strip()


def _unslashed(text: str) -> str:
    text = text.rstrip()
    return text.removesuffix("/")


def amount_of(text: str, currency: str) -> int | None:
    """Return an amount's minor units; its decimals are implied by the currency. Empty is None.

    Raises:
        FieldError: it is no amount.
    """
    plain = text.strip()
    if not plain:
        return None
    digits = plain.lstrip("+-")
    if digits.isascii() and digits.isdigit() and len(digits) <= _DIGITS_MAX:
        return -int(digits) if plain.startswith("-") else int(digits)
    try:
        # Some banks write the decimal mark all the same.
        return parse_amount(plain, currency)
    except AmountError as error:
        raise FieldError("amount_unreadable", f"the amount cannot be taken: {error}") from None


def day_of(text: str) -> dt.date | None:
    """Return the date of YYMMDD (or YYYYMMDD), or None."""
    return parse_yymmdd(text) if len(text) in {6, 8} else None


def _funds_width(kind: str, rest: list[str], at: int) -> int:
    """Return how many fields follow a funds type."""
    if kind == "S":
        return 3
    if kind == "V":
        return 2
    if kind == "D":
        count = rest[at] if at < len(rest) else ""
        return 1 + 2 * int(count) if count.isdigit() and len(count) <= 2 else 1  # noqa: PLR2004
    return 0


def summaries_of(fields: list[str], currency: str) -> Iterator[Amounted]:
    """Yield the balances and totals of a 03 record, from its third field on.

    Raises:
        FieldError: an amount cannot be read.
    """
    at = 2
    while at < len(fields):
        code = fields[at]
        if not code:
            # Lines that end with one comma more than the layout has, and empty groups.
            at += 1
            continue
        amount = fields[at + 1] if at + 1 < len(fields) else ""
        kind = fields[at + 3].upper() if at + 3 < len(fields) else ""
        yield Amounted(code, amount_of(amount, currency))
        if kind not in _FUNDS:
            # The funds type was left out at a line's end: this is the next type code.
            at += 3
            continue
        at += 4 + _funds_width(kind, fields, at + 4)


def detail_of(record: Record, currency: str) -> Detail:
    """Read a 16 record.

    Raises:
        FieldError: its amount cannot be read.
    """
    parts = list(record.parts)
    joined = parts.pop(0)
    while True:
        head = joined.split(",")
        kind = head[2].strip().upper() if len(head) > 2 else ""  # noqa: PLR2004 (funds type)
        before = 5 + _funds_width(kind, [h.strip() for h in head], 3)
        # The text follows the references; until they have come, a continuation is more fields.
        if len(head) > before or not parts:
            break
        joined = f"{joined},{parts.pop(0)}" if not joined.endswith(",") else joined + parts.pop(0)
    fields = joined.split(",", before)
    fields += [""] * (before + 1 - len(fields))
    value = day_of(fields[3].strip()) if kind == "V" else None
    text = " ".join(filter(None, (part.strip() for part in (fields[before], *parts))))
    return Detail(
        fields[0].strip(),
        amount_of(fields[1], currency),
        value,
        fields[before - 2].strip(),
        fields[before - 1].strip(),
        text.strip("/ "),
    )
