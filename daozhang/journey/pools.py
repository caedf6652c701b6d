"""The open chains by where their money goes: what a credit of an account might bring."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta

from daozhang.journey.parties import Payers
from daozhang.journey.sides import SEARCH_DAYS, Chain, Credit
from daozhang.journey.ways import Desk

__all__ = ["Family", "Pools", "reaches", "slot_of"]

REACH_DAYS = SEARCH_DAYS + 21
"""How far before a credit a business date may lie: its due date may be holidays later."""


@dataclass(slots=True)
class Family:
    """Chains of one provider, account and currency in the order of their business dates.

    ``paid``: they are payouts of which a row is known. ``contested``: the ``id`` of chains of
    which it is not decided which credit brings them; no other may.
    """

    provider_id: str
    paid: bool
    chains: list[Chain]
    contested: set[int]
    slots: list[date] = field(default_factory=list)

    def within_reach(self, day: date, total: int) -> list[Chain]:
        """Return the chains that a credit of a day and amount might bring."""
        first = bisect_left(self.slots, day - timedelta(days=REACH_DAYS))
        if self.chains[0].least_minor:
            first = 0  # what waits for a minimum may be months old
        last = bisect_right(self.slots, day)
        return [
            chain
            for chain in self.chains[first:last]
            if chain.waits
            and chain.least_minor <= total
            and id(chain) not in self.contested
            and reaches(chain, day)
        ]

    def wholes(self) -> Iterator[list[Chain]]:
        """Yield each waiting chain alone, and those of one slot together."""
        of_slot: dict[tuple[object, ...], list[Chain]] = defaultdict(list)
        for chain in self.chains:
            if chain.waits and id(chain) not in self.contested:
                yield [chain]
                of_slot[slot_of(chain)].append(chain)
        yield from (members for members in of_slot.values() if len(members) > 1)


def reaches(chain: Chain, day: date) -> bool:
    """Return whether a credit of a day may bring a chain's money: not before it, nor too late."""
    return chain.day is not None and 0 <= (day - chain.day).days <= SEARCH_DAYS


def slot_of(chain: Chain) -> tuple[object, ...]:
    """Return what orders chains; those of one slot come together, each payout is one alone."""
    return _order(chain) if chain.paid else _order(chain)[:2]


def _order(chain: Chain) -> tuple[date, int, str, str]:
    slot = chain.slot or (chain.day or date.max, 0)
    return (*slot, chain.channel, chain.chain_id)


class Pools:
    """Families by account and currency, the open credits, and what was taken so far."""

    def __init__(
        self, chains: Sequence[Chain], credits: Sequence[Credit], payers: Payers, desk: Desk
    ) -> None:
        """Sort the waiting chains into families; only open credits of money in are looked at."""
        self.desk = desk
        self.credits = [c for c in credits if c.open and c.amount_minor > 0]
        self.contested: set[int] = set()
        self._payers = payers
        members: dict[tuple[str, str | None, str, bool], list[Chain]] = defaultdict(list)
        for chain in chains:
            if chain.waits and chain.net_minor:
                key = (chain.provider_id, chain.account_id, chain.currency, chain.paid)
                members[key].append(chain)
        self._families: dict[tuple[str | None, str], list[Family]] = defaultdict(list)
        for (provider, account, currency, paid), found in sorted(
            members.items(), key=lambda entry: tuple(map(str, entry[0]))
        ):
            found.sort(key=_order)
            slots = [_order(chain)[0] for chain in found]
            family = Family(provider, paid, found, self.contested, slots)
            self._families[account, currency].append(family)

    def __iter__(self) -> Iterator[Family]:
        for families in self._families.values():
            yield from families

    def of(self, account_id: str | None, currency: str) -> Sequence[Family]:
        """Return the families of one account and currency."""
        return self._families.get((account_id, currency), ())

    def open_by_account(self) -> dict[tuple[str | None, str], list[Credit]]:
        """Return the credits that are still open by account and currency."""
        found: dict[tuple[str | None, str], list[Credit]] = defaultdict(list)
        for credit in self.credits:
            if credit.open:
                found[credit.account_id, credit.currency].append(credit)
        return found

    def may_pay(self, credit: Credit, provider_id: str) -> bool:
        """Return whether a credit's counterparty may bring a provider's money."""
        return self._payers.may_pay(credit.payer, provider_id)

    def stranger(self, credit: Credit) -> bool:
        """Return whether names are known and a credit's counterparty is none of them."""
        return self._payers.stranger(credit.payer)

    def may_bring(self, target: Credit, chain: Chain) -> bool:
        """Return whether a credit (or a payout that stands as one) can bring a chain's money."""
        if (target.account_id, target.currency) != (chain.account_id, chain.currency):
            return False
        payout = self.desk.payouts.get(id(target))
        if payout is None:
            return self.may_pay(target, chain.provider_id)
        return not chain.paid and chain.provider_id == payout.provider_id
