"""The same rows on both engines: every table that the pipeline makes, from every SQL file.

The estates' truth is not looked at here; that DuckDB's rows are right is for other tests to say.
"""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from daozhang.engine import DuckEngine, Engine
from daozhang.journey.pipeline import SQL
from tests.engine.pipelines import read, tracked, unequal
from tests.oracle.estate import make_estate
from tests.oracle.rows import read_folder, write_csv

SALES = 60
DAYS = 6
SEEDS = (1, 2)
SOAK_SEEDS = range(20, 32)

RUN_ON_SPARK: set[str] = set()
"""SQL files that some test of this module ran on Spark."""

soak = pytest.mark.skipif(
    "DAOZHANG_SOAK" not in os.environ, reason="set DAOZHANG_SOAK to run further seeds"
)


def compare(
    folder: Path, new_engine: Callable[[], Engine], as_of: dt.datetime | None = None
) -> set[str]:
    """Fail where an engine gives other tables than DuckDB; return the SQL files it ran."""
    facts, book = read(folder)
    with tracked(DuckEngine(), facts, book, as_of) as (duck, expected):
        tables = duck.contents()
        files = duck.files
    with tracked(new_engine(), facts, book, as_of) as (other, got):
        found = list(unequal(tables, other.contents()))
        assert not found, "\n".join([f"DuckDB first, {other.name} second", *found])
        assert other.files == files
    assert got == expected, "what Python got of the tables differs"
    return files


@pytest.mark.parametrize("seed", SEEDS)
def test_rows_do_not_depend_on_threads(seed: int, tmp_path: Path) -> None:
    folder = make_estate(seed, sales=SALES, days=DAYS).write(tmp_path / "in")
    compare(folder, lambda: DuckEngine(threads=1))


@pytest.mark.spark
@pytest.mark.parametrize("seed", [*SEEDS, *(pytest.param(s, marks=soak) for s in SOAK_SEEDS)])
def test_spark_gives_the_rows_of_duckdb(
    seed: int, tmp_path: Path, new_spark: Callable[[], Engine]
) -> None:
    folder = make_estate(seed, sales=SALES, days=DAYS).write(tmp_path / "in")
    RUN_ON_SPARK.update(compare(folder, new_spark))


@pytest.mark.spark
def test_spark_gives_the_rows_of_duckdb_as_of_a_past_moment(
    tmp_path: Path, new_spark: Callable[[], Engine]
) -> None:
    estate = make_estate(1, sales=SALES, days=DAYS)
    folder = estate.write(tmp_path / "in")
    RUN_ON_SPARK.update(compare(folder, new_spark, estate.as_of - dt.timedelta(days=3)))


def change(folder: Path) -> None:
    """Make the pipeline take the ways that plain estates do not show it.

    Some sales lack their store; of one provider neither settlements nor payouts are known, though
    its credits are; another settles in a currency it does not sell in; same-day windows have a
    daily limit; some credits never came.
    """
    facts = read_folder(folder)
    for place, row in enumerate(facts["sales"]):
        if place % 9 == 0:
            row["store_id"] = ""
    unheard = "wal"
    for table in ("settlements", "payouts"):
        facts[table] = [row for row in facts[table] if row["provider_id"] != unheard]
    for row in (*facts["settlements"], *facts["payouts"]):
        if row["provider_id"] == "eur":
            row["currency"] = "USD"
            for name in ("gross_minor", "fee_minor", "tax_minor", "reserve_minor", "net_minor"):
                row[name] = str(int(row[name]) * 117 // 100) if row.get(name) else ""
    facts["credits"] = [row for place, row in enumerate(facts["credits"]) if place % 10 != 1]
    for path in folder.glob("*.csv"):
        path.unlink()
    for table, rows in facts.items():
        write_csv(folder / f"{table}.csv", rows)
    terms = folder / "terms.toml"
    text = terms.read_text(encoding="utf-8")
    limited = text.replace("\nwindows = ", "\ndaily_limit_minor = 300000\nwindows = ")
    assert limited != text
    terms.write_text(limited, encoding="utf-8")


@pytest.fixture
def awkward(tmp_path: Path) -> Path:
    folder = make_estate(6, sales=SALES, days=DAYS).write(tmp_path / "awkward")
    change(folder)
    return folder


def test_the_awkward_estate_takes_the_rare_ways(awkward: Path) -> None:
    facts, book = read(awkward)
    with tracked(DuckEngine(), facts, book) as (duck, _):
        sizes = {name: len(rows) for name, (_, rows) in duck.contents().items()}
        assert {"sold_filled", "over_limit", "lines_supposed", "lines_converted"} <= duck.files
    for name in ("over_limit", "supposed", "supposed_chains", "lines_by_rrn", "moved"):
        assert sizes[name], f"{name} has no rows, so nothing is compared"


@pytest.mark.spark
def test_spark_gives_the_rows_of_duckdb_for_awkward_facts(
    awkward: Path, new_spark: Callable[[], Engine]
) -> None:
    RUN_ON_SPARK.update(compare(awkward, new_spark))


@pytest.mark.spark
def test_every_sql_file_was_run_on_spark(
    tmp_path: Path, awkward: Path, new_spark: Callable[[], Engine]
) -> None:
    """Add up what the tests above ran; alone or on another worker, make up for them."""
    if not RUN_ON_SPARK:
        folder = make_estate(SEEDS[0], sales=SALES, days=DAYS).write(tmp_path / "in")
        RUN_ON_SPARK.update(compare(folder, new_spark), compare(awkward, new_spark))
    never = sorted(SQL.texts.keys() - RUN_ON_SPARK)
    assert not never, f"SQL files that no estate of this module runs on Spark: {never}"
