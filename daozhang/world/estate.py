"""Who exists: merchants, stores, terminals, accounts, banks, and who pays whom where.

Rules kept here: a chain uses one card provider; every merchant's wallet sales go through the
wallet provider. A *pair* is one provider paying into one account, the unit that payouts are made
for. Shares of models, carriers, banks and providers are data at the top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.world._clock import DAY, Bools, Floats, Ints, instants, stream
from daozhang.world.providers import (
    BATCH_CHANNELS,
    CHANNELS,
    HOME,
    KUAIDA,
    LANQIAO,
    PROVIDERS,
    REGIONS,
)
from daozhang.world.trades import TRADES

__all__ = ["BANKS", "CARRIERS", "CITIES", "FLEET_MODELS", "MODELS", "Bank", "Estate", "make_estate"]

_STREAM: Final = 1
MODELS: Final = ("A920", "P2000", "N910", "S90", "V200")
FLEET_MODELS: Final = 3
"""The first so many models run the platform that is upgraded; the others never are."""
CARRIERS: Final = ("CMCC", "CTCC", "CUCC", "CSL", "DTAG", "TMUS")
CITIES: Final = (
    ("上海", "2900"), ("北京", "1000"), ("广州", "5810"), ("深圳", "5840"), ("成都", "6510"),
    ("杭州", "3310"), ("武汉", "5210"),
    *(region.city for name, region in REGIONS.items() if name != HOME),
)  # fmt: skip
_MODEL_SHARES: Final = (0.30, 0.24, 0.24, 0.13, 0.09)
_CARRIER_SHARES: Final = (0.5, 0.27, 0.23)
_CITY_SHARES: Final = (0.24, 0.18, 0.15, 0.14, 0.11, 0.10, 0.08)
_SINGLE_PROVIDER_SHARES: Final = (0.43, 0.20, 0.24, 0.0, 0.13)
_SINGLE_TRADE_SHARES: Final = (0.34, 0.10, 0.16, 0.22, 0.08, 0.10)
_BANK_SHARES: Final = (0.26, 0.24, 0.20, 0.15, 0.15)
_CHAIN_PROVIDERS: Final = (1, 0, 2)  # RUIFU, HUATONG, ANXIN in turn
_CHAIN_TRADES: Final = (0, 1, 2)
_CHAIN_SHARE: Final = 0.6
_CHAIN_SIZES: Final = (3.0, 1.8, 2.2)
_TERMINALS_MIN: Final = 24
_WEAK_LINE_SHARE: Final = 0.12
_TWO_ACCOUNTS_SHARE: Final = 0.4
_ABROAD_SHARE: Final = 0.15


@dataclass(frozen=True, slots=True)
class Bank:
    """A settlement bank.

    Attributes:
        bank_id: its code.
        minutes: typical minutes from payout to booking.
        ref: what its statement shows of a payout: its id, its id within a text, or nothing.
        by_day: its statement gives dates only.
        country: region in which it keeps accounts.
    """

    bank_id: str
    minutes: int
    ref: str
    by_day: bool = False
    country: str = HOME

    @property
    def currency(self) -> str:
        """The currency of its accounts."""
        return REGIONS[self.country].currency


BANKS: Final = (
    Bank("ICBC", 25, "id"),
    Bank("CCB", 40, "id"),
    Bank("CMB", 10, "id"),
    Bank("BOC", 35, "text"),
    Bank("ABC", 30, "none", by_day=True),
    Bank("HSBC", 20, "id", country="HK"),
    Bank("DEUT", 30, "text", country="EU"),
    Bank("CHAS", 45, "id", country="US"),
)


@dataclass(frozen=True, slots=True)
class Estate:
    """Who exists; arrays are indexed by terminal, merchant, store, account or pair number.

    Attributes:
        merchant_ids: by merchant.
        merchant_mcc: by merchant.
        single: by merchant: not a chain.
        store_ids: by store.
        store_city: by store, into :data:`CITIES`.
        terminal_ids: by terminal, ascending.
        terminal_merchant: by terminal.
        terminal_store: by terminal.
        terminal_trade: by terminal, into :data:`TRADES`.
        terminal_model: by terminal, into :data:`MODELS`.
        terminal_carrier: by terminal, into :data:`CARRIERS`.
        terminal_serial: by terminal.
        weight: by terminal: share of the estate's sales.
        offline_share: by terminal: card sales taken offline on an ordinary day.
        first_batch: by terminal: number of the first batch.
        provider_of: terminal by channel, into :data:`PROVIDERS`.
        fee_bps: terminal by channel.
        fee_cap: terminal by channel, minor units.
        account_ids: by account.
        account_rows: by account: merchant, bank, provider (-1 any), store (-1 any).
        pair_provider: by pair.
        pair_account: by pair.
        pair_bank: by pair, into :data:`BANKS`.
        pair_merchant: by pair.
        pair_of: terminal by provider; -1 where the terminal does not use it.
        regions: names of the regions.
        terminal_region: by terminal, into ``regions``; 0 is home.
        shift: by terminal: seconds by which its clock is behind China's.
    """

    merchant_ids: list[str]
    merchant_mcc: list[str]
    single: Bools
    store_ids: list[str]
    store_city: Ints
    terminal_ids: list[str]
    terminal_merchant: Ints
    terminal_store: Ints
    terminal_trade: Ints
    terminal_model: Ints
    terminal_carrier: Ints
    terminal_serial: list[str]
    weight: Floats
    offline_share: Floats
    first_batch: Ints
    provider_of: Ints
    fee_bps: Ints
    fee_cap: Ints
    account_ids: list[str]
    account_rows: Ints
    pair_provider: Ints
    pair_account: Ints
    pair_bank: Ints
    pair_merchant: Ints
    pair_of: Ints
    regions: tuple[str, ...]
    terminal_region: Ints
    shift: Ints

    @property
    def home(self) -> Bools:
        """By terminal: stands in the home region."""
        home: Bools = self.terminal_region == 0
        return home

    @property
    def card_provider(self) -> Ints:
        """By terminal: the provider of its card sales."""
        return self.provider_of[:, 0]

    @property
    def reduced_rates(self) -> list[tuple[str, str, int]]:
        """Agreed card rates: provider_id, merchant_id, basis points."""
        rates = {}
        for terminal, merchant in enumerate(self.terminal_merchant.tolist()):
            bps = TRADES[int(self.terminal_trade[terminal])].card_bps
            if bps is not None and self.terminal_region[terminal] == 0:
                provider = PROVIDERS[int(self.card_provider[terminal])].provider_id
                rates[provider, self.merchant_ids[merchant]] = bps
        return [(provider, merchant, bps) for (provider, merchant), bps in rates.items()]


@dataclass(slots=True)
class _Shop:
    """A merchant being drawn up: its provider, trade and the sizes of its stores."""

    provider: int
    trade: int
    chain: bool
    stores: list[int]
    region: str = HOME


def make_estate(
    seed: int, sales: int, days: int, *, regions: Sequence[str] = (HOME,), first_day: int = 0
) -> Estate:
    """Draw up an estate that sells so much; more sales mean more and busier terminals.

    Args:
        seed: of the estate.
        sales: how many sales.
        days: in so many days.
        regions: where; the home region first.
        first_day: day number on which clocks are compared.
    """
    rng = stream(seed, _STREAM)
    wanted = max(_TERMINALS_MIN, round(1.5 * (sales / days) ** 0.65))
    shops = _shops(rng, wanted)
    for region in regions[1:]:
        shops += _shops_abroad(rng, max(6, round(_ABROAD_SHARE * wanted)), region)
    return _fill(rng, shops, tuple(regions), first_day)


def _shops_abroad(rng: np.random.Generator, terminals: int, region: str) -> list[_Shop]:
    """Draw single shops of a region, all with its one provider."""
    provider = next(n for n, p in enumerate(PROVIDERS) if p.region == region)
    shops: list[_Shop] = []
    while sum(sum(shop.stores) for shop in shops) < terminals:
        trade = int(rng.choice(len(TRADES), p=_SINGLE_TRADE_SHARES))
        shops.append(_Shop(provider, trade, False, [int(rng.integers(1, 4))], region))
    return shops


def _shops(rng: np.random.Generator, terminals: int) -> list[_Shop]:
    shops: list[_Shop] = []
    chains = 2 + terminals // 500
    sizes = np.resize(_CHAIN_SIZES, chains) * rng.uniform(0.9, 1.1, chains)
    shares = sizes / sizes.sum() * _CHAIN_SHARE * terminals
    for chain, share in enumerate(shares.tolist()):
        kind = chain % len(_CHAIN_PROVIDERS)
        stores: list[int] = []
        while sum(stores) < max(4, share):
            stores.append(int(rng.integers(2, 5)))
        shops.append(_Shop(_CHAIN_PROVIDERS[kind], _CHAIN_TRADES[kind], True, stores))
    count = sum(sum(shop.stores) for shop in shops)
    while count < terminals:
        provider = int(rng.choice(len(_SINGLE_PROVIDER_SHARES), p=_SINGLE_PROVIDER_SHARES))
        trade = int(rng.choice(len(TRADES), p=_SINGLE_TRADE_SHARES))
        size = int(rng.integers(1, 3))
        shops.append(_Shop(provider, trade, False, [size]))
        count += size
    if all(shop.provider != KUAIDA for shop in shops):
        # Whoever wants to see the same-day provider fail needs one shop that uses it.
        shops.append(_Shop(KUAIDA, 0, False, [2]))
    return shops


def _fill(
    rng: np.random.Generator, shops: list[_Shop], regions: tuple[str, ...], first_day: int
) -> Estate:
    stores = [(m, size) for m, shop in enumerate(shops) for size in shop.stores]
    store_merchant = np.array([m for m, _ in stores], dtype=np.int64)
    store_city = rng.choice(len(_CITY_SHARES), size=len(stores), p=_CITY_SHARES)
    store_city = store_city.astype(np.int64)
    abroad = np.array([shop.region != HOME for shop in shops], dtype=np.bool_)[store_merchant]
    region = [REGIONS[shops[m].region] for m in store_merchant.tolist()]
    names = [city for city, _ in CITIES]
    store_city[abroad] = [names.index(r.city[0]) for r, a in zip(region, abroad, strict=True) if a]
    terminal_store = np.repeat(np.arange(len(stores)), [size for _, size in stores]).astype(
        np.int64
    )
    count = len(terminal_store)
    merchant = store_merchant[terminal_store]
    trade = np.array([shop.trade for shop in shops], dtype=np.int64)[merchant]
    card = np.array([shop.provider for shop in shops], dtype=np.int64)[merchant]
    single = np.array([not shop.chain for shop in shops], dtype=np.bool_)
    # A chain's stores share a carrier by city contract; a single shop has what it has.
    store_carrier = rng.choice(len(_CARRIER_SHARES), size=len(stores), p=_CARRIER_SHARES)
    store_carrier[abroad] = [
        CARRIERS.index(r.carrier) for r, a in zip(region, abroad, strict=True) if a
    ]
    store_model = rng.choice(len(MODELS), size=len(stores), p=_MODEL_SHARES)
    mixed = rng.choice(len(MODELS), size=count, p=_MODEL_SHARES)
    chain_terminal = ~single[merchant]
    model = np.where(chain_terminal, mixed, store_model[terminal_store]).astype(np.int64)
    weight = rng.gamma(3.0, 1.0, size=count) * np.where(chain_terminal, 1.3, 1.0)
    offline = np.where(rng.random(count) < _WEAK_LINE_SHARE, 0.2, 0.03) * rng.uniform(
        0.5, 1.5, count
    )
    provider_of = np.full((count, len(CHANNELS)), LANQIAO, dtype=np.int64)
    provider_of[:, :BATCH_CHANNELS] = card[:, None]
    terminal_region = np.array([regions.index(shop.region) for shop in shops])[merchant]
    provider_of[terminal_region > 0] = card[terminal_region > 0, None]
    accounts, pairs, pair_of = _accounts(rng, shops, store_merchant, terminal_store, card)
    bank = accounts[:, 1]
    fee_bps, fee_cap = _fees(provider_of, np.where(terminal_region > 0, -1, trade))
    return Estate(
        merchant_ids=_merchant_ids(shops, store_merchant, store_city),
        merchant_mcc=[TRADES[shop.trade].mcc for shop in shops],
        single=single,
        store_ids=[f"ST{s + 1:05d}" for s in range(len(stores))],
        store_city=store_city,
        terminal_ids=[str(10_000_001 + t) for t in range(count)],
        terminal_merchant=merchant,
        terminal_store=terminal_store,
        terminal_trade=trade,
        terminal_model=model,
        terminal_carrier=store_carrier[terminal_store].astype(np.int64),
        terminal_serial=[f"0000{v:012d}" for v in rng.permutation(count) + 10**9],
        weight=weight / weight.sum(),
        offline_share=offline,
        first_batch=rng.integers(100, 900, size=count, dtype=np.int64),
        provider_of=provider_of,
        fee_bps=fee_bps,
        fee_cap=fee_cap,
        account_ids=_account_ids(bank),
        account_rows=accounts,
        pair_provider=pairs[:, 0],
        pair_account=pairs[:, 1],
        pair_bank=bank[pairs[:, 1]],
        pair_merchant=accounts[pairs[:, 1], 0],
        pair_of=pair_of,
        regions=regions,
        terminal_region=terminal_region.astype(np.int64),
        shift=_behind(regions, first_day)[terminal_region] % DAY,
    )


def _merchant_ids(shops: list[_Shop], store_merchant: Ints, store_city: Ints) -> list[str]:
    """Number merchants as acquirers do, by area and MCC; abroad they have numbers of their own."""
    first_store = {m: s for s, m in reversed(list(enumerate(store_merchant.tolist())))}
    return [
        f"{shop.region}{m + 1:06d}"
        if shop.region != HOME
        else f"898{CITIES[int(store_city[first_store[m]])][1]}{TRADES[shop.trade].mcc}{m + 1:04d}"
        for m, shop in enumerate(shops)
    ]


def _account_ids(bank: Ints) -> list[str]:
    return [f"{BANKS[int(b)].bank_id}{6_222_000_000 + 7 * a:010d}" for a, b in enumerate(bank)]


def _behind(regions: tuple[str, ...], first_day: int) -> Ints:
    """Return how far from UTC's midnight each region's day begins."""
    start = np.array([first_day], dtype=np.int64)
    return np.array(
        [int((instants(start, 0, REGIONS[r].timezone) - start * DAY)[0]) for r in regions],
        dtype=np.int64,
    )


def _fees(provider_of: Ints, trade: Ints) -> tuple[Ints, Ints]:
    bps = np.zeros(provider_of.shape, dtype=np.int64)
    cap = np.full(provider_of.shape, 2**60, dtype=np.int64)
    for p, provider in enumerate(PROVIDERS):
        for c, channel in enumerate(CHANNELS):
            if channel in provider.fees:
                rate, limit = provider.fees[channel]
                mine = provider_of[:, c] == p
                bps[mine, c] = rate
                if limit is not None:
                    cap[mine, c] = limit
    for k, kind in enumerate(TRADES):
        if kind.card_bps is not None:
            bps[trade == k, 0] = kind.card_bps
    return bps, cap


def _accounts(
    rng: np.random.Generator,
    shops: list[_Shop],
    store_merchant: Ints,
    terminal_store: Ints,
    card: Ints,
) -> tuple[Ints, Ints, Ints]:
    """Draw accounts: (merchant, bank, provider, store), pairs: (provider, account), pair_of.

    A chain has one account a provider or one a store; a single shop one for all, or one each.
    """
    rows: list[tuple[int, int, int, int]] = []
    where: dict[tuple[int, int], int] = {}  # (store, provider) -> account
    stores_of: dict[int, list[int]] = {}
    for store, owner in enumerate(store_merchant.tolist()):
        stores_of.setdefault(owner, []).append(store)
    count = len(store_merchant) + len(shops)
    banks = rng.choice(len(_BANK_SHARES), size=(count, 2), p=_BANK_SHARES)
    for m, shop in enumerate(shops):
        used = (shop.provider, LANQIAO) if shop.region == HOME else (shop.provider,)
        if shop.region != HOME:
            at_home = next(n for n, bank in enumerate(BANKS) if bank.country == shop.region)
            banks[len(store_merchant) + m] = at_home
        if shop.chain and shop.provider == _CHAIN_PROVIDERS[1]:
            for store in stores_of[m]:
                for provider in used:
                    where[store, provider] = len(rows)
                rows.append((m, int(banks[store, 0]), -1, store))
        elif shop.chain or rng.random() < _TWO_ACCOUNTS_SHARE:
            for n, provider in enumerate(used):
                for store in stores_of[m]:
                    where[store, provider] = len(rows)
                rows.append((m, int(banks[len(store_merchant) + m, n]), provider, -1))
        else:
            for store in stores_of[m]:
                for provider in used:
                    where[store, provider] = len(rows)
            rows.append((m, int(banks[len(store_merchant) + m, 0]), -1, -1))
    pairs: dict[tuple[int, int], int] = {}
    pair_of = np.full((len(terminal_store), len(PROVIDERS)), -1, dtype=np.int64)
    for terminal, store in enumerate(terminal_store.tolist()):
        for provider in {int(card[terminal]): 0, LANQIAO: 0}:
            if (store, provider) not in where:
                continue
            pair = (provider, where[store, provider])
            pair_of[terminal, provider] = pairs.setdefault(pair, len(pairs))
    return np.array(rows, dtype=np.int64), np.array(list(pairs), dtype=np.int64), pair_of


assert len(_SINGLE_PROVIDER_SHARES) - 1 == KUAIDA
