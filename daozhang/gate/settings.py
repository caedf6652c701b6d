"""The gate's parameters, typed and checked when they are set (R36)."""

from __future__ import annotations

from dataclasses import dataclass
from math import log

__all__ = ["Settings", "SettingsError"]

_LEAST_LOOK_S = 60


class SettingsError(ValueError):
    """A parameter is not what it may be.

    Attributes:
        name: the parameter.
        value: what it was set to.
    """

    def __init__(self, name: str, value: object, allowed: str) -> None:
        """Say which parameter, its value, and what is allowed."""
        self.name, self.value, self.allowed = name, value, allowed
        super().__init__(f"{name} is {value}; allowed is {allowed}")


@dataclass(frozen=True, slots=True)
class Settings:
    """How sure the gate has to be.

    Attributes:
        alpha: probability that a good release is ever halted, however often it is looked at.
        margin: harm that a release may do and pass, as a share of terminals, once
            ``tight_at`` are upgraded; at ``loose_at`` and before it is three times as much.
        miss: probability that a release which harms more than the margin passes.
        every_s: seconds between looks.
        loose_at: upgraded terminals up to which the margin is loose.
        tight_at: upgraded terminals from which it is tight.
    """

    alpha: float = 0.01
    margin: float = 0.05
    miss: float = 0.05
    every_s: int = 3600
    loose_at: int = 50
    tight_at: int = 300

    def __post_init__(self) -> None:
        """Refuse what cannot be evaluated later.

        Raises:
            SettingsError: a parameter is out of its range.
        """
        if not 1e-6 <= self.alpha <= 0.2:  # noqa: PLR2004 - the range is its own name
            raise SettingsError("alpha", self.alpha, "0.000001 to 0.2")
        if not 0.005 <= self.margin <= 0.3:  # noqa: PLR2004
            raise SettingsError("margin", self.margin, "0.005 to 0.3")
        if not 1e-6 <= self.miss <= 0.2:  # noqa: PLR2004
            raise SettingsError("miss", self.miss, "0.000001 to 0.2")
        if self.every_s < _LEAST_LOOK_S:
            raise SettingsError("every", f"{self.every_s} s", "1m or longer")
        if not 1 <= self.loose_at < self.tight_at:
            raise SettingsError("loose_at", self.loose_at, f"1 to {self.tight_at - 1}")

    @property
    def stop_at(self) -> float:
        """Wealth at which a release is halted: half of ``alpha`` is kept for the hard stops."""
        return 2.0 / self.alpha

    def margin_at(self, terminals: int) -> float:
        """Return the harm that may pass at so many upgraded terminals, log-linear between."""
        loose = 3 * self.margin
        if terminals <= self.loose_at:
            return loose
        if terminals >= self.tight_at:
            return self.margin
        way = log(terminals / self.loose_at) / log(self.tight_at / self.loose_at)
        return float(loose * (1 / 3) ** way)
