"""Who there is: terminals in stores, stores of merchants, where their money goes."""

from dataclasses import dataclass

import numpy as np

CARRIERS = ("CMCC", "CUCC", "CTCC")
BANKS = ("ICBC", "BOC", "CMB", "ABC")


@dataclass
class Fleet:
    """By terminal, numbers of what it belongs to; wave is -1 for who is never upgraded."""

    store: np.ndarray
    merchant: np.ndarray
    provider: np.ndarray
    carrier: np.ndarray
    city: np.ndarray
    account: np.ndarray
    bank: np.ndarray
    wave: np.ndarray
    up_day: np.ndarray  # first business day after the upgrade; 10**6: none
    drawn: np.ndarray  # wave by lot, from 1; 0: held back; -1: not drawn
    forgets: np.ndarray  # by store
    level: np.ndarray  # usual amount of a sale
    busy: np.ndarray  # sales a day, relative

    def __len__(self):
        return len(self.store)


def make_fleet(plan):
    rng = np.random.default_rng([plan.seed, 1])
    count = plan.terminals + plan.others
    sizes = []
    while sum(sizes) < count:
        sizes.append(int(rng.choice([1, 2, 3, 5], p=[0.4, 0.3, 0.2, 0.1])))
    store = np.repeat(np.arange(len(sizes)), sizes)[:count]
    stores = len(sizes)
    # Stores that lie beside each other are of one chain or each of its own merchant.
    merchant, owner = np.zeros(stores, dtype=int), 0
    place = 0
    while place < stores:
        chain = int(rng.choice([1, 1, 1, 4, 12, 30]))
        merchant[place : place + chain] = owner
        place, owner = place + chain, owner + 1
    provider_of = rng.integers(0, plan.providers, owner)
    if plan.accounts == "store":
        account_of = np.arange(stores)
    elif plan.accounts == "merchant":
        account_of = merchant
    else:
        merchant[:] = 0
        provider_of = None
        account_of = None
    store_provider = (
        rng.integers(0, plan.providers, stores) if provider_of is None else provider_of[merchant]
    )
    account_of = store_provider if account_of is None else account_of
    bank_of = rng.integers(0, len(BANKS), int(account_of.max()) + 1)
    shuffled = rng.permutation(stores)[store]
    wave, up_day = _waves(plan, rng, shuffled)
    drawn = np.full(count, -1)
    if plan.held:
        wave, up_day, drawn = _hold_back(plan, wave)
    return Fleet(
        store=store, merchant=merchant[store], provider=store_provider[store],
        carrier=rng.integers(0, 3, stores)[store], city=rng.integers(0, 4, stores)[store],
        account=account_of[store], bank=bank_of[account_of[store]], wave=wave, up_day=up_day,
        drawn=drawn,
        forgets=np.where(rng.random(stores) < 0.04, 0.12, 0.003),
        level=np.exp(rng.normal(8.3, 0.5, count)), busy=rng.gamma(6.0, 1 / 6, count),
    )  # fmt: skip


def _waves(plan, rng, shuffled):
    """Terminals are drawn one by one or store by store; those beyond the fleet stay as they are."""
    count = len(shuffled)
    drawn = np.argsort(shuffled, kind="stable") if plan.by_store else rng.permutation(count)
    wave = np.full(count, -1)
    bounds = [round(share * plan.terminals) for share in plan.waves]
    for number, (low, high) in enumerate(zip([0, *bounds], bounds, strict=False)):
        if number < len(plan.starts):
            wave[drawn[low:high]] = number
    starts = np.array([*plan.starts, 10**6 - plan.before])
    return wave, plan.before + starts[wave]


def _hold_back(plan, wave):
    """Whoever is drawn waits for the day of the held; some of them are upgraded all the same."""
    rng = np.random.default_rng([plan.seed, 6])
    fleet = np.flatnonzero(wave >= 0)
    held = rng.permutation(fleet)[: round(plan.held * plan.terminals)]
    wave = wave.copy()
    drawn = np.where(wave >= 0, wave + 1, -1)
    drawn[held], wave[held] = 0, len(plan.starts)
    wave[held[: plan.spoiled]] = 0
    starts = np.array([*plan.starts, plan.held_until, 10**6 - plan.before])
    wave[wave == len(plan.starts)] = -1 if plan.held_until >= plan.days else len(plan.starts)
    return wave, plan.before + starts[wave], drawn
