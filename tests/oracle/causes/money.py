"""The way of the money, day by day, through whatever faults there are.

``run`` is called once with all faults and once without each: what the fault did is the difference.
A fault is data: windows of time on a terminal, account, provider or bank, and what happens to what
falls into them.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass, field

from tests.oracle.causes.fleet import (
    BATCHED,
    DAY,
    HOUR,
    MINUTE,
    ONLINE,
    SAME_DAY,
    Estate,
    Moment,
    Sale,
    Terminal,
    at,
    chance,
)
from tests.oracle.promises import is_business

LEGS = ("submit", "clear", "pay_out", "credit")


@dataclass(frozen=True)
class Window:
    """What falls into [start, end) goes on at ``release``; None: with the next close."""

    start: Moment
    end: Moment
    release: Moment | None


@dataclass
class Fault:
    """A fault, where and when it strikes.

    Attributes:
        windows: by terminal, account, provider or bank.
        share: how many of the sales in a window are stored in the terminal.
        blocks: whether a batch cannot be closed in a window.
        offset: how much the terminal's clock is ahead.
        limit: what an account is paid at most a day; ``minimum`` at least.
        style: how it is expressed in the facts.
    """

    code: str
    mechanism: str
    cause: str
    leg: str
    windows: dict[str, list[Window]]
    share: float = 0.0
    blocks: bool = False
    offset: dt.timedelta = dt.timedelta(0)
    limit: int = 0
    minimum: int = 0
    style: str = ""
    noise: bool = False

    def hit(self, target: str, moment: Moment) -> Window | None:
        """Return the window of a target that a moment falls into."""
        return next((w for w in self.windows.get(target, ()) if w.start <= moment < w.end), None)


@dataclass
class Journey:
    """How one sale fared."""

    sale: Sale
    stored: bool = False
    submitted: Moment | None = None
    batch: int = 0
    first_clear: Moment | None = None
    cleared: Moment | None = None
    planned: Moment | None = None
    paid: Moment | None = None
    payout: str = ""
    credited: Moment | None = None
    faults: list[Fault] = field(default_factory=list)

    def struck(self, fault: Fault) -> None:
        """Remember what struck it."""
        if fault not in self.faults:
            self.faults.append(fault)

    def by(self, leg: str) -> Fault | None:
        """Return the fault of a leg, if one struck."""
        return next((f for f in self.faults if f.leg == leg), None)


@dataclass
class Batch:
    """A close of a terminal's batch, or a try."""

    terminal: Terminal
    closed: Moment
    outcome: str
    journeys: list[Journey]
    fault: Fault | None = None


@dataclass
class Payout:
    """A payout, and what it waited for."""

    name: str
    account: str
    planned: Moment
    paid: Moment
    credited: Moment
    journeys: list[Journey]
    fault: Fault | None = None
    let_go: Moment | None = None
    """When what kept it back before the last fault let it go."""


@dataclass
class Run:
    """What happened."""

    journeys: dict[str, Journey]
    batches: list[Batch]
    payouts: list[Payout]


def run(estate: Estate, faults: list[Fault]) -> Run:
    """Let every sale go its way."""
    by_terminal: dict[str, list[Journey]] = defaultdict(list)
    for sale in estate.sales:
        by_terminal[sale.terminal.tid].append(Journey(sale))
    batches: list[Batch] = []
    for terminal in estate.terminals:
        mine = by_terminal[terminal.tid]
        here = [f for f in faults if f.leg == "submit" and terminal.tid in f.windows]
        _store(estate, terminal, mine, here)
        if terminal.provider == BATCHED:
            batches += _close(estate, terminal, mine, here)
    journeys = [j for mine in by_terminal.values() for j in mine]
    for journey in journeys:
        _clear(estate, journey, faults)
    payouts = _pay(estate, journeys, faults)
    return Run({j.sale.sid: j for j in journeys}, batches, payouts)


def _store(estate: Estate, terminal: Terminal, mine: list[Journey], faults: list[Fault]) -> None:
    """Decide when a sale is with the host, or ready to go with the batch."""
    for journey in mine:
        sale, ready = journey.sale, journey.sale.made
        rng = chance(estate.seed, sale.sid, "store")
        if terminal.provider == BATCHED and rng.random() < 0.03:
            journey.stored = True
        for fault in faults:
            window = fault.hit(terminal.tid, sale.made)
            if window is None or not fault.share:
                continue
            if chance(estate.seed, sale.sid, fault.code).random() < fault.share:
                journey.stored = True
                journey.struck(fault)
                assert window.release is not None, "what is stored is released some time"
                ready = max(ready, window.release + rng.randint(1, 25) * MINUTE)
        journey.submitted = ready


def _close(
    estate: Estate, terminal: Terminal, mine: list[Journey], faults: list[Fault]
) -> list[Batch]:
    """Put sales into the first close after they are ready."""
    closes: list[tuple[Moment, list[Fault]]] = []
    batches: list[Batch] = []
    for n in range(estate.days + 12):
        day = estate.first + n * DAY
        rng = chance(estate.seed, terminal.tid, day, "close")
        moment: Moment | None = at(day, terminal.closes_h) + rng.randint(0, 12) * MINUTE
        why: list[Fault] = []
        for fault in faults * 2:
            assert moment is not None
            window = fault.hit(terminal.tid, moment)
            if window is not None and fault.offset:
                moment = at(day, terminal.closes_h) - fault.offset
                why.append(fault)
            elif window is not None and fault.blocks:
                why.append(fault)
                if fault.code == "F7":
                    batches.append(Batch(terminal, moment, "rejected", [], fault))
                moment = window.release and window.release + rng.randint(26, 45) * MINUTE
                if moment is None:
                    break
        if moment is not None:
            closes.append((moment, why))
        else:
            closes.append((dt.datetime.max.replace(tzinfo=estate.waves[0].tzinfo), why))
    closes.sort(key=lambda c: c[0])
    filled: dict[Moment, list[Journey]] = defaultdict(list)
    usual = [f for _, why in closes for f in why]
    for journey in mine:
        assert journey.submitted is not None
        ready = journey.submitted
        moment = next(m for m, _ in closes if m >= ready)
        for fault in usual:
            if any(w.start - DAY <= moment and ready < w.end for w in fault.windows[terminal.tid]):
                journey.struck(fault)
        journey.submitted = moment
        filled[moment].append(journey)
    batches += [
        Batch(terminal, moment, "balanced", filled[moment]) for moment in sorted(filled)
    ]  # fmt: skip
    return batches


def _clear(estate: Estate, journey: Journey, faults: list[Fault]) -> None:
    """Find when the provider has the line."""
    sale, sent = journey.sale, journey.submitted
    assert sent is not None
    rng = chance(estate.seed, sale.sid, "clear")
    provider = sale.terminal.provider
    business = sent.date() + (DAY if sent >= at(sent.date(), cutoff_h(provider)) else 0 * DAY)
    cleared = at(business + DAY, 2.4) + rng.randint(0, 50) * MINUTE
    if provider == SAME_DAY:
        for until, ready in ((11, 11.5), (17, 17.5)):
            if sent < at(sent.date(), until):
                cleared = at(sent.date(), ready) + rng.randint(0, 20) * MINUTE
                break
    journey.first_clear = cleared
    for fault in faults:
        if fault.leg != "clear":
            continue
        for target in (sale.terminal.tid, provider):
            window = fault.hit(target, cleared)
            if window is not None and window.release is not None:
                journey.struck(fault)
                cleared = window.release + rng.randint(0, 40) * MINUTE
    journey.cleared = cleared


def cutoff_h(provider: str) -> int:
    """Return the hour at which a provider's day ends."""
    return {BATCHED: 23, ONLINE: 23, SAME_DAY: 24}[provider]


def slot(estate: Estate, provider: str, after: Moment) -> Moment:
    """Return the next time at which a provider pays out."""
    day = after.date()
    while True:
        pays = provider == SAME_DAY or (
            is_business("CN", day)
            if provider == BATCHED or estate.online_calendar == "CN"
            else True
        )
        for hour in (9.5, 13.0, 19.0) if provider == SAME_DAY else (9.5,):
            if pays and at(day, hour) >= after:
                return at(day, hour)
        day += DAY


def _pay(estate: Estate, journeys: list[Journey], faults: list[Fault]) -> list[Payout]:
    groups: dict[tuple[str, Moment], list[Journey]] = defaultdict(list)
    for journey in sorted(journeys, key=lambda j: (j.cleared or j.sale.made, j.sale.sid)):
        assert journey.cleared is not None
        terminal = journey.sale.terminal
        journey.planned = slot(estate, terminal.provider, journey.cleared)
        groups[terminal.account, journey.planned].append(journey)
    for fault in faults:
        if fault.limit or fault.minimum:
            _limit(estate, groups, fault)
    payouts: dict[str, Payout] = {}
    for (account, planned), group in sorted(groups.items()):
        if group:
            payout = _payout(estate, account, planned, group, faults)
            known = payouts.setdefault(payout.name, payout)
            if known is not payout:
                known.journeys += payout.journeys
                known.paid = max(known.paid, payout.paid)
    for payout in payouts.values():
        payout.credited = _book(estate, payout, faults)
        for journey in payout.journeys:
            journey.payout, journey.paid = payout.name, payout.paid
            journey.credited = payout.credited
    return list(payouts.values())


def _limit(estate: Estate, groups: dict[tuple[str, Moment], list[Journey]], fault: Fault) -> None:
    """Move what is above the day's limit, or all below the minimum, to the next payout."""
    for account in fault.windows:
        queue = sorted(moment for name, moment in groups if name == account)
        while queue:
            moment = queue.pop(0)
            group, total, kept = groups[account, moment], 0, list[Journey]()
            if fault.hit(account, moment) is None:
                continue
            if fault.minimum and sum(j.sale.amount for j in group) >= fault.minimum:
                continue
            for journey in group:
                total += journey.sale.amount
                if fault.limit and (total <= fault.limit or not kept):
                    kept.append(journey)
            moved = [j for j in group if j not in kept]
            groups[account, moment] = kept
            if moved:
                later = slot(estate, moved[0].sale.terminal.provider, moment + MINUTE)
                groups[account, later] = moved + groups[account, later]
                queue = sorted({*queue, later})
            for journey in moved:
                journey.struck(fault)


def _payout(
    estate: Estate, account: str, planned: Moment, group: list[Journey], faults: list[Fault]
) -> Payout:
    terminal = group[0].sale.terminal
    rng = chance(estate.seed, account, planned, "pay")
    paid, name, why = planned + rng.randint(0, 25) * MINUTE, f"{planned:%m%d%H}", None
    let_go: Moment | None = None
    for fault in faults:
        for target in (account, terminal.provider):
            window = fault.hit(target, paid) if fault.leg == "pay_out" else None
            if window is not None and window.release is not None and not fault.limit:
                if fault.minimum:
                    continue
                let_go = paid if why is not None else None
                why = fault
                paid = window.release + rng.randint(0, 25) * MINUTE
                if fault.style == "merged":
                    paid, name = window.release, f"{window.release:%m%d}R"
    for journey in group:
        if why is not None:
            journey.struck(why)
    return Payout(f"P{account[3:]}{name}", account, planned, paid, paid, list(group), why, let_go)


def _book(estate: Estate, payout: Payout, faults: list[Fault]) -> Moment:
    bank = payout.journeys[0].sale.terminal.bank
    rng = chance(estate.seed, payout.name, "book")
    booked = payout.paid + rng.randint(15, 80) * MINUTE
    for fault in faults:
        window = fault.hit(bank, payout.paid) if fault.leg == "credit" else None
        if window is not None and window.release is not None:
            booked = max(booked, window.release + rng.randint(0, 90) * MINUTE)
            for journey in payout.journeys:
                journey.struck(fault)
    return booked


def promise(estate: Estate, sale: Sale) -> Moment:
    """Return when the money was promised, by the terms that ``facts.py`` writes."""
    provider, made = sale.terminal.provider, sale.made
    if provider == SAME_DAY:
        for until, due in ((11, 15), (17, 21)):
            if made < at(made.date(), until):
                return at(made.date(), due)
        return at(made.date() + DAY, 12)
    day = made.date() + (DAY if made >= at(made.date(), cutoff_h(provider)) else 0 * DAY) + DAY
    if provider == BATCHED or estate.online_calendar == "CN":
        while not is_business("CN", day):
            day += DAY
    return at(day, 14)


__all__ = ["HOUR", "LEGS", "Batch", "Fault", "Journey", "Payout", "Run", "Window", "promise", "run"]
