"""What an operation may answer, for the API's description: its own answer, and every error."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Final

from daozhang.server.api.errors import Problem

__all__ = ["answers"]

_ALWAYS: Final = (400, 401, 403, 405, 422, 429, 500, 503)


def answers(value: Any, status: int = 200, *errors: int) -> dict[Any, Any]:
    """Return the answers of an operation by status.

    Args:
        value: the type of its answer.
        status: of it.
        errors: statuses of errors besides those that every operation has.
    """
    return {status: value, **dict.fromkeys(_sorted(errors), Problem)}


def _sorted(errors: Iterable[int]) -> list[int]:
    return sorted({*_ALWAYS, *errors})
