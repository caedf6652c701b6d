"""What holds of every table: the answer does not hang on order, scale or names."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
from hypothesis import given, settings
from hypothesis import strategies as st

from daozhang.cause import localise

SIZES = {"a": 4, "b": 3, "c": 5}


def made(seed: int, causes: int, noise: float, share: float) -> pa.Table:
    """Make a table of some of all combinations, with some causes of different strengths."""
    rng = np.random.default_rng(seed)
    codes = np.stack([axis.ravel() for axis in np.indices(tuple(SIZES.values()))])
    expected = rng.lognormal(3, 1, codes.shape[1])
    real = np.maximum(expected * (1 + rng.normal(0, noise, expected.size)), 0)
    for _ in range(causes):
        dims = rng.choice(3, size=int(rng.integers(1, 4)), replace=False)
        here = np.logical_and.reduce(
            [codes[d] == rng.integers(0, codes[d].max() + 1) for d in dims]
        )
        real[here] *= rng.choice([0.0, 0.3, 0.6, 2.0, 5.0])
    kept = rng.uniform(size=expected.size) < share
    columns: dict[str, Any] = {
        name: [f"{name}{code}" for code in codes[dim, kept]] for dim, name in enumerate(SIZES)
    }
    return pa.table(columns | {"real": real[kept], "predict": expected[kept]})


tables = st.builds(
    made,
    st.integers(0, 2**31),
    st.integers(0, 3),
    st.sampled_from([0.0, 0.01, 0.1, 0.4]),
    st.sampled_from([0.3, 0.8, 1.0]),
)


@settings(max_examples=60, deadline=None)
@given(tables, st.randoms(use_true_random=False))
def test_the_order_of_rows_and_columns_leaves_no_trace(frame: pa.Table, rng: Any) -> None:
    rows, dimensions, columns = list(range(frame.num_rows)), list(SIZES), frame.column_names
    said = localise(frame, dimensions)
    for order in (rows, dimensions, columns):
        rng.shuffle(order)
    assert localise(frame.take(rows).select(columns), dimensions) == said


@settings(max_examples=40, deadline=None)
@given(tables, st.sampled_from([2.0**-20, 0.25, 1024.0]))
def test_another_unit_leaves_no_trace(frame: pa.Table, unit: float) -> None:
    scaled = frame
    for name in ("real", "predict"):
        at = frame.column_names.index(name)
        scaled = scaled.set_column(at, name, pa.array(frame.column(name).to_numpy() * unit))
    assert localise(scaled, list(SIZES)) == localise(frame, list(SIZES))


@settings(max_examples=40, deadline=None)
@given(tables)
def test_what_is_said_is_in_the_table(frame: pa.Table) -> None:
    leaves = [set(leaf.items()) for leaf in frame.to_pylist()]
    said = localise(frame, list(SIZES))
    assert len({frozenset(cause.items()) for cause in said}) == len(said)
    assert all(any(cause.items() <= leaf for leaf in leaves) for cause in said)


@settings(max_examples=40, deadline=None)
@given(tables)
def test_leaves_that_say_nothing_change_nothing(frame: pa.Table) -> None:
    empty = pa.table({"a": ["a0", "new"], "b": ["new", "b1"], "c": ["c1", "new"],
                      "real": [0.0, 0.0], "predict": [0.0, 0.0]})  # fmt: skip
    dimensions = list(SIZES)
    assert localise(pa.concat_tables([frame, empty]), dimensions) == localise(frame, dimensions)


@settings(max_examples=40, deadline=None)
@given(tables)
def test_a_table_as_expected_has_no_causes(frame: pa.Table) -> None:
    at = frame.column_names.index("real")
    assert localise(frame.set_column(at, "real", frame.column("predict")), list(SIZES)) == []
