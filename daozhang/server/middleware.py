"""What surrounds every request: its language, its log, and who must do something else first."""

from __future__ import annotations

import time
import uuid
from collections.abc import Callable
from typing import Final

import structlog
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.urls import reverse
from django.utils import translation

from daozhang.server.metrics import observe
from daozhang.server.models import Person
from daozhang.server.second_factor import lacks

__all__ = ["LANG_COOKIE", "Answered", "Factored", "Spoken", "lang_asked_for", "lang_of"]

LANG_COOKIE = "lang"
Next = Callable[[HttpRequest], HttpResponse]

_log = structlog.get_logger("daozhang.request")


class Answered:
    """Logs each request once, without its query or body: they may hold card digits or names."""

    def __init__(self, answer: Next) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, measure and log."""
        number = uuid.uuid4().hex[:12]
        request.number = number  # type: ignore[attr-defined]
        begun = time.perf_counter()
        response = self._answer(request)
        seconds = time.perf_counter() - begun
        match = request.resolver_match
        route = match.view_name if match else "unknown"
        observe(route, request.method or "", response.status_code, seconds)
        response["X-Request-Id"] = number
        user = getattr(request, "user", None)
        _log.info(
            "request", id=number, method=request.method, route=route, status=response.status_code,
            ms=round(seconds * 1000, 1), person=getattr(user, "pk", None),
        )  # fmt: skip
        return response

    def process_exception(self, request: HttpRequest, exception: Exception) -> None:
        """Log what went wrong under the number that the page tells."""
        number = getattr(request, "number", "")
        _log.error("failed", id=number, exc_info=exception)


class Spoken:
    """Chooses the language: the address's, the cookie's, the person's or the browser's."""

    def __init__(self, answer: Next) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer in the language and remember one that was asked for."""
        lang = lang_of(request)
        with translation.override("zh-hans" if lang == "zh" else "en"):
            response = self._answer(request)
        if request.GET.get("lang") in {"zh", "en"}:
            response.set_cookie(LANG_COOKIE, lang, max_age=365 * 24 * 3600, samesite="Lax")
        response.headers.setdefault("Content-Language", "zh-CN" if lang == "zh" else "en")
        return response


def lang_of(request: HttpRequest) -> str:
    """Return ``zh`` or ``en``."""
    if (chosen := _chosen(request)) is not None:
        return chosen
    user = getattr(request, "user", None)
    if user is not None and user.is_authenticated and user.lang:
        return str(user.lang)
    return _preferred(request)


def lang_asked_for(request: HttpRequest) -> str:
    """Return ``zh`` or ``en`` by the request alone: nobody is looked up."""
    return _chosen(request) or _preferred(request)


def _chosen(request: HttpRequest) -> str | None:
    for asked in (request.GET.get("lang"), request.COOKIES.get(LANG_COOKIE)):
        if asked in {"zh", "en"}:
            return str(asked)
    return None


def _preferred(request: HttpRequest) -> str:
    preferred = request.headers.get("Accept-Language", "").lower()
    zh, en = preferred.find("zh"), preferred.find("en")
    return "en" if en >= 0 and (zh < 0 or en < zh) else "zh"


_BEFORE_FACTOR: Final = (
    "/accounts/2fa/", "/accounts/reauthenticate/", "/accounts/login/", "/accounts/logout/",
    "/static/", "/style.", "/health/", "/metrics", "/api/",
)  # fmt: skip
"""What somebody may ask for who must set up a second factor first; the API says so itself."""


class Factored:
    """Leads whoever must have a second factor and has none to the page that sets it up."""

    def __init__(self, answer: Next) -> None:
        self._answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponse:
        """Answer, or lead there."""
        person = None if request.path_info.startswith(_BEFORE_FACTOR) else request.user
        if isinstance(person, Person) and lacks(person):
            return HttpResponseRedirect(reverse("mfa_activate_totp"))
        return self._answer(request)
