"""Settlement lines with the sale that each is of: by an id, by a reference number, by likeness.

``lines`` is as long as the settlement file, and what each step adds is little beside it: so it is a
view over what the steps found, until a later one must write all of it anew.
"""

from __future__ import annotations

from daozhang.engine import Engine, SqlFolder
from daozhang.journey.lost_refs import find_lost

__all__ = ["LINE_PARTS", "lay_lines"]

SQL = SqlFolder("daozhang.journey")

LINE_PARTS = ("lines_named", "lines_by_rrn", "lines_lost")
"""The tables of which ``lines`` is a view."""


def lay_lines(engine: Engine) -> None:
    """Make ``lines`` from ``facts_settlements``, and ``alike``: lines whose sale was inferred.

    Expects ``parcels``, ``acts``, ``till`` and ``resent``.
    """
    engine.run("lines_named", SQL["lines_named"])
    ((unnamed,),) = engine.rows(
        "SELECT count(*) FROM lines_named WHERE sale_id IS NULL AND ref IS NOT NULL"
    )
    if unnamed:
        for name in ("referenced", "rrns_repeated", "lines_by_rrn"):
            engine.run(name, SQL[name])
        engine.drop("referenced", "rrns_repeated")
    else:
        engine.run("lines_by_rrn", "SELECT * FROM lines_named WHERE 1 = 0")
    engine.run("lines_lost", SQL["lines_lost"])
    engine.view("lines", SQL["lines"])
    if find_lost(engine):
        engine.view("lines", SQL["lines"])
