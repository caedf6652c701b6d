"""Pictures of a reading, drawn once a language and kept with the snapshot."""

from __future__ import annotations

from collections.abc import Collection
from pathlib import Path
from zoneinfo import ZoneInfo

from daozhang.app.kept import remembered
from daozhang.app.scope import EVERYTHING, Scope
from daozhang.app.snapshot import Reading, open_reading
from daozhang.charts import LANGS, Lang, Speech
from daozhang.charts.pictures import Picture, draw_pictures
from daozhang.server.ahead import sum_ahead

__all__ = ["draw_ahead", "pictures_of"]


def pictures_of(reading: Reading, speech: Speech) -> tuple[Picture, ...]:
    """Return the pictures of a reading in a language; drawn when nobody has asked before."""
    path = reading.folder / f"pictures-{reading.scope.key}-{speech.lang}.pickle"
    return remembered(path, lambda: draw_pictures(reading.figures, speech))


def draw_ahead(folder: Path, scope: Scope = EVERYTHING, langs: Collection[Lang] = LANGS) -> None:
    """Draw the figures, sums and pictures of a scope before anybody asks for them.

    Args:
        folder: of a snapshot.
        scope: whose rows.
        langs: in which pictures will be looked at.
    """
    reading = open_reading(folder, scope)
    try:
        if reading.figures.first_sale is None:
            return
        sum_ahead(reading)
        for lang in langs:
            about = reading.about
            pictures_of(reading, Speech(lang, ZoneInfo(about.timezone), about.names))
    finally:
        reading.close()
