"""Apache Spark: the same SQL files, transpiled, for those who have outgrown one machine.

Rules kept here: each step's rows are written to Parquet and read back, so that a plan never grows
over steps and nothing is computed twice; sessions and files are in UTC; a view is its text, read
anew at each use, as on DuckDB. A process has one Spark, which is slow to start and lasts until the
process ends; every engine has a session of its own in it, so that two never see each other's
tables. Nothing listens beyond loopback unless a master elsewhere is named.
"""

from __future__ import annotations

import atexit
import contextlib
import os
import shutil
import sys
import tempfile
import weakref
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
import pyarrow.parquet as pq

from daozhang.engine.base import GROUP_ROWS, EngineError
from daozhang.engine.dialect import to_spark

__all__ = ["SparkEngine"]

_HOW_TO_INSTALL: Final = (
    "the Spark engine is not installed: pip install 'daozhang[spark]' and have Java 17 or newer, "
    "or leave out --engine spark"
)

_SESSION: Final[Mapping[str, str]] = {
    "spark.sql.session.timeZone": "UTC",
    "spark.sql.ansi.enabled": "true",
    "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
    # Account validity begins in year 1: dates are Gregorian throughout, in both directions.
    "spark.sql.parquet.datetimeRebaseModeInRead": "CORRECTED",
    "spark.sql.parquet.datetimeRebaseModeInWrite": "CORRECTED",
    "spark.sql.shuffle.partitions": "8",
}
"""What every engine's session needs for the same rows as DuckDB."""

_LOGGING: Final = """\
rootLogger.level = error
rootLogger.appenderRef.stderr.ref = console
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %d{yyyy-MM-dd HH:mm:ss} %p %c: %m%n
"""

_SQL_TYPES: Final[Mapping[Any, str]] = {
    pa.string(): "STRING",
    pa.large_string(): "STRING",
    pa.bool_(): "BOOLEAN",
    pa.int32(): "INT",
    pa.int64(): "BIGINT",
    pa.date32(): "DATE",
    pa.timestamp("us", "UTC"): "TIMESTAMP",
}
"""How Spark names an Arrow type; other types are left for Spark to infer from the file."""


class SparkEngine:
    """Tables as Parquet in a folder that every executor sees, queried through Spark SQL."""

    name = "spark"

    def __init__(
        self,
        *,
        master: str = "local[2]",
        settings: Mapping[str, str] | None = None,
        folder: Path | None = None,
    ) -> None:
        """Start Spark if this process has none, and open a session in it.

        Args:
            master: where Spark runs, as its own ``--master``.
            settings: further Spark settings, which win over ours.
            folder: where tables lie meanwhile; needed when executors run on other machines,
                which must see it. None: a temporary folder.

        Raises:
            EngineError: PySpark or Java is missing, or this process has a Spark elsewhere.
        """
        self._session = _Spark.start(master, settings or {})
        self._folder = Path(tempfile.mkdtemp(prefix="daozhang-spark-", dir=folder))
        # An engine that nobody closes leaves no rows behind either.
        weakref.finalize(self, shutil.rmtree, self._folder, ignore_errors=True)
        self._places: dict[str, Path] = {}
        self._names: set[str] = set()
        self._serial = 0

    def expect(self, rows: int) -> None:
        """See :meth:`daozhang.engine.base.Engine.expect`; Spark's memory is its own settings'."""

    def put(self, name: str, table: pa.Table) -> None:
        """See :meth:`daozhang.engine.base.Engine.put`."""
        place = self._new_place(name)
        place.mkdir()
        pq.write_table(table, place / "part.parquet", coerce_timestamps="us")
        self._adopt(name, place, _schema_text(table.schema))

    def run(self, name: str, sql: str) -> int:
        """See :meth:`daozhang.engine.base.Engine.run`."""
        place = self._new_place(name)
        frame = self._session.sql(to_spark(sql))
        frame.write.parquet(str(place))
        self._adopt(name, place, frame.schema)
        return sum(pq.read_metadata(part).num_rows for part in place.glob("*.parquet"))

    def view(self, name: str, sql: str, *, few: bool = False) -> None:  # noqa: ARG002
        """See :meth:`daozhang.engine.base.Engine.view`; writing few rows costs Spark a job."""
        self._session.sql(f"CREATE OR REPLACE TEMPORARY VIEW `{name}` AS {to_spark(sql)}")
        self._names.add(name)
        self._discard(name)

    def fetch(self, sql: str) -> pa.Table:
        """See :meth:`daozhang.engine.base.Engine.fetch`."""
        return self._session.sql(to_spark(sql)).toArrow()

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        """See :meth:`daozhang.engine.base.Engine.batches`."""
        yield from self.fetch(sql).to_batches(max_chunksize=rows)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        """See :meth:`daozhang.engine.base.Engine.rows`."""
        table = self.fetch(sql)
        return list(zip(*(column.to_pylist() for column in table.columns), strict=True))

    def columns(self, name: str) -> list[str]:
        """See :meth:`daozhang.engine.base.Engine.columns`."""
        return list(self._session.table(name).columns)

    def save(self, sql: str, path: Path, group_rows: int = GROUP_ROWS) -> None:
        """See :meth:`daozhang.engine.base.Engine.save`.

        Executors write in parallel; the parts are joined here, a batch at a time, so that the
        driver never holds all rows.
        """
        place = self._new_place("saved")
        frame = self._session.sql(to_spark(sql))
        frame.write.parquet(str(place))
        partial = path.with_name(path.name + ".partial")
        parts = sorted(place.glob("*.parquet"))
        schema = pq.read_schema(parts[0]).remove_metadata()
        with pq.ParquetWriter(partial, schema, compression="zstd", compression_level=1) as writer:
            for part in parts:
                for batch in pq.ParquetFile(part).iter_batches(group_rows):
                    writer.write_batch(batch.cast(schema))
        partial.replace(path)
        shutil.rmtree(place, ignore_errors=True)

    def rename(self, name: str, to: str) -> None:
        """See :meth:`daozhang.engine.base.Engine.rename`."""
        self._session.table(name).createOrReplaceTempView(to)
        self._discard(to)
        if (place := self._places.pop(name, None)) is not None:
            self._places[to] = place
        self._names.add(to)
        self.drop(name)

    def drop(self, *names: str) -> None:
        """See :meth:`daozhang.engine.base.Engine.drop`."""
        for name in names:
            self._session.catalog.dropTempView(name)
            self._names.discard(name)
            self._discard(name)

    def close(self) -> None:
        """Forget this engine's tables; Spark itself stays until the process ends."""
        self.drop(*self._names)
        shutil.rmtree(self._folder, ignore_errors=True)

    def _new_place(self, name: str) -> Path:
        # Never a place twice: Spark remembers which files a folder held.
        self._serial += 1
        return self._folder / f"{self._serial:04d}-{name}"

    def _adopt(self, name: str, place: Path, schema: Any) -> None:
        """Name the rows that lie in a place, and delete those that had the name before."""
        reader = self._session.read if schema is None else self._session.read.schema(schema)
        reader.parquet(str(place)).createOrReplaceTempView(name)
        self._names.add(name)
        self._discard(name)
        self._places[name] = place

    def _discard(self, name: str) -> None:
        if (place := self._places.pop(name, None)) is not None:
            shutil.rmtree(place, ignore_errors=True)


def _schema_text(schema: pa.Schema) -> str | None:
    """Return an Arrow schema as Spark's, so that no job has to read it from the file."""
    if any(field.type not in _SQL_TYPES for field in schema):
        return None
    return ", ".join(f"`{field.name}` {_SQL_TYPES[field.type]}" for field in schema)


class _Spark:
    """The one Spark of this process."""

    root: Any = None
    master: str = ""

    @classmethod
    def start(cls, master: str, settings: Mapping[str, str]) -> Any:
        """Return a new session of the running Spark; start it if there is none."""
        if cls.root is None:
            cls.root, cls.master = _launch(master, settings), master
        elif cls.master != master:
            raise EngineError(
                f"this process already runs Spark on {cls.master}; {master} needs a process of "
                "its own"
            )
        session = cls.root.newSession()
        for key, value in {**_SESSION, **settings}.items():
            if session.conf.isModifiable(key):
                session.conf.set(key, value)
        return session


def _launch(master: str, settings: Mapping[str, str]) -> Any:
    """Start Spark; what its JVM has to say goes to a log file, quoted if it does not start."""
    try:
        from pyspark.sql import SparkSession
    except ImportError as error:
        raise EngineError(_HOW_TO_INSTALL) from error
    home = Path(tempfile.mkdtemp(prefix="daozhang-jvm-"))
    (home / "log4j2.properties").write_text(_LOGGING, encoding="utf-8")
    java = (
        f"-Dlog4j2.configurationFile=file:{home / 'log4j2.properties'} "
        f"-Djava.io.tmpdir={home} -XX:-UsePerfData"
    )
    ours = {
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
        "spark.driver.memory": "2g",
        "spark.driver.maxResultSize": "0",
        "spark.driver.extraJavaOptions": java,
        "spark.local.dir": str(home),
        "spark.pyspark.python": sys.executable,
        "spark.sql.warehouse.dir": str(home / "warehouse"),
    }
    if master.startswith("local"):
        ours |= {"spark.driver.bindAddress": "127.0.0.1", "spark.driver.host": "127.0.0.1"}
    given = dict(settings)
    if extra_java := settings.get("spark.driver.extraJavaOptions"):
        given["spark.driver.extraJavaOptions"] = f"{java} {extra_java}"
    builder = SparkSession.builder.master(master).appName("daozhang")
    for key, value in {**ours, **given}.items():
        builder = builder.config(key, value)
    log = home / "spark.log"
    try:
        with _output_into(log):
            session = builder.getOrCreate()
    except Exception as error:
        said = log.read_text(encoding="utf-8", errors="replace")[-2000:]
        shutil.rmtree(home, ignore_errors=True)
        raise EngineError(
            f"Spark did not start: {error}\n{said}\nIs Java 17 or newer installed, and JAVA_HOME "
            "set or java on the PATH?"
        ) from error
    atexit.register(_stop, session, home)
    return session


def _stop(session: Any, home: Path) -> None:
    session.stop()
    shutil.rmtree(home, ignore_errors=True)


@contextlib.contextmanager
def _output_into(path: Path) -> Iterator[None]:
    """Let what is started meanwhile inherit a file as its standard output and error.

    The JVM says things there that no user can change, some before any logging is configured; its
    failures reach Python as exceptions anyway.
    """
    sys.stdout.flush()
    sys.stderr.flush()
    before = [(number, os.dup(number)) for number in (1, 2)]
    try:
        with path.open("wb") as file:
            for number, _ in before:
                os.dup2(file.fileno(), number)
        yield
    finally:
        for number, kept in before:
            os.dup2(kept, number)
            os.close(kept)
