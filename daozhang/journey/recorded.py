"""Whose record of a sale stands: the till's own, else the provider's.

Acquirers' statements and wallets' bills state every sale too, with its moment and terminal, so a
merchant without a till export still has sales; the readers mark such rows with ``recorded_by`` =
``provider``. Where the till exports its own record of the same provider and hours, those rows are
left out, or each sale would be expected twice (R8).
"""

from __future__ import annotations

from daozhang.engine import Engine, SqlFolder
from daozhang.facts import Problem

__all__ = ["leave_to_the_till"]

_SQL = SqlFolder("daozhang.journey")


def leave_to_the_till(engine: Engine) -> list[Problem]:
    """Narrow ``known_sales`` to one record of each sale.

    Expects ``known_sales``; it is left as it is when no provider's record is among it, or no
    till's.

    Returns:
        A warning that says how many of the provider's rows were left out, or nothing.
    """
    if "recorded_by" not in engine.columns("known_sales"):
        return []
    engine.run("till_spans", _SQL["till_spans"])
    left = engine.run("till_stands", _SQL["till_stands"])
    if not left:
        return []
    ((file,),) = engine.rows(
        "SELECT min(k._file) FROM known_sales AS k JOIN till_stands AS t ON t.sale_id = k.sale_id "
        "WHERE k.recorded_by = 'provider'"
    )
    engine.run(
        "recorded_sales",
        "SELECT k.* FROM known_sales AS k LEFT JOIN till_stands AS t ON t.sale_id = k.sale_id "
        "WHERE t.sale_id IS NULL OR coalesce(k.recorded_by, 'till') <> 'provider'",
    )
    engine.view("known_sales", "SELECT * FROM recorded_sales")
    return [
        Problem(
            str(file), None, "till_record_stands",
            f"{left} sales that the provider's file states are in the till's own record of those "
            "hours too, so the till's stands: nothing to do unless the till's export has gaps",
            "warning",
        )
    ]  # fmt: skip
