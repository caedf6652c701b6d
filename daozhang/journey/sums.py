"""Sums over journeys that can be added up: of open sales in each run, of closed ones once.

A figure that counts or adds amounts over all sales need not read the closed ones again: what it
comes to for them is kept with the books, and a run adds its own. Each such SQL file groups by its
other columns, so its rows may be added up by those.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any, Final

from daozhang.engine import Engine, SqlFolder, rows_of

__all__ = [
    "ADDED",
    "ASKED_EARLY",
    "Added",
    "added_rows",
    "closed_sums",
    "over",
    "part",
    "put_added",
    "summed",
]


@dataclass(frozen=True, slots=True)
class Added:
    """Which columns of a SQL file's rows are the keys, in their order, and which are added up."""

    keys: tuple[str, ...]
    sums: tuple[str, ...]


ADDED: Final[dict[str, Added]] = {
    "figures_status": Added(
        ("currency", "status"), ("sales", "amount_minor", "outstanding_minor", "credited_minor")
    ),
    "figures_days": Added(
        ("currency", "due_date", "status"), ("sales", "amount_minor", "provisional_minor")
    ),
    "figures_flow": Added(
        ("currency", "status", "station"),
        (
            "sales", "amount_minor", "credited_minor", "outstanding_minor", "kept_minor",
            "returned_minor",
        ),
    ),
    "figures_speed": Added(("provider_id", "currency", "span", "minutes"), ("sales",)),
    "figures_pace": Added(
        ("currency", "provider_id", "bank_id", "status", "lag_min"), ("sales", "amount_minor")
    ),
    "figures_legs": Added(("currency", "provider_id", "leg", "taken_min"), ("sales",)),
    "figures_fees": Added(
        ("currency", "provider_id", "channel"),
        ("sales", "amount_minor", "fee_minor", "fee_expected_minor", "sales_differing"),
    ),
    "hours_due": Added(("provider_id", "channel", "business_date", "hour"), ("sales",)),
    "leg_buckets": Added(("provider_id", "leg", "minutes"), ("sales",)),
    "leg_submitters": Added(("provider_id",), ("sales",)),
    "identity_sales": Added(
        ("currency",),
        (
            "sales", "amount_minor", "credited_minor", "outstanding_minor", "fee_minor",
            "tax_minor", "refunded_minor", "charged_back_minor", "reserve_minor",
        ),
    ),
}  # fmt: skip
"""The SQL files over ``outcomes`` whose rows may be added up; all of them count ``sales``."""

ASKED_EARLY: Final = ("hours_due", "leg_buckets", "leg_submitters")
"""Those of them that tell where money stopped and why: named before the figures are."""


def over(sql: SqlFolder, name: str, outcomes: str) -> str:
    """Return a SQL file's text with another relation in the place of ``outcomes``."""
    text = sql[name]
    if name != "stations" and re.search(r"\bFROM stations\b", text):
        stations = over(sql, "stations", outcomes)
        return text.replace("FROM stations", f"FROM ({stations}) AS stations")
    return re.sub(r"\b(FROM|JOIN) outcomes\b", rf"\1 {outcomes}", text)


def part(sql: SqlFolder, name: str, outcomes: str, sign: int = 1) -> str:
    """Return the SELECT of one figure's keys and sums over some sales.

    Args:
        sql: the journey's SQL.
        name: a key of :data:`ADDED`.
        outcomes: a relation in the shape of ``outcomes``.
        sign: -1 to take the sums off.
    """
    added = ADDED[name]
    keys = ", ".join(added.keys)
    sums = ", ".join(f"{'-' if sign < 0 else ''}{c} AS {c}" for c in added.sums)
    return f"SELECT {keys}, {sums} FROM ({over(sql, name, outcomes)}) AS figure"


def closed_sums(name: str) -> str:
    """Return the name of the table of what a figure comes to for closed sales."""
    return f"closed_{name}"


def put_added(engine: Engine, sql: SqlFolder, *names: str, resumed: bool) -> None:
    """Name ``added_<file>`` for figures over all sales.

    Args:
        engine: holds ``outcomes`` and ``fees_differing``; where ``resumed``, ``outcomes_open`` and
            what the figures come to for closed sales.
        sql: the journey's SQL.
        names: keys of :data:`ADDED`.
        resumed: whether closed sales are added as their sums.
    """
    for name in names:
        query = sql[name]
        if resumed:
            query = summed(
                name,
                f"{part(sql, name, 'outcomes_open')} "
                f"UNION ALL BY NAME SELECT * FROM {closed_sums(name)}",
            )
            if name == "figures_fees":
                query = _WITH_EXAMPLE.format(fees=query)
        engine.view(f"added_{name}", query)


_WITH_EXAMPLE: Final = (
    "SELECT q.*, e.example FROM ({fees}) AS q LEFT JOIN fees_differing AS e "
    "ON e.provider_id = q.provider_id AND e.channel IS NOT DISTINCT FROM q.channel "
    "AND e.currency = q.currency"
)


def added_rows(engine: Engine, name: str) -> list[dict[str, Any]]:
    """Return a figure's rows over all sales, ordered by its keys."""
    order = ", ".join(f"{key} NULLS LAST" for key in ADDED[name].keys)
    return rows_of(engine.fetch(f"SELECT * FROM added_{name} ORDER BY {order}"))


def summed(name: str, rows: str) -> str:
    """Return the SELECT that adds a figure's rows up by its keys; those of no sales are gone."""
    added = ADDED[name]
    keys = ", ".join(added.keys)
    sums = ", ".join(f"CAST(sum({c}) AS BIGINT) AS {c}" for c in added.sums)
    return f"SELECT {keys}, {sums} FROM ({rows}) AS parts GROUP BY {keys} HAVING sum(sales) <> 0"
