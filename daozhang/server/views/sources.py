"""Sources: where files are fetched from, and which statements are expected by when."""

from __future__ import annotations

import re
from typing import Any, Final

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from daozhang.server import audit
from daozhang.server.clock import now
from daozhang.server.models import Source
from daozhang.server.places import wrong_address
from daozhang.server.views.base import Face, page

__all__ = ["sources"]

MINUTES: Final = (5, 15, 30, 60, 180, 720, 1440)
ADDRESS_MAX: Final = 400
_CLOCK: Final = re.compile(r"([01]\d|2[0-3]):[0-5]\d")


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
    name, address = post.get("name", "").strip()[:80], post.get("address", "").strip()
    account, by = post.get("account", "").strip()[:120], post.get("expected_by", "").strip()
    minutes = post.get("every", "")
    wrong = ""
    if not name or not (address or account):
        wrong = face.say("source.needs")
    elif address and (key := wrong_address(address)):
        wrong = face.say(f"source.error.{key}", detail="")
    elif len(address) > ADDRESS_MAX:
        wrong = face.say("source.error.bad_kind", detail="")
    elif bool(account) != bool(by) or (by and not _CLOCK.fullmatch(by)):
        wrong = face.say("source.bad_clock")
    if wrong:
        messages.error(face.request, wrong)
        return
    try:
        with transaction.atomic():
            Source.objects.create(
                name=name, address=address, account_id=account, expected_by=by,
                every_minutes=int(minutes) if minutes in map(str, MINUTES) else 60,
            )  # fmt: skip
    except IntegrityError:
        messages.error(face.request, face.say("source.there_already", name=name))
        return
    # The address names secrets and holds none.
    audit.record(now(), face.person.email, "source.added", name, address=address, account=account)
    messages.success(face.request, face.say("source.added", name=name))


def _chosen(face: Face) -> Source | None:
    number = face.request.POST.get("source", "")
    return Source.objects.filter(pk=number).first() if number.isdigit() else None


def _switch(face: Face) -> None:
    source = _chosen(face)
    if source is not None:
        source.enabled = not source.enabled
        source.save(update_fields=["enabled"])
        what = "source.started" if source.enabled else "source.stopped"
        audit.record(now(), face.person.email, what, source.name)


def _try(face: Face) -> None:
    source = _chosen(face)
    if source is not None:
        source.last_tried_at, source.last_error = None, ""
        source.save(update_fields=["last_tried_at", "last_error"])
        messages.success(face.request, face.say("source.next", name=source.name))


def _remove(face: Face) -> None:
    source = _chosen(face)
    if source is not None:
        audit.record(now(), face.person.email, "source.removed", source.name)
        source.delete()
