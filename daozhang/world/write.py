"""Files: columns in the contract's shape, as CSV text or as Parquet types.

Rules kept here: the same arrays make the same bytes. CSV times are RFC 3339 with China's offset,
a date is bare, an empty cell is NULL; Parquet times are TIMESTAMPTZ in UTC, dates are DATE.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any, Final, Literal

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq

from daozhang.facts import TABLES
from daozhang.world._clock import DAY, EPOCH, NEVER, UTC_OFFSET, Bools, Ints

__all__ = ["Cells", "Digits", "FactFile", "FileFormat", "write_json"]

FileFormat = Literal["csv", "parquet"]
_TIMES: Final = np.array(
    [f"T{s // 3600:02d}:{s // 60 % 60:02d}:{s % 60:02d}+08:00" for s in range(DAY)], dtype="S15"
)
_TEXT_BLOCK: Final = 4096


class Digits:
    """Fixed-width texts assembled from byte columns without a loop over rows."""

    def __init__(self) -> None:
        self._parts: list[Any] = []

    def text(self, table: Sequence[str], index: Ints) -> Digits:
        """Append ``table[index]``; the table's texts are ASCII and of one length."""
        width = len(table[0])
        assert all(len(text) == width for text in table), "texts differ in length"
        rows = np.frombuffer("".join(table).encode("ascii"), dtype=np.uint8).reshape(-1, width)
        self._parts.append(rows[index])
        return self

    def number(self, values: Ints, width: int) -> Digits:
        """Append decimal digits with leading zeros."""
        rows = np.empty((len(values), width), dtype=np.uint8)
        rest = values
        for place in range(width - 1, -1, -1):
            rest, digit = np.divmod(rest, 10)
            rows[:, place] = digit + ord("0")
        assert not rest.any(), f"a number needs more than {width} digits"
        self._parts.append(rows)
        return self

    def array(self, null: Bools | None = None) -> Any:
        """Return the assembled Arrow strings."""
        return _fixed(np.hstack(self._parts), null)


def _fixed(rows: Any, null: Bools | None) -> Any:
    """Return the rows of a byte matrix as Arrow strings."""
    count, width = rows.shape
    offsets = np.arange(0, (count + 1) * width, width, dtype=np.int32)
    buffers = [None, pa.py_buffer(offsets), pa.py_buffer(np.ascontiguousarray(rows))]
    nulls = 0
    if null is not None and null.any():
        buffers[0] = pa.py_buffer(np.packbits(~null, bitorder="little"))
        nulls = int(null.sum())
    return pa.Array.from_buffers(pa.string(), count, buffers, null_count=nulls)


class Cells:
    """Builds columns for one file format."""

    def __init__(self, file_format: FileFormat) -> None:
        self.file_format = file_format

    def times(self, instants: Ints, *, null: Bools | None = None) -> Any:
        """Return times; instants that never happen are NULL."""
        empty = instants >= NEVER if null is None else null | (instants >= NEVER)
        known = np.where(empty, 0, instants)
        if self.file_format == "parquet":
            micros = (known - UTC_OFFSET) * 1_000_000
            return pa.array(micros, mask=empty).cast(pa.timestamp("us", "UTC"))
        day, second = np.divmod(known, DAY)
        low, high = (0, 0) if empty.all() else (int(day[~empty].min()), int(day.max()))
        names = [(EPOCH + timedelta(days=d)).isoformat() for d in range(low, high + 1)]
        table = np.array(names, dtype="S10")
        rows = np.empty(len(known), dtype=[("day", "S10"), ("time", "S15")])
        rows["day"] = table[np.maximum(day - low, 0)]
        rows["time"] = _TIMES[second]
        return _fixed(rows.view(np.uint8).reshape(-1, 25), empty)

    def dates(self, days: Ints) -> Any:
        """Return bare dates from day numbers."""
        column = pa.array(days.astype(np.int32)).cast(pa.date32())
        return column if self.file_format == "parquet" else column.cast(pa.string())

    @staticmethod
    def chosen(table: Sequence[str | None], index: Ints, null: Bools | None = None) -> Any:
        """Return ``table[index]``; a None in the table is NULL."""
        return pa.array(list(table), pa.string()).take(pa.array(index, mask=null))

    @staticmethod
    def ints(values: Ints, null: Bools | None = None) -> Any:
        """Return integers."""
        return pa.array(values, pa.int64(), mask=null)

    @staticmethod
    def texts(values: Iterable[str | None]) -> Any:
        """Return texts."""
        return pa.array(list(values), pa.string())

    @staticmethod
    def same(text: str | None, count: int) -> Any:
        """Return one text repeated."""
        return pa.repeat(pa.scalar(text, pa.string()), count)


class FactFile:
    """One file of one table, written piece by piece.

    Every piece has the same columns in the same order, those of the contract first. Nothing is
    written to disk before the first piece.
    """

    def __init__(self, folder: Path, stem: str, file_format: FileFormat, table: str | None) -> None:
        self.path = folder / f"{stem}.{file_format}"
        self.rows = 0
        self._format = file_format
        self._table = table
        self._writer: Any = None

    def write(self, columns: Mapping[str, Any]) -> None:
        """Append rows."""
        piece = pa.table(dict(columns))
        if self._table is not None:
            known = TABLES[self._table].names
            named = [name for name in known if name in columns]
            piece = piece.select([*named, *(n for n in columns if n not in known)])
        if self._writer is None:
            self._writer = self._open(piece.schema)
        self._writer.write_table(piece)
        self.rows += piece.num_rows

    def _open(self, schema: Any) -> Any:
        if self._format == "parquet":
            return pq.ParquetWriter(self.path, schema, compression="zstd", compression_level=1)
        options = pa_csv.WriteOptions(
            quoting_style="needed", quoting_header="none", batch_size=_TEXT_BLOCK
        )
        return pa_csv.CSVWriter(self.path, schema, write_options=options)

    def close(self) -> None:
        """Finish the file."""
        if self._writer is not None:
            self._writer.close()


def write_json(path: Path, value: object) -> None:
    """Write JSON with sorted keys."""

    def plain(item: object) -> str:
        if isinstance(item, date):
            return item.isoformat()
        raise TypeError(f"{type(item).__name__} has no JSON form")

    text = json.dumps(value, ensure_ascii=False, indent=1, sort_keys=True, default=plain)
    path.write_text(text + "\n", encoding="utf-8")
