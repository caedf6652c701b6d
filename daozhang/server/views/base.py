"""What all pages share: who asks, which rows they may see, in which language."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Final
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_required
from django.contrib.messages import get_messages
from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse, HttpResponseBase, StreamingHttpResponse
from django.middleware.csrf import get_token
from django.shortcuts import render
from django.urls import NoReverseMatch, reverse
from markupsafe import Markup

from daozhang.app.exports import guarded
from daozhang.app.scope import Scope
from daozhang.app.snapshot import Reading
from daozhang.charts import Lang, ReportView, Speech
from daozhang.engine import DuckEngine
from daozhang.server.middleware import lang_of
from daozhang.server.models import Person
from daozhang.server.page_speech import PageSpeech
from daozhang.server.readings import reading_for
from daozhang.server.rights import PAGES, may, scope_of
from daozhang.server.words import say

__all__ = ["PAGE_ROWS", "Face", "page"]

PAGE_ROWS: Final = 50
_PART_CHARACTERS: Final = 2**16
_CSV: Final = "text/csv; charset=utf-8"


@dataclass(slots=True)
class Face:
    """One request to a page, by somebody who may see it.

    Attributes:
        request: as Django gives it.
        person: who asks.
        lang: ``zh`` or ``en``.
        scope: whose rows they may see.
        reading: the newest snapshot in that scope; None: nothing was tracked yet.
        here: the page's name in the menu.
    """

    request: HttpRequest
    person: Person
    lang: Lang
    scope: Scope
    reading: Reading | None
    here: str
    _engine: DuckEngine | None = field(default=None)

    def say(self, key: str, **values: object) -> str:
        """Return a text of the server's words."""
        return say(self.lang, key, **values)

    @property
    def speech(self) -> Speech:
        """How amounts, times and names are told to this person."""
        about = self.reading.about if self.reading else None
        return PageSpeech(
            self.lang,
            ZoneInfo(about.timezone if about else "Asia/Shanghai"),
            about.names if about else {},
        )

    @property
    def engine(self) -> DuckEngine:
        """The tables of the reading, for this request alone."""
        assert self.reading is not None, "pages that ask say first that nothing is there yet"
        if self._engine is None:
            self._engine = self.reading.engine()
        return self._engine

    def may(self, right: str) -> bool:
        """Return whether the person has a right."""
        return may(self.person, right)

    def view(self) -> ReportView:
        """Return what charts show of the reading."""
        assert self.reading is not None
        about = self.reading.about
        return ReportView(
            figures=self.reading.figures, files=(), timezone=about.timezone,
            provisional_years=tuple(about.provisional_years), names=about.names,
        )  # fmt: skip

    def render(self, template: str, status: int = 200, **values: Any) -> HttpResponse:
        """Return a page."""
        about = self.reading.about if self.reading else None
        other = "en" if self.lang == "zh" else "zh"
        query = {**self.request.GET.dict(), "lang": other}
        told = {
            "face": self,
            "say": self.say,
            "speech": self.speech,
            "html_lang": "zh-CN" if self.lang == "zh" else "en",
            "menu": [name for name in PAGES if may(self.person, name) and _there(name)],
            "here": self.here,
            "other_url": f"{self.request.path}?{urlencode(query)}",
            "as_of": self.speech.time(about.as_of, year=True) if about else "",
            "csrf": get_token(self.request),
            "messages": [(str(one), one.level_tag) for one in get_messages(self.request)],
            "svg": Markup,
            **values,
        }
        return render(self.request, template, told, status=status, using="jinja2")

    def paged(self, rows: Sequence[Any]) -> Page[Any]:
        """Return the part of a list that the address asks for."""
        return Paginator(rows, PAGE_ROWS).get_page(self.request.GET.get("page"))

    def csv(self, name: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> HttpResponse:
        """Return a table as CSV that spreadsheets open as text, not as formulas."""
        response = HttpResponse("".join(_csv_parts(head, rows)), content_type=_CSV)
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response

    def long_csv(
        self, name: str, head: Sequence[str], rows: Iterable[Sequence[object]]
    ) -> StreamingHttpResponse:
        """Return a table as CSV that may have millions of rows: sent while they are read."""
        response = StreamingHttpResponse(_csv_parts(head, rows), content_type=_CSV)
        response["Content-Disposition"] = f'attachment; filename="{name}.csv"'
        return response


def _csv_parts(head: Sequence[str], rows: Iterable[Sequence[object]]) -> Iterator[str]:
    text = io.StringIO("\ufeff")
    text.seek(0, io.SEEK_END)
    writer = csv.writer(text, lineterminator="\r\n")
    writer.writerow(head)
    for row in rows:
        writer.writerow([guarded(value) for value in row])
        if text.tell() >= _PART_CHARACTERS:
            yield text.getvalue()
            text.seek(0)
            text.truncate()
    yield text.getvalue()


def _there(name: str) -> bool:
    try:
        reverse(name)
    except NoReverseMatch:
        return False
    return True


View = Callable[..., HttpResponseBase]


def page(right: str, here: str | None = None) -> Callable[[View], View]:
    """Make a view for people who have a right; others are told so (403).

    Args:
        right: one of :mod:`daozhang.server.rights`.
        here: the page in the menu, if it is not the right's name.
    """

    def wrap(view: View) -> View:
        @login_required
        @wraps(view)
        def answer(request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponseBase:
            person = request.user
            assert isinstance(person, Person)
            scope = scope_of(person)
            lang: Lang = "zh" if lang_of(request) == "zh" else "en"
            face = Face(request, person, lang, scope, reading_for(scope), here or right)
            if not may(person, right):
                return face.render("refused.html", status=403)
            return view(face, *args, **kwargs)

        answer.right = right  # type: ignore[attr-defined]
        return answer

    return wrap
