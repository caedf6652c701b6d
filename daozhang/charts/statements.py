"""The bank statements that are missing: whose they are, how far they reach, what to fetch.

Rules kept here: the accounts with most money come first, and those not named are counted; the day
through which a statement reaches is its last whole or begun day in the zone that is shown.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Any, Final

from daozhang.charts.speech import Speech
from daozhang.journey.figures import Figures

__all__ = ["ACCOUNTS_SHOWN", "statement_lines"]

ACCOUNTS_SHOWN: Final = 5
"""How many accounts are named; the export holds all of them."""

Row = Mapping[str, Any]


def statement_lines(figures: Figures, speech: Speech, currency: str | None = None) -> list[str]:
    """Return a line for each account whose statement is missing, most money first.

    Args:
        figures: the run.
        speech: the language and the zone.
        currency: accounts of this currency only; None: of all.
    """
    rows = [row for row in figures.unseen if currency in (None, row["currency"])]
    lines = [_line(row, speech) for row in rows[:ACCOUNTS_SHOWN]]
    if len(rows) > ACCOUNTS_SHOWN:
        lines.append(speech("statement.more", count=f"{len(rows) - ACCOUNTS_SHOWN:,}"))
    return lines


def _line(row: Row, speech: Speech) -> str:
    if row["account_id"] is None:
        return speech("statement.no_account", sales=speech.count("sales", row["sales"]))
    account = speech.name(row["account_id"])
    if row["bank_id"]:
        account = speech("word.account_at", account=account, bank=speech.name(row["bank_id"]))
    wanted = row["first_promised_at"].astimezone(speech.zone).date()
    until = row["covered_until"]
    if until is None:
        return speech("statement.none", account=account, since=speech.day(wanted))
    # The end is the instant after the last: midnight belongs to the day before.
    reaches = (until - timedelta(microseconds=1)).astimezone(speech.zone).date()
    since = until.astimezone(speech.zone).date()
    # Money is unseen before the end of what is covered: something in between is lacking.
    key = "statement.gap" if until >= row["first_promised_at"] else "statement.reaches"
    return speech(
        key, account=account, until=speech.day(reaches), since=speech.day(min(since, wanted))
    )
