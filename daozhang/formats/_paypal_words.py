"""What PayPal calls its columns, states and kinds of movement in the languages of its accounts."""

from __future__ import annotations

import functools
from typing import Final

from daozhang.formats.profiles import normal_header

__all__ = [
    "COLUMNS",
    "ENGLISH",
    "MEMO",
    "PERSONAL",
    "STATUSES",
    "header_sets",
    "kind_of",
    "languages_of",
]

ENGLISH: Final = 0
"""The place of English among the languages of :data:`COLUMNS`."""

PERSONAL: Final = {"gross": "Amount", "fee": "Fees", "net": "Total"}
"""What the history of a personal account calls some columns, in English."""

# Left in English now and then in downloads of other languages.
_UNTRANSLATED: Final = {"fee": "Fee", "net": "Net"}
_NEEDED: Final = ("date", "currency", "gross", "fee", "net", "id")

# English, German, French, Spanish, Italian, Dutch, Portuguese; several names where versions differ.
COLUMNS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "date": (("Date",), ("Datum",), ("Date",), ("Fecha",), ("Data",), ("Datum",), ("Data",)),
    "time": (
        ("Time",), ("Uhrzeit",), ("Heure",), ("Hora",), ("Orario", "Ora"), ("Tijd",), ("Hora",),
    ),
    "zone": (
        ("TimeZone", "Time Zone"), ("Zeitzone",), ("Fuseau horaire",),
        ("Zona horaria", "Huso horario"), ("Fuso orario",), ("Tijdzone",),
        ("Fuso horário",),
    ),
    "type": (
        ("Type", "Description"), ("Typ", "Beschreibung"), ("Type", "Description"),
        ("Tipo", "Descripción"), ("Tipo", "Descrizione"), ("Type", "Omschrijving"),
        ("Tipo", "Descrição"),
    ),
    "status": (
        ("Status",), ("Status",), ("État", "Etat", "Statut"), ("Estado",), ("Stato",),
        ("Status",), ("Status", "Estado"),
    ),
    "currency": (
        ("Currency",), ("Währung",), ("Devise",), ("Divisa", "Moneda"), ("Valuta",),
        ("Valuta",), ("Moeda",),
    ),
    "gross": (
        ("Gross",), ("Brutto",), ("Avant commission", "Brut"), ("Bruto",), ("Lordo",),
        ("Bruto",), ("Bruto", "Valor bruto"),
    ),
    "fee": (
        ("Fee",), ("Entgelt", "Gebühr"), ("Commission", "Frais"), ("Tarifa", "Comisión"),
        ("Tariffa", "Commissione"), ("Kosten", "Vergoeding"), ("Tarifa", "Taxa"),
    ),
    "net": (
        ("Net",), ("Netto",), ("Net",), ("Neto",), ("Netto",), ("Net", "Netto"), ("Líquido",),
    ),
    "id": (
        ("Transaction ID",), ("Transaktionscode",), ("Numéro de transaction", "N° de transaction"),
        ("Id. de transacción", "Identificador de la transacción"), ("Codice transazione",),
        ("Transactiereferentie", "Transactie-id"), ("ID da transação",),
    ),
    "reference": (
        ("Reference Txn ID",), ("Zugehöriger Transaktionscode", "Txn-Referenzkennung"),
        ("Numéro de la transaction de référence", "Identifiant de la transaction de référence"),
        ("Id. de referencia de trans.", "Id. de transacción de referencia"),
        ("Codice transazione di riferimento", "N° di riferimento della transazione"),
        ("Reference Txn ID", "Reftransactiecode"), ("ID da transação de referência",),
    ),
    "invoice": (
        ("Invoice Number", "Invoice ID"), ("Rechnungsnummer",),
        ("Numéro de facture", "N° de facture"), ("Número de factura", "Id. de factura"),
        ("Numero fattura",), ("Factuurnummer",), ("Número da fatura",),
    ),
    "balance": (
        ("Balance",), ("Guthaben",), ("Solde",), ("Saldo",), ("Saldo",), ("Saldo",), ("Saldo",),
    ),
    "impact": (
        ("Balance Impact",), ("Auswirkung auf Guthaben",), ("Impact sur le solde",),
        ("Impacto en el saldo", "Repercusiones en el saldo"), ("Impatto sul saldo",),
        ("Effect op saldo",), ("Impacto no saldo",),
    ),
}  # fmt: skip
"""Each column's names, by language in the same order."""


def languages_of(header: list[str]) -> set[int]:
    """Return the languages that a header's names of the needed columns may be of.

    Args:
        header: normal cells.
    """
    have = set(header)
    return {
        language
        for language in range(len(COLUMNS["id"]))
        if any(cells <= have for cells in _header_sets_of(language))
    }


def header_sets() -> tuple[frozenset[str], ...]:
    """Return the sets of normal header cells that a download is known by, in every language."""
    found = {cells for language in range(len(COLUMNS["id"])) for cells in _header_sets_of(language)}
    return tuple(sorted(found, key=sorted))


@functools.cache
def _header_sets_of(language: int) -> tuple[frozenset[str], ...]:
    sets: list[tuple[str, ...]] = [()]
    for name in _NEEDED:
        words = {*COLUMNS[name][language], _UNTRANSLATED.get(name, COLUMNS[name][language][0])}
        sets = [(*have, normal_header(word)) for have in sets for word in sorted(words)]
    if language == ENGLISH:
        # Other words are common; the account's time zone and the state make them PayPal's.
        names = ("Date", "TimeZone", "Type", "Status", "Currency", "Transaction ID")
        sets.append(tuple(map(normal_header, (*names, *PERSONAL.values()))))
    return tuple(frozenset(cells) for cells in sets)


MEMO: Final = frozenset({"memo", "mémo", "merkposten", "nota", "aantekening"})
"""What the balance's column says of rows that tell of something and move no money."""

STATUSES: Final = {
    "completed": "settled", "abgeschlossen": "settled", "terminé": "settled",
    "effectué": "settled", "completado": "settled", "completada": "settled",
    "completata": "settled", "completato": "settled", "voltooid": "settled",
    "concluído": "settled", "concluída": "settled", "": "settled", "cleared": "settled",
    "refunded": "settled", "partially refunded": "settled", "paid": "settled",
    "returned": "settled", "reversed": "settled", "zurückgezahlt": "settled",
    "teilweise zurückgezahlt": "settled", "remboursé": "settled", "reembolsado": "settled",
    "pending": "held", "ausstehend": "held", "offen": "held", "en attente": "held",
    "pendiente": "held", "in sospeso": "held", "in behandeling": "held", "pendente": "held",
    "held": "held", "on hold": "held", "placed": "held", "processing": "held",
    "uncleared": "held", "einbehalten": "held", "unclaimed": "held", "under review": "held",
    "denied": "rejected", "failed": "rejected", "canceled": "rejected", "cancelled": "rejected",
    "expired": "rejected", "removed": "rejected", "voided": "rejected", "blocked": "rejected",
    "abgelehnt": "rejected", "fehlgeschlagen": "rejected", "storniert": "rejected",
    "annulé": "rejected", "refusé": "rejected", "denegado": "rejected", "cancelado": "rejected",
    "rechazado": "rejected", "annullato": "rejected", "rifiutato": "rejected",
    "geweigerd": "rejected", "geannuleerd": "rejected", "negado": "rejected",
}  # fmt: skip
"""What a row's state means for its money; one that is not known moved it."""

# Rows that tell of a payment to come or of its parts; only a hold for one moves the balance.
_NO_MONEY: Final = (
    "authorization", "general authorization", "authorisation", "reauthorization",
    "void of authorization", "order", "general order", "invoice sent", "invoice item",
    "invoice received", "request sent", "request received", "money request",
    "shopping cart item", "rechnung gesendet", "autorisierung", "allgemeine autorisierung",
    "facture envoyée", "autorisation générale", "factura enviada", "autorización general",
)  # fmt: skip

# The first that stands in the lower-case name of the kind decides.
_WORDS: Final = (
    ("withdraw", "payout"), ("transfer to bank", "payout"), ("transfer to your bank", "payout"),
    ("abbuchung", "payout"), ("auszahlung", "payout"), ("virement standard", "payout"),
    ("virement vers", "payout"), ("transfert vers", "payout"), ("retrait", "payout"),
    ("retirada", "payout"), ("retiro", "payout"), ("prelievo", "payout"),
    ("bijschrijving op", "payout"), ("opname", "payout"), ("saque", "payout"),
    ("chargeback reversal", "chargeback_reversal"), ("cancellation of chargeback",
    "chargeback_reversal"), ("chargeback fee", "fee"), ("reversal of fee", "fee"),
    ("fee reversal", "fee"), ("fee refund", "fee"), ("hold", "reserve"),
    ("release", "reserve"), ("reserve", "reserve"), ("einbehalt", "reserve"),
    ("freigabe", "reserve"), ("retenue", "reserve"), ("retención", "reserve"),
    ("blocage", "reserve"), ("chargeback", "chargeback"), ("rückbuchung", "chargeback"),
    ("kreditkartenrückbuchung", "chargeback"), ("refund", "refund"), ("rückzahlung", "refund"),
    ("rückerstattung", "refund"), ("remboursement", "refund"), ("reembolso", "refund"),
    ("rimborso", "refund"), ("terugbetaling", "refund"), ("reversal", "refund"),
    ("conversion", "conversion"), ("währungsumrechnung", "conversion"),
    ("conversión", "conversion"), ("conversione", "conversion"), ("omrekening", "conversion"),
    ("deposit", "adjustment"), ("bankgutschrift", "adjustment"),
    ("virement bancaire sur le compte", "adjustment"), ("funding", "adjustment"),
    ("transferencia bancaria a", "adjustment"), ("add funds", "adjustment"),
    ("bonifico bancario", "adjustment"), ("correction", "adjustment"), ("fee", "fee"),
    ("gebühr", "fee"), ("entgelt", "fee"),
)  # fmt: skip


def kind_of(name: str, gross: int) -> str | None:
    """Return what a movement is: a line's kind, ``reserve``, ``payout``, ``conversion`` or None.

    Args:
        name: PayPal's name for it, in any case.
        gross: its amount in minor units, signed. Money that we pay is no sale, and a refund that
            we get is none of ours.

    Returns:
        None for a row that tells of a movement and is none.
    """
    kind = _named(name)
    if (kind == "refund" and gross > 0) or (kind == "sale" and gross < 0):
        return "adjustment"
    return kind


@functools.lru_cache(maxsize=4096)
def _named(name: str) -> str | None:
    lowered = name.strip().lower()
    if lowered in _NO_MONEY:
        return None
    return next((kind for word, kind in _WORDS if word in lowered), "sale")
