"""A million settlement lines that have lost their sale's reference, with the truth."""

from __future__ import annotations

import resource
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa

from daozhang.engine import DuckEngine
from daozhang.journey.lost_refs import find_lost

__all__ = ["lost_lines"]

EMPTY = ("kind", "merchant_id", "payout_id", "reason", "chain_id")
TERMINALS = 2_000
DAYS = 30
GARBLED_SHARE = 0.5


def lost_lines(count: int) -> Iterator[dict[str, Any]]:
    """Yield a row for lines without a reference and one for garbled references."""
    rng = np.random.default_rng(5)
    terminals = rng.integers(0, TERMINALS, count)
    amounts = np.maximum(100, rng.lognormal(8.5, 0.9, count).astype(np.int64))
    seen = rng.integers(0, DAYS * 86_400, count) * 1_000_000 + 1_767_571_200_000_000
    day = 86_400_000_000
    cleared = (seen // day + 1) * day + 2 * 3_600_000_000
    rrns = rng.permutation(10**6 * 9)[:count] + 10**11
    garbled = rng.random(count) < GARBLED_SHARE
    refs = [_garble(str(r), rng) if g else None for r, g in zip(rrns, garbled, strict=True)]
    instant = pa.timestamp("us", "UTC")
    names = [f"s{n}" for n in range(count)]
    sales = pa.table({
        "provider_id": ["P"] * count, "sale_id": names, "merchant_id": ["m"] * count,
        "terminal_id": [f"t{n}" for n in terminals], "currency": ["CNY"] * count,
        "seen_at": pa.array(seen, instant), "rrn": [str(r) for r in rrns],
        "amount_minor": amounts,
    })  # fmt: skip
    lines = pa.table({
        "provider_id": ["P"] * count, "line_id": [f"l{n}" for n in range(count)],
        "kind": ["sale"] * count, "ref": pa.array(refs, pa.string()),
        "terminal_id": [f"t{n}" for n in terminals], "gross_minor": amounts,
        "currency": ["CNY"] * count, "cleared_at": pa.array(cleared, instant),
        "fee_minor": amounts * 0, "tax_minor": amounts * 0, "reserve_minor": amounts * 0,
        "net_minor": amounts, "status": ["settled"] * count,
        **{n: pa.nulls(count, pa.string()) for n in (*EMPTY[1:], "sale_id")},
    })  # fmt: skip
    engine = DuckEngine()
    try:
        engine.put("parcels", sales)
        engine.put("till", pa.table({"sale_id": pa.array([], pa.string()),
                                     "adjusted_minor": pa.array([], pa.int64())}))  # fmt: skip
        engine.put("lines", lines)
        engine.put("lines_named", lines)
        engine.run("lines_by_rrn", "SELECT * FROM lines_named WHERE ref IS NOT NULL")
        began = time.perf_counter()
        find_lost(engine)
        seconds = time.perf_counter() - began
        found = dict(engine.rows("SELECT line_id, sale_id FROM alike"))
    finally:
        engine.close()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    keys = terminals * 10**9 + amounts
    _, place, often = np.unique(keys, return_inverse=True, return_counts=True)
    alone = often[place] == 1
    for text, chosen in (("lost", ~garbled), ("garbled by one or two letters", garbled)):
        numbers = np.flatnonzero(chosen)
        said = {n: found.get(f"l{n}") for n in numbers}
        right = sum(sale == f"s{n}" for n, sale in said.items())
        one = [n for n in numbers if alone[n]]
        others = [n for n in numbers if not alone[n]]
        yield {
            "lines": len(numbers), "reference": text, "one_answer": len(one),
            "recall": sum(said[n] == f"s{n}" for n in one) / max(len(one), 1),
            "precision": right / max(sum(sale is not None for sale in said.values()), 1),
            "refused": sum(said[n] is None for n in others) / max(len(others), 1),
            "seconds": round(seconds, 1), "mb": memory,
        }  # fmt: skip


def _garble(text: str, rng: np.random.Generator) -> str:
    letters = list(text)
    for at in rng.integers(0, len(letters), int(rng.integers(1, 3))):
        letters[at] = "X"
    return "".join(letters)
