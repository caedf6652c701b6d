"""What was wrong with a user's data, said as a value and never raised.

Rules kept here: a problem names the file, the line, a stable code and, in one sentence, what was
found and what to do. An ``error`` means that the row (or the file) was refused; a ``warning``
means that it was taken and should be looked at. Reading always goes on. No message holds a whole
card number, whoever writes it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from daozhang.facts.card_numbers import hide_card_numbers
from daozhang.facts.problem_words import IN_CHINESE

__all__ = ["Problem"]


@dataclass(frozen=True, slots=True, order=True)
class Problem:
    """One located finding about a user's file.

    Attributes:
        file: the file's name as the user knows it.
        line: 1-based line (or row of a sheet, or record of a binary file); None: the whole file.
        code: stable snake_case key that programs may switch on, e.g. ``amount_not_integer``.
        message: an English sentence: what was found, what was expected, what to do.
        severity: ``error`` (refused) or ``warning`` (taken).
    """

    file: str
    line: int | None
    code: str
    message: str
    severity: Literal["error", "warning"] = "error"

    def __post_init__(self) -> None:
        """Cut card numbers: a message quotes cells, and any cell may hold one."""
        cut = hide_card_numbers(self.message)
        if cut != self.message:
            object.__setattr__(self, "message", cut)

    def __str__(self) -> str:
        """Return ``file:line: message [code]``, the form editors can jump to."""
        where = self.file if self.line is None else f"{self.file}:{self.line}"
        return f"{where}: {self.message} [{self.code}]"

    def said(self, lang: str) -> str:
        """Return the finding with its place in a language (``zh`` or ``en``).

        The message itself is English; in Chinese the code's own sentence goes before it.
        """
        explained = IN_CHINESE.get(self.code) if lang == "zh" else None
        if explained is None:
            return str(self)
        where = self.file if self.line is None else f"{self.file} 第 {self.line} 行"
        return f"{where}：{explained}（{self.message}）[{self.code}]"

    def to_json(self) -> dict[str, object]:
        """Return the shape that ``read --json`` prints for one error or warning."""
        return {"line": self.line, "code": self.code, "message": self.message}
