"""The picture of ``docs/gate.md``: what the gate does against how much a release harms.

Plain lines of SVG, one a line of the file, so that a difference can be read.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

__all__ = ["HARMS", "Point", "curve"]

HARMS = (0.05, 0.1, 0.2, 0.3, 0.5)
"""Shares of upgraded terminals that a release harms."""

_INK, _MUTED, _LINE = "#1c2430", "#56616d", "#d5dadf"
_STROKES = {
    "key": ("#c43c00", ""), "batch": ("#cc8400", "7 3"), "account": ("#0072b2", ""),
    "hold": ("#8a5aa8", "2 3"), "slow": ("#00916a", "9 3 2 3"),
}  # fmt: skip
_LEFT, _TOP, _WIDE, _HIGH, _GAP = 56, 54, 330, 180, 84


@dataclass(frozen=True, slots=True)
class Point:
    """What became of rollouts of one kind and harm.

    Attributes:
        halted: share that was halted.
        upgraded: median share of the fleet that was upgraded at the end.
    """

    halted: float
    upgraded: float


Curves = Mapping[tuple[int, str], Sequence[Point]]
"""Fleet and kind → a point for each of :data:`HARMS`."""


def curve(found: Curves, rollouts: int) -> str:
    """Return the picture: a row of panels a fleet, halted beside upgraded at the end."""
    fleets = sorted({fleet for fleet, _ in found})
    width = _LEFT + 2 * _WIDE + _GAP + 20
    height = len(fleets) * (_HIGH + 92) + 74
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" '
        f'height="{height}" role="img" aria-label="{escape(_alt(found, rollouts))}" '
        'font-family="sans-serif" font-size="12">'
    )
    lines = [head, f'<rect width="{width}" height="{height}" fill="#ffffff"/>']
    for row, fleet in enumerate(fleets):
        top = _TOP + row * (_HIGH + 92)
        for column, (title, name) in enumerate(
            (("rollouts halted", "halted"), ("fleet upgraded at the end, median", "upgraded"))
        ):
            left = _LEFT + column * (_WIDE + _GAP)
            lines += _panel(left, top, f"{fleet:,} terminals: {title}")
            for kind, (stroke, dash) in _STROKES.items():
                points = found[fleet, kind]
                lines.append(_line(left, top, points, name, stroke, dash))
    lines += _key(height - 30)
    return "\n".join([*lines, "</svg>", ""])


def _x(left: int, harm: float) -> int:
    return left + round(harm * _WIDE / HARMS[-1])


def _panel(left: int, top: int, title: str) -> list[str]:
    lines = [f'<text x="{left}" y="{top - 16}" fill="{_INK}" font-weight="bold">{title}</text>']
    for percent in (0, 20, 50, 100):
        y = top + _HIGH - percent * _HIGH // 100
        lines.append(f'<path d="M{left} {y}h{_WIDE}" stroke="{_LINE}"/>')
        lines.append(
            f'<text x="{left - 6}" y="{y + 4}" fill="{_MUTED}" text-anchor="end">{percent}%</text>'
        )
    lines += [
        f'<text x="{_x(left, harm)}" y="{top + _HIGH + 18}" fill="{_MUTED}" '
        f'text-anchor="middle">{harm:.0%}</text>'
        for harm in HARMS
    ]
    x, y = left + _WIDE // 2, top + _HIGH + 38
    said = "upgraded terminals that the release harms"
    lines.append(f'<text x="{x}" y="{y}" fill="{_MUTED}" text-anchor="middle">{said}</text>')
    return lines


def _line(left: int, top: int, points: Sequence[Point], name: str, stroke: str, dash: str) -> str:
    at = " ".join(
        f"{_x(left, harm)},{top + _HIGH - round(getattr(point, name) * _HIGH)}"
        for harm, point in zip(HARMS, points, strict=True)
    )
    dashed = f' stroke-dasharray="{dash}"' if dash else ""
    return f'<polyline points="{at}" fill="none" stroke="{stroke}" stroke-width="2.4"{dashed}/>'


def _key(y: int) -> list[str]:
    lines, x = [], _LEFT
    for kind, (stroke, dash) in _STROKES.items():
        dashed = f' stroke-dasharray="{dash}"' if dash else ""
        lines.append(
            f'<path d="M{x} {y}h30" stroke="{stroke}" stroke-width="2.4"{dashed}/>'
            f'<text x="{x + 38}" y="{y + 4}" fill="{_INK}">{kind}</text>'
        )
        x += 140
    return lines


def _alt(found: Curves, rollouts: int) -> str:
    said = "; ".join(
        f"{fleet:,} terminals, {kind}: "
        + ", ".join(
            f"{harm:.0%} harmed {point.halted:.0%} halted at {point.upgraded:.0%}"
            for harm, point in zip(HARMS, points, strict=True)
        )
        for (fleet, kind), points in sorted(found.items())
    )
    return f"Halts by harm and kind, {rollouts} rollouts each. {said}."
