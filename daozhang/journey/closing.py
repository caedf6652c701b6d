"""Closing the books: which journeys are settled for good after a run, and writing them down.

A sale is closed when its money has arrived for good or never was money (``on_time``, ``late``,
``cancelled``, ``failed``), a settlement line names it, every settled line of it is on a payout
that is wholly itemised and whose money has wholly come by a certain match, and no open row names
it: not an act, not a line, not another sale of the same reference number. Its promise must rest on
itself alone: sales under a minimum payout, a daily limit or a fee on the payout as a whole stay
open, as others may still move their promise or share.
Whether money arrived early or late does not matter; a late sale's leg is found anew in each run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from daozhang.engine import Engine, SqlFolder
from daozhang.facts import Problem
from daozhang.journey.closed import CHAIN_STANDING, CLOSED_CHAINS, NOTHING_GONE, Closed, parquet
from daozhang.journey.identities import sums_by_currency
from daozhang.journey.resting import (
    REST_TABLES,
    choose_resting,
    lay_nothing_resting,
    rest_query,
)
from daozhang.journey.sums import ADDED, closed_sums, over, part, summed
from daozhang.journey.terms import TermsBook
from daozhang.store.books import Books, Segment, Shelf

__all__ = ["close"]

SEGMENTS_MAX = 24
"""With more segments than this, the smaller half of them becomes one."""

REOPENED_SHARE_MAX = 20
"""When one closed sale in this many was reopened, the books are begun anew."""

_ROUNDS_MAX = 50


def close(
    engine: Engine,
    book: TermsBook,
    sql: SqlFolder,
    shelf: Shelf,
    *,
    before: Closed | None,
    fingerprint: str,
    as_of: datetime,
    files: frozenset[str],
    problems: tuple[Problem, ...],
) -> Books | None:
    """Write down what is settled for good after a run over a store.

    Args:
        engine: holds the tables of a run whose identities held.
        book: the terms.
        sql: the journey's SQL.
        shelf: where the books lie; the caller holds them for writing.
        before: the books that the run began from.
        fingerprint: of the terms and the program.
        as_of: T of the run, by which every row of the files was known.
        files: ids of all files that took part.
        problems: contradictions among the rows, to be told in later runs too.

    Returns:
        The new books; None: nothing is closed, or too much was reopened, and the next run begins
        from the parts.

    Raises:
        OSError: the disk is full or broken; the books are as before.
    """
    old = before.books if before else None
    ((gone,),) = engine.rows("SELECT count(*) FROM closed_gone") if before else ((0,),)
    assert isinstance(gone, int)
    if old is not None and gone * REOPENED_SHARE_MAX > old.sales:
        shelf.forget()
        return None
    number = old.number + 1 if old else 1
    segments = old.segments if old else ()
    merged = _to_merge(segments)
    closing = _choose(engine, book)
    if not closing and not segments:
        shelf.forget()
        return None
    shelf.begin(number)
    if closing or merged:
        _write_segment(engine, sql, shelf, number, merged)
        kept = tuple(s for s in segments if s not in merged)
        held = closing + sum(segment.sales for segment in merged)
        segments = (*kept, Segment(number, held))
    reopened = _write_open(engine, shelf, number, merged if before else None)
    _write_resting(engine, shelf, number, resumed=before is not None)
    _write_sums(engine, sql, shelf, number, resumed=before is not None)
    books = Books(
        fingerprint=fingerprint,
        as_of=as_of,
        files=files,
        number=number,
        segments=segments,
        reopened=reopened,
        sums=tuple(ADDED),
        sold=_sold(engine, sql, before),
        problems=tuple({"file": p.file, **p.to_json(), "severity": p.severity} for p in problems),
    )
    return shelf.publish(books)


def _to_merge(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the segments to put together into one: the smaller half, when there are many."""
    if len(segments) <= SEGMENTS_MAX:
        return ()
    return tuple(sorted(segments, key=lambda s: (s.sales, s.number))[: len(segments) // 2])


def _choose(engine: Engine, book: TermsBook) -> int:
    """Make ``closing`` (sale_id) and its ``closing_outcomes``, ``closing_rows``, ``closing_lines``.

    Returns:
        How many sales are closing.
    """
    apart = [
        term.index
        for term in book.terms
        if term.min_payout_minor or term.daily_limit_minor is not None or term.fee_basis == "payout"
    ]
    listed = ", ".join(str(index) for index in apart) or "-2"  # No term; -1 says a sale has none.
    engine.run(
        "closing",
        "SELECT o.sale_id FROM outcomes_open AS o "
        "ANTI JOIN (SELECT l.sale_id FROM lines AS l "
        "LEFT JOIN chain_standing AS c ON c.provider_id = l.provider_id "
        "AND c.chain_id = l.chain_id "
        "LEFT JOIN chains AS h ON h.provider_id = l.provider_id AND h.chain_id = l.chain_id "
        "WHERE l.sale_id IS NOT NULL AND l.status = 'settled' "
        "AND (c.whole IS NOT TRUE OR c.certain IS NOT TRUE OR h.lines_minor IS NULL "
        "OR h.net_minor <> h.lines_minor)"
        ") AS waiting ON waiting.sale_id = o.sale_id "
        "ANTI JOIN (SELECT sale_id FROM facts_sales CROSS JOIN run WHERE captured_at > as_of "
        "OR host_at > as_of OR submitted_at > as_of) AS ahead ON ahead.sale_id = o.sale_id "
        "SEMI JOIN lines AS own ON own.sale_id = o.sale_id "
        "ANTI JOIN alike AS guess ON guess.sale_id = o.sale_id "
        "SEMI JOIN providers_heard AS heard ON heard.provider_id = o.provider_id "
        # A refund whose line has not come may yet be part of what a bank line brings.
        "ANTI JOIN (SELECT a.sale_id FROM acts AS a ANTI JOIN (SELECT sale_id FROM lines "
        "WHERE kind = 'refund') AS l ON l.sale_id = a.sale_id WHERE a.kind = 'refund' "
        "AND a.amount_minor > 0 AND a.sale_id IS NOT NULL) AS coming ON coming.sale_id = o.sale_id "
        "ANTI JOIN supposed AS guessed ON guessed.sale_id = o.sale_id "
        "WHERE o.status IN ('on_time', 'late', 'cancelled', 'failed') "
        f"AND coalesce(o.term_index, -1) NOT IN ({listed})",
    )
    _name_rows(engine)
    for _ in range(_ROUNDS_MAX):
        if not engine.run("closing_touched", _TOUCHED):
            break
        engine.run(
            "closing_left",
            "SELECT c.* FROM closing AS c ANTI JOIN closing_touched AS t ON t.sale_id = c.sale_id",
        )
        engine.rename("closing_left", "closing")
        _name_rows(engine)
    else:
        engine.run("closing", "SELECT * FROM closing WHERE 1 = 0")
        _name_rows(engine)
    engine.view(
        "closing_outcomes",
        "SELECT o.* FROM outcomes_open AS o SEMI JOIN closing AS c ON c.sale_id = o.sale_id",
    )
    ((count,),) = engine.rows("SELECT count(*) FROM closing")
    assert isinstance(count, int)
    return count


def _name_rows(engine: Engine) -> None:
    """Find the rows that belong to the sales: themselves, their acts, what undoes those."""
    engine.run(
        "closing_rows",
        "SELECT q.row_id, q.sale_id, f.provider_id, f.rrn FROM ("
        "SELECT sale_id AS row_id, sale_id FROM closing "
        "UNION SELECT a.act_id, a.sale_id FROM acts AS a SEMI JOIN closing AS c "
        "ON c.sale_id = a.sale_id "
        "UNION SELECT f.sale_id, f.original_sale_id FROM facts_sales AS f SEMI JOIN closing AS c "
        "ON c.sale_id = f.original_sale_id "
        "UNION SELECT f.sale_id, a.sale_id FROM facts_sales AS f JOIN acts AS a "
        "ON a.act_id = f.original_sale_id SEMI JOIN closing AS c ON c.sale_id = a.sale_id "
        "UNION SELECT f.original_sale_id, f.sale_id FROM facts_sales AS f SEMI JOIN closing AS c "
        "ON c.sale_id = f.sale_id WHERE f.original_sale_id IS NOT NULL"
        ") AS q LEFT JOIN facts_sales AS f ON f.sale_id = q.row_id",
    )
    engine.run(
        "closing_lines",
        "SELECT l.provider_id, l.line_id, l.chain_id, l.sale_id, l.status, l.currency, "
        "l.net_minor, l.cleared_at, l.merchant_id, p.account_id AS sales_account_id "
        "FROM lines AS l JOIN parcels AS p ON p.sale_id = l.sale_id "
        "SEMI JOIN closing AS c ON c.sale_id = l.sale_id",
    )


_OPEN_SALES = "SELECT r.* FROM raw_sales AS r ANTI JOIN closing_rows AS c ON c.row_id = r.sale_id"
_OPEN_SETTLEMENTS = (
    "SELECT r.* FROM raw_settlements AS r ANTI JOIN closing_lines AS c "
    "ON c.provider_id = r.provider_id AND c.line_id = r.line_id"
)
_TOUCHED = (
    "WITH open_sales AS MATERIALIZED (SELECT provider_id, original_sale_id, rrn "
    f"FROM ({_OPEN_SALES})), open_lines AS MATERIALIZED (SELECT provider_id, ref "
    f"FROM ({_OPEN_SETTLEMENTS}) WHERE ref IS NOT NULL) "
    "SELECT c.sale_id FROM closing_rows AS c SEMI JOIN (SELECT original_sale_id AS key "
    "FROM open_sales WHERE original_sale_id IS NOT NULL UNION SELECT ref FROM open_lines) AS k "
    "ON k.key = c.row_id "
    "UNION SELECT c.sale_id FROM closing_rows AS c SEMI JOIN (SELECT provider_id, rrn AS key "
    "FROM open_sales WHERE rrn IS NOT NULL UNION SELECT provider_id, ref FROM open_lines) AS k "
    "ON k.key = c.rrn AND k.provider_id = c.provider_id"
)
"""Sales that an open row names, which may come to mean something for them when it is known."""


def _write_segment(
    engine: Engine, sql: SqlFolder, shelf: Shelf, number: int, merged: Sequence[Segment]
) -> None:
    """Write what is closing, and the rows of the segments that it takes up."""
    listed = ", ".join(str(segment.number) for segment in merged)
    for name, query in (
        ("outcomes", "SELECT * FROM closing_outcomes"),
        ("late", "SELECT * FROM closing_outcomes WHERE status = 'late'"),
        (
            "told",
            (
                "SELECT s.sale_id, s.host_at, s.batch_no, s.rrn, s.mcc FROM facts_sales AS s "
                "SEMI JOIN closing_outcomes AS o ON o.sale_id = s.sale_id AND o.status = 'late'"
            ),
        ),
        (
            "clocks",
            (
                "SELECT c.sale_id, c.row_id, f.provider_id, f.terminal_id, f.captured_at, "
                "f.host_at FROM closing_rows AS c JOIN facts_sales AS f ON f.sale_id = c.row_id "
                "WHERE f.host_at IS NOT NULL"
            ),
        ),
        ("index", "SELECT * FROM closing_rows"),
        ("lines", "SELECT * FROM closing_lines"),
    ):
        taken_up = (
            f" UNION ALL BY NAME SELECT * EXCLUDE (_segment) FROM closed_{name} "
            f"WHERE _segment IN ({listed})"
            if merged
            else ""
        )
        engine.save(
            f"SELECT q.*, CAST({number} AS INTEGER) AS _segment FROM ({query}{taken_up}) AS q",
            shelf.path(number, name),
        )
    path = parquet(shelf.path(number, "outcomes"))
    engine.save(over(sql, "sold_days", path), shelf.path(number, "days"))
    if not merged:
        # Read for each figure: quicker from columns at hand than by another join.
        engine.view("closing_outcomes", f"SELECT * EXCLUDE (_segment) FROM {path}")


def _write_open(engine: Engine, shelf: Shelf, number: int, merged: Sequence[Segment] | None) -> int:
    """Write the open files; return how many rows say that a sale was reopened.

    ``merged``: segments that are no more, and whose reopened sales nobody need know; None: the run
    began from nothing closed.
    """
    standing = ", ".join(f"s.{c}" for c in CHAIN_STANDING)
    sums = ", ".join(CLOSED_CHAINS.names)
    for name, query in (
        ("open_sales", _OPEN_SALES),
        ("open_settlements", _OPEN_SETTLEMENTS),
        (
            "chains",
            (
                f"SELECT q.*, {standing} FROM ("
                "SELECT provider_id, chain_id, max(currency) AS currency, "
                "min(least_currency) AS least_currency, "
                "CAST(sum(lines_minor) AS BIGINT) AS lines_minor, "
                "CAST(sum(lines_count) AS BIGINT) AS lines_count, max(cleared_at) AS cleared_at, "
                "max(merchant_id) AS merchant_id, max(sales_account_id) AS sales_account_id "
                f"FROM (SELECT {sums} FROM closed_chains UNION ALL "
                "SELECT provider_id, chain_id, currency, currency AS least_currency, "
                "net_minor, 1, cleared_at, merchant_id, sales_account_id FROM closing_lines "
                "WHERE status = 'settled') GROUP BY provider_id, chain_id) AS q "
                "JOIN chain_standing AS s "
                "ON s.provider_id = q.provider_id AND s.chain_id = q.chain_id"
            ),
        ),
    ):
        engine.save(query, shelf.path(number, name))
    gone = NOTHING_GONE
    if merged is not None:
        listed = ", ".join(str(segment.number) for segment in merged) or "-1"
        gone = f"SELECT * FROM closed_gone WHERE _segment NOT IN ({listed})"
    engine.save(gone, shelf.path(number, "gone"))
    ((count,),) = engine.rows(f"SELECT count(*) FROM ({gone}) AS g")
    assert isinstance(count, int)
    return count


def _write_resting(engine: Engine, shelf: Shelf, number: int, *, resumed: bool) -> None:
    """Write which payouts and credits rest from now on."""
    if not resumed:
        lay_nothing_resting(engine)
    choose_resting(engine)
    for name in REST_TABLES:
        engine.save(
            f"SELECT * FROM {name} UNION ALL BY NAME {rest_query(name, 'resting')}",
            shelf.path(number, name),
        )


def _write_sums(
    engine: Engine, sql: SqlFolder, shelf: Shelf, number: int, *, resumed: bool
) -> None:
    """Write what each figure comes to for the closed sales, those closing among them."""
    for name in ADDED:
        rows = part(sql, name, "closing_outcomes")
        if resumed:
            rows += f" UNION ALL BY NAME SELECT * FROM {closed_sums(name)}"
        engine.save(summed(name, rows), shelf.path(number, name))


def _sold(engine: Engine, sql: SqlFolder, before: Closed | None) -> Mapping[str, Mapping[str, int]]:
    """Return the terms of all closed sales, those of the closing ones from their own tables."""
    engine.view(
        "told_sales",
        "SELECT f.* FROM facts_sales AS f SEMI JOIN closing AS c ON c.sale_id = f.sale_id",
    )
    for name, source in (("told_acts", "acts"), ("told_lines", "lines_own")):
        engine.view(
            name, f"SELECT a.* FROM {source} AS a SEMI JOIN closing AS c ON c.sale_id = a.sale_id"
        )
    total: dict[str, dict[str, int]] = (
        {currency: dict(terms) for currency, terms in before.sold.items()} if before else {}
    )
    for currency, terms in sums_by_currency(engine, sql["identity_sold"]).items():
        mine: dict[str, Any] = total.setdefault(currency, dict.fromkeys(terms, 0))
        for name, value in terms.items():
            mine[name] += value
    return total
