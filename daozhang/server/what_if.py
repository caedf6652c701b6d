"""What if the terms were others: the same sales, promised and charged under both (R41).

Rules kept here: promises and fees come from the journeys' own rules, for the terms as they are and
as they might be, so that nothing but the terms differs; what is compared is promise with promise,
not what really happened. Amounts are before refunds.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from daozhang.app.seek import quoted
from daozhang.app.snapshot import Reading
from daozhang.journey.fees import expected_fee, fee_on_payout
from daozhang.journey.promise import CLOCKS, Clock, spans
from daozhang.journey.terms import Term, TermsBook

__all__ = ["SALES_MAX", "Answer", "Promised", "Sales", "ask", "compare", "promised"]

SALES_MAX: Final = 200_000
"""So many sales are asked about, the newest; a page must not take long."""

Ints = npt.NDArray[np.int64]
NEVER: Final = np.iinfo(np.int64).max

_MINUTE_US: Final = 60_000_000
_YEAR_MIN: Final = 365 * 24 * 60


@dataclass(frozen=True, slots=True)
class Sales:
    """Sales of one provider in the currency of the terms, the newest first.

    Attributes:
        provider_id: whose.
        ids: sale ids.
        routes: number of each sale's (channel, merchant, account) in ``ways``.
        ways: the distinct ones.
        clocks: clock → instants in microseconds since 1970.
        amount_minor: amounts before fees.
        capped: there were more than :data:`SALES_MAX`.
        over_min: minutes in which they were made: those asked about, or since the very first
            sale, or of a capped list since its oldest.
    """

    provider_id: str
    ids: Sequence[str]
    routes: Ints
    ways: Sequence[tuple[str | None, str | None, str | None]]
    clocks: dict[Clock, Ints]
    amount_minor: Ints
    capped: bool
    over_min: int


@dataclass(frozen=True, slots=True)
class Promised:
    """What terms promise for sales: microseconds since 1970, :data:`NEVER` without a term.

    Attributes:
        due: when each sale's money is due.
        term: index of the term that governs; -1: none.
        day: ordinal of the business date.
    """

    due: Ints
    term: Ints
    day: Ints


@dataclass(frozen=True, slots=True)
class Answer:
    """Terms as they are beside terms as they might be, over the sales that both promise.

    Attributes:
        places: which of the sales are compared.
        due_now: when the money of each is due, microseconds since 1970.
        due_then: the same under the other terms.
        wait_now: minutes from sale to promise, by sale.
        wait_then: the same under the other terms.
        amount_minor: amounts, by sale.
        fee_now_minor: fee and tax agreed on them now.
        fee_then_minor: the same under the other terms.
        over_min: from the first of them, or the first moment asked about, to the snapshot's.
    """

    places: Ints
    due_now: Ints
    due_then: Ints
    wait_now: Ints
    wait_then: Ints
    amount_minor: Ints
    fee_now_minor: int
    fee_then_minor: int
    over_min: int

    @property
    def gain(self) -> Ints:
        """Minutes by which each sale's money is due sooner; below zero: later."""
        return self.wait_now - self.wait_then

    def percentile(self, values: Ints, percent: int, *, by_money: bool = False) -> int:
        """Return the least value that so much of the sales, or of the money, does not exceed."""
        order = np.argsort(values, kind="stable")
        weights = self.amount_minor[order] if by_money else np.ones(len(order), dtype=np.int64)
        reached = np.cumsum(weights)
        wanted = -(-int(reached[-1]) * percent // 100)
        return int(values[order][int(np.searchsorted(reached, max(wanted, 1)))])

    def weighted(self, values: Ints) -> int:
        """Return the sum of minutes times minor units, exactly."""
        minor = self.amount_minor
        if not len(values):
            return 0
        most = int(np.abs(values).max()) * int(np.abs(minor).max()) * len(values)
        if most <= np.iinfo(np.int64).max:
            return int(np.dot(values, minor))
        # Sums that a machine word does not hold are added up in whole numbers of any size.
        return sum(m * n for m, n in zip(values.tolist(), minor.tolist(), strict=True))

    def on_its_way_minor(self, wait: Ints) -> int:
        """Return how much money is on its way at an average moment."""
        return self.weighted(wait) // max(self.over_min, 1)

    @property
    def money_gain_min(self) -> int:
        """The mean gain of a minor unit, in minutes, rounded towards zero."""
        whole = int(self.amount_minor.sum())
        gained = self.weighted(self.gain)
        minutes = abs(gained) // max(whole, 1)
        return minutes if gained >= 0 else -minutes

    @property
    def extra_fee_minor(self) -> int:
        """What the other terms cost more; below zero: less."""
        return self.fee_then_minor - self.fee_now_minor

    @property
    def yearly_permille(self) -> int | None:
        """What the extra fee is as interest a year on the money that comes sooner; None: none."""
        gained = self.weighted(self.gain)
        if gained <= 0 or self.extra_fee_minor <= 0:
            return None
        return self.extra_fee_minor * _YEAR_MIN * 1000 // gained


def ask(reading: Reading, provider_id: str, currency: str, days: int) -> Sales:
    """Return a provider's sales of the last days before the snapshot's moment."""
    until = reading.about.as_of.astimezone(UTC)
    since = until - timedelta(days=days)
    after = f"TIMESTAMPTZ '{since:%Y-%m-%d %H:%M:%S}+00'"
    who = quoted(provider_id)
    table = reading.engine().fetch(
        "SELECT p.sale_id, p.channel, p.merchant_id, p.account_id, p.amount_minor, "
        "epoch_us(p.captured_at) AS captured, epoch_us(p.seen_at) AS seen, "
        "epoch_us(coalesce(p.submitted_at, p.seen_at)) AS submitted "
        "FROM parcels AS p JOIN outcomes AS o ON o.sale_id = p.sale_id "
        f"WHERE p.provider_id = {who} AND o.provider_id = {who} "
        f"AND p.captured_at >= {after} AND o.captured_at >= {after} "
        f"AND p.currency = {quoted(currency)} AND o.status NOT IN ('cancelled', 'failed') "
        f"ORDER BY p.captured_at DESC, p.sale_id LIMIT {SALES_MAX + 1}"
    )
    capped = table.num_rows > SALES_MAX
    table = table.slice(0, SALES_MAX)
    routes, ways = _ways(table)
    clocks = {name: np.asarray(table[name].combine_chunks(), dtype=np.int64) for name in CLOCKS}
    first = reading.figures.first_sale
    begun = since if first is None else max(since, first)
    if capped:
        begun = _moment(clocks["captured"].min())
    return Sales(
        provider_id=provider_id,
        ids=table["sale_id"].to_pylist(),
        routes=routes,
        ways=ways,
        clocks=clocks,
        amount_minor=np.asarray(table["amount_minor"].combine_chunks(), dtype=np.int64),
        capped=capped,
        over_min=(until - begun) // timedelta(minutes=1),
    )  # fmt: skip


def _ways(table: pa.Table) -> tuple[Ints, list[tuple[Any, Any, Any]]]:
    """Number the distinct (channel, merchant, account) of a table's rows."""
    code = np.zeros(table.num_rows, dtype=np.int64)
    names: list[list[Any]] = []
    for column in ("channel", "merchant_id", "account_id"):
        told = table[column].combine_chunks().dictionary_encode()
        names.append([*told.dictionary.to_pylist(), None])
        last = len(names[-1]) - 1
        place = np.asarray(told.indices.cast(pa.int64()).fill_null(last), dtype=np.int64)
        code = code * len(names[-1]) + place
    kinds, routes = np.unique(code, return_inverse=True)
    ways = []
    for kind in kinds.tolist():
        rest, account = divmod(kind, len(names[2]))
        channel, merchant = divmod(rest, len(names[1]))
        ways.append((names[0][channel], names[1][merchant], names[2][account]))
    return np.asarray(routes, dtype=np.int64), ways


def promised(book: TermsBook, sales: Sales) -> Promised:
    """Return what terms promise for sales, by the spans that the journeys are joined with."""
    count = len(sales.ids)
    made = Promised(
        np.full(count, NEVER), np.full(count, -1, dtype=np.int64), np.zeros(count, dtype=np.int64)
    )
    if not count:
        return made
    by_terms: dict[tuple[int, ...], list[int]] = {}
    known: dict[tuple[int, ...], tuple[Term, ...]] = {}
    for number, (channel, merchant, account) in enumerate(sales.ways):
        terms = book.candidates(sales.provider_id, channel, merchant, account)
        key = tuple(term.index for term in terms)
        by_terms.setdefault(key, []).append(number)
        known[key] = terms
    for key, numbers in by_terms.items():
        _put(book, known[key], np.flatnonzero(np.isin(sales.routes, numbers)), sales, made)
    return made


def _put(
    book: TermsBook, terms: tuple[Term, ...], rows: Ints, sales: Sales, made: Promised
) -> None:
    """Promise some sales; where several terms hold, the best is the first of their ranks."""
    laid = [
        (span.rank, span.from_at, clock, span)
        for clock in CLOCKS
        for span in spans(
            book, terms, clock, _moment(sales.clocks[clock][rows].min()),
            _moment(sales.clocks[clock][rows].max()),
        )
    ]  # fmt: skip
    for rank in sorted({one[0] for one in laid}):
        own = sorted((one for one in laid if one[0] == rank), key=lambda one: one[1])
        clock = own[0][2]
        starts, ends, due = (
            np.asarray([_micros(moment) for moment in moments], dtype=np.int64)
            for moments in (
                [one[3].from_at for one in own], [one[3].until_at for one in own],
                [one[3].due_at for one in own],
            )
        )  # fmt: skip
        days = np.asarray([one[3].business_date.toordinal() for one in own], dtype=np.int64)
        left = rows[made.term[rows] < 0]
        at = sales.clocks[clock][left]
        place = np.searchsorted(starts, at, side="right") - 1
        held = (place >= 0) & (at < ends[np.maximum(place, 0)])
        left, place = left[held], place[held]
        made.due[left], made.day[left] = due[place], days[place]
        made.term[left] = own[0][3].term_index


def _moment(micros: Any) -> datetime:
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros))


def _micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


def compare(now: TermsBook, then: TermsBook, sales: Sales, over_min: int) -> Answer | None:
    """Return terms beside others, over sales that both promise; None: there is no such sale.

    Args:
        now: the terms as they are.
        then: the terms as they might be.
        sales: of one provider.
        over_min: how many minutes they were made in.
    """
    before, after = promised(now, sales), promised(then, sales)
    places = np.flatnonzero((before.term >= 0) & (after.term >= 0))
    if not len(places):
        return None
    captured = sales.clocks["captured"][places]
    return Answer(
        places=places,
        due_now=before.due[places],
        due_then=after.due[places],
        wait_now=(before.due[places] - captured) // _MINUTE_US,
        wait_then=(after.due[places] - captured) // _MINUTE_US,
        amount_minor=sales.amount_minor[places],
        fee_now_minor=_fees(now, sales, before, places),
        fee_then_minor=_fees(then, sales, after, places),
        over_min=over_min,
    )


def _fees(book: TermsBook, sales: Sales, made: Promised, places: Ints) -> int:
    """Return fee and tax on sales: on each, or on the sum of an account's business date."""
    whole = 0
    for index in np.unique(made.term[places]).tolist():
        term = book.terms[index]
        rows = places[made.term[places] == index]
        amounts = sales.amount_minor[rows]
        if term.fee_basis == "payout":
            accounts = [sales.ways[number][2] or "" for number in sales.routes[rows].tolist()]
            sums: dict[tuple[str, int], list[int]] = {}
            for account, day, amount in zip(
                accounts, made.day[rows].tolist(), amounts.tolist(), strict=True
            ):
                sums.setdefault((account, day), []).append(amount)
            whole += sum(sum(fee_on_payout(term, part)) for part in sums.values())
        else:
            kinds, counts = np.unique(amounts, return_counts=True)
            whole += sum(
                sum(expected_fee(term, amount)) * count
                for amount, count in zip(kinds.tolist(), counts.tolist(), strict=True)
                if amount >= 0
            )
    return whole
