"""One other tool on the same credits and payouts, run by :mod:`bench.matching` in its own venv.

``python matching_rivals.py NAME IN OUT`` reads ``{"payouts": [[id, account, day, net]], "credits":
[[id, account, day, amount]]}`` and writes ``{"brought": {credit: [payout, …]}, "seconds", "mb",
"version"}``. Each tool is used as its own documentation has it, with settings that suit the task;
where it gives a credit several answers, the credit counts as refused. Nothing of the product is
imported here.
"""

from __future__ import annotations

import importlib.metadata
import json
import resource
import sys
import time
from collections import defaultdict
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

Rows = list[tuple[str, str, str, int]]
Brought = dict[str, list[str]]
LATEST_DAYS = 3


def settleflow(payouts: Rows, credits: Rows) -> Brought:
    """The payout's reference first (there is none here), then amount and date."""
    from settleflow.matching import match
    from settleflow.models import Txn

    def txns(rows: Rows, account: str) -> list[Any]:
        return [
            Txn(None, Decimal(r[3]) / 100, date.fromisoformat(r[2]), r[0])
            for r in rows
            if r[1] == account
        ]

    brought: Brought = {}
    for account in sorted({row[1] for row in credits}):
        for found in match(txns(payouts, account), txns(credits, account)).matched:
            brought.setdefault(found.bank.ref, []).append(found.settlement.ref)
    return brought


def reconcile_mcp(payouts: Rows, credits: Rows) -> Brought:
    """Scores each expected against each observed; lump sums and instalments by subset sum.

    Up to two parts, not six as by default: with six, one account of forty days took more than
    a minute. Without references no pair reaches the score of its defaults, so that is lowered.
    """
    from reconcile_mcp.engine import reconcile

    def items(rows: Rows, account: str) -> list[dict[str, Any]]:
        return [
            {"id": r[0], "amount": str(Decimal(r[3]) / 100), "currency": "CNY", "date": r[2]}
            for r in rows
            if r[1] == account
        ]

    brought: Brought = defaultdict(list)
    for account in sorted({row[1] for row in credits}):
        report = reconcile(
            items(payouts, account),
            items(credits, account),
            {"date_window_days": LATEST_DAYS, "max_combination": 2, "review_threshold": 0.4},
        )
        for found in report["matches"]:
            for observed in found["observed"]:
                brought[observed] += [e for e in found["expected"] if e not in brought[observed]]
    return dict(brought)


def datacompy(payouts: Rows, credits: Rows) -> Brought:
    """Compares two tables row by row on a key: account and amount."""
    import datacompy as tool
    import pandas as pd

    left = pd.DataFrame(payouts, columns=["payout", "account", "day", "amount"])
    right = pd.DataFrame(credits, columns=["credit", "account", "day", "amount"])
    kind = getattr(tool, "PandasCompare", None) or tool.Compare
    rows = kind(left, right, join_columns=["account", "amount"]).intersect_rows
    brought: Brought = defaultdict(list)
    for payout, credit in zip(rows["payout"], rows["credit"], strict=True):
        brought[credit].append(payout)
    return dict(brought)


def splink(payouts: Rows, credits: Rows) -> Brought:
    """Links records by rules: account and amount agree, the credit is up to three days later."""
    import pandas as pd
    import splink as tool

    columns = ["unique_id", "account", "day", "amount"]
    frames = [pd.DataFrame(rows, columns=columns) for rows in (payouts, credits)]
    for frame in frames:
        frame["number"] = [date.fromisoformat(day).toordinal() for day in frame["day"]]
    rule = (
        "l.account = r.account AND l.amount = r.amount "
        f"AND r.number - l.number BETWEEN 0 AND {LATEST_DAYS}"
    )
    settings = tool.SettingsCreator(
        link_type="link_only", blocking_rules_to_generate_predictions=[rule]
    )
    database = tool.DuckDBAPI()
    linker = tool.Linker([database.register(frame) for frame in frames], settings)
    pairs = linker.inference.deterministic_link().as_pandas_dataframe()
    known = {row[0] for row in payouts}
    found: dict[str, set[str]] = defaultdict(set)
    for one, other in zip(pairs["unique_id_l"], pairs["unique_id_r"], strict=True):
        payout, credit = (one, other) if one in known else (other, one)
        found[credit].add(payout)
    return {credit: list(ones) for credit, ones in found.items() if len(ones) == 1}


TOOLS = {
    "settleflow": (settleflow, "settleflow"),
    "reconcile-mcp": (reconcile_mcp, "reconcile-mcp"),
    "datacompy": (datacompy, "datacompy"),
    "splink": (splink, "splink"),
}


def main(name: str, source: str, target: str) -> None:
    """Run one tool on one input."""
    given = json.loads(Path(source).read_text(encoding="utf-8"))
    payouts = [tuple(row) for row in given["payouts"]]
    credits = [tuple(row) for row in given["credits"]]
    tool, package = TOOLS[name]
    began = time.perf_counter()
    brought = tool(payouts, credits)
    answer = {
        "brought": brought,
        "seconds": round(time.perf_counter() - began, 3),
        "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        "version": importlib.metadata.version(package),
    }
    Path(target).write_text(json.dumps(answer), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
