"""How fast a store of very many small files is read: ``python -m bench.stores FOLDER [FILES]``.

Makes a store of days of sales (five files a day, forty sales a file) by writing its parts and
receipts directly, then measures opening and reading before and after its compaction.
"""

import hashlib
import json
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from daozhang.facts import TABLES
from daozhang.store.disk import hash_file
from daozhang.store.parts import Store
from daozhang.store.receipts import INDEX, index_bytes, read_receipts
from daozhang.store.verify import prove

SALES = 40
FILES_A_DAY = 5
START = datetime(2023, 1, 1, tzinfo=UTC)
TYPES = {"text": pa.string(), "int": pa.int64(), "time": pa.timestamp("us", "UTC")}


def build(path: Path, files: int) -> Store:
    """Make a store of so many files."""
    store = Store.create(path)
    table = TABLES["sales"]
    for number in range(files):
        day = START + timedelta(days=number // FILES_A_DAY)
        given = {
            "sale_id": [f"s{number}-{n}" for n in range(SALES)],
            "kind": ["sale"] * SALES,
            "merchant_id": [f"m{number % FILES_A_DAY}"] * SALES,
            "terminal_id": [f"t{n % 7}" for n in range(SALES)],
            "provider_id": ["p"] * SALES,
            "channel": ["card"] * SALES,
            "amount_minor": [100 + n for n in range(SALES)],
            "currency": ["CNY"] * SALES,
            "captured_at": [day + timedelta(minutes=10 * n) for n in range(SALES)],
            "removed": [0] * SALES,
        }
        columns = {
            c.name: pa.array(given.get(c.name, [None] * SALES), TYPES[c.kind])
            for c in table.columns
        }
        name = f"sales-{number}.csv"
        columns["_days"] = pa.array([0] * SALES, pa.int32())
        columns["_file"] = pa.array([name] * SALES)
        file_id = hashlib.sha256(name.encode()).hexdigest()
        part = store.part("sales", file_id)
        pq.write_table(pa.table(columns), part, compression="zstd")
        receipt = {
            "version": 1, "id": file_id, "file": name, "format": "canonical_csv",
            "size_bytes": 1, "rows": {"sales": SALES}, "refused": 0, "problems": [],
            "parts": {"sales": {"sha256": hash_file(part), "columns": list(table.names)}},
        }  # fmt: skip
        target = store.path / "files" / f"{file_id}.json"
        target.write_text(json.dumps(receipt, indent=1), encoding="utf-8")
    return store


def measure(what: str, work: Callable[[], object]) -> None:
    """Run something and print what it cost."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"  {what:34} {wall:7.3f} s wall {cpu:7.3f} s CPU", flush=True)


def read(path: Path) -> None:
    """Measure a reader that opens the store anew."""
    store = Store.open(path)
    with duckdb.connect() as con:
        con.execute("SET TimeZone = 'UTC'")
        measure("receipts", store.receipts)
        measure("register", lambda: Store.open(path).register(con))
        measure("register once more", lambda: store.register(con))
        for what, query in (
            ("count of sales", "SELECT count(*) FROM raw_sales"),
            ("sum of all sales", "SELECT sum(amount_minor), max(sale_id) FROM raw_sales"),
            (
                "sum of the last 30 days",
                (
                    "SELECT sum(amount_minor), max(sale_id) FROM raw_sales WHERE captured_at > "
                    "(SELECT max(captured_at) - INTERVAL 30 DAY FROM raw_sales)"
                ),
            ),
        ):
            measure(what, lambda q=query: con.execute(q).fetchall())


def main(folder: str, files: str = "5000") -> None:
    """Build, read, compact, read again."""
    path = Path(folder)
    measure(f"build {files} files", lambda: build(path, int(files)))
    print("files' own parts, no index")
    read(path)
    (path / INDEX).write_bytes(index_bytes(read_receipts(path)))
    print("files' own parts, index")
    read(path)
    measure("verify", lambda: prove(path))
    measure("compact", lambda: Store.open(path).compact())
    print("compacted")
    read(path)
    measure("verify", lambda: prove(path))


if __name__ == "__main__":
    main(*sys.argv[1:])
