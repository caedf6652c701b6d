"""What is dear to make and only read is made once for all processes that run tests."""

from __future__ import annotations

import fcntl
import functools
import hashlib
import json
import os
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from daozhang.store.generations import is_store

SOAK = "DAOZHANG_SOAK" in os.environ


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


@contextmanager
def opened_once(*commands: ModuleType) -> Iterator[None]:
    """Let commands that are called again on the same files go on from what was found of them.

    For tests of what is said of an estate, not of how it is found: each finding takes seconds.
    What ``replay`` found of it is kept too, for the same settings.
    """
    kept: dict[object, Any] = {}

    def memory(find: Callable[..., Any]) -> Callable[..., Any]:
        def found(checked: Any, *how: Any) -> Any:
            key = (find, id(checked), repr(how))
            if key not in kept:
                kept[key] = find(checked, *how)
            return kept[key]

        return found

    def memorised(opening: Callable[..., Any]) -> Callable[..., Any]:
        @contextmanager
        def opened(source: Path, as_of: str | None, *engine: str, **how: Any) -> Iterator[Any]:
            files = sorted((p.name, p.stat().st_mtime_ns) for p in source.glob("*"))
            # Of a folder, other than of a store, no sale is closed: it is always tracked whole.
            whole = is_store(source) and how.get("whole")
            key = (str(source), as_of, engine, whole, *files)
            if key not in kept:
                kept[key] = stack.enter_context(opening(source, as_of, *engine, **how))
            yield kept[key]

        return opened

    with ExitStack() as stack, pytest.MonkeyPatch.context() as patched:
        for command in commands:
            patched.setattr(command, "open_checked", memorised(command.open_checked))
            for name in ("replay", "recoveries"):
                if hasattr(command, name):
                    patched.setattr(command, name, memory(getattr(command, name)))
        yield
