"""SWIFT MT940 statements and MT942 interim reports, as real banks write them.

Rules kept here:

- Every field 61 becomes one credit or one located error; one bad line never hides the next.
- The booking date is the entry date, or the value date where the bank gives no entry date.
- An MT942 entry is ``pending``: the statement books it. Pending ids never meet booked ones.
- Bank references are not unique in practice (``55555`` for every line), so ids are always built
  from account, date, amount, text and occurrence; references are part of the text.
- Coverage runs from the opening balance's date (60F) to the closing balance's (62F), over all pages
  (60M, 62M) between, and is claimed only if every line was read and the balances add up.

The fields are cut and read by our own grammar (:mod:`daozhang.formats._mt940_tags`) rather than by
the ``mt-940`` library: that stops at 15 characters of an amount and takes the rest for a
reference, drops files with a field it does not know, and gives no line numbers.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daozhang.formats._lines import Collector, LineIds, join_texts
from daozhang.formats._mt940_tags import (
    Balance,
    Details,
    Field,
    FieldError,
    StatementLine,
    fields_of,
    parse_balance,
    parse_details,
    parse_statement_line,
    swift_amount,
)
from daozhang.formats._text import guarded_lines, open_text
from daozhang.formats._times import parse_yymmdd
from daozhang.formats.base import Facts, Fit, Options, Source
from daozhang.formats.limits import FACTS_BATCH_ROWS
from daozhang.formats.privacy import truncate_cards
from daozhang.money import CURRENCIES, format_minor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daozhang.facts import Problem

__all__ = ["UNSTATED_ACCOUNT", "Mt940Reader"]

UNSTATED_ACCOUNT: Final = "unstated"
"""The account of entries whose statement names none (a fragment); always with a warning."""

_DETAILS: Final = frozenset({"86", "NS"})
_ENTRY: Final = re.compile(rb"^[\s\x00-\x1f]*:61:\s*\d{6,12}[RE]?[CD]", re.MULTILINE)
_ANY: Final = re.compile(rb"^[\s\x00-\x1f]*:(?:20|25|28C?|34F|6[0-5][FM]?|13D?|86):", re.MULTILINE)
_BALANCE: Final = re.compile(rb":6[024][FM]?:\s*[CD]\d{6}[A-Z]{3}")
_INNER_ENTRY: Final = re.compile(rb":61:\d{6,10}[RE]?[CD]")
_ACCOUNT_CURRENCY: Final = re.compile(r"(?:/|\s|(?<=\d))([A-Z]{3})\s*$")
_CREATED: Final = re.compile(r"(\d{6})(\d{2})(\d{2})([+-]\d{4})?")
_IBAN: Final = re.compile(r"[A-Z]{2}\d{2}[A-Z0-9]{11,30}", re.ASCII)
_BIC: Final = re.compile(r"[A-Z]{6}[A-Z0-9]{2}(?:[A-Z0-9]{3})?")


@dataclass(slots=True)
class _Entry:
    statement_line: StatementLine
    line: int
    details: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Statement:
    """The fields of one statement, gathered until the next one begins."""

    line: int
    reference: str | None = None
    account: str | None = None
    floor_currency: str | None = None
    created: str | None = None
    interim: bool = False
    continued: bool = False
    continues: bool = False
    failed: bool = False
    opening: Balance | None = None
    closing: Balance | None = None
    entries: list[_Entry] = field(default_factory=list)
    last: str = ""
    filed: tuple[str, str | None] | None = None
    moved: int = 0


class Mt940Reader:
    """Reads MT940 and MT942 files, whole or in fragments."""

    name = "mt940"

    def fit(self, source: Source) -> Fit:
        """Say how well the file fits: by its fields."""
        head = source.head
        if head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
            head = head.decode("utf-16", errors="replace").encode(errors="replace")
        head = head.replace(b"\r", b"\n")
        tags = len(set(_ANY.findall(head)))
        if _ENTRY.search(head):
            return Fit.CERTAIN if tags else Fit.YES
        if _INNER_ENTRY.search(head) or _BALANCE.search(head):
            return Fit.YES
        return Fit.MAYBE if tags else Fit.NO

    def read(self, source: Source, options: Options) -> Iterator[Facts | Problem]:
        """Stream credits and coverage.

        Raises:
            OSError: the file cannot be opened or read.
            zoneinfo.ZoneInfoNotFoundError: ``options.timezone`` is not a time zone.
        """
        reading = _Reading(source.name, options)
        with open_text(source, _encoding_of(source), options) as stream:
            for count, found in enumerate(fields_of(guarded_lines(stream, reading.out)), 1):
                reading.take(found)
                if count % FACTS_BATCH_ROWS == 0:
                    yield from reading.out.drain()
        reading.finish()
        yield from reading.out.drain(last=True)


def _encoding_of(source: Source) -> str:
    """Return UTF-16 by its mark, UTF-8 if the head is that, else Latin-1, SWIFT's neighbour."""
    if source.head[:2] in {b"\xff\xfe", b"\xfe\xff"}:
        return "utf-16"
    try:
        # The head may end in the middle of a character.
        source.head[:-3].decode() if len(source.head) > 3 else source.head.decode()  # noqa: PLR2004
    except UnicodeDecodeError:
        return "latin-1"
    return "utf-8-sig"


class _Reading:
    """One pass over one file."""

    def __init__(self, file: str, options: Options) -> None:
        self.out = Collector(file)
        self.options = options
        self.zone = ZoneInfo(options.timezone)
        self.ids = LineIds()
        self.statement: _Statement | None = None
        self.last_account = ""
        self.last_closing: Balance | None = None
        self.pages_from: dt.date | None = None
        self.fields = 0
        self.facts = 0
        self.interim_envelope = False

    def finish(self) -> None:
        """Close the last statement."""
        self._close()
        if self.fields == 0:
            self.out.error(
                None, "no_statement", "no field of an MT940 or MT942 was found; ask the bank for it"
            )
        elif self.facts == 0 and self.out.problem_count == 0:
            self.out.warn(
                None,
                "no_entries",
                "the file has fields of a statement and not one entry (field 61)",
            )

    def take(self, found: Field) -> None:
        """Take one field."""
        if found.tag in {"-", "940", "942"}:
            self._close()
            self.interim_envelope = found.tag == "942"
            return
        self.fields += 1
        statement = self.statement
        if statement is None or self._begins_another(statement, found):
            self._close()
            statement = self.statement = _Statement(found.line, interim=self.interim_envelope)
        try:
            self._field(statement, found)
        except FieldError as error:
            statement.failed = True
            self.out.error(found.line, error.code, f"field {found.tag}: {error}")
        statement.last = found.tag

    def _begins_another(self, statement: _Statement, found: Field) -> bool:
        """Say whether the field opens a new statement rather than adding to this one."""
        if found.tag == "20":
            return bool(statement.reference is not None or statement.entries or statement.closing)
        if found.tag in {"60F", "60M"}:
            return statement.opening is not None and statement.closing is not None
        if found.tag in {"25", "25P"}:
            return statement.account is not None and not (
                statement.entries and "?" in found.lines[0]
            )
        return False

    def _field(self, statement: _Statement, found: Field) -> None:
        tag = found.tag
        if tag == "61":
            held = len(statement.entries)
            if held >= FACTS_BATCH_ROWS and statement.opening and statement.account:
                self._hand_out(statement, statement.opening.currency)
            statement.entries.append(_Entry(parse_statement_line(found.lines), found.line))
            return
        if tag in _DETAILS:
            # Rabobank repeats field 86 for every line of the text.
            if statement.entries and (statement.last == "61" or statement.last in _DETAILS):
                statement.entries[-1].details += found.lines
            return
        text = found.lines[0].strip()
        if tag == "20":
            statement.reference = text
        elif tag in {"25", "25P"}:
            if statement.account is not None:
                # A bank's program wrote the details of the last entry under the wrong tag.
                statement.entries[-1].details += found.lines
            else:
                statement.account = text
        elif tag == "34F":
            statement.interim = True
            statement.floor_currency = text[:3]
        elif tag in {"13", "13D"}:
            statement.created = text
            statement.interim = statement.interim or tag == "13D"
        elif tag in {"60F", "60M", "60"}:
            statement.opening = parse_balance(text)
            statement.continued = tag == "60M"
        elif tag in {"62F", "62M", "62"}:
            statement.closing = parse_balance(text)
            statement.continues = tag == "62M"

    def _close(self) -> None:
        """Hand out the statement's rows."""
        statement, self.statement = self.statement, None
        if statement is None or (not statement.entries and statement.closing is None):
            return
        currency = self._currency(statement)
        if currency is None:
            if statement.entries:
                self.out.error(
                    statement.entries[0].line, "currency_missing",
                    f"{len(statement.entries)} entries stand outside a statement that names a "
                    "currency (no field 60F, 62F or 34F); name the currency to read with",
                )  # fmt: skip
            return
        account = self._hand_out(statement, currency)
        self._cover(statement, account, statement.moved)
        self.last_account, self.last_closing = account, statement.closing

    def _hand_out(self, statement: _Statement, currency: str) -> str:
        """Hand out the rows of the entries that are held; return the account."""
        if statement.filed is None:
            statement.filed = self._account(statement)
            if statement.interim and statement.opening is not None:
                statement.interim = False  # An opening balance makes it a statement.
            self._count_occurrences_from(statement, statement.filed[0])
        account, bank = statement.filed
        known_at = self._known_at(statement)
        for entry in statement.entries:
            statement.moved += self._row(
                statement, entry, account=account, bank=bank, currency=currency, known_at=known_at
            )
        statement.entries.clear()
        return account

    def _account(self, statement: _Statement) -> tuple[str, str | None]:
        """Return the account id (IBAN or ``bank code/number``) and the BIC where given."""
        text = (statement.account or "").strip()
        if not text:
            if statement.entries:
                self.out.warn(
                    statement.line, "account_missing",
                    f"the statement names no account (field 25); its entries are filed under "
                    f"{UNSTATED_ACCOUNT!r}: ask the bank for the whole file",
                )  # fmt: skip
            return UNSTATED_ACCOUNT, None
        head = text.split("/", maxsplit=1)[0]
        bank = head if "/" in text and _BIC.fullmatch(head) and not head.isdigit() else None
        return _without_currency("".join(text.split())), bank

    def _currency(self, statement: _Statement) -> str | None:
        """Return the statement's currency: balances, floor limit, account, then the caller's."""
        for balance in (statement.opening, statement.closing):
            if balance is not None:
                return balance.currency
        if statement.floor_currency in CURRENCIES:
            return statement.floor_currency
        match = _ACCOUNT_CURRENCY.search(statement.account or "")
        if match is not None and match[1] in CURRENCIES:
            return match[1]
        return self.options.currency

    def _count_occurrences_from(self, statement: _Statement, account: str) -> None:
        """Count identical lines anew, unless this statement goes on where the last one ended."""
        opening, before = statement.opening, self.last_closing
        goes_on = account == self.last_account and (
            statement.continued
            or (opening is not None and before is not None and opening == before)
        )
        if not goes_on:
            self.ids.restart()
            self.pages_from = None

    def _known_at(self, statement: _Statement) -> dt.datetime | None:
        """Return when an interim report was made (field 13D)."""
        match = _CREATED.match(statement.created or "")
        day = parse_yymmdd(match[1]) if match else None
        if match is None or day is None or int(match[2]) > 23 or int(match[3]) > 59:  # noqa: PLR2004
            return None
        time = dt.time(int(match[2]), int(match[3]))
        if not match[4]:
            return dt.datetime.combine(day, time, self.zone)
        minutes = int(match[4][1:3]) * 60 + int(match[4][3:])
        offset = dt.timedelta(minutes=-minutes if match[4][0] == "-" else minutes)
        if abs(offset) >= dt.timedelta(days=1):
            return None
        return dt.datetime.combine(day, time, dt.timezone(offset))

    def _row(
        self,
        statement: _Statement,
        entry: _Entry,
        *,
        account: str,
        bank: str | None,
        currency: str,
        known_at: dt.datetime | None,
    ) -> int:
        """Add one row; return its signed minor units (0 when it was refused)."""
        found = entry.statement_line
        try:
            amount = found.sign * swift_amount(found.amount, currency)
        except FieldError as error:
            statement.failed = True
            self.out.error(entry.line, error.code, f"field 61: {error}; the entry was left out")
            return 0
        details = parse_details(entry.details) if entry.details else Details(None, None)
        ref = join_texts([*found.references, details.text, truncate_cards(found.supplement)])
        text = f"{ref or ''}|{details.counterparty or ''}"
        row: dict[str, object] = {
            "credit_id": self.ids.next_id(
                account,
                found.booked_on.isoformat(),
                amount,
                f"pending|{text}" if statement.interim else text,
            ),
            "account_id": account,
            "bank_id": bank,
            "amount_minor": amount,
            "currency": currency,
            "booked_at": found.booked_on,
            "value_date": found.value_date,
            "ref": ref,
            "counterparty": details.counterparty,
            "status": "pending" if statement.interim else "booked",
        }
        if known_at is not None and statement.interim:
            row["known_at"] = known_at
        self.out.add("credits", row, entry.line)
        self.facts += 1
        return amount

    def _cover(self, statement: _Statement, account: str, moved: int) -> None:
        """Check opening + entries = closing, and claim the period if nothing is missing."""
        opening, closing = statement.opening, statement.closing
        if opening is None or closing is None or statement.failed:
            self.pages_from = None
            return
        if opening.currency == closing.currency and opening.minor + moved != closing.minor:
            self.pages_from = None
            currency = closing.currency
            self.out.warn(
                statement.line, "balance_mismatch",
                f"opening {format_minor(opening.minor, currency)} plus entries "
                f"{format_minor(moved, currency)} is "
                f"{format_minor(opening.minor + moved, currency)}, but the statement closes with "
                f"{format_minor(closing.minor, currency)}: lines may be missing, so the period "
                "is not taken as covered",
            )  # fmt: skip
        elif opening.day <= closing.day and account != UNSTATED_ACCOUNT:
            self._claim(statement, account, opening.day, closing.day)

    def _claim(self, statement: _Statement, account: str, first: dt.date, last: dt.date) -> None:
        """Claim the period on the last page (62F), from the first page (60F) on."""
        if statement.continued:
            if self.pages_from is None:
                return  # The first pages are not in this file, so the first day has a hole.
            first = self.pages_from
        self.pages_from = first if statement.continues else None
        if statement.continues:
            return
        row: dict[str, object] = {
            "subject": account,
            "table": "credits",
            "from_at": first,
            "to_at": last,
        }
        self.out.add("coverage", row, statement.line)
        self.facts += 1


def _without_currency(account: str) -> str:
    """Return the IBAN of ``<IBAN>EUR``, as some banks write field 25; other ids stay as they are.

    The check digits (ISO 13616, modulo 97) say whether the rest is an IBAN.
    """
    iban = account[:-3]
    if account[-3:] not in CURRENCIES or not _IBAN.fullmatch(iban):
        return account
    number = "".join(str(int(char, 36)) for char in iban[4:] + iban[:4])
    return iban if int(number) % 97 == 1 else account
