"""Bets against "the exposed are harmed no more often than the others": e-processes.

An e-process is a wealth that starts at 1 and whose expectation never exceeds 1 while the null
hypothesis holds, at whatever moment it is looked at; so the probability that it ever reaches 1/a
is at most a (Ville's inequality). Each function returns the logarithm of one factor for a whole
grid of alternatives, and :func:`mixed` turns sums of them into one wealth: a mixture of
e-processes is one. Pure: arrays in, arrays out; what many looks ask alike is remembered.

Two nulls:

* :func:`race`: of ``m`` harmed units of a stratum ``x`` were exposed. This is the anytime-valid
  logrank test (ter Schure, Pérez-Ortiz, Ly and Grünwald 2024) on strata, with ties, and with an
  upper bound ``p`` on the exposed share in place of the risk set's own.
* :func:`rate`: ``x`` events in an exposure in which at most ``expected`` were to be expected.

:func:`below` is no bet: it is the test by which a release passes.
"""

from __future__ import annotations

from functools import lru_cache
from math import exp, log, sqrt
from typing import Final

import numpy as np
import numpy.typing as npt

from daozhang.stats.factorials import log_factorials
from daozhang.stats.matched import poisson_tail

__all__ = [
    "ODDS",
    "RATES",
    "STRICT",
    "Floats",
    "below",
    "mixed",
    "race",
    "rate",
    "rate_bound",
    "sensible",
]

Floats = npt.NDArray[np.float64]

ODDS: Final[Floats] = np.array([6.0, 12.0, 24.0, 12.0, 24.0, 48.0])
"""How many times as often the exposed may be harmed, by alternatives that are bet on alike."""

STRICT: Final[Floats] = np.array([100.0])
"""The same where one harmed unit that is not exposed takes nearly all that was won."""

LIKELY: Final[Floats] = np.array([0.05, 0.05, 0.05, 0.2, 0.2, 0.2])
"""The share of the exposed that a bad release is taken to harm on a day, by alternative, when a bet
is cut."""

LIKELY_AGAIN: Final = 0.4
"""The same of those that were harmed before: who is harmed by a release stays so."""

RATES: Final[Floats] = np.array([2.0, 4.0, 16.0, 64.0, 256.0])
"""The same for rare events, which are compared with what the past makes likely."""


def race(
    exposed: npt.ArrayLike,
    harmed: npt.ArrayLike,
    share: npt.ArrayLike,
    odds: Floats = ODDS,
    most: npt.ArrayLike = np.inf,
) -> Floats:
    """Return the log factors of harmed units of which some are exposed, summed over strata.

    The factor is ``odds**x / (1 + p * (odds - 1))**m``. Its expectation is 1 if each of the ``m``
    is exposed with probability ``p`` independently; it is at most 1 if they are drawn without
    replacement (Hoeffding 1963, theorem 4) or with a smaller probability.

    Args:
        exposed: by stratum, harmed units that are exposed (x).
        harmed: by stratum, harmed units (m).
        share: by stratum, an upper bound on the probability that a harmed unit is exposed (p).
        odds: the alternatives.
        most: by stratum and alternative, what its odds are cut to (:func:`sensible`).

    Returns:
        One log factor for each of the alternatives.
    """
    x = np.asarray(exposed, dtype=np.float64)[..., None]
    m = np.asarray(harmed, dtype=np.float64)[..., None]
    p = np.asarray(share, dtype=np.float64)[..., None]
    cut = np.minimum(odds, np.asarray(most, dtype=np.float64))
    factors = x * np.log(cut) - m * np.log1p(p * (cut - 1.0))
    return np.asarray(factors.reshape(-1, len(odds)).sum(axis=0))


def sensible(
    harmed: npt.ArrayLike,
    exposed: npt.ArrayLike,
    others: npt.ArrayLike,
    again: npt.ArrayLike = False,
) -> Floats:
    """Return by stratum and alternative the odds above which nobody should bet.

    A release that harms a share :data:`LIKELY` of the exposed explains so many of the harmed, give
    or take two standard deviations and one; the others are harmed by something that strikes both
    sides, and the more of these there are, the closer to 1 are the odds at which the release shows.
    A bet may be chosen by how many are harmed as long as it is not by who: it is fair given their
    number.

    Args:
        harmed: by stratum, harmed units.
        exposed: by stratum, units that could have been harmed and are exposed.
        others: the same that are not.
        again: by stratum, whether its units were harmed before.
    """
    m, e, o, before = (
        np.asarray(of, dtype=np.float64)[..., None] for of in (harmed, exposed, others, again)
    )
    likely = np.where(before > 0, LIKELY_AGAIN, LIKELY)
    explained = likely * e + 2.0 * np.sqrt(likely * (1.0 - likely) * e) + 1.0
    anyway = np.clip((m - explained) / np.maximum(e + o, 1.0), 1e-9, 1.0)
    return np.asarray(1.0 + likely * (1.0 - anyway) / anyway)


def rate(events: float, expected: float) -> Floats:
    """Return the log factors of ``events`` where at most ``expected`` were to be expected.

    Poisson likelihood ratios, one for each of :data:`RATES`. Without events they fall as exposure
    grows, so they may be taken anew at any moment from running totals.
    """
    return events * np.log(RATES) - expected * (RATES - 1.0)


@lru_cache(maxsize=1024)
def rate_bound(events: int, exposure: float, miss: float) -> float:
    """Return a rate that the true one exceeds with probability ``miss`` at most.

    The exact upper bound of a Poisson rate after ``events`` in ``exposure`` (Garwood 1936).

    Raises:
        ValueError: exposure is not positive or ``miss`` no probability.
    """
    if exposure <= 0 or not 0 < miss < 1:
        raise ValueError(f"exposure {exposure} and miss {miss} bound no rate")
    low, high = float(events), events + 10.0 - 2.0 * log(miss) + 4.0 * sqrt(events)
    for _ in range(60):
        middle = (low + high) / 2
        if 1.0 - poisson_tail(events + 1, middle) > miss:
            low = middle
        else:
            high = middle
    return high / exposure


@lru_cache(maxsize=4096)
def below(harmed: int, units: int, margin: float) -> float:
    """Return one over the chance that so few are harmed if each is with probability ``margin``.

    The exact binomial tail (Clopper and Pearson 1934). No e-process: it is for one look at one
    group, when the group has been seen.

    Raises:
        ValueError: the margin is no probability, or more units are harmed than there are.
    """
    if not 0 < margin < 1 or not 0 <= harmed <= units:
        raise ValueError(f"{harmed} of {units} against a margin of {margin}")
    ways, k = log_factorials(units), np.arange(harmed + 1)
    logs = ways[units] - ways[: harmed + 1] - ways[units - k]
    logs += k * log(margin) + (units - k) * log(1.0 - margin)
    top = float(logs.max())
    tail = top + log(float(np.exp(logs - top).sum()))
    return exp(min(max(-tail, 0.0), 700.0))


def mixed(logs: Floats) -> float:
    """Return the log of the mean of ``exp(logs)``."""
    top = float(np.max(logs))
    return top + log(float(np.mean(np.exp(logs - top))))
