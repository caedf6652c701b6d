"""From an Altair chart to one self-contained SVG, and hand-laid charts out of plain marks."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any, Final, Literal
from xml.sax.saxutils import quoteattr

import altair as alt
import vl_convert

from daozhang.charts.guard import width_of
from daozhang.charts.palette import FONTS, INK, LIGHT, LINE, PATTERNED, pattern_defs

__all__ = ["NARROW_BELOW", "Canvas", "cut", "render"]

NARROW_BELOW: Final = 600
"""Pictures narrower than this, in pixels, are laid out for a phone."""

_Align = Literal["left", "center", "right"]
_Weight = Literal["normal", "bold"]

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


def render(chart: Any, name: str, alt_text: str) -> str:
    """Return a chart as SVG without script, links or embedded fonts; text stays text.

    Args:
        chart: an Altair chart without a size of its own to grow into.
        name: prefix of the ids in it, different for every picture of a page.
        alt_text: what someone who cannot see it is told.
    """
    drawn = (
        chart.configure(font=FONTS, background="transparent", aria=False, padding=2)
        .configure_view(stroke=None)
        .configure_legend(labelFont=FONTS, labelColor=INK)
        .configure_axis(
            labelFont=FONTS, titleFont=FONTS, labelColor=INK, titleColor=INK, gridColor=LINE,
            domainColor=LINE, tickColor=LINE, labelFontSize=12, titleFontSize=12,
            titleFontWeight="normal",
        )
    )  # fmt: skip
    svg: str = vl_convert.vegalite_to_svg(drawn.to_dict(validate=False), allowed_base_urls=[])
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

    def chart(self) -> Any:
        """Return all that was laid as one chart."""
        x = alt.X("x:Q", axis=None, scale=alt.Scale(domain=[0, self.width], nice=False))
        y = alt.Y(
            "y:Q", axis=None, scale=alt.Scale(domain=[0, self.height], reverse=True, nice=False)
        )
        colour = alt.Color("c:N", scale=None, legend=None)
        layers: list[alt.Chart] = []
        if self._rects:
            data = alt.InlineData(values=self._rects)
            layers.append(
                alt.Chart(data).mark_rect().encode(x=x, x2="x2:Q", y=y, y2="y2:Q", color=colour)
            )
        layers += [
            alt.Chart(alt.InlineData(values=rows))
            .mark_area(interpolate="step-after", color=fill, opacity=1)
            .encode(x=x, y=y, y2="y2:Q")
            for fill, rows in self._areas
        ]
        for (width, stroke), rows in self._rules.items():
            layers.append(
                alt.Chart(alt.InlineData(values=rows))
                .mark_rule(strokeWidth=width, color=stroke)
                .encode(x=x, x2="x2:Q", y=y, y2="y2:Q")
            )
        layers += [
            alt.Chart(alt.InlineData(values=rows))
            .mark_line(interpolate="step-after", color=stroke, strokeWidth=width)
            .encode(x=x, y=y)
            for width, stroke, rows in self._lines
        ]
        if self._dots:
            layers.append(
                alt.Chart(alt.InlineData(values=self._dots))
                .mark_point(size=130, filled=True, opacity=1)
                .encode(x=x, y=y, color=colour)
            )
        for (align, size, weight), rows in self._texts.items():
            layers.append(
                alt.Chart(alt.InlineData(values=rows))
                .mark_text(
                    align=align, baseline="middle", fontSize=size, fontWeight=weight, font=FONTS
                )
                .encode(x=x, y=y, text="t:N", color=colour)
            )
        return alt.layer(*layers).properties(width=self.width, height=self.height)
