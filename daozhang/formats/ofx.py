"""OFX and QFX downloads of bank, credit card and investment accounts, versions 1 and 2.

Rules kept here (OFX Banking Specification 2.3):

- Every STMTTRN becomes one credit or one located error; INVBANKTRAN ones too. Other investment
  transactions move no cash that a shop takes and are counted in one warning.
- FITID is a bank's id of the entry, and banks repeat it; the id is built from account, FITID, day,
  amount and occurrence, so a statement twice is one and an id used twice is two.
- DTPOSTED counts as a day: its time, where there is one, is mostly noon or midnight by rote.
- DTEND is where the next download begins, so the day before it is the last that is covered whole.
- A credit card account's number is a card number and is cut.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from daozhang.formats._lines import Collector, LineIds, join_texts
from daozhang.formats._ofx_tags import tags_of
from daozhang.formats._rows import RowError, clean_amount
from daozhang.formats._text import open_text, sniff_encoding
from daozhang.formats._values import currency_code, decimal_mark
from daozhang.formats.base import Facts, Fit, Options, Source
from daozhang.formats.limits import FACTS_BATCH_ROWS
from daozhang.formats.privacy import truncate_cards
from daozhang.money import (
    AmountError,
    Rounding,
    digits_of,
    format_minor,
    parse_amount,
    share_of,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daozhang.facts import Problem

__all__ = ["OfxReader"]

_DATE: Final = re.compile(r"(\d{4})[-/.]?(\d\d)[-/.]?(\d\d)(.*)", re.DOTALL)
_FINE: Final = re.compile(r"([+-]?)(\d{1,15})\.(\d{1,10})", re.ASCII)
_HEADER: Final = re.compile(rb"(?i)<OFX>|OFXHEADER\s*[:=]")
_CHARSET: Final = re.compile(rb"(?i)(?:CHARSET|ENCODING)\s*[:=]\s*\"?([A-Z0-9_-]+)")
_CARD_DIGITS: Final = re.compile(r"\d{12,19}")
_ENCODINGS: Final = {
    b"1252": "cp1252", b"ISO-8859-1": "latin-1", b"8859-1": "latin-1", b"UTF-8": "utf-8-sig",
    b"UNICODE": "utf-8-sig", b"65001": "utf-8-sig", b"UTF8": "utf-8-sig",
}  # fmt: skip
_STATEMENTS: Final = frozenset({"STMTRS", "CCSTMTRS", "INVSTMTRS"})
_ENTRIES: Final = {"STMTTRN": "booked", "STMTTRNP": "pending"}
_INVESTED: Final = re.compile(
    r"(BUY|SELL)(DEBT|MF|OPT|OTHER|STOCK)|REINVEST|RETOFCAP|INCOME|INVEXPENSE|JRNLSEC|JRNLFUND"
    r"|MARGININTEREST|CLOSUREOPT|SPLIT|TRANSFER"
)
_LEAVES: Final = frozenset(
    {
        "TRNTYPE", "DTPOSTED", "DTTRAN", "DTUSER", "DTAVAIL", "TRNAMT", "FITID", "NAME", "MEMO",
        "CHECKNUM", "REFNUM", "CURSYM", "PAYEEID",
    }
)  # fmt: skip


@dataclass(slots=True)
class _Statement:
    """What is known of the statement being read."""

    line: int
    currency: str = ""
    account: str = ""
    bank: str = ""
    card: bool = False
    start: str = ""
    end: str = ""
    failed: bool = False


@dataclass(slots=True)
class _Entry:
    """The leaves of one STMTTRN, gathered until it ends."""

    line: int
    status: str
    leaves: dict[str, str] = field(default_factory=dict)


class OfxReader:
    """Reads OFX 1.x, OFX 2.x and QFX files."""

    name = "ofx"

    def fit(self, source: Source) -> Fit:
        """Say how well the file fits: by its root or header."""
        head = source.head
        if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            head = head.decode("utf-16", errors="replace").encode(errors="replace")
        if _HEADER.search(head) is None:
            return Fit.NO
        return Fit.CERTAIN if re.search(rb"(?i)<OFX>", head) else Fit.YES

    def read(self, source: Source, options: Options) -> Iterator[Facts | Problem]:
        """Stream credits and coverage.

        Raises:
            OSError: the file cannot be read.
        """
        reading = _Reading(Collector(source.name), options)
        with open_text(source, _encoding_of(source.head), options) as stream:
            for count, (name, closes, value, line) in enumerate(tags_of(stream), 1):
                reading.take(name, value, line, closes=closes)
                if count % FACTS_BATCH_ROWS == 0:
                    yield from reading.out.drain()
        reading.finish()
        yield from reading.out.drain(last=True)


def _encoding_of(head: bytes) -> str:
    """Return the encoding: what fits the bytes, the header's word where several would."""
    sniffed = sniff_encoding(head)
    if sniffed not in {"gb18030", "latin-1"}:
        return sniffed
    for name in _CHARSET.findall(head[:1000]):
        found = _ENCODINGS.get(name.upper())
        if found == "cp1252":
            return found
    return "cp1252" if sniffed == "latin-1" else sniffed


class _Reading:
    """One pass over one file."""

    def __init__(self, out: Collector, options: Options) -> None:
        self.out = out
        self.options = options
        self.ids = LineIds()
        self.statement: _Statement | None = None
        self.entry: _Entry | None = None
        self.inside: list[str] = []
        self.org = ""
        self.status: dict[str, str] = {}
        self.statements = self.entries = self.invested = self.refused = 0
        self.invested_line = 0

    def take(self, name: str, value: str, line: int, *, closes: bool) -> None:
        """Take one tag."""
        entry = self.entry
        if closes:
            if name in _ENTRIES or name in {"BANKTRANLIST", "BANKTRANLISTP"}:
                self._end_entry()
            elif name in _STATEMENTS:
                self._end_statement()
            elif name == "STATUS":
                self._end_status(line)
        elif entry is not None and name in _LEAVES:
            # PAYEE and CURRENCY aggregates repeat NAME; the entry's own comes first.
            if name not in entry.leaves:
                entry.leaves[name] = value
        elif name in _ENTRIES:
            self._end_entry()
            self.entry = _Entry(line, _ENTRIES[name])
        elif entry is None or name in _STATEMENTS or name == "LEDGERBAL":
            self._end_entry()  # One that was never closed.
            self._outside(name, value, line)

    def _outside(self, name: str, value: str, line: int) -> None:
        """Take an opening tag that no entry is made of."""
        if name in _STATEMENTS:
            self._end_statement()
            self.ids.restart()
            self.statements += 1
            self.statement = _Statement(line, card=name == "CCSTMTRS")
        elif name in {"CODE", "SEVERITY", "MESSAGE"}:
            self.status[name] = value
        elif name == "ORG":
            self.org = value
        elif self.statement is not None:
            self._statement_leaf(self.statement, name, value, line)

    def _statement_leaf(self, statement: _Statement, name: str, value: str, line: int) -> None:
        if name == "CURDEF":
            statement.currency = value
        elif name == "ACCTID" and not statement.account:
            statement.account = value
        elif name in {"BANKID", "BROKERID"} and not statement.bank:
            statement.bank = value
        elif name == "CCACCTFROM":
            statement.card = True
        elif name == "DTSTART":
            statement.start = value
        elif name == "DTEND":
            statement.end = value
        elif _INVESTED.fullmatch(name):
            self.invested += 1
            self.invested_line = self.invested_line or line

    def _end_status(self, line: int) -> None:
        status, self.status = self.status, {}
        if status.get("SEVERITY", "").upper() == "ERROR":
            self.refused += 1
            said = truncate_cards(status.get("MESSAGE", ""))[:200] or "no message"
            self.out.error(
                line, "bank_refused",
                f"the bank did not send a statement: code {status.get('CODE', '?')[:10]}, {said}: "
                "download it again, or ask the bank",
            )  # fmt: skip

    def _end_entry(self) -> None:
        entry, self.entry = self.entry, None
        if entry is None:
            return
        self.entries += 1
        statement = self.statement or _Statement(entry.line)
        try:
            self._add(entry, statement)
        except RowError as error:
            statement.failed = True
            self.out.error(entry.line, error.code, f"{error}; the entry was left out")

    def _add(self, entry: _Entry, statement: _Statement) -> None:
        leaves = entry.leaves
        code = statement.currency or self.options.currency
        if not code:
            raise RowError("currency_missing", "CURDEF is empty: name the currency to read with")
        currency = currency_code(code)
        amount, rounded = _amount(leaves.get("TRNAMT", ""), currency)
        if rounded:
            self.out.warn(
                entry.line, "amount_rounded",
                f"the amount {leaves['TRNAMT'][:30]!r} is finer than {currency} has units; it was "
                f"rounded half up to {format_minor(amount, currency)}",
            )  # fmt: skip
        posted = leaves.get("DTPOSTED") or leaves.get("DTTRAN") or ""
        day = _day(posted[:40])
        if day is None:
            raise RowError("date_unreadable", f"DTPOSTED is {posted[:30]!r}, not YYYYMMDD")
        account = self._account(statement)
        payee = leaves.get("NAME") or leaves.get("PAYEEID")
        ref = join_texts(
            [leaves.get(name) for name in ("REFNUM", "CHECKNUM", "NAME", "MEMO", "FITID")]
        )
        fitid = leaves.get("FITID", "")
        text = fitid or f"{leaves.get('NAME', '')}|{leaves.get('MEMO', '')}"
        if entry.status != "booked":
            text = f"{text}|{entry.status}"
        self.out.add(
            "credits",
            {
                "credit_id": self.ids.next_id(account, day.isoformat(), amount, text),
                "account_id": account, "bank_id": statement.bank or self.org or None,
                "amount_minor": amount, "currency": currency, "booked_at": day,
                "value_date": _day(leaves.get("DTAVAIL", "")[:40]),
                "ref": truncate_cards(ref) if ref else None,
                "counterparty": truncate_cards(payee) if payee else None,
                "status": entry.status,
            },
            entry.line,
        )  # fmt: skip

    @staticmethod
    def _account(statement: _Statement) -> str:
        """Return the account; of a card's statement its number cut, whatever it proves.

        Raises:
            RowError: the statement names none.
        """
        account = statement.account
        if not account:
            raise RowError("account_missing", "the statement names no account (ACCTID)")
        if statement.card and _CARD_DIGITS.fullmatch(account):
            return f"{account[:6]}******{account[-4:]}"
        return account

    def _end_statement(self) -> None:
        """Say what a statement covers, if every entry was read."""
        self._end_entry()
        statement, self.statement = self.statement, None
        if statement is None or statement.failed or not statement.account:
            return
        since, end = _day(statement.start), _day(statement.end)
        if since is None or end is None:
            return
        until = end - dt.timedelta(days=1)
        if until >= since:
            self.out.add(
                "coverage",
                {
                    "subject": self._account(statement), "table": "credits", "from_at": since,
                    "to_at": until,
                },
                statement.line,
            )  # fmt: skip

    def finish(self) -> None:
        """Close what is open, and say so where nothing was found."""
        self._end_statement()
        if self.invested:
            self.out.warn(
                self.invested_line, "not_cash",
                f"{self.invested} transactions of securities (what was bought, sold, earned) were "
                "left out: no payout is among them",
            )  # fmt: skip
        if not self.statements and not self.entries and not self.refused:
            self.out.error(
                None, "no_statement", "the file holds no statement: download one from the bank"
            )
        elif not self.entries and not self.invested and not self.refused:
            self.out.warn(None, "no_entries", "the statement has no entry")


@functools.lru_cache(maxsize=4_096)
def _amount(text: str, currency: str) -> tuple[int, bool]:
    """Return the minor units of an amount with either decimal mark, and whether it was rounded.

    Accounts that hold securities state cash to four decimals; it is rounded half up.

    Raises:
        RowError: it is none.
    """
    plain = clean_amount(text)
    if not plain:
        raise RowError("amount_missing", "TRNAMT is missing or empty")
    decimal = decimal_mark(plain)
    group = "." if decimal == "," else ","
    try:
        return parse_amount(plain, currency, decimal=decimal, group=group), False
    except AmountError as error:
        fine = _FINE.fullmatch(plain.replace(group, "").replace(decimal, "."))
        if fine is None:
            told = f"the amount cannot be taken: {error}"
            raise RowError("amount_unreadable", told) from None
    digits, places = digits_of(currency), len(fine[3])
    units = int(fine[2] + fine[3])
    minor = share_of(units, 10**digits, 10**places, Rounding.HALF_UP)
    return (-minor if fine[1] == "-" else minor), True


@functools.lru_cache(maxsize=16_384)
def _day(text: str) -> dt.date | None:
    match = _DATE.match(text.strip())
    if match is None:
        return None
    try:
        return dt.date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError:
        return None
