"""ISO 20022 bank messages camt.052 (report), camt.053 (statement) and camt.054 (notification).

Rules kept here:

- Every version is read by local names; the file is streamed and an element is dropped once read.
- A DTD is refused: entities and external files are how an XML file attacks its reader.
- A **statement** (053) is the bank's book. A **report** (052) is the same book during the day: its
  lines carry the same servicer references, so the later message replaces the earlier one, by
  ``known_at`` (the message's creation time).
- A **notification** (054) announces money that the statement will show again, often split
  otherwise. Its lines are ``info`` under ids of their own: they can be searched and never count
  as arrived, so that no money is counted twice. The file gets one warning that says so.
- Coverage is claimed for a 053 (its period, else its balances' dates) and for a 052 with a
  period, and only if every entry was read and the balances add up: a statement with a hole must
  not make a payment look missing.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, BinaryIO, Final
from zoneinfo import ZoneInfo

from lxml import etree

from daozhang.formats._camt_entry import Entry, EntryError, When, Xml, entry_of
from daozhang.formats._camt_feed import Cut, Feed
from daozhang.formats._camt_texts import Told, local_names, texts_of
from daozhang.formats._lines import Collector, LineIds
from daozhang.formats._times import parse_iso_instant
from daozhang.formats.base import Facts, Fit, Options, Source
from daozhang.formats.limits import FACTS_BATCH_ROWS
from daozhang.money import format_minor

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daozhang.facts import Problem

__all__ = ["CamtReader"]

_SPACE: Final = re.compile(rb"camt\.05[234]\.")
_ROOTS: Final = re.compile(
    rb"<(?:[\w.-]+:)?(?:BkToCstmrStmt|BkToCstmrAcctRpt|BkToCstmrDbtCdtNtfctn)\b"
)
_PLACE: Final = re.compile(r",? line \d+(?:, column \d+)?")
_KINDS: Final = {"Stmt": "053", "Rpt": "052", "Ntfctn": "054"}
_OPENING: Final = ("OPBD", "PRCD")
_CLOSING: Final = "CLBD"


@dataclass(slots=True)
class _Statement:
    """What is gathered about one ``Stmt``, ``Rpt`` or ``Ntfctn`` while its entries stream by."""

    kind: str
    line: int
    account_id: str | None = None
    bank_id: str | None = None
    currency: str | None = None
    known_at: dt.datetime | None = None
    failed: bool = False
    partial: bool = False
    entries: list[tuple[Entry, int]] = field(default_factory=list)


class CamtReader:
    """Reads camt.052, camt.053 and camt.054 of every version."""

    name = "camt"

    def fit(self, source: Source) -> Fit:
        """Say how well the file fits: by its namespace or its message element."""
        head = source.head.replace(b"\0", b"")  # UTF-16 reads as ASCII without its zero bytes.
        if b"<" not in head[:256]:
            return Fit.NO
        return Fit.CERTAIN if _SPACE.search(head) or _ROOTS.search(head) else Fit.NO

    def read(self, source: Source, options: Options) -> Iterator[Facts | Problem]:
        """Stream credits and coverage.

        Raises:
            OSError: the file cannot be opened or read.
            zoneinfo.ZoneInfoNotFoundError: ``options.timezone`` is not a time zone.
        """
        out = Collector(source.name)
        with source.path.open("rb") as stream:
            lines_skipped = _skip_blank(stream)
            yield from _Reading(stream, options, out, lines_skipped).run()
        yield from out.drain(last=True)


def _skip_blank(stream: BinaryIO) -> int:
    """Move past blanks before the XML declaration, which XML forbids and files have."""
    head = stream.read(4096)
    blank = len(head) - len(head.lstrip(b" \t\r\n"))
    stream.seek(blank)
    return head[:blank].count(b"\n")


class _Reading:
    """One pass over one file."""

    def __init__(self, stream: BinaryIO, options: Options, out: Collector, skipped: int) -> None:
        self.stream = stream
        self.options = options
        self.out = out
        self.feed = Feed(stream, ["GrpHdr", "Ntry", *_KINDS], _KINDS)
        self.lines_skipped = skipped
        self.zone = ZoneInfo(options.timezone)
        self.xml = Xml("")
        self.ids = LineIds()
        self.group_created: dt.datetime | None = None
        self.statement: _Statement | None = None
        self.statements = 0
        self.noticed = False
        self.consumed = 0
        self.checked = False
        self.page_before: tuple[str | None, str | None] = (None, None)

    def run(self) -> Iterator[Facts | Problem]:
        count = 0
        try:
            for item in self.feed:
                if isinstance(item, Cut):
                    self._take(item.told, item.line + self.lines_skipped)
                elif self.checked or self._is_plain(item):
                    ended = self._close(item)
                    if ended is not None:
                        yield from self._finish(ended, item)
                        item.clear()
                        self._progress()
                else:
                    return
                count += 1
                if count % FACTS_BATCH_ROWS == 0 or self.statement is None:
                    yield from self.out.drain()
                    self._progress()
        except etree.XMLSyntaxError as error:
            self._broken(error)
        if self.statement is not None:
            # The file ended inside a statement: what was read of it is kept, without coverage.
            self.statement.failed = True
            yield from self._finish(self.statement, None)
        self._progress()
        if self.statements == 0 and self.out.problem_count == 0:
            self.out.error(
                None, "no_statement", "the message has no Stmt, Rpt or Ntfctn; ask the bank for it"
            )

    def _progress(self) -> None:
        done = self.stream.tell()
        if self.options.progress is not None and done > self.consumed:
            self.options.progress(done - self.consumed)
        self.consumed = done

    def _broken(self, error: etree.XMLSyntaxError) -> None:
        line = (error.lineno or 1) + self.lines_skipped + self.feed.lines_cut
        # The parser's own lines do not count what it did not see.
        reason = _PLACE.sub("", (error.msg or "broken XML").splitlines()[0])[:200]
        self.out.error(
            line,
            "xml_broken",
            f"the XML breaks off here ({reason}); entries before it were taken: fetch the file "
            "again",
        )

    def _is_plain(self, element: etree._Element) -> bool:
        """Refuse a document that declares a DTD; looked at once, at the first element."""
        self.checked = True
        document: Any = element.getroottree().docinfo  # The stubs do not know that it may be None.
        if document.internalDTD is None and document.externalDTD is None:
            return True
        self.out.error(
            1,
            "xml_dtd_refused",
            "the file declares a DTD, which no bank message has and which may be an attack; it "
            "was not read",
        )
        return False

    def _open(self, element: etree._Element) -> _Statement:
        """Begin a statement: at the end of its first entry, or its own if it has none."""
        self.xml = Xml(_space_of(element))
        self.statements += 1
        self.statement = _Statement(_KINDS[_local(element)], self._line(element))
        return self.statement

    def _line(self, element: etree._Element) -> int:
        line: Any = element.sourceline  # The stubs have no type for it.
        return int(line or 1) + self.lines_skipped + self.feed.lines_cut

    def _close(self, element: etree._Element) -> _Statement | None:
        """Take an element that ends; return the statement that ends with it."""
        name = _local(element)
        parent = element.getparent()
        in_statement = parent is not None and _local(parent) in _KINDS
        if name == "Ntry" and in_statement and parent is not None:
            self._entry(self.statement or self._open(parent), element, parent)
            element.clear()
            before = element.getprevious()
            if before is not None and before.tag == element.tag:
                parent.remove(before)
        elif name in _KINDS and not in_statement:
            statement = self.statement or self._open(element)
            if _KINDS[name] == statement.kind:
                self.statement = None
                return statement
        elif name == "GrpHdr" and self.statement is None:
            text = Xml(_space_of(element)).text(element, "CreDtTm")
            self.group_created = parse_iso_instant(text, self.zone) if text else None
        return None

    def _created(self, element: etree._Element) -> dt.datetime | None:
        text = self.xml.text(element, "CreDtTm")
        return parse_iso_instant(text, self.zone) if text else None

    def _head(self, statement: _Statement, element: etree._Element) -> None:
        """Read what stands before the entries; told once, at the first entry or the end."""
        if statement.account_id is not None:
            return
        xml = self.xml
        iban, other = xml.text(element, "Acct/Id/IBAN"), xml.text(element, "Acct/Id/Othr/Id")
        statement.account_id = "".join(iban.split()) if iban else (other or "")
        servicer = "Acct/Svcr/FinInstnId"
        statement.bank_id = xml.text(element, f"{servicer}/BICFI") or xml.text(
            element, f"{servicer}/BIC"
        )
        statement.currency = xml.text(element, "Acct/Ccy") or self.options.currency
        statement.known_at = self._created(element) or self.group_created
        if not statement.account_id:
            statement.failed = True
            self.out.error(
                statement.line, "account_missing",
                "the statement names no account (Acct/Id); its entries cannot be filed: ask the "
                "bank for a file with the account",
            )  # fmt: skip

    def _entry(
        self, statement: _Statement, element: etree._Element, parent: etree._Element
    ) -> None:
        self._head(statement, parent)
        self._take(texts_of(element, local_names(self.xml.space)), self._line(element))

    def _take(self, told: Told, line: int) -> None:
        """Take one entry of the statement that is open."""
        statement = self.statement
        if statement is None or not statement.account_id:
            return
        try:
            entry = entry_of(told, self.zone, statement.currency)
        except EntryError as error:
            statement.failed = True
            self.out.error(line, error.code, f"{error}; the entry was left out")
            return
        statement.entries.append((entry, line))

    def _finish(
        self, statement: _Statement, element: etree._Element | None
    ) -> Iterator[Facts | Problem]:
        """Hand out a statement's rows, then say what it covers and whether it adds up."""
        if element is not None:
            self._head(statement, element)
        if not statement.account_id:
            return
        if statement.kind == "054" and statement.entries and not self.noticed:
            self.noticed = True
            self.out.warn(
                statement.line, "notification_not_statement",
                "a camt.054 announces money and does not prove that it was booked; its lines are "
                "kept as information: add the camt.053 statement",
            )  # fmt: skip
        self._count_occurrences_from(statement, element)
        shared = Counter(entry.reference for entry, _ in statement.entries)
        for count, (entry, line) in enumerate(statement.entries, 1):
            own = entry.reference if shared[entry.reference] == 1 else None
            self._rows(statement, entry, line, own)
            if count % FACTS_BATCH_ROWS == 0:
                yield from self.out.drain()
        if element is not None and statement.kind != "054":
            self._coverage(statement, element)

    def _count_occurrences_from(
        self, statement: _Statement, element: etree._Element | None
    ) -> None:
        """Count identical lines anew, unless this is a further page of the statement before it.

        A page claims the period only when it is the last one and all before it were read here.
        """
        page, last = None, None
        if element is not None:
            page = self.xml.text(element, "StmtPgntn/PgNb") or self.xml.text(
                element, "RptPgntn/PgNb"
            )
            last = self.xml.text(element, "StmtPgntn/LastPgInd") or self.xml.text(
                element, "RptPgntn/LastPgInd"
            )
        place = statement.account_id, page
        further = page not in {None, "1", "01"}
        goes_on = further and self.page_before == (statement.account_id, _before(page))
        if not goes_on:
            self.ids.restart()
        statement.partial = last == "false" or (further and not goes_on)
        self.page_before = place

    def _rows(self, statement: _Statement, entry: Entry, line: int, own: str | None) -> None:
        booked_at = entry.booked_at or entry.value_date or statement.known_at
        if booked_at is None:
            statement.failed = True
            self.out.error(
                line, "booking_date_missing",
                "the entry has no BookgDt, no ValDt, and its message no CreDtTm; it was left out",
            )  # fmt: skip
            return
        assert statement.account_id is not None
        status = "info" if statement.kind == "054" else entry.status
        for number, part in enumerate(entry.parts, 1):
            if own is not None:
                credit_id = own if len(entry.parts) == 1 else f"{own}/{part.own_ref or number}"
            else:
                day = _day(booked_at, self.zone).isoformat()
                text = f"{part.ref or ''}|{part.counterparty or ''}|{entry.ntry_ref or ''}"
                marked = text if status == "booked" else f"{status}|{text}"
                credit_id = self.ids.next_id(statement.account_id, day, part.amount_minor, marked)
            row: dict[str, object] = {
                "credit_id": f"notice-{credit_id}" if statement.kind == "054" else credit_id,
                "account_id": statement.account_id,
                "bank_id": statement.bank_id,
                "amount_minor": part.amount_minor,
                "currency": entry.currency,
                "booked_at": booked_at,
                "value_date": entry.value_date,
                "ref": part.ref,
                "counterparty": part.counterparty,
                "status": status,
            }
            if statement.known_at is not None:
                row["known_at"] = statement.known_at
            self.out.add("credits", row, line)

    def _coverage(self, statement: _Statement, element: etree._Element) -> None:
        try:
            balances = self._balances(statement, element)
            period = self._period(statement, element, balances)
        except EntryError as error:
            self.out.warn(
                statement.line, error.code, f"{error}; what the statement covers is not known"
            )
            return
        added_up = self._adds_up(statement, balances)
        if period is None or statement.failed or statement.partial or not added_up:
            return
        row: dict[str, object] = {
            "subject": statement.account_id,
            "table": "credits",
            "from_at": period[0],
            "to_at": period[1],
        }
        if statement.known_at is not None:
            row["known_at"] = statement.known_at
        self.out.add("coverage", row, statement.line)

    def _balances(
        self, statement: _Statement, element: etree._Element
    ) -> dict[str, tuple[int, str, When | None]]:
        """Return signed minor units, currency and date by balance code; the first of each."""
        found: dict[str, tuple[int, str, When | None]] = {}
        for balance in self.xml.every(element, "Bal"):
            code = self.xml.text(balance, "Tp/CdOrPrtry/Cd")
            amount = self.xml.find(balance, "Amt")
            if code is None or amount is None or code in found:
                continue
            minor, currency = self.xml.money(amount, statement.currency)
            sign = -1 if self.xml.text(balance, "CdtDbtInd") == "DBIT" else 1
            found[code] = (sign * minor, currency, self.xml.when(balance, "Dt", self.zone))
        return found

    def _period(
        self,
        statement: _Statement,
        element: etree._Element,
        balances: dict[str, tuple[int, str, When | None]],
    ) -> tuple[When, When] | None:
        span = self.xml.find(element, "FrToDt")
        if span is not None:
            bounds = []
            for name in ("Fr", "To"):
                text = self.xml.text(span, f"{name}DtTm") or self.xml.text(span, f"{name}Dt") or ""
                bounds.append(parse_iso_instant(text, self.zone))
            first_at, last_at = bounds
            if last_at is not None and statement.kind == "052" and statement.known_at is not None:
                # A report made at noon cannot show the afternoon, whatever period it names.
                last_at = min(last_at, statement.known_at)
            if first_at is not None and last_at is not None and first_at <= last_at:
                return first_at, last_at
        if statement.kind != "053":
            return None
        opening = next((balances[code][2] for code in _OPENING if code in balances), None)
        closing = balances[_CLOSING][2] if _CLOSING in balances else None
        if opening is None or closing is None:
            return None
        first, last = _day(opening, self.zone), _day(closing, self.zone)
        return (first, last) if first <= last else None

    def _adds_up(
        self, statement: _Statement, balances: dict[str, tuple[int, str, When | None]]
    ) -> bool:
        """Check opening + booked entries = closing; True also when there is nothing to check."""
        opening = next((balances[code] for code in _OPENING if code in balances), None)
        closing = balances.get(_CLOSING)
        if opening is None or closing is None or statement.failed:
            return True
        currency = closing[1]
        booked = [entry for entry, _ in statement.entries if entry.status == "booked"]
        if opening[1] != currency or any(entry.currency != currency for entry in booked):
            return True  # Amounts of several currencies cannot be added.
        moved = sum(entry.amount_minor for entry in booked)
        if opening[0] + moved == closing[0]:
            return True
        self.out.warn(
            statement.line, "balance_mismatch",
            f"opening {format_minor(opening[0], currency)} plus entries "
            f"{format_minor(moved, currency)} is {format_minor(opening[0] + moved, currency)}, "
            f"but the statement closes with {format_minor(closing[0], currency)}: lines may be "
            "missing, so the period is not taken as covered",
        )  # fmt: skip
        return False


def _local(element: etree._Element) -> str:
    return _local_name(element.tag)


@functools.lru_cache(maxsize=256)
def _local_name(tag: object) -> str:
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""


def _space_of(element: etree._Element) -> str:
    tag = element.tag
    return tag[: tag.rindex("}") + 1] if isinstance(tag, str) and "}" in tag else ""


def _day(when: When, zone: ZoneInfo) -> dt.date:
    return when.astimezone(zone).date() if isinstance(when, dt.datetime) else when


def _before(page: str | None) -> str | None:
    """Return the number of the page before, as text; None when the page has no number."""
    if page is None or not (page.isascii() and page.isdigit()):
        return None
    return str(int(page) - 1)
