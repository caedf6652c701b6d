"""A release as the gate sees it: the upgraded beside the others, day by day.

Each day has two bands, the upgraded's and the others', and a mark for the share itself. Days of
which not all money had been due are shaded: what they show may still grow.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from typing import Final

from daozhang.charts.canvas import NARROW_BELOW, Canvas, cut
from daozhang.charts.palette import INK, LIGHT, MUTED
from daozhang.charts.shares import percent_text, wilson
from daozhang.charts.sketch import Sketch
from daozhang.charts.speech import Speech
from daozhang.gate.shares import DayShares, Side

__all__ = ["DAYS_DRAWN", "draw_gate_days"]

DAYS_DRAWN: Final = 35
"""How many days are drawn on a wide page, half of them on a phone: of a rollout that was stopped
those since its begin, of another the last ones."""

_USUAL: Final = 3
"""Of a stopped rollout that is longer, so many days before it are drawn."""

_TOPS: Final = (80, 120, 200, 400, 600, 800, 1000)
"""Where the scale may end, in thousandths."""

_FEW: Final = 15
"""The bands of fewer stores may leave the picture, which an arrow says."""

_PLOT: Final = 190
_HEAD: Final = 46
_AXIS: Final = 42


def draw_gate_days(
    days: Sequence[DayShares], halted_day: int | None, speech: Speech, width: int
) -> Sketch | None:
    """Draw harmed shares by business day; None: no terminal was upgraded on any of them.

    Args:
        days: in order.
        halted_day: the day on which the rollout was stopped, if it was.
        speech: language and zone.
        width: of the picture.
    """
    narrow = width < NARROW_BELOW
    shown = _shown(days, halted_day, DAYS_DRAWN // 2 if narrow else DAYS_DRAWN)
    if not any(day.upgraded for day in shown):
        return None
    base = _HEAD + _PLOT
    canvas = Canvas(width, base + (104 if narrow else 68))
    top = _top(shown)
    span = width - _AXIS - 6
    pitch = min(span // len(shown), 64)
    for place, day in enumerate(shown):
        if not day.told:
            canvas.rect(_AXIS + place * pitch, _HEAD, pitch, _PLOT, fill=LIGHT["rest"])
    for step in range(5):
        y = base - step * _PLOT // 4
        canvas.rule(_AXIS, y, _AXIS + pitch * len(shown), y)
        said = percent_text(top * step // 4)
        canvas.text(_AXIS - 6, y, said, align="right", size=11, fill=MUTED)
    thick = max(min((pitch - 6) // 2, 16), 3)
    for place, day in enumerate(shown):
        middle = _AXIS + place * pitch + pitch // 2
        for side, left, fill in (
            (day.others, middle - thick - 1, "half"), (day.upgraded, middle + 1, "overdue"),
        ):  # fmt: skip
            if side is not None:
                _band(canvas, side, left, thick, top, fill)
    _ticks(canvas, shown, pitch, base, speech)
    begins = next(day.day for day in days if day.upgraded)
    marks = [(k, "gate.begins") for k, day in enumerate(shown) if day.day == begins]
    marks += [(k, "gate.halted") for k, day in enumerate(shown) if day.day == halted_day]
    for row, (place, key) in enumerate(marks):
        _mark(canvas, _AXIS + place * pitch, row, speech(key))
    _key(canvas, base + 40, speech)
    return Sketch(
        title=speech("picture.gate_days.title"),
        note=speech("picture.gate_days.note"),
        alt=_alt(shown, speech),
        chart=canvas.chart(),
    )


def _shown(days: Sequence[DayShares], halted_day: int | None, most: int) -> Sequence[DayShares]:
    """Return the days that are drawn."""
    if len(days) <= most or halted_day is None:
        return days[-most:]
    begins = next((place for place, day in enumerate(days) if day.upgraded), 0)
    first = max(min(begins - _USUAL, len(days) - most), 0)
    return days[first : first + most]


def _top(days: Sequence[DayShares]) -> int:
    """Return where the scale ends: above every share, and every band of more than a few."""
    sides = [side for day in days for side in (day.upgraded, day.others) if side is not None]
    highs = [_range(side)[1] for side in sides if side.whole >= _FEW]
    wanted = max(*(side.permille * 11 // 10 for side in sides), *highs, _TOPS[0])
    return next((top for top in _TOPS if top >= wanted), _TOPS[-1])


def _range(side: Side) -> tuple[int, int]:
    return wilson(side.part, side.whole)


def _band(canvas: Canvas, side: Side, left: int, thick: int, top: int, fill: str) -> None:
    """Draw a band from its lower to its upper end, and the share as a line across it."""
    low, high = _range(side)
    base = _HEAD + _PLOT
    y, y2 = base - min(high, top) * _PLOT // top, base - min(low, top) * _PLOT // top
    canvas.rect(left, y, thick, max(y2 - y, 2), fill=LIGHT[fill])
    if high > top:
        canvas.text(left + thick // 2, _HEAD - 7, "↑", align="center", size=11, fill=MUTED)
    at = base - min(side.permille, top) * _PLOT // top
    canvas.rule(left - 1, at, left + thick + 1, at, stroke=INK, width=2.4)


def _ticks(
    canvas: Canvas, shown: Sequence[DayShares], pitch: int, base: int, speech: Speech
) -> None:
    every = -(-(46 if canvas.width < NARROW_BELOW else 58) // pitch)
    for place, day in enumerate(shown):
        if place % every == 0:
            x = _AXIS + place * pitch + pitch // 2
            canvas.rule(x, base, x, base + 4, stroke=MUTED)
            said = speech.day(_date(day.day))
            canvas.text(x, base + 15, said, align="center", size=11, fill=MUTED)


def _mark(canvas: Canvas, x: int, row: int, said: str) -> None:
    """Draw a line down through the plot and its words above, where there is room for them."""
    y = 8 + 16 * row
    canvas.rule(x, y - 6, x, _HEAD + _PLOT, stroke=INK, width=1.6)
    if canvas.width - x > canvas.width // 4:
        canvas.text(x + 6, y, said, size=12)
    else:
        canvas.text(x - 6, y, said, align="right", size=12)


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)


def _key(canvas: Canvas, y: int, speech: Speech) -> None:
    """Say what the marks mean, in one line or below each other."""
    keys = (("overdue", "gate.key.upgraded"), ("half", "gate.key.others"),
            ("rest", "gate.key.open"))  # fmt: skip
    narrow = canvas.width < NARROW_BELOW
    room = canvas.width if narrow else canvas.width // 3
    for place, (fill, key) in enumerate(keys):
        x, down = (0, 22 * place) if narrow else (room * place, 0)
        canvas.rect(x, y + down - 7, 14, 14, fill=LIGHT[fill])
        canvas.text(x + 20, y + down, cut(speech(key), room - 26, 12), size=12, fill=MUTED)


def _alt(days: Sequence[DayShares], speech: Speech) -> str:
    said = [
        speech(
            "picture.gate_days.part", day=speech.day(_date(day.day)),
            upgraded=_said(day.upgraded, speech), others=_said(day.others, speech),
        )
        for day in days
        if day.upgraded is not None
    ]  # fmt: skip
    return speech("picture.gate_days.alt", parts=speech("word.semicolon").join(said))


def _said(side: Side | None, speech: Speech) -> str:
    if side is None:
        return speech("gate.nobody")
    low, high = _range(side)
    return speech(
        "gate.share", share=percent_text(side.permille), low=percent_text(low),
        high=percent_text(high),
    )  # fmt: skip
