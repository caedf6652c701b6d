"""Providers and banks: punctuality, speed, fees and findings of each."""

from __future__ import annotations

import datetime as dt
from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from daozhang.server.api.answers import answers
from daozhang.server.api.callers import Caller, caller_of, needs
from daozhang.server.api.errors import ApiError
from daozhang.server.api.values import Moment, Out
from daozhang.server.due_days import late_days
from daozhang.server.parties import (
    Dimension,
    Party,
    incidents_of,
    narrowed,
    parties,
    tells_findings,
)

__all__ = ["router"]

router = Router(tags=["providers and banks"])


class PartyOut(Out):
    """One provider or bank in one currency; shares in thousandths, times in minutes."""

    id: str | None
    name: str | None
    currency: str
    due: int = Field(description="Sales that were due and of which the outcome is known.")
    on_time: int
    late: int
    overdue: int
    unknown: int = Field(description="Sales whose statement is missing.")
    on_time_permille: int | None
    low_permille: int | None = Field(description="With `high_permille`: the 95 % interval.")
    high_permille: int | None
    median_min: int | None = Field(description="From till to bank; of banks null.")
    p95_min: int | None
    late_minor: int
    overdue_minor: int
    fee_minor: int
    fee_expected_minor: int
    sales_with_another_fee: int
    findings: int | None = Field(description="Null for who sees only some of the money.")


class Parties(Out):
    """Providers or banks, the least punctual first."""

    items: list[PartyOut]


class LateDay(Out):
    """One due day on which money of it was late; before fees."""

    day: dt.date
    currency: str
    promised_minor: int
    late_minor: int
    overdue_minor: int


class Legs(Out):
    """How long money takes on one leg, in minutes; of money that arrived."""

    leg: str
    currency: str
    sales: int
    p05_min: int
    p25_min: int
    median_min: int
    p75_min: int
    p95_min: int


class Finding(Out):
    """What is wrong with a provider, by the merchant's own bills."""

    finding: str
    subject: str
    detail: str
    currency: str
    rows: int
    amount_minor: int
    cost_minor: int | None
    since: Moment
    until: Moment
    example: str | None


class Fee(Out):
    """What was charged beside what was agreed, of sales that were cleared."""

    channel: str | None
    currency: str
    sales: int
    fee_minor: int
    fee_expected_minor: int
    sales_differing: int


class PartyWhole(Out):
    """One provider or bank with all that is known of it."""

    id: str
    name: str | None
    currencies: list[PartyOut]
    late_days: list[LateDay] = Field(description="The newest first.")
    legs: list[Legs] = Field(description="Of banks none.")
    fees: list[Fee] = Field(description="Of banks none.")
    findings: list[Finding] | None = Field(
        description="Of banks none; null for who sees only some of the money."
    )
    incidents: list[str] = Field(description="Ids of incidents that struck it.")


def _whole(caller: Caller, dimension: Dimension, value: str) -> dict[str, Any]:
    reading = caller.reading
    found = [] if reading is None else [
        one for one in parties(reading.figures, dimension) if one.value == value
    ]  # fmt: skip
    if reading is None or not found:
        raise ApiError("not_found", id=value)
    own, name = narrowed(reading.figures, dimension, value), reading.about.names.get(value)
    tell = tells_findings(caller.scope)
    return {
        "id": value,
        "name": name,
        "currencies": [_party(one, name, tell=tell) for one in found],
        "late_days": [
            {
                "day": day.day,
                "currency": day.currency,
                "promised_minor": day.promised_minor,
                "late_minor": day.amounts.get("late", 0),
                "overdue_minor": day.amounts.get("overdue", 0),
            }
            for day in late_days(reading, dimension, value)
        ],
        "legs": own.legs,
        "fees": own.fees,
        "findings": own.findings if tell else None,
        "incidents": [
            row["incident_id"] for row in incidents_of(reading.figures, dimension, value)
        ],
    }


def _listed(caller: Caller, dimension: Dimension) -> dict[str, Any]:
    if caller.reading is None:
        return {"items": []}
    names = caller.reading.about.names
    tell = tells_findings(caller.scope)
    found = parties(caller.reading.figures, dimension)
    return {"items": [_party(one, names.get(one.value or ""), tell=tell) for one in found]}


def _party(one: Party, name: str | None, *, tell: bool) -> dict[str, Any]:
    pace, late, speed = one.pace, one.late, one.speed
    low, high = pace.between if pace.sales else (None, None)
    return {
        "id": one.value,
        "name": name,
        "currency": one.currency,
        "due": pace.sales,
        "on_time": pace.on_time,
        "late": pace.late,
        "overdue": pace.overdue,
        "unknown": pace.unseen,
        "on_time_permille": pace.share if pace.sales else None,
        "low_permille": low,
        "high_permille": high,
        "median_min": speed.median_min if speed else None,
        "p95_min": speed.p95_min if speed else None,
        "late_minor": late.late_minor if late else 0,
        "overdue_minor": late.overdue_minor if late else 0,
        "fee_minor": one.fee_minor,
        "fee_expected_minor": one.fee_expected_minor,
        "sales_with_another_fee": one.differing,
        "findings": one.findings if tell else None,
    }


@router.get(
    "/providers", auth=needs("providers", "read"), response=answers(Parties),
    operation_id="providers",
)  # fmt: skip
def providers(request: HttpRequest) -> dict[str, Any]:
    """How punctual each provider is, how fast, and what it charges; the least punctual first."""
    return _listed(caller_of(request), "provider_id")


@router.get(
    "/banks", auth=needs("providers", "read"), response=answers(Parties), operation_id="banks"
)
def banks(request: HttpRequest) -> dict[str, Any]:
    """How punctual each bank is; the least punctual first."""
    return _listed(caller_of(request), "bank_id")


@router.get(
    "/providers/{path:provider_id}", auth=needs("providers", "read"),
    response=answers(PartyWhole, 200, 404), operation_id="provider",
)  # fmt: skip
def provider(request: HttpRequest, provider_id: str) -> dict[str, Any]:
    """One provider: punctuality, late days, legs, fees, findings and incidents."""
    return _whole(caller_of(request), "provider_id", provider_id)


@router.get(
    "/banks/{path:bank_id}", auth=needs("providers", "read"),
    response=answers(PartyWhole, 200, 404), operation_id="bank",
)  # fmt: skip
def bank(request: HttpRequest, bank_id: str) -> dict[str, Any]:
    """One bank: punctuality, late days and incidents."""
    return _whole(caller_of(request), "bank_id", bank_id)
