"""Payouts, groups and credits without ids, with the truth of which credit brings what.

Everything is made from a seed. Amounts are minor units; a payout is one account's takings of a day,
less a fee on each sale and less refunds. Some credits bring two days (carried over) or a part of
one (split); some days have a twin of the same net that could be meant as well; some credits are
other people's money.
"""

from __future__ import annotations

import datetime as dt
import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

from daozhang.journey.hypotheses import MOST_ITEMS
from daozhang.journey.sides import SEARCH_DAYS, Chain, Credit, Item

__all__ = ["Made", "Mode", "Score", "make", "score"]

Mode = Literal["payouts", "lines", "sales"]
FIRST = dt.date(2026, 1, 5)
DAYS = 40
"""Days of one account; each has its own, so that a twin is meant and not met by chance."""


@dataclass(slots=True)
class Made:
    """One made estate: the two sides, and by credit the lines that it truly brings."""

    chains: list[Chain]
    credits: list[Credit]
    lines: dict[str, list[Item]]
    truth: dict[str, frozenset[str]]
    twins: set[str] = field(default_factory=set)

    def lines_of(self, wanted: Sequence[Chain], every: bool) -> Mapping[int, Sequence[Item]]:
        """Return the lines of chains as matching asks for them."""
        return {
            id(c): [i for i in self.lines[c.chain_id] if every or i.kind != "sale"] for c in wanted
        }


def make(
    seed: int, mode: Mode, *, sales: int, days: int, odd: float = 0.05, moved: float = 0.0
) -> Made:
    """Make an estate.

    Args:
        seed: of all chance.
        mode: what is known: payouts and their lines, lines only, or sales only.
        sales: sales of one day.
        days: days in all, over as many accounts as it takes.
        odd: the share of days that are split or carried over to the next.
        moved: the share of refunds that are taken off the day after their own.
    """
    rng = random.Random(seed)
    made = Made([], [], {}, {})
    for account in range(-(-days // DAYS)):
        here = min(DAYS, days - account * DAYS)
        _account(made, rng, f"a{account}", mode, sales, here, odd=odd, moved=moved)
    rng.shuffle(made.chains)
    rng.shuffle(made.credits)
    return made


def _account(
    made: Made, rng: random.Random, account: str, mode: Mode, sales: int, days: int, *,
    odd: float, moved: float,
) -> None:  # fmt: skip
    chains = [_day(made, rng, f"{account}-{n:02}", n, sales, mode, account) for n in range(days)]
    twins = [n for n in range(1, days) if rng.random() < 0.02]
    for n in twins:  # The day before is sold again, line for line.
        chains[n].net_minor = chains[n].lines_minor = chains[n - 1].net_minor
        made.lines[chains[n].chain_id] = [
            Item(i.line_id.replace(chains[n - 1].chain_id, chains[n].chain_id), i.kind, i.net_minor)
            for i in made.lines[chains[n - 1].chain_id]
        ]
        chains[n].lines = chains[n - 1].lines
    parts = {c.chain_id: {i.line_id for i in made.lines[c.chain_id]} for c in chains}
    for n in range(days - 1):
        for item in made.lines[chains[n].chain_id]:
            if item.kind == "refund" and rng.random() < moved:
                parts[chains[n + 1].chain_id].add(item.line_id)
                parts[chains[n].chain_id].discard(item.line_id)
    if mode == "sales":
        for chain in chains:
            chain.lines_minor = None
    nets = {i.line_id: i.net_minor for c in chains for i in made.lines[c.chain_id]}
    made.chains += chains
    n = 0
    while n < days:
        lines = frozenset(parts[chains[n].chain_id])
        if n in twins or n + 1 in twins:
            _book(
                made,
                account,
                n + 3 if n + 1 in twins else n + 2,
                sum(map(nets.get, lines)),
                lines,
                twin=True,
            )
        elif n + 1 < days and n + 1 not in twins and n + 2 not in twins and rng.random() < odd:
            if rng.random() < 0.5:
                lines |= parts[chains[n + 1].chain_id]
                _book(made, account, n + 1, sum(map(nets.get, lines)), lines)
                n += 1
            else:
                total = sum(map(nets.get, lines))
                part = rng.randrange(total // 10, total // 2)
                _book(made, account, n, part, lines)
                _book(made, account, n + rng.randrange(2), total - part, lines)
        else:
            _book(made, account, n, sum(map(nets.get, lines)), lines)
        if rng.random() < 0.03:
            _book(made, account, n, rng.randrange(5_000, 5_000_000), frozenset())
        n += 1


def _day(
    made: Made, rng: random.Random, name: str, number: int, sales: int, mode: Mode, account: str
) -> Chain:
    items = []
    for sale in range(sales):
        amount = max(100, int(rng.lognormvariate(8.5, 0.9)))
        items.append(Item(f"{name}-s{sale}", "sale", amount - (amount * 60 + 5_000) // 10_000))
    items += [
        Item(f"{name}-r{refund}", "refund", -rng.randrange(10, 400 if sales < 8 else 20_000))
        for refund in range(max(1, round(sales * 0.01)))
    ]
    made.lines[name] = items
    net = sum(item.net_minor for item in items)
    day = FIRST + dt.timedelta(days=number)
    return Chain(
        "P", name, account, "CNY", net, day, alive=True, names=(),
        supposed=mode == "sales", lines_minor=net, paid=mode == "payouts", lines=len(items),
        channel="card", slot=(day, -1) if mode == "sales" else None,
    )  # fmt: skip


def _book(
    made: Made, account: str, day: int, amount: int, lines: frozenset[str], *, twin: bool = False
) -> None:
    booked = FIRST + dt.timedelta(days=day)
    name = f"{account}-c{len(made.credits)}"
    at = dt.datetime.combine(booked, dt.time(2), dt.UTC)
    made.credits.append(Credit(account, name, "CNY", amount, at, booked, "", ""))
    made.truth[name] = lines
    if twin:
        made.twins.add(name)


@dataclass(slots=True)
class Score:
    """How many credits were matched rightly, wrongly, or refused; of those with one answer too."""

    credits: int = 0
    right: int = 0
    wrong: int = 0
    one_answer: int = 0
    found_of_one: int = 0
    several: int = 0
    refused_of_several: int = 0
    not_ours: int = 0
    beyond: int = 0

    @property
    def precision(self) -> float:
        """The share of right ones among those matched."""
        return self.right / max(self.right + self.wrong, 1)

    @property
    def recall(self) -> float:
        """The share found of the credits that have one answer."""
        return self.found_of_one / max(self.one_answer, 1)


def score(made: Made, brought: Mapping[str, frozenset[str]]) -> Score:
    """Compare what was said with the truth.

    A credit has *several* answers if its days have a planted twin, or if another union of days
    within its reach comes to its amount (tried one by one, without the product's search). One
    whose truth names more than three items is *beyond* what is looked for.

    Args:
        made: the estate.
        brought: by credit the lines it was said to bring; missing: nothing was said.
    """
    told = Score(credits=len(made.credits))
    days: dict[str | None, list[Chain]] = {}
    for chain in sorted(made.chains, key=lambda c: c.chain_id):
        days.setdefault(chain.account_id, []).append(chain)
    original = {c: sum(i.net_minor for i in made.lines[c]) for c in made.lines}
    for credit in made.credits:
        truth, said = made.truth[credit.credit_id], brought.get(credit.credit_id, frozenset())
        if said:
            told.right += said == truth
            told.wrong += said != truth
        if not truth:
            told.not_ours += 1
            continue
        if _items(made, truth) > MOST_ITEMS:
            told.beyond += 1
        elif credit.credit_id in made.twins or _answers(credit, days, original) > 1:
            told.several += 1
            told.refused_of_several += not said
        else:
            told.one_answer += 1
            told.found_of_one += said == truth
    return told


def _items(made: Made, truth: frozenset[str]) -> int:
    """How many lines of the truth stand alone: left out of their day, or taken without it."""
    count = 0
    for name in {line.rsplit("-", 1)[0] for line in truth}:
        brought = sum(item.line_id in truth for item in made.lines[name])
        count += min(brought, len(made.lines[name]) - brought)
    return count


def _answers(
    credit: Credit, days: Mapping[str | None, list[Chain]], nets: Mapping[str, int]
) -> int:
    near = [
        nets[c.chain_id]
        for c in days[credit.account_id]
        if c.day is not None and 0 <= (credit.day - c.day).days <= SEARCH_DAYS
    ]
    return sum(
        sum(near[first:last]) == credit.amount_minor
        for first, last in combinations(range(len(near) + 1), 2)
    )
