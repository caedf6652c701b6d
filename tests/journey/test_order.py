"""Order does not matter (the contract's section 3): the answer is a function of the rows."""

from __future__ import annotations

import datetime as dt
import json
import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from daozhang.app.answers import JOURNEY_COLUMNS, summary_json
from daozhang.app.check import checked
from tests.oracle.compare import duplicate_rows, shuffle_files, zone_of
from tests.oracle.estate import make_estate
from tests.oracle.rows import known_at, read_folder, write_csv

SOAK = bool(os.environ.get("DAOZHANG_SOAK"))
SLOW = settings(
    max_examples=150 if SOAK else 3,
    deadline=None,
    derandomize=not SOAK,
    suppress_health_check=list(HealthCheck),
)
TABLES = ("sales", "settlements", "payouts", "credits", "coverage", "accounts", "terminals")
SAME_WHATEVER_FILES = (
    "as_of", "by_status", "by_cause", "identities", "late_by", "speed", "fees",
    "unexplained_credits", "gaps", "provisional_years",
)  # fmt: skip

Answer = tuple[list[tuple[Any, ...]], dict[str, Any]]


def answer(folder: Path, as_of: dt.datetime | None = None) -> Answer:
    """Return journeys as sorted rows, and the part of the summary that speaks of facts."""
    columns = ", ".join(JOURNEY_COLUMNS)
    with checked(folder, as_of=as_of) as found:
        rows = found.engine.rows(f"SELECT {columns} FROM journeys ORDER BY sale_id")
        summary = summary_json(found)
    told = {name: summary[name] for name in SAME_WHATEVER_FILES}
    return rows, json.loads(json.dumps(told, default=str))


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], Path]:
    """Return what makes an estate of a seed for the first who asks."""

    @cache
    def made(seed: int) -> Path:
        return make_estate(seed, sales=60).write(tmp_path_factory.mktemp(f"e{seed}") / "in")

    return made


@pytest.fixture(scope="module")
def told(estate: Callable[[int], Path]) -> Callable[[int], Answer]:
    """Return what gives the answer of an estate of a seed, found once."""
    return cache(lambda seed: answer(estate(seed)))


@SLOW
@given(
    seed=st.sampled_from([3, 17, 29]),
    shuffle=st.integers(0, 10_000),
    pieces=st.integers(1, 7),
    again=st.tuples(st.sampled_from(TABLES), st.sampled_from([0.1, 0.5, 1.0])),
)
def test_grouping_order_repeats_and_file_kind_do_not_matter(
    estate: Callable[[int], Path],
    told: Callable[[int], Answer],
    seed: int,
    shuffle: int,
    pieces: int,
    again: tuple[str, float],
) -> None:
    """Shuffled, regrouped into other files, CSV or Parquet, rows repeated: one answer."""
    mixed = shuffle_files(estate(seed), shuffle, pieces)
    assert answer(duplicate_rows(mixed, *again, shuffle)) == told(seed)


@SLOW
@given(seed=st.sampled_from([3, 17, 29]), share=st.floats(0.2, 1.0))
def test_what_was_learned_later_does_not_matter(
    estate: Callable[[int], Path], seed: int, share: float
) -> None:
    """An answer as of T uses only rows with known_at ≤ T: without the others it is the same."""
    folder = estate(seed)
    facts, zone = read_folder(folder), zone_of(folder)
    times = sorted(
        {
            known
            for table, rows in facts.items()
            for row in rows
            if (known := known_at(table, row, zone)) is not None and known.year > 1900
        }
    )
    moment = times[round(share * (len(times) - 1))]
    cut = folder.with_name("known-by")
    cut.mkdir(exist_ok=True)
    for old in cut.iterdir():
        old.unlink()
    (cut / "terms.toml").write_bytes((folder / "terms.toml").read_bytes())
    for table, rows in facts.items():
        kept = [
            row for row in rows if (known := known_at(table, row, zone)) is None or known <= moment
        ]
        if kept:
            write_csv(cut / f"{table}.csv", kept)
    assert answer(cut, moment) == answer(folder, moment)
