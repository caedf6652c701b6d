"""How many sales a second are taken from CSV and Parquet.

Run: python bench/intake.py [ROWS] [FOLDER]. Prints wall clock, CPU and rows a second.
"""

import sys
import tempfile
import time
from pathlib import Path

import duckdb

from daozhang.store.canonical import Canonical, load, recognise
from daozhang.store.relations import Relations

_TIME = "strftime(t0 + to_seconds({}), '%Y-%m-%dT%H:%M:%SZ')"

_SALES = """
SELECT 'S' || lpad(i::VARCHAR, 9, '0') AS sale_id, 'sale' AS kind,
  NULL::VARCHAR AS original_sale_id, 'M' || i % 300 AS merchant_id, 'ST' || i % 900 AS store_id,
  'T' || i % 3000 AS terminal_id, 'acq' || i % 3 AS provider_id, 'card' AS channel,
  'debit' AS card_type, (i * 37 % 100000)::BIGINT AS amount_minor, 'CNY' AS currency,
  {} AS captured_at, {} AS host_at, {} AS submitted_at, (i // 1000 % 9999)::VARCHAR AS batch_no,
  (i % 1000000)::VARCHAR AS trace_no, lpad((i * 7919 % 1000000000000)::VARCHAR, 12, '0') AS rrn,
  '5812' AS mcc
FROM (SELECT i, TIMESTAMPTZ '2026-05-01 00:00:00+00' + to_seconds(i // 20) AS t0
      FROM range({}) t(i))
"""


def make(folder: Path, rows: int) -> None:
    """Write the same sales as CSV and as Parquet, and the CSV with three bad rows."""
    texts = _SALES.format(_TIME.format(0), _TIME.format(1), _TIME.format(72000), rows)
    typed = _SALES.format("t0", "t0 + to_seconds(1)", "t0 + to_seconds(72000)", rows)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute(f"COPY ({texts}) TO '{folder}/sales.csv' (HEADER true)")
        con.execute(f"COPY ({typed}) TO '{folder}/sales.parquet'")
        bad = texts.replace("'CNY'", "CASE WHEN i % 400000 = 7 THEN 'XXX' ELSE 'CNY' END")
        con.execute(f"COPY ({bad}) TO '{folder}/sales-bad.csv' (HEADER true)")


def measure(path: Path) -> None:
    """Take one file and print how fast it went."""
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        relations = Relations(con)
        wall, cpu = time.perf_counter(), time.process_time()
        file = recognise(path, path.name)
        assert isinstance(file, Canonical)
        taken = load(relations, file)
        relations.publish()
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    rows = taken.rows["sales"]
    rate = rows / wall / 1e6
    print(f"{path.name}: {rows} rows, {taken.refused} refused, {wall:.2f} s, cpu {cpu:.2f} s, "
          f"{rate:.2f} M rows/s")  # fmt: skip


def main() -> None:
    """Make the files and measure each."""
    rows = int(sys.argv[1]) if len(sys.argv) > 1 else 4_000_000
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(scratch)
        make(folder, rows)
        for name in ("sales.csv", "sales.parquet", "sales-bad.csv"):
            measure(folder / name)


if __name__ == "__main__":
    main()
