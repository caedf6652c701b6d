"""Which fault made a sale late, found by taking faults away and running its money again.

Rules kept here. A fault is *necessary* for a late sale if the same sale is on time on the path of
all other faults. The faults named are, in this order of preference: all that are necessary; else,
where none is, all of which each alone makes the sale late; else a smallest set that makes it late
together, found by leaving out one fault after the other, the last leg first. The sale's one fault
is the first of them in the order of the legs.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from daozhang.world._clock import Bools, Ints
from daozhang.world.faults import FAULTS
from daozhang.world.money_path import Paths, Sold

__all__ = ["Blame", "Verdict"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whose fault it is; one entry a sale.

    Attributes:
        fault: index into :attr:`Blame.active`; -1 none.
        necessary: without that fault alone the sale would have been on time.
        together: bits of all faults named, by their place in :attr:`Blame.active`.
    """

    fault: Ints
    necessary: Bools
    together: Ints


class Blame:
    """Finds the faults of late sales.

    Attributes:
        active: codes of the faults that are on, in the order of the legs.
    """

    def __init__(self, paths: Paths, faults: frozenset[str]) -> None:
        self.active: Sequence[str] = [code for code in FAULTS if code in faults]
        self._paths = paths
        self._faults = faults
        self._movers = [code for code in self.active if FAULTS[code].leg]

    def of(self, sold: Sold, late: Bools) -> Verdict:
        """Return whose fault each late sale is."""
        together = np.zeros(len(late), dtype=np.int64)
        open_ = np.flatnonzero(late)
        hard = sold.only(late)
        needed = self._bits(hard, without=True)
        together[open_] = needed
        rest = needed == 0
        if rest.any():
            hard, open_ = hard.only(rest), open_[rest]
            alone = self._bits(hard, without=False)
            together[open_] = alone
            rest = alone == 0
            if rest.any():
                together[open_[rest]] = self._smallest(hard.only(rest))
        necessary = np.zeros(len(late), dtype=np.bool_)
        necessary[late] = needed > 0
        assert (together[late] > 0).all(), "a late sale has no fault"
        # The lowest bit that is set is the earliest leg's fault.
        lowest = together & -together
        fault = np.where(together > 0, np.log2(np.maximum(lowest, 1)).astype(np.int64), -1)
        return Verdict(fault, necessary, together)

    def codes(self, bits: int) -> list[str]:
        """Return the codes that the bits of a verdict stand for."""
        return [code for place, code in enumerate(self.active) if bits >> place & 1]

    def _bits(self, sold: Sold, *, without: bool) -> Ints:
        """Return the faults without which sales are on time, or which alone make them late."""
        bits = np.zeros(len(sold.at), dtype=np.int64)
        if len(bits):
            for code in self._movers:
                faults = self._faults - {code} if without else frozenset({code})
                late = self._paths.under(faults).follow(sold).late
                bits |= np.where(late != without, 1 << self.active.index(code), 0)
        return bits

    def _smallest(self, sold: Sold) -> Ints:
        full = sum(1 << self.active.index(code) for code in self._movers)
        bits = np.full(len(sold.at), full, dtype=np.int64)
        for code in reversed(self._movers):
            bit = 1 << self.active.index(code)
            for kept in np.unique(bits).tolist():
                mine = np.flatnonzero(bits == kept)
                faults = frozenset(self.codes(kept & ~bit))
                late = self._paths.under(faults).follow(sold.only(bits == kept)).late
                bits[mine[late]] = kept & ~bit
        return bits
