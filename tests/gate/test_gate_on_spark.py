"""The gate's evidence on Spark: the same arrays."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from daozhang.app.check import checked
from daozhang.cli.main import main
from daozhang.engine.duck import DuckEngine
from daozhang.engine.spark import SparkEngine
from daozhang.engine.sqlfiles import forbidden_constructs
from daozhang.gate import Evidence
from daozhang.gate.gather import SQL, gather, releases

ALONE = ("gate_places", "gate_drawn", "gate_shapes", "gate_fleet")
"""Files that say who is compared with whom."""

GIVEN = ("outcomes", "facts_accounts", "facts_actions", "facts_sales", "facts_upgrades",
         "gate_known", "gate_run")  # fmt: skip
"""What they read."""


def test_its_sql_uses_only_what_both_engines_share() -> None:
    mine = [name for name in SQL.texts if name.startswith("gate_")]
    assert set(ALONE) < set(mine)
    for name in mine:
        assert not forbidden_constructs(SQL[name]), name


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return an estate of which waves were drawn."""
    place = tmp_path_factory.mktemp("world") / "w"
    words = ["--seed", "5", "--sales", "3000", "--days", "14", "--faults", "F8,F6"]
    assert main(["world", str(place), *words]) == 0
    lot = place / "in" / "actions-lot.csv"
    assert main(["waves", str(place / "in"), "--release", "3.2.1", "--out", str(lot)]) == 0
    return place / "in"


def gathered(estate: Path, engine: str) -> tuple[Evidence, dict[str, pa.Table]]:
    """Return the evidence, and what the files read that say who is compared with whom."""
    with checked(estate, engine=engine) as found:
        assert found.settings.book is not None
        assert "3.2.1" in releases(found.engine)
        zone = found.settings.book.timezone
        evidence = gather(found.engine, "3.2.1", zone, found.outcome.as_of)
        return evidence, {name: found.engine.fetch(f"SELECT * FROM {name}") for name in GIVEN}


@pytest.mark.spark
@pytest.mark.soak
def test_who_is_compared_with_whom_is_the_same_on_both_engines(estate: Path) -> None:
    _, given = gathered(estate, "duckdb")
    told = []
    for engine in (DuckEngine(), SparkEngine()):
        for table, rows in given.items():
            engine.put(table, rows)
        told.append({name: sorted(map(tuple, engine.rows(SQL[name]))) for name in ALONE})
        engine.close()
    assert all(told[0].values())
    assert told[0] == told[1]


@pytest.mark.spark
@pytest.mark.soak
def test_evidence_is_the_same_on_both_engines(estate: Path) -> None:
    (one, _), (other, _) = (gathered(estate, engine) for engine in ("duckdb", "spark"))
    assert _counts(one) == _counts(other)
    assert one.blind == other.blind
    assert one.fleet.ids == other.fleet.ids
    assert one.fleet.lot is not None
    assert other.fleet.lot is not None
    for field in ("wave", "held", "known"):
        of_one, of_other = getattr(one.fleet.lot, field), getattr(other.fleet.lot, field)
        assert of_one.tolist() == of_other.tolist()


def _counts(evidence: Evidence) -> list[object]:
    """What does not depend on the order in which an engine gives rows."""
    said: list[object] = []
    for field in fields(Evidence):
        value = getattr(evidence, field.name)
        if isinstance(value, np.ndarray):
            said.append((field.name, sorted(value.tolist())))
    for outcome in evidence.outcomes:
        harms = zip(
            outcome.terminal[outcome.harm_unit].tolist(), outcome.harm_day.tolist(),
            outcome.harm_seen.tolist(), strict=True,
        )  # fmt: skip
        shapes = zip(outcome.terminal.tolist(), outcome.shape[outcome.pod].tolist(), strict=True)
        said.append((outcome.key, sorted(harms), int(outcome.risk.sum()), sorted(shapes)))
    return said
