"""Providers and banks as figures show them: punctuality, speed, fees, findings of each.

Rules kept here: the least punctual stands first by the upper end of what its share may be, so that
three sales of a small one do not outrank three thousand of a large one; of money whose statement is
missing nothing is said.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Literal

from daozhang.app.scope import Scope
from daozhang.charts.paces import Pace, find_paces
from daozhang.journey.figures import Breakdown, Figures, Speed

__all__ = ["Dimension", "Party", "incidents_of", "narrowed", "parties", "tells_findings"]

Dimension = Literal["provider_id", "bank_id"]


@dataclass(frozen=True, slots=True)
class Party:
    """One provider or bank in one currency.

    Attributes:
        value: its id; None: not known.
        currency: ISO 4217 code.
        pace: its money against the promise.
        late: its late and overdue money; None: none was.
        speed: how long its money takes; of banks None.
        fee_minor: fees that were charged.
        fee_expected_minor: fees that were agreed for the same sales.
        differing: sales whose fee differs.
        findings: how many findings there are.
    """

    value: str | None
    currency: str
    pace: Pace
    late: Breakdown | None
    speed: Speed | None
    fee_minor: int
    fee_expected_minor: int
    differing: int
    findings: int

    @property
    def fee_drift_minor(self) -> int:
        """What was charged beyond what was agreed; below zero: less."""
        return self.fee_minor - self.fee_expected_minor


def parties(figures: Figures, dimension: Dimension) -> list[Party]:
    """Return the providers or banks, the least punctual first, currency by currency."""
    late = {(b.value, b.currency): b for b in figures.late_by.get(dimension, ())}
    speed = {(s.provider_id, s.currency): s for s in figures.speed}
    found = []
    for pace in find_paces(figures, dimension):
        key = (pace.value, pace.currency)
        of_provider = dimension == "provider_id"
        fees = [
            row for row in figures.fees
            if of_provider and (row["provider_id"], row["currency"]) == key
        ]  # fmt: skip
        found.append(
            Party(
                *key, pace, late.get(key),
                speed.get((pace.value or "", pace.currency)) if of_provider else None,
                sum(row["fee_minor"] for row in fees),
                sum(row["fee_expected_minor"] for row in fees),
                sum(row["sales_differing"] for row in fees),
                sum(
                    of_provider and (row["provider_id"], row["currency"]) == key
                    for row in figures.findings
                ),
            )
        )  # fmt: skip
    return sorted(found, key=lambda p: (p.currency, p.pace.between[1] if p.pace.sales else 1000,
                                        -(p.pace.late + p.pace.overdue), str(p.value)))  # fmt: skip


def narrowed(figures: Figures, dimension: Dimension, value: str) -> Figures:
    """Return figures in which the tables of parties speak of one only."""

    def kept(rows: tuple[Any, ...]) -> tuple[Any, ...]:
        if dimension == "bank_id":
            return ()
        return tuple(
            row for row in rows
            if (row["provider_id"] if isinstance(row, dict) else row.provider_id) == value
        )  # fmt: skip

    return replace(
        figures,
        pace=tuple(row for row in figures.pace if row[dimension] == value),
        speed=kept(figures.speed),
        legs=kept(figures.legs),
        fees=kept(figures.fees),
        findings=kept(figures.findings),
    )


def incidents_of(figures: Figures, dimension: Dimension, value: str) -> list[Any]:
    """Return the incidents that struck one provider or bank, those with open money first."""
    found = [
        row for row in figures.incidents if json.loads(row["scope"] or "{}").get(dimension) == value
    ]
    return sorted(found, key=lambda r: (not r["open_sales"], -r["late_minor"], r["incident_id"]))


def tells_findings(scope: Scope) -> bool:
    """Return whether a scope shows findings: they are on all of a provider's money at once."""
    return scope.merchants is None and scope.stores is None and scope.accounts is None
