"""One colour and one pattern for each meaning, the same in every picture and table.

Rules kept here: the colours are the colour-blind-safe hues of Okabe and Ito, darkened until each
stands out from a white page by 3:1 (WCAG 2.2, 1.4.11); a pattern lies over each status that asks
for attention, so that a black-and-white print and a colour-blind reader tell them apart too.
"""

from __future__ import annotations

from typing import Final

__all__ = ["DARK", "FONTS", "INK", "LIGHT", "LINE", "MUTED", "PATTERNED", "pattern_defs"]

LIGHT: Final[dict[str, str]] = {
    "on_time": "#00916a",
    "late": "#cc8400",
    "overdue": "#c43c00",
    "in_transit": "#0072b2",
    "unknown": "#8a5aa8",
    "cancelled": "#7d858c",
    "failed": "#a3a9ae",
    "sold": "#3d4a57",
    "kept": "#7d858c",
    "returned": "#a3a9ae",
    "rest": "#dfe7e4",
    "open": "#e8b9a6",
    "half": "#8e9ba8",
    "provisional": "#1c2431",
}
"""Meaning → colour on a light page. ``rest`` is what a bar has been cut from, ``open`` what
may still come, ``half`` the middle half of a spread, ``provisional`` a net laid over a bar."""

DARK: Final[dict[str, str]] = {
    "on_time": "#2fc795",
    "late": "#f0b23e",
    "overdue": "#ff7f50",
    "in_transit": "#5aaeea",
    "unknown": "#c39be6",
    "cancelled": "#8f989f",
    "failed": "#6c757c",
    "sold": "#c3ccd4",
    "kept": "#8f989f",
    "returned": "#6c757c",
    "rest": "#26332f",
    "open": "#7a4a38",
    "half": "#6b7884",
    "provisional": "#e8edf2",
}
"""Meaning → colour on a dark page."""

INK: Final = "#1c2430"
MUTED: Final = "#56616d"
LINE: Final = "#d5dadf"

FONTS: Final = "Noto Sans CJK SC, Microsoft YaHei, PingFang SC, sans-serif"
"""Fonts by name; none is fetched."""

PATTERNED: Final[dict[str, str]] = {
    "overdue": '<path d="M-2,2l4,-4M0,8l8,-8M6,10l4,-4" stroke="#fff" stroke-opacity=".6" '
    'stroke-width="1.6"/>',
    "late": '<path d="M2,0v8" stroke="#fff" stroke-opacity=".5" stroke-width="1.4"/>',
    "open": '<path d="M-2,2l4,-4M0,8l8,-8M6,10l4,-4" stroke="#fff" stroke-opacity=".8" '
    'stroke-width="2"/>',
    "provisional": '<path d="M0,0l8,8M0,8l8,-8" stroke="#1c2430" stroke-width="1.2"/>',
    "unknown": '<circle cx="2" cy="2" r="1.1" fill="#fff" fill-opacity=".75"/>'
    '<circle cx="6" cy="6" r="1.1" fill="#fff" fill-opacity=".75"/>',
    "in_transit": '<path d="M0,2h8" stroke="#fff" stroke-opacity=".45" stroke-width="1.4"/>',
}
"""Status → what is drawn over its colour, on a tile of 8 by 8."""

_LAID_OVER: Final = frozenset({"provisional"})
"""What is drawn over another colour and has none of its own."""


def pattern_defs(prefix: str) -> str:
    """Return the SVG definitions of all patterns, named ``<prefix>-<status>``."""
    tiles = "".join(
        f'<pattern id="{prefix}-{status}" width="8" height="8" patternUnits="userSpaceOnUse">'
        + ("" if status in _LAID_OVER else f'<rect width="8" height="8" fill="{LIGHT[status]}"/>')
        + f"{lines}</pattern>"
        for status, lines in PATTERNED.items()
    )
    return f"<defs>{tiles}</defs>"
