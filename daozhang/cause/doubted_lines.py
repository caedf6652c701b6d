"""Settlement lines that are believed as they stand and can hardly be meant so.

An id leads before an amount does, so a line that names a sale is that sale's, whatever it brings;
and the sign of a line is the provider's word. Where either is wrong, other sales look short or
late. So it is told, and changes nothing.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from daozhang.cause.doubts import TOLD_MAX, Doubt, file_of
from daozhang.engine import Engine, SqlFolder, rows_of
from daozhang.facts import Problem

__all__ = ["find_doubted_lines"]

SQL = SqlFolder("daozhang.cause")
_KINDS = ("gives", "takes", "names_another")


def find_doubted_lines(engine: Engine) -> list[Doubt]:
    """Tell of the lines that are doubtful, so many of each kind, in the order of their ids.

    Expects ``lines``, ``outcomes``, of those with lines here ``outcomes_open``, and
    ``raw_settlements``.
    """
    rows = list(rows_of(engine.fetch(SQL["line_doubts"])))
    rows.sort(key=lambda row: (row["provider_id"], row["line_id"]))
    return [
        _doubt(engine, row)
        for doubt in _KINDS
        for row in [row for row in rows if row["doubt"] == doubt][:TOLD_MAX]
    ]


def _doubt(engine: Engine, row: Mapping[str, Any]) -> Doubt:
    key = {column: str(row[column]) for column in ("provider_id", "line_id")}
    return Doubt(_problem(file_of(engine, "settlements", key), row), "settlements", key)


def _problem(file: str, row: Mapping[str, Any]) -> Problem:
    line, kind, gross = row["line_id"], row["kind"], row["gross_minor"]
    if row["doubt"] == "gives":
        return Problem(
            file, None, "line_gives",
            f"{line} is a {kind} with gross_minor {gross}, so it brings money, and no {kind} of "
            "its sale took as much: write what is taken back with a minus, gross_minor and "
            "net_minor alike",
            "warning",
        )  # fmt: skip
    if row["doubt"] == "takes":
        return Problem(
            file, None, "line_takes",
            f"{line} is a sale with gross_minor {gross}, so it takes money: write its kind, such "
            "as refund or chargeback",
            "warning",
        )  # fmt: skip
    return Problem(
        file, None, "line_names_another",
        f"{line} names {row['sale_id']}, which took {row['amount_minor']}, and brings {gross}, "
        f"which {row['other_id']} took, and no line names that one: correct ref if it is the "
        "other's; until then that one's money is looked for in vain",
        "warning",
    )  # fmt: skip
