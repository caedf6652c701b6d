"""The audit trail."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from daozhang.server.api.answers import answers
from daozhang.server.api.callers import needs
from daozhang.server.api.paging import PageOf, Paging, page_of, place_of
from daozhang.server.api.values import Line, Moment, Out
from daozhang.server.audit import verify
from daozhang.server.models import AuditEntry

__all__ = ["router"]

BROKEN_MAX = 100

router = Router(tags=["audit"])


class Entry(Out):
    """One change by somebody; its digest covers the entry before it too."""

    number: int
    at: Moment
    actor: str
    action: str
    subject: str
    detail: dict[str, Any]
    digest: str


class BrokenOut(Out):
    """Where the trail was tampered with."""

    number: int
    what: str


class Verified(Out):
    """Whether the trail holds together."""

    whole: bool
    broken: list[BrokenOut] = Field(description=f"The first {BROKEN_MAX} places.")


class AuditFilters(Paging):
    """Which entries."""

    actor: Line | None = Field(None, max_length=254)
    action: Line | None = Field(None, max_length=60)
    subject: Line | None = Field(None, max_length=254)


@router.get(
    "/audit", auth=needs("audit", "read"), response=answers(PageOf[Entry]), operation_id="audit"
)
def audit(request: HttpRequest, asked: Query[AuditFilters]) -> dict[str, Any]:
    """List what was done by whom, the newest first."""
    found = AuditEntry.objects.order_by("-number")
    wanted = asked.model_dump(include={"actor", "action", "subject"}, exclude_none=True)
    after = place_of(asked.cursor, int)
    if after is not None:
        found = found.filter(number__lt=after[0])
    return page_of(
        request, list(found.filter(**wanted)[: asked.limit + 1]), asked.limit,
        place=lambda row: [row.number], told=lambda row: row,
    )  # fmt: skip


@router.get(
    "/audit/verified", auth=needs("audit", "read"), response=answers(Verified),
    operation_id="audit_verified",
)  # fmt: skip
def verified(request: HttpRequest) -> dict[str, Any]:  # noqa: ARG001 - ninja's
    """Check the whole trail: an entry that was changed, removed or put in between shows."""
    broken = [place for _, place in zip(range(BROKEN_MAX), verify(), strict=False)]
    return {"whole": not broken, "broken": broken}
