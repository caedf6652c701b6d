"""Payouts and the payouts sent in their place, as chains.

A returned payout is followed to its re-send (the contract's matching): a chain is named by its
first payout. A re-send that does not name what it replaces is known by what it is: a payout of no
lines, of the same account and amount, after exactly one that came back. Few payouts are ever
re-sent, so pointers are followed here and the rest stays in SQL.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

import pyarrow as pa

from daozhang.engine import Engine, SqlFolder, rows_of

__all__ = ["add_up_again", "follow_resends"]

SQL = SqlFolder("daozhang.journey")

_RESENT = pa.schema([(c, pa.string()) for c in ("provider_id", "payout_id", "chain_id")])


def follow_resends(engine: Engine) -> None:
    """Make tables ``replaced`` and ``resent``.

    ``replaced``: each payout in whose place another was sent, and that other one, as the payout
    says, or as the facts leave one possibility only. ``resent``: every payout of a chain of more
    than one, with the chain's name.
    """
    said = engine.fetch(
        "SELECT provider_id, replaces_payout_id AS payout_id, payout_id AS by_payout_id "
        "FROM facts_payouts WHERE replaces_payout_id IS NOT NULL"
    )
    alone = _one_to_one(rows_of(engine.fetch(SQL["sent_again"])))
    engine.put("replaced", pa.concat_tables([said, pa.Table.from_pylist(alone, said.schema)]))
    replaced = {
        (str(provider), str(by)): str(payout)
        for provider, payout, by in engine.rows(
            "SELECT provider_id, payout_id, by_payout_id FROM replaced"
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


def add_up_again(engine: Engine) -> None:
    """Make ``chains`` anew from ``lines`` that changed; the payouts are what they were."""
    for name in ("chain_lines", "chains_nameless", "chain_accounts", "chains"):
        engine.run(name, SQL[name])


def _one_to_one(rows: Sequence[Mapping[str, object]]) -> list[Mapping[str, object]]:
    """Leave out payouts that may have been sent in the place of more than one."""
    wanted = Counter((row["provider_id"], row["by_payout_id"]) for row in rows)
    return [row for row in rows if wanted[row["provider_id"], row["by_payout_id"]] == 1]
