"""How long the way and each of its legs take, as spreads, by provider."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from daozhang.charts.canvas import NARROW_BELOW, Canvas, cut
from daozhang.charts.palette import INK, LIGHT, MUTED
from daozhang.charts.sketch import Sketch
from daozhang.charts.speech import Speech
from daozhang.journey.figures import Figures

__all__ = ["PROVIDERS_DRAWN", "draw_legs"]

PROVIDERS_DRAWN: Final = 4
"""How many providers are drawn, those with most sales; the tables hold all."""

_LEGS: Final = ("submit", "clear", "pay_out", "credit")
_LABEL: Final = 200
_SAID: Final = 270
_TICK_STEPS: Final = (60, 180, 360, 720, 1440, 2880, 4320, 7200, 10080, 20160, 43200)


@dataclass(frozen=True, slots=True)
class _Band:
    """One row: five percentiles in minutes, and the typical promise; 0: it has none."""

    name: str
    spread: tuple[int, int, int, int, int]
    promised: int = 0


def _bands(figures: Figures, currency: str, speech: Speech) -> list[tuple[str, int, list[_Band]]]:
    speeds = sorted(
        (row for row in figures.speed if row.currency == currency),
        key=lambda r: (-r.sales, r.provider_id),
    )[:PROVIDERS_DRAWN]
    found = []
    for speed in speeds:
        whole = _Band(
            speech("legs.whole"),
            (speed.p05_min, speed.p25_min, speed.median_min, speed.p75_min, speed.p95_min),
            speed.promised_median_min,
        )
        legs = {
            span.leg: span
            for span in figures.legs
            if (span.provider_id, span.currency) == (speed.provider_id, currency)
        }
        rows = [whole]
        for leg in _LEGS:
            if leg in legs:
                s = legs[leg]
                spread = (s.p05_min, s.p25_min, s.median_min, s.p75_min, s.p95_min)
                rows.append(_Band(speech(f"legs.{leg}"), spread))
        found.append((speech.name(speed.provider_id), speed.sales, rows))
    return found


def draw_legs(figures: Figures, currency: str, speech: Speech, width: int) -> Sketch | None:
    """Draw one currency's providers; None: no sale with a promise has arrived."""
    groups = _bands(figures, currency, speech)
    if not groups:
        return None
    narrow = width < NARROW_BELOW
    left, pitch, head = (0, 38, 26) if narrow else (_LABEL, 24, 28)
    span = width - left - (14 if narrow else _SAID)
    most = max(max(band.spread[4], band.promised) for _, _, rows in groups for band in rows) or 1
    bottom = sum(head + pitch * len(rows) + 6 for _, _, rows in groups)
    canvas = Canvas(width, bottom + 30)
    step = next((s for s in _TICK_STEPS if most // s <= (3 if narrow else 6)), _TICK_STEPS[-1])
    for at in range(0, most + 1, step):
        x = left + at * span // most
        canvas.rule(x, 4, x, bottom)
        said = speech.span(at) if at else "0"
        canvas.text(x, bottom + 14, said, align="center" if at else "left", size=12, fill=MUTED)
    top = 0
    for name, sales, rows in groups:
        said = speech("legs.provider", provider=name, sales=speech.count("sales", sales))
        canvas.text(0, top + 16, cut(said, width, 13), bold=True)
        top += head
        for band in rows:
            _draw_band(canvas, band, top, left=left, span=span, most=most, speech=speech)
            top += pitch
        top += 6
    return Sketch(
        title=speech("picture.legs.title"),
        note=speech("picture.legs.note"),
        alt=_alt(groups, speech),
        chart=canvas.chart(),
    )


def _draw_band(
    canvas: Canvas, band: _Band, top: int, *, left: int, span: int, most: int, speech: Speech
) -> None:
    """Draw one spread: 90 of 100 light, the middle half darker, the typical one as a line."""
    narrow = canvas.width < NARROW_BELOW
    said = speech(
        "legs.said", typical=speech.span(band.spread[2]), slowest=speech.span(band.spread[4])
    )
    if narrow:
        canvas.text(0, top + 8, band.name, size=12)
        canvas.text(canvas.width, top + 8, said, align="right", size=11, fill=MUTED)
        middle = top + 24
    else:
        middle = top + 12
        canvas.text(left - 12, middle, band.name, align="right")
        canvas.text(canvas.width, middle, said, align="right", size=12, fill=MUTED)
    p05, p25, median, p75, p95 = (left + at * span // most for at in band.spread)
    canvas.rect(p05, middle - 6, max(p95 - p05, 2), 12, fill=LIGHT["rest"])
    canvas.rect(p25, middle - 6, max(p75 - p25, 2), 12, fill=LIGHT["half"])
    canvas.rule(median, middle - 6, median, middle + 6, stroke=LIGHT["in_transit"], width=3)
    if band.promised:
        due = left + band.promised * span // most
        canvas.rule(due, middle - 9, due, middle + 9, stroke=INK, width=2.5)


def _alt(groups: list[tuple[str, int, list[_Band]]], speech: Speech) -> str:
    said = [
        speech(
            "picture.legs.part", provider=name, leg=band.name,
            typical=speech.span(band.spread[2]), slowest=speech.span(band.spread[4]),
        )
        for name, _, rows in groups
        for band in rows
    ]  # fmt: skip
    return speech("picture.legs.alt", parts=speech("word.semicolon").join(said))
