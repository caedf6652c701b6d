"""What terminals, people and banks leave behind beside the money.

Rules kept here: ``at`` of an attempt and ``closed_at`` of a batch are the terminal's clock,
``host_at`` and ``submitted_at`` the provider's. Signals are a sample every few hours, and hourly
where a line is down. Statements cover a day at a time, and their coverage is known with them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

import numpy as np
import pyarrow as pa

from daozhang.world._clock import DAY, HOUR, MINUTE, NEVER, Bools, Ints, stream, uniform_ints
from daozhang.world.daily import Book, batch_numbers
from daozhang.world.estate import BANKS, CARRIERS, CITIES, MODELS
from daozhang.world.faults import NEW_RELEASE, OLD_RELEASE
from daozhang.world.money_path import UPLOAD_S, Path
from daozhang.world.providers import CHANNELS, LANQIAO, PROVIDERS
from daozhang.world.write import Cells, Digits

__all__ = ["TABLE_MAKERS"]

_STREAM: Final = 9
_OTHER_RELEASE: Final = "5.0.2"
_SIGNAL_EVERY: Final = 4 * HOUR
_DECLINED_SHARE: Final = 0.3
_DECLINES: Final = ("51", "55", "61", "98")
_STEPS: Final = ("backup", "batch_settled", "upgrade", "sign_in", "test_sale")

Columns = dict[str, Any]


def _known_by(path: Path, columns: Columns, known: Ints, cells: Cells) -> Columns:
    """Drop what nobody knows yet and add ``known_at``."""
    table = pa.table({**columns, "known_at": cells.times(known)})
    kept = table.filter(pa.array(known <= path.world.plan.as_of))
    return {name: kept.column(name) for name in kept.column_names}


def _by_day(path: Path) -> tuple[Ints, Ints]:
    """Return every (terminal, day index) of the period."""
    terminals, days = len(path.world.estate.terminal_ids), path.world.plan.days
    return (
        np.repeat(np.arange(terminals, dtype=np.int64), days),
        np.tile(np.arange(days, dtype=np.int64), terminals),
    )


def _shown(path: Path, terminal: Ints, at: Ints) -> Ints:
    """Return what the terminal's clock shows at an instant."""
    wrong = (path.clock_from[terminal] <= at) & (at < path.clock_to[terminal])
    return at + np.where(wrong, 8 * HOUR, 0)


def _terminals(path: Path, cells: Cells, _book: Book) -> Columns:
    estate = path.world.estate
    count = len(estate.terminal_ids)
    terminal = np.arange(count, dtype=np.int64)
    merchant, store = estate.terminal_merchant, estate.terminal_store
    return {
        "terminal_id": cells.texts(estate.terminal_ids),
        "store_id": cells.chosen(estate.store_ids, store),
        "merchant_id": cells.chosen(estate.merchant_ids, merchant),
        "provider_id": cells.chosen([p.provider_id for p in PROVIDERS], estate.card_provider),
        "model": cells.chosen(MODELS, estate.terminal_model),
        "carrier": cells.chosen(CARRIERS, estate.terminal_carrier),
        "release_id": cells.chosen(
            [OLD_RELEASE, "5.0.1"], (path.world.plan.other_wave > 0).astype(np.int64)
        ),
        "mcc": cells.chosen(estate.merchant_mcc, merchant),
        "serial": cells.texts(estate.terminal_serial[t] for t in terminal.tolist()),
        "city": cells.chosen([name for name, _ in CITIES], estate.store_city[store]),
    }


def _accounts(path: Path, cells: Cells, _book: Book) -> Columns:
    estate = path.world.estate
    merchant, bank, provider, store = estate.account_rows.T
    return {
        "account_id": cells.texts(estate.account_ids),
        "merchant_id": cells.chosen(estate.merchant_ids, merchant),
        "bank_id": cells.chosen([b.bank_id for b in BANKS], bank),
        "provider_id": cells.chosen(
            [p.provider_id for p in PROVIDERS], np.maximum(provider, 0), provider < 0
        ),
        "store_id": cells.chosen(estate.store_ids, np.maximum(store, 0), store < 0),
        "currency": cells.same("CNY", len(merchant)),
        "kind": cells.chosen(["company", "personal"], estate.single[merchant].astype(np.int64)),
    }


def _releases(_path: Path, cells: Cells, _book: Book) -> Columns:
    return {
        "release_id": cells.texts([OLD_RELEASE, NEW_RELEASE, "5.0.1", _OTHER_RELEASE]),
        "touches": cells.texts(["fields", "keys;account;clock;migration", "fields", "fields"]),
        "purpose": cells.texts(["小修复", "新密钥体系，商户资料迁移", "小修复", "界面更新"]),
    }


def _upgrades(path: Path, cells: Cells, _book: Book) -> Columns:
    plan, upgrades = path.world.plan, path.upgrades
    done = np.flatnonzero(upgrades.day > 0)
    failed = done[upgrades.failed_first[done]]
    terminal = np.concatenate([failed, done])
    first = np.arange(len(terminal)) < len(failed)
    started = upgrades.started[terminal] - np.where(first, DAY, 0)
    finished = np.where(first, started + 9 * MINUTE, upgrades.finished[terminal])
    wave = np.where(upgrades.other[terminal], plan.other_wave[terminal], plan.wave[terminal])
    columns = {
        "terminal_id": cells.chosen(path.world.estate.terminal_ids, terminal),
        "release_id": cells.chosen(
            [NEW_RELEASE, _OTHER_RELEASE], upgrades.other[terminal].astype(np.int64)
        ),
        "started_at": cells.times(started),
        "finished_at": cells.times(finished),
        "outcome": cells.chosen(["ok", "failed"], first.astype(np.int64)),
        "wave": cells.chosen(["0", "1", "2", "3", "4"], wave),
    }
    return _known_by(path, columns, finished + MINUTE, cells)


def _batches(path: Path, cells: Cells, book: Book) -> Columns:
    plan = path.world.plan
    terminal, day = _by_day(path)
    close = path.closes[terminal, day]
    before = path.closes[terminal, np.maximum(day - 1, 0)]
    opened = np.where(day > 0, before + MINUTE, plan.first_day * DAY)
    count = book.batch_count[terminal, day]
    minor = book.batch_minor[terminal, day]
    # A wiped terminal cannot close its batch; the provider forces it, without stored sales.
    wiped = path.upgrades.by_day[terminal]
    wiped &= path.upgrades.day[terminal] - plan.first_day == day
    columns = {
        "terminal_id": cells.chosen(path.world.estate.terminal_ids, terminal),
        "batch_no": Digits().number(batch_numbers(path, terminal, day), 6).array(),
        "opened_at": cells.times(_shown(path, terminal, opened)),
        "closed_at": cells.times(_shown(path, terminal, close)),
        "submitted_at": cells.times(close + UPLOAD_S),
        "sales_count": cells.ints(count),
        "sales_minor": cells.ints(minor),
        "host_count": cells.ints(count),
        "host_minor": cells.ints(minor),
        "outcome": cells.chosen(["balanced", "forced"], wiped.astype(np.int64)),
    }
    return _known_by(path, columns, close + UPLOAD_S + MINUTE, cells)


def _attempts(path: Path, cells: Cells, _book: Book) -> Columns:
    """Sign-ins of the morning and after upgrades, batch closes, and a few declined sales."""
    plan, upgrades = path.world.plan, path.upgrades
    rng = stream(path.world.seed, _STREAM, 1)
    terminal, day = _by_day(path)
    start = (plan.first_day + day) * DAY
    morning = start + uniform_ints(rng, 6 * HOUR, 8 * HOUR, (len(day),))
    close = path.closes[terminal, day]
    declined = np.flatnonzero(rng.random(len(day)) < _DECLINED_SHARE)
    refused = start[declined] + uniform_ints(rng, 9 * HOUR, 21 * HOUR, (len(declined),))
    upgraded = np.flatnonzero(upgrades.day > 0)
    parts = [
        (terminal, morning, 0, "00"),
        (upgraded, upgrades.finished[upgraded] + MINUTE, 0, "00"),
        (terminal, close, 1, "00"),
        (terminal[declined], refused, 2, None),
    ]
    who = np.concatenate([p[0] for p in parts])
    at = np.concatenate([p[1] for p in parts])
    kind = np.concatenate([np.full(len(p[0]), p[2], dtype=np.int64) for p in parts])
    code = rng.integers(len(_DECLINES), size=len(who))
    down = _line_down(path, who, at)
    channel = 2 * rng.integers(2, size=len(who))
    order = np.lexsort((kind, who, at))
    who, at, kind, code, down = who[order], at[order], kind[order], code[order], down[order]
    sale = kind == 2  # noqa: PLR2004 - the third kind of the list below
    host = np.where(down, NEVER, at + 2)
    outcome = np.where(down, 2, np.where(sale, 1, 0))
    shown_code = np.where(sale, code, len(_DECLINES))
    columns = {
        "attempt_id": Digits().text(["A"], np.zeros_like(who)).number(np.arange(len(who)), 10)
        .array(),
        "terminal_id": cells.chosen(path.world.estate.terminal_ids, who),
        "at": cells.times(_shown(path, who, at)),
        "kind": cells.chosen(["sign_in", "batch_close", "sale"], kind),
        "outcome": cells.chosen(["approved", "declined", "timeout"], outcome),
        "code": cells.chosen([*_DECLINES, "00"], shown_code, down),
        "host_at": cells.times(host),
        "channel": cells.chosen(CHANNELS, channel[order], ~sale),
    }  # fmt: skip
    return _known_by(path, columns, at + 2 * MINUTE, cells)


def _line_down(path: Path, terminal: Ints, at: Ints) -> Bools:
    plan = path.world.plan
    if "F10" not in path.faults:
        return np.zeros(len(terminal), dtype=np.bool_)
    back = plan.outage_to + path.world.draws.back[terminal]
    return plan.outage[terminal] & (plan.outage_from <= at) & (at < back)


def _signals(path: Path, cells: Cells, _book: Book) -> Columns:
    plan = path.world.plan
    rng = stream(path.world.seed, _STREAM, 2)
    terminals = len(path.world.estate.terminal_ids)
    grid = plan.first_day * DAY + np.arange(plan.days * DAY // _SIGNAL_EVERY) * _SIGNAL_EVERY
    terminal = np.repeat(np.arange(terminals, dtype=np.int64), len(grid))
    at = np.tile(grid, terminals) + uniform_ints(rng, 0, 10 * MINUTE, (len(terminal),))
    rtt = uniform_ints(rng, 45, 140, (len(terminal),))
    loss = uniform_ints(rng, 0, 12, (len(terminal),))
    if "F10" in path.faults:
        hit = np.flatnonzero(plan.outage)
        hours = np.arange(plan.outage_from + 20 * MINUTE, plan.outage_to, HOUR)
        terminal = np.concatenate([terminal, np.repeat(hit, len(hours))])
        at = np.concatenate([at, np.tile(hours, len(hit))])
        rtt, loss = (np.resize(values, len(at)) for values in (rtt, loss))
    down = _line_down(path, terminal, at)
    queued = np.where(down, 1 + (at - plan.outage_from) // (20 * MINUTE), 0)
    columns = {
        "terminal_id": cells.chosen(path.world.estate.terminal_ids, terminal),
        "at": cells.times(at),
        "online": cells.ints((~down).astype(np.int64)),
        "rtt_ms": cells.ints(rtt, down),
        "loss_pct": cells.ints(np.where(down, 100, loss // 10)),
        "queued_offline": cells.ints(queued),
    }
    # A cut-off terminal tells its story when it is back.
    back = plan.outage_to + path.world.draws.back[terminal]
    return _known_by(path, columns, np.where(down, back, at) + MINUTE, cells)


def _actions(path: Path, cells: Cells, _book: Book) -> Columns:
    upgrades = path.upgrades
    done = np.flatnonzero(upgrades.day > 0)
    terminal = np.repeat(done, len(_STEPS))
    step = np.tile(np.arange(len(_STEPS), dtype=np.int64), len(done))
    offset = np.array([-50, -40, 0, 2, 6])[step] * MINUTE
    since = np.where(step < 3, upgrades.started[terminal], upgrades.finished[terminal])  # noqa: PLR2004 - steps after the upgrade
    at = since + offset
    # Nobody settles the batch of terminals that are upgraded in the afternoon; it is not asked.
    asked = ~(upgrades.by_day[terminal] & (step == 1))
    terminal, step, at = terminal[asked], step[asked], at[asked]
    count = len(at)
    columns = {
        "action_id": Digits().text(["N"], np.zeros_like(at)).number(np.arange(count), 9).array(),
        "at": cells.times(at),
        "who": cells.chosen(["wang.lei", "li.na", "chen.jie"], terminal % 3),
        "role": cells.same("ops", count),
        "what": cells.chosen(_STEPS, step),
        "scope": cells.same("terminal", count),
        "scope_id": cells.chosen(path.world.estate.terminal_ids, terminal),
        "outcome": cells.same("done", count),
    }
    return _known_by(path, columns, at + 5 * MINUTE, cells)


def _notices(path: Path, cells: Cells, _book: Book) -> Columns:
    plan = path.world.plan
    bank = BANKS[0].bank_id
    quiet = (plan.first_day + plan.days // 5) * DAY
    rows: list[tuple[str, str | None, str, int, int, str]] = [
        ("bank", bank, "maintenance", quiet + HOUR, quiet + 3 * HOUR, "核心系统例行维护")
    ]
    if plan.eve is not None:
        eve = plan.eve * DAY
        rows.append(("all", None, "peak", eve, eve + DAY, "节前业务高峰"))
    if "F10" in path.faults:
        carrier = plan.outage_place[0]
        rows.append(
            ("carrier", carrier, "outage", plan.outage_from, plan.outage_to,
             f"{plan.outage_place[1]}传输光缆中断")
        )  # fmt: skip
    if "F14" in path.faults:
        first = (plan.unread_days[0] + 1) * DAY + 3 * HOUR
        provider = PROVIDERS[LANQIAO].provider_id
        rows.append(
            ("provider", provider, "file_rejected", first, plan.unread_fixed, "清算文件退回")
        )
    if "F16" in path.faults:
        low, high = plan.slow_days
        name = BANKS[plan.slow_bank].bank_id
        rows.append(("bank", name, "peak", low * DAY, (high + 1) * DAY, "入账排队"))
    known = np.array([row[3] for row in rows], dtype=np.int64) + HOUR
    columns = {
        "notice_id": cells.texts(f"NT{n:04d}" for n in range(len(rows))),
        "scope": cells.texts(row[0] for row in rows),
        "scope_id": cells.texts(row[1] for row in rows),
        "kind": cells.texts(row[2] for row in rows),
        "from_at": cells.times(np.array([row[3] for row in rows], dtype=np.int64)),
        "to_at": cells.times(np.array([row[4] for row in rows], dtype=np.int64)),
        "text": cells.texts(row[5] for row in rows),
    }
    return _known_by(path, columns, known, cells)


def _coverage(path: Path, cells: Cells, _book: Book) -> Columns:
    """Cover each account's and each provider's statements, a row a day."""
    plan, estate = path.world.plan, path.world.estate
    subjects = [*estate.account_ids, *(p.provider_id for p in PROVIDERS)]
    accounts = len(estate.account_ids)
    days = plan.first_day + np.arange(plan.days, dtype=np.int64)
    subject = np.repeat(np.arange(len(subjects), dtype=np.int64), plan.days)
    day = np.tile(days, len(subjects))
    if "F23" in path.faults:
        missing = np.append(
            estate.account_rows[:, 1] == plan.missing_bank, np.zeros(len(PROVIDERS), dtype=np.bool_)
        )
        kept = ~(missing[subject] & (day >= plan.missing_from))
        subject, day = subject[kept], day[kept]
    columns = {
        "subject": cells.chosen(subjects, subject),
        "table": cells.chosen(["credits", "settlements"], (subject >= accounts).astype(np.int64)),
        "from_at": cells.times(day * DAY),
        "to_at": cells.times((day + 1) * DAY),
    }
    known = (day + 1) * DAY + np.where(subject < accounts, 8 * HOUR, 9 * HOUR + 12 * MINUTE)
    return _known_by(path, columns, known, cells)


TABLE_MAKERS: Final[dict[str, Callable[[Path, Cells, Book], Columns]]] = {
    "terminals": _terminals,
    "accounts": _accounts,
    "releases": _releases,
    "upgrades": _upgrades,
    "batches": _batches,
    "attempts": _attempts,
    "signals": _signals,
    "actions": _actions,
    "notices": _notices,
    "coverage": _coverage,
}
"""By table: what makes its columns."""
