"""The closed books of a store: journeys that are settled for good, so that no run repeats them.

Layout, all of it derived from the parts and safe to delete: ``closed/current.json`` names what
counts; ``closed/<number>/`` holds what one closing wrote. A *segment* (``outcomes``, of them
``late``, what the till ``told`` of those, ``clocks``, ``index``, ``lines``, refused ``copies`` of
them, sums by ``days``) is written once and never changed; the *open* files (``open_sales``,
``open_settlements``, ``chains``, ``gone``, what rests and the sums of each figure) are those of the
newest closing only.
``current.json`` is replaced in one step after everything it names is on disk, so a crash leaves the
old books or the new ones. Whatever does not fit (another version, other terms, a missing file)
means no books: the next run starts from the parts and closes them again.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import duckdb

from daozhang.store.disk import Disk

__all__ = ["OPEN_FILES", "SEGMENT_FILES", "Books", "Segment", "Shelf"]

_VERSION: Final = [7, duckdb.__version__]
"""Of what is written, and of what makes the numbers that stand for keys."""

SEGMENT_FILES: Final = ("outcomes", "late", "told", "clocks", "index", "lines", "copies", "days")
OPEN_FILES: Final = (
    "open_sales", "open_settlements", "chains", "gone",
    "rest_chains", "rest_standing", "rest_credits", "rest_links", "rest_words",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Segment:
    """Sales that one closing closed: its number, which its rows carry, and how many they are."""

    number: int
    sales: int


@dataclass(frozen=True, slots=True)
class Books:
    """What is closed, as of when, and from which files.

    Attributes:
        fingerprint: of the terms and of the program; books of another are of no use.
        as_of: every row of the files was known by then.
        files: ids of the ingested files whose rows are closed or open in these books.
        number: of the newest closing, which holds the open files.
        sums: names of the files of what figures come to for the closed sales.
        segments: the closed sales.
        reopened: how many rows of ``gone`` there are.
        sold: by currency the closed sales' terms, from the tables they come from.
        problems: contradictions found so far, as JSON.
        sizes: bytes of every file these books name, by path relative to ``closed/``.
    """

    fingerprint: str
    as_of: datetime
    files: frozenset[str]
    number: int
    segments: tuple[Segment, ...]
    sums: tuple[str, ...]
    reopened: int = 0
    sold: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    problems: tuple[Mapping[str, Any], ...] = ()
    sizes: Mapping[str, int] = field(default_factory=dict)

    @property
    def sales(self) -> int:
        """How many closed journeys the segments hold, reopened ones among them."""
        return sum(segment.sales for segment in self.segments)

    def to_json(self) -> dict[str, Any]:
        """Return the books as they are written."""
        return {
            "version": _VERSION,
            "fingerprint": self.fingerprint,
            "as_of": self.as_of.isoformat(),
            "files": sorted(self.files),
            "number": self.number,
            "segments": [[s.number, s.sales] for s in self.segments],
            "sums": list(self.sums),
            "reopened": self.reopened,
            "sold": {c: dict(terms) for c, terms in self.sold.items()},
            "problems": list(self.problems),
            "sizes": dict(self.sizes),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Books:
        """Return the books that were written.

        Raises:
            KeyError, TypeError, ValueError: these are no books, or those of another version.
        """
        if data["version"] != _VERSION:
            raise ValueError("books of another version")
        return cls(
            fingerprint=data["fingerprint"],
            as_of=datetime.fromisoformat(data["as_of"]),
            files=frozenset(data["files"]),
            number=int(data["number"]),
            segments=tuple(Segment(int(n), int(sales)) for n, sales in data["segments"]),
            sums=tuple(data["sums"]),
            reopened=int(data["reopened"]),
            sold=data["sold"],
            problems=tuple(data["problems"]),
            sizes={str(name): int(size) for name, size in data["sizes"].items()},
        )


class Shelf:
    """Where a store keeps its closed books."""

    def __init__(self, store: Path, disk: Disk | None = None) -> None:
        """Stand before the books of the store in a folder; nothing is read or made yet."""
        self.folder = store / "closed"
        self._disk = disk or Disk()

    def load(self, fingerprint: str) -> Books | None:
        """Return the books, or None where there are none that are whole and of this kind."""
        try:
            data = json.loads((self.folder / "current.json").read_bytes())
            books = Books.from_json(data)
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None
        if books.fingerprint != fingerprint:
            return None
        for name, size in books.sizes.items():
            path = self.folder / name
            if not path.is_file() or path.stat().st_size != size:
                return None
        return books

    def path(self, number: int, name: str) -> Path:
        """Return where a closing's file lies."""
        return self.folder / str(number) / f"{name}.parquet"

    def segment_paths(self, books: Books, name: str) -> tuple[Path, ...]:
        """Return one file of each segment, oldest first."""
        return tuple(self.path(segment.number, name) for segment in books.segments)

    @contextlib.contextmanager
    def writing(self) -> Iterator[bool]:
        """Hold the books for writing; False when another process does, or the disk forbids it."""
        try:
            self.folder.mkdir(exist_ok=True)
            lock = (self.folder / "lock").open("ab")
        except OSError:
            yield False
            return
        with lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True

    def forget(self) -> None:
        """Close the books for nothing: the next run starts from the parts."""
        self._disk.remove(self.folder / "current.json")

    def begin(self, number: int) -> Path:
        """Return the empty folder of a new closing, clearing what a crash left of that number."""
        folder = self.folder / str(number)
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        return folder

    def publish(self, books: Books) -> Books:
        """Make books the current ones, whole or not at all, and clear away what none names.

        Returns:
            The books with the sizes of their files.

        Raises:
            OSError: the disk is full or broken; the current books are as they were.
        """
        named = [self.path(s.number, n) for s in books.segments for n in SEGMENT_FILES]
        named += [self.path(books.number, n) for n in (*OPEN_FILES, *books.sums)]
        # Another process may still read the books that these replace.
        before = self._named_now()
        for name in (*SEGMENT_FILES, *OPEN_FILES, *books.sums):
            path = self.path(books.number, name)
            if path.is_file():
                self._disk.fsync(path)
        sizes = {str(p.relative_to(self.folder)): p.stat().st_size for p in named}
        whole = replace(books, sizes=sizes)
        temporary = self.folder / "current.json.tmp"
        self._disk.write(temporary, json.dumps(whole.to_json(), ensure_ascii=False).encode())
        self._disk.publish(temporary, self.folder / "current.json")
        self._clear({*named, *before})
        return whole

    def _named_now(self) -> set[Path]:
        try:
            data = json.loads((self.folder / "current.json").read_bytes())
            return {self.folder / name for name in data["sizes"]}
        except (OSError, ValueError, KeyError, TypeError):
            return set()

    def _clear(self, named: set[Path]) -> None:
        for folder in self.folder.iterdir():
            if not folder.is_dir():
                continue
            for path in folder.iterdir():
                if path not in named:
                    self._disk.remove(path)
            if not any(folder.iterdir()):
                folder.rmdir()
