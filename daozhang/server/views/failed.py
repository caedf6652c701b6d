"""What is shown when something went wrong here: in both languages, without asking the database."""

from __future__ import annotations

from typing import Final

from django.http import HttpRequest, HttpResponse
from django.template.loader import render_to_string

from daozhang.server.middleware import lang_asked_for
from daozhang.server.pages_env import style_name
from daozhang.server.words import say

__all__ = ["failed"]

_TOLD: Final = ("title", "text", "number", "again")


def failed(request: HttpRequest) -> HttpResponse:
    """Say that the fault is here, what to do, and which number the log knows it by."""
    first = lang_asked_for(request)
    told = [
        {
            "lang": "zh-CN" if lang == "zh" else "en",
            **{name: say(lang, f"error.500.{name}") for name in _TOLD},
            "home": say(lang, "error.home"),
        }
        for lang in (first, "en" if first == "zh" else "zh")
    ]  # fmt: skip
    # What was sent cannot be sent again by a link: it leads to where it was asked for.
    again = request.get_full_path() if request.method in {"GET", "HEAD"} else request.path
    values = {
        "told": told, "number": getattr(request, "number", ""), "again": again,
        "style_name": style_name(),
    }  # fmt: skip
    return HttpResponse(render_to_string("500.html", values), status=500)
