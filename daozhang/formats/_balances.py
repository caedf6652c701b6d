"""Running balances: opening + movements = closing, row by row, whichever way the rows run.

A statement may list the newest row first. Both ways are followed as the rows come; the one that
holds further tells where the statement breaks, with both figures.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from daozhang.money import format_minor

if TYPE_CHECKING:
    from daozhang.formats._lines import Collector

__all__ = ["RunningBalance"]


@dataclass(slots=True)
class _Way:
    """One way to read the rows: how many it explained, and where it broke first."""

    held: int = 0
    line: int | None = None
    expected: int = 0
    stated: int = 0


class RunningBalance:
    """Follows the balance after each movement of one account in one currency.

    Attributes:
        opening: the balance before the earliest row, in minor units; None before the first row.
        closing: the balance after the latest row.
    """

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self._first: tuple[int, int] | None = None
        self._last: tuple[int, int] | None = None
        self._oldest_first = _Way()
        self._newest_first = _Way()

    def add(self, line: int, amount: int, balance: int) -> None:
        """Take one row: its line, the signed movement and the balance that the row states."""
        if self._last is None:
            self._first = amount, balance
        else:
            before, after = self._last
            _follow(self._oldest_first, line, after + amount, balance)
            _follow(self._newest_first, line, after - before, balance)
        self._last = amount, balance

    @property
    def newest_first(self) -> bool:
        """Whether the rows run from the newest to the oldest."""
        return self._newest_first.held > self._oldest_first.held

    @property
    def holds(self) -> bool:
        """Whether every row's balance follows from its neighbour's."""
        way = self._newest_first if self.newest_first else self._oldest_first
        return way.line is None

    @property
    def opening(self) -> int | None:
        """The balance before the earliest row; None without rows."""
        earliest = self._last if self.newest_first else self._first
        return None if earliest is None else earliest[1] - earliest[0]

    @property
    def closing(self) -> int | None:
        """The balance after the latest row; None without rows."""
        latest = self._first if self.newest_first else self._last
        return None if latest is None else latest[1]

    def check(self, out: Collector) -> bool:
        """Warn at the first row whose balance does not follow; say whether all do."""
        way = self._newest_first if self.newest_first else self._oldest_first
        if way.line is None:
            return True
        out.warn(
            way.line, "balance_mismatch",
            f"the balance should be {format_minor(way.expected, self.currency)} here and the file "
            f"states {format_minor(way.stated, self.currency)}: a row may be missing or doubled",
        )  # fmt: skip
        return False


def _follow(way: _Way, line: int, expected: int, stated: int) -> None:
    if way.line is not None:
        return
    if expected == stated:
        way.held += 1
    else:
        way.line, way.expected, way.stated = line, expected, stated
