"""Credits that bring a part of a payout, or a few payouts that do not follow each other.

``split``: several credits, within a few days, bring one payout, or what one account takes in on
one day. ``subset``: one credit brings a few payouts with others between them. Both are tried only
while so few sums are possible that a hit is hardly chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import date
from itertools import combinations
from math import comb

from daozhang.journey.hypotheses import believable
from daozhang.journey.pools import Pools, reaches
from daozhang.journey.sides import Chain, Credit
from daozhang.journey.ways import Way

__all__ = ["split_ways", "subset_ways"]

SPLIT_DAYS = 3
"""Within how many days the parts of a split come."""

COMBINED_MAX = 4
"""How many payouts (or credits) a sum may combine when they do not follow each other."""


FEW = 3
"""So few sums are tried whatever chance says: two parts of one payout, or three."""


def split_ways(pools: Pools, explained: Callable[[Credit], bool]) -> dict[int, list[Way]]:
    """Return the splits of each credit by its ``id``.

    Args:
        pools: what is open.
        explained: whether whole groups explain a credit already; it is no part then.
    """
    ways: dict[int, list[Way]] = defaultdict(list)
    for (account, currency), credits in sorted(pools.open_by_account().items(), key=str):
        open_credits = [credit for credit in credits if not explained(credit)]
        for family in pools.of(account, currency):
            payable = [c for c in open_credits if pools.may_pay(c, family.provider_id)]
            for chains in family.wholes() if len(payable) > 1 else ():
                nets = tuple(chain.net_minor for chain in chains)
                for parts in _parts(chains, sum(nets), payable):
                    way = Way(parts, tuple(chains), nets, "split")
                    for credit in parts:
                        ways[id(credit)].append(way)
    return ways


def _parts(
    chains: Sequence[Chain], total: int, credits: Sequence[Credit]
) -> Iterator[tuple[Credit, ...]]:
    latest = max(chains, key=lambda c: c.day or date.min)
    pool = [c for c in credits if c.amount_minor < total and reaches(latest, c.day)]
    for start in sorted({credit.day for credit in pool}):
        near = [c for c in pool if 0 <= (c.day - start).days < SPLIT_DAYS]
        for size in range(2, COMBINED_MAX + 1):
            if believable(comb(len(near), size), total, FEW):
                for parts in combinations(near, size):
                    first = min(credit.day for credit in parts)
                    if first == start and sum(c.amount_minor for c in parts) == total:
                        yield parts


def subset_ways(pools: Pools) -> dict[int, list[Way]]:
    """Return the few payouts that each open credit may bring, by its ``id``."""
    ways: dict[int, list[Way]] = {}
    for credit in pools.credits:
        if not credit.open:
            continue
        found = ways[id(credit)] = []
        for family in pools.of(credit.account_id, credit.currency):
            if not family.paid or not pools.may_pay(credit, family.provider_id):
                continue
            pool = family.within_reach(credit.day, credit.amount_minor)
            spread = sum(abs(chain.net_minor) for chain in pool)
            for size in range(2, COMBINED_MAX + 1):
                if believable(comb(len(pool), size), spread, FEW):
                    for chains in combinations(pool, size):
                        nets = tuple(chain.net_minor for chain in chains)
                        if sum(nets) == credit.amount_minor:
                            found.append(Way((credit,), chains, nets, "subset"))
    return ways
