"""What PayPal calls its columns, states and kinds of movement in the languages of its accounts."""

from __future__ import annotations

from typing import Final

__all__ = ["COLUMNS", "MEMO", "STATUSES", "kind_of"]

# English, German, French, Spanish, Italian, Dutch, Portuguese; several names where versions differ.
COLUMNS: Final[dict[str, tuple[tuple[str, ...], ...]]] = {
    "date": (("Date",), ("Datum",), ("Date",), ("Fecha",), ("Data",), ("Datum",), ("Data",)),
    "time": (("Time",), ("Uhrzeit",), ("Heure",), ("Hora",), ("Orario", "Ora"), ("Tijd",), ("Hora",)),
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
    "status": (("Status",), ("Status",), ("État", "Etat"), ("Estado",), ("Stato",), ("Status",), ("Status", "Estado")),
    "currency": (("Currency",), ("Währung",), ("Devise",), ("Divisa", "Moneda"), ("Valuta",), ("Valuta",), ("Moeda",)),
    "gross": (
        ("Gross",), ("Brutto",), ("Avant commission", "Brut"), ("Bruto",), ("Lordo",),
        ("Bruto",), ("Bruto", "Valor bruto"),
    ),
    "fee": (
        ("Fee",), ("Entgelt", "Gebühr"), ("Commission", "Frais"), ("Tarifa", "Comisión"),
        ("Tariffa", "Commissione"), ("Kosten", "Vergoeding"), ("Tarifa", "Taxa"),
    ),
    "net": (("Net",), ("Netto",), ("Net",), ("Neto",), ("Netto",), ("Net", "Netto"), ("Líquido",)),
    "id": (
        ("Transaction ID",), ("Transaktionscode",), ("Numéro de transaction",),
        ("Id. de transacción", "Identificador de la transacción"), ("Codice transazione",),
        ("Transactiereferentie", "Transactie-id"), ("ID da transação",),
    ),
    "reference": (
        ("Reference Txn ID",), ("Zugehöriger Transaktionscode",),
        ("Numéro de la transaction de référence", "Identifiant de la transaction de référence"),
        ("Id. de referencia de trans.", "Id. de transacción de referencia"),
        ("Codice transazione di riferimento", "N° di riferimento della transazione"),
        ("Reference Txn ID", "Reftransactiecode"), ("ID da transação de referência",),
    ),
    "invoice": (
        ("Invoice Number", "Invoice ID"), ("Rechnungsnummer",), ("Numéro de facture", "N° de facture"),
        ("Número de factura",), ("Numero fattura",), ("Factuurnummer",), ("Número da fatura",),
    ),
    "balance": (("Balance",), ("Guthaben",), ("Solde",), ("Saldo",), ("Saldo",), ("Saldo",), ("Saldo",)),
    "impact": (
        ("Balance Impact",), ("Auswirkung auf Guthaben",), ("Impact sur le solde",),
        ("Impacto en el saldo", "Repercusiones en el saldo"), ("Impatto sul saldo",),
        ("Effect op saldo",), ("Impacto no saldo",),
    ),
}  # fmt: skip
"""Each column's names, by language in the same order."""

MEMO: Final = frozenset({"memo", "mémo", "merkposten", "nota"})
"""Rows that tell of something and move no money."""

STATUSES: Final = {
    "completed": "settled", "abgeschlossen": "settled", "terminé": "settled",
    "completado": "settled", "completata": "settled", "completato": "settled",
    "voltooid": "settled", "concluído": "settled", "": "settled", "cleared": "settled",
    "refunded": "settled", "partially refunded": "settled", "paid": "settled",
    "returned": "settled", "reversed": "settled",
    "pending": "held", "ausstehend": "held", "en attente": "held", "pendiente": "held",
    "in sospeso": "held", "in behandeling": "held", "pendente": "held", "held": "held",
    "on hold": "held", "placed": "held", "processing": "held", "uncleared": "held",
    "einbehalten": "held", "unclaimed": "held", "under review": "held",
    "denied": "rejected", "failed": "rejected", "canceled": "rejected", "cancelled": "rejected",
    "expired": "rejected", "removed": "rejected", "voided": "rejected", "blocked": "rejected",
    "abgelehnt": "rejected", "fehlgeschlagen": "rejected", "storniert": "rejected",
    "annulé": "rejected", "refusé": "rejected", "denegado": "rejected", "cancelado": "rejected",
    "annullato": "rejected", "geweigerd": "rejected", "geannuleerd": "rejected",
}  # fmt: skip
"""What a row's state means for its money; one that is not known moved it."""

# The first that stands in the lower-case name of the kind decides.
_WORDS: Final = (
    ("chargeback reversal", "chargeback_reversal"), ("cancellation of hold", "reserve"),
    ("reversal of general account hold", "reserve"), ("release", "reserve"), ("hold", "reserve"),
    ("reserve", "reserve"), ("einbehalt", "reserve"), ("chargeback fee", "fee"),
    ("chargeback", "chargeback"), ("rückbuchung", "chargeback"), ("refund", "refund"),
    ("rückzahlung", "refund"), ("remboursement", "refund"), ("reembolso", "refund"),
    ("rimborso", "refund"), ("terugbetaling", "refund"), ("reversal", "refund"),
    ("withdraw", "payout"), ("transfer to bank", "payout"), ("abbuchung", "payout"),
    ("auszahlung", "payout"), ("virement standard", "payout"), ("transfert vers", "payout"),
    ("retirada", "payout"), ("retiro", "payout"), ("prelievo", "payout"), ("bijschrijving op",
    "payout"), ("opname", "payout"), ("currency conversion", "adjustment"),
    ("währungsumrechnung", "adjustment"), ("conversion de devise", "adjustment"),
    ("bank deposit", "adjustment"), ("deposit", "adjustment"), ("bankgutschrift", "adjustment"),
    ("fee", "fee"), ("gebühr", "fee"),
)  # fmt: skip


def kind_of(name: str, gross: int, *, refers: bool) -> str:
    """Return what a movement is: a settlement line's kind, ``reserve`` or ``payout``.

    Args:
        name: PayPal's name for it.
        gross: its amount in minor units.
        refers: whether the row names another transaction.
    """
    lowered = name.lower()
    for word, kind in _WORDS:
        if word in lowered:
            return kind
    if gross >= 0:
        return "sale"
    # A language whose words we do not know: money that goes back for a sale refers to it.
    return "refund" if refers and not lowered else "adjustment"
