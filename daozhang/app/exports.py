"""The lists of an answer as CSV files that a spreadsheet opens as they are.

Rules kept here: UTF-8 with a byte order mark, so that a spreadsheet shows Chinese; columns keep
the contract's names and amounts stay minor units; a text that a spreadsheet would run as a
formula gets an apostrophe in front (CWE-1236); each file is replaced whole.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import astuple, fields
from datetime import UTC, date, datetime
from itertools import chain
from pathlib import Path
from typing import Any, Final

import pyarrow as pa

from daozhang.app.csv_text import csv_rows
from daozhang.charts import ReportView
from daozhang.charts.paces import Pace, all_paces
from daozhang.engine import Engine
from daozhang.formats.privacy import truncate_cards
from daozhang.journey.figures import DIMENSIONS, Breakdown, LegSpan, Speed

__all__ = ["guarded", "whole_lists", "write_tables"]

_LATE_LIST: Final = (
    "sale_id", "status", "station", "leg", "reason", "amount_minor", "outstanding_minor",
    "credited_minor", "currency", "merchant_id", "store_id", "terminal_id", "provider_id",
    "channel", "account_id", "bank_id", "captured_at", "submitted_at", "cleared_at",
    "paid_out_at", "credited_at", "promised_at", "promise_rule", "late_s", "payout_id",
    "credit_ids", "incident_id",
)  # fmt: skip
_UNEXPLAINED: Final = (
    "account_id", "credit_id", "booked_at", "amount_minor", "explained_minor", "currency",
    "counterparty", "ref", "payout_ids", "standing", "rivals", "ambiguous",
)  # fmt: skip
_STATEMENTS: Final = (
    "account_id", "bank_id", "currency", "sales", "amount_minor", "outstanding_minor",
    "first_promised_at", "last_promised_at", "covered_until",
)  # fmt: skip
_FEES: Final = (
    "provider_id", "channel", "currency", "sales", "amount_minor", "fee_minor",
    "fee_expected_minor", "sales_differing", "example",
)  # fmt: skip
_OPEN: Final = (
    "currency", "station", "reason", "provider_id", "bank_id", "account_id", "payout_id", "sales",
    "amount_minor", "outstanding_minor", "since", "until", "due_again", "example",
)  # fmt: skip
_MONEY: Final = (
    "status", "currency", "sales", "amount_minor", "credited_minor", "outstanding_minor",
)  # fmt: skip
_FLOW: Final = (
    "currency", "station", "status", "sales", "amount_minor", "credited_minor",
    "outstanding_minor", "kept_minor", "returned_minor",
)  # fmt: skip
_DAYS: Final = ("due_date", "status", "currency", "sales", "amount_minor", "provisional_minor")
_PACE: Final = (
    "currency", "provider_id", "bank_id", "status", "lag_min", "sales", "amount_minor",
)  # fmt: skip
_PUNCTUALITY: Final = (
    "dimension", "value", "currency", "sales", "on_time", "late", "overdue", "unknown",
    "on_time_permille", "low_permille", "high_permille", "median_lag_min", "p95_lag_min",
)  # fmt: skip
_FREE_TEXT: Final = frozenset({"counterparty", "ref"})
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+([.][0-9]+)?", re.ASCII)

Lists = Mapping[str, Iterable[pa.RecordBatch]]

_BATCH: Final = 20_000
"""Rows of a long list that are made text at once."""


def whole_lists(engine: Engine) -> Lists:
    """Return the lists of single sales and credits without an end, read as they are written.

    The figures hold only the first of each, for faces that show a few.
    """
    sales, order = ", ".join(_LATE_LIST), "ORDER BY amount_minor DESC, sale_id"
    return {
        "late_list": _streamed(
            engine, f"SELECT {sales} FROM listed WHERE status IN ('late', 'overdue') {order}"
        ),
        "unknown_list": _streamed(
            engine, f"SELECT {sales} FROM listed WHERE status = 'unknown' {order}"
        ),
        "unexplained_credits": _streamed(
            engine,
            f"SELECT {', '.join(_UNEXPLAINED)} FROM credit_standing "
            "WHERE standing = 'unexplained' "
            "OR (standing = 'explained' AND explained_minor <> amount_minor) "
            "ORDER BY amount_minor DESC, account_id, credit_id",
        ),
    }


def _streamed(engine: Engine, query: str) -> Iterable[pa.RecordBatch]:
    for batch in engine.batches(query, _BATCH):
        yield _without_cards(batch)


def _without_cards(batch: pa.RecordBatch) -> pa.RecordBatch:
    """Return rows with card numbers cut in what banks write freely."""
    for name in _FREE_TEXT.intersection(batch.schema.names):
        cut = [truncate_cards(text) if text else text for text in batch.column(name).to_pylist()]
        batch = batch.set_column(
            batch.schema.get_field_index(name), name, pa.array(cut, pa.string())
        )
    return batch


def write_tables(folder: Path, view: ReportView, lists: Lists | None = None) -> tuple[Path, ...]:
    """Write the tables of a run as CSV into a folder, which is made if need be.

    Times are RFC 3339 in UTC. :data:`daozhang.charts.sources.SOURCES` says which table and
    picture shows which file.

    Args:
        folder: where to.
        view: the run.
        lists: see :func:`whole_lists`; None: as many rows as the figures hold.

    Returns:
        The files written.

    Raises:
        OSError: the folder or a file cannot be written.
    """
    figures = view.figures
    folder.mkdir(parents=True, exist_ok=True)
    breakdown = tuple(field.name for field in fields(Breakdown))[1:]
    tables: list[tuple[str, Sequence[str], Iterable[Sequence[Any]]]] = [
        ("late_list", _LATE_LIST, _picked(figures.late_list, _LATE_LIST)),
        ("unknown_list", _LATE_LIST, ()),
        ("unexplained_credits", _UNEXPLAINED, _picked(figures.unexplained, _UNEXPLAINED)),
        ("missing_statements", _STATEMENTS, _picked(figures.unseen, _STATEMENTS)),
        ("overdue_places", _OPEN, _picked(figures.open, _OPEN)),
        ("money_by_status", _MONEY, _picked(figures.by_status, _MONEY)),
        ("money_flow", _FLOW, _picked(figures.flow, _FLOW)),
        ("money_by_day", _DAYS, _picked(figures.by_day, _DAYS)),
        ("pace_minutes", _PACE, _picked(figures.pace, _PACE)),
        ("punctuality", _PUNCTUALITY, map(_punctual, all_paces(figures))),
        ("leg_times", tuple(f.name for f in fields(LegSpan)), map(astuple, figures.legs)),
        ("fees", _FEES, _picked(figures.fees, _FEES)),
        ("speed", tuple(f.name for f in fields(Speed)), map(astuple, figures.speed)),
        ("gap_counts", ("gap", "rows"), ((gap, rows) for gap, (rows, _) in figures.gaps.items())),
        *(
            (f"late_by_{name}", (name, *breakdown), map(astuple, figures.late_by.get(name, ())))
            for name in DIMENSIONS
        ),
    ]
    return tuple(
        _write(
            folder / f"{name}.csv",
            chain([_line(head)], map(csv_rows, lists[name]))
            if lists and name in lists
            else map(_line, (head, *rows)),
        )
        for name, head, rows in tables
    )


def _punctual(pace: Pace) -> tuple[object, ...]:
    return (
        pace.dimension, pace.value, pace.currency, pace.sales, pace.on_time, pace.late,
        pace.overdue, pace.unseen, pace.share, *pace.between, pace.lag(50), pace.lag(95),
    )  # fmt: skip


def _picked(rows: Iterable[Any], columns: Sequence[str]) -> Iterable[list[Any]]:
    for row in rows:
        yield [
            truncate_cards(str(row[column]))
            if column in _FREE_TEXT and row[column]
            else row[column]
            for column in columns
        ]


def _write(path: Path, lines: Iterable[str]) -> Path:
    unfinished = path.with_name(f".{path.name}.tmp")
    with unfinished.open("wb") as file:
        file.write(codecs.BOM_UTF8)
        file.writelines(line.encode("utf-8", "replace") for line in lines)
    unfinished.replace(path)
    return path


def _line(row: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow([guarded(value) for value in row])
    return text.getvalue()


def guarded(value: object) -> str:
    """Return a cell's text such that no spreadsheet takes it for a formula.

    A text beginning with ``= + - @``, a tab or a line break gets an apostrophe in front, unless
    it is a plain number; leading blanks do not hide one.
    """
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    text = str(value)
    begins = text.startswith(_FORMULA) or text.lstrip(" ").startswith(_FORMULA)
    return f"'{text}" if begins and _NUMBER.fullmatch(text) is None else text
