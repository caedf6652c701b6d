"""Settlement lines that a provider's file says twice, under two ids.

An id tells one line from another, so both would count: the sale would be paid twice on paper, and
the payout that carries it once would seem short of somebody else's money. Left out is a line only
where the payout proves it: it is short by exactly that line, and of no other repeated sale.
"""

from __future__ import annotations

from daozhang.engine import Engine, SqlFolder
from daozhang.facts import Problem
from daozhang.journey.chains import add_up_again

__all__ = ["leave_out_repeats"]

_SQL = SqlFolder("daozhang.journey")


def leave_out_repeats(engine: Engine) -> list[Problem]:
    """Take repeated lines out of ``lines`` and of the sums of their chains.

    Expects ``lines`` and ``chains``, and ``raw_settlements`` for the names of files.

    Returns:
        A warning for each line that is left out.
    """
    ((short,),) = engine.rows(
        "SELECT count(*) FROM chains WHERE payout_id IS NOT NULL AND lines_minor > net_minor"
    )
    if not short or not engine.run("lines_repeated", _SQL["lines_repeated"]):
        return []
    engine.run(
        "lines_once",
        "SELECT l.* FROM lines AS l ANTI JOIN lines_repeated AS r "
        "ON r.provider_id = l.provider_id AND r.line_id = l.line_id",
    )
    engine.rename("lines_once", "lines")
    add_up_again(engine)
    found = engine.rows(
        "SELECT max(s._file) AS file, r.line_id FROM lines_repeated AS r JOIN raw_settlements AS s "
        "ON s.provider_id = r.provider_id AND s.line_id = r.line_id "
        "GROUP BY r.provider_id, r.line_id ORDER BY file, r.line_id"
    )
    return [
        Problem(
            str(file), None, "line_repeated",
            f"line {line} says a sale once more under another id, and its payout carries it once: "
            "it is left out; ask the provider for a file without it",
            "warning",
        )
        for file, line in found
    ]  # fmt: skip
