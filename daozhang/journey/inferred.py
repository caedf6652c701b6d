"""Which credit brings which money where no id leads: inferred matching.

Rules kept here (the contract's matching), each only for what the one before left open:

1. ``net_amount_day``: one payout of the same account and amount, up to 31 days before.
2. ``net_of_days``, ``net_of_days_less_items``: groups of sales, one an account, business date and
   channel, that follow each other, net of fees by the terms, plus or minus at most three named
   items. Of payouts that follow each other: ``carried_over``, ``merged`` those of one day.
3. ``split``: several credits bring one payout, or what one account takes in on one day.
4. ``subset``: a few payouts that do not follow each other.

Everything here is recomputed on each run: a credit that has several answers stays open and says
so (:mod:`.ways`), and a certain match always comes first. What is not due yet brings nothing.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from itertools import combinations

from daozhang.journey.hypotheses import Answer, Group, Part, search
from daozhang.journey.parties import Payers
from daozhang.journey.sides import SEARCH_DAYS, Chain, Credit, Item
from daozhang.journey.ways import Desk, Way, decide, tell

__all__ = ["LinesOf", "infer"]

LinesOf = Callable[[Sequence[Chain], bool], Mapping[int, Sequence[Item]]]
"""Gives the lines of chains by their ``id``; only refunds, fees and the like, or sales too."""

LINES_AT_ONCE = 20_000
"""Up to so many lines in all, single sales are items from the start."""

LINES_A_POOL = 3_000
"""Up to so many lines within a credit's reach, single sales are items when nothing else fits."""

SPLIT_DAYS = 3
"""Within how many days the parts of a split come."""

COMBINED_MAX = 4
"""How many payouts (or credits) a sum may combine when they do not follow each other."""

POOL_MAX = 14
"""How many candidates such a sum may choose from; with more, chance hits are likely."""


REACH_DAYS = SEARCH_DAYS + 21
"""How far before a credit a business date may lie: its due date may be holidays later."""


def infer(
    chains: Sequence[Chain], credits: Sequence[Credit], payers: Payers, lines_of: LinesOf
) -> Desk:
    """Match what certain means left open, in place; return which lines changed their chain.

    Args:
        chains: every chain, in an order that does not depend on how the facts came in.
        credits: every booked credit, likewise.
        payers: who may bring which provider's money.
        lines_of: where the items of chains are.
    """
    search = _Search(chains, [c for c in credits if c.open and c.amount_minor > 0], payers)
    search.stand_for_payouts(chains, lines_of)
    search.by_amount()
    ways = search.by_groups(search.credits, lines_of)
    search.by_split(ways)
    search.by_subset()
    return search.desk


@dataclass(slots=True)
class _Family:
    """Chains of one provider, account and currency in the order of their business dates."""

    provider_id: str
    paid: bool
    chains: list[Chain]
    slots: list[date] = field(default_factory=list)
    contested: set[int] = field(default_factory=set)
    """Chains of which it is not decided which credit brings them; no other may."""

    def within_reach(self, day: date, total: int) -> list[Chain]:
        """Return the chains that a credit of a day and amount might bring."""
        first = bisect_left(self.slots, day - timedelta(days=REACH_DAYS))
        if any(chain.least_minor for chain in self.chains[:1]):
            first = 0  # what waits for a minimum may be months old
        last = bisect_right(self.slots, day)
        return [
            chain
            for chain in self.chains[first:last]
            if chain.waits
            and chain.least_minor <= total
            and id(chain) not in self.contested
            and _reaches(chain, day)
        ]


def _reaches(chain: Chain, day: date) -> bool:
    return chain.day is not None and 0 <= (day - chain.day).days <= SEARCH_DAYS


def _order(chain: Chain) -> tuple[date, int, str, str]:
    slot = chain.slot or (chain.day or date.max, 0)
    return (*slot, chain.channel, chain.chain_id)


class _Search:
    """The open chains by where their money goes, and the credits that are looked at."""

    def __init__(self, chains: Sequence[Chain], credits: Sequence[Credit], payers: Payers) -> None:
        self.desk = Desk()
        self.credits = list(credits)
        self._payers = payers
        self._items: dict[int, Sequence[Item]] = {}
        families: dict[tuple[str, str | None, str, bool], list[Chain]] = defaultdict(list)
        for chain in chains:
            if chain.waits and chain.net_minor:
                key = (chain.provider_id, chain.account_id, chain.currency, chain.paid)
                families[key].append(chain)
        self._families: dict[tuple[str | None, str], list[_Family]] = defaultdict(list)
        for (provider, account, currency, paid), members in sorted(
            families.items(), key=lambda entry: tuple(map(str, entry[0]))
        ):
            members.sort(key=_order)
            slots = [_order(chain)[0] for chain in members]
            self._families[account, currency].append(_Family(provider, paid, members, slots))

    # One payout, one credit.

    def by_amount(self) -> None:
        """Pair payouts with credits of their amount where just one assignment is possible."""
        amounts: dict[tuple[str | None, str, int], list[Chain]] = defaultdict(list)
        for family in self._all():
            for chain in family.chains:
                if chain.waits and not chain.supposed:
                    amounts[chain.account_id, chain.currency, chain.net_minor].append(chain)
        ways = {}
        for credit in self.credits:
            key = (credit.account_id, credit.currency, credit.amount_minor)
            ways[id(credit)] = [
                Way((credit,), (chain,), (chain.net_minor,), "net_amount_day")
                for chain in amounts.get(key, ())
                if _reaches(chain, credit.day) and self._may_pay(credit, chain.provider_id)
            ]
        decide(self.desk, ways)
        contested = [
            chain
            for found in ways.values()
            for way in found
            if self.desk.stands(way)
            for chain in way.chains
        ]
        tell(self.desk, ways, [c for c in self.credits if c.open])
        for family in self._all():
            family.contested.update(map(id, contested))

    # Groups that follow each other.

    def stand_for_payouts(self, chains: Sequence[Chain], lines_of: LinesOf) -> None:
        """Find the groups that each payout without lines brings; it stands as a credit does."""
        targets = []
        for chain in chains:
            if chain.supposed or not chain.paid or chain.itemised or chain.day is None:
                continue
            if chain.net_minor > 0 and chain.account_id is not None:
                stand_in = Credit(
                    chain.account_id, chain.chain_id, chain.currency, chain.net_minor,
                    datetime.combine(chain.day, time.min, UTC), chain.day, "", "",
                )  # fmt: skip
                targets.append(stand_in)
                self.desk.payouts[id(stand_in)] = chain
        self.by_groups(targets, lines_of)

    def by_groups(self, targets: Sequence[Credit], lines_of: LinesOf) -> dict[int, list[Way]]:
        """Explain credits by consecutive groups and named items, simplest first.

        Returns:
            The ways of each credit by its ``id``; those still open are not told of them yet.
        """
        reach = self._reach(targets)
        every = sum(chain.lines for chain in reach) <= LINES_AT_ONCE
        self._load(reach, lines_of, every=every)
        ways: dict[int, list[Way]] = {}
        self._rounds(targets, ways)
        if not every:
            for target in targets:
                pool = [] if ways.get(id(target)) else self._reach([target])
                if sum(chain.lines for chain in pool) <= LINES_A_POOL:
                    self._load(pool, lines_of, every=True)
            self._rounds(targets, ways)
        return ways

    def _rounds(self, targets: Sequence[Credit], ways: dict[int, list[Way]]) -> None:
        progress = True
        while progress:
            for target in targets:
                standing = any(self.desk.stands(way) for way in ways.get(id(target), ()))
                if target.open and not standing:
                    ways[id(target)] = list(self._answers(target))
            progress = decide(self.desk, ways)

    def _answers(self, target: Credit) -> Iterator[Way]:
        target.chance_ppm = 0
        for family in self._families.get((target.account_id, target.currency), ()):
            if not self._may_bring(target, family.chains[0]):
                continue
            pool = family.within_reach(target.day, target.amount_minor)
            if pool:
                yield from self._of_pool(target, pool)
        for apart, item in self.desk.parted:
            alone = apart.waits and item.net_minor == target.amount_minor
            if alone and self._may_bring(target, apart) and _reaches(apart, target.day):
                yield Way((target,), (apart,), (apart.net_minor,), "carried_over")

    def _may_bring(self, target: Credit, chain: Chain) -> bool:
        """Return whether a credit (or a payout that stands as one) can bring a chain's money."""
        if (target.account_id, target.currency) != (chain.account_id, chain.currency):
            return False
        payout = self.desk.payouts.get(id(target))
        if payout is None:
            return self._may_pay(target, chain.provider_id)
        return not chain.paid and chain.provider_id == payout.provider_id

    def _of_pool(self, target: Credit, pool: Sequence[Chain]) -> Iterator[Way]:
        slots = {slot: n for n, slot in enumerate(dict.fromkeys(map(_slot, pool)))}
        groups = [
            Group(slots[_slot(chain)], chain.channel, chain.net_minor, chain.lines)
            for chain in pool
        ]
        items = [
            (item, place)
            for place, chain in enumerate(pool)
            for item in self._items.get(id(chain), ())
            if self.desk.homes.get((chain.provider_id, item.line_id)) is chain
        ]
        items += [
            (item, -1)
            for chain, item in self.desk.parted
            if chain.waits and _same_place(chain, pool[0]) and _reaches(chain, target.day)
        ]
        found = search(groups, [Part(item.net_minor, p) for item, p in items], target.amount_minor)
        target.chance_ppm += found.chance_ppm
        for answer in found.answers:
            yield _way(target, pool, [item for item, _ in items], answer)

    def _load(self, chains: Sequence[Chain], lines_of: LinesOf, *, every: bool) -> None:
        for key, items in lines_of(chains, every).items():
            self._items[key] = sorted(items)
        for chain in chains:
            for item in self._items.get(id(chain), ()):
                self.desk.homes.setdefault((chain.provider_id, item.line_id), chain)

    def _reach(self, targets: Sequence[Credit]) -> list[Chain]:
        """Return the chains without a payout of their own that some of the credits may bring."""
        found: dict[int, Chain] = {}
        for target in targets:
            for family in self._families.get((target.account_id, target.currency), ()):
                if target.open and not family.paid:
                    pool = family.within_reach(target.day, target.amount_minor)
                    found.update((id(chain), chain) for chain in pool)
        return list(found.values())

    # Sums that no order explains.

    def by_split(self, known: Mapping[int, Sequence[Way]]) -> None:
        """Find the chains, or the days of an account, that several credits bring in parts.

        Args:
            known: the ways found before. A credit that whole groups explain is no part; one that
                only items explain may be: two credits that each want the same group less an item
                are its two parts.
        """
        came: dict[tuple[str | None, str], list[Credit]] = defaultdict(list)
        for credit in self.credits:
            standing = [w for w in known.get(id(credit), ()) if self.desk.stands(w)]
            if credit.open and all(way.left or way.added for way in standing):
                came[credit.account_id, credit.currency].append(credit)
        ways: dict[int, list[Way]] = defaultdict(list)
        for key, credits in sorted(came.items(), key=str):
            for family in self._families.get(key, ()):
                for chains in _wholes(family):
                    for parts in self._parts(family.provider_id, chains, credits):
                        nets = tuple(chain.net_minor for chain in chains)
                        way = Way(parts, tuple(chains), nets, "split")
                        for credit in parts:
                            ways[id(credit)].append(way)
        decide(self.desk, ways)
        for credit in self.credits:
            ways[id(credit)] = [*ways.get(id(credit), ()), *known.get(id(credit), ())]
        tell(self.desk, ways, [c for c in self.credits if c.open])

    def _parts(
        self, provider_id: str, chains: Sequence[Chain], credits: Sequence[Credit]
    ) -> Iterator[tuple[Credit, ...]]:
        total = sum(chain.net_minor for chain in chains)
        latest = max(chains, key=lambda c: c.day or date.min)
        pool = [
            credit
            for credit in credits
            if _reaches(latest, credit.day)
            and credit.amount_minor < total
            and self._may_pay(credit, provider_id)
        ]
        for start in sorted({credit.day for credit in pool}):
            near = [c for c in pool if 0 <= (c.day - start).days < SPLIT_DAYS]
            if len(near) <= POOL_MAX:
                for size in range(2, COMBINED_MAX + 1):
                    for parts in combinations(near, size):
                        if (
                            sum(c.amount_minor for c in parts) == total
                            and min(c.day for c in parts) == start
                        ):
                            yield parts

    def by_subset(self) -> None:
        """Find the few payouts that one credit brings though others lie between them."""
        ways: dict[int, list[Way]] = {}
        for credit in self.credits:
            if not credit.open:
                continue
            found = ways[id(credit)] = []
            for family in self._families.get((credit.account_id, credit.currency), ()):
                if not family.paid or not self._may_pay(credit, family.provider_id):
                    continue
                pool = family.within_reach(credit.day, credit.amount_minor)
                for size in range(2, COMBINED_MAX + 1 if len(pool) <= POOL_MAX else 2):
                    for chains in combinations(pool, size):
                        nets = tuple(chain.net_minor for chain in chains)
                        if sum(nets) == credit.amount_minor:
                            found.append(Way((credit,), chains, nets, "subset"))
        decide(self.desk, ways)
        tell(self.desk, ways, [c for c in self.credits if c.open])

    def _all(self) -> Iterator[_Family]:
        for families in self._families.values():
            yield from families

    def _may_pay(self, credit: Credit, provider_id: str) -> bool:
        return self._payers.may_pay(credit.payer, provider_id)


def _slot(chain: Chain) -> tuple[object, ...]:
    """Groups of one slot come together in a union; each payout is a slot of its own."""
    return _order(chain) if chain.paid else _order(chain)[:2]


def _same_place(one: Chain, other: Chain) -> bool:
    return (one.provider_id, one.account_id, one.currency) == (
        other.provider_id, other.account_id, other.currency,
    )  # fmt: skip


def _wholes(family: _Family) -> Iterator[list[Chain]]:
    """Yield each waiting chain alone, and those of one slot together."""
    of_slot: dict[tuple[object, ...], list[Chain]] = defaultdict(list)
    for chain in family.chains:
        if chain.waits:
            yield [chain]
            of_slot[_slot(chain)].append(chain)
    yield from (members for members in of_slot.values() if len(members) > 1)


def _way(target: Credit, pool: Sequence[Chain], items: Sequence[Item], answer: Answer) -> Way:
    chains = tuple(pool[place] for place in answer.groups)
    days = {chain.day for chain in chains}
    if answer.items:
        how = "net_of_days_less_items"
    elif all(chain.supposed for chain in chains):
        how = "net_of_days"
    elif len(chains) == 1:
        how = "net_amount_day"
    else:
        how = "merged" if len(days) == 1 else "carried_over"
    return Way(
        (target,), chains, tuple(chain.net_minor for chain in chains), how,
        tuple(items[place] for place in answer.left),
        tuple(items[place] for place in answer.added),
    )  # fmt: skip
