"""What is dear to make and only read is made once for all processes that run tests."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest


def shared_by_all(factory: pytest.TempPathFactory) -> Path:
    """Return the folder that all processes of this run have in common."""
    base = factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


def made_once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """Return the folder that ``make`` filled, whichever process came first.

    The others wait meanwhile. What fails is tried anew by whoever comes next.
    """
    top = shared_by_all(factory)
    place = top / f"shared-{name}"
    with (top / f"shared-{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not place.exists():
            part = factory.mktemp(name)
            make(part)
            part.rename(place)
    return place


@contextmanager
def drawn_once(folder: Path) -> Iterator[None]:
    """Let each picture be drawn once: who wants the same one again gets what was drawn.

    The renderer takes a second to start and a tenth for a picture; every role in every process
    looks at the same ones. ``vegalite_to_svg.__wrapped__`` is the renderer itself.
    """
    import vl_convert

    draw = vl_convert.vegalite_to_svg
    folder.mkdir(exist_ok=True)

    @functools.wraps(draw)
    def remembered(chart: dict[str, Any], **how: Any) -> str:
        told = json.dumps([chart, how], ensure_ascii=False, default=repr)
        place = folder / f"{hashlib.sha256(told.encode()).hexdigest()}.svg"
        if not place.exists():
            part = place.with_suffix(f".{os.getpid()}-{threading.get_ident()}")
            part.write_text(draw(chart, **how), encoding="utf-8")
            part.rename(place)
        return place.read_text(encoding="utf-8")

    vl_convert.vegalite_to_svg = remembered
    try:
        yield
    finally:
        vl_convert.vegalite_to_svg = draw
