"""Files in: sending them, what came, and what became of each."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any, Final

from django.contrib import messages
from django.core.files.uploadedfile import UploadedFile
from django.db.models import Count, QuerySet
from django.http import HttpResponse, HttpResponseRedirect, JsonResponse
from django.templatetags.static import static
from django.urls import reverse

from daozhang.facts import TABLES
from daozhang.facts.problem_words import IN_CHINESE
from daozhang.server.alarm_words import alarms_said
from daozhang.server.clock import now
from daozhang.server.models import Delivery
from daozhang.server.receipts import problems_of
from daozhang.server.receiving import RefusedFileError, receive
from daozhang.server.views.base import Face, page

__all__ = ["file", "files"]

_HEAD: Final = (
    "number", "file", "state", "received_at", "taken_at", "way", "by", "read_as", "bytes",
    "rows_taken", "rows_refused", "sha256",
)  # fmt: skip
_UNITS: Final = ("B", "kB", "MB", "GB")
_STEP: Final = 1000
_QUOTED: Final = re.compile(r"(?<!\w)'([^']{1,80})'|\"([^\"]{1,80})\"")
"""What a message quotes from a file: names of columns and values as they stand there."""


@page("files")
def files(face: Face) -> HttpResponse:
    """List what came, the newest first; take what is sent."""
    if face.request.method == "POST":
        return _send(face)
    state = face.request.GET.get("state", "")
    every = own_deliveries(face)
    counts = dict(every.order_by().values_list("state").annotate(Count("id")))
    chosen = every.filter(state=state) if state in Delivery.State.values else every
    chosen = chosen.select_related("by", "source")
    if face.request.GET.get("format") == "csv":
        return face.csv("files", _HEAD, (_exported(d) for d in chosen.iterator()))
    listed = face.paged(chosen)  # type: ignore[arg-type]
    return face.render(
        "files.html",
        listed=listed,
        rows=[_line(delivery, face) for delivery in listed],
        states=[(one, face.say(f"state.{one}"), counts.get(one, 0)) for one in _ordered(counts)],
        chosen=state,
        waiting=counts.get(Delivery.State.WAITING, 0),
        alarms=alarms_said(face.scope, face.speech),
        script=static("daozhang/upload.js"),
    )


def own_deliveries(face: Face) -> QuerySet[Delivery]:
    """Return the deliveries that somebody may see: all, or those that they sent themselves."""
    every = Delivery.objects.all()
    return every if face.scope.whole else every.filter(by=face.person)


def _ordered(counts: dict[str, int]) -> list[str]:
    return [state for state in Delivery.State.values if counts.get(state)]


def _send(face: Face) -> HttpResponse:
    """Receive the files of a form; a script sends them one by one and wants JSON."""
    if not face.may("files.send"):
        return face.render("refused.html", status=403)
    wants_json = "application/json" in face.request.headers.get("Accept", "")
    sent = [one for one in face.request.FILES.getlist("files") if isinstance(one, UploadedFile)]
    wrong, came = [], []
    for upload in sent:
        name = upload.name or "file"
        try:
            came.append(receive(upload.chunks(), name, at=now(), way="upload", by=face.person))
        except RefusedFileError as error:
            wrong.append(face.say("files.not_received", name=name, why=face.say(error.key)))
        except OSError:
            wrong.append(face.say("files.not_received", name=name, why=face.say("files.no_room")))
    if not sent:
        wrong.append(face.say("files.choose"))
    if wants_json:
        urls = [reverse("file", args=[one.pk]) for one in came]
        return JsonResponse({"received": urls, "refused": wrong}, status=400 if wrong else 201)
    for text in wrong:
        messages.error(face.request, text)
    if len(came) == 1 and not wrong:
        return HttpResponseRedirect(reverse("file", args=[came[0].pk]))
    if came:
        messages.success(face.request, face.say("files.received", count=len(came)))
    return HttpResponseRedirect(reverse("files"))


def _line(delivery: Delivery, face: Face) -> dict[str, Any]:
    return {
        "pk": delivery.pk,
        "name": delivery.name,
        "state": delivery.state,
        "tone": tone_of(delivery),
        "said": face.say(f"state.{delivery.state}"),
        "outcome": outcome(delivery, face),
        "at": face.speech.time(delivery.received_at, year=True),
        "way": face.say(f"way.{delivery.way}"),
        "by": sender(delivery),
    }


def tone_of(delivery: Delivery) -> str:
    """Return which status' colour and shape goes with what became of a file."""
    if delivery.state == Delivery.State.TAKEN:
        return "late" if delivery.refused_rows else "on_time"
    return {"waiting": "in_transit", "duplicate": "unknown"}.get(delivery.state, "overdue")


def outcome(delivery: Delivery, face: Face) -> str:
    """Return in one sentence what became of a file."""
    taken = f"{sum(delivery.rows.values()):,}"
    if delivery.state == Delivery.State.WAITING:
        ahead = Delivery.objects.filter(state=delivery.state, pk__lt=delivery.pk).count()
        return face.say("outcome.waiting", ahead=ahead) if ahead else face.say("outcome.reading")
    if delivery.state == Delivery.State.DUPLICATE:
        return face.say("outcome.duplicate")
    if delivery.state == Delivery.State.REFUSED:
        first = next(iter(problems_of(delivery)), None)
        return said(first.code, first.message, face.lang) if first else face.say("outcome.refused")
    if delivery.form == "settings":
        return face.say("outcome.settings")
    if delivery.refused_rows:
        return face.say("outcome.part", taken=taken, refused=f"{delivery.refused_rows:,}")
    return face.say("outcome.taken", taken=taken)


def said(code: str, message: str, lang: str) -> str:
    """Return what is wrong and what to do; in Chinese with the values that the message quotes."""
    explained = IN_CHINESE.get(code) if lang == "zh" else None
    if not explained:
        return message
    quoted = dict.fromkeys(one for pair in _QUOTED.findall(message) for one in pair if one)
    return f"{explained}（{'、'.join(quoted)}）" if quoted else explained


def sender(delivery: Delivery) -> str:
    """Return who sent a file, or from which source it was fetched."""
    return str(delivery.by or (delivery.source.name if delivery.source else ""))


def _exported(delivery: Delivery) -> Sequence[object]:
    d = delivery
    return (
        d.pk, d.name, d.state, d.received_at.isoformat(), d.taken_at.isoformat() if d.taken_at
        else "", d.way, sender(d), d.form, d.size, sum(d.rows.values()), d.refused_rows, d.digest,
    )  # fmt: skip


@page("files")
def file(face: Face, pk: int) -> HttpResponse:
    """Show one file's receipt."""
    delivery = own_deliveries(face).select_related("by", "source").filter(pk=pk).first()
    if delivery is None:
        return face.render("not_found.html", status=404)
    problems = problems_of(delivery)
    if face.request.GET.get("format") == "csv":
        head = ("file", "line", "severity", "code", "what", "message")
        rows = (
            (
                p.file,
                p.line or "",
                p.severity,
                p.code,
                said(p.code, p.message, face.lang),
                p.message,
            )
            for p in problems
        )
        return face.csv(f"file-{pk}-findings", head, rows)
    told = sum(1 for p in problems if p.severity == "error")
    return face.render(
        "file.html",
        delivery=delivery,
        line=_line(delivery, face),
        taken_at=face.speech.time(delivery.taken_at, year=True) if delivery.taken_at else "",
        size=size_said(delivery.size),
        tables=list(_tables(delivery, face)),
        problems=[
            {
                "file": p.file if p.file != delivery.name else "",
                "line": p.line,
                "text": said(p.code, p.message, face.lang),
                "code": p.code,
                "is_error": p.severity == "error",
            }
            for p in problems
        ],
        untold=max(0, delivery.refused_rows - told),
        first=_first(delivery, face),
        waiting=int(delivery.state == Delivery.State.WAITING),
        script=static("daozhang/upload.js"),
    )


def _tables(delivery: Delivery, face: Face) -> Iterator[dict[str, Any]]:
    for table in TABLES:
        if delivery.rows.get(table):
            yield {
                "name": face.say(f"table.{table}"),
                "rows": f"{delivery.rows[table]:,}",
                "sums": [
                    face.speech.money(one["amount_minor"], one["currency"])
                    for one in delivery.totals
                    if one["table"] == table
                ],
            }


def _first(delivery: Delivery, face: Face) -> int | None:
    """Return the number of the delivery that a duplicate repeats, if it may be seen."""
    if delivery.state != Delivery.State.DUPLICATE:
        return None
    same = own_deliveries(face).filter(digest=delivery.digest, state=Delivery.State.TAKEN)
    return same.order_by("id").values_list("pk", flat=True).first()


def size_said(size: int) -> str:
    """Return a file's size in a unit that can be read: ``1.2 MB``."""
    unit = 0
    scaled = size * 10
    while scaled >= _STEP * 10 and unit < len(_UNITS) - 1:
        scaled, unit = (scaled + _STEP // 2) // _STEP, unit + 1
    whole, tenth = divmod(scaled, 10)
    return f"{whole}.{tenth} {_UNITS[unit]}" if unit and tenth else f"{whole} {_UNITS[unit]}"
