"""The append-only store on disk: one ingested file, one immutable part for each of its tables.

Layout: ``store.json`` (what this folder is, and which generation stands), ``files/<hash>.json`` (a
receipt for each file), ``parts/<table>/<hash>.parquet``, ``generations/<n>.json`` (which parts were
merged, see :mod:`daozhang.store.generations`), ``index.json`` (all receipts once more, to open
faster), ``terms.toml``, ``*.profile.toml`` and ``calendar-*.toml`` (copied in, replaced whole). The
hash is the SHA-256 of the ingested file, so the same file twice is one part. A file counts from the
moment its receipt has its name: parts are published first, and those that nobody owns are cleared
away. One writer at a time holds ``lock``; readers need nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import weakref
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

import duckdb

from daozhang.facts import TABLES, Problem
from daozhang.store.clearing import clear
from daozhang.store.compact import FULL_ROWS, Compacted, merge_table, missing
from daozhang.store.disk import Disk, disk_errors, hash_file
from daozhang.store.errors import StoreBusyError, StoreDamagedError, StoreError
from daozhang.store.generations import (
    GENERATIONS,
    MARK,
    Generation,
    hold,
    is_store,
    manifest_path,
    read_generation,
    read_mark,
)
from daozhang.store.layout import (
    column_types,
    names_in,
    own_name,
    part_path,
    parts_of,
    select_parts,
)
from daozhang.store.receipts import INDEX, Receipt, Receipts, index_bytes, read_receipts
from daozhang.store.relations import Relations
from daozhang.store.taken import Taken
from daozhang.store.taking import FILE_BYTES_MAX, Read, shown_name, take_file, unfit
from daozhang.store.verify import prove

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

__all__ = [
    "Ingested",
    "Receipt",
    "Store",
    "StoreBusyError",
    "StoreDamagedError",
    "StoreError",
    "is_settings",
    "is_store",
]

_SETTINGS: Final = ("terms.toml", "*.profile.toml", "calendar-*.toml")
_SETTINGS_BYTES_MAX: Final = 10 * 2**20
_OURS: Final = ("files", "parts", "tmp", GENERATIONS)
_UNINDEXED_MIN: Final = 32
_UNINDEXED_SHARE: Final = 20
"""The index is written anew when so many receipts, and more than one in so many, are not in it."""


@dataclass(frozen=True, slots=True)
class Ingested:
    """What came of one file given to a store.

    Attributes:
        file: its name.
        status: ``added``; ``already_there`` (the same content was ingested before); ``copied``
            (terms, a profile or a calendar); ``refused`` (nothing of it was taken).
        taken: rows, refused rows and problems; of the first time when it was already there.
    """

    file: str
    status: Literal["added", "already_there", "copied", "refused"]
    taken: Taken


def is_settings(name: str) -> bool:
    """Say whether a file of that name holds terms, a mapping profile or a calendar."""
    return any(fnmatch(name.lower(), pattern) for pattern in _SETTINGS)


class Store:
    """An append-only store of facts in a folder."""

    def __init__(self, path: Path, disk: Disk) -> None:
        """Use :meth:`create` or :meth:`open`."""
        self.path = path
        self._disk = disk
        self._seen: Receipts | None = None

    @classmethod
    def create(cls, path: Path, disk: Disk | None = None) -> Store:
        """Make an empty store in a new or empty folder; one that is there already stays.

        Raises:
            StoreError: something else is in the folder.
            StoreBusyError: another process is writing there.
            OSError: the folder cannot be made.
        """
        used = disk or Disk()
        path.mkdir(parents=True, exist_ok=True)
        # What a crash of an earlier attempt to create may have left behind is ours.
        strangers = {child.name for child in path.iterdir()} - {*_OURS, "lock"}
        if strangers and not is_store(path):
            message = f"{path} is not empty: give a new folder for the store"
            raise StoreError(Problem(str(path), None, "store_not_empty", message))
        store = cls(path, used)
        with store._locked():
            if is_store(path):  # Another process was quicker.
                return cls.open(path, used)
            for folder in _OURS:
                (path / folder).mkdir(exist_ok=True)
            for table in TABLES:
                (path / "parts" / table).mkdir(exist_ok=True)
            used.fsync(path / "parts")
            first = Generation()
            store._put(manifest_path(path, first.number), first.to_bytes())
            store._put(path / MARK, first.mark())
        return store

    @classmethod
    def open(cls, path: Path, disk: Disk | None = None) -> Store:
        """Open an existing store.

        Raises:
            StoreError: the folder is not a store, or one of another version.
            StoreDamagedError: its mark cannot be read.
        """
        read_mark(path)
        return cls(path, disk or Disk())

    def receipts(self) -> tuple[Receipt, ...]:
        """Return the receipts of all ingested files, by hash.

        Raises:
            StoreDamagedError: a receipt cannot be read.
        """
        return tuple(_undamaged(self._receipts()).good.values())

    def settings(self) -> tuple[Path, ...]:
        """Return the paths of the terms, profiles and calendars in the store, by name."""
        return tuple(sorted(p for p in self.path.iterdir() if p.is_file() and is_settings(p.name)))

    def part(self, table: str, file_id: str) -> Path:
        """Return where a file's own part of a table lies, or lay before it was merged."""
        return part_path(self.path, table, own_name(file_id))

    def ingest(
        self,
        files: Iterable[Path],
        read: Read,
        *,
        validate: Callable[[Path, str], Sequence[Problem]] | None = None,
        bytes_max: int = FILE_BYTES_MAX,
        at: str | None = None,
    ) -> Iterator[Ingested]:
        """Add files one after the other; each is in the store when its result is yielded.

        Args:
            files: paths of files; their names say a canonical file's table.
            read: recognises and reads what is not canonical.
            validate: returns what is wrong with terms, a profile or a calendar, given its path
                and name; any error refuses the file.
            bytes_max: greatest file that is taken.
            at: the moment that the receipts name, RFC 3339; None: they name none.

        A file whose receipt or parts are not as they were written is taken again.

        Raises:
            StoreBusyError: another process is writing.
            OSError: the disk is full or broken; the store is as before or after this file.
        """
        with self._locked():
            receipts = self._begin()
            covered = self._covered()
            try:
                for path in files:
                    name = shown_name(path)
                    if is_settings(name):
                        yield self._copy_in(path, name, validate)
                        continue
                    result, receipt = self._add(path, name, read, receipts, covered, bytes_max, at)
                    if receipt is not None:
                        receipts.good[receipt.id] = receipt
                        receipts.damaged.pop(receipt.id, None)
                        receipts.unindexed += 1
                    yield result
            finally:
                self._index(receipts)

    def compact(
        self, *, automatic: bool = False, full_rows: int = FULL_ROWS
    ) -> tuple[Compacted, ...]:
        """Merge many small parts into few large ones; the facts stay the same.

        Args:
            automatic: only where there are many parts, and only as far as it pays.
            full_rows: a merged part is closed when it has so many rows.

        Returns:
            What was done, by table; nothing when there was nothing to do.

        Raises:
            StoreBusyError: another process is writing.
            StoreDamagedError: a receipt or part is not as it was written; nothing is changed.
            OSError: the disk is full or broken; the store is as before or after.
        """
        with self._locked():
            before = read_generation(self.path)
            seen = manifest_path(self.path, before.number).is_file()
            receipts = _undamaged(self._begin())
            merged, done = {}, []
            for table in TABLES:
                merged[table], what = merge_table(
                    self.path, self._disk, table, receipts, before,
                    automatic=automatic, full_rows=full_rows,
                )  # fmt: skip
                if what is not None:
                    done.append(what)
            if done:
                number = before.number + 1
                after = Generation(number, {t: parts for t, parts in merged.items() if parts})
                self._put(manifest_path(self.path, number), after.to_bytes())
                self._put(self.path / MARK, after.mark())
                # Readers that found no manifest to hold are not known: theirs is left for the next.
                if seen:
                    clear(self.path, self._disk, receipts, after)
            self._index(receipts)
            return tuple(done)

    def register(
        self,
        con: duckdb.DuckDBPyConnection,
        prefix: str = "raw_",
        wanted: Callable[[str], bool] = lambda _: True,
    ) -> None:
        """Create or replace the relations ``raw_<table>`` over the store's parts.

        Args:
            con: a connection whose TimeZone is UTC. See :mod:`daozhang.store.relations` for the
                columns.
            prefix: how the relations are to be called instead.
            wanted: says of a file's id whether its rows are.

        Raises:
            StoreDamagedError: a receipt cannot be read or a part is missing.
            ValueError: the store's path cannot be given to DuckDB.
        """
        generation, handle = hold(self.path)
        if handle is not None:
            weakref.finalize(con, os.close, handle)
        receipts = _undamaged(self._receipts())
        for name in TABLES:
            parts = parts_of(name, receipts, generation)
            there = names_in(self.path / "parts" / name) if parts else set()
            lost = next((part for part in parts if part.name not in there), None)
            if lost is not None:
                raise StoreDamagedError(missing(name, lost))
            types = column_types(name, receipts, wanted)
            select = select_parts(self.path, name, parts, types, wanted=wanted)
            con.execute(f"CREATE OR REPLACE VIEW {prefix}{name} AS {select}")

    def verify(self) -> tuple[Problem, ...]:
        """Hash every part again and return what is not as it was written."""
        return prove(self.path).problems

    @contextlib.contextmanager
    def still(self) -> Iterator[None]:
        """Keep writers out, so that all files of the store can be noted as of one moment.

        Raises:
            StoreBusyError: another process is writing.
        """
        with self._locked():
            yield

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.path / "lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                message = f"another process is writing to {self.path}: try again when it ends"
                problem = Problem(str(self.path), None, "store_busy", message)
                raise StoreBusyError(problem) from None
            yield

    def _receipts(self) -> Receipts:
        """Return all receipts; what was read before and did not change is not read again."""
        self._seen = read_receipts(self.path, self._seen)
        return self._seen

    def _begin(self) -> Receipts:
        """Clear away what a crash left, and return the receipts; the lock is held."""
        (self.path / GENERATIONS).mkdir(exist_ok=True)
        generation = read_generation(self.path)
        path = manifest_path(self.path, generation.number)
        if not path.is_file():  # A store from before there were generations.
            self._put(path, generation.to_bytes())
        receipts = self._receipts()
        clear(self.path, self._disk, receipts, generation)
        return receipts

    def _covered(self) -> dict[str, dict[str, int]]:
        """Return for each table the files whose rows are in merged parts."""
        generation = read_generation(self.path)
        return {table: generation.rows_of_files(table) for table in TABLES}

    def _index(self, receipts: Receipts) -> None:
        """Write the index anew when it has fallen behind; it is a copy, so a failure is none."""
        behind = receipts.unindexed
        if behind < _UNINDEXED_MIN or behind * _UNINDEXED_SHARE < len(receipts.good):
            return
        with contextlib.suppress(OSError):
            self._put(self.path / INDEX, index_bytes(read_receipts(self.path)))

    def _put(self, target: Path, data: bytes) -> None:
        """Write a small file whole or not at all."""
        temporary = self.path / "tmp" / f"{target.name}.tmp"
        self._disk.write(temporary, data)
        self._disk.publish(temporary, target)

    def _copy_in(
        self,
        path: Path,
        name: str,
        validate: Callable[[Path, str], Sequence[Problem]] | None,
    ) -> Ingested:
        """Copy terms, a profile or a calendar in, replacing one of that name whole."""
        refused = unfit(path, name, _SETTINGS_BYTES_MAX)
        problems: tuple[Problem, ...] = (refused,) if refused else ()
        if not problems and validate is not None:
            problems = tuple(validate(path, name))
        taken = Taken(name, "settings", {}, 0, problems)
        if any(problem.severity == "error" for problem in problems):
            return Ingested(name, "refused", taken)
        self._put(self.path / name.lower(), path.read_bytes())
        return Ingested(name, "copied", taken)

    def _add(
        self,
        path: Path,
        name: str,
        read: Read,
        receipts: Receipts,
        covered: dict[str, dict[str, int]],
        bytes_max: int,
        at: str | None,
    ) -> tuple[Ingested, Receipt | None]:
        """Add one file of facts; return the receipt when it is new."""
        refused = unfit(path, name, bytes_max)
        if refused is not None:
            return Ingested(name, "refused", Taken(name, None, {}, 0, (refused,))), None
        before = path.stat()
        file_id = hash_file(path)
        old = receipts.good.get(file_id)
        if old is not None and self._whole(old, covered):
            taken = Taken(name, old.format, old.rows, old.refused, old.problems)
            return Ingested(name, "already_there", taken), None
        with contextlib.closing(duckdb.connect()) as con, disk_errors():
            con.execute("SET TimeZone = 'UTC'")
            con.execute("SET temp_directory = ?", [str(self.path / "tmp" / "spill")])
            relations = Relations(con)
            taken = take_file(relations, path, name, read, bytes_max=bytes_max)
            errors = any(problem.severity == "error" for problem in taken.problems)
            if taken.format is None or (errors and not taken.rows):
                return Ingested(name, "refused", taken), None
            parts = {
                table: self._write_part(
                    relations, table, file_id, own=file_id not in covered[table]
                )
                for table in taken.rows
            }
        after = path.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            message = "the file changed while it was read: give it again when it is complete"
            problem = Problem(name, None, "file_changed", message)
            return Ingested(name, "refused", Taken(name, None, {}, 0, (problem,))), None
        receipt = Receipt(
            file_id, name, taken.format, before.st_size, taken.rows, taken.refused,
            taken.problems, parts, at,
        )  # fmt: skip
        data = json.dumps(receipt.to_json(), ensure_ascii=False, indent=1).encode()
        self._put(self.path / "files" / f"{file_id}.json", data)
        return Ingested(name, "added", taken), receipt

    def _whole(self, receipt: Receipt, covered: dict[str, dict[str, int]]) -> bool:
        """Say whether a file's own parts are all as they were written."""
        for table, (digest, _) in receipt.parts.items():
            path = self.part(table, receipt.id)
            if receipt.id in covered[table]:
                continue
            if not path.is_file() or hash_file(path) != digest:
                return False
        return True

    def _write_part(
        self, relations: Relations, table: str, file_id: str, *, own: bool
    ) -> tuple[str, tuple[str, ...]]:
        """Publish one part, unless its rows are in a merged one; return its hash and columns."""
        temporary = self.path / "tmp" / f"{table}-{file_id}.parquet"
        self._disk.write_parquet(relations.con, relations.select(table), temporary)
        digest = hash_file(temporary)
        if own:
            self._disk.publish(temporary, self.part(table, file_id))
        else:
            self._disk.remove(temporary)
        return digest, (*TABLES[table].names, *relations.extras_of(table))


def _undamaged(receipts: Receipts) -> Receipts:
    """Return the receipts.

    Raises:
        StoreDamagedError: one of them cannot be read.
    """
    for problem in receipts.damaged.values():
        raise StoreDamagedError(problem)
    return receipts
