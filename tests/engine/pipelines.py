"""Runs the whole pipeline on an engine and keeps what it made, for comparison with another."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from daozhang.engine import Engine
from daozhang.facts import TABLES
from daozhang.journey.figures import draw_figures
from daozhang.journey.pipeline import SQL, find_journeys
from daozhang.journey.terms import TermsBook, load_terms_text
from tests.oracle.rows import Facts, parse_moment, read_folder

ARROW = {"int": pa.int64(), "time": pa.timestamp("us", "UTC"), "date": pa.date32()}
SHOWN_MAX = 8  # differing rows of one table

Rows = list[tuple[Any, ...]]


class Recorder:
    """An engine that remembers the tables it was told to make, and the SQL files it ran."""

    def __init__(self, engine: Engine) -> None:
        self.engine = engine
        self.name = engine.name
        self.made: dict[str, None] = {}  # an ordered set
        self.dropped: dict[str, tuple[list[str], Rows]] = {}
        self.files: set[str] = set()
        self._stems = {text: stem for stem, text in SQL.texts.items()}

    def expect(self, rows: int) -> None:
        self.engine.expect(rows)

    def put(self, name: str, table: pa.Table) -> None:
        self.engine.put(name, table)
        self.made[name] = None

    def run(self, name: str, sql: str) -> int:
        count = self.engine.run(name, sql)
        self._note(sql, name)
        return count

    def view(self, name: str, sql: str, *, few: bool = False) -> None:
        self.engine.view(name, sql, few=few)
        self._note(sql, name)

    def fetch(self, sql: str) -> pa.Table:
        table = self.engine.fetch(sql)
        self._note(sql)
        return table

    def batches(self, sql: str, rows: int) -> Iterator[pa.RecordBatch]:
        self._note(sql)
        return self.engine.batches(sql, rows)

    def rows(self, sql: str) -> list[tuple[object, ...]]:
        rows = self.engine.rows(sql)
        self._note(sql)
        return rows

    def columns(self, name: str) -> list[str]:
        return self.engine.columns(name)

    def save(self, sql: str, path: Path) -> None:
        self.engine.save(sql, path)
        self._note(sql)

    def rename(self, name: str, to: str) -> None:
        self.dropped[name] = self._content(name)
        self.engine.rename(name, to)
        self.made.pop(name, None)
        self.made[to] = None

    def drop(self, *names: str) -> None:
        for name in names:
            self.dropped[name] = self._content(name)
            self.made.pop(name, None)
        self.engine.drop(*names)

    def close(self) -> None:
        self.engine.close()

    def _note(self, sql: str, name: str | None = None) -> None:
        if sql in self._stems:
            self.files.add(self._stems[sql])
        if name is not None:
            self.made[name] = None

    def _content(self, name: str) -> tuple[list[str], Rows]:
        places = getattr(self.engine, "_places", {})
        if name in places:  # Spark's tables lie in files, which are read quicker without it.
            table = pq.read_table(places[name])
        else:
            table = self.engine.fetch(f'SELECT * FROM "{name}"')
        return table.column_names, plain_rows(table)

    def contents(self) -> dict[str, tuple[list[str], Rows]]:
        """Columns and sorted rows of every table and view that was made, raw ones aside."""
        wanted = [name for name in self.made if not name.startswith("raw_")]
        return self.dropped | {name: self._content(name) for name in wanted}


def plain_rows(table: pa.Table) -> Rows:
    """Return rows in a fixed order, with widths of integers and spellings of zones made equal."""
    columns = [[_plain(value) for value in column.to_pylist()] for column in table.columns]
    return sorted(zip(*columns, strict=True), key=repr)


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        assert value == int(value), f"money with a fraction: {value}"
        return int(value)
    if isinstance(value, dt.datetime):
        return value.astimezone(dt.UTC).isoformat()
    return value.isoformat() if isinstance(value, dt.date) else value


def load(engine: Engine, facts: Facts) -> None:
    """Make ``raw_<table>`` of rows of text, as the reader of canonical files does.

    A row may say in ``_file`` which file it stands for; else that is its table's.
    """
    for table in TABLES.values():
        times = [column.name for column in table.columns if column.kind == "time"]
        columns: dict[str, list[Any]] = {column.name: [] for column in table.columns}
        days = []
        rows = facts.get(table.name, [])
        for row in rows:
            bits = 0
            for column in table.columns:
                text = row.get(column.name) or table.defaults.get(column.name)
                value: Any = text
                if text is not None and column.kind == "int":
                    value = int(text)
                elif text is not None and column.kind == "date":
                    value = dt.date.fromisoformat(str(text)[:10])
                elif text is not None and column.kind == "time":
                    value = parse_moment(str(text))
                    if not isinstance(value, dt.datetime):
                        bits |= 1 << times.index(column.name)
                        value = dt.datetime.combine(value, dt.time(), dt.UTC)
                columns[column.name].append(value)
            days.append(bits)
        arrays = {
            column.name: pa.array(columns[column.name], ARROW.get(column.kind, pa.string()))
            for column in table.columns
        }
        for name in sorted({name for row in rows for name in row} - columns.keys() - {"_file"}):
            texts = [row.get(name) or None for row in rows]
            arrays[name] = pa.array(texts, pa.string())
        arrays["_days"] = pa.array(days, pa.int32())
        files = [row.get("_file") or f"{table.name}.csv" for row in rows]
        arrays["_file"] = pa.array(files, pa.string())
        engine.put(f"raw_{table.name}", pa.table(arrays))


def read(folder: Path) -> tuple[Facts, TermsBook]:
    """Return the facts and the terms of a folder."""
    text = (folder / "terms.toml").read_text(encoding="utf-8")
    book, problems = load_terms_text(text, "terms.toml")
    assert book is not None, problems
    return read_folder(folder), book


@contextmanager
def tracked(
    engine: Engine, facts: Facts, book: TermsBook, as_of: dt.datetime | None = None
) -> Iterator[tuple[Recorder, Any]]:
    """Run pipeline and figures on an engine; give its recorder and all that Python got of it."""
    recorder = Recorder(engine)
    try:
        load(recorder, facts)
        outcome = find_journeys(recorder, book, as_of)
        figures = draw_figures(recorder, SQL, outcome.as_of)
        yield recorder, (outcome, figures)
    finally:
        recorder.close()


def unequal(
    one: dict[str, tuple[list[str], Rows]], other: dict[str, tuple[list[str], Rows]]
) -> Iterable[str]:
    """Yield sentences on tables that differ, the earliest made first."""
    for name in [*one, *(n for n in other if n not in one)]:
        if name not in other or name not in one:
            yield f"{name}: made on {'the first' if name in one else 'the second'} engine only"
            continue
        (columns, rows), (other_columns, other_rows) = one[name], other[name]
        if columns != other_columns:
            yield f"{name}: columns {columns} and {other_columns}"
        elif rows != other_rows:
            left, right = set(rows) - set(other_rows), set(other_rows) - set(rows)
            yield f"{name}: {len(rows)} and {len(other_rows)} rows"
            for mark, some in (("first only ", left), ("second only", right)):
                for row in sorted(some, key=repr)[:SHOWN_MAX]:
                    yield f"  {mark} {dict(zip(columns, row, strict=True))}"
