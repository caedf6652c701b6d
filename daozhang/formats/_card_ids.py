"""Card numbers in columns that hold ids: never passed on, in whatever file and by whatever reader.

A number of 13 to 19 digits that a card network issues passes the Luhn check; an order number of the
same look passes it one time in ten. So a column, not a cell, is judged: of the different values in
it that look like card numbers, more than half must prove right. What proves right in such a column
is dealt with, what does not is an id and stays.

- In the column that identifies the row (``sale_id``, ``line_id``, …) the row is left out: two sales
  of one card are two sales, and a shortened number would make them one.
- In every other column the number is cut to its first six and last four digits.

The count is kept over the whole file and judged batch by batch, so nothing is held back.
"""

from __future__ import annotations

from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final

from daozhang.facts import TABLES, Problem
from daozhang.formats.base import Facts, Row
from daozhang.formats.privacy import (
    may_hold_card_number,
    proves_card_number,
    truncate_cards,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["CardGuard"]

_ROW_IDS: Final = {
    "sales": "sale_id", "settlements": "line_id", "payouts": "payout_id", "credits": "credit_id",
    "attempts": "attempt_id",
}  # fmt: skip
_FREE_TEXT: Final = frozenset({"ref", "counterparty", "reason"})  # Every reader cuts these itself.
_COLUMNS: Final = {
    table.name: [
        column.name
        for column in table.columns
        if column.kind == "text"
        and not column.values
        and column.name != "currency"  # A code that every reader looks up.
        and (column.name not in _FREE_TEXT or (table.name, column.name) == ("settlements", "ref"))
    ]
    for table in TABLES.values()
}


class _Column:
    """What one column of one file held so far: different values by batch, and rows dealt with."""

    def __init__(self) -> None:
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
        return frozenset(found) if 2 * self.proved > self.alike else frozenset()

    def count(self, line: int) -> None:
        self.rows += 1
        self.first_line = self.first_line or line


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
        for name in _COLUMNS[facts.table]:
            values = _values(facts.rows, name)
            texts = [v for v in values if len(v) > 12 and not _is_long_word(v)]  # noqa: PLR2004
            if texts and may_hold_card_number("\n".join(texts)):
                facts = self._checked(facts, name, texts)
        if facts.rows and not (self._left_out and facts.table == "coverage"):
            yield facts

    def _checked(self, facts: Facts, name: str, values: Iterable[str]) -> Facts:
        column = self._columns.setdefault((facts.table, name), _Column())
        cards = column.cards_among(values)
        if not cards:
            return facts
        rows: list[Row] = []
        lines: list[int] = []
        for row, line in zip(facts.rows, facts.lines, strict=True):
            kept = row
            if row.get(name) in cards:
                column.count(line)
                if name == _ROW_IDS.get(facts.table):
                    self._left_out = True
                    continue
                kept = {**row, name: truncate_cards(str(row[name]))}
            rows.append(kept)
            lines.append(line)
        return Facts(facts.table, rows, lines)

    def problems(self) -> Iterator[Problem]:
        """Yield one located problem for each column that held card numbers."""
        for (table, name), column in self._columns.items():
            if not column.rows:
                continue
            if name == _ROW_IDS.get(table):
                yield Problem(
                    self._file, column.first_line, "card_number_as_id",
                    f"{name} holds whole card numbers from this line on, which identify no row and "
                    f"are never kept; {column.rows} rows of {table} were left out: let the profile "
                    "take another column, or the export write order numbers",
                )  # fmt: skip
            else:
                yield Problem(
                    self._file, column.first_line, "card_number_cut",
                    f"{name} holds whole card numbers from this line on; of {column.rows} rows of "
                    f"{table} only the first six and last four digits were kept: leave card "
                    "numbers out of such files",
                    "warning",
                )  # fmt: skip
