"""The SQL files: one SELECT a file, its result named by the file's stem."""

from __future__ import annotations

import re
from functools import cached_property
from importlib import resources
from typing import Final

__all__ = ["SqlFolder", "forbidden_constructs"]

_FORBIDDEN: Final[dict[str, str]] = {
    r"\b(quantile(_cont|_disc)?|median)\s*\(": "percentiles: count in buckets and pick in Python",
    r"\bHUGEINT\b": "use BIGINT or DECIMAL(38, 0)",
    r"\bASOF\b": "Spark has none: use a bucketed join with a residual",
    r"\b(list|array_agg)\s*\(": "its order is lost on Spark: use string_agg(x, ';' ORDER BY x)",
    r"\bhash\s*\(": "the two engines hash differently",
    r"\btimezone\s*\(": "not translated: use bucketed day tables made in Python",
    r"\b(now|today)\s*\(|\bcurrent_(date|timestamp|time)\b": "time is passed in",
    r"\brandom\s*\(": "answers are reproducible",
    r"\bepoch\s*\(": "gives a float: use epoch_us",
    r"\b(FLOAT|DOUBLE|REAL)\b": "no float touches money or time",
    r"(?<!/)/(?!/)": "gives a float: use //",
    r"\b(first|last|any_value)\s*\(": "which row is first is not defined: use min, max or max_by",
    r"\b(arg_max|arg_min)\s*\(": "write max_by or min_by, with an order that cannot tie",
    r"\b(max_by|min_by)\s*\((?![^()]*,[^()]*\()": (
        "which row of a tie wins is not defined: order by a row that ends in the value itself, "
        "max_by(x, (at, x))"
    ),
    r"\bdate_trunc\s*\(": "its type differs: CAST to DATE",
    r"\bQUALIFY\b|\bDISTINCT\s+ON\b": "rank with row_number in a subquery",
    r"^(?!.*\bORDER BY\b).*\bLIMIT\b": "which rows stay is not defined without ORDER BY",
}
"""Constructs that one engine lacks, or runs with other rows, and what to write instead."""


def forbidden_constructs(sql: str) -> list[str]:
    """Return a sentence for each forbidden construct in a SQL text (comments and texts aside)."""
    code = re.sub(r"--[^\n]*|'[^']*'", "", sql)
    return [
        f"{match[0].strip()!r}: {advice}"
        for pattern, advice in _FORBIDDEN.items()
        if (match := re.search(pattern, code, re.IGNORECASE | re.DOTALL))
    ]


class SqlFolder:
    """The ``sql`` folder beside a package's modules."""

    def __init__(self, package: str) -> None:
        self._package = package

    @cached_property
    def texts(self) -> dict[str, str]:
        """Every file's text by its stem."""
        folder = resources.files(self._package) / "sql"
        return {
            entry.name.removesuffix(".sql"): entry.read_text(encoding="utf-8")
            for entry in folder.iterdir()
            if entry.name.endswith(".sql")
        }

    def __getitem__(self, name: str) -> str:
        return self.texts[name]
