"""The pictures of an answer: each is defined once and drawn for a wide page and a narrow one.

Rules kept here: one currency a picture; a colour means the same everywhere; nothing is said by
colour alone; every picture has a text that says what it shows.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from daozhang.charts.canvas import render
from daozhang.charts.picture_days import draw_days
from daozhang.charts.picture_flow import draw_flow
from daozhang.charts.picture_legs import draw_legs
from daozhang.charts.picture_pace import draw_pace
from daozhang.charts.picture_places import draw_places
from daozhang.charts.sketch import Sketch
from daozhang.charts.speech import Speech
from daozhang.charts.standing import standings
from daozhang.journey.figures import Figures

__all__ = ["CURRENCIES_DRAWN", "NARROW", "WIDE", "Picture", "draw_pictures"]

WIDE: Final = 860
"""Width in pixels on a desk screen and on paper."""

NARROW: Final = 330
"""Width in pixels on a phone."""

CURRENCIES_DRAWN: Final = 3
"""How many currencies are drawn, those with most sales; the tables hold all."""

_DRAWN: Final[tuple[tuple[str, Callable[[Figures, str, Speech, int], Sketch | None]], ...]] = (
    ("flow", draw_flow),
    ("days", draw_days),
    ("pace", draw_pace),
    ("places", draw_places),
    ("legs", draw_legs),
)


@dataclass(frozen=True, slots=True)
class Picture:
    """One picture of one currency.

    Attributes:
        key: ``flow``, ``days``, ``pace``, ``places`` or ``legs``.
        currency: ISO 4217 code.
        title: heading.
        note: how to read it.
        alt: what it shows, in words.
        wide: SVG for a wide page.
        narrow: SVG for a phone.
    """

    key: str
    currency: str
    title: str
    note: str
    alt: str
    wide: str
    narrow: str


def draw_pictures(figures: Figures, speech: Speech) -> tuple[Picture, ...]:
    """Draw every picture that there are figures for, currency by currency."""
    return tuple(_drawn(figures, speech))


def _drawn(figures: Figures, speech: Speech) -> Iterator[Picture]:
    for standing in standings(figures)[:CURRENCIES_DRAWN]:
        for key, draw in _DRAWN:
            wide = draw(figures, standing.currency, speech, WIDE)
            narrow = draw(figures, standing.currency, speech, NARROW)
            if wide is None or narrow is None:
                continue
            name = f"{key}-{standing.currency.lower()}"
            yield Picture(
                key=key,
                currency=standing.currency,
                title=wide.title,
                note=wide.note,
                alt=wide.alt,
                wide=render(wide.chart, f"{name}-w", wide.alt),
                narrow=render(narrow.chart, f"{name}-n", narrow.alt),
            )
