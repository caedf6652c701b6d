"""What really happened to every sale, and by whose fault: never read by ``check``.

Rules kept here: the fault of a late sale is found by running its money again (:mod:`blame`), not
by labelling. ``fault`` is the earliest in the order of the legs; ``faults`` names all that were
needed, or, where ``on_time_without_fault`` is false, all that would have done it alone or together.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from daozhang.world._clock import DAY, NEVER, Bools, Ints
from daozhang.world.blame import Blame
from daozhang.world.daily import DayRows, sale_ids
from daozhang.world.extras import REFUND
from daozhang.world.faults import FAULTS
from daozhang.world.money_path import Path
from daozhang.world.providers import CURRENCIES
from daozhang.world.sales import DaySales
from daozhang.world.statements import bank_known, ordinary_known
from daozhang.world.write import Cells, FactFile

__all__ = ["STATUSES", "Truth"]

STATUSES: Final = ("on_time", "late", "never", "cancelled")
_ON_TIME, _LATE, _NEVER, _CANCELLED = range(len(STATUSES))
_MISSING: Final = "F23"
_REFUND_DAYS: Final = 7
"""A refund comes at most so many days after its sale, so a day is final after that."""


@dataclass(slots=True)
class _Day:
    rows: DayRows
    status: Ints
    fault: Ints
    necessary: Bools
    together: Ints
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
        minor: by fault code: their amounts by currency.
        named: by fault code: late sales for which it is named, alone or with others.
        span: by fault code: first and last true instant of them.
        late: late sales.
        late_minor: their amounts by currency.
    """

    path: Path
    file: FactFile
    blame: Blame
    waiting: dict[int, _Day] = field(default_factory=dict)
    sales: dict[str, int] = field(default_factory=dict)
    minor: dict[str, dict[str, int]] = field(default_factory=dict)
    named: dict[str, int] = field(default_factory=dict)
    span: dict[str, tuple[int, int]] = field(default_factory=dict)
    late: int = 0
    late_minor: dict[str, int] = field(default_factory=dict)

    def add(self, day: DaySales, rows: DayRows) -> None:
        """Take a day; write the day that no refund can change any more."""
        n, j = rows.sales, rows.journeys
        undone = rows.undone[:n]
        late = j.late[:n] & ~undone
        verdict = self.blame.of(day.sold, late)
        never = j.submitted[:n] >= NEVER
        status = np.where(undone, _CANCELLED, np.where(never, _NEVER, np.where(late, _LATE, 0)))
        self.waiting[day.day] = _Day(
            rows, status, verdict.fault, verdict.necessary, verdict.together,
            self._hidden(rows, late),
        )  # fmt: skip
        self._count(day, late, verdict.fault, verdict.together)
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
        bank = self.path.world.estate.pair_bank[rows.pair[:n]]
        day = np.minimum(rows.journeys.credited[:n], plan.as_of + DAY) // DAY
        due = rows.journeys.promised[:n] <= plan.as_of
        ordinary = ordinary_known(day) <= plan.as_of
        hidden: Bools = due & ordinary & (bank_known(self.path, bank, day) > plan.as_of)
        return hidden & ~late & ~rows.undone[:n]

    def _count(self, day: DaySales, late: Bools, fault: Ints, together: Ints) -> None:
        self.late += int(late.sum())
        _add_up(self.late_minor, day, late)
        for number, code in enumerate(self.blame.active):
            named = int((together >> number & 1).sum())
            if named:
                self.named[code] = self.named.get(code, 0) + named
            own = fault == number
            if own.any():
                at = day.sold.at[own]
                low, high = self.span.get(code, (NEVER, 0))
                self.sales[code] = self.sales.get(code, 0) + int(own.sum())
                _add_up(self.minor.setdefault(code, {}), day, own)
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
                "currency": cells.chosen(CURRENCIES, rows.provider[:n]),
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
                "faults": self._named(np.where(day.status == _CANCELLED, 0, day.together), fault),
                "on_time_without_fault": _flags(day.necessary | day.hidden, none),
                "statement_missing": _flags(day.hidden, np.zeros(n, dtype=np.bool_)),
            }
        )

    def _named(self, together: Ints, fault: Ints) -> Any:
        """Return all faults named, such as ``F6;F16``."""
        one = np.where(fault >= 0, 1 << np.maximum(fault, 0), 0)
        bits, place = np.unique(np.where(together > 0, together, one), return_inverse=True)
        texts: list[str | None] = [";".join(self.blame.codes(b)) or None for b in bits.tolist()]
        return Cells("parquet").chosen(texts or [None], place.astype(np.int64))


def _add_up(sums: dict[str, int], day: DaySales, chosen: Bools) -> None:
    """Add the amounts of the chosen sales, each currency for itself."""
    currency = np.array(CURRENCIES)[day.sold.provider[chosen]]
    for name in np.unique(currency).tolist():
        sums[name] = sums.get(name, 0) + int(day.amount[chosen][currency == name].sum())


def _flags(values: Bools, null: Bools) -> Any:
    return pa.array(values, pa.bool_(), mask=null)
