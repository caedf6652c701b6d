"""What the Spark engine promises beside the rows: own tables, whole files, quiet, no leftovers."""

from __future__ import annotations

import datetime as dt
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daozhang.engine import Engine, EngineError

pytestmark = pytest.mark.spark

JAVA = "spark.driver.extraJavaOptions"


@pytest.fixture
def engine(new_spark: Callable[[], Engine]) -> Iterator[Engine]:
    engine = new_spark()
    yield engine
    engine.close()


def test_put_run_and_view_replace_what_had_the_name(engine: Engine) -> None:
    engine.put("t", pa.table({"a": [1, 2, 3]}))
    engine.view("v", "SELECT a FROM t WHERE a > 1")
    engine.put("t", pa.table({"a": [5]}))
    assert engine.rows("SELECT a FROM v") == [(5,)]
    assert engine.run("v", "SELECT a + 1 AS b FROM t") == 1
    engine.put("t", pa.table({"a": pa.array([], pa.int64())}))
    assert engine.columns("v") == ["b"]
    assert engine.rows("SELECT b FROM v") == [(6,)]
    assert engine.rows("SELECT a FROM t") == []


def test_types_come_back_as_they_went(engine: Engine) -> None:
    moment = dt.datetime(2026, 4, 30, 23, 30, 0, 7, tzinfo=dt.UTC)
    first = dt.datetime(1, 1, 1, tzinfo=dt.UTC)
    table = pa.table(
        {
            "text": pa.array(["到账", None]),
            "n": pa.array([2**62, None], pa.int64()),
            "small": pa.array([7, None], pa.int32()),
            "yes": pa.array([True, None]),
            "day": pa.array([dt.date(1, 1, 1), None]),
            "seen": pa.array([moment, first], pa.timestamp("us", "UTC")),
        }
    )
    engine.put("t", table)
    assert engine.fetch("SELECT * FROM t ORDER BY text").equals(table)
    assert engine.run("u", "SELECT CAST(seen AS DATE) AS day FROM t WHERE n > 0") == 1
    assert engine.rows("SELECT day FROM u") == [(dt.date(2026, 4, 30),)]


def test_save_writes_one_whole_file(engine: Engine, tmp_path: Path) -> None:
    engine.put("t", pa.table({"a": list(range(100))}))
    engine.save("SELECT a FROM t WHERE a < 0", tmp_path / "none.parquet")
    engine.save("SELECT a, count(*) AS n FROM t GROUP BY a", tmp_path / "t.parquet")
    assert sorted(pq.read_table(tmp_path / "t.parquet")["a"].to_pylist()) == list(range(100))
    assert pq.read_table(tmp_path / "none.parquet").num_rows == 0
    assert sorted(p.name for p in tmp_path.iterdir()) == ["none.parquet", "t.parquet"]


def test_engines_share_one_spark_but_no_tables(
    engine: Engine, new_spark: Callable[[], Engine]
) -> None:
    other = new_spark()
    engine.put("t", pa.table({"a": [1]}))
    other.put("t", pa.table({"a": [2]}))
    assert engine.rows("SELECT a FROM t") == [(1,)]
    other.close()
    assert engine.rows("SELECT a FROM t") == [(1,)]


def test_a_second_master_is_refused(engine: Engine) -> None:
    from daozhang.engine.spark import SparkEngine

    with pytest.raises(EngineError, match=r"already runs Spark on local\[2\]"):
        SparkEngine(master="local[1]")


SCRIPT = """
import sys
import pyarrow as pa
from daozhang.engine.spark import SparkEngine
engine = SparkEngine(settings={"spark.driver.extraJavaOptions": sys.argv[1]})
engine.put("t", pa.table({"a": [1, 2]}))
engine.run("u", "SELECT a FROM t")
assert sorted(engine.rows("SELECT a FROM u")) == [(1,), (2,)]
"""


def test_spark_is_quiet_and_leaves_nothing_behind(
    spark_settings: dict[str, str], tmp_path: Path
) -> None:
    """Also with warnings as errors, also when nobody closes the engine."""
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", SCRIPT, spark_settings[JAVA]],
        capture_output=True, text=True, check=False, timeout=120, cwd=tmp_path,
        env=os.environ | {"TMPDIR": str(temporary), "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [p.name for p in tmp_path.iterdir()] == ["tmp"]
    assert [p.name for p in temporary.iterdir()] == []


def test_java_that_is_missing_is_said(spark_settings: dict[str, str], tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-c", "from daozhang.engine.spark import SparkEngine; SparkEngine()"],
        capture_output=True, text=True, check=False, timeout=120,
        env=os.environ | {"JAVA_HOME": str(tmp_path), "PYTHONPATH": str(Path.cwd())},
    )  # fmt: skip
    assert done.returncode != 0
    assert "Is Java 17 or newer installed" in done.stderr
