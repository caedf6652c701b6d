"""What takes long and stays the same: made once, kept in a file, read by everybody.

Rules kept here: a file is there whole or not at all; of many who ask at once, one makes it and the
others wait for it.
"""

from __future__ import annotations

import os
import pickle
import tempfile
import threading
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

__all__ = ["made_once", "remembered"]

T = TypeVar("T")
_locks: dict[str, threading.Lock] = defaultdict(threading.Lock)


def made_once(path: Path, make: Callable[[Path], None]) -> None:
    """Make a file unless it is there.

    Args:
        path: the file.
        make: writes it to the path that it is given; another one than ``path``.

    Raises:
        OSError: the disk is full or broken; the file is not there then.
    """
    if path.is_file():
        return
    with _locks[str(path)]:
        if path.is_file():
            return
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
        os.close(handle)
        unfinished = Path(name)
        try:
            make(unfinished)
            unfinished.replace(path)
        finally:
            unfinished.unlink(missing_ok=True)


def remembered(path: Path, make: Callable[[], T]) -> T:
    """Return a value of this program's own that is kept in a file; made if it is not there.

    Args:
        path: the file, in a folder that only this program writes to.
        make: works the value out.
    """
    made_once(path, lambda unfinished: _write(unfinished, make()))
    found: T = pickle.loads(path.read_bytes())  # noqa: S301 - written by this program
    return found


def _write(path: Path, value: object) -> None:
    path.write_bytes(pickle.dumps(value))
