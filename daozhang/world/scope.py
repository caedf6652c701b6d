"""Whom a fault strikes, in the words of the contract's incidents."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import numpy as np

from daozhang.world._clock import Bools
from daozhang.world.estate import BANKS, MODELS, Estate
from daozhang.world.plan import NEW_RELEASE, Plan
from daozhang.world.providers import HUATONG, KUAIDA, LANQIAO, PROVIDERS, RUIFU

__all__ = ["scope_of"]

_RELEASE: Final[dict[str, object]] = {"release_id": NEW_RELEASE}


def scope_of(code: str, plan: Plan, estate: Estate) -> dict[str, object]:
    """Return whom a fault strikes."""
    strikes = plan.strikes
    batch_ids = [p.provider_id for p in PROVIDERS if p.batch]
    carrier, city = plan.outages[0].place

    def merchants(pairs: Bools) -> list[str]:
        return sorted({estate.merchant_ids[int(m)] for m in estate.pair_merchant[pairs]})

    def accounts(pairs: Bools) -> list[str]:
        return sorted({estate.account_ids[int(a)] for a in estate.pair_account[pairs]})

    def terminals(chosen: Bools) -> list[str]:
        return [estate.terminal_ids[t] for t in np.flatnonzero(chosen).tolist()]

    garbled = np.isin(np.arange(len(estate.pair_provider)), plan.garbled_pairs)
    twice = np.arange(len(estate.pair_provider)) == strikes.twice_pair
    scopes: Mapping[str, dict[str, object]] = {
        "F1": {**_RELEASE, "model": MODELS[0], "provider_id": batch_ids},
        "F2": {**_RELEASE, "terminal_id": terminals(strikes.wrong_id)},
        "F3": {**_RELEASE, "merchant_id": sorted(
            {estate.merchant_ids[int(m)] for m in estate.terminal_merchant[strikes.remapped]})},
        "F4": {**_RELEASE, "provider_id": _id(HUATONG), "merchant_id": merchants(garbled)},
        "F5": {**_RELEASE, "model": MODELS[1], "provider_id": _id(RUIFU)},
        "F6": {**_RELEASE, "model": MODELS[2], "provider_id": batch_ids},
        "F7": {**_RELEASE, "model": MODELS[0], "provider_id": _id(RUIFU)},
        "F8": {**_RELEASE, "model": MODELS[1], "provider_id": batch_ids},
        "F9": {**_RELEASE, "carrier": strikes.setting_carrier, "provider_id": batch_ids},
        "F10": {"carrier": carrier, "city": city},
        "F11": {"terminal_id": terminals(strikes.weak)},
        "F12": {**_RELEASE, "account_id": accounts(twice)},
        "F13": {"account_id": accounts(strikes.reviewed)},
        "F14": {"provider_id": _id(LANQIAO)},
        "F15": {"calendar": "CN"},
        "F16": {"bank_id": BANKS[plan.slow_bank].bank_id},
        "F17": {"account_id": accounts(strikes.limited)},
        "F18": {**_RELEASE, "wave": ["3", "4"], "who": strikes.operator},
        "F19": {"provider_id": _id(strikes.down_provider)},
        "F20": {**_RELEASE, "terminal_id": terminals(strikes.orphan)},
        "F21": {},
        "F22": {"provider_id": _id(KUAIDA)},
        "F23": {"bank_id": BANKS[plan.missing_bank].bank_id},
    }  # fmt: skip
    return scopes[code]


def _id(provider: int) -> str:
    return PROVIDERS[provider].provider_id
