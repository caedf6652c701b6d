"""The tables behind the answer: speed, fees, unexplained credits, gaps, single sales and files."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final

from daozhang.charts.guard import clean
from daozhang.charts.paces import Pace, all_paces
from daozhang.charts.several import several_answers
from daozhang.charts.shares import percent_text
from daozhang.charts.sheets import Cell, Column, Sheet
from daozhang.charts.speech import Speech
from daozhang.charts.statements import statement_lines
from daozhang.charts.view import FileLine, ReportView
from daozhang.journey.figures import Figures

__all__ = [
    "fees_sheet",
    "files_sheet",
    "late_list_sheet",
    "missing_sheet",
    "pace_sheet",
    "rate",
    "speed_sheet",
    "unexplained_sheet",
    "waited_minutes",
]

LATE_LIST_SHOWN: Final = 20
"""How many single sales are shown; the exports and the journeys hold more."""

UNEXPLAINED_SHOWN: Final = 15
"""How many unexplained credits are shown."""

FILES_SHOWN: Final = 60
"""How many files are shown, those with something to say first."""

PROBLEMS_SHOWN: Final = 10
"""How many located problems are shown."""

FEE_ROWS_SHOWN: Final = 20
"""How many rows of provider and channel are shown, the largest difference first."""

_REASONS: Final = ("held", "rejected", "returned", "short")

_THOUSANDTHS: Final = 100_000
"""Thousandths of a percent in one: fees are small shares."""

Row = Mapping[str, Any]


def speed_sheet(figures: Figures, speech: Speech) -> Sheet:
    """Return how long each provider's money takes from till to bank against its promise."""
    return Sheet(
        key="speed",
        title=speech("speed.title"),
        note=speech("speed.note"),
        columns=(
            Column(speech("column.provider_id")),
            Column(speech("column.currency")),
            Column(speech("column.sales"), right=True),
            Column(speech("column.median"), right=True),
            Column(speech("column.promised_median"), right=True),
            Column(speech("column.p95"), right=True),
            Column(speech("column.promised_p95"), right=True),
        ),
        rows=tuple(
            (
                Cell(speech.name(row.provider_id)),
                Cell(row.currency),
                Cell(f"{row.sales:,}"),
                Cell(speech.span(row.median_min)),
                Cell(speech.span(row.promised_median_min)),
                Cell(speech.span(row.p95_min)),
                Cell(speech.span(row.promised_p95_min)),
            )
            for row in figures.speed
        ),
        empty=speech("speed.empty"),
    )


def pace_sheet(figures: Figures, speech: Speech) -> Sheet:
    """Return how much of each provider's and bank's money came by its promise (R15)."""
    return Sheet(
        key="pace",
        title=speech("pace.title"),
        note=speech("pace.note"),
        columns=(
            Column(speech("column.who")),
            Column(speech("column.due_sales"), right=True),
            Column(speech("column.on_time_share"), right=True),
            Column(speech("column.range"), right=True),
            Column(speech("column.typical_lag"), right=True),
            Column(speech("column.slow_lag"), right=True),
            Column(speech("column.late_sales"), right=True),
            Column(speech("column.overdue_sales"), right=True),
            Column(speech("column.unseen_sales"), right=True),
        ),
        rows=tuple(_pace_cells(pace, speech) for pace in all_paces(figures)),
        empty=speech("pace.empty"),
    )


def _pace_cells(pace: Pace, speech: Speech) -> tuple[Cell, ...]:
    low, high = pace.between
    role = speech(f"role.{pace.dimension}")
    return (
        Cell(speech.name(pace.value), f"{role} · {pace.currency}"),
        Cell(f"{pace.sales:,}"),
        Cell(percent_text(pace.share)),
        Cell(f"{percent_text(low)}–{percent_text(high)}"),
        Cell(_lag(pace.lag(50), speech)),
        Cell(_lag(pace.lag(95), speech)),
        *(Cell(f"{number:,}") for number in (pace.late, pace.overdue, pace.unseen)),
    )


def _lag(minutes: int | None, speech: Speech) -> str:
    """Return how long before or after its promise money came."""
    if minutes is None:
        return speech("pace.never")
    if minutes == 0:
        return speech("pace.exactly")
    return speech("pace.later" if minutes > 0 else "pace.earlier", span=speech.span(minutes))


def rate(fee_minor: int, amount_minor: int) -> str:
    """Return a fee as a share of the amount: ``0.601%``, rounded half up to 0.001 %."""
    if amount_minor <= 0:
        return "–"
    share = (abs(fee_minor) * _THOUSANDTHS * 2 + amount_minor) // (2 * amount_minor)
    whole, rest = divmod(share, 1000)
    return f"{'-' if fee_minor < 0 else ''}{whole}.{rest:03d}%"


def fee_rows(figures: Figures) -> list[Row]:
    """Return the rows of fees in the order of :func:`fees_sheet`, those left out of it too."""
    return sorted(
        figures.fees,
        key=lambda r: (
            r["currency"],
            -abs(r["fee_minor"] - r["fee_expected_minor"]),
            str(r["provider_id"]),
            str(r["channel"]),
        ),
    )


def fees_sheet(figures: Figures, speech: Speech) -> Sheet:
    """Return fees charged against fees agreed, the largest difference first (R65)."""
    found = fee_rows(figures)
    currencies = tuple(dict.fromkeys(row["currency"] for row in found))
    return Sheet(
        key="fees",
        title=speech("fees.title"),
        note=speech("fees.note"),
        columns=(
            Column(speech("column.provider_id")),
            Column(speech("column.channel")),
            Column(speech("column.sales"), right=True),
            Column(speech("column.fee"), right=True),
            Column(speech("column.fee_expected"), right=True),
            Column(speech("column.fee_difference"), right=True),
            Column(speech("column.rate"), right=True),
            Column(speech("column.sales_differing"), right=True),
        ),
        rows=tuple(
            (
                Cell(speech.name(row["provider_id"])),
                Cell(speech.channel(row["channel"])),
                *_fee_cells([row], speech, row["example"]),
            )
            for row in found[:FEE_ROWS_SHOWN]
        ),
        totals=tuple(
            (
                Cell(speech("late.total", currency=currency)),
                Cell(""),
                *_fee_cells([r for r in found if r["currency"] == currency], speech, None),
            )
            for currency in currencies
        ),
        more=speech("fees.more", count=f"{len(found) - FEE_ROWS_SHOWN:,}")
        if len(found) > FEE_ROWS_SHOWN
        else "",
        empty=speech("fees.empty"),
    )


def _fee_cells(rows: list[Row], speech: Speech, example: str | None) -> tuple[Cell, ...]:
    currency = rows[0]["currency"]
    fee, agreed, amount, sales, differing = (
        sum(row[column] for row in rows)
        for column in (
            "fee_minor",
            "fee_expected_minor",
            "amount_minor",
            "sales",
            "sales_differing",
        )
    )
    plus = "+" if fee > agreed else ""
    return (
        Cell(f"{sales:,}"),
        Cell(speech.money(fee, currency)),
        Cell(speech.money(agreed, currency)),
        Cell(plus + speech.money(fee - agreed, currency)),
        Cell(rate(fee, amount), speech("fees.agreed_rate", rate=rate(agreed, amount))),
        Cell(
            f"{differing:,}",
            speech("fees.example", sale=clean(example, 40)) if example else "",
        ),
    )


def unexplained_sheet(figures: Figures, speech: Speech) -> Sheet:
    """Return the bank credits, or parts of them, that no sale explains."""
    shown = figures.unexplained[:UNEXPLAINED_SHOWN]
    count = sum(number for number, _ in figures.unexplained_totals.values())
    return Sheet(
        key="unexplained",
        title=speech("unexplained.title"),
        note=speech("unexplained.note"),
        columns=(
            Column(speech("column.booked_at")),
            Column(speech("column.account")),
            Column(speech("column.counterparty")),
            Column(speech("column.ref")),
            Column(speech("column.booked_minor"), right=True),
            Column(speech("column.unexplained_minor"), right=True),
        ),
        rows=tuple(
            (
                Cell(speech.time(row["booked_at"])),
                Cell(speech.name(row["account_id"])),
                Cell(clean(row["counterparty"] or "–", 60)),
                Cell(clean(row["ref"] or "–", 60), lines=several_answers(row, speech)),
                Cell(speech.money(row["amount_minor"], row["currency"])),
                Cell(speech.money(row["amount_minor"] - _explained(row), row["currency"])),
            )
            for row in shown
        ),
        totals=tuple(
            (
                Cell(speech("late.total", currency=currency)),
                Cell(speech.count("credits", number)),
                *(Cell("") for _ in range(3)),
                Cell(speech.money(minor, currency)),
            )
            for currency, (number, minor) in figures.unexplained_totals.items()
        ),
        more=speech("unexplained.more", count=f"{count - len(shown):,}")
        if count > len(shown)
        else "",
        empty=speech("unexplained.empty"),
    )


def _explained(row: Row) -> int:
    return int(row["explained_minor"] or 0) if row["standing"] == "explained" else 0


def missing_sheet(view: ReportView, speech: Speech) -> Sheet:
    """Return what is missing, what that hides, and what would close the gap."""
    figures = view.figures
    rows = [
        (
            Cell(speech(f"gap.{gap}", number=f"{figures.gaps[gap][0]:,}")),
            Cell(speech(f"gap.{gap}.hides")),
            Cell(speech(f"gap.{gap}.do")),
        )
        for gap in (
            "sales_without_terms", "sales_without_account", "lines_without_sale",
            "deductions_without_sale", "refunds_without_sale", "settled_more_than_sold",
            "payouts_not_itemised", "provisional_promises",
        )
        if figures.gaps.get(gap, (0, 0))[0]
    ]  # fmt: skip
    unknown = figures.sales_in("unknown")
    refused = sum(file.kind == "refused" for file in view.files)
    skipped = sum(file.kind == "ignored" for file in view.files)
    lines = sum(file.errors for file in view.files if file.kind == "facts")
    for gap, number in (
        ("statement", unknown),
        ("refused_files", refused),
        ("refused_rows", lines),
        ("skipped_files", skipped),
    ):
        if number:
            accounts = statement_lines(figures, speech) if gap == "statement" else []
            rows.append(
                (
                    Cell(speech(f"gap.{gap}", number=f"{number:,}")),
                    Cell(speech(f"gap.{gap}.hides")),
                    Cell(speech(f"gap.{gap}.do"), lines=tuple(accounts)),
                )
            )
    if view.provisional_years:
        years = speech("word.comma").join(str(year) for year in view.provisional_years)
        rows.append(
            (
                Cell(speech("gap.calendar", years=years)),
                Cell(speech("gap.calendar.hides")),
                Cell(speech("gap.calendar.do")),
            )
        )
    return Sheet(
        key="missing",
        title=speech("missing.title"),
        note=speech("missing.note"),
        columns=(
            Column(speech("column.missing")),
            Column(speech("column.hides")),
            Column(speech("column.do")),
        ),
        rows=tuple(rows),
        empty=speech("missing.empty"),
    )


def waited_minutes(row: Row, as_of: datetime) -> int:
    """Return how late a sale's money came or, while it has not come, how long it is overdue."""
    if row["late_s"] is not None:
        return int(row["late_s"]) // 60
    if row["promised_at"] is None:
        return 0
    return int((as_of - row["promised_at"]).total_seconds()) // 60


def late_list_sheet(figures: Figures, speech: Speech) -> Sheet:
    """Return the overdue and late sales with most money, one by one."""
    shown = figures.late_list[:LATE_LIST_SHOWN]
    rest = figures.sales_in("late", "overdue") - len(shown)
    return Sheet(
        key="late_list",
        title=speech("list.title"),
        note=speech("list.note"),
        columns=(
            Column(speech("column.sale_id")),
            Column(speech("column.amount"), right=True),
            Column(speech("column.promised_at")),
            Column(speech("column.stopped")),
            Column(speech("column.from")),
            Column(speech("column.payout_id")),
        ),
        rows=tuple(_sale_cells(row, figures.as_of, speech) for row in shown),
        more=speech("list.more", count=f"{rest:,}") if rest > 0 else "",
        empty=speech("late.empty"),
    )


def _sale_cells(row: Row, as_of: datetime, speech: Speech) -> tuple[Cell, ...]:
    where = speech(f"leg.{row['leg'] or 'none'}")
    reason = _reason(row, speech) if row["reason"] else ""
    store = speech.name(row["store_id"]) if row["store_id"] else ""
    outstanding = row["outstanding_minor"] or 0
    return (
        Cell(clean(row["sale_id"], 60), speech(f"status.{row['status']}"), row["status"]),
        Cell(
            speech.money(row["amount_minor"], row["currency"]),
            speech("list.outstanding", amount=speech.money(outstanding, row["currency"]))
            if outstanding
            else "",
        ),
        Cell(
            speech.time(row["promised_at"]) if row["promised_at"] else "–",
            speech(f"list.{row['status']}", span=speech.span(waited_minutes(row, as_of))),
        ),
        Cell(where, reason),
        Cell(f"{speech.name(row['provider_id'])} · {speech.channel(row['channel'])}", store),
        Cell(clean(row["payout_id"] or "–", 60)),
    )


def _reason(row: Row, speech: Speech) -> str:
    """Return why money is missing, or how far it came; a strange word is shown as it is."""
    if row["reason"] == "missing":
        return speech(f"turn.{row['station']}")
    if row["reason"] in _REASONS:
        return speech(f"turn.{row['reason']}")
    return speech("reason.other", reason=clean(row["reason"], 60))


def files_sheet(view: ReportView, speech: Speech) -> Sheet:
    """Return what became of each file, those that need a look first."""

    def order(file: FileLine) -> tuple[bool, bool, str]:
        return (file.kind != "refused", not file.errors, file.name)

    found = sorted(view.files, key=order)
    return Sheet(
        key="files",
        title=speech("files.title"),
        note=speech("files.note"),
        columns=(
            Column(speech("column.file")),
            Column(speech("column.read_as")),
            Column(speech("column.rows"), right=True),
            Column(speech("column.errors"), right=True),
        ),
        rows=tuple(
            (
                Cell(clean(file.name, 100)),
                Cell(
                    clean(file.form, 60) if file.form else speech(f"files.{file.kind}"),
                    clean(file.note),
                ),
                Cell(f"{file.rows:,}"),
                Cell(f"{file.errors:,}"),
            )
            for file in found[:FILES_SHOWN]
        ),
        more=speech("files.more", count=f"{len(found) - FILES_SHOWN:,}")
        if len(found) > FILES_SHOWN
        else "",
        empty=speech("files.empty"),
    )
