"""The way of the money: when each sale is handed in, cleared, paid out and booked.

Days are numbers from the plan's first; a provider clears in the night after the hand-in and pays
out on the first day on which banks work from then on, the bank books within hours.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np

from tests.oracle.rollouts.plan import LEGS, banks_work


@dataclass
class Trouble:
    """Terminal by day: how many days each leg takes longer than it should, release or not."""

    submit: np.ndarray
    clear: np.ndarray
    pay_out: np.ndarray
    credit: np.ndarray


@dataclass
class Sales:
    """By sale."""

    terminal: np.ndarray
    day: np.ndarray
    second: np.ndarray
    amount: np.ndarray
    fee: np.ndarray
    in_day: np.ndarray
    clear_day: np.ndarray
    pay_day: np.ndarray
    book_day: np.ndarray
    apart: np.ndarray  # whether it is booked apart from the rest of its payout day


def ordinary(plan, fleet):
    """What goes wrong in any month."""
    rng = np.random.default_rng([plan.seed, 2])
    count, days = len(fleet), plan.before + plan.days
    trouble = Trouble(*(np.zeros((count, days), dtype=int) for _ in LEGS))

    def times(number):
        return rng.integers(0, days, rng.poisson(number * plan.trouble))

    stores = len(fleet.forgets)
    forgot = rng.random((stores, days)) < plan.trouble * fleet.forgets[:, None]
    trouble.submit[forgot[fleet.store]] = 1
    trouble.submit[rng.random((count, days)) < plan.trouble * 0.001] = 1
    for day in times(3):
        out = (fleet.carrier == rng.integers(3)) & (fleet.city == rng.integers(4))
        trouble.submit[out & (rng.random(count) < 0.8), day] = 1
    for day in times(2):
        trouble.credit[fleet.bank == rng.integers(4), day : day + rng.integers(1, 4)] = 1
    for day in times(2):
        merchants = rng.random(fleet.merchant.max() + 1) < rng.choice([1.0, 0.3])
        file = (fleet.provider == rng.integers(plan.providers)) & merchants[fleet.merchant]
        trouble.clear[file, day] = 1
    accounts = fleet.account.max() + 1
    for account in np.flatnonzero(rng.random(accounts) < 0.02 * plan.trouble):
        day = rng.integers(days)
        trouble.pay_out[fleet.account == account, day : day + rng.integers(2, 6)] = 3
    return trouble


def strike(plan, fleet, trouble):
    """Let the release delay its share of those who have it; return victims and their legs."""
    rng = np.random.default_rng([plan.seed, 3])
    days = np.arange(plan.before + plan.days)
    victim = (rng.random(len(fleet)) < plan.harms) & (fleet.wave >= 0)
    leg = np.array([LEGS.index(plan.leg) if plan.leg != "any" else rng.integers(4) for _ in victim])
    for number, name in enumerate(LEGS):
        hit = (victim & (leg == number))[:, None] & (fleet.up_day[:, None] <= days)
        delay = getattr(trouble, name)
        delay[hit] = np.maximum(delay, rng.integers(1, 4, hit.shape))[hit]
    return victim, leg


def make_sales(plan, fleet, trouble):
    rng = np.random.default_rng([plan.seed, 4])
    days = plan.before + plan.days
    number = rng.poisson(plan.sales_a_day * fleet.busy[:, None], (len(fleet), days))
    terminal, day = (
        np.repeat(x, number.ravel()) for x in (np.indices(number.shape).reshape(2, -1))
    )
    second = rng.integers(9 * 3600, 21 * 3600 + 1800, len(day))
    amount = np.maximum(rng.normal(fleet.level[terminal], fleet.level[terminal] / 3), 100).astype(
        int
    )
    fee = (amount * 38 + 5000) // 10000
    dates = (plan.first_day + dt.timedelta(days=n) for n in range(days + 40))
    works = np.array([banks_work(date) for date in dates])
    opens = np.flatnonzero(works)

    def business(day, more):
        return opens[np.searchsorted(opens, day) + more]

    in_day = day + trouble.submit[terminal, day]
    clear_day = in_day + 1 + trouble.clear[terminal, day]
    pay_day = business(clear_day, trouble.pay_out[terminal, day])
    late = trouble.credit[terminal, day]
    return Sales(terminal, day, second, amount, fee, in_day, clear_day, pay_day,
                 business(pay_day, late), late > 0)  # fmt: skip
