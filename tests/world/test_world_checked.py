"""The product's answer on simulated estates, against the truth that the simulator kept.

Each fault alone, none and all: status, promise, arrival and leg (the contract's table of causes;
R14: late by calendar is not late by fault).
"""

from __future__ import annotations

import itertools
import os
import random
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daozhang.app.check import checked
from daozhang.world import FAULTS, REGIONS, TRAPS, build

SOAK = bool(os.environ.get("DAOZHANG_SOAK"))
SALES = 20_000 if SOAK else 2_500
MOVERS = [code for code, fault in FAULTS.items() if fault.leg]
ALL = tuple(FAULTS)
SOME: list[tuple[str, ...]] = [
    (), ALL, ("F6",), ("F19",), ("F12", "F16"), ("late_statement",),
]  # fmt: skip
PAIRS = random.Random(7).sample(list(itertools.combinations(MOVERS, 2)), 24)
LONG: list[tuple[str, ...]] = [
    ("F9", "F13"), *((code,) for code in FAULTS), *((trap,) for trap in TRAPS), *PAIRS,
    *(("canary_of_one", code) for code in ("F1", "F6", "F7", "F9")),
]  # fmt: skip
WORLDS = [
    *SOME, *(pytest.param(w, marks=pytest.mark.soak) for w in LONG if w not in SOME),
]  # fmt: skip


def both(
    tmp_path: Path, faults: tuple[str, ...], regions: tuple[str, ...] = ("CN",)
) -> duckdb.DuckDBPyConnection:
    """Return a connection with ``truth`` and ``answer``, one row a sale each."""
    made = build(tmp_path / "world", seed=5, faults=faults, sales=SALES, regions=regions)
    with checked(made.facts) as found:
        answer: pa.Table = found.engine.fetch("SELECT * FROM journeys")
    con = duckdb.connect()
    con.execute("SET TimeZone = 'UTC'")
    con.register("arrow_answer", answer)
    con.execute("CREATE TABLE answer AS SELECT * FROM arrow_answer")
    con.register("arrow_truth", pq.read_table(made.truth / "journeys.parquet"))
    con.execute("CREATE TABLE truth AS SELECT * FROM arrow_truth")
    return con


def one(con: duckdb.DuckDBPyConnection, sql: str) -> int:
    row = con.execute(sql).fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize(
    "faults", WORLDS, ids=lambda f: "all" if f == ALL else "+".join(f) or "none"
)
def test_the_answer_equals_the_truth(faults: tuple[str, ...], tmp_path: Path) -> None:
    """Status ≥ 99.9 %, promises all, arrivals exact, the leg of a single fault ≥ 99 %."""
    with both(tmp_path, faults) as con:
        pair = "FROM answer AS a JOIN truth AS t USING (sale_id)"
        assert one(con, f"SELECT count(*) {pair}") == one(con, "SELECT count(*) FROM answer")
        assert one(con, "SELECT count(*) FROM answer") == one(con, "SELECT count(*) FROM truth")
        decided = (
            f"{pair} WHERE a.status IN ('on_time', 'late') AND t.status IN ('on_time', 'late')"
        )
        wrong = one(con, f"SELECT count(*) {decided} AND a.status <> t.status")
        total = one(con, f"SELECT count(*) {decided}")
        assert total > SALES * 0.5
        assert wrong <= total * 0.001, f"{wrong} of {total} statuses differ"
        assert one(con, f"SELECT count(*) {pair} WHERE a.promised_at IS DISTINCT FROM "
                        "t.promised_at AND a.status <> 'cancelled'") == 0  # fmt: skip
        # Where a bank dates its lines only, the day is all that can be known.
        zone = "AT TIME ZONE 'Asia/Shanghai'"
        day = f"(a.credited_at = date_trunc('day', t.credited_at {zone}) {zone})"
        apart = f"{decided} AND a.credited_at <> t.credited_at AND NOT {day}"
        assert one(con, f"SELECT count(*) {apart}") == 0
        # What truth has on time and due is on time, or its statement is not there: never late.
        assert one(con, f"SELECT count(*) {pair} WHERE a.status IN ('late', 'overdue') "
                        "AND t.status = 'on_time'") == 0  # fmt: skip
        assert one(con, f"SELECT count(*) {pair} WHERE a.status = 'unknown' "
                        "AND t.status = 'on_time' AND NOT t.statement_missing") == 0  # fmt: skip
        assert one(con, f"SELECT count(*) {pair} WHERE a.status IN ('on_time', 'cancelled') "
                        "AND t.status IN ('late', 'never')") == 0  # fmt: skip
        if len(faults) == 1 and faults[0] in MOVERS:
            leg = FAULTS[faults[0]].leg
            late = f"{pair} WHERE a.status IN ('late', 'overdue') AND t.status IN ('late', 'never')"
            count = one(con, f"SELECT count(*) {late}")
            right = one(con, f"SELECT count(*) {late} AND a.leg = '{leg}'")
            assert count > 0 or not SOAK
            assert right >= count * 0.99, f"{right} of {count} legs are {leg}"


def test_estates_abroad_agree_in_every_currency(tmp_path: Path) -> None:
    """Promises, arrivals and statuses in four currencies, zones and calendars."""
    with both(tmp_path, ("F6", "F16"), tuple(REGIONS)) as con:
        pair = "FROM answer AS a JOIN truth AS t USING (sale_id)"
        assert one(con, "SELECT count(DISTINCT currency) FROM answer") == len(REGIONS)
        assert one(con, f"SELECT count(*) {pair} WHERE a.currency <> t.currency") == 0
        assert one(con, f"SELECT count(*) {pair} WHERE a.promised_at IS DISTINCT FROM "
                        "t.promised_at AND a.status <> 'cancelled'") == 0  # fmt: skip
        assert one(con, f"SELECT count(*) {pair} WHERE a.status <> t.status "
                        "AND a.status IN ('on_time', 'late', 'overdue')") == 0  # fmt: skip


def test_a_missing_statement_is_unknown_and_never_late(tmp_path: Path) -> None:
    """F23: statement missing → unknown, cause data_quality; nothing more is late for it."""
    with both(tmp_path, ("F23",)) as con:
        unknown = one(con, "SELECT count(*) FROM answer WHERE status = 'unknown'")
        assert unknown > 0
        bad = one(con, "SELECT count(*) FROM answer WHERE status = 'unknown' AND "
                       "(cause <> 'data_quality' OR mechanism <> 'statement_missing')")  # fmt: skip
        assert bad == 0
        pair = "FROM answer AS a JOIN truth AS t USING (sale_id)"
        blamed = "a.status IN ('late', 'overdue') AND t.status = 'on_time'"
        assert one(con, f"SELECT count(*) {pair} WHERE {blamed}") == 0


def test_a_holiday_makes_nothing_late(tmp_path: Path) -> None:
    """F15 and R14: late by calendar is not late by fault."""
    with both(tmp_path, ("F15",)) as con:
        late = one(con, "SELECT count(*) FROM answer WHERE status IN ('late', 'overdue')")
        assert late == 0
