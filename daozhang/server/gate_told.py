"""What the gate says of a release, as a page shows it: its record and its pictures.

Rules kept here: the gate weighs all terminals together, so its numbers and pictures are for those
who may see all rows; others are told the verdict and when it was first given.
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Final

from daozhang.app.gate_record import FILE, GateRecord, read_gate
from daozhang.app.kept import remembered
from daozhang.app.recovery_record import FILE as RECOVERY
from daozhang.app.recovery_record import BackRecord, read_back
from daozhang.app.snapshot import Reading
from daozhang.charts import Speech
from daozhang.charts.canvas import render
from daozhang.charts.picture_gate import draw_gate_days
from daozhang.charts.picture_gate_time import draw_gate_time
from daozhang.charts.pictures import NARROW, WIDE, Picture

__all__ = ["back_of", "gate_of", "gate_pictures", "stores_back"]

_DAY_S: Final = 86_400


def gate_of(reading: Reading) -> dict[str, GateRecord]:
    """Return the gate's record of each release; none in a snapshot that kept none."""
    return _read(reading.folder / FILE)


@lru_cache(maxsize=4)
def _read(path: Path) -> dict[str, GateRecord]:
    return {record.release_id: record for record in read_gate(path)}


def back_of(reading: Reading) -> dict[str, BackRecord]:
    """Return which stores are back after each release; none in a snapshot that kept none."""
    return _read_back(reading.folder / RECOVERY)


@lru_cache(maxsize=4)
def _read_back(path: Path) -> dict[str, BackRecord]:
    return {record.release_id: record for record in read_back(path)}


def stores_back(reading: Reading, record: BackRecord) -> dict[str, str]:
    """Return the stores that somebody may see, each with its verdict, those that failed first.

    A store's level is of all its money, so who sees a part of that sees no verdict.
    """
    scope = reading.scope
    if scope.merchants is not None or scope.providers is not None or scope.accounts is not None:
        return {}
    seen = {
        store: verdict
        for store, verdict in record.stores.items()
        if scope.stores is None or store in scope.stores
    }
    order = ("fail", "not yet", "pass")
    return dict(sorted(seen.items(), key=lambda one: (order.index(one[1]), one[0])))


def gate_pictures(reading: Reading, place: int, one: GateRecord, speech: Speech) -> list[Picture]:
    """Return the pictures of a release, drawn once a language and kept with the snapshot.

    Args:
        reading: whose folder keeps them.
        place: of the release among all, for the file's name.
        one: the gate's record.
        speech: language and zone.
    """
    path = reading.folder / f"gate-{place}-{speech.lang}.pickle"
    return remembered(path, lambda: _drawn(place, one, speech))


def _drawn(place: int, one: GateRecord, speech: Speech) -> list[Picture]:
    halted = None if one.halted_at is None else one.halted_at // _DAY_S
    pictures = []
    for key, sketches in (
        ("gate_days", [draw_gate_days(one.days, halted, speech, w) for w in (WIDE, NARROW)]),
        ("gate_time", [
            draw_gate_time(one.looks, one.fleet, one.stop_at, one.currency, speech, w)
            for w in (WIDE, NARROW)
        ]),
    ):  # fmt: skip
        wide, narrow = sketches
        if wide is not None and narrow is not None:
            name = f"{key}-{place}"
            pictures.append(
                Picture(
                    key=name, currency=one.currency, title=wide.title, note=wide.note,
                    alt=wide.alt, wide=render(wide.chart, f"{name}-w", wide.alt),
                    narrow=render(narrow.chart, f"{name}-n", narrow.alt),
                )
            )  # fmt: skip
    return pictures
