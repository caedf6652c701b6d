"""How long money takes from till to bank against what was promised, by provider."""

from __future__ import annotations

from typing import Final

from daozhang.charts.canvas import NARROW_BELOW, Canvas, cut
from daozhang.charts.palette import INK, LIGHT, MUTED
from daozhang.charts.sketch import Sketch
from daozhang.charts.speech import Speech
from daozhang.journey.figures import Figures, Speed

__all__ = ["PROVIDERS_DRAWN", "draw_speed"]

PROVIDERS_DRAWN: Final = 8
"""How many providers are drawn, those with most sales; the table holds all."""

_LABEL: Final = 130
_DAY_MIN: Final = 24 * 60
_TICK_STEPS: Final = (60, 180, 360, 720, 1440, 2880, 4320, 7200, 10080, 20160, 43200)


def draw_speed(figures: Figures, currency: str, speech: Speech, width: int) -> Sketch | None:
    """Draw one currency's providers; None: no sale with a promise has arrived."""
    rows = sorted(
        (row for row in figures.speed if row.currency == currency),
        key=lambda r: (-r.sales, r.provider_id),
    )[:PROVIDERS_DRAWN]
    if not rows:
        return None
    narrow = width < NARROW_BELOW
    left = 8 if narrow else _LABEL
    pitch = 104 if narrow else 84
    span = width - left - 12
    most = max(max(row.p95_min, row.promised_p95_min) for row in rows) or 1
    canvas = Canvas(width, len(rows) * pitch + 30)
    bottom = len(rows) * pitch
    step = next((s for s in _TICK_STEPS if most // s <= (4 if narrow else 7)), _TICK_STEPS[-1])
    for at in range(0, most + 1, step):
        x = left + at * span // most
        canvas.rule(x, 4, x, bottom)
        canvas.text(
            x, bottom + 14, speech.span(at) if at else "0", align="center", size=12, fill=MUTED
        )
    for place, row in enumerate(rows):
        top = place * pitch
        if narrow:
            canvas.text(0, top + 14, cut(speech.name(row.provider_id), width, 13), bold=True)
            top += 20
        else:
            name = cut(speech.name(row.provider_id), _LABEL - 16, 13)
            canvas.text(_LABEL - 16, top + 32, name, align="right", bold=True)
            sales = speech.count("sales", row.sales)
            canvas.text(_LABEL - 16, top + 50, sales, align="right", size=12, fill=MUTED)
        for key, taken, promised, offset in (
            ("speed.typical", row.median_min, row.promised_median_min, 0),
            ("speed.slowest", row.p95_min, row.promised_p95_min, 40),
        ):
            said = speech(key, taken=speech.span(taken), promised=speech.span(promised))
            canvas.text(left, top + offset + 12, said, size=12, fill=MUTED)
            middle = top + offset + 28
            at = left + taken * span // most
            due = left + promised * span // most
            meaning = "on_time" if taken <= promised else "late"
            canvas.rect(left, middle - 2, max(at - left, 1), 4, fill=LIGHT["rest"])
            canvas.rule(due, middle - 9, due, middle + 9, stroke=INK, width=2.5)
            canvas.dot(at, middle, LIGHT[meaning])
    return Sketch(
        title=speech("picture.speed.title"),
        note=speech("picture.speed.note"),
        alt=_alt(rows, speech),
        chart=canvas.chart(),
    )


def _alt(rows: list[Speed], speech: Speech) -> str:
    parts = [
        speech(
            "picture.speed.part",
            provider=speech.name(row.provider_id),
            median=speech.span(row.median_min),
            promised=speech.span(row.promised_median_min),
        )
        for row in rows
    ]
    return speech("picture.speed.alt", parts=speech("word.semicolon").join(parts))
