"""Where a store's parts lie, which of them it owns, and the query that reads them as one table."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from daozhang.facts import TABLES, Problem
from daozhang.store.errors import StoreDamagedError
from daozhang.store.sql_rules import SQL_TYPES, identifier, path_literal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from daozhang.store.generations import Generation
    from daozhang.store.receipts import Receipts

__all__ = [
    "ORIGIN",
    "Part",
    "column_types",
    "merged_parts",
    "names_in",
    "own_name",
    "own_parts",
    "owned_parts",
    "part_path",
    "parts_of",
    "receipt_missing",
    "select_parts",
]

ORIGIN = "_origin"
"""In a merged part: whose rows these are, as a place in the list of files that the manifest has."""


@dataclass(frozen=True, slots=True)
class Part:
    """One Parquet file of a table.

    Attributes:
        name: its file name.
        sha256: its hash.
        columns: its columns but for ``_days``, ``_file`` and ``_origin``.
        files: ids of the files whose rows it holds, with their counts.
        merged: whether a compaction made it.
    """

    name: str
    sha256: str
    columns: tuple[str, ...]
    files: tuple[tuple[str, int], ...]
    merged: bool

    @property
    def rows(self) -> int:
        """How many rows it has."""
        return sum(count for _, count in self.files)


def part_path(store: Path, table: str, name: str) -> Path:
    """Return where a part of a table lies."""
    return store / "parts" / table / name


def own_name(file_id: str) -> str:
    """Return the name of the part that an ingested file has of its own."""
    return f"{file_id}.parquet"


def parts_of(table: str, receipts: Receipts, generation: Generation) -> list[Part]:
    """Return the parts that make up a table: files' own in the order of their ids, then merged.

    Raises:
        StoreDamagedError: a merged part holds rows of a file whose receipt is gone.
    """
    covered = generation.rows_of_files(table)
    lost = min((f for f in covered if f not in receipts.good), default=None)
    if lost is not None:
        raise StoreDamagedError(receipt_missing(lost))
    return [*own_parts(table, receipts, generation), *merged_parts(table, generation)]


def own_parts(table: str, receipts: Receipts, generation: Generation) -> list[Part]:
    """Return the parts of files that no merged part holds, in the order of the files' ids."""
    covered = generation.rows_of_files(table)
    return [
        Part(own_name(r.id), r.parts[table][0], r.parts[table][1], ((r.id, r.rows[table]),), False)
        for r in receipts.good.values()
        if table in r.parts and r.id not in covered
    ]


def merged_parts(table: str, generation: Generation) -> list[Part]:
    """Return the merged parts of a table."""
    return [
        Part(m.name, m.sha256, m.columns, m.files, True) for m in generation.merged.get(table, ())
    ]


def receipt_missing(file_id: str) -> Problem:
    """Return the finding that a merged part has rows of a file without receipt."""
    name = f"files/{file_id}.json"
    message = (
        f"receipt {file_id}.json is missing and a merged part holds rows of its file: ingest that "
        "file again, or restore the receipt from a backup"
    )
    return Problem(name, None, "receipt_missing", message)


def owned_parts(store: Path, receipts: Receipts, generations: Iterable[Generation]) -> set[Path]:
    """Return every part that one of the generations reads, with those of damaged receipts."""
    owned: set[Path] = set()
    for generation in generations:
        for table in TABLES:
            covered = generation.rows_of_files(table)
            names = [merged.name for merged in generation.merged.get(table, ())]
            names += [
                own_name(r.id)
                for r in receipts.good.values()
                if table in r.parts and r.id not in covered
            ]
            names += [own_name(file_id) for file_id in receipts.damaged if file_id not in covered]
            owned.update(part_path(store, table, name) for name in names)
    return owned


def names_in(folder: Path) -> set[str]:
    """Return the names of what is in a folder; nothing when there is no folder."""
    try:
        return {path.name for path in folder.iterdir()}
    except FileNotFoundError:
        return set()


def column_types(
    table: str, receipts: Receipts, wanted: Callable[[str], bool] = lambda _: True
) -> dict[str, str]:
    """Return the columns of ``raw_<table>`` and their types.

    Only receipts are asked, so a compaction changes neither their order nor their spelling.
    """
    known = {c.name: SQL_TYPES[c.kind] for c in TABLES[table].columns}
    columns = [
        r.parts[table][1] for r in receipts.good.values() if table in r.parts and wanted(r.id)
    ]
    # An extra column is one whatever the case of its letters, as in DuckDB itself.
    extras = {
        c.casefold(): c for listed in dict.fromkeys(columns) for c in listed if c not in known
    }
    types = {**known, **dict.fromkeys(extras.values(), "VARCHAR")}
    return {**types, "_days": "INTEGER", "_file": "VARCHAR"}


def select_parts(
    store: Path,
    table: str,
    parts: Iterable[Part],
    types: Mapping[str, str],
    *,
    origins: bool = False,
    wanted: Callable[[str], bool] = lambda _: True,
) -> str:
    """Return the query of some parts of a table as one.

    Args:
        store: the store's folder.
        table: the fact table.
        parts: which parts.
        types: the columns wanted, with their types; NULL where a part lacks one.
        origins: also ``_part`` (the part's name) and ``_origin`` (-1 in a file's own part).
        wanted: says of a file's id whether its rows are.
    """
    folder = str((store / "parts" / table).absolute())
    groups: dict[tuple[bool, tuple[str, ...], str], list[str]] = {}
    for part in parts:
        places = [place for place, (file_id, _) in enumerate(part.files) if wanted(file_id)]
        if not places:
            continue
        key = (part.merged and origins, part.columns, _only(places, part))
        groups.setdefault(key, []).append(path_literal(f"{folder}/{part.name}"))
    more = {"_part": "VARCHAR", ORIGIN: "INTEGER"} if origins else {}
    nothing = ", ".join(
        f"CAST(NULL AS {t}) AS {identifier(c)}" for c, t in {**types, **more}.items()
    )
    queries = [f"SELECT {nothing} WHERE false"]
    for (merged, columns, only), paths in groups.items():
        here = {c.casefold() for c in (*columns, "_days", "_file")}
        chosen = [
            identifier(c) if c.casefold() in here else f"CAST(NULL AS {t}) AS {identifier(c)}"
            for c, t in types.items()
        ]
        if origins:
            chosen.append("parse_filename(filename) AS _part")
            chosen.append(ORIGIN if merged else f"CAST(-1 AS INTEGER) AS {ORIGIN}")
        named = "filename=true, " if origins else ""
        queries.append(
            f"SELECT {', '.join(chosen)} "
            f"FROM read_parquet([{', '.join(paths)}], {named}hive_partitioning=false){only}"
        )
    return " UNION ALL ".join(queries)


def _only(places: Sequence[int], part: Part) -> str:
    """Return the condition on a merged part's rows; empty when all of them are wanted."""
    if len(places) == len(part.files):
        return ""
    return f" WHERE {ORIGIN} IN ({', '.join(map(str, places))})"
