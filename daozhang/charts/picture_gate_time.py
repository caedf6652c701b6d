"""The looks of a rollout over time: verdict, terminals upgraded, evidence, money late."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from math import ceil, log10
from typing import Final

from daozhang.charts.canvas import NARROW_BELOW, Canvas, cut
from daozhang.charts.palette import LIGHT, MUTED
from daozhang.charts.sketch import Sketch
from daozhang.charts.speech import Speech
from daozhang.gate.judge import Look

__all__ = ["VERDICT_COLOURS", "draw_gate_time"]

VERDICT_COLOURS: Final = {"PASS": "on_time", "FAIL": "overdue", "WAIT": "unknown"}
"""Each verdict's meaning in the palette: money is on time, is not, or nobody knows yet."""

_STRIP: Final = 20
_PLOT: Final = 74
_HEAD: Final = 26
_AXIS: Final = 52
_LEAST: Final = -2
"""Evidence below a hundredth is drawn as a hundredth: it has spoken for the release."""


def draw_gate_time(
    looks: Sequence[Look], fleet: int, stop_at: float, currency: str, speech: Speech, width: int
) -> Sketch | None:
    """Draw the looks; None: there are fewer than two.

    Args:
        looks: in order.
        fleet: terminals of the release's waves.
        stop_at: evidence at which a rollout stops.
        currency: of the money at risk.
        speech: language and zone.
        width: of the picture.
    """
    if len(looks) < 2 or not fleet:  # noqa: PLR2004 - one moment is no time
        return None
    canvas = Canvas(width, _STRIP + 3 * (_HEAD + _PLOT) + 66)
    time = _Time(looks[0].at, looks[-1].at, width)
    _strip(canvas, looks, time, speech)
    top = _STRIP + _HEAD
    _panel(canvas, top, speech("gate.time.exposed"), ("0%", "100%"))
    _area(canvas, top, time, [(k.at, k.exposed * _PLOT // fleet) for k in looks], "in_transit")
    top += _PLOT + _HEAD
    _evidence(canvas, top, time, looks, stop_at, speech)
    top += _PLOT + _HEAD
    most = max(look.at_risk_minor for look in looks)
    _panel(canvas, top, speech("gate.time.money", most=speech.money(most, currency)), ("0", ""))
    if most:
        risk = [(look.at, look.at_risk_minor * _PLOT // most) for look in looks]
        _area(canvas, top, time, risk, "overdue")
    _days(canvas, top + _PLOT, time, speech)
    _key(canvas, top + _PLOT + 44, speech)
    return Sketch(
        title=speech("picture.gate_time.title"),
        note=speech("picture.gate_time.note"),
        alt=_alt(looks, fleet, stop_at, currency, speech),
        chart=canvas.chart(),
    )


class _Time:
    """From moments to pixels."""

    def __init__(self, first: int, last: int, width: int) -> None:
        self.first, self.last = first, max(last, first + 1)
        self.left, self.right = _AXIS, width - 6

    def x(self, at: int) -> int:
        span = self.right - self.left
        return self.left + (at - self.first) * span // (self.last - self.first)


def _strip(canvas: Canvas, looks: Sequence[Look], time: _Time, speech: Speech) -> None:
    """Draw the verdicts as one strip, a piece for each stretch of the same."""
    starts = [k for k in range(len(looks)) if not k or looks[k - 1].verdict != looks[k].verdict]
    for start, stop in zip(starts, [*starts[1:], len(looks)], strict=True):
        x, verdict = time.x(looks[start].at), looks[start].verdict
        end = time.x(looks[stop].at) if stop < len(looks) else time.right
        canvas.rect(x, 0, max(end - x, 2), _STRIP, fill=LIGHT[VERDICT_COLOURS[verdict]])
    said = speech("gate.time.verdict")
    canvas.text(_AXIS - 6, _STRIP // 2, cut(said, _AXIS - 6, 11), align="right", size=11,
                fill=MUTED)  # fmt: skip


def _panel(canvas: Canvas, top: int, title: str, ends: tuple[str, str]) -> None:
    canvas.text(_AXIS, top - 11, cut(title, canvas.width - _AXIS, 12), size=12)
    for y, said in ((top + _PLOT, ends[0]), (top, ends[1])):
        canvas.rule(_AXIS, y, canvas.width - 6, y)
        if said:
            canvas.text(_AXIS - 6, y, said, align="right", size=11, fill=MUTED)


def _area(canvas: Canvas, top: int, time: _Time, heights: list[tuple[int, int]], fill: str) -> None:
    base = top + _PLOT
    points = [
        (time.x(at), base, base - height)
        for place, (at, height) in enumerate(heights)
        if not place or height != heights[place - 1][1]
    ]
    canvas.area([*points, (time.right, base, points[-1][2])], fill=LIGHT[fill])


def _evidence(
    canvas: Canvas, top: int, time: _Time, looks: Sequence[Look], stop_at: float, speech: Speech
) -> None:
    """Draw the evidence by powers of ten, and where it stops a rollout."""
    powers = [max(log10(max(look.e_value, 1e-9)), _LEAST) for look in looks]
    most = max(ceil(max(*powers, log10(stop_at) + 0.5)), 1)
    # Far beyond the limit the height says nothing more.
    most = min(most, ceil(log10(stop_at)) + 4)

    def y(power: float) -> int:
        return top + _PLOT - round((min(power, most) - _LEAST) * _PLOT / (most - _LEAST))

    _panel(canvas, top, speech("gate.time.evidence", stop=f"{stop_at:,.0f}"), ("", ""))
    for power in range(_LEAST, most + 1, 2):
        said = f"{10**power:,}" if power >= 0 else f"1/{10**-power}"
        if power > 3:  # noqa: PLR2004 - longer ones would not fit
            said = f"1e{power}"
        canvas.rule(_AXIS, y(power), canvas.width - 6, y(power))
        canvas.text(_AXIS - 6, y(power), said, align="right", size=11, fill=MUTED)
    limit = y(log10(stop_at))
    canvas.rule(_AXIS, limit, canvas.width - 6, limit, stroke=LIGHT["overdue"], width=2)
    steps = [
        (time.x(look.at), y(power))
        for place, (look, power) in enumerate(zip(looks, powers, strict=True))
        if not place or power != powers[place - 1]
    ]
    canvas.stairs([*steps, (time.right, steps[-1][1])], width=2.2)


def _days(canvas: Canvas, base: int, time: _Time, speech: Speech) -> None:
    """Mark midnights of the zone, as many as there is room for."""
    first = datetime.fromtimestamp(time.first, UTC).astimezone(speech.zone)
    midnight = first.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    count = (time.last - time.first) // 86_400
    room = 50 if canvas.width < NARROW_BELOW else 64
    every = max(-(-count * room // (time.right - time.left)), 1)
    while midnight.timestamp() <= time.last:
        x = time.x(int(midnight.timestamp()))
        canvas.rule(x, base, x, base + 4, stroke=MUTED)
        if x < time.right - room // 2:
            said = speech.day(midnight.date())
            canvas.text(x, base + 15, said, align="center", size=11, fill=MUTED)
        midnight += timedelta(days=every)


def _key(canvas: Canvas, y: int, speech: Speech) -> None:
    x = 0
    room = canvas.width // 3
    for verdict, colour in VERDICT_COLOURS.items():
        canvas.rect(x, y - 7, 14, 14, fill=LIGHT[colour])
        said = cut(speech(f"gate.verdict.{verdict.lower()}"), room - 24, 12)
        canvas.text(x + 20, y, said, size=12, fill=MUTED)
        x += room


def _alt(looks: Sequence[Look], fleet: int, stop_at: float, currency: str, speech: Speech) -> str:
    last = looks[-1]
    return speech(
        "picture.gate_time.alt", looks=f"{len(looks):,}", exposed=f"{last.exposed:,}",
        fleet=f"{fleet:,}", verdict=speech(f"gate.verdict.{last.verdict.lower()}"),
        e=f"{last.e_value:,.1f}" if last.e_value < stop_at else f"≥ {stop_at:,.0f}",
        stop=f"{stop_at:,.0f}",
        money=speech.money(max(look.at_risk_minor for look in looks), currency),
    )  # fmt: skip
