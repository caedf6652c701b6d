"""What every page can use: its words, its style, the addresses of other pages."""

from __future__ import annotations

import hashlib
from functools import cache
from importlib import resources
from typing import Any, Final

from django.http import HttpRequest
from django.urls import reverse
from jinja2 import Environment, StrictUndefined
from markupsafe import Markup

from daozhang.app import report
from daozhang.charts.palette import pattern_defs
from daozhang.server.middleware import lang_of
from daozhang.server.models import Person
from daozhang.server.second_factor import lacks
from daozhang.server.words import say

__all__ = ["environment", "spoken", "style", "style_name"]

_KEYS: Final = Markup(pattern_defs("key"))  # noqa: S704 - our own constants


def environment(**options: Any) -> Environment:
    """Return the Jinja environment of the pages: all is escaped, nothing undefined passes."""
    options["undefined"] = StrictUndefined
    # Django asks for escaping in the options.
    made = Environment(**options, trim_blocks=True, lstrip_blocks=True)  # noqa: S701
    made.globals.update(url=_url, style_name=style_name, defs=_KEYS)
    return made


def _url(name: str, *args: object) -> str:
    return reverse(name, args=args)


@cache
def style() -> str:
    """Return the style sheet: that of the report, then the server's own."""
    own = resources.files("daozhang.server").joinpath("style.css").read_text(encoding="utf-8")
    return f"{report.style()}\n{own}"


@cache
def style_name() -> str:
    """Return a short digest of the style sheet, so that browsers may keep it for good."""
    return hashlib.sha256(style().encode()).hexdigest()[:12]


def _must_set_up(request: HttpRequest) -> bool:
    person = getattr(request, "user", None)
    return isinstance(person, Person) and lacks(person)


def spoken(request: HttpRequest) -> dict[str, Any]:
    """Return what the account pages need besides what their library gives them."""
    lang = lang_of(request)

    class Words(dict[str, str]):
        def __missing__(self, key: str) -> str:
            return say(lang, key.replace("__", "."))

    return {
        "words": Words(),
        "lang": "zh-CN" if lang == "zh" else "en",
        "other_lang": "en" if lang == "zh" else "zh",
        "style_name": style_name(),
        "must_set_up": _must_set_up(request),
    }
