"""Leaves for localisation: from anything that exports Arrow to plain arrays in one fixed order.

The order of rows and columns of the input leaves no trace: dimensions are taken by name, values by
kind and text, and leaves by their values. Leaves of one combination are added up first.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from math import prod
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

Floats = npt.NDArray[np.float64]
Codes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Leaves:
    """The leaves that say something: neither their actual nor their expected value is nothing.

    Attributes:
        names: the dimensions, sorted.
        values: by dimension, the value each code stands for.
        codes: by dimension, each leaf's code.
        actual: what came about, as an amount; of a ratio its numerator.
        expected: what was expected, as an amount; of a ratio, times the actual denominator.
        off: how far the leaf is off, from -1 (nothing was expected) by 0 (as expected) to 1
            (nothing came): expected less actual, by the larger of the two.
    """

    names: tuple[str, ...]
    values: tuple[tuple[Any, ...], ...]
    codes: Codes
    actual: Floats
    expected: Floats
    off: Floats

    def scaled(self, off: float) -> Leaves:
        """Return the leaves as they would be if everything had been expected to be off by this."""
        came, planned = (1 - off, 1.0) if off > 0 else (1.0, 1 + off)
        times = came / planned
        expected = self.expected * times
        # ``off`` says actual by expected, whatever the measure is.
        share = np.where(self.off > 0, 1 - self.off, 1 / np.maximum(1 + self.off, 1e-9)) / times
        return replace(self, expected=expected, off=(1 - share) / np.maximum(share, 1.0))


def read_leaves(frame: Any, dimensions: Sequence[str], actual: tuple[str, str | None],
                expected: tuple[str, str | None]) -> Leaves:  # fmt: skip
    """Read the leaves of a table.

    Args:
        frame: anything that exports Arrow.
        dimensions: the columns whose combinations are leaves.
        actual: the column of what came about, and that of its denominator if it is a ratio.
        expected: the same of what was expected.

    Raises:
        TypeError: the frame exports no Arrow, or a measure is no number.
        ValueError: a column is missing, named twice or holds a null or no finite number.
    """
    if not hasattr(frame, "__arrow_c_stream__"):
        raise TypeError(f"a {type(frame).__name__} exports no Arrow stream; give a table")
    if isinstance(dimensions, str) or not len(dimensions):
        raise ValueError("dimensions are the names of one column or more, as a list")
    table = pa.table(frame)
    measures = [name for name in (*actual, *expected) if name is not None]
    for name in (*dimensions, *measures):
        if table.column_names.count(name) != 1:
            found = "twice" if name in table.column_names else "not"
            raise ValueError(f"column {name!r} is {found} in the frame: {table.column_names}")
    if len(set(dimensions)) < len(dimensions) or set(dimensions) & set(measures):
        raise ValueError("a column is named twice, or both as a dimension and as a measure")
    names = tuple(sorted(dimensions))
    coded = [_encode(table.column(name)) for name in names]
    codes = np.stack([codes for codes, _ in coded])
    numbers = np.stack([_numbers(name, table.column(name)) for name in measures])
    codes, numbers = _added_up(codes, [len(values) for _, values in coded], numbers)
    given = dict(zip(measures, numbers, strict=True))
    return _said(names, tuple(values for _, values in coded), codes, given, actual, expected)


def _said(names: tuple[str, ...], values: tuple[tuple[Any, ...], ...], codes: Codes,
          given: dict[str, Floats], actual: tuple[str, str | None],
          expected: tuple[str, str | None]) -> Leaves:  # fmt: skip
    """Keep the leaves that say something, and say how far each is off."""
    came, came_known = _per(given, actual)
    planned, planned_known = _per(given, expected)
    largest = np.maximum(np.abs(came), np.abs(planned))
    kept = (largest > 0) & came_known & planned_known
    off = np.clip((planned[kept] - came[kept]) / largest[kept], -1.0, 1.0)
    times = 1.0 if actual[1] is None else given[actual[1]][kept]
    return Leaves(names, values, codes[:, kept], came[kept] * times, planned[kept] * times, off)


def _per(given: dict[str, Floats], columns: tuple[str, str | None]) -> tuple[Floats, Any]:
    """Return the measure, per its denominator where it has one, and where it can be known."""
    measure, base = columns
    if base is None:
        return given[measure], np.ones(len(given[measure]), dtype=bool)
    known = given[base] != 0
    share = np.divide(given[measure], given[base], out=np.zeros_like(given[base]), where=known)
    return share, known


def _encode(column: Any) -> tuple[Codes, tuple[Any, ...]]:
    """Return each row's code and what the codes stand for, in an order of their own."""
    if pa.types.is_dictionary(column.type):
        column = column.cast(column.type.value_type)
    if pa.types.is_null(column.type):
        # Nothing but nulls, of which Arrow makes no dictionary where there is no row.
        return np.zeros(len(column), dtype=np.int64), (None,)
    encoded = pc.dictionary_encode(column, null_encoding="encode").combine_chunks()
    if isinstance(encoded, pa.ChunkedArray):
        encoded = pa.concat_arrays(encoded.chunks)
    values = encoded.dictionary.to_pylist()
    order = sorted(range(len(values)), key=lambda at: _rank(values[at]))
    rank = np.empty(len(values), dtype=np.int64)
    rank[order] = np.arange(len(values))
    indices = encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64)
    return rank[indices], tuple(values[at] for at in order)


def _rank(value: Any) -> tuple[str, Any]:
    kind = type(value).__name__
    return (kind, value) if isinstance(value, int | str) else (kind, repr(value))


def _numbers(name: str, column: Any) -> Floats:
    kind = column.type
    if not (pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)):
        raise TypeError(f"column {name!r} is {kind}; a measure is a number")
    if column.null_count:
        raise ValueError(f"column {name!r} has {column.null_count} nulls; nothing is 0")
    numbers: Floats = column.cast(pa.float64(), safe=False).to_numpy().astype(np.float64)
    if not np.isfinite(numbers).all():
        raise ValueError(f"column {name!r} holds a number that is not finite")
    return numbers


def _added_up(codes: Codes, sizes: Sequence[int], numbers: Floats) -> tuple[Codes, Floats]:
    """Add up the rows of one combination, and put the combinations in order."""
    if prod(sizes) < 2**62:
        keys = [np.ravel_multi_index(tuple(codes), tuple(max(size, 1) for size in sizes))]
    else:
        keys = list(codes)
    order = np.lexsort(keys[::-1])
    new = np.ones(len(order), dtype=bool)
    new[1:] = np.logical_or.reduce([key[order[1:]] != key[order[:-1]] for key in keys])
    if new.all():
        return codes[:, order], numbers[:, order]
    # In one order always, so that their sum is one as well.
    order = np.lexsort((*numbers[::-1], *keys[::-1]))
    starts = np.flatnonzero(new)
    return codes[:, order[starts]], np.add.reduceat(numbers[:, order], starts, axis=1)
