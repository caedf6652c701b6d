"""What a sum may be made of: unions of consecutive groups, plus or minus a few named items.

The rule's source is the contract's matching: where no id leads, the hypotheses for a credit are
unions of consecutive (account, business date, channel) groups, plus or minus at most three named
items. This module knows whole numbers only; what they stand for is :mod:`.inferred`'s to say.

A *scope* is a set of channels (all of one payer, each alone, and every other mix of up to four);
a union takes every group of a scope's channels on consecutive slots. A slot is a business date,
or one of its same-day windows; slots on which a scope has no money do not part its neighbours.

An answer with fewer items is preferred, and whether one with more items is a rival depends on how
many such answers chance alone would give: the number of hypotheses over the range of sums they
may come to. Where chance would hardly give one, a second answer is evidence and the sum stays
open. Where chance gives answers anyway, one more says nothing, and none is taken from there.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, combinations
from math import comb, gcd

__all__ = ["MOST_ITEMS", "Answer", "Found", "Group", "Part", "believable", "scopes", "search"]

MOST_ITEMS = 3
"""How many items an answer may name (the contract's matching)."""

CHANCE_MAX_PPM = 200
"""How many answers by mere chance, in millionths, a step may promise and still be believed."""

FEW = 50
"""So few hypotheses are tried whatever chance says: an accountant would try them by hand."""

WORK_MAX = 2_000_000
"""How many hypotheses may be tried for one sum and number of items when nothing simpler fits."""

RIVAL_WORK_MAX = 40_000
"""How many may be tried only to see whether a simpler answer has rivals."""

MIXED_MAX = 4
"""Up to so many channels every mix of them is a scope; beyond, all, each and all but each."""

ROUND_SEEN = 8
"""How many nets must share a step before it is taken for the step of all sums."""

ANSWERS_MAX = 50
"""Of more answers than these for one sum, the rest is not counted."""


@dataclass(frozen=True, slots=True)
class Group:
    """What one channel brings on one slot: its net in minor units, of so many lines."""

    slot: int
    channel: str
    net: int
    lines: int = 0


@dataclass(frozen=True, slots=True)
class Part:
    """An item that may be left out of its group (a place in the groups) or join a union.

    ``group`` is -1 where it belongs to none of the groups at hand.
    """

    net: int
    group: int = -1


@dataclass(frozen=True, slots=True, order=True)
class Answer:
    """Places of the groups that are brought, of the items left out of them and of those added."""

    groups: tuple[int, ...]
    left: tuple[int, ...] = ()
    added: tuple[int, ...] = ()

    @property
    def items(self) -> int:
        """How many items it names."""
        return len(self.left) + len(self.added)


@dataclass(frozen=True, slots=True)
class Found:
    """The answers for one sum, in a fixed order; none: nothing in the space comes to it.

    Attributes:
        answers: the answers that count, ascending by items named.
        chance_ppm: how many answers chance alone would give where they were looked for, in
            millionths.
        undecided: the space was not searched whole, because chance would give answers in the
            rest of it, or it is too large.
    """

    answers: tuple[Answer, ...]
    chance_ppm: int
    undecided: bool


def scopes(groups: Sequence[Group]) -> list[frozenset[str]]:
    """Return the sets of channels whose money may come together, in a fixed order."""
    channels = sorted({group.channel for group in groups})
    if len(channels) <= MIXED_MAX:
        sizes: Sequence[int] = range(len(channels), 0, -1)
    else:
        sizes = (len(channels), len(channels) - 1, 1)
    return [frozenset(mix) for size in sizes for mix in combinations(channels, size)]


def search(groups: Sequence[Group], parts: Sequence[Part], total: int) -> Found:
    """Find what a sum may be made of.

    Args:
        groups: every group at hand; more than one of a slot and channel come together.
        parts: every item at hand; those of net 0 are never named.
        total: the sum, in minor units.
    """
    lanes = [lane for scope in scopes(groups) if (lane := _Lane.of(groups, scope)).places]
    named = [place for place, part in enumerate(parts) if part.net]
    space = sum(lane.size for lane in lanes)
    spread = _spread(groups, [parts[place] for place in named])
    found = _distinct(groups, parts, (Answer(g) for lane in lanes for g in lane.hits(total)))
    chance = _ppm(space, spread)
    undecided = False
    for count in range(1, MOST_ITEMS + 1):
        tries = space * comb(len(named), count)
        expected = _ppm(tries, spread)
        most = RIVAL_WORK_MAX if found else WORK_MAX
        if not believable(tries, spread) or tries > most:
            undecided = undecided or tries > 0
            break
        chance = max(chance, expected) if not found else chance
        if tries:
            more = _with_items(_unions(lanes), parts, named, total, count)
            found = _distinct(groups, parts, (*found, *more))
    return Found(found, chance, undecided)


def believable(tries: int, spread: int, few: int = FEW) -> bool:
    """Return whether a hit among so many hypotheses over so many sums is hardly chance."""
    return tries <= few or _ppm(tries, spread) <= CHANCE_MAX_PPM


def _ppm(tries: int, spread: int) -> int:
    """Return how many of some hypotheses hit one sum by chance, in millionths, rounded up."""
    return -(-tries * 1_000_000 // max(spread, 1))


def _spread(groups: Sequence[Group], parts: Sequence[Part]) -> int:
    """Return over how many different sums the hypotheses may spread.

    Prices in whole yuan without a fee leave only every hundredth sum possible; that is believed
    of many nets, not of a few that happen to be round.
    """
    nets = [group.net for group in groups if group.net] + [part.net for part in parts]
    step = gcd(*nets, 100) if len(nets) >= ROUND_SEEN else 1
    return sum(abs(group.net) for group in groups) // step


def _unions(lanes: Sequence[_Lane]) -> list[tuple[int, tuple[int, ...]]]:
    """Return every distinct union with its sum."""
    seen: dict[tuple[int, ...], int] = {}
    for lane in lanes:
        for total, places in lane.all():
            seen.setdefault(places, total)
    return [(total, places) for places, total in seen.items()]


@dataclass(frozen=True, slots=True)
class _Lane:
    """A scope's groups in the order of their slots, with the running sums of their nets.

    Slots that come to nothing are left out: they part nobody and bring nothing.
    """

    places: list[tuple[int, ...]]
    sums: list[int]

    @classmethod
    def of(cls, groups: Sequence[Group], scope: frozenset[str]) -> _Lane:
        at: dict[int, list[int]] = defaultdict(list)
        for place, group in enumerate(groups):
            if group.channel in scope and group.net:
                at[group.slot].append(place)
        places = [
            tuple(at[slot]) for slot in sorted(at) if sum(groups[p].net for p in at[slot])
        ]  # fmt: skip
        nets = (sum(groups[p].net for p in members) for members in places)
        return cls(places, list(accumulate(nets, initial=0)))

    @property
    def size(self) -> int:
        return len(self.places) * (len(self.places) + 1) // 2

    def hits(self, total: int) -> Iterator[tuple[int, ...]]:
        """Yield the unions that come to a sum: one pass over the running sums."""
        before: dict[int, list[int]] = defaultdict(list)
        for end, reached in enumerate(self.sums):
            for start in before.get(reached - total, ()):
                yield self._union(start, end)
            before[reached].append(end)

    def all(self) -> Iterator[tuple[int, tuple[int, ...]]]:
        for start in range(len(self.places)):
            for end in range(start + 1, len(self.sums)):
                yield self.sums[end] - self.sums[start], self._union(start, end)

    def _union(self, start: int, end: int) -> tuple[int, ...]:
        return tuple(sorted(p for members in self.places[start:end] for p in members))


def _with_items(
    found: Sequence[tuple[int, tuple[int, ...]]],
    parts: Sequence[Part],
    named: Sequence[int],
    total: int,
    count: int,
) -> Iterator[Answer]:
    """Yield unions that come to a sum with so many items: the last one is looked up by its net."""
    by_net: dict[int, list[int]] = defaultdict(list)
    for place in named:
        by_net[parts[place].net].append(place)
    for reached, union in found:
        inside = set(union)
        signed = [(p, -parts[p].net if parts[p].group in inside else parts[p].net) for p in named]
        for chosen in combinations(signed, count - 1):
            missing = total - reached - sum(net for _, net in chosen)
            after = chosen[-1][0] if chosen else -1
            last = [p for p in by_net.get(missing, ()) if parts[p].group not in inside]
            last += [p for p in by_net.get(-missing, ()) if parts[p].group in inside]
            for place in last:
                if place > after:
                    items = (*(p for p, _ in chosen), place)
                    yield Answer(
                        union,
                        tuple(p for p in items if parts[p].group in inside),
                        tuple(p for p in items if parts[p].group not in inside),
                    )


def _distinct(
    groups: Sequence[Group], parts: Sequence[Part], answers: Iterator[Answer] | Sequence[Answer]
) -> tuple[Answer, ...]:
    """Keep one answer for each set of lines, the one that names fewest items.

    A group whose every line is left out is not brought; one whose every line is added is.
    """
    kept: dict[Answer, Answer] = {}
    for answer in answers:
        plain = _plain(groups, parts, answer)
        if plain.groups and (plain not in kept or answer.items < kept[plain].items):
            kept[plain] = answer
        if len(kept) >= ANSWERS_MAX:
            break
    ordered = sorted(kept, key=lambda plain: (kept[plain].items, plain))
    return tuple(ordered)


def _plain(groups: Sequence[Group], parts: Sequence[Part], answer: Answer) -> Answer:
    if not answer.items:
        return answer
    brought = set(answer.groups)
    left, added = set(answer.left), set(answer.added)
    for chosen, joins in ((left, False), (added, True)):
        by_group: dict[int, list[int]] = defaultdict(list)
        for place in chosen:
            by_group[parts[place].group].append(place)
        for group, members in by_group.items():
            if group >= 0 and groups[group].lines == len(members):
                chosen.difference_update(members)
                brought = brought | {group} if joins else brought - {group}
    return Answer(tuple(sorted(brought)), tuple(sorted(left)), tuple(sorted(added)))
