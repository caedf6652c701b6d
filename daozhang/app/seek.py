"""Finding a sale by whatever stands on the slip, and what may be meant when nothing is found.

An exact id or reference number is found at once. Otherwise sales are offered by payout, batch, the
end of a number, a part of an id, an amount, or an id that differs in a character or two.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from daozhang.engine import Engine
from daozhang.money import digits_of

__all__ = ["OFFERED_MAX", "Offer", "find_sales", "offer_sales", "quoted"]

CANDIDATES_MAX: Final = 20
"""How many sales are offered when a reference stands for several."""

OFFERED_MAX: Final = 8
"""How many sales are offered when a reference stands for none."""

_ENDING_MIN: Final = 4
_NEAR_MIN: Final = 5
_NEAR_EDITS: Final = 2
_AMOUNT: Final = re.compile(r"[¥$€£]?(\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.(\d{1,3}))?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Offer:
    """A sale that may be meant.

    Attributes:
        why: ``payout``, ``batch``, ``ending``, ``part``, ``amount`` or ``near``.
        sale_id: the sale.
        amount_minor: its amount in minor units.
        currency: its currency.
        captured_at: when it was sold, UTC.
        terminal_id: where.
        status: what became of it.
    """

    why: str
    sale_id: str
    amount_minor: int
    currency: str
    captured_at: datetime
    terminal_id: str | None
    status: str


def quoted(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def find_sales(engine: Engine, reference: str) -> list[str]:
    """Return the ids of the sales that a sale id or a reference number (RRN) stands for."""
    exact = engine.rows(f"SELECT sale_id FROM outcomes WHERE sale_id = {quoted(reference)}")
    if exact:
        return [reference]
    acted = engine.rows(
        f"SELECT DISTINCT sale_id FROM acts WHERE act_id = {quoted(reference)} "
        "AND sale_id IS NOT NULL"
    )
    by_rrn = engine.rows(
        f"SELECT sale_id FROM parcels WHERE rrn = {quoted(reference)} "
        f"ORDER BY sale_id LIMIT {CANDIDATES_MAX}"
    )
    return sorted({str(row[0]) for row in (*acted, *by_rrn)})


def offer_sales(engine: Engine, reference: str) -> tuple[Offer, ...]:
    """Return sales that may be meant by a reference that stands for none, likeliest first."""
    found: dict[str, Offer] = {}
    for why, condition in _conditions(reference.strip()):
        if len(found) >= OFFERED_MAX:
            break
        for row in engine.fetch(
            "SELECT o.sale_id, o.amount_minor, o.currency, o.captured_at, o.terminal_id, "
            "o.status FROM outcomes AS o JOIN facts_sales AS f ON f.sale_id = o.sale_id "
            f"WHERE {condition} ORDER BY o.captured_at DESC, o.sale_id LIMIT {OFFERED_MAX}"
        ).to_pylist():
            found.setdefault(row["sale_id"], Offer(why, **row))
    return tuple(found.values())[:OFFERED_MAX]


def _conditions(reference: str) -> Iterator[tuple[str, str]]:
    """Yield what a reference may be, as (why, SQL condition), from likely to far-fetched."""
    if not reference:
        return
    whole = quoted(reference)
    yield "payout", f"o.payout_id = {whole}"
    yield "batch", f"f.batch_no = {whole}"
    amount = _AMOUNT.fullmatch(reference)
    if amount and ("." in reference or "," in reference or not reference[0].isdigit()):
        yield "amount", _amounts(amount[1].replace(",", ""), amount[2] or "")
    if len(reference) >= _ENDING_MIN:
        yield (
            "ending",
            f"(ends_with(lower(o.sale_id), lower({whole})) OR ends_with(f.rrn, {whole}))",
        )
        yield "part", f"contains(lower(o.sale_id), lower({whole}))"
    if amount:
        yield "amount", _amounts(amount[1].replace(",", ""), amount[2] or "")
    if len(reference) >= _NEAR_MIN:
        length = len(reference)
        alike = f"length(o.sale_id) BETWEEN {length - _NEAR_EDITS} AND {length + _NEAR_EDITS}"
        edits = f"levenshtein(lower(o.sale_id), lower({whole}))"
        yield "near", f"{alike} AND {edits} <= {_NEAR_EDITS}"


def _amounts(whole: str, part: str) -> str:
    """Return the condition that a sale's amount is this, in its currency's digits."""
    cases = []
    for currency, digits in (("JPY", 0), ("KRW", 0), ("", digits_of("CNY"))):
        if len(part) > digits:
            continue
        minor = int(whole + part.ljust(digits, "0"))
        own = f"o.currency = '{currency}'" if currency else "o.currency NOT IN ('JPY', 'KRW')"
        cases.append(f"({own} AND o.amount_minor = {minor})")
    return "(" + " OR ".join(cases or ["1 = 0"]) + ")"
