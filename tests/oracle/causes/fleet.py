"""Who sells, where, with which terminals, and when they were upgraded: an estate before any fault.

Everything is drawn from one seed, and what a thing does by chance from the seed and its name
(:func:`chance`), so that the same estate with one fault less is otherwise the same.
"""

from __future__ import annotations

import datetime as dt
import random
from dataclasses import dataclass, field

CHINA = dt.timezone(dt.timedelta(hours=8))
DAY = dt.timedelta(days=1)
HOUR = dt.timedelta(hours=1)
MINUTE = dt.timedelta(minutes=1)

Moment = dt.datetime
BATCHED, ONLINE, SAME_DAY = "HUIJIE", "TONGDA", "MIAODAO"
STARTS = ((2026, 3, 9), (2026, 4, 15), (2026, 5, 11), (2026, 9, 10), (2026, 7, 6), (2025, 11, 3))
INTERVALS_MIN = (5, 15, 30, 60, 120, 240)
CODES = ("5411", "5812", "5311", "5977")


def chance(*names: object) -> random.Random:
    """Return the generator that belongs to these names, the estate's seed first."""
    return random.Random("|".join(str(name) for name in names))


def at(day: dt.date, hours: float) -> Moment:
    """Return a local moment of a day; more than 24 hours are the next one's."""
    return dt.datetime.combine(day, dt.time(), CHINA) + hours * HOUR


@dataclass(frozen=True)
class Terminal:
    """A terminal, and when its upgrade began; None: never."""

    tid: str
    store: str
    merchant: str
    provider: str
    account: str
    bank: str
    model: str
    carrier: str
    area: str
    mcc: str
    closes_h: float
    upgraded: Moment | None = None
    wave: int = 0


@dataclass(frozen=True)
class Sale:
    """A sale at the true time at which it was made."""

    sid: str
    terminal: Terminal
    made: Moment
    amount: int
    channel: str
    rrn: str
    trace: int


@dataclass(frozen=True)
class Habits:
    """How an estate expresses itself: all of it allowed, none of it about causes."""

    signals: bool
    signal_min: int
    silence_is_absent: bool
    queue_said: bool
    attempts: bool
    batches: bool
    actions: bool
    notices: bool
    reasons: str
    submitted_later: bool
    payout_id_later: bool
    coverage: bool
    utc: bool
    id_in_text: bool
    dated_bank: str
    terminal_closes: bool


@dataclass
class Estate:
    """Fleet, sales and habits."""

    seed: int
    first: dt.date
    days: int
    release: str
    habits: Habits
    online_calendar: str
    terminals: list[Terminal] = field(default_factory=list)
    sales: list[Sale] = field(default_factory=list)

    @property
    def last(self) -> dt.date:
        """The last day of trade."""
        return self.first + (self.days - 1) * DAY

    @property
    def waves(self) -> list[Moment]:
        """When terminals were upgraded, earliest first."""
        return sorted(t.upgraded for t in self.terminals if t.upgraded is not None)


def make_habits(rng: random.Random) -> Habits:
    """Draw what is written at all and how."""
    return Habits(
        signals=rng.random() < 0.8,
        signal_min=rng.choice(INTERVALS_MIN),
        silence_is_absent=rng.random() < 0.5,
        queue_said=rng.random() < 0.5,
        attempts=rng.random() < 0.8,
        batches=rng.random() < 0.8,
        actions=rng.random() < 0.7,
        notices=rng.random() < 0.6,
        reasons=rng.choice(("none", "zh", "en", "code")),
        submitted_later=rng.random() < 0.5,
        payout_id_later=rng.random() < 0.3,
        coverage=rng.random() < 0.4,
        utc=rng.random() < 0.3,
        id_in_text=rng.random() < 0.4,
        dated_bank=rng.choice(("", "ICBC", "CMB")),
        terminal_closes=rng.random() < 0.5,
    )


def make_estate(seed: int, upgrade_h: float | None, *, canary: bool = False) -> Estate:
    """Make fleet and sales.

    Args:
        seed: decides everything.
        upgrade_h: the local hour at which upgrades begin; None: a usual one.
        canary: only one terminal is upgraded.
    """
    rng = chance(seed, "estate")
    habits = make_habits(rng)
    estate = Estate(
        seed, dt.date(*rng.choice(STARTS)), rng.randint(21, 33), rng.choice(("3.2.1", "V8.0")),
        habits, rng.choice(("CN", "ALL")),
    )  # fmt: skip
    size = 30 if habits.signal_min == 5 else rng.choice((50, 80, 120, 180))
    providers = [BATCHED, ONLINE] + ([SAME_DAY] if rng.random() < 0.5 else [])
    fleet: list[Terminal] = []
    while len(fleet) < size:
        fleet += _merchant(rng, len({t.merchant for t in fleet}), providers)
    hour = upgrade_h if upgrade_h is not None else rng.choice((2.5, 10.0, 14.0, 19.0))
    estate.terminals = _upgrade(rng, estate, fleet, hour, canary=canary)
    rate = min(6.0, rng.randint(3000, 7000) / (len(fleet) * estate.days))
    for terminal in estate.terminals:
        estate.sales += _trade(estate, terminal, rate)
    return estate


def _merchant(rng: random.Random, number: int, providers: list[str]) -> list[Terminal]:
    merchant, chain = f"8{number:05d}", number % 4 == 0
    provider = providers[number % len(providers)]
    bank = rng.choice(("ICBC", "CMB", "ABC", "BOC"))
    model_of_all = rng.choice(("A920", "A920", "N910"))
    out: list[Terminal] = []
    for shop in range(rng.randint(3, 6) if chain else 1):
        closes, area = rng.uniform(21.8, 22.6), rng.choice(("east", "west", "north"))
        carriers = ("CMCC", "CUCC", "CTCC")
        out += [
            Terminal(
                f"T{number:03d}{shop}{till}", f"S{number:03d}{shop}", merchant, provider,
                f"ACC{number:03d}", bank, rng.choice(("A920", "N910")) if chain else model_of_all,
                rng.choice(carriers), area, CODES[number % 4], closes,
            )
            for till in range(rng.randint(1, 3) if chain else rng.choice((1, 1, 2)))
        ]  # fmt: skip
    return out


def _upgrade(
    rng: random.Random, estate: Estate, fleet: list[Terminal], hour: float, *, canary: bool
) -> list[Terminal]:
    """Upgrade the terminals of one model in waves, a share of the shops in each."""
    begin = rng.randint(7, 12)
    shops = sorted({t.store for t in fleet if t.model == "A920"})
    rng.shuffle(shops)
    shops = shops[:1] if canary else shops[: max(4, len(shops) * 4 // 5)]
    gap = rng.choice((1, 1, 2))
    wave_of = {shop: (0 if n == 0 else 1 + n * 3 // len(shops)) for n, shop in enumerate(shops)}
    out = []
    for t in fleet:
        if t.model != "A920" or t.store not in wave_of:
            out.append(t)
            continue
        wave = wave_of[t.store]
        day = estate.first + (begin + wave * gap) * DAY
        when = at(day, hour) + chance(estate.seed, t.tid, "upgrade").randint(0, 40) * MINUTE
        out.append(Terminal(**{**t.__dict__, "upgraded": when, "wave": wave}))
        if canary:
            wave_of = {}
    return out


def _trade(estate: Estate, terminal: Terminal, rate: float) -> list[Sale]:
    out: list[Sale] = []
    trace = chance(estate.seed, terminal.tid, "trace").randint(1, 900)
    until = terminal.closes_h - 0.15 if terminal.provider == BATCHED else 23.6
    for n in range(estate.days):
        day = estate.first + n * DAY
        rng = chance(estate.seed, terminal.tid, day)
        times = sorted(rng.uniform(8.5, until) for _ in range(_poisson(rng, rate)))
        for hour in times:
            trace += 1
            sid = f"{terminal.tid}-{day:%m%d}-{trace:06d}"
            amount = int(rng.lognormvariate(9.2, 0.9)) + 100
            channel = "card" if terminal.provider == BATCHED else rng.choice(("wechat", "alipay"))
            rrn = f"{chance(sid).randrange(10**12):012d}"
            out.append(Sale(sid, terminal, at(day, hour), amount, channel, rrn, trace))
    return out


def _poisson(rng: random.Random, mean: float) -> int:
    count, left = 0, rng.expovariate(1.0)
    while left < mean:
        count, left = count + 1, left + rng.expovariate(1.0)
    return count
