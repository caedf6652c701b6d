"""Which merged parts of a store stand: a manifest for each generation, and a mark that names one.

Layout: ``generations/<n>.json`` says for each table which merged parts there are and which files'
rows they hold; ``store.json`` names the generation that stands, with its SHA-256. A compaction
writes new parts, then a new manifest, then the mark: the mark's rename is the moment at which all
of it happens. A store that was never compacted is generation 0 and keeps the mark of version 1,
which earlier programs read too.

A reader holds its generation's manifest with a shared lock for as long as it reads; a writer clears
away what only earlier generations need, once nobody holds them. No reader waits for a writer, no
writer for a reader, and the system frees the locks of those who die.
"""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from daozhang.facts import TABLES, Problem
from daozhang.store.errors import StoreDamagedError, StoreError

__all__ = [
    "GENERATIONS",
    "MARK",
    "Generation",
    "Merged",
    "hold",
    "is_store",
    "manifest_path",
    "read_generation",
    "read_mark",
]

MARK: Final = "store.json"
GENERATIONS: Final = "generations"
_PLAIN: Final = 1
_MERGED: Final = 2
_TRIES: Final = 100


@dataclass(frozen=True, slots=True)
class Merged:
    """One part that holds the rows of many files, ordered by their event.

    Attributes:
        name: its file name in the table's folder.
        sha256: its hash.
        columns: its columns but for ``_days``, ``_file`` and the number of the file.
        files: for each file its id and how many of its rows are here; rows carry the place in
            this list.
    """

    name: str
    sha256: str
    columns: tuple[str, ...]
    files: tuple[tuple[str, int], ...]

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(count for _, count in self.files)


@dataclass(frozen=True, slots=True)
class Generation:
    """The merged parts that stand, by table; rows of all other files are in parts of their own."""

    number: int = 0
    merged: dict[str, tuple[Merged, ...]] = field(default_factory=dict)

    def rows_of_files(self, table: str) -> dict[str, int]:
        """Return for each file in merged parts of a table how many rows of it they hold."""
        found: dict[str, int] = {}
        for part in self.merged.get(table, ()):
            for file_id, count in part.files:
                found[file_id] = found.get(file_id, 0) + count
        return found

    def to_bytes(self) -> bytes:
        """Return the manifest as it is written."""
        merged = {
            table: [
                {"name": p.name, "sha256": p.sha256, "columns": p.columns, "files": p.files}
                for p in parts
            ]
            for table, parts in self.merged.items()
        }
        said = {"generation": self.number, "merged": merged}
        return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()

    @classmethod
    def from_bytes(cls, data: bytes) -> Generation:
        """Return the manifest that was written.

        Raises:
            KeyError, TypeError, ValueError: it is not a manifest.
        """
        said = json.loads(data)
        merged = {
            table: tuple(
                Merged(
                    p["name"],
                    p["sha256"],
                    tuple(p["columns"]),
                    tuple((f, n) for f, n in p["files"]),
                )
                for p in parts
            )
            for table, parts in said["merged"].items()
        }
        if not set(merged) <= set(TABLES):
            raise ValueError("a manifest of another version")
        return cls(said["generation"], merged)

    def mark(self) -> bytes:
        """Return the mark that names this generation."""
        if not self.number:
            return json.dumps({"daozhang_store": _PLAIN}).encode()
        digest = hashlib.sha256(self.to_bytes()).hexdigest()
        said = {"daozhang_store": _MERGED, "generation": self.number, "sha256": digest}
        return json.dumps(said).encode()


def is_store(path: Path) -> bool:
    """Say whether a folder is a store."""
    return (path / MARK).is_file()


def manifest_path(store: Path, number: int) -> Path:
    """Return where a generation's manifest lies."""
    return store / GENERATIONS / f"{number}.json"


def read_mark(store: Path) -> tuple[int, str | None]:
    """Return the generation that stands and its manifest's SHA-256 (None for generation 0).

    Raises:
        StoreError: the folder is not a store, or one of a version unknown here.
        StoreDamagedError: the mark is not as it was written.
    """
    if not is_store(store):
        message = f"{store} is not a store: make one by ingesting into a new folder"
        raise StoreError(Problem(str(store), None, "store_not_found", message))
    try:
        said: dict[str, Any] = json.loads((store / MARK).read_bytes())
        version = said["daozhang_store"]
        if version == _PLAIN:
            return 0, None
        if version == _MERGED:
            return int(said["generation"]), str(said["sha256"])
    except (ValueError, KeyError, TypeError) as error:
        message = (
            f"{store}/{MARK} is damaged ({error}): restore it from a backup, or make a new store "
            "from the original files"
        )
        raise StoreDamagedError(Problem(MARK, None, "mark_damaged", message)) from None
    message = f"{store} is a store of version {version}: use the version of daozhang that wrote it"
    raise StoreError(Problem(str(store), None, "store_version", message))


def read_generation(store: Path) -> Generation:
    """Return the generation that stands.

    Raises:
        StoreError: as :func:`read_mark`.
        StoreDamagedError: the manifest is missing or not as it was written.
    """
    before: tuple[int, str | None] | None = None
    while True:
        number, digest = mark = read_mark(store)
        if digest is None:
            return Generation()
        path = manifest_path(store, number)
        try:
            data = path.read_bytes()
        except FileNotFoundError:
            data = b""
        if hashlib.sha256(data).hexdigest() == digest:
            return Generation.from_bytes(data)
        # A compaction that ended between the two readings has put another in its place.
        if mark == before:
            message = (
                f"{GENERATIONS}/{path.name} is missing or damaged: restore it from a backup, or "
                "make a new store from the original files"
            )
            raise StoreDamagedError(Problem(path.name, None, "manifest_damaged", message))
        before = mark


def hold(store: Path) -> tuple[Generation, int | None]:
    """Return the generation that stands, and a handle that keeps its parts until it is closed.

    The handle is None where the system has no locks or no manifest to hold (a store that no
    program with generations has written to).

    Raises:
        StoreError: as :func:`read_generation`.
    """
    for _ in range(_TRIES):
        generation = read_generation(store)
        try:
            handle = os.open(manifest_path(store, generation.number), os.O_RDONLY | os.O_CLOEXEC)
        except OSError:
            handle = None
        if handle is not None:
            try:
                fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:  # Just being cleared away: another stands by now.
                os.close(handle)
                continue
            except OSError:
                os.close(handle)
                handle = None
        if read_mark(store)[0] == generation.number:
            return generation, handle
        if handle is not None:
            os.close(handle)
    raise AssertionError("a store changes its generation faster than it can be read")
