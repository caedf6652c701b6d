"""A simulated estate with named faults and the truth beside it: demo, drills, tests, benchmarks."""

from daozhang.world.builder import WorldSummary, build
from daozhang.world.faults import FAULTS, Fault

__all__ = ["FAULTS", "Fault", "WorldSummary", "build"]
