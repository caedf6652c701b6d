"""One camt ``Ntry`` element, to the rows that it means.

The sign is the entry's own ``CdtDbtInd``: ISO 20022 defines it as the direction of *this* entry,
so a reversal of a debit already says CRDT and ``RvslInd`` must not turn it round again (the
balances of real statements confirm it).
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

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
        text = self.text(element, f"{path}/DtTm") or self.text(element, f"{path}/Dt")
        return _when(text, path, zone)

    def money(self, element: etree._Element, default: str | None) -> tuple[int, str]:
        """Return the minor units and currency of an amount element.

        Raises:
            EntryError: no number, no currency, or finer than the currency allows.
        """
        return _money(element.text or "", element.get("Ccy") or default or "")


@functools.lru_cache(maxsize=65_536)
def _money(text: str, currency: str) -> tuple[int, str]:
    """Return minor units and currency; statements repeat their amounts."""
    currency = currency.strip()
    if not currency:
        raise EntryError(
            "currency_missing",
            "the amount has no Ccy and the account no currency: name the currency to read with",
        )
    try:
        return parse_amount(text.strip(), currency, group=""), currency
    except AmountError as error:
        raise EntryError("amount_unreadable", f"the amount cannot be taken: {error}") from None


@functools.lru_cache(maxsize=16_384)
def _when(text: str | None, path: str, zone: ZoneInfo) -> When | None:
    """Return the date or instant of a text; statements repeat their days."""
    if text is None:
        return None
    when: When | None = parse_iso_instant(text, zone) or parse_iso_day(text)
    if when is None:
        raise EntryError("date_unreadable", f"{path} holds {text!r}, which is not a date")
    return when


class Part(NamedTuple):
    """One row of an entry: the whole of it, or one of its transactions."""

    amount_minor: int
    ref: str | None
    counterparty: str | None
    own_ref: str | None


class Entry(NamedTuple):
    """One booking. ``reference`` is the servicer's id where it gave a usable one."""

    currency: str
    amount_minor: int
    status: str
    booked_at: When | None
    value_date: dt.date | None
    reference: str | None
    ntry_ref: str | None
    parts: tuple[Part, ...]


@functools.lru_cache(maxsize=64)
def _names(space: str) -> dict[str, str]:
    """Return the local name of each tag of a namespace that an entry is read by."""
    known = (
        "Amt CdtDbtInd Sts BookgDt ValDt AcctSvcrRef NtryRef AddtlNtryInf NtryDtls TxDtls Cd Dt "
        "DtTm"
    )
    return {f"{space}{name}": name for name in known.split()}


def read_entry(xml: Xml, ntry: etree._Element, zone: ZoneInfo, default: str | None) -> Entry:
    """Read one ``Ntry``; ``default`` is the account's currency.

    One pass over the children: looking each path up costs several times as much.

    Raises:
        EntryError: something that the row cannot do without is missing or unreadable.
    """
    names = _names(xml.space)
    found: dict[str, etree._Element] = {}
    details: list[etree._Element] = []
    notes: list[str] = []
    for child in ntry:
        name = names.get(child.tag)
        if name is None:
            continue
        if name == "NtryDtls":
            details += [tx for tx in child if names.get(tx.tag) == "TxDtls"]
        elif name == "AddtlNtryInf":
            if child.text:
                notes.append(truncate_cards(child.text))
        elif name not in found:
            found[name] = child
    if "Amt" not in found:
        raise EntryError("amount_missing", "the entry has no Amt; nothing can be booked from it")
    minor, currency = xml.money(found["Amt"], default)
    minor *= _sign(_text(found.get("CdtDbtInd")))
    status = _status(found.get("Sts"), names)
    booked_at = _choice(found.get("BookgDt"), "BookgDt", names, zone)
    value = _choice(found.get("ValDt"), "ValDt", names, zone)
    value_date = value.astimezone(zone).date() if isinstance(value, dt.datetime) else value
    reference, ntry_ref = _text(found.get("AcctSvcrRef")), _text(found.get("NtryRef"))
    amounts = _own_amounts(xml, details, minor, currency)
    entry_texts = [reference, ntry_ref, *notes]
    parts: tuple[Part, ...]
    if amounts is None:
        parts = (_whole(xml, details, minor, entry_texts),)
    else:
        pairs = zip(details, amounts, strict=True)
        parts = tuple(_part(xml, tx, part, entry_texts) for tx, part in pairs)
    return Entry(
        currency=currency,
        amount_minor=minor,
        status=status,
        booked_at=booked_at,
        value_date=value_date,
        reference=reference if _usable(reference) else None,
        ntry_ref=ntry_ref,
        parts=parts,
    )


def _text(element: etree._Element | None) -> str | None:
    """Return an element's stripped text, or None when it is absent or blank."""
    text = element.text if element is not None else None
    return (text.strip() or None) if text else None


def _status(element: etree._Element | None, names: dict[str, str]) -> str:
    text = None
    if element is not None:
        inner = next((child for child in element if names.get(child.tag) == "Cd"), None)
        text = _text(inner) or _text(element)
    status = (text or "BOOK").upper()
    if status not in _STATUSES:
        known = ", ".join(_STATUSES)
        raise EntryError("status_unknown", f"Sts is {status!r}; known are {known}")
    return _STATUSES[status]


def _choice(
    element: etree._Element | None, path: str, names: dict[str, str], zone: ZoneInfo
) -> When | None:
    """Return the choice ``DtTm`` or ``Dt`` inside an element."""
    if element is None:
        return None
    inner: dict[str, str | None] = {}
    for child in element:
        name = names.get(child.tag)
        if name is not None and name not in inner:
            inner[name] = _text(child)
    return _when(inner.get("DtTm") or inner.get("Dt"), path, zone)


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


def _part(xml: Xml, tx: etree._Element, minor: int, entry_texts: list[str | None]) -> Part:
    """Return the row of one transaction of a split entry."""
    texts, payer, own = _read_tx(xml, tx, minor)
    return Part(minor, _cut(join_texts([*texts, *entry_texts])), payer,
                own if _usable(own) else None)  # fmt: skip


def _whole(
    xml: Xml, details: list[etree._Element], minor: int, entry_texts: list[str | None]
) -> Part:
    """Return the one row of an entry that is not split."""
    texts: list[str | None] = []
    payers = set()
    for tx in details:
        told, payer, _ = _read_tx(xml, tx, minor)
        texts += told
        if payer:
            payers.add(payer)
    # Several payers in one unsplit entry: none of them is the counterparty of the whole.
    counterparty = payers.pop() if len(payers) == 1 else None
    return Part(minor, _cut(join_texts([*texts, *entry_texts])), counterparty, None)


def _cut(text: str | None) -> str | None:
    return text[:DETAILS_CHARS_MAX] if text else None


_REFS: Final = ("EndToEndId", "AcctSvcrRef", "TxId", "InstrId", "PmtInfId", "UETR")


@functools.lru_cache(maxsize=64)
def _tx_names(space: str) -> dict[str, str]:
    """Return the local name of each tag of a transaction that its texts are read by."""
    known = (
        "Refs RmtInf AddtlTxInf RltdPties Ustrd Strd CdtrRefInf RfrdDocInf AddtlRmtInf Nb Ref Dbtr "
        "UltmtDbtr Cdtr UltmtCdtr Nm Pty Agt FinInstnId"
    )
    return {f"{space}{name}": name for name in (*known.split(), *_REFS)}


def _read_tx(
    xml: Xml, tx: etree._Element, minor: int
) -> tuple[list[str | None], str | None, str | None]:
    """Return a transaction's texts, who stands on its other side, and the servicer's reference.

    Ids come as they are, then free text with card numbers cut.
    """
    names = _tx_names(xml.space)
    refs: dict[str, str | None] = {}
    parties: dict[str, etree._Element] = {}
    free: list[str | None] = []
    structured: list[etree._Element] = []
    notes: list[str | None] = []
    for child in tx:
        name = names.get(child.tag)
        if name == "Refs":
            for ref in child:
                refs.setdefault(names.get(ref.tag, ""), _text(ref))
        elif name == "RltdPties":
            for party in child:
                parties.setdefault(names.get(party.tag, ""), party)
        elif name == "RmtInf":
            for item in child:
                kind = names.get(item.tag)
                if kind == "Ustrd" and item.text:
                    free.append(truncate_cards(item.text))
                elif kind == "Strd":
                    structured.append(item)
        elif name == "AddtlTxInf" and child.text:
            notes.append(truncate_cards(child.text))
    texts = [refs.get(name) for name in _REFS] + free
    for item in structured:
        texts.append(xml.text(item, "CdtrRefInf/Ref"))
        texts += [number.text for number in xml.every(item, "RfrdDocInf/Nb")]
        texts += _free(xml, item, "AddtlRmtInf")
    return texts + notes, _counterparty(parties, names, minor), refs.get("AcctSvcrRef")


def _free(xml: Xml, element: etree._Element, path: str) -> Iterator[str]:
    for found in xml.every(element, path):
        if found.text:
            yield truncate_cards(found.text)


def _counterparty(
    parties: dict[str, etree._Element], names: dict[str, str], minor: int
) -> str | None:
    """Return who paid us (money in) or whom we paid (money out)."""
    for side in ("Dbtr", "UltmtDbtr") if minor >= 0 else ("Cdtr", "UltmtCdtr"):
        if side in parties:
            found: dict[str, str] = {}
            _name_of(parties[side], names, "", found)
            name = found.get("Nm") or found.get("PtyNm") or found.get("AgtFinInstnIdNm")
            if name:
                return truncate_cards(" ".join(name.split()))
    return None


def _name_of(
    element: etree._Element, names: dict[str, str], path: str, found: dict[str, str]
) -> None:
    """Gather a party's names by where they stand: its own, the party's, the agent's."""
    for child in element:
        name = names.get(child.tag)
        if name == "Nm":
            found.setdefault(f"{path}Nm", (child.text or "").strip())
        elif name in {"Pty", "Agt", "FinInstnId"}:
            _name_of(child, names, path + name, found)
