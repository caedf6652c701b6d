"""The first page: where is my money, and what needs me now."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from django.http import HttpResponse
from django.urls import reverse

from daozhang.charts.sheets import money_sheets
from daozhang.charts.sheets_more import unexplained_sheet
from daozhang.charts.standing import draw_headline, standings
from daozhang.charts.why import expected_said
from daozhang.server.alarm_words import alarms_said
from daozhang.server.attention import matters
from daozhang.server.pictures import pictures_of
from daozhang.server.rows_behind import behind_money
from daozhang.server.telling import incident_sentence
from daozhang.server.views.base import Face, page

__all__ = ["overview"]

INCIDENTS_SHOWN = 6
_CREDITS = (
    "booked_at", "account_id", "credit_id", "counterparty", "ref", "currency", "amount_minor",
    "unexplained_minor",
)  # fmt: skip
_UNEXPLAINED = (
    "SELECT booked_at, account_id, credit_id, counterparty, ref, currency, amount_minor, "
    "amount_minor - CASE WHEN standing = 'explained' THEN explained_minor ELSE 0 END AS left_minor "
    "FROM credit_standing WHERE standing = 'unexplained' "
    "OR (standing = 'explained' AND explained_minor <> amount_minor) "
    "ORDER BY left_minor DESC, account_id, credit_id"
)


@dataclass(frozen=True, slots=True)
class Card:
    """One status of one currency: its amount, and where its sales are listed."""

    status: str
    amount: str
    sales: str
    currency: str

    @property
    def url(self) -> str:
        """Where its sales are listed."""
        return f"{reverse('sales')}?status={self.status}&currency={self.currency}"


@dataclass(frozen=True, slots=True)
class Need:
    """One incident as the first page tells it."""

    incident_id: str
    sentence: str
    expected: str
    is_open: bool


@dataclass(frozen=True, slots=True)
class Upgrade:
    """What one release does to the money, all its incidents together."""

    sentence: str
    incident_id: str


@page("overview")
def overview(face: Face) -> HttpResponse:
    """Show where the money is."""
    if face.reading is None:
        return face.render("nothing_yet.html")
    figures, speech = face.reading.figures, face.speech
    if figures.first_sale is None:
        return face.render("nothing_yet.html")
    if face.request.GET.get("format") == "csv":
        return face.csv("unexplained_credits", _CREDITS, face.engine.rows(_UNEXPLAINED))
    found = pictures_of(face.reading, speech)
    main = standings(figures)[0].currency if standings(figures) else ""
    waiting, places_hidden = matters(figures, speech)
    return face.render(
        "overview.html",
        headline=draw_headline(figures, speech),
        alarms=alarms_said(face.scope, speech),
        upgrades=_upgrades(face),
        needs=[_need(row, face) for row in figures.incidents[:INCIDENTS_SHOWN]],
        hidden=max(0, len(figures.incidents) - INCIDENTS_SHOWN),
        cards=_cards(face),
        matters=waiting,
        places_hidden=places_hidden,
        money=list(zip(money_sheets(figures, speech), behind_money(figures), strict=True)),
        unexplained=unexplained_sheet(figures, speech) if figures.unexplained else None,
        flows=[p for p in found if p.key == "flow"],
        days=[p for p in found if p.key == "days" and p.currency == main],
    )


def _upgrades(face: Face) -> list[Upgrade]:
    """Return a sentence for each release with money still to come, and its largest incident."""
    assert face.reading is not None
    grouped: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for row in face.reading.figures.incidents:
        release = json.loads(row["scope"]).get("release_id")
        if row["cause"] == "system_upgrade" and release and row["open_sales"]:
            grouped[release, row["currency"]].append(row)
    speech = face.speech
    return [
        Upgrade(
            face.say(
                "overview.upgrade",
                release=speech.name(release),
                amount=speech.money(sum(row["late_minor"] for row in rows), currency),
                outstanding=speech.money(sum(row["outstanding_minor"] for row in rows), currency),
                sales=speech.count("sales", sum(row["sales"] for row in rows)),
            ),
            max(rows, key=lambda row: (row["late_minor"], row["incident_id"]))["incident_id"],
        )
        for (release, currency), rows in sorted(
            grouped.items(), key=lambda item: -sum(row["late_minor"] for row in item[1])
        )
    ]


def _need(row: Any, face: Face) -> Need:
    return Need(
        row["incident_id"],
        incident_sentence(row, face.speech),
        expected_said(row, face.speech) if row["open_sales"] else face.say("incident.over"),
        bool(row["open_sales"]),
    )


def _cards(face: Face) -> list[Card]:
    assert face.reading is not None
    cards = []
    for row in face.reading.figures.by_status:
        if row["status"] in {"cancelled", "failed"}:
            continue
        minor = row["outstanding_minor" if row["status"] == "overdue" else "amount_minor"]
        cards.append(
            Card(
                row["status"],
                face.speech.money(minor, row["currency"]),
                face.speech.count("sales", row["sales"]),
                row["currency"],
            )
        )
    order = ("overdue", "late", "unknown", "in_transit", "on_time")
    return sorted(cards, key=lambda c: (order.index(c.status), c.currency))
