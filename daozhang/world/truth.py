"""What really happened to every sale, and by whose fault: never read by ``check``.

Rules kept here: a late sale's fault is the first, in the order of the legs, without which the
same sale would have been on time on the path of the other faults. Where each of several faults
alone would have made it late, none is necessary: the first that alone makes it late is named and
``on_time_without_fault`` is false.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from daozhang.world._clock import DAY, NEVER, Bools, Ints
from daozhang.world.daily import DayRows, sale_ids
from daozhang.world.extras import REFUND
from daozhang.world.faults import FAULTS
from daozhang.world.money_path import Path, Sold, World, make_path
from daozhang.world.sales import DaySales
from daozhang.world.write import Cells, FactFile

__all__ = ["STATUSES", "Blame", "Truth"]

STATUSES: Final = ("on_time", "late", "never", "cancelled")
_ON_TIME, _LATE, _NEVER, _CANCELLED = range(len(STATUSES))
_MISSING: Final = "F23"
_REFUND_DAYS: Final = 7
"""A refund comes at most so many days after its sale, so a day is final after that."""


class Blame:
    """Finds the fault of late sales by taking faults away one at a time."""

    def __init__(self, world: World, faults: frozenset[str]) -> None:
        self.active: Sequence[str] = [code for code in FAULTS if code in faults]
        movers = [code for code in self.active if FAULTS[code].leg]
        self._without = {code: make_path(world, faults - {code}) for code in movers}
        self._alone = {code: make_path(world, {code}) for code in movers} if movers else {}

    def of(self, sold: Sold, late: Bools) -> tuple[Ints, Bools]:
        """Return each sale's fault (index into ``active``, -1 none) and whether it is necessary."""
        fault = np.full(len(late), -1, dtype=np.int64)
        necessary = np.zeros(len(late), dtype=np.bool_)
        open_ = np.flatnonzero(late)
        for paths, is_needed in ((self._without, True), (self._alone, False)):
            for code, path in paths.items():
                if not len(open_):
                    break
                mask = np.zeros(len(late), dtype=np.bool_)
                mask[open_] = True
                answer = path.follow(sold.only(mask)).late
                hit = open_[~answer if is_needed else answer]
                fault[hit] = self.active.index(code)
                necessary[hit] = is_needed
                open_ = np.setdiff1d(open_, hit)
        assert not len(open_), "a late sale has no fault"
        return fault, necessary


@dataclass(slots=True)
class _Day:
    rows: DayRows
    status: Ints
    fault: Ints
    necessary: Bools
    hidden: Bools


@dataclass(slots=True)
class Truth:
    """Writes ``journeys.parquet`` and adds up what each fault cost.

    Attributes:
        path: the estate's behaviour.
        file: where journeys go.
        blame: finds faults.
        waiting: days that a refund may still change.
        sales: by fault code: late sales.
        minor: by fault code: their amounts.
        span: by fault code: first and last true instant of them.
        late: late sales.
        late_minor: their amounts.
    """

    path: Path
    file: FactFile
    blame: Blame
    waiting: dict[int, _Day] = field(default_factory=dict)
    sales: dict[str, int] = field(default_factory=dict)
    minor: dict[str, int] = field(default_factory=dict)
    span: dict[str, tuple[int, int]] = field(default_factory=dict)
    late: int = 0
    late_minor: int = 0

    def add(self, day: DaySales, rows: DayRows) -> None:
        """Take a day; write the day that no refund can change any more."""
        n, j = rows.sales, rows.journeys
        undone = rows.undone[:n]
        late = j.late[:n] & ~undone
        fault, necessary = self.blame.of(day.sold, late)
        never = j.submitted[:n] >= NEVER
        status = np.where(undone, _CANCELLED, np.where(never, _NEVER, np.where(late, _LATE, 0)))
        self.waiting[day.day] = _Day(rows, status, fault, necessary, self._hidden(rows, late))
        self._count(day, late, fault)
        refunds = np.flatnonzero((rows.kind == REFUND) & self._whole(rows))
        for of_day in np.unique(rows.of_day[refunds]).tolist():
            own = refunds[rows.of_day[refunds] == of_day]
            origin = self.waiting[of_day]
            number = rows.of_number[own]
            before = rows.at[own] < origin.rows.journeys.paid_out[number]
            origin.status[number[before]] = _CANCELLED
        self._write(day.day - _REFUND_DAYS)

    def close(self) -> None:
        """Write what is waiting."""
        for day in sorted(self.waiting):
            self._write(day)
        self.file.close()

    def _whole(self, rows: DayRows) -> Bools:
        whole = np.zeros(len(rows.kind), dtype=np.bool_)
        for i in np.flatnonzero(rows.kind == REFUND).tolist():
            origin = self.waiting[int(rows.of_day[i])].rows
            whole[i] = rows.amount[i] == origin.amount[rows.of_number[i]]
        return whole

    def _hidden(self, rows: DayRows, late: Bools) -> Bools:
        """Return the sales whose arrival a missing statement hides."""
        n, plan = rows.sales, self.path.world.plan
        if _MISSING not in self.path.faults:
            return np.zeros(n, dtype=np.bool_)
        bank = self.path.world.estate.pair_bank[rows.pair[:n]]
        day = rows.journeys.credited[:n] // DAY
        due = rows.journeys.promised[:n] <= plan.as_of
        in_time = day < plan.first_day + plan.days
        hidden: Bools = (bank == plan.missing_bank) & (day >= plan.missing_from) & due & in_time
        return hidden & ~late & ~rows.undone[:n]

    def _count(self, day: DaySales, late: Bools, fault: Ints) -> None:
        self.late += int(late.sum())
        self.late_minor += int(day.amount[late].sum())
        for number, code in enumerate(self.blame.active):
            own = fault == number
            if own.any():
                at = day.sold.at[own]
                low, high = self.span.get(code, (NEVER, 0))
                self.sales[code] = self.sales.get(code, 0) + int(own.sum())
                self.minor[code] = self.minor.get(code, 0) + int(day.amount[own].sum())
                self.span[code] = (min(low, int(at.min())), max(high, int(at.max())))

    def _write(self, number: int) -> None:
        day = self.waiting.pop(number, None)
        if day is None:
            return
        world, rows, n = self.path.world, day.rows, day.rows.sales
        estate, j = world.estate, rows.journeys
        cells = Cells("parquet")
        fault = np.where(day.status == _CANCELLED, -1, day.fault)
        missing = self.blame.active.index(_MISSING) if _MISSING in self.blame.active else -1
        fault = np.where(day.hidden & (fault < 0), missing, fault)
        none = fault < 0

        def said(attribute: str) -> Any:
            table: list[str | None] = [
                getattr(FAULTS[code], attribute) or None for code in self.blame.active
            ]
            return cells.chosen(table or [None], np.maximum(fault, 0), none)

        credited = j.credited[:n]
        waits = np.where(credited < NEVER, np.maximum(credited - j.promised[:n], 0), 0)
        gone = (credited >= NEVER) | rows.undone[:n]
        self.file.write(
            {
                "sale_id": sale_ids(world, np.full(n, rows.day, dtype=np.int64), np.arange(n)),
                "account_id": cells.chosen(estate.account_ids, estate.pair_account[rows.pair[:n]]),
                "amount_minor": cells.ints(rows.amount[:n]),
                "status": cells.chosen(STATUSES, day.status),
                "sold_at": cells.times(rows.at[:n]),
                "promised_at": cells.times(j.promised[:n]),
                "submitted_at": cells.times(j.submitted[:n]),
                "cleared_at": cells.times(j.cleared[:n], null=gone),
                "paid_out_at": cells.times(j.paid_out[:n], null=gone),
                "credited_at": cells.times(credited, null=gone),
                "late_s": cells.ints(np.where(day.status == _LATE, waits, 0)),
                "leg": said("leg"),
                "cause": said("cause"),
                "mechanism": said("mechanism"),
                "fault": cells.chosen(
                    list(self.blame.active) or [None], np.maximum(fault, 0), none
                ),
                "on_time_without_fault": _flags(day.necessary | day.hidden, none),
                "statement_missing": _flags(day.hidden, np.zeros(n, dtype=np.bool_)),
            }
        )


def _flags(values: Bools, null: Bools) -> Any:
    return pa.array(values, pa.bool_(), mask=null)
