"""What a camt ``Ntry`` tells, to the rows that it means.

The sign is the entry's own ``CdtDbtInd``: ISO 20022 defines it as the direction of *this* entry,
so a reversal of a debit already says CRDT and ``RvslInd`` must not turn it round again (the
balances of real statements confirm it).
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

from daozhang.formats._camt_texts import Told, TxTexts, Word
from daozhang.formats._lines import NO_REFERENCE, join_texts
from daozhang.formats._times import parse_iso_day, parse_iso_instant
from daozhang.formats.limits import DETAILS_CHARS_MAX
from daozhang.formats.privacy import truncate_cards
from daozhang.money import AmountError, parse_amount

if TYPE_CHECKING:
    from collections.abc import Iterable
    from zoneinfo import ZoneInfo

    from lxml import etree

__all__ = ["Entry", "EntryError", "Part", "When", "Xml", "entry_of"]

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
        return _when(
            self.text(element, f"{path}/DtTm"), self.text(element, f"{path}/Dt"), path, zone
        )

    def money(self, element: etree._Element, default: str | None) -> tuple[int, str]:
        """Return the minor units and currency of an amount element.

        Raises:
            EntryError: no number, no currency, or finer than the currency allows.
        """
        return _money(element.text or "", element.get("Ccy") or default or "")


def _money(text: str, currency: str) -> tuple[int, str]:
    """Return minor units and currency."""
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
def _when(moment: str | None, day: str | None, path: str, zone: ZoneInfo) -> When | None:
    """Return what ``DtTm``, else ``Dt``, names; statements repeat their days."""
    text = _plain(moment) or _plain(day)
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


def entry_of(told: Told, zone: ZoneInfo, default: str | None) -> Entry:
    """Return what an entry means; ``default`` is the account's currency.

    Raises:
        EntryError: something that the row cannot do without is missing or unreadable.
    """
    amount, ccy, direction, code, state, booked, booked_on, valued, valued_on, *ids = told.own
    if amount is None:
        raise EntryError("amount_missing", "the entry has no Amt; nothing can be booked from it")
    minor, currency = _money(amount, ccy or default or "")
    minor *= _SIGNS.get(direction or "") or _sign(_plain(direction))
    status = _status(code, state)
    booked_at = _when(booked, booked_on, "BookgDt", zone)
    value = _when(valued, valued_on, "ValDt", zone)
    value_date = value.astimezone(zone).date() if isinstance(value, dt.datetime) else value
    reference, ntry_ref = map(_plain, ids)
    amounts = _own_amounts(told.txs, minor, currency)
    entry_texts = [reference, ntry_ref, *_searched(told.notes)]
    parts: tuple[Part, ...]
    if amounts is None:
        parts = (_whole(told.txs, minor, entry_texts),)
    else:
        pairs = zip(told.txs, amounts, strict=True)
        parts = tuple(_part(tx, part, entry_texts) for tx, part in pairs)
    usable = reference if _usable(reference) else None
    return Entry(currency, minor, status, booked_at, value_date, usable, ntry_ref, parts)


def _plain(text: str | None) -> str | None:
    """Return the stripped text, or None when it is absent or blank."""
    return (text.strip() or None) if text else None


def _searched(words: Iterable[Word]) -> list[str]:
    """Return texts to search in, with card numbers cut in what people wrote."""
    return [truncate_cards(text) if free else text for text, free in words]


@functools.lru_cache(maxsize=64)
def _status(code: str | None, own: str | None) -> str:
    status = (_plain(code) or _plain(own) or "BOOK").upper()
    if status not in _STATUSES:
        known = ", ".join(_STATUSES)
        raise EntryError("status_unknown", f"Sts is {status!r}; known are {known}")
    return _STATUSES[status]


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
    txs: list[tuple[TxTexts, list[Word]]], total: int, currency: str
) -> list[int] | None:
    """Return the transactions' signed amounts if there are several and they sum to the entry."""
    if len(txs) < 2:  # noqa: PLR2004 (one transaction is the entry itself)
        return None
    amounts = []
    for tx, _ in txs:
        if tx.amount is None or (tx.currency or currency) != currency:
            return None
        try:
            minor, _currency = _money(tx.amount, currency)
        except EntryError:
            return None
        amounts.append(_SIGNS.get(_plain(tx.direction) or "", 1 if total >= 0 else -1) * minor)
    return amounts if sum(amounts) == total else None


def _part(tx: tuple[TxTexts, list[Word]], minor: int, entry_texts: list[str | None]) -> Part:
    """Return the row of one transaction of a split entry."""
    texts, words = tx
    own = _plain(texts.reference)
    ref = _cut(join_texts([*texts[3:9], *_searched(words), *entry_texts]))
    return Part(minor, ref, _counterparty(texts, minor), own if _usable(own) else None)


def _whole(
    txs: list[tuple[TxTexts, list[Word]]], minor: int, entry_texts: list[str | None]
) -> Part:
    """Return the one row of an entry that is not split."""
    if len(txs) == 1:
        texts, words = txs[0]
        ref = join_texts([*texts[3:9], *_searched(words), *entry_texts])
        return Part(minor, _cut(ref), _counterparty(texts, minor), None)
    told: list[str | None] = []
    payers: set[str] = set()
    for texts, words in txs:
        told += texts[3:9]
        told += _searched(words)
        payer = _counterparty(texts, minor)
        if payer is not None:
            payers.add(payer)
    # Several payers in one unsplit entry: none of them is the counterparty of the whole.
    counterparty = payers.pop() if len(payers) == 1 else None
    return Part(minor, _cut(join_texts(told + entry_texts)), counterparty, None)


def _cut(text: str | None) -> str | None:
    return text[:DETAILS_CHARS_MAX] if text else None


def _counterparty(texts: TxTexts, minor: int) -> str | None:
    """Return who paid us (money in) or whom we paid (money out)."""
    for name in texts[9:15] if minor >= 0 else texts[15:21]:
        plain = " ".join(name.split()) if name else ""
        if plain:
            return truncate_cards(plain)
    return None
