"""What fails together, and who was there lately: two small things that all outcomes need."""

from __future__ import annotations

from collections.abc import Hashable, Sequence
from typing import Final

import numpy as np

from daozhang.gate.evidence import Bools, Ints

__all__ = ["MANY", "lately", "parts", "pods"]

MANY: Final = 6
"""A pod of so many parts is compared within itself on days on which it is upgraded in part."""


def pods(
    strata: Sequence[tuple[Hashable, ...]], together: Sequence[Hashable]
) -> tuple[Ints, Ints, Ints]:
    """Number pods within strata.

    Args:
        strata: by unit, what it is compared within, its provider first.
        together: by unit, what fails together with it.

    Returns:
        The pod by unit, the stratum by pod, and the provider by stratum.
    """
    number = {key: place for place, key in enumerate(dict.fromkeys(strata))}
    found: dict[tuple[int, Hashable], int] = {}
    pod = [
        found.setdefault((number[s], p), len(found)) for s, p in zip(strata, together, strict=True)
    ]
    providers = {name: place for place, name in enumerate(dict.fromkeys(s[0] for s in number))}
    return (
        np.array(pod, dtype=np.int64),
        np.array([s for s, _ in found], dtype=np.int64),
        np.array([providers[s[0]] for s in number], dtype=np.int64),
    )


def parts(pod: Ints, stratum: Ints, provider: Ints, part: Ints) -> tuple[Ints, Ints, Ints]:
    """Number the parts of large pods, each large pod being a stratum of its own.

    Args:
        pod: by unit, its pod.
        stratum: by pod, its stratum.
        provider: by stratum, its provider.
        part: by unit, number of what fails together within a pod, such as a store of an account.

    Returns:
        By unit the part of a large pod or else its pod, and the strata and providers with those
        of the parts behind the others.
    """
    pairs, own = np.unique(np.stack([pod, part], axis=1), axis=0, return_inverse=True)
    many = np.bincount(pairs[:, 0], minlength=len(stratum)) >= MANY
    large = np.flatnonzero(many[pairs[:, 0]])
    number = np.full(len(pairs), -1, dtype=np.int64)
    number[large] = len(stratum) + np.arange(len(large))
    of_pod = np.full(len(stratum), -1, dtype=np.int64)
    of_pod[many] = len(provider) + np.arange(np.count_nonzero(many))
    found = number[own.ravel()]
    return (
        np.where(found < 0, pod, found),
        np.concatenate([stratum, of_pod[pairs[large, 0]]]),
        np.concatenate([provider, provider[stratum[many]]]),
    )


def lately(counts: Ints | Bools, days: int) -> Ints:
    """Return, for each day, the sum over so many days before it; that day does not count."""
    total = np.cumsum(np.pad(counts.astype(np.int64), ((0, 0), (days + 1, 0))), axis=1)
    return np.asarray(total[:, days:-1] - total[:, : -days - 1])
