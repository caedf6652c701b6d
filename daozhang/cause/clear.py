"""Why a provider cleared sales late: a refused file, an outage, or another shop's parameters.

Rules kept here (the domain's F2, F14, F19). A refused line names its reason. Lines that are
missing for a whole provider point to its outage; for a few terminals, to their parameters; for
everything that one release or interface sent, to the interface.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import log
from typing import Any, Final

from daozhang.cause.peers import IN_HOURS, WIDE, Peers
from daozhang.cause.verdict import Case
from daozhang.journey.reasons import reason_class

__all__ = ["Cleared", "clear_case"]

RARE: Final = 0.5
"""Where more than this part of a provider's sales is stored offline, it says nothing of one."""

FEW: Final = 2
"""Of so few terminals none is compared with the others."""

_REFUSALS: Final = ("file_rejected", "interface", "rejected", "format", "schema")
_OUTAGES: Final = ("outage", "maintenance", "failover", "peak")

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Cleared:
    """What the facts hold about clearing.

    Attributes:
        peers: what was due together.
        upgrades: rows of ``unit_upgrades`` by unit.
        elsewhere: rows of ``lines_elsewhere`` by unit.
        twins: rows of ``amounts_elsewhere`` by unit.
        stored: by provider, which part of its sales is stored offline.
        ids: refusals of the terminal's identity by terminal.
        notices: all notices.
        hands: rows of ``ids_set`` by unit.
    """

    peers: Peers
    upgrades: Mapping[int, Row]
    elsewhere: Mapping[int, Row]
    twins: Mapping[int, Row]
    stored: Mapping[str, float]
    ids: Mapping[str, int]
    notices: list[Row]
    hands: Mapping[int, Row] = field(default_factory=dict)


def clear_case(unit: Row, seen: Cleared) -> Case:
    """Weigh what speaks for each mechanism of one unit that was cleared late."""
    case = Case(
        unit,
        {
            "provider_outage": 0.0,
            "interface_field_mismatch": -1.0,
            "wrong_terminal_or_merchant_id": -1.0,
        },
    )
    _reason(case)
    share, terminals = seen.peers.clear(unit), seen.peers.clear_terminals(unit)
    upgrade = seen.upgrades.get(unit["unit"])
    # One terminal's sales are not a provider's hour.
    hours = seen.peers.clear_hours(unit) if terminals.late > 1 else share
    spared = upgrade is not None and seen.peers.spared(unit)
    others = (s.without(unit["sales"]) for s in (share, hours))
    # Where nothing else was due, nothing shows that it struck more than this.
    wide = max((s.strikes(IN_HOURS) for s in others if s.due), default=-1.0) >= 0
    if not spared and wide and max(share.part, hours.part) > WIDE and terminals.due > 1:
        share = max(share, hours, key=lambda s: s.part)
        speaks = {"provider_outage": 3.0, "interface_field_mismatch": 1.5}
        case.add("provider_wide", speaks, late=share.late, due=share.due)
    elif spared or (terminals.due > FEW and terminals.part <= WIDE):
        narrow = {"wrong_terminal_or_merchant_id": 3.0, "interface_field_mismatch": 1.0}
        case.add("few_terminals", narrow, late=terminals.late, due=terminals.due)
        if unit["stored_sales"] == unit["sales"] and not unit["stuck"]:
            _stored(case, seen.stored.get(unit["provider_id"], 1.0))
    if row := seen.elsewhere.get(unit["unit"]):
        case.add(
            "line_elsewhere",
            {"wrong_terminal_or_merchant_id": 6.0},
            sales=row["sales"],
            merchant_id=row["merchant_id"],
        )
    elif row := seen.twins.get(unit["unit"]):
        case.add(
            "amounts_elsewhere",
            {"wrong_terminal_or_merchant_id": 3.0 + min(3.0, row["sales"] - 1.0)},
            sales=row["sales"],
            merchant_id=row["merchant_id"],
        )
    if times := seen.ids.get(unit["terminal_id"]):
        case.add("id_refused", {"wrong_terminal_or_merchant_id": 2.0}, times=times)
    if hand := seen.hands.get(unit["unit"]):
        set_by = {"wrong_terminal_or_merchant_id": 7.0}
        case.add("set_by_hand", set_by, what=hand["what"], at=hand["at"])
    if upgrade is not None and share.part <= WIDE:
        case.add(
            "after_upgrade",
            {"wrong_terminal_or_merchant_id": 1.0, "interface_field_mismatch": 0.5},
            started_at=upgrade["started_at"],
        )
    _told(case, seen.notices, spared=spared or (terminals.due > FEW and not wide))
    return case


def _stored(case: Case, usual: float) -> None:
    """Weigh that the host saw none of the sales when they were made.

    Where money is paid several times a day, what is stored for hours misses a time, not the day.
    """
    if usual < RARE:
        weight = 1.0 + min(2.5, -case.unit["sales"] * log(usual))
        offline = {"offline_sales_forwarded_late": weight}
        case.add("all_stored", offline, sales=case.unit["sales"])


def _reason(case: Case) -> None:
    unit = case.unit
    kind = reason_class(unit["reason"])
    if unit["stuck"] == "rejected":
        mechanism = {
            "identity": "wrong_terminal_or_merchant_id",
            "outage": "provider_outage",
            "repeat": "duplicate_upload_held",
        }.get(kind, "interface_field_mismatch")
        # Without a reason that says which, how many were refused has to tell.
        either = {"interface_field_mismatch": 4.0, "wrong_terminal_or_merchant_id": 4.0}
        case.add("line_refused", {mechanism: 7.0} if kind else either, reason=unit["reason"])
    elif unit["stuck"] == "held":
        mechanism = "account_under_review" if kind == "review" else "duplicate_upload_held"
        case.add("line_held", {mechanism: 6.0 if kind else 4.0}, reason=unit["reason"])
    elif kind in ("field", "identity", "outage"):
        mechanism = {
            "field": "interface_field_mismatch",
            "identity": "wrong_terminal_or_merchant_id",
            "outage": "provider_outage",
        }[kind]
        case.add("line_refused", {mechanism: 4.0}, reason=unit["reason"])


def _told(case: Case, notices: list[Row], *, spared: bool) -> None:
    """Weigh what was announced; an outage that spared the others is hardly why."""
    unit = case.unit
    for notice in notices:
        mine = (notice["scope"] == "provider" and notice["scope_id"] == unit["provider_id"]) or (
            notice["scope"] == "merchant" and notice["scope_id"] == unit["merchant_id"]
        )
        until = notice["to_at"] or unit["ended_at"]
        if not mine or notice["from_at"] > unit["ended_at"] or until < unit["cutoff_at"]:
            continue
        text = f"{notice['kind']} {notice['text'] or ''}"
        if any(word in text.casefold() for word in _REFUSALS) or reason_class(text) == "field":
            case.add("refusal_told", {"interface_field_mismatch": 5.0}, text=notice["text"] or "")
            return
        if any(word in text.casefold() for word in _OUTAGES) or reason_class(text) == "outage":
            weight = 1.0 if spared else 4.0
            case.add("provider_told", {"provider_outage": weight}, text=notice["text"] or "")
            return
