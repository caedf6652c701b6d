"""Takes a canonical Parquet file: in place when it is clean, else its good rows are copied.

Rule kept here: every row is checked, by one query unless texts begin or end with blanks. A clean
file is never copied: the relation reads it where it lies, so it must stay there as long as the
connection is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow as pa

from daozhang.facts import TABLES, Problem
from daozhang.store.card_ids import id_columns, long_text, may_hold_cards, take_out_cards
from daozhang.store.relations import RowBatch
from daozhang.store.rules import checker
from daozhang.store.sql_rules import TIDY, Projection, identifier, literal, path_literal, project
from daozhang.store.taken import Findings, Taken, period_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from daozhang.facts import Table
    from daozhang.store.canonical import Canonical
    from daozhang.store.relations import Relations
    from daozhang.store.taken import Period

__all__ = ["load_parquet"]

_FETCH_ROWS: Final = 10_000


class _UnreadableError(Exception):
    """DuckDB cannot read the file; carries the problem. Never leaves this module."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.message)
        self.problem = problem


def load_parquet(relations: Relations, file: Canonical) -> Taken:
    """Take the good rows of a canonical Parquet file.

    Args:
        relations: where the rows go.
        file: the recognised file.
    """
    number = relations.begin(file.name)
    findings = Findings(file.name)
    try:
        rows, period = _load(relations, file, number, findings)
    except _UnreadableError as error:
        relations.drop(number)
        findings.clear()
        findings.add(error.problem)
        rows, period = 0, None
    counted = {file.table: rows} if rows else {}
    return Taken(file.name, file.format, counted, findings.refused, findings.problems(), period)


def _load(
    relations: Relations, file: Canonical, number: int, findings: Findings
) -> tuple[int, Period | None]:
    """Take the rows; return how many and their period."""
    table, con = TABLES[file.table], relations.con
    try:
        path = path_literal(str(file.path.absolute()))
        scan = f"read_parquet([{path}], hive_partitioning=false, file_row_number=true)"
        described = con.execute(f"DESCRIBE SELECT * FROM {scan}").fetchall()
    except ValueError as error:
        raise _UnreadableError(Problem(file.name, None, "bad_name", str(error))) from None
    except duckdb.Error as error:
        raise _unreadable(file, error) from None
    # DuckDB renames columns of equal names and adds the row number last; the order is the file's.
    source: dict[str, tuple[str, str]] = {}
    for column, (name, sql_type, *_) in zip(file.columns, described[:-1], strict=True):
        known = table.column(column) is not None
        target = column if known else relations.widen(file.table, column)
        if target is None:
            findings.leave_out([column])
        else:
            source[target] = (identifier(name), str(sql_type))
    made = project(table, source)
    try:
        _refuse_wrong_types(relations, file, made, source, scan)
        event = dict(made.columns).get(table.event or "", "CAST(NULL AS TIMESTAMPTZ)")
        texts = [x for x, sql_type in source.values() if sql_type == "VARCHAR"]
        nul = _any(f"contains({x}, chr(0))" for x in texts)
        ids = _ids(file, source)
        # Trimming a text costs five times what looking at its ends does: first it is seen whether
        # any may need it, and what is doubtful if none does. '!' comes after all blanks.
        tidy = project(table, _as_tidy(table, source))
        blank = _any(f"{x} < '!' OR ends_with({x}, ' ') OR ends_with({x}, '\t')" for x in texts)
        query = (
            f"SELECT count(*), count(*) FILTER ({tidy.doubt} OR {nul}), count(*) FILTER ({blank}), "
            f"min(epoch_us({event})), max(epoch_us({event}))"
            f"{''.join(f', {long_text(x)}' for x in ids.values())} FROM {scan}"
        )
        ((total, doubts, blanks, first, last, *are_long),) = con.execute(query).fetchall()
        doubt = f"({made.doubt} OR {nul})"
        if blanks:
            untidy = _any(f"{x} <> trim({x}, ' \t') OR {x} = ''" for x in texts)
            query = f"SELECT count(*) FILTER ({doubt}), count(*) FILTER ({untidy}) FROM {scan}"
            ((doubts, blanks),) = con.execute(query).fetchall()
        ids = {c: x for (c, x), is_long in zip(ids.items(), are_long, strict=True) if is_long}
        if doubts or may_hold_cards(con, scan, ids):
            return _copy(
                relations,
                file,
                findings,
                number=number,
                made=made,
                source=source,
                scan=scan,
                doubt=doubt,
            )
    except duckdb.Error as error:
        raise _unreadable(file, error) from None
    made = made if blanks else tidy
    select = ", ".join(f"{x} AS {identifier(n)}" for n, x in (*made.columns, *made.extras))
    if total:
        extras = tuple(name for name, _ in made.extras)
        select = f"{select}, {made.days} AS _days"
        relations.add_in_place(file.table, number, path, select, extras)
    return int(total), period_of(first, last)


def _any(conditions: Iterable[str]) -> str:
    """Return the condition that any of some holds; one that is not known does not."""
    return f"coalesce({' OR '.join(conditions) or 'false'}, false)"


def _as_tidy(table: Table, source: Mapping[str, tuple[str, str]]) -> dict[str, tuple[str, str]]:
    """Return a source's columns with those that stay text marked as without blanks at the ends."""
    parsed = {c.name for c in table.columns if c.kind not in ("text", "decimal")}
    return {
        c: (x, TIDY if sql_type == "VARCHAR" and c not in parsed else sql_type)
        for c, (x, sql_type) in source.items()
    }


def _unreadable(file: Canonical, error: duckdb.Error) -> _UnreadableError:
    why = str(error).splitlines()[0][:200]
    code = "not_utf8" if "string encoding" in why else "parquet_unreadable"
    message = f"the Parquet file cannot be read: {why}: write it again"
    return _UnreadableError(Problem(file.name, None, code, message))


def _refuse_wrong_types(
    relations: Relations,
    file: Canonical,
    made: Projection,
    source: dict[str, tuple[str, str]],
    scan: str,
) -> None:
    """Refuse the file when a column of a type that cannot hold its values holds any."""
    for name, sql_type in made.wrong_types:
        query = f"SELECT count({source[name][0]}) FROM {scan}"
        if relations.con.execute(query).fetchall() == [(0,)]:
            continue
        column = TABLES[file.table].column(name)
        assert column is not None, "only known columns have a type to fit"
        if column.kind == "time" and sql_type.startswith("TIMESTAMP"):
            code = "time_without_offset"
            message = (
                f"{name} is {sql_type}, times without an offset: "
                "write it as TIMESTAMPTZ (UTC-adjusted) or as RFC 3339 text"
            )
        else:
            code = "column_type"
            wanted = {"time": "TIMESTAMPTZ", "date": "DATE", "int": "BIGINT"}
            message = f"{name} is {sql_type}: write {wanted.get(column.kind, 'VARCHAR')}"
        raise _UnreadableError(Problem(file.name, None, code, message))


def _copy(
    relations: Relations,
    file: Canonical,
    findings: Findings,
    *,
    number: int,
    made: Projection,
    source: dict[str, tuple[str, str]],
    scan: str,
    doubt: str,
) -> tuple[int, Period | None]:
    """Copy the rows that are beyond doubt; judge the others with the Python rules."""
    con = relations.con
    columns = (*made.columns, *made.extras)
    names = ", ".join(identifier(name) for name, _ in columns)
    con.execute(
        f"INSERT INTO intake_{file.table} ({names}, _days, _file, _n, _doubt) "
        f"SELECT {', '.join(x for _, x in columns)}, {made.days}, {literal(file.name)}, "
        f"{number}, false FROM {scan} WHERE NOT {doubt}"
    )
    simple = {"VARCHAR", "BIGINT", "INTEGER", "DATE", "TIMESTAMP WITH TIME ZONE", "DOUBLE"}
    wrong = dict(made.wrong_types)
    cells = ", ".join(
        f"{x if t in simple or t.startswith('DECIMAL') else _plain(x, t)} AS {identifier(n)}"
        for n, (x, t) in source.items()
        if n not in wrong
    )
    rules = checker(file.table)
    batch = RowBatch(relations, file.table, number)
    query = f"SELECT file_row_number AS _row, {cells} FROM {scan} WHERE {doubt} ORDER BY 1"
    # A cursor of its own: taking rows uses the connection while this result is being read.
    cursor = con.cursor()
    cursor.execute("SET TimeZone = 'UTC'")
    reader = cursor.sql(query).to_arrow_reader(_FETCH_ROWS)
    for rows in reader:
        for row in rows.to_pylist():
            line = row.pop("_row") + 1
            checked = rules.check(row)
            if checked.values is None:
                findings.refuse(line, checked.findings)
            else:
                findings.shortened += checked.shortened
                batch.add(checked)
    batch.flush()

    def first_line(column: str, texts: frozenset[str]) -> int | None:
        con.register("_texts", pa.table({"text": list(texts)}))
        found = f"trim({_ids(file, source)[column]}, ' \t')"
        query = f"SELECT min(file_row_number) FROM {scan} SEMI JOIN _texts ON {found} = text"
        ((row,),) = con.execute(query).fetchall()
        con.unregister("_texts")
        return None if row is None else int(row) + 1

    take_out_cards(relations, file.table, number, source, first_line, findings)
    return relations.summary(file.table, number)


def _ids(file: Canonical, source: Mapping[str, tuple[str, str]]) -> dict[str, str]:
    """Return the text of each id column that the file has."""
    columns = {column: source[column] for column in id_columns(file.table, source)}
    return {c: x if t == "VARCHAR" else f"CAST({x} AS VARCHAR)" for c, (x, t) in columns.items()}


def _plain(expression: str, sql_type: str) -> str:
    """Return an expression whose values Python gets as plain values."""
    if sql_type == "BOOLEAN":
        return f"CAST({expression} AS INTEGER)"
    if sql_type == "TIMESTAMPTZ_NS":
        return f"CAST({expression} AS TIMESTAMPTZ)"
    return f"CAST({expression} AS VARCHAR)"
