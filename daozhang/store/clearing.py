"""Clears away what no reader needs: leavings of a crash, and parts that a compaction replaced."""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from daozhang.store.generations import GENERATIONS, Generation
from daozhang.store.layout import owned_parts

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daozhang.store.disk import Disk
    from daozhang.store.receipts import Receipts

__all__ = ["clear", "generations_kept"]


def clear(store: Path, disk: Disk, receipts: Receipts, standing: Generation) -> None:
    """Remove temporary files, and the parts and manifests that no generation in use needs.

    The caller holds the store's lock, so nobody else publishes meanwhile.

    Args:
        store: the store's folder.
        disk: removes the files.
        receipts: all receipts; what a damaged one owns is left alone.
        standing: the generation that stands.

    Raises:
        OSError: the disk is broken; what was not removed is removed next time.
    """
    for path in (store / "tmp").iterdir():
        if path.is_dir():
            shutil.rmtree(path, ignore_errors=True)
        else:
            disk.remove(path)
    with _others(store, standing) as (held, free):
        owned = owned_parts(store, receipts, [standing, *held])
        for path in (store / "parts").glob("*/*"):
            if path not in owned:
                disk.remove(path)
        for path in free:
            disk.remove(path)


def generations_kept(store: Path, standing: Generation) -> list[Generation]:
    """Return the earlier generations whose parts may still be there: read, or not yet cleared."""
    kept = []
    for path in sorted((store / GENERATIONS).glob("*.json")):
        if path.name != f"{standing.number}.json":
            with contextlib.suppress(OSError, ValueError, KeyError, TypeError):
                kept.append(Generation.from_bytes(path.read_bytes()))
    return kept


@contextlib.contextmanager
def _others(store: Path, standing: Generation) -> Iterator[tuple[list[Generation], list[Path]]]:
    """Give the generations that stand no more: those being read, and the others' manifests.

    The latter are locked meanwhile, so that no reader begins with them.
    """
    held, free = [], []
    with contextlib.ExitStack() as stack:
        for path in sorted((store / GENERATIONS).glob("*.json")):
            if path.name == f"{standing.number}.json":
                continue
            handle = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
            stack.callback(os.close, handle)
            try:
                fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    held.append(Generation.from_bytes(path.read_bytes()))
            else:
                free.append(path)
        yield held, free
