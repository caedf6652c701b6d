"""Incidents: late and overdue sales that share cause, mechanism and scope.

Leaves ``incident_sales`` (sale → cause, mechanism, incident) and ``incidents``. Money whose
statement has not come is no incident: its cause is the missing statement (the contract's F23).
"""

from __future__ import annotations

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any, Final

import pyarrow as pa

from daozhang.cause.attribute import find_causes
from daozhang.cause.doubted_lines import find_doubted_lines
from daozhang.cause.doubts import AT_ONCE, Doubt, find_doubts
from daozhang.cause.expected import expected
from daozhang.cause.findings import put_findings
from daozhang.cause.verdict import Verdict
from daozhang.engine import Engine, SqlFolder, rows_of
from daozhang.journey.terms import TermsBook

__all__ = ["put_causes"]

EVIDENCE_MAX: Final = 6
"""How many pieces of evidence an incident tells, those that show for most money first."""

RIVALS_MAX: Final = 3

_BY_PROVIDER: Final = frozenset(
    {
        "provider_outage", "second_clearing_stall", "interface_field_mismatch",
        "offline_sales_forwarded_late",
    }
)  # fmt: skip
_BY_ACCOUNT: Final = frozenset(
    {
        "settlement_account_lost", "duplicate_upload_held", "account_under_review",
        "minimum_or_limit", "risk_hold",
    }
)  # fmt: skip

SQL = SqlFolder("daozhang.cause")
Row = Mapping[str, Any]

_INCIDENT = pa.schema(
    [
        ("incident_id", pa.string()), ("cause", pa.string()), ("mechanism", pa.string()),
        ("scope", pa.string()), ("confidence_permille", pa.int64()),
        ("expected_at", pa.timestamp("us", "UTC")), ("expected_from", pa.timestamp("us", "UTC")),
        ("expected_until", pa.timestamp("us", "UTC")), ("evidence", pa.string()),
        ("rivals", pa.string()),
    ]
)  # fmt: skip
_UNIT = pa.schema(
    [
        ("unit", pa.int64()), ("incident_id", pa.string()), ("cause", pa.string()),
        ("mechanism", pa.string()),
    ]
)  # fmt: skip


def put_causes(engine: Engine, book: TermsBook, as_of: datetime) -> tuple[Doubt, ...]:
    """Find why each late sale is late, and put what belongs together into incidents.

    Leaves ``findings`` too: what is wrong with providers though nothing need be late by it.

    Returns:
        What of the facts about terminals cannot be so (:mod:`daozhang.cause.doubts`), and which
        settlement lines can hardly be (:mod:`daozhang.cause.doubted_lines`).
    """
    put_findings(engine, book)
    doubts = find_doubts(engine)
    units, verdicts = find_causes(engine, book, doubts.places)
    terminals = {
        row["terminal_id"]: row | dict.fromkeys(doubts.disputed.get(row["terminal_id"], ()))
        for row in rows_of(engine.fetch("SELECT * FROM facts_terminals"))
    }  # fmt: skip
    groups: dict[tuple[str, str, str, str, str], list[Row]] = defaultdict(list)
    for unit in units:
        verdict = verdicts[unit["unit"]]
        place = json.dumps(_place(unit, verdict), ensure_ascii=False, sort_keys=True)
        key = (unit["currency"], verdict.cause, verdict.mechanism, unit["leg"], place)
        groups[key].append(unit)
    incidents, of_unit = [], []
    for (currency, cause, mechanism, leg, place), own in sorted(groups.items()):
        text = json.dumps([currency, cause, mechanism, leg, place], ensure_ascii=False)
        incident_id = "INC-" + hashlib.sha256(text.encode()).hexdigest()[:10]
        scope = _narrowed(json.loads(place), own, terminals)
        told = [verdicts[unit["unit"]] for unit in own]
        when = expected(own, book, as_of)
        incidents.append(
            {
                "incident_id": incident_id,
                "cause": cause,
                "mechanism": mechanism,
                "scope": json.dumps(scope, ensure_ascii=False),
                "confidence_permille": _belief(own, told),
                "expected_at": when.at if when else None,
                "expected_from": when.since if when else None,
                "expected_until": when.until if when else None,
                "evidence": json.dumps(_evidence(own, told), ensure_ascii=False),
                "rivals": json.dumps(_rivals(own, told), ensure_ascii=False),
            }
        )
        of_unit += [
            {
                "unit": unit["unit"], "incident_id": incident_id, "cause": cause,
                "mechanism": mechanism,
            }
            for unit in own
        ]  # fmt: skip
    engine.put("incident_stories", pa.Table.from_pylist(incidents, _INCIDENT))
    engine.put("unit_causes", pa.Table.from_pylist(of_unit, _UNIT))
    engine.run(
        "incident_sales",
        "SELECT m.sale_id, c.cause, c.mechanism, c.incident_id FROM late_money AS m "
        "JOIN unit_causes AS c ON c.unit = m.unit "
        "UNION ALL SELECT sale_id, 'data_quality', 'statement_missing', NULL "
        "FROM outcomes_late WHERE status = 'unknown'",
    )
    engine.run("incidents", SQL["incident_sums"])
    return (*doubts.told, *find_doubted_lines(engine))


def _place(unit: Row, verdict: Verdict) -> dict[str, str]:
    """Return the place that a unit's incident is named by."""
    if verdict.cause == "system_upgrade" and AT_ONCE not in verdict.release_id:
        return {"release_id": verdict.release_id}
    if verdict.mechanism == "network_outage":
        for evidence in verdict.evidence:
            if evidence.key == "neighbours_silent":
                told = dict(evidence.values)
                names, values = told["place"].split("+"), str(told["value"]).split("+")
                return dict(zip(names, values, strict=True))
        return {"store_id": unit["store_id"]} if unit["store_id"] else {}
    if verdict.mechanism == "bank_slow":
        return {"bank_id": unit["bank_id"]} if unit["bank_id"] else {}
    if verdict.mechanism in _BY_PROVIDER:
        return {"provider_id": unit["provider_id"]}
    if verdict.mechanism in _BY_ACCOUNT and unit["account_id"]:
        return {"account_id": unit["account_id"]}
    return {"merchant_id": unit["merchant_id"]}


def _narrowed(
    scope: dict[str, str], units: list[Row], terminals: Mapping[str, Row]
) -> dict[str, str]:
    """Add what all struck terminals of a release have in common and the estate does not."""
    if "release_id" not in scope:
        return scope
    struck = [terminals[u["terminal_id"]] for u in units if u["terminal_id"] in terminals]
    for dimension in ("model", "carrier"):
        values = {row.get(dimension) for row in struck}
        every = {row.get(dimension) for row in terminals.values()}
        if len(values) == 1 and len(every) > 1 and None not in values:
            scope[dimension] = str(values.pop())
    providers = {unit["provider_id"] for unit in units}
    if len(providers) == 1:
        scope["provider_id"] = providers.pop()
    return scope


def _belief(units: list[Row], told: list[Verdict]) -> int:
    """Return how sure the verdicts are, weighed by money, in thousandths."""
    money: int = sum(max(unit["late_minor"], 1) for unit in units)
    sure: float = sum(
        max(unit["late_minor"], 1) * verdict.share
        for unit, verdict in zip(units, told, strict=True)
    )
    return max(1, min(999, int(1000 * sure / money)))


def _evidence(units: list[Row], told: list[Verdict]) -> list[dict[str, Any]]:
    """Return what the facts show, the pieces with most money behind them first.

    Each has a sale of those with most money that show it.
    """
    money: Counter[str] = Counter()
    sales: Counter[str] = Counter()
    largest: dict[str, tuple[int, dict[str, Any]]] = {}
    for unit, verdict in zip(units, told, strict=True):
        for evidence in verdict.evidence:
            money[evidence.key] += unit["late_minor"]
            sales[evidence.key] += unit["sales"]
            if unit["late_minor"] >= largest.get(evidence.key, (-1, {}))[0]:
                shown = {"example": unit["example"], **dict(evidence.values)}
                largest[evidence.key] = (unit["late_minor"], shown)
    best = sorted(money, key=lambda key: (-money[key], key))[:EVIDENCE_MAX]
    return [
        {
            "fact": key,
            "sales_showing_it": sales[key],
            "late_minor": money[key],
            **{name: _plain(value) for name, value in largest[key][1].items()},
        }
        for key in best
    ]


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    if isinstance(value, date):
        return value.isoformat()
    return value


def _rivals(units: list[Row], told: list[Verdict]) -> list[dict[str, Any]]:
    """Return what else it could have been, weighed by money."""
    money = sum(max(unit["late_minor"], 1) for unit in units)
    weights: dict[tuple[str, str], float] = defaultdict(float)
    for unit, verdict in zip(units, told, strict=True):
        for cause, mechanism, share in verdict.rivals:
            weights[cause, mechanism] += max(unit["late_minor"], 1) * share / money
    best = sorted(weights.items(), key=lambda item: (-item[1], item[0]))[:RIVALS_MAX]
    return [
        {"cause": cause, "mechanism": mechanism, "share_permille": max(1, round(share * 1000))}
        for (cause, mechanism), share in best
    ]
