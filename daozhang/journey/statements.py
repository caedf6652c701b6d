"""Two statements of the same account and days: one of them corrects the other.

A bank line without an id of its own is known by what it says, so a corrected statement brings lines
of its own and both would count. A reader sees one file and cannot know. Where two files state one
account's same period in full (balances and entries add up) and their lines differ, both are told.
"""

from __future__ import annotations

from daozhang.engine import Engine, SqlFolder
from daozhang.facts import Problem

__all__ = ["statements_that_differ"]

_SQL = SqlFolder("daozhang.journey")
_TWICE = (
    "SELECT subject, from_at, to_at, count(DISTINCT _file) AS files, min(_file) AS first_file, "
    "max(_file) AS last_file FROM raw_coverage "
    "WHERE \"table\" = 'credits' AND coalesce(removed, 0) = 0 "
    "GROUP BY subject, from_at, to_at HAVING count(DISTINCT _file) > 1"
)


def statements_that_differ(engine: Engine) -> list[Problem]:
    """Return a warning for each file with lines that another statement of the days has not.

    Expects ``raw_coverage``, ``raw_credits`` and ``facts_credits``.
    """
    if not engine.run("stated_twice", _TWICE):
        return []
    if not engine.run("lines_apart", _SQL["lines_apart"]):
        return []
    engine.run("statements_differ", _SQL["statements_differ"])
    found = engine.rows(
        "SELECT file, min(other), sum(lines) FROM statements_differ GROUP BY file ORDER BY file"
    )
    return [
        Problem(
            str(file), None, "statements_differ",
            f"{lines} lines are not in {other}, which states the same account and days in full: "
            "one of the two statements corrects the other, and both count; take the superseded "
            "file out, or withdraw its lines",
            "warning",
        )
        for file, other, lines in found
    ]  # fmt: skip
