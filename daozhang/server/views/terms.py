"""Terms: what was agreed with each provider, and what other terms would bring and cost."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from urllib.parse import urlencode

from django.http import HttpResponse
from django.urls import reverse

from daozhang.charts.shares import percent_text
from daozhang.charts.sheets_more import rate
from daozhang.journey.terms import Term, TermsBook
from daozhang.server.agreed import agreed, terms_for
from daozhang.server.asked_terms import DAYS, FIELDS, Asked, changed, read
from daozhang.server.terms_told import (
    clock_text,
    cutoff_said,
    fee_said,
    lag_said,
    percent,
    promise_said,
    scope_said,
)
from daozhang.server.views.base import Face, page
from daozhang.server.what_if import SALES_MAX, Answer, Sales, ask, compare

__all__ = ["terms"]

EXAMPLES: Final = 10
_CSV = (
    "provider_id", "channel", "merchant_id", "account_id", "valid_from", "valid_to", "basis",
    "lag_days", "calendar", "cutoff", "cutoff_by", "credit_by", "credit_calendar", "fee_percent",
    "fee_cap_minor", "fee_fixed_minor", "fee_tax_percent", "fee_basis", "fee_refunded",
    "min_payout_minor", "daily_limit_minor", "legal_name", "licensed",
)  # fmt: skip
_PARTS: Final = (("sale", 50), ("sale", 95), ("money", 50), ("money", 95))
"""What is compared: the middle sale and the slowest, the same of the money."""

_PRESETS: Final = (
    {"lag": "1", "basis": "business"}, {"lag": "1", "basis": "calendar"},
    {"window_until": "17:00", "window_by": "21:00", "extra": "0.05"}, {"cutoff": "24:00"},
)  # fmt: skip
"""What finance people ask for most: T+1, D+1, same-day money for a little more, no cut-off."""


@page("terms")
def terms(face: Face) -> HttpResponse:
    """Show the terms in force, and answer what others would bring."""
    if face.reading is None or face.reading.figures.first_sale is None:
        return face.render("nothing_yet.html")
    book = agreed()
    asked = read(face.request.GET.dict())
    today = face.reading.about.as_of.astimezone(face.speech.zone).date()
    providers = frozenset(str(row["provider_id"]) for row in face.reading.figures.pace)
    seen = terms_for(book, face.scope, providers) if book else ()
    form = face.request.GET.get("format")
    if form == "csv" and not asked.provider_id:
        return face.csv("terms", _CSV, (_row(term) for term in seen))
    choices = sorted({term.provider_id for term in seen} & providers)
    answered: dict[str, Any] = {}
    if "lag" in face.request.GET and not asked.changes and not asked.refused:
        asked.refused.append("nothing")
    if book is not None and asked.provider_id in choices and (asked.changes or asked.refused):
        answered, answer, sales = _answered(face, book, asked)
        if form == "csv" and answer is not None and sales is not None:
            return _whole(face, answer, sales)
    return face.render(
        "terms.html",
        groups=_groups(face, book, [t for t in seen if t.valid_on(today)]) if book else [],
        ahead=_groups(face, book, [t for t in seen if t.valid_from and t.valid_from > today])
        if book
        else [],
        choices=[(one, face.speech.name(one)) for one in choices],
        asked=asked,
        values={name: face.request.GET.get(name, "").strip() for name in FIELDS},
        days=DAYS,
        presets=_presets(face, asked, choices),
        query=urlencode({k: v for k, v in face.request.GET.items() if k not in {"lang", "format"}}),
        answered=answered,
    )


def _row(term: Term) -> tuple[object, ...]:
    return (
        term.provider_id, term.channel, term.merchant_id, term.account_id, term.valid_from,
        term.valid_to, term.basis, term.lag_days, term.calendar, clock_text(term.cutoff),
        term.cutoff_by or "host", clock_text(term.credit_by), term.credit_calendar,
        percent(term.fee_bps), term.fee_cap_minor, term.fee_fixed_minor,
        percent(term.fee_tax_bps), term.fee_basis, term.fee_refunded, term.min_payout_minor,
        term.daily_limit_minor, term.legal_name, term.licensed,
    )  # fmt: skip


def _groups(face: Face, book: TermsBook, seen: Iterable[Term]) -> list[tuple[str, str, list[Any]]]:
    """Return the terms by provider: its name, who pays, and each term in words."""
    found: dict[str, list[Term]] = {}
    for term in seen:
        found.setdefault(term.provider_id, []).append(term)
    return [
        (
            face.speech.name(provider),
            _payer(face, own[0]),
            [_told(face, term, book.currency) for term in own],
        )
        for provider, own in found.items()
    ]


def _payer(face: Face, term: Term) -> str:
    if not term.legal_name:
        return ""
    key = {True: "licensed", False: "unlicensed", None: "not_said"}[term.licensed]
    return face.say(f"term.payer.{key}", name=term.legal_name)


def _told(face: Face, term: Term, currency: str) -> dict[str, Any]:
    speech = face.speech
    limits = []
    if term.min_payout_minor:
        limits.append(face.say("term.least", least=speech.money(term.min_payout_minor, currency)))
    if term.daily_limit_minor is not None:
        limit = speech.money(term.daily_limit_minor, currency)
        limits.append(face.say("term.limit", limit=limit))
    return {
        "scope": scope_said(term, speech),
        "lag": lag_said(term),
        "promise": promise_said(term, speech),
        "cutoff": cutoff_said(term, speech),
        "fee": fee_said(term, currency, speech),
        "limits": limits,
    }


def _presets(face: Face, asked: Asked, choices: list[str]) -> list[tuple[str, str]]:
    provider = asked.provider_id or (choices[0] if choices else "")
    return [
        (face.say(f"whatif.preset.{place}"),
         "?" + urlencode({"provider": provider, "days": str(asked.days), **preset}) + "#what-if")
        for place, preset in enumerate(_PRESETS)
        if provider
    ]  # fmt: skip


def _answered(
    face: Face, book: TermsBook, asked: Asked
) -> tuple[dict[str, Any], Answer | None, Sales | None]:
    """Return what the page shows of an answer, and the answer."""
    assert face.reading is not None
    then = None if asked.refused else changed(book, asked)
    if then is None:
        return {"refused": [face.say(f"whatif.refused.{key}") for key in asked.refused]}, None, None
    sales = ask(face.reading, asked.provider_id, book.currency, asked.days)
    answer = compare(book, then, sales, sales.over_min)
    if answer is None:
        return {"refused": [face.say("whatif.no_sales")]}, None, None
    since = face.reading.about.as_of - timedelta(minutes=sales.over_min)
    return (
        {
            "refused": [],
            "sentence": _sentence(face, answer, book.currency),
            "basis": face.say(
                "whatif.basis", sales=face.speech.count("sales", len(answer.places)),
                who=face.speech.name(asked.provider_id), since=face.speech.time(since),
                money=face.speech.money(int(answer.amount_minor.sum()), book.currency),
            ),
            "capped": face.say("whatif.capped", most=f"{SALES_MAX:,}") if sales.capped else "",
            "rows": _compared(face, answer, book.currency),
            "examples": [
                _example(face, answer, sales, n, book.currency)
                for n in range(min(EXAMPLES, len(answer.places)))
            ],
        },
        answer,
        sales,
    )  # fmt: skip


def _sentence(face: Face, answer: Answer, currency: str) -> str:
    """Return what is gained and what it costs, in sentences."""
    speech = face.speech
    gain = answer.percentile(answer.gain, 50)
    money = answer.money_gain_min
    key = "sooner" if money > 0 else "later" if money < 0 else "same"
    said = [
        face.say(
            f"whatif.{key}", median=_span(face, gain), money=speech.span(money),
            p95=_span(face, answer.percentile(answer.gain, 95)),
            way=speech.money(
                abs(answer.on_its_way_minor(answer.wait_now)
                    - answer.on_its_way_minor(answer.wait_then)), currency,
            ),
        )
    ]  # fmt: skip
    extra = answer.extra_fee_minor
    cost = "more" if extra > 0 else "less" if extra < 0 else "free"
    said.append(face.say(f"whatif.fee.{cost}", fee=speech.money(abs(extra), currency)))
    if (yearly := answer.yearly_permille) is not None:
        said.append(face.say("whatif.yearly", rate=percent_text(yearly)))
    elif extra > 0:
        said.append(face.say("whatif.nothing"))
    return face.say("word.sentence").join(said)


def _span(face: Face, minutes: int) -> str:
    """Return how much sooner or later."""
    if minutes == 0:
        return face.say("whatif.span.same")
    key = "whatif.span.sooner" if minutes > 0 else "whatif.span.later"
    return face.say(key, span=face.speech.span(minutes))


def _compared(face: Face, answer: Answer, currency: str) -> list[tuple[str, str, str, str]]:
    """Return the table: what is compared, now, then, and the difference of each sale."""
    speech = face.speech
    rows = [
        (
            face.say(f"whatif.row.{kind}.{part}"),
            speech.span(answer.percentile(answer.wait_now, part, by_money=kind == "money")),
            speech.span(answer.percentile(answer.wait_then, part, by_money=kind == "money")),
            "",
        )
        for kind, part in _PARTS
    ]
    rows += [
        (
            face.say(f"whatif.gain.{kind}.{part}"), "", "",
            _span(face, answer.percentile(answer.gain, part, by_money=kind == "money")),
        )
        for kind, part in _PARTS
    ]  # fmt: skip
    rows.append((face.say("whatif.gain.mean"), "", "", _span(face, answer.money_gain_min)))
    now, then = (answer.on_its_way_minor(w) for w in (answer.wait_now, answer.wait_then))
    rows.append((face.say("whatif.row.way"), *_minor(face, now, then, currency)))
    fees = (answer.fee_now_minor, answer.fee_then_minor)
    rows.append((face.say("whatif.row.fee"), *_minor(face, *fees, currency)))
    whole = int(answer.amount_minor.sum())
    rows.append((face.say("whatif.row.rate"), rate(fees[0], whole), rate(fees[1], whole), ""))
    return rows


def _minor(face: Face, now: int, then: int, currency: str) -> tuple[str, str, str]:
    speech = face.speech
    plus = "+" if then > now else ""
    return (
        speech.money(now, currency), speech.money(then, currency),
        plus + speech.money(then - now, currency),
    )  # fmt: skip


def _example(
    face: Face, answer: Answer, sales: Sales, place: int, currency: str
) -> tuple[str, str, str, str, str, str]:
    speech = face.speech
    sale = int(answer.places[place])
    sold, now, then = (
        speech.time(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(micros)))
        for micros in (
            sales.clocks["captured"][sale], answer.due_now[place], answer.due_then[place]
        )
    )  # fmt: skip
    sale_id = sales.ids[sale]
    return (
        reverse("sale", args=[sale_id]), sale_id, sold,
        speech.money(int(answer.amount_minor[place]), currency), now, then,
    )  # fmt: skip


def _whole(face: Face, answer: Answer, sales: Sales) -> HttpResponse:
    """Return every compared sale as CSV."""
    rows = zip(
        (sales.ids[place] for place in answer.places.tolist()), answer.amount_minor.tolist(),
        answer.wait_now.tolist(), answer.wait_then.tolist(), answer.gain.tolist(), strict=True,
    )  # fmt: skip
    head = ("sale_id", "amount_minor", "wait_now_min", "wait_then_min", "gain_min")
    return face.csv("what_if", head, rows)
