"""Lists in parts: a cursor names the last row of a part, so that rows in between are not lost.

A cursor is opaque to callers. It holds values of the row that it stands on, never conditions; one
that was not made here is refused.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Callable, Sequence
from typing import Annotated, Any, Final, Generic, TypeVar

from django.http import HttpRequest
from pydantic import Field

from daozhang.server.api.errors import WrongValueError
from daozhang.server.api.values import Asked, Out

__all__ = ["LIMIT", "LIMIT_MAX", "PageOf", "Paging", "page_of", "place_of"]

LIMIT: Final = 50
LIMIT_MAX: Final = 200
_CURSOR_MAX: Final = 600
_INT_MAX: Final = 2**63

T = TypeVar("T")
Row = TypeVar("Row")


class Paging(Asked):
    """Which part of a list."""

    limit: int = Field(LIMIT, ge=1, le=LIMIT_MAX, description="How many rows at most.")
    cursor: Annotated[
        str | None, Field(max_length=_CURSOR_MAX, description="From `next`; leave out to begin.")
    ] = None


class PageOf(Out, Generic[T]):
    """A part of a list."""

    items: list[T]
    next: str | None = Field(description="Address of the next part; null: this was the last.")


def place_of(cursor: str | None, *kinds: type) -> list[Any] | None:
    """Return the values that a cursor holds; None: from the beginning.

    Args:
        cursor: as the caller sent it.
        kinds: the types of its values.

    Raises:
        WrongValueError: it was not made by this list.
    """
    if cursor is None:
        return None
    try:
        text = base64.urlsafe_b64decode(cursor.encode("ascii") + b"=" * (-len(cursor) % 4))
        values = json.loads(text.decode("utf-8"))
    except (ValueError, binascii.Error):  # UnicodeError is a ValueError too.
        values = None
    if not isinstance(values, list) or [type(value) for value in values] != list(kinds):
        raise WrongValueError("query", "cursor", why="cursor")
    for value in values:
        if isinstance(value, int) and abs(value) >= _INT_MAX:
            raise WrongValueError("query", "cursor", why="cursor")
        if isinstance(value, str) and not value.isprintable():
            raise WrongValueError("query", "cursor", why="cursor")
    return values


def _cursor(values: Sequence[Any]) -> str:
    text = json.dumps(list(values), ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode("utf-8")).decode("ascii").rstrip("=")


def page_of(
    request: HttpRequest,
    rows: Sequence[Row],
    limit: int,
    *,
    place: Callable[[Row], Sequence[Any]],
    told: Callable[[Row], Any],
) -> dict[str, Any]:
    """Return a part of a list.

    Args:
        request: whose address the next part's is made from.
        rows: one row more than the limit, if there are that many.
        limit: how many are shown.
        place: a row's values that :func:`place_of` gives back.
        told: a row as it is answered.
    """
    shown = rows[:limit]
    address = None
    if len(rows) > limit:
        query = request.GET.copy()
        query["cursor"] = _cursor(place(shown[-1]))
        address = f"{request.path}?{query.urlencode()}"
    return {"items": [told(row) for row in shown], "next": address}
