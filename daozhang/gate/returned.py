"""Money that came back, or was refused, for a reason that a release touches.

A release sets the account, the merchant's and the terminal's number, keys and signatures, batch
numbers and the fields of messages. A reason that names one of these is the hard stop of its own; a
review, a limit or a suspicion is not the release's.
"""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence

import numpy as np
import pyarrow as pa

from daozhang.engine import Engine
from daozhang.gate.evidence import Bools, Ints, Outcome
from daozhang.gate.pods import pods
from daozhang.journey.reasons import touched

__all__ = ["put_touched", "returned"]


def put_touched(engine: Engine) -> None:
    """Make ``gate_touched``: the reasons in this estate that a release touches."""
    found = engine.rows(
        "SELECT reason FROM raw_payouts WHERE status = 'returned' AND reason IS NOT NULL "
        "UNION SELECT reason FROM raw_settlements WHERE status = 'rejected' AND reason IS NOT NULL"
    )
    reasons = sorted(str(reason) for (reason,) in found if touched(str(reason)))
    engine.put("gate_touched", pa.table({"reason": pa.array(reasons, pa.string())}))


def returned(
    rows: Sequence[Mapping[str, object]],
    units: Mapping[tuple[str, str, str], int],
    names: Sequence[tuple[str, str, str, str, str]],
    like: Outcome,
    until: int,
) -> Outcome | None:
    """Return the outcome; None: no money came back so.

    Args:
        rows: ``gate_returned``.
        units: terminal, provider and account → number of the unit.
        names: by unit its provider, account, bank, store and carrier.
        like: an outcome of the same units, for who they are and when they could be harmed.
        until: the last moment known of.
    """
    found = [
        (units[unit], int(str(row["day"])), int(str(row["seen_s"])))
        for row in rows
        if (unit := (str(row["terminal_id"]), str(row["provider_id"]), str(row["account_id"])))
        in units
        and int(str(row["seen_s"])) <= until
    ]
    if not found:
        return None
    unit, day, seen = np.array(sorted(found), dtype=np.int64).T
    pod, stratum, providers = pods(
        [(provider, bank) for provider, _, bank, _, _ in names],
        [account or store for _, account, _, store, _ in names],
    )
    alike = tuple(
        _numbers([own[place] for own in names], given)
        for place, given in ((3, False), (4, True), (0, True), (2, True))
    )
    return Outcome(
        "returned", like.terminal, pod, stratum, providers, like.from_day, like.first_day,
        _with(like.risk, unit, day - like.first_day), unit, day, seen, alike,
    )  # fmt: skip


def _numbers(values: Sequence[Hashable], given: bool) -> Ints:
    """Number values; where nothing is given, each is alone."""
    keys: list[Hashable] = [
        value if value or not given else ("alone", place) for place, value in enumerate(values)
    ]
    number = {key: place for place, key in enumerate(dict.fromkeys(keys))}
    return np.array([number[key] for key in keys], dtype=np.int64)


def _with(risk: Bools, unit: Ints, column: Ints) -> Bools:
    """Return who could be harmed: who sold lately, and whose money of that day came back."""
    inside = (column >= 0) & (column < risk.shape[1])
    both = risk.copy()
    both[unit[inside], column[inside]] = True
    return both
