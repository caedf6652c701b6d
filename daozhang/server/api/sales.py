"""Sales behind a number: the filters of the page, so that rows of any figure can be asked for."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Final, Literal

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import BeforeValidator, Field, StringConstraints

from daozhang.app.listing import STATUS_ORDER
from daozhang.server.api.answers import answers
from daozhang.server.api.callers import caller_of, needs
from daozhang.server.api.errors import WrongValueError
from daozhang.server.api.paging import PageOf, Paging, page_of, place_of
from daozhang.server.api.values import Line, Moment, Out
from daozhang.server.sales_list import chosen, listed, totals

__all__ = ["router"]

ID_MAX: Final = 120
_STATUS: Final = "|".join(STATUS_ORDER)

router = Router(tags=["sales"])


def _stripped(value: Any) -> Any:
    return value.strip() if isinstance(value, str) else value


# Patterns are told of a text whose blanks and line ends around it are gone.
Statuses = Annotated[
    str,
    StringConstraints(max_length=80, pattern=rf"^({_STATUS})(,({_STATUS}))*$"),
    BeforeValidator(_stripped),
]
Spot = Annotated[
    str,
    StringConstraints(
        max_length=40,
        pattern=r"^(captured|(submitted|cleared|paid_out)(\.short)?|submitted\.rejected"
        r"|cleared\.(held|returned))$",
    ),
    BeforeValidator(_stripped),
]

Id = Annotated[Line | None, Field(max_length=ID_MAX)]
Day = Annotated[date | None, Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1))]


class SaleOut(Out):
    """One sale of a list."""

    sale_id: str
    status: str
    amount_minor: int
    outstanding_minor: int | None
    credited_minor: int | None
    currency: str
    merchant_id: str | None
    store_id: str | None
    terminal_id: str | None
    provider_id: str | None
    channel: str | None
    account_id: str | None
    bank_id: str | None
    captured_at: Moment | None
    due_date: date | None
    promised_at: Moment | None
    credited_at: Moment | None
    fee_minor: int | None
    fee_expected_minor: int | None


class Sum(Out):
    """What the sales of all parts come to, in one currency."""

    currency: str
    sales: int
    amount_minor: int = Field(description="Before fees.")
    outstanding_minor: int
    fee_minor: int | None = Field(description="Null unless `fee` is asked for.")
    fee_expected_minor: int | None


class Sales(PageOf[SaleOut]):
    """A part of a list, with the sums of the whole."""

    sums: list[Sum]


class SaleFilters(Paging):
    """Which sales; `?` as an id: those of which it is not known."""

    due: Day = Field(None, description="The day that the money is promised for.")
    since: Day = Field(None, description="Promised for this day or later.")
    until: Day = Field(None, description="Promised for this day or earlier.")
    status: Statuses | None = Field(
        None, description="Several with commas; left out: all but `cancelled` and `failed`."
    )
    at: Spot | None = Field(None, description="Where late money is, and why it stays there.")
    currency: Id = None
    provider: Id = None
    bank: Id = None
    account: Id = None
    merchant: Id = None
    store: Id = None
    terminal: Id = None
    channel: Id = None
    incident: Id = None
    payer: Id = Field(None, description="Who brought the money, as the bank's line names them.")
    fee: Literal["known", "differs"] | None = Field(
        None, description="The fee can be held against the agreed one; or is not the agreed one."
    )
    release: Id = Field(None, description="With `side`.")
    side: Literal["upgraded", "others"] | None = Field(
        None, description="Terminals on the release, or others of the same providers."
    )


@router.get("/sales", auth=needs("track", "read"), response=answers(Sales), operation_id="sales")
def sales(request: HttpRequest, asked: Query[SaleFilters]) -> dict[str, Any]:
    """List the sales behind a number: those that need someone first, the largest first."""
    caller = caller_of(request)
    after = place_of(asked.cursor, int)
    place = 0 if after is None else int(after[0])
    if place < 0:
        raise WrongValueError("query", "cursor", why="cursor")
    if (asked.release is None) != (asked.side is None):
        raise WrongValueError("query", "side", why="side")
    if caller.reading is None:
        return {"items": [], "next": None, "sums": []}
    given = asked.model_dump(mode="json", exclude={"limit", "cursor"}, exclude_none=True)
    filters = chosen(given)
    found = totals(caller, filters)
    rows = listed(caller, filters, sum(one.sales for one in found))
    # A snapshot does not change, so that a place in it stays the same row until the next one.
    part = rows.after(place, asked.limit + 1)
    return {
        **page_of(
            request, part, asked.limit, place=lambda row: [row["place"]], told=dict
        ),
        "sums": found,
    }  # fmt: skip
