"""Incidents' money by store and due day: what the bars of an incident are summed from."""

from __future__ import annotations

from typing import Final

from daozhang.app.snapshot import Reading
from daozhang.server.kept import kept

__all__ = ["incident_parts"]

_PARTS: Final = (
    "SELECT i.incident_id, o.store_id, o.due_date, count(*) AS sales, "
    "CAST(sum(o.amount_minor) AS BIGINT) AS late_minor, "
    "CAST(sum(CASE WHEN o.status = 'overdue' THEN o.amount_minor ELSE 0 END) AS BIGINT) "
    "AS open_minor FROM outcomes_late AS o JOIN incident_sales AS i ON i.sale_id = o.sale_id "
    "GROUP BY i.incident_id, o.store_id, o.due_date"
)


def incident_parts(reading: Reading) -> str:
    """Return what to read incidents' late money by store and day from, as SQL.

    Columns: incident_id, store_id, due_date, sales, late_minor, open_minor (of it, sales that have
    not wholly come).
    """
    return kept(reading, "incident_parts", _PARTS)
