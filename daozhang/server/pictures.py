"""Pictures of a reading, drawn once a language and kept with the snapshot."""

from __future__ import annotations

import pickle

from daozhang.app.snapshot import Reading
from daozhang.charts import Speech
from daozhang.charts.pictures import Picture, draw_pictures

__all__ = ["pictures_of"]


def pictures_of(reading: Reading, speech: Speech) -> tuple[Picture, ...]:
    """Return the pictures of a reading in a language; drawn when nobody has asked before."""
    path = reading.folder / f"pictures-{reading.scope.key}-{speech.lang}.pickle"
    if path.is_file():
        found: tuple[Picture, ...] = pickle.loads(path.read_bytes())  # noqa: S301 - our own
        return found
    drawn = draw_pictures(reading.figures, speech)
    partial = path.with_name(f"{path.name}.{id(reading)}.partial")
    partial.write_bytes(pickle.dumps(drawn))
    partial.replace(path)
    return drawn
