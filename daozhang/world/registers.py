"""Tables of who and what there is: terminals, accounts, releases, upgrades, notices, coverage."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa

from daozhang.world._clock import DAY, HOUR, MINUTE, Ints
from daozhang.world.estate import BANKS, CARRIERS, CITIES, FLEET_MODELS, MODELS
from daozhang.world.money_path import Path
from daozhang.world.plan import NEW_RELEASE, OLD_RELEASE
from daozhang.world.providers import LANQIAO, PROVIDERS
from daozhang.world.statements import bank_known
from daozhang.world.write import Cells

__all__ = [
    "Columns",
    "accounts",
    "coverage",
    "known_by",
    "notices",
    "releases",
    "terminals",
    "upgrades",
]

_OTHER_RELEASE: Final = "5.0.2"

Columns = dict[str, Any]


def known_by(path: Path, columns: Columns, known: Ints, cells: Cells) -> Columns:
    """Drop what nobody knows yet and add ``known_at``."""
    table = pa.table({**columns, "known_at": cells.times(known)})
    kept = table.filter(pa.array(known <= path.world.plan.as_of))
    return {name: kept.column(name) for name in kept.column_names}


def terminals(path: Path, cells: Cells) -> Columns:
    """Return the terminals."""
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
        "release_id": cells.chosen([OLD_RELEASE, "5.0.1"], _other_platform(path)),
        "mcc": cells.chosen(estate.merchant_mcc, merchant),
        "serial": cells.texts(estate.terminal_serial[t] for t in terminal.tolist()),
        "city": cells.chosen([name for name, _ in CITIES], estate.store_city[store]),
    }


def _other_platform(path: Path) -> Ints:
    estate = path.world.estate
    return (~estate.home | (estate.terminal_model >= FLEET_MODELS)).astype(np.int64)


def accounts(path: Path, cells: Cells) -> Columns:
    """Return the accounts."""
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
        "currency": cells.chosen([b.currency for b in BANKS], bank),
        "kind": cells.chosen(["company", "personal"], estate.single[merchant].astype(np.int64)),
    }


def releases(_path: Path, cells: Cells) -> Columns:
    """Return the releases."""
    return {
        "release_id": cells.texts([OLD_RELEASE, NEW_RELEASE, "5.0.1", _OTHER_RELEASE]),
        "touches": cells.texts(
            ["fields", "keys;fields;mcc;account;network;clock;migration", "fields", "fields"]
        ),
        "purpose": cells.texts(["小修复", "新密钥体系，商户资料迁移", "小修复", "界面更新"]),
    }


def upgrades(path: Path, cells: Cells) -> Columns:
    """Return the upgrades that were made or failed."""
    plan, programme = path.world.plan, path.upgrades
    done = np.flatnonzero(programme.day > 0)
    failed = done[programme.failed_first[done]]
    terminal = np.concatenate([failed, done])
    first = np.arange(len(terminal)) < len(failed)
    started = programme.started[terminal] - np.where(first, DAY, 0)
    finished = np.where(first, started + 9 * MINUTE, programme.finished[terminal])
    wave = np.where(programme.other[terminal], plan.other_wave[terminal], plan.wave[terminal])
    columns = {
        "terminal_id": cells.chosen(path.world.estate.terminal_ids, terminal),
        "release_id": cells.chosen(
            [NEW_RELEASE, _OTHER_RELEASE], programme.other[terminal].astype(np.int64)
        ),
        "started_at": cells.times(started),
        "finished_at": cells.times(finished),
        "outcome": cells.chosen(["ok", "failed"], first.astype(np.int64)),
        "wave": cells.chosen(["0", "1", "2", "3", "4"], wave),
    }
    return known_by(path, columns, finished + MINUTE, cells)


def notices(path: Path, cells: Cells) -> Columns:
    """Return what banks, providers and carriers announced."""
    plan = path.world.plan
    bank = BANKS[0].bank_id
    quiet = (plan.first_day + plan.days // 5) * DAY
    rows: list[tuple[str, str | None, str, int, int, str]] = [
        ("bank", bank, "maintenance", quiet + HOUR, quiet + 3 * HOUR, "核心系统例行维护")
    ]
    if plan.eve is not None:
        eve = plan.eve * DAY
        rows.append(("all", None, "peak", eve, eve + DAY, "节前业务高峰"))
    rows += _notices_of_faults(path)
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
    return known_by(path, columns, known, cells)


def _notices_of_faults(path: Path) -> list[tuple[str, str | None, str, int, int, str]]:
    plan, faults = path.world.plan, path.faults
    rows: list[tuple[str, str | None, str, int, int, str]] = []
    if "F10" in faults:
        first = plan.outages[0]
        text = f"{first.place[1]}传输光缆中断"
        rows.append(("carrier", first.place[0], "outage", first.since, first.until, text))
    if "F14" in faults:
        since = (plan.unread_days[0] + 1) * DAY + 3 * HOUR
        provider = PROVIDERS[LANQIAO].provider_id
        rows.append(
            ("provider", provider, "file_rejected", since, plan.unread_fixed, "清算文件退回")
        )
    if "F16" in faults:
        name = BANKS[plan.slow_bank].bank_id
        rows += [
            ("bank", name, "peak", low * DAY, (high + 1) * DAY, "入账排队")
            for low, high in plan.slow_days
        ]
    if "F19" in faults:
        provider = PROVIDERS[plan.strikes.down_provider].provider_id
        rows += [
            ("provider", provider, "outage", since, until, "机房切换，清算顺延")
            for since, until in plan.down
        ]
    return rows + _notices_of_holds(path)


def _notices_of_holds(path: Path) -> list[tuple[str, str | None, str, int, int, str]]:
    plan, estate = path.world.plan, path.world.estate
    rows: list[tuple[str, str | None, str, int, int, str]] = []
    if "F12" in path.faults and plan.strikes.twice_pair >= 0:
        account = estate.account_ids[int(estate.pair_account[plan.strikes.twice_pair])]
        since = (plan.twice_day + 1) * DAY + 7 * HOUR
        rows.append(("account", account, "hold", since, plan.twice_until, "重复上送，风控核实"))
    if "F13" in path.faults and "hold_without_notice" not in plan.traps:
        held = np.unique(estate.pair_account[plan.strikes.reviewed]).tolist()
        rows += [
            ("account", estate.account_ids[a], "review", since, until, "请补充商户资料")
            for a in held
            for since, until in plan.reviews
        ]
    return rows


def coverage(path: Path, cells: Cells) -> Columns:
    """Return what each account's and each provider's statements cover, a row a day."""
    plan, estate = path.world.plan, path.world.estate
    subjects = [
        *estate.account_ids,
        *(p.provider_id for p in PROVIDERS if p.region in estate.regions),
    ]
    accounts = len(estate.account_ids)
    days = plan.first_day + np.arange(plan.days, dtype=np.int64)
    subject = np.repeat(np.arange(len(subjects), dtype=np.int64), plan.days)
    day = np.tile(days, len(subjects))
    columns = {
        "subject": cells.chosen(subjects, subject),
        "table": cells.chosen(["credits", "settlements"], (subject >= accounts).astype(np.int64)),
        "from_at": cells.times(day * DAY),
        "to_at": cells.times((day + 1) * DAY),
    }
    bank = np.append(estate.account_rows[:, 1], np.zeros(len(subjects) - accounts, dtype=np.int64))
    known = np.where(
        subject < accounts,
        bank_known(path, bank[subject], day),
        (day + 1) * DAY + 9 * HOUR + 12 * MINUTE,
    )
    return known_by(path, columns, known, cells)
