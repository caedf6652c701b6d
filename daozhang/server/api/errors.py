"""Every error of the API: a stable key, a status, a sentence in both languages, one shape.

``{"error": {"key": "not_found", "message": "…", "detail": {…}}}``. Programs switch on keys, people
read messages (``api.error.<key>`` of the words). A key is never given another meaning.
"""

from __future__ import annotations

from typing import Any, Final

from pydantic import Field

from daozhang.charts import Lang
from daozhang.server.api.values import Out
from daozhang.server.words import say

__all__ = ["BY_STATUS", "STATUSES", "ApiError", "Problem", "WrongValueError", "problem"]

STATUSES: Final[dict[str, int]] = {
    "bad_request": 400,
    "not_signed_in": 401,
    "token_invalid": 401,
    "csrf_failed": 403,
    "no_right": 403,
    "token_scope": 403,
    "session_needed": 403,
    "second_factor_needed": 403,
    "not_found": 404,
    "method_not_allowed": 405,
    "idempotency_key_reused": 409,
    "idempotency_in_progress": 409,
    "already_there": 409,
    "source_there": 409,
    "not_yourself": 409,
    "too_large": 413,
    "unsupported_media_type": 415,
    "validation_failed": 422,
    "file_empty": 422,
    "rate_limited": 429,
    "unexpected": 500,
    "busy": 503,
    "no_room": 507,
}
"""Error key → HTTP status."""

BY_STATUS: Final = {
    status: key for key, status in reversed(STATUSES.items()) if key != "token_invalid"
}
"""HTTP status → the key for an answer that was refused before it reached an operation."""


class ApiError(Exception):
    """A call cannot be answered; ``key`` says why."""

    def __init__(self, key: str, **detail: Any) -> None:
        """Keep why, and values that help to put it right: they are shown to the caller."""
        super().__init__(key)
        self.key = key
        self.status = STATUSES[key]
        self.detail = detail


class WrongValueError(ApiError):
    """A value cannot be used, for a reason that only an operation knows."""

    def __init__(self, *where: str | int, why: str) -> None:
        """Keep where it stands, such as ``"query", "cursor"``, and ``api.field.<why>``."""
        super().__init__("validation_failed")
        self.where = where
        self.why = why


class Why(Out):
    """What went wrong."""

    key: str = Field(description="Stable; switch on this.", examples=["not_found"])
    message: str = Field(description="For people, in the language that was asked for.")
    detail: dict[str, Any] = Field(description="What helps to put it right.")


class Problem(Out):
    """The one shape of every error."""

    error: Why


def problem(key: str, lang: Lang, detail: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return the body of an error.

    Args:
        key: one of :data:`STATUSES`.
        lang: of the message.
        detail: values that JSON can hold.
    """
    message = say(lang, f"api.error.{key}")
    return {"error": {"key": key, "message": message, "detail": detail or {}}}
