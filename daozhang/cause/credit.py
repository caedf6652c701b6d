"""Why a bank shows money late that was paid out in time.

Rules kept here (the domain's F16, and F4 before the return has come). A bank that is slow is slow
for its other accounts too, upgraded or not. Money that was sent and that the bank does not show,
while the bank's other accounts have theirs, went to an account that is wrong.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Final

from daozhang.cause.peers import Peers
from daozhang.cause.verdict import Case
from daozhang.journey.reasons import reason_class

__all__ = ["Booked", "credit_case"]

ALONE: Final = 0.34
"""Below this part of a bank's accounts a delay is those accounts' own."""

RECENT: Final = timedelta(days=7)

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Booked:
    """What the facts hold about credits.

    Attributes:
        peers: what was due together.
        upgrades: rows of ``account_upgrades`` by unit.
        begun: by provider and account the first unit of which the bank shows nothing.
        notices: all notices.
        touches: releases that touch the account or move merchants' data.
    """

    peers: Peers
    upgrades: Mapping[int, Row]
    begun: Mapping[tuple[str, str], Row]
    notices: list[Row]
    touches: frozenset[str]


def credit_case(unit: Row, seen: Booked) -> Case:
    """Weigh what speaks for each mechanism of one unit that was credited late."""
    case = Case(unit, {"bank_slow": 1.0, "settlement_account_lost": -2.0})
    share = seen.peers.credit(unit)
    alone = share.part < ALONE and seen.peers.on_time_at_bank(unit) > 0
    if alone:
        case.add("bank_paid_others", {"settlement_account_lost": 2.0},
                 late=share.late, due=share.due)  # fmt: skip
    elif share.due > 1:
        case.add("bank_wide", {"bank_slow": 3.0}, late=share.late, due=share.due)
    if unit["credited"]:
        case.add("arrived_in_the_end", {"bank_slow": 2.0})
    elif unit["paid"] and alone:
        case.add("sent_not_shown", {"settlement_account_lost": 2.0}, at=unit["paid_out_at"])
    first = seen.begun.get((unit["provider_id"], unit["account_id"]), unit)
    upgrade = seen.upgrades.get(first["unit"])
    if (
        upgrade is not None
        and upgrade["upgraded"] == upgrade["terminals"]
        and upgrade["last_started_at"] is not None
        and first["due_at"] - upgrade["last_started_at"] <= RECENT
        and not unit["credited"]
    ):
        weight = 2.0 + (1.0 if upgrade["release_id"] in seen.touches else 0.0)
        case.add("after_upgrade", {"settlement_account_lost": weight},
                 started_at=upgrade["last_started_at"])  # fmt: skip
    if unit["returned"]:
        case.add("returned", {"settlement_account_lost": 8.0}, reason=unit["reason"])
    for notice in seen.notices:
        mine = notice["scope"] == "bank" and notice["scope_id"] == unit["bank_id"]
        until = notice["to_at"] or unit["ended_at"]
        if mine and notice["from_at"] <= unit["ended_at"] and until >= unit["promised_at"]:
            case.add("bank_told", {"bank_slow": 3.0}, text=notice["text"] or notice["kind"])
            break
    if reason_class(unit["reason"]) == "account":
        case.add("returned", {"settlement_account_lost": 5.0}, reason=unit["reason"])
    return case
