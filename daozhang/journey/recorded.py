"""Whose record of a sale stands: the till's own, else the provider's.

Acquirers' statements and wallets' bills state every sale too, with its moment and terminal, so a
merchant without a till export still has sales; the readers mark such rows with ``recorded_by`` =
``provider``. Where the till exports its own record of the same provider and hours, those rows are
left out, or each sale would be expected twice (R8).

Some providers name one settlement line differently in two exports: Stripe by the balance
transaction or by the charge, Square by the payout's entry or by the payment. The reader of the
fuller one says under which id the other has it; where both are there, the fuller one's line stands.
"""

from __future__ import annotations

from daozhang.engine import Engine, SqlFolder
from daozhang.facts import Problem

__all__ = ["leave_to_the_fuller_export", "leave_to_the_till"]

_SQL = SqlFolder("daozhang.journey")
_OTHER_NAMES = ("also_id", "stated_as")
"""Columns in which a reader says under which id another export has a line. Of ``stated_as`` that
export also states the sale, so the line keeps the reference by which the sale is found."""


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


def leave_to_the_fuller_export(engine: Engine) -> list[Problem]:
    """Narrow ``known_settlements`` to one of two lines that are the same line of a provider.

    Expects ``known_settlements``; it is left as it is when no reader gave a line another name.

    Returns:
        For each file of which lines were left out, a warning that says how many.
    """
    names = [n for n in _OTHER_NAMES if n in engine.columns("known_settlements")]
    if not names:
        return []
    others = " UNION ALL ".join(
        f"SELECT provider_id, line_id, {name} AS other FROM known_settlements "
        f"WHERE {name} IS NOT NULL AND _gone = 0"
        for name in names
    )
    left = engine.run(
        "named_twice",
        "SELECT DISTINCT k.provider_id, k.line_id FROM known_settlements AS k "
        f"JOIN ({others}) AS o ON o.provider_id = k.provider_id AND o.other = k.line_id "
        "WHERE o.line_id <> k.line_id",
    )
    if not left:
        return []
    same = "t.provider_id = k.provider_id AND t.line_id = k.line_id"
    files = engine.rows(
        f"SELECT k._file, count(*) FROM known_settlements AS k JOIN named_twice AS t ON {same} "
        "GROUP BY k._file ORDER BY k._file"
    )
    columns = [f'k."{name}"' for name in engine.columns("known_settlements") if name != "ref"]
    ref, other = "k.ref", ""
    if "stated_as" in names:
        ref = "coalesce(d.ref, k.ref)"
        other = (
            " LEFT JOIN known_settlements AS d ON d.provider_id = k.provider_id "
            "AND d.line_id = k.stated_as AND d._gone = 0"
        )
    engine.run(
        "lines_named_once",
        f"SELECT {', '.join(columns)}, {ref} AS ref FROM known_settlements AS k "
        f"LEFT JOIN named_twice AS t ON {same}{other} WHERE t.line_id IS NULL",
    )
    engine.view("known_settlements", "SELECT * FROM lines_named_once")
    return [
        Problem(
            str(file), None, "stated_in_two_exports",
            f"{count} settlement lines stand in another export of the provider too, under other "
            "ids; that one says more and stands: leave one of the two exports out",
            "warning",
        )
        for file, count in files
    ]  # fmt: skip
