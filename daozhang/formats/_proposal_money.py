"""Whether gross, fee and net of a table add up, and how its fee is written."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Sequence

    from daozhang.formats._proposal_columns import Columns

__all__ = ["Closing", "closing_of", "triple_of"]

Numbers = list[Decimal | None]

_SIGNS: Final = ("as_written", "negative", "unsigned")
_COLUMNS_MAX: Final = 12
_ROWS_MIN: Final = 3


@dataclass(frozen=True, slots=True)
class Closing:
    """How far net = gross − fee − other deductions holds.

    Attributes:
        closes: rows on which it does.
        rows: rows that state all of them.
        gross: heading of the gross.
        fees: headings of what is taken off it.
        net: heading of the net.
        fee_sign: how the fee is written (``[settlement] fee``) where it closes best.
        decided: whether the rows tell that way of writing from the others.
    """

    closes: int
    rows: int
    gross: str
    fees: tuple[str, ...]
    net: str
    fee_sign: str
    decided: bool


def closing_of(
    columns: Columns,
    places: tuple[int, int, int],
    others: Sequence[int] = (),
    signs: Sequence[int] | None = None,
) -> Closing:
    """Return how far the rows close, with the fee written in the way that suits them best.

    Args:
        columns: the table.
        places: of gross, fee and net.
        others: of further deductions, each positive where it is kept.
        signs: 1 or -1 a row where amounts have no minus and the kind says which way they go;
            None: amounts carry their sign.
    """
    gross, fee, net = (columns.numbers(place) for place in places)
    more = [columns.numbers(place) for place in others]
    counts = dict.fromkeys(_SIGNS, 0)
    rows = 0
    for row, (total, kept, left) in enumerate(zip(gross, fee, net, strict=True)):
        if total is None or left is None:
            continue
        rows += 1
        rest = sum((part[row] or Decimal(0) for part in more), Decimal(0))
        turned = signs[row] if signs is not None else None
        for sign in _SIGNS:
            counts[sign] += _closes(total, kept or Decimal(0), left, rest, sign, turned)
    best = max(_SIGNS, key=lambda sign: counts[sign])
    heads = [columns.header[place] for place in places]
    fees = (heads[1], *(columns.header[place] for place in others))
    decided = counts[best] * 10 >= rows * 9 and rows > 0
    return Closing(counts[best], rows, heads[0], fees, heads[2], best, decided)


def _closes(
    gross: Decimal, fee: Decimal, net: Decimal, rest: Decimal, sign: str, turned: int | None
) -> bool:
    if turned:
        gross, net = turned * abs(gross), turned * abs(net)
    if sign == "negative":
        fee = -fee
    elif sign == "unsigned":
        fee = -abs(fee) if gross < 0 else abs(fee)
    return gross - fee - rest == net


def triple_of(columns: Columns, places: Sequence[int]) -> tuple[int, int, int] | None:
    """Return columns of gross, fee and net that no name shows, by their sums alone.

    Of two that are taken off each other the smaller is the fee.
    """
    few = list(places)[:_COLUMNS_MAX]
    for trio in itertools.permutations(few, 3):
        gross, fee, net = map(columns.numbers, trio)
        if _size(fee) * 2 >= _size(net) or not _size(fee):
            continue
        found = closing_of(columns, trio)
        if found.rows >= _ROWS_MIN and found.closes == found.rows and _size(gross):
            return trio
    return None


def _size(numbers: Numbers) -> Decimal:
    return sum((abs(number) for number in numbers if number is not None), Decimal(0))
