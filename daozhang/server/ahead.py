"""The sums of the money pages, worked out before anybody asks for them."""

from __future__ import annotations

from daozhang.app.snapshot import Reading
from daozhang.server.due_days import due_sums
from daozhang.server.incident_parts import incident_parts
from daozhang.server.quiet_hours import store_hours
from daozhang.server.upgraded import effects, intervals

__all__ = ["sum_ahead"]


def sum_ahead(reading: Reading) -> None:
    """Keep the sums that calendar, lists, upgrades, incidents and quiet hours are read from."""
    due_sums(reading)
    incident_parts(reading)
    intervals(reading)
    effects(reading)
    store_hours(reading)
