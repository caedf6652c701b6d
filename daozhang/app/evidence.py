"""What to quote when asking for one sale's money, and what about it is not certain."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from daozhang.app.seek import quoted
from daozhang.app.steps import Step
from daozhang.engine import Engine

__all__ = ["CERTAIN", "find_doubts", "read_evidence"]

CERTAIN: Final = frozenset({"line_ref", "payout_id", "payout_id_in_text", "set_off"})
"""Ways of matching that an id led; all others were worked out from amounts and days."""

_FROM_SALE: Final = ("rrn", "batch_no", "trace_no", "terminal_id", "merchant_id", "store_id",
                     "channel", "card_type")  # fmt: skip
_RIVALS_SHOWN: Final = 3


def read_evidence(
    engine: Engine, name: str, journey: Mapping[str, Any], steps: Sequence[Step]
) -> dict[str, Any]:
    """Return the numbers by which others find this sale, without those that are not known.

    Args:
        engine: holds the run.
        name: the sale's id as an SQL literal.
        journey: its row of the journeys.
        steps: what happened to it.
    """
    (sale,) = engine.fetch(f"SELECT * FROM facts_sales WHERE sale_id = {name} LIMIT 1").to_pylist()
    found: dict[str, Any] = {"sale_id": journey["sale_id"]}
    found |= {key: sale.get(key) for key in _FROM_SALE}
    found["store_id"] = journey["store_id"]
    lines = [step.detail["line_id"] for step in steps if "line_id" in step.detail]
    found["line_ids"] = list(dict.fromkeys(lines)) or None
    # A payout that came back is named too: it is what the bank knows.
    payouts = [step for step in steps if step.what.startswith("payout_")]
    if payouts:
        last = payouts[-1]
        found["payout_id"] = last.detail.get("payout_id")
        found["payout_minor"] = last.minor
        found["paid_out_at"] = last.at
        found["payout_account_id"] = last.detail.get("account_id")
    account = journey["account_id"]
    found["account_id"] = account
    if account:
        banks = engine.rows(
            f"SELECT bank_id FROM facts_accounts WHERE account_id = {quoted(account)}"
        )
        found["bank_id"] = banks[0][0] if banks else None
    found["credit_ids"] = (
        (journey["credit_ids"] or "").split(";") if journey["credit_ids"] else None
    )
    return {key: value for key, value in found.items() if value not in (None, "")}


def find_doubts(
    engine: Engine, journey: Mapping[str, Any], evidence: Mapping[str, Any]
) -> tuple[tuple[str, Mapping[str, Any]], ...]:
    """Return what is not certain about a sale, as (kind, values).

    Kinds: ``inferred`` (its credit was found by amounts and days, not by an id), ``ambiguous`` (a
    credit that has several answers, its payout among them), ``perhaps`` (a credit of its payout's
    amount that nothing explains), ``uncovered`` (how far the account's statement reaches).
    """
    doubts: list[tuple[str, Mapping[str, Any]]] = []
    how = journey["matched_by"]
    if journey["credit_id"] and how not in CERTAIN:
        doubts.append(("inferred", {"matched_by": how}))
    account = journey["account_id"]
    if account and journey["status"] in {"overdue", "unknown"}:
        payout = evidence.get("payout_id")
        rows = engine.fetch(
            f"SELECT * FROM credit_standing WHERE account_id = {quoted(account)} "
            f"AND standing = 'unexplained' AND currency = {quoted(journey['currency'])} "
            "ORDER BY booked_at DESC, credit_id"
        ).to_pylist()
        for row in rows:
            answers = row.get("ambiguous") or ""
            if payout and payout in answers:
                kind = "ambiguous"
            elif row["amount_minor"] == evidence.get("payout_minor"):
                kind = "perhaps"
            else:
                continue
            said = {k: row[k] for k in ("credit_id", "booked_at", "amount_minor", "ref")}
            doubts.append((kind, {**said, "answers": answers}))
        doubts = doubts[: _RIVALS_SHOWN + 1]
    if account and journey["status"] == "unknown":
        ((until,),) = engine.rows(
            f"SELECT max(until_at) FROM cover WHERE account_id = {quoted(account)}"
        )
        doubts.append(("uncovered", {"account_id": account, "until": until}))
    return tuple(doubts)
