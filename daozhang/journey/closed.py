"""What earlier runs closed, laid beside what is open: the start of an incremental run.

A closed sale is one whose money has wholly arrived, or that never was money, with nothing open
touching it (:mod:`daozhang.journey.closing` chooses them). A run then reads only the open rows and
the new files. Two things may still change a closed journey, and both are looked for:

* a new row that names the sale, one of its acts or lines, their reference number or its terminal:
  found by keys before the run (:func:`lay_closed`);
* another standing of a payout that carried its money: found by comparing standings once the
  credits are matched again (:meth:`Closed.reopen_moved`). Payouts and credits are all looked at in
  every run (:mod:`daozhang.journey.resting`).

Such sales are *reopened*: their rows are fetched from the parts, and they are tracked again like
new ones. Reopening more than is needed costs time and changes nothing, so keys are compared
generously.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

import pyarrow as pa

from daozhang.engine import Engine, SqlFolder
from daozhang.journey.resting import REST_TABLES
from daozhang.journey.sums import ADDED, closed_sums, over, part, summed
from daozhang.store.books import SEGMENT_FILES, Books, Shelf

__all__ = [
    "CHAIN_STANDING",
    "CLOSED_CHAINS",
    "Closed",
    "key_of",
    "lay_closed",
    "no_closed",
    "parquet",
]

SQL = SqlFolder("daozhang.journey")

CHAIN_STANDING = (
    "account_id", "payout_id", "paid_out_at", "whole", "net_minor", "credited_minor",
    "credited_at", "credited_on", "booked_day", "credit_id", "credit_ids", "matched_by",
    "returned", "held", "reason", "withheld", "certain",
)  # fmt: skip
"""Columns of ``chain_standing`` on which the journeys of a chain's sales rest."""

_INSTANT = pa.timestamp("us", "UTC")
CLOSED_CHAINS = pa.schema(
    [
        ("provider_id", pa.string()), ("chain_id", pa.string()), ("currency", pa.string()),
        ("least_currency", pa.string()), ("lines_minor", pa.int64()), ("lines_count", pa.int64()),
        ("sales_count", pa.int64()), ("cleared_at", _INSTANT), ("merchant_id", pa.string()),
        ("sales_account_id", pa.string()),
    ]
)  # fmt: skip
"""What the closed lines of a chain come to: what open lines of it are added to.

``sales_count`` of them bring sales, the others are refunds, fees and the like.
"""

CLOSED_GROUPS = pa.schema(
    [("provider_id", pa.string()), ("account_id", pa.string()), ("business_date", pa.date32())]
)
"""Business dates of accounts with closed sales, which the provider's files told of."""

NOTHING_GONE = (
    "SELECT CAST(0 AS INTEGER) AS _segment, CAST(0 AS UBIGINT) AS sale_key, '' AS provider_id, "
    "'' AS terminal_id, CAST(NULL AS DATE) AS business_date WHERE 1 = 0"
)
"""The closed sales that were reopened: their segment, and which sums by day they are in."""

STRETCHES_MAX = 16
"""So many stretches of days are asked for one by one."""

_GONE = "_segment", "sale_key", "provider_id", "terminal_id", "business_date"


def key_of(*names: str) -> str:
    """Return the SQL of a number by which closed rows are looked through for a key.

    All of them are looked through in every run, and numbers are read ten times as fast as texts.
    ``sale_key`` is that of a sale, which all rows of it carry. Where two sales of a segment have
    one number, they are reopened together.
    """
    return f"hash({', '.join(names)})"


def no_closed(engine: Engine) -> None:
    """Make the relations of a run that starts from nothing closed."""
    engine.put("closed_chains", CLOSED_CHAINS.empty_table())
    engine.put("closed_groups", CLOSED_GROUPS.empty_table())


@dataclass(slots=True)
class Closed:
    """Closed books in use by a run.

    Attributes:
        books: as they were loaded.
        shelf: where they lie.
        sold: by currency the terms of the sales that are still closed.
        reopened: how many sales this run reopened.
    """

    books: Books
    shelf: Shelf
    sold: dict[str, dict[str, int]] = field(default_factory=dict)
    reopened: int = 0

    def reopen(self, engine: Engine, sales: str) -> int:
        """Take sales out of the closed ones and lay their rows with the open ones.

        Args:
            engine: holds the relations of :func:`lay_closed`.
            sales: a SELECT of ``_segment`` and ``sale_key`` from those relations.

        Returns:
            How many sales were reopened.
        """
        count = engine.run("reopening", f"SELECT DISTINCT _segment, sale_key FROM ({sales}) AS s")
        if count:
            self._fetch_back(engine)
        self.reopened += count
        return count

    def _fetch_back(self, engine: Engine) -> None:
        again = "SEMI JOIN reopening AS o ON o._segment = t._segment AND o.sale_key = t.sale_key"
        engine.run("back_rows", f"SELECT t.row_id FROM closed_index AS t {again}")
        engine.run(
            "back_lines",
            "SELECT t.provider_id, t.line_id, t.chain_id, t.chain_key "
            f"FROM closed_lines AS t {again}",
        )
        line = "b.provider_id = t.provider_id AND b.line_id = t.line_id"
        found = {
            "sales": "all_sales AS t SEMI JOIN back_rows AS b ON b.row_id = t.sale_id",
            "settlements": f"all_settlements AS t SEMI JOIN back_lines AS b ON {line}",
            "outcomes": f"closed_outcomes AS t {again}",
        }
        for name, rows in found.items():
            at = "cleared_at" if name == "settlements" else "captured_at"
            columns = _summed_of(engine) if name == "outcomes" else "t.*"
            engine.run(f"back_{name}", f"SELECT {columns} FROM {_of_their_days(engine, rows, at)}")
        engine.run("going", f"SELECT {', '.join(_GONE)} FROM back_outcomes")
        for name in ADDED:
            table = closed_sums(name)
            less = part(SQL, name, "back_outcomes", sign=-1)
            engine.run("back_sums", f"SELECT * FROM {table} UNION ALL BY NAME {less}")
            engine.run(table, summed(name, "SELECT * FROM back_sums"))
        for row in engine.fetch(_TERMS_BACK).to_pylist():
            terms = self.sold[row.pop("currency")]
            for name, value in row.items():
                terms[name] -= int(value)
        for name in ("sales", "settlements"):
            _grow(engine, f"reopened_{name}", f"back_{name}")
        _grow(engine, "closed_gone", "going")
        _lay_segments(engine, self.books, self.shelf, gone=True)
        # What is left of the chains that lost a line is added up anew from their closed lines.
        engine.rename("closed_chains", "chains_before")
        engine.run(
            "closed_chains",
            "SELECT c.* FROM chains_before AS c ANTI JOIN back_lines AS b "
            "ON b.provider_id = c.provider_id AND b.chain_id = c.chain_id "
            f"UNION ALL BY NAME SELECT {_SUMS}, {_STANDING_AGAIN} FROM (SELECT t.* "
            "FROM closed_lines AS t SEMI JOIN back_lines AS b ON b.chain_key = t.chain_key) AS l "
            "JOIN chains_before AS c "
            "ON c.provider_id = l.provider_id AND c.chain_id = l.chain_id "
            "SEMI JOIN back_lines AS b ON b.provider_id = l.provider_id "
            "AND b.chain_id = l.chain_id WHERE l.status = 'settled' "
            "GROUP BY l.provider_id, l.chain_id",
        )
        lay_open(engine)

    def reopen_moved(self, engine: Engine) -> int:
        """Reopen the sales of chains whose standing is no longer what it was at their closing."""
        differs = " OR ".join(f"s.{c} IS DISTINCT FROM c.{c}" for c in CHAIN_STANDING)
        engine.run(
            "chains_moved",
            "SELECT c.provider_id, c.chain_id FROM closed_chains AS c "
            "LEFT JOIN chain_standing AS s "
            "ON s.provider_id = c.provider_id AND s.chain_id = c.chain_id "
            f"WHERE s.chain_id IS NULL OR {differs}",
        )
        ((moved,),) = engine.rows("SELECT count(*) FROM chains_moved")
        if not moved:
            return 0
        return self.reopen(
            engine,
            "SELECT l._segment, l.sale_key FROM closed_lines AS l SEMI JOIN chains_moved AS m "
            f"ON {key_of('m.provider_id', 'm.chain_id')} = l.chain_key",
        )


def _of_their_days(engine: Engine, rows: str, at: str) -> str:
    """Return the FROM of few of very many rows, which reads whole rows of their days only.

    A look at one column finds the days; files are written in order of time, more or less, and say
    of each piece which times it holds, so that nearly all pieces are passed over.
    """
    found = engine.rows(f"SELECT DISTINCT CAST(t.{at} AS DATE) FROM {rows}")
    days = sorted(day for (day,) in found if isinstance(day, date))
    apart = sorted(range(1, len(days)), key=lambda n: days[n] - days[n - 1])[-STRETCHES_MAX + 1 :]
    begins = [0, *sorted(apart)]
    asked = [
        f"t.{at} >= TIMESTAMPTZ '{days[first]} 00:00:00+00' "
        f"AND t.{at} < TIMESTAMPTZ '{days[last - 1] + timedelta(days=1)} 00:00:00+00'"
        for first, last in pairwise([*begins, len(days)])
        if days
    ]
    if len(days) < len(found):
        asked.append(f"t.{at} IS NULL")
    return f"{rows} WHERE {' OR '.join(asked) or 'FALSE'}"


def _summed_of(engine: Engine) -> str:
    """Return the columns of closed sales that their sums are made of: half of all there are."""
    said = " ".join([*_GONE, _TERMS_BACK, *(part(SQL, name, "back_outcomes") for name in ADDED)])
    asked = set(re.findall(r"\w+", said))
    return ", ".join(f"t.{c}" for c in engine.columns("closed_outcomes") if c in asked)


def _grow(engine: Engine, name: str, more: str) -> None:
    """Add the rows of a table of the same columns to another."""
    engine.run(f"{name}_grown", f"SELECT * FROM {name} UNION ALL BY NAME SELECT * FROM {more}")
    engine.rename(f"{name}_grown", name)


_SUMS = (
    "l.provider_id, l.chain_id, max(l.currency) AS currency, min(l.currency) AS least_currency, "
    "CAST(sum(l.net_minor) AS BIGINT) AS lines_minor, count(*) AS lines_count, "
    "CAST(sum(CASE WHEN l.kind = 'sale' THEN 1 ELSE 0 END) AS BIGINT) AS sales_count, "
    "max(l.cleared_at) AS cleared_at, max(l.merchant_id) AS merchant_id, "
    "max(l.sales_account_id) AS sales_account_id"
)
_STANDING_AGAIN = ", ".join(f"max(c.{c}) AS {c}" for c in CHAIN_STANDING)
_TERMS_BACK = (
    "SELECT o.currency, count(*) AS sales, "
    + ", ".join(
        f"CAST(sum(coalesce(o.{c}, 0)) AS BIGINT) AS {c}"
        for c in (
            "amount_minor", "fee_minor", "tax_minor", "reserve_minor", "charged_back_minor",
            "credited_minor", "refunded_minor",
        )
    )
    + " FROM back_outcomes AS o GROUP BY o.currency"
)  # fmt: skip


def lay_closed(engine: Engine, books: Books, shelf: Shelf) -> Closed | None:
    """Make ``raw_sales`` and ``raw_settlements`` of what is open and new, beside what is closed.

    Expects ``all_<table>`` (every row of the store), ``new_<table>`` (rows of the files that the
    books do not know) and ``old_<table>`` (the others). Makes ``closed_outcomes``,
    ``closed_late``, ``closed_index``, ``closed_lines``, ``closed_chains``, ``closed_groups``,
    ``closed_gone`` and
    ``closed_<figure>``.

    Returns:
        None where another account of a merchant changes what is closed too widely: nothing is
        changed then, and the run begins from the parts.
    """
    closed = Closed(books, shelf, {c: dict(terms) for c, terms in books.sold.items()})
    for name in ("gone", "chains", *books.sums):
        path = parquet(shelf.path(books.number, name))
        engine.run(f"closed_{name}", f"SELECT * FROM {path}")
    _lay_segments(engine, books, shelf, gone=bool(books.reopened))
    if _accounts_changed(engine):
        return None
    # Days are counted in an account's zone, which follows from whose it is.
    asleep = "NOT EXISTS (SELECT 1 FROM touching_merchants)"
    for name in REST_TABLES:
        path = parquet(shelf.path(books.number, name))
        engine.run(name, f"SELECT * FROM {path} WHERE {asleep}")
    for name in ("sales", "settlements"):
        path = parquet(shelf.path(books.number, f"open_{name}"))
        engine.view(f"kept_{name}", f"SELECT * FROM {path}")
        engine.run(f"reopened_{name}", f"SELECT * FROM all_{name} WHERE 1 = 0")
    # What the figures of reopened sales are taken off with, before this run knows its own.
    engine.put("legs", pa.table({c: pa.array([], pa.string()) for c in ("sale_id", "leg")}))
    engine.run("facts_accounts", "SELECT DISTINCT account_id, bank_id FROM all_accounts")
    lay_open(engine)
    closed.reopen(engine, _touched(engine))
    return closed


def _accounts_changed(engine: Engine) -> bool:
    """Return whether new files say something else of an account of a merchant with closed sales."""
    same = " AND ".join(f"o.{c} IS NOT DISTINCT FROM n.{c}" for c in _ACCOUNT)
    engine.run(
        "touching_merchants",
        "SELECT DISTINCT n.merchant_id FROM new_accounts AS n ANTI JOIN old_accounts AS o "
        f"ON o.account_id = n.account_id AND {same}",
    )
    ((changed,),) = engine.rows("SELECT count(*) FROM touching_merchants")
    return bool(changed) and bool(
        engine.rows(
            "SELECT count(*) AS n FROM closed_outcomes AS o SEMI JOIN touching_merchants AS m "
            "ON m.merchant_id = o.merchant_id HAVING count(*) > 0"
        )
    )


def lay_open(engine: Engine) -> None:
    """Name ``raw_sales`` and ``raw_settlements``: what is kept open, new or reopened."""
    for name in ("sales", "settlements"):
        engine.view(
            f"raw_{name}",
            f"SELECT * FROM all_{name} WHERE 1 = 0 UNION ALL BY NAME SELECT * FROM kept_{name} "
            f"UNION ALL BY NAME SELECT * FROM new_{name} "
            f"UNION ALL BY NAME SELECT * FROM reopened_{name}",
        )


def parquet(*paths: object) -> str:
    """Return the relation of Parquet files of one shape, as it stands in a FROM."""
    listed = ", ".join("'" + str(path).replace("'", "''") + "'" for path in paths)
    return f"read_parquet([{listed}], hive_partitioning = false)"


def _lay_segments(engine: Engine, books: Books, shelf: Shelf, *, gone: bool) -> None:
    without = " ANTI JOIN closed_gone AS g ON g._segment = t._segment AND g.sale_key = t.sale_key"
    for name in SEGMENT_FILES:
        if name != "days":
            source = parquet(*shelf.segment_paths(books, name))
            engine.view(f"closed_{name}", f"SELECT t.* FROM {source} AS t{without if gone else ''}")
    days = " UNION ALL BY NAME ".join(
        f"SELECT *, {s.number} AS _segment FROM {parquet(shelf.path(s.number, 'days'))}"
        for s in books.segments
    )
    if gone:
        # The sums that a reopened sale is in are taken anew from what is left.
        same = " AND ".join(f"g.{c} IS NOT DISTINCT FROM t.{c}" for c in _GONE if c != "sale_key")
        left = f"(SELECT t.* FROM closed_outcomes AS t SEMI JOIN closed_gone AS g ON {same}) AS t"
        days = (
            f"SELECT t.* FROM ({days}) AS t ANTI JOIN closed_gone AS g ON {same} "
            f"UNION ALL BY NAME {over(SQL, 'sold_days', left)}"
        )
    engine.view("closed_days", f"SELECT * EXCLUDE (_segment) FROM ({days}) AS d")
    groups = ", ".join(CLOSED_GROUPS.names)
    engine.view("closed_groups", f"SELECT DISTINCT {groups} FROM closed_days")


def _touched(engine: Engine) -> str:
    """Return the SELECT of closed sales that a row of the new files may change."""
    engine.run(
        "touching",
        "SELECT provider_id, sale_id AS key FROM new_sales "
        "UNION SELECT provider_id, original_sale_id FROM new_sales "
        "WHERE original_sale_id IS NOT NULL "
        "UNION SELECT provider_id, rrn FROM new_sales WHERE rrn IS NOT NULL "
        "UNION SELECT provider_id, ref FROM new_settlements WHERE ref IS NOT NULL",
    )
    engine.run(
        "touching_terminals",
        "SELECT DISTINCT n.terminal_id FROM new_terminals AS n ANTI JOIN old_terminals AS o "
        "ON o.terminal_id = n.terminal_id AND o.store_id IS NOT DISTINCT FROM n.store_id",
    )
    found = [
        (
            "SELECT i._segment, i.sale_key FROM closed_index AS i SEMI JOIN touching AS k "
            f"ON {key_of('k.key')} = i.row_key"
        ),
        (
            "SELECT i._segment, i.sale_key FROM closed_index AS i SEMI JOIN touching AS k "
            f"ON {key_of('k.provider_id', 'k.key')} = i.rrn_key"
        ),
        (
            "SELECT l._segment, l.sale_key FROM closed_lines AS l SEMI JOIN new_settlements AS n "
            f"ON {key_of('n.provider_id', 'n.line_id')} = l.line_key"
        ),
    ]
    ((places,),) = engine.rows("SELECT count(*) FROM touching_terminals")
    if places:
        found.append(
            "SELECT o._segment, o.sale_key FROM closed_outcomes AS o "
            "SEMI JOIN touching_terminals AS p ON p.terminal_id = o.terminal_id"
        )
    return " UNION ".join(found)


_ACCOUNT = (
    "merchant_id", "provider_id", "bank_id", "store_id", "channel", "currency", "valid_from",
)  # fmt: skip
