"""The gate's evidence on Spark: the same arrays."""

from dataclasses import fields
from pathlib import Path

import numpy as np
import pytest

from daozhang.app.check import checked
from daozhang.cli.main import main
from daozhang.gate import Evidence
from daozhang.gate.gather import gather, releases

pytestmark = [pytest.mark.spark, pytest.mark.soak]


def test_evidence_is_the_same_on_both_engines(tmp_path: Path) -> None:
    words = ["--seed", "5", "--sales", "3000", "--days", "14", "--faults", "F8,F6"]
    assert main(["world", str(tmp_path / "w"), *words]) == 0
    told = []
    for engine in ("duckdb", "spark"):
        with checked(tmp_path / "w" / "in", engine=engine) as found:
            assert found.settings.book is not None
            release = releases(found.engine)[0]
            zone = found.settings.book.timezone
            told.append(gather(found.engine, release, zone, found.outcome.as_of))
    one, other = told
    assert _counts(one) == _counts(other)
    assert one.blind == other.blind


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
        said.append((outcome.key, sorted(harms), int(outcome.risk.sum())))
    return said
