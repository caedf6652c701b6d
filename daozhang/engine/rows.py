"""Rows of an Arrow table as Python values.

Arrow makes a time zone anew for every instant that it hands over, ten microseconds each; where
rows are tens of thousands that is most of what a step costs. All instants here are UTC, so they
are counted from 1970 instead.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pyarrow as pa

__all__ = ["rows_of", "values_of"]

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Return a table's rows by column name, instants as aware datetimes in UTC."""
    columns = [values_of(column) for column in table.columns]
    names = table.column_names
    return [dict(zip(names, row, strict=True)) for row in zip(*columns, strict=True)]


def values_of(column: pa.ChunkedArray) -> list[Any]:
    """Return a column's values, instants as aware datetimes in UTC."""
    if not pa.types.is_timestamp(column.type) or column.type.tz is None:
        return list(column.to_pylist())
    micros = column.cast(pa.timestamp("us", column.type.tz)).cast(pa.int64()).to_pylist()
    return [None if n is None else _EPOCH + timedelta(microseconds=n) for n in micros]
