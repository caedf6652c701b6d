"""What the facts say for and against each mechanism, weighed.

Rules kept here: every piece of evidence adds to the mechanisms it speaks for, in natural
logarithms of odds, so that pieces add up and the sum says how sure the answer is. A piece that
every mechanism would show adds to none. What stands highest is the answer; all others that are
not far below are its rivals.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from math import exp
from typing import Any, Final

__all__ = ["Case", "Evidence", "Verdict"]

RIVAL_SHARE: Final = 0.05
"""The least share of belief at which another mechanism is told as a rival."""


@dataclass(frozen=True, slots=True)
class Evidence:
    """One thing that the facts show.

    Attributes:
        key: which sentence tells it (:mod:`daozhang.charts.words_cause`).
        values: the sentence's numbers and names.
    """

    key: str
    values: tuple[tuple[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """Why one unit of money is late.

    Attributes:
        mechanism: the likeliest.
        cause: whose it is.
        share: how much of belief it has, above 0, at most 1.
        rivals: (cause, mechanism, share) of others, likeliest first.
        evidence: what speaks for it.
        release_id: the upgrade that is blamed; "": none is.
    """

    mechanism: str
    cause: str
    share: float
    rivals: tuple[tuple[str, str, float], ...] = ()
    evidence: tuple[Evidence, ...] = ()
    release_id: str = ""


@dataclass(slots=True)
class Case:
    """A unit under investigation.

    Attributes:
        unit: its row of ``units``.
        weights: mechanism → log odds so far.
        shown: evidence with the mechanisms that it speaks for.
    """

    unit: Mapping[str, Any]
    weights: dict[str, float] = field(default_factory=dict)
    shown: list[tuple[Evidence, frozenset[str]]] = field(default_factory=list)

    def add(self, key: str, speaks_for: Mapping[str, float], **values: Any) -> None:
        """Take a piece of evidence that speaks for some mechanisms."""
        for mechanism, weight in speaks_for.items():
            self.weights[mechanism] = self.weights.get(mechanism, 0.0) + weight
        likelier = frozenset(m for m, weight in speaks_for.items() if weight > 0)
        if likelier and key:
            self.shown.append((Evidence(key, tuple(values.items())), likelier))

    def shows(self, keys: frozenset[str]) -> bool:
        """Return whether a piece of evidence of these keys was found."""
        return any(evidence.key in keys for evidence, _ in self.shown)

    def shares(self) -> list[tuple[str, float]]:
        """Return mechanisms with their shares of belief, likeliest first."""
        top = max(self.weights.values())
        odds = {m: exp(weight - top) for m, weight in self.weights.items()}
        total = sum(odds.values())
        return sorted(((m, o / total) for m, o in odds.items()), key=lambda p: (-p[1], p[0]))

    def evidence_for(self, mechanism: str) -> tuple[Evidence, ...]:
        """Return what speaks for a mechanism, in the order it was found."""
        return tuple(e for e, likelier in self.shown if mechanism in likelier)
