"""How a terminal usually sells, and whom a pod is compared with for that (its sales shape).

A small quiet shop and a busy one are not harmed alike by the same trouble: of two sales a day one
late is half of the money, of two hundred it is nothing. Where waves go to the busy ones first, that
difference would look like the release, or hide it.

Rules kept here:

* Shape is what was usual before the rollout: sales a day, in steps of four times as many, and the
  channel of most of the sales, if there is one. What the rollout changes does not change it.
* Pods of one shape in one stratum are compared with each other where at least :data:`ENOUGH` of
  them are not upgraded. What is left of a step of sales is compared whatever its channel, if so
  many are; what is then left of the stratum is, if so many are; and if not even these are enough
  for somebody upgraded among them, the whole stratum is compared as one.
* Who is compared with whom follows from who is at risk and who is upgraded, never from who is
  harmed, so a bet stays fair. It is settled anew each day.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np

from daozhang.gate.arrays import Bools, Ints

__all__ = ["CHANNELS", "ENOUGH", "UNKNOWN", "Cells", "Usual", "alike", "cells", "usual"]

ENOUGH: Final = 8
"""So many pods that are not upgraded are enough to be compared with."""

CHANNELS: Final = 64
"""A shape is its step of sales times this, plus its channel."""

UNKNOWN: Final = 0
"""The shape of who has too little past."""

_STEP: Final = 4
_STEPS: Final = 8
_MOSTLY: Final = 0.6
"""A terminal's channel is that of so much of its sales."""

_DAYS: Final = 3
"""Fewer days with sales say nothing about what is usual."""


@dataclass(frozen=True, slots=True)
class Usual:
    """How terminals sold before the rollout.

    Attributes:
        shape: by terminal, its shape.
        sales: by terminal, how much it sold.
    """

    shape: Ints
    sales: Ints

    def of_pods(self, pods: int, terminal: Ints, pod: Ints, part: Ints) -> Ints:
        """Return by pod, and by part behind the pods, the shape of its unit that sells most.

        Args:
            pods: how many pods and parts there are.
            terminal: by unit, its terminal.
            pod: by unit, its pod.
            part: by unit, its part; empty: pods have none.
        """
        found = np.full(pods, UNKNOWN, dtype=np.int64)
        shape, sales = self.shape[terminal], self.sales[terminal]
        order = np.lexsort((shape, sales))
        for of in (pod, part) if len(part) else (pod,):
            found[of[order]] = shape[order]
        return found


def usual(terminal: Ints, channel: Ints, day: Ints, sales: Ints, terminals: int) -> Usual:
    """Return how terminals sold.

    Args:
        terminal: by terminal, channel and day with sales: the terminal.
        channel: the channel, from 0.
        day: the day.
        sales: how many sales.
        terminals: how many terminals there are.
    """
    channels = int(channel.max(initial=0)) + 1
    by_channel = np.bincount(terminal * channels + channel, sales, terminals * channels)
    by_channel = by_channel.reshape(terminals, channels)
    total = by_channel.sum(axis=1)
    days = np.bincount(np.unique(np.stack([terminal, day]), axis=1)[0], minlength=terminals)
    step = np.ones(terminals, dtype=np.int64)
    for reached in range(1, _STEPS):
        step += total >= _STEP**reached * days
    main = 1 + by_channel.argmax(axis=1) % (CHANNELS - 1)
    main = np.where(by_channel.max(axis=1) >= _MOSTLY * total, main, 0)
    shape = np.where(days >= _DAYS, step * CHANNELS + main, UNKNOWN)
    return Usual(shape, total.astype(np.int64))


@dataclass(frozen=True, slots=True)
class Cells:
    """All that pods may be compared within, from fine to coarse.

    Attributes:
        levels: by pod, its number among pods of its shape, of its step of sales, of its stratum.
        strata: by number, the stratum.
        stratum: by pod, its stratum.
    """

    levels: tuple[Ints, Ints, Ints]
    strata: Ints
    stratum: Ints


def cells(stratum: Ints, shape: Ints) -> Cells:
    """Number what pods may be compared within.

    Args:
        stratum: by pod, its stratum.
        shape: by pod, its shape; empty: nobody knows.
    """
    if not len(shape):
        every = np.arange(int(stratum.max(initial=-1)) + 1)
        return Cells((stratum, stratum, stratum), every, stratum)
    levels, strata = [], []
    taken = 0
    for of in (shape, shape // CHANNELS, np.zeros_like(shape)):
        width = int(of.max(initial=0)) + 1
        keys, number = np.unique(stratum * width + of, return_inverse=True)
        levels.append(number.ravel() + taken)
        strata.append(keys // width)
        taken += len(keys)
    return Cells((levels[0], levels[1], levels[2]), np.concatenate(strata), stratum)


def alike(among: Cells, sides: Bools) -> Ints:
    """Return by pod the number of what it is compared within.

    Args:
        among: what pods may be compared within.
        sides: by pod, whether it has a unit at risk that is not upgraded, and one that is.
    """
    found, middle, whole = among.levels
    if found is whole:
        return found
    for coarser in (middle, whole):
        found = np.where(_enough(found, sides), found, coarser)
    # What is left over with somebody upgraded and too few others takes the stratum with it.
    left = (found == whole) & sides[:, 1] & ~_enough(found, sides)
    short = np.zeros(int(among.stratum.max(initial=-1)) + 1, dtype=np.bool_)
    short[among.stratum[left]] = True
    return np.where(short[among.stratum], whole, found)


def _enough(number: Ints, sides: Bools) -> Bools:
    """Return by pod whether enough pods of its number are not upgraded."""
    others = np.bincount(number, sides[:, 0], int(number.max(initial=-1)) + 1)
    return np.asarray((others >= ENOUGH)[number])
