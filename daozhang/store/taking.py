"""Takes one file, whatever it is: canonical first, else by a format reader."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from daozhang.facts import Problem
from daozhang.store import canonical
from daozhang.store.facts_rows import take_facts
from daozhang.store.relations import Relations
from daozhang.store.taken import FactBatch, Taken

__all__ = ["FILE_BYTES_MAX", "Read", "shown_name", "take_file", "unfit"]

FILE_BYTES_MAX: Final = 64 * 2**30
"""Greatest file that is taken, in bytes."""

Read = Callable[[Path, str], tuple[str, Iterable[FactBatch | Problem]] | Problem]
"""Recognises a file by its path and name and returns the format's name and what its reader
yields, or the problem that says why no reader takes it."""


def shown_name(path: Path) -> str:
    """Return a path's last part as it can be printed: bytes that are not UTF-8 become ``?``."""
    return path.name.encode("utf-8", "replace").decode()


def unfit(path: Path, name: str, bytes_max: int = FILE_BYTES_MAX) -> Problem | None:
    """Say why a file cannot be read at all, before anything opens it; None: it can.

    Args:
        path: where the file lies.
        name: what the user calls it.
        bytes_max: greatest size that is taken.
    """
    try:
        path.name.encode()
        status = path.stat()
    except UnicodeEncodeError:
        return Problem(name, None, "bad_name", "the file's name is not UTF-8: rename it")
    except (OSError, RuntimeError) as error:
        # A loop of symbolic links is a RuntimeError in Python 3.11.
        return Problem(name, None, "file_unreadable", f"the file cannot be read: {_why(error)}")
    if not stat.S_ISREG(status.st_mode):
        return Problem(name, None, "not_a_file", "this is not a regular file: give files only")
    if status.st_size > bytes_max:
        found = f"the file has {status.st_size} bytes, more than the limit of {bytes_max}"
        return Problem(name, None, "file_too_large", f"{found}: split it")
    return None


def take_file(
    relations: Relations,
    path: Path,
    name: str,
    read: Read,
    *,
    bytes_max: int = FILE_BYTES_MAX,
    try_canonical: bool = True,
) -> Taken:
    """Take one file's good rows into the relations; nothing it holds raises.

    Args:
        relations: where the rows go.
        path: where the file lies.
        name: what the user calls it; for a canonical file it says the table.
        read: recognises and reads what is not canonical.
        bytes_max: greatest size that is taken.
        try_canonical: False when the user says that it is in a reader's format.

    Returns:
        What came of it; ``format`` None with one error: nobody recognises it.
    """
    refused = unfit(path, name, bytes_max)
    if refused is not None:
        return Taken(name, None, {}, 0, (refused,))
    try:
        found = canonical.recognise(path, name) if try_canonical else None
        if isinstance(found, canonical.Canonical):
            return canonical.load(relations, found)
        answer = read(path, name)
        if isinstance(answer, Problem):
            # What the name promised says more than that no format fits.
            return Taken(name, None, {}, 0, (found or answer,))
        form, stream = answer
        return take_facts(relations, name, form, stream)
    except OSError as error:
        message = f"the file cannot be read: {_why(error)}"
        return Taken(name, None, {}, 0, (Problem(name, None, "file_unreadable", message),))


def _why(error: Exception) -> str:
    """Return the system's reason without the path."""
    reason = error.strerror if isinstance(error, OSError) else None
    return reason or type(error).__name__
