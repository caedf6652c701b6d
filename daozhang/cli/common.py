"""What commands share: errors as sentences, progress, moments."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

from daozhang.app.check import Checked, EngineName, UnusableError, checked
from daozhang.app.intake import Progress
from daozhang.app.settings import TERMS
from daozhang.journey.known import start_of_day

__all__ = ["UNUSABLE", "as_moment", "open_checked", "print_json", "progress_shown", "say_error"]

UNUSABLE = 2
"""Exit status: the call or all input is unusable."""


def print_json(value: object) -> None:
    """Print one JSON value on standard output."""
    sys.stdout.write(json.dumps(value, ensure_ascii=False, default=str) + "\n")


def say_error(message: str, *, as_json: bool) -> None:
    """Say what is wrong, on standard error; with ``--json`` as an object on standard output."""
    if as_json:
        print_json({"error": message})
    else:
        sys.stderr.write(f"daozhang: {message}\n")


def as_moment(text: str | None, source: Path) -> datetime | None:
    """Return the instant that ``--as-of`` means; a bare date means its end in the terms' zone.

    Raises:
        UnusableError: the text is neither.
    """
    if text is None:
        return None
    try:
        if len(text) == len("2026-05-01"):
            return start_of_day(date.fromisoformat(text) + timedelta(days=1), _zone(source))
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None:
            moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):
        moment = None
    if moment is None or moment.tzinfo is None:
        raise UnusableError("bad_moment", text=repr(text))
    return moment


def _zone(source: Path) -> str:
    from daozhang.app.settings import load_settings

    settings = load_settings([source / TERMS] if (source / TERMS).is_file() else [])
    return settings.book.timezone if settings.book else "UTC"


@contextmanager
def open_checked(
    source: Path,
    as_of: str | None,
    engine: EngineName = "duckdb",
    *,
    quiet: bool = False,
    whole: bool = False,
) -> Iterator[Checked]:
    """As :func:`daozhang.app.check.checked`, with progress on standard error."""
    moment = as_moment(as_of, source)
    with progress_shown(quiet=quiet) as (on_file, on_stage):
        context = checked(
            source, as_of=moment, engine=engine, on_file=on_file, on_stage=on_stage, whole=whole
        )
        found = context.__enter__()
    try:
        yield found
    finally:
        context.__exit__(None, None, None)


@contextmanager
def progress_shown(
    *, quiet: bool
) -> Iterator[tuple[Callable[[Progress], None], Callable[[str], None]]]:
    """Show a bar while files are read and steps run; nothing where nobody watches."""
    if quiet or not sys.stderr.isatty():
        yield (lambda _: None), (lambda _: None)
        return
    from rich.console import Console
    from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
    from rich.progress import Progress as Bar

    stages = ("facts", "promises", "settlement", "credits", "journeys", "identities")
    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(),
    )  # fmt: skip
    with Bar(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task("…", total=None)

        def on_file(progress: Progress) -> None:
            bar.update(
                task,
                description=progress.file[:40],
                completed=progress.bytes_done,
                total=progress.bytes_total or None,
            )

        def on_stage(stage: str) -> None:
            place = stages.index(stage) if stage in stages else 0
            bar.update(task, description=stage, completed=place, total=len(stages))

        yield on_file, on_stage
