"""Outcomes that are no money yet: batches, approvals, signing in, volume, silence.

All are judged two hours after the end of a local day from what was known by then. Who is judged
follows from the days before: a terminal that does not close every day cannot forget to. Where most
terminals are missing at once, it may be that the facts are not in: that day is judged with the next
one on which anything is heard.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

import numpy as np

from daozhang.gate.evidence import NEVER, Bools, Fleet, Ints, Outcome
from daozhang.gate.pods import lately, pods

__all__ = ["day_outcomes"]

_WEEK: Final = 7
_MOSTLY: Final = 5
"""What happened on so many of seven days is usual."""

_BUSY: Final = 10
"""Sales a day from which a fall to a fifth is no chance."""

_OFTEN: Final = 5
"""Signs of life a day from which a day without any is no chance."""

_TRIED: Final = 5
_JUDGED_AFTER_S: Final = 7_200

Row = Mapping[str, Any]
_MISSING: Final = ("open_batch", "silent", "volume")
"""Outcomes that say that something is not there."""

_COUNTS: Final = ("sales", "heard", "tried", "refused", "sign_in_failed", "closed", "unbalanced")


def day_outcomes(
    rows: Iterable[Row],
    ids: list[str],
    places: Mapping[str, Row],
    fleet: Fleet,
    offset_s: int,
    until: int,
) -> list[Outcome]:
    """Return the outcomes of terminals' days.

    Args:
        rows: ``gate_days``.
        ids: the estate's terminals, by number.
        places: ``store_id``, ``provider_id`` and ``carrier`` of a terminal.
        fleet: who is upgraded when.
        offset_s: seconds by which local days begin before UTC's.
        until: the last moment known of.
    """
    counts, first_day = _counts(rows, ids)
    if counts is None:
        return []
    days = counts["heard"].shape[1]
    seen = (first_day + np.arange(days) + 1) * 86_400 - offset_s + _JUDGED_AFTER_S
    stores = [str(places.get(t, {}).get("store_id") or t) for t in ids]
    strata = [(places.get(t, {}).get("provider_id"), places.get(t, {}).get("carrier")) for t in ids]
    pod, stratum, providers = pods(strata, stores)
    local_day = (np.minimum(fleet.exposed_at, NEVER - 86_400) + offset_s) // 86_400
    from_day = np.where(fleet.exposed_at == NEVER, NEVER, local_day)
    outcomes = []
    for key, (could_be, harm) in _judged(counts).items():
        judged = _when(seen, could_be, harm, counts["heard"]) if key in _MISSING else seen
        risk = could_be & (judged <= until)[None, :]
        unit, column = np.nonzero(harm & risk)
        outcomes.append(
            Outcome(
                key, np.arange(len(ids)), pod, stratum, providers, from_day, first_day, risk,
                unit.astype(np.int64), first_day + column.astype(np.int64), judged[column],
            )
        )  # fmt: skip
    return [o for o in outcomes if o.risk.any()]


def _when(seen: Ints, could_be: Bools, harm: Bools, heard: Ints) -> Ints:
    """Return by day when it is judged; :data:`NEVER`: most are missing, and nothing came after."""
    there = np.count_nonzero(could_be, axis=0)
    missing = 2 * np.count_nonzero(could_be & harm, axis=0) > there
    following = np.where(heard.any(axis=0), seen, NEVER)[::-1]
    after = np.append(np.minimum.accumulate(following)[::-1][1:], NEVER)
    return np.where(missing, after, seen)


def _counts(rows: Iterable[Row], ids: list[str]) -> tuple[dict[str, Ints] | None, int]:
    number = {terminal: place for place, terminal in enumerate(ids)}
    found = [row for row in rows if row["terminal_id"] in number]
    if not found:
        return None, 0
    first = min(row["day"] for row in found)
    days = max(row["day"] for row in found) - first + 1
    terminal = np.array([number[row["terminal_id"]] for row in found])
    column = np.array([row["day"] - first for row in found])
    counts = {}
    for name in _COUNTS:
        counts[name] = np.zeros((len(ids), days), dtype=np.int64)
        counts[name][terminal, column] = [row[name] for row in found]
    return counts, int(first)


def _judged(counts: Mapping[str, Ints]) -> dict[str, tuple[Bools, Bools]]:
    """Return by outcome who is judged on which day, and who is harmed."""
    sold_lately = lately(counts["sales"], _WEEK)
    tried = counts["tried"] >= _TRIED
    return {
        "open_batch": (
            (lately(counts["closed"] > 0, _WEEK) >= _MOSTLY) & (counts["sales"] > 0),
            counts["closed"] == 0,
        ),
        "unbalanced": (counts["closed"] > 0, counts["unbalanced"] > 0),
        "silent": (
            (lately(counts["heard"] > 0, _WEEK) == _WEEK)
            & (lately(counts["heard"], _WEEK) >= _OFTEN * _WEEK),
            counts["heard"] == 0,
        ),
        "refused": (tried, 2 * counts["refused"] >= counts["tried"]),
        "sign_in": (counts["heard"] > 0, counts["sign_in_failed"] > 0),
        "volume": (
            sold_lately >= _BUSY * _WEEK, 5 * _WEEK * counts["sales"] < sold_lately,
        ),
    }  # fmt: skip
