"""Upgrades: what each release did to the money, and what the gate says of it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from daozhang.app.gate_record import GateRecord
from daozhang.server.api.answers import answers
from daozhang.server.api.callers import Caller, caller_of, needs
from daozhang.server.api.values import Moment, Out
from daozhang.server.effects import Effect, Release, effects_of, releases
from daozhang.server.gate_told import gate_of

__all__ = ["router"]

router = Router(tags=["upgrades"])


class SideOut(Out):
    """The due sales of one group; shares in thousandths."""

    due: int
    late: int
    late_minor: int
    overdue_minor: int
    late_permille: int | None
    low_permille: int | None = Field(description="With `high_permille`: the 95 % interval.")
    high_permille: int | None


class EffectOut(Out):
    """The upgraded beside the others at one provider, in one currency."""

    provider_id: str | None
    currency: str
    upgraded: SideOut
    others: SideOut


class Gate(Out):
    """What the gate says of a release."""

    verdict: str = Field(description="PASS, FAIL or WAIT.")
    halted_at: Moment | None = Field(description="When it first said FAIL.")
    passed_at: Moment | None
    sentence: str | None = Field(description="Null for who sees only some rows.")


class ReleaseOut(Out):
    """One release, as far as its terminals may be seen."""

    release_id: str
    since: Moment
    until: Moment
    begun: int = Field(description="Terminals whose upgrade has begun.")
    planned: int
    outcomes: dict[str, int]
    stores: int
    gate: Gate | None
    effects: list[EffectOut]


class Upgrades(Out):
    """The releases, the newest first."""

    items: list[ReleaseOut]


@router.get(
    "/upgrades", auth=needs("upgrades", "read"), response=answers(Upgrades),
    operation_id="upgrades",
)  # fmt: skip
def upgrades(request: HttpRequest) -> dict[str, Any]:
    """What each release did to the money, the newest first, and what the gate says of it."""
    caller = caller_of(request)
    if caller.reading is None:
        return {"items": []}
    effects, records = effects_of(caller.reading), gate_of(caller.reading)
    return {
        "items": [
            _release(one, effects.get(one.release_id, []), records.get(one.release_id), caller)
            for one in releases(caller.reading)
        ]
    }


def _release(
    one: Release, effects: list[Effect], record: GateRecord | None, caller: Caller
) -> dict[str, Any]:
    names = ("release_id", "since", "until", "begun", "planned", "outcomes", "stores")
    return {
        **{name: getattr(one, name) for name in names},
        "gate": _gate(record, caller) if record is not None else None,
        "effects": [
            {
                "provider_id": effect.provider_id,
                "currency": effect.currency,
                **{name: _side(effect, name) for name in ("upgraded", "others")},
            }
            for effect in effects
        ],
    }


def _gate(record: GateRecord, caller: Caller) -> dict[str, Any]:
    told = record.told[caller.lang]
    return {
        "verdict": record.now.verdict,
        "halted_at": _moment(record.halted_at),
        "passed_at": _moment(record.passed_at),
        # The gate weighs all terminals together.
        "sentence": told.sentence if caller.scope.whole else None,
    }


def _moment(seconds: int | None) -> datetime | None:
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)


def _side(effect: Effect, name: str) -> dict[str, Any]:
    side = effect.sides[name]
    low, high = side.between or (None, None)
    return {
        "due": side.due,
        "late": side.late,
        "late_minor": side.late_minor,
        "overdue_minor": side.overdue_minor,
        "late_permille": side.share,
        "low_permille": low,
        "high_permille": high,
    }
