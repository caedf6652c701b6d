"""BAI2 cash management statements, as American (and some British) banks send them.

Rules kept here:

- Every 16 record becomes one credit or one located error. Type codes 100 to 399 come in, 400 to
  699 go out, 920 to 959 and 960 to 999 likewise; loans (7xx) and others are kept as information.
- The booking day is the group's as-of date; a report of the same day that is not final yet
  (modifier 3) is ``pending``.
- Amounts have no decimal mark; the currency (of account, group, the caller, or the format's own
  default, US dollars) says how many decimals are meant.
- Trailers hold sums and counts. Banks count in more than one way, so a trailer is only doubted when
  it fits none of them.
- A day is covered when the account's opening and closing balances and all its records add up.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from daozhang.formats._bai2_records import (
    CODES,
    Detail,
    FieldError,
    Record,
    day_of,
    detail_of,
    records_of,
    summaries_of,
)
from daozhang.formats._lines import Collector, LineIds, join_texts
from daozhang.formats._text import guarded_lines, open_text, sniff_encoding
from daozhang.formats.base import Facts, Fit, Options, Source
from daozhang.formats.limits import FACTS_BATCH_ROWS
from daozhang.formats.privacy import truncate_cards
from daozhang.money import CURRENCIES, format_minor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daozhang.facts import Problem

__all__ = ["Bai2Reader"]

DEFAULT_CURRENCY: Final = "USD"
"""What the specification means where a file names no currency."""

_FIRST: Final = re.compile(rb"^[\s\xef\xbb\xbf]*(01|02|03),[^\r\n]*", re.MULTILINE)
_LINE: Final = re.compile(rb"^\s*(\d\d)(?=[,/])", re.MULTILINE)
_INTERIM: Final = "3"
_OPENING, _CLOSING = "010", "015"


@dataclass(slots=True)
class _Account:
    """One 03 record and what follows it."""

    line: int
    number: str
    currency: str
    balances: dict[str, int] = field(default_factory=dict)
    summed: int = 0
    detailed: int = 0
    moved: int = 0
    details: int = 0
    lines: int = 1
    failed: bool = False


class Bai2Reader:
    """Reads BAI2 files, whole or in parts."""

    name = "bai2"

    def fit(self, source: Source) -> Fit:
        """Say how well the file fits: by its records."""
        head = source.head
        if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            head = head.decode("utf-16", errors="replace").encode(errors="replace")
        first = _FIRST.match(head)
        if first is None:
            return Fit.NO
        codes = [code.decode() for code in _LINE.findall(head)[:50]]
        known = sum(1 for code in codes if code in CODES)
        if known * 10 < len(codes) * 9 or b"," not in first[0]:
            return Fit.NO
        follows = {"16", "49", "88"} & set(codes)
        return Fit.CERTAIN if follows and "03" in codes else Fit.YES if "02" in codes else Fit.NO

    def read(self, source: Source, options: Options) -> Iterator[Facts | Problem]:
        """Stream credits and coverage.

        Raises:
            OSError: the file cannot be read.
        """
        reading = _Reading(Collector(source.name), options)
        with open_text(source, sniff_encoding(source.head), options) as stream:
            for count, record in enumerate(records_of(guarded_lines(stream, reading.out)), 1):
                if isinstance(record, Record):
                    reading.take(record)
                else:
                    reading.stranger(*record)
                if count % FACTS_BATCH_ROWS == 0:
                    yield from reading.out.drain()
        reading.finish()
        yield from reading.out.drain(last=True)


class _Reading:
    """One pass over one file."""

    def __init__(self, out: Collector, options: Options) -> None:
        self.out = out
        self.options = options
        self.ids = LineIds()
        self.bank = ""
        self.group_currency = ""
        self.day: dt.date | None = None
        self.modifier = ""
        self.account: _Account | None = None
        self.group_sums: list[tuple[int, int]] = []
        self.accounts = 0
        self.told = False

    def stranger(self, line: int, text: str) -> None:
        """Tell of a line that is no record."""
        self.out.error(
            line, "record_unknown",
            f"the line begins {truncate_cards(text[:20])!r}; records begin 01 02 03 16 88 49 98 or "
            "99; it was left out",
        )  # fmt: skip

    def take(self, record: Record) -> None:
        """Take one record."""
        try:
            if record.code == "02":
                self._group(record)
            elif record.code == "03":
                self._account(record)
            elif record.code == "16":
                self._detail(record)
            elif record.code == "49":
                self._account_end(record)
            elif record.code == "98":
                self._close()
                self._group_end(record)
        except FieldError as error:
            if self.account is not None:
                self.account.failed = True
            self.out.error(record.line, error.code, f"record {record.code}: {error}")

    def finish(self) -> None:
        """Close the last account."""
        self._close()
        if self.accounts == 0:
            self.out.error(
                None, "no_statement", "no account (record 03) was found; ask the bank for the file"
            )
        elif not self.told and not self.out.problem_count:
            self.out.warn(None, "no_entries", "the accounts have no entries and prove no day")

    def _group(self, record: Record) -> None:
        self._close()
        self.ids.restart()
        fields = [*record.fields(), *[""] * 8]
        self.bank = fields[1] or fields[0]
        self.group_currency = fields[5].upper()
        self.modifier = fields[6]
        self.day = day_of(fields[3])
        self.group_sums = []
        if self.day is None:
            raise FieldError(
                "date_unreadable",
                f"the as-of date is {fields[3][:20]!r}, not YYMMDD; its entries are left out",
            )

    def _account(self, record: Record) -> None:
        self._close()
        self.accounts += 1
        fields = record.fields()
        number = fields[0]
        currency = (fields[1] if len(fields) > 1 else "").upper()
        chosen = currency or self.group_currency or self.options.currency or DEFAULT_CURRENCY
        self.account = _Account(record.line, number, chosen, lines=record.lines)
        if not number:
            raise FieldError("value_missing", "the record names no account")
        if chosen not in CURRENCIES:
            raise FieldError(
                "currency_unknown", f"{chosen[:10]!r} is not an ISO 4217 currency code"
            )
        for found in summaries_of(fields, chosen):
            if found.minor is not None:
                self.account.summed += found.minor
                self.account.balances.setdefault(found.type_code, found.minor)

    def _detail(self, record: Record) -> None:
        account = self.account
        if account is None:
            raise FieldError("account_missing", "no account (record 03) stands before the entry")
        account.lines += record.lines
        account.details += 1
        if account.currency not in CURRENCIES or not account.number:
            account.failed = True
            return
        detail = detail_of(record, account.currency)
        if detail.minor is None:
            if detail.type_code in {"890", "990"}:
                return
            raise FieldError(
                "amount_missing", f"the entry of type {detail.type_code} has no amount"
            )
        if self.day is None:
            raise FieldError("date_unreadable", "the group has no as-of date")
        account.detailed += detail.minor
        self._add(record.line, account, detail, self.day)

    def _add(self, line: int, account: _Account, detail: Detail, day: dt.date) -> None:
        assert detail.minor is not None
        sign = _sign(detail.type_code)
        amount = (sign or 1) * detail.minor
        if sign:
            account.moved += amount
        status = "info" if not sign else "pending" if self.modifier == _INTERIM else "booked"
        ref = join_texts((detail.customer_ref, detail.bank_ref, detail.text))
        text = f"{detail.type_code}|{detail.bank_ref}|{detail.customer_ref}|{detail.text}"
        if status != "booked":
            text = f"{text}|{status}"
        self.told = True
        self.out.add(
            "credits",
            {
                "credit_id": self.ids.next_id(account.number, day.isoformat(), amount, text),
                "account_id": account.number, "bank_id": self.bank or None,
                "amount_minor": amount, "currency": account.currency, "booked_at": day,
                "value_date": detail.value_day, "ref": truncate_cards(ref) if ref else None,
                "status": status,
            },
            line,
        )  # fmt: skip

    def _account_end(self, record: Record) -> None:
        account = self.account
        if account is None:
            return
        fields = [*record.fields(), ""]
        stated = _whole(fields[0])
        ways = {account.summed + account.detailed, account.detailed, account.summed}
        if stated is not None and not account.failed and stated not in ways:
            told = format_minor(account.summed + account.detailed, account.currency)
            self.out.warn(
                record.line, "total_mismatch",
                f"the account's records sum to {told}, its trailer states "
                f"{format_minor(stated, account.currency)}: records may be missing",
            )  # fmt: skip
        count = _whole(fields[1])
        lines = account.lines + 1
        known = {lines, lines - 1, account.details, account.details + 1, account.details + 2}
        if count is not None and count not in known:
            self.out.warn(
                record.line, "total_mismatch",
                f"the account has {lines} records, its trailer states {count}: records may be "
                "missing",
            )  # fmt: skip
        if stated is not None:
            self.group_sums.append((stated, record.line))
        self._close()

    def _group_end(self, record: Record) -> None:
        fields = [*record.fields(), "", ""]
        stated, count = _whole(fields[0]), _whole(fields[1])
        total = sum(amount for amount, _ in self.group_sums)
        if stated is not None and stated != total and self.group_sums:
            self.out.warn(
                record.line, "total_mismatch",
                f"the accounts' trailers sum to {total}, the group's states {stated}: accounts may "
                "be missing",
            )  # fmt: skip
        if count is not None and self.group_sums and count != len(self.group_sums):
            self.out.warn(
                record.line, "total_mismatch",
                f"the group has {len(self.group_sums)} accounts, its trailer states {count}: "
                "accounts may be missing",
            )  # fmt: skip
        self.group_sums = []

    def _close(self) -> None:
        """Check an account's balances, and say that its day is covered if they add up."""
        account, self.account = self.account, None
        if account is None or account.failed or self.day is None:
            return
        opening, closing = account.balances.get(_OPENING), account.balances.get(_CLOSING)
        if opening is None or closing is None or self.modifier == _INTERIM:
            return
        expected = opening + account.moved
        if expected == closing:
            self.told = True
            self.out.add(
                "coverage",
                {
                    "subject": account.number, "table": "credits", "from_at": self.day,
                    "to_at": self.day,
                },
                account.line,
            )  # fmt: skip
        elif account.details:
            self.out.warn(
                account.line, "balance_mismatch",
                f"opening balance and entries come to {format_minor(expected, account.currency)}, "
                f"the closing balance is {format_minor(closing, account.currency)}: an entry may "
                "be missing",
            )  # fmt: skip


def _whole(text: str) -> int | None:
    plain = text.strip().lstrip("+")
    digits = plain.removeprefix("-")
    if not (digits.isascii() and digits.isdigit()) or len(digits) > 30:  # noqa: PLR2004
        return None
    return int(plain)


def _sign(type_code: str) -> int:
    """Return 1 for what comes in, -1 for what goes out, 0 for what is neither."""
    if not (type_code.isascii() and type_code.isdigit()):
        return 0
    number = int(type_code)
    if 100 <= number <= 399 or 920 <= number <= 959:  # noqa: PLR2004 (BAI2, appendix A)
        return 1
    if 400 <= number <= 699 or 960 <= number <= 999:  # noqa: PLR2004 (the same)
        return -1
    return 0
