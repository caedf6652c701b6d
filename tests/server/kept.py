"""Says as JSON what a server has kept: run by itself, since Django serves one data folder."""

from __future__ import annotations

import json
import sys
from collections import Counter
from datetime import timedelta
from pathlib import Path
from typing import Any


def _rows() -> dict[str, Any]:
    """Return what was found and told, without numbers and moments of this run."""
    from daozhang.server.models import (
        Alarm,
        IdempotentCall,
        Incident,
        IncidentEvent,
        Notice,
    )

    return {
        "incidents": sorted(
            [i.incident_id, i.is_open, i.late_minor, i.outstanding_minor, i.sales]
            for i in Incident.objects.all()
        ),
        "events": sorted(
            [e.incident_id, e.kind, e.detail.get("outstanding_minor")]
            for e in IncidentEvent.objects.all()
        ),
        "alarms": sorted(
            [a.kind, a.subject, a.day, a.detail, a.cleared_at is not None]
            for a in Alarm.objects.all()
        ),
        "notices": sorted(
            [n.subject.split(":")[0], n.sent_at is not None] for n in Notice.objects.all()
        ),
        "answered": sorted(
            [c.key, c.status, c.body.get("name")] for c in IdempotentCall.objects.all()
        ),
    }


def kept(data: Path) -> dict[str, Any]:
    """Return what must be the same whatever happened on the way."""
    from daozhang.server import entry

    entry.set_up(data)
    from daozhang.app.books import mark_of
    from daozhang.app.scope import EVERYTHING
    from daozhang.server import audit
    from daozhang.server.clock import now
    from daozhang.server.models import AuditEntry, Delivery, Snapshot
    from daozhang.server.readings import newest, reading_for
    from daozhang.server.receipts import ORPHAN_HOURS, sweep
    from daozhang.store.parts import Store

    # What a receipt that never came to be has left is removed a day later.
    sweep(now() + timedelta(hours=ORPHAN_HOURS + 1))
    store = Store.open(data / "store")
    snapshot = newest()
    assert snapshot is not None
    reading = reading_for(EVERYTHING, snapshot)
    assert reading is not None
    figures = reading.figures
    received = Counter(
        AuditEntry.objects.filter(action="file.received").values_list("subject", flat=True)
    )
    return {
        "deliveries": sorted(
            [d.name, d.way, d.state, d.rows, d.refused_rows, d.totals, d.form]
            for d in Delivery.objects.all()
        ),
        "received": sorted(received.items()),
        "store": sorted([r.id, r.rows] for r in store.receipts()),
        "damaged": [str(problem) for problem in store.verify()],
        "up_to_date": snapshot.mark == mark_of(store),
        "money": [dict(row) for row in figures.by_status],
        **_rows(),
        "audit": [f"{one.number} {one.what}" for one in audit.verify()],
        "inbox": sorted(path.name for path in (data / "inbox").iterdir()),
        "waiting": [
            path.name for path in (data / "waiting").glob("*") if not path.name.startswith(".")
        ],
        "left": sorted(path.name for path in data.glob(".*")),
        "snapshots": len(list((data / "snapshots").iterdir())) - Snapshot.objects.count(),
    }


if __name__ == "__main__":
    print(json.dumps(kept(Path(sys.argv[1])), default=str))
