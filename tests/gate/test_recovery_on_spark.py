"""The daily numbers of stores on Spark: the same arrays."""

from pathlib import Path

import numpy as np
import pytest

from daozhang.app.check import checked
from daozhang.cli.main import main
from daozhang.engine.sqlfiles import forbidden_constructs
from daozhang.gate.recovery_days import SQL, StoreDays, gather_days
from daozhang.gate.recovery_settings import RecoverySettings


def test_its_sql_uses_only_what_both_engines_share() -> None:
    mine = [name for name in SQL.texts if name.startswith("recovery_")]
    assert len(mine) == 6
    for name in mine:
        assert not forbidden_constructs(SQL[name]), name


@pytest.mark.spark
@pytest.mark.soak
def test_the_numbers_are_the_same_on_both_engines(tmp_path: Path) -> None:
    words = ["--seed", "5", "--sales", "3000", "--days", "21", "--faults", "F8"]
    assert main(["world", str(tmp_path / "w"), *words]) == 0
    told: list[StoreDays] = []
    for engine in ("duckdb", "spark"):
        with checked(tmp_path / "w" / "in", engine=engine) as found:
            assert found.settings.book is not None
            days = gather_days(
                found.engine, found.settings.book, found.outcome.as_of, RecoverySettings()
            )
            assert days is not None
            told.append(days)
    one, other = told
    assert (one.stores, one.methods, one.kin) == (other.stores, other.methods, other.kin)
    assert (one.first_day, one.told_until) == (other.first_day, other.told_until)
    for name, cube in one.counts.items():
        assert cube.sum() > 0
        np.testing.assert_array_equal(cube, other.counts[name])
    for release, span in one.spans.items():
        np.testing.assert_array_equal(span, other.spans[release])
