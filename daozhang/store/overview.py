"""What a store holds, at a glance."""

from __future__ import annotations

import contextlib
import datetime as dt
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb

from daozhang.facts import TABLES
from daozhang.store.disk import disk_errors
from daozhang.store.generations import read_generation
from daozhang.store.layout import part_path, parts_of
from daozhang.store.receipts import read_receipts
from daozhang.store.sql_rules import identifier

if TYPE_CHECKING:
    from daozhang.store.parts import Store

__all__ = ["Holding", "Overview", "overview"]


@dataclass(frozen=True, slots=True)
class Holding:
    """What a store holds of one table.

    Attributes:
        table: the fact table.
        rows: as ingested; repeats of a key are settled when read.
        parts: Parquet files.
        not_compacted: those among them that are files' own.
        size_bytes: of the parts.
        first_day: of the events, in UTC; None: the table has no event.
        last_day: the same, the last.
    """

    table: str
    rows: int
    parts: int
    not_compacted: int
    size_bytes: int
    first_day: dt.date | None
    last_day: dt.date | None


@dataclass(frozen=True, slots=True)
class Overview:
    """What a store holds: files, when the last was added, and its tables that have rows."""

    files: int
    last_ingested: str | None
    generation: int
    holdings: tuple[Holding, ...]


def overview(store: Store) -> Overview:
    """Say what a store holds.

    Raises:
        StoreDamagedError: a receipt cannot be read or a part is missing.
        OSError: the store cannot be read.
    """
    with contextlib.closing(duckdb.connect()) as con, disk_errors():
        con.execute("SET TimeZone = 'UTC'")
        store.register(con)
        receipts = read_receipts(store.path)
        generation = read_generation(store.path)
        holdings = []
        for table, facts in TABLES.items():
            parts = parts_of(table, receipts, generation)
            if not parts:
                continue
            event = identifier(facts.event) if facts.event else "CAST(NULL AS TIMESTAMPTZ)"
            found = con.execute(
                f"SELECT CAST(min({event}) AS DATE), CAST(max({event}) AS DATE) FROM raw_{table}"
            ).fetchall()
            holdings.append(
                Holding(
                    table,
                    sum(part.rows for part in parts),
                    len(parts),
                    sum(not part.merged for part in parts),
                    sum(_size(part_path(store.path, table, part.name)) for part in parts),
                    *found[0],
                )
            )
    return Overview(
        len(receipts.good), receipts.last_ingested(), generation.number, tuple(holdings)
    )


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # Merged away since it was listed.
        return 0
