"""What people did and said: steps of upgrades and repairs, ratings and complaints.

Rules kept here: an upgrade is a procedure of steps, each with who carried it out and whether it
was done. A repair is an action too, with what the setting was before and after. Customers rate
stores, and complain where terminals failed them; they do not know why.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from daozhang.world._clock import DAY, HOUR, MINUTE, Bools, Ints, stream, uniform_ints
from daozhang.world.daily import Book
from daozhang.world.money_path import Path
from daozhang.world.registers import Columns, known_by
from daozhang.world.strays import orphans_of
from daozhang.world.strikes import OPERATORS
from daozhang.world.write import Cells, Digits

__all__ = ["STEPS", "actions", "feedback"]

_STREAM: Final = 12
STEPS: Final = ("backup", "batch_settled", "upgrade", "sign_in", "test_sale")
_BACKUP, _SETTLED, _UPGRADE, _SIGN_IN, _TEST_SALE = range(len(STEPS))
_OFFSET_MIN: Final = (-50, -40, 0, 2, 6)
_RATED_SHARE: Final = 0.25
_UPSET_SHARE: Final = 0.6
_METHODS: Final = ("chip", "qr", "face", "contactless")
_WORDS: Final = (
    "刷卡一直失败，只好付现金",
    "机器没有网络，等了很久",
    "扣了两次钱",
    "付款失败，体验差",
)
_NO_KEYS, _NO_LINE, _TWICE, _FAILED = range(len(_WORDS))


def actions(path: Path, cells: Cells, _book: Book) -> Columns:
    """Return the steps of every upgrade, then the repairs."""
    plan, upgrades = path.world.plan, path.upgrades
    done = np.flatnonzero(upgrades.day > 0)
    terminal = np.repeat(done, len(STEPS))
    step = np.tile(np.arange(len(STEPS), dtype=np.int64), len(done))
    since = np.where(step <= _UPGRADE, upgrades.started[terminal], upgrades.finished[terminal])
    at = since + np.array(_OFFSET_MIN)[step] * MINUTE
    # Nobody settles the batch of terminals that are upgraded in the afternoon; it is not asked.
    asked = ~(upgrades.by_day[terminal] & (step == _SETTLED))
    terminal, step, at = terminal[asked], step[asked], at[asked]
    skipped = upgrades.by_day[terminal] & (step == _BACKUP)
    if "F18" in path.faults:
        ours = plan.strikes.skipped[terminal] & ~upgrades.other[terminal]
        skipped |= ours & (step >= _SIGN_IN)
    what, before, after = _repairs(path)
    names = [*STEPS, *(name for name, _, _ in what)]
    extra = np.concatenate([hit for _, hit, _ in what]).astype(np.int64)
    when = np.concatenate([moment for _, _, moment in what]).astype(np.int64)
    place = np.repeat(np.arange(len(what)), [len(hit) for _, hit, _ in what]) + len(STEPS)
    count = len(at) + len(extra)
    who = np.concatenate([terminal % len(OPERATORS), np.full(len(extra), len(OPERATORS))])
    every, kind = np.concatenate([terminal, extra]), np.concatenate([step, place])
    moment = np.concatenate([at, when])
    nothing = len(STEPS) * [None]
    columns = {
        "action_id": Digits().text(["N"], np.zeros(count, dtype=np.int64))
        .number(np.arange(count), 9).array(),
        "at": cells.times(moment),
        "who": cells.chosen([*OPERATORS, "support"], who),
        "role": cells.chosen(["ops", "psp"], (who == len(OPERATORS)).astype(np.int64)),
        "what": cells.chosen(names, kind),
        "scope": cells.same("terminal", count),
        "scope_id": cells.chosen(path.world.estate.terminal_ids, every),
        "outcome": cells.chosen(
            ["done", "skipped"],
            np.concatenate([skipped, np.zeros(len(extra), dtype=np.bool_)]).astype(np.int64),
        ),
        "before": cells.chosen([*nothing, *before], kind),
        "after": cells.chosen([*nothing, *after], kind),
    }  # fmt: skip
    return known_by(path, columns, moment + 5 * MINUTE, cells)


def _repairs(
    path: Path,
) -> tuple[list[tuple[str, Ints, Ints]], list[str | None], list[str | None]]:
    """Return what was put right: (name, terminals, instants), and the settings around it."""
    plan, upgrades, hand_in = path.world.plan, path.upgrades, path.hand_in
    ours = (upgrades.day > 0) & ~upgrades.other

    def struck(code: str, chosen: Bools) -> Ints:
        return np.flatnonzero(chosen & ours & (code in path.faults)).astype(np.int64)

    clock, key = struck("F5", plan.clock), struck("F8", plan.strikes.key)
    number, setting = struck("F7", plan.strikes.number), struck("F9", plan.strikes.setting)
    wrong, fee = struck("F2", plan.strikes.wrong_id), struck("F3", plan.strikes.remapped)
    rows = [
        ("clock_set", clock, hand_in.clock_to[clock], "UTC+16", "UTC+8"),
        ("keys_loaded", key, hand_in.keyless_to[key], None, None),
        ("batch_number_agreed", number,
         (upgrades.day[number] + 1) * DAY + 10 * HOUR + 30 * MINUTE, None, None),
        ("apn_restored", setting, hand_in.silent_to[setting], "default", "pos.merchant"),
        ("parameters_loaded", wrong, upgrades.finished[wrong], "own", "template_of_another_shop"),
        ("parameters_loaded", wrong, (upgrades.day[wrong] + 3) * DAY + 11 * HOUR,
         "template_of_another_shop", "own"),
        ("merchant_table_loaded", fee, upgrades.finished[fee], "own", "5999"),
    ]  # fmt: skip
    what = [(name, hit, when) for name, hit, when, _, _ in rows]
    return what, [row[3] for row in rows], [row[4] for row in rows]


def feedback(path: Path, cells: Cells, _book: Book) -> Columns:
    """Return ratings of ordinary days, and complaints where something failed."""
    plan, estate = path.world.plan, path.world.estate
    rng = stream(path.world.seed, _STREAM)
    stores = len(estate.store_ids)
    store = np.repeat(np.arange(stores, dtype=np.int64), plan.days)
    day = np.tile(plan.first_day + np.arange(plan.days, dtype=np.int64), stores)
    rated = np.flatnonzero(rng.random(len(store)) < _RATED_SHARE)
    at = day[rated] * DAY + uniform_ints(rng, 9 * HOUR, 22 * HOUR, (len(rated),))
    score = np.minimum(5, 3 + rng.integers(0, 4, len(rated)))
    terminal, when, why = _upset(path)
    said = np.flatnonzero(rng.random(len(terminal)) < _UPSET_SHARE)
    where = np.concatenate([store[rated], estate.terminal_store[terminal[said]]])
    moment = np.concatenate([at, when[said] + uniform_ints(rng, 0, 2 * HOUR, (len(said),))])
    complaint = np.arange(len(where)) >= len(rated)
    texts = np.concatenate([np.zeros(len(rated), dtype=np.int64), why[said]])
    scores = np.concatenate([score, 1 + rng.integers(0, 2, len(said))])
    method = rng.integers(len(_METHODS), size=len(where))
    order = np.lexsort((where, moment))
    count = len(order)
    columns = {
        "feedback_id": Digits().text(["C"], np.zeros(count, dtype=np.int64))
        .number(np.arange(count), 8).array(),
        "at": cells.times(moment[order]),
        "store_id": cells.chosen(estate.store_ids, where[order]),
        "method": cells.chosen(_METHODS, method[order]),
        "score": cells.ints(scores[order]),
        "kind": cells.chosen(["rating", "complaint"], complaint[order].astype(np.int64)),
        "text": cells.chosen(_WORDS, texts[order], ~complaint[order]),
    }  # fmt: skip
    return known_by(path, columns, moment[order] + HOUR, cells)


def _upset(path: Path) -> tuple[Ints, Ints, Ints]:
    """Return whose customers have reason to complain, when, and of what."""
    plan, hand_in, upgrades = path.world.plan, path.hand_in, path.upgrades
    parts: list[tuple[Ints, Ints, int]] = []
    keyless = np.flatnonzero(hand_in.keyless_to > 0)
    silent = np.flatnonzero(hand_in.silent_to > 0)
    for hour in (10, 13, 18):
        parts.append((keyless, upgrades.day[keyless] * DAY + hour * HOUR, _NO_KEYS))
        parts.append((silent, upgrades.day[silent] * DAY + hour * HOUR, _NO_LINE))
    if "F10" in path.faults:
        for episode in plan.outages:
            hit = np.flatnonzero(episode.terminals)
            parts.append((hit, np.full(len(hit), episode.since + HOUR), _NO_LINE))
    if "F19" in path.faults:
        hit = np.flatnonzero(path.world.estate.card_provider == plan.strikes.down_provider)
        parts += [(hit, np.full(len(hit), since + HOUR), _FAILED) for since, _ in plan.down]
    if "F21" in path.faults:
        hit = np.arange(len(path.world.estate.terminal_ids))
        days = plan.first_day + hit % max(plan.days, 1)
        parts.append((hit, days * DAY + 15 * HOUR, _FAILED))
    orphans = orphans_of(path)
    parts.append((orphans.terminal, orphans.at + 8 * HOUR, _TWICE))
    terminal, at = (np.concatenate([part[n] for part in parts]) for n in (0, 1))
    why = np.repeat([part[2] for part in parts], [len(part[0]) for part in parts])
    return terminal.astype(np.int64), at.astype(np.int64), why.astype(np.int64)
