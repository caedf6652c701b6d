"""Causes on Spark: the same incidents, to the byte."""

from pathlib import Path

import pytest

from daozhang.cli.main import main

pytestmark = [pytest.mark.spark, pytest.mark.soak]


def test_incidents_are_the_same_on_both_engines(tmp_path: Path) -> None:
    words = ["--seed", "5", "--sales", "3000", "--days", "12", "--faults", "all"]
    assert main(["world", str(tmp_path / "w"), *words]) == 0
    told = []
    for engine in ("duckdb", "spark"):
        out = tmp_path / engine
        main(["check", str(tmp_path / "w" / "in"), "--engine", engine, "--out", str(out)])
        told.append((out / "incidents.json").read_bytes())
    assert told[0] == told[1]
    assert len(told[0]) > 1000
