"""The lists of an answer as CSV files that a spreadsheet opens as they are.

Rules kept here: UTF-8 with a byte order mark, so that a spreadsheet shows Chinese; columns keep
the contract's names and amounts stay minor units; a text that a spreadsheet would run as a
formula gets an apostrophe in front (CWE-1236); each file is replaced whole.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from dataclasses import astuple, fields
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

from daozhang.charts import ReportView
from daozhang.formats.privacy import truncate_cards
from daozhang.journey.figures import DIMENSIONS, Breakdown, Speed

__all__ = ["guarded", "write_tables"]

_LATE_LIST: Final = (
    "sale_id", "status", "leg", "reason", "amount_minor", "outstanding_minor", "credited_minor",
    "currency", "merchant_id", "store_id", "terminal_id", "provider_id", "channel", "account_id",
    "captured_at", "submitted_at", "cleared_at", "paid_out_at", "credited_at", "promised_at",
    "promise_rule", "late_s", "payout_id", "credit_ids", "incident_id",
)  # fmt: skip
_UNEXPLAINED: Final = (
    "account_id", "credit_id", "booked_at", "amount_minor", "explained_minor", "currency",
    "counterparty", "ref", "payout_ids", "standing",
)  # fmt: skip
_STATEMENTS: Final = (
    "account_id", "bank_id", "currency", "sales", "amount_minor", "outstanding_minor",
    "first_promised_at", "last_promised_at", "covered_until",
)  # fmt: skip
_FEES: Final = (
    "provider_id", "channel", "currency", "sales", "amount_minor", "fee_minor",
    "fee_expected_minor", "sales_differing", "example",
)  # fmt: skip
_FREE_TEXT: Final = frozenset({"counterparty", "ref"})
_FORMULA: Final = tuple("=+-@\t\r\n＝＋－＠")
_NUMBER: Final = re.compile(r"[+-]?[0-9]+([.][0-9]+)?", re.ASCII)


def write_tables(folder: Path, view: ReportView) -> tuple[Path, ...]:
    """Write the lists of a run as CSV into a folder, which is made if need be.

    Files: ``late_list.csv``, ``unexplained_credits.csv``, ``missing_statements.csv``,
    ``fees.csv``, ``speed.csv`` and ``late_by_<dimension>.csv``; times are RFC 3339 in UTC.

    Returns:
        The files written, in this order.

    Raises:
        OSError: the folder or a file cannot be written.
    """
    figures = view.figures
    folder.mkdir(parents=True, exist_ok=True)
    breakdown = tuple(field.name for field in fields(Breakdown))[1:]
    tables: list[tuple[str, Sequence[str], Iterable[Sequence[Any]]]] = [
        ("late_list", _LATE_LIST, _picked(figures.late_list, _LATE_LIST)),
        ("unexplained_credits", _UNEXPLAINED, _picked(figures.unexplained, _UNEXPLAINED)),
        ("missing_statements", _STATEMENTS, _picked(figures.unseen, _STATEMENTS)),
        ("fees", _FEES, _picked(figures.fees, _FEES)),
        ("speed", tuple(f.name for f in fields(Speed)), map(astuple, figures.speed)),
        *(
            (f"late_by_{name}", (name, *breakdown), map(astuple, figures.late_by.get(name, ())))
            for name in DIMENSIONS
        ),
    ]
    return tuple(_write(folder / f"{name}.csv", head, rows) for name, head, rows in tables)


def _picked(rows: Iterable[Any], columns: Sequence[str]) -> Iterable[list[Any]]:
    for row in rows:
        yield [
            truncate_cards(str(row[column]))
            if column in _FREE_TEXT and row[column]
            else row[column]
            for column in columns
        ]


def _write(path: Path, head: Sequence[str], rows: Iterable[Sequence[Any]]) -> Path:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([guarded(value) for value in row])
    unfinished = path.with_name(f".{path.name}.tmp")
    unfinished.write_bytes(text.getvalue().encode("utf-8-sig", "replace"))
    unfinished.replace(path)
    return path


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
