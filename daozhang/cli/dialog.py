"""Tables and questions on a terminal, in one language."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from daozhang.app.words_start import Said, say_start

__all__ = ["Asked", "Dialog"]


class Asked(Protocol):
    """What a question has to be able to say about itself."""

    @property
    def default(self) -> str:
        """The proposed answer; empty: there is none."""

    def text(self, lang: str) -> str:
        """Return the question."""

    def reason(self, lang: str) -> str:
        """Return why its answer is proposed."""

    def example(self, lang: str) -> str:
        """Return what an answer looks like."""


class Dialog:
    """Says things in one language on standard output; what files hold is never markup."""

    def __init__(self, lang: str) -> None:
        """Begin; ``lang`` is ``zh`` or ``en``."""
        from rich.console import Console

        self.lang = lang
        self.console = Console(highlight=False, markup=False, emoji=False)

    def say(self, key: str, **values: object) -> str:
        """Return a text of the catalogue."""
        return say_start(self.lang, key, **values)

    def print(self, text: str, *, strong: bool = False) -> None:
        """Print a line."""
        self.console.print(text, style="bold" if strong else None, soft_wrap=True)

    def line(self, key: str, **values: object) -> None:
        """Print a text of the catalogue."""
        self.print(self.say(key, **values))

    def table(self, title: str, columns: Iterable[str], rows: Iterable[Iterable[str]]) -> None:
        """Print a table with its title."""
        from rich import box
        from rich.table import Table
        from rich.text import Text

        self.print(title, strong=True)
        table = Table(box=box.SIMPLE_HEAD)
        for column in columns:
            table.add_column(column, overflow="fold")
        for row in rows:
            table.add_row(*(Text(cell) for cell in row))
        self.console.print(table)

    def ask(self, question: Asked, complaint: Said | None) -> str | None:
        """Put one question; None: there is no more input."""
        if complaint is not None:
            self.print(f"  ! {complaint.in_(self.lang)}")
        else:
            self.print("")
            self.print(question.text(self.lang), strong=True)
            self.print(f"  {self.say('ask.reason')}: {question.reason(self.lang)}")
            self.print(f"  {self.say('ask.example')}: {question.example(self.lang)}")
        enter = "ask.enter" if question.default else "ask.enter_none"
        prompt = f"  [{self.say(enter, default=question.default)}] > "
        self.console.print(prompt, end="", soft_wrap=True)
        try:
            return input()
        except EOFError:
            self.print("")
            return None
