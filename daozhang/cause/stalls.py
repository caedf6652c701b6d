"""Providers that pay later and later: the mark of second clearing where no payer is named.

Rules kept here (the domain's F22). A provider that is out pays what waited when it is back, so that
what fell due last waits shortest. One that stalls pays each day's money later than the day's
before. Only days count on which it paid most of the accounts late that were due. A limit makes an
account wait longer and longer too, but it splits a day's money: where a provider pays one account
only, each day's money has to have come whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from typing import Any, Final

from daozhang.cause.peers import RUN, WIDE

__all__ = ["lags_that_grow"]

STEPS: Final = 3
"""So many days of growing lags are no chance."""

GROWN: Final = timedelta(days=1)
"""The last day's money waits at least so much longer than the first's."""

APART: Final = timedelta(days=5)
"""Days further apart than a long weekend are two troubles."""

Row = Mapping[str, Any]


def lags_that_grow(
    units: Iterable[Row], due: Mapping[tuple[str, date], Iterable[str]]
) -> dict[int, tuple[int, timedelta]]:
    """Return by unit over how many days its provider's lag grew, and to what.

    Args:
        units: rows of ``units`` that were paid out late.
        due: the accounts that each provider had to pay on a day.
    """
    paid: dict[tuple[str, date], list[Row]] = defaultdict(list)
    for unit in units:
        if unit["paid"] and not unit["returned"] and not unit["held"]:
            paid[unit["provider_id"], unit["due_at"].date()].append(unit)
    days: dict[str, list[tuple[datetime, datetime, list[Row]]]] = defaultdict(list)
    for key, mine in sorted(paid.items()):
        late = {unit["account_id"] for unit in mine}
        if len(late) > WIDE * len(set(due.get(key, ()))) and (len(late) > 1 or _whole(mine)):
            ends = sorted(unit["ended_at"] for unit in mine)
            days[key[0]].append((mine[0]["due_at"], ends[len(ends) // 2], mine))
    found = {}
    for waits in days.values():
        for run in _growing(waits):
            grown = run[-1][1] - run[-1][0]
            for _, ended, mine in run:
                together = (u["unit"] for u in mine if abs(u["ended_at"] - ended) <= RUN)
                found.update(dict.fromkeys(together, (len(run), grown)))
    return found


def _whole(mine: list[Row]) -> bool:
    """Return whether the money of each business date came in one payout."""
    return len({(u["business_date"], u["together"]) for u in mine}) == len(
        {u["business_date"] for u in mine}
    )


def _growing(
    waits: list[tuple[datetime, datetime, list[Row]]],
) -> list[list[tuple[datetime, datetime, list[Row]]]]:
    """Return the runs of days, in order, on each of which money waited longer than before."""
    runs: list[list[tuple[datetime, datetime, list[Row]]]] = []
    for wait in waits:
        due, ended, _ = wait
        last = runs[-1][-1] if runs else None
        if last is not None and due - last[0] <= APART and ended - due > last[1] - last[0]:
            runs[-1].append(wait)
        else:
            runs.append([wait])
    return [
        run
        for run in runs
        if len(run) >= STEPS and (run[-1][1] - run[-1][0]) - (run[0][1] - run[0][0]) >= GROWN
    ]
