"""Receipts: what a store knows of each ingested file, and one index that holds them all.

Rule kept here: the receipts in ``files/`` are the truth, ``index.json`` is a copy that opens
faster. An entry of the index counts only while the receipt has the size and the time of change that
the entry names; what is missing or different is read from the receipt itself. So an index that is
missing, stale or damaged costs time and nothing else.
"""

from __future__ import annotations

import datetime as dt
import json
import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from daozhang.facts import TABLES, Problem

__all__ = ["INDEX", "Receipt", "Receipts", "index_bytes", "read_receipts"]

INDEX: Final = "index.json"
_VERSION: Final = 1
_INDEX_VERSION: Final = 1
_BAD: Final = (ValueError, KeyError, TypeError, AttributeError, IndexError)
_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


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
        ingested_at: when, RFC 3339; None: the receipt does not say.
    """

    id: str
    file: str
    format: str
    size_bytes: int
    rows: dict[str, int]
    refused: int
    problems: tuple[Problem, ...]
    parts: dict[str, tuple[str, tuple[str, ...]]]
    ingested_at: str | None = None

    def to_json(self) -> dict[str, object]:
        """Return the receipt as it is written."""
        problems = [{"severity": p.severity, **p.to_json()} for p in self.problems]
        parts = {t: {"sha256": h, "columns": list(c)} for t, (h, c) in self.parts.items()}
        said: dict[str, object] = {
            "version": _VERSION, "id": self.id, "file": self.file, "format": self.format,
            "size_bytes": self.size_bytes, "rows": self.rows, "refused": self.refused,
            "problems": problems, "parts": parts,
        }  # fmt: skip
        return said if self.ingested_at is None else {**said, "ingested_at": self.ingested_at}

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
        if any(type(data["rows"][table]) is not int for table in parts):
            raise ValueError("it does not say how many rows there are")
        return cls(
            data["id"], data["file"], data["format"], data["size_bytes"], data["rows"],
            data["refused"], problems, parts, data.get("ingested_at"),
        )  # fmt: skip


@dataclass(slots=True)
class Receipts:
    """All receipts of a store, as far as they can be read.

    Attributes:
        good: by file id, in the order of the ids.
        damaged: why each other one cannot be read, by the id that its name says.
        unindexed: how many good ones the index did not hold.
        stamps: size and time of change of each good one, as the index keeps them.
    """

    good: dict[str, Receipt] = field(default_factory=dict)
    damaged: dict[str, Problem] = field(default_factory=dict)
    unindexed: int = 0
    stamps: dict[str, tuple[int, int]] = field(default_factory=dict)

    def last_ingested(self) -> str | None:
        """Return when the newest receipt was written, RFC 3339; None: there is none."""
        said = [
            dt.datetime.fromisoformat(r.ingested_at)
            if r.ingested_at
            else _EPOCH + dt.timedelta(microseconds=self.stamps[r.id][1] // 1000)
            for r in self.good.values()
        ]
        return max(said).isoformat(timespec="seconds") if said else None


def read_receipts(store: Path, before: Receipts | None = None, *, indexed: bool = True) -> Receipts:
    """Read all receipts of a store; a damaged one never raises.

    Args:
        store: the store's folder.
        before: what an earlier call returned: what did not change is not read again.
        indexed: False to read each receipt itself, whatever the index says.

    Raises:
        OSError: the store cannot be read.
    """
    found = Receipts()
    if before is not None:
        index = {i: (before.stamps[i], before.good[i]) for i in before.stamps}
    else:
        index = _read_index(store / INDEX) if indexed else {}
    with os.scandir(store / "files") as entries:
        names = {entry.name: entry for entry in entries if entry.name.endswith(".json")}
    for name in sorted(names):
        file_id = name.removesuffix(".json")
        status = names[name].stat()
        stamp = (status.st_size, status.st_mtime_ns)
        copied = index.get(file_id)
        if copied is not None and copied[0] == stamp:
            found.good[file_id] = copied[1]
        else:
            receipt = _read_one(Path(names[name].path), file_id)
            if isinstance(receipt, Problem):
                found.damaged[file_id] = receipt
                continue
            found.good[file_id] = receipt
            found.unindexed += 1
        found.stamps[file_id] = stamp
    return found


def _read_one(path: Path, file_id: str) -> Receipt | Problem:
    where = f"files/{path.name}"
    again = "ingest that file again, or restore the receipt from a backup"
    try:
        receipt = Receipt.from_json(json.loads(path.read_bytes()))
    except _BAD as error:
        message = f"receipt {path.name} is damaged ({error}): {again}"
        return Problem(where, None, "receipt_damaged", message)
    if receipt.id != file_id:
        message = f"receipt {path.name} is that of another file, so this one's is lost: {again}"
        return Problem(where, None, "receipt_damaged", message)
    return receipt


def index_bytes(receipts: Receipts) -> bytes:
    """Return the index of the good receipts as it is written.

    Column lists repeat from file to file, so each stands once and is named by its number.
    """
    lists: dict[tuple[str, ...], int] = {}
    entries = []
    for file_id, receipt in receipts.good.items():
        said = receipt.to_json()
        said["parts"] = {
            table: [digest, lists.setdefault(columns, len(lists))]
            for table, (digest, columns) in receipt.parts.items()
        }
        entries.append([*receipts.stamps[file_id], said])
    data = {"version": _INDEX_VERSION, "columns": list(lists), "receipts": entries}
    return json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()


def _read_index(path: Path) -> dict[str, tuple[tuple[int, int], Receipt]]:
    """Return stamp and receipt by id; nothing when the index is missing or damaged."""
    found = {}
    try:
        data = json.loads(path.read_bytes())
        if data["version"] != _INDEX_VERSION:
            return {}
        lists = data["columns"]
        for size, changed, said in data["receipts"]:
            said["parts"] = {
                table: {"sha256": digest, "columns": lists[number]}
                for table, (digest, number) in said["parts"].items()
            }
            receipt = Receipt.from_json(said)
            found[receipt.id] = ((size, changed), receipt)
    except (OSError, *_BAD):
        return {}
    return found
