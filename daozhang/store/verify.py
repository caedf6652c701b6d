"""Proves a store: every part hashed again, every row counted against the receipt of its file.

Nothing here trusts the index: receipts are read themselves. An error is damage, with what to do; a
warning is something that is not used and is cleared away by the next writer.
"""

from __future__ import annotations

import os
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from daozhang.facts import TABLES, Problem
from daozhang.store.clearing import generations_kept
from daozhang.store.compact import damaged, missing
from daozhang.store.disk import hash_file
from daozhang.store.errors import StoreDamagedError
from daozhang.store.generations import hold
from daozhang.store.layout import (
    ORIGIN,
    Part,
    merged_parts,
    own_parts,
    owned_parts,
    part_path,
    receipt_missing,
)
from daozhang.store.receipts import read_receipts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daozhang.store.generations import Generation
    from daozhang.store.receipts import Receipts

__all__ = ["Proof", "prove"]

_UNREADABLE: Final = (pa.ArrowException, OSError, KeyError)


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found: how much was looked at, and what is wrong.

    Attributes:
        files: receipts that could be read.
        parts: parts hashed again.
        rows: rows counted in parts that are as they were written.
        problems: what is not as it was written.
    """

    files: int
    parts: int
    rows: int
    problems: tuple[Problem, ...]

    @property
    def clean(self) -> bool:
        """Whether nothing is damaged; what is merely left over is not damage."""
        return not any(problem.severity == "error" for problem in self.problems)


def prove(store: Path) -> Proof:
    """Hash every part again and count its rows against the receipts.

    Raises:
        StoreError: the folder is not a store, or one of another version.
        OSError: the store cannot be read.
    """
    try:
        generation, handle = hold(store)
    except StoreDamagedError as error:
        return Proof(0, 0, 0, (error.problem,))
    try:
        receipts = read_receipts(store, indexed=False)
        problems = list(receipts.damaged.values())
        parts = rows = 0
        for table in TABLES:
            problems += _lost_receipts(table, receipts, generation)
            for part in (*own_parts(table, receipts, generation), *merged_parts(table, generation)):
                found = list(_wrong(store, table, part))
                parts += 1
                rows += 0 if found else part.rows
                problems += found
        problems += _strays(store, receipts, generation)
        return Proof(len(receipts.good), parts, rows, tuple(problems))
    finally:
        if handle is not None:
            os.close(handle)


def _lost_receipts(table: str, receipts: Receipts, generation: Generation) -> Iterator[Problem]:
    """Yield files in merged parts without receipt, or with one that says another number of rows."""
    for file_id, rows in sorted(generation.rows_of_files(table).items()):
        if file_id in receipts.damaged:
            continue
        receipt = receipts.good.get(file_id)
        if receipt is None:
            yield receipt_missing(file_id)
        elif receipt.rows.get(table) != rows:
            message = (
                f"{receipt.file}: its receipt says {receipt.rows.get(table)} rows of {table}, the "
                f"merged parts hold {rows}: restore the store from a backup, or make a new one "
                "from the original files"
            )
            yield Problem(f"files/{file_id}.json", None, "rows_miscounted", message)


def _wrong(store: Path, table: str, part: Part) -> Iterator[Problem]:
    """Yield what is wrong with one part."""
    path = part_path(store, table, part.name)
    if not path.is_file():
        yield missing(table, part)
        return
    try:
        same = hash_file(path) == part.sha256
        found = _counted(path, part) if same else {}
    except _UNREADABLE:
        same = False
    if not same:
        yield damaged(table, part)
        return
    for place, (file_id, rows) in enumerate(part.files):
        if found.get(place, 0) != rows:
            message = (
                f"holds {found.get(place, 0)} rows of file {file_id}, its receipt says {rows}: "
                "restore both from one backup, or make a new store from the original files"
            )
            yield Problem(f"parts/{table}/{part.name}", None, "rows_miscounted", message)


def _counted(path: Path, part: Part) -> dict[int, int]:
    """Return how many rows each file has in a part, by its place in the part's list."""
    if not part.merged:
        return {0: pq.read_metadata(path).num_rows}
    counts: Counter[int] = Counter()
    with pq.ParquetFile(path) as file:
        for batch in file.iter_batches(columns=[ORIGIN]):
            for said in pc.value_counts(batch.column(0)).to_pylist():
                counts[said["values"]] += said["counts"]
    return counts


def _strays(store: Path, receipts: Receipts, generation: Generation) -> Iterator[Problem]:
    """Yield parts that no generation reads."""
    owned = owned_parts(store, receipts, [generation, *generations_kept(store, generation)])
    for path in sorted((store / "parts").glob("*/*")):
        if path not in owned:
            where = str(path.relative_to(store))
            message = "belongs to no receipt: it is ignored; the next ingest clears it away"
            yield Problem(where, None, "part_without_receipt", message, "warning")
