"""What DuckDB is told, and what the engine promises on top of it."""

from __future__ import annotations

import datetime as dt
import errno
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daozhang.engine import DuckEngine


@pytest.fixture
def engine() -> Iterator[DuckEngine]:
    engine = DuckEngine(memory_limit_mb=300, threads=1)
    yield engine
    engine.close()


def setting(engine: DuckEngine, name: str) -> object:
    return engine.rows(f"SELECT current_setting('{name}')")[0][0]


def test_put_replaces_a_table_of_the_name(engine: DuckEngine) -> None:
    engine.put("t", pa.table({"a": [1, 2]}))
    engine.put("t", pa.table({"b": ["x"]}))
    assert engine.columns("t") == ["b"]
    assert engine.rows("SELECT * FROM t") == [("x",)]


def test_put_keeps_no_hold_on_the_callers_table(engine: DuckEngine) -> None:
    engine.put("t", pa.table({"a": [1]}))
    assert engine.rows("SELECT count(*) FROM information_schema.tables") == [(1,)]


def test_run_counts_its_rows_and_replaces_a_view(engine: DuckEngine) -> None:
    engine.put("t", pa.table({"a": [1, 2, 3]}))
    engine.view("v", "SELECT a FROM t")
    assert engine.run("v", "SELECT a FROM t WHERE a > 1") == 2
    engine.put("t", pa.table({"a": [9]}))
    assert engine.rows("SELECT a FROM v ORDER BY a") == [(2,), (3,)]


def test_a_view_replaces_a_table_and_reads_what_its_names_mean_now(engine: DuckEngine) -> None:
    engine.put("t", pa.table({"a": [1]}))
    engine.run("v", "SELECT 7 AS a")
    engine.view("v", "SELECT a FROM t")
    engine.put("t", pa.table({"a": [5]}))
    assert engine.rows("SELECT a FROM v") == [(5,)]


def test_drop_forgets_tables_and_views_and_nothing_else(engine: DuckEngine) -> None:
    engine.put("t", pa.table({"a": [1]}))
    engine.put("kept", pa.table({"a": [2]}))
    engine.view("v", "SELECT a FROM kept")
    engine.drop("t", "v", "never_was")
    with pytest.raises(duckdb.CatalogException, match="t does not exist"):
        engine.fetch("SELECT * FROM t")
    assert engine.rows("SELECT a FROM kept") == [(2,)]


def test_instants_are_utc_whatever_they_were_written_in(engine: DuckEngine) -> None:
    assert setting(engine, "TimeZone") == "UTC"
    moment = dt.datetime(2026, 5, 1, 7, 30, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    engine.put("t", pa.table({"seen": pa.array([moment], pa.timestamp("us", "Asia/Shanghai"))}))
    ((day, seen),) = engine.rows("SELECT CAST(seen AS DATE), seen FROM t")
    assert day == dt.date(2026, 4, 30)
    assert seen == moment


def test_no_rows_are_still_a_table(engine: DuckEngine) -> None:
    engine.put("t", pa.table({"a": pa.array([], pa.int64())}))
    assert engine.rows("SELECT a FROM t") == []
    assert engine.fetch("SELECT a FROM t").schema.field("a").type == pa.int64()


def test_save_writes_the_rows(engine: DuckEngine, tmp_path: Path) -> None:
    path = tmp_path / "it's.parquet"
    engine.save("SELECT 1 AS a UNION ALL SELECT 2", path)
    assert sorted(pq.read_table(path)["a"].to_pylist()) == [1, 2]
    assert [p.name for p in tmp_path.iterdir()] == ["it's.parquet"]


def test_a_save_that_fails_leaves_the_file_that_was_there(
    engine: DuckEngine, tmp_path: Path
) -> None:
    path = tmp_path / "t.parquet"
    engine.save("SELECT 1 AS a", path)
    with pytest.raises(duckdb.Error, match="not a number"):
        engine.save("SELECT CASE WHEN i = 5000 THEN error('not a number') END AS a "
                    "FROM range(10000) AS r(i)", path)  # fmt: skip
    assert pq.read_table(path)["a"].to_pylist() == [1]


def test_memory_is_limited_and_spills_into_a_folder_of_its_own() -> None:
    engine = DuckEngine(memory_limit_mb=64, threads=1)
    spill = Path(str(setting(engine, "temp_directory")))
    assert setting(engine, "memory_limit") == "61.0 MiB"  # 64 MB
    assert setting(engine, "threads") == 1
    engine.run("t", "SELECT i, repeat('x', 200) || i AS text FROM range(600000) AS r(i)")
    ordered = engine.run("o", "SELECT *, row_number() OVER (ORDER BY text) AS n FROM t")
    assert ordered == 600_000
    engine.close()
    assert not spill.parent.exists()


def size(text: object) -> float:
    number, unit = str(text).split()
    return float(number) * 1024 ** ["KiB", "MiB", "GiB", "TiB"].index(unit)


def test_very_many_rows_are_given_more_memory_up_to_what_the_machine_has() -> None:
    engine = DuckEngine()
    usual = setting(engine, "memory_limit")
    engine.expect(15_000_000)
    assert setting(engine, "memory_limit") == usual
    engine.expect(16_000_000)
    assert setting(engine, "memory_limit") == "1.7 GiB"  # 1,900 MB
    engine.expect(10**12)
    with duckdb.connect() as other:
        ((most,),) = other.execute("SELECT current_setting('memory_limit')").fetchall()
    # Four fifths are what it takes by itself.
    assert size(setting(engine, "memory_limit")) == pytest.approx(size(most) * 5 / 8, rel=0.02)
    engine.close()


def test_too_little_memory_is_an_error_of_the_machine(tmp_path: Path) -> None:
    """Whoever goes on without what a full disk refuses goes on without this too."""
    engine = DuckEngine(memory_limit_mb=40, threads=1)
    engine.connection.execute("SET max_temp_directory_size = '1MB'")
    long = "SELECT string_agg(CAST(i AS VARCHAR), ';' ORDER BY i) AS s FROM range(10000000) AS t(i)"
    with pytest.raises(OSError, match="Memory") as raised:
        engine.run("t", long)
    assert raised.value.errno == errno.ENOMEM
    with pytest.raises(OSError, match="Memory"):
        engine.save(long, tmp_path / "t.parquet")
    assert not (tmp_path / "t.parquet").exists()
    with pytest.raises(OSError, match="Memory"):
        list(engine.batches(long, 100))
    engine.close()


def test_batches_come_in_order_while_other_things_are_asked(engine: DuckEngine) -> None:
    got: list[int] = []
    for batch in engine.batches("SELECT i FROM range(10000) AS r(i) ORDER BY i DESC", 900):
        assert 0 < batch.num_rows <= 900
        got += batch.column(0).to_pylist()
        assert engine.rows("SELECT 1") == [(1,)]
    assert got == list(range(9_999, -1, -1))


def test_two_engines_do_not_see_each_other(engine: DuckEngine) -> None:
    other = DuckEngine()
    other.put("t", pa.table({"a": [1]}))
    with pytest.raises(duckdb.CatalogException):
        engine.fetch("SELECT * FROM t")
    other.close()


def test_rows_come_and_are_kept_in_the_order_asked_for(tmp_path: Path) -> None:
    # Without DuckDB's own order of insertion, what two threads sorted comes as they finish.
    engine = DuckEngine(memory_limit_mb=300, threads=2)
    try:
        made = "SELECT CAST(hash(i) % 1000 AS BIGINT) AS a, i FROM range(40000) AS r(i)"
        engine.run("t", made)
        asked = "SELECT a, i FROM t ORDER BY a DESC, i"
        engine.save(asked, tmp_path / "t.parquet")
        saved = f"SELECT * FROM '{tmp_path / 't.parquet'}'"
        for _ in range(5):
            for rows in (engine.fetch(asked), engine.fetch(saved)):
                keys = [(-a, i) for a, i in zip(*rows.to_pydict().values(), strict=True)]
                assert keys == sorted(keys)
    finally:
        engine.close()


def test_rename_takes_the_name_from_a_table_or_a_view(engine: DuckEngine) -> None:
    engine.run("a", "SELECT 1 AS n")
    engine.view("b", "SELECT 2 AS n")
    engine.rename("a", "b")
    assert engine.rows("SELECT n FROM b") == [(1,)]
    with pytest.raises(duckdb.CatalogException):
        engine.rows("SELECT n FROM a")
    engine.run("a", "SELECT n + 2 AS n FROM b")
    engine.rename("a", "b")
    assert engine.rows("SELECT n FROM b") == [(3,)]
    engine.view("v", "SELECT n + 1 AS n FROM b")
    engine.rename("v", "w")
    assert engine.rows("SELECT n FROM w") == [(4,)]
