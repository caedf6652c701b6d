"""The answers, as documentation: columns and keys with meanings, examples from a run.

The run is over a small simulated estate, so that every figure shown was computed by the program.
A column, key or file without a meaning here stops the generation.
"""

from __future__ import annotations

import csv
import io
import json
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stdout
from functools import cache
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

from daozhang.app.answers import JOURNEY_COLUMNS
from daozhang.cli.main import main as daozhang
from docs._markdown import code, explained, table

__all__ = ["answer_files", "incident_example", "journey_columns", "summary_example", "summary_keys"]

WORLD = ("--seed", "7", "--sales", "3000", "--faults", "F6,F4,F16")
AS_OF = "2026-04-23T12:00:00+08:00"
"""While the bank is still slow, so that money is late and overdue at once."""

_LINE_CHARS = 92

_COLUMNS = {
    "sale_id": "the sale",
    "status": "what became of its money, see [Status](#status)",
    "leg": "of late and overdue money: where it stopped, see [Leg](#leg)",
    "reason": "of overdue money: why, see [Reason](#reason)",
    "amount_minor": "the sale's amount, adjustments included",
    "currency": "its currency",
    "merchant_id": "from the sale",
    "store_id": "from the sale; empty there: from `terminals`",
    "terminal_id": "from the sale",
    "provider_id": "from the sale",
    "channel": "from the sale",
    "account_id": "the account whose row in `accounts` fits best; none fits: where it was paid",
    "captured_at": "when it was sold, by the terminal's clock",
    "submitted_at": "when it was handed in",
    "cleared_at": "when the provider settled it: the line that counted",
    "paid_out_at": "when the provider sent the money that counted (a re-send, if it was returned)",
    "credited_at": "when the bank booked the last part",
    "promised_at": "when it was promised",
    "promise_rule": "the rule that says so, in words",
    "provisional": "whether the promise depends on a year whose calendar is not verified",
    "credit_id": "the bank line of the last part",
    "credit_ids": "all its bank lines, joined by `;`",
    "payout_id": "the payout that counted",
    "net_minor": "what its settled lines come to",
    "fee_minor": "fee kept",
    "fee_expected_minor": "fee by the terms",
    "refunded_minor": "taken back by the customer",
    "charged_back_minor": "taken back by the card issuer, less what came back",
    "credited_minor": "what is in the bank",
    "outstanding_minor": "what is still to come; negative: still to be taken off",
    "late_s": "of late money: seconds after the promise; whole days for bank lines that are a date",
    "matched_by": "how its bank line was found, see [Matched by](#matched-by)",
    "cause": "why, as far as it is known",
    "mechanism": "which fault, by its name in [mechanisms.md](../mechanisms.md)",
    "incident_id": "the incident it belongs to",
}

_SUMMARY = {
    "as_of": "the moment the answer is for",
    "engine": "what ran the SQL",
    "by_status": "for each status: sales and amounts by currency",
    "by_cause": "for each cause of late, overdue and unknown money: sales and amounts",
    "identities": "every term of the [identities](#identities), by currency",
    "late_by": "late and overdue money by due date, provider, bank, store and leg",
    "speed": "minutes from till to bank by provider: median, 95th percentile, and as promised",
    "open": "overdue money by where it is now, payout and account",
    "punctuality": "share of due sales that came by their promise, by provider and by bank, with "
    "its 95 % interval, in thousandths",
    "legs": "minutes that each leg took, by provider: 5th, 25th, 50th, 75th, 95th percentile",
    "fees": "charged and agreed by provider and channel",
    "findings": "what to know of providers, late or not: categories, payers, fees",
    "unexplained_credits": "sums by currency, and the largest one by one",
    "ambiguous_credits": "those of them that several answers fit: sums by currency, and the "
    "largest with their answers",
    "waiting": "what lateness costs by currency: minor units times seconds kept waiting, of late "
    "and of overdue money, and the longest wait in seconds",
    "missing_statements": "accounts whose bank statement does not reach the promises of due money, "
    "and until when each is covered",
    "gaps": "what is missing in the facts and hides something, see [Gaps](#gaps)",
    "provisional_years": "years whose calendars are not verified and on which a promise depends",
    "files": "what was read: format, rows taken, rows refused",
    "skipped_files": "what was not, and why",
    "problems": "the first thousand located problems",
}

_FILES = {
    "journeys.parquet": "one row a sale",
    "incidents.json": "groups of late and overdue sales that stopped together",
    "summary.json": "every sum, every term of the identities",
    "money_by_status.csv": "the money by status",
    "money_flow.csv": "the money by the station it has reached and by status",
    "money_by_day.csv": "promises by due day and what became of them; what is provisional",
    "overdue_places.csv": "overdue money by where it is, payout and account: what to quote",
    "pace_minutes.csv": "sales by minutes after their promise (of what has not come: so far)",
    "punctuality.csv": "share that came by the promise, by provider and by bank, with its 95 % "
    "interval",
    "leg_times.csv": "how long each leg took, by provider: percentiles in minutes",
    "gap_counts.csv": "how many rows each gap has, see [Gaps](#gaps)",
    "fees.csv": "fees by provider and channel",
    "speed.csv": "how long money takes, by provider",
    "late_list.csv": "every late and overdue sale, with where its money is",
    "unknown_list.csv": "every sale that is due and whose bank statement is missing",
    "unexplained_credits.csv": "every bank line that nothing explains, or not all of; several "
    "answers fit where `ambiguous` lists them",
    "missing_statements.csv": "accounts whose bank statement is missing where money is due",
    "late_by_due_date.csv": "late and overdue money by due day",
    "late_by_provider_id.csv": "by provider",
    "late_by_bank_id.csv": "by bank",
    "late_by_store_id.csv": "by store",
    "late_by_leg.csv": "by leg",
}


@cache
def _answers() -> Mapping[str, Any]:
    """Run the example once and return its files: JSON as values, tables as their column names."""
    found: dict[str, Any] = {}
    with tempfile.TemporaryDirectory() as scratch, redirect_stdout(io.StringIO()):
        world, out = Path(scratch) / "world", Path(scratch) / "out"
        if daozhang(["world", str(world), *WORLD]):
            raise RuntimeError("the example's world was not made")
        asked = ["check", str(world / "in"), "--as-of", AS_OF, "--out", str(out), "--lang", "en"]
        if daozhang(asked) not in (0, 1):
            raise RuntimeError("the example was not answered")
        for path in sorted(out.iterdir()):
            if path.suffix == ".json":
                found[path.name] = json.loads(path.read_text(encoding="utf-8"))
            elif path.suffix == ".csv":
                with path.open(encoding="utf-8-sig", newline="") as text:
                    found[path.name] = next(csv.reader(text))
            else:
                found[path.name] = [(f.name, str(f.type)) for f in pq.read_schema(path)]
    return found


def journey_columns() -> str:
    """Return the table of the journeys' columns, with the types of the example's file."""
    types = {"string": "text", "int64": "whole number", "bool": "true or false"}
    held = dict(_answers()["journeys.parquet"])
    if tuple(held) != JOURNEY_COLUMNS:
        raise LookupError("the file's columns are not those that are promised")
    rows = [
        (
            code(name),
            types.get(kind, "time (UTC)" if "timestamp" in kind else kind),
            explained(_COLUMNS, name, "_COLUMNS in docs/_answers.py"),
        )
        for name, kind in held.items()
    ]
    return table(("column", "kind", "meaning"), rows)


def answer_files() -> str:
    """Return the table of files that ``check --out`` writes, with the columns of the CSV ones."""
    rows = []
    for name, held in _answers().items():
        columns = ", ".join(map(code, held)) if name.endswith(".csv") else ""
        meaning = explained(_FILES, name, "_FILES in docs/_answers.py")
        rows.append((code(name), meaning, columns))
    return table(("file", "what it holds", "columns"), rows)


def summary_keys() -> str:
    """Return the table of the keys of ``summary.json``."""
    place = "_SUMMARY in docs/_answers.py"
    rows = [(code(key), explained(_SUMMARY, key, place)) for key in _answers()["summary.json"]]
    return table(("key", "what it holds"), rows)


def summary_example() -> str:
    """Return the example's ``summary.json``, each list cut to its first entry."""
    return _json(_cut(_answers()["summary.json"]))


def incident_example() -> str:
    """Return the first incident of the example."""
    return _json(_answers()["incidents.json"][:1])


def _cut(value: Any) -> Any:
    """Return a value with every list cut to its first entry; keys that are data are sorted."""
    if isinstance(value, dict):
        cut = {key: _cut(inner) for key, inner in value.items()}
        return {**cut, "gaps": dict(sorted(cut["gaps"].items()))} if "gaps" in cut else cut
    if isinstance(value, list):
        return [_cut(inner) for inner in value[:1]] + (["…"] if len(value) > 1 else [])
    return value


def _json(value: Any) -> str:
    return f"```json\n{_laid_out(value)}\n```"


def _laid_out(value: Any, indent: int = 0, taken: int = 0) -> str:
    """Return JSON in which whatever fits into a line stands on one."""
    flat = json.dumps(value, ensure_ascii=False)
    if indent + taken + len(flat) <= _LINE_CHARS or not isinstance(value, dict | list):
        return flat
    pad = " " * (indent + 1)
    if isinstance(value, list):
        inner = [f"{pad}{_laid_out(item, indent + 1)}" for item in value]
        return "[\n" + ",\n".join(inner) + f"\n{pad[1:]}]"
    inner = []
    for key, item in value.items():
        name = f"{json.dumps(key, ensure_ascii=False)}: "
        inner.append(f"{pad}{name}{_laid_out(item, indent + 1, len(name))}")
    return "{\n" + ",\n".join(inner) + f"\n{pad[1:]}}}"
