"""Which account and which terms a sale falls under, as tables that SQL can join.

A *route* is a distinct (merchant, store, provider, channel, currency) of the sales. Its account is
the most specific ``accounts`` row (the contract's terms); its terms are the candidates that apply
to it, best first. Promises are laid out as *spans*: for every moment of a cut-off clock the
promise that a sale at that moment gets. There are few routes and few spans, so they are made in
Python; sales are many, so they meet them in SQL.
"""

from __future__ import annotations

import bisect
from collections.abc import Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pyarrow as pa

from daozhang.engine import Engine
from daozhang.journey._local_time import first_reading
from daozhang.journey.known import start_of_day
from daozhang.journey.promise import CLOCKS, Span, clock_of, spans
from daozhang.journey.terms import Term, TermsBook

__all__ = ["ALWAYS", "lay_routes", "lay_spans"]

ALWAYS = (datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC))
DAYS_PROMISED = (date(1990, 1, 1), date(2190, 1, 1))
"""Sales dated outside these have a clock that means nothing, and no promise."""

_RANGE_GAP_DAYS = 40
"""Days without a sale after which spans are not laid through (a till's clock may say 2000)."""

_INSTANT = pa.timestamp("us", "UTC")
_ROUTE = pa.schema(
    [
        *((c, pa.string()) for c in ("merchant_id", "store_id", "provider_id")),
        ("channel", pa.string()), ("currency", pa.string()),
        ("clock", pa.string()), ("from_at", _INSTANT), ("until_at", _INSTANT),
        ("account_id", pa.string()), ("term_key", pa.int32()),
    ]
)  # fmt: skip
_SPAN_DAY = pa.schema(
    [
        ("term_key", pa.int32()), ("clock", pa.string()), ("utc_day", pa.date32()),
        ("from_at", _INSTANT), ("until_at", _INSTANT), ("rank", pa.int32()),
        ("span_id", pa.int32()),
    ]
)  # fmt: skip
_SPAN = pa.schema(
    [
        ("span_id", pa.int32()), ("term_index", pa.int32()), ("window_no", pa.int32()),
        ("business_date", pa.date32()), ("due_date", pa.date32()), ("due_at", _INSTANT),
        ("cutoff_at", _INSTANT), ("clear_at", _INSTANT), ("pay_at", _INSTANT),
        ("promise_rule", pa.string()), ("provisional", pa.bool_()),
        ("due_day_at", _INSTANT), ("base_due_date", pa.date32()), ("base_due_at", _INSTANT),
        ("base_due_day_at", _INSTANT), ("base_clear_at", _INSTANT), ("base_pay_at", _INSTANT),
        ("base_rule", pa.string()), ("base_provisional", pa.bool_()),
    ]
)  # fmt: skip


def lay_routes(engine: Engine, book: TermsBook) -> list[tuple[Term, ...]]:
    """Make table ``routes`` from ``sold`` and ``facts_accounts``; return candidates by term key."""
    accounts = engine.fetch(
        "SELECT account_id, merchant_id, provider_id, store_id, channel, currency, valid_from "
        "FROM facts_accounts ORDER BY account_id"
    ).to_pylist()
    by_merchant: dict[str, list[dict[str, Any]]] = {}
    for account in accounts:
        by_merchant.setdefault(account["merchant_id"], []).append(account)
    routes = engine.fetch(
        "SELECT DISTINCT merchant_id, store_id, provider_id, channel, currency FROM sold "
        "ORDER BY merchant_id, store_id, provider_id, channel, currency"  # numbers the term keys
    ).to_pylist()
    keys: dict[tuple[int, ...], int] = {}
    candidates: list[tuple[Term, ...]] = []
    rows = []
    for route in routes:
        clock = _account_clock(route, book)
        for since, until, account_id in _segments(route, by_merchant, book):
            terms = book.candidates(
                route["provider_id"], route["channel"], route["merchant_id"], account_id
            )
            indexes = tuple(term.index for term in terms)
            if terms and indexes not in keys:
                keys[indexes] = len(candidates)
                candidates.append(tuple(terms))
            rows.append(
                {
                    **{c: route[c] or "" for c in _ROUTE.names[:5]},
                    "clock": clock,
                    "from_at": since,
                    "until_at": until,
                    "account_id": account_id,
                    "term_key": keys.get(indexes),
                }
            )
    engine.put("routes", pa.Table.from_pylist(rows, _ROUTE))
    return candidates


def _segments(
    route: dict[str, Any], by_merchant: dict[str, list[dict[str, Any]]], book: TermsBook
) -> list[tuple[datetime, datetime, str | None]]:
    """Return from when until when which account a route's money goes to."""
    fitting = [
        (_specificity(account), account["valid_from"] or date.min, account["account_id"])
        for account in by_merchant.get(route["merchant_id"], ())
        if all(
            account[c] is None or account[c] == route[c]
            for c in ("provider_id", "store_id", "channel", "currency")
        )
    ]
    if not fitting:
        return [(*ALWAYS, None)]
    starts = sorted({since for _, since, _ in fitting} | {date.min})
    opened = (_opening(day, route, book) for day in starts[1:])
    moments = [ALWAYS[0], *opened, ALWAYS[1]]
    segments = []
    for place, day in enumerate(starts):
        valid = [entry for entry in fitting if entry[1] <= day]
        best = max(valid, key=lambda e: (e[0], e[1], _descending(e[2]))) if valid else None
        segments.append((moments[place], moments[place + 1], best[2] if best else None))
    return segments


def _opening(day: date, route: dict[str, Any], book: TermsBook) -> datetime:
    """Return when a business date begins: at the cut-off of the day before.

    An account is valid from a business date, as terms are; which terms say when that begins is
    settled without the account.
    """
    for term in book.candidates(route["provider_id"], route["channel"], route["merchant_id"], None):
        if term.valid_on(day):
            return first_reading(day - timedelta(days=1), term.cutoff, ZoneInfo(term.timezone))
    return start_of_day(day, book.timezone)


def _account_clock(route: dict[str, Any], book: TermsBook) -> str:
    """Return the clock that decides from which sale on a later account is valid."""
    terms = book.candidates(route["provider_id"], route["channel"], route["merchant_id"], None)
    return clock_of(terms[0]) if terms else "seen"


def _specificity(account: dict[str, Any]) -> tuple[bool, ...]:
    return tuple(account[c] is not None for c in ("store_id", "channel", "currency", "provider_id"))


def _descending(text: str) -> tuple[int, ...]:
    """Order texts backwards, so that ``max`` takes the first name among equals."""
    return tuple(-ord(letter) for letter in text)


def lay_spans(
    engine: Engine, book: TermsBook, candidates: Sequence[tuple[Term, ...]]
) -> tuple[Span, ...]:
    """Make tables ``span_days`` and ``spans`` for the days on which there were sales."""
    known: list[Span] = []
    day_rows: list[dict[str, object]] = []
    days = {clock: _days_with_sales(engine, clock) for clock in CLOCKS}
    for key, terms in enumerate(candidates):
        for clock in CLOCKS:
            for first, last in _ranges(days[clock]):
                laid = spans(
                    book,
                    terms,
                    clock,
                    datetime.combine(first, datetime.min.time(), UTC),
                    datetime.combine(last + timedelta(days=1), datetime.min.time(), UTC),
                )
                base = len(known)
                known.extend(laid)
                day_rows += _day_rows(key, clock, laid, base, days[clock])
    engine.put("span_days", pa.Table.from_pylist(day_rows, _SPAN_DAY))
    zones = {term.index: term.credit_timezone for term in book.terms}
    rows = [_span_row(i, span, zones[span.term_index]) for i, span in enumerate(known)]
    engine.put("spans", pa.Table.from_pylist(rows, _SPAN))
    return tuple(known)


def _span_row(number: int, span: Span, zone: str) -> dict[str, object]:
    return {
        "span_id": number,
        "term_index": span.term_index,
        "window_no": span.window,
        "business_date": span.business_date,
        "due_date": span.due_date,
        "due_at": span.due_at,
        "cutoff_at": span.cutoff_at,
        "clear_at": span.clear_at,
        "pay_at": span.pay_at,
        "promise_rule": span.rule,
        "provisional": span.provisional,
        "due_day_at": start_of_day(span.due_date, zone),
        "base_due_date": span.base_due_date,
        "base_due_at": span.base_due_at,
        "base_due_day_at": start_of_day(span.base_due_date, zone),
        "base_clear_at": span.base_clear_at,
        "base_pay_at": span.base_pay_at,
        "base_rule": span.base_rule,
        "base_provisional": span.base_provisional,
    }


def _days_with_sales(engine: Engine, clock: str) -> set[date]:
    # What is not handed in yet is promised by its seen instant, on the same clock's spans.
    at = "coalesce(submitted_at, seen_at)" if clock == "submitted" else f"{clock}_at"
    rows = engine.rows(f"SELECT DISTINCT CAST({at} AS DATE) FROM sold WHERE {at} IS NOT NULL")
    first, last = DAYS_PROMISED
    return {row[0] for row in rows if isinstance(row[0], date) and first <= row[0] < last}


def _ranges(days: Iterable[date]) -> list[tuple[date, date]]:
    """Join days into ranges, broken where there is a long gap."""
    ranges: list[tuple[date, date]] = []
    for day in sorted(days):
        if ranges and (day - ranges[-1][1]).days <= _RANGE_GAP_DAYS:
            ranges[-1] = (ranges[-1][0], day)
        else:
            ranges.append((day, day))
    return ranges


def _best_of(laid: Sequence[Span]) -> list[tuple[datetime, datetime, int]]:
    """Return disjoint (from, until, place in ``laid``): at each moment the span of least rank."""
    if not laid:
        return []
    best: list[tuple[datetime, datetime, int]] = []
    for rank in sorted({span.rank for span in laid}):
        places = [i for i, span in enumerate(laid) if span.rank == rank]
        free = [(a, b, i) for i in places for a, b in _uncovered(laid[i], best)]
        best = sorted(best + free)
    return best


def _uncovered(
    span: Span, taken: Sequence[tuple[datetime, datetime, int]]
) -> list[tuple[datetime, datetime]]:
    """Return the parts of a span that no span of a better rank has taken."""
    free = []
    at = span.from_at
    first = bisect.bisect_right(taken, at, key=lambda part: part[1])
    for since, until, _ in taken[first:]:
        if since >= span.until_at:
            break
        if since > at:
            free.append((at, since))
        at = max(at, until)
    if at < span.until_at:
        free.append((at, span.until_at))
    return free


def _day_rows(
    key: int,
    clock: str,
    laid: Sequence[Span],
    base: int,
    wanted: set[date],
) -> list[dict[str, object]]:
    """Cut disjoint spans into one row for each UTC day they touch."""
    rows: list[dict[str, object]] = []
    for since, until, place in _best_of(laid):
        day = since.date()
        while datetime.combine(day, datetime.min.time(), UTC) < until:
            if day in wanted:
                rows.append(
                    {
                        "term_key": key, "clock": clock, "utc_day": day, "from_at": since,
                        "until_at": until, "rank": laid[place].rank, "span_id": base + place,
                    }
                )  # fmt: skip
            day += timedelta(days=1)
    return rows
