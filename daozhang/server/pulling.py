"""Files fetched on a schedule: each new one once, and what goes wrong said in a sentence.

Rules kept here: that a file was fetched is noted in the same transaction as its receipt; a file
that is still growing is left for the next time; one source that cannot be reached does not hold up
the others.
"""

from __future__ import annotations

import hashlib
import re
import time
from collections.abc import Iterator
from datetime import datetime, timedelta
from fnmatch import fnmatch
from typing import Any, Final

import structlog
from django.db import IntegrityError

from daozhang.server.models import Delivery, Source
from daozhang.server.places import Place, PlaceError, opened
from daozhang.server.receiving import RefusedFileError, receive

__all__ = ["FILES_MAX", "fetch", "pull"]

FILES_MAX: Final = 500
"""Most files that are fetched from one source at a time; the rest follow the next time."""
SETTLE_SECONDS: Final = 2.0
_CHUNK: Final = 2**20
_ERROR_MAX: Final = 400
_UNFINISHED: Final = ("*.part", "*.partial", "*.tmp", "*.filepart", "*.crdownload", ".*", "~*")
_PASSWORD: Final = re.compile(r"(?<=:)[^:@/\s]+(?=@)")

_log = structlog.get_logger("daozhang.pulling")


def pull(at: datetime) -> int:
    """Fetch from all sources whose time has come; return how many files came.

    Args:
        at: now, aware.
    """
    count = 0
    for source in Source.objects.filter(enabled=True).exclude(address="").order_by("pk"):
        due = source.last_tried_at is None or at >= source.last_tried_at + timedelta(
            minutes=source.every_minutes
        )
        if due:
            count += fetch(source, at)
    return count


def fetch(source: Source, at: datetime) -> int:
    """Fetch what is new at a source; an error is noted with it, never raised.

    Args:
        source: where.
        at: now, aware.
    """
    source.last_tried_at = at
    source.save(update_fields=["last_tried_at"])
    count, error = 0, ""
    try:
        with opened(source.address) as place:
            for path, mark in _settled(place, source):
                count += _receive(place, path, mark, source, at)
    except PlaceError as wrong:
        error = f"{wrong.key}|{wrong.detail}"
    # Libraries of five kinds have errors of their own; each is a sentence for a person.
    except Exception as wrong:  # noqa: BLE001
        error = _error(wrong)
        _log.warning("not fetched", source=source.name, why=error)
    Source.objects.filter(pk=source.pk).update(last_error=error[:_ERROR_MAX])
    return count


def _error(wrong: Exception) -> str:
    """Return the key of a sentence and a detail without passwords."""
    name = type(wrong).__name__
    detail = _PASSWORD.sub("…", str(wrong)).splitlines()
    kind = "failed"
    if name == "UnknownHostError":
        kind = "unknown_host"
    elif name in {"AuthenticationException", "NoCredentialsError"} or isinstance(
        wrong, PermissionError
    ):
        kind = "login"
    elif isinstance(wrong, (FileNotFoundError, NotADirectoryError)):
        kind = "not_there"
    elif (
        isinstance(wrong, (TimeoutError, ConnectionError))
        or "Connect" in name
        or ("timed out" in str(wrong))
    ):
        kind = "unreachable"
    elif isinstance(wrong, OSError) and wrong.errno is not None and "NoValid" not in name:
        kind = "unreachable" if name == "gaierror" else "failed"
    return f"{kind}|{name}: {detail[0] if detail else ''}"


def _settled(place: Place, source: Source) -> Iterator[tuple[str, str]]:
    """Yield path and mark of each new file that has stopped growing."""
    seen = source.seen
    fresh = {path: mark for path, mark in _listed(place).items() if seen.get(path) != mark}
    if not fresh:
        return
    time.sleep(SETTLE_SECONDS)
    again = _listed(place)
    for path, mark in sorted(fresh.items())[:FILES_MAX]:
        if again.get(path) == mark:
            yield path, mark


def _listed(place: Place) -> dict[str, str]:
    """Return the files of a place: path → what changes when the file does."""
    files, path = place.files, place.path
    files.invalidate_cache()
    if "*" in path.rsplit("/", 1)[-1]:
        folder, _, pattern = path.rpartition("/")
        entries = files.ls(folder or "/", detail=True)
    elif place.kind in {"http", "https"} and not path.endswith("/"):
        entries, pattern = [{"name": path, "type": "file"}], "*"
    elif place.kind not in {"http", "https"} and files.isfile(path):
        entries, pattern = [files.info(path)], "*"
    else:
        entries, pattern = files.ls(path, detail=True), "*"
    found = {}
    for entry in entries:
        name = _base(entry["name"])
        unfit = not name or any(fnmatch(name.lower(), one) for one in _UNFINISHED)
        if entry["type"] == "file" and not unfit and fnmatch(name, pattern):
            if place.kind in {"http", "https"}:
                entry = files.info(entry["name"])  # noqa: PLW2901 - a listing has no sizes
            found[str(entry["name"])] = _mark(entry)
    return found


def _base(path: str) -> str:
    return path.split("?", 1)[0].rstrip("/").rsplit("/", 1)[-1]


def _mark(entry: dict[str, Any]) -> str:
    """Return what tells one state of a file from another."""
    told = (entry.get(name) for name in ("ETag", "mtime", "LastModified", "Last-Modified"))
    changed = next((one for one in told if one), "")
    if isinstance(changed, datetime):
        changed = changed.isoformat()
    return f"{entry.get('size')}:{changed}"


def _receive(place: Place, path: str, mark: str, source: Source, at: datetime) -> int:
    origin = f"source:{source.pk}:" + hashlib.sha256(f"{path}\0{mark}".encode()).hexdigest()

    def note() -> None:
        source.seen[path] = mark
        source.save(update_fields=["seen"])

    if Delivery.objects.filter(origin=origin).exists():
        note()
        return 0
    options = {"block_size": 0} if place.kind in {"http", "https"} else {}
    try:
        with place.files.open(path, "rb", **options) as file:
            receive(
                iter(lambda: file.read(_CHUNK), b""), _base(path), at=at, way="source",
                source=source, origin=origin, along=lambda _: note(),
            )  # fmt: skip
    except RefusedFileError:  # Empty or too large; another state of it may be better.
        note()
        return 0
    except IntegrityError:  # Another worker was quicker.
        return 0
    return 1
