"""Which part of a split is which sales' money, where whole business dates tell.

Where a provider names no payout, what an account takes in on one day is one group of lines, though
sales of two business dates may have cleared on it. If two credits bring that group, and just one
way of dealing its business dates out to them gives both to the minor unit, each date came with its
credit; where dates do not, dates by channel may. Lines of no sale, refunds and the like go with
either. Without such a way, or with several, the split stands: each sale came with all of its
credits.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Mapping, Sequence
from itertools import product
from typing import Final

import pyarrow as pa

from daozhang.engine import Engine
from daozhang.journey.sides import Chain, Item
from daozhang.journey.ways import Desk

__all__ = ["part_by_dates"]

DEALS_MAX: Final = 4_096
"""So many ways to deal groups out to credits are tried; with more, one would fit by chance."""

Groups = Mapping[Hashable, Sequence[Item]]

_LINES: Final = (
    "SELECT l.provider_id, l.chain_id, l.line_id, l.kind, l.net_minor, p.business_date, p.channel "
    "FROM lines AS l SEMI JOIN chains_split AS c "
    "ON c.provider_id = l.provider_id AND c.chain_id = l.chain_id "
    "LEFT JOIN promised AS p ON p.sale_id = l.sale_id "
    "WHERE l.status = 'settled' ORDER BY l.provider_id, l.line_id"
)


def part_by_dates(engine: Engine, chains: Sequence[Chain], desk: Desk) -> list[Chain]:
    """Make a chain of each part of a split that whole business dates make up; return the new ones.

    Args:
        engine: holds ``lines`` and ``promised``.
        chains: as they were matched; those that are parted are changed in place.
        desk: takes down which lines moved.
    """
    split = {
        (chain.provider_id, chain.chain_id): chain
        for chain in chains
        if chain.matched_by == "split"
        and not (chain.paid or chain.supposed)
        and chain.credited_minor == chain.net_minor
        and all(credit.chains == [chain] for credit in chain.credits)
    }
    if not split:
        return []
    rows = [{"provider_id": provider, "chain_id": chain_id} for provider, chain_id in split]
    engine.put("chains_split", pa.Table.from_pylist(rows))
    dates: dict[tuple[str, str], dict[Hashable, list[Item]]] = defaultdict(dict)
    finer: dict[tuple[str, str], dict[Hashable, list[Item]]] = defaultdict(dict)
    for provider, chain_id, line, kind, net, day, channel in engine.rows(_LINES):
        item = Item(str(line), str(kind), int(str(net)))
        key = str(provider), str(chain_id)
        alone = kind != "sale" or day is None
        dates[key].setdefault(item.line_id if alone else day, []).append(item)
        finer[key].setdefault(item.line_id if alone else (day, channel), []).append(item)
    parts: list[Chain] = []
    for key, chain in split.items():
        for groups in (dates[key], finer[key]):
            if dealt := _dealt(chain, groups):
                parts += _parted(chain, dealt, desk)
                break
    return parts


def _dealt(chain: Chain, groups: Groups) -> list[list[Item]]:
    """Return the items of each credit, in the order of the chain's credits; empty: nobody knows."""
    wanted = [credit.amount_minor for credit in chain.credits]
    nets = [sum(item.net_minor for item in items) for items in groups.values()]
    if len(wanted) ** len(nets) > DEALS_MAX or sum(nets) != sum(wanted):
        return []
    found = []
    for deal in product(range(len(wanted)), repeat=len(nets)):
        sums = [0] * len(wanted)
        for credit, net in zip(deal, nets, strict=True):
            sums[credit] += net
        if sums == wanted and len(set(deal)) == len(wanted):
            found.append(deal)
    if len(found) != 1:
        return []
    items: list[list[Item]] = [[] for _ in wanted]
    for credit, own in zip(found[0], groups.values(), strict=True):
        items[credit] += own
    return items


def _parted(chain: Chain, dealt: Sequence[Sequence[Item]], desk: Desk) -> list[Chain]:
    """Leave a chain the lines of its first credit, and make chains of those of the others."""
    parts = []
    first, *others = chain.credits
    for number, (credit, items) in enumerate(zip(others, dealt[1:], strict=True), 2):
        part = chain.empty(f"{chain.chain_id}~{number}")
        for item in items:
            desk.move(item, chain, part)
        part.credits, credit.chains = [credit], [part]
        parts.append(part)
    chain.credits = [first]
    for one in (chain, *parts):
        one.matched_by = one.credits[0].matched_by = "net_amount_day"
        one.credited_minor = one.net_minor
    return parts
