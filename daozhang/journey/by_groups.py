"""Credits that bring groups of sales following each other, less or plus a few named items.

The hypotheses are :mod:`.hypotheses`; this module says which groups and items are at hand for a
credit, from the whole of its reach to what was due lately, and which lines may be named: refunds,
fees and the like always, single sales where they are few enough to tell one from another.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence

from daozhang.journey.hypotheses import Answer, Found, Group, Part, search
from daozhang.journey.pools import Pools, reaches, slot_of
from daozhang.journey.sides import Chain, Credit, Item
from daozhang.journey.ways import Way, decide

__all__ = ["GroupSearch", "LinesOf"]

LinesOf = Callable[[Sequence[Chain], bool], Mapping[int, Sequence[Item]]]
"""Gives the lines of chains by their ``id``; only refunds, fees and the like, or sales too."""

LINES_AT_ONCE = 20_000
"""Up to so many lines in all, single sales are items from the start."""

LINES_A_POOL = 3_000
"""Up to so many lines within a credit's reach, single sales are items when nothing else fits."""

NEAR_DAYS = (3, 7, 14)
"""Where chance would give answers in the whole reach, what was due in so many days is tried."""


class GroupSearch:
    """The ways by groups of some credits, or of payouts without lines that stand as credits."""

    def __init__(self, pools: Pools, targets: Sequence[Credit], lines_of: LinesOf) -> None:
        """Take what is at hand; ``lines_of`` gives the items of chains."""
        self.ways: dict[int, list[Way]] = {}
        self._pools, self._desk = pools, pools.desk
        self._targets = targets
        self._lines_of = lines_of
        self._items: dict[int, Sequence[Item]] = {}
        self._named = False  # whether single sales are no items for now

    def by_groups(self) -> None:
        """Explain credits by consecutive groups alone; rivals that name items are seen too."""
        reach: dict[int, Chain] = {}
        for target in self._targets:
            reach.update((id(chain), chain) for chain in self._reach(target))
        every = sum(chain.lines for chain in reach.values()) <= LINES_AT_ONCE
        self._load(list(reach.values()), every=every)
        self._rounds(whole=True)

    def by_items(self) -> None:
        """Explain what is left by groups and named items: refunds and the like, then sales."""
        self._named = True
        self._rounds(whole=False)
        self._named = False
        for target in self._targets:
            if target.open and not self.stands(target):
                pool = self._reach(target)
                near = [c for c in pool if c.day and (target.day - c.day).days <= NEAR_DAYS[0]]
                for chains in (pool, near):
                    if sum(chain.lines for chain in chains) <= LINES_A_POOL:
                        self._load(chains, every=True)
                        break
        self._rounds(whole=False)

    def stands(self, target: Credit) -> bool:
        """Return whether a credit has a way of which nothing was taken."""
        return any(self._desk.stands(way) for way in self.ways.get(id(target), ()))

    def _rounds(self, *, whole: bool) -> None:
        progress = True
        while progress:
            for target in self._targets:
                if target.open and not self.stands(target):
                    found = list(self._answers(target, whole=whole))
                    plain = not whole or any(not way.left and not way.added for way in found)
                    self.ways[id(target)] = found if plain else []
            progress = decide(self._desk, self.ways)

    def _answers(self, target: Credit, *, whole: bool) -> Iterator[Way]:
        target.chance_ppm = 0
        for family in self._pools.of(target.account_id, target.currency):
            if self._pools.may_bring(target, family.chains[0]):
                pool = family.within_reach(target.day, target.amount_minor)
                if pool:
                    yield from self._of_pool(target, pool, whole=whole)
        for apart, item in self._desk.parted:
            alone = apart.waits and item.net_minor == target.amount_minor
            if alone and self._pools.may_bring(target, apart) and reaches(apart, target.day):
                yield Way((target,), (apart,), (apart.net_minor,), "carried_over")

    def _of_pool(self, target: Credit, pool: Sequence[Chain], *, whole: bool) -> Sequence[Way]:
        """Return the ways of the whole reach; where chance forbids, of what was due lately."""
        ways, found = self._within(target, pool, named=self._named)
        if whole and found.undecided:  # Single sales are too many to tell rivals by.
            ways, found = self._within(target, pool, named=True)
        if not ways and found.undecided and not whole:
            for days in NEAR_DAYS:
                near = [c for c in pool if c.day and (target.day - c.day).days <= days]
                if near and not ways:
                    ways, found = self._within(target, near, named=self._named)
        target.chance_ppm += found.chance_ppm
        return ways

    def _within(
        self, target: Credit, pool: Sequence[Chain], *, named: bool
    ) -> tuple[list[Way], Found]:
        slots = {slot: n for n, slot in enumerate(dict.fromkeys(map(slot_of, pool)))}
        groups = [
            Group(slots[slot_of(chain)], chain.channel, chain.net_minor, chain.lines)
            for chain in pool
        ]
        homes = self._desk.homes
        items = [
            (item, place)
            for place, chain in enumerate(pool)
            for item in self._items.get(id(chain), ())
            if homes.get((chain.provider_id, item.line_id)) is chain
            and not (named and item.kind == "sale")
        ]
        items += [
            (item, -1)
            for chain, item in self._desk.parted
            if chain.waits and _same_place(chain, pool[0]) and reaches(chain, target.day)
        ]
        parts = [Part(item.net_minor, place) for item, place in items]
        found = search(groups, parts, target.amount_minor)
        at_hand = [item for item, _ in items]
        return [_way(target, pool, at_hand, answer) for answer in found.answers], found

    def _load(self, chains: Sequence[Chain], *, every: bool) -> None:
        for key, items in self._lines_of(chains, every).items():
            self._items[key] = sorted(items)
        for chain in chains:
            for item in self._items.get(id(chain), ()):
                self._desk.homes.setdefault((chain.provider_id, item.line_id), chain)

    def _reach(self, target: Credit) -> list[Chain]:
        """Return the chains without a payout of their own that a credit may bring."""
        return [
            chain
            for family in self._pools.of(target.account_id, target.currency)
            if target.open and not family.paid
            for chain in family.within_reach(target.day, target.amount_minor)
        ]


def _same_place(one: Chain, other: Chain) -> bool:
    return (one.provider_id, one.account_id, one.currency) == (
        other.provider_id, other.account_id, other.currency,
    )  # fmt: skip


def _way(target: Credit, pool: Sequence[Chain], items: Sequence[Item], answer: Answer) -> Way:
    chains = tuple(pool[place] for place in answer.groups)
    if answer.items:
        how = "net_of_days_less_items"
    elif all(chain.supposed for chain in chains):
        how = "net_of_days"
    elif len(chains) == 1:
        how = "net_amount_day"
    else:
        how = "merged" if len({chain.day for chain in chains}) == 1 else "carried_over"
    return Way(
        (target,), chains, tuple(chain.net_minor for chain in chains), how,
        tuple(items[place] for place in answer.left),
        tuple(items[place] for place in answer.added),
    )  # fmt: skip
