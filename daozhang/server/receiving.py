"""Files in: received whole or not at all, and known again by their content."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Final

from django.db import transaction

from daozhang.server import audit
from daozhang.server.config import config
from daozhang.server.models import Delivery, Person, Source

__all__ = ["RefusedFileError", "clean_name", "receive", "waiting_path"]

NAME_MAX: Final = 120
BYTES_MAX: Final = 8 * 2**30
"""The largest file that is received; larger ones are to be put into the watched folder."""


class RefusedFileError(Exception):
    """A file cannot be received; ``key`` names the sentence that says why."""

    def __init__(self, key: str) -> None:
        """Keep the key of the words."""
        super().__init__(key)
        self.key = key


def clean_name(name: str) -> str:
    """Return a file's name without folders or characters that a disk may not take."""
    base = name.replace("\\", "/").rsplit("/", 1)[-1]
    kept = "".join(c if c.isalnum() or c in "._- ()" else "_" for c in base).strip(" .")
    stem, dot, suffix = kept.rpartition(".")
    return (stem[: NAME_MAX - len(suffix) - 1] + dot + suffix) if dot else kept[:NAME_MAX] or "file"


def waiting_path(delivery: Delivery) -> Path:
    """Return where a received file waits until it is in the store.

    It keeps its name, which may tell a year or a bank, in a folder of its own.
    """
    return config().waiting / f"{delivery.pk:010d}" / delivery.name


def receive(
    chunks: Iterable[bytes],
    name: str,
    *,
    at: datetime,
    way: str,
    by: Person | None = None,
    source: Source | None = None,
    origin: str = "",
    traced: Mapping[str, str] | None = None,
    along: Callable[[Delivery], None] | None = None,
) -> Delivery:
    """Write a file down, then its receipt; a crash between the two leaves no receipt.

    Args:
        chunks: its bytes.
        name: as the sender calls it.
        at: now, aware.
        way: ``upload``, ``folder``, ``source`` or ``api``.
        by: who sent it.
        source: where it was fetched.
        origin: which file of a folder or source it was; one origin is received once.
        traced: what the audit trail keeps besides, such as the name of a token.
        along: is done with the receipt in hand, in its transaction.

    Raises:
        RefusedFileError: it is empty or too large.
        django.db.IntegrityError: its origin was received before.
        OSError: the disk is full or broken; nothing is kept.
    """
    folder = config().waiting
    folder.mkdir(parents=True, exist_ok=True)
    partial = folder / f".{os.getpid()}-{os.urandom(6).hex()}.partial"
    hasher, size = hashlib.sha256(), 0
    try:
        with partial.open("wb") as file:
            for chunk in chunks:
                size += len(chunk)
                if size > BYTES_MAX:
                    raise RefusedFileError("files.too_large")
                hasher.update(chunk)
                file.write(chunk)
            file.flush()
            os.fsync(file.fileno())
        if not size:
            raise RefusedFileError("files.empty")
        with transaction.atomic():
            delivery = Delivery.objects.create(
                name=clean_name(name), digest=hasher.hexdigest(), size=size, way=way, by=by,
                source=source, received_at=at, origin=origin,
            )  # fmt: skip
            if along is not None:
                along(delivery)
            audit.record(
                at, by.email if by else way, "file.received", delivery.name, size=size,
                sha256=delivery.digest, **(traced or {}),
            )  # fmt: skip
            target = waiting_path(delivery)
            target.parent.mkdir(parents=True, exist_ok=True)
            partial.replace(target)
            _fsync(target.parent)
            _fsync(folder)
        return delivery
    finally:
        partial.unlink(missing_ok=True)


def _fsync(folder: Path) -> None:
    """Make sure that a name in a folder survives a power cut."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
