"""Rows of Arrow tables as CSV text, a column at a time: long lists cost a tenth of row by row.

The text is that of :func:`daozhang.app.exports.guarded` and Python's ``csv`` module, to the byte.
"""

from __future__ import annotations

from typing import Any, Final, cast

import pyarrow as pa
import pyarrow.compute as pc

__all__ = ["csv_rows"]

_FORMULA: Final = r"^ *[=+\-@\t\r\n＝＋－＠]"
_NUMBER: Final = r"^[+-]?[0-9]+([.][0-9]+)?\z"
_QUOTED: Final = '[,"\r\n]'
_LINE_END: Final = "\r\n"


def csv_rows(rows: pa.RecordBatch | pa.Table) -> str:
    """Return rows as lines of CSV that end with CR and LF, without a heading.

    Args:
        rows: columns of texts, integers, truth values, days and instants in UTC.

    Raises:
        TypeError: a column is of another kind; floats above all, which no amount may be.
    """
    if not rows.num_rows:
        return ""
    cells = [_cells(column) for column in rows.columns]
    lines = pc.binary_join_element_wise(*cells, ",") if len(cells) > 1 else cells[0]
    return _LINE_END.join([*cast("list[str]", lines.to_pylist()), ""])


def _cells(column: Any) -> Any:
    """Return the texts of a column's cells as they stand in a line; what is null is empty."""
    kind = column.type
    if pa.types.is_string(kind) or pa.types.is_large_string(kind):
        texts = _quoted(_harmless(column))
    elif pa.types.is_timestamp(kind):
        texts = _instants(column)
    elif pa.types.is_boolean(kind):
        texts = pc.if_else(column, "True", "False")
    elif pa.types.is_integer(kind) or pa.types.is_date32(kind) or pa.types.is_null(kind):
        texts = pc.cast(column, pa.string())
    else:
        raise TypeError(f"no column of CSV is of {kind}")
    return pc.fill_null(pc.cast(texts, pa.string()), "")


def _harmless(column: Any) -> Any:
    """Return texts, an apostrophe before those that a spreadsheet would run as a formula."""
    runs = pc.and_not(
        pc.match_substring_regex(column, _FORMULA), pc.match_substring_regex(column, _NUMBER)
    )
    if not pc.any(runs).as_py():
        return column
    return pc.if_else(runs, pc.binary_join_element_wise("'", column, ""), column)


def _quoted(column: Any) -> Any:
    """Return texts, in quotes where a comma, a quote or a line's end stands in them."""
    needed = pc.match_substring_regex(column, _QUOTED)
    if not pc.any(needed).as_py():
        return column
    doubled = pc.replace_substring(column, '"', '""')
    return pc.if_else(needed, pc.binary_join_element_wise('"', doubled, '"', ""), column)


def _instants(column: Any) -> Any:
    """Return instants as RFC 3339 in UTC, with a fraction only where there is one."""
    bare = pc.cast(column, pa.timestamp("us"))
    seconds = pc.floor_temporal(bare, unit="second")
    short = _told(pc.cast(seconds, pa.timestamp("s")))
    whole = pc.equal(bare, seconds)
    return short if pc.all(whole).as_py() else pc.if_else(whole, short, _told(bare))


def _told(instants: Any) -> Any:
    texts = pc.replace_substring(pc.cast(instants, pa.string()), " ", "T", max_replacements=1)
    return pc.binary_join_element_wise(texts, "Z", "")
