"""Lists written a column at a time are, to the byte, what row by row would have been."""

from __future__ import annotations

import csv
import io
from datetime import UTC, date, datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from daozhang.app.csv_text import csv_rows
from daozhang.app.exports import guarded

_TEXTS = st.one_of(
    st.none(),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=6),
    st.text(" =+-@\t\r\n＝＋－＠,\"'1.a", max_size=5),
)
_YEARS = st.integers(0, 200 * 366 * 86_400 * 1_000_000).map(
    lambda us: datetime(1971, 1, 1, tzinfo=UTC) + timedelta(microseconds=us)
)
_INSTANTS = st.one_of(st.none(), _YEARS, _YEARS.map(lambda t: t.replace(microsecond=0)))
_ROW = st.tuples(
    _TEXTS,
    st.one_of(st.none(), st.integers(-(2**63), 2**63 - 1)),
    _INSTANTS,
    st.one_of(st.none(), st.dates(date(1971, 1, 1), date(2199, 1, 1))),
    st.one_of(st.none(), st.booleans()),
    _TEXTS,
)
_KINDS = (
    pa.string(), pa.int64(), pa.timestamp("us", "UTC"), pa.date32(), pa.bool_(), pa.string(),
)  # fmt: skip


def _row_by_row(rows: list[tuple[object, ...]]) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    for row in rows:
        writer.writerow([guarded(value) for value in row])
    return text.getvalue()


@settings(deadline=None)
@given(st.lists(_ROW, max_size=8))
def test_columns_give_what_rows_give(rows: list[tuple[object, ...]]) -> None:
    table = pa.table(
        [pa.array([row[n] for row in rows], kind) for n, kind in enumerate(_KINDS)],
        names=list("abcdef"),
    )
    assert csv_rows(table) == _row_by_row(rows)


def test_an_amount_that_is_a_float_is_refused() -> None:
    with pytest.raises(TypeError, match="double"):
        csv_rows(pa.table({"amount": [1.5]}))
