from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from daozhang.world import WorldSummary, build


@dataclass(frozen=True)
class Built:
    summary: WorldSummary
    facts: Path
    truth: Path

    def table(self, name: str) -> str:
        """SQL for the latest row of every fact of a table, over all its files."""
        keys = {
            "sales": "sale_id", "settlements": "provider_id, line_id",
            "payouts": "provider_id, payout_id", "credits": "account_id, credit_id",
        }  # fmt: skip
        files = [str(p) for p in sorted(self.facts.glob(f"{name}*.csv"))]
        key = keys.get(name)
        latest = f"qualify row_number() over (partition by {key} order by known_at desc) = 1"
        every = f"read_csv({files}, all_varchar = true, union_by_name = true, header = true)"
        return f"(select * from {every} {latest if name in keys else ''})"

    def rows(self, sql: str) -> list[tuple]:
        with duckdb.connect() as con:
            con.execute("set TimeZone = 'Asia/Shanghai'")
            names = {
                name: self.table(name)
                for name in ("sales", "settlements", "payouts", "credits", "coverage", "upgrades")
            }
            journeys = f"read_parquet('{self.truth}/journeys.parquet')"
            return con.execute(sql.format(**names, journeys=journeys)).fetchall()


@pytest.fixture(scope="session")
def built(tmp_path_factory) -> Iterator[Callable[..., Built]]:
    made: dict[tuple, Built] = {}

    def make(*faults: str, seed: int = 1, sales: int = 12_000, days: int = 28) -> Built:
        key = (faults, seed, sales, days)
        if key not in made:
            out = tmp_path_factory.mktemp("world")
            summary = build(out, seed=seed, faults=faults, sales=sales, days=days)
            made[key] = Built(summary, summary.facts, summary.truth)
        return made[key]

    yield make
    made.clear()
