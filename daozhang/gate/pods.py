"""What fails together, and who was there lately: two small things that all outcomes need."""

from __future__ import annotations

from collections.abc import Hashable, Sequence

import numpy as np

from daozhang.gate.evidence import Bools, Ints

__all__ = ["lately", "pods"]


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


def lately(counts: Ints | Bools, days: int) -> Ints:
    """Return, for each day, the sum over so many days before it; that day does not count."""
    total = np.cumsum(np.pad(counts.astype(np.int64), ((0, 0), (days + 1, 0))), axis=1)
    return np.asarray(total[:, days:-1] - total[:, : -days - 1])
