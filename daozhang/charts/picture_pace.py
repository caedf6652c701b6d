"""How much had come so long before or after its promise, by provider and by bank.

Each panel is a cumulative curve whose zero is the promise. Money that is still due leaves the end
of the curve open: what lies between what had surely come and what may still come is shaded.
"""

from __future__ import annotations

from typing import Final

from daozhang.charts.canvas import NARROW_BELOW, Canvas, cut
from daozhang.charts.paces import DIMENSIONS, Pace, find_paces
from daozhang.charts.palette import INK, LIGHT, LINE, MUTED
from daozhang.charts.shares import percent_text
from daozhang.charts.sketch import Sketch
from daozhang.charts.speech import Speech
from daozhang.journey.figures import Figures

__all__ = ["PANELS_DRAWN", "draw_pace"]

PANELS_DRAWN: Final = 6
"""How many providers and how many banks are drawn, the least punctual; the table holds all."""

_HOUR_MIN: Final = 60
_STEPS_H: Final = (1, 2, 3, 6, 12, 24, 48, 72, 120, 168, 336, 720)
_TICKS: Final = 4
_HEAD: Final = 46  # pixels of words above a panel
_PLOT: Final = 92
_FOOT: Final = 30
_GAP: Final = 26
_AXIS: Final = 34  # pixels left of a plot for its percents


def draw_pace(figures: Figures, currency: str, speech: Speech, width: int) -> Sketch | None:
    """Draw one currency's punctuality; None: nothing was due."""
    blocks = [(name, find_paces(figures, name, currency)[:PANELS_DRAWN]) for name in DIMENSIONS]
    blocks = [(name, paces) for name, paces in blocks if paces]
    if not blocks:
        return None
    columns = 1 if width < NARROW_BELOW else 3
    pitch = _HEAD + _PLOT + _FOOT
    high = sum(28 + pitch * -(-len(paces) // columns) for _, paces in blocks)
    canvas = Canvas(width, high + 24)
    reach = _reach([pace for _, paces in blocks for pace in paces])
    wide = (width - _GAP * (columns - 1)) // columns
    top = 0
    for name, paces in blocks:
        canvas.text(0, top + 14, speech(f"pace.by.{name}"), bold=True)
        top += 28
        for place, pace in enumerate(paces):
            line, column = divmod(place, columns)
            panel = _Panel(column * (wide + _GAP), top + line * pitch, wide, reach)
            panel.draw(canvas, pace, speech)
        top += pitch * -(-len(paces) // columns)
    _key(canvas, top + 10, speech)
    return Sketch(
        title=speech("picture.pace.title"),
        note=speech("picture.pace.note"),
        alt=_alt(blocks, speech),
        chart=canvas.chart(),
    )


def _reach(paces: list[Pace]) -> tuple[int, int, int]:
    """Return the first and last minute of all panels and the minutes between two ticks."""
    early = min((pace.lag(5) or 0 for pace in paces), default=0)
    late = max(
        (max((*pace.arrived, *pace.waiting, 0), default=0) for pace in paces), default=0
    )  # A few that came much too late would press all else together.
    late = min(late, max((pace.lag(99) or late for pace in paces), default=0) * 2 or late)
    early, late = min(early, -_HOUR_MIN), max(late, _HOUR_MIN)
    step = next((h for h in _STEPS_H if (late - early) // (h * _HOUR_MIN) <= _TICKS), _STEPS_H[-1])
    return early, late, step * _HOUR_MIN


class _Panel:
    """The place of one curve: its corner, its width and what its minutes mean."""

    def __init__(self, left: int, top: int, wide: int, reach: tuple[int, int, int]) -> None:
        self._left, self._top = left, top
        self._plot, self._base = left + _AXIS, top + _HEAD + _PLOT
        self._span = wide - _AXIS - 4
        self._early, self._late, self._step = reach

    def _x(self, lag: int) -> int:
        inside = min(max(lag, self._early), self._late)
        return self._plot + (inside - self._early) * self._span // (self._late - self._early)

    def draw(self, canvas: Canvas, pace: Pace, speech: Speech) -> None:
        """Draw words, grid, curve, what is open, and the interval of the share on time."""
        self._words(canvas, pace, speech)
        for percent in (0, 50, 100):
            y = self._base - percent * _PLOT // 100
            canvas.rule(self._plot, y, self._plot + self._span, y, stroke=LINE)
            canvas.text(self._plot - 5, y, f"{percent}%", align="right", size=11, fill=MUTED)
        first = -(-self._early // self._step) * self._step
        for lag in range(first, self._late + 1, self._step):
            x = self._x(lag)
            canvas.rule(x, self._base, x, self._base + 4, stroke=MUTED)
            said = speech.span(lag) if lag else speech("pace.promise")
            sign = "" if not lag else "−" if lag < 0 else "+"
            canvas.text(x, self._base + 14, sign + said, align="center", size=11, fill=MUTED)
        surely, open_ = self._curve(pace)
        if pace.overdue:
            canvas.area(open_, fill=LIGHT["open"])
        canvas.stairs(surely, stroke=LIGHT["in_transit"], width=2.2)
        low, high = pace.between
        promise = self._x(0)
        canvas.rule(promise, self._top + _HEAD, promise, self._base, stroke=INK, width=1.4)
        canvas.rule(
            promise, self._base - high * _PLOT // 1000, promise, self._base - low * _PLOT // 1000,
            stroke=LIGHT["late"], width=5,
        )  # fmt: skip

    def _curve(self, pace: Pace) -> tuple[list[tuple[int, int]], list[tuple[int, int, int]]]:
        """Return the stairs of what had surely come, and of what may have come besides."""
        whole = pace.sales
        surely: list[tuple[int, int]] = []
        between: list[tuple[int, int, int]] = []
        lags = sorted({self._early, *pace.arrived, *pace.waiting, self._late})
        for lag in (lag for lag in lags if self._early <= lag <= self._late):
            low, high = pace.reached(lag)
            x, y, y2 = self._x(lag), self._base, self._base - high * _PLOT // whole
            y = self._base - low * _PLOT // whole
            if not surely or surely[-1][1] != y or lag == self._late:
                surely.append((x, y))
            if high > low or lag == self._late:
                between.append((x, y, y2))
        return surely, between

    def _words(self, canvas: Canvas, pace: Pace, speech: Speech) -> None:
        wide = self._span + _AXIS
        canvas.text(self._left, self._top + 10, cut(speech.name(pace.value), wide, 13), bold=True)
        low, high = pace.between
        said = speech(
            "pace.share", share=percent_text(pace.share), low=percent_text(low),
            high=percent_text(high), sales=speech.count("sales", pace.sales),
        )  # fmt: skip
        canvas.text(self._left, self._top + 28, cut(said, wide, 11), size=11, fill=MUTED)


def _key(canvas: Canvas, y: int, speech: Speech) -> None:
    """Say what the marks mean, under all panels."""
    narrow = canvas.width < NARROW_BELOW
    canvas.rect(0, y - 7, 14, 14, fill=LIGHT["open"])
    canvas.text(20, y, speech("pace.key.open"), size=12, fill=MUTED)
    x, down = (7, 20) if narrow else (300, 0)
    if narrow:
        canvas.height += 20
    canvas.rule(x, y + down - 7, x, y + down + 7, stroke=LIGHT["late"], width=5)
    canvas.text(
        x + 13,
        y + down,
        cut(speech("pace.key.between"), canvas.width - x - 13, 12),
        size=12,
        fill=MUTED,
    )


def _alt(blocks: list[tuple[str, tuple[Pace, ...]]], speech: Speech) -> str:
    said = [
        speech(
            "picture.pace.part", who=speech.name(pace.value), share=percent_text(pace.share),
            low=percent_text(pace.between[0]), high=percent_text(pace.between[1]),
            late=f"{pace.late:,}", overdue=f"{pace.overdue:,}",
        )
        for _, paces in blocks
        for pace in paces
    ]  # fmt: skip
    return speech("picture.pace.alt", parts=speech("word.semicolon").join(said))
