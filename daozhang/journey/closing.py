"""Closing the books: writing down the journeys that are settled for good after a run.

Which they are says :mod:`daozhang.journey.choosing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime

from daozhang.engine import Engine, SqlFolder
from daozhang.facts import Problem
from daozhang.journey.choosing import choose_closing
from daozhang.journey.closed import (
    CHAIN_STANDING,
    CLOSED_CHAINS,
    NOTHING_GONE,
    Closed,
    key_of,
    parquet,
)
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
    closing = choose_closing(engine, book)
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
        sold=_sold(engine, sql),
        problems=tuple({"file": p.file, **p.to_json(), "severity": p.severity} for p in problems),
    )
    return shelf.publish(books)


def _to_merge(segments: Sequence[Segment]) -> tuple[Segment, ...]:
    """Return the segments to put together into one: the smaller half, when there are many."""
    if len(segments) <= SEGMENTS_MAX:
        return ()
    return tuple(sorted(segments, key=lambda s: (s.sales, s.number))[: len(segments) // 2])


_SALE_KEY = f"{key_of('q.sale_id')} AS sale_key"
_SEGMENT = {
    "outcomes": f"SELECT q.*, {_SALE_KEY} FROM closing_outcomes AS q",
    "late": f"SELECT q.*, {_SALE_KEY} FROM closing_outcomes AS q WHERE q.status = 'late'",
    "told": (
        f"SELECT q.sale_id, q.host_at, q.batch_no, q.rrn, q.mcc, {_SALE_KEY} "
        "FROM facts_sales AS q SEMI JOIN closing_outcomes AS o "
        "ON o.sale_id = q.sale_id AND o.status = 'late'"
    ),
    "clocks": (
        f"SELECT f.provider_id, f.terminal_id, f.captured_at, f.host_at, "
        f"{key_of('q.row_id')} AS row_key, {_SALE_KEY} "
        "FROM closing_rows AS q JOIN facts_sales AS f ON f.sale_id = q.row_id"
    ),
    "index": (
        f"SELECT q.row_id, {key_of('q.row_id')} AS row_key, CASE WHEN q.rrn IS NOT NULL "
        f"THEN {key_of('q.provider_id', 'q.rrn')} END AS rrn_key, {_SALE_KEY} "
        "FROM closing_rows AS q"
    ),
    "lines": (
        f"SELECT q.* EXCLUDE (sale_id), {key_of('q.provider_id', 'q.line_id')} AS line_key, "
        f"{key_of('q.provider_id', 'q.chain_id')} AS chain_key, {_SALE_KEY} "
        "FROM closing_lines AS q"
    ),
    "copies": (
        f"SELECT q.*, {_SALE_KEY} FROM copies AS q SEMI JOIN closing AS c ON c.sale_id = q.sale_id"
    ),
}
"""The files of a segment; ``days`` is made from the outcomes."""


def _write_segment(
    engine: Engine, sql: SqlFolder, shelf: Shelf, number: int, merged: Sequence[Segment]
) -> None:
    """Write what is closing, and the rows of the segments that it takes up."""
    listed = ", ".join(str(segment.number) for segment in merged)
    for name, query in _SEGMENT.items():
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
        engine.view("closing_outcomes", f"SELECT * EXCLUDE (_segment, sale_key) FROM {path}")


def _write_open(engine: Engine, shelf: Shelf, number: int, merged: Sequence[Segment] | None) -> int:
    """Write the open files; return how many rows say that a sale was reopened.

    ``merged``: segments that are no more, and whose reopened sales nobody need know; None: the run
    began from nothing closed.
    """
    standing = ", ".join(f"s.{c}" for c in CHAIN_STANDING)
    sums = ", ".join(CLOSED_CHAINS.names)
    for name, query in (
        ("open_sales", "SELECT * FROM open_sales"),
        ("open_settlements", "SELECT * FROM open_settlements"),
        (
            "chains",
            (
                f"SELECT q.*, {standing} FROM ("
                "SELECT provider_id, chain_id, max(currency) AS currency, "
                "min(least_currency) AS least_currency, "
                "CAST(sum(lines_minor) AS BIGINT) AS lines_minor, "
                "CAST(sum(lines_count) AS BIGINT) AS lines_count, "
                "CAST(sum(sales_count) AS BIGINT) AS sales_count, max(cleared_at) AS cleared_at, "
                "max(merchant_id) AS merchant_id, max(sales_account_id) AS sales_account_id "
                f"FROM (SELECT {sums} FROM closed_chains UNION ALL "
                "SELECT provider_id, chain_id, currency, currency AS least_currency, "
                "net_minor, 1, CASE WHEN kind = 'sale' THEN 1 ELSE 0 END, cleared_at, merchant_id, "
                "sales_account_id FROM closing_lines "
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


def _sold(engine: Engine, sql: SqlFolder) -> Mapping[str, Mapping[str, int]]:
    """Return the terms of all closed sales: those of all less those of what stays open.

    The terms of all were found to be those of the tables they come from; what stays open is summed
    from its own tables. Those of closed sales are many times as long.
    """
    engine.run(
        "staying",
        "SELECT o.sale_id FROM outcomes_open AS o ANTI JOIN closing AS c ON c.sale_id = o.sale_id",
    )
    for name, source in (("sales", "facts_sales"), ("acts", "acts"), ("lines", "lines_own")):
        engine.view(
            f"told_{name}",
            f"SELECT a.* FROM {source} AS a SEMI JOIN staying AS s ON s.sale_id = a.sale_id",
        )
    staying = sums_by_currency(engine, sql["identity_sold"])
    closed = {}
    for currency, terms in sums_by_currency(engine, "SELECT * FROM added_identity_sales").items():
        open_ = staying.get(currency, {})
        closed[currency] = {name: terms[name] - open_.get(name, 0) for name in _SOLD}
    return closed


_SOLD = (
    "sales", "amount_minor", "fee_minor", "tax_minor", "reserve_minor", "charged_back_minor",
    "credited_minor", "refunded_minor",
)  # fmt: skip
"""The terms that are compared with the tables they come from."""
