"""Incidents: late and overdue sales that stopped at the same place.

The cause is not investigated here: every incident says ``unknown`` and names where the money
stopped and whose it is, which is what the facts show by themselves. Money whose statement has
not come is no incident: its cause is the missing statement (the contract's causes, F23).
"""

from __future__ import annotations

import hashlib
import json
from datetime import datetime

import pyarrow as pa

from daozhang.engine import Engine
from daozhang.journey.terms import TermsBook

__all__ = ["put_incidents"]

_PLACE = (
    "SELECT o.sale_id, o.currency, l.leg, o.provider_id, a.bank_id, o.promised_at, "
    "o.status, o.outstanding_minor, o.amount_minor "
    "FROM outcomes_late AS o JOIN legs AS l ON l.sale_id = o.sale_id "
    "LEFT JOIN facts_accounts AS a ON a.account_id = o.account_id"
)
_INCIDENT = pa.schema(
    [
        (c, pa.string())
        for c in ("incident_id", "currency", "leg", "provider_id", "bank_id", "scope")
    ]
)


def put_incidents(engine: Engine, _book: TermsBook, _as_of: datetime) -> None:
    """Make tables ``late_places``, ``incidents`` and ``incident_sales`` from ``legs``.

    Table ``findings`` is empty: nothing is looked for here.
    """
    engine.put("findings", pa.table({"finding": pa.array([], pa.string())}))
    engine.run(
        "late_places",
        f"SELECT q.*, CASE WHEN q.leg = 'credit' THEN '' ELSE q.provider_id END AS scope_provider, "
        "CASE WHEN q.leg = 'credit' THEN coalesce(q.bank_id, '') ELSE '' END AS scope_bank "
        f"FROM ({_PLACE}) AS q",
    )
    rows = []
    for currency, leg, provider, bank in engine.rows(
        "SELECT DISTINCT currency, leg, scope_provider, scope_bank FROM late_places"
    ):
        scope = {"bank_id": bank} if leg == "credit" and bank else {"provider_id": provider}
        if leg == "credit" and not bank:
            scope = {}
        text = json.dumps([currency, leg, provider, bank])
        rows.append(
            {
                "incident_id": "INC-" + hashlib.sha256(text.encode()).hexdigest()[:10],
                "currency": currency,
                "leg": leg,
                "provider_id": provider,
                "bank_id": bank,
                "scope": json.dumps(scope, ensure_ascii=False),
            }
        )
    engine.put("incident_places", pa.Table.from_pylist(rows, _INCIDENT))
    engine.run(
        "incident_sales",
        "SELECT p.sale_id, 'unknown' AS cause, CAST(NULL AS VARCHAR) AS mechanism, i.incident_id "
        "FROM late_places AS p JOIN incident_places AS i ON i.currency = p.currency "
        "AND i.leg = p.leg AND i.provider_id = p.scope_provider AND i.bank_id = p.scope_bank "
        "UNION ALL SELECT sale_id, 'data_quality', 'statement_missing', NULL "
        "FROM outcomes_late WHERE status = 'unknown'",
    )
    engine.run(
        "incidents",
        "SELECT i.incident_id, 'unknown' AS cause, CAST(NULL AS VARCHAR) AS mechanism, i.leg, "
        " i.scope, i.currency, CAST(count(*) AS BIGINT) AS sales, "
        "CAST(sum(p.amount_minor) AS BIGINT) AS late_minor, "
        "CAST(sum(CASE WHEN p.status = 'overdue' THEN p.outstanding_minor ELSE 0 END) AS BIGINT) "
        "AS outstanding_minor, "
        "CAST(sum(CASE WHEN p.status = 'overdue' THEN 1 ELSE 0 END) AS BIGINT) AS open_sales, "
        "coalesce(min(CASE WHEN p.status = 'overdue' THEN p.sale_id END), min(p.sale_id)) "
        "AS example, "
        "min(p.promised_at) AS since, max(p.promised_at) AS until "
        "FROM late_places AS p JOIN incident_places AS i ON i.currency = p.currency "
        "AND i.leg = p.leg AND i.provider_id = p.scope_provider AND i.bank_id = p.scope_bank "
        "GROUP BY i.incident_id, i.leg, i.scope, i.currency",
    )
