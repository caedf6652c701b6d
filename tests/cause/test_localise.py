"""What is named as a cause: small tables, planted families, every kind of table, broken calls."""

from __future__ import annotations

from collections.abc import Callable
from itertools import product
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
import pytest

from bench._localise_made import make
from bench.localise import score
from daozhang.cause import localise

DIMENSIONS = {
    "release_id": ["3.1.0", "3.2.0", "3.2.1"],
    "model": ["A920", "N910", "P2"],
    "bank": ["icbc", "ccb", "boc", "abc"],
    "region": ["north", "south", "west"],
}
Leaf = dict[str, str]


def table(change: Callable[[Leaf, float], float], plan: Callable[[Leaf], float] | None = None,
          noise: float = 0.02) -> pa.Table:  # fmt: skip
    """Make one leaf of each combination, as expected but for some noise, and change it."""
    rng = np.random.default_rng(5)
    leaves = [dict(zip(DIMENSIONS, combo, strict=True)) for combo in product(*DIMENSIONS.values())]
    expected = [plan(leaf) if plan else float(100 + 7 * n % 50) for n, leaf in enumerate(leaves)]
    real = [
        change(leaf, value * (1 + noise * rng.standard_normal()))
        for leaf, value in zip(leaves, expected, strict=True)
    ]
    columns = {name: [leaf[name] for leaf in leaves] for name in DIMENSIONS}
    return pa.table(columns | {"real": real, "predict": expected})


def times(factor: float, **where: str) -> Callable[[Leaf, float], float]:
    return lambda leaf, value: value * (factor if where.items() <= leaf.items() else 1)


def both(*changes: Callable[[Leaf, float], float]) -> Callable[[Leaf, float], float]:
    def change(leaf: Leaf, value: float) -> float:
        for one in changes:
            value = one(leaf, value)
        return value

    return change


CASES: dict[str, tuple[pa.Table, list[Leaf]]] = {
    "nothing at all is off": (table(times(1), noise=0), []),
    "only noise": (table(times(1)), []),
    "loud noise": (table(times(1), noise=0.3), []),
    "everything is off": (table(times(0.5)), [{}]),
    "nothing came at all": (table(times(0)), [{}]),
    "nothing was expected at all": (table(lambda _, value: value + 5, lambda _: 0.0), [{}]),
    "everything is off, one value more": (
        table(both(times(0.5), times(0.4, model="P2"))), [{}, {"model": "P2"}],
    ),
    "everything is more, one value less": (
        table(both(times(3), times(0.4, model="P2"))), [{}, {"model": "P2"}],
    ),
    "one value, less": (table(times(0.6, model="P2")), [{"model": "P2"}]),
    "one value, more": (table(times(3, bank="ccb")), [{"bank": "ccb"}]),
    "nothing came": (
        table(times(0, region="west", bank="abc")), [{"bank": "abc", "region": "west"}],
    ),
    "nothing was expected": (
        table(lambda leaf, value: value + 9.0 * (leaf["bank"] == "boc"),
              lambda leaf: 0.0 if leaf["bank"] == "boc" else 50.0),
        [{"bank": "boc"}],
    ),
    "a combination of two": (
        table(times(4, release_id="3.2.1", model="A920")),
        [{"release_id": "3.2.1", "model": "A920"}],
    ),
    "a single leaf": (
        table(times(0.1, release_id="3.2.0", model="N910", bank="boc", region="south")),
        [{"release_id": "3.2.0", "model": "N910", "bank": "boc", "region": "south"}],
    ),
    "two causes of one cuboid": (
        table(both(times(0.5, model="P2", bank="icbc"), times(0.5, model="A920", bank="abc"))),
        [{"model": "P2", "bank": "icbc"}, {"model": "A920", "bank": "abc"}],
    ),
    "two causes that cross": (
        table(both(times(0.4, model="P2", bank="icbc"), times(0.7, region="north"))),
        [{"region": "north"}, {"model": "P2", "bank": "icbc"}],
    ),
    "two causes of opposite signs": (
        table(both(times(0.6, release_id="3.2.1"), times(1.8, bank="abc", region="west"))),
        [{"release_id": "3.2.1"}, {"bank": "abc", "region": "west"}],
    ),
    "most values of a dimension": (
        table(both(times(0.5, bank="icbc"), times(0.5, bank="ccb"), times(0.5, bank="boc"))),
        [{"bank": "icbc"}, {"bank": "ccb"}, {"bank": "boc"}],
    ),
}  # fmt: skip


def as_set(causes: list[dict[str, Any]]) -> set[frozenset[tuple[str, Any]]]:
    return {frozenset(cause.items()) for cause in causes}


@pytest.mark.parametrize("name", CASES)
def test_a_small_table(name: str) -> None:
    made, causes = CASES[name]
    said = localise(made, list(DIMENSIONS))
    assert as_set(said) == as_set(causes)
    assert len(said) == len(causes)


def test_the_cause_that_moved_the_total_most_comes_first() -> None:
    made = table(both(times(0.4, model="P2", bank="icbc"), times(0.7, region="north")))
    assert localise(made, list(DIMENSIONS))[0] == {"region": "north"}


@pytest.mark.parametrize("leaves", [3, 4, 6, 10, 30])
def test_one_of_a_few_leaves(leaves: int) -> None:
    frame = pa.table({"store": [f"s{n}" for n in range(leaves)], "real": [10.0] * leaves,
                      "predict": [10.0] * (leaves - 1) + [2.0]})  # fmt: skip
    assert localise(frame, ["store"]) == [{"store": f"s{leaves - 1}"}]


def test_null_is_a_value() -> None:
    made = table(times(0.5, model="P2")).to_pandas()
    made.loc[made["model"] == "P2", "model"] = None
    assert localise(made, list(DIMENSIONS)) == [{"model": None}]


def test_values_keep_their_kind() -> None:
    hours, days = list(range(24)) * 4, [day for day in range(4) for _ in range(24)]
    planned = [3 if hour == 9 else 8 for hour in hours]
    frame = pa.table({"hour": hours, "day": days, "real": [8] * 96, "predict": planned})
    assert localise(frame, ["hour", "day"]) == [{"hour": 9}]


def test_rows_of_one_combination_are_added_up() -> None:
    made = table(times(0.6, model="P2"))
    assert localise(made, ["model", "region"]) == [{"model": "P2"}]
    doubled = pa.concat_tables([made, made])
    assert localise(doubled, list(DIMENSIONS)) == localise(made, list(DIMENSIONS))


def test_a_ratio_is_told_by_its_shares_not_by_its_amounts() -> None:
    """Twice the sales with twice the late ones is as expected; half the sales as many is not."""
    rng = np.random.default_rng(2)
    made = table(times(1, bank="none")).to_pandas()
    made["planned"] = 1000.0
    made["sales"] = made["planned"] * rng.lognormal(0, 0.7, len(made))
    made["late"] = made["sales"] * made["predict"] / 1000 * rng.normal(1, 0.02, len(made))
    bases = {"actual_base": "sales", "expected_base": "planned"}
    assert localise(made, list(DIMENSIONS), "late", **bases) == []
    made.loc[made["model"] == "A920", "late"] *= 1.7
    assert localise(made, list(DIMENSIONS), "late", **bases) == [{"model": "A920"}]


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize(("family", "least"), [("late 1", 0), ("late 8", 1), ("late 32", 1)])
def test_money_that_is_late_in_few_leaves(number: int, family: str, least: int) -> None:
    case = make(family, number)
    assert (case.table.column("real").to_numpy() == 0).mean() > 0.5
    said = localise(case.table, case.dimensions)
    assert said == [{"a": "a2", "b": "b3"}][:least]


FRAMES: dict[str, Callable[[pa.Table], Any]] = {
    "pyarrow": lambda made: made,
    "record batch": lambda made: made.to_batches()[0],
    "reader": lambda made: made.to_reader(),
    "chunks": lambda made: pa.concat_tables([made.slice(0, 7), made.slice(7)]),
    "dictionaries": lambda made: made.set_column(
        1, "model", made.column("model").dictionary_encode()
    ),
    "pandas": lambda made: made.to_pandas(),
    "duckdb": lambda made: duckdb.connect().from_arrow(made),
}


@pytest.mark.parametrize("kind", FRAMES)
def test_every_kind_of_table(kind: str) -> None:
    made = table(times(0.6, model="P2", bank="ccb"))
    assert localise(FRAMES[kind](made), list(DIMENSIONS)) == [{"model": "P2", "bank": "ccb"}]


BROKEN: dict[str, tuple[Any, dict[str, Any], type[Exception], str]] = {
    "no table": ([1, 2], {}, TypeError, "exports no Arrow"),
    "no dimensions": (None, {"dimensions": []}, ValueError, "one column or more"),
    "a name for a list": (None, {"dimensions": "model"}, ValueError, "as a list"),
    "a dimension unknown": (None, {"dimensions": ["modell"]}, ValueError, "'modell' is not in"),
    "a dimension twice": (None, {"dimensions": ["model", "model"]}, ValueError, "named twice"),
    "a measure unknown": (None, {"actual": "late"}, ValueError, "'late' is not in"),
    "a measure among dimensions": (None, {"dimensions": ["real"]}, ValueError, "as a measure"),
    "a measure of text": (None, {"actual": "bank"}, TypeError, "'bank' is string"),
    "one base": (None, {"actual_base": "real"}, ValueError, "two bases"),
    "a measure with nulls": (
        pa.table({"model": ["a", "b"], "real": [1.0, None], "predict": [1.0, 1.0]}),
        {}, ValueError, "1 nulls",
    ),
    "a measure without end": (
        pa.table({"model": ["a", "b"], "real": [1.0, float("inf")], "predict": [1.0, 1.0]}),
        {}, ValueError, "not finite",
    ),
    "a column twice": (
        pa.table([["a"], ["b"], [1.0], [1.0]], names=["model", "model", "real", "predict"]),
        {}, ValueError, "twice",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", BROKEN)
def test_a_broken_call_raises(name: str) -> None:
    frame, given, error, words = BROKEN[name]
    columns = {"dimensions": ["model"], **given}
    if name.startswith("a measure of"):
        columns["dimensions"] = ["model", "region"]
    with pytest.raises(error, match=words):
        localise(table(times(1)) if frame is None else frame, **columns)


def test_an_empty_table_has_no_causes() -> None:
    assert localise(table(times(1)).slice(0, 0), list(DIMENSIONS)) == []
    untyped = {"store": pa.nulls(0), "real": pa.nulls(0, pa.float64()),
               "predict": pa.nulls(0, pa.float64())}  # fmt: skip
    assert localise(pa.table(untyped), ["store"]) == []


@pytest.mark.parametrize("kind", ["nothing", "no text", "one value", "no number"])
def test_a_dimension_that_says_nothing_changes_nothing(kind: str) -> None:
    made = table(both(times(0.4, model="P2", bank="icbc"), times(0.7, region="north")))
    rows = made.num_rows
    column = {
        "nothing": pa.nulls(rows),
        "no text": pa.nulls(rows, pa.string()),
        "one value": pa.array(["x"] * rows),
        "no number": pa.array([float("nan")] * rows),
    }[kind]
    said = localise(made.append_column("empty", column), [*DIMENSIONS, "empty"])
    assert said == localise(made, list(DIMENSIONS)) != []


@pytest.mark.parametrize(
    ("family", "cases", "least"),
    [
        ("S", 6, 0.9),
        ("L", 8, 0.95),
        ("A", 6, 0.9),
        ("B0", 6, 0.9),
        ("B4", 6, 0.85),
        ("D", 6, 0.9),
    ],
)
def test_planted_causes_are_found(family: str, cases: int, least: float) -> None:
    """A small version of the measurements of docs/localise.md."""
    told = [0, 0, 0]
    for number in range(1_000, 1_000 + cases):
        case = make(family, number)
        said = localise(case.table, case.dimensions, **case.columns)
        told = [sum(pair) for pair in zip(told, score(as_set(said), case.truth), strict=True)]
    right, wrong, missed = told
    assert 2 * right / (2 * right + wrong + missed) >= least
