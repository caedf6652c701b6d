"""Exact tails for small counts, where a mean of days is not normal yet. Pure."""

from __future__ import annotations

from math import exp, lgamma

from daozhang.stats.betting import below

__all__ = ["at_least_drawn", "at_least_of", "at_most_of"]


def at_most_of(count: int, whole: int, share: float) -> float:
    """Return the chance of so few of ``whole``, each with probability ``share`` (binomial).

    Of two Poisson counts this is the exact test that their rates are as their exposures: given
    their sum, one of them is binomial (Przyborowski and Wilenski 1940).
    """
    return 1.0 / below(count, whole, share)


def at_least_of(count: int, whole: int, share: float) -> float:
    """Return the chance of so many of ``whole``, each with probability ``share`` (binomial)."""
    return at_most_of(whole - count, whole, 1.0 - share)


def at_least_drawn(count: int, drawn: int, marked: int, whole: int) -> float:
    """Return the chance that ``drawn`` of ``whole`` hold so many of those marked.

    Fisher's exact test that two shares are the same, on one side (hypergeometric tail).

    Raises:
        ValueError: more are drawn, marked or counted than there are.
    """
    if not (0 <= marked <= whole and 0 <= drawn <= whole and count <= min(drawn, marked)):
        raise ValueError(f"{count} of {marked} marked in {drawn} drawn of {whole}")
    every = _ways(whole, drawn)
    least = max(count, drawn - (whole - marked), 0)
    found = sum(
        exp(_ways(marked, k) + _ways(whole - marked, drawn - k) - every)
        for k in range(least, min(drawn, marked) + 1)
    )
    return min(found, 1.0)


def _ways(whole: int, part: int) -> float:
    """Return the logarithm of the number of ways to choose."""
    return lgamma(whole + 1) - lgamma(part + 1) - lgamma(whole - part + 1)
