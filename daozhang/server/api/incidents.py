"""Late money: incidents with their evidence, their sales, and notes about them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final, Literal

from django.db import transaction
from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status
from pydantic import Field

from daozhang.app.answers import incident_json
from daozhang.app.snapshot import Reading
from daozhang.charts import LANGS
from daozhang.server import audit
from daozhang.server.api.answers import answers
from daozhang.server.api.callers import JSON, Caller, caller_of, needs
from daozhang.server.api.errors import ApiError
from daozhang.server.api.idempotency import Key, once
from daozhang.server.api.paging import PageOf, Paging, page_of, place_of
from daozhang.server.api.values import In, Moment, Out, Text
from daozhang.server.clock import now
from daozhang.server.models import Incident, IncidentEvent
from daozhang.server.sales_list import listed
from daozhang.server.telling import incident_sentence

__all__ = ["IncidentLine", "fit_for", "incident_line", "incident_rows", "router"]

NOTE_MAX: Final = 2000

router = Router(tags=["incidents"])
Row = Mapping[str, Any]


class IncidentLine(Out):
    """Late money of one cause: what is late of the rows that the caller sees."""

    incident_id: str
    is_open: bool = Field(description="Some of it has still not come.")
    sentence: str
    cause: str
    mechanism: str | None
    leg: str
    scope: dict[str, Any] = Field(description="Whom it struck.")
    currency: str
    sales: int
    open_sales: int
    late_minor: int
    outstanding_minor: int
    since: Moment | None = Field(description="The first promise that was not kept.")
    until: Moment | None
    expected_at: Moment | None
    expected_from: Moment | None
    expected_until: Moment | None


class Event(Out):
    """What happened to an incident."""

    at: Moment
    kind: str = Field(description="opened, found_closed, changed, closed, reopened or note.")
    by: str | None
    text: str | None
    outstanding_minor: int | None = Field(description="Null for who sees only some rows.")


class IncidentWhole(IncidentLine):
    """An incident with all that is known of it."""

    confidence: float | None
    example: str | None = Field(description="A sale of it.")
    evidence: list[dict[str, Any]] = Field(description="Facts, each said in `en` and `zh`.")
    rivals: list[dict[str, Any]] = Field(description="What else it could be.")
    actions: list[dict[str, str]] = Field(description="What to do first, in `en` and `zh`.")
    events: list[Event]


class IncidentSale(Out):
    """A sale of an incident."""

    sale_id: str
    status: str
    amount_minor: int
    outstanding_minor: int | None
    currency: str
    store_id: str | None
    terminal_id: str | None
    captured_at: Moment | None
    promised_at: Moment | None
    credited_at: Moment | None


class IncidentFilters(Paging):
    """Which incidents."""

    cause: str | None = Field(None, max_length=60)
    open: Literal["true", "false"] | None = Field(None, description="Only open or closed ones.")


class NoteIn(In):
    """A note for everyone who sees an incident."""

    text: Text = Field(min_length=1, max_length=NOTE_MAX)


class Note(Out):
    """A note that was added."""

    incident_id: str
    at: Moment
    by: str
    text: str


def incident_rows(caller: Caller) -> list[Row]:
    """Return the incidents that somebody sees: open ones first, then by their money."""
    rows = caller.reading.figures.incidents if caller.reading else ()
    return sorted(rows, key=lambda row: tuple(_place(row)))


def _place(row: Row) -> list[Any]:
    return [0 if row["open_sales"] else 1, -row["late_minor"], row["incident_id"]]


def incident_line(row: Row, caller: Caller) -> dict[str, Any]:
    """Return an incident as lists tell it."""
    return {
        **row,
        "is_open": bool(row["open_sales"]),
        "scope": json.loads(row["scope"]),
        "sentence": incident_sentence(row, caller.speech()),
    }


def fit_for(caller: Caller, facts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return evidence without the sums behind it for who sees only some rows: they are of all."""
    if caller.scope.whole:
        return facts
    hidden = {"late_minor", "sales_showing_it", "example"}
    return [{name: v for name, v in fact.items() if name not in hidden} for fact in facts]


@router.get(
    "/incidents", auth=needs("late", "read"), response=answers(PageOf[IncidentLine]),
    operation_id="incidents",
)  # fmt: skip
def incidents(request: HttpRequest, asked: Query[IncidentFilters]) -> dict[str, Any]:
    """List incidents: those with money still to come first, then by their money."""
    caller = caller_of(request)
    after = place_of(asked.cursor, int, int, str)
    rows = [
        row
        for row in incident_rows(caller)
        if (asked.cause is None or row["cause"] == asked.cause)
        and (asked.open is None or bool(row["open_sales"]) == (asked.open == "true"))
        and (after is None or _place(row) > after)
    ]
    return page_of(
        request, rows[: asked.limit + 1], asked.limit,
        place=_place, told=lambda row: incident_line(row, caller),
    )  # fmt: skip


def _found(caller: Caller, incident_id: str) -> tuple[Reading, Row]:
    rows = incident_rows(caller)
    row = next((row for row in rows if row["incident_id"] == incident_id), None)
    if caller.reading is None or row is None:
        raise ApiError("not_found", incident_id=incident_id)
    return caller.reading, row


@router.get(
    "/incidents/{incident_id}", auth=needs("late", "read"),
    response=answers(IncidentWhole, 200, 404), operation_id="incident",
)  # fmt: skip
def incident(request: HttpRequest, incident_id: str) -> dict[str, Any]:
    """One incident: its evidence, its rivals, what to do, and what happened to it."""
    caller = caller_of(request)
    _, row = _found(caller, incident_id)
    told = incident_json(row, {lang: caller.speech(lang) for lang in LANGS})
    return {
        **told,
        **incident_line(row, caller),
        "evidence": fit_for(caller, told["evidence"]),
        "rivals": told["rivals"],
        "events": [_event(event, caller) for event in _events(incident_id)],
    }


def _events(incident_id: str) -> list[IncidentEvent]:
    found = IncidentEvent.objects.filter(incident_id=incident_id).select_related("by")
    return list(found.order_by("at", "id"))


def _event(event: IncidentEvent, caller: Caller) -> dict[str, Any]:
    return {
        "at": event.at,
        "kind": event.kind,
        "by": str(event.by) if event.by else None,
        "text": event.detail.get("text"),
        "outstanding_minor": (
            event.detail.get("outstanding_minor") if caller.scope.whole else None
        ),
    }  # fmt: skip


@router.get(
    "/incidents/{incident_id}/sales", auth=needs("late", "read"),
    response=answers(PageOf[IncidentSale], 200, 404), operation_id="incident_sales",
)  # fmt: skip
def incident_sales(
    request: HttpRequest, incident_id: str, asked: Query[Paging]
) -> dict[str, Any]:  # fmt: skip
    """List an incident's sales: those still to come first, the largest first."""
    caller = caller_of(request)
    _, row = _found(caller, incident_id)
    after = place_of(asked.cursor, int)
    rows = listed(caller, {"incident": incident_id}, row["sales"])
    return page_of(
        request, rows.after(int(after[0]) if after else 0, asked.limit + 1), asked.limit,
        place=lambda sale: [sale["place"]], told=dict,
    )  # fmt: skip


@router.post(
    "/incidents/{incident_id}/notes", auth=needs("incidents.note", "incidents", JSON),
    response=answers(Note, 201, 404, 409, 413, 415), operation_id="add_note",
)  # fmt: skip
def add_note(request: HttpRequest, incident_id: str, body: NoteIn, key: Key = None) -> Status[Any]:
    """Write a note for everyone who sees the incident."""
    caller = caller_of(request)
    _found(caller, incident_id)
    return once(request, caller, key, lambda: _note(caller, incident_id, body.text))


def _note(caller: Caller, incident_id: str, text: str) -> Note:
    at = now()
    with transaction.atomic():
        found = Incident.objects.filter(incident_id=incident_id).first()
        if found is None:
            raise ApiError("not_found", incident_id=incident_id)
        IncidentEvent.objects.create(
            incident=found, at=at, kind="note", by=caller.person, detail={"text": text}
        )
        audit.record(at, caller.person.email, "incident.noted", incident_id, **caller.traced)
    return Note(incident_id=incident_id, at=at, by=str(caller.person), text=text)
