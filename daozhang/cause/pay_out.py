"""Why a provider paid out late: returned, held, limited, or the provider itself.

Rules kept here (the domain's F4, F12, F13, F17, F22). A returned payout names its reason; a held
one is a review or a risk; a payout that waits while others of the account go out met a limit; a
provider whose every payout waits is late itself, and where it is not the licensed payer that is
second clearing (二清).
"""

from __future__ import annotations

from collections.abc import Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, Final

from daozhang.cause.peers import IN_DAYS, WIDE, Peers
from daozhang.cause.verdict import Case
from daozhang.journey.reasons import reason_class

__all__ = ["Paid", "may_be_below", "pay_out_case"]

FEW: Final = 2
"""Of fewer others that were to be paid nothing is learnt."""

PILED: Final = timedelta(days=3)
"""What is paid every day is above a minimum again within this time."""

LATER: Final = timedelta(hours=12)

Row = Mapping[str, Any]

_HELD: Final = {
    "review": {"account_under_review": 7.0},
    "repeat": {"duplicate_upload_held": 7.0},
    "risk": {"risk_hold": 3.0, "duplicate_upload_held": 3.0},
    "quota": {"minimum_or_limit": 7.0},
    "account": {"settlement_account_lost": 3.0, "account_under_review": 2.0},
    "outage": {"provider_outage": 4.0},
    "field": {"settlement_account_lost": 3.0},
}
"""What the class of a held payout's reason speaks for."""

_RETURNED: Final = {
    "account": {"settlement_account_lost": 8.0},
    "quota": {"minimum_or_limit": 7.0},
    "review": {"account_under_review": 4.0, "settlement_account_lost": 3.0},
}
"""The same of a returned one; any other return is an account that the bank does not know."""


@dataclass(frozen=True, slots=True)
class Paid:
    """What the facts hold about payouts, by unit.

    Attributes:
        peers: what was due together.
        elsewhere: rows of ``lines_elsewhere``.
        twins: rows of ``amounts_elsewhere``.
        copies: rows of ``copies_refused``.
        stories: rows of ``payout_stories``.
        repeats: rows of ``account_repeats``.
        meanwhile: payouts to the same account while the unit waited.
        rolled: rows of ``rolled_over``.
        notices: all notices.
        unlicensed: providers whose terms say that they hold no licence, or whose payer on bank
            statements is not the name that the terms give.
        limits: accounts' providers whose terms know a minimum or a limit.
        remapped: accounts with sales that carry another category than their terminals were given.
        growing: over how many days the provider's lag grew, and to what (``lags_that_grow``).
        payers: providers whose payers bank statements name.
        agreed: the daily limit that the terms set the unit's account.
    """

    peers: Peers
    elsewhere: Mapping[int, Row]
    twins: Mapping[int, Row]
    copies: Mapping[int, Row]
    stories: Mapping[int, list[Row]]
    repeats: Mapping[int, Row]
    meanwhile: Mapping[int, int]
    rolled: Mapping[int, Row]
    notices: list[Row]
    unlicensed: frozenset[str]
    limits: frozenset[str]
    remapped: frozenset[tuple[str, str]]
    growing: Mapping[int, tuple[int, timedelta]] = field(default_factory=dict)
    payers: frozenset[str] = frozenset()
    agreed: Mapping[int, int] = field(default_factory=dict)


def pay_out_case(unit: Row, seen: Paid, apart: AbstractSet[str] = frozenset()) -> Case:
    """Weigh what speaks for each mechanism of one unit that was paid out late.

    Args:
        unit: a row of ``units``.
        seen: what the facts hold.
        apart: the provider's accounts whose money is kept back already for reasons of their own,
            so that they say nothing about the provider.
    """
    case = Case(
        unit,
        {
            "account_under_review": 0.0,
            "minimum_or_limit": -1.0,
            "risk_hold": -1.0,
            "wrong_terminal_or_merchant_id": -1.0,
        },
    )
    told = _stories(case, seen)
    repeats = seen.repeats.get(unit["unit"])
    if repeats:
        case.add(
            "sent_twice",
            {"duplicate_upload_held": 4.0},
            times=repeats["repeats"],
            terminals=repeats["terminals"],
        )
    if copies := seen.copies.get(unit["unit"]):
        case.add("copies_refused", {"duplicate_upload_held": 5.0}, sales=copies["sales"],
                 reason=copies["reason"])  # fmt: skip
    meanwhile = seen.meanwhile.get(unit["unit"], 0)
    wide = _provider(case, seen, apart, meanwhile)
    if not told:
        _untold(case, seen, meanwhile, wide=wide)
    if (unit["provider_id"], unit["account_id"]) in seen.remapped:
        case.add("category_changed", {"risk_hold": 5.0})
    if agreed := seen.agreed.get(unit["unit"]):
        weight = 2.0 if told or wide else 3.0
        case.add("limit_agreed", {"minimum_or_limit": weight}, limit=agreed)
    elif unit["provider_id"] in seen.limits:
        case.add("", {"minimum_or_limit": 1.0})
    if row := seen.elsewhere.get(unit["unit"]):
        case.add(
            "line_elsewhere",
            {"wrong_terminal_or_merchant_id": 7.0},
            sales=row["sales"],
            merchant_id=row["merchant_id"],
        )
    elif row := seen.twins.get(unit["unit"]):
        case.add(
            "amounts_elsewhere",
            {"wrong_terminal_or_merchant_id": 2.0 + min(3.0, row["sales"] - 1.0)},
            sales=row["sales"],
            merchant_id=row["merchant_id"],
        )
    return case


def _provider(case: Case, seen: Paid, apart: AbstractSet[str], meanwhile: int) -> bool:
    """Weigh how the provider's other accounts fared; return whether it paid most of them late."""
    unit = case.unit
    share = seen.peers.pay_out(unit, apart)
    wide = share.due > 1 and share.part > WIDE and not seen.peers.spared(unit)
    # A provider that is out pays nobody on that day; one that paid others on the next days, though
    # this money still waited, was not out.
    others = share.without(1)
    wide = wide and others.strikes(IN_DAYS) >= 0
    if wide and unit["provider_id"] not in seen.unlicensed:
        wide = seen.peers.others_waited(unit, apart).part > WIDE
    _notices(case, seen.notices, spared=others.due >= FEW and others.part <= WIDE)
    if wide:
        stall = "second_clearing_stall" if unit["provider_id"] in seen.unlicensed else ""
        mechanism = stall or "provider_outage"
        # A provider that is out pays nobody; one that goes on paying an account meets its limit.
        weight = 3.0 if stall or not meanwhile else 1.0
        case.add("provider_wide_pay", {mechanism: weight}, late=share.late, due=share.due)
    if unit["provider_id"] in seen.unlicensed and (wide or others.due < FEW):
        case.add("payer_unlicensed", {"second_clearing_stall": 2.5})
    # Where a payer is named, it is the name that tells a second one.
    named = unit["provider_id"] in seen.payers and unit["provider_id"] not in seen.unlicensed
    # What one account alone shows may be a limit of its own.
    alone = share.due < FEW and (named or unit["unit"] in seen.agreed)
    if unit["unit"] in seen.growing and not alone:
        days, lag = seen.growing[unit["unit"]]
        stalls = {"provider_outage" if named else "second_clearing_stall": 5.0}
        case.add("lag_grows", stalls, days=days, hours=lag // timedelta(hours=1))
    return wide


def _untold(case: Case, seen: Paid, meanwhile: int, *, wide: bool) -> None:
    """Weigh how the account fared otherwise, where nobody says why its money waited."""
    unit = case.unit
    day = seen.peers.account_day(unit)
    if day.part < WIDE and not wide:
        # The account was paid for that day, but not for all of its sales: a limit, unless they were
        # cleared later than the others because they stood on another statement.
        if seen.peers.cleared_later(unit):
            strayed = {"wrong_terminal_or_merchant_id": 6.0}
            case.add("account_paid_others", strayed, late=day.late, due=day.due)
            return
        case.add("account_paid_others", {"minimum_or_limit": 3.0}, late=day.late, due=day.due)
    rolled = seen.rolled.get(unit["unit"])
    if rolled is not None and (meanwhile or may_be_below(rolled)):
        case.add("rolled_over", {"minimum_or_limit": 3.5}, sales=rolled["sales"])
    if meanwhile:
        case.add("paid_meanwhile", {"minimum_or_limit": 2.5}, payouts=meanwhile)
    elif not wide:
        case.add("nothing_paid", {"account_under_review": 1.5})


def may_be_below(rolled: Row) -> bool:
    """Return whether what waited for the next payout may have been below a minimum.

    It hardly was where more waited for days than the account was ever paid in time; fees are within
    a tenth. A minimum that is new lets small sums wait for a day or two.
    """
    least: int | None = rolled["least_minor"]
    waited: int = rolled["waited_minor"]
    soon = rolled["until"] - rolled["since"] < PILED
    return soon or least is None or waited * 9 <= least * 10


def _stories(case: Case, seen: Paid) -> bool:
    """Weigh what the payout itself, and the lines in it, say; return whether they say anything."""
    unit = case.unit
    told = False
    stories = [(s["status"], s["reason"]) for s in seen.stories.get(unit["unit"], ())]
    if unit["returned"]:
        stories.append(("returned", unit["reason"]))
    if unit["held"]:
        stories.append(("held", unit["reason"]))
    if unit["stuck"]:
        stories.append((unit["stuck"], unit["reason"]))
    for status, reason in sorted(set(stories), key=lambda s: (s[0], -len(s[1]))):
        kind = reason_class(reason)
        if status == "returned":
            case.add(
                "returned", _RETURNED.get(kind, {"settlement_account_lost": 5.0}), reason=reason
            )
        elif status == "rejected" and kind == "repeat":
            case.add("held", {"duplicate_upload_held": 6.0}, reason=reason)
        elif status == "rejected":
            case.add("line_refused", {"interface_field_mismatch": 5.0}, reason=reason)
        else:
            speaks = _HELD.get(kind, {"account_under_review": 2.0, "duplicate_upload_held": 1.0})
            case.add("held", speaks, reason=reason)
        told = True
        break
    if not stories and unit["reason"] and (kind := reason_class(unit["reason"])):
        case.add("held", _HELD.get(kind, {}), reason=unit["reason"])
        told = kind in _HELD
    return told


def _notices(case: Case, notices: list[Row], *, spared: bool) -> None:
    """Weigh what was announced; an outage is not why, where others were paid meanwhile."""
    unit = case.unit
    mine = {
        "account": unit["account_id"],
        "merchant": unit["merchant_id"],
        "provider": unit["provider_id"],
    }
    for notice in notices:
        if mine.get(notice["scope"]) != notice["scope_id"]:
            continue
        until = notice["to_at"] or unit["ended_at"]
        # A hold that began after the money was due anyway is not why it was late.
        if notice["from_at"] > unit["due_at"] + LATER or until < unit["due_at"] - LATER:
            continue
        text = notice["text"] or ""
        kind = reason_class(f"{text} {notice['kind']}")
        if (notice["kind"] == "outage" or kind == "outage") and spared:
            continue
        if notice["kind"] == "outage" or kind == "outage":
            speaks = {"provider_outage": 4.0}
        elif notice["kind"] == "file_rejected" or kind == "field":
            continue  # A file that is refused keeps lines from clearing; it holds no payout.
        elif notice["kind"] == "review":
            speaks = {"account_under_review": 5.0}
        elif kind in _HELD:
            speaks = {mechanism: weight * 0.7 for mechanism, weight in _HELD[kind].items()}
        elif notice["kind"] == "peak" or notice["scope"] == "all":
            continue  # A busy eve, told to everybody, slows banks; it holds nobody's money.
        else:
            speaks = {"account_under_review": 2.0, "duplicate_upload_held": 1.0}
        case.add("hold_told", speaks, text=text or notice["kind"])
        return
