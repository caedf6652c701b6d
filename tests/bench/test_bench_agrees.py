"""The contestants of the benchmark answer the same question: else its numbers mean nothing."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from daozhang.app.answers import write_answers
from daozhang.app.check import checked
from daozhang.world import FAULTS, build

REPO_ROOT = Path(__file__).parents[2]
SALES = 20_000 if "DAOZHANG_SOAK" in os.environ else 8_000
AGREED = (
    "status", "account_id", "promised_at", "cleared_at", "paid_out_at", "credited_at",
    "credit_ids", "payout_id", "matched_by", "amount_minor", "net_minor", "fee_minor",
    "fee_expected_minor", "refunded_minor", "charged_back_minor", "credited_minor",
    "outstanding_minor", "late_s", "reason",
)  # fmt: skip


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An estate with every fault, and daozhang's answer in ``ours``."""
    folder = tmp_path_factory.mktemp("estate")
    build(folder, seed=7, faults=tuple(FAULTS), sales=SALES, format="parquet")
    with checked(folder / "in") as answered:
        write_answers(answered, folder / "ours")
    return folder


@pytest.mark.parametrize("contestant", ["plain_sql", "with_pandas"])
def test_contestant_agrees_on_999_of_1000_sales(estate: Path, contestant: str) -> None:
    theirs = estate / contestant
    command = [sys.executable, "-m", f"bench.{contestant}", str(estate / "in"), str(theirs)]
    subprocess.run(command, check=True, cwd=REPO_ROOT)
    with duckdb.connect() as connection:
        counted = ", ".join(
            f"count(*) FILTER (o.{name} IS NOT DISTINCT FROM t.{name})" for name in AGREED
        )
        (found,) = connection.execute(
            f"SELECT count(*), {counted} FROM '{estate / 'ours' / 'journeys.parquet'}' AS o "
            f"JOIN '{theirs / 'journeys.parquet'}' AS t ON t.sale_id = o.sale_id"
        ).fetchall()
    assert found[0] == SALES
    short = {
        name: SALES - same
        for name, same in zip(AGREED, found[1:], strict=True)
        if same < SALES * 0.999
    }
    assert not short, f"{contestant} differs from daozhang; sales by column: {short}"


def test_estate_has_every_kind_of_answer(estate: Path) -> None:
    with duckdb.connect() as connection:
        journeys = f"'{estate / 'ours' / 'journeys.parquet'}'"
        query = f"SELECT DISTINCT status FROM {journeys}"
        found = {status for (status,) in connection.execute(query).fetchall()}
    assert {"on_time", "late", "overdue", "in_transit", "cancelled", "unknown"} <= found
