"""Use case: take a folder of files, or single ones, as facts.

Rules kept here (contract §1): a folder is not read recursively; canonical files are taken as they
are, every other file goes to the format readers; our own outputs and anything unknown are named
and skipped. One refused file among good ones changes nothing but the report.
"""

from __future__ import annotations

import importlib
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import duckdb

from daozhang.facts import TABLES, Problem
from daozhang.formats.base import Options
from daozhang.store.canonical import CANONICAL_CSV, CANONICAL_PARQUET
from daozhang.store.export import write_csv
from daozhang.store.parts import is_settings
from daozhang.store.relations import Relations
from daozhang.store.taking import FILE_BYTES_MAX, Read, shown_name, take_file, unfit

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from daozhang.store.taken import FactBatch, Period, Taken

__all__ = [
    "FileKind",
    "FileReport",
    "Intake",
    "Meter",
    "Progress",
    "is_own_output",
    "located_json",
    "read_files",
    "reading_with",
    "sentence_for_nothing",
    "take_folder",
]

FileKind = Literal["facts", "own_output", "terms", "ignored", "refused"]

FOLDER_FILES_MAX: Final = 100_000
"""Most entries of a folder that are looked at."""

_OWN_OUTPUT: Final = re.compile(
    r"(late_list|unknown_list|unexplained_credits|missing_statements|fees|speed|late_by_\w+"
    r"|money_(by_status|by_day|flow)|overdue_places|pace_minutes|punctuality|leg_times"
    r"|gap_counts)\.csv"
    r"|journeys\.parquet|(incidents|summary|replay)\.json|truth([-_.].*)?|.*\.html?",
    re.IGNORECASE,
)
_NOT_FACTS: Final = re.compile(
    r"[.].*|~\$.*|(readme|licen[sc]e|notice|changelog|copying)([-_.].*)?|.*\.(md|rst)|thumbs\.db"
    r"|desktop\.ini|.*\.proposed\.(toml|csv)|.*\.(tmp|swp|bak|part|crdownload)",
    re.IGNORECASE | re.DOTALL,
)


@dataclass(frozen=True, slots=True)
class Progress:
    """How far an intake is: the file being read, and bytes of all that are behind it."""

    file: str
    bytes_done: int
    bytes_total: int


class Meter:
    """Adds up the bytes of files as they are read, and tells how far the whole is."""

    def __init__(self, paths: Iterable[Path], told: Callable[[Progress], None] | None) -> None:
        self._total = sum(map(_size, paths))
        self._told = told
        self._file = ""
        self._before = 0
        self._size = 0
        self._within = 0

    def begin(self, path: Path) -> None:
        """Begin the next file."""
        self._before += self._size
        self._file, self._size, self._within = shown_name(path), _size(path), 0
        self._tell()

    def consumed(self, count: int) -> None:
        """Count bytes that a reader took; an archive's are more than its size, unpacked."""
        self._within += count
        self._tell()

    def _tell(self) -> None:
        if self._told is not None:
            done = self._before + min(self._within, self._size)
            self._told(Progress(self._file, done, self._total))


@dataclass(frozen=True, slots=True)
class FileReport:
    """What came of one file.

    Attributes:
        file: its name.
        format: what it was read as; None: nothing of it was read as facts.
        rows: rows taken, by table.
        problems: errors and warnings, with their lines.
        kind: ``facts``; ``own_output`` (written by an earlier run); ``terms`` (terms, profiles
            and calendars: read elsewhere); ``ignored`` (not meant as facts); ``refused``.
        period: first and last event time of its facts, in UTC.
        refused_rows: rows refused.
    """

    file: str
    format: str | None
    rows: dict[str, int]
    problems: tuple[Problem, ...]
    kind: FileKind
    period: Period | None = None
    refused_rows: int = 0


@dataclass(frozen=True, slots=True)
class Intake:
    """What came of all files, by name."""

    files: tuple[FileReport, ...]

    @property
    def rows(self) -> dict[str, int]:
        """Rows taken, by table, over all files."""
        total = dict.fromkeys(TABLES, 0)
        for file in self.files:
            for table, count in file.rows.items():
                total[table] += count
        return {table: count for table, count in total.items() if count}

    @property
    def problems(self) -> tuple[Problem, ...]:
        """All problems, file by file."""
        return tuple(problem for file in self.files for problem in file.problems)

    @property
    def skipped(self) -> tuple[FileReport, ...]:
        """The files that gave no facts and are not terms."""
        return tuple(f for f in self.files if f.kind not in ("facts", "terms"))


def reading_with(options: Options, readers: Any = None, form: str | None = None) -> Read:
    """Return how files that are not canonical are read.

    Args:
        options: time zone, currency and mapping profiles for the readers.
        readers: what has the functions of :mod:`daozhang.formats.registry` that are used here;
            None: that module.
        form: the format that the user names; None: it is recognised.
    """

    def read(path: Path, name: str) -> tuple[str, Iterable[FactBatch | Problem]] | Problem:
        # The readers are heavy; a folder of canonical files needs none of them.
        registry = readers or importlib.import_module("daozhang.formats.registry")
        if form is not None:
            return form, registry.read_file(path, options, name=name, format=form)
        reader = registry.recognise(path, name, options.profiles)
        if isinstance(reader, Problem):
            return reader
        return str(reader.name), registry.read_with(reader, path, options, name)

    return read


def take_folder(
    con: duckdb.DuckDBPyConnection,
    folder: Path,
    *,
    options: Options | None = None,
    readers: Any = None,
    progress: Callable[[Progress], None] | None = None,
    bytes_max: int = FILE_BYTES_MAX,
) -> Intake:
    """Take all files of a folder; afterwards the connection has the ``raw_*`` relations.

    Args:
        con: a DuckDB connection in no transaction, with ``SET TimeZone = 'UTC'``. Clean Parquet
            files are read where they lie, so they must stay as long as it is used.
        folder: the folder; what lies in folders inside it is not read.
        options: time zone, currency and mapping profiles for the format readers.
        readers: see :func:`reading_with`.
        progress: told before each file and as it is read.
        bytes_max: greatest file that is taken.

    Returns:
        A report of every file, by name. Relations of tables that no file gave are empty.

    Raises:
        OSError: the folder cannot be listed.
    """
    relations = Relations(con)
    inside = folder.resolve()
    names = sorted(folder.iterdir(), key=lambda path: path.name)
    reports = [_report_many(folder, len(names))] if len(names) > FOLDER_FILES_MAX else []
    paths = [path for path in names[:FOLDER_FILES_MAX] if path.is_symlink() or not path.is_dir()]
    meter = Meter(paths, progress)
    read = reading_with(replace(options or Options(), progress=meter.consumed), readers)
    for path in paths:
        name = shown_name(path)
        meter.begin(path)
        report = _report_of_name(path, name, inside, bytes_max)
        if report is None:
            report = _report(take_file(relations, path, name, read, bytes_max=bytes_max))
        if report is not _FOLDER:
            reports.append(report)
    relations.publish()
    return Intake(tuple(reports))


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except (OSError, RuntimeError):
        return 0


def _report_many(folder: Path, count: int) -> FileReport:
    found = f"the folder has {count} entries; only the first {FOLDER_FILES_MAX} are read"
    problem = Problem(folder.name, None, "too_many_files", f"{found}: split it, or use a store")
    return FileReport(folder.name, None, {}, (problem,), "refused")


_FOLDER: Final = FileReport("", None, {}, (), "ignored")


def is_own_output(name: str) -> bool:
    """Say whether a file's name is one that an answer is written under."""
    return _OWN_OUTPUT.fullmatch(name) is not None


def _report_of_name(path: Path, name: str, inside: Path, bytes_max: int) -> FileReport | None:
    """Return the report of a file that its name or place decides; None: look into it."""
    if path.is_symlink():
        try:
            target = path.resolve(strict=True)
        except (OSError, RuntimeError):
            return _refused(name, "symlink_broken", "a symbolic link to nothing: remove it")
        if inside not in target.parents:
            message = "a symbolic link that leads out of the folder: copy the file in instead"
            return _refused(name, "symlink_outside", message)
        if target.is_dir():
            return _FOLDER
    if is_settings(name):
        return FileReport(name, None, {}, (), "terms")
    if is_own_output(name):
        return _skipped(name, "own_output", "an answer of an earlier run: it is not read as facts")
    if _NOT_FACTS.fullmatch(name):
        return _skipped(name, "ignored", "not a file of facts by its name: it is not read")
    problem = unfit(path, name, bytes_max)
    return FileReport(name, None, {}, (problem,), "refused") if problem else None


def _refused(name: str, code: str, message: str) -> FileReport:
    return FileReport(name, None, {}, (Problem(name, None, code, message),), "refused")


def _skipped(name: str, kind: Literal["own_output", "ignored"], message: str) -> FileReport:
    problem = Problem(name, None, kind, message, "warning")
    return FileReport(name, None, {}, (problem,), kind)


def _report(taken: Taken) -> FileReport:
    """Return the report of a file that was looked into."""
    failed = any(problem.severity == "error" for problem in taken.problems)
    # A file with a header and no row is a good file of nothing.
    good = taken.rows or (taken.format is not None and not failed)
    return FileReport(
        taken.file,
        taken.format,
        taken.rows,
        taken.problems,
        "facts" if good else "refused",
        taken.period,
        taken.refused,
    )


def sentence_for_nothing(intake: Intake) -> str:
    """Return one sentence that says why no file gave facts and what to do; empty: some did."""
    if intake.rows:
        return ""
    refused = [file for file in intake.files if file.kind == "refused"]
    if refused:
        first = next((p for f in refused for p in f.problems if p.severity == "error"), None)
        why = f"; the first problem: {first}" if first else ""
        return f"No facts: none of {_count(len(refused))} could be read{why}"
    if any(file.kind == "facts" for file in intake.files):
        return "No facts: the files have headers and no rows"
    names = ", ".join(file.file for file in intake.files[:5])
    seen = f" (it holds only {names})" if names else " (it is empty)"
    return f"No facts: put files such as sales.csv or a bank statement into the folder{seen}"


def _count(files: int) -> str:
    return "1 file" if files == 1 else f"{files} files"


def read_files(
    paths: Iterable[Path],
    options: Options,
    *,
    format: str | None = None,  # noqa: A002 - the name that the command line has for it
    out: Path | None = None,
    readers: Any = None,
    progress: Callable[[Progress], None] | None = None,
) -> Iterator[dict[str, object]]:
    """Read files one by one, as ``daozhang read FILE…`` does.

    Args:
        paths: the files.
        options: time zone, currency and mapping profiles.
        format: reads every file as this; None: each is recognised.
        out: where each file's facts go as canonical CSV (``sales-<name>.csv``); None: nowhere.
        readers: see :func:`reading_with`.
        progress: told before each file and as it is read.

    Yields:
        For each file {file, format or None, rows: {table: count}, errors: [{line, code,
        message}], warnings: [the same]} (contract §5). A file that nobody recognises has format
        None and one error.

    Raises:
        ValueError: the named format is unknown.
        OSError: ``out`` cannot be made or written.
    """
    chosen = None if format in (CANONICAL_CSV, CANONICAL_PARQUET) else format
    waiting = list(paths)
    meter = Meter(waiting, progress)
    read = reading_with(replace(options, progress=meter.consumed), readers, chosen)
    written: set[str] = set()
    if out is not None:
        out.mkdir(parents=True, exist_ok=True)
    for path in waiting:
        meter.begin(path)
        con = duckdb.connect()
        try:
            con.execute("SET TimeZone = 'UTC'")
            relations = Relations(con)
            taken = take_file(relations, path, shown_name(path), read, try_canonical=chosen is None)
            if out is not None:
                for table in taken.rows:
                    write_csv(relations, table, out / _out_name(table, path, written))
        finally:
            con.close()
        told: dict[str, list[dict[str, object]]] = {"error": [], "warning": []}
        for problem in taken.problems:
            told[problem.severity].append(located_json(problem, taken.file))
        yield {
            "file": taken.file,
            "format": taken.format,
            "rows": taken.rows,
            "errors": told["error"],
            "warnings": told["warning"],
        }


def located_json(problem: Problem, file: str) -> dict[str, object]:
    """Return a problem as JSON; one inside an archive names the file in it."""
    inside = problem.file.removeprefix(f"{file}/")
    if inside == problem.file:
        return problem.to_json()
    return {**problem.to_json(), "message": f"{inside}: {problem.message}"}


def _out_name(table: str, path: Path, written: set[str]) -> str:
    """Return a file name that says the table and where its facts are from, unlike all before."""
    stem = re.sub(r"[^\w.-]+", "_", shown_name(path.with_suffix("")))[:100].strip("._-")
    lowered = stem.lower()
    if lowered == table or lowered.startswith((f"{table}-", f"{table}_")):
        stem = stem[len(table) + 1 :]
    base = f"{table}-{stem}" if stem else table
    name, copy = f"{base}.csv", 1
    while name.casefold() in written:
        copy += 1
        name = f"{base}-{copy}.csv"
    written.add(name.casefold())
    return name
