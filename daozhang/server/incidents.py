"""Incidents as they live on: opened, changed and closed by what each run finds."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from daozhang.app.answers import utc_text
from daozhang.server.models import Incident, IncidentEvent

__all__ = ["follow"]

_TOLD: Final = ("leg", "scope", "evidence", "rivals", "example", "confidence_permille")
_TIMES: Final = ("since", "until", "expected_at", "expected_from", "expected_until")


def follow(rows: Iterable[Mapping[str, Any]], at: datetime) -> None:
    """Bring the incidents of the database to what a run found, in the caller's transaction.

    An incident that is not found any more, or of which nothing is outstanding, is closed; one that
    comes back is opened again with its history. Done twice, the second time changes nothing.

    Args:
        rows: of ``figures.incidents``.
        at: now, aware.
    """
    known = {incident.incident_id: incident for incident in Incident.objects.all()}
    found = set()
    for row in rows:
        found.add(row["incident_id"])
        _meet(known.get(row["incident_id"]), row, at)
    for incident_id, incident in known.items():
        if incident_id not in found and incident.is_open:
            incident.is_open, incident.closed_at = False, at
            incident.outstanding_minor = 0
            incident.save()
            _tell(incident, at, "closed")


def _meet(incident: Incident | None, row: Mapping[str, Any], at: datetime) -> None:
    is_open = bool(row["open_sales"])
    values = {
        "currency": row["currency"],
        "cause": row["cause"],
        "mechanism": row["mechanism"] or "",
        "late_minor": row["late_minor"],
        "outstanding_minor": row["outstanding_minor"],
        "sales": row["sales"],
        "told": {
            **{name: row[name] for name in _TOLD},
            **{name: utc_text(row[name]) for name in _TIMES},
        },
    }
    if incident is None:
        made = Incident.objects.create(
            incident_id=row["incident_id"], is_open=is_open, opened_at=at,
            closed_at=None if is_open else at, **values,
        )  # fmt: skip
        _tell(made, at, "opened" if is_open else "found_closed")
        return
    moved = incident.outstanding_minor != row["outstanding_minor"]
    was_open = incident.is_open
    for name, value in values.items():
        setattr(incident, name, value)
    incident.is_open = is_open
    incident.closed_at = None if is_open else (incident.closed_at or at)
    incident.save()
    if was_open != is_open:
        _tell(incident, at, "reopened" if is_open else "closed")
    elif moved:
        _tell(incident, at, "changed")


def _tell(incident: Incident, at: datetime, kind: str) -> None:
    IncidentEvent.objects.create(
        incident=incident, at=at, kind=kind,
        detail={
            "outstanding_minor": incident.outstanding_minor, "late_minor": incident.late_minor,
            "sales": incident.sales,
        },
    )  # fmt: skip
