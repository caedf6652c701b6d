"""Takes what a format reader yields into the relations, by the same rules as canonical files."""

from __future__ import annotations

from typing import TYPE_CHECKING

from daozhang.facts import TABLES, Problem
from daozhang.store.relations import RowBatch
from daozhang.store.rules import checker
from daozhang.store.taken import Findings, Taken

if TYPE_CHECKING:
    from collections.abc import Iterable

    from daozhang.store.relations import Relations
    from daozhang.store.taken import FactBatch, Period

__all__ = ["take_facts"]


def take_facts(
    relations: Relations, file: str, form: str, stream: Iterable[FactBatch | Problem]
) -> Taken:
    """Take a reader's facts as they come; a batch is all that is held.

    Args:
        relations: where good rows go.
        file: the file's name.
        form: the reader's name.
        stream: what the reader yields: batches of rows with their lines, and problems.

    Returns:
        What came of the file. A reader that fails half-way costs its whole file: half a bank
        statement would make money look missing.
    """
    number = relations.begin(file)
    findings = Findings(file)
    batches: dict[str, RowBatch] = {}
    try:
        for item in stream:
            if isinstance(item, Problem):
                findings.add(item)
                continue
            assert item.table in TABLES, f"a reader yielded facts of no table: {item.table}"
            if item.table not in batches:
                batches[item.table] = RowBatch(relations, item.table, number)
            _take(batches[item.table], item, findings)
        for batch in batches.values():
            batch.flush()
    except Exception as error:  # noqa: BLE001 - one broken file must not stop the others
        relations.drop(number)
        findings.clear()
        kind = type(error).__name__
        message = f"the {form} reader failed ({kind}: {error}): nothing of the file was taken"
        findings.add(Problem(file, None, "reader_failed", message))
        return Taken(file, form, {}, 0, findings.problems())
    for batch in batches.values():
        findings.leave_out(batch.left_out)
    rows: dict[str, int] = {}
    periods: list[Period] = []
    for table in TABLES:
        if table in batches and batches[table].taken:
            rows[table], period = relations.summary(table, number)
            periods += [period] if period else []
    whole = (min(p[0] for p in periods), max(p[1] for p in periods)) if periods else None
    return Taken(file, form, rows, findings.refused, findings.problems(), whole)


def _take(batch: RowBatch, facts: FactBatch, findings: Findings) -> None:
    """Judge the rows of one batch and take the good ones."""
    rules = checker(facts.table)
    for row, line in zip(facts.rows, facts.lines, strict=True):
        checked = rules.check(row)
        if checked.values is None:
            findings.refuse(line, checked.findings)
        else:
            findings.shortened += checked.shortened
            batch.add(checked)
