"""Sources: where files are fetched from, and which statements are expected by when."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from ninja.responses import Status
from pydantic import Field

from daozhang.server.api.answers import answers
from daozhang.server.api.callers import JSON, Caller, caller_of, needs
from daozhang.server.api.errors import ApiError, WrongValueError
from daozhang.server.api.idempotency import Key, once
from daozhang.server.api.paging import PageOf, Paging, page_of, place_of
from daozhang.server.api.values import In, Line, Moment, Out
from daozhang.server.clock import now
from daozhang.server.models import Source
from daozhang.server.sources import (
    ADDRESS_MAX,
    SourceError,
    add_source,
    remove_source,
    switch_source,
    try_source,
)

__all__ = ["router"]

router = Router(tags=["sources"])
Minutes = Literal[5, 15, 30, 60, 180, 720, 1440]
_WHERE = {"source.needs": "address", "source.bad_clock": "expected_by"}


class SourceOut(Out):
    """One source."""

    source_id: int
    name: str
    address: str = Field(description="Empty: files are sent from there. It names secrets only.")
    every_minutes: int
    enabled: bool
    account_id: str | None = Field(description="Whose statement is expected; null: none is.")
    expected_by: str | None = Field(description="Local time on each business day.")
    last_tried_at: Moment | None
    last_error: str | None


class SourceIn(In):
    """A source to be added: an address, an expected statement, or both."""

    name: Line = Field(min_length=1, max_length=80)
    address: Line = Field("", max_length=ADDRESS_MAX)
    every_minutes: Minutes = 60
    account_id: Line = Field("", max_length=120)
    expected_by: Line = Field("", max_length=5, description="Such as 09:30; with an account.")


class SourceChange(In):
    """What is changed of a source; what is left out stays as it is."""

    enabled: Annotated[bool, Field(strict=True)] | None = None
    try_now: Annotated[bool, Field(strict=True)] = Field(
        default=False, description="Fetch at the next look, whatever the schedule says."
    )


def _told(source: Source) -> dict[str, Any]:
    names = ("name", "address", "every_minutes", "enabled", "last_tried_at")
    return {
        "source_id": source.pk,
        **{name: getattr(source, name) for name in names},
        "account_id": source.account_id or None,
        "expected_by": source.expected_by or None,
        "last_error": source.last_error or None,
    }


def _found(source_id: int) -> Source:
    found = Source.objects.filter(pk=source_id).first()
    if found is None:
        raise ApiError("not_found", source_id=source_id)
    return found


@router.get(
    "/sources", auth=needs("sources", "read"), response=answers(PageOf[SourceOut]),
    operation_id="sources",
)  # fmt: skip
def sources(request: HttpRequest, asked: Query[Paging]) -> dict[str, Any]:
    """List sources by their name, with what the last try came to."""
    after = place_of(asked.cursor, str)
    found = Source.objects.order_by("name")
    if after is not None:
        found = found.filter(name__gt=after[0])
    return page_of(
        request, list(found[: asked.limit + 1]), asked.limit,
        place=lambda row: [row.name], told=_told,
    )  # fmt: skip


@router.post(
    "/sources", auth=needs("sources", None, JSON), response=answers(SourceOut, 201, 409, 413, 415),
    operation_id="add_source",
)  # fmt: skip
def add(request: HttpRequest, body: SourceIn, key: Key = None) -> Status[Any]:
    """Add a source; files are fetched from it at the next look."""
    caller = caller_of(request)
    return once(request, caller, key, lambda: _added(caller, body))


def _added(caller: Caller, body: SourceIn) -> SourceOut:
    try:
        made = add_source(
            now(), caller.person, name=body.name, address=body.address,
            every_minutes=body.every_minutes, account_id=body.account_id,
            expected_by=body.expected_by,
        )  # fmt: skip
    except SourceError as error:
        if error.key == "source.there_already":
            raise ApiError("source_there", name=body.name) from None
        where = _WHERE.get(error.key, "address")
        why = "source_clock" if where == "expected_by" else "source_address"
        raise WrongValueError("body", where, why=why) from None
    return SourceOut(**_told(made))


@router.patch(
    "/sources/{int:source_id}", auth=needs("sources", None, JSON),
    response=answers(SourceOut, 200, 404, 413, 415), operation_id="change_source",
)  # fmt: skip
def change(request: HttpRequest, source_id: int, body: SourceChange) -> dict[str, Any]:
    """Start or stop a source, or let it be tried at once."""
    source = _found(source_id)
    if body.enabled is not None:
        switch_source(now(), caller_of(request).person, source, enabled=body.enabled)
    if body.try_now:
        try_source(source)
    return _told(source)


@router.delete(
    "/sources/{int:source_id}", auth=needs("sources", None), response=answers(None, 204, 404),
    operation_id="remove_source",
)  # fmt: skip
def remove(request: HttpRequest, source_id: int) -> Status[None]:
    """Remove a source; what was fetched from it stays."""
    remove_source(now(), caller_of(request).person, _found(source_id))
    return Status(204, None)
