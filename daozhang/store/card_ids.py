"""Card numbers in the id columns of canonical files: never kept.

What counts as one, and what becomes of it, is said in :mod:`daozhang.facts.cards`; every column of
the file is judged as a whole. Rule kept here: DuckDB only looks for what may be a card number, at a
glance over lengths and then over texts; the verdict is Python's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pyarrow as pa

from daozhang.facts.cards import (
    ACCOUNTS,
    ID_COLUMNS,
    ROW_IDS,
    problem_of,
    proves_card_number,
    truncate_cards,
)
from daozhang.store.sql_rules import identifier

if TYPE_CHECKING:
    import duckdb

    from daozhang.store.relations import Relations
    from daozhang.store.taken import Findings

__all__ = ["FirstLine", "id_columns", "long_text", "may_hold_cards", "take_out_cards"]

_CARD_CHARS: Final = 13
_ALIKE: Final = (
    "(?:^|[^0-9A-Za-z_*-])(?:[3-6]|2[2-7]|81)[0-9]{11,18}(?:[^0-9A-Za-z_*]|$)"
    "|[0-9]{4}[ -][0-9]{4}[ -][0-9]{4}[ -][0-9]"
)
"""What every text in which a card number can be proved contains, in RE2's syntax."""

_SAMPLE: Final = 32
_SAMPLED_MIN: Final = 5_000
"""One of so many texts is judged first; of so many that look alike, a share below a third says
that the whole column's share is below a half."""

FirstLine = Callable[[str, frozenset[str]], int | None]
"""Says on which line of the file a column first holds one of some texts."""


@dataclass(frozen=True, slots=True)
class _Source:
    """Rows of one table: FROM and WHERE, and the expression of each text column in it."""

    con: duckdb.DuckDBPyConnection
    rows: str
    texts: Mapping[str, str]

    def alike(self, columns: Iterable[str] | None = None) -> list[str]:
        """Return the columns with a text like a card number, of those with long texts."""
        long = columns
        if long is None:
            long = self._where({c: long_text(x) for c, x in self.texts.items()})
        return self._where(
            {c: f"bool_or(regexp_matches({self.texts[c]}, '{_ALIKE}'))" for c in long}
        )

    def _where(self, asked: Mapping[str, str]) -> list[str]:
        if not asked:
            return []
        query = f"SELECT {', '.join(asked.values())} {self.rows}"
        (answers,) = self.con.execute(query).fetchall()
        return [column for column, answer in zip(asked, answers, strict=True) if answer]

    def cards(self, column: str) -> frozenset[str]:
        """Return the texts that hold a card number, if the column is one that holds such."""
        text = self.texts[column]
        if column in ACCOUNTS:
            return self._judged(text, "true")[0]
        cards, alike = self._judged(text, f"hash({text}) % {_SAMPLE} = 0")
        if alike >= _SAMPLED_MIN and 3 * len(cards) < alike:
            return frozenset()
        cards, alike = self._judged(text, "true")
        return cards if 2 * len(cards) > alike else frozenset()

    def _judged(self, text: str, which: str) -> tuple[frozenset[str], int]:
        """Return the card numbers among different texts, and how many look like one."""
        query = (
            f"SELECT DISTINCT {text} {self.rows} AND {which} AND regexp_matches({text}, '{_ALIKE}')"
        )
        verdicts = {t: proves_card_number(t) for (t,) in self.con.execute(query).fetchall()}
        alike = sum(verdict is not None for verdict in verdicts.values())
        return frozenset(text for text, proved in verdicts.items() if proved), alike


def long_text(expression: str) -> str:
    """Return the aggregate that says whether a text is long enough to hold a card number."""
    return f"coalesce(max(strlen({expression})) >= {_CARD_CHARS}, false)"


def may_hold_cards(con: duckdb.DuckDBPyConnection, scan: str, texts: Mapping[str, str]) -> bool:
    """Say whether a file holds card numbers in its id columns.

    Args:
        con: the connection.
        scan: the file, as it stands in a FROM.
        texts: the expression of each id column with long texts (:func:`long_text`).
    """
    source = _Source(con, f"FROM {scan} WHERE true", texts)
    return any(source.cards(column) for column in source.alike(texts))


def id_columns(table: str, columns: Iterable[str]) -> list[str]:
    """Return those of a file's columns that hold ids."""
    given = frozenset(columns)
    return [column for column in ID_COLUMNS[table] if column in given]


def take_out_cards(
    relations: Relations,
    table: str,
    number: int,
    columns: Iterable[str],
    first_line: FirstLine,
    findings: Findings,
) -> None:
    """Cut the card numbers that a file gave to an ``intake_`` table, or take out their rows.

    Args:
        relations: what holds the rows.
        table: the fact table.
        number: the file's number.
        columns: the file's columns.
        first_line: looks for texts in the file, for the message.
        findings: where the problems go; rows taken out are counted as refused.
    """
    con, intake = relations.con, f"intake_{table}"
    texts = {column: identifier(column) for column in id_columns(table, columns)}
    source = _Source(con, f"FROM {intake} WHERE _n = {number}", texts)
    for column in source.alike():
        cards = sorted(source.cards(column))
        if not cards:
            continue
        kept = list(map(truncate_cards, cards))
        con.register("_cards", pa.table({"card": cards, "kept": kept}))
        which = f"_n = {number} AND {texts[column]} = card"
        if column == ROW_IDS.get(table):
            change = f"DELETE FROM {intake} USING _cards WHERE {which}"
        else:
            change = f"UPDATE {intake} SET {texts[column]} = kept FROM _cards WHERE {which}"
        try:
            ((rows,),) = con.execute(change).fetchall()
        finally:
            con.unregister("_cards")
        if column == ROW_IDS.get(table):
            findings.refused += rows
        merged = len(kept) - len(set(kept)) if column in ACCOUNTS else 0
        line = first_line(column, frozenset(cards))
        findings.add(problem_of(findings.file, line, table, column, rows, merged))
