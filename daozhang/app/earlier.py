"""An earlier snapshot as what a run over what is open may take the rows of closed sales from.

A run from closed books has the journeys of all sales, but the tables behind a journey only of open
ones. Whoever keeps a snapshot needs them of all. The rows of a closed sale are in every snapshot
whose run knew all files of the books, and nothing that came since has changed them, or the sale
would have been reopened (:mod:`daozhang.journey.closed`).
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from daozhang.store.books import Books

__all__ = ["BASIS", "Basis", "Earlier", "read_earlier"]

BASIS: Final = "basis.json"

GROWN_MAX: Final = 16
"""So many files in a row are grown from the one before; the next is written whole, in order."""


@dataclass(frozen=True, slots=True)
class Basis:
    """What a run answered from.

    Attributes:
        fingerprint: of the terms and the program.
        files: ids of all files of the store that took part.
        grown: how many snapshots in a row took rows from the one before.
    """

    fingerprint: str
    files: frozenset[str]
    grown: int = 0

    def to_json(self) -> dict[str, Any]:
        """Return it as it lies beside a snapshot's tables."""
        return {
            "fingerprint": self.fingerprint, "files": sorted(self.files), "grown": self.grown,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Earlier:
    """An earlier snapshot: where its tables lie, what they were made from; None: there is none."""

    tables: Path | None = None
    basis: Basis | None = None

    def holds(self, books: Books, files: frozenset[str]) -> bool:
        """Return whether it has the rows of every sale that the books hold as closed.

        Args:
            books: closed books.
            files: ids of all files of the store as it is now.
        """
        basis = self.basis
        return (
            self.tables is not None
            and basis is not None
            and basis.grown < GROWN_MAX
            and basis.fingerprint == books.fingerprint
            and books.files <= basis.files <= files
        )


def read_earlier(folder: Path, tables: str) -> Earlier:
    """Return a snapshot as what a run may take rows from; one without a basis gives none.

    Args:
        folder: of a snapshot that this version of the program has written.
        tables: name of the file that holds its tables.
    """
    try:
        told = json.loads((folder / BASIS).read_text(encoding="utf-8"))
        basis = Basis(str(told["fingerprint"]), frozenset(told["files"]), int(told["grown"]))
    except (OSError, ValueError, KeyError, TypeError):
        return Earlier()
    return Earlier(folder / tables, basis)
