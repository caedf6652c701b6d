"""Which journeys are settled for good after a run, so that no later one need track them.

A sale is closed when its money has arrived for good or never was money (``on_time``, ``late``,
``cancelled``, ``failed``), a settlement line names it, every settled line of it is on a payout
that is wholly itemised and whose money has wholly come, and no open row names it: not an act, not
a line, not another sale of the same reference number. Its promise must rest on itself alone: sales
under a minimum payout, a daily limit or a fee on the payout as a whole stay open, as others may
still move their promise or share.
A payout that came by inferred means (:data:`_SUPPOSED`) is matched anew in each run; should it come
to stand otherwise, its sales are reopened.
Whether money arrived early or late does not matter; a late sale's leg is found anew in each run.

Of a run from nothing that is nearly all sales. What many of them are compared with is looked up in
one statement after the other, as two such tables at once are more than there is memory for.
"""

from __future__ import annotations

from daozhang.engine import Engine
from daozhang.journey.terms import TermsBook

__all__ = ["choose_closing"]

_ROUNDS_MAX = 50


def choose_closing(engine: Engine, book: TermsBook) -> int:
    """Make ``closing`` (sale_id), with its ``closing_outcomes``, ``closing_rows`` and ``_lines``.

    Leaves ``open_sales`` and ``open_settlements`` too: the rows that belong to none of them.

    Returns:
        How many sales are closing.
    """
    apart = [
        term.index
        for term in book.terms
        if term.min_payout_minor or term.daily_limit_minor is not None or term.fee_basis == "payout"
    ]
    listed = ", ".join(str(index) for index in apart) or "-2"  # No term; -1 says a sale has none.
    engine.run("closing_barred", _BARRED)
    asked = (
        "SELECT o.sale_id FROM outcomes_open AS o "
        "SEMI JOIN providers_heard AS heard ON heard.provider_id = o.provider_id "
        "ANTI JOIN closing_barred AS b ON b.sale_id = o.sale_id "
        "WHERE o.status IN ('on_time', 'late', 'cancelled', 'failed') "
        f"AND coalesce(o.term_index, -1) NOT IN ({listed})"
    )
    engine.run(
        "closing",
        f"{asked} AND o.own_lines > 0 UNION ALL SELECT n.sale_id FROM ({asked} "
        "AND o.own_lines = 0) AS n SEMI JOIN lines AS l ON l.sale_id = n.sale_id",
    )
    _name_rows(engine)
    if not _leave_what_is_named(engine):
        engine.run("closing_touched", "SELECT sale_id FROM closing")
        _open(engine)
    engine.view(
        "closing_outcomes",
        "SELECT o.* FROM outcomes_open AS o SEMI JOIN closing AS c ON c.sale_id = o.sale_id",
    )
    ((count,),) = engine.rows("SELECT count(*) FROM closing")
    assert isinstance(count, int)
    return count


_SUPPOSED = ("merged", "split")
"""Means by which no id leads to a payout, and which move no single line of it elsewhere."""

_BARRED = (
    # What a payout brings that is not itemised, or has not come, or by means that part its lines.
    "SELECT l.sale_id FROM lines AS l "
    "LEFT JOIN chain_standing AS c ON c.provider_id = l.provider_id AND c.chain_id = l.chain_id "
    "LEFT JOIN chains AS h ON h.provider_id = l.provider_id AND h.chain_id = l.chain_id "
    "WHERE l.sale_id IS NOT NULL AND l.status = 'settled' "
    "AND (c.whole IS NOT TRUE OR h.lines_minor IS NULL OR h.net_minor <> h.lines_minor "
    "OR (c.certain IS NOT TRUE AND (h.payout_id IS NULL "
    f"OR coalesce(c.matched_by, '') NOT IN {_SUPPOSED}))) "
    "UNION SELECT sale_id FROM facts_sales CROSS JOIN run WHERE captured_at > as_of "
    "OR host_at > as_of OR submitted_at > as_of "
    "UNION SELECT sale_id FROM alike UNION SELECT sale_id FROM supposed "
    # A refund whose line has not come may yet be part of what a bank line brings.
    "UNION SELECT a.sale_id FROM acts AS a ANTI JOIN (SELECT sale_id FROM lines "
    "WHERE kind = 'refund') AS l ON l.sale_id = a.sale_id WHERE a.kind = 'refund' "
    "AND a.amount_minor > 0 AND a.sale_id IS NOT NULL"
)
"""Sales that cannot be settled for good yet, whatever became of their money."""


def _name_rows(engine: Engine) -> None:
    """Find the rows that belong to the sales: themselves, their acts, what undoes those."""
    engine.run(
        "sales_named",
        "SELECT sale_id, original_sale_id FROM facts_sales WHERE original_sale_id IS NOT NULL",
    )
    # Most sales have no row but their own: only the few others are compared with each other.
    engine.run(
        "closing_others",
        "SELECT q.row_id, q.sale_id FROM ("
        "SELECT a.act_id AS row_id, a.sale_id FROM acts AS a "
        "UNION SELECT f.sale_id, f.original_sale_id FROM sales_named AS f "
        "UNION SELECT f.sale_id, a.sale_id FROM sales_named AS f JOIN acts AS a "
        "ON a.act_id = f.original_sale_id "
        "UNION SELECT f.original_sale_id, f.sale_id FROM sales_named AS f"
        ") AS q SEMI JOIN closing AS c ON c.sale_id = q.sale_id WHERE q.row_id <> q.sale_id",
    )
    engine.run(
        "closing_rows",
        "SELECT f.sale_id AS row_id, f.sale_id, f.provider_id, f.rrn FROM facts_sales AS f "
        "SEMI JOIN closing AS c ON c.sale_id = f.sale_id "
        "UNION ALL SELECT q.row_id, q.sale_id, f.provider_id, f.rrn FROM closing_others AS q "
        "LEFT JOIN facts_sales AS f ON f.sale_id = q.row_id",
    )
    engine.run(
        "closing_parcels",
        "SELECT p.sale_id, p.account_id FROM parcels AS p SEMI JOIN closing AS c "
        "ON c.sale_id = p.sale_id",
    )
    engine.run(
        "closing_lines",
        "SELECT l.provider_id, l.line_id, l.chain_id, l.sale_id, l.kind, l.status, l.currency, "
        "l.net_minor, l.cleared_at, l.merchant_id, p.account_id AS sales_account_id "
        "FROM lines AS l JOIN closing_parcels AS p ON p.sale_id = l.sale_id",
    )
    engine.drop("closing_barred", "closing_parcels", "sales_named")


def _leave_what_is_named(engine: Engine) -> bool:
    """Take out the sales that an open row names: it may come to mean something for them.

    The rows of what is taken out are open then, and may name others.

    Returns:
        False: there is no end to it.
    """
    engine.run(
        "open_sales",
        "SELECT r.* FROM raw_sales AS r ANTI JOIN closing_rows AS c ON c.row_id = r.sale_id",
    )
    engine.run(
        "open_settlements",
        "SELECT r.* FROM raw_settlements AS r ANTI JOIN closing_lines AS c "
        "ON c.provider_id = r.provider_id AND c.line_id = r.line_id",
    )
    naming = "open"
    for _ in range(_ROUNDS_MAX):
        if not engine.run("closing_touched", _TOUCHED.format(naming=naming)):
            return True
        _open(engine)
        naming = "opening"
    return False


_TOUCHED = (
    "SELECT c.sale_id FROM closing_rows AS c SEMI JOIN (SELECT original_sale_id AS key "
    "FROM {naming}_sales WHERE original_sale_id IS NOT NULL UNION SELECT ref "
    "FROM {naming}_settlements WHERE ref IS NOT NULL) AS k ON k.key = c.row_id "
    "UNION SELECT c.sale_id FROM closing_rows AS c SEMI JOIN (SELECT provider_id, rrn AS key "
    "FROM {naming}_sales WHERE rrn IS NOT NULL UNION SELECT provider_id, ref "
    "FROM {naming}_settlements WHERE ref IS NOT NULL) AS k "
    "ON k.key = c.rrn AND k.provider_id = c.provider_id"
)


def _open(engine: Engine) -> None:
    """Take ``closing_touched`` out of what is closing, and lay their rows with the open ones.

    Leaves these rows as ``opening_sales`` and ``opening_settlements`` as well.
    """
    for name in ("rows", "lines"):
        engine.run(
            f"opening_{name}",
            f"SELECT r.* FROM closing_{name} AS r "
            "SEMI JOIN closing_touched AS t ON t.sale_id = r.sale_id",
        )
    for name in ("closing", "closing_rows", "closing_lines"):
        engine.run(
            "closing_left",
            f"SELECT r.* FROM {name} AS r ANTI JOIN closing_touched AS t ON t.sale_id = r.sale_id",
        )
        engine.rename("closing_left", name)
    # A row of two sales is open when both are.
    engine.run(
        "closing_shared",
        "SELECT r.row_id FROM closing_rows AS r SEMI JOIN opening_rows AS o ON o.row_id = r.row_id",
    )
    engine.run(
        "opening_sales",
        "SELECT r.* FROM raw_sales AS r SEMI JOIN (SELECT o.row_id FROM opening_rows AS o "
        "ANTI JOIN closing_shared AS s ON s.row_id = o.row_id) AS o ON o.row_id = r.sale_id",
    )
    engine.run(
        "opening_settlements",
        "SELECT r.* FROM raw_settlements AS r SEMI JOIN opening_lines AS o "
        "ON o.provider_id = r.provider_id AND o.line_id = r.line_id",
    )
    for name in ("sales", "settlements"):
        engine.run(
            "open_grown", f"SELECT * FROM open_{name} UNION ALL SELECT * FROM opening_{name}"
        )
        engine.rename("open_grown", f"open_{name}")
