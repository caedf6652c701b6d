"""Providers and banks: who is punctual, what they charge beyond the terms, what to know of them."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from daozhang.charts.shares import percent_text
from daozhang.charts.sheets_more import fees_sheet, pace_sheet, rate, speed_sheet
from daozhang.charts.why import findings_sheet
from daozhang.journey.figures import LegSpan
from daozhang.server.due_days import Day, late_days
from daozhang.server.parties import (
    Dimension,
    Party,
    incidents_of,
    narrowed,
    parties,
    tells_findings,
)
from daozhang.server.pictures import pictures_of
from daozhang.server.rows_behind import (
    behind_fees,
    behind_findings,
    behind_paces,
    behind_speeds,
)
from daozhang.server.telling import incident_sentence
from daozhang.server.views.base import Face, page

__all__ = ["bank", "provider", "providers"]

_FILTER: dict[str, str] = {"provider_id": "provider", "bank_id": "bank"}
_CSV = (
    "dimension", "id", "currency", "due_sales", "on_time_sales", "late_sales", "overdue_sales",
    "unseen_sales", "on_time_permille", "late_minor", "overdue_minor", "median_lag_min",
    "p95_lag_min", "median_min", "p95_min", "promised_median_min", "promised_p95_min",
    "fee_minor", "fee_expected_minor", "sales_differing", "findings",
)  # fmt: skip
_DAYS_SHOWN = 31


@page("providers")
def providers(face: Face) -> HttpResponse:
    """Rank providers and banks, the least punctual first."""
    if face.reading is None or face.reading.figures.first_sale is None:
        return face.render("nothing_yet.html")
    figures, speech = face.reading.figures, face.speech
    found: dict[Dimension, list[Party]] = {
        "provider_id": parties(figures, "provider_id"), "bank_id": parties(figures, "bank_id")
    }  # fmt: skip
    if face.request.GET.get("format") == "csv":
        rows = (_csv(dimension, one) for dimension, listed in found.items() for one in listed)
        return face.csv("providers", _CSV, rows)
    return face.render(
        "providers.html",
        sentence=_sentence(face, found["provider_id"]),
        tables=[
            (dimension, [_party(face, dimension, one) for one in listed])
            for dimension, listed in found.items()
        ],
        findings=findings_sheet(figures, speech) if tells_findings(face.scope) else None,
        fees=fees_sheet(figures, speech),
        behind_fees=behind_fees(figures),
        behind_findings=behind_findings(figures.findings),
        pictures=[p for p in pictures_of(face.reading, speech) if p.key in {"pace", "legs"}],
    )


def _sentence(face: Face, found: list[Party]) -> str:
    """Return who is least punctual, if anybody was ever due."""
    due = [one for one in found if one.pace.sales]
    if not due:
        return face.say("party.none")
    worst = due[0]
    key = "party.worst" if worst.pace.on_time < worst.pace.sales else "party.all_punctual"
    return face.say(
        key, who=face.speech.name(worst.value), share=percent_text(worst.pace.share),
        sales=face.speech.count("sales", worst.pace.late + worst.pace.overdue),
        money=face.speech.money(_late_minor(worst), worst.currency),
    )  # fmt: skip


def _late_minor(one: Party) -> int:
    return one.late.late_minor + one.late.overdue_minor if one.late else 0


def _lag(face: Face, minutes: int | None) -> str:
    speech = face.speech
    if minutes is None:
        return speech("pace.never")
    if minutes == 0:
        return speech("pace.exactly")
    return speech("pace.later" if minutes > 0 else "pace.earlier", span=speech.span(minutes))


def _party(face: Face, dimension: Dimension, one: Party) -> dict[str, Any]:
    """Return one row of a ranking, each number with the address of what is behind it."""
    speech, pace = face.speech, one.pace
    where = {_FILTER[dimension]: one.value or "?", "currency": one.currency}
    low, high = pace.between if pace.sales else (0, 0)
    page_name = _FILTER[dimension]
    drift = one.fee_drift_minor
    return {
        "name": speech.name(one.value),
        "currency": one.currency,
        "url": reverse(page_name, args=[one.value]) if one.value else "",
        "share": percent_text(pace.share) if pace.sales else "–",
        "between": f"{percent_text(low)}–{percent_text(high)}" if pace.sales else "",
        "due": speech.count("sales", pace.sales),
        "due_url": _sales(where, "on_time,late,overdue"),
        "late": speech.money(one.late.late_minor, one.currency) if one.late else "",
        "overdue": speech.money(one.late.overdue_minor, one.currency)
        if one.late and one.late.overdue_sales
        else "",
        "late_url": _sales(where, "late,overdue"),
        "median": _lag(face, pace.lag(50)) if pace.sales else "",
        "slow": _lag(face, pace.lag(95)) if pace.sales else "",
        "way": speech.span(one.speed.median_min) if one.speed else "",
        "promised": speech.span(one.speed.promised_median_min) if one.speed else "",
        "drift": ("+" if drift > 0 else "") + speech.money(drift, one.currency),
        "drift_url": f"{reverse('sales')}?{urlencode({**where, 'fee': 'differs'})}",
        "differing": speech.count("sales", one.differing),
        "findings": one.findings,
    }


def _sales(where: dict[str, str], status: str) -> str:
    return f"{reverse('sales')}?{urlencode({**where, 'status': status})}"


def _csv(dimension: Dimension, one: Party) -> tuple[object, ...]:
    pace, speed, late = one.pace, one.speed, one.late
    return (
        _FILTER[dimension], one.value, one.currency, pace.sales, pace.on_time, pace.late,
        pace.overdue, pace.unseen, pace.share if pace.sales else None,
        late.late_minor if late else 0, late.overdue_minor if late else 0,
        pace.lag(50) if pace.sales else None, pace.lag(95) if pace.sales else None,
        *((speed.median_min, speed.p95_min, speed.promised_median_min, speed.promised_p95_min)
          if speed else (None,) * 4),
        one.fee_minor, one.fee_expected_minor, one.differing, one.findings,
    )  # fmt: skip


@page("providers")
def provider(face: Face, provider: str) -> HttpResponse:
    """Show one provider."""
    return _one(face, "provider_id", provider)


@page("providers")
def bank(face: Face, bank: str) -> HttpResponse:
    """Show one bank."""
    return _one(face, "bank_id", bank)


def _one(face: Face, dimension: Dimension, value: str) -> HttpResponse:
    if face.reading is None:
        return face.render("not_found.html", status=404)
    figures, speech = face.reading.figures, face.speech
    found = [one for one in parties(figures, dimension) if one.value == value]
    if not found:
        return face.render("not_found.html", status=404)
    own = narrowed(figures, dimension, value)
    days = late_days(face.reading, dimension, value)
    if face.request.GET.get("format") == "csv":
        return face.csv(
            "late_days", ("due_date", "currency", "promised_minor", "late_minor", "overdue_minor"),
            ((d.day, d.currency, d.promised_minor, d.amounts.get("late", 0),
              d.amounts.get("overdue", 0)) for d in days),
        )  # fmt: skip
    of_provider = dimension == "provider_id"
    return face.render(
        "party.html",
        title=speech.name(value),
        value=value,
        kind=dimension,
        tone="bad" if any(one.late and one.late.overdue_sales for one in found) else "good",
        said=[_said(face, one) for one in found],
        rows=[_party(face, dimension, one) for one in found],
        incidents=[
            (row["incident_id"], incident_sentence(row, speech))
            for row in incidents_of(figures, dimension, value)
        ],
        pace=pace_sheet(own, speech),
        speed=speed_sheet(own, speech) if of_provider else None,
        legs=[_leg(face, span) for span in own.legs],
        fees=fees_sheet(own, speech) if of_provider else None,
        behind_paces=behind_paces(own, **{_FILTER[dimension]: value}),
        behind_speeds=behind_speeds(own),
        behind_fees=behind_fees(own, provider=value),
        behind_findings=behind_findings(own.findings),
        findings=findings_sheet(own, speech)
        if of_provider and tells_findings(face.scope)
        else None,
        days=[_day(face, day, _FILTER[dimension], value) for day in days[:_DAYS_SHOWN]],
        hidden=max(0, len(days) - _DAYS_SHOWN),
    )


def _said(face: Face, one: Party) -> str:
    """Return a provider's or bank's punctuality in one sentence."""
    if not one.pace.sales:
        return face.say("party.none")
    low, high = one.pace.between
    return face.say(
        "party.said", share=percent_text(one.pace.share), low=percent_text(low),
        high=percent_text(high), due=face.speech.count("sales", one.pace.sales),
        late=face.speech.money(one.late.late_minor if one.late else 0, one.currency),
        overdue=face.speech.money(one.late.overdue_minor if one.late else 0, one.currency),
    )  # fmt: skip


def _leg(face: Face, span: LegSpan) -> tuple[str, ...]:
    speech = face.speech
    minutes = (span.p05_min, span.p25_min, span.median_min, span.p75_min, span.p95_min)
    sales = speech.count("sales", span.sales)
    return (speech(f"legs.{span.leg}"), f"{sales} · {span.currency}", *map(speech.span, minutes))


def _day(face: Face, day: Day, name: str, value: str) -> dict[str, str]:
    speech, currency = face.speech, day.currency
    where = {name: value, "currency": currency, "due": day.day.isoformat()}
    return {
        "day": speech.day(day.day, year=True),
        "promised": speech.money(day.promised_minor, currency),
        "promised_url": f"{reverse('sales')}?{urlencode(where)}",
        "late": speech.money(day.amounts["late"], currency) if "late" in day.amounts else "",
        "late_url": _sales(where, "late"),
        "overdue": speech.money(day.amounts["overdue"], currency)
        if "overdue" in day.amounts
        else "",
        "overdue_url": _sales(where, "overdue"),
        "share": rate(
            day.amounts.get("late", 0) + day.amounts.get("overdue", 0), day.promised_minor
        ),
    }
