"""The two sides that matching brings together: payouts that should arrive, and booked credits.

Both are few beside the sales, so they are values in Python; sales meet them in SQL.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

__all__ = ["SEARCH_DAYS", "Chain", "Credit", "Item", "Link", "settle"]

SEARCH_DAYS = 31
"""How long after its payout (or its due date) a credit may come and still be inferred, in days."""


@dataclass(frozen=True, slots=True, order=True)
class Item:
    """One settlement line (known, or supposed by the terms) that a hypothesis may name.

    Attributes:
        line_id: the line, unique within its provider.
        kind: the contract's kind of a settlement line (``refund``, ``sale``, ``fee``, …).
        net_minor: what it adds to the sum it is part of; refunds are negative.
    """

    line_id: str
    kind: str
    net_minor: int


@dataclass(slots=True)
class Chain:
    """A payout (with those sent in its place), or a group of sales, that should become credits.

    ``day`` is the local day on which it was paid out, or its lines cleared, or it is due.
    ``alive``: sent, and neither returned nor held. ``names``: the ids by which a bank text may
    name it. ``supposed``: no file names it; it is what one account, business date and channel
    should bring by the terms. ``paid``: a payout's own row says what it brings, so nothing may be
    left out of it. ``lines_minor``: what its settled lines sum to. ``itemised``: lines of it are
    known, ``lines`` of them.
    ``slot`` orders groups of one day (window, channel); ``least_minor``: the minimum payout.
    ``spare``: other files of its provider are known, so it is looked for only where nothing that
    they tell of explains a credit.
    ``stands_for``: the payout without lines that a supposed one was found to be.
    ``certain``: found by an id, or as an itemised payout whose amount admits just one credit.
    """

    provider_id: str
    chain_id: str
    account_id: str | None
    currency: str
    net_minor: int
    day: date | None
    alive: bool
    names: tuple[str, ...]
    supposed: bool = False
    spare: bool = False
    lines_minor: int | None = None
    itemised: bool = True
    paid: bool = True
    lines: int = 0
    channel: str = ""
    slot: tuple[date, int] | None = None
    least_minor: int = 0
    stands_for: Chain | None = None
    credits: list[Credit] = field(default_factory=list)
    matched_by: str | None = None
    credited_minor: int = 0
    certain: bool = False

    @property
    def withheld(self) -> bool:
        """Whether the payout brings less than its lines: what is missing no line explains."""
        return self.lines_minor is not None and self.lines_minor > self.net_minor

    @property
    def waits(self) -> bool:
        """Whether money should come of it and none is found yet."""
        open_ = self.alive and not self.credits and self.stands_for is None
        return open_ and self.day is not None and not self.spare

    def empty(self, chain_id: str) -> Chain:
        """Return a chain of the same kind without money, for lines that part from this one."""
        return Chain(
            self.provider_id, chain_id, self.account_id, self.currency, 0, self.day, alive=True,
            names=(), supposed=self.supposed,
            lines_minor=None if self.lines_minor is None else 0, paid=False,
            channel=self.channel, slot=self.slot, least_minor=self.least_minor,
        )  # fmt: skip


@dataclass(slots=True)
class Credit:
    """A booked credit. ``day`` is its local day; ``text`` its reference and counterparty.

    ``rivals``: how many other answers there were. Where that kept it open, ``ambiguous`` lists
    the answers in words. ``chance_ppm``: how many answers one would expect by mere chance in the
    hypotheses that were tried, in millionths. ``went_back``: the payout that came back with it, or
    that a debit took back (:mod:`daozhang.journey.round_trips`).
    """

    account_id: str
    credit_id: str
    currency: str
    amount_minor: int
    booked_at: datetime
    day: date
    ref: str
    text: str
    booked_day: bool = False
    payer: str = ""
    chains: list[Chain] = field(default_factory=list)
    matched_by: str | None = None
    explained_minor: int = 0
    rivals: int = 0
    chance_ppm: int = 0
    ambiguous: tuple[str, ...] = ()
    went_back: str = ""

    @property
    def open(self) -> bool:
        """Whether nothing explains it yet, and no certain means left it undecided."""
        return not self.chains and not self.ambiguous and not self.went_back


Link = tuple[Credit, Chain]


def settle(links: Sequence[Link], how: str, *, certain: bool = False) -> None:
    """Give the chains of a group the money of its credits, oldest credit first.

    A chain gets no more than its net; what is left over stays unexplained on its credit.
    """
    credits = list({id(credit): credit for credit, _ in links}.values())
    chains = list({id(chain): chain for _, chain in links}.values())
    booked = sum(credit.amount_minor for credit in credits)
    expected = sum(chain.net_minor for chain in chains)
    left = booked
    for chain in chains:
        chain.credits = [credit for credit, other in links if other is chain]
        chain.matched_by, chain.certain = how, certain
        chain.credited_minor = chain.net_minor if booked >= expected else min(chain.net_minor, left)
        left -= chain.credited_minor
    surplus = max(left, 0)
    for credit in reversed(credits):
        beyond = min(surplus, max(credit.amount_minor, 0))
        surplus -= beyond
        credit.chains = [chain for other, chain in links if other is credit]
        credit.matched_by = how
        credit.explained_minor = credit.amount_minor - beyond
        credit.ambiguous = ()
