"""Upgrades: what each release did to the money, and what the gate says of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from daozhang.app.gate_record import GateRecord
from daozhang.app.seek import quoted
from daozhang.app.snapshot import Reading
from daozhang.engine import rows_of
from daozhang.server.agreed import agreed, terms_for
from daozhang.server.api.answers import answers
from daozhang.server.api.callers import Caller, caller_of, needs
from daozhang.server.api.errors import ApiError
from daozhang.server.api.paging import PageOf, Paging, page_of, place_of
from daozhang.server.api.values import Line, Moment, Out
from daozhang.server.effects import Effect, Release, effects_of, releases
from daozhang.server.gate_told import back_of, gate_of, stores_back
from daozhang.server.quiet_hours import (
    DAYS,
    StoreHours,
    cutoffs_by_provider,
    quietest,
    store_hours,
)
from daozhang.server.upgraded import intervals

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


class ReleaseWhole(ReleaseOut):
    """One release with what the gate goes by and what it led to."""

    why: list[str] = Field(description="Of the gate; empty for who sees only some rows.")
    incidents: list[str] = Field(description="Ids of the incidents that it caused.")
    stores_back: dict[str, str] = Field(
        description="Store → pass, fail, not yet, or empty: whether it is at its former level."
    )


class TerminalOut(Out):
    """One terminal that a release reached."""

    terminal_id: str
    store_id: str | None
    provider_id: str | None
    from_at: Moment = Field(description="When its upgrade began.")
    until_at: Moment | None = Field(description="When it went on or was put back; null: neither.")
    outcome: str | None
    wave: str | None
    tries: int


class TerminalFilters(Paging):
    """Whose terminals."""

    release_id: Line = Field(min_length=1, max_length=120)


class Proposal(Out):
    """Hours, local, in which an upgrade disturbs fewest customers; until 0 is midnight."""

    from_hour: int
    until_hour: int
    sales: int = Field(description="In those hours, over all days that were looked at.")
    closed: bool = Field(description="The store is closed then; its terminals must stay on.")


class StoreHoursOut(Out):
    """One store."""

    store_id: str
    sales: int
    sales_by_hour: list[int]
    proposals: list[Proposal]


class QuietHours(PageOf[StoreHoursOut]):
    """The stores, those with most sales first."""

    days: int = Field(description="How many days were looked at.")


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


@router.get(
    "/upgrades/{path:release_id}", auth=needs("upgrades", "read"),
    response=answers(ReleaseWhole, 200, 404), operation_id="upgrade",
)  # fmt: skip
def upgrade(request: HttpRequest, release_id: str) -> dict[str, Any]:
    """One release: the gate's verdict and reasons, the money, and which stores are back."""
    caller = caller_of(request)
    reading, one = _found(caller, release_id)
    record, back = gate_of(reading).get(release_id), back_of(reading).get(release_id)
    told = record.told[caller.lang] if record is not None and caller.scope.whole else None
    return {
        **_release(one, effects_of(reading).get(release_id, []), record, caller),
        "why": list(dict.fromkeys((told.why, told.now))) if told else [],
        "incidents": [
            row["incident_id"]
            for row in reading.figures.incidents
            if json.loads(row["scope"]).get("release_id") == release_id
        ],
        "stores_back": stores_back(reading, back) if back is not None else {},
    }


def _found(caller: Caller, release_id: str) -> tuple[Reading, Release]:
    reading = caller.reading
    known = releases(reading) if reading is not None else []
    one = next((one for one in known if one.release_id == release_id), None)
    if reading is None or one is None:
        raise ApiError("not_found", release_id=release_id)
    return reading, one


@router.get(
    "/terminals", auth=needs("upgrades", "read"),
    response=answers(PageOf[TerminalOut], 200, 404), operation_id="terminals",
)  # fmt: skip
def terminals(request: HttpRequest, asked: Query[TerminalFilters]) -> dict[str, Any]:
    """List the terminals that a release reached, by their number."""
    caller = caller_of(request)
    after = place_of(asked.cursor, str)
    reading, one = _found(caller, asked.release_id)
    beyond = "" if after is None else f"AND u.terminal_id > {quoted(after[0])} "
    columns = ", ".join(f"u.{name}" for name in TerminalOut.model_fields)
    rows = rows_of(
        caller.engine.fetch(
            f"SELECT {columns} FROM {intervals(reading)} AS u "
            f"WHERE u.release_id = {quoted(one.release_id)} {beyond}"
            f"ORDER BY u.terminal_id LIMIT {asked.limit + 1}"
        )
    )
    return page_of(
        request, rows, asked.limit, place=lambda row: [row["terminal_id"]],
        told=lambda row: {**row, "wave": None if row["wave"] is None else str(row["wave"])},
    )  # fmt: skip


@router.get(
    "/quiet-hours", auth=needs("upgrades", "read"), response=answers(QuietHours),
    operation_id="quiet_hours",
)  # fmt: skip
def quiet_hours(request: HttpRequest, asked: Query[Paging]) -> dict[str, Any]:
    """When to upgrade each store: the hours that disturb fewest customers, clear of cut-offs."""
    caller = caller_of(request)
    after = place_of(asked.cursor, int, str)
    if caller.reading is None:
        return {"days": DAYS, "items": [], "next": None}
    stores, book = store_hours(caller.reading), agreed()
    today = caller.reading.about.as_of.astimezone(caller.speech().zone).date()
    providers = frozenset(p for one in stores.values() for p in one.providers)
    terms = terms_for(book, caller.scope, providers, on=today) if book else ()
    cutoffs = cutoffs_by_provider(terms)
    found = [one for one in stores.values() if after is None or _busy(one) > after]
    return {
        "days": DAYS,
        **page_of(
            request, found[: asked.limit + 1], asked.limit, place=_busy,
            told=lambda one: _quiet(one, cutoffs),
        ),
    }  # fmt: skip


def _busy(one: StoreHours) -> list[Any]:
    return [-one.whole, one.store_id]


def _quiet(one: StoreHours, cutoffs: Mapping[str, frozenset[int]]) -> dict[str, Any]:
    own = {minute for p in one.providers for minute in cutoffs.get(p, frozenset())}
    return {
        "store_id": one.store_id,
        "sales": one.whole,
        "sales_by_hour": list(one.sales),
        "proposals": [
            {"from_hour": w.begins, "until_hour": w.ends, "sales": w.sales, "closed": w.closed}
            for w in quietest(one, own)
        ],
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
