"""The grammar of single MT940 and MT942 fields, and the cut of a file into fields.

Real files are messy: SWIFT envelopes or none, blank lines, fields after odd text, lines wrapped at
65 characters in the middle of a word. The cut (:func:`fields_of`) is therefore tolerant and the
grammar of an amount or a date is not: what it cannot read becomes a located error.
"""

from __future__ import annotations

import functools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from daozhang.formats._lines import NO_REFERENCE, join_texts
from daozhang.formats._times import parse_yymmdd, with_nearest_year
from daozhang.formats.limits import DETAILS_CHARS_MAX
from daozhang.formats.privacy import truncate_cards
from daozhang.money import AmountError, parse_amount

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Iterator

__all__ = [
    "Balance", "Details", "Field", "FieldError", "StatementLine", "fields_of", "parse_balance",
    "parse_details", "parse_statement_line", "swift_amount",
]  # fmt: skip

_TAGS: Final = "13D?|20|21|25P?|28C?|34F|60[FME]?|61|62[FM]?|64|65|86|90[CD]|NS|940|942"
# Transmission programs leave control characters (start and end of text) before a field.
_TAG: Final = re.compile(rf"[\s\x00-\x1f\ufeff]*:({_TAGS}):")
_LEADING: Final = " \t\ufeff" + "".join(map(chr, range(32)))
# Fields that follow on the same line, because a program lost the line ends.
_INNER: Final = re.compile(
    r"(?<=.)(?=:61:\d{6}(?:\d{4})?[RE]?[CD])|(?<=.)(?=:6[02][FM]:[CD]\d{6}[A-Z]{3})"
    r"|(?<=.)(?=:(?:86|25|28C|64):)"
)
_ENVELOPE: Final = re.compile(r"\{[1-5]:|-\}|\s*-(?:\}.*|X{3}|\s*)$|\}\s*$")
_APPLICATION_942: Final = re.compile(r"\{2:[IO]942")
_WRAP_CHARS: Final = 65
_FIELD_LINES_MAX: Final = 1_000  # SWIFT allows 6; what follows so many is not text.


class FieldError(ValueError):
    """A field cannot be read; ``code`` is the problem's code, the text its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@dataclass(slots=True)
class Field:
    """One field: its tag without colons, its lines, and the line it starts in."""

    tag: str
    lines: list[str]
    line: int


def fields_of(lines: Iterable[str]) -> Iterator[Field]:
    """Cut lines into fields; an end of message is yielded as a field with the tag ``-``.

    Text outside of any field (envelopes, bank headers) is dropped. The application header of an
    MT942 comes out as a field ``942``.
    """
    current: Field | None = None
    for number, raw in enumerate(lines, 1):
        whole = raw.rstrip("\r\n")
        for piece in _INNER.split(whole) if whole.count(":") > 3 else (whole,):  # noqa: PLR2004
            match = _TAG.match(piece)
            if match is None and piece.lstrip(_LEADING).startswith(("{1:", "{2:", "{4:", "-}")):
                # SNS and others begin the first field on the envelope's own line.
                if current is not None:
                    yield current
                current = None
                yield Field("-", [], number)
                if _APPLICATION_942.search(piece):
                    yield Field("942", [], number)
                continue
            if match is not None:
                if current is not None:
                    yield current
                current = Field(match[1], [piece[match.end() :]], number)
            elif _ENVELOPE.fullmatch(piece):
                if current is not None:
                    yield current
                    current = None
                yield Field("-", [], number)
            elif current is not None and len(current.lines) < _FIELD_LINES_MAX:
                current.lines.append(piece)
    if current is not None:
        yield current


@dataclass(frozen=True, slots=True)
class Balance:
    """An opening or closing balance; minor units are signed."""

    day: dt.date
    currency: str
    minor: int


_BALANCE: Final = re.compile(
    r"\s*(?P<mark>[CD])[RB]?\s*(?P<day>\d{6}|\d{8})\s*(?P<currency>[A-Z]{3})\s*"
    r"(?P<amount>[\d.,' ]+)",
    re.ASCII,
)
_STATEMENT: Final = re.compile(
    r"\s*(?P<value>\d{6})(?P<entry>\d{4}|[ ]{4})?\s*(?P<mark>[RE]?[CD])(?P<funds>[A-Z])?\s*"
    r"(?P<amount>\d[\d.,']*|,\d+)(?P<rest>.*)",
    re.ASCII,
)
_STATEMENT_LONG_YEAR: Final = re.compile(
    r"\s*(?P<value>(?:19|20)\d{6})(?P<entry>\d{4}|[ ]{4})?\s*(?P<mark>[RE]?[CD])(?P<funds>[A-Z])?"
    r"\s*(?P<amount>\d[\d.,']*|,\d+)(?P<rest>.*)",
    re.ASCII,
)
_WHOLE: Final = re.compile(r"\d[RE]?[CD]?[A-Z]?\s*\d*[.,]?\d*[NFS]")
_TYPE: Final = re.compile(r"\s*[NFS][A-Z0-9 ]{3}")
_SIGNS: Final = {"C": 1, "D": -1, "RC": -1, "RD": 1, "EC": 1, "ED": -1}


@functools.lru_cache(maxsize=4_096)
def swift_amount(text: str, currency: str) -> int:
    """Return the minor units of SWIFT's ``1234,5`` (also ``1.234,50`` and ``1234.50``).

    Raises:
        FieldError: no exact amount of the currency.
    """
    plain = text.strip().replace("'", "").replace(" ", "")
    decimal = "," if plain.rfind(",") > plain.rfind(".") else "."
    if plain.count(decimal) > 1:
        raise FieldError("amount_unreadable", f"the amount {text!r} has two decimal marks")
    group = "." if decimal == "," else ","
    try:
        return parse_amount(plain, currency, decimal=decimal, group=group)
    except AmountError as error:
        raise FieldError("amount_unreadable", f"the amount cannot be taken: {error}") from None


def parse_balance(text: str) -> Balance:
    """Read a balance field such as ``C160314EUR2187,95``.

    Raises:
        FieldError: it is none.
    """
    match = _BALANCE.match(text)
    day = parse_yymmdd(match["day"]) if match else None
    if match is None or day is None:
        raise FieldError(
            "balance_unreadable",
            f"{text[:40]!r} is no balance (C or D, date, currency, amount)",
        )
    minor = swift_amount(match["amount"], match["currency"])
    return Balance(day, match["currency"], minor if match["mark"] == "C" else -minor)


class StatementLine(NamedTuple):
    """Field 61. ``sign`` is the direction of the money: reversals are already turned round."""

    value_date: dt.date | None
    booked_on: dt.date
    sign: int
    amount: str
    references: tuple[str, ...]
    supplement: str


def parse_statement_line(lines: list[str]) -> StatementLine:
    """Read field 61: value date, entry date, mark, funds code, amount, type, references.

    A value date that no calendar has (30 February, which 30/360 banks write) is dropped when
    there is an entry date. The entry date's year is the one nearest to the value date.

    Raises:
        FieldError: no direction, date or amount can be found.
    """
    text = lines[0].rstrip()
    if len(lines) > 1 and not _WHOLE.search(text):
        text += lines[1].strip()  # The field was wrapped before its amount ended.
    match = _STATEMENT.match(text) or _STATEMENT_LONG_YEAR.match(text)
    if match is None:
        raise FieldError(
            "entry_unreadable",
            f"{text[:60]!r} is no statement line (date, C or D, amount, type)",
        )
    value_text, entry_text, mark, _, amount, rest = match.groups()
    value = parse_yymmdd(value_text)
    entry = (entry_text or "").strip()
    near = value or parse_yymmdd(value_text[:-2] + "15")
    booked = with_nearest_year(int(entry[:2]), int(entry[2:]), near) if entry and near else None
    booked = booked or value
    if booked is None:
        raise FieldError("date_unreadable", f"{value_text!r} is no date (YYMMDD)")
    kind = _TYPE.match(rest)
    references = [part.strip() for part in rest[kind.end() if kind else 0 :].split("//", 1)]
    return StatementLine(
        value,
        booked,
        _SIGNS[mark],
        amount,
        tuple([r for r in references if r.upper().rstrip("+") not in NO_REFERENCE]),
        " ".join([line.strip() for line in lines[1:]]).strip() if len(lines) > 1 else "",
    )


class Details(NamedTuple):
    """Field 86: its text to search in, and who is on the other side."""

    text: str | None
    counterparty: str | None


_GERMAN: Final = re.compile(r"\?(\d\d)")
_SLASHED: Final = re.compile(
    r"/(TRTP|TRCD|IBAN|BIC|NAME|REMI|EREF|MARF|CSID|CNTP|PURP|ORDP|BENM|ISDT|ADDR|ULTD|ULTB|ULTC|"
    r"RTRN|ACCW|ID|PREF|KREF|INFO|USTD|STRD|PY|ORG|PI|OCMT|CHGS|SVCL)/"
)
_LABELLED: Final = re.compile(
    r"\b(?:NAAM|NAME|Naam):\s*(.+?)(?=\s{2,}|\s[A-Z][A-Za-z.]{3,}:|$)", re.DOTALL
)
_SEPA_WORDS: Final = re.compile(
    r"(?<=[^\s])(?=(?:EREF|KREF|MREF|CRED|DEBT|SVWZ|ABWA|ABWE|OAMT|COAM|PURP|MDAT)\+)"
)


def _unwrapped(lines: list[str]) -> str:
    """Join lines; a full one was wrapped in the middle of a word, a shorter one was not."""
    text = ""
    wrapped = True
    for number, line in enumerate(lines):
        text += line if wrapped else f" {line.strip()}"
        # Some banks count the tag ``:86:`` of the first line, some do not.
        wrapped = len(line) + (4 if number == 0 else 0) >= _WRAP_CHARS - 1
    return text


def parse_details(lines: list[str]) -> Details:
    """Read field 86 in any of its dialects: ``?20…``, ``/REMI/…`` or free text."""
    joined = "".join([line.rstrip("\r\n") for line in lines])
    if joined.count("?") > 1:
        pieces = _GERMAN.split(joined)
        if len(pieces) > 3:  # noqa: PLR2004 (two sub-fields)
            return _german(pieces)
    text = _unwrapped(lines)
    counterparty = None
    if _SLASHED.search(text):
        counterparty = _slashed_name(text)
    elif (label := _LABELLED.search(text)) is not None:
        counterparty = label[1].strip(" ,;/") or None
    return Details(_searchable(text), _name(counterparty))


_PURPOSE: Final = frozenset(str(code) for code in (*range(20, 30), *range(60, 64)))


def _german(pieces: list[str]) -> Details:
    """Read the sub-fields that German banks use (DFÜ agreement, annex 3).

    ``pieces`` are the text before the first code, then code and text in turn.
    """
    fields: dict[str, str] = {}
    for code, value in zip(pieces[1::2], pieces[2::2], strict=True):
        fields[code] = fields.get(code, "") + value
    # 20 to 29 and 60 to 63 are one text cut every 27 characters, in the middle of words and ids.
    purpose = "".join([fields[code] for code in sorted(fields) if code in _PURPOSE])
    name = fields.get("32", "").rstrip() + (" " if fields.get("33", "")[:1] == " " else "")
    name += fields.get("33", "").strip()
    account = None
    if "31" in fields or "30" in fields:
        account = join_texts([fields.get("31"), fields.get("30")])
    text = join_texts([_searchable(_SEPA_WORDS.sub(" ", purpose)), fields.get("00"), account])
    return Details(text, _name(name))


def _slashed_name(text: str) -> str | None:
    """Return the party of ``/NAME/…/`` or of ``/CNTP/account/BIC/name/…/``."""
    pieces = _SLASHED.split(text)
    found = dict(zip(reversed(pieces[1::2]), reversed(pieces[2::2]), strict=True))
    if "NAME" in found:
        return found["NAME"].strip("/ ") or None
    parts = found.get("CNTP", "").split("/")
    return parts[2].strip() or None if len(parts) > 2 else None  # noqa: PLR2004


def _searchable(text: str) -> str | None:
    return truncate_cards(" ".join(text.split()))[:DETAILS_CHARS_MAX] or None


def _name(text: str | None) -> str | None:
    return truncate_cards(" ".join(text.split())) or None if text else None
