"""Sources: where files are fetched from, and which statements are expected by when."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from daozhang.server.clock import now
from daozhang.server.models import Source
from daozhang.server.sources import (
    MINUTES,
    SourceError,
    add_source,
    remove_source,
    switch_source,
    try_source,
)
from daozhang.server.views.base import Face, page

__all__ = ["sources"]


@page("sources", here="files")
def sources(face: Face) -> HttpResponse:
    """Show the sources; make, stop, try and remove one."""
    if face.request.method == "POST":
        return _change(face)
    return face.render(
        "sources.html",
        sources=[_told(source, face) for source in Source.objects.order_by("name")],
        minutes=[(number, face.speech.span(number)) for number in MINUTES],
    )


def _told(source: Source, face: Face) -> dict[str, Any]:
    key, _, detail = source.last_error.partition("|")
    error = face.say(f"source.error.{key}", detail=detail) if key else ""
    return {
        "pk": source.pk,
        "name": source.name,
        "address": source.address,
        "enabled": source.enabled,
        "every": face.speech.span(source.every_minutes),
        "account": source.account_id,
        "expected": face.say("source.expected", by=source.expected_by)
        if source.expected_by
        else "",
        "tried": face.speech.time(source.last_tried_at, year=True) if source.last_tried_at else "",
        "error": error,
        "came": source.delivery_set.count(),
    }


def _change(face: Face) -> HttpResponse:
    post = face.request.POST
    done = {"add": _add, "switch": _switch, "try": _try, "remove": _remove}.get(post.get("do", ""))
    if done is None:
        return face.render("refused.html", status=403)
    with transaction.atomic():
        done(face)
    return HttpResponseRedirect(reverse("sources"))


def _add(face: Face) -> None:
    post = face.request.POST
    name, minutes = post.get("name", "").strip()[:80], post.get("every", "")
    try:
        add_source(
            now(), face.person, name=name, address=post.get("address", "").strip(),
            every_minutes=int(minutes) if minutes in map(str, MINUTES) else 60,
            account_id=post.get("account", "").strip()[:120],
            expected_by=post.get("expected_by", "").strip(),
        )  # fmt: skip
    except SourceError as error:
        messages.error(face.request, face.say(error.key, detail="", name=name))
        return
    messages.success(face.request, face.say("source.added", name=name))


def _chosen(face: Face) -> Source | None:
    number = face.request.POST.get("source", "")
    return Source.objects.filter(pk=number).first() if number.isdigit() else None


def _switch(face: Face) -> None:
    source = _chosen(face)
    if source is not None:
        switch_source(now(), face.person, source, enabled=not source.enabled)


def _try(face: Face) -> None:
    source = _chosen(face)
    if source is not None:
        try_source(source)
        messages.success(face.request, face.say("source.next", name=source.name))


def _remove(face: Face) -> None:
    source = _chosen(face)
    if source is not None:
        remove_source(now(), face.person, source)
