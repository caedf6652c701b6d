"""Late money: the incidents, and one incident with all that is known of it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.db import transaction
from django.http import HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse

from daozhang.app.seek import quoted
from daozhang.charts.why import action_of, expected_said, fact_said, mechanism_said, tell_apart
from daozhang.charts.witness import seen_said
from daozhang.engine import rows_of
from daozhang.server import audit
from daozhang.server.clock import now
from daozhang.server.incident_parts import incident_parts
from daozhang.server.models import Incident, IncidentEvent
from daozhang.server.rights import may
from daozhang.server.sales_list import listed
from daozhang.server.telling import incident_sentence
from daozhang.server.views.base import PAGE_ROWS, Face, page

__all__ = ["incident", "incidents", "sales"]

NOTE_MAX = 2000

_SPLIT = (
    "SELECT {column} AS part, CAST(sum(sales) AS BIGINT) AS sales, "
    "CAST(sum(late_minor) AS BIGINT) AS late_minor, "
    "CAST(sum(open_minor) AS BIGINT) AS open_minor FROM {parts} "
    "WHERE incident_id = {incident} GROUP BY part ORDER BY {order}"
)
_PARTS_SHOWN = 8


@page("late")
def incidents(face: Face) -> HttpResponse:
    """List the incidents, those with money still to come first."""
    rows = face.reading.figures.incidents if face.reading else ()
    ordered = sorted(rows, key=lambda r: (not r["open_sales"], -r["late_minor"], r["incident_id"]))
    cause = face.request.GET.get("cause", "")
    kept = [row for row in ordered if not cause or row["cause"] == cause]
    if face.request.GET.get("format") == "csv":
        head = ("incident_id", "cause", "mechanism", "leg", "scope", "currency", "sales",
                "late_minor", "outstanding_minor", "open_sales")  # fmt: skip
        return face.csv("incidents", head, ([row[name] for name in head] for row in kept))
    return face.render(
        "late.html",
        rows=[
            {
                "row": row,
                "sentence": incident_sentence(row, face.speech),
                "cause": face.speech(f"cause.{row['cause']}"),
                "expected": expected_said(row, face.speech)
                if row["open_sales"]
                else face.say("incident.over"),
                "amount": face.speech.money(row["late_minor"], row["currency"]),
                "outstanding": face.speech.money(row["outstanding_minor"], row["currency"]),
                "sales": face.speech.count("sales", row["sales"]),
                "url": _sales_url(row["incident_id"]),
                "open_url": _sales_url(row["incident_id"], status="overdue")
                if row["open_sales"]
                else "",
            }
            for row in face.paged(kept)
        ],
        listed=face.paged(kept),
        causes=sorted({row["cause"] for row in rows}),
        chosen=cause,
    )


def _row(face: Face, incident_id: str) -> Mapping[str, Any] | None:
    rows = face.reading.figures.incidents if face.reading else ()
    return next((row for row in rows if row["incident_id"] == incident_id), None)


@page("late")
def incident(face: Face, incident_id: str) -> HttpResponse:
    """Show one incident: evidence, rivals, what to do, its sales and its history."""
    row = _row(face, incident_id)
    if row is None:
        return face.render("not_found.html", status=404)
    if face.request.method == "POST":
        return _note(face, incident_id)
    speech = face.speech
    rivals = json.loads(row["rivals"] or "[]")
    sales = listed(face, {"incident": incident_id}, row["sales"])[:PAGE_ROWS]
    whole = face.scope.whole
    return face.render(
        "incident.html",
        row=row,
        sentence=incident_sentence(row, speech),
        mechanism=mechanism_said(row["mechanism"], speech),
        cause=speech(f"cause.{row['cause']}"),
        sure=f"{max(1, min(99, round((row['confidence_permille'] or 0) / 10)))}%",
        evidence=[
            (
                fact_said(fact, speech),
                seen_said(fact, speech),
                # The amounts behind a fact are the whole incident's, which not everyone may see.
                speech.money(fact["late_minor"], row["currency"]) if whole else "",
                fact.get("example", "") if whole else "",
            )
            for fact in json.loads(row["evidence"] or "[]")
        ],
        rivals=[
            (
                mechanism_said(rival["mechanism"], speech),
                speech(f"cause.{rival['cause']}"),
                f"{max(1, min(99, round(rival['share_permille'] / 10)))}%",
            )
            for rival in rivals
        ],
        tell=tell_apart(row, rivals, speech) if rivals else "",
        action=action_of(row["mechanism"], speech),
        expected=expected_said(row, speech),
        sales=[_sale(sale, face) for sale in sales],
        more=row["sales"] - len(sales),
        whole_url=_sales_url(incident_id),
        count=speech.count("sales", row["sales"]),
        release=json.loads(row["scope"]).get("release_id", "") if face.may("upgrades") else "",
        splits=[_split(face, row, by) for by in ("store", "due")],
        events=[_event(event, row["currency"], face) for event in _events(incident_id)],
    )


def _sales_url(incident_id: str, **filters: str) -> str:
    return f"{reverse('sales')}?{urlencode({'incident': incident_id, **filters})}"


def _split(face: Face, row: Mapping[str, Any], by: str) -> dict[str, Any]:
    """Return an incident's money by store or by day, each bar with the sales behind it."""
    speech, incident_id = face.speech, row["incident_id"]
    column, order = {
        "store": ("store_id", "late_minor DESC, part"), "due": ("due_date", "part"),
    }[by]  # fmt: skip
    assert face.reading is not None
    parts = incident_parts(face.reading)
    sql = _SPLIT.format(column=column, parts=parts, order=order, incident=quoted(incident_id))
    found = rows_of(face.engine.fetch(sql))
    top = max((one["late_minor"] for one in found), default=1) or 1
    return {
        "by": by,
        "rows": [
            {
                "name": speech.day(one["part"]) if by == "due" and one["part"]
                else speech.name(one["part"]),
                "url": _sales_url(incident_id, **{by: str(one["part"] or "?")}),
                "late": speech.money(one["late_minor"], row["currency"]),
                "sales": speech.count("sales", one["sales"]),
                "late_wide": 100 * one["late_minor"] // top,
                "open_wide": 100 * one["open_minor"] // top,
            }
            for one in found[:_PARTS_SHOWN]
        ],
        "hidden": max(0, len(found) - _PARTS_SHOWN),
    }  # fmt: skip


def _sale(row: Mapping[str, Any], face: Face) -> dict[str, str]:
    speech = face.speech
    return {
        "sale_id": row["sale_id"],
        "status": row["status"],
        "said": speech(f"status.{row['status']}"),
        "amount": speech.money(row["amount_minor"], row["currency"]),
        "outstanding": speech.money(row["outstanding_minor"] or 0, row["currency"]),
        "place": f"{speech.name(row['store_id'])} · {row['terminal_id'] or '?'}",
        "sold": speech.time(row["captured_at"]),
        "promised": speech.time(row["promised_at"]) if row["promised_at"] else "",
        "credited": speech.time(row["credited_at"]) if row["credited_at"] else "",
    }


def _events(incident_id: str) -> list[IncidentEvent]:
    found = IncidentEvent.objects.filter(incident_id=incident_id)
    return list(found.select_related("by").order_by("at", "id"))


def _event(event: IncidentEvent, currency: str, face: Face) -> dict[str, str]:
    detail = event.detail
    text = str(detail.get("text", ""))
    if event.kind != "note":
        # What it came to is of all rows; who sees only some is told only that it changed.
        key = f"event.{event.kind}" + ("" if face.scope.whole else ".part")
        text = face.say(
            key, outstanding=face.speech.money(detail.get("outstanding_minor", 0), currency),
            sales=face.speech.count("sales", detail.get("sales", 0)),
        )  # fmt: skip
    return {
        "at": face.speech.time(event.at, year=True), "kind": event.kind, "text": text,
        "by": str(event.by) if event.by else "",
    }  # fmt: skip


def _note(face: Face, incident_id: str) -> HttpResponse:
    if not may(face.person, "incidents.note"):
        return face.render("refused.html", status=403)
    text = face.request.POST.get("text", "").strip()[:NOTE_MAX]
    found = Incident.objects.filter(incident_id=incident_id).first()
    if text and found is not None:
        at = now()
        with transaction.atomic():
            IncidentEvent.objects.create(
                incident=found, at=at, kind="note", by=face.person, detail={"text": text}
            )
            audit.record(at, face.person.email, "incident.noted", incident_id)
        messages.success(face.request, face.say("incident.noted"))
    return HttpResponseRedirect(reverse("incident", args=[incident_id]))


@page("late")
def sales(face: Face, incident_id: str) -> HttpResponseBase:
    """Return an incident's sales as CSV."""
    row = _row(face, incident_id)
    if row is None:
        return face.render("not_found.html", status=404)
    found = listed(face, {"incident": incident_id}, row["sales"]).whole()
    head = ("sale_id", "status", "amount_minor", "outstanding_minor", "currency", "store_id",
            "terminal_id", "captured_at", "promised_at", "credited_at")  # fmt: skip
    told = ([sale[name] for name in head] for sale in found)
    return face.long_csv(incident_id, head, told)
