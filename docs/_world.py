"""What the simulated estate can be told to do, from the program itself."""

from __future__ import annotations

from daozhang.world import FAULTS, REGIONS, TRAPS
from docs._markdown import code, table

__all__ = ["world_faults", "world_regions", "world_traps"]


def world_faults() -> str:
    """Return every fault: where and when it strikes, and what truth says of it."""
    rows = sorted(FAULTS.values(), key=lambda fault: int(fault.code[1:]))
    return table(
        ("", "mechanism", "strikes", "truth: cause", "leg"),
        [
            (
                fault.code,
                code(fault.mechanism),
                fault.strikes,
                code(fault.cause) if fault.cause else "none",
                code(fault.leg) if fault.leg else "nothing is late",
            )
            for fault in rows
        ],
    )


def world_traps() -> str:
    """Return every trap: the wrong answer that it invites, and the right one."""
    return table(
        ("trap", "brings", "invites to say", "the truth"),
        [
            (code(trap.name), ", ".join(trap.needs) or "no fault", trap.lures, trap.truth)
            for trap in TRAPS.values()
        ],
    )


def world_regions() -> str:
    """Return the regions in which an estate may sell."""
    return table(
        ("region", "currency", "time zone", "calendar"),
        [
            (code(name), region.currency, region.timezone, code(region.calendar))
            for name, region in REGIONS.items()
        ],
    )
