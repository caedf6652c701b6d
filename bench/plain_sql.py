"""The same question answered by one plain DuckDB SQL script, as a good analyst would write it.

Run ``.venv/bin/python -m bench.plain_sql IN OUT [MEMORY_LIMIT_MB]``; writes
``OUT/journeys.parquet`` with the columns of daozhang's. It is written for the tables of
``daozhang world`` and does what SQL does well: one row a key, promises from a small calendar
table, lines joined by reference, payouts and credits joined by id, else by amount and day. What it
leaves out is listed in ``docs/benchmarks.md``; it checks no row and no sum.
"""

from __future__ import annotations

import sys
import tomllib
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa

__all__ = ["SCRIPT", "answer", "read_terms"]

TEXTS = [
    "sale_id", "kind", "original_sale_id", "merchant_id", "store_id", "terminal_id", "provider_id",
    "channel", "card_type", "currency", "batch_no", "trace_no", "rrn", "mcc", "line_id", "ref",
    "payout_id", "status", "reason", "account_id", "replaces_payout_id", "credit_id", "bank_id",
    "counterparty", "subject", "table",
]  # fmt: skip
NUMBERS = ("amount_minor", "gross_minor", "fee_minor", "net_minor")
TIMES = (
    "captured_at", "host_at", "submitted_at", "cleared_at", "paid_out_at", "known_at", "from_at",
    "to_at",
)  # fmt: skip

KNOWN = (
    "sales", "sales-batched", "settlements", "payouts", "credits", "credits-dated", "coverage",
    "upgrades", "attempts", "batches", "actions", "signals", "notices",
)  # fmt: skip
"""Files whose rows say when they were learned."""

SCRIPT = (Path(__file__).parent / "plain.sql").read_text(encoding="utf-8")


def read_terms(path: Path) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Return the terms as rows, and the windows of a day that each of them divides into."""
    terms, windows = [], []
    written = tomllib.loads(path.read_text(encoding="utf-8"))["terms"]
    for number, term in enumerate(written):
        business = term["basis"] == "business"
        terms.append(
            {
                "term_no": number,
                "provider_id": term["provider_id"],
                "channel": term["channel"],
                "merchant_id": term.get("merchant_id"),
                "cutoff_minute": _minutes(term["cutoff"]),
                "clock": term.get("cutoff_by", "host"),
                "fee_bps": term["fee_bps"],
                "fee_cap_minor": term.get("fee_cap_minor"),
            }
        )
        since = 0
        whole_day = {"until": "24:00", "credit_by": term["credit_by"], "lag_days": term["lag_days"]}
        for window in term.get("windows", [whole_day]):
            until = _minutes(window["until"])
            windows.append(
                {
                    "term_no": number,
                    "from_minute": since,
                    "until_minute": until,
                    "basis": term["basis"],
                    "lag_days": window["lag_days"],
                    "credit_minute": _minutes(window["credit_by"]),
                    "promise_rule": f"{'T' if business else 'D'}+{window['lag_days']} "
                    f"by {window['credit_by']}",
                }
            )
            since = until
    return terms, windows


def _minutes(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _sources(folder: Path) -> dict[str, str]:
    """Return how each table is read: Parquet, or CSV with its types said."""
    parquet = any(folder.glob("*.parquet"))

    def source(*names: str) -> str:
        suffix = "parquet" if parquet else "csv"
        files = ", ".join(f"'{folder / name}.{suffix}'" for name in names)
        if parquet:
            return f"read_parquet([{files}], union_by_name = true)"
        header = (folder / f"{names[0]}.csv").open(encoding="utf-8").readline().strip().split(",")
        types = {
            **dict.fromkeys(TEXTS, "VARCHAR"),
            **dict.fromkeys(NUMBERS, "BIGINT"),
            **dict.fromkeys(TIMES, "TIMESTAMPTZ"),
        }
        said = ", ".join(f"'{c}': '{types[c]}'" for c in header if c in types)
        return f"read_csv([{files}], header = true, types = {{{said}}}, union_by_name = true)"

    known = [f"SELECT max(known_at) AS known_at FROM {source(name)}" for name in KNOWN]
    return {
        "sales": source("sales", "sales-batched"),
        "settlements": source("settlements"),
        "payouts": source("payouts"),
        "credits": source("credits"),
        "credits_dated": source("credits-dated"),
        "coverage": source("coverage"),
        "accounts": source("accounts"),
        "known": " UNION ALL ".join(known),
    }


def answer(folder: Path, out: Path, memory_limit_mb: int | None = None) -> None:
    """Write ``out/journeys.parquet`` for a folder of facts of a simulated estate.

    With ``memory_limit_mb`` DuckDB holds no more than that and spills, as daozhang has it do.
    """
    out.mkdir(parents=True, exist_ok=True)
    terms, windows = read_terms(folder / "terms.toml")
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        connection.execute("SET preserve_insertion_order = false")
        if memory_limit_mb is not None:
            connection.execute(f"SET memory_limit = '{memory_limit_mb}MB'")
        for name, rows in (("terms", terms), ("windows", windows)):
            connection.register("_incoming", pa.Table.from_pylist(rows))
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM _incoming")
            connection.unregister("_incoming")
        script = SCRIPT.format(out=out / "journeys.parquet", **_sources(folder))
        connection.execute(script)


if __name__ == "__main__":
    answer(Path(sys.argv[1]), Path(sys.argv[2]), *map(int, sys.argv[3:]))
