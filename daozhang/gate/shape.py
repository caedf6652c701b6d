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
    """All that pods may be compared within, from fine to coarse, numbered throughout.

    Attributes:
        shape: by pod, its number among pods of its shape, from 0.
        step: by number of a shape, the number of its step of sales.
        whole: by number of a shape, the number of its stratum.
        strata: by number, the stratum.
    """

    shape: Ints
    step: Ints
    whole: Ints
    strata: Ints

    @property
    def stratum(self) -> Ints:
        """By number of a shape, its stratum."""
        return self.strata[: len(self.whole)]


def cells(stratum: Ints, shape: Ints) -> Cells:
    """Number what pods may be compared within.

    Args:
        stratum: by pod, its stratum.
        shape: by pod, its shape; empty: nobody knows.
    """
    every = np.arange(int(stratum.max(initial=-1)) + 1)
    if not len(shape):
        return Cells(stratum, every, every, every)
    width = int(shape.max(initial=0)) + 1
    keys, number = np.unique(stratum * width + shape, return_inverse=True)
    of_shape, steps = keys // width, -(-width // CHANNELS)
    step_keys, step = np.unique(of_shape * steps + keys % width // CHANNELS, return_inverse=True)
    return Cells(
        number.ravel(), len(keys) + step.ravel(), len(keys) + len(step_keys) + of_shape,
        np.concatenate([of_shape, step_keys // steps, every]),
    )  # fmt: skip


def alike(among: Cells, others: Ints, upgraded: Ints) -> Ints:
    """Return by number of a shape the number of what its pods are compared within.

    Args:
        among: what pods may be compared within.
        others: by number of a shape, pods with a unit at risk that is not upgraded.
        upgraded: the same with one that is.
    """
    found = np.arange(len(among.whole))
    if among.step is among.whole:
        return found
    for coarser in (among.step, among.whole):
        found = np.where(_enough(found, others), found, coarser)
    # What is left over with somebody upgraded and too few others takes the stratum with it.
    left = (found == among.whole) & (upgraded > 0) & ~_enough(found, others)
    short = np.zeros(len(among.strata), dtype=np.bool_)
    short[among.stratum[left]] = True
    return np.where(short[among.stratum], among.whole, found)


def _enough(number: Ints, others: Ints) -> Bools:
    """Return by shape whether enough pods of its number are not upgraded."""
    return np.asarray((np.bincount(number, others) >= ENOUGH)[number])
