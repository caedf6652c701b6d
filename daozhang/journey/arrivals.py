"""Which booked credit is which payout's money: from certain means to inferred ones.

Money that went back with its payout is set apart first (:mod:`.round_trips`). Certain is what names
its payout (:mod:`.by_id`); the rest is inferred (:mod:`.inferred`), and an itemised payout whose
amount admits one credit only counts as certain too.

Only money that is booked by T, on a payout that was sent and did not come back, has arrived. A
credit that no payout explains is not ours when its amount is negative, its account is unknown, or
the terms name who may pay us and its counterparty is not among them; else it is unexplained.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from daozhang.journey.by_id import links_by_id
from daozhang.journey.inferred import LinesOf, infer
from daozhang.journey.parties import Payers
from daozhang.journey.pools import reaches
from daozhang.journey.round_trips import Returned, send_back
from daozhang.journey.sides import Chain, Credit, Item, Link, settle
from daozhang.journey.ways import Desk

__all__ = ["Chain", "Credit", "Link", "match"]


def _no_lines(_: Sequence[Chain], __: bool) -> Mapping[int, Sequence[Item]]:
    return {}


def match(
    chains: Sequence[Chain],
    credits: Sequence[Credit],
    payers: Payers | None = None,
    lines_of: LinesOf = _no_lines,
    returned: Sequence[Returned] = (),
) -> Desk:
    """Fill ``credits``/``chains``, ``matched_by`` and the amounts of both sides, in place.

    The result depends on the two sets only, not on their order.

    Args:
        chains: payouts, and the groups of sales of which no payout is known.
        credits: booked credits.
        payers: who may bring which provider's money; None: anybody.
        lines_of: where the lines of chains are, for answers that name single items.
        returned: payouts that came back, whose credits arrived for nobody.

    Returns:
        The lines that changed their chain, and chains made of such lines.
    """
    chains = sorted(chains, key=lambda c: (c.provider_id, c.chain_id))
    credits = sorted(credits, key=lambda c: (c.booked_at, c.account_id, c.credit_id))
    send_back(returned, credits, (name for chain in chains for name in chain.names))
    credits = [credit for credit in credits if not credit.went_back]
    for links, how in links_by_id(chains, credits):
        settle(links, how, certain=True)
    payers = payers or Payers({})
    desk = infer(chains, credits, payers, lines_of)
    _bring_another_too(chains, credits)
    for chain in [*chains, *(apart for apart, _ in desk.parted)]:
        if chain.stands_for is not None:
            _follow(chain, chain.stands_for)
        elif chain.matched_by == "net_amount_day":
            chain.certain = (
                chain.paid
                and chain.itemised
                and not chain.withheld
                and not any(payers.stranger(credit.payer) for credit in chain.credits)
            )
    return desk


def _bring_another_too(chains: Sequence[Chain], credits: Sequence[Credit]) -> None:
    """Let what a credit brings beyond the payout that it names be the one payout it can be.

    Banks name one payout of several that they book as one amount.
    """
    waiting: dict[tuple[str | None, str, int], list[Chain]] = defaultdict(list)
    beyond: dict[tuple[str | None, str, int], list[Credit]] = defaultdict(list)
    for chain in chains:
        if chain.waits and chain.paid and not chain.supposed and chain.net_minor > 0:
            waiting[chain.account_id, chain.currency, chain.net_minor].append(chain)
    for credit in credits:
        over = credit.amount_minor - credit.explained_minor
        if over > 0 and len(credit.chains) == 1 and credit.chains[0].credits == [credit]:
            beyond[credit.account_id, credit.currency, over].append(credit)
    for key, found in beyond.items():
        near = [chain for chain in waiting.get(key, ()) if reaches(chain, found[0].day)]
        if len(found) == len(near) == 1 and near[0].provider_id == found[0].chains[0].provider_id:
            settle([(found[0], found[0].chains[0]), (found[0], near[0])], "merged")


def _follow(chain: Chain, payout: Chain) -> None:
    """Let a group share the fate of the payout that it was found to be part of."""
    chain.alive = payout.alive
    chain.credits = payout.credits
    chain.matched_by = payout.matched_by
    if payout.credited_minor == payout.net_minor:
        chain.credited_minor = chain.net_minor
