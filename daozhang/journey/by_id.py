"""Credits that name their payout: matching by certain means (the contract's matching).

1. ``payout_id``: the credit's reference is a payout's id.
2. ``payout_id_in_text``: an id stands in its text, bounded by what is no letter or digit.
   Several credits that name one payout are ``split``; one that names several is ``merged``.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Sequence

from daozhang.journey.sides import Chain, Credit, Link

__all__ = ["links_by_id", "names_of"]

SHORT_ID = 5
"""An id of fewer characters proves nothing by standing in a text: the amounts must agree too."""


def links_by_id(
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


def names_of(credits: Iterable[Credit], names: Iterable[str]) -> dict[int, frozenset[str]]:
    """Return by the ``id`` of each credit which names its reference is or its text holds.

    Args:
        credits: with their texts.
        names: ids of payouts, whatever their case; they are returned in capitals.
    """
    known = {name.upper() for name in names}
    lengths = sorted({len(name) for name in known}, reverse=True)
    found: dict[int, frozenset[str]] = {}
    for credit in credits:
        exact = credit.ref.strip().upper()
        within = [exact] if exact in known else _ids_in(credit.text.upper(), known, lengths)
        found[id(credit)] = frozenset(within)
    return found


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


def _ids_in(text: str, names: Container[str], lengths: Sequence[int]) -> list[str]:
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
