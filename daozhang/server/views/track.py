"""Track a sale, as a parcel tracker shows it."""

from __future__ import annotations

import re
from typing import Any, Final

from django.http import HttpResponse, HttpResponseRedirect
from django.urls import reverse

from daozhang.app.seek import Offer, find_sales, offer_sales
from daozhang.app.steps import STATIONS
from daozhang.app.trace import Trace, trace_sale
from daozhang.app.tracker import Teller
from daozhang.server.rows_behind import sales_url
from daozhang.server.views.base import Face, page

__all__ = ["sale", "track"]

REFERENCE_MAX: Final = 80
_CELLS: Final = re.compile(r"\s{2,}")
"""What stands between the cells of a line where letters are of one width."""


@page("track")
def track(face: Face) -> HttpResponse:
    """Find a sale by reference, amount, batch, payout, or the end of a number."""
    reference = face.request.GET.get("q", "").strip()[:REFERENCE_MAX]
    if not reference or face.reading is None:
        return face.render("track.html", reference=reference, offers=[], asked=False, whole_url="")
    found = find_sales(face.engine, reference)
    if len(found) == 1:
        return HttpResponseRedirect(reverse("sale", args=[found[0]]))
    offers = [_named(face, sale_id) for sale_id in found] or [
        _offer(offer, face) for offer in offer_sales(face.engine, reference, face.speech.zone)
    ]
    at_terminal = any(offer["terminal"] == reference for offer in offers)
    return face.render(
        "track.html", reference=reference, offers=offers, asked=True,
        whole_url=sales_url(terminal=reference) if at_terminal else "",
    )  # fmt: skip


def _named(face: Face, sale_id: str) -> dict[str, str]:
    trace = trace_sale(face.engine, sale_id, face.reading.about.as_of)  # type: ignore[union-attr]
    assert trace is not None, "the sale was found a moment ago"
    row = trace.journey
    return _line(face, row, face.say("track.same_reference"))


def _offer(offer: Offer, face: Face) -> dict[str, str]:
    row = {name: getattr(offer, name) for name in offer.__slots__}
    return _line(face, row, face.say(f"offer.{offer.why}"))


def _line(face: Face, row: Any, why: str) -> dict[str, str]:
    speech = face.speech
    return {
        "sale_id": row["sale_id"],
        "amount": speech.money(row["amount_minor"], row["currency"]),
        "at": speech.time(row["captured_at"]),
        "terminal": row["terminal_id"] or "?",
        "status": row["status"],
        "said": speech(f"status.{row['status']}"),
        "why": why,
    }


@page("track")
def sale(face: Face, sale_id: str) -> HttpResponse:
    """Show one sale's journey."""
    reading = face.reading
    trace = trace_sale(reading.of_sale(sale_id), sale_id, reading.about.as_of) if reading else None
    if reading is None or trace is None:
        return face.render("not_found.html", status=404)
    about = reading.about
    teller = Teller(face.lang, about.timezone, about.as_of, about.names)
    lines = list(teller.lines(trace))
    groups: list[list[tuple[list[str], str]]] = [[]]
    for text, weight in lines[1:]:
        if not text:
            groups.append([])
        else:
            groups[-1].append((_CELLS.split(text.strip()), weight))
    return face.render(
        "sale.html",
        title=lines[0][0],
        standing=trace.journey["status"],
        incident_id=trace.journey["incident_id"],
        groups=[group for group in groups if group],
        stations=[_station(name, trace, face) for name in STATIONS],
    )


def _station(name: str, trace: Trace, face: Face) -> dict[str, str]:
    at = trace.journey[f"{name}_at"]
    order = STATIONS.index(name)
    reached = STATIONS.index(trace.reached)
    deadline = {ahead.station: ahead.by for ahead in trace.ahead}.get(name)
    return {
        "name": face.say(f"station.{name}"),
        "state": "done" if order <= reached else "waiting",
        "at": face.speech.time(at) if at else "",
        "by": face.speech.time(deadline) if deadline else "",
    }
