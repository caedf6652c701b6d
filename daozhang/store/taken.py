"""What came of one file: rows taken, rows refused, and the problems with their lines."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, Literal, Protocol

from daozhang.facts import Problem

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from daozhang.store.rules import Finding

__all__ = ["PROBLEMS_MAX", "FactBatch", "Findings", "Period", "Taken", "period_of"]

PROBLEMS_MAX: Final = 1000
"""Most problems that are told one by one for a file; the rest is told as a number."""

Period = tuple[dt.datetime, dt.datetime]
"""First and last event time of some facts, in UTC."""

_EPOCH: Final = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


def period_of(first_us: int | None, last_us: int | None) -> Period | None:
    """Return the period between two instants given in microseconds since 1970 in UTC."""
    if first_us is None or last_us is None:
        return None
    return _EPOCH + dt.timedelta(microseconds=first_us), _EPOCH + dt.timedelta(microseconds=last_us)


class FactBatch(Protocol):
    """Rows of one fact table from a format reader, with the line of each."""

    @property
    def table(self) -> str:
        """Name of the fact table."""

    @property
    def rows(self) -> Sequence[Mapping[str, object]]:
        """Values by column name: text, int, aware datetime, date or None."""

    @property
    def lines(self) -> Sequence[int]:
        """The line each row came from, of the same length as the rows."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What came of one file.

    Attributes:
        file: the file's name.
        format: what it was read as; None: it was not recognised.
        rows: rows taken, by table.
        refused: rows refused.
        problems: why, in the order of the lines.
        period: first and last event time of the rows taken; None: they have none.
    """

    file: str
    format: str | None
    rows: dict[str, int]
    refused: int
    problems: tuple[Problem, ...]
    period: Period | None = None


class Findings:
    """Collects the findings of one file up to a limit, and counts."""

    def __init__(self, file: str) -> None:
        self.file = file
        self.refused = 0
        self.shortened = 0
        self._problems: list[Problem] = []
        self._untold: dict[Literal["error", "warning"], int] = {"error": 0, "warning": 0}

    def add(self, problem: Problem) -> None:
        """Take one problem, or only count it when there are too many."""
        if len(self._problems) < PROBLEMS_MAX:
            self._problems.append(problem)
        else:
            self._untold[problem.severity] += 1

    def refuse(self, line: int | None, findings: Sequence[Finding]) -> None:
        """Count one refused row and say why."""
        self.refused += 1
        for finding in findings:
            self.add(Problem(self.file, line, finding.code, finding.message))

    def leave_out(self, columns: Iterable[str], line: int | None = None) -> None:
        """Warn that extra columns are left out: their names are ours or they are too many."""
        for column in sorted(columns):
            message = f"{column}: left out (a name of ours, or too many columns): rename or drop it"
            self.add(Problem(self.file, line, "column_left_out", message, "warning"))

    def clear(self) -> None:
        """Forget everything: the file is read again in another way."""
        self.refused = self.shortened = 0
        self._problems = []
        self._untold = {"error": 0, "warning": 0}

    def problems(self) -> tuple[Problem, ...]:
        """Return all problems, with a summary of those that were only counted."""
        found = list(self._problems)
        for severity, count in self._untold.items():
            if count:
                message = f"{count} more like these: correct the first {PROBLEMS_MAX}, then again"
                found.append(Problem(self.file, None, "more_problems", message, severity))
        if self.shortened:
            message = (
                f"{self.shortened} cells held what looks like a card number: only the first six "
                "and last four digits were kept; leave card numbers out of such files"
            )
            found.append(
                Problem(self.file, None, "card_number_shortened", message, severity="warning")
            )
        return tuple(found)
