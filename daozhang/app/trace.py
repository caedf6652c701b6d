"""Use case: one sale's journey, as a parcel tracker shows it.

The steps are facts in the order in which they happened; what is still to come follows from the
promise. Nothing is said here: words belong to the faces.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from daozhang.app.evidence import find_doubts, read_evidence
from daozhang.app.seek import find_sales, quoted
from daozhang.app.steps import STATIONS, Ahead, Step
from daozhang.engine import Engine

__all__ = ["Trace", "find_sales", "trace_sale"]


@dataclass(frozen=True, slots=True)
class Trace:
    """One sale's journey, what led there, and what is still to come.

    Attributes:
        journey: its row of the journeys.
        steps: what happened, in order.
        ahead: stations that are still to come, in order.
        station: where the money is: ``captured``, ``submitted``, ``cleared``, ``paid_out``,
            ``credited`` or ``cancelled``.
        holder: (role, id) of who has it now: ``store``, ``provider``, ``bank``, ``account``,
            ``nobody``; the id is None where it is not known.
        waited_s: seconds beyond the promise, of late and overdue money; else None.
        money: where the sale's amount went, each part by name; the first is the sum of the rest.
        evidence: what to quote when asking for the money, by name.
        doubts: (kind, values) of what is not certain: how a credit was matched, a credit that
            may be this money, a statement that does not reach far enough.
        due_again: when the provider owes money that was handed in late; None: it was not, or the
            provider owes it already.
        why: cause, mechanism, how sure (thousandths), the evidence and rivals of the sale's
            incident; empty: it is not late.
    """

    journey: Mapping[str, Any]
    steps: tuple[Step, ...]
    ahead: tuple[Ahead, ...]
    station: str
    holder: tuple[str, str | None]
    waited_s: int | None
    money: Mapping[str, int]
    evidence: Mapping[str, Any]
    doubts: tuple[tuple[str, Mapping[str, Any]], ...]
    cutoff_at: datetime | None
    clear_by_at: datetime | None
    pay_by_at: datetime | None
    due_again: datetime | None
    why: Mapping[str, Any]

    @property
    def reached(self) -> str:
        """The last station that the parcel is known to have reached."""
        row = self.journey
        reached: str = STATIONS[0]
        for station in STATIONS[1:]:
            if row[f"{station}_at"] is not None:
                reached = station
        return reached


def trace_sale(engine: Engine, sale_id: str, as_of: datetime) -> Trace | None:
    """Return a sale's journey with its steps, or None if there is no such sale.

    Args:
        engine: holds the tables of a run over all sales, or of a snapshot of one.
        sale_id: the sale.
        as_of: T of the run.
    """
    name = quoted(sale_id)
    rows = engine.fetch(f"SELECT * FROM journeys WHERE sale_id = {name}").to_pylist()
    if not rows:
        return None
    journey = rows[0]
    (outcome,) = engine.fetch(f"SELECT * FROM stations WHERE sale_id = {name}").to_pylist()
    steps = [
        *_till_steps(engine, name, journey),
        *_line_steps(engine, name),
        *_payout_steps(engine, name),
        *_credit_steps(engine, journey),
    ]
    order = {step: place for place, step in enumerate(("captured", "submitted"))}
    steps.sort(key=lambda s: (s.at is None, s.at or as_of, order.get(s.what, 9)))
    evidence = read_evidence(engine, name, journey, steps)
    return Trace(
        journey=journey,
        steps=tuple(steps),
        ahead=_ahead(outcome),
        station=outcome["station"],
        holder=_holder(outcome, evidence.get("bank_id")),
        waited_s=_waited(outcome, as_of),
        money=_money(outcome),
        evidence=evidence,
        doubts=find_doubts(engine, journey, evidence),
        cutoff_at=_moment(outcome["cutoff_at"]),
        clear_by_at=_moment(outcome["clear_by_at"]),
        pay_by_at=_moment(outcome["pay_by_at"]),
        due_again=_due_again(engine, name),
        why=_why(engine, journey["incident_id"]),
    )


def _due_again(engine: Engine, name: str) -> datetime | None:
    rows = engine.rows(f"SELECT due_again FROM due_again WHERE sale_id = {name}")
    return _moment(rows[0][0]) if rows else None


def _why(engine: Engine, incident_id: str | None) -> dict[str, Any]:
    if incident_id is None:
        return {}
    (row,) = engine.fetch(
        "SELECT incident_id, cause, mechanism, scope, confidence_permille, evidence, rivals "
        f"FROM incidents WHERE incident_id = {quoted(incident_id)}"
    ).to_pylist()
    told = {name: json.loads(row[name]) for name in ("scope", "evidence", "rivals")}
    return {**row, **told}


def _ahead(outcome: Mapping[str, Any]) -> tuple[Ahead, ...]:
    """Return the stations after the present one, each with the deadline that the terms give it."""
    if outcome["status"] not in {"in_transit", "overdue", "unknown"}:
        return ()
    deadlines = {
        "submitted": "cutoff_at", "cleared": "clear_by_at", "paid_out": "pay_by_at",
        "credited": "promised_at",
    }  # fmt: skip
    place = STATIONS.index(outcome["station"])
    return tuple(Ahead(name, _moment(outcome[deadlines[name]])) for name in STATIONS[place + 1 :])


def _holder(outcome: Mapping[str, Any], bank_id: str | None) -> tuple[str, str | None]:
    """Return who has the money now."""
    match outcome["station"]:
        case "credited":
            return "account", outcome["account_id"]
        case "cancelled":
            return "nobody", None
        case "captured":
            return "store", outcome["store_id"]
        case "paid_out":
            return "bank", bank_id
        case _:
            return "provider", outcome["provider_id"]


def _waited(outcome: Mapping[str, Any], as_of: datetime) -> int | None:
    if outcome["status"] == "late":
        return int(outcome["late_s"])
    if outcome["status"] == "overdue":
        return int((as_of - outcome["promised_at"]).total_seconds())
    return None


def _money(outcome: Mapping[str, Any]) -> dict[str, int]:
    """Return where the sale's amount went, to the minor unit (the identity of one sale)."""
    parts = ("refunded", "charged_back", "fee", "tax", "reserve", "credited", "outstanding")
    money = {part: int(outcome[f"{part}_minor"] or 0) for part in parts}
    return {"sold": int(outcome["amount_minor"]), **money}


def _moment(value: object) -> datetime | None:
    return value if isinstance(value, datetime) else None


def _till_steps(engine: Engine, name: str, journey: Mapping[str, Any]) -> list[Step]:
    sale = engine.fetch(
        f"SELECT amount_minor, seen_at, terminal_id, store_id, channel, rrn FROM sold "
        f"WHERE sale_id = {name}"
    ).to_pylist()[0]
    detail = {c: sale[c] for c in ("terminal_id", "store_id", "channel", "rrn") if sale[c]}
    steps = [Step(journey["captured_at"], "captured", sale["amount_minor"], detail)]
    if journey["submitted_at"] is not None:
        steps.append(Step(journey["submitted_at"], "submitted", None, {}))
    steps += [
        Step(row["seen_at"], row["kind"], row["amount_minor"], {"sale_id": row["act_id"]})
        for row in engine.fetch(
            f"SELECT act_id, kind, amount_minor, seen_at FROM acts WHERE sale_id = {name} "
            "ORDER BY seen_at, act_id"
        ).to_pylist()
    ]
    return steps


def _line_steps(engine: Engine, name: str) -> list[Step]:
    rows = engine.fetch(
        "SELECT line_id, kind, status, gross_minor, fee_minor, tax_minor, reserve_minor, "
        f"net_minor, cleared_at, payout_id, reason FROM lines WHERE sale_id = {name} "
        "AND cleared_at IS NOT NULL ORDER BY cleared_at, line_id"
    ).to_pylist()
    steps = []
    for row in rows:
        what = row["status"] if row["kind"] == "sale" else row["kind"]
        kept = {k: v for k, v in row.items() if v not in (None, 0) and k not in _LINE_SAID}
        steps.append(Step(row["cleared_at"], what, row["net_minor"], kept))
    return steps


_LINE_SAID = frozenset({"kind", "status", "cleared_at", "net_minor"})


def _payout_steps(engine: Engine, name: str) -> list[Step]:
    rows = engine.fetch(
        "SELECT DISTINCT p.payout_id, p.net_minor, p.paid_out_at, p.status, p.reason, "
        "p.account_id, p.replaces_payout_id FROM lines AS l "
        "LEFT JOIN resent AS r ON r.provider_id = l.provider_id AND r.chain_id = l.chain_id "
        "JOIN facts_payouts AS p ON p.provider_id = l.provider_id "
        "AND (p.payout_id = l.chain_id OR p.payout_id = r.payout_id) "
        f"WHERE l.sale_id = {name} AND l.status = 'settled' ORDER BY p.paid_out_at, p.payout_id"
    ).to_pylist()
    steps = []
    for row in rows:
        names = ("payout_id", "reason", "account_id", "replaces_payout_id")
        detail = {k: row[k] for k in names if row[k]}
        steps.append(Step(row["paid_out_at"], f"payout_{row['status']}", row["net_minor"], detail))
    return steps


def _credit_steps(engine: Engine, journey: Mapping[str, Any]) -> list[Step]:
    wanted = [part for part in (journey["credit_ids"] or "").split(";") if part]
    if not wanted or journey["account_id"] is None:
        return []
    ids = ", ".join(map(quoted, wanted))
    rows = engine.fetch(
        "SELECT account_id, credit_id, amount_minor, booked_at, booked_day, ref, counterparty "
        f"FROM facts_credits WHERE credit_id IN ({ids}) AND status = 'booked' "
        "ORDER BY booked_at, credit_id"
    ).to_pylist()
    own = [row for row in rows if row["account_id"] == journey["account_id"]]
    return [
        Step(
            row["booked_at"],
            "credited",
            row["amount_minor"],
            {k: row[k] for k in ("credit_id", "account_id", "ref", "counterparty") if row[k]},
            bool(row["booked_day"]),
        )
        for row in (own or rows)
    ]
