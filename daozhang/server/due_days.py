"""What is promised for each day, and what became of it: the sums behind the calendar.

Rules kept here: a day's promises are what came, what is still to come and what cannot be told, all
before fees, so that they add up; what the bank booked of them, after fees, is said beside them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date
from typing import Any, Final

from daozhang.app.seek import quoted
from daozhang.app.snapshot import Reading
from daozhang.calendars import BusinessCalendar
from daozhang.engine import rows_of
from daozhang.server.kept import kept

__all__ = [
    "STATUSES",
    "Day",
    "Place",
    "all_sums",
    "day_places",
    "days_between",
    "due_sums",
    "late_days",
    "mark",
    "places",
]

STATUSES: Final = ("on_time", "late", "overdue", "unknown", "in_transit")
_SATURDAY: Final = 5

_ALL: Final = """
SELECT
    o.due_date, o.currency, o.provider_id, o.account_id, a.bank_id, o.store_id, o.channel, o.status,
    count(*) AS sales, CAST(sum(o.amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(o.outstanding_minor) AS BIGINT) AS outstanding_minor,
    CAST(sum(o.credited_minor) AS BIGINT) AS credited_minor,
    CAST(sum(CASE WHEN o.provisional THEN o.amount_minor ELSE 0 END) AS BIGINT)
        AS provisional_minor
FROM outcomes AS o
LEFT JOIN facts_accounts AS a ON a.account_id = o.account_id
GROUP BY ALL
"""
_DUE: Final = """
SELECT
    due_date, currency, provider_id, account_id, bank_id, status,
    CAST(sum(sales) AS BIGINT) AS sales, CAST(sum(amount_minor) AS BIGINT) AS amount_minor,
    CAST(sum(outstanding_minor) AS BIGINT) AS outstanding_minor,
    CAST(sum(credited_minor) AS BIGINT) AS credited_minor,
    CAST(sum(provisional_minor) AS BIGINT) AS provisional_minor
FROM {all}
WHERE due_date IS NOT NULL AND status NOT IN ('cancelled', 'failed')
GROUP BY ALL
"""
_SUMMED: Final = ", ".join(
    f"CAST(sum({name}) AS BIGINT) AS {name}"
    for name in ("sales", "amount_minor", "outstanding_minor", "credited_minor")
)


@dataclass(slots=True)
class Day:
    """One due day in one currency.

    Attributes:
        day: the date.
        currency: ISO 4217 code.
        amounts: status → minor units before fees.
        sales: status → sales.
        credited_minor: what the bank booked of them, after fees.
        outstanding_minor: what is still to come of what is due or in transit.
        provisional_minor: of the promises, what depends on a year that is not verified.
    """

    day: date
    currency: str
    amounts: dict[str, int] = field(default_factory=dict)
    sales: dict[str, int] = field(default_factory=dict)
    credited_minor: int = 0
    outstanding_minor: int = 0
    provisional_minor: int = 0

    @property
    def promised_minor(self) -> int:
        """All that is promised for the day."""
        return sum(self.amounts.values())

    @property
    def came_minor(self) -> int:
        """Of it, what came, on time or late."""
        return self.amounts.get("on_time", 0) + self.amounts.get("late", 0)

    @property
    def to_come_minor(self) -> int:
        """Of it, what is still to come."""
        return self.amounts.get("overdue", 0) + self.amounts.get("in_transit", 0)


@dataclass(frozen=True, slots=True)
class Place:
    """An account's or bank's money in one currency.

    Attributes:
        account_id: the account; None: not known, or all of the bank.
        bank_id: the bank; None: not known.
        currency: ISO 4217 code.
        minor: column → minor units.
    """

    account_id: str | None
    bank_id: str | None
    currency: str
    minor: Mapping[str, int]


def all_sums(reading: Reading) -> str:
    """Return what to read the sums of all sales from, by whatever lists are most asked for."""
    return kept(reading, "all_sums", _ALL)


def due_sums(reading: Reading) -> str:
    """Return what to read the sums by day, provider, account and status from, as SQL."""
    return kept(reading, "due_days", _DUE.format(all=all_sums(reading)))


def days_between(reading: Reading, first: date, last: date) -> dict[tuple[date, str], Day]:
    """Return the due days of a stretch of time, by day and currency."""
    return _days(reading, f"due_date BETWEEN DATE '{first}' AND DATE '{last}'")


def _days(reading: Reading, where: str) -> dict[tuple[date, str], Day]:
    found: dict[tuple[date, str], Day] = {}
    rows = rows_of(
        reading.engine().fetch(
            f"SELECT due_date, currency, status, {_SUMMED}, "
            "CAST(sum(provisional_minor) AS BIGINT) AS provisional_minor "
            f"FROM {due_sums(reading)} WHERE {where} "
            "GROUP BY due_date, currency, status"
        )
    )
    for row in rows:
        key = (row["due_date"], row["currency"])
        day = found.setdefault(key, Day(*key))
        day.amounts[row["status"]] = row["amount_minor"]
        day.sales[row["status"]] = row["sales"]
        day.credited_minor += row["credited_minor"]
        if row["status"] != "unknown":
            day.outstanding_minor += row["outstanding_minor"]
        day.provisional_minor += row["provisional_minor"]
    return found


def late_days(reading: Reading, column: str, value: str) -> list[Day]:
    """Return the days on which money of one provider or bank was late, the newest first.

    Args:
        reading: a snapshot in a scope.
        column: ``provider_id`` or ``bank_id``.
        value: its id.
    """
    found = _days(reading, f"{column} = {quoted(value)}")
    late = [day for day in found.values() if {"late", "overdue"} & set(day.amounts)]
    return sorted(late, key=lambda day: (day.day, day.currency), reverse=True)


def places(reading: Reading, by: str, today: date, soon: date) -> tuple[Place, ...]:
    """Return what is still to come by bank or account: overdue, today, until ``soon``, later.

    Args:
        reading: a snapshot in a scope.
        by: ``bank`` or ``account``; of a bank, the accounts are taken together.
        today: the day of the snapshot.
        soon: the last of the next days.
    """
    open_now = "status = 'in_transit'"
    return _places(
        reading,
        {
            "overdue": "status = 'overdue'",
            "today": f"{open_now} AND due_date <= DATE '{today}'",
            "soon": f"{open_now} AND due_date > DATE '{today}' AND due_date <= DATE '{soon}'",
            "later": f"{open_now} AND due_date > DATE '{soon}'",
        },
        "status IN ('overdue', 'in_transit')",
        by,
        "outstanding_minor",
    )


def day_places(reading: Reading, day: date) -> tuple[Place, ...]:
    """Return what became of a day's promises by account, before fees."""
    return _places(
        reading,
        {
            "promised": "1 = 1",
            "came": "status IN ('on_time', 'late')",
            "to_come": "status IN ('overdue', 'in_transit')",
            "unknown": "status = 'unknown'",
        },
        f"due_date = DATE '{day}'",
        "account",
        "amount_minor",
    )


def _places(
    reading: Reading, columns: Mapping[str, str], where: str, by: str, amount: str
) -> tuple[Place, ...]:
    account = "account_id" if by == "account" else "CAST(NULL AS VARCHAR)"
    sums = ", ".join(
        f"CAST(sum(CASE WHEN {when} THEN {amount} ELSE 0 END) AS BIGINT) AS {name}"
        for name, when in columns.items()
    )
    rows: list[dict[str, Any]] = rows_of(
        reading.engine().fetch(
            f"SELECT {account} AS account, bank_id, currency, {sums} FROM {due_sums(reading)} "
            f"WHERE {where} GROUP BY account, bank_id, currency "
            "ORDER BY currency, sum(amount_minor) DESC, account, bank_id"
        )
    )
    return tuple(
        Place(
            row["account"], row["bank_id"], row["currency"], {name: row[name] for name in columns}
        )
        for row in rows
    )


def mark(day: date, calendar: BusinessCalendar) -> str:
    """Return what a calendar makes of a day: ``holiday``, ``makeup``, ``weekend`` or nothing."""
    weekend = day.weekday() >= _SATURDAY
    if calendar.is_business_day(day):
        return "makeup" if weekend else ""
    return "weekend" if weekend else "holiday"
