"""Which file holds the rows behind each table and picture, and how to pick them there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["SOURCES", "Source", "sources_of"]

Source = tuple[str, str]
"""A file of ``check --out`` and the filter that picks the rows in it; empty: all of them."""

SOURCES: Final[Mapping[str, tuple[Source, ...]]] = {
    "flow": (("money_flow.csv", ""),),
    "attention": (
        ("overdue_places.csv", ""),
        ("late_list.csv", "status = overdue"),
        ("unknown_list.csv", ""),
        ("missing_statements.csv", ""),
    ),
    "why": (("incidents.json", ""), ("journeys.parquet", "incident_id")),
    "findings": (("summary.json", "findings"),),
    "money": (("money_by_status.csv", ""), ("journeys.parquet", "status")),
    "days": (("money_by_day.csv", ""),),
    "pace": (("punctuality.csv", ""), ("pace_minutes.csv", "")),
    "places": (
        ("late_by_leg.csv", ""), ("late_by_provider_id.csv", ""), ("late_by_bank_id.csv", ""),
    ),
    "legs": (("leg_times.csv", ""), ("speed.csv", "")),
    "speed": (("speed.csv", ""),),
    "fees": (("fees.csv", ""),),
    "unexplained": (("unexplained_credits.csv", ""),),
    "missing": (("gap_counts.csv", ""), ("missing_statements.csv", "")),
    "late_list": (("late_list.csv", ""),),
    "files": (("summary.json", "files"),),
}  # fmt: skip
"""Key of a table or picture → where its rows are."""


def sources_of(key: str, currency: str = "") -> tuple[Source, ...]:
    """Return where the rows of a table or picture are; of one currency where it is one's."""
    if key.startswith("late_by_"):
        dimension = key.removeprefix("late_by_")
        listed = "promised_at" if dimension == "due_date" else dimension
        return ((f"{key}.csv", ""), ("late_list.csv", listed))
    found = SOURCES.get(key.partition("-")[0], ())
    return tuple(
        (file, ", ".join(filter(None, (how, f"currency = {currency}" if currency else ""))))
        for file, how in found
    )
