"""What terminals tried: sign-ins, sales, reversals, batch closes and uploads, with their answers.

Rules kept here: ``at`` is the terminal's clock, ``host_at`` the provider's. What found no line has
neither code nor ``host_at`` and is known when the line is back; what the host refused has the code
of its reason (the faults' table of codes). An attempt at a sale that failed is no sale.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np

from daozhang.world._clock import DAY, HOUR, MINUTE, NEVER, Ints, stream, uniform_ints
from daozhang.world.daily import DayRows
from daozhang.world.hand_in import UPLOAD_S
from daozhang.world.money_path import Path
from daozhang.world.providers import CHANNELS
from daozhang.world.registers import Columns, known_by
from daozhang.world.strays import orphans_of
from daozhang.world.write import Cells, Digits

__all__ = ["APPROVED_ATTEMPTS_MAX", "METHODS", "attempts", "sale_attempts"]

APPROVED_ATTEMPTS_MAX: Final = 500_000
"""Above so many sales, attempts hold no approved sales; ``sales`` tells of them."""
_STREAM: Final = 9
_DECLINED_SHARE: Final = 0.3
_FAILED_SHARE: Final = 0.35
_OFFLINE_CODE: Final = "Y1"
METHODS: Final = ("chip", "swipe", "contactless", "qr", "face")
KINDS: Final = ("sign_in", "batch_close", "sale", "reversal", "batch_upload")
_SIGN_IN, _CLOSE, _SALE, _REVERSAL, _UPLOAD = range(len(KINDS))
_OUTCOMES: Final = ("approved", "declined", "failed", "timeout")
_APPROVED, _DECLINED, _FAILED, _TIMEOUT = range(len(_OUTCOMES))
_DECLINES: Final = ("51", "55", "61", "98")
_REPEATS: Final = 6


@dataclass(slots=True)
class _Log:
    """Attempts being gathered; each part is one kind with one outcome."""

    parts: list[tuple[Ints, Ints, Ints, Ints, Any, Ints]] = field(default_factory=list)

    def add(
        self,
        terminal: Ints,
        at: Ints,
        kind: int,
        outcome: int,
        codes: tuple[str | None, ...],
        amount: Ints | None = None,
    ) -> None:
        """Add attempts; the codes take turns, None is no answer."""
        count = len(terminal)
        one = np.ones(count, dtype=np.int64)
        turn = np.arange(count) + terminal
        code = np.array(codes, dtype=object)[turn % len(codes)]
        minor = -one if amount is None else amount
        self.parts.append((terminal, at, kind * one, outcome * one, code, minor))


def attempts(path: Path, cells: Cells) -> Columns:
    """Return everything but approved sales."""
    log, rng = _Log(), stream(path.world.seed, _STREAM, 1)
    _ordinary(path, log, rng)
    _closes(path, log)
    _keys_and_ids(path, log, rng)
    _without_line(path, log, rng)
    _of_payments(path, log, rng)
    columns = [np.concatenate([part[n] for part in log.parts]) for n in range(6)]
    order = np.lexsort((columns[2], columns[0], columns[1]))
    who, at, kind, outcome, code, amount = (column[order] for column in columns)
    down = path.hand_in.line_down(who, at) & (outcome != _TIMEOUT)
    outcome = np.where(down, _TIMEOUT, outcome)
    silent = down | (outcome == _TIMEOUT)
    texts = np.where(silent & (down | (code == None)), "", code.astype(object))  # noqa: E711 - elementwise
    sale = kind == _SALE
    turn = who * 31 + np.arange(len(who))
    channel = np.where(turn % 3 == 0, 2, 0)
    method = np.where(channel == 2, np.where(turn % 5 == 0, 4, 3), turn % 3)  # noqa: PLR2004 - face among the codes
    columns_out = {
        "attempt_id": Digits().text(["A"], np.zeros_like(who)).number(np.arange(len(who)), 10)
        .array(),
        "terminal_id": cells.chosen(path.world.estate.terminal_ids, who),
        "at": cells.times(path.hand_in.shown(who, at)),
        "kind": cells.chosen(KINDS, kind),
        "outcome": cells.chosen(_OUTCOMES, outcome),
        "code": cells.texts(str(text) or None for text in texts.tolist()),
        "host_at": cells.times(np.where(silent & (texts == ""), NEVER, at + 2)),
        "amount_minor": cells.ints(np.maximum(amount, 0), amount < 0),
        "channel": cells.chosen(CHANNELS, channel, ~sale),
        "method": cells.chosen(METHODS, method, ~sale),
    }  # fmt: skip
    known = np.where(silent, path.hand_in.line_back(who, at), at) + 2 * MINUTE
    return known_by(path, columns_out, known, cells)


def _each_day(path: Path) -> tuple[Ints, Ints]:
    terminals, days = len(path.world.estate.terminal_ids), path.world.plan.days
    return (
        np.repeat(np.arange(terminals, dtype=np.int64), days),
        np.tile(np.arange(days, dtype=np.int64), terminals),
    )


def _amounts(rng: np.random.Generator, count: int) -> Ints:
    return uniform_ints(rng, 8, 600, (count,)) * 100


def _ordinary(path: Path, log: _Log, rng: np.random.Generator) -> None:
    """Add sign-ins of the morning and after upgrades, and sales that the issuer declines."""
    terminal, day = _each_day(path)
    shift = path.world.estate.shift[terminal]
    start = (path.world.plan.first_day + day) * DAY
    morning = start + (uniform_ints(rng, 6 * HOUR, 8 * HOUR, (len(day),)) + shift) % DAY
    fits = ~path.hand_in.keyless(terminal, morning)
    log.add(terminal[fits], morning[fits], _SIGN_IN, _APPROVED, ("00",))
    log.add(terminal[~fits], morning[~fits], _SIGN_IN, _DECLINED, ("A0", "99"))
    declined = np.flatnonzero(rng.random(len(day)) < _DECLINED_SHARE)
    count = len(declined)
    of_day = (uniform_ints(rng, 9 * HOUR, 21 * HOUR, (count,)) + shift[declined]) % DAY
    codes = tuple(_DECLINES)
    log.add(terminal[declined], start[declined] + of_day, _SALE, _DECLINED, codes,
            _amounts(rng, count))  # fmt: skip
    upgraded = np.flatnonzero(path.upgrades.day > 0)
    after = path.upgrades.finished[upgraded] + MINUTE
    right = ~path.hand_in.keyless(upgraded, after)
    right &= ~_wrong_id(path)[upgraded] & ~_skipped(path)[upgraded]
    log.add(upgraded[right], after[right], _SIGN_IN, _APPROVED, ("00",))


def _ours(path: Path) -> Any:
    return (path.upgrades.day > 0) & ~path.upgrades.other


def _wrong_id(path: Path) -> Any:
    return path.world.plan.strikes.wrong_id & _ours(path) & ("F2" in path.faults)


def _skipped(path: Path) -> Any:
    return path.world.plan.strikes.skipped & _ours(path) & ("F18" in path.faults)


def _closes(path: Path, log: _Log) -> None:
    """Add batch closes: refused and uploaded again where the host would not have them."""
    terminal, day = _each_day(path)
    plan, hand_in = path.world.plan, path.hand_in
    close, handed = hand_in.closes[terminal, day], hand_in.handed[terminal, day]
    waits = handed > close + UPLOAD_S
    log.add(terminal[~waits], close[~waits], _CLOSE, _APPROVED, ("00",))
    terminal, close, handed = terminal[waits], close[waits], handed[waits]
    log.add(terminal, handed - UPLOAD_S, _CLOSE, _APPROVED, ("00",))
    keyless, silent = hand_in.keyless(terminal, close), hand_in.silent(terminal, close)
    number = plan.strikes.number[terminal] & ("F7" in path.faults) & ~keyless & ~silent
    log.add(terminal[keyless], close[keyless], _CLOSE, _DECLINED, ("A0",))
    log.add(terminal[silent], close[silent], _CLOSE, _TIMEOUT, (None,))
    log.add(terminal[number], close[number], _CLOSE, _DECLINED, ("77", "95"))
    log.add(terminal[number], close[number] + 3 * MINUTE, _UPLOAD, _DECLINED, ("94", "95"))
    rest = ~keyless & ~silent & ~number
    log.add(terminal[rest], close[rest], _CLOSE, _DECLINED, ("77",))
    if "F12" in path.faults:
        twice = np.flatnonzero(plan.strikes.twice & (path.upgrades.day == plan.twice_day))
        again = hand_in.handed[twice, plan.twice_day - plan.first_day] + 10 * MINUTE
        log.add(twice.astype(np.int64), again, _UPLOAD, _DECLINED, ("94",))


def _keys_and_ids(path: Path, log: _Log, rng: np.random.Generator) -> None:
    """Add what the host refuses after an upgrade: keys (F8), ids (F2), a skipped sign-in (F18)."""
    hand_in, upgrades = path.hand_in, path.upgrades
    keyless = np.flatnonzero(hand_in.keyless_to > 0).astype(np.int64)
    for turn in range(_REPEATS):
        at = upgrades.finished[keyless] + (1 + 20 * turn) * MINUTE
        log.add(keyless, at, _SIGN_IN, _DECLINED, ("A0", "99"))
        of_day = uniform_ints(rng, 8 * HOUR, 21 * HOUR, (len(keyless),))
        log.add(keyless, upgrades.day[keyless] * DAY + of_day, _SALE, _DECLINED, ("A0", "99"),
                _amounts(rng, len(keyless)))  # fmt: skip
    log.add(keyless, hand_in.keyless_to[keyless], _SIGN_IN, _APPROVED, ("00",))
    wrong = np.flatnonzero(_wrong_id(path)).astype(np.int64)
    log.add(wrong, upgrades.finished[wrong] + MINUTE, _SIGN_IN, _DECLINED, ("97", "03"))
    log.add(wrong, upgrades.finished[wrong] + 25 * MINUTE, _SIGN_IN, _APPROVED, ("00",))
    skipped = np.flatnonzero(_skipped(path)).astype(np.int64)
    for turn in range(3):
        at = upgrades.day[skipped] * DAY + 8 * HOUR + (3 + 11 * turn) * MINUTE
        log.add(skipped, at, _SALE, _DECLINED, ("58", "77"), _amounts(rng, len(skipped)))


def _without_line(path: Path, log: _Log, rng: np.random.Generator) -> None:
    """Add what found no line or no host: F10, F9, F19, and F20's lost reversals."""
    hand_in, upgrades, plan = path.hand_in, path.upgrades, path.world.plan
    if "F10" in path.faults:
        for episode in plan.outages:
            hit = np.flatnonzero(episode.terminals).astype(np.int64)
            for at in range(episode.since, episode.until, 50 * MINUTE):
                when = at + uniform_ints(rng, 0, 40 * MINUTE, (len(hit),))
                log.add(hit, when, _SALE, _TIMEOUT, (None, "68", "98"), _amounts(rng, len(hit)))
                log.add(hit[::2], when[::2] + MINUTE, _REVERSAL, _TIMEOUT, (None,))
    silent = np.flatnonzero(hand_in.silent_to > 0).astype(np.int64)
    for hours in range(5, 40, 3):
        tried = upgrades.day[silent] * DAY + hours * HOUR + silent % 1800
        dead = hand_in.silent(silent, tried)
        log.add(silent[dead], tried[dead], _SIGN_IN, _TIMEOUT, (None,))
    if "F19" in path.faults:
        own = path.world.estate.card_provider == plan.strikes.down_provider
        hit = np.flatnonzero(own).astype(np.int64)
        for since, until in plan.down:
            for at in range(since, until, 2 * HOUR):
                log.add(hit, at + uniform_ints(rng, 0, HOUR, (len(hit),)), _SALE, _FAILED,
                        ("96", "98"), _amounts(rng, len(hit)))  # fmt: skip
    orphans = orphans_of(path)
    log.add(orphans.terminal, orphans.at, _SALE, _TIMEOUT, ("68",), orphans.amount)
    log.add(orphans.terminal, orphans.at + 20, _REVERSAL, _TIMEOUT, (None,), orphans.amount)


def _of_payments(path: Path, log: _Log, rng: np.random.Generator) -> None:
    """Add payments that failed: wrong amount, wrong details, an online payment cut off (F21)."""
    if "F21" not in path.faults:
        return
    terminal, day = _each_day(path)
    chosen = np.flatnonzero(rng.random(len(day)) < _FAILED_SHARE)
    at = (path.world.plan.first_day + day[chosen]) * DAY
    at = at + uniform_ints(rng, 9 * HOUR, 21 * HOUR, (len(chosen),))
    log.add(terminal[chosen], at, _SALE, _FAILED, ("13", "14", "30", "12"),
            _amounts(rng, len(chosen)))  # fmt: skip


def sale_attempts(path: Path, cells: Cells, rows: DayRows) -> Columns:
    """Return the attempts behind one day's sales: approved by the host, or by the terminal."""
    n, j = rows.sales, rows.journeys
    number = np.arange(n, dtype=np.int64)
    terminal, channel, at = rows.terminal[:n], rows.channel[:n], rows.at[:n]
    offline = j.offline[:n]
    wallet = channel > 0
    turn = rows.amount[:n] + number
    method = np.where(wallet, np.where(turn % 9 == 0, 4, 3), np.array([0, 0, 2, 1])[turn % 4])
    days = np.full(n, rows.day, dtype=np.int64)
    columns = {
        "attempt_id": Digits().text(["S"], np.zeros_like(number)).number(days, 4)
        .number(number, 8).array(),
        "terminal_id": cells.chosen(path.world.estate.terminal_ids, terminal),
        "at": cells.times(j.captured[:n]),
        "kind": cells.same("sale", n),
        "outcome": cells.same("approved", n),
        "code": cells.chosen(["00", _OFFLINE_CODE], offline.astype(np.int64)),
        "host_at": cells.times(np.where(offline, NEVER, at + 1)),
        "amount_minor": cells.ints(rows.amount[:n]),
        "channel": cells.chosen(CHANNELS, channel),
        "method": cells.chosen(METHODS, method),
    }  # fmt: skip
    known = np.where(offline, path.hand_in.line_back(terminal, at), at) + 2 * MINUTE
    return known_by(path, columns, known, cells)
