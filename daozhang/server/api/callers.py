"""Who calls, by session or token, what they may, and whose rows they see.

Rules kept here: whoever sends an ``Authorization`` header is known by it alone, never by a session
beside it; a token may what its person may and its scopes allow, whichever is less; what changes who
may come in needs a session, so that a token that leaked cannot make others.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any, Final, cast
from zoneinfo import ZoneInfo

from django.conf import settings
from django.db import DatabaseError
from django.http import HttpRequest
from django.utils.translation.trans_real import parse_accept_lang_header
from ninja.security.base import AuthBase
from ninja.utils import check_csrf

from daozhang.app.scope import Scope
from daozhang.app.snapshot import Reading
from daozhang.charts import Lang, Speech
from daozhang.engine import DuckEngine
from daozhang.server.api.errors import ApiError
from daozhang.server.api.limits import PEOPLE, STRANGERS
from daozhang.server.models import ApiToken, Person
from daozhang.server.readings import reading_for
from daozhang.server.rights import may, scope_of
from daozhang.server.second_factor import lacks
from daozhang.server.tokens import token_of

__all__ = ["JSON", "MULTIPART", "Caller", "caller_of", "lang_asked", "needs"]

JSON: Final = "application/json"
MULTIPART: Final = "multipart/form-data"


class Caller:
    """One call by somebody who may make it.

    Attributes:
        person: who calls.
        token: with which token; None: by a session.
        lang: in which language they are answered.
    """

    def __init__(self, person: Person, token: ApiToken | None, lang: Lang) -> None:
        self.person = person
        self.token = token
        self.lang = lang

    @property
    def traced(self) -> dict[str, str]:
        """What the audit trail keeps beside the person: the name of the token."""
        return {"token": self.token.name} if self.token is not None else {}

    @cached_property
    def scope(self) -> Scope:
        """Whose rows they may see."""
        return scope_of(self.person)

    @cached_property
    def reading(self) -> Reading | None:
        """The newest snapshot in that scope; None: nothing was tracked yet."""
        return reading_for(self.scope)

    @cached_property
    def engine(self) -> DuckEngine:
        """The tables of the reading, for this call alone."""
        assert self.reading is not None, "callers ask first whether there is a reading"
        return self.reading.engine()

    def speech(self, lang: Lang | None = None) -> Speech:
        """Return how amounts, times and names are told to them."""
        about = self.reading.about if self.reading else None
        zone = ZoneInfo(about.timezone if about else "Asia/Shanghai")
        return Speech(lang or self.lang, zone, about.names if about else {})


def caller_of(request: HttpRequest) -> Caller:
    """Return who makes a call that was let in."""
    caller = request.auth  # type: ignore[attr-defined]
    assert isinstance(caller, Caller)
    return caller


def lang_asked(request: HttpRequest) -> Lang:
    """Return the language of an answer: the address's, the header's, or the person's own."""
    asked = request.GET.get("lang")
    if asked in {"zh", "en"}:
        return cast("Lang", asked)
    for name, _ in parse_accept_lang_header(request.headers.get("Accept-Language", "")):
        if name[:2] in {"zh", "en"}:
            return cast("Lang", name[:2])
    return "en" if getattr(_known(request), "lang", "en") == "en" else "zh"


def _known(request: HttpRequest) -> Any:
    """Return who asks, if that can be known: errors are told while the database is away, too."""
    known = getattr(request, "known_person", None)
    if known is not None:
        return known
    try:
        person = getattr(request, "user", None)
        # It is looked up as it is touched.
        return person if getattr(person, "is_authenticated", False) else None
    except DatabaseError:
        return None


class _Needs(AuthBase):
    """A way to be known, and what an operation asks of whoever is."""

    def __init__(self, right: str, scope: str | None, sends: str | None) -> None:
        super().__init__()
        self.right = right
        self.scope = scope
        self.sends = sends

    def admit(self, request: HttpRequest, person: Person, token: ApiToken | None) -> Caller:
        """Let a known person in, or say why not."""
        request.known_person = person  # type: ignore[attr-defined]
        PEOPLE.take(f"person {person.pk}")
        if token is not None and self.scope is None:
            raise ApiError("session_needed")
        if token is not None and self.scope not in token.scopes:
            raise ApiError("token_scope", needs=self.scope, has=list(token.scopes))
        if not may(person, self.right):
            raise ApiError("no_right", needs=self.right, role=person.role)
        # An empty body lacks its fields, whatever it is called.
        if self.sends and request.content_type != self.sends and _has_body(request):
            raise ApiError("unsupported_media_type", needs=self.sends)
        return Caller(person, token, lang_asked(request))


class Bearer(_Needs):
    """A token in the header ``Authorization``."""

    openapi_type = "http"
    openapi_scheme = "bearer"

    def __call__(self, request: HttpRequest) -> Caller | None:
        """Return who calls; None: no token was sent."""
        if "Authorization" not in request.headers:
            return None
        token = token_of(request)
        if token is None:
            STRANGERS.take(f"address {request.META.get('REMOTE_ADDR', '')}")
            raise ApiError("token_invalid")
        return self.admit(request, token.person, token)


class Session(_Needs):
    """The session of somebody who signed in, as pages have it; changes need the CSRF token."""

    openapi_type = "apiKey"
    openapi_in = "cookie"
    openapi_name = settings.SESSION_COOKIE_NAME

    def __call__(self, request: HttpRequest) -> Caller | None:
        """Return who calls; None: nobody signed in."""
        person: Any = request.user
        if not isinstance(person, Person) or not person.is_active:
            return None
        if check_csrf(request) is not None:
            request.known_person = person  # type: ignore[attr-defined]
            raise ApiError("csrf_failed")
        if lacks(person):
            request.known_person = person  # type: ignore[attr-defined]
            raise ApiError("second_factor_needed")
        return self.admit(request, person, None)


def _has_body(request: HttpRequest) -> bool:
    return request.META.get("CONTENT_LENGTH") not in {None, "", "0"}


def needs(right: str, scope: str | None, sends: str | None = None) -> list[AuthBase]:
    """Return what an operation asks of its caller.

    Args:
        right: one of :mod:`daozhang.server.rights`.
        scope: what a token must be good for; None: no token will do, only a session.
        sends: the media type of its body; None: it has none.
    """
    return [Bearer(right, scope, sends), Session(right, scope, sends)]
