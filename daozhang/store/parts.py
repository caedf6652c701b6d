"""The append-only store on disk: one ingested file, one immutable part for each of its tables.

Layout: ``store.json`` (what this folder is), ``files/<hash>.json`` (a receipt for each file),
``parts/<table>/<hash>.parquet``, ``terms.toml``, ``*.profile.toml`` and ``calendar-*.toml`` (copied
in, replaced whole). The hash is the SHA-256 of the ingested file, so the same file twice is one
part. A file counts from the moment its receipt has its name: parts are published first, and those
without a receipt are nobody's and are cleared away. One writer at a time holds ``lock``; readers
need nothing.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import shutil
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, Literal

import duckdb

from daozhang.facts import TABLES, Problem
from daozhang.store.disk import Disk
from daozhang.store.relations import Relations
from daozhang.store.sql_rules import SQL_TYPES, identifier, path_literal
from daozhang.store.taken import Taken
from daozhang.store.taking import FILE_BYTES_MAX, Read, shown_name, take_file, unfit

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

_MARK: Final = "store.json"
_VERSION: Final = 1
_SETTINGS: Final = ("terms.toml", "*.profile.toml", "calendar-*.toml")
_SETTINGS_BYTES_MAX: Final = 10 * 2**20
_CHUNK_BYTES: Final = 1 << 20


class StoreError(Exception):
    """A store cannot be used as asked; the message says why and what to do."""


class StoreBusyError(StoreError):
    """Somebody else is writing to the store; try again later."""


class StoreDamagedError(StoreError):
    """A receipt or part is not as it was written; restore it from a backup."""


@dataclass(frozen=True, slots=True)
class Receipt:
    """What a store knows of one ingested file.

    Attributes:
        id: SHA-256 of the file, in hex.
        file: its name.
        format: what it was read as.
        size_bytes: its size.
        rows: rows taken, by table.
        refused: rows refused.
        problems: why.
        parts: for each table the part's SHA-256 and its columns.
    """

    id: str
    file: str
    format: str
    size_bytes: int
    rows: dict[str, int]
    refused: int
    problems: tuple[Problem, ...]
    parts: dict[str, tuple[str, tuple[str, ...]]]

    def to_json(self) -> dict[str, object]:
        """Return the receipt as it is written."""
        problems = [{"severity": p.severity, **p.to_json()} for p in self.problems]
        parts = {t: {"sha256": h, "columns": list(c)} for t, (h, c) in self.parts.items()}
        return {
            "version": _VERSION, "id": self.id, "file": self.file, "format": self.format,
            "size_bytes": self.size_bytes, "rows": self.rows, "refused": self.refused,
            "problems": problems, "parts": parts,
        }  # fmt: skip

    @classmethod
    def from_json(cls, data: dict[str, Any]) -> Receipt:
        """Return the receipt that was written.

        Raises:
            KeyError, TypeError, ValueError: it is not a receipt.
        """
        problems = tuple(
            Problem(data["file"], p["line"], p["code"], p["message"], p["severity"])
            for p in data["problems"]
        )
        parts = {t: (p["sha256"], tuple(p["columns"])) for t, p in data["parts"].items()}
        if data["version"] != _VERSION or not set(parts) <= set(TABLES):
            raise ValueError("a receipt of another version")
        return cls(
            data["id"], data["file"], data["format"], data["size_bytes"], data["rows"],
            data["refused"], problems, parts,
        )  # fmt: skip


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


def is_store(path: Path) -> bool:
    """Say whether a folder is a store."""
    return (path / _MARK).is_file()


def is_settings(name: str) -> bool:
    """Say whether a file of that name holds terms, a mapping profile or a calendar."""
    return any(fnmatch(name.lower(), pattern) for pattern in _SETTINGS)


class Store:
    """An append-only store of facts in a folder."""

    def __init__(self, path: Path, disk: Disk) -> None:
        """Use :meth:`create` or :meth:`open`."""
        self.path = path
        self._disk = disk

    @classmethod
    def create(cls, path: Path, disk: Disk | None = None) -> Store:
        """Make an empty store in a new or empty folder.

        Raises:
            StoreError: something else is in the folder.
            OSError: the folder cannot be made.
        """
        used = disk or Disk()
        path.mkdir(parents=True, exist_ok=True)
        # What a crash of an earlier attempt to create may have left behind is ours.
        strangers = {child.name for child in path.iterdir()} - {"files", "parts", "tmp", "lock"}
        if strangers:
            raise StoreError(f"{path} is not empty: give a new folder for the store")
        store = cls(path, used)
        for folder in ("files", "parts", "tmp"):
            (path / folder).mkdir(exist_ok=True)
        for table in TABLES:
            (path / "parts" / table).mkdir(exist_ok=True)
        used.fsync(path / "parts")
        store._put(path / _MARK, json.dumps({"daozhang_store": _VERSION}).encode())
        return store

    @classmethod
    def open(cls, path: Path, disk: Disk | None = None) -> Store:
        """Open an existing store.

        Raises:
            StoreError: the folder is not a store, or one of another version.
        """
        if not is_store(path):
            raise StoreError(f"{path} is not a store: make one by ingesting into a new folder")
        try:
            version = json.loads((path / _MARK).read_bytes())["daozhang_store"]
        except (ValueError, KeyError, TypeError):
            version = None
        if version != _VERSION:
            raise StoreError(f"{path} is a store of version {version}, not {_VERSION}")
        return cls(path, disk or Disk())

    def receipts(self) -> tuple[Receipt, ...]:
        """Return the receipts of all ingested files, by hash.

        Raises:
            StoreDamagedError: a receipt cannot be read.
        """
        found = []
        for path in sorted((self.path / "files").glob("*.json")):
            try:
                receipt = Receipt.from_json(json.loads(path.read_bytes()))
            except (ValueError, KeyError, TypeError, AttributeError) as error:
                raise StoreDamagedError(f"receipt {path.name} is damaged: {error}") from None
            if receipt.id != path.stem:
                raise StoreDamagedError(f"receipt {path.name} is that of another file")
            found.append(receipt)
        return tuple(found)

    def settings(self) -> tuple[Path, ...]:
        """Return the paths of the terms, profiles and calendars in the store, by name."""
        return tuple(sorted(p for p in self.path.iterdir() if p.is_file() and is_settings(p.name)))

    def part(self, table: str, file_id: str) -> Path:
        """Return where a file's part of a table lies."""
        return self.path / "parts" / table / f"{file_id}.parquet"

    def ingest(
        self,
        files: Iterable[Path],
        read: Read,
        *,
        validate: Callable[[Path, str], Sequence[Problem]] | None = None,
        bytes_max: int = FILE_BYTES_MAX,
    ) -> Iterator[Ingested]:
        """Add files one after the other; each is in the store when its result is yielded.

        Args:
            files: paths of files; their names say a canonical file's table.
            read: recognises and reads what is not canonical.
            validate: returns what is wrong with terms, a profile or a calendar, given its path
                and name; any error refuses the file.
            bytes_max: greatest file that is taken.

        Raises:
            StoreBusyError: another process is ingesting.
            OSError: the disk is full or broken; the store is as before or after this file.
        """
        with self._locked():
            self._clear()
            known = {receipt.id: receipt for receipt in self.receipts()}
            for path in files:
                name = shown_name(path)
                if is_settings(name):
                    yield self._copy_in(path, name, validate)
                    continue
                result, receipt = self._add(path, name, read, known, bytes_max)
                if receipt is not None:
                    known[receipt.id] = receipt
                yield result

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
        receipts = [receipt for receipt in self.receipts() if wanted(receipt.id)]
        for name in TABLES:
            con.execute(f"CREATE OR REPLACE VIEW {prefix}{name} AS {self._select(name, receipts)}")

    def verify(self) -> tuple[Problem, ...]:
        """Hash every part again and return what is not as it was written."""
        try:
            receipts = self.receipts()
        except StoreDamagedError as error:
            return (Problem("files", None, "receipt_damaged", f"{error}: restore it"),)
        problems = []
        owned = set()
        for receipt in receipts:
            for table, (digest, _) in receipt.parts.items():
                path = self.part(table, receipt.id)
                owned.add(path)
                where = str(path.relative_to(self.path))
                if not path.is_file():
                    message = f"{table} of {receipt.file} is missing: restore it from a backup"
                    problems.append(Problem(where, None, "part_missing", message))
                elif _hash(path) != digest:
                    message = f"{table} of {receipt.file} has changed: restore it from a backup"
                    problems.append(Problem(where, None, "part_damaged", message))
        for path in sorted((self.path / "parts").glob("*/*")):
            if path not in owned:
                message = "belongs to no receipt: it is ignored; the next ingest clears it away"
                where = str(path.relative_to(self.path))
                problems.append(Problem(where, None, "part_without_receipt", message, "warning"))
        return tuple(problems)

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        with (self.path / "lock").open("ab") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                message = f"another process is ingesting into {self.path}: try again when it ends"
                raise StoreBusyError(message) from None
            yield

    def _clear(self) -> None:
        """Remove what a crash left: temporary files and parts without a receipt."""
        for path in (self.path / "tmp").iterdir():
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                self._disk.remove(path)
        owned = {self.part(t, receipt.id) for receipt in self.receipts() for t in receipt.parts}
        for path in (self.path / "parts").glob("*/*"):
            if path not in owned:
                self._disk.remove(path)

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
        self, path: Path, name: str, read: Read, known: dict[str, Receipt], bytes_max: int
    ) -> tuple[Ingested, Receipt | None]:
        """Add one file of facts; return the receipt when it is new."""
        refused = unfit(path, name, bytes_max)
        if refused is not None:
            return Ingested(name, "refused", Taken(name, None, {}, 0, (refused,))), None
        before = path.stat()
        file_id = _hash(path)
        if file_id in known:
            old = known[file_id]
            taken = Taken(name, old.format, old.rows, old.refused, old.problems)
            return Ingested(name, "already_there", taken), None
        with contextlib.closing(duckdb.connect()) as con:
            con.execute("SET TimeZone = 'UTC'")
            con.execute("SET temp_directory = ?", [str(self.path / "tmp" / "spill")])
            relations = Relations(con)
            taken = take_file(relations, path, name, read, bytes_max=bytes_max)
            errors = any(problem.severity == "error" for problem in taken.problems)
            if taken.format is None or (errors and not taken.rows):
                return Ingested(name, "refused", taken), None
            parts = {table: self._write_part(relations, table, file_id) for table in taken.rows}
        after = path.stat()
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            message = "the file changed while it was read: give it again when it is complete"
            problem = Problem(name, None, "file_changed", message)
            return Ingested(name, "refused", Taken(name, None, {}, 0, (problem,))), None
        receipt = Receipt(
            file_id, name, taken.format, before.st_size, taken.rows, taken.refused,
            taken.problems, parts,
        )  # fmt: skip
        data = json.dumps(receipt.to_json(), ensure_ascii=False, indent=1).encode()
        self._put(self.path / "files" / f"{file_id}.json", data)
        return Ingested(name, "added", taken), receipt

    def _write_part(
        self, relations: Relations, table: str, file_id: str
    ) -> tuple[str, tuple[str, ...]]:
        """Publish one part; return its hash and columns."""
        temporary = self.path / "tmp" / f"{table}-{file_id}.parquet"
        self._disk.write_parquet(relations.con, relations.select(table), temporary)
        digest = _hash(temporary)
        self._disk.publish(temporary, self.part(table, file_id))
        return digest, (*TABLES[table].names, *relations.extras_of(table))

    def _select(self, name: str, receipts: Sequence[Receipt]) -> str:
        """Return the query of one table over its parts."""
        groups: dict[tuple[str, ...], list[Path]] = {}
        for receipt in receipts:
            if name in receipt.parts:
                path = self.part(name, receipt.id)
                if not path.is_file():
                    raise StoreDamagedError(f"{path} is missing: restore it from a backup")
                groups.setdefault(receipt.parts[name][1], []).append(path)
        known = {c.name: SQL_TYPES[c.kind] for c in TABLES[name].columns}
        # An extra column is one whatever the case of its letters, as in DuckDB itself.
        extras = {c.casefold(): c for columns in groups for c in columns if c not in known}
        types = {**known, **dict.fromkeys(extras.values(), "VARCHAR")}
        types |= {"_days": "INTEGER", "_file": "VARCHAR"}
        nothing = ", ".join(f"CAST(NULL AS {t}) AS {identifier(c)}" for c, t in types.items())
        queries = [f"SELECT {nothing} WHERE false"]
        for columns, paths in groups.items():
            here = {c.casefold() for c in (*columns, "_days", "_file")}
            wanted = ", ".join(
                identifier(c) if c.casefold() in here else f"CAST(NULL AS {t}) AS {identifier(c)}"
                for c, t in types.items()
            )
            listed = ", ".join(path_literal(str(path.absolute())) for path in paths)
            queries.append(
                f"SELECT {wanted} FROM read_parquet([{listed}], hive_partitioning=false)"
            )
        return " UNION ALL ".join(queries)


def _hash(path: Path) -> str:
    """Return a file's SHA-256 in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK_BYTES):
            digest.update(chunk)
    return digest.hexdigest()
