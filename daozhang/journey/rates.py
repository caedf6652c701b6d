"""Tables that SQL needs of the terms: rates, promises moved by a minimum payout, local days."""

from __future__ import annotations

from collections import defaultdict
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pyarrow as pa

from daozhang.engine import Engine
from daozhang.journey.fees import fee_on_payout
from daozhang.journey.known import start_of_day
from daozhang.journey.promise import accrue, due_for_business_date
from daozhang.journey.terms import Rate, TermsBook
from daozhang.money import allocate, format_minor

__all__ = ["put_fee_shares", "put_local_days", "put_moved", "put_rates"]

_INSTANT = pa.timestamp("us", "UTC")
_RATE = pa.schema(
    [
        ("term_index", pa.int32()), ("fee_num", pa.int64()), ("fee_den", pa.int64()),
        ("fee_cap_minor", pa.int64()), ("fee_fixed_minor", pa.int64()),
        ("fee_rounding", pa.string()),
        ("fee_refunded", pa.bool_()), ("tax_num", pa.int64()), ("tax_den", pa.int64()),
        ("min_payout_minor", pa.int64()), ("daily_limit_minor", pa.int64()),
    ]
)  # fmt: skip
_MOVED = pa.schema(
    [
        ("provider_id", pa.string()), ("account_id", pa.string()), ("term_index", pa.int32()),
        ("business_date", pa.date32()), ("due_at", _INSTANT), ("due_date", pa.date32()),
        ("due_day_at", _INSTANT), ("clear_at", _INSTANT), ("pay_at", _INSTANT),
        ("promise_rule", pa.string()), ("provisional", pa.bool_()),
    ]
)  # fmt: skip
_LOCAL_DAY = pa.schema(
    [("utc_day", pa.date32()), ("day", pa.date32()), ("starts_at", _INSTANT), ("ends_at", _INSTANT)]
)


def _of_whole(rate: Rate) -> tuple[int, int]:
    """Turn basis points into a fraction of the whole."""
    numerator, denominator = rate
    return numerator, denominator * 10_000


def put_rates(engine: Engine, book: TermsBook) -> None:
    """Make table ``term_rates``: one row a term, rates as fractions of the amount."""
    rows = []
    for term in book.terms:
        fee_num, fee_den = _of_whole(term.fee_bps)
        tax_num, tax_den = _of_whole(term.fee_tax_bps)
        rows.append(
            {
                "term_index": term.index,
                "fee_num": fee_num,
                "fee_den": fee_den,
                "fee_cap_minor": term.fee_cap_minor,
                "fee_fixed_minor": term.fee_fixed_minor,
                "fee_rounding": term.fee_rounding.value,
                "fee_refunded": term.fee_refunded,
                "tax_num": tax_num,
                "tax_den": tax_den,
                "min_payout_minor": term.min_payout_minor,
                "daily_limit_minor": term.daily_limit_minor,
            }
        )
    engine.put("term_rates", pa.Table.from_pylist(rows, _RATE))


def put_moved(engine: Engine, book: TermsBook) -> None:
    """Make table ``moved`` from ``accruals``: promises that wait for a minimum payout.

    An account's accrued net is one sum for a provider, whatever term each day fell under; the
    minimum is that of the day's own term (the contract's terms, "Promise").
    """
    days: dict[tuple[str, str, int], dict[date, int]] = defaultdict(lambda: defaultdict(int))
    terms_on: dict[tuple[str, str, int, date], set[int]] = defaultdict(set)
    for provider, account, index, day, net in engine.rows("SELECT * FROM accruals"):
        assert isinstance(index, int)
        assert isinstance(day, date)
        key = (str(provider), str(account), book.terms[index].min_payout_minor)
        days[key][day] += int(str(net))
        terms_on[(*key, day)].add(index)
    rows: list[dict[str, object]] = []
    for key, nets in sorted(days.items()):
        ordered = sorted(nets.items())
        for (day, _), reached in zip(ordered, accrue(ordered, key[2]), strict=True):
            if reached != day:
                rows += [
                    _moved_row(book, key, index, day, reached) for index in terms_on[(*key, day)]
                ]
    engine.put("moved", pa.Table.from_pylist(rows, _MOVED))


def _moved_row(
    book: TermsBook, key: tuple[str, str, int], index: int, day: date, reached: date | None
) -> dict[str, object]:
    term = book.terms[index]
    least = format_minor(term.min_payout_minor, book.currency)
    row: dict[str, object] = {
        "provider_id": key[0], "account_id": key[1], "term_index": index, "business_date": day,
        "provisional": False, "promise_rule": f"waits until {least} has accrued",
    }  # fmt: skip
    if reached is None:
        return row
    due = due_for_business_date(book, term, reached)
    return row | {
        "due_at": due.due_at,
        "due_date": due.due_date,
        "due_day_at": start_of_day(due.due_date, term.credit_timezone),
        "clear_at": due.clear_at,
        "pay_at": due.pay_at,
        "provisional": due.provisional,
        "promise_rule": f"{due.rule}; {least} reached on {reached.isoformat()}",
    }


def put_fee_shares(engine: Engine, book: TermsBook) -> None:
    """Make table ``fee_shares``: each sale's share of a fee that is agreed on whole payouts.

    What one account takes in on one business date is taken for one payout; its fee is shared in
    proportion to the amounts, to the minor unit.
    """
    shared = [term for term in book.terms if term.fee_basis == "payout"]
    rows: list[dict[str, object]] = []
    if shared:
        indexes = ", ".join(str(term.index) for term in shared)
        groups: dict[tuple[int, object, object], list[tuple[str, int]]] = defaultdict(list)
        for sale in engine.fetch(
            "SELECT p.sale_id, p.amount_minor, p.term_index, p.account_id, s.business_date "
            "FROM priced AS p JOIN spans AS s ON s.span_id = p.span_id "
            f"WHERE p.term_index IN ({indexes}) AND p.voided = 0 ORDER BY p.sale_id"
        ).to_pylist():
            key = (sale["term_index"], sale["account_id"], sale["business_date"])
            groups[key].append((sale["sale_id"], sale["amount_minor"]))
        for (index, _, _), sales in groups.items():
            amounts = [amount for _, amount in sales]
            fee, _ = fee_on_payout(book.terms[index], amounts)
            parts = allocate(fee, amounts) if sum(amounts) else [0] * len(sales)
            rows += [
                {"sale_id": sale_id, "fee_minor": part}
                for (sale_id, _), part in zip(sales, parts, strict=True)
            ]
    schema = pa.schema([("sale_id", pa.string()), ("fee_minor", pa.int64())])
    engine.put("fee_shares", pa.Table.from_pylist(rows, schema))


def put_local_days(engine: Engine, zone: str, first: datetime, last: datetime) -> None:
    """Make table ``local_days``: the local days of a zone, one row for each UTC day they touch."""
    day = first.date() - timedelta(days=1)
    days = [day + timedelta(days=n) for n in range((last.date() - day).days + 3)]
    starts = [start_of_day(d, zone) for d in days]
    rows = []
    for local, (since, until) in zip(days, pairwise(starts), strict=False):
        touched = since.date()
        while datetime.combine(touched, datetime.min.time(), UTC) < until:
            rows.append({"utc_day": touched, "day": local, "starts_at": since, "ends_at": until})
            touched += timedelta(days=1)
    engine.put("local_days", pa.Table.from_pylist(rows, _LOCAL_DAY))
