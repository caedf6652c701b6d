"""Terms: what was agreed with each provider, and what other terms would bring and cost."""

from __future__ import annotations

import datetime as dt
from typing import Any, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from daozhang.journey.terms import Term
from daozhang.server.agreed import agreed, terms_for
from daozhang.server.api.answers import answers
from daozhang.server.api.callers import Caller, caller_of, needs
from daozhang.server.api.errors import ApiError
from daozhang.server.api.values import Asked, Line, Out
from daozhang.server.asked_terms import FIELDS, changed, read
from daozhang.server.terms_told import clock_text, percent
from daozhang.server.what_if import Answer, ask, compare
from daozhang.server.words import say

__all__ = ["router"]

router = Router(tags=["terms"])
_PARTS = (50, 95)


class TermOut(Out):
    """What was agreed with one provider for some of its sales; an id that is null: for all."""

    provider_id: str
    channel: str | None
    merchant_id: str | None
    account_id: str | None
    valid_from: dt.date | None
    valid_to: dt.date | None
    basis: str = Field(description="business or calendar: which days are counted.")
    lag_days: int
    calendar: str | None
    cutoff: str = Field(description="Local time; 24:00 is the end of the day.")
    cutoff_by: str
    credit_by: str
    credit_calendar: str | None
    fee_percent: str = Field(description="A decimal number as text.")
    fee_cap_minor: int | None
    fee_fixed_minor: int | None
    fee_tax_percent: str
    fee_basis: str | None
    min_payout_minor: int | None
    daily_limit_minor: int | None
    legal_name: str | None
    licensed: bool | None


class Terms(Out):
    """The terms that the caller may see, in the order of the file."""

    currency: str | None
    items: list[TermOut]


class WhatIfAsked(Asked):
    """Other terms; what is left out stays as agreed. Values as the page takes them."""

    provider: Line = Field(min_length=1, max_length=120)
    days: Literal["7", "14", "28", "90"] = Field("28", description="Over the sales of so many.")
    lag: Line | None = Field(None, max_length=3, description="n of T+n or D+n.")
    basis: Literal["business", "calendar"] | None = None
    cutoff: Line | None = Field(None, max_length=5, description="Such as 23:00.")
    credit_by: Line | None = Field(None, max_length=5)
    window_until: Line | None = Field(None, max_length=5, description="Same day for sales until.")
    window_by: Line | None = Field(None, max_length=5, description="Same day, in the account by.")
    fee: Line | None = Field(None, max_length=12, description="Percent, for every sale.")
    extra: Line | None = Field(None, max_length=12, description="Percent on top.")


class Waits(Out):
    """Minutes from the sale to the promise, or gained on it: by sales and by money."""

    sale_median_min: int
    sale_p95_min: int
    money_median_min: int
    money_p95_min: int


class WhatIf(Out):
    """Terms as they are beside terms as they might be, over the sales that both promise."""

    sales: int
    amount_minor: int
    currency: str
    capped: bool = Field(description="Only the newest sales were compared.")
    now: Waits
    then: Waits
    gained: Waits = Field(description="Below zero: later.")
    money_gain_min: int = Field(description="Of the average minor unit.")
    on_its_way_now_minor: int
    on_its_way_then_minor: int
    fee_now_minor: int
    fee_then_minor: int
    yearly_permille: int | None = Field(
        description="The extra fee as interest a year on money that comes sooner; null: none."
    )


def _seen(caller: Caller) -> tuple[Any, tuple[Term, ...]]:
    book = agreed()
    if book is None or caller.reading is None:
        return None, ()
    providers = frozenset(str(row["provider_id"]) for row in caller.reading.figures.pace)
    return book, terms_for(book, caller.scope, providers)


@router.get("/terms", auth=needs("terms", "read"), response=answers(Terms), operation_id="terms")
def terms(request: HttpRequest) -> dict[str, Any]:
    """List what was agreed with each provider, terms of the past and of the future too."""
    book, seen = _seen(caller_of(request))
    return {"currency": book.currency if book else None, "items": [_term(one) for one in seen]}


def _term(term: Term) -> dict[str, Any]:
    names = (
        "provider_id", "channel", "merchant_id", "account_id", "valid_from", "valid_to", "basis",
        "lag_days", "calendar", "credit_calendar", "fee_cap_minor", "fee_fixed_minor", "fee_basis",
        "min_payout_minor", "daily_limit_minor", "legal_name", "licensed",
    )  # fmt: skip
    return {
        **{name: getattr(term, name) for name in names},
        "cutoff": clock_text(term.cutoff),
        "cutoff_by": term.cutoff_by or "host",
        "credit_by": clock_text(term.credit_by),
        "fee_percent": percent(term.fee_bps).removesuffix("%"),
        "fee_tax_percent": percent(term.fee_tax_bps).removesuffix("%"),
    }


@router.get(
    "/terms/what-if", auth=needs("terms", "read"), response=answers(WhatIf, 200, 404),
    operation_id="what_if",
)  # fmt: skip
def what_if(request: HttpRequest, asked: Query[WhatIfAsked]) -> dict[str, Any]:
    """What other terms would bring and cost on the caller's own sales."""
    caller = caller_of(request)
    book, seen = _seen(caller)
    if asked.provider not in {term.provider_id for term in seen} or caller.reading is None:
        raise ApiError("not_found", provider=asked.provider)
    given = {"provider": asked.provider, "days": asked.days}
    given |= {name: value for name in FIELDS if (value := getattr(asked, name)) is not None}
    wanted = read(given)
    if not wanted.changes and not wanted.refused:
        wanted.refused.append("nothing")
    then = None if wanted.refused else changed(book, wanted)
    if then is None:
        raise _refused(caller, wanted.refused)
    sales = ask(caller.reading, asked.provider, book.currency, wanted.days)
    answer = compare(book, then, sales, sales.over_min)
    if answer is None:
        raise _refused(caller, ["no_sales"])
    return _answered(answer, book.currency, capped=sales.capped)


def _refused(caller: Caller, keys: list[str]) -> ApiError:
    fields = []
    for key in keys:
        word = "whatif.no_sales" if key == "no_sales" else f"whatif.refused.{key}"
        where = key if key in FIELDS else "provider" if key == "no_sales" else "terms"
        fields.append(
            {"where": ["query", where], "key": "terms", "message": say(caller.lang, word)}
        )
    return ApiError("validation_failed", fields=fields)


def _answered(answer: Answer, currency: str, *, capped: bool) -> dict[str, Any]:
    def waits(values: Any) -> dict[str, int]:
        return {
            f"{kind}_{'median' if part == _PARTS[0] else 'p95'}_min": answer.percentile(
                values, part, by_money=kind == "money"
            )
            for kind in ("sale", "money")
            for part in _PARTS
        }

    return {
        "sales": len(answer.places),
        "amount_minor": int(answer.amount_minor.sum()),
        "currency": currency,
        "capped": capped,
        "now": waits(answer.wait_now),
        "then": waits(answer.wait_then),
        "gained": waits(answer.gain),
        "money_gain_min": answer.money_gain_min,
        "on_its_way_now_minor": answer.on_its_way_minor(answer.wait_now),
        "on_its_way_then_minor": answer.on_its_way_minor(answer.wait_then),
        "fee_now_minor": answer.fee_now_minor,
        "fee_then_minor": answer.fee_then_minor,
        "yearly_permille": answer.yearly_permille,
    }
