"""Ways to explain credits, and how those that are beyond doubt are taken.

A *way* says that some credits bring some chains, less the items left out of them and plus those
added. Rules kept here (the contract's matching): one answer is taken, several are reported. A way
is taken when it is the only one of each of its credits and no other such way wants the same
money; what it takes is gone for the others, which may leave them one answer. All ways that stand
at once are taken at once, so the result depends on the sets only, not on their order.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from daozhang.journey.sides import Chain, Credit, Item, settle

__all__ = ["Desk", "Way", "decide", "tell"]

TOLD_MAX = 5
"""How many rival answers of an undecided credit are written out."""

NAMED_MAX = 6
"""How many chains or items of one answer are written out."""


@dataclass(frozen=True, slots=True, eq=False)
class Way:
    """That ``credits`` bring ``chains``, less the items ``left`` out of them, plus ``added``.

    ``nets`` are the chains' nets when it was found: one that changed since is another sum.
    """

    credits: tuple[Credit, ...]
    chains: tuple[Chain, ...]
    nets: tuple[int, ...]
    how: str
    left: tuple[Item, ...] = ()
    added: tuple[Item, ...] = ()

    @property
    def provider_id(self) -> str:
        """Whose money it is."""
        return self.chains[0].provider_id

    def said(self) -> str:
        """Return it as one line: the chains, then what is left out and added."""
        parts = [_listed(chain.chain_id for chain in self.chains)]
        if self.left:
            parts.append("less " + _listed(item.line_id for item in self.left))
        if self.added:
            parts.append("plus " + _listed(item.line_id for item in self.added))
        if len(self.credits) > 1:
            parts.append("with " + _listed(credit.credit_id for credit in self.credits))
        return " ".join(parts)


def _listed(names: Iterable[str]) -> str:
    every = list(names)
    more = f" and {len(every) - NAMED_MAX} more" if len(every) > NAMED_MAX else ""
    return ", ".join(every[:NAMED_MAX]) + more


@dataclass(slots=True)
class Desk:
    """What was moved between chains while ways were taken.

    Attributes:
        homes: the chain that a line belongs to now, by (provider, line).
        moved: the name of that chain, of lines that did not stay where they were.
        parted: chains made of one item that was left out, with that item.
        payouts: payouts without lines that stand as credits do, by the id of their stand-in.
    """

    homes: dict[tuple[str, str], Chain] = field(default_factory=dict)
    moved: dict[tuple[str, str], Chain] = field(default_factory=dict)
    parted: list[tuple[Chain, Item]] = field(default_factory=list)
    payouts: dict[int, Chain] = field(default_factory=dict)

    def home(self, way: Way, item: Item) -> Chain | None:
        """Return the chain that an item of a way belongs to now."""
        return self.homes.get((way.provider_id, item.line_id))

    def stands(self, way: Way) -> bool:
        """Return whether nothing of a way was taken since it was found."""
        homes = (self.home(way, item) for item in way.added)
        return (
            all(credit.open for credit in way.credits)
            and all(c.waits and c.net_minor == n for c, n in zip(way.chains, way.nets, strict=True))
            and all(home is None or home.waits for home in homes)
        )

    def take(self, way: Way) -> None:
        """Let a way's credits bring its chains, moving each item where the way has it."""
        for item in way.left:
            home = self.homes[way.provider_id, item.line_id]
            if all(home is not chain for chain in way.chains):
                continue  # a way that was taken at once with this one has it
            apart = home.empty(f"{home.chain_id}~{item.line_id}")
            self.parted.append((apart, item))
            self.move(item, home, apart)
        for item in way.added:
            self.move(item, self.home(way, item), way.chains[-1])
        brought = sum(credit.amount_minor for credit in way.credits)
        assert brought == sum(chain.net_minor for chain in way.chains), way.said()
        if payout := self.payouts.get(id(way.credits[0])):
            way.credits[0].chains = list(way.chains)
            for chain in way.chains:
                chain.stands_for = payout
        else:
            settle([(credit, chain) for credit in way.credits for chain in way.chains], way.how)

    def move(self, item: Item, home: Chain | None, to: Chain) -> None:
        """Let an item belong to another chain than it did; None: to none."""
        for chain, sign in ((home, -1), (to, 1)):
            if chain is not None:
                chain.net_minor += sign * item.net_minor
                chain.lines += sign
                if chain.lines_minor is not None:
                    chain.lines_minor += sign * item.net_minor
        if home is not None and not home.lines:
            home.alive = False
        self.homes[to.provider_id, item.line_id] = to
        self.moved[to.provider_id, item.line_id] = to


def decide(desk: Desk, ways: Mapping[int, Sequence[Way]]) -> bool:
    """Take every way that is beyond doubt; return whether there was one.

    Args:
        desk: what was moved so far.
        ways: the ways of each credit by its ``id``; one of several credits is under each.
    """
    progress = False
    while True:
        standing = {key: [w for w in found if desk.stands(w)] for key, found in ways.items()}
        sole = {
            id(found[0]): found[0]
            for found in standing.values()
            if len(found) == 1 and all(len(standing[id(c)]) == 1 for c in found[0].credits)
        }
        wanted = _clashing(desk, list(sole.values()))
        taken = [way for key, way in sole.items() if key not in wanted]
        for way in taken:
            rivals = max(len(ways[id(credit)]) for credit in way.credits) - 1
            for credit in way.credits:
                credit.rivals = rivals
            desk.take(way)
        if not taken:
            return progress
        progress = True


def _clashing(desk: Desk, ways: Sequence[Way]) -> dict[int, list[Way]]:
    """Return, by the ``id`` of each way that another wants money of, those others."""
    of_chain: dict[int, list[Way]] = defaultdict(list)
    of_item: dict[tuple[str, str], list[Way]] = defaultdict(list)
    for way in ways:
        for chain in way.chains:
            of_chain[id(chain)].append(way)
        for item in way.added:
            of_item[way.provider_id, item.line_id].append(way)
    found: dict[int, dict[int, Way]] = defaultdict(dict)

    def note(one: Way, other: Way) -> None:
        if one is not other:
            found[id(one)][id(other)] = other
            found[id(other)][id(one)] = one

    for sharing in (*of_chain.values(), *of_item.values()):
        for other in sharing[1:]:
            note(sharing[0], other)
            for third in sharing:
                note(third, other)
    for way in ways:
        for item in way.added:
            home = desk.home(way, item)
            for other in of_chain.get(id(home), ()):
                if item not in other.left:
                    note(way, other)
    return {key: list(others.values()) for key, others in found.items()}


def tell(desk: Desk, ways: Mapping[int, Sequence[Way]], credits: Sequence[Credit]) -> None:
    """Note on credits that stay open which answers they have, and leave them undecided."""
    standing = {id(c): [w for w in ways.get(id(c), ()) if desk.stands(w)] for c in credits}
    wanting: dict[int, set[int]] = defaultdict(set)
    for key, found in standing.items():
        for way in found:
            for chain in way.chains:
                wanting[id(chain)].add(key)
    for credit in credits:
        found = standing[id(credit)]
        if found:
            same = {key for chain in found[0].chains for key in wanting[id(chain)]}
            credit.rivals = max(len(found), len(same)) - 1
            credit.ambiguous = tuple(way.said() for way in found[:TOLD_MAX])
