"""The tables of an answer, in words: the same for the report and for the terminal.

Rules kept here: every row that is left out is summed in a last row or counted in ``more``, so a
table never shows less money than there is; sale amounts are before fees, what is still to come is
after them.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Final

from daozhang.charts.guard import clean
from daozhang.charts.speech import Speech
from daozhang.charts.standing import (
    DUE,
    STATUSES,
    Standing,
    percent_of,
    standings,
)
from daozhang.charts.statements import statement_lines
from daozhang.charts.turns import Turn, find_turns, turn_action, turn_evidence, turn_place
from daozhang.charts.view import ReportView
from daozhang.journey.figures import Breakdown, Figures

__all__ = [
    "PLACES_MAX",
    "Cell",
    "Column",
    "Sheet",
    "attention_sheet",
    "late_sheets",
    "money_sheets",
]

PLACES_MAX: Final = 10
"""How many providers, banks or stores a table lists before the rest is summed up."""

DAYS_MAX: Final = 31
"""How many days a table lists, the newest, before the rest is summed up."""

TURNS_MAX: Final = 12
"""How many places of overdue money are listed before the rest is counted."""


@dataclass(frozen=True, slots=True)
class Cell:
    """One cell.

    Attributes:
        text: what it says.
        sub: a smaller second line.
        status: the status whose colour marks it.
        lines: more smaller lines below.
    """

    text: str
    sub: str = ""
    status: str = ""
    lines: tuple[str, ...] = ()

    @property
    def below(self) -> tuple[str, ...]:
        """All smaller lines, the second line first."""
        return (self.sub, *self.lines) if self.sub else self.lines


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its heading, and whether it holds amounts or counts (set to the right)."""

    label: str
    right: bool = False


@dataclass(frozen=True, slots=True)
class Sheet:
    """One table.

    Attributes:
        key: stable name, for links and tests.
        title: heading.
        note: one or two sentences that say how to read it.
        columns: at least one.
        rows: each as long as ``columns``.
        totals: rows of sums, set apart from the others.
        more: what is not shown here and where it is; empty: all is shown.
        empty: what is said instead of a table without rows.
    """

    key: str
    title: str
    note: str
    columns: tuple[Column, ...]
    rows: tuple[tuple[Cell, ...], ...]
    totals: tuple[tuple[Cell, ...], ...] = ()
    more: str = ""
    empty: str = ""


def money_sheets(figures: Figures, speech: Speech) -> tuple[Sheet, ...]:
    """Return the money by status with what was due and the total, a table for each currency."""
    found = standings(figures)
    return tuple(_money_sheet(standing, standing is found[0], speech) for standing in found)


def _money_sheet(standing: Standing, first: bool, speech: Speech) -> Sheet:
    currency = standing.currency
    return Sheet(
        key="money" if first else f"money-{currency.lower()}",
        title=speech("money.title", currency=currency),
        note=speech("money.note") if first else "",
        columns=(
            Column(speech("column.status")),
            Column(speech("column.sales"), right=True),
            Column(speech("column.amount"), right=True),
            Column(speech("column.share_of_due"), right=True),
            Column(speech("column.credited"), right=True),
            Column(speech("column.outstanding"), right=True),
        ),
        rows=tuple(
            (
                Cell(
                    speech(f"status.{status}"),
                    speech(f"status.{status}.means") if first else "",
                    status,
                ),
                *_money_cells(standing, (status,), speech),
            )
            for status in STATUSES
            if status in standing.rows
        ),
        totals=tuple(
            (Cell(speech(key, currency=currency)), *_money_cells(standing, statuses, speech))
            for key, statuses in (("money.due", DUE), ("money.all", STATUSES))
        ),
    )


def _money_cells(standing: Standing, statuses: tuple[str, ...], speech: Speech) -> tuple[Cell, ...]:
    amount = standing.total("amount_minor", *statuses)
    due = all(status in DUE for status in statuses)
    return (
        Cell(f"{standing.total('sales', *statuses):,}"),
        Cell(speech.money(amount, standing.currency)),
        Cell(percent_of(amount, standing.due_minor) if due else ""),
        *(
            Cell(speech.money(standing.total(column, *statuses), standing.currency))
            for column in ("credited_minor", "outstanding_minor")
        ),
    )


def attention_sheet(view: ReportView, speech: Speech) -> Sheet:
    """Return what needs someone now: overdue money by place, then missing statements."""
    figures = view.figures
    by_currency = {s.currency: s for s in standings(figures)}
    found = [turn for currency in by_currency for turn in find_turns(figures, currency)]
    rows = [_turn_cells(turn, speech) for turn in found[:TURNS_MAX]]
    for currency, standing in by_currency.items():
        unknown = standing.rows.get("unknown")
        if unknown is None:
            continue
        days = [
            row["due_date"]
            for row in figures.by_day
            if row["status"] == "unknown" and row["currency"] == currency
        ]
        rows.append(
            (
                Cell(
                    _begun(speech("place.unknown")),
                    speech("action.unknown"),
                    "unknown",
                    tuple(statement_lines(figures, speech, currency)),
                ),
                Cell(speech.money(unknown["outstanding_minor"], currency)),
                Cell(f"{unknown['sales']:,}"),
                Cell(_days(min(days), max(days), speech) if days else ""),
            )
        )
    hidden = len(found) - TURNS_MAX
    return Sheet(
        key="attention",
        title=speech("attention.title"),
        note=speech("attention.note"),
        columns=(
            Column(speech("column.where_and_what")),
            Column(speech("column.outstanding"), right=True),
            Column(speech("column.sales_touched"), right=True),
            Column(speech("column.promised_between")),
        ),
        rows=tuple(rows),
        more=speech("attention.more", count=hidden) if hidden > 0 else "",
        empty=speech("attention.empty"),
    )


def _turn_cells(turn: Turn, speech: Speech) -> tuple[Cell, ...]:
    example = clean(turn.example, 60)
    evidence = turn_evidence(turn, speech)
    return (
        Cell(
            _begun(turn_place(turn, speech)),
            turn_action(turn, speech),
            "overdue",
            (
                *([evidence] if evidence else []),
                speech("attention.example", command=f"daozhang trace … {example}"),
            ),
        ),
        Cell(speech.money(turn.outstanding_minor, turn.currency)),
        Cell(f"{turn.sales:,}"),
        Cell(_period(turn.since, turn.until, speech)),
    )


def _begun(text: str) -> str:
    """Return a phrase as it begins a line."""
    return text[:1].upper() + text[1:]


def _period(since: datetime, until: datetime, speech: Speech) -> str:
    if since == until:
        return speech.time(since)
    first, last = (moment.astimezone(speech.zone).date() for moment in (since, until))
    return _days(first, last, speech)


def _days(first: date, last: date, speech: Speech) -> str:
    if first == last:
        return speech.day(first)
    return speech("word.from_to", a=speech.day(first), b=speech.day(last))


def late_sheets(figures: Figures, speech: Speech) -> tuple[Sheet, ...]:
    """Return late and overdue money by leg, provider, bank, store and due day."""
    return tuple(
        _late_sheet(dimension, figures.late_by.get(dimension, ()), speech)
        for dimension in ("leg", "provider_id", "bank_id", "store_id", "due_date")
    )


def _late_sheet(dimension: str, parts: tuple[Breakdown, ...], speech: Speech) -> Sheet:
    currencies = tuple(dict.fromkeys(part.currency for part in parts))
    rows: list[tuple[Cell, ...]] = []
    totals: list[tuple[Cell, ...]] = []
    for currency in currencies:
        own = [part for part in parts if part.currency == currency]
        if dimension == "due_date":
            # The newest days are what someone can still act on; a year of them is in the files.
            shown, rest = own[-DAYS_MAX:][::-1], own[:-DAYS_MAX]
        else:
            shown, rest = own[:PLACES_MAX], own[PLACES_MAX:]
        rows += [(Cell(_value(dimension, part, speech)), *_late_cells([part], speech))
                 for part in shown]  # fmt: skip
        if rest:
            key = "late.rest_days" if dimension == "due_date" else "late.rest"
            rows.append((Cell(speech(key, count=f"{len(rest):,}")), *_late_cells(rest, speech)))
        totals.append((Cell(speech("late.total", currency=currency)), *_late_cells(own, speech)))
    return Sheet(
        key=f"late_by_{dimension}",
        title=speech(f"late.by.{dimension}"),
        note=speech("late.note"),
        columns=(
            Column(speech(f"column.{dimension}")),
            Column(speech("column.overdue_minor"), right=True),
            Column(speech("column.late_minor"), right=True),
        ),
        rows=tuple(rows),
        totals=tuple(totals),
        empty=speech("late.empty"),
    )


def _value(dimension: str, part: Breakdown, speech: Speech) -> str:
    if part.value is None:
        return speech("leg.none") if dimension == "leg" else speech("word.not_known")
    if dimension == "leg":
        return speech(f"leg.{part.value}")
    if dimension == "due_date" and not isinstance(part.value, str):
        return speech.day(part.value, year=True)
    return speech.name(part.value)


def _late_cells(parts: list[Breakdown], speech: Speech) -> tuple[Cell, ...]:
    currency = parts[0].currency
    return tuple(
        Cell(speech.money(minor, currency), speech.count("sales", sales)) if sales else Cell("–")
        for minor, sales in (
            (sum(p.overdue_minor for p in parts), sum(p.overdue_sales for p in parts)),
            (sum(p.late_minor for p in parts), sum(p.late_sales for p in parts)),
        )
    )
