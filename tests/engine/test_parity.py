"""The same rows on both engines: every table that the pipeline makes, from every SQL file.

The estates' truth is not looked at here; that DuckDB's rows are right is for other tests to say.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from daozhang.engine import DuckEngine, Engine
from daozhang.journey.pipeline import SQL
from tests.app.small import moment, term, write_small
from tests.engine.pipelines import Rows, plain_rows, read, tracked, unequal
from tests.oracle.compare import latest_known
from tests.oracle.estate import make_estate
from tests.oracle.rows import read_folder, write_csv

SALES = 60
DAYS = 6
SOAK_SEEDS = (2, *range(20, 32))

Scenario = tuple[Path, dt.datetime | None]
"""A folder of facts, and the moment to answer for; None: the latest."""


def change(folder: Path) -> None:
    """Make the pipeline take the ways that plain estates do not show it.

    Some sales lack their store; some stand in the provider's file too; of one provider neither
    settlements nor payouts are known, though its credits are; another settles in a currency it
    does not sell in; same-day windows have a daily limit; some credits never came; a line stands
    twice.
    """
    facts = read_folder(folder)
    for place, row in enumerate(facts["sales"]):
        if place % 9 == 0:
            row["store_id"] = ""
    facts["sales"] += [
        {**row, "sale_id": f"bill-{row['sale_id']}", "recorded_by": "provider"}
        for row in facts["sales"][::25]
    ]
    for row in facts["sales"]:
        row.setdefault("recorded_by", "")
    unheard = "wal"
    for table in ("settlements", "payouts"):
        facts[table] = [row for row in facts[table] if row["provider_id"] != unheard]
    for row in (*facts["settlements"], *facts["payouts"]):
        if row["provider_id"] == "eur":
            row["currency"] = "USD"
            for name in ("gross_minor", "fee_minor", "tax_minor", "reserve_minor", "net_minor"):
                row[name] = str(int(row[name]) * 117 // 100) if row.get(name) else ""
    twice = next(
        row for row in facts["settlements"]
        if row.get("kind", "sale") == "sale" and row.get("status", "settled") == "settled"
        and row.get("payout_id") and row["provider_id"] != "eur"
    )  # fmt: skip
    facts["settlements"].append({**twice, "line_id": f"again-{twice['line_id']}"})
    facts["credits"] = [row for place, row in enumerate(facts["credits"]) if place % 10 != 1]
    for path in folder.glob("*.csv"):
        path.unlink()
    for table, rows in facts.items():
        write_csv(folder / f"{table}.csv", rows)
    terms = folder / "terms.toml"
    text = terms.read_text(encoding="utf-8")
    limited = text.replace("\nwindows = ", "\ndaily_limit_minor = 300000\nwindows = ")
    assert limited != text
    terms.write_text(limited, encoding="utf-8")


def plain(place: Path, seed: int) -> Scenario:
    return make_estate(seed, sales=SALES, days=DAYS).write(place), None


def past(place: Path) -> Scenario:
    estate = make_estate(1, sales=SALES, days=DAYS)
    return estate.write(place), estate.as_of - dt.timedelta(days=3)


def awkward(place: Path) -> Scenario:
    folder = make_estate(6, sales=SALES, days=DAYS).write(place)
    change(folder)
    return folder, None


def nameless(place: Path) -> Scenario:
    """Lines without payouts; a credit leaves the refund of its day to the next one.

    Two lines have lost their reference, one of them is garbled; one may be either of two sales.
    Every sale names its store, and the moment is a past one: of the last sale nobody knew. Two
    statements of the same days have a line each that the other has not.
    """
    return write_small(place, term(), {
        "sales": "sale_id,store_id,amount_minor,captured_at,rrn\n"
        "s1,st,30000,05-12T10:00,\ns2,st,20000,05-13T10:00,\ns3,st,7000,05-14T10:00,\n"
        "s4,st,8000,05-14T11:00,700100200300\ns5,st,900,05-14T11:00,\n"
        "s6,st,900,05-14T12:00,\ns7,st,500,05-16T10:00,",
        "settlements": "line_id,ref,kind,gross_minor,fee_minor,net_minor,cleared_at\n"
        "l1,s1,sale,30000,180,29820,05-13T02:00\nl2,s2,sale,20000,120,19880,05-14T02:00\n"
        "l3,s1,refund,-1234,0,-1234,05-13T02:00\nl4,,sale,7000,42,6958,05-15T02:00\n"
        "l5,7001002X0300,sale,8000,48,7952,05-15T02:00\nl6,,sale,900,5,895,05-15T02:00",
        "credits": "credit_id,amount_minor,booked_at,_file\nc1,29820,05-13T09:00,one.csv\n"
        "c2,18646,05-14T10:00,two.csv\nc3,14910,05-15T10:00,two.csv",
        "coverage": "from_at,to_at,_file\n05-12T00:00,05-15T00:00,one.csv\n"
        "05-12T00:00,05-15T00:00,two.csv",
    }), moment("05-15T12:00")  # fmt: skip


def joined(place: Path) -> Scenario:
    """The awkward estate and the nameless one in one folder, before the last day's end.

    They share neither accounts nor providers; the second is moved to where the first one ends.
    """
    one, _ = awkward(place / "awkward")
    other, _ = nameless(place / "nameless")
    facts = read_folder(one)
    for table, rows in read_folder(other).items():
        facts.setdefault(table, []).extend(
            {name: _LEARNED.sub(later, text) for name, text in row.items()} for row in rows
        )
    for table, rows in facts.items():
        write_csv(place / f"{table}.csv", rows)
    top, terms = (other / "terms.toml").read_text(encoding="utf-8").split("[[terms]]")
    text = (one / "terms.toml").read_text(encoding="utf-8")
    assert text.startswith(top)
    (place / "terms.toml").write_text(f"{text}\n[[terms]]{terms}", encoding="utf-8")
    return place, dt.datetime(2026, 12, 30, 4, tzinfo=dt.UTC)


_LEARNED = re.compile(r"^2026-05-\d\d")


def later(day: re.Match[str]) -> str:
    return (dt.date.fromisoformat(day[0]) + dt.timedelta(days=227)).isoformat()


SCENARIOS: dict[str, Callable[[Path], Scenario]] = {
    "seed 1": lambda place: plain(place, 1),
    "a past moment": past,
    "awkward": awkward,
    "nameless": nameless,
    "joined": joined,
}
QUICK = ["joined"]
"""What Spark runs in every test: each takes it most of a minute. The rest waits for the soak.

It runs every SQL file but those of ``ALONE``, fills every table, and is of a past moment: a test
below holds it to that.
"""

ALONE = {"sold_plain": ("facts_sales", "run")}
"""What is run only where the other does not, and what it reads."""

SOAKED: dict[str, Callable[[Path], Scenario]] = {
    **{name: make for name, make in SCENARIOS.items() if name not in QUICK},
    **{f"seed {seed}": partial(plain, seed=seed) for seed in SOAK_SEEDS},
}
soak = pytest.mark.soak


@dataclass(frozen=True)
class Ran:
    """What DuckDB makes of a scenario: each table it made, the SQL files, what Python got."""

    scenario: Scenario
    tables: dict[str, tuple[list[str], Rows]]
    files: set[str]
    got: Any


Duck = Callable[[str], Ran]


@pytest.fixture(scope="module")
def duck(tmp_path_factory: pytest.TempPathFactory) -> Duck:
    """Return what runs a scenario on DuckDB for the first who asks."""

    @cache
    def ran(name: str) -> Ran:
        scenario = (SCENARIOS | SOAKED)[name](tmp_path_factory.mktemp("scenario") / "in")
        folder, as_of = scenario
        with tracked(DuckEngine(), *read(folder), as_of) as (recorder, got):
            return Ran(scenario, recorder.contents(), recorder.files, got)

    return ran


def compare(one: Ran, new_engine: Callable[[], Engine]) -> None:
    """Fail where an engine gives other tables than DuckDB, or does not run the same SQL files."""
    folder, as_of = one.scenario
    with tracked(new_engine(), *read(folder), as_of) as (other, got):
        found = list(unequal(one.tables, other.contents()))
        assert not found, "\n".join([f"DuckDB first, {other.name} second", *found])
        assert other.files == one.files
    assert got == one.got, "what Python got of the tables differs"


@pytest.mark.parametrize("name", SCENARIOS)
def test_rows_do_not_depend_on_threads(name: str, duck: Duck) -> None:
    compare(duck(name), lambda: DuckEngine(threads=1))


@pytest.mark.spark
@pytest.mark.parametrize("name", [*QUICK, *(pytest.param(n, marks=soak) for n in SOAKED)])
def test_spark_gives_the_rows_of_duckdb(
    name: str, duck: Duck, new_spark: Callable[[], Engine]
) -> None:
    compare(duck(name), new_spark)


@pytest.mark.spark
@pytest.mark.parametrize("name", ALONE)
def test_spark_gives_the_rows_of_duckdb_for_a_file_alone(
    name: str, tmp_path: Path, new_spark: Callable[[], Engine]
) -> None:
    folder, as_of = nameless(tmp_path / "in")
    with tracked(DuckEngine(), *read(folder), as_of) as (duck, _):
        assert name in duck.files
        given = {table: duck.fetch(f"SELECT * FROM {table}") for table in ALONE[name]}
        expected = duck.fetch(SQL[name])
    spark = new_spark()
    for table, rows in given.items():
        spark.put(table, rows)
    got = spark.fetch(SQL[name])
    spark.close()
    assert got.column_names == expected.column_names
    assert plain_rows(got) == plain_rows(expected) != []


def test_the_quick_scenarios_run_every_sql_file(duck: Duck) -> None:
    """Each file that DuckDB runs in a scenario, Spark runs too, or the test above fails.

    And every table that has rows in some scenario has rows in a quick one. One of these is of a
    moment after which more was learned.
    """
    ran: set[str] = set()
    past: set[str] = set()
    filled: dict[bool, set[str]] = {True: set(), False: set()}
    for name in SCENARIOS:
        one = duck(name)
        folder, as_of = one.scenario
        past |= {name} if as_of and as_of < latest_known(folder) else set()
        if name in QUICK:
            ran |= one.files
        filled[name in QUICK] |= {n for n, (_, rows) in one.tables.items() if rows}
    never = sorted(SQL.texts.keys() - ran - ALONE.keys())
    assert not never, f"SQL files that no scenario runs, so that Spark never sees them: {never}"
    assert filled[False] <= filled[True]
    assert past & set(QUICK)


def test_the_rare_ways_have_rows_to_compare(duck: Duck) -> None:
    sizes = {name: len(rows) for name, (_, rows) in duck("awkward").tables.items()}
    rare = ("over_limit", "supposed", "lines_supposed", "lines_by_rrn", "lines_converted", "moved",
            "till_stands", "lines_repeated", "replaced")  # fmt: skip
    assert [name for name in rare if not sizes[name]] == []


def test_what_is_inferred_of_lines_has_rows_to_compare(duck: Duck) -> None:
    sizes = {name: len(rows) for name, (_, rows) in duck("nameless").tables.items()}
    found = {
        name: sizes[name]
        for name in ("alike", "alike_rivals", "lines_moved", "lines_placed", "statements_differ")
    }
    assert found == {
        "alike": 2, "alike_rivals": 1, "lines_moved": 2, "lines_placed": 6, "statements_differ": 2,
    }  # fmt: skip
