"""A simulated estate with named faults and the truth beside it: demo, drills, tests, benchmarks."""

from daozhang.world.builder import WorldSummary, build
from daozhang.world.faults import FAULTS, TRAPS, Fault, Trap
from daozhang.world.providers import REGIONS

__all__ = ["FAULTS", "REGIONS", "TRAPS", "Fault", "Trap", "WorldSummary", "build"]
