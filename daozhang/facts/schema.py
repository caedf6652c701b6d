"""The fact tables: their columns, keys and value sets, as data.

Everything that reads, stores, validates or documents facts is driven by :data:`TABLES`. A table
may carry unknown extra columns; they are kept as text dimensions.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = ["TABLES", "Column", "Kind", "Table"]

Kind = Literal["text", "int", "time", "date", "decimal"]
"""``int`` is a 64-bit integer (amounts are minor units); ``time`` is an RFC 3339 instant or, with
day precision, a bare date; ``date`` is a bare date; ``decimal`` is exact text such as a rate."""


@dataclass(frozen=True, slots=True)
class Column:
    """One column of a fact table."""

    name: str
    kind: Kind = "text"
    required: bool = False
    values: tuple[str, ...] = ()
    at_least: int | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One fact table.

    Attributes:
        name: the table's name, also the stem of its files.
        key: columns whose values identify one fact.
        columns: known columns in canonical order.
        event: the column whose time stands in for a missing ``known_at``; None: always known.
        defaults: values that an empty cell means.
    """

    name: str
    key: tuple[str, ...]
    columns: tuple[Column, ...]
    event: str | None
    defaults: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the known columns, in order."""
        return tuple(c.name for c in self.columns)

    def column(self, name: str) -> Column | None:
        """Return the known column of that name, or None for an extra one."""
        return next((c for c in self.columns if c.name == name), None)


_KINDS: Final[dict[str, Kind]] = {
    "": "text", "i": "int", "t": "time", "d": "date", "n": "decimal",
}  # fmt: skip


def _columns(spec: str, values: dict[str, str]) -> tuple[Column, ...]:
    """Parse ``name:kind`` words; a trailing ``!`` marks a required column."""
    out = []
    for word in spec.split():
        name, _, kind = word.rstrip("!").partition(":")
        allowed = tuple(values.get(name, "").split())
        least = 0 if kind == "i" and name in _NON_NEGATIVE else None
        out.append(Column(name, _KINDS[kind], word.endswith("!"), allowed, least))
    return tuple(out)


_NON_NEGATIVE: Final = {"sales_count", "host_count", "queued_offline"}
_KNOWN: Final = " known_at:t removed:i"

_SALE_KINDS: Final = "sale completion adjustment refund void reversal preauth"
_LINE_KINDS: Final = (
    "sale refund chargeback chargeback_reversal fee tax reserve_hold reserve_release adjustment "
    "carry_forward"
)


def _table(
    name: str,
    key: str,
    event: str | None,
    spec: str,
    values: dict[str, str] | None = None,
    defaults: dict[str, str] | None = None,
) -> Table:
    known = _KNOWN if event is not None else ""
    columns = _columns(spec + known, {**(values or {}), "removed": "0 1"})
    return Table(name, tuple(key.split()), columns, event, defaults or {})


_ALL: Final = (
    _table(
        "sales", "sale_id", "captured_at",
        "sale_id! kind! original_sale_id merchant_id! store_id terminal_id! provider_id! channel! "
        "card_type amount_minor:i! currency! captured_at:t! host_at:t submitted_at:t batch_no "
        "trace_no rrn mcc",
        {"kind": _SALE_KINDS},
    ),
    _table(
        "settlements", "provider_id line_id", "cleared_at",
        "line_id! provider_id! kind ref merchant_id terminal_id gross_minor:i! fee_minor:i! "
        "tax_minor:i reserve_minor:i net_minor:i! currency! gross_currency fx_rate:n cleared_at:t! "
        "payout_id status! reason mcc",
        {"kind": _LINE_KINDS, "status": "settled held rejected"},
        {"kind": "sale"},
    ),
    _table(
        "payouts", "provider_id payout_id", "paid_out_at",
        "payout_id! provider_id! merchant_id account_id net_minor:i! currency! paid_out_at:t! "
        "status! reason replaces_payout_id",
        {"status": "sent returned held"},
    ),
    _table(
        "credits", "account_id credit_id", "booked_at",
        "credit_id! account_id! bank_id amount_minor:i! currency! booked_at:t! value_date:d ref "
        "counterparty status",
        {"status": "booked pending info"},
        {"status": "booked"},
    ),
    _table(
        "upgrades", "terminal_id release_id started_at", "started_at",
        "terminal_id! release_id! started_at:t! finished_at:t outcome! wave",
        {"outcome": "ok failed rolled_back"},
    ),
    _table(
        "attempts", "attempt_id", "at",
        "attempt_id! terminal_id! at:t! kind! outcome! code host_at:t amount_minor:i channel "
        "method",
        {
            "kind": "sign_in sale reversal batch_close batch_upload advice",
            "outcome": "approved declined failed timeout",
        },
    ),
    _table(
        "batches", "terminal_id batch_no closed_at", "closed_at",
        "terminal_id! batch_no! opened_at:t closed_at:t! submitted_at:t sales_count:i! "
        "sales_minor:i! host_count:i host_minor:i outcome!",
        {"outcome": "balanced unbalanced rejected forced"},
    ),
    _table(
        "actions", "action_id", "at",
        "action_id! at:t! who role what! scope! scope_id! outcome before after",
        {"outcome": "done skipped failed"},
    ),
    _table(
        "feedback", "feedback_id", "at",
        "feedback_id! at:t! store_id! method score:i kind text",
        {"kind": "rating complaint"},
    ),
    _table("releases", "release_id", None, "release_id! touches purpose"),
    _table(
        "signals", "terminal_id at", "at",
        "terminal_id! at:t! online:i! rtt_ms:n loss_pct:n queued_offline:i",
        {"online": "0 1"},
    ),
    _table(
        "notices", "notice_id", "from_at",
        "notice_id! scope! scope_id kind! from_at:t! to_at:t text",
        {"scope": "all bank provider merchant account carrier store"},
    ),
    _table(
        "coverage", "subject table from_at", "to_at",
        "subject! table! from_at:t! to_at:t!",
    ),
    _table(
        "terminals", "terminal_id", None,
        "terminal_id! store_id! merchant_id! provider_id! model carrier release_id mcc serial",
    ),
    _table(
        "accounts", "account_id", None,
        "account_id! merchant_id! bank_id! provider_id store_id channel currency kind valid_from:d",
    ),
)  # fmt: skip

TABLES: Final[dict[str, Table]] = {table.name: table for table in _ALL}
"""Every fact table by name, in the order in which the contract lists them."""
