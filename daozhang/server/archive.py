"""A backup's file: a tar whose first member says what the others are and their SHA-256.

Rules kept here: a file is there whole or not at all and never written over; what is read back is
checked byte by byte before anything counts, and nothing is put outside the folder it belongs to.
This module knows nothing of the database.
"""

from __future__ import annotations

import hashlib
import io
import json
import os
import shutil
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import IO, Any, Final

__all__ = ["DUMP", "RefusedError", "pack", "partial_of", "unpack"]

CONTENTS: Final = "contents.json"
DUMP: Final = "database.jsonl"
"""The member that holds the rows of the database."""
VERSION: Final = 1
CONTENTS_BYTES_MAX: Final = 512 * 2**20
_CHUNK: Final = 2**20


class RefusedError(Exception):
    """A backup cannot be made or put back; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class _Member:
    sha256: str
    size: int


def partial_of(target: Path) -> Path:
    """Return where this process writes a backup until it is whole."""
    return target.with_name(f".{target.name}.{os.getpid()}.partial")


def pack(folder: Path, target: Path, about: Mapping[str, Any]) -> int:
    """Write all files of a folder into a new backup; return how many bytes they have.

    Args:
        folder: what is to be kept; it must not change meanwhile.
        target: the backup; readable by its owner only.
        about: what else is to be known of it.

    Raises:
        RefusedError: the target is there already.
        OSError: the disk is full or broken; there is no target then.
    """
    if target.exists():
        raise RefusedError(f"{target} is there already: name a new file")
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    members = {str(path.relative_to(folder)): _measured(path) for path in paths}
    told = {
        "version": VERSION,
        **about,
        "members": {name: [m.sha256, m.size] for name, m in members.items()},
    }
    head = json.dumps(told, ensure_ascii=False, indent=1).encode()
    partial = partial_of(target)
    handle = os.open(partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            with tarfile.open(fileobj=file, mode="w", format=tarfile.PAX_FORMAT) as tar:
                info = tarfile.TarInfo(CONTENTS)
                info.size = len(head)
                tar.addfile(info, io.BytesIO(head))
                for path in paths:
                    info = tarfile.TarInfo(str(path.relative_to(folder)))
                    info.size = path.stat().st_size
                    with path.open("rb") as source:
                        tar.addfile(info, source)
            file.flush()
            os.fsync(file.fileno())
        os.link(partial, target)  # Unlike a rename, this never replaces a file.
    except FileExistsError:
        raise RefusedError(f"{target} is there already: name a new file") from None
    finally:
        partial.unlink(missing_ok=True)
    return sum(member.size for member in members.values())


def _measured(path: Path) -> _Member:
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return _Member(digest, path.stat().st_size)


def unpack(source: Path, folder: Path) -> dict[str, Any]:
    """Put a backup's files into a new folder; return what is known of it.

    Raises:
        RefusedError: it is no backup, of another version, incomplete or changed; the folder is
            not there then.
        OSError: the disk is full or broken.
    """
    folder.mkdir(parents=True)
    try:
        with tarfile.open(source, mode="r:") as tar:
            return _unpacked(tar, folder, source)
    except (tarfile.TarError, ValueError, KeyError, TypeError, AttributeError) as error:
        shutil.rmtree(folder)
        raise RefusedError(f"{source} is no backup of daozhang, or damaged: {error}") from None
    except BaseException:
        shutil.rmtree(folder)
        raise


def _unpacked(tar: tarfile.TarFile, folder: Path, source: Path) -> dict[str, Any]:
    about = _contents(tar, source)
    left = {name: _Member(*told) for name, told in about.pop("members").items()}
    for info in tar:
        if info.name == CONTENTS:
            continue
        member = left.pop(info.name, None)
        if member is None or not info.isfile() or not _is_inside(info.name):
            raise RefusedError(f"{source}: {info.name} is not among its contents")
        stream = tar.extractfile(info)
        assert stream is not None, "a regular file has content"
        _put(stream, folder / info.name, member, source)
    if left:
        raise RefusedError(f"{source} lacks {min(left)} and is cut off: take another backup")
    return about


def _contents(tar: tarfile.TarFile, source: Path) -> dict[str, Any]:
    first = tar.next()
    if first is None or first.name != CONTENTS or first.size > CONTENTS_BYTES_MAX:
        raise RefusedError(f"{source} is no backup of daozhang")
    stream = tar.extractfile(first)
    assert stream is not None
    about: dict[str, Any] = json.loads(stream.read())
    if about["version"] != VERSION:
        raise RefusedError(f"{source} was made by another version: use that one to put it back")
    return about


def _is_inside(name: str) -> bool:
    path = PurePosixPath(name)
    return not path.is_absolute() and ".." not in path.parts


def _put(stream: IO[bytes], target: Path, member: _Member, source: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    hasher, size = hashlib.sha256(), 0
    handle = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(handle, "wb") as file:
        while chunk := stream.read(_CHUNK):
            hasher.update(chunk)
            size += len(chunk)
            file.write(chunk)
    if (hasher.hexdigest(), size) != (member.sha256, member.size):
        name = target.name
        raise RefusedError(f"{source}: {name} is not as it was written: take another backup")
