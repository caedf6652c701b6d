"""What needs someone now: overdue money by where it is, each sum with the sales behind it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Final
from urllib.parse import urlencode

from django.urls import reverse

from daozhang.charts import Speech
from daozhang.charts.standing import standings
from daozhang.charts.statements import statement_lines
from daozhang.charts.turns import (
    SPOKEN,
    Turn,
    find_turns,
    turn_action,
    turn_evidence,
    turn_place,
)
from daozhang.journey.figures import Figures

__all__ = ["Matter", "at_condition", "matters"]

SHOWN: Final = 8
STATIONS: Final = ("captured", "submitted", "cleared", "paid_out")


@dataclass(frozen=True, slots=True)
class Matter:
    """One place where money waits, or one reason why that cannot be told.

    Attributes:
        status: ``overdue`` or ``unknown``.
        title: who has it, how far it came.
        action: what to do first.
        lines: what to name when asking.
        amount: what is still to come, in words.
        sales: how many, in words.
        due: when it was promised.
        url: of the sales behind it.
        example: a sale to follow; empty: none.
    """

    status: str
    title: str
    action: str
    lines: tuple[str, ...]
    amount: str
    sales: str
    due: str
    url: str
    example: str


def at_condition(at: str) -> str | None:
    """Return the SQL condition on ``listed`` for money that waits somewhere; None: no such place.

    Args:
        at: a station, or ``STATION.REASON`` for a reason that changes what to ask for there.
    """
    station, _, reason = at.partition(".")
    spoken = SPOKEN.get(station, ())
    if station not in STATIONS or (reason and reason not in spoken):
        return None
    if reason:
        return f"l.station = '{station}' AND l.place_reason = '{reason}'"
    others = ", ".join(f"'{one}'" for one in spoken)
    rest = f" AND coalesce(l.place_reason, '') NOT IN ({others})" if spoken else ""
    return f"l.station = '{station}'{rest}"


def matters(figures: Figures, speech: Speech) -> tuple[list[Matter], int]:
    """Return what needs someone now, most money first in each currency, and how many are hidden."""
    found = [turn for one in standings(figures) for turn in find_turns(figures, one.currency)]
    told = [_turn(turn, speech) for turn in found[:SHOWN]]
    for one in standings(figures):
        unknown = one.rows.get("unknown")
        if unknown is None:
            continue
        days = [
            row["due_date"] for row in figures.by_day
            if row["status"] == "unknown" and row["currency"] == one.currency
        ]  # fmt: skip
        told.append(
            Matter(
                "unknown",
                speech("place.unknown"),
                speech("action.unknown"),
                tuple(statement_lines(figures, speech, one.currency)),
                speech.money(unknown["outstanding_minor"], one.currency),
                speech.count("sales", unknown["sales"]),
                _between(speech.day(min(days)), speech.day(max(days)), speech) if days else "",
                _sales(status="unknown", currency=one.currency),
                "",
            )
        )  # fmt: skip
    return told, max(0, len(found) - SHOWN)


def _turn(turn: Turn, speech: Speech) -> Matter:
    evidence = turn_evidence(turn, speech)
    place = f"{turn.station}.{turn.reason}" if turn.reason else turn.station
    holder = "bank" if turn.station == "paid_out" else "provider"
    return Matter(
        "overdue", turn_place(turn, speech), turn_action(turn, speech),
        (evidence,) if evidence else (),
        speech.money(turn.outstanding_minor, turn.currency), speech.count("sales", turn.sales),
        _between(_told(turn.since, speech), _told(turn.until, speech), speech),
        _sales(status="overdue", currency=turn.currency, at=place, **{holder: turn.who or "?"}),
        turn.example,
    )  # fmt: skip


def _told(moment: datetime, speech: Speech) -> str:
    return speech.day(moment.astimezone(speech.zone).date())


def _between(first: str, last: str, speech: Speech) -> str:
    return first if first == last else speech("word.from_to", a=first, b=last)


def _sales(**filters: str) -> str:
    return f"{reverse('sales')}?{urlencode(filters)}"
