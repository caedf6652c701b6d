"""Apache Spark: the same SQL files, transpiled, for those who have outgrown one machine.

Each step's rows are written to Parquet and read back, so that a plan never grows over steps and
nothing is computed twice. Both the session and the files are in UTC.
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from daozhang.engine.base import EngineError

__all__ = ["SparkEngine", "to_spark"]


def to_spark(sql: str) -> str:
    """Return the Spark text of a SELECT in the DuckDB dialect.

    Raises:
        EngineError: sqlglot is not installed.
    """
    try:
        import sqlglot
        from sqlglot import exp
    except ImportError as error:
        raise EngineError(_HOW_TO_INSTALL) from error
    renamed = {"EPOCH_US": "UNIX_MICROS"}

    def rename(node: Any) -> Any:
        if isinstance(node, exp.Anonymous) and node.name.upper() in renamed:
            node.set("this", renamed[node.name.upper()])
        return node

    return str(sqlglot.parse_one(sql, read="duckdb").transform(rename).sql(dialect="spark"))


_HOW_TO_INSTALL = (
    "the Spark engine is not installed: pip install 'daozhang[spark]' and have Java 17 or newer, "
    "or leave out --engine spark"
)


class SparkEngine:
    """A local Spark session (``local[2]`` unless told otherwise)."""

    name = "spark"

    def __init__(self, *, master: str = "local[2]") -> None:
        try:
            from pyspark.sql import SparkSession
        except ImportError as error:
            raise EngineError(_HOW_TO_INSTALL) from error
        self._folder = Path(tempfile.mkdtemp(prefix="daozhang-spark-"))
        os.environ.setdefault("PYSPARK_PYTHON", sys.executable)
        try:
            self._spark = (
                SparkSession.builder.master(master)
                .appName("daozhang")
                .config("spark.sql.session.timeZone", "UTC")
                .config("spark.sql.shuffle.partitions", "4")
                .config("spark.sql.ansi.enabled", "true")
                .config("spark.sql.parquet.outputTimestampType", "TIMESTAMP_MICROS")
                .config("spark.sql.warehouse.dir", str(self._folder / "warehouse"))
                .config("spark.ui.enabled", "false")
                .config("spark.driver.memory", "2g")
                .config("spark.driver.bindAddress", "127.0.0.1")
                .config("spark.driver.host", "127.0.0.1")
                .getOrCreate()
            )
        except Exception as error:
            raise EngineError(f"Spark did not start (is Java 17 installed?): {error}") from error
        self._spark.sparkContext.setLogLevel("ERROR")
        self._serial = 0

    def put(self, name: str, table: pa.Table) -> None:
        """See :meth:`daozhang.engine.base.Engine.put`."""
        place = self._place(name)
        place.mkdir()
        pq.write_table(table, place / "part.parquet", coerce_timestamps="us")
        self._spark.read.parquet(str(place)).createOrReplaceTempView(name)

    def run(self, name: str, sql: str) -> int:
        """See :meth:`daozhang.engine.base.Engine.run`."""
        place = self._place(name)
        self._spark.sql(to_spark(sql)).write.parquet(str(place))
        frame = self._spark.read.parquet(str(place))
        frame.createOrReplaceTempView(name)
        return int(frame.count())

    def view(self, name: str, sql: str) -> None:
        """See :meth:`daozhang.engine.base.Engine.view`."""
        self._spark.sql(to_spark(sql)).createOrReplaceTempView(name)

    def fetch(self, sql: str) -> pa.Table:
        """See :meth:`daozhang.engine.base.Engine.fetch`."""
        place = self._place("fetched")
        self._spark.sql(to_spark(sql)).write.parquet(str(place))
        return pq.read_table(place)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """See :meth:`daozhang.engine.base.Engine.rows`."""
        table = self.fetch(sql)
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def columns(self, name: str) -> list[str]:
        """See :meth:`daozhang.engine.base.Engine.columns`."""
        return list(self._spark.table(name).columns)

    def save(self, sql: str, path: Path) -> None:
        """See :meth:`daozhang.engine.base.Engine.save`."""
        partial = path.with_name(path.name + ".partial")
        pq.write_table(self.fetch(sql), partial, compression="zstd")
        os.replace(partial, path)

    def drop(self, *names: str) -> None:
        """See :meth:`daozhang.engine.base.Engine.drop`."""
        for name in names:
            self._spark.catalog.dropTempView(name)

    def close(self) -> None:
        """See :meth:`daozhang.engine.base.Engine.close`."""
        self._spark.stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def _place(self, name: str) -> Path:
        self._serial += 1
        return self._folder / f"{self._serial:04d}-{name}"
