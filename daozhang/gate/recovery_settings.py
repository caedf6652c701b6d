"""What a store's recovery is asked and how sure the answer has to be (R52, R53)."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Final, Literal

from daozhang.gate.settings import SettingsError

__all__ = ["MEASURES", "Measure", "RecoverySettings"]

Measure = Literal["volume", "success", "lag", "satisfaction"]

MEASURES: Final[tuple[Measure, ...]] = ("volume", "success", "lag", "satisfaction")
"""Sales a day; share of attempts that became sales; business days until the money is in the bank;
mean score of ratings."""

_RANGES: Final = {
    "days": (4, 28), "baseline_days": (21, 91), "controls_min": (3, 1000),
    "volume": (0.01, 0.5), "success": (0.002, 0.2), "lag": (0.1, 5.0), "satisfaction": (0.1, 2.0),
    "wrong_pass": (1e-4, 0.2), "wrong_fail": (1e-4, 0.2),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class RecoverySettings:
    """Margins, days and errors of the recovery test.

    Attributes:
        days: within so many days a store has to be back at its former level.
        baseline_days: days before its first upgrade that the former level is taken from.
        controls_min: fewest stores not upgraded that a store is compared with.
        volume: margin of the number of sales, as a share of what it was, on either side.
        success: margin of the success rate, as a share of attempts.
        lag: margin of the time to money, in business days.
        satisfaction: margin of the mean score on the scale of 1 to 5.
        wrong_pass: probability that a store at a margin passes, whenever one asks.
        wrong_fail: probability that a store whose level is what it was fails, whenever one asks.
    """

    days: int = 7
    baseline_days: int = 28
    controls_min: int = 5
    volume: float = 0.15
    success: float = 0.02
    lag: float = 0.5
    satisfaction: float = 0.3
    wrong_pass: float = 0.05
    wrong_fail: float = 0.05

    def __post_init__(self) -> None:
        """Refuse what cannot be evaluated later.

        Raises:
            SettingsError: a parameter is out of its range.
        """
        for field in fields(self):
            value, (low, high) = getattr(self, field.name), _RANGES[field.name]
            if not low <= value <= high:
                raise SettingsError(field.name, value, f"{low:g} to {high:g}")
        if self.baseline_days % 7:
            # A week more of Sundays than of Mondays would be a change of level by itself.
            raise SettingsError("baseline_days", self.baseline_days, "whole weeks")

    def margin(self, measure: Measure) -> float:
        """Return a measure's margin."""
        return float(getattr(self, measure))

    @property
    def looks(self) -> tuple[tuple[int, int, float], ...]:
        """The fixed looks: first and last day after the upgrade, and the tail of each.

        The first is the time allowed itself; later ones are days after it, which show the level
        that the store had reached by then. Their tails sum to ``wrong_pass``.
        """
        days, part = self.days, self.wrong_pass / 20
        return (
            (1, days, 8 * part),
            (days + 1, 2 * days, 6 * part),
            (days + 1, 3 * days, 3 * part),
            (days + 1, 5 * days, 3 * part),
        )
