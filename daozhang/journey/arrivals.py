"""Which booked credit is which payout's money: matching by certain means.

Rules kept here (the contract's matching), from certain to less so:

1. ``payout_id``: the credit's reference is a payout's id.
2. ``payout_id_in_text``: an id stands in its text, bounded by what is no letter or digit.
   Several credits that name one payout are ``split``; one that names several is ``merged``.
3. ``net_amount_day``: the same account and amount, on the day nearest to the payout.
4. ``split`` and ``merged`` by sums on one account and day, where just one combination fits.

5. ``net_of_days``: where a provider's lines are not known, what one business date (or several
   that follow each other) should bring by the terms, as one payout or one credit.

Only money that is booked by T, on a payout that was sent and did not come back, has arrived. A
credit that no payout explains is not ours when its amount is negative, its account is unknown, or
the terms name who may pay us and its counterparty is not among them; else it is unexplained.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from itertools import combinations
from typing import TypeVar

__all__ = ["Chain", "Credit", "Link", "match"]

SEARCH_DAYS = 31
"""How long after its payout a credit may come and still be found by its amount, in days."""

COMBINED_MAX = 4
"""How many payouts (or credits) a sum may combine when no id says so."""

POOL_MAX = 14
"""How many candidates a search for sums may have; with more, chance hits are likely."""

DAYS_MAX = 12
"""How many business dates one credit may bring: the longest holidays and the days around them."""

SHORT_ID = 5
"""An id of fewer characters proves nothing by standing in a text: the amounts must agree too."""


@dataclass(slots=True)
class Chain:
    """A payout (with those sent in its place) that should become credits.

    ``day`` is the local day on which it was paid out, or its lines cleared, or it is due.
    ``alive``: sent, and neither returned nor held. ``names``: the ids by which a bank text may
    name it. ``supposed``: no file names it; it is what one business date should bring by the
    terms. ``lines_minor``: what its settled lines sum to.
    ``itemised``: lines of it are known. ``stands_for``: the payout without lines that a
    supposed one was found to be.
    """

    provider_id: str
    chain_id: str
    account_id: str | None
    currency: str
    net_minor: int
    day: date | None
    alive: bool
    names: tuple[str, ...]
    supposed: bool = False
    lines_minor: int | None = None
    itemised: bool = True
    stands_for: Chain | None = None
    credits: list[Credit] = field(default_factory=list)
    matched_by: str | None = None
    credited_minor: int = 0

    @property
    def withheld(self) -> bool:
        """Whether the payout brings less than its lines: what is missing no line explains."""
        return self.lines_minor is not None and self.lines_minor > self.net_minor


@dataclass(slots=True)
class Credit:
    """A booked credit. ``day`` is its local day; ``text`` its reference and counterparty."""

    account_id: str
    credit_id: str
    currency: str
    amount_minor: int
    booked_at: datetime
    day: date
    ref: str
    text: str
    booked_day: bool = False
    chains: list[Chain] = field(default_factory=list)
    matched_by: str | None = None
    explained_minor: int = 0


Link = tuple[Credit, Chain]
Item = TypeVar("Item")


def match(chains: Sequence[Chain], credits: Sequence[Credit]) -> None:
    """Fill ``credits``/``chains``, ``matched_by`` and the amounts of both sides, in place.

    The result depends on the two sets only, not on their order.
    """
    chains = sorted(chains, key=lambda c: (c.provider_id, c.chain_id))
    credits = sorted(credits, key=lambda c: (c.booked_at, c.account_id, c.credit_id))
    for links, how in _links_by_id(chains, credits):
        _settle(links, how)
    real = [c for c in chains if not c.supposed]
    _by_amount(real, credits, "net_amount_day")
    _by_sums(real, credits)
    supposed = [c for c in chains if c.supposed]
    _stand_for_payouts(supposed, [c for c in real if not c.itemised])
    _by_days(supposed, credits)


# By id.


def _links_by_id(
    chains: Sequence[Chain], credits: Sequence[Credit]
) -> Iterable[tuple[list[Link], str]]:
    """Yield each connected group of credits and the chains they name, with how they name them."""
    names: dict[str, list[Chain]] = defaultdict(list)
    for chain in chains:
        for name in chain.names:
            names[name.upper()].append(chain)
    lengths = sorted({len(name) for name in names}, reverse=True)
    links: list[Link] = []
    inside: set[int] = set()
    doubtful: set[int] = set()
    for credit in credits:
        exact = names.get(credit.ref.strip().upper())
        if exact:
            links += [(credit, chain) for chain in _one_of_each(exact, credit)]
            continue
        for name in _ids_in(credit.text.upper(), names, lengths):
            for chain in _one_of_each(names[name], credit):
                links.append((credit, chain))
                inside.add(id(credit))
                if len(name) < SHORT_ID:
                    doubtful.add(id(credit))
    for group in _groups(links):
        if doubtful.intersection(id(credit) for credit, _ in group) and not _adds_up(group):
            continue
        credits_in = {id(credit): credit for credit, _ in group}
        chains_in = {id(chain): chain for _, chain in group}
        if len(chains_in) > 1:
            how = "merged"
        elif len(credits_in) > 1:
            how = "split"
        else:
            how = "payout_id_in_text" if inside & set(credits_in) else "payout_id"
        yield group, how


def _adds_up(links: Sequence[Link]) -> bool:
    """Return whether a group's credits are, to the minor unit, what its chains bring."""
    credits = {id(credit): credit.amount_minor for credit, _ in links}
    chains = {id(chain): chain.net_minor for _, chain in links}
    return sum(credits.values()) == sum(chains.values())


def _one_of_each(found: list[Chain], credit: Credit) -> list[Chain]:
    """Choose among chains of one id: providers number for themselves, so the account decides."""
    if len(found) == 1:
        return found if found[0].currency == credit.currency else []
    same = [c for c in found if c.account_id == credit.account_id and c.currency == credit.currency]
    equal = [c for c in same if c.net_minor == credit.amount_minor]
    return (equal or same)[:1]


def _ids_in(text: str, names: dict[str, list[Chain]], lengths: Sequence[int]) -> list[str]:
    """Return the ids that stand in a text, longest first at each place, none inside another."""
    found: list[str] = []
    at = 0
    while at < len(text):
        if not _joins(text[at]) or (at and _joins(text[at - 1])):
            at += 1
            continue
        for length in lengths:
            end = at + length
            name = text[at:end]
            if name in names and (end >= len(text) or not _joins(text[end])):
                found.append(name)
                at = end
                break
        else:
            at += 1
    return list(dict.fromkeys(found))


def _joins(letter: str) -> bool:
    """Return whether a letter may belong to an id: a Chinese character beside one ends it."""
    return letter.isascii() and letter.isalnum()


def _groups(links: Sequence[Link]) -> list[list[Link]]:
    """Split links into connected groups."""
    parent: dict[int, int] = {}

    def root(node: int) -> int:
        while parent.setdefault(node, node) != node:
            parent[node] = parent[parent[node]]
            node = parent[node]
        return node

    for credit, chain in links:
        parent[root(id(credit))] = root(id(chain))
    groups: dict[int, list[Link]] = defaultdict(list)
    for credit, chain in links:
        groups[root(id(chain))].append((credit, chain))
    return list(groups.values())


def _settle(links: Sequence[Link], how: str) -> None:
    """Give the chains of a group the money of its credits, oldest credit first.

    A chain gets no more than its net; what is left over stays unexplained on its credit.
    """
    credits = list({id(credit): credit for credit, _ in links}.values())
    chains = list({id(chain): chain for _, chain in links}.values())
    booked = sum(credit.amount_minor for credit in credits)
    expected = sum(chain.net_minor for chain in chains)
    left = booked
    for chain in chains:
        chain.credits = [credit for credit, other in links if other is chain]
        chain.matched_by = how
        chain.credited_minor = chain.net_minor if booked >= expected else min(chain.net_minor, left)
        left -= chain.credited_minor
    surplus = max(left, 0)
    for credit in reversed(credits):
        beyond = min(surplus, max(credit.amount_minor, 0))
        surplus -= beyond
        credit.chains = [chain for other, chain in links if other is credit]
        credit.matched_by = how
        credit.explained_minor = credit.amount_minor - beyond


# By amount.


def _by_amount(chains: Sequence[Chain], credits: Sequence[Credit], how: str) -> None:
    """Pair chains and credits of one account and amount; the nearest days pair first."""
    pools: dict[tuple[str | None, str, int], tuple[list[Chain], list[Credit]]] = {}
    for chain in chains:
        if chain.alive and not chain.credits and chain.day and chain.net_minor:
            key = (chain.account_id, chain.currency, chain.net_minor)
            pools.setdefault(key, ([], []))[0].append(chain)
    for credit in credits:
        pool = pools.get((credit.account_id, credit.currency, credit.amount_minor))
        if pool and not credit.chains:
            pool[1].append(credit)
    for waiting, came in pools.values():
        pairs = [
            ((credit.day - chain.day).days, chain.day, chain.chain_id, i, j)
            for i, chain in enumerate(waiting)
            for j, credit in enumerate(came)
            if chain.day and 0 <= (credit.day - chain.day).days <= SEARCH_DAYS
        ]
        done: set[tuple[str, int]] = set()
        for *_, i, j in sorted(pairs):
            if ("chain", i) not in done and ("credit", j) not in done:
                done |= {("chain", i), ("credit", j)}
                _settle([(came[j], waiting[i])], how)


# By sums.


def _by_sums(chains: Sequence[Chain], credits: Sequence[Credit]) -> None:
    """Find one credit for several payouts, and several credits for one, on one account."""
    waiting: dict[tuple[str | None, str], list[Chain]] = defaultdict(list)
    for chain in chains:
        if chain.alive and not chain.credits and chain.day and chain.net_minor:
            waiting[chain.account_id, chain.currency].append(chain)
    came: dict[tuple[str, str], list[Credit]] = defaultdict(list)
    for credit in credits:
        if not credit.chains and (credit.account_id, credit.currency) in waiting:
            came[credit.account_id, credit.currency].append(credit)
    for key, open_credits in came.items():
        open_chains = waiting[key]
        _merged(open_credits, open_chains)
        _split(open_credits, open_chains)


def _merged(credits: Sequence[Credit], chains: Sequence[Chain]) -> None:
    for credit in credits:
        pool = [
            chain
            for chain in chains
            if not chain.credits
            and chain.day
            and timedelta(0) <= credit.day - chain.day <= timedelta(days=SEARCH_DAYS)
        ]
        same_day = [chain for chain in pool if chain.day == credit.day]
        if len(same_day) > 1 and sum(c.net_minor for c in same_day) == credit.amount_minor:
            _settle([(credit, chain) for chain in same_day], "merged")
            continue
        for candidates in (same_day, pool):
            hit = _only_sum(candidates, credit.amount_minor, lambda c: c.net_minor)
            if hit:
                _settle([(credit, chain) for chain in hit], "merged")
                break


def _split(credits: Sequence[Credit], chains: Sequence[Chain]) -> None:
    for chain in chains:
        if chain.credits or not chain.day:
            continue
        by_day: dict[date, list[Credit]] = defaultdict(list)
        for credit in credits:
            lag = (credit.day - chain.day).days
            if not credit.chains and 0 <= lag <= SEARCH_DAYS and credit.amount_minor > 0:
                by_day[credit.day].append(credit)
        for day in sorted(by_day):
            hit = _only_sum(by_day[day], chain.net_minor, lambda c: c.amount_minor)
            if hit:
                _settle([(credit, chain) for credit in hit], "split")
                break


def _only_sum(pool: Sequence[Item], total: int, amount: Callable[[Item], int]) -> list[Item] | None:
    """Return the one combination of two or more items that sums to a total, if just one does."""
    if not 2 <= len(pool) <= POOL_MAX:  # noqa: PLR2004 - a sum has two parts at least
        return None
    hits = [
        list(items)
        for size in range(2, min(COMBINED_MAX, len(pool)) + 1)
        for items in combinations(pool, size)
        if sum(map(amount, items)) == total
    ]
    return hits[0] if len(hits) == 1 else None


# By days.


def _stand_for_payouts(supposed: Sequence[Chain], payouts: Sequence[Chain]) -> None:
    """Find the business dates that a payout without lines brings."""
    days = _by_account(supposed)
    for payout in payouts:
        if payout.day is None:
            continue
        for chain in _days_of(
            days[payout.account_id, payout.currency], payout.net_minor, payout.day
        ):
            chain.stands_for = payout
            chain.alive = payout.alive
            chain.credits = payout.credits
            chain.matched_by = payout.matched_by
            if payout.credited_minor == payout.net_minor:
                chain.credited_minor = chain.net_minor


def _by_days(supposed: Sequence[Chain], credits: Sequence[Credit]) -> None:
    """Find the business dates that a credit brings."""
    days = _by_account(supposed)
    for credit in credits:
        if not credit.chains:
            waiting = days[credit.account_id, credit.currency]
            found = _days_of(waiting, credit.amount_minor, credit.day)
            if found:
                _settle([(credit, chain) for chain in found], "net_of_days")


def _by_account(chains: Sequence[Chain]) -> dict[tuple[str | None, str], list[Chain]]:
    found: dict[tuple[str | None, str], list[Chain]] = defaultdict(list)
    for chain in chains:
        found[chain.account_id, chain.currency].append(chain)
    for members in found.values():
        members.sort(key=lambda c: (c.day or date.min, c.chain_id))
    return found


def _days_of(days: Sequence[Chain], total: int, by: date) -> list[Chain]:
    """Return the consecutive open days that sum to a total, if just one stretch of them does.

    Of single days of one net the latest is taken: it waited least.
    """
    waiting = [
        chain
        for chain in days
        if not chain.credits
        and chain.stands_for is None
        and chain.day is not None
        and 0 <= (by - chain.day).days <= SEARCH_DAYS
    ]
    alone = [chain for chain in waiting if chain.net_minor == total]
    if alone:
        return alone[-1:]
    hits = [
        waiting[first:last]
        for first in range(len(waiting))
        for last in range(first + 2, min(first + DAYS_MAX, len(waiting)) + 1)
        if sum(chain.net_minor for chain in waiting[first:last]) == total
    ]
    return hits[0] if len(hits) == 1 else []
