"""What the gate weighs: who is upgraded when, who could be harmed each day, who was.

Values only, all in arrays, so that hundreds of looks cost little; where they come from is for
:mod:`daozhang.gate.gather` (facts) and :mod:`daozhang.world.rollouts` (simulated rollouts).
Moments are seconds since 1970 in UTC, days are days since 1970 in the estate's zone.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from daozhang.gate.arrays import NEVER, NO_INTS, Bools, Ints
from daozhang.gate.lot import Lot

__all__ = [
    "HARD",
    "LEGS",
    "NEVER",
    "NO_INTS",
    "OUTCOMES",
    "PAID_LATER",
    "Bools",
    "Evidence",
    "Fleet",
    "Ints",
    "Outcome",
]

LEGS: Final = ("submit", "clear", "pay_out", "credit")

HARD: Final = ("open_batch", "unbalanced", "silent", "returned")
"""Outcomes so rare that a few of them, with none among the others, stop a rollout by themselves."""

PAID_LATER: Final = ("pay_out", "credit", "returned")
"""Outcomes that an upgrade may bring on days before it, whose money was still to be paid out."""

OUTCOMES: Final[dict[str, float]] = {
    "submit": 0.20, "clear": 0.15, "pay_out": 0.22, "credit": 0.20,
    "open_batch": 0.05, "unbalanced": 0.03, "silent": 0.03,
    "refused": 0.03, "sign_in": 0.03, "volume": 0.02, "returned": 0.04,
}  # fmt: skip
"""Everything that may convict a release, and which part of the stake is bet on it."""


@dataclass(frozen=True, slots=True)
class Fleet:
    """The terminals of the estate and the release that is rolled out.

    Attributes:
        release_id: the release.
        exposed_at: by terminal, when its upgrade began (whatever came of it); :data:`NEVER`: not.
        wave: by terminal, number of its wave from 0; -1: none.
        lot: how waves were drawn before it began; None: nobody drew.
        ids: by terminal, its id; empty: they have none.
    """

    release_id: str
    exposed_at: Ints
    wave: Ints
    lot: Lot | None = None
    ids: tuple[str, ...] = ()

    @property
    def begun_at(self) -> int:
        """When the first upgrade began; :data:`NEVER` without any."""
        return int(self.exposed_at.min(initial=NEVER))


@dataclass(frozen=True, slots=True)
class Outcome:
    """One way in which a terminal can be harmed on a day.

    A unit is a terminal, or what one provider owes for a terminal.

    Attributes:
        key: one of :data:`OUTCOMES`.
        terminal: by unit, its terminal.
        pod: by unit, what fails together with it (a store, an account); a pod lies in one stratum.
        stratum: by pod, what it is compared within (provider, bank or carrier).
        provider: by stratum, number of its provider.
        from_day: by unit, first day on which the release can have harmed it; :data:`NEVER`: none.
        first_day: the day of column 0 of ``risk``.
        risk: unit by day, whether the unit could have been harmed.
        harm_unit: by harm, the unit.
        harm_day: by harm, the day of the harmed sales or of what else went wrong.
        harm_seen: by harm, the moment from which it can be seen.
        alike: by unit, numbers of what it shares with others (store, carrier, provider, bank).
            Where there are any, a rare event counts against the past only if within a week no unit
            that was not upgraded and shares one of them showed it.
        part: by unit, the part of its pod; empty: pods have none. Parts are numbered behind the
            pods and have strata of their own. A pod is counted by its parts, against each other,
            on days on which many of them are at risk and some are upgraded and some not.
        shape: by pod, and by part behind the pods, its sales shape
            (:func:`daozhang.gate.shape.shaped`); empty: nobody knows.
    """

    key: str
    terminal: Ints
    pod: Ints
    stratum: Ints
    provider: Ints
    from_day: Ints
    first_day: int
    risk: Bools
    harm_unit: Ints
    harm_day: Ints
    harm_seen: Ints
    alike: tuple[Ints, ...] = ()
    part: Ints = field(default_factory=lambda: NO_INTS)
    shape: Ints = field(default_factory=lambda: NO_INTS)


@dataclass(frozen=True, slots=True)
class Evidence:
    """All that is weighed for one release.

    Attributes:
        fleet: who is upgraded when.
        outcomes: by which harm may show.
        due_terminal: by upgraded day of a terminal whose money was due and could be seen by then,
            come or not: the terminal.
        due_day: the day.
        due_seen: when it could be seen.
        money_terminal: by parcel of late money, its terminal.
        money_from: from when it was seen late.
        money_until: when it was seen to have come; :data:`NEVER`: not yet.
        money_minor: how much it is, in minor units of ``currency``.
        money_exposed: whether it was sold on an upgraded day.
        currency: the fleet's own; other currencies are not added up.
        until: the last moment of which anything is known.
        blind: providers whose statements say too little to judge a leg, as ``provider/leg``.
    """

    fleet: Fleet
    outcomes: tuple[Outcome, ...]
    due_terminal: Ints
    due_day: Ints
    due_seen: Ints
    money_terminal: Ints
    money_from: Ints
    money_until: Ints
    money_minor: Ints
    money_exposed: Bools
    currency: str
    until: int
    blind: tuple[str, ...] = ()

    @property
    def decided_at(self) -> Ints:
        """By terminal, when its first upgraded money could be seen; :data:`NEVER`: not yet."""
        first = np.full(len(self.fleet.exposed_at), NEVER, dtype=np.int64)
        np.minimum.at(first, self.due_terminal, self.due_seen)
        return first
