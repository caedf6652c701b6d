"""How every answer leaves: errors in their one shape, and headers that all answers have.

Exceptions become answers here; what Django itself refuses before an operation is reached (an
unknown address, another method, a request that is too large) is told in the same shape by
:class:`Shaped`. No answer holds a traceback: those are in the log, under the id that is told.
"""

from __future__ import annotations

import errno
import json
import os
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, Final, cast

import structlog
from django.core.exceptions import BadRequest, RequestDataTooBig, SuspiciousOperation
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse, UnreadablePostError
from django.http.multipartparser import MultiPartParserError
from ninja import NinjaAPI
from ninja.errors import HttpError, ValidationError
from ninja.parser import Parser
from ninja.renderers import JSONRenderer
from ninja.types import DictStrAny

from daozhang.charts import Lang
from daozhang.server.api.callers import lang_asked
from daozhang.server.api.errors import BY_STATUS, STATUSES, ApiError, WrongValueError, problem
from daozhang.server.middleware import LANG_COOKIE
from daozhang.server.words import WORDS, say

__all__ = ["PREFIX", "BodyParser", "Plain", "Shaped", "handle", "nothing_here"]

PREFIX: Final = "/api/"
FIELDS_MAX: Final = 50
"""How many wrong fields are told at once."""

_log = structlog.get_logger("daozhang.api")
Next = Callable[[HttpRequest], HttpResponse]


def _answer(request: HttpRequest, key: str, detail: dict[str, Any] | None = None) -> HttpResponse:
    body = problem(key, lang_asked(request), detail)
    return JsonResponse(body, status=STATUSES[key], json_dumps_params={"ensure_ascii": False})


def _api_error(request: HttpRequest, error: ApiError) -> HttpResponse:
    detail = error.detail
    if isinstance(error, WrongValueError):
        message = say(lang_asked(request), f"api.field.{error.why}")
        detail = {"fields": [{"where": error.where, "key": error.why, "message": message}]}
    response = _answer(request, error.key, detail)
    if error.status == STATUSES["not_signed_in"]:
        response["WWW-Authenticate"] = 'Bearer realm="daozhang"'
    if "retry_after_s" in error.detail:
        response["Retry-After"] = str(error.detail["retry_after_s"])
    return response


def _http_error(request: HttpRequest, error: HttpError) -> HttpResponse:
    cause = error.__cause__
    if isinstance(cause, ApiError):
        return _api_error(request, cause)
    key = BY_STATUS.get(error.status_code, "bad_request")
    return _api_error(request, ApiError(key))


def _invalid(request: HttpRequest, error: ValidationError) -> HttpResponse:
    lang = lang_asked(request)
    fields = [_field(one, lang) for one in error.errors[:FIELDS_MAX]]
    return _api_error(request, ApiError("validation_failed", fields=fields))


def _field(error: Mapping[str, Any], lang: Lang) -> dict[str, Any]:
    """Return where a value is wrong, and how, in the caller's language."""
    kind, values = str(error["type"]), error.get("ctx") or {}
    where = [part if isinstance(part, int) else str(part) for part in error["loc"]]
    if kind == "unknown_parameter":
        where = [where[0], values["name"]]
    elif len(where) > 1 and where[0] == "body":
        where.pop(1)  # The name of the argument in this program, which no caller knows.
    word = f"api.field.{kind}"
    known = word in WORDS[lang]
    said = say(lang, word if known else "api.field.other", **(values if known else {}))
    return {"where": where, "key": kind if known else "other", "message": said}


def _unexpected(request: HttpRequest, error: Exception) -> HttpResponse:
    for kinds, key in _KNOWN:
        if isinstance(error, kinds):
            return _api_error(request, ApiError(key))
    if isinstance(error, OSError) and error.errno in {errno.ENOSPC, errno.EDQUOT}:
        return _api_error(request, ApiError("no_room"))
    if isinstance(error, OperationalError):
        _log.warning("database busy", why=str(error))
        return _api_error(request, ApiError("busy", retry_after_s=2))
    number = os.urandom(6).hex()
    _log.error("unexpected", id=number, exc_info=error)
    return _api_error(request, ApiError("unexpected", id=number))


_KNOWN: Final[tuple[tuple[tuple[type[Exception], ...], str], ...]] = (
    ((Http404,), "not_found"),
    ((RequestDataTooBig,), "too_large"),
    ((SuspiciousOperation, BadRequest, MultiPartParserError, UnreadablePostError), "bad_request"),
)


def handle(api: NinjaAPI) -> None:
    """Let an API answer every exception in the one shape."""
    api.add_exception_handler(ApiError, cast("Any", _api_error))
    api.add_exception_handler(HttpError, cast("Any", _http_error))
    api.add_exception_handler(ValidationError, cast("Any", _invalid))
    api.add_exception_handler(Exception, cast("Any", _unexpected))
    api.add_exception_handler(Http404, cast("Any", _unexpected))


def nothing_here(request: HttpRequest) -> HttpResponse:
    """Say that there is no such address."""
    return _answer(request, "not_found")


class BodyParser(Parser):
    """Reads JSON; refuses what is JSON to Python only, and numbers no field can hold."""

    def parse_body(self, request: HttpRequest) -> DictStrAny:
        """Return a body's value."""

        def refuse(text: str) -> None:
            raise ValueError(text)

        return cast("DictStrAny", json.loads(request.body, parse_constant=refuse))


class Plain(JSONRenderer):
    """Writes JSON in which Chinese can be read as it is."""

    json_dumps_params: Mapping[str, Any] = MappingProxyType({"ensure_ascii": False})


class Shaped:
    """Gives answers under ``/api/`` their headers, and errors from elsewhere the one shape."""

    def __init__(self, answer: Next) -> None:
        self._next = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer; pages pass through as they are."""
        response = self._next(request)
        if not request.path_info.startswith(PREFIX):
            return response
        told = response.headers.get("Content-Type", "").startswith("application/json")
        if response.status_code >= STATUSES["bad_request"] and not told:
            response = _reshaped(request, response)
        # One answer's language is not the one that pages are shown in from now on.
        response.cookies.pop(LANG_COOKIE, None)
        response["Cache-Control"] = "no-store"
        response["Content-Language"] = "zh-CN" if lang_asked(request) == "zh" else "en"
        if getattr(request, "replayed", False):
            response["Idempotent-Replayed"] = "true"
        return response


def _reshaped(request: HttpRequest, response: HttpResponse) -> HttpResponse:
    key = BY_STATUS.get(response.status_code) or (
        "unexpected" if response.status_code >= STATUSES["unexpected"] else "bad_request"
    )
    shaped = _answer(request, key)
    for name, value in response.items():
        if name not in {"Content-Type", "Content-Length"}:
            shaped[name] = value
    shaped.cookies = response.cookies
    return shaped
