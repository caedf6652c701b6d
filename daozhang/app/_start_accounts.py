"""Which account gets whose money: the rows of ``accounts.csv``.

Rules kept here: every payment that was followed is a vote for (merchant, provider, channel,
store, currency) → account. A row names only what is needed to tell accounts apart. An account
that takes over from another at one date gets ``valid_from``. The bank of an account is what its
statement says; unknown, it is taken for a bank of its own, so that no other account's statement
vouches for it (the contract: without coverage, accounts of one bank are complete together).
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

__all__ = ["AccountRow", "Vote", "find_rows"]

_MAJORITY = 0.9
_TO_TELL_APART: tuple[tuple[str, ...], ...] = (
    (),
    ("provider_id",),
    ("currency",),
    ("channel",),
    ("store_id",),
    ("provider_id", "channel"),
    ("provider_id", "store_id"),
    ("channel", "store_id"),
    ("provider_id", "channel", "store_id"),
)


@dataclass(frozen=True, slots=True)
class Vote:
    """Money of a merchant that came into an account; ``day`` is its sale's local date."""

    merchant_id: str
    provider_id: str
    channel: str
    store_id: str
    currency: str
    account_id: str
    day: date


@dataclass(frozen=True, slots=True)
class AccountRow:
    """A row of ``accounts.csv``, and how sure it is.

    Attributes:
        votes: payments that the row explains.
        of: payments that it speaks of; 0: nothing was seen, the row is a guess.
    """

    account_id: str
    merchant_id: str
    provider_id: str = ""
    store_id: str = ""
    channel: str = ""
    currency: str = ""
    valid_from: date | None = None
    votes: int = 0
    of: int = 0


def find_rows(votes: Iterable[Vote]) -> list[AccountRow]:
    """Return the rows that explain the votes, by merchant; an account may have only one.

    The table's key is the account: of two rows for one account and merchant the one without
    conditions is written, and the more specific rows of other accounts part the money.
    """
    by_merchant: dict[str, list[Vote]] = defaultdict(list)
    for vote in votes:
        by_merchant[vote.merchant_id].append(vote)
    rows: list[AccountRow] = []
    for merchant in sorted(by_merchant):
        rows += _of_merchant(merchant, by_merchant[merchant])
    return rows


def _of_merchant(merchant: str, votes: Sequence[Vote]) -> list[AccountRow]:
    accounts = Counter(vote.account_id for vote in votes)
    best: tuple[float, list[AccountRow]] | None = None
    for columns in _TO_TELL_APART:
        rows, right = _rows_by(merchant, votes, columns)
        share = right / len(votes)
        if best is None or share > best[0] + 0.02:
            best = share, rows
        if share >= _MAJORITY and {row.account_id for row in rows} >= {
            account for account, count in accounts.items() if count >= 0.05 * len(votes)
        }:
            break
    assert best is not None
    return best[1]


def _rows_by(
    merchant: str, votes: Sequence[Vote], columns: tuple[str, ...]
) -> tuple[list[AccountRow], int]:
    """Return rows parted by some columns, and how many votes they explain."""
    parts: dict[tuple[str, ...], list[Vote]] = defaultdict(list)
    for vote in votes:
        parts[tuple(getattr(vote, column) for column in columns)].append(vote)
    found: dict[str, list[tuple[tuple[str, ...], date | None, int, int]]] = defaultdict(list)
    right = 0
    for key in sorted(parts):
        for account, since, count, of in _in_time(parts[key]):
            found[account].append((key, since, count, of))
            right += count
    rows = []
    for account in sorted(found):
        entries = found[account]
        # One account of several keys names what they share; the rest falls to it as the least
        # specific row.
        shared = {
            column: entries[0][0][place]
            for place, column in enumerate(columns)
            if len({entry[0][place] for entry in entries}) == 1
        }
        if len(found) == 1:
            shared = {}
        starts = [entry[1] for entry in entries]
        since = None if None in starts else min(day for day in starts if day is not None)
        rows.append(
            AccountRow(
                account, merchant, **shared, valid_from=since,
                votes=sum(entry[2] for entry in entries), of=sum(entry[3] for entry in entries),
            )
        )  # fmt: skip
    return rows, right


def _in_time(votes: Sequence[Vote]) -> list[tuple[str, date | None, int, int]]:
    """Return (account, since, votes explained, votes) of one part: one account, or two in turn."""
    counts = Counter(vote.account_id for vote in votes)
    (first, most), *others = counts.most_common()
    if most >= _MAJORITY * len(votes) or not others:
        return [(first, None, most, len(votes))]
    pair = {first, others[0][0]}
    days: Mapping[str, list[date]] = {
        account: sorted(vote.day for vote in votes if vote.account_id == account)
        for account in pair
    }
    earlier, later = sorted(pair, key=lambda account: days[account][len(days[account]) // 2])
    # The day of change is the one that puts fewest votes on the wrong side.
    changes = sorted(set(days[later])) or [days[earlier][-1] + timedelta(days=1)]
    wrong, since = min(
        (
            sum(day >= change for day in days[earlier]) + sum(day < change for day in days[later]),
            change,
        )
        for change in changes
    )
    both = len(days[earlier]) + len(days[later])
    if wrong > (1 - _MAJORITY) * both:
        return [(first, None, most, len(votes))]
    kept_earlier = sum(day < since for day in days[earlier])
    kept_later = sum(day >= since for day in days[later])
    return [
        (earlier, None, kept_earlier, len(days[earlier])),
        (later, since, kept_later, len(days[later])),
    ]
