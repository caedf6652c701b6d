"""Which credit brings which money where no id leads: inferred matching.

Rules kept here (the contract's matching), each only for what the one before left open:

1. ``net_amount_day``: one payout of the same account and amount, up to 31 days before. What
   those who may pay leave open may have been paid by a stranger: that its payer is not the one
   in the terms is told of the provider, and no reason to say that the money did not come.
2. ``net_of_days``: groups of sales, one an account, business date and channel, that follow each
   other, net of fees by the terms. Of payouts that follow each other: ``carried_over``, or
   ``merged`` if they are of one day.
3. ``split``: several credits bring one payout, or what one account takes in on one day.
4. ``net_of_days_less_items``: as 2, plus or minus at most three named items.
5. ``subset``: a few payouts that do not follow each other.

What a provider's missing file would tell of is supposed by the terms, and looked for last, among
what everything else left open.

Everything here is recomputed on each run: a credit that has several answers stays open and says
so (:mod:`.ways`), and a certain match always comes first. What is not due yet brings nothing.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime, time

from daozhang.journey.by_groups import GroupSearch, LinesOf
from daozhang.journey.by_sums import split_ways, subset_ways
from daozhang.journey.parties import Payers
from daozhang.journey.pools import Pools, reaches
from daozhang.journey.sides import Chain, Credit
from daozhang.journey.ways import Desk, Way, decide, tell

__all__ = ["LinesOf", "infer"]


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
    desk = Desk()
    _infer(Pools(chains, credits, payers, desk), chains, lines_of)
    spare = [chain for chain in chains if chain.spare]
    places = {(chain.account_id, chain.currency) for chain in spare}
    for chain in spare:
        chain.spare = False
    if places:
        near = [chain for chain in chains if (chain.account_id, chain.currency) in places]
        left = [credit for credit in credits if (credit.account_id, credit.currency) in places]
        _infer(Pools(near, left, payers, desk), near, lines_of)
    return desk


def _infer(pools: Pools, chains: Sequence[Chain], lines_of: LinesOf) -> None:
    _stand_for_payouts(pools, chains, lines_of)
    _by_amount(pools)
    _by_strangers(pools)
    groups = GroupSearch(pools, [c for c in pools.credits if c.open], lines_of)
    groups.by_groups()
    split = split_ways(pools, groups.stands)
    decide(pools.desk, split)
    groups.by_items()
    _tell(pools, {c: [*groups.ways.get(c, ()), *split.get(c, ())] for c in {*groups.ways, *split}})
    subset = subset_ways(pools)
    decide(pools.desk, subset)
    _tell(pools, subset)


def _stand_for_payouts(pools: Pools, chains: Sequence[Chain], lines_of: LinesOf) -> None:
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
            pools.desk.payouts[id(stand_in)] = chain
    groups = GroupSearch(pools, targets, lines_of)
    groups.by_groups()
    groups.by_items()


def _by_amount(pools: Pools) -> None:
    """Pair payouts with credits of their amount where just one assignment is possible.

    Where days leave more than one, it is not guessed, and those payouts are kept from others.
    """
    ways = _of_amount(pools, [credit for credit in pools.credits if credit.open], strangers=False)
    decide(pools.desk, ways)
    for found in ways.values():
        for way in found:
            if pools.desk.stands(way):
                pools.contested.update(map(id, way.chains))
    _tell(pools, ways)


def _by_strangers(pools: Pools) -> None:
    """Pair payouts with credits of their amount that nobody named in the terms has paid."""
    credits = [credit for credit in pools.credits if credit.open and pools.stranger(credit)]
    decide(pools.desk, _of_amount(pools, credits, strangers=True))


def _of_amount(pools: Pools, credits: Sequence[Credit], *, strangers: bool) -> dict[int, list[Way]]:
    """Return by the ``id`` of each credit the payouts of its amount that it may bring."""
    amounts: dict[tuple[str | None, str, int], list[Chain]] = defaultdict(list)
    for family in pools:
        for chain in family.chains:
            if chain.waits and not chain.supposed and id(chain) not in pools.contested:
                amounts[chain.account_id, chain.currency, chain.net_minor].append(chain)
    return {
        id(credit): [
            Way((credit,), (chain,), (chain.net_minor,), "net_amount_day")
            for chain in amounts.get((credit.account_id, credit.currency, credit.amount_minor), ())
            if reaches(chain, credit.day)
            and (strangers or pools.may_pay(credit, chain.provider_id))
        ]
        for credit in credits
    }


def _tell(pools: Pools, ways: dict[int, list[Way]]) -> None:
    tell(pools.desk, ways, [credit for credit in pools.credits if credit.open])
