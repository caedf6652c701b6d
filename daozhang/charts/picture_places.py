"""Late and overdue money by where it stopped, by provider and by bank."""

from __future__ import annotations

from typing import Final

from daozhang.charts.canvas import NARROW_BELOW, Canvas, cut
from daozhang.charts.legend import draw_legend, legend_height
from daozhang.charts.palette import LIGHT, MUTED
from daozhang.charts.sketch import Sketch
from daozhang.charts.speech import Speech
from daozhang.journey.figures import Breakdown, Figures

__all__ = ["PLACES_DRAWN", "draw_places"]

PLACES_DRAWN: Final = 5
"""How many values of each dimension are drawn; the tables hold all."""

_DIMENSIONS: Final = ("leg", "provider_id", "bank_id")
_LABEL: Final = 240
_AMOUNT: Final = 150


def draw_places(figures: Figures, currency: str, speech: Speech, width: int) -> Sketch | None:
    """Draw who has one currency's late money; None: none is late."""
    blocks = [
        (
            dimension,
            [b for b in figures.late_by.get(dimension, ()) if b.currency == currency][
                :PLACES_DRAWN
            ],
        )
        for dimension in _DIMENSIONS
    ]
    most = max(
        (part.overdue_minor + part.late_minor for _, parts in blocks for part in parts), default=0
    )
    if most <= 0:
        return None
    narrow = width < NARROW_BELOW
    pitch = 44 if narrow else 28
    used = {
        meaning
        for _, parts in blocks
        for part in parts
        for meaning, minor in (("overdue", part.overdue_minor), ("late", part.late_minor))
        if minor > 0
    }
    height = sum(34 + pitch * len(parts) for _, parts in blocks if parts)
    canvas = Canvas(width, height + 6 + legend_height(used, width, speech))
    top = 0
    for dimension, parts in blocks:
        if not parts:
            continue
        canvas.text(0, top + 18, speech(f"late.by.{dimension}"), bold=True)
        top += 34
        for part in parts:
            _draw_part(canvas, part, dimension, top=top, most=most, speech=speech)
            top += pitch
    draw_legend(canvas, used, height + 6, speech)
    return Sketch(
        title=speech("picture.places.title"),
        note=speech("picture.places.note"),
        alt=_alt(blocks, speech),
        chart=canvas.chart(),
    )


def _draw_part(
    canvas: Canvas, part: Breakdown, dimension: str, *, top: int, most: int, speech: Speech
) -> None:
    """Draw one bar with its name, and its overdue and late amounts together."""
    width = canvas.width
    amount = speech.money(part.overdue_minor + part.late_minor, part.currency)
    name = place_name(part, dimension, speech)
    if width < NARROW_BELOW:
        left, span, bar = 0, width, top + 20
        canvas.text(0, top + 10, cut(name, width - 110, 12), size=12)
        canvas.text(width, top + 10, amount, align="right", size=12, fill=MUTED)
    else:
        left, span, bar = _LABEL, width - _LABEL - _AMOUNT, top + 4
        canvas.text(_LABEL - 12, top + 13, cut(name, _LABEL - 12, 13), align="right")
        canvas.text(width, top + 13, amount, align="right", fill=MUTED)
    x = left
    for meaning, minor in (("overdue", part.overdue_minor), ("late", part.late_minor)):
        if minor > 0:
            wide = max(minor * span // most, 2)
            canvas.rect(x, bar, wide, 18 if left else 14, fill=LIGHT[meaning])
            x += wide


def place_name(part: Breakdown, dimension: str, speech: Speech) -> str:
    """Return what a value of a dimension is called."""
    if dimension == "leg":
        return speech(f"leg.{part.value or 'none'}")
    return speech.name(part.value)


def _alt(blocks: list[tuple[str, list[Breakdown]]], speech: Speech) -> str:
    said = [
        speech(
            "picture.places.part",
            place=place_name(part, dimension, speech),
            overdue=speech.money(part.overdue_minor, part.currency),
            late=speech.money(part.late_minor, part.currency),
        )
        for dimension, parts in blocks
        for part in parts
    ]
    return speech("picture.places.alt", parts=speech("word.semicolon").join(said))
