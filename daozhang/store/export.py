"""Writes facts as canonical CSV, so that they can be looked at and read again."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daozhang.facts import TABLES
from daozhang.store.sql_rules import identifier, literal

if TYPE_CHECKING:
    from pathlib import Path

    from daozhang.store.relations import Relations

__all__ = ["write_csv"]


def write_csv(relations: Relations, table: str, path: Path) -> None:
    """Write a table's facts as canonical CSV, replacing the file whole.

    Times are RFC 3339 in UTC, those of day precision bare dates; columns are in canonical order,
    then the extra ones. What is written is read back as the same facts.

    Args:
        relations: what was taken.
        table: which fact table.
        path: where to.

    Raises:
        OSError: the file cannot be put in its place.
        duckdb.Error: the file cannot be written.
    """
    columns = []
    place = 0
    for column in TABLES[table].columns:
        name = identifier(column.name)
        value = name
        if column.kind == "time":
            value = (
                f"CASE WHEN (_days & {1 << place}) <> 0 THEN strftime({name}, '%Y-%m-%d') "
                f"ELSE strftime({name}, '%Y-%m-%dT%H:%M:%S.%fZ') END"
            )
            place += 1
        columns.append(f"{value} AS {name}")
    columns += [identifier(extra) for extra in relations.extras_of(table)]
    temporary = path.with_name(f".{path.name}.tmp")
    query = f"SELECT {', '.join(columns)} FROM ({relations.select(table)})"
    relations.con.execute(
        f"COPY ({query}) TO {literal(str(temporary.absolute()))} (FORMAT csv, HEADER true)"
    )
    temporary.replace(path)
