"""What the bank-line readers share: stable ids, searchable text, and collected output.

The rule for ids is the contract's: a line without an id of its own is keyed by account, date,
amount and text *and occurrence*. Occurrences are counted inside one statement, so two identical
genuine lines stay two, and the same two in an overlapping statement get the same two ids again.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Final

from daozhang.facts import Problem
from daozhang.formats.base import Facts, Row
from daozhang.formats.limits import FACTS_BATCH_ROWS, PROBLEMS_PER_FILE_MAX
from daozhang.formats.privacy import truncate_cards

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

__all__ = ["NO_REFERENCE", "Collector", "LineIds", "join_texts"]

NO_REFERENCE: Final = frozenset(
    {"", "NONREF", "NOTPROVIDED", "NOT PROVIDED", "NOTAPPLICABLE", "NOREF", "EREF", "KREF", "/"}
)
"""What banks write where a reference is missing, in capitals."""

_NO_REFERENCE_CHARS: Final = max(map(len, NO_REFERENCE))


class LineIds:
    """Gives ids to the lines of one statement."""

    def __init__(self) -> None:
        self._seen: dict[str, int] = {}

    def restart(self) -> None:
        """Begin another statement, which may repeat the lines of the last."""
        self._seen.clear()

    def next_id(self, account: str, day: str, amount: int, text: str) -> str:
        """Return the id of the next line with this account, ISO date, minor units and text."""
        key = f"{account}|{day}|{amount}|{' '.join(text.split())}".encode(errors="replace")
        mark = hashlib.blake2b(key, digest_size=10).hexdigest()
        count = self._seen[mark] = self._seen.get(mark, 0) + 1
        return f"line-{mark}" if count == 1 else f"line-{mark}-{count}"


def join_texts(parts: Iterable[str | None]) -> str | None:
    """Join texts by a space; what an earlier part already holds is left out, and so are blanks."""
    kept: list[str] = []
    for part in parts:
        if not part:
            continue
        plain = " ".join(part.split())
        if len(plain) <= _NO_REFERENCE_CHARS and plain.upper() in NO_REFERENCE:
            continue
        for have in kept:
            if plain in have:
                break
        else:
            kept.append(plain)
    return " ".join(kept) or None


class Collector:
    """Gathers one file's rows and problems, and hands them out in batches.

    Problems over :data:`PROBLEMS_PER_FILE_MAX` are counted, and one last problem tells the count.
    A message quotes what stands in the file, so card numbers are cut in it too.
    """

    def __init__(self, file: str) -> None:
        self.file = file
        self.problem_count = 0
        self._rows: dict[str, tuple[list[Row], list[int]]] = {}
        self._problems: list[Problem] = []

    def add(self, table: str, row: Row, line: int) -> None:
        """Take one row."""
        held = self._rows.get(table)
        if held is None:
            held = self._rows[table] = ([], [])
        held[0].append(row)
        held[1].append(line)

    def error(self, line: int | None, code: str, message: str) -> None:
        """Note that a row (or the file) was refused."""
        self._note(Problem(self.file, line, code, truncate_cards(message)))

    def warn(self, line: int | None, code: str, message: str) -> None:
        """Note something that was taken and should be looked at."""
        self._note(Problem(self.file, line, code, truncate_cards(message), "warning"))

    def _note(self, problem: Problem) -> None:
        self.problem_count += 1
        if self.problem_count <= PROBLEMS_PER_FILE_MAX:
            self._problems.append(problem)

    def drain(self, *, last: bool = False) -> Iterator[Facts | Problem]:
        """Yield what is ready: all problems, full batches, and with ``last`` the rest."""
        yield from self._problems
        self._problems.clear()
        for table, (rows, lines) in list(self._rows.items()):
            if last or len(rows) >= FACTS_BATCH_ROWS:
                for start in range(0, len(rows), FACTS_BATCH_ROWS):
                    stop = start + FACTS_BATCH_ROWS
                    yield Facts(table, rows[start:stop], lines[start:stop])
                del self._rows[table]
        if last and self.problem_count > PROBLEMS_PER_FILE_MAX:
            more = self.problem_count - PROBLEMS_PER_FILE_MAX
            message = f"{more} more problems were found in this file and are not listed"
            yield Problem(self.file, None, "more_problems", message)
