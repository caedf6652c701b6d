"""The flow from sold to credited, as bars that each begin where the one above ends."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from daozhang.charts.canvas import NARROW_BELOW, Canvas, cut
from daozhang.charts.legend import draw_legend, legend_height
from daozhang.charts.palette import LIGHT, MUTED
from daozhang.charts.sketch import Sketch
from daozhang.charts.speech import Speech
from daozhang.journey.figures import Figures

__all__ = ["Step", "draw_flow", "flow_steps"]

STATIONS: Final = ("captured", "submitted", "cleared", "paid_out")
"""Where money waits, in the order of its way."""

_WAITING: Final = ("in_transit", "unknown", "overdue")
_LABEL: Final = 240  # pixels left of the bars on a wide page
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
            row["sales"]
            for row in rows
            if row["station"] == station and row["outstanding_minor"] > 0
        )
        steps.append(Step(station, tuple(part for part in parts if part[1]), sales))
    waiting = sum(step.minor for step in steps[1:])
    credited = total("credited_minor")
    to_deduct = credited + waiting - total("amount_minor")
    if to_deduct > 0:
        steps.append(Step("to_deduct", (("returned", to_deduct),)))
    by_status = {
        status: sum(row["credited_minor"] for row in rows if row["status"] == status)
        for status in ("on_time", "late")
    }
    # Parts of sales that are not complete have no punctuality of their own.
    partly = credited - sum(by_status.values())
    parts = (*by_status.items(), ("sold", partly))
    steps.append(Step("credited", tuple(part for part in parts if part[1])))
    return tuple(step for step in steps if step.minor or step.key in ("sold", "credited"))


def draw_flow(figures: Figures, currency: str, speech: Speech, width: int) -> Sketch | None:
    """Draw where one currency's money is; None: there is none."""
    steps = flow_steps(figures, currency)
    if not steps or not steps[0].minor:
        return None
    pitch = 46 if width < NARROW_BELOW else 34
    stations = [step for step in steps if step.key in STATIONS]
    used = {meaning for step in steps for meaning, _ in step.parts}
    rows = len(_whole_steps(steps)) + len(stations)
    canvas = Canvas(
        width, rows * pitch + (40 if stations else 8) + legend_height(used, width, speech)
    )
    top = _draw_whole(canvas, steps, pitch, speech, currency)
    if stations:
        canvas.text(0, top + 20, cut(speech("flow.zoomed"), width, 13), bold=True)
        top = _draw_stations(canvas, stations, top + 34, pitch, speech=speech, currency=currency)
    draw_legend(canvas, used, top + 6, speech)
    return Sketch(
        title=speech("picture.flow.title"),
        note=speech("picture.flow.note"),
        alt=_alt(steps, currency, speech),
        chart=canvas.chart(),
    )


def _whole_steps(steps: tuple[Step, ...]) -> list[Step]:
    """Return the steps with all stations as one, from sold to credited."""
    parts: dict[str, int] = {}
    for step in steps:
        if step.key in STATIONS:
            for meaning, minor in step.parts:
                parts[meaning] = parts.get(meaning, 0) + minor
    found = [step for step in steps if step.key not in STATIONS]
    if parts:
        sales = sum(step.sales for step in steps if step.key in STATIONS)
        place = next(n for n, s in enumerate(found) if s.key in ("to_deduct", "credited"))
        found.insert(place, Step("waiting", tuple(parts.items()), sales))
    return found


def _edges(width: int) -> tuple[int, int]:
    """Return where bars begin and how far they reach."""
    return (0, width) if width < NARROW_BELOW else (_LABEL, width - _LABEL - _AMOUNT)


def _bar(canvas: Canvas, row: int) -> tuple[int, int]:
    """Return the upper edge and the height of a row's bar."""
    return (row + 24, 14) if canvas.width < NARROW_BELOW else (row + 6, 22)


def _draw_whole(
    canvas: Canvas, steps: tuple[Step, ...], pitch: int, speech: Speech, currency: str
) -> int:
    """Draw sold, what left, what waits and what is in the bank; return the lower edge."""
    left, span = _edges(canvas.width)
    whole = level = steps[0].minor  # minor units that have not left the flow yet
    row = 0
    for step in _whole_steps(steps):
        top, high = _bar(canvas, row)
        adds = step.key == "to_deduct"
        whole_bar = step.key in ("sold", "credited")
        start = 0 if whole_bar else level if adds else level - step.minor
        if not whole_bar:
            level = level + step.minor if adds else start
        edge = left + start * span // whole
        canvas.rect(left, top, edge - left, high, fill=LIGHT["rest"])
        _parts(canvas, step, top, high, edge=edge, span=span, whole=whole, end=left + span)
        _write(canvas, step, row, speech, currency)
        row += pitch
    return row


def _draw_stations(
    canvas: Canvas, stations: list[Step], top: int, pitch: int, *, speech: Speech, currency: str
) -> int:
    """Draw what waits at each station on a scale of its own; return the lower edge."""
    left, span = _edges(canvas.width)
    most = max(step.minor for step in stations)
    for step in stations:
        upper, high = _bar(canvas, top)
        _parts(canvas, step, upper, high, edge=left, span=span, whole=most, end=left + span)
        _write(canvas, step, top, speech, currency)
        top += pitch
    return top


def _parts(
    canvas: Canvas, step: Step, top: int, high: int, *, edge: int, span: int, whole: int, end: int
) -> None:
    for meaning, minor in step.parts:
        wide = max(minor * span // whole, 2)
        canvas.rect(min(edge, end - wide), top, wide, high, fill=LIGHT[meaning])
        edge += max(minor * span // whole, 0)


def _write(canvas: Canvas, step: Step, top: int, speech: Speech, currency: str) -> None:
    """Write a bar's name and amount: beside it on a wide page, above it on a phone."""
    sign = {"returned": "−", "kept": "−", "waiting": "−", "to_deduct": "+"}.get(step.key, "")
    amount = sign + speech.money(step.minor, currency)
    bold = step.key in ("sold", "credited")
    name = speech(f"flow.{step.key}")
    if canvas.width < NARROW_BELOW:
        canvas.text(0, top + 12, cut(name, canvas.width - 92, 13), bold=bold)
        canvas.text(canvas.width, top + 12, amount, align="right", bold=bold)
        return
    canvas.text(_LABEL - 12, top + 17, cut(name, _LABEL - 12, 13), align="right", bold=bold)
    canvas.text(canvas.width - 100, top + 17, amount, align="right", bold=bold)
    if step.sales:
        sales = speech.count("sales", step.sales)
        canvas.text(canvas.width - 90, top + 17, sales, size=12, fill=MUTED)


def _alt(steps: tuple[Step, ...], currency: str, speech: Speech) -> str:
    minor = {step.key: step.minor for step in steps}
    return speech(
        "picture.flow.alt",
        sold=speech.money(minor["sold"], currency),
        credited=speech.money(minor["credited"], currency),
        waiting=speech.money(sum(minor.get(s, 0) for s in STATIONS), currency),
        kept=speech.money(minor.get("kept", 0), currency),
        returned=speech.money(minor.get("returned", 0), currency),
    )
