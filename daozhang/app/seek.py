"""Finding a sale by whatever stands on the slip, and what may be meant when nothing is found.

An exact id or reference number is found at once. Otherwise sales are offered by payout, batch,
terminal, time, a card's last digits, the end of a number, a part of an id, an amount, or an id that
differs in a character or two; of several words each must fit.

Rules kept here: ends of numbers are looked for in :func:`numbers`, which a snapshot keeps in their
order; which sales are meant is asked of as few columns as will do, and all that is told of a sale
only of those few.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo
from itertools import pairwise
from typing import Final

from daozhang.app.slip import (
    amount_condition,
    card_columns,
    card_condition,
    quoted,
    time_condition,
    word_condition,
    words_of,
)
from daozhang.engine import Engine

__all__ = [
    "OFFERED_MAX", "WAYS", "Offer", "find_sales", "lay_numbers", "numbers", "offer_sales", "quoted",
]  # fmt: skip

CANDIDATES_MAX: Final = 20
"""How many sales are offered when a reference stands for several."""

OFFERED_MAX: Final = 8
"""How many sales are offered when a reference stands for none."""

_ENDING_MIN: Final = 4
_NEAR_MIN: Final = 5
_NEAR_EDITS: Final = 2
_PIECES: Final = _NEAR_EDITS + 1
_HIGHEST: Final = "chr(1114111)"
WAYS: Final = (
    "several", "payout", "batch", "terminal", "time", "amount", "card", "ending", "part", "near",
)  # fmt: skip
"""Why sales are offered."""

_OF_THE_TILL: Final = frozenset({"batch", "card", "several"})

_WHOSE: Final = "o.captured_at, o.merchant_id, o.store_id, o.provider_id, o.account_id"


def numbers(outcomes: str) -> str:
    """Return the SELECT of the ids and reference numbers of sales from their end on.

    With each is whose it is; in the order of ``backwards``, all that end alike lie together.

    Args:
        outcomes: the relation of the sales.
    """
    return (
        f"SELECT reverse(lower(o.sale_id)) AS backwards, false AS is_rrn, o.sale_id, {_WHOSE} "
        f"FROM {outcomes} AS o UNION ALL SELECT reverse(lower(p.rrn)), true, o.sale_id, {_WHOSE} "
        f"FROM {outcomes} AS o JOIN parcels AS p ON p.sale_id = o.sale_id WHERE p.rrn IS NOT NULL"
    )


@dataclass(frozen=True, slots=True)
class Offer:
    """A sale that may be meant.

    Attributes:
        why: one of :data:`WAYS`.
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


def lay_numbers(engine: Engine) -> None:
    """Name ``numbers`` in a run, as a snapshot has it: what the functions here ask."""
    engine.view("numbers", numbers("outcomes"))


def find_sales(engine: Engine, reference: str) -> list[str]:
    """Return the ids of the sales that a sale id or a reference number (RRN) stands for.

    Args:
        engine: holds a run with :func:`lay_numbers`, or a snapshot.
        reference: as somebody wrote it.
    """
    whole = quoted(reference)
    if engine.rows(f"SELECT sale_id FROM outcomes WHERE sale_id = {whole}"):
        return [reference]
    acted = engine.rows(
        f"SELECT DISTINCT sale_id FROM acts WHERE act_id = {whole} AND sale_id IS NOT NULL"
    )
    by_rrn = engine.rows(
        f"SELECT DISTINCT sale_id FROM numbers WHERE backwards = reverse(lower({whole})) "
        f"AND is_rrn ORDER BY sale_id LIMIT {CANDIDATES_MAX}"
    )
    return sorted({str(row[0]) for row in (*acted, *by_rrn)})


def offer_sales(engine: Engine, reference: str, zone: tzinfo = UTC) -> tuple[Offer, ...]:
    """Return sales that may be meant by a reference that stands for none, likeliest first.

    Args:
        engine: holds a run with :func:`lay_numbers`, or a snapshot.
        reference: as somebody wrote it.
        zone: in which times are meant.
    """
    found: dict[str, str] = {}
    for why, sql in _ways(reference.strip(), zone, card_columns(engine)):
        if len(found) >= OFFERED_MAX:
            break
        for (sale_id,) in engine.rows(f"{sql} LIMIT {OFFERED_MAX}"):
            found.setdefault(str(sale_id), why)
    shown = list(found)[:OFFERED_MAX]
    if not shown:
        return ()
    told = {
        row["sale_id"]: row
        for row in engine.fetch(
            "SELECT sale_id, amount_minor, currency, captured_at, terminal_id, status "
            f"FROM outcomes WHERE sale_id IN ({', '.join(map(quoted, shown))})"
        ).to_pylist()
    }
    return tuple(Offer(found[sale_id], **told[sale_id]) for sale_id in shown)


def _ways(reference: str, zone: tzinfo, cards: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield what a reference may be, from likely to far-fetched: why, and its sales as SQL."""
    for why, condition in _conditions(reference, zone, cards):
        if why == "ending":
            yield (
                why,
                (
                    f"SELECT sale_id FROM numbers WHERE {condition} GROUP BY sale_id "
                    "ORDER BY max(captured_at) DESC, sale_id"
                ),
            )
            continue
        till = " JOIN facts_sales AS f ON f.sale_id = o.sale_id" if why in _OF_THE_TILL else ""
        yield (
            why,
            (
                f"SELECT o.sale_id FROM outcomes AS o{till} WHERE {condition} "
                "ORDER BY o.captured_at DESC, o.sale_id"
            ),
        )


def _conditions(
    reference: str, zone: tzinfo, cards: Sequence[str]
) -> Iterator[tuple[str, str]]:  # fmt: skip
    """Yield what a reference may be, as (why, SQL condition), from likely to far-fetched."""
    words = words_of(reference)
    if not words:
        return
    if len(words) > 1:
        yield "several", " AND ".join(word_condition(word, zone, cards) for word in words)
    whole = quoted(reference)
    yield "payout", f"o.payout_id = {whole}"
    yield "batch", f"f.batch_no = {whole}"
    yield "terminal", f"o.terminal_id = {whole}"
    when = time_condition(words[0], zone) if len(words) == 1 else None
    if when:
        yield "time", when
    amount = amount_condition(reference)
    if amount and ("." in reference or "," in reference or not reference[0].isdigit()):
        yield "amount", amount
    card = card_condition(reference, cards)
    if card:
        yield "card", card
    if len(reference) >= _ENDING_MIN:
        begins = f"reverse(lower({whole}))"
        yield "ending", f"backwards >= {begins} AND backwards < {begins} || {_HIGHEST}"
        yield "part", f"contains(lower(o.sale_id), lower({whole}))"
    if amount:
        yield "amount", amount
    if len(reference) >= _NEAR_MIN:
        length = len(reference)
        alike = f"length(o.sale_id) BETWEEN {length - _NEAR_EDITS} AND {length + _NEAR_EDITS}"
        edits = f"levenshtein(lower(o.sale_id), lower({whole}))"
        yield "near", f"{alike} AND {_shares_a_piece(reference)} AND {edits} <= {_NEAR_EDITS}"


def _shares_a_piece(reference: str) -> str:
    """Return the condition that an id holds one of three pieces of a reference.

    Two changed characters leave one of three pieces as it is; comparing whole ids costs more.
    """
    ends = [len(reference) * place // _PIECES for place in range(_PIECES + 1)]
    pieces = [reference[a:b] for a, b in pairwise(ends)]
    held = (f"contains(lower(o.sale_id), lower({quoted(piece)}))" for piece in pieces)
    return f"({' OR '.join(held)})"
