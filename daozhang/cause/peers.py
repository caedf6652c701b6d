"""How many others met the same delay: of the provider's cycle, of its payouts, of the bank."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Iterable, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from math import log
from typing import Any, Final

__all__ = ["IN_DAYS", "IN_HOURS", "WIDE", "Exposure", "Peers", "Share"]

DAY_HOURS: Final = 24
FOLLOWED: Final = 3
"""So many days of a wait are compared with how others fared on them."""

WIDE: Final = 0.5
"""A delay of more than this part of what was due is the provider's, not its customers'."""

IN_HOURS: Final = 0.8
"""What is wide strikes at least this part of what was due in its hours, whose edges are cut."""

IN_DAYS: Final = 0.9
"""What is wide strikes at least this part of those who were to be paid on a day."""

RUN: Final = timedelta(hours=12)
"""Lines further apart than this were not cleared in one run."""

WITNESSES: Final = 2
"""So many that were not upgraded can testify."""

SPARED: Final = 0.2
"""At most this part of the witnesses is late by chance."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Share:
    """Late ones of those that were due together."""

    late: int
    due: int

    @property
    def part(self) -> float:
        """The late part; 0 where nothing else was due."""
        return self.late / self.due if self.due else 0.0

    def without(self, late: int) -> Share:
        """Return the others: all but so many that were late themselves."""
        return Share(max(0, self.late - late), max(0, self.due - late))

    def strikes(self, part: float) -> float:
        """Return the log odds that a delay strikes this part of all, against one in two.

        Few that were spared speak loudly against it.
        """
        return self.late * log(part / WIDE) + (self.due - self.late) * log((1 - part) / (1 - WIDE))


@dataclass(frozen=True, slots=True)
class Exposure:
    """What was upgraded lately.

    Attributes:
        units: of terminals or accounts that were upgraded in the week before.
        terminals: rows of ``terminal_days`` by provider and cut-off.
        accounts: rows of ``account_exposed`` by provider and day.
    """

    units: frozenset[int]
    terminals: Mapping[tuple[str, datetime], Row]
    accounts: Mapping[tuple[str, date], Row]


class Peers:
    """Counts what was due and what of it was late at each leg."""

    def __init__(
        self,
        units: Iterable[Row],
        account_days: Iterable[Row],
        cycles: Iterable[Row],
        hours: Iterable[Row],
        exposure: Exposure,
        returned: Container[int] = frozenset(),
    ) -> None:
        """Take rows of ``units``, ``account_days``, ``cycle_totals`` and ``cycle_hours``.

        ``returned`` are units whose payout came back once: who had it returned was paid, so that
        the provider was not out.
        """
        self._exposure = exposure
        self._hours = {
            (row["provider_id"], row["channel"], row["hour"]): (row["late"], row["sales"])
            for row in hours
        }
        self._accounts: dict[tuple[str, date], set[str]] = defaultdict(set)
        self._bank: dict[tuple[str, date], set[str]] = defaultdict(set)
        self._account_day: dict[tuple[str, str, datetime], int] = defaultdict(int)
        self._account_late: dict[tuple[str, str, datetime], int] = defaultdict(int)
        self._bank_on_time: dict[tuple[str, date], int] = defaultdict(int)
        self._account_cleared: dict[tuple[str, str, date], datetime] = {}
        for row in account_days:
            day = row["promised_at"].date()
            self._accounts[row["provider_id"], day].add(row["account_id"])
            self._bank[row["bank_id"], day].add(row["account_id"])
            self._account_day[row["provider_id"], row["account_id"], row["promised_at"]] += row[
                "sales"
            ]
            self._bank_on_time[row["bank_id"], day] += row["on_time"]
            if row["cleared_at"] is not None:
                key = (row["provider_id"], row["account_id"], row["business_date"])
                known = self._account_cleared.get(key, row["cleared_at"])
                self._account_cleared[key] = max(known, row["cleared_at"])
        self._cycle: dict[tuple[str, str, date], Row] = {
            (row["provider_id"], row["channel"], row["business_date"]): row for row in cycles
        }
        self._cleared: dict[tuple[str, str, date], int] = defaultdict(int)
        self._cleared_terminals: dict[tuple[str, str, date], set[str]] = defaultdict(set)
        self._unpaid: dict[tuple[str, date], set[str]] = defaultdict(set)
        self._waited: dict[tuple[str, date], dict[str, datetime]] = defaultdict(dict)
        self._uncredited: dict[tuple[str, date], set[str]] = defaultdict(set)
        self._late_untouched: dict[tuple[str, Any], set[str]] = defaultdict(set)
        self._unpaid_untouched: dict[tuple[str, date], set[str]] = defaultdict(set)
        for unit in units:
            if unit["unit"] not in exposure.units:
                if unit["leg"] == "clear":
                    cycle = (unit["provider_id"], unit["cutoff_at"])
                    self._late_untouched[cycle].add(unit["terminal_id"])
                elif unit["leg"] == "pay_out":
                    due = (unit["provider_id"], unit["due_at"].date())
                    self._unpaid_untouched[due].add(unit["account_id"])
            day = unit["promised_at"].date() if unit["promised_at"] else unit["business_date"]
            self._account_late[unit["provider_id"], unit["account_id"], unit["promised_at"]] += (
                unit["sales"]
            )
            if unit["leg"] == "clear":
                key = (unit["provider_id"], unit["channel"], unit["business_date"])
                self._cleared[key] += unit["sales"]
                self._cleared_terminals[key].add(unit["terminal_id"])
            elif unit["leg"] == "pay_out" and not (unit["returned"] or unit["unit"] in returned):
                self._unpaid[unit["provider_id"], day].add(unit["account_id"])
                self._waited[unit["provider_id"], day][unit["account_id"]] = unit["ended_at"]
            elif unit["leg"] == "credit":
                self._uncredited[unit["bank_id"], day].add(unit["account_id"])

    @property
    def due(self) -> Mapping[tuple[str, date], AbstractSet[str]]:
        """The accounts that each provider had to pay on a day."""
        return self._accounts

    def clear(self, unit: Row) -> Share:
        """Return the sales of the unit's provider, channel and business date."""
        key = (unit["provider_id"], unit["channel"], unit["business_date"])
        return Share(self._cleared[key], self._cycle.get(key, {}).get("sales", 0))

    def clear_hours(self, unit: Row) -> Share:
        """Return the sales of the unit's provider and channel in the hours of its sales."""
        first, last = (int(unit[end].timestamp()) // 3600 for end in ("from_at", "to_at"))
        found = [
            self._hours.get((unit["provider_id"], unit["channel"], hour), (0, 0))
            for hour in range(first, min(last, first + DAY_HOURS) + 1)
        ]
        return Share(sum(late for late, _ in found), sum(due for _, due in found))

    def spared(self, unit: Row) -> bool:
        """Return whether what was not upgraded lately was on time, so that nothing was wide."""
        if unit["terminal_id"]:
            key = (unit["provider_id"], unit["cutoff_at"])
            row = self._exposure.terminals.get(key)
            untouched = row["terminals"] - row["week"] if row else 0
            late = len(self._late_untouched[key])
        else:
            day = (unit["provider_id"], unit["due_at"].date())
            row = self._exposure.accounts.get(day)
            untouched = row["accounts"] - row["exposed"] if row else 0
            late = len(self._unpaid_untouched[day])
        return untouched >= WITNESSES and late <= SPARED * untouched

    def clear_terminals(self, unit: Row) -> Share:
        """Return the terminals of the unit's provider, channel and business date."""
        key = (unit["provider_id"], unit["channel"], unit["business_date"])
        due = self._cycle.get(key, {}).get("terminals", 0)
        return Share(len(self._cleared_terminals[key]), due)

    def pay_out(self, unit: Row, apart: AbstractSet[str] = frozenset()) -> Share:
        """Return the accounts that the unit's provider had to pay on the day of the promise.

        Args:
            unit: a row of ``units``.
            apart: accounts whose money is kept back for reasons of their own.
        """
        key = (unit["provider_id"], unit["promised_at"].date())
        late, due = self._unpaid.get(key, set()), self._accounts.get(key, set())
        return Share(len(late - apart), len(due - apart))

    def others_waited(self, unit: Row, apart: AbstractSet[str] = frozenset()) -> Share:
        """Return the days on which the provider had to pay other accounts while the unit waited.

        The day on which it was paid in the end is none of them, and accounts in ``apart`` are left
        out.
        """
        provider, own = unit["provider_id"], unit["account_id"]
        first = unit["promised_at"].date()
        days = min(FOLLOWED, (unit["ended_at"].date() - first).days - 1)
        late = due = 0
        for number in range(max(0, days) + 1):
            key = (provider, first + timedelta(days=number))
            others = self._accounts.get(key, set()) - {own} - apart
            due += len(others)
            late += len(self._unpaid.get(key, set()) & others)
        return Share(late, due)

    def outlasts(self, unit: Row, apart: AbstractSet[str]) -> bool:
        """Return whether a unit waited on when most others that waited with it had been paid."""
        waited = self._waited.get((unit["provider_id"], unit["promised_at"].date()), {})
        others = sorted(
            until for a, until in waited.items() if a != unit["account_id"] and a not in apart
        )
        ended: datetime = unit["ended_at"]
        return bool(others) and ended - others[len(others) // 2] > RUN

    def cleared_later(self, unit: Row) -> bool:
        """Return whether the account's sales that were on time were cleared in a run before."""
        key = (unit["provider_id"], unit["account_id"], unit["business_date"])
        usual = self._account_cleared.get(key)
        cleared: datetime | None = unit["cleared_at"]
        return usual is not None and (cleared is None or cleared - usual > RUN)

    def account_day(self, unit: Row) -> Share:
        """Return the sales of the unit's account that were promised for the same moment."""
        key = (unit["provider_id"], unit["account_id"], unit["promised_at"])
        return Share(self._account_late[key], self._account_day.get(key, 0))

    def credit(self, unit: Row) -> Share:
        """Return the accounts of the unit's bank that were to be credited on that day."""
        key = (unit["bank_id"], unit["promised_at"].date())
        return Share(len(self._uncredited[key]), len(self._bank.get(key, ())))

    def on_time_at_bank(self, unit: Row) -> int:
        """Return how many sales arrived at the unit's bank on time on the day of its promise."""
        return self._bank_on_time.get((unit["bank_id"], unit["promised_at"].date()), 0)
