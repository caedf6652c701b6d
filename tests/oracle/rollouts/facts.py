"""Writes the contract's tables as CSV: only what was known by the end of the last day."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.csv as pc

from tests.oracle.rollouts.fleet import BANKS, CARRIERS, make_fleet
from tests.oracle.rollouts.money import make_sales, ordinary, strike

HOUR = 3600


class Book:
    """Turns days and seconds into texts, and rows of arrays into files."""

    def __init__(self, plan, folder):
        self.plan, self.folder = plan, folder
        self.zero = dt.datetime.combine(plan.first_day, dt.time(), dt.UTC)
        self.until = (plan.before + plan.days) * 86400

    def at(self, day, second):
        return np.asarray(day) * 86400 + second

    def text(self, seconds):
        moment = np.datetime64(self.zero.replace(tzinfo=None), "s") + np.asarray(seconds, "m8[s]")
        return np.char.add(np.datetime_as_string(moment), "+08:00")

    def write(self, table, known=None, /, **columns):
        """Write a file of rows known by the end; columns of moments are seconds."""
        keep = np.ones(len(next(iter(columns.values()))), dtype=bool)
        if known is not None:
            keep = known <= self.until
            if self.plan.known_at:
                columns["known_at"] = self.text(known)
        made = {name: pa.array(np.asarray(values)[keep]) for name, values in columns.items()}
        pc.write_csv(pa.table(made), self.folder / f"{table}.csv")


def named(prefix, numbers, width=5):
    return np.char.add(prefix, np.char.zfill(np.asarray(numbers).astype(str), width))


def write_rollout(plan, folder):
    """Write a rollout's facts and terms; return the fleet, and which terminals it harms."""
    folder.mkdir(parents=True)
    fleet = make_fleet(plan)
    trouble = ordinary(plan, fleet)
    victim, _ = strike(plan, fleet, trouble)
    sales = make_sales(plan, fleet, trouble)
    book = Book(plan, folder)
    _write_places(book, fleet)
    _write_upgrades(book, fleet)
    if plan.held:
        _write_lot(book, fleet)
    ids = _write_sales(book, fleet, sales)
    _write_money(book, fleet, sales, ids)
    if plan.batches:
        _write_batches(book, fleet, sales)
    (folder / "terms.toml").write_text(_terms(plan), encoding="utf-8")
    return fleet, victim


def _terms(plan):
    said = 'timezone = "Asia/Shanghai"\ncurrency = "CNY"\n'
    legs = 'clear_by = "08:00"\npay_by = "12:00"\n' if plan.deadlines else ""
    for number in range(plan.providers):
        said += (
            f'\n[[terms]]\nprovider_id = "P{number}"\ncutoff = "23:00"\ncutoff_by = "captured"\n'
            f'basis = "business"\nlag_days = 1\ncalendar = "CN"\ncredit_by = "17:00"\n{legs}'
            "fee_bps = 38\n"
        )
    return said


def _write_places(book, fleet):
    ids = np.arange(len(fleet))
    book.write(
        "terminals", terminal_id=named("T", ids), store_id=named("S", fleet.store),
        merchant_id=named("M", fleet.merchant), provider_id=named("P", fleet.provider, 1),
        carrier=np.array(CARRIERS)[fleet.carrier],
    )  # fmt: skip
    _, place = np.unique(fleet.account, return_index=True)
    per_store = (
        {"store_id": named("S", fleet.store[place])} if book.plan.accounts == "store" else {}
    )
    book.write(
        "accounts", account_id=named("A", fleet.account[place]),
        merchant_id=named("M", fleet.merchant[place]), bank_id=np.array(BANKS)[fleet.bank[place]],
        provider_id=named("P", fleet.provider[place], 1), **per_store,
    )  # fmt: skip


def _write_upgrades(book, fleet):
    rng = np.random.default_rng([book.plan.seed, 5])
    up = np.flatnonzero(fleet.wave >= 0)
    began = book.at(fleet.up_day[up], rng.integers(2 * HOUR, 4 * HOUR, len(up)))
    book.write(
        "upgrades", began + 600, terminal_id=named("T", up), release_id=np.full(len(up), "7.1"),
        started_at=book.text(began), finished_at=book.text(began + 500),
        outcome=np.full(len(up), "ok"), wave=fleet.wave[up].astype(str),
    )  # fmt: skip


def _write_lot(book, fleet):
    drawn = np.flatnonzero(fleet.drawn >= 0)
    at = np.full(len(drawn), (book.plan.before - 2) * 86400)
    wave = np.where(fleet.drawn[drawn] == 0, "hold_back", fleet.drawn[drawn].astype(str))
    book.write(
        "actions", at, action_id=named("lot-", drawn), at=book.text(at),
        what=np.full(len(drawn), "upgrade_wave"), scope=np.full(len(drawn), "terminal"),
        scope_id=named("T", drawn), after=np.char.add("7.1/", wave),
    )  # fmt: skip


def _write_sales(book, fleet, sales):
    ids = named("X", np.arange(len(sales.day)), 8)
    sold = book.at(sales.day, sales.second)
    handed = book.at(sales.in_day, 22 * HOUR + sales.terminal % 40 * 60)
    same = {
        "sale_id": ids, "kind": np.full(len(ids), "sale"),
        "merchant_id": named("M", fleet.merchant[sales.terminal]),
        "store_id": named("S", fleet.store[sales.terminal]),
        "terminal_id": named("T", sales.terminal),
        "provider_id": named("P", fleet.provider[sales.terminal], 1),
        "channel": np.full(len(ids), "card"), "amount_minor": sales.amount,
        "currency": np.full(len(ids), "CNY"), "captured_at": book.text(sold),
    }  # fmt: skip
    if book.plan.known_at:
        book.write("sales", sold + 30, **same, submitted_at=np.full(len(ids), ""))
        book.write("sales-handed-in", handed + 60, **same, submitted_at=book.text(handed))
    else:
        done = handed <= book.until
        book.write("sales", sold, **same, submitted_at=np.where(done, book.text(handed), ""))
    return ids


def _write_money(book, fleet, sales, ids):
    cleared = book.at(sales.clear_day, 3 * HOUR + sales.terminal % 50 * 60)
    account = fleet.account[sales.terminal]
    alone = np.where(sales.apart, sales.terminal + 1, 0)
    key = np.stack([account, sales.pay_day, sales.book_day, alone], axis=1)
    groups, group = np.unique(key, axis=0, return_inverse=True)
    group = group.ravel()
    net = sales.amount - sales.fee
    provider = named("P", fleet.provider[sales.terminal], 1)
    book.write(
        "settlements", book.at(sales.clear_day, 6 * HOUR), line_id=np.char.add("L", ids),
        provider_id=provider, kind=np.full(len(ids), "sale"), ref=ids,
        terminal_id=named("T", sales.terminal), gross_minor=sales.amount, fee_minor=sales.fee,
        net_minor=net, currency=np.full(len(ids), "CNY"), cleared_at=book.text(cleared),
        payout_id=named("PO", group, 7), status=np.full(len(ids), "settled"),
    )  # fmt: skip
    total = np.zeros(len(groups), dtype=np.int64)
    np.add.at(total, group, net)
    _, first = np.unique(group, return_index=True)
    paid = book.at(groups[:, 1], 9 * HOUR + groups[:, 0] % 50 * 60)
    book.write(
        "payouts", paid + 300, payout_id=named("PO", np.arange(len(groups)), 7),
        provider_id=provider[first], account_id=named("A", groups[:, 0]), net_minor=total,
        currency=np.full(len(groups), "CNY"), paid_out_at=book.text(paid),
        status=np.full(len(groups), "sent"),
    )  # fmt: skip
    booked = book.at(groups[:, 2], 11 * HOUR + groups[:, 0] % 50 * 60)
    bank = np.array(BANKS)[fleet.bank[sales.terminal][first]]
    book.write(
        "credits", book.at(groups[:, 2] + 1, 7 * HOUR),
        credit_id=named("C", np.arange(len(groups)), 7),
        account_id=named("A", groups[:, 0]), bank_id=bank, amount_minor=total,
        currency=np.full(len(groups), "CNY"), booked_at=book.text(booked),
        ref=named("PO", np.arange(len(groups)), 7),
    )  # fmt: skip
    if book.plan.coverage:
        days = np.arange(book.plan.before + book.plan.days)
        accounts = np.unique(fleet.account)
        who, day = (x.ravel() for x in np.meshgrid(accounts, days))
        book.write(
            "coverage", book.at(day + 1, 7 * HOUR), subject=named("A", who),
            table=np.full(len(who), "credits"), from_at=book.text(day * 86400),
            to_at=book.text((day + 1) * 86400),
        )  # fmt: skip


def _write_batches(book, fleet, sales):
    key = np.stack([sales.terminal, sales.in_day], axis=1)
    groups, group = np.unique(key, axis=0, return_inverse=True)
    group = group.ravel()
    count = np.bincount(group)
    minor = np.zeros(len(groups), dtype=np.int64)
    np.add.at(minor, group, sales.amount)
    closed = book.at(groups[:, 1], 22 * HOUR + groups[:, 0] % 40 * 60)
    book.write(
        "batches", closed + 60, terminal_id=named("T", groups[:, 0]),
        batch_no=named("", groups[:, 1], 6), closed_at=book.text(closed),
        submitted_at=book.text(closed), sales_count=count, sales_minor=minor, host_count=count,
        host_minor=minor, outcome=np.full(len(groups), "balanced"),
    )  # fmt: skip
