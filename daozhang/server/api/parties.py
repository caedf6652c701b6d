"""Providers and banks: punctuality, speed, fees and findings of each."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from daozhang.server.api.answers import answers
from daozhang.server.api.callers import Caller, caller_of, needs
from daozhang.server.api.values import Out
from daozhang.server.parties import Dimension, Party, parties, tells_findings

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
