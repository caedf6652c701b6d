"""The rules of a row in DuckDB's SQL, for speed; stricter than :mod:`daozhang.store.rules`.

Rule kept here: whatever these expressions do not flag is taken by the Python rules with the same
values. What they flag may still be good (``+5``, a lower-case ``z``); the Python rules decide.
So the outcome never depends on which way a row came in.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from daozhang.money import CURRENCIES
from daozhang.store.cards import SUSPECT
from daozhang.store.rules import AMOUNT_MAX, is_currency, is_free, needs_not_negative

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from daozhang.facts import Column, Table

__all__ = ["SQL_TYPES", "TIDY", "Projection", "identifier", "literal", "path_literal", "project"]

SQL_TYPES: Final = {
    "text": "VARCHAR",
    "int": "BIGINT",
    "time": "TIMESTAMPTZ",
    "date": "DATE",
    "decimal": "VARCHAR",
}
"""DuckDB type of each kind of column in the ``raw_*`` relations."""

TIDY: Final = "tidy VARCHAR"
"""Stands for the type of a text column known to hold no blanks at its ends and no empty text."""

_INSTANT: Final = (
    "[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
    "(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:[.][0-9]{1,9})?"
    "(?:Z|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?))?"
)
_DATE: Final = "[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
_INT: Final = "-?[0-9]{1,18}"
_DECIMAL: Final = "[+-]?[0-9]{1,30}(?:[.][0-9]{1,30})?"

_USUAL: Final = ("CNY", "EUR", "USD")

_INTEGERS: Final = frozenset(
    sign + size
    for sign in ("", "U")
    for size in ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")
)
_FLOATS: Final = frozenset({"FLOAT", "DOUBLE"})
_INSTANTS: Final = frozenset({"TIMESTAMP WITH TIME ZONE", "TIMESTAMPTZ_NS"})


def literal(text: str) -> str:
    """Return a text as an SQL string literal."""
    return "'" + text.replace("'", "''") + "'"


def identifier(name: str) -> str:
    """Return a name as a quoted SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def path_literal(path: str) -> str:
    """Return a path as a literal that DuckDB's file functions take as it is, never as a pattern.

    Raises:
        ValueError: the path holds a backslash beside a pattern character, which DuckDB cannot
            take literally.
    """
    special = set("*?[") & set(path)
    if special and "\\" in path:
        raise ValueError("its path holds a backslash beside one of * ? [: rename it")
    return literal("".join(f"[{c}]" if c in special else c for c in path))


@dataclass(frozen=True, slots=True)
class Projection:
    """How a source's columns become a ``raw_*`` relation's.

    Attributes:
        columns: expressions for the known columns in order, each with its name.
        extras: expressions for the unknown columns, each with its name.
        days: the expression for ``_days``.
        doubt: true for a row that the Python rules must judge.
        wrong_types: columns whose type can hold no value of their kind, with that type.
    """

    columns: tuple[tuple[str, str], ...]
    extras: tuple[tuple[str, str], ...]
    days: str
    doubt: str
    wrong_types: tuple[tuple[str, str], ...]


class _Cell:
    """SQL pieces of one known column: its value, what is doubtful and whether it is a day."""

    def __init__(self, value: str, doubts: Sequence[str] = (), day: str | None = None) -> None:
        self.value = value
        self.doubts = list(doubts)
        self.day = day


def _text_of(source: str, sql_type: str) -> str:
    """Return the expression of a source column as trimmed text, NULL when empty."""
    if sql_type == TIDY:
        return source
    if sql_type == "VARCHAR":
        # Trimming costs five times what looking at both ends does. '!' comes after all blanks.
        may_need_it = f"{source} < '!' OR ends_with({source}, ' ') OR ends_with({source}, '\t')"
        return f"CASE WHEN {may_need_it} THEN nullif(trim({source}, ' \t'), '') ELSE {source} END"
    if sql_type == "BOOLEAN":
        return f"CAST(CAST({source} AS INTEGER) AS VARCHAR)"
    return f"nullif(trim(CAST({source} AS VARCHAR), ' \t'), '')"


def _text(column: Column, source: str, sql_type: str) -> _Cell:
    text = _text_of(source, sql_type)
    doubts = []
    if sql_type in _FLOATS:
        # A number column with holes comes as floats from data frames: Python writes it as text.
        doubts.append(f"{source} IS NOT NULL")
    if column.values:
        doubts.append(f"{text} NOT IN ({', '.join(map(literal, column.values))})")
    if is_currency(column):
        # A list is compared value by value; only what is unusual needs the long one.
        unknown = f"{text} NOT IN ({', '.join(map(literal, sorted(CURRENCIES)))})"
        usual = ", ".join(map(literal, _USUAL))
        doubts.append(f"CASE WHEN {text} IN ({usual}) THEN false ELSE {unknown} END")
    return _Cell(text, doubts)


def _int(column: Column, source: str, sql_type: str) -> _Cell:
    if sql_type == "VARCHAR":
        value = f"TRY_CAST({source} AS BIGINT)"
        doubts = [f"NOT regexp_full_match({source}, '{_INT}')"]
    else:
        value = f"TRY_CAST({source} AS BIGINT)"
        doubts = [f"({source} IS NOT NULL AND {value} IS NULL)"]
        if sql_type not in _INTEGERS and sql_type != "BOOLEAN":
            doubts.append(f"CAST({source} AS DOUBLE) <> floor(CAST({source} AS DOUBLE))")
    if column.values:
        doubts.append(f"{value} NOT IN ({', '.join(column.values)})")
    if column.at_least is not None:
        doubts.append(f"{value} < {column.at_least}")
    if column.name.endswith("_minor"):
        doubts.append(f"{value} NOT BETWEEN -{AMOUNT_MAX} AND {AMOUNT_MAX}")
    return _Cell(value, doubts)


def _time(source: str, sql_type: str) -> _Cell:
    if sql_type == "VARCHAR":
        value = f"TRY_CAST({source} AS TIMESTAMPTZ)"
        doubts = [
            f"NOT regexp_full_match({source}, '{_INSTANT}')",
            f"({source} IS NOT NULL AND {value} IS NULL)",
        ]
        return _Cell(value, doubts, f"strlen({source}) = 10")
    if sql_type == "DATE":
        outside = f"{source} NOT BETWEEN DATE '1000-01-01' AND DATE '2999-12-31'"
        return _Cell(f"CAST({source} AS TIMESTAMPTZ)", [outside], f"{source} IS NOT NULL")
    if sql_type == "TIMESTAMPTZ_NS":
        # 64 bits of nanoseconds reach from 1677 to 2262 only: no year of theirs is out of range.
        return _Cell(f"CAST({source} AS TIMESTAMPTZ)")
    low, high = "TIMESTAMPTZ '1000-01-01 00:00:00+00'", "TIMESTAMPTZ '2999-12-31 00:00:00+00'"
    return _Cell(source, [f"{source} NOT BETWEEN {low} AND {high}"])


def _date(source: str, sql_type: str) -> _Cell:
    if sql_type == "VARCHAR":
        value = f"TRY_CAST({source} AS DATE)"
        return _Cell(
            value,
            [
                f"NOT regexp_full_match({source}, '{_DATE}')",
                f"({source} IS NOT NULL AND {value} IS NULL)",
            ],
        )
    outside = f"{source} NOT BETWEEN DATE '1000-01-01' AND DATE '2999-12-31'"
    return _Cell(f"CAST({source} AS DATE)", [outside])


def _decimal(source: str, sql_type: str) -> _Cell:
    text = _text_of(source, sql_type)
    return _Cell(text, [f"NOT regexp_full_match({text}, '{_DECIMAL}')"])


def _fits(kind: str, sql_type: str) -> bool:
    """Say whether a column of the type can hold values of the kind at all."""
    number = sql_type in _INTEGERS or sql_type in _FLOATS or sql_type.startswith("DECIMAL")
    if sql_type in ("VARCHAR", TIDY, '"NULL"'):
        return True
    if kind == "time":
        return sql_type in _INSTANTS or sql_type == "DATE"
    if kind == "date":
        return sql_type == "DATE"
    if kind == "int":
        return number or sql_type == "BOOLEAN"
    if kind == "decimal":
        return number
    return sql_type != "BLOB"


def _cell(column: Column, source: str, sql_type: str) -> _Cell:
    if sql_type == '"NULL"':
        return _Cell(f"CAST(NULL AS {SQL_TYPES[column.kind]})")
    if column.kind == "int":
        return _int(column, source, sql_type)
    if column.kind == "time":
        return _time(source, sql_type)
    if column.kind == "date":
        return _date(source, sql_type)
    if column.kind == "decimal":
        return _decimal(source, sql_type)
    return _text(column, source, sql_type)


def project(table: Table, source: Mapping[str, tuple[str, str]]) -> Projection:
    """Return the expressions that turn a source's rows into facts of the table.

    Args:
        table: which fact table.
        source: the source's columns: fact column name (known or extra) → (SQL expression of the
            source column, its DuckDB type). Known columns that are missing are NULL.
    """
    columns, days, doubts, wrong = [], [], [], []
    place = 0
    for column in table.columns:
        expression, sql_type = source.get(column.name, ("NULL", '"NULL"'))
        if not _fits(column.kind, sql_type):
            wrong.append((column.name, sql_type))
            expression, sql_type = "NULL", '"NULL"'
        cell = _cell(column, expression, sql_type)
        doubts += cell.doubts
        default = table.defaults.get(column.name)
        value = cell.value if default is None else f"coalesce({cell.value}, {literal(default)})"
        if column.name == "removed":
            value = f"coalesce({cell.value}, 0)"
        if column.required:
            doubts.append(f"{cell.value} IS NULL")
        if is_free(table, column) and column.name in source:
            doubts.append(f"regexp_matches({cell.value}, '{SUSPECT}')")
        if needs_not_negative(table, column):
            doubts.append(f"{cell.value} < 0")
        if column.kind == "time":
            if cell.day is not None:
                days.append(f"CASE WHEN {cell.day} THEN {1 << place} ELSE 0 END")
            place += 1
        columns.append((column.name, value))
    extras = []
    for name, (expression, sql_type) in source.items():
        if table.column(name) is None:
            text = _text_of(expression, sql_type)
            doubts.append(f"regexp_matches({text}, '{SUSPECT}')")
            if sql_type in _FLOATS:
                doubts.append(f"{expression} IS NOT NULL")
            extras.append((name, text))
    doubts += _row_doubts(table, dict(columns))
    doubt = " OR ".join(f"coalesce({d}, false)" for d in doubts) or "false"
    return Projection(
        tuple(columns),
        tuple(extras),
        f"CAST({' + '.join(days) or '0'} AS INTEGER)",
        f"({doubt})",
        tuple(wrong),
    )


def _row_doubts(table: Table, values: Mapping[str, str]) -> list[str]:
    """Return what makes a row of good cells doubtful."""
    if table.name == "settlements":
        wide = {
            part: f"CAST(coalesce({values[f'{part}_minor']}, 0) AS HUGEINT)"
            for part in ("gross", "fee", "tax", "reserve", "net")
        }
        due = f"{wide['gross']} - {wide['fee']} - {wide['tax']} - {wide['reserve']}"
        return [f"{due} <> {wide['net']}"]
    if table.name == "feedback":
        return [f"{values['score']} NOT BETWEEN 1 AND 5"]
    return []
