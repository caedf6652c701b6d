"""``check --out``: the contract's types, sums that agree with the rows, files written whole."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daozhang.app.answers import JOURNEY_COLUMNS, write_answers
from daozhang.app.check import checked
from tests.oracle.estate import make_estate

STATUSES = {"on_time", "late", "in_transit", "overdue", "cancelled", "failed", "unknown"}


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("answers")
    with checked(make_estate(12, sales=150).write(folder / "in")) as found:
        write_answers(found, folder / "out")
    return folder / "out"


def journeys(out: Path) -> list[dict[str, Any]]:
    return pq.read_table(out / "journeys.parquet").to_pylist()


def test_journeys_have_the_contracts_columns_and_types(out: Path) -> None:
    """Journeys: times TIMESTAMPTZ in UTC, text VARCHAR, amounts whole numbers, ids unique."""
    table = pq.read_table(out / "journeys.parquet")
    assert tuple(table.column_names) == JOURNEY_COLUMNS
    for field in table.schema:
        if field.name.endswith("_at"):
            assert field.type == pa.timestamp("us", "UTC"), field
        elif field.name.endswith("_minor") or field.name == "late_s":
            assert pa.types.is_integer(field.type), field
        elif field.name == "provisional":
            assert field.type == pa.bool_(), field
        else:
            assert field.type == pa.string(), field
    ids = table["sale_id"].to_pylist()
    assert len(set(ids)) == len(ids) == 150


def test_statuses_and_legs_are_the_contracts_and_fit_together(out: Path) -> None:
    """Journeys: a leg only where money is late or overdue; a reason only where it is overdue."""
    rows = journeys(out)
    assert {row["status"] for row in rows} <= STATUSES
    for row in rows:
        moved = row["status"] in {"late", "overdue"}
        assert (row["leg"] is not None) == moved, row
        assert (row["reason"] is not None) == (row["status"] == "overdue"), row
        assert (row["late_s"] is not None) == (row["status"] == "late"), row
        if row["status"] in {"on_time", "late"}:
            assert row["credited_at"] is not None or row["credited_minor"] <= 0, row
        if row["status"] == "late":
            assert row["late_s"] > 0
        assert (row["incident_id"] is not None) == moved, row
        ids = (row["credit_ids"] or "").split(";")
        assert row["credit_id"] is None or row["credit_id"] in ids
        assert not [v for k, v in row.items() if v == ""], row


def test_the_summary_counts_what_the_rows_hold(out: Path) -> None:
    """``summary.json`` holds every term: statuses, causes and money agree with the journeys."""
    rows, summary = journeys(out), json.loads((out / "summary.json").read_text())
    counted = Counter(row["status"] for row in rows)
    assert {s: v["sales"] for s, v in summary["by_status"].items()} == dict(counted)
    for status, told in summary["by_status"].items():
        for name in ("amount_minor", "outstanding_minor", "credited_minor"):
            sums: Counter[str] = Counter()
            for row in rows:
                if row["status"] == status:
                    sums[row["currency"]] += row[name]
            assert told[name] == dict(sums)
    causes = Counter(row["cause"] for row in rows if row["cause"])
    assert {c: v["sales"] for c, v in summary["by_cause"].items()} == dict(causes)


def test_incidents_group_exactly_the_late_and_overdue_sales(out: Path) -> None:
    """Incidents group late and overdue sales; each sale is in the one it names."""
    rows = journeys(out)
    incidents = json.loads((out / "incidents.json").read_text())
    ids = [incident["incident_id"] for incident in incidents]
    assert len(set(ids)) == len(ids)
    counted = Counter(row["incident_id"] for row in rows if row["incident_id"])
    assert {i["incident_id"]: i["sales"] for i in incidents} == dict(counted)
    for incident in incidents:
        mine = [row for row in rows if row["incident_id"] == incident["incident_id"]]
        assert {row["leg"] for row in mine} == {incident["leg"]}
        assert {row["currency"] for row in mine} == {incident["currency"]}
        assert sum(row["amount_minor"] for row in mine) == incident["late_minor"]


def test_the_same_facts_give_the_same_bytes(tmp_path: Path) -> None:
    """The result is a pure function of the rows: also the JSON files, byte for byte."""
    folder = make_estate(13, sales=60).write(tmp_path / "in")
    for name in "ab":
        with checked(folder) as found:
            write_answers(found, tmp_path / name)
    for name in ("summary.json", "incidents.json"):
        assert (tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes()
