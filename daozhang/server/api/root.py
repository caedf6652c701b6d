"""The API itself: its subjects, its description, and a page that shows it."""

from __future__ import annotations

import json
from typing import Any, Final

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from ninja import NinjaAPI
from ninja.openapi.docs import Swagger
from ninja.openapi.schema import OpenAPISchema

from daozhang.server.api import (
    audit,
    calendar,
    files,
    incidents,
    journeys,
    me,
    overview,
    parties,
    people,
    sales,
    sources,
    terms,
    upgrades,
)
from daozhang.server.api.handling import BodyParser, Plain, handle

__all__ = ["api"]

_ABOUT: Final = """\
Where the money of card and wallet sales is. Amounts are whole minor units of `currency`, instants
are RFC 3339 in UTC, and every error has the one shape `{"error": {"key", "message", "detail"}}`.
Call with `Authorization: Bearer <token>`; messages are in the language of `Accept-Language` or
`?lang=`. Lists answer `items` and `next`, the address of their next part."""


class _Docs(Swagger):
    """The page of the description: all it loads lies here, and forms carry the session's token."""

    def render_page(self, request: HttpRequest, api: NinjaAPI, **kwargs: Any) -> HttpResponse:
        """Return the page."""
        settings = {**self.settings, "url": self.get_openapi_url(api, kwargs)}
        values = {"swagger_settings": json.dumps(settings), "api": api, "add_csrf": True}
        return render(request, "ninja/swagger.html", values)


class _Api(NinjaAPI):
    """An API whose description is drawn once: that takes a second, and anybody may ask for it."""

    _drawn: OpenAPISchema | None = None

    def get_openapi_schema(
        self, *, path_prefix: str | None = None, path_params: dict[str, Any] | None = None
    ) -> OpenAPISchema:
        """Return the description."""
        if self._drawn is None:
            self._drawn = super().get_openapi_schema(
                path_prefix=path_prefix, path_params=path_params
            )
        return self._drawn


api = _Api(
    title="daozhang 到账", version="1", description=_ABOUT, urls_namespace="api",
    docs=_Docs(), parser=BodyParser(), renderer=Plain(),
)  # fmt: skip
handle(api)
for _subject in (
    overview, incidents, journeys, sales, calendar, upgrades, parties, terms, files, sources, me,
    people, audit,
):  # fmt: skip
    api.add_router("", _subject.router)
