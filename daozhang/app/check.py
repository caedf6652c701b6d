"""Use case: where is the money of everything in a folder or store, as of a moment."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path
from typing import Literal

from daozhang.app.books import Resumed, close_books, resume
from daozhang.app.earlier import Basis, Earlier
from daozhang.app.intake import FileReport, Intake, Progress, take_folder
from daozhang.app.located import located
from daozhang.app.settings import Settings, load_settings
from daozhang.app.words_errors import WORDS
from daozhang.cause.doubts import Doubt
from daozhang.cause.incidents import put_causes
from daozhang.engine import DuckEngine, Engine
from daozhang.engine.spark import SparkEngine
from daozhang.facts import TABLES, Problem
from daozhang.journey.figures import Figures, draw_figures
from daozhang.journey.pipeline import SQL, NothingKnownError, Outcome, find_journeys
from daozhang.journey.terms import TermsBook
from daozhang.store.parts import Store, is_store

__all__ = ["Checked", "EngineName", "UnusableError", "checked"]

NAMES_SHOWN = 5
"""How many names of files a sentence lists."""

EngineName = Literal["duckdb", "spark"]


class UnusableError(Exception):
    """The call or all of its input cannot be used (exit status 2).

    Attributes:
        problems: everything found wrong with the files, for a closer look.
    """

    def __init__(self, key: str, problems: tuple[Problem, ...] = (), **values: object) -> None:
        """Say why by a key of :mod:`daozhang.app.words_errors` and its values."""
        self._key, self._values = key, values
        self.problems = problems
        super().__init__(self.said("en"))

    def said(self, lang: str) -> str:
        """Return the sentence that says why and what to do, in a language."""
        spoken = {
            name: value.said(lang) if isinstance(value, Problem) else value
            for name, value in self._values.items()
        }
        return WORDS[lang][self._key].format(**spoken)


@dataclass(frozen=True, slots=True)
class Checked:
    """One answered question.

    Attributes:
        engine: holds view ``journeys`` and every table behind it while the context is open.
        settings: the terms and what was found wrong with settings.
        intake: what came of each file; of a store, what its receipts say.
        outcome: T, contradictions and identities.
        figures: the sums that every face shows.
        basis: what was answered from; None: not all of a store.
        earlier: the snapshot that holds the closed sales' rows of the tables behind the journeys;
            None: they are all in the engine.
    """

    engine: Engine
    settings: Settings
    intake: Intake | None
    outcome: Outcome
    figures: Figures
    basis: Basis | None = None
    earlier: Earlier | None = None

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
    whole: bool = False,
    earlier: Earlier | None = None,
) -> Iterator[Checked]:
    """Track every sale in a folder or store.

    Of a store only what is new and what is open is tracked; the journeys that earlier runs closed
    are read as they were written (:mod:`daozhang.app.books`).

    Args:
        source: the folder of files, or a store.
        as_of: T, aware; None: the latest ``known_at``.
        engine: what runs the SQL.
        on_file: told before each file.
        on_stage: told the name of each stage.
        whole: track closed sales too, so that every table behind a journey is there.
        earlier: with ``whole``, of a store as it is now: closed sales are not tracked again where
            this snapshot holds their rows, and the books are closed after the run.

    Raises:
        UnusableError: there is nothing that could be answered from.
        BrokenIdentityError: see :mod:`daozhang.journey.identities`.
        EngineError: Spark is asked for and not there.
    """
    if not source.is_dir():
        raise UnusableError(
            "source_is_file" if source.exists() else "source_missing", source=source
        )
    store = Store.open(source) if is_store(source) else None
    settings = load_settings(store.settings() if store else _files(source))
    duck = DuckEngine()
    used: Engine = duck
    try:
        intake = _take(duck, source, store, settings, on_file)
        book = settings.book
        if book is None:
            raise _no_terms(source, settings)
        if engine == "spark":
            used = _to_spark(duck)
        resumed = None
        if store is not None and as_of is None and used is duck and not (whole and earlier is None):
            resumed = resume(duck, store, book, earlier.holds if whole and earlier else None)
        try:
            outcome, doubts = _tracked(used, book, as_of, on_stage, resumed)
        except NothingKnownError:
            raise UnusableError("no_times", settings.problems, source=source) from None
        figures = draw_figures(used, SQL, outcome.as_of)
        if resumed is not None:
            on_stage("closing")
            # What is found again in every run is not remembered, so that it can be mended.
            remembered = located((d for d in doubts if d.table == "sales"), None)
            close_books(duck, resumed, book, _with_problems(outcome, remembered))
        outcome = _with_problems(outcome, located(doubts, None if store else source))
        if figures.first_sale is None:
            _refuse_if_too_early(used, outcome, settings)
        taken = earlier if resumed is not None and resumed.closed is not None else None
        basis = _basis(resumed, taken)
        yield Checked(used, settings, intake, outcome, figures, basis, taken)
    finally:
        duck.close()
        if used is not duck:
            used.close()


def _tracked(
    engine: Engine,
    book: TermsBook,
    as_of: datetime | None,
    on_stage: Callable[[str], None],
    resumed: Resumed | None,
) -> tuple[Outcome, list[Doubt]]:
    """Find the journeys, going on from closed books where there are any."""
    doubts: list[Doubt] = []

    def blame(engine: Engine, book: TermsBook, moment: datetime) -> None:
        doubts.extend(put_causes(engine, book, moment))

    if resumed is None or resumed.closed is None:
        return find_journeys(engine, book, as_of, on_stage, blame=blame), doubts
    outcome = find_journeys(engine, book, resumed.as_of, on_stage, resumed.closed, blame=blame)
    return _with_problems(outcome, (), before=resumed.problems), doubts


def _basis(resumed: Resumed | None, taken: Earlier | None) -> Basis | None:
    if resumed is None:
        return None
    grown = taken.basis.grown + 1 if taken and taken.basis else 0
    return Basis(resumed.fingerprint, resumed.files, grown)


def _with_problems(
    outcome: Outcome, found: Iterable[Problem], before: tuple[Problem, ...] = ()
) -> Outcome:
    told = dict.fromkeys((*before, *outcome.problems, *found))
    return replace(outcome, problems=tuple(told))


def _refuse_if_too_early(engine: Engine, outcome: Outcome, settings: Settings) -> None:
    """Refuse a moment before the first sale was known: nothing would look like all is well.

    Raises:
        UnusableError: there are sales, and all of them became known later.
    """
    ((first,),) = engine.rows("SELECT min(coalesce(known_at, captured_at)) FROM raw_sales")
    if isinstance(first, datetime) and first > outcome.as_of:
        raise UnusableError(
            "too_early", settings.problems, moment=_shown(outcome.as_of), first=_shown(first)
        )


def _shown(moment: datetime) -> str:
    return moment.isoformat(sep=" ", timespec="minutes")


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
        return _remembered(store)
    intake = take_folder(duck.connection, source, options=settings.options, progress=on_file)
    if not intake.rows:
        raise _nothing(source, intake)
    return intake


def _remembered(store: Store) -> Intake:
    """Return what a store's receipts say of its files: refused rows are not forgotten."""
    return Intake(
        tuple(
            FileReport(
                receipt.file, receipt.format, receipt.rows, receipt.problems, "facts",
                refused_rows=receipt.refused,
            )
            for receipt in sorted(store.receipts(), key=lambda r: (r.file, r.id))
        )
    )  # fmt: skip


def _nothing(source: Path, intake: Intake) -> UnusableError:
    """Say why no file gave facts."""
    refused = [file for file in intake.files if file.kind == "refused"]
    if refused:
        first = next(p for f in refused for p in f.problems if p.severity == "error")
        return UnusableError(
            "all_refused", intake.problems, source=source, count=len(refused), problem=first
        )
    if any(file.kind == "facts" for file in intake.files):
        return UnusableError("no_rows", intake.problems, source=source)
    names = ", ".join(file.file for file in intake.files[:NAMES_SHOWN])
    key = "nothing_to_read" if names else "empty_folder"
    return UnusableError(key, intake.problems, source=source, names=names)


def _no_terms(source: Path, settings: Settings) -> UnusableError:
    first = next((p for p in settings.problems if p.severity == "error"), None)
    if not settings.has_terms or first is None:
        return UnusableError("no_terms", settings.problems, source=source)
    return UnusableError("bad_terms", settings.problems, problem=first)


def _to_spark(duck: DuckEngine) -> Engine:
    """Hand the facts over to Spark, by way of Arrow."""
    spark = SparkEngine()
    for name in TABLES:
        spark.put(f"raw_{name}", duck.fetch(f"SELECT * FROM raw_{name}"))
    return spark
