"""Payouts and the payouts sent in their place, as chains.

A returned payout is followed to its re-send (the contract's matching): a chain is named by its
first payout. Few payouts are ever re-sent, so pointers are followed here and the rest stays in
SQL.
"""

from __future__ import annotations

import pyarrow as pa

from daozhang.engine import Engine

__all__ = ["follow_resends"]

_RESENT = pa.schema([(c, pa.string()) for c in ("provider_id", "payout_id", "chain_id")])


def follow_resends(engine: Engine) -> None:
    """Make table ``resent``: every payout of a chain of more than one, with the chain's name."""
    replaced = {
        (str(provider), str(payout)): str(root)
        for provider, payout, root in engine.rows(
            "SELECT provider_id, payout_id, replaces_payout_id FROM facts_payouts "
            "WHERE replaces_payout_id IS NOT NULL"
        )
    }
    rows = []
    named = set(replaced) | {(provider, root) for (provider, _), root in replaced.items()}
    for provider, payout in sorted(named):
        seen = {payout}
        root = payout
        while (before := replaced.get((provider, root))) is not None:
            if before in seen:  # A ring of payouts that replace each other: its least id names it.
                root = min(seen)
                break
            seen.add(before)
            root = before
        rows.append({"provider_id": provider, "payout_id": payout, "chain_id": root})
    engine.put("resent", pa.Table.from_pylist(rows, _RESENT))
