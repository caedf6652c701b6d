"""From a Vega-Lite specification to one self-contained SVG; charts laid by hand of plain marks."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Final, Literal
from xml.sax.saxutils import quoteattr

import vl_convert

from daozhang.charts.guard import width_of
from daozhang.charts.palette import FONTS, INK, LIGHT, LINE, PATTERNED, pattern_defs

__all__ = ["NARROW_BELOW", "Canvas", "Spec", "cut", "render"]

NARROW_BELOW: Final = 600
"""Pictures narrower than this, in pixels, are laid out for a phone."""

_Align = Literal["left", "center", "right"]
_Weight = Literal["normal", "bold"]

Spec = dict[str, Any]
"""A piece of a Vega-Lite specification."""

# Laid marks are written as the specification itself: building it from Altair's objects, which copy
# each other whole at many steps, took twenty times as long as drawing it.
_X2: Final[Spec] = {"x2": {"field": "x2"}}
_Y2: Final[Spec] = {"y2": {"field": "y2"}}
_COLOUR: Final[Spec] = {"color": {"field": "c", "type": "nominal", "scale": None, "legend": None}}
_TEXT: Final[Spec] = {"text": {"field": "t", "type": "nominal"}}

_CONFIG: Final[Spec] = {
    "font": FONTS, "background": "transparent", "aria": False, "padding": 2,
    "view": {"continuousWidth": 300, "continuousHeight": 300, "stroke": None},
    "legend": {"labelFont": FONTS, "labelColor": INK},
    "axis": {
        "labelFont": FONTS, "titleFont": FONTS, "labelColor": INK, "titleColor": INK,
        "gridColor": LINE, "domainColor": LINE, "tickColor": LINE, "labelFontSize": 12,
        "titleFontSize": 12, "titleFontWeight": "normal",
    },
}  # fmt: skip

_OPENING: Final = re.compile(r"<svg [^>]*?width=\"(\d+)\" height=\"(\d+)\"[^>]*>")
_INNER_ROLES: Final = re.compile(r' (?:role="graphics-[a-z]+"|aria-roledescription="[^"]*")')


def cut(text: str, room: int, size: int) -> str:
    """Return a text that fits into ``room`` pixels at a font size, with an ellipsis if cut."""
    columns = max(room * 2 // size, 4)  # A half-width letter is about half as wide as it is high.
    if width_of(text) <= columns:
        return text
    while text and width_of(text) > columns - 1:
        text = text[:-1]
    return text + "…"


def render(chart: Spec, name: str, alt_text: str) -> str:
    """Return a chart as SVG without script, links or embedded fonts; text stays text.

    Args:
        chart: a Vega-Lite specification without a size of its own to grow into.
        name: prefix of the ids in it, different for every picture of a page.
        alt_text: what someone who cannot see it is told.
    """
    drawn = {**chart, "config": _CONFIG}
    svg: str = vl_convert.vegalite_to_svg(drawn, allowed_base_urls=[])
    opening = _OPENING.match(svg)
    assert opening is not None, "the renderer begins with an svg element that has a size"
    wide, high = opening[1], opening[2]
    # The page decides the size; the picture only says its proportions.
    head = (
        f'<svg xmlns="http://www.w3.org/2000/svg" role="img" aria-label={quoteattr(alt_text)} '
        f'viewBox="0 0 {wide} {high}" width="{wide}" height="{high}">'
    )
    # Its marks have no names of their own: the picture is told as a whole.
    body = _INNER_ROLES.sub("", svg[opening.end() :])
    for status in PATTERNED:
        body = body.replace(f'fill="{LIGHT[status]}"', f'fill="url(#{name}-{status})"')
    return head + pattern_defs(name) + body


class Canvas:
    """A chart laid out by hand, in whole pixels from the upper left corner."""

    def __init__(self, width: int, height: int) -> None:
        self.width = width
        self.height = height
        self._rects: list[dict[str, Any]] = []
        self._rules: dict[tuple[float, str], list[dict[str, Any]]] = defaultdict(list)
        self._dots: list[dict[str, Any]] = []
        self._areas: list[tuple[str, list[dict[str, Any]]]] = []
        self._lines: list[tuple[float, str, list[dict[str, Any]]]] = []
        self._texts: dict[tuple[_Align, int, _Weight], list[dict[str, Any]]] = defaultdict(list)

    def rect(self, x: int, y: int, width: int, height: int, *, fill: str) -> None:
        """Lay a filled rectangle."""
        self._rects.append({"x": x, "x2": x + width, "y": y, "y2": y + height, "c": fill})

    def rule(
        self, x: int, y: int, x2: int, y2: int, *, stroke: str = LINE, width: float = 1
    ) -> None:
        """Lay a straight line."""
        self._rules[width, stroke].append({"x": x, "y": y, "x2": x2, "y2": y2})

    def dot(self, x: int, y: int, fill: str) -> None:
        """Lay a dot of 12 pixels."""
        self._dots.append({"x": x, "y": y, "c": fill})

    def area(self, points: list[tuple[int, int, int]], *, fill: str) -> None:
        """Fill what lies between two stairs through ``(x, y, y2)``, from left to right."""
        self._areas.append((fill, [{"x": x, "y": y, "y2": y2} for x, y, y2 in points]))

    def stairs(self, points: list[tuple[int, int]], *, stroke: str = INK, width: float = 2) -> None:
        """Draw a line that stays level from each point to the next and then steps."""
        self._lines.append((width, stroke, [{"x": x, "y": y} for x, y in points]))

    def text(
        self, x: int, y: int, text: str, *, align: _Align = "left", size: int = 13,
        bold: bool = False, fill: str = INK,
    ) -> None:  # fmt: skip
        """Lay a line of text, centred on ``y``."""
        weight: _Weight = "bold" if bold else "normal"
        self._texts[align, size, weight].append({"x": x, "y": y, "t": text, "c": fill})

    def chart(self) -> Spec:
        """Return all that was laid as one Vega-Lite specification."""
        x = {
            "field": "x", "type": "quantitative", "axis": None,
            "scale": {"domain": [0, self.width], "nice": False},
        }  # fmt: skip
        y = {
            "field": "y", "type": "quantitative", "axis": None,
            "scale": {"domain": [0, self.height], "reverse": True, "nice": False},
        }  # fmt: skip
        layers = [
            {"mark": mark, "encoding": {"x": x, "y": y, **channels}, "data": {"values": rows}}
            for mark, channels, rows in self._marks()
        ]
        return {"layer": layers, "width": self.width, "height": self.height}

    def _marks(self) -> Iterator[tuple[Spec, Spec, list[Spec]]]:
        """Yield mark, channels besides x and y, and rows of each layer, the lowest first."""
        if self._rects:
            yield {"type": "rect"}, {**_X2, **_Y2, **_COLOUR}, self._rects
        for fill, rows in self._areas:
            area = {"type": "area", "interpolate": "step-after", "color": fill, "opacity": 1}
            yield area, _Y2, rows
        for (width, stroke), rows in self._rules.items():
            rule = {"type": "rule", "strokeWidth": width, "color": stroke}
            yield rule, {**_X2, **_Y2}, rows
        for width, stroke, rows in self._lines:
            line = {"type": "line", "interpolate": "step-after"}
            yield {**line, "color": stroke, "strokeWidth": width}, {}, rows
        if self._dots:
            dot = {"type": "point", "size": 130, "filled": True, "opacity": 1}
            yield dot, _COLOUR, self._dots
        for (align, size, weight), rows in self._texts.items():
            words = {"type": "text", "align": align, "baseline": "middle", "font": FONTS}
            yield {**words, "fontSize": size, "fontWeight": weight}, {**_TEXT, **_COLOUR}, rows
