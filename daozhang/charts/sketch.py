"""What a picture is before it is rendered."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

__all__ = ["Sketch"]


@dataclass(frozen=True, slots=True)
class Sketch:
    """A chart with its words.

    Attributes:
        title: heading.
        note: how to read it.
        alt: what it shows, for someone who cannot see it.
        chart: an Altair chart.
    """

    title: str
    note: str
    alt: str
    chart: Any
