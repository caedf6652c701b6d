"""The flow from sold to credited, as bars that each begin where the one above ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from daozhang.charts.canvas import Canvas, cut
from daozhang.charts.palette import LIGHT, MUTED
from daozhang.charts.sketch import Sketch
from daozhang.charts.speech import Speech
from daozhang.journey.figures import Figures

__all__ = ["Step", "draw_flow", "flow_steps"]

STATIONS: Final = ("captured", "submitted", "cleared", "paid_out")
"""Where money waits, in the order of its way."""

_WAITING: Final = ("in_transit", "unknown", "overdue")
_NARROW_BELOW: Final = 600
_LABEL: Final = 200  # pixels left of the bars on a wide page
_AMOUNT: Final = 250  # pixels right of them


@dataclass(frozen=True, slots=True)
class Step:
    """One bar of the flow.

    Attributes:
        key: its name in the catalogue, after ``flow.``.
        parts: (colour's meaning, minor units) from left to right.
        sales: sales it is about; 0: it is about parts of sales.
    """

    key: str
    parts: tuple[tuple[str, int], ...]
    sales: int = 0

    @property
    def minor(self) -> int:
        """Minor units of all parts."""
        return sum(minor for _, minor in self.parts)


def flow_steps(figures: Figures, currency: str) -> tuple[Step, ...]:
    """Return the steps from sold to credited; the first is the sum of all others.

    What was credited but is still to be deducted for refunds makes ``to_deduct``: it is in the
    bank now, and the credited bar is without it, so that the sum holds.
    """
    rows = [row for row in figures.flow if row["currency"] == currency]
    if not rows:
        return ()

    def total(column: str) -> int:
        return sum(row[column] for row in rows)

    steps = [
        Step("sold", (("sold", total("amount_minor")),), total("sales")),
        Step("returned", (("returned", total("returned_minor")),)),
        Step("kept", (("kept", total("kept_minor")),)),
    ]
    for station in STATIONS:
        parts = tuple(
            (
                status,
                sum(
                    max(row["outstanding_minor"], 0)
                    for row in rows
                    if row["station"] == station and row["status"] == status
                ),
            )
            for status in _WAITING
        )
        sales = sum(
            row["sales"] for row in rows if row["station"] == station and row["outstanding_minor"] > 0
        )
        steps.append(Step(station, tuple(part for part in parts if part[1]), sales))
    others = sum(step.minor for step in steps[1:])
    credited = total("credited_minor")
    late = sum(row["credited_minor"] for row in rows if row["status"] != "on_time")
    to_deduct = credited + others - total("amount_minor")
    if to_deduct > 0:
        steps.append(Step("to_deduct", (("returned", -to_deduct),)))
    steps.append(
        Step("credited", (("on_time", credited - late), ("late", late)), total("sales"))
    )
    return tuple(step for step in steps if step.minor or step.key in ("sold", "credited"))
