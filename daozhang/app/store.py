"""Use cases: say what a store holds, prove it, compact it; and say what stands in the way."""

from __future__ import annotations

import errno
from dataclasses import asdict
from pathlib import Path
from typing import Any, Final

from daozhang.app.words_store import WORDS
from daozhang.store.compact import Compacted
from daozhang.store.overview import Overview, overview
from daozhang.store.parts import Store, StoreError
from daozhang.store.verify import Proof, prove

__all__ = [
    "compact",
    "compacted_json",
    "proof_json",
    "show",
    "shown_json",
    "trouble",
    "verify",
]

_KNOWN: Final = {
    errno.ENOSPC: "disk_full",
    errno.EDQUOT: "disk_full",
    errno.EFBIG: "disk_full",
    errno.EACCES: "not_allowed",
    errno.EPERM: "not_allowed",
    errno.EROFS: "not_allowed",
    errno.EEXIST: "not_a_folder",
    errno.ENOTDIR: "not_a_folder",
}


def show(place: Path) -> Overview:
    """Say what a store holds.

    Raises:
        StoreError: the place is no store, or a damaged one.
        OSError: it cannot be read.
    """
    return overview(Store.open(place))


def verify(place: Path) -> Proof:
    """Prove a store part by part.

    Raises:
        StoreError: the place is no store, or one of another version.
        OSError: it cannot be read.
    """
    return prove(place)


def compact(place: Path) -> tuple[Compacted, ...]:
    """Merge many small parts of a store into few large ones.

    Raises:
        StoreError: the place is no store, a damaged one, or busy.
        OSError: the disk is full or broken; the store is as before or after.
    """
    return Store.open(place).compact()


def trouble(error: Exception, lang: str) -> str:
    """Return the sentence that says what stands in the way and what to do, in a language."""
    if isinstance(error, StoreError):
        return error.said(lang) if lang == "zh" else str(error)
    if isinstance(error, OSError):
        place = error.filename or error.strerror or str(error)
        key = _KNOWN.get(error.errno or 0, "disk_failed")
        reason = error.strerror or str(error)
        return WORDS[lang][f"store.{key}"].format(place=place, reason=reason)
    return str(error)


def shown_json(held: Overview) -> dict[str, Any]:
    """Return what a store holds as ``--json`` prints it; days are ISO 8601."""
    return {
        "files": held.files,
        "last_ingested": held.last_ingested,
        "generation": held.generation,
        "parts": sum(holding.parts for holding in held.holdings),
        "not_compacted": sum(holding.not_compacted for holding in held.holdings),
        "size_bytes": sum(holding.size_bytes for holding in held.holdings),
        "tables": [asdict(holding) for holding in held.holdings],
    }


def proof_json(proof: Proof) -> dict[str, Any]:
    """Return what a proof found as ``--json`` prints it."""
    told: dict[str, list[dict[str, object]]] = {"error": [], "warning": []}
    for problem in proof.problems:
        told[problem.severity].append({"where": problem.file, **problem.to_json()})
    return {
        "clean": proof.clean,
        "files": proof.files,
        "parts": proof.parts,
        "rows": proof.rows,
        "errors": told["error"],
        "warnings": told["warning"],
    }


def compacted_json(done: tuple[Compacted, ...]) -> dict[str, Any]:
    """Return what a compaction did as ``--json`` prints it."""
    return {"tables": [asdict(what) for what in done]}
