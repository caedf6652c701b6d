"""Why a store cannot be used as asked, as errors that can be said in both languages."""

from __future__ import annotations

from daozhang.facts import Problem

__all__ = ["StoreBusyError", "StoreDamagedError", "StoreError"]


class StoreError(Exception):
    """A store cannot be used as asked; the message says why and what to do.

    Attributes:
        problem: the same with a code, located in the store.
    """

    def __init__(self, problem: Problem) -> None:
        """Take the problem whose message becomes the error's."""
        self.problem = problem
        super().__init__(problem.message)

    def said(self, lang: str) -> str:
        """Return the sentence in a language (``zh`` or ``en``)."""
        return self.problem.said(lang)


class StoreBusyError(StoreError):
    """Somebody else is writing to the store; try again later."""


class StoreDamagedError(StoreError):
    """A receipt or part is not as it was written; ``daozhang store verify`` says what to do."""
