"""The figures of one run: what the console, the report and ``summary.json`` say.

All amounts are minor units of the row's currency; currencies are never added up.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from daozhang.engine import Engine, SqlFolder, rows_of
from daozhang.journey.sums import added_rows, over

__all__ = [
    "DIMENSIONS",
    "Breakdown",
    "Figures",
    "LegSpan",
    "Speed",
    "draw_figures",
    "percentile",
]

DIMENSIONS = ("due_date", "provider_id", "bank_id", "store_id", "leg")
"""By what late and overdue money is broken down."""

LATE_LIST_MAX = 500
"""How many late and overdue sales are listed one by one; the rest is in the journeys."""

UNEXPLAINED_MAX = 500
"""How many unexplained credits are listed one by one."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Breakdown:
    """Late and overdue money of one value of a dimension, in one currency.

    Attributes:
        value: the day, provider, bank, store or leg; None: not known.
        currency: ISO 4217 code.
        late_sales: sales that arrived late.
        late_minor: their amount.
        overdue_sales: sales that are due and have not wholly arrived.
        overdue_minor: what of them is outstanding.
    """

    value: str | date | None
    currency: str
    late_sales: int
    late_minor: int
    overdue_sales: int
    overdue_minor: int


@dataclass(frozen=True, slots=True)
class Speed:
    """How long one provider's money takes from till to bank, in minutes."""

    provider_id: str
    currency: str
    sales: int
    p05_min: int
    p25_min: int
    median_min: int
    p75_min: int
    p95_min: int
    promised_median_min: int
    promised_p95_min: int


@dataclass(frozen=True, slots=True)
class LegSpan:
    """How long one leg of one provider's arrived money took: percentiles in minutes."""

    provider_id: str
    currency: str
    leg: str
    sales: int
    p05_min: int
    p25_min: int
    median_min: int
    p75_min: int
    p95_min: int


@dataclass(frozen=True, slots=True)
class Figures:
    """Everything a face shows of a run, as plain rows.

    Attributes:
        as_of: T.
        by_status: status, currency, sales, amount_minor, outstanding_minor, credited_minor.
        by_day: due_date, status, currency, sales, amount_minor, provisional_minor.
        late_by: for each of :data:`DIMENSIONS` its values, most money first.
        speed: by provider and currency.
        fees: provider_id, channel, currency, sales, amount_minor, fee_minor, fee_expected_minor,
            sales_differing, example.
        flow: currency, station, status, sales, amount_minor, credited_minor, outstanding_minor,
            kept_minor, returned_minor.
        gaps: gap → (rows, minor units).
        late_list: the late and overdue sales with most money, as journeys with station and bank_id.
        unexplained: credits that nothing explains, largest first.
        unexplained_totals: currency → (credits, minor units).
        open: overdue money by currency, station, reason, provider_id, bank_id, account_id,
            payout_id: sales, amount_minor, outstanding_minor, since, until, example (a sale).
        pace: money against its promise by currency, provider_id, bank_id, status and lag_min
            (minutes after the promise; of what has not come: so far): sales, amount_minor.
        legs: how long each leg took, by provider.
        incidents: incident_id, cause, mechanism, leg, scope, currency, expected_at,
            confidence_permille, evidence, rivals (JSON), sales, late_minor, outstanding_minor,
            open_sales, example (a sale, open if one is), since, until.
        waiting: by currency what lateness costs: late_minor_s and overdue_minor_s (minor units
            times seconds), longest_s.
        unseen: accounts whose statement is missing: account_id, bank_id, currency, sales,
            amount_minor, outstanding_minor, first_promised_at, last_promised_at, covered_until
            (NULL: nothing of it is there), most money first.
        findings: what is wrong with providers though nothing need be late by it: finding,
            provider_id, subject, detail, currency, rows, amount_minor, cost_minor, since, until,
            example.
        first_sale: earliest capture; None: there are no sales.
        last_sale: latest capture.
    """

    as_of: datetime
    by_status: tuple[Row, ...]
    by_day: tuple[Row, ...]
    late_by: Mapping[str, tuple[Breakdown, ...]]
    speed: tuple[Speed, ...]
    fees: tuple[Row, ...]
    flow: tuple[Row, ...]
    gaps: Mapping[str, tuple[int, int]]
    late_list: tuple[Row, ...]
    unexplained: tuple[Row, ...]
    unexplained_totals: Mapping[str, tuple[int, int]]
    open: tuple[Row, ...]
    pace: tuple[Row, ...]
    legs: tuple[LegSpan, ...]
    incidents: tuple[Row, ...]
    waiting: Mapping[str, Row]
    unseen: tuple[Row, ...]
    findings: tuple[Row, ...]
    first_sale: datetime | None
    last_sale: datetime | None

    def sales_in(self, *statuses: str) -> int:
        """Return how many sales have one of these statuses."""
        return sum(row["sales"] for row in self.by_status if row["status"] in statuses)


def draw_figures(engine: Engine, sql: SqlFolder, as_of: datetime) -> Figures:
    """Sum up the tables that :func:`daozhang.journey.pipeline.find_journeys` left."""

    def rows(name: str) -> tuple[Row, ...]:
        return tuple(rows_of(engine.fetch(sql[name])))

    def added(name: str) -> tuple[Row, ...]:
        return tuple(added_rows(engine, name))

    ((first, last),) = engine.rows("SELECT min(captured_at), max(captured_at) FROM outcomes")
    return Figures(
        as_of=as_of,
        by_status=added("figures_status"),
        by_day=added("figures_days"),
        late_by=_breakdowns(rows("figures_late")),
        speed=_speeds(added("figures_speed")),
        fees=added("figures_fees"),
        flow=added("figures_flow"),
        gaps={row["gap"]: (row["rows"], row["minor"]) for row in rows("figures_gaps")},
        late_list=_late_list(engine, sql),
        unexplained=_listed(
            engine,
            "SELECT * FROM credit_standing WHERE standing = 'unexplained' "
            "OR (standing = 'explained' AND explained_minor <> amount_minor) "
            f"ORDER BY amount_minor DESC, account_id, credit_id LIMIT {UNEXPLAINED_MAX}",
        ),
        unexplained_totals=_unexplained_totals(engine),
        open=_ordered(rows("figures_open"), "outstanding_minor"),
        pace=_ordered(added("figures_pace"), "lag_min"),
        legs=_leg_spans(added("figures_legs")),
        incidents=_listed(engine, "SELECT * FROM incidents ORDER BY late_minor DESC, incident_id"),
        waiting={
            row["currency"]: _waiting(row)
            for row in sorted(rows("figures_waiting"), key=lambda row: str(row["currency"]))
        },
        unseen=tuple(
            sorted(
                rows("figures_unseen"),
                key=lambda row: (
                    row["currency"],
                    -row["outstanding_minor"],
                    str(row["account_id"]),
                ),
            )
        ),
        findings=_listed(engine, "SELECT * FROM findings"),
        first_sale=first if isinstance(first, datetime) else None,
        last_sale=last if isinstance(last, datetime) else None,
    )


def _late_list(engine: Engine, sql: SqlFolder) -> tuple[Row, ...]:
    """Return the late and overdue sales with most money, which are few of all of them."""
    order = "CASE WHEN status = 'overdue' THEN 0 ELSE 1 END, amount_minor DESC, sale_id"
    engine.run(
        "outcomes_urgent",
        "SELECT * FROM outcomes_late WHERE status IN ('late', 'overdue') "
        f"ORDER BY {order} LIMIT {LATE_LIST_MAX}",
    )
    listed = sql["listed"]
    for name in ("journeys", "stations"):
        listed = listed.replace(f"{name}_late", f"({over(sql, name, 'outcomes_urgent')})")
    return _listed(engine, f"SELECT * FROM ({listed}) AS l ORDER BY {order}")


def _waiting(row: Row) -> Row:
    return {name: int(row[name]) for name in ("late_minor_s", "overdue_minor_s", "longest_s")}


def _listed(engine: Engine, query: str) -> tuple[Row, ...]:
    return tuple(rows_of(engine.fetch(query)))


def _unexplained_totals(engine: Engine) -> dict[str, tuple[int, int]]:
    found = engine.fetch(
        "SELECT currency, CAST(count(*) AS BIGINT) AS credits, CAST(sum(amount_minor - CASE WHEN "
        "standing = 'explained' THEN explained_minor ELSE 0 END) AS BIGINT) AS minor "
        "FROM credit_standing WHERE standing = 'unexplained' "
        "OR (standing = 'explained' AND explained_minor <> amount_minor) "
        "GROUP BY currency ORDER BY currency"
    ).to_pylist()
    return {row["currency"]: (row["credits"], row["minor"]) for row in found}


def _breakdowns(rows: Iterable[Row]) -> dict[str, tuple[Breakdown, ...]]:
    sums: dict[str, dict[tuple[Any, str], list[int]]] = {d: {} for d in DIMENSIONS}
    for row in rows:
        late = row["status"] == "late"
        for dimension in DIMENSIONS:
            key = (row[dimension], row["currency"])
            total = sums[dimension].setdefault(key, [0, 0, 0, 0])
            total[0 if late else 2] += row["sales"]
            total[1 if late else 3] += row["amount_minor" if late else "outstanding_minor"]
    found = {}
    for dimension, values in sums.items():
        parts = [Breakdown(value, currency, *total) for (value, currency), total in values.items()]
        if dimension == "due_date":
            parts.sort(key=lambda b: (b.currency, str(b.value or "")))
        else:
            parts.sort(key=lambda b: (b.currency, -b.overdue_minor - b.late_minor, str(b.value)))
        found[dimension] = tuple(parts)
    return found


def _speeds(rows: Iterable[Row]) -> tuple[Speed, ...]:
    taken: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    promised: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for row in rows:
        counts = taken if row["span"] == "taken" else promised
        counts[row["provider_id"], row["currency"]][row["minutes"]] = row["sales"]
    return tuple(
        Speed(
            provider_id=key[0],
            currency=key[1],
            sales=sum(taken[key].values()),
            p05_min=percentile(taken[key], 5),
            p25_min=percentile(taken[key], 25),
            median_min=percentile(taken[key], 50),
            p75_min=percentile(taken[key], 75),
            p95_min=percentile(taken[key], 95),
            promised_median_min=percentile(promised[key], 50),
            promised_p95_min=percentile(promised[key], 95),
        )
        for key in sorted(taken)
    )


def _ordered(rows: Iterable[Row], number: str) -> tuple[Row, ...]:
    """Sort rows by currency, then by a number, largest first, then by all else."""

    def rest(row: Row) -> list[str]:
        return [str(value) for value in row.values()]

    return tuple(sorted(rows, key=lambda row: (row["currency"], -row[number], rest(row))))


def _leg_spans(rows: Iterable[Row]) -> tuple[LegSpan, ...]:
    taken: dict[tuple[str, str, str], dict[int, int]] = defaultdict(dict)
    for row in rows:
        key = (row["provider_id"], row["currency"], row["leg"])
        taken[key][row["taken_min"]] = row["sales"]
    return tuple(
        LegSpan(
            *key,
            sum(counts.values()),
            *(percentile(counts, percent) for percent in (5, 25, 50, 75, 95)),
        )
        for key, counts in sorted(taken.items())
    )


def percentile(counts: Mapping[int, int], percent: int) -> int:
    """Return the smallest value that at least ``percent`` % of the counted values do not exceed.

    Raises:
        ValueError: nothing was counted.
    """
    wanted = -(-sum(counts.values()) * percent // 100)
    reached = 0
    for value in sorted(counts):
        reached += counts[value]
        if reached >= wanted:
            return value
    raise ValueError("no values to take a percentile of")
