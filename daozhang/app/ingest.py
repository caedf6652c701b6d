"""Use case: add files to a store, made if it is not there yet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

from daozhang.app.intake import reading_with
from daozhang.app.settings import load_settings, validate_setting
from daozhang.store.parts import Ingested, Store, is_settings, is_store

__all__ = ["ingest"]


def ingest(place: Path, files: Iterable[Path]) -> Iterator[Ingested]:
    """Add files to the store at a place; terms, profiles and calendars are taken first.

    Settings go first because they say in which zone and currency the other files are to be read;
    among the rest the order does not matter.

    Args:
        place: the store; a new or empty folder becomes one.
        files: paths of files.

    Raises:
        StoreError: the place is something else, damaged, or busy.
        OSError: the disk is full or broken; the store is as before or after the file at hand.
    """
    store = Store.open(place) if is_store(place) else Store.create(place)
    waiting = list(files)
    first = [path for path in waiting if is_settings(path.name)]
    rest = [path for path in waiting if not is_settings(path.name)]
    yield from store.ingest(
        first, reading_with(load_settings([]).options), validate=validate_setting
    )
    options = load_settings(store.settings()).options
    yield from store.ingest(rest, reading_with(options), validate=validate_setting)
