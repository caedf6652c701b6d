"""Use case: where is the money of everything in a folder or store, as of a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from daozhang.app.intake import Intake, Progress, sentence_for_nothing, take_folder
from daozhang.app.settings import Settings, load_settings
from daozhang.engine import DuckEngine, Engine
from daozhang.engine.spark import SparkEngine
from daozhang.facts import TABLES, Problem
from daozhang.journey.figures import Figures, draw_figures
from daozhang.journey.pipeline import SQL, NothingKnownError, Outcome, find_journeys
from daozhang.store.parts import Store, is_store

__all__ = ["Checked", "EngineName", "UnusableError", "checked"]

EngineName = Literal["duckdb", "spark"]


class UnusableError(Exception):
    """The call or all of its input cannot be used; the message says what to do (exit status 2)."""

    def __init__(self, message: str, problems: tuple[Problem, ...] = ()) -> None:
        super().__init__(message)
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Checked:
    """One answered question.

    Attributes:
        engine: holds view ``journeys`` and every table behind it while the context is open.
        settings: the terms and what was found wrong with settings.
        intake: what came of each file; None for a store.
        outcome: T, contradictions and identities.
        figures: the sums that every face shows.
    """

    engine: Engine
    settings: Settings
    intake: Intake | None
    outcome: Outcome
    figures: Figures

    @property
    def problems(self) -> tuple[Problem, ...]:
        """Everything found wrong in the user's data, settings first."""
        files = self.intake.problems if self.intake else ()
        return (*self.settings.problems, *files, *self.outcome.problems)


@contextmanager
def checked(
    source: Path,
    *,
    as_of: datetime | None = None,
    engine: EngineName = "duckdb",
    on_file: Callable[[Progress], None] = lambda _: None,
    on_stage: Callable[[str], None] = lambda _: None,
) -> Iterator[Checked]:
    """Track every sale in a folder or store.

    Args:
        source: the folder of files, or a store.
        as_of: T, aware; None: the latest ``known_at``.
        engine: what runs the SQL.
        on_file: told before each file.
        on_stage: told the name of each stage.

    Raises:
        UnusableError: there is nothing that could be answered from.
        BrokenIdentityError: see :mod:`daozhang.journey.identities`.
        EngineError: Spark is asked for and not there.
    """
    if not source.is_dir():
        what = "is a file" if source.exists() else "does not exist"
        raise UnusableError(f"{source} {what}: give a folder of files, or a store")
    store = Store.open(source) if is_store(source) else None
    settings = load_settings(store.settings() if store else _files(source))
    duck = DuckEngine()
    used: Engine = duck
    try:
        intake = _take(duck, source, store, settings, on_file)
        book = settings.book
        if book is None:
            raise UnusableError(_no_terms(source, settings), settings.problems)
        if engine == "spark":
            used = _to_spark(duck)
        try:
            outcome = find_journeys(used, book, as_of, on_stage)
        except NothingKnownError:
            raise UnusableError(
                f"{source}: no fact carries a time, so there is no moment to answer for; add "
                "sales, settlements or bank statements",
                settings.problems,
            ) from None
        figures = draw_figures(used, SQL, outcome.as_of)
        yield Checked(used, settings, intake, outcome, figures)
    finally:
        duck.close()
        if used is not duck:
            used.close()


def _files(folder: Path) -> list[Path]:
    return [path for path in folder.iterdir() if path.is_file()]


def _take(
    duck: DuckEngine,
    source: Path,
    store: Store | None,
    settings: Settings,
    on_file: Callable[[Progress], None],
) -> Intake | None:
    if store is not None:
        store.register(duck.connection)
        return None
    intake = take_folder(duck.connection, source, options=settings.options, progress=on_file)
    nothing = sentence_for_nothing(intake)
    if nothing:
        raise UnusableError(f"{source}: {nothing}", intake.problems)
    return intake


def _no_terms(source: Path, settings: Settings) -> str:
    if settings.has_terms:
        first = next((p for p in settings.problems if p.severity == "error"), None)
        return f"terms.toml cannot be used, so nothing can be promised: {first}"
    return (
        f"{source} has no terms.toml, so it is not known when money is due: run "
        f"'daozhang init {source}' to write one"
    )


def _to_spark(duck: DuckEngine) -> Engine:
    """Hand the facts over to Spark, by way of Arrow."""
    spark = SparkEngine()
    for name in TABLES:
        spark.put(f"raw_{name}", duck.fetch(f"SELECT * FROM raw_{name}"))
    return spark
