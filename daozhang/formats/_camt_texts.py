"""One camt ``Ntry`` element, to the texts in it that a row is made of.

Only which text stands where is decided here, never what a text means: so an entry that is built
like an earlier one can be read without looking at its elements (:mod:`._camt_shapes`).
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, NamedTuple

if TYPE_CHECKING:
    from lxml import etree

__all__ = ["EntryTexts", "Names", "Told", "TxTexts", "Word", "local_names", "texts_of"]

Names = dict[str, str]
"""The local name of each tag of one namespace."""


class EntryTexts(NamedTuple):
    """An entry's own texts as they stand. ``amount`` is None without an ``Amt``."""

    amount: str | None = None
    currency: str | None = None
    direction: str | None = None
    status_code: str | None = None
    status: str | None = None
    booked_at: str | None = None
    booked_on: str | None = None
    valued_at: str | None = None
    valued_on: str | None = None
    reference: str | None = None
    ntry_ref: str | None = None


class TxTexts(NamedTuple):
    """A transaction's texts as they stand: amount, references, and names by side and place.

    References are the items 3 to 8, names of who pays 9 to 14, of who is paid 15 to 20.
    """

    amount: str | None = None
    currency: str | None = None
    direction: str | None = None
    end_to_end_id: str | None = None
    reference: str | None = None
    tx_id: str | None = None
    instruction_id: str | None = None
    batch_id: str | None = None
    uetr: str | None = None
    debtor: str | None = None
    debtor_party: str | None = None
    debtor_agent: str | None = None
    last_debtor: str | None = None
    last_debtor_party: str | None = None
    last_debtor_agent: str | None = None
    creditor: str | None = None
    creditor_party: str | None = None
    creditor_agent: str | None = None
    last_creditor: str | None = None
    last_creditor_party: str | None = None
    last_creditor_agent: str | None = None


Word = tuple[str, bool]
"""A text to search in, and whether people wrote it, so that it may hold a card number."""


@dataclass(slots=True)
class Told:
    """What an entry's elements say."""

    own: EntryTexts
    notes: list[Word]
    txs: list[tuple[TxTexts, list[Word]]]


_LEAVES: Final = {
    "CdtDbtInd": "direction", "AcctSvcrRef": "reference", "NtryRef": "ntry_ref",
}  # fmt: skip
_CHOICES: Final = {
    "Sts": {"Cd": "status_code"},
    "BookgDt": {"DtTm": "booked_at", "Dt": "booked_on"},
    "ValDt": {"DtTm": "valued_at", "Dt": "valued_on"},
}
_REFS: Final = {
    "EndToEndId": "end_to_end_id", "AcctSvcrRef": "reference", "TxId": "tx_id",
    "InstrId": "instruction_id", "PmtInfId": "batch_id", "UETR": "uetr",
}  # fmt: skip
_SIDES: Final = {
    "Dbtr": "debtor", "UltmtDbtr": "last_debtor", "Cdtr": "creditor",
    "UltmtCdtr": "last_creditor",
}  # fmt: skip
_PLACES: Final = {"Nm": "", "PtyNm": "_party", "AgtFinInstnIdNm": "_agent"}
_OTHERS: Final = (
    "Amt", "AddtlNtryInf", "NtryDtls", "TxDtls", "Cd", "DtTm", "Dt", "Refs", "RltdPties", "RmtInf",
    "AddtlTxInf", "AmtDtls", "TxAmt", "Ustrd", "Strd", "CdtrRefInf", "RfrdDocInf", "AddtlRmtInf",
    "Ref", "Nb", "Nm", "Pty", "Agt", "FinInstnId",
)  # fmt: skip


@functools.lru_cache(maxsize=64)
def local_names(space: str) -> Names:
    """Return the names that an entry is read by; ``space`` is ``{namespace}`` or empty."""
    known = (*_LEAVES, *_CHOICES, *_REFS, *_SIDES, *_OTHERS)
    return {f"{space}{name}": name for name in known}


def texts_of(ntry: etree._Element, names: Names) -> Told:
    """Gather an entry's texts: of each element that may stand once, the first."""
    own: dict[str, str | None] = {}
    notes: list[Word] = []
    txs: list[tuple[TxTexts, list[Word]]] = []
    for child in ntry:
        name = names.get(child.tag)
        if name == "NtryDtls":
            txs += [_tx(tx, names) for tx in child if names.get(tx.tag) == "TxDtls"]
        elif name == "AddtlNtryInf" and child.text:
            notes.append((child.text, True))
        elif name == "Amt":
            _amount(child, own)
        elif name in _LEAVES:
            own.setdefault(_LEAVES[name], child.text)
        elif name in _CHOICES:
            for inner in child:
                key = _CHOICES[name].get(names.get(inner.tag, ""))
                if key is not None:
                    own.setdefault(key, inner.text)
            if name == "Sts":
                own.setdefault("status", child.text)
    return Told(EntryTexts(**own), notes, txs)


def _amount(element: etree._Element, found: dict[str, str | None]) -> None:
    if found.get("amount") is None:
        found["amount"], found["currency"] = element.text or "", element.get("Ccy")


def _tx(tx: etree._Element, names: Names) -> tuple[TxTexts, list[Word]]:
    """Gather a transaction's texts; its words are what it remits, then what is noted of it."""
    found: dict[str, str | None] = {}
    inside: dict[str, str | None] = {}
    free: list[Word] = []
    structured: list[Word] = []
    notes: list[Word] = []
    for child in tx:
        name = names.get(child.tag)
        if name == "Refs":
            for ref in child:
                key = _REFS.get(names.get(ref.tag, ""))
                if key is not None:
                    found.setdefault(key, ref.text)
        elif name == "RltdPties":
            for party in child:
                side = _SIDES.get(names.get(party.tag, ""))
                if side is not None and side not in found:
                    _names_of(party, names, side, found)
        elif name == "RmtInf":
            free += [(e.text, True) for e in _at(child, names, "Ustrd") if e.text]
            for item in _at(child, names, "Strd"):
                structured += _structured(item, names)
        elif name == "AddtlTxInf" and child.text:
            notes.append((child.text, True))
        elif name == "Amt":
            _amount(child, found)
        elif name == "CdtDbtInd":
            found.setdefault("direction", child.text)
        elif name == "AmtDtls":
            for amount in _at(child, names, "TxAmt", "Amt"):
                _amount(amount, inside)
    if "amount" not in found:
        found.update(inside)
    return TxTexts(**found), free + structured + notes


def _at(element: etree._Element, names: Names, *path: str) -> list[etree._Element]:
    """Return the elements at a path of local names."""
    found = [element]
    for step in path:
        found = [child for one in found for child in one if names.get(child.tag) == step]
    return found


def _structured(item: etree._Element, names: Names) -> list[Word]:
    """Return the first creditor's reference, every document's number and every remark."""
    words = [(e.text or "", False) for e in _at(item, names, "CdtrRefInf", "Ref")[:1]]
    words += [(e.text or "", False) for e in _at(item, names, "RfrdDocInf", "Nb")]
    return words + [(e.text or "", True) for e in _at(item, names, "AddtlRmtInf")]


def _names_of(party: etree._Element, names: Names, side: str, found: dict[str, str | None]) -> None:
    """Gather a party's names by where they stand: its own, the party's, the agent's."""
    found[side] = None
    places: dict[str, str | None] = {}

    def gather(element: etree._Element, path: str) -> None:
        for child in element:
            name = names.get(child.tag)
            if name == "Nm":
                places.setdefault(f"{path}Nm", child.text)
            elif name in {"Pty", "Agt", "FinInstnId"}:
                gather(child, path + name)

    gather(party, "")
    for place, text in places.items():
        if place in _PLACES:
            found[side + _PLACES[place]] = text
