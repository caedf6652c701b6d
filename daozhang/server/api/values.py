"""What values look like in the API: money in whole minor units, instants RFC 3339 in UTC."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Annotated, Any, Final

from django.http import HttpRequest
from ninja import Schema
from pydantic import (
    AfterValidator,
    AwareDatetime,
    ConfigDict,
    PlainSerializer,
    StringConstraints,
    ValidationInfo,
    WithJsonSchema,
    model_validator,
)
from pydantic_core import PydanticCustomError

from daozhang.app.answers import utc_text

__all__ = ["Asked", "In", "Line", "Moment", "Out", "Text", "plain_text"]

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_UNSEEN: Final = re.compile(r"[\x00-\x08\x0b-\x1f\x7f]")


def plain_text(text: str) -> str:
    """Return a text of one line; refuse characters that neither a database nor a log may hold."""
    if _CONTROL.search(text):
        raise PydanticCustomError("control_character", "control characters are not allowed")
    return text


def _lines(text: str) -> str:
    if _UNSEEN.search(text):
        raise PydanticCustomError("control_character", "control characters are not allowed")
    return text


Line = Annotated[str, AfterValidator(plain_text), StringConstraints(strip_whitespace=True)]
"""A text of one line, without blanks around it."""

Text = Annotated[str, AfterValidator(_lines), StringConstraints(strip_whitespace=True)]
"""A text of several lines, without blanks around it."""


def _moment(moment: datetime) -> str:
    text = utc_text(moment)
    assert text is not None
    return text


Moment = Annotated[
    AwareDatetime,
    PlainSerializer(_moment, return_type=str),
    WithJsonSchema({"type": "string", "format": "date-time"}),
]
"""An instant: RFC 3339, UTC, with ``Z``."""


class Out(Schema):
    """A value that is answered."""


class In(Schema):
    """A body that is sent: what is not known is refused, so that a slip of the pen shows."""

    model_config = ConfigDict(extra="forbid")


class Asked(Schema):
    """What stands after the question mark; a name that is not known is refused.

    A filter with a slip of the pen would otherwise answer all rows as if nothing had been asked.
    """

    @model_validator(mode="before")
    @classmethod
    def _known(cls, values: Any, info: ValidationInfo) -> Any:
        request = (info.context or {}).get("request")
        if isinstance(request, HttpRequest):
            for name in request.GET:
                if name != "lang" and name not in cls.model_fields:
                    raise PydanticCustomError(
                        "unknown_parameter", "there is no such parameter", {"name": name}
                    )
        return values
