"""The tables beside the money, by name: what makes each of them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from daozhang.world import attempts, floor, people, registers
from daozhang.world.daily import Book
from daozhang.world.money_path import Path
from daozhang.world.registers import Columns
from daozhang.world.write import Cells

__all__ = ["TABLE_MAKERS"]


def _plain(make: Callable[[Path, Cells], Columns]) -> Callable[[Path, Cells, Book], Columns]:
    """Return a maker that needs no book in the shape of those that do."""
    return lambda path, cells, _book: make(path, cells)


TABLE_MAKERS: Final[dict[str, Callable[[Path, Cells, Book], Columns]]] = {
    "terminals": _plain(registers.terminals),
    "accounts": _plain(registers.accounts),
    "releases": _plain(registers.releases),
    "upgrades": _plain(registers.upgrades),
    "batches": floor.batches,
    "attempts": _plain(attempts.attempts),
    "signals": floor.signals,
    "actions": people.actions,
    "feedback": people.feedback,
    "notices": _plain(registers.notices),
    "coverage": _plain(registers.coverage),
}
"""By table: what makes its columns."""
