"""Figures for Prometheus: requests, work, files, and money that waits."""

from __future__ import annotations

from typing import Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client import generate_latest as latest

from daozhang.server.clock import now
from daozhang.server.models import Alarm, Delivery, Incident, Lease, Snapshot

__all__ = ["CONTENT_TYPE_LATEST", "exposed", "observe"]

_REQUESTS: Final = CollectorRegistry()
_COUNTED: Final = Counter(
    "daozhang_requests_total", "Requests answered", ("route", "method", "status"),
    registry=_REQUESTS,
)  # fmt: skip
_TAKEN: Final = Histogram(
    "daozhang_request_seconds", "Time to answer", ("route",), registry=_REQUESTS,
    buckets=(0.01, 0.025, 0.05, 0.1, 0.15, 0.3, 0.6, 1.2, 2.5, 5, 10),
)  # fmt: skip


def observe(route: str, method: str, status: int, seconds: float) -> None:
    """Count one request."""
    _COUNTED.labels(route, method, str(status)).inc()
    _TAKEN.labels(route).observe(seconds)


def exposed() -> bytes:
    """Return all figures as Prometheus reads them: of this process and of the database."""
    state = CollectorRegistry()

    def gauge(name: str, help_text: str, value: float, **labels: str) -> None:
        found = _made.get(name) or Gauge(name, help_text, tuple(labels), registry=state)
        _made[name] = found
        (found.labels(**labels) if labels else found).set(value)

    _made: dict[str, Gauge] = {}
    for kind, _ in Delivery.State.choices:
        count = Delivery.objects.filter(state=kind).count()
        gauge("daozhang_files", "Files received, by what became of them", count, state=kind)
    gauge(
        "daozhang_incidents_open", "Incidents with money still to come",
        Incident.objects.filter(is_open=True).count(),
    )  # fmt: skip
    for row in Incident.objects.filter(is_open=True):
        gauge(
            "daozhang_outstanding_minor", "Late money still to come, minor units",
            row.outstanding_minor, currency=row.currency, incident=row.incident_id,
        )  # fmt: skip
    gauge("daozhang_alarms", "Alarms that stand", Alarm.objects.filter(cleared_at=None).count())
    newest = Snapshot.objects.first()
    if newest is not None:
        age = (now() - newest.made_at).total_seconds()
        gauge("daozhang_snapshot_age_seconds", "Age of the newest answer", age)
        gauge("daozhang_snapshot_sales", "Sales tracked", newest.sales)
        gauge("daozhang_snapshot_seconds", "Time that the newest run took", newest.seconds)
    lease = Lease.objects.filter(name="reconciler").first()
    alive = lease is not None and lease.until > now()
    gauge("daozhang_reconciler_alive", "1: a reconciler holds its lease", float(alive))
    return latest(_REQUESTS) + latest(state)
