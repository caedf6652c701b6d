"""The audit trail."""

from __future__ import annotations

import json

from django.http import HttpResponse

from daozhang.server.audit import verify
from daozhang.server.audit_words import action_said, actor_said, detail_said
from daozhang.server.models import AuditEntry
from daozhang.server.views.base import Face, page

__all__ = ["trail"]


@page("audit")
def trail(face: Face) -> HttpResponse:
    """List what was done by whom, the newest first, and say whether the chain holds."""
    entries = AuditEntry.objects.order_by("-number")
    if face.request.GET.get("format") == "csv":
        head = ("number", "at", "actor", "action", "subject", "detail", "digest")
        rows = (
            [
                json.dumps(getattr(e, name)) if name == "detail" else getattr(e, name)
                for name in head
            ]
            for e in entries.iterator()
        )
        return face.csv("audit", head, rows)
    listed = face.paged(entries)  # type: ignore[arg-type]
    return face.render(
        "audit.html",
        listed=listed,
        rows=[
            {
                "number": entry.number,
                "at": face.speech.time(entry.at, year=True),
                "actor": actor_said(entry, face.lang),
                "action": action_said(entry, face.lang),
                "subject": entry.subject,
                "detail": detail_said(entry, face.lang),
            }
            for entry in listed
        ],
        broken=list(verify()) if face.request.GET.get("verify") else None,
    )
