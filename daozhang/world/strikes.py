"""Whom the faults of the plan strike: terminals, accounts, banks, a provider.

Rules kept here: every choice is by share of sales or by name of model, carrier and provider, and
none is empty in an estate of ordinary size. What is drawn has a stream of its own, so that a new
fault leaves the old ones where they were.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.world._clock import DAY, HOUR, MINUTE, Bools, Ints, stream
from daozhang.world.estate import BANKS, CARRIERS, CITIES, FLEET_MODELS, MODELS, Estate
from daozhang.world.providers import ANXIN, HUATONG, PROVIDERS, RUIFU

__all__ = [
    "Episode",
    "Strikes",
    "banks_by_weight",
    "garbled_pairs",
    "make_strikes",
    "outages_of",
    "waves_of",
]

_STREAM: Final = 10
_WAVE_SHARES: Final = (0.01, 0.10, 0.50, 1.0)
_WEAKEST_SHARE: Final = 0.08
_WRONG_ID_SHARE: Final = 0.6
_ORPHAN_SHARE: Final = 0.34
_REVIEWED_SHARE: Final = 0.12
OPERATORS: Final = ("wang.lei", "li.na", "chen.jie")
"""Who carries upgrades out; a terminal's operator is its number modulo their count."""
_SKIPPING: Final = 0


@dataclass(frozen=True, slots=True)
class Episode:
    """A stretch of time in which some terminals have no line.

    Attributes:
        terminals: by terminal: struck.
        since: instant.
        until: instant; each terminal is back a little later.
        place: carrier and city, or whose it is.
    """

    terminals: Bools
    since: int
    until: int
    place: tuple[str, str]


@dataclass(frozen=True, slots=True)
class Strikes:
    """Whom faults strike; see :data:`~daozhang.world.faults.FAULTS` for the words.

    Attributes:
        number: by terminal: F7.
        key: by terminal: F8.
        setting: by terminal: F9.
        setting_carrier: F9's carrier.
        weak: by terminal: F11.
        skipped: by terminal: F18.
        operator: who skips steps.
        wrong_id: by terminal: F2.
        sister: by terminal: F2's terminal whose statement shows the sales; -1 none.
        remapped: by terminal: F3.
        orphan: by terminal: F20.
        twice: by terminal: F12 sends a batch twice.
        twice_pair: F12's pair; -1 none.
        reviewed: by pair: F13.
        limited: by pair: F17.
        down_provider: F19's provider.
    """

    number: Bools
    key: Bools
    setting: Bools
    setting_carrier: str
    weak: Bools
    skipped: Bools
    operator: str
    wrong_id: Bools
    sister: Ints
    remapped: Bools
    orphan: Bools
    twice: Bools
    twice_pair: int
    reviewed: Bools
    limited: Bools
    down_provider: int


def make_strikes(seed: int, estate: Estate, wave: Ints, batch: Bools) -> Strikes:
    """Choose whom the faults strike.

    Args:
        seed: of the estate.
        estate: who exists.
        wave: by terminal: wave of the upgrade, 0 none.
        batch: by terminal: its card provider settles by batch.
    """
    rng = stream(seed, _STREAM)
    fleet = wave > 0
    model, card = estate.terminal_model, estate.card_provider
    carriers = np.bincount(estate.terminal_carrier[batch & fleet], minlength=len(CARRIERS))
    carrier = int(np.argmax(carriers))
    terminals = np.arange(len(wave), dtype=np.int64)
    wrong_id, sister = _wrong_ids(estate, wave)
    twice, twice_pair = _sent_twice(estate, wave, batch)
    bps = estate.fee_bps[:, 0]
    return Strikes(
        number=batch & fleet & (model == MODELS.index("A920")) & (card == RUIFU),
        key=batch & fleet & (model == MODELS.index("P2000")),
        setting=batch & fleet & (estate.terminal_carrier == carrier),
        setting_carrier=CARRIERS[carrier],
        weak=_weakest(estate, batch),
        skipped=batch & (wave >= 3) & (terminals % len(OPERATORS) == _SKIPPING),  # noqa: PLR2004 - the great waves
        operator=OPERATORS[_SKIPPING],
        wrong_id=wrong_id,
        sister=sister,
        remapped=fleet & (bps < np.array([p.fees.get("card", (0, 0))[0] for p in PROVIDERS])[card]),
        orphan=fleet & (rng.random(len(wave)) < _ORPHAN_SHARE),
        twice=twice,
        twice_pair=twice_pair,
        reviewed=_reviewed(rng, estate),
        limited=_limited(estate),
        down_provider=(RUIFU, HUATONG)[int(rng.integers(2))],
    )


def waves_of(rng: np.random.Generator, estate: Estate) -> Ints:
    """Put the fleet into waves: single canaries first, then whole stores."""
    fleet = np.flatnonzero((estate.terminal_model < FLEET_MODELS) & estate.home)
    rank = rng.permutation(len(estate.store_ids))[estate.terminal_store[fleet]]
    order = fleet[np.lexsort((fleet, rank))]
    wave = np.zeros(len(estate.terminal_ids), dtype=np.int64)
    sorted_stores = estate.terminal_store[order]
    first_of_store = np.r_[True, sorted_stores[1:] != sorted_stores[:-1]]
    start = np.maximum.accumulate(np.where(first_of_store, np.arange(len(order)), 0))
    place = start / max(1, len(order))
    wave[order] = 2 + np.searchsorted(np.array(_WAVE_SHARES[1:-1]), place, side="right")
    canaries = max(1, round(_WAVE_SHARES[0] * len(fleet)))
    # Canaries stand in chains, which can spare a terminal.
    chains = fleet[~estate.single[estate.terminal_merchant[fleet]]]
    wave[rng.permutation(chains)[:canaries]] = 1
    return wave


def outages_of(
    seed: int, estate: Estate, batch: Bools, days: tuple[int, int, int]
) -> tuple[Episode, ...]:
    """Return F10's episodes: a place through a cut-off, a store over lunch, a terminal by night.

    Args:
        seed: of the estate; the hours vary with it.
        estate: who exists.
        batch: by terminal: its card provider settles by batch.
        days: day numbers of the three.
    """
    rng = stream(seed, _STREAM, 1)
    place, names = _worst_place(estate, batch)
    since = int(rng.integers(16 * HOUR, 20 * HOUR + 30 * MINUTE))
    until = int(rng.integers(22 * HOUR + 40 * MINUTE, 24 * HOUR + 20 * MINUTE))
    lunch = int(rng.integers(10 * HOUR, 13 * HOUR))
    never = estate.terminal_model >= FLEET_MODELS
    alone = np.argmax(estate.weight * (1 + 9 * (batch & never)) * (batch | never))
    terminals = np.arange(len(batch))
    store = estate.terminal_store == estate.terminal_store[alone]
    return (
        Episode(place, days[0] * DAY + since, days[0] * DAY + until, names),
        Episode(store, days[1] * DAY + lunch, days[1] * DAY + lunch + 95 * MINUTE,
                ("store", estate.store_ids[int(estate.terminal_store[alone])])),
        Episode(terminals == alone, days[2] * DAY + 21 * HOUR, days[2] * DAY + 26 * HOUR,
                ("terminal", estate.terminal_ids[int(alone)])),
    )  # fmt: skip


def _worst_place(estate: Estate, batch: Bools) -> tuple[Bools, tuple[str, str]]:
    city = estate.store_city[estate.terminal_store]
    place = city * len(CARRIERS) + estate.terminal_carrier
    # Both upgraded models and others must be hit, else the network could not be told apart.
    counts = np.bincount(place[batch], minlength=len(CITIES) * len(CARRIERS))
    other = batch & (estate.terminal_model >= FLEET_MODELS)
    counts_other = np.bincount(place[other], minlength=len(counts))
    worst = int(np.argmax(counts + 3 * counts_other + 1000 * (counts_other > 0)))
    names = (CARRIERS[worst % len(CARRIERS)], CITIES[worst // len(CARRIERS)][0])
    return (place == worst) & estate.home, names


def banks_by_weight(estate: Estate) -> tuple[int, int, int]:
    """Return three banks that show times, by sales: the second, the third and the first."""
    weight = np.zeros(len(BANKS))
    for provider in range(len(PROVIDERS)):
        pair = estate.pair_of[:, provider]
        used = pair >= 0
        np.add.at(weight, estate.pair_bank[pair[used]], estate.weight[used])
    weight[[bank.by_day or bank.country != "CN" for bank in BANKS]] = -1
    order = np.argsort(-weight, kind="stable")
    return int(order[1]), int(order[2]), int(order[0])


def garbled_pairs(rng: np.random.Generator, estate: Estate, wave: Ints) -> Ints:
    """Pick single shops of the first provider, wholly upgraded in one wave, and their pairs."""
    merchant = estate.terminal_merchant
    low = np.full(len(estate.merchant_ids), 9, dtype=np.int64)
    high = np.zeros(len(estate.merchant_ids), dtype=np.int64)
    np.minimum.at(low, merchant, wave)
    np.maximum.at(high, merchant, wave)
    whole = estate.single & (low == high) & (low > 1)
    pairs = np.flatnonzero((estate.pair_provider == HUATONG) & whole[estate.pair_merchant])
    chosen = rng.permutation(len(pairs))[: max(1, len(pairs) // 3)]
    return np.sort(pairs[chosen]).astype(np.int64)


def pair_weights(estate: Estate, provider: int, chosen: Bools | None = None) -> np.ndarray:
    """Return by pair: the provider's terminals' share of sales, of those chosen."""
    weight = np.zeros(len(estate.pair_provider))
    pair = estate.pair_of[:, provider]
    used = (pair >= 0) if chosen is None else (pair >= 0) & chosen
    np.add.at(weight, pair[used], estate.weight[used])
    return weight


def _weakest(estate: Estate, batch: Bools) -> Bools:
    """Return the batch terminals with the weakest lines, upgraded models and others."""
    count = max(3, round(_WEAKEST_SHARE * int(batch.sum())))
    order = np.lexsort((-estate.weight, -estate.offline_share * batch))
    weak = np.zeros(len(batch), dtype=np.bool_)
    weak[order[:count]] = True
    return weak & batch


def _wrong_ids(estate: Estate, wave: Ints) -> tuple[Bools, Ints]:
    """Return terminals that get the parameters of a sister merchant, and whose they get.

    The sister is the provider's busiest merchant, so that the money that is not its own is a
    small part of what it earns.
    """
    card = estate.card_provider == HUATONG
    own = np.where(card, estate.pair_of[:, HUATONG], -1)
    weight = pair_weights(estate, HUATONG, card)
    best = int(np.argmax(weight))
    host = np.flatnonzero(own == best)
    chosen = np.flatnonzero(
        card & (wave > 1) & (estate.terminal_merchant != estate.pair_merchant[best])
    )
    # The terminals of one wave come first: whoever loads the wrong template does it at a stretch.
    chosen = chosen[np.lexsort((-estate.weight[chosen], np.abs(wave[chosen] - 3)))]
    total = np.cumsum(estate.weight[chosen])
    few = chosen[: max(1, int((total <= _WRONG_ID_SHARE * weight[best]).sum()))]
    wrong = np.zeros(len(wave), dtype=np.bool_)
    sister = np.full(len(wave), -1, dtype=np.int64)
    if len(host) and len(few):
        wrong[few] = True
        sister[few] = host[np.arange(len(few)) % len(host)]
    return wrong, sister


def _sent_twice(estate: Estate, wave: Ints, batch: Bools) -> tuple[Bools, int]:
    """Return F12's terminals of the third wave, and the pair whose money they get held."""
    third = batch & (wave == 3)  # noqa: PLR2004 - the third wave
    weights = sum(pair_weights(estate, p, third & (estate.card_provider == p))
                  for p in (RUIFU, ANXIN))  # fmt: skip
    best = int(np.argmax(weights))
    if not np.asarray(weights)[best] > 0:
        return np.zeros(len(wave), dtype=np.bool_), -1
    pair = estate.pair_of[np.arange(len(wave)), estate.card_provider]
    return third & (pair == best), best


def _reviewed(rng: np.random.Generator, estate: Estate) -> Bools:
    """Return F13's pairs: all that a few single shops' accounts are paid."""
    home = np.isin(estate.pair_provider, (HUATONG, RUIFU, ANXIN))
    shops = np.flatnonzero(home & estate.single[estate.pair_merchant])
    count = max(2, round(_REVIEWED_SHARE * len(shops)))
    weight = sum(pair_weights(estate, p) for p in (HUATONG, RUIFU, ANXIN))
    # Of the busier half, so that a review is felt.
    order = shops[np.argsort(-np.asarray(weight)[shops], kind="stable")]
    half = order[: max(count, len(order) // 2)]
    accounts = estate.pair_account[rng.permutation(half)[:count]]
    return np.isin(estate.pair_account, accounts)


def _limited(estate: Estate) -> Bools:
    """Return F17's pairs: the personal accounts of the first provider's busiest single shops."""
    weight = pair_weights(estate, HUATONG)
    shops = np.flatnonzero((estate.pair_provider == HUATONG) & estate.single[estate.pair_merchant])
    order = shops[np.argsort(-weight[shops], kind="stable")]
    limited = np.zeros(len(weight), dtype=np.bool_)
    limited[order[: max(1, len(order) // 4)]] = True
    return limited
