"""Sales and their journeys: find one, follow one, list many."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Annotated, Any, Final, Literal
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from ninja import Query, Router
from pydantic import Field

from daozhang.app.answers import JOURNEY_COLUMNS
from daozhang.app.seek import WAYS, find_sales, offer_sales, quoted
from daozhang.app.trace import trace_sale
from daozhang.app.trace_json import trace_json
from daozhang.engine import rows_of
from daozhang.server.api.answers import answers
from daozhang.server.api.callers import Caller, caller_of, needs
from daozhang.server.api.errors import ApiError, WrongValueError
from daozhang.server.api.incidents import fit_for
from daozhang.server.api.paging import PageOf, Paging, page_of, place_of
from daozhang.server.api.values import Asked, Line, Moment, Out

__all__ = ["router"]

REFERENCE_MAX: Final = 80

router = Router(tags=["journeys"])
Status = Literal["on_time", "late", "overdue", "unknown", "in_transit", "cancelled", "failed"]


class Journey(Out):
    """One sale: where its money is, and when it passed each station."""

    sale_id: str
    status: Status
    leg: str | None
    reason: str | None
    amount_minor: int
    currency: str
    merchant_id: str | None
    store_id: str | None
    terminal_id: str | None
    provider_id: str | None
    channel: str | None
    account_id: str | None
    captured_at: Moment | None
    submitted_at: Moment | None
    cleared_at: Moment | None
    paid_out_at: Moment | None
    credited_at: Moment | None
    promised_at: Moment | None
    promise_rule: str | None
    provisional: bool | None
    credit_id: str | None
    credit_ids: str | None
    payout_id: str | None
    net_minor: int | None
    fee_minor: int | None
    fee_expected_minor: int | None
    refunded_minor: int | None
    charged_back_minor: int | None
    credited_minor: int | None
    outstanding_minor: int | None
    late_s: int | None
    matched_by: str | None
    cause: str | None
    mechanism: str | None
    incident_id: str | None


class Holder(Out):
    """Who has the money now."""

    role: str = Field(description="store, provider, bank, account or nobody.")
    id: str | None


class Ahead(Out):
    """A station that is still to come."""

    station: str
    by: Moment | None


class Trace(Out):
    """One sale's journey, as `daozhang trace --json` tells it."""

    journey: Journey
    reached: str
    station: str
    holder: Holder
    waited_s: int | None
    steps: list[dict[str, Any]]
    ahead: list[Ahead]
    deadlines: dict[str, Moment | None]
    money: dict[str, int]
    why: dict[str, Any]
    evidence: dict[str, Any]
    doubts: list[dict[str, Any]]


class Meant(Out):
    """A sale that a reference stands for, or may stand for."""

    why: str = Field(description=f"One of exact, {', '.join(WAYS)}.")
    sale_id: str
    status: Status
    amount_minor: int
    currency: str
    captured_at: Moment | None
    terminal_id: str | None


class Track(Out):
    """Which sales a reference may mean."""

    reference: str
    found: bool = Field(description="The reference stands for these sales and no others.")
    sales: list[Meant]


class Reference(Asked):
    """What stands on a slip."""

    q: Line = Field(
        min_length=1, max_length=REFERENCE_MAX,
        description="A sale's id, an RRN, an amount, a time, a terminal, a batch, a payout, or the "
        "end of a number or card; several with blanks between them must all fit.",
    )  # fmt: skip


class JourneyFilters(Paging):
    """Which journeys."""

    day: Annotated[
        date | None,
        Field(ge=date(2000, 1, 1), lt=date(2100, 1, 1), description="Day of the sale, local."),
    ] = None
    store_id: Line | None = Field(None, max_length=120)
    status: Status | None = None


@router.get(
    "/track", auth=needs("track", "read"), response=answers(Track), operation_id="track"
)  # fmt: skip
def track(request: HttpRequest, asked: Query[Reference]) -> dict[str, Any]:
    """Find sales by whatever stands on the slip."""
    caller = caller_of(request)
    if caller.reading is None:
        return {"reference": asked.q, "found": False, "sales": []}
    found = find_sales(caller.engine, asked.q)
    sales: list[Any] = [{"why": "exact", **row} for row in _named(caller, found)]
    return {
        "reference": asked.q,
        "found": bool(sales),
        "sales": sales
        or list(offer_sales(caller.engine, asked.q, ZoneInfo(caller.reading.about.timezone))),
    }


def _named(caller: Caller, sale_ids: list[str]) -> list[dict[str, Any]]:
    if not sale_ids:
        return []
    columns = ", ".join(name for name in Meant.model_fields if name != "why")
    return rows_of(
        caller.engine.fetch(
            f"SELECT {columns} FROM outcomes WHERE sale_id IN "
            f"({', '.join(map(quoted, sale_ids))}) ORDER BY sale_id"
        )
    )


@router.get(
    "/journeys", auth=needs("track", "read"), response=answers(PageOf[Journey]),
    operation_id="journeys",
)  # fmt: skip
def journeys(request: HttpRequest, asked: Query[JourneyFilters]) -> dict[str, Any]:
    """List sales and where their money is, the newest first."""
    caller = caller_of(request)
    after = _after(asked.cursor)
    if caller.reading is None:
        return {"items": [], "next": None}
    conditions = ["1 = 1"]
    if asked.status is not None:
        conditions.append(f"status = {quoted(asked.status)}")
    if asked.store_id is not None:
        conditions.append(f"store_id = {quoted(asked.store_id)}")
    if asked.day is not None:
        zone = ZoneInfo(caller.reading.about.timezone)
        since, until = (
            datetime(d.year, d.month, d.day, tzinfo=zone)
            for d in (asked.day, asked.day + timedelta(days=1))
        )
        conditions.append(f"captured_at >= {_instant(since)} AND captured_at < {_instant(until)}")
    if after is not None:
        conditions.append(f"(captured_at, sale_id) < ({_instant(after[0])}, {quoted(after[1])})")
    order = "ORDER BY captured_at DESC, sale_id DESC"
    # Which ones is asked of the sums alone: all that is told of a sale is joined for these only.
    shown = caller.engine.rows(
        f"SELECT sale_id FROM outcomes WHERE {' AND '.join(conditions)} {order} "
        f"LIMIT {asked.limit + 1}"
    )
    if not shown:
        return {"items": [], "next": None}
    rows = rows_of(
        caller.engine.fetch(
            f"SELECT {', '.join(JOURNEY_COLUMNS)} FROM journeys WHERE sale_id IN "
            f"({', '.join(quoted(str(row[0])) for row in shown)}) {order}"
        )
    )
    return page_of(
        request, rows, asked.limit,
        place=lambda row: [row["captured_at"].isoformat(), row["sale_id"]], told=dict,
    )  # fmt: skip


def _after(cursor: str | None) -> tuple[datetime, str] | None:
    place = place_of(cursor, str, str)
    if place is None:
        return None
    try:
        at = datetime.fromisoformat(place[0]).astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongValueError("query", "cursor", why="cursor") from None
    return at, place[1]


def _instant(moment: datetime) -> str:
    return f"TIMESTAMPTZ {quoted(moment.astimezone(UTC).isoformat())}"


@router.get(
    "/journeys/{path:sale_id}", auth=needs("track", "read"), response=answers(Trace, 200, 404),
    operation_id="journey",
)  # fmt: skip
def journey(request: HttpRequest, sale_id: str) -> dict[str, Any]:
    """One sale's journey with its steps, deadlines, money and doubts."""
    caller = caller_of(request)
    reading = caller.reading
    trace = None
    if reading is not None and "\0" not in sale_id:
        trace = trace_sale(reading.of_sale(sale_id), sale_id, reading.about.as_of)
    if trace is None:
        raise ApiError("not_found", sale_id=sale_id)
    told = trace_json(trace)
    if "evidence" in told["why"]:
        told["why"]["evidence"] = fit_for(caller, told["why"]["evidence"])
    return told
