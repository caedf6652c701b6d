"""Where late money stopped: the leg that had to be on time and was not.

Rules kept here (the contract's leg deadlines). Every leg has a deadline in every settlement
cycle: the cut-off for submitting, the terms' ``clear_by`` and ``pay_by``, the promise for the
credit. A leg that ends after its deadline carries the money into the first cycle whose deadline
it still meets; what it costs is how much later that cycle's promise is. A leg whose successor
ended in an earlier cycle cost nothing, whatever its own deadline said. The leg of late money is
the earliest that cost something and without whose cost the money would have been on time; where
two delays had to come together, the earliest of them. Where a batch missed its cut-off, what became
of the account's other money of that cycle, handed in in time, tells better than such sums: if it
came in time, the batch would have, whatever befell the cycle that it went with; so too if it was
all in that batch, and what befell it later is told to have begun after it was due. Of a payout that
came back the first that was sent tells what the legs before it cost: sent in time for the promise,
they cost nothing.

Where the terms set no deadline it is the 95th percentile of the provider's on-time peers, with
their own spread (95th less 50th percentile) as grace: one on-time leg in twenty exceeds a 95th
percentile, and that alone explains nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from daozhang.engine import Engine
from daozhang.journey._local_time import first_reading
from daozhang.journey.figures import percentile
from daozhang.journey.promise import due_for_business_date
from daozhang.journey.sums import added_rows
from daozhang.journey.terms import Term, TermsBook

__all__ = ["LEGS", "deadline_of_peers", "put_legs"]

LEGS = ("submit", "clear", "pay_out", "credit")
GRACE_MIN = 15
"""Least grace on a percentile deadline, in minutes."""

GRACE_MAX = 120
"""Most grace: where a provider has windows, the middle of its peers is another window's."""

_HORIZON_DAYS = 30
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_NONE = np.iinfo(np.int64).min
Micros = npt.NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _Cycles:
    """One term's cycles in ascending order; instants in microseconds since 1970."""

    submit: Micros
    clear: Micros
    pay_out: Micros
    due: Micros


def put_legs(engine: Engine, book: TermsBook) -> None:
    """Make table ``legs``: (sale_id, leg) for late and overdue sales.

    Expects ``hand_ins``: when sales were handed in whose provider's sales do not say so;
    ``first_sent``: when payouts that came back had first been sent; and ``spared``: sales that
    would have come in time had they met their cut-off.
    """
    table = engine.fetch(
        "SELECT o.sale_id, o.provider_id, o.term_index, o.business_date, o.promised_at, "
        "o.cutoff_at, o.clear_by_at, o.pay_by_at, "
        "coalesce(o.submitted_at, h.submitted_at) AS submitted_at, o.first_cleared_at, "
        "o.paid_out_at, f.first_sent_at, o.credited_at, o.as_of, o.status, o.own_lines, "
        "o.own_whole, o.withheld, w.sale_id IS NOT NULL AS spared "
        "FROM outcomes_late AS o LEFT JOIN hand_ins AS h ON h.sale_id = o.sale_id "
        "LEFT JOIN spared AS w ON w.sale_id = o.sale_id "
        "LEFT JOIN first_sent AS f ON f.provider_id = o.provider_id AND f.payout_id = o.payout_id "
        "WHERE o.status IN ('late', 'overdue') ORDER BY o.sale_id"
    )
    legs: list[pa.Table] = []
    if table.num_rows:
        submitters = {row["provider_id"] for row in added_rows(engine, "leg_submitters")}
        peers = _peers(engine, book)
        for provider, index, part in _by_term(table):
            term = None if index is None else book.terms[index]
            legs.append(_legs_of(book, term, part, peers.get(provider, {}), provider in submitters))
    schema = pa.schema([("sale_id", pa.string()), ("leg", pa.string())])
    engine.put("legs", pa.concat_tables(legs) if legs else schema.empty_table())


def _by_term(table: pa.Table) -> Iterator[tuple[str, int | None, pa.Table]]:
    """Return the rows of each provider and term."""
    provider = np.asarray(table["provider_id"].combine_chunks().dictionary_encode().indices)
    index = np.asarray(table["term_index"].fill_null(-1), dtype=np.int64)
    order = np.lexsort((index, provider))
    ends = np.diff(provider[order]).astype(bool) | np.diff(index[order]).astype(bool)
    ordered = table.take(pa.array(order)).combine_chunks()
    begins = [0, *(np.flatnonzero(ends) + 1)]
    for begin, end in pairwise([*begins, len(order)]):
        part = ordered.slice(begin, end - begin)
        yield part["provider_id"][0].as_py(), part["term_index"][0].as_py(), part


def _peers(engine: Engine, book: TermsBook) -> dict[str, dict[str, int]]:
    """Return by provider and leg the deadline that peers set, in microseconds of offset."""
    if all(term.clear_by is not None and term.pay_by is not None for term in book.terms):
        return {}
    counted: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for row in added_rows(engine, "leg_buckets"):
        counted[row["provider_id"], row["leg"]][row["minutes"]] = row["sales"]
    peers: dict[str, dict[str, int]] = defaultdict(dict)
    for (provider, leg), buckets in counted.items():
        peers[provider][leg] = deadline_of_peers(buckets)
    return peers


def deadline_of_peers(buckets: dict[int, int]) -> int:
    """Return the deadline that on-time legs set, in microseconds of offset.

    Args:
        buckets: how many of them took how many minutes; not empty.
    """
    high, middle = percentile(buckets, 95), percentile(buckets, 50)
    grace = min(max(high - middle, GRACE_MIN), GRACE_MAX)
    return (high + 1 + grace) * 60_000_000


def _micros(column: Any) -> Micros:
    """Return a column of instants as microseconds; NULL becomes the least integer."""
    filled = column.combine_chunks().cast(pa.timestamp("us", "UTC")).cast(pa.int64())
    return np.asarray(filled.fill_null(_NONE), dtype=np.int64)


def _instant(moment: datetime | None) -> int:
    if moment is None:
        return _NONE
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _cycles(book: TermsBook, term: Term, first: date, last: date, peers: dict[str, int]) -> _Cycles:
    """Lay out a term's cycles; a deadline that nothing sets is as late as the promise."""
    columns: tuple[list[int], ...] = ([], [], [], [])
    # Where a window reaches up to the cut-off, nothing has the plain promise: a day's last money
    # is due with that window, which may be after the plain promise.
    final = len(term.windows) - 1
    window = final if term.windows and term.windows[final].until >= term.cutoff else -1
    day = first
    while day <= last:
        due = due_for_business_date(book, term, day, window)
        cutoff_at = _instant(_cutoff(term, day))
        due_at = _instant(due.due_at)
        clear_at = _instant(due.clear_at)
        pay_at = _instant(due.pay_at)
        if clear_at == _NONE:
            clear_at = min(cutoff_at + peers["clear"], due_at) if "clear" in peers else due_at
        if pay_at == _NONE:
            pay_at = min(due_at + peers["pay_out"], due_at) if "pay_out" in peers else due_at
        for column, value in zip(columns, (cutoff_at, clear_at, pay_at, due_at), strict=True):
            column.append(value)
        day += timedelta(days=1)
    arrays = [np.maximum.accumulate(np.asarray(column, dtype=np.int64)) for column in columns]
    return _Cycles(*arrays)


def _cutoff(term: Term, day: date) -> datetime:
    return first_reading(day, term.cutoff, ZoneInfo(term.timezone))


def _legs_of(
    book: TermsBook, term: Term | None, part: pa.Table, peers: dict[str, int], submits: bool
) -> pa.Table:
    """Return the legs of the late sales of one provider and term."""
    sale_ids = part["sale_id"]
    as_of = _micros(part["as_of"])
    if term is None or not part.num_rows:
        names = pa.array(["credit"] * part.num_rows)
        return pa.table({"sale_id": sale_ids, "leg": names})
    days = pc.min_max(part["business_date"]).as_py()
    now = _EPOCH + timedelta(microseconds=int(as_of.max()))
    last = max(now.date(), days["max"])
    cycles = _cycles(book, term, days["min"], last + timedelta(days=_HORIZON_DAYS), peers)
    legs = _where_short(part, _earliest_that_cost(part, cycles, submits=submits))
    return pa.table({"sale_id": sale_ids, "leg": pa.array(LEGS).take(pa.array(legs))})


def _where_short(part: pa.Table, legs: Micros) -> Micros:
    """Return the legs, with those where money was taken off: time has nothing to do with it.

    A sale whose lines have all arrived was settled for less than it sold; a payout that brings
    less than its lines was paid out short.
    """
    open_ = ~_is_late(part)
    own, whole, withheld = (_numbers(part[c]) for c in ("own_lines", "own_whole", "withheld"))
    clear, pay_out = LEGS.index("clear"), LEGS.index("pay_out")
    short = np.where(withheld != 0, pay_out, legs)
    short = np.where((own != 0) & (whole == own), clear, short)
    return np.where(open_, short, legs)


def _is_late(part: pa.Table) -> npt.NDArray[np.bool_]:
    """Return which money has come in the end."""
    return np.asarray(pc.equal(part["status"], "late"), dtype=np.bool_)


def _numbers(column: Any) -> Micros:
    return np.asarray(column.fill_null(0), dtype=np.int64)


def _earliest_that_cost(part: pa.Table, cycles: _Cycles, *, submits: bool) -> Micros:
    as_of, promise = _micros(part["as_of"]), _micros(part["promised_at"])
    submitted, cleared = _micros(part["submitted_at"]), _micros(part["first_cleared_at"])
    paid, credited = _micros(part["paid_out_at"]), _micros(part["credited_at"])
    late = _is_late(part)
    end = np.where(late & (credited != _NONE), credited, as_of)

    # A leg that a later one overtook is over, though no fact says when.
    pay_over = (paid != _NONE) | (late & (credited != _NONE))
    clear_over = (cleared != _NONE) | pay_over
    submit_over = (submitted != _NONE) | clear_over | (not submits)
    first = _micros(part["first_sent_at"])
    ends = (
        np.where(submitted != _NONE, submitted, np.where(submit_over, _NONE, as_of)),
        np.where(cleared != _NONE, cleared, np.where(clear_over | ~submit_over, _NONE, as_of)),
        np.where(paid != _NONE, paid, np.where(pay_over | ~clear_over, _NONE, as_of)),
        first,
    )
    deadlines = (cycles.submit, cycles.clear, cycles.pay_out, cycles.pay_out)
    reached = [
        _promise_of_cycle(at, by, cycles.due, promise)
        for at, by in zip(ends, deadlines, strict=True)
    ]
    _keep_windows(reached, ends, part, cycles)
    sent = np.where(first == _NONE, _MAX, reached.pop())
    credit_cycle = np.where(
        late & (credited != _NONE), _promise_of_cycle(end, cycles.due, cycles.due, promise), _MAX
    )
    limit = credit_cycle
    for place in (2, 1, 0):
        reached[place] = np.minimum(reached[place], limit)
        known = ends[place] != _NONE
        limit = np.where(known, np.minimum(limit, reached[place]), limit)
        if place == 2:  # noqa: PLR2004 - what came back had been sent before
            limit = np.minimum(limit, sent)
    costs = []
    before = promise
    for cycle in reached:
        costs.append(np.maximum(cycle - before, 0))
        before = np.maximum(before, cycle)
    fallback = np.full(len(end), 3)
    chosen = np.full(len(end), 3)
    for place in (2, 1, 0):
        cost = costs[place]
        fallback = np.where(cost > 0, place, fallback)
        chosen = np.where((cost > 0) & (end - cost <= promise), place, chosen)
    spared = np.asarray(part["spared"], dtype=np.bool_)
    chosen = np.where((costs[0] > 0) & spared, 0, chosen)
    return np.where(chosen < 3, chosen, fallback)  # noqa: PLR2004 - 3 is the credit leg


def _keep_windows(
    reached: list[Micros], ends: tuple[Micros, ...], part: pa.Table, cycles: _Cycles
) -> None:
    """Leave a same-day promise to legs that met their own deadline.

    A sale in a window is promised earlier than its cycle. The cycle's later promise is no cost of a
    leg that ended in time for the window: by the cut-off, the terms' deadlines, else the promise.
    """
    promise, cutoff = _micros(part["promised_at"]), _micros(part["cutoff_at"])
    own = np.minimum(np.searchsorted(cycles.submit, cutoff, side="left"), len(cycles.due) - 1)
    windowed = (promise != _NONE) & (cutoff != _NONE) & (promise < cycles.due[own])
    for place, column in enumerate(("cutoff_at", "clear_by_at", "pay_by_at", "pay_by_at")):
        by = _micros(part[column])
        met = ends[place] <= np.where(by == _NONE, promise, by)
        reached[place] = np.where(windowed & met, promise, reached[place])


_MAX = np.iinfo(np.int64).max


def _promise_of_cycle(at: Micros, deadlines: Micros, due: Micros, promise: Micros) -> Micros:
    """Return the promise of the first cycle whose deadline an instant meets, at least one's own."""
    place = np.minimum(np.searchsorted(deadlines, at, side="left"), len(due) - 1)
    return np.where(at == _NONE, promise, np.maximum(due[place], promise))
