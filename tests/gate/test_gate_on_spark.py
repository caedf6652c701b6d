"""The gate's evidence on Spark: the same arrays."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from daozhang.app.check import checked
from daozhang.cli.main import main
from daozhang.gate import Evidence
from daozhang.gate.gather import SQL, gather, releases

pytestmark = [pytest.mark.spark, pytest.mark.soak]


def test_evidence_is_the_same_on_both_engines(tmp_path: Path) -> None:
    words = ["--seed", "5", "--sales", "3000", "--days", "14", "--faults", "F8,F6"]
    assert main(["world", str(tmp_path / "w"), *words]) == 0
    estate = tmp_path / "w" / "in"
    drawn = ["waves", str(estate), "--release", "3.2.1", "--out", str(estate / "actions-lot.csv")]
    assert main(drawn) == 0
    told, rows = [], []
    for engine in ("duckdb", "spark"):
        with checked(estate, engine=engine) as found:
            assert found.settings.book is not None
            zone = found.settings.book.timezone
            assert "3.2.1" in releases(found.engine)
            told.append(gather(found.engine, "3.2.1", zone, found.outcome.as_of))
            rows.append(
                {
                    name: sorted(map(tuple, found.engine.rows(SQL[name])))
                    for name in ("gate_places", "gate_drawn", "gate_shapes", "gate_fleet")
                }
            )
    one, other = told
    assert _counts(one) == _counts(other)
    assert one.blind == other.blind
    assert all(rows[0].values())
    assert rows[0] == rows[1]
    assert one.fleet.lot is not None
    assert other.fleet.lot is not None
    assert one.fleet.ids == other.fleet.ids
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
