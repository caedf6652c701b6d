"""Sales that a line which was down carried over a cut-off, and their promise with them.

Rules kept here (the contract's earliest necessary cause). Where a provider dates sales by its own
clock, or by the hand-in, a sale that waits in its terminal over a cut-off belongs to the next
business date. No deadline is missed by that, but what befalls that date's money would not have
befallen the sale. So it is the line's doing if the terminal had none from the sale over the
cut-off until the sale went out, the date that the till's clock gives is promised earlier, and what
the same account sold towards that date's cut-off came in time. Where it sold nothing else towards
it, the provider's others tell, if they were struck as the sale was on its own date.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

from daozhang.cause.network import Lines
from daozhang.journey.promise import clock_of, promise_for
from daozhang.journey.terms import TermsBook

__all__ = ["CARRIED", "carried_over"]

CARRIED: Final = pa.schema([("sale_id", pa.string()), ("cutoff_at", pa.timestamp("us", "UTC"))])
"""Sales, and the cut-off that they would have met."""

Row = Mapping[str, Any]
Key = tuple[str, str | None, datetime]


def carried_over(
    sales: Iterable[Row], cycles: Iterable[Row], lines: Lines, book: TermsBook
) -> pa.Table:
    """Return the sales that a line which was down carried over a cut-off, as :data:`CARRIED`.

    Args:
        sales: rows of ``late_dated``.
        cycles: rows of ``cycle_accounts``.
        lines: the terminals' lines.
        book: the terms.
    """
    known = {(row["provider_id"], row["account_id"], row["cutoff_at"]): row for row in cycles}
    found = []
    for sale in sales:
        cutoff = _missed(sale, book)
        if cutoff is None or not _spared(sale, cutoff, known):
            continue
        if _kept(sale, cutoff, lines, book):
            found.append({"sale_id": sale["sale_id"], "cutoff_at": cutoff})
    return pa.Table.from_pylist(found, CARRIED)


def _spared(sale: Row, cutoff: datetime, known: Mapping[Key, Row]) -> bool:
    """Return whether the money of an earlier cut-off came in time where the sale's own did not."""
    provider = sale["provider_id"]
    if (own := known.get((provider, sale["account_id"], cutoff))) is not None:
        return bool(own["on_time"] > own["late"])
    then, now = (known.get((provider, None, at)) for at in (cutoff, sale["cutoff_at"]))
    if then is None or now is None:
        return False
    return bool(then["on_time"] > then["late"] and now["late"] > now["on_time"])


def _missed(sale: Row, book: TermsBook) -> datetime | None:
    """Return the cut-off that the sale was made towards, if its promise was earlier."""
    term = book.terms[sale["term_index"]]
    if clock_of(term) == "captured":
        return None
    meant = promise_for(book, [term], sale["captured_at"], None, None)
    if meant is None or meant.due_at >= sale["promised_at"]:
        return None
    return meant.cutoff_at


def _kept(sale: Row, cutoff: datetime, lines: Lines, book: TermsBook) -> bool:
    """Return whether the terminal had no line from the sale until it went out after a cut-off."""
    by_hand_in = clock_of(book.terms[sale["term_index"]]) == "submitted"
    went = (sale["submitted_at"] if by_hand_in else None) or sale["host_at"]
    silence = lines.silence_of(sale["terminal_id"], cutoff)
    if went is None or silence is None:
        return False
    return bool(silence.heard <= sale["captured_at"] and went >= max(cutoff, silence.last_off))
