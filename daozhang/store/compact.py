"""Makes few large parts of many small ones, with exactly the same rows.

Rules kept here: every part is hashed before it is merged, so damage is never copied on; rows are
counted file by file and summed up by hash before and after. A merged part is ordered by its
table's event, so that the statistics of its row groups let a query of recent days skip the old.
Parts that are large already are left alone, so a row is rewritten a few times in its life only.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa

from daozhang.facts import TABLES, Problem
from daozhang.store.disk import disk_errors, hash_file
from daozhang.store.errors import StoreDamagedError
from daozhang.store.generations import Merged
from daozhang.store.layout import ORIGIN, Part, column_types, part_path, parts_of, select_parts
from daozhang.store.sql_rules import identifier, path_literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daozhang.store.disk import Disk
    from daozhang.store.generations import Generation
    from daozhang.store.receipts import Receipts

__all__ = [
    "AUTOMATIC_PARTS",
    "FULL_ROWS",
    "Compacted",
    "damaged",
    "merge",
    "merge_table",
    "missing",
    "plan",
]

FULL_ROWS: Final = 2_000_000
"""A merged part is closed when it has so many rows; one of half of them is not merged again."""

AUTOMATIC_PARTS: Final = 100
"""So many files' own parts of one table are merged without being asked."""

_GROWTH: Final = 2
"""Without being asked, a merged part is only rewritten for at least a half of its rows anew."""


@dataclass(frozen=True, slots=True)
class Compacted:
    """What a compaction did to one table: parts before and after, and rows in the new ones."""

    table: str
    parts_before: int
    parts_after: int
    rows: int


def plan(
    store: Path,
    table: str,
    parts: Sequence[Part],
    *,
    automatic: bool = False,
    full_rows: int = FULL_ROWS,
) -> list[list[Part]]:
    """Return which parts of a table become one each.

    Args:
        store: the store's folder.
        table: the fact table.
        parts: all parts of it.
        automatic: nobody asked: only when there are many, and only as far as it pays.
        full_rows: see :data:`FULL_ROWS`.
    """
    fresh = [part for part in parts if not part.merged]
    merged = [part for part in parts if part.merged and part.rows < full_rows // 2]
    if automatic:
        if len(fresh) < AUTOMATIC_PARTS:
            return []
        merged = _worth(fresh, merged)
    chosen = [*fresh, *merged]
    if sum(part.rows for part in chosen) > full_rows:
        first = _first_events(store, table, chosen)
        chosen.sort(key=lambda part: (first.get(part.name, 0), part.name))
    groups: list[list[Part]] = []
    rows = full_rows
    for part in chosen:
        if rows >= full_rows:
            groups.append([])
            rows = 0
        groups[-1].append(part)
        rows += part.rows
    return [group for group in groups if len(group) > 1 or not group[0].merged]


def _worth(fresh: Sequence[Part], merged: Sequence[Part]) -> list[Part]:
    """Return the merged parts that are small beside what is merged with them."""
    rows = sum(part.rows for part in fresh)
    found = []
    for part in sorted(merged, key=lambda part: (part.rows, part.name)):
        if part.rows > _GROWTH * rows:
            break
        found.append(part)
        rows += part.rows
    return found


def _first_events(store: Path, table: str, parts: Sequence[Part]) -> dict[str, int]:
    """Return the first event in each part, in microseconds since 1970."""
    event = TABLES[table].event
    if event is None:
        return {}
    paths = [path_literal(str(part_path(store, table, part.name).absolute())) for part in parts]
    with contextlib.closing(duckdb.connect()) as con, disk_errors():
        found = con.execute(
            f"SELECT parse_filename(filename), min(epoch_us({identifier(event)})) "
            f"FROM read_parquet([{', '.join(paths)}], filename=true, hive_partitioning=false) "
            "GROUP BY 1"
        ).fetchall()
    return {str(name): int(first) for name, first in found if first is not None}


def merge(store: Path, disk: Disk, table: str, parts: Sequence[Part], receipts: Receipts) -> Merged:
    """Publish one part with the rows of all given; nothing reads it yet.

    Raises:
        StoreDamagedError: one of the parts is not as it was written.
        OSError: the disk is full or broken; the store is as before.
    """
    for part in parts:
        _prove(store, table, part)
    names = sorted({name.casefold() for part in parts for name in part.columns})
    types = {
        column: kind
        for column, kind in column_types(table, receipts).items()
        if column.casefold() in names
        or TABLES[table].column(column)
        or column in {"_days", "_file"}
    }
    counts: Counter[str] = Counter()
    for part in parts:
        counts.update(dict(part.files))
    files = tuple(sorted(counts.items()))
    temporary = store / "tmp" / f"{table}-merged.parquet"
    with contextlib.closing(duckdb.connect()) as con:
        con.execute("SET TimeZone = 'UTC'")
        con.execute("SET temp_directory = ?", [str(store / "tmp" / "spill")])
        con.register("_origins", _origins(parts, [file_id for file_id, _ in files]))
        source = select_parts(store, table, parts, types, origins=True)
        disk.write_parquet(con, _ordered(table, types, source), temporary)
        with disk_errors():
            _compare(con, table, types, source, temporary, dict(enumerate(n for _, n in files)))
    digest = hash_file(temporary)
    name = f"merged-{digest}.parquet"
    disk.publish(temporary, part_path(store, table, name))
    columns = tuple(column for column in types if column not in {"_days", "_file"})
    return Merged(name, digest, columns, files)


def _prove(store: Path, table: str, part: Part) -> None:
    path = part_path(store, table, part.name)
    if not path.is_file():
        raise StoreDamagedError(missing(table, part))
    if hash_file(path) != part.sha256:
        raise StoreDamagedError(damaged(table, part))


def missing(table: str, part: Part) -> Problem:
    """Return the finding that a part is not there."""
    where = f"parts/{table}/{part.name}"
    return Problem(where, None, "part_missing", f"{where} is missing: {_remedy(part)}")


def damaged(table: str, part: Part) -> Problem:
    """Return the finding that a part is not as it was written."""
    where = f"parts/{table}/{part.name}"
    return Problem(where, None, "part_damaged", f"{where} has changed: {_remedy(part)}")


def _remedy(part: Part) -> str:
    if part.merged:
        return (
            f"it holds the rows of {len(part.files)} files; restore it from a backup, or make a "
            "new store from the original files"
        )
    return "ingest its file again, or restore it from a backup"


def _origins(parts: Sequence[Part], ids: Sequence[str]) -> pa.Table:
    """Return for each part and each number in it the number of the file in the new part."""
    places = {file_id: place for place, file_id in enumerate(ids)}
    rows = [
        (part.name, place if part.merged else -1, places[file_id])
        for part in parts
        for place, (file_id, _) in enumerate(part.files)
    ]
    columns = list(zip(*rows, strict=True))
    kinds = (pa.string(), pa.int32(), pa.int32())
    arrays = [pa.array(c, k) for c, k in zip(columns, kinds, strict=True)]
    return pa.table(arrays, names=["part", "old", "new"])


def _ordered(table: str, types: Mapping[str, str], source: str) -> str:
    facts = TABLES[table]
    wanted = ", ".join(f"s.{identifier(column)}" for column in types)
    event = [facts.event] if facts.event else []
    order = ", ".join(f"s.{identifier(c)}" for c in dict.fromkeys([*event, *facts.key]))
    return (
        f"SELECT {wanted}, o.new AS {ORIGIN} FROM ({source}) AS s "
        f"JOIN _origins AS o ON o.part = s._part AND o.old = s.{ORIGIN} ORDER BY {order}, o.new"
    )


def _compare(
    con: duckdb.DuckDBPyConnection,
    table: str,
    types: Mapping[str, str],
    source: str,
    written: Path,
    expected: Mapping[int, int],
) -> None:
    """Hold what was written against where it came from.

    Raises:
        StoreDamagedError: the parts do not hold the rows that their receipts say.
    """
    target = f"read_parquet({path_literal(str(written.absolute()))}, hive_partitioning=false)"
    counted = con.execute(f"SELECT {ORIGIN}, count(*) FROM {target} GROUP BY 1").fetchall()
    found = {int(place): int(rows) for place, rows in counted}
    if any(found.get(place, 0) != rows for place, rows in expected.items()):
        message = (
            f"parts of {table} do not hold as many rows as their receipts say: "
            "'daozhang store verify' names them"
        )
        raise StoreDamagedError(Problem(f"parts/{table}", None, "rows_miscounted", message))
    said = ", ".join(identifier(column) for column in types)
    total = f"SELECT count(*), sum(CAST(hash({said}) AS HUGEINT)) FROM"
    before = con.execute(f"{total} ({source})").fetchone()
    after = con.execute(f"{total} {target}").fetchone()
    assert before == after, f"merging {table} changed its rows: {before} became {after}"


def merge_table(
    store: Path,
    disk: Disk,
    table: str,
    receipts: Receipts,
    generation: Generation,
    *,
    automatic: bool,
    full_rows: int = FULL_ROWS,
) -> tuple[tuple[Merged, ...], Compacted | None]:
    """Merge what is to be merged of one table.

    Returns:
        The merged parts that the next generation has, and what was done (None: nothing).

    Raises:
        StoreDamagedError, OSError: as :func:`merge`.
    """
    parts = parts_of(table, receipts, generation)
    groups = plan(store, table, parts, automatic=automatic, full_rows=full_rows)
    if not groups:
        return generation.merged.get(table, ()), None
    consumed = {part.name for group in groups for part in group}
    new = [merge(store, disk, table, group, receipts) for group in groups]
    kept = [m for m in generation.merged.get(table, ()) if m.name not in consumed]
    after = len(parts) - len(consumed) + len(new)
    done = Compacted(table, len(parts), after, sum(m.rows for m in new))
    return (*kept, *new), done
