from __future__ import annotations

import hashlib
import os
import pickle
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import duckdb
import pytest

from daozhang.world import WorldSummary, build


@cache
def _duckdb() -> duckdb.DuckDBPyConnection:
    """Return the connection that all queries share: to open one costs as much as most of them."""
    return duckdb.connect()


def _read(path: Path) -> str:
    """SQL for a file, all text. To find out what a file is made of takes longer than to read it."""
    with path.open(encoding="utf-8") as lines:
        columns = dict.fromkeys(next(lines).rstrip("\n").split(","), "VARCHAR")
    how = "auto_detect = false, header = true, delim = ',', quote = '\"', escape = '\"'"
    return f"from read_csv('{path}', columns = {columns}, {how})"


@dataclass(frozen=True)
class Built:
    summary: WorldSummary
    facts: Path
    truth: Path

    def table(self, name: str, *, latest: bool = True) -> str:
        """SQL for the latest (or every) row of every fact of a table, over all its files."""
        keys = {
            "sales": "sale_id", "settlements": "provider_id, line_id",
            "payouts": "provider_id, payout_id", "credits": "account_id, credit_id",
        }  # fmt: skip
        files = " union all by name ".join(map(_read, sorted(self.facts.glob(f"{name}*.csv"))))
        key = keys.get(name)
        last = f"qualify row_number() over (partition by {key} order by known_at desc) = 1"
        return f"(select * from ({files}) {last if latest and name in keys else ''})"

    def rows(self, sql: str) -> list[tuple]:
        with _duckdb().cursor() as con:
            con.execute("set TimeZone = 'Asia/Shanghai'")
            stems = {p.stem.split("-")[0] for p in self.facts.glob("*.csv")}
            names = {name: self.table(name) for name in stems}
            names |= {f"raw_{name}": self.table(name, latest=False) for name in stems}
            journeys = f"read_parquet('{self.truth}/journeys.parquet')"
            return con.execute(sql.format(**names, journeys=journeys)).fetchall()


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Callable[..., Built]:
    """Build each world once, for all processes that run tests."""
    base = tmp_path_factory.getbasetemp()
    shared = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / "worlds"
    shared.mkdir(exist_ok=True)

    def make(
        *faults: str, seed: int = 1, sales: int = 12_000, days: int = 28,
        regions: tuple[str, ...] = ("CN",),
    ) -> Built:  # fmt: skip
        text = repr((faults, seed, sales, days, regions))
        out = shared / hashlib.sha256(text.encode()).hexdigest()[:16]
        done = out / "summary.pickle"
        try:
            out.mkdir()
        except FileExistsError:
            for _ in range(6_000):
                if done.exists():
                    break
                time.sleep(0.02)
            summary = pickle.loads(done.read_bytes())
        else:
            summary = build(
                out, seed=seed, faults=faults, sales=sales, days=days, regions=regions
            )  # fmt: skip
            (out / "part").write_bytes(pickle.dumps(summary))
            (out / "part").rename(done)
        return Built(summary, summary.facts, summary.truth)

    return make
