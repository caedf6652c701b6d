"""The gate: may a release go on being rolled out, by what it does to the money."""

from daozhang.gate.evidence import Evidence, Fleet, Outcome
from daozhang.gate.holdback import Place, Waves, draw_waves
from daozhang.gate.judge import Judge, Look
from daozhang.gate.settings import Settings, SettingsError

__all__ = [
    "Evidence", "Fleet", "Judge", "Look", "Outcome", "Place", "Settings", "SettingsError", "Waves",
    "draw_waves",
]  # fmt: skip
