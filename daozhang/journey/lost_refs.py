"""Settlement lines whose reference is lost or garbled, and the sale that each can only be.

Rules kept here (the contract's matching, one to one): a line is a sale of the same provider,
amount and terminal, made in the ten days before, with a nearly equal reference where it has one.
A line that may be one sale only is that sale's, unless another line may be that one only too;
what it takes is gone for the others, which may leave them one. All that stand at once are taken
at once, so the order of rows does not matter. Where several are possible none is taken, unless it
comes to the same: as many lines as sales, alike to the minor unit and in one payout.

Lines are as many as sales, so this is SQL on sets; each round makes the set smaller.
"""

from __future__ import annotations

import pyarrow as pa

from daozhang.engine import Engine, SqlFolder

__all__ = ["find_lost"]

SQL = SqlFolder("daozhang.journey")

_ALIKE = pa.schema(
    [(c, pa.string()) for c in ("provider_id", "line_id", "sale_id")] + [("rivals", pa.int64())]
)


def find_lost(engine: Engine) -> bool:
    """Make table ``alike`` (line, sale, rivals it had) and fill the sales of ``lines_lost`` by it.

    ``alike_rivals`` holds the lines that stay undecided, with how many sales each may be.

    Returns:
        Whether ``lines_lost`` is another now.
    """
    ((lost,),) = engine.rows(
        "SELECT count(*) FROM lines_lost WHERE kind = 'sale' AND gross_minor > 0"
    )
    engine.put("alike", pa.Table.from_pylist([], _ALIKE))
    if not lost:
        engine.put("alike_rivals", pa.Table.from_pylist([], _ALIKE.remove(2)))
        return False
    for name in ("alike_lines", "alike_sales", "alike_pairs"):
        engine.run(name, SQL[name])
    engine.run("alike_open", "SELECT * FROM alike_pairs")
    while engine.run("alike_sole", SQL["alike_sole"]) or _interchangeable(engine):
        engine.run("alike_more", SQL["alike_more"])
        engine.rename("alike_more", "alike")
        engine.run("alike_left", SQL["alike_left"])
        engine.rename("alike_left", "alike_open")
    engine.run(
        "alike_rivals",
        "SELECT provider_id, line_id, count(*) AS rivals FROM alike_open "
        "GROUP BY provider_id, line_id",
    )
    engine.run("lines_found", SQL["lines_alike"])
    engine.rename("lines_found", "lines_lost")
    engine.drop("alike_lines", "alike_sales", "alike_pairs", "alike_open", "alike_sole")
    return True


def _interchangeable(engine: Engine) -> int:
    """Make ``alike_sole`` of lines and sales of which any assignment gives the same money."""
    for name in ("alike_signed", "alike_groups"):
        engine.run(name, SQL[name])
    return engine.run("alike_sole", SQL["alike_same"])
