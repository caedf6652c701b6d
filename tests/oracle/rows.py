"""Fact rows as plain dictionaries of text: reading folders, telling repeats apart, as-of views.

A row is ``dict[str, str]``; an empty or missing cell is the empty text. Nothing here is shared
with the product: it reads the contract's section 1 in the slowest and plainest way.
"""

from __future__ import annotations

import csv
import datetime as dt
import re
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from daozhang.facts import TABLES

if TYPE_CHECKING:
    from pathlib import Path
    from zoneinfo import ZoneInfo

Row = dict[str, str]
Facts = dict[str, list[Row]]
Moment = dt.datetime | dt.date

UTC = dt.UTC


def table_of(file_name: str) -> str | None:
    """Return the fact table that a file name stands for: ``sales-2026.csv`` is ``sales``."""
    match = re.fullmatch(r"([a-z]+)([-_.].*)?\.(csv|parquet)", file_name)
    return match[1] if match and match[1] in TABLES else None


def read_file(path: Path) -> list[Row]:
    """Read one CSV or Parquet file into rows of text."""
    if path.suffix == ".csv":
        with path.open(encoding="utf-8", newline="") as stream:
            return [{k: v or "" for k, v in row.items()} for row in csv.DictReader(stream)]
    rows = pq.read_table(path).to_pylist()
    return [{k: _as_text(v) for k, v in row.items()} for row in rows]


def read_folder(folder: Path) -> Facts:
    """Read every fact table of a folder, not recursively; repeats stay repeats."""
    facts: Facts = {}
    for path in sorted(folder.iterdir()):
        table = table_of(path.name)
        if table is not None:
            facts.setdefault(table, []).extend(read_file(path))
    return facts


def write_csv(path: Path, rows: list[Row], columns: list[str] | None = None) -> None:
    """Write rows as CSV; the header is the union of their columns."""
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, columns or columns_of(rows), restval="")
        writer.writeheader()
        writer.writerows(rows)


def write_parquet(path: Path, table: str, rows: list[Row]) -> bool:
    """Write rows as typed Parquet; False (and no file) where a column mixes times and dates."""
    arrays: dict[str, pa.Array] = {}
    for name in columns_of(rows):
        column = TABLES[table].column(name)
        texts = [row.get(name, "") or None for row in rows]
        kind = column.kind if column else "text"
        if kind == "time" and all(len(t) == 10 for t in texts if t):
            kind = "date" if any(texts) else "time"
        if kind == "int":
            arrays[name] = pa.array([int(t) if t else None for t in texts], pa.int64())
        elif kind == "date":
            days = [dt.date.fromisoformat(t) if t else None for t in texts]
            arrays[name] = pa.array(days, pa.date32())
        elif kind == "time":
            moments = [parse_moment(t) if t else None for t in texts]
            if any(m is not None and not isinstance(m, dt.datetime) for m in moments):
                return False
            arrays[name] = pa.array(moments, pa.timestamp("us", "UTC"))
        else:
            arrays[name] = pa.array(texts, pa.string())
    pq.write_table(pa.table(arrays), path)
    return True


def columns_of(rows: list[Row]) -> list[str]:
    """Return the union of the rows' columns in order of first sight."""
    return list(dict.fromkeys(name for row in rows for name in row))


def _as_text(value: object) -> str:
    if isinstance(value, dt.datetime):
        return value.astimezone(UTC).isoformat()
    return "" if value is None else str(value)


def parse_moment(text: str) -> Moment:
    """Parse an RFC 3339 time, or a bare date, which has day precision."""
    if len(text) == 10:
        return dt.date.fromisoformat(text)
    parsed = dt.datetime.fromisoformat(text)
    assert parsed.tzinfo is not None, f"{text!r} has no offset"
    return parsed.astimezone(UTC)


def as_rfc3339(at: dt.datetime) -> str:
    """Write an instant in UTC."""
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def instant(moment: Moment, zone: ZoneInfo) -> dt.datetime:
    """Return a moment as an instant in UTC; a date stands for its local midnight."""
    if isinstance(moment, dt.datetime):
        return moment.astimezone(UTC)
    return dt.datetime.combine(moment, dt.time(), zone).astimezone(UTC)


def known_at(table: str, row: Row, zone: ZoneInfo) -> dt.datetime | None:
    """Return when a row was learned: its ``known_at``, else its event; None: always known."""
    event = TABLES[table].event
    if event is None:
        return None
    return instant(parse_moment(row.get("known_at") or row[event]), zone)


def last_known(facts: Facts, zone: ZoneInfo) -> dt.datetime:
    """Return the latest moment at which anything was learned: the default as-of."""
    return max(
        known
        for table, rows in facts.items()
        for row in rows
        if (known := known_at(table, row, zone)) is not None
    )


def current(facts: Facts, as_of: dt.datetime, zone: ZoneInfo) -> Facts:
    """Return one row a key as known at a moment: the greatest ``known_at`` wins, withdrawn go."""
    out: Facts = {}
    for table, rows in facts.items():
        best: dict[tuple[str, ...], tuple[dt.datetime, Row]] = {}
        for row in rows:
            known = known_at(table, row, zone) or dt.datetime.min.replace(tzinfo=UTC)
            if known > as_of:
                continue
            key = tuple(row.get(name, "") for name in TABLES[table].key)
            if key not in best or known > best[key][0]:
                best[key] = (known, row)
        kept = [best[key][1] for key in sorted(best)]
        out[table] = [row for row in kept if row.get("removed", "") != "1"]
    return out
