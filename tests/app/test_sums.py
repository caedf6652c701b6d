"""The report, its CSV tables and ``summary.json`` say the same, to the minor unit."""

from __future__ import annotations

import csv
import io
import json
from collections import defaultdict
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from lxml import html

from daozhang.charts.sources import SOURCES
from daozhang.cli.main import main as daozhang
from daozhang.journey.figures import DIMENSIONS
from tests.oracle.estate import make_estate
from tests.oracle.rows import read_folder, write_csv


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run in several currencies with money late, overdue and not to be told."""
    place = tmp_path_factory.mktemp("sums")
    folder = make_estate(6, sales=90, days=6).write(place / "in")
    facts = read_folder(folder)
    # Some credits never come, and one account's statement is missing.
    kept = [row for n, row in enumerate(facts["credits"]) if n % 6 != 1]
    lost = {row["account_id"] for row in kept[:1]}
    for path in folder.glob("*.csv"):
        path.unlink()
    facts["credits"] = [row for row in kept if row["account_id"] not in lost]
    facts["coverage"] = [r for r in facts.get("coverage", ()) if r["subject"] not in lost]
    for table, rows in facts.items():
        write_csv(folder / f"{table}.csv", rows)
    with redirect_stdout(io.StringIO()):
        status = daozhang(
            ["check", str(folder), "--html", str(place / "r.html"), "--out", str(place / "out"),
             "--lang", "en"]
        )  # fmt: skip
    assert status == 1
    return place


def rows_of(made: Path, name: str) -> list[dict[str, str]]:
    with (made / "out" / f"{name}.csv").open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def sums(rows: Any, by: tuple[str, ...], column: str) -> dict[tuple[str, ...], int]:
    found: dict[tuple[str, ...], int] = defaultdict(int)
    for row in rows:
        found[tuple(str(row[name]) for name in by)] += int(row[column] or 0)
    return {key: value for key, value in found.items() if value}


def journeys(made: Path) -> list[dict[str, Any]]:
    return pq.read_table(made / "out" / "journeys.parquet").to_pylist()


@pytest.mark.parametrize("column", ["sales", "amount_minor", "outstanding_minor", "credited_minor"])
def test_money_by_status_is_the_sum_of_its_sales(made: Path, column: str) -> None:
    """R8: summary.json, money_by_status.csv, money_flow.csv and the journeys agree."""
    keys = ("status", "currency")
    own = [{**row, "sales": 1} for row in journeys(made)]
    expected = sums(own, keys, column)
    if column == "sales":
        assert {status for status, _ in expected} >= {"on_time", "overdue", "unknown"}
    assert sums(rows_of(made, "money_by_status"), keys, column) == expected
    assert sums(rows_of(made, "money_flow"), keys, column) == expected
    summary = json.loads((made / "out" / "summary.json").read_text(encoding="utf-8"))["by_status"]
    for (status, currency), value in expected.items():
        told = summary[status][column]
        if column != "sales":
            assert told[currency] == value
        else:
            assert told == sum(v for (s, _), v in expected.items() if s == status)


def test_single_sales_are_listed_without_an_end_and_add_up(made: Path) -> None:
    late, unknown = rows_of(made, "late_list"), rows_of(made, "unknown_list")
    money = sums(rows_of(made, "money_by_status"), ("status", "currency"), "outstanding_minor")
    listed = sums([*late, *unknown], ("status", "currency"), "outstanding_minor")
    assert listed == {k: v for k, v in money.items() if k[0] in ("late", "overdue", "unknown")}
    assert {row["status"] for row in unknown} == {"unknown"}


def test_places_of_overdue_money_add_up_to_it_and_to_the_flow(made: Path) -> None:
    by = ("currency", "station")
    places = sums(rows_of(made, "overdue_places"), by, "outstanding_minor")
    overdue = [row for row in rows_of(made, "money_flow") if row["status"] == "overdue"]
    assert places == sums(overdue, by, "outstanding_minor")
    listed = [row for row in rows_of(made, "late_list") if row["status"] == "overdue"]
    assert places == sums(listed, by, "outstanding_minor")


@pytest.mark.parametrize("dimension", [d for d in DIMENSIONS if d != "due_date"])
def test_breakdowns_add_up_to_the_listed_sales(made: Path, dimension: str) -> None:
    by = (dimension, "currency")
    rows, listed = rows_of(made, f"late_by_{dimension}"), rows_of(made, "late_list")
    for status, column, amount in (
        ("late", "late_minor", "amount_minor"), ("overdue", "overdue_minor", "outstanding_minor"),
    ):  # fmt: skip
        own = [row for row in listed if row["status"] == status]
        assert sums(rows, by, column) == sums(own, by, amount), status


def test_days_pace_and_punctuality_count_the_same_sales(made: Path) -> None:
    by = ("status", "currency")
    money = sums(rows_of(made, "money_by_status"), by, "sales")
    due = {k: v for k, v in money.items() if k[0] in ("on_time", "late", "overdue", "unknown")}
    assert sums(rows_of(made, "pace_minutes"), by, "sales") == due
    days = sums(rows_of(made, "money_by_day"), by, "sales")
    assert {k: v for k, v in days.items() if k in due} == due
    for dimension in ("provider_id", "bank_id"):
        told = [row for row in rows_of(made, "punctuality") if row["dimension"] == dimension]
        for status in ("on_time", "late", "overdue"):
            own = sums(told, ("currency",), status)
            assert own == {(c,): v for (s, c), v in due.items() if s == status}


def test_the_totals_of_the_page_are_those_of_the_tables(made: Path) -> None:
    """The page links every file, each is there, and its totals are the sums of the rows."""
    page = html.parse(made / "r.html")
    links = set(page.xpath("//p[@class='source']/a/@href"))
    assert {link.removeprefix("out/") for link in links} >= {
        file for name, rows in SOURCES.items() if name != "unexplained" for file, _ in rows
    }
    assert all((made / link).is_file() for link in links)
    shown = page.xpath("//section[@id='money' or starts-with(@id, 'money-')]//tfoot/tr[2]/td")
    texts = {cell.text_content().strip().replace(",", "") for cell in shown}
    for (currency,), minor in sums(
        rows_of(made, "money_by_status"), ("currency",), "amount_minor"
    ).items():
        digits = {"JPY": 0, "KRW": 0}.get(currency, 2)
        number = f"{minor / 10**digits:.{digits}f}"
        assert any(text.endswith(number) for text in texts), (currency, number)
