"""Where the money is, and what needs somebody now."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest
from ninja import Router
from pydantic import Field

from daozhang.charts.standing import draw_headline
from daozhang.server.api.answers import answers
from daozhang.server.api.callers import caller_of, needs
from daozhang.server.api.incidents import IncidentLine, incident_line, incident_rows
from daozhang.server.api.values import Moment, Out

__all__ = ["router"]

router = Router(tags=["overview"])


class HeadlineOut(Out):
    """The answer in words."""

    tone: str = Field(description="`good`, `bad`, `unsure` or `empty`.")
    sentence: str
    arrived: str
    action: str = Field(description="What to do first; empty: nothing.")
    aside: str
    others: list[str] = Field(description="One sentence for each other currency.")
    waited: list[str] = Field(description="What lateness cost.")


class StatusSum(Out):
    """The sales of one status in one currency; amounts in minor units."""

    status: str
    currency: str
    sales: int
    amount_minor: int
    outstanding_minor: int
    credited_minor: int


class Unexplained(Out):
    """Money in the bank that no sale explains, in one currency."""

    currency: str
    credits: int
    amount_minor: int


class Overview(Out):
    """Where the money is."""

    as_of: Moment | None = Field(description="The moment that is answered for; null: no facts yet.")
    timezone: str | None = Field(description="Zone of the terms, which days are meant in.")
    headline: HeadlineOut | None
    by_status: list[StatusSum]
    open_incidents: list[IncidentLine]
    unexplained: list[Unexplained]


@router.get(
    "/overview", auth=needs("overview", "read"), response=answers(Overview), operation_id="overview"
)
def overview(request: HttpRequest) -> dict[str, Any]:
    """Where the money is, in one sentence and in sums, and the incidents that are open."""
    caller = caller_of(request)
    reading = caller.reading
    if reading is None:
        return {
            "as_of": None, "timezone": None, "headline": None, "by_status": [],
            "open_incidents": [], "unexplained": [],
        }  # fmt: skip
    return {
        "as_of": reading.about.as_of,
        "timezone": reading.about.timezone,
        "headline": draw_headline(reading.figures, caller.speech()),
        "by_status": [dict(row) for row in reading.figures.by_status],
        "open_incidents": [
            incident_line(row, caller) for row in incident_rows(caller) if row["open_sales"]
        ],
        "unexplained": [
            {"currency": currency, "credits": count, "amount_minor": minor}
            for currency, (count, minor) in reading.figures.unexplained_totals.items()
        ],
    }
