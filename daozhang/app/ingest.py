"""Use case: add files to a store, made if it is not there yet."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from pathlib import Path

from daozhang.app.intake import Meter, Progress, reading_with
from daozhang.app.settings import load_settings, validate_setting
from daozhang.store.parts import Ingested, Store, StoreError, is_settings, is_store

__all__ = ["ingest"]


def ingest(
    place: Path,
    files: Iterable[Path],
    progress: Callable[[Progress], None] | None = None,
    at: datetime | None = None,
) -> Iterator[Ingested]:
    """Add files to the store at a place; terms, profiles and calendars are taken first.

    Settings go first because they say in which zone and currency the other files are to be read;
    among the rest the order does not matter. When many small parts have come together, they are
    merged at the end.

    Args:
        place: the store; a new or empty folder becomes one.
        files: paths of files.
        progress: told before each file and as it is read.
        at: now, aware; receipts name it. None: they name no moment.

    Raises:
        StoreError: the place is something else, damaged, or busy.
        OSError: the disk is full or broken; the store is as before or after the file at hand.
    """
    store = Store.open(place) if is_store(place) else Store.create(place)
    waiting = list(files)
    moment = at.isoformat(timespec="seconds") if at else None
    first = [path for path in waiting if is_settings(path.name)]
    rest = [path for path in waiting if not is_settings(path.name)]
    yield from store.ingest(
        first, reading_with(load_settings([]).options), validate=validate_setting
    )
    meter = Meter(rest, progress)
    options = replace(load_settings(store.settings()).options, progress=meter.consumed)
    yield from store.ingest(
        _begun(rest, meter), reading_with(options), validate=validate_setting, at=moment
    )
    # The files are in; a merge that fails leaves them so, and the next one tries again.
    with suppress(StoreError, OSError):
        store.compact(automatic=True)


def _begun(paths: Iterable[Path], meter: Meter) -> Iterator[Path]:
    """Yield the paths and tell the meter as each is asked for."""
    for path in paths:
        meter.begin(path)
        yield path
