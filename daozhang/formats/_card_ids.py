"""Card numbers in columns that hold ids: never passed on, in whatever file and by whatever reader.

What counts as one, and what becomes of it, is said in :mod:`daozhang.facts.cards`. The count is
kept over the whole file and judged batch by batch, so nothing is held back.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any

from daozhang.facts.cards import (
    ACCOUNTS,
    ID_COLUMNS,
    ROW_IDS,
    may_hold_card_number,
    problem_of,
    proves_card_number,
    truncate_cards,
)
from daozhang.formats.base import Facts, Row

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from daozhang.facts import Problem

__all__ = ["CardGuard"]


class _Column:
    """What one column of one file held so far: different values by batch, and rows dealt with."""

    def __init__(self, name: str) -> None:
        self._accounts: set[str] | None = set() if name in ACCOUNTS else None
        self.alike = self.proved = 0
        self.rows = 0
        self.first_line = 0

    def cards_among(self, values: Iterable[str]) -> frozenset[str]:
        """Return the values that hold a card number, if the column is one that holds such."""
        found = set()
        for value in values:
            verdict = proves_card_number(value)
            if verdict is not None:
                self.alike += 1
            if verdict:
                found.add(value)
        self.proved += len(found)
        if self._accounts is not None:
            self._accounts |= found
            return frozenset(found)
        return frozenset(found) if 2 * self.proved > self.alike else frozenset()

    def count(self, line: int) -> None:
        self.rows += 1
        self.first_line = self.first_line or line

    def merged(self) -> int:
        """Return how many accounts cannot be told from another one any more."""
        accounts = self._accounts or set()
        return len(accounts) - len(set(map(truncate_cards, accounts)))


def _values(rows: list[Row], name: str) -> set[Any]:
    """Return the different values of a column; most readers give a row every key."""
    try:
        values = set(map(itemgetter(name), rows))
    except KeyError:
        values = {row.get(name) for row in rows}
    values.discard(None)
    return values


def _is_long_word(text: str) -> bool:
    """Say whether a word of letters and digits is too long for a card number and so holds none."""
    return len(text) > 19 and text.isalnum() and text.isascii()  # noqa: PLR2004 (digits of a card)


class CardGuard:
    """Watches the facts of one file on their way out."""

    def __init__(self, file: str) -> None:
        self._file = file
        self._columns: dict[tuple[str, str], _Column] = {}
        self._left_out = False

    def passed(self, facts: Facts) -> Iterator[Facts]:
        """Yield what may go on of some rows; what they say to cover too, if no row was left out."""
        for name in ID_COLUMNS[facts.table]:
            values = _values(facts.rows, name)
            texts = [v for v in values if len(v) > 12 and not _is_long_word(v)]  # noqa: PLR2004
            if texts and may_hold_card_number("\n".join(texts)):
                facts = self._checked(facts, name, texts)
        if facts.rows and not (self._left_out and facts.table == "coverage"):
            yield facts

    def _checked(self, facts: Facts, name: str, values: Iterable[str]) -> Facts:
        column = self._columns.setdefault((facts.table, name), _Column(name))
        cards = column.cards_among(values)
        if not cards:
            return facts
        rows: list[Row] = []
        lines: list[int] = []
        for row, line in zip(facts.rows, facts.lines, strict=True):
            kept = row
            if row.get(name) in cards:
                column.count(line)
                if name == ROW_IDS.get(facts.table):
                    self._left_out = True
                    continue
                kept = {**row, name: truncate_cards(str(row[name]))}
            rows.append(kept)
            lines.append(line)
        return Facts(facts.table, rows, lines)

    def problems(self) -> Iterator[Problem]:
        """Yield one located problem for each column that held card numbers."""
        for (table, name), column in self._columns.items():
            if column.rows:
                yield problem_of(
                    self._file, column.first_line, table, name, column.rows, column.merged()
                )
