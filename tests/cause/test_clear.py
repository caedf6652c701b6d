"""Why a provider cleared one terminal's sales late, from made-up facts."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from daozhang.cause.clear import Cleared, clear_case
from daozhang.cause.peers import Exposure, Peers

CUTOFF = datetime(2026, 7, 22, 15, tzinfo=UTC)
DAY = date(2026, 7, 22)
IDS = "wrong_terminal_or_merchant_id"


def unit(number: int, terminal: str, sales: int) -> dict[str, Any]:
    at = CUTOFF - timedelta(hours=6)
    return {
        "unit": number, "leg": "clear", "provider_id": "P", "account_id": "A", "merchant_id": "M",
        "terminal_id": terminal, "channel": "card", "business_date": DAY, "cutoff_at": CUTOFF,
        "due_at": CUTOFF, "promised_at": CUTOFF, "from_at": at, "to_at": at,
        "ended_at": CUTOFF + timedelta(days=1), "sales": sales, "stored_sales": 0, "stuck": "",
        "reason": "", "returned": 0,
    }  # fmt: skip


def told(due: int, late: int, **facts: Any) -> str:
    """Return the likeliest mechanism of a terminal's only sale of its hour.

    Args:
        due: terminals that the provider had to clear.
        late: of them those that it cleared late.
    """
    units = [unit(n, f"T{n}", 1) for n in range(late)]
    hour = int(units[0]["from_at"].timestamp()) // 3600
    here = {"provider_id": "P", "channel": "card"}
    peers = Peers(
        units, [],
        [{**here, "business_date": DAY, "sales": due, "terminals": due}],
        [{**here, "hour": hour, "sales": 1, "late": 1}],
        Exposure(frozenset(), {}, {}),
    )  # fmt: skip
    tables: dict[str, Any] = {
        "upgrades": {}, "elsewhere": {}, "twins": {}, "stored": {}, "ids": {}, "notices": [],
        **facts,
    }  # fmt: skip
    return clear_case(units[0], Cleared(peers, **tables)).shares()[0][0]


def test_the_only_sale_of_an_hour_does_not_show_that_the_provider_was_out() -> None:
    assert told(due=20, late=2) == IDS
    assert told(due=20, late=19) == "provider_outage"


@pytest.mark.parametrize(("by_hand", "mechanism"), [(True, IDS), (False, "provider_outage")])
def test_whose_identity_was_set_to_anothers_by_hand(mechanism: str, *, by_hand: bool) -> None:
    """Half of all that was due came late, which by itself says neither."""
    hands = {0: {"what": "merchant_id", "at": CUTOFF - timedelta(days=1)}} if by_hand else {}
    assert told(due=2, late=1, hands=hands) == mechanism
