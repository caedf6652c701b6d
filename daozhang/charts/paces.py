"""How money came against its promise, by provider and by bank: counts, shares and their ranges.

Rules kept here: money that has not come counts as not there yet, never as lost and never as left
out; money whose statement is missing is in no share, and is counted beside it.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from typing import Any, Final

from daozhang.charts.shares import permille, wilson
from daozhang.journey.figures import Figures, percentile

__all__ = ["DIMENSIONS", "Pace", "all_paces", "find_paces"]

DIMENSIONS: Final = ("provider_id", "bank_id")


@dataclass(frozen=True, slots=True)
class Pace:
    """The sales of one provider or bank that were due, in one currency.

    Attributes:
        dimension: one of :data:`DIMENSIONS`.
        value: the provider or bank; None: not known.
        currency: ISO 4217 code.
        arrived: minutes after the promise (below zero: before it) → sales that came then.
        waiting: minutes after the promise so far → sales that have not come.
        unseen: sales whose statement is missing.
    """

    dimension: str
    value: str | None
    currency: str
    arrived: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    waiting: dict[int, int] = field(default_factory=lambda: defaultdict(int))
    unseen: int = 0

    @property
    def sales(self) -> int:
        """Sales that were due and of which it is known what became of them."""
        return sum(self.arrived.values()) + sum(self.waiting.values())

    @property
    def on_time(self) -> int:
        """Sales that came by their promise."""
        return sum(sales for lag, sales in self.arrived.items() if lag <= 0)

    @property
    def late(self) -> int:
        """Sales that came after their promise."""
        return sum(sales for lag, sales in self.arrived.items() if lag > 0)

    @property
    def overdue(self) -> int:
        """Sales that have not come."""
        return sum(self.waiting.values())

    @property
    def share(self) -> int:
        """Thousandths that came by their promise."""
        return permille(self.on_time, self.sales)

    @property
    def between(self) -> tuple[int, int]:
        """The 95 % interval of that share."""
        return wilson(self.on_time, self.sales)

    def lag(self, percent: int) -> int | None:
        """Return by how many minutes after its promise so much has come; None: not yet so much."""
        never = max((*self.arrived, *self.waiting, 0)) + 1
        found = percentile({**self.arrived, never: self.overdue}, percent)
        return None if found == never else found

    def reached(self, lag: int) -> tuple[int, int]:
        """Return how many had surely come so long after the promise, and how many at most.

        The difference is sales that have not waited so long yet.
        """
        surely = sum(sales for at, sales in self.arrived.items() if at <= lag)
        perhaps = sum(sales for so_far, sales in self.waiting.items() if so_far <= lag)
        return surely, surely + perhaps


def find_paces(figures: Figures, dimension: str, currency: str | None = None) -> tuple[Pace, ...]:
    """Return those with most sales not on time first, in each currency; none without any sale."""
    found: dict[tuple[str, Any], Pace] = {}
    unseen: dict[tuple[str, Any], int] = defaultdict(int)
    for row in figures.pace:
        if currency not in (None, row["currency"]):
            continue
        key = (row["currency"], row[dimension])
        if row["status"] == "unknown":
            unseen[key] += row["sales"]
            continue
        pace = found.setdefault(key, Pace(dimension, row[dimension], row["currency"]))
        # A sale that is late by less than a minute is late: its lag is cut to whole minutes.
        if row["status"] == "late":
            pace.arrived[max(row["lag_min"], 1)] += row["sales"]
        elif row["status"] == "on_time":
            pace.arrived[min(row["lag_min"], 0)] += row["sales"]
        else:
            pace.waiting[row["lag_min"]] += row["sales"]
    paces = [
        Pace(p.dimension, p.value, p.currency, p.arrived, p.waiting, unseen[key])
        for key, p in found.items()
    ]
    return tuple(
        sorted(paces, key=lambda p: (p.currency, -(p.late + p.overdue), -p.sales, str(p.value)))
    )


def all_paces(figures: Figures) -> tuple[Pace, ...]:
    """Return the providers of all currencies, then the banks."""
    return tuple(pace for name in DIMENSIONS for pace in find_paces(figures, name))
