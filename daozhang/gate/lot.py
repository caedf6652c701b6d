"""Was the lot kept by which the waves of a rollout were drawn, and who may be compared by it.

Who is upgraded later by lot (:mod:`daozhang.gate.holdback`) differs from who is upgraded now by
nothing but chance, whatever else differs: that is the comparison to prefer to one with whoever
happens not to be upgraded. It holds as long as the lot is kept, and whether it is follows from the
upgrades alone, never from how anybody fared.

Rules kept here:

* A terminal is upgraded *in turn* when four fifths of those drawn for the waves before its own have
  been: who is upgraded sooner, or was never drawn, was chosen by somebody.
* Who was upgraded out of turn is on neither side. Where they are more than a fifth of the upgraded,
  the lot is not kept, and no comparison is by lot.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.gate.arrays import NEVER, Bools, Ints

__all__ = ["HOLD_BACK", "WAVE_DRAWN", "Lot", "Turns"]

WAVE_DRAWN: Final = "upgrade_wave"
"""What an action says by which a terminal's wave was drawn; ``after`` is ``release/wave``."""

HOLD_BACK: Final = "hold_back"
"""The wave of who is held back until the last."""

MOSTLY: Final = 5
"""Four fifths of a wave are the wave; a fifth out of turn is too much."""

_DAY_S: Final = 86_400


@dataclass(frozen=True, slots=True)
class Lot:
    """How a fleet was drawn.

    Attributes:
        wave: by terminal, the wave drawn for it, from 0; -1: it was not drawn before its upgrade.
        held: by terminal, whether it is held back until the last wave.
        known: by terminal, from when its wave was known; :data:`NEVER`: it was not drawn.
        late: terminals whose wave was told only after their upgrade, which is no lot.
    """

    wave: Ints
    held: Bools
    known: Ints
    late: int = 0

    def drawn_by(self, at: int) -> Bools:
        """Return by terminal whether it had been drawn by a moment."""
        return np.asarray(self.known <= at)

    def out_of_turn(self, exposed_at: Ints) -> Bools:
        """Return by terminal whether it was upgraded before its turn, or without being drawn.

        Args:
            exposed_at: by terminal, when its upgrade began; :data:`NEVER`: not.
        """
        # Who is drawn after an upgrade has no say in whether that was in turn.
        told = np.unique(self.known[self.wave >= 0])
        then = np.searchsorted(told, exposed_at, side="right")
        turn = np.full(len(self.wave), NEVER, dtype=np.int64)
        for wave in np.unique(self.wave[self.wave >= 0]).tolist():
            for place, known in enumerate(told.tolist(), 1):
                sooner = (self.wave >= 0) & (self.wave < wave) & (self.known <= known)
                before = np.sort(exposed_at[sooner])
                most = len(before) - len(before) // MOSTLY
                turn[(self.wave == wave) & (then == place)] = before[most - 1] if most else 0
        return np.asarray((exposed_at != NEVER) & (exposed_at < turn))


class Turns:
    """A lot and what came of it.

    Attributes:
        lot: as drawn.
        out: by terminal, whether it was upgraded out of turn.
    """

    def __init__(self, lot: Lot, exposed_at: Ints) -> None:
        """See who was upgraded in turn.

        Args:
            lot: as drawn.
            exposed_at: by terminal, when its upgrade began; :data:`NEVER`: not.
        """
        self.lot, self.out = lot, lot.out_of_turn(exposed_at)
        self._exposed_at = exposed_at
        self._upgraded = np.sort(exposed_at[exposed_at != NEVER])
        self._wrong = np.sort(exposed_at[self.out])

    def kept(self, at: int) -> bool:
        """Return whether the lot was kept until a moment, by the upgrades before it."""
        wrong = int(np.searchsorted(self._wrong, at))
        upgraded = int(np.searchsorted(self._upgraded, at))
        return bool(self.lot.drawn_by(at).any()) and wrong * MOSTLY <= upgraded

    def kept_on(self, day: int) -> bool:
        """Return whether it was kept when a day began (in UTC, before any of its harm is seen)."""
        return self.kept(day * _DAY_S)

    def early(self, at: int) -> Ints:
        """Return who is held back and was upgraded out of turn by a moment, the first one first."""
        found = np.flatnonzero(self.lot.held & self.out & (self._exposed_at <= at))
        return np.asarray(found[np.argsort(self._exposed_at[found], kind="stable")])

    def waiting(self, at: int) -> Bools:
        """Return by terminal whether it was drawn and not upgraded by a moment."""
        return np.asarray(self.lot.drawn_by(at) & (self._exposed_at > at))

    def drawn_on(self, day: int) -> Bools:
        """Return by terminal whether it had been drawn when a day began, in UTC."""
        return self.lot.drawn_by(day * _DAY_S)

    def comparable(
        self, day: int, terminal: Ints, could_be: Bools, exposed: Bools, stratum: Ints
    ) -> Bools:
        """Return which units are compared on a day.

        In a stratum with somebody who was drawn and is still to be upgraded, those that the lot
        speaks of; elsewhere, and where the lot is not kept, everybody.

        Args:
            day: days since 1970.
            terminal: by unit, its terminal.
            could_be: by unit, whether it could have been harmed.
            exposed: by unit, whether it was upgraded.
            stratum: by unit, what it is compared within.
        """
        if not self.kept_on(day):
            return could_be
        by_lot = self.drawn_on(day)[terminal] & ~(exposed & self.out[terminal])
        others = stratum[could_be & by_lot & ~exposed]
        has = np.bincount(others, minlength=int(stratum.max(initial=-1)) + 1) > 0
        return np.asarray(could_be & (by_lot | ~has[stratum]))
