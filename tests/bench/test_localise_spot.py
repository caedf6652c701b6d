"""RobustSpot, written anew for the comparison, finds what it was made for."""

from __future__ import annotations

from itertools import product

import pyarrow as pa
import pytest

from bench._localise_made import Case
from bench._localise_spot import robustspot

DIMENSIONS = ["model", "bank", "hour"]


@pytest.mark.parametrize("lost", [{"model": "1"}, {"model": "1", "bank": "2"}])
@pytest.mark.parametrize("ratio", [True, False])
def test_the_leaves_that_failed_are_named_by_what_they_share(
    lost: dict[str, str], *, ratio: bool
) -> None:
    rows = []
    for values in product("01234", "0123", "012"):
        leaf = dict(zip(DIMENSIONS, values, strict=True))
        failed = lost.items() <= leaf.items()
        part = 0.4 if failed else 0.95 - 0.001 * int(leaf["hour"])
        rows.append(leaf | {"real": 100 * part, "predict": 95.0, "tried": 100.0, "planned": 100.0})
    columns = {"actual_base": "tried", "expected_base": "planned"} if ratio else {}
    case = Case(pa.Table.from_pylist(rows), DIMENSIONS, set(), columns)
    assert robustspot(case) == {frozenset(lost.items())}
