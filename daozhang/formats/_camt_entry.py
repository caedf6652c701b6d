"""One camt ``Ntry`` element, to the rows that it means.

The sign is the entry's own ``CdtDbtInd``: ISO 20022 defines it as the direction of *this* entry,
so a reversal of a debit already says CRDT and ``RvslInd`` must not turn it round again (the
balances of real statements confirm it).
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from daozhang.formats._lines import NO_REFERENCE, join_texts
from daozhang.formats._times import parse_iso_day, parse_iso_instant
from daozhang.formats.limits import DETAILS_CHARS_MAX
from daozhang.formats.privacy import truncate_cards
from daozhang.money import AmountError, parse_amount

if TYPE_CHECKING:
    from collections.abc import Iterator
    from zoneinfo import ZoneInfo

    from lxml import etree

__all__ = ["Entry", "EntryError", "Part", "When", "Xml", "read_entry"]

When = dt.datetime | dt.date

_SIGNS: Final = {"CRDT": 1, "DBIT": -1}
_STATUSES: Final = {"BOOK": "booked", "PDNG": "pending", "INFO": "info", "FUTR": "pending"}
_SHORTEST_ID: Final = 6  # A servicer's reference of five characters is a counter, not an id.


class EntryError(ValueError):
    """An element cannot be read; ``code`` is the problem's code, the text its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


@functools.lru_cache(maxsize=1024)
def _path(space: str, path: str) -> str:
    """Return a plain path with the namespace on every step."""
    return "/".join(f"{space}{step}" for step in path.split("/"))


@dataclass(frozen=True, slots=True)
class Xml:
    """Looks up elements by local names; ``space`` is ``{namespace}`` or empty."""

    space: str

    def text(self, element: etree._Element, path: str) -> str | None:
        """Return the stripped text at the path, or None when absent or blank."""
        found = element.findtext(_path(self.space, path))
        return (found.strip() or None) if found else None

    def find(self, element: etree._Element, path: str) -> etree._Element | None:
        """Return the first element at the path."""
        return element.find(_path(self.space, path))

    def every(self, element: etree._Element, path: str) -> list[etree._Element]:
        """Return all elements at the path."""
        return element.findall(_path(self.space, path))

    def when(self, element: etree._Element, path: str, zone: ZoneInfo) -> When | None:
        """Return the choice ``Dt`` or ``DtTm`` at the path.

        Raises:
            EntryError: there is text, and it is neither a date nor a time.
        """
        stamp = self.text(element, f"{path}/DtTm")
        text = stamp or self.text(element, f"{path}/Dt")
        if text is None:
            return None
        when: When | None = parse_iso_instant(text, zone) or parse_iso_day(text)
        if when is None:
            raise EntryError("date_unreadable", f"{path} holds {text!r}, which is not a date")
        return when

    def money(self, element: etree._Element, default: str | None) -> tuple[int, str]:
        """Return the minor units and currency of an amount element.

        Raises:
            EntryError: no number, no currency, or finer than the currency allows.
        """
        currency = (element.get("Ccy") or default or "").strip()
        if not currency:
            raise EntryError(
                "currency_missing",
                "the amount has no Ccy and the account no currency: name the currency to read with",
            )
        text = (element.text or "").strip()
        try:
            return parse_amount(text, currency, group=""), currency
        except AmountError as error:
            raise EntryError("amount_unreadable", f"the amount cannot be taken: {error}") from None


@dataclass(frozen=True, slots=True)
class Part:
    """One row of an entry: the whole of it, or one of its transactions."""

    amount_minor: int
    ref: str | None
    counterparty: str | None
    own_ref: str | None


@dataclass(frozen=True, slots=True)
class Entry:
    """One booking. ``reference`` is the servicer's id where it gave a usable one."""

    currency: str
    amount_minor: int
    status: str
    booked_at: When | None
    value_date: dt.date | None
    reference: str | None
    parts: tuple[Part, ...]


def read_entry(xml: Xml, ntry: etree._Element, zone: ZoneInfo, default: str | None) -> Entry:
    """Read one ``Ntry``; ``default`` is the account's currency.

    Raises:
        EntryError: something that the row cannot do without is missing or unreadable.
    """
    amount = xml.find(ntry, "Amt")
    if amount is None:
        raise EntryError("amount_missing", "the entry has no Amt; nothing can be booked from it")
    minor, currency = xml.money(amount, default)
    minor *= _sign(xml.text(ntry, "CdtDbtInd"))
    status = (xml.text(ntry, "Sts/Cd") or xml.text(ntry, "Sts") or "BOOK").upper()
    if status not in _STATUSES:
        known = ", ".join(_STATUSES)
        raise EntryError("status_unknown", f"Sts is {status!r}; known are {known}")
    booked_at, value = xml.when(ntry, "BookgDt", zone), xml.when(ntry, "ValDt", zone)
    value_date = value.astimezone(zone).date() if isinstance(value, dt.datetime) else value
    reference = xml.text(ntry, "AcctSvcrRef")
    details = [tx for d in xml.every(ntry, "NtryDtls") for tx in xml.every(d, "TxDtls")]
    amounts = _own_amounts(xml, details, minor, currency)
    entry_texts = _entry_texts(xml, ntry)
    parts: tuple[Part, ...]
    if amounts is None:
        parts = (_whole(xml, details, minor, entry_texts),)
    else:
        pairs = zip(details, amounts, strict=True)
        parts = tuple(_part(xml, tx, part, entry_texts) for tx, part in pairs)
    return Entry(
        currency=currency,
        amount_minor=minor,
        status=_STATUSES[status],
        booked_at=booked_at,
        value_date=value_date,
        reference=reference if _usable(reference) else None,
        parts=parts,
    )


def _sign(indicator: str | None) -> int:
    sign = _SIGNS.get(indicator or "")
    if sign is None:
        raise EntryError("direction_missing", f"CdtDbtInd is {indicator!r}; CRDT or DBIT is needed")
    return sign


def _usable(reference: str | None) -> bool:
    return (
        reference is not None
        and len(reference) >= _SHORTEST_ID
        and reference.upper() not in NO_REFERENCE
    )


def _own_amounts(
    xml: Xml, details: list[etree._Element], total: int, currency: str
) -> list[int] | None:
    """Return the transactions' signed amounts if there are several and they sum to the entry."""
    if len(details) < 2:  # noqa: PLR2004 (one transaction is the entry itself)
        return None
    amounts = []
    for tx in details:
        amount = xml.find(tx, "Amt")
        if amount is None:
            amount = xml.find(tx, "AmtDtls/TxAmt/Amt")
        if amount is None or (amount.get("Ccy") or currency) != currency:
            return None
        try:
            minor, _ = xml.money(amount, currency)
        except EntryError:
            return None
        sign = _SIGNS.get(xml.text(tx, "CdtDbtInd") or "", 1 if total >= 0 else -1)
        amounts.append(sign * minor)
    return amounts if sum(amounts) == total else None


def _entry_texts(xml: Xml, ntry: etree._Element) -> list[str | None]:
    """Return the texts that hold for the whole entry."""
    return [
        xml.text(ntry, "AcctSvcrRef"),
        xml.text(ntry, "NtryRef"),
        *_free(xml, ntry, "AddtlNtryInf"),
    ]


def _part(xml: Xml, tx: etree._Element, minor: int, entry_texts: list[str | None]) -> Part:
    """Return the row of one transaction of a split entry."""
    own = xml.text(tx, "Refs/AcctSvcrRef")
    ref = join_texts([*_tx_texts(xml, tx), *entry_texts])
    return Part(minor, _cut(ref), _counterparty(xml, tx, minor), own if _usable(own) else None)


def _whole(
    xml: Xml, details: list[etree._Element], minor: int, entry_texts: list[str | None]
) -> Part:
    """Return the one row of an entry that is not split."""
    texts = [text for tx in details for text in _tx_texts(xml, tx)]
    names = {name for tx in details if (name := _counterparty(xml, tx, minor))}
    # Several payers in one unsplit entry: none of them is the counterparty of the whole.
    counterparty = names.pop() if len(names) == 1 else None
    return Part(minor, _cut(join_texts([*texts, *entry_texts])), counterparty, None)


def _cut(text: str | None) -> str | None:
    return text[:DETAILS_CHARS_MAX] if text else None


def _tx_texts(xml: Xml, tx: etree._Element) -> Iterator[str | None]:
    """Yield ids as they are, then free text with card numbers cut."""
    for name in ("EndToEndId", "AcctSvcrRef", "TxId", "InstrId", "PmtInfId", "UETR"):
        yield xml.text(tx, f"Refs/{name}")
    yield from _free(xml, tx, "RmtInf/Ustrd")
    for structured in xml.every(tx, "RmtInf/Strd"):
        yield xml.text(structured, "CdtrRefInf/Ref")
        for number in xml.every(structured, "RfrdDocInf/Nb"):
            yield number.text
        yield from _free(xml, structured, "AddtlRmtInf")
    yield from _free(xml, tx, "AddtlTxInf")


def _free(xml: Xml, element: etree._Element, path: str) -> Iterator[str]:
    for found in xml.every(element, path):
        if found.text:
            yield truncate_cards(found.text)


def _counterparty(xml: Xml, tx: etree._Element, minor: int) -> str | None:
    """Return who paid us (money in) or whom we paid (money out)."""
    sides = ("Dbtr", "UltmtDbtr") if minor >= 0 else ("Cdtr", "UltmtCdtr")
    for side in sides:
        for path in ("Nm", "Pty/Nm", "Agt/FinInstnId/Nm"):
            name = xml.text(tx, f"RltdPties/{side}/{path}")
            if name:
                return truncate_cards(" ".join(name.split()))
    return None
