"""Where the numbers of a table lead: the addresses of the sales behind its cells.

Rules kept here: a number leads to the list of just those sales that it counts or sums; what is no
number of sales, or of none, leads nowhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from django.urls import reverse

from daozhang.charts.paces import all_paces
from daozhang.charts.sheets_more import FEE_ROWS_SHOWN, fee_rows
from daozhang.charts.standing import DUE, STATUSES, standings
from daozhang.journey.figures import Figures

__all__ = ["Behind", "behind_fees", "behind_findings", "behind_money", "behind_paces",
           "behind_speeds", "sales_url"]  # fmt: skip

_NOT_KNOWN: Final = "?"
_CAME: Final = "on_time,late"

Hrefs = tuple[str, ...]
"""An address for each cell of a row; empty: it leads nowhere."""


@dataclass(frozen=True, slots=True)
class Behind:
    """The addresses behind a table, row by row as the table has them."""

    rows: tuple[Hrefs, ...]
    totals: tuple[Hrefs, ...] = ()


def sales_url(**filters: object) -> str:
    """Return the address of a list of sales; an id that is None is one that is not known."""
    told = {name: _NOT_KNOWN if value is None else str(value) for name, value in filters.items()}
    return f"{reverse('sales')}?{urlencode(told)}"


def behind_money(figures: Figures) -> tuple[Behind, ...]:
    """Return what is behind the money by status, a table for each currency."""
    return tuple(
        Behind(
            tuple(
                _statuses(one.currency, (status,)) for status in STATUSES if status in one.rows
            ),
            tuple(_statuses(one.currency, statuses) for statuses in (DUE, STATUSES)),
        )
        for one in standings(figures)
    )  # fmt: skip


def _statuses(currency: str, statuses: Sequence[str]) -> Hrefs:
    url = sales_url(status=",".join(statuses), currency=currency)
    return "", url, url, "", url, url


def behind_fees(figures: Figures, **own: str) -> Behind:
    """Return what is behind the fees by provider and channel.

    Args:
        figures: whose fees are shown.
        own: the provider that the figures are narrowed to.
    """
    found = fee_rows(figures)
    currencies = dict.fromkeys(row["currency"] for row in found)
    return Behind(
        tuple(
            _fees(
                row["sales_differing"], provider=row["provider_id"], channel=row["channel"],
                currency=row["currency"],
            )
            for row in found[:FEE_ROWS_SHOWN]
        ),
        tuple(
            _fees(
                sum(row["sales_differing"] for row in found if row["currency"] == currency),
                **own, currency=currency,
            )
            for currency in currencies
        ),
    )  # fmt: skip


def _fees(differing: int, **filters: object) -> Hrefs:
    url = sales_url(**filters, fee="known")
    differs = sales_url(**filters, fee="differs") if differing else ""
    return "", "", url, url, url, differs or url, "", differs


def behind_paces(figures: Figures, **own: str) -> Behind:
    """Return what is behind the punctuality of providers and banks.

    Args:
        figures: whose rows of punctuality are shown.
        own: the provider or bank whose money the figures are narrowed to.
    """
    rows = []
    for pace in all_paces(figures):
        name = {"provider_id": "provider", "bank_id": "bank"}[pace.dimension]
        where = {**own, name: pace.value, "currency": pace.currency}
        late, overdue, unseen = (
            sales_url(**where, status=status) if sales else ""
            for status, sales in (
                ("late", pace.late), ("overdue", pace.overdue), ("unknown", pace.unseen),
            )
        )  # fmt: skip
        due = sales_url(**where, status=f"{_CAME},overdue") if pace.sales else ""
        came = sales_url(**where, status="on_time") if pace.on_time else ""
        rows.append(("", due, came, "", "", "", late, overdue, unseen))
    return Behind(tuple(rows))


def behind_speeds(figures: Figures) -> Behind:
    """Return what is behind how long each provider's money takes: all of it that came."""
    return Behind(
        tuple(
            ("", "", sales_url(provider=row.provider_id, currency=row.currency, status=_CAME),
             "", "", "", "")
            for row in figures.speed
        )
    )  # fmt: skip


def behind_findings(findings: Iterable[Mapping[str, Any]]) -> Behind:
    """Return the sales behind each finding: those it is about, or that a payer brought."""
    return Behind(tuple(("", _finding(row), "", "") for row in findings))


def _finding(row: Mapping[str, Any]) -> str:
    where = {"provider": row["provider_id"], "currency": row["currency"]}
    match row["finding"]:
        case "fee_differs":
            return sales_url(**where, channel=row["subject"], fee="differs")
        case "mcc_jump":
            return sales_url(**where, merchant=row["subject"])
        case "payer_stranger" | "payer_unlicensed":
            return sales_url(**where, payer=row["subject"])
        case _:
            return ""
