"""The list of sales behind every number, in the one order in which it is shown.

Rules kept here: those that need someone come first, then the largest; the order is worked out when
a snapshot is written, so that the first rows of any question are found without sorting all sales;
a row holds whatever a list tells or asks of a sale, so that nothing is joined for it.
"""

from __future__ import annotations

from typing import Final

__all__ = ["LISTED", "SALE_LIST", "STATUS_ORDER"]

STATUS_ORDER: Final = (
    "overdue", "late", "unknown", "in_transit", "on_time", "cancelled", "failed",
)  # fmt: skip
"""Every status in the order in which its sales are listed."""

LISTED: Final = (
    "sale_id", "status", "amount_minor", "outstanding_minor", "credited_minor", "currency",
    "merchant_id", "store_id", "terminal_id", "provider_id", "channel", "account_id", "bank_id",
    "captured_at", "due_date", "promised_at", "credited_at", "fee_minor", "fee_expected_minor",
)  # fmt: skip
"""What a list tells of a sale."""

_COLUMNS: Final = ", ".join("a.bank_id" if name == "bank_id" else f"o.{name}" for name in LISTED)
_RANKS: Final = " ".join(f"WHEN '{name}' THEN {rank}" for rank, name in enumerate(STATUS_ORDER))

SALE_LIST: Final = (
    f"SELECT row_number() OVER (ORDER BY CASE o.status {_RANKS} END, o.amount_minor DESC, "
    f"o.sale_id) AS place, {_COLUMNS}, "
    # Whether the fee that was charged can be held against the one that was agreed.
    "o.own_lines > 0 AND o.fee_minor IS NOT NULL AND o.fee_expected_minor IS NOT NULL AS fee_known "
    "FROM outcomes AS o LEFT JOIN facts_accounts AS a ON a.account_id = o.account_id"
)
"""A row a sale; ``place`` counts from 1 in the order of the list."""
