"""The key to the colours, drawn into each picture so that it can stand alone."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Final

from daozhang.charts.canvas import Canvas
from daozhang.charts.guard import width_of
from daozhang.charts.palette import LIGHT, MUTED
from daozhang.charts.speech import Speech
from daozhang.charts.standing import STATUSES

__all__ = ["draw_legend", "legend_height"]

_LINE: Final = 22  # pixels
_LETTER: Final = 7  # pixels of a half-width letter at this size


def _laid(used: Collection[str], width: int, speech: Speech) -> Iterator[tuple[int, int, str]]:
    x, line = 0, 0
    for status in STATUSES:
        if status not in used:
            continue
        room = 20 + width_of(speech(f"status.{status}")) * _LETTER + 18
        if x and x + room > width:
            x, line = 0, line + 1
        yield x, line, status
        x += room


def legend_height(used: Collection[str], width: int, speech: Speech) -> int:
    """Return how many pixels the key to these colours takes; 0: none of them is a status."""
    lines = [line for _, line, _ in _laid(used, width, speech)]
    return (lines[-1] + 1) * _LINE if lines else 0


def draw_legend(canvas: Canvas, used: Collection[str], top: int, speech: Speech) -> None:
    """Draw the key to the colours that are used, from ``top`` down."""
    for x, line, status in _laid(used, canvas.width, speech):
        middle = top + line * _LINE + _LINE // 2
        canvas.rect(x, middle - 7, 14, 14, fill=LIGHT[status])
        canvas.text(x + 20, middle, speech(f"status.{status}"), size=12, fill=MUTED)
