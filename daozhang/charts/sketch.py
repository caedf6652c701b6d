"""What a picture is before it is rendered."""

from __future__ import annotations

from dataclasses import dataclass

from daozhang.charts.canvas import Spec

__all__ = ["Sketch"]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A chart with its words.

    Attributes:
        title: heading.
        note: how to read it.
        alt: what it shows, for someone who cannot see it.
        chart: its Vega-Lite specification.
    """

    title: str
    note: str
    alt: str
    chart: Spec
