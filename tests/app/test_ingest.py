"""Day by day or all at once: a store that was fed slices answers like one check of the folder.

(The contract's "Order does not matter"; that a broken ingest leaves the store as before or after
is tested with the store.)
"""

from __future__ import annotations

import os
import random
from pathlib import Path
from typing import Any

import pytest

from daozhang.app.answers import JOURNEY_COLUMNS, summary_json
from daozhang.app.check import checked
from daozhang.app.ingest import ingest
from tests.oracle.compare import slice_by_known_at, zone_of
from tests.oracle.estate import make_estate
from tests.oracle.rows import last_known, read_folder

SOAK = bool(os.environ.get("DAOZHANG_SOAK"))
SEEDS = range(40) if SOAK else (6,)
SALES = 300 if SOAK else 70


def answer(source: Path) -> tuple[list[tuple[Any, ...]], dict[str, Any]]:
    columns = ", ".join(JOURNEY_COLUMNS)
    with checked(source) as found:
        rows = found.engine.rows(f"SELECT {columns} FROM journeys ORDER BY sale_id")
        summary = summary_json(found)
    return rows, {name: summary[name] for name in ("as_of", "by_status", "identities", "late_by")}


def feed(store: Path, folders: list[Path]) -> list[str]:
    """Ingest folders one after the other; return the status of every file."""
    told = []
    for folder in folders:
        for result in ingest(store, sorted(folder.iterdir())):
            assert result.status != "refused", result
            told.append(result.status)
    return told


@pytest.mark.parametrize("seed", SEEDS)
def test_slices_add_up_to_the_whole_in_any_order(seed: int, tmp_path: Path) -> None:
    """Rows with the same key are one fact, in however many files, whichever comes first."""
    folder = make_estate(seed, sales=SALES).write(tmp_path / "in")
    expected = answer(folder)
    slices = slice_by_known_at(folder, 4)
    feed(tmp_path / "in-order", slices)
    assert answer(tmp_path / "in-order") == expected
    mixed = random.Random(seed).sample(slices, len(slices))
    feed(tmp_path / "mixed", mixed)
    assert answer(tmp_path / "mixed") == expected
    overlapping = slice_by_known_at(folder, 3, overlap=0.4, seed=seed)
    feed(tmp_path / "overlapping", overlapping)
    assert answer(tmp_path / "overlapping") == expected


def test_each_day_answers_like_what_was_known_then(tmp_path: Path) -> None:
    """The first k slices answer like a check as of the latest known_at of the k-th."""
    folder = make_estate(8, sales=60).write(tmp_path / "in")
    columns = ", ".join(JOURNEY_COLUMNS)
    for part in slice_by_known_at(folder, 3):
        feed(tmp_path / "store", [part])
        moment = last_known(read_folder(part), zone_of(folder))
        with checked(tmp_path / "store") as grown, checked(folder, as_of=moment) as whole:
            assert grown.outcome.as_of == whole.outcome.as_of == moment
            sql = f"SELECT {columns} FROM journeys ORDER BY sale_id"
            assert grown.engine.rows(sql) == whole.engine.rows(sql)


def test_the_same_file_twice_is_already_there(tmp_path: Path) -> None:
    """Repeats change nothing and are said to be repeats."""
    folder = make_estate(9, sales=40).write(tmp_path / "in")
    feed(tmp_path / "store", [folder])
    before = answer(tmp_path / "store")
    again = feed(tmp_path / "store", [folder])
    assert set(again) == {"already_there", "copied"}
    assert answer(tmp_path / "store") == before == answer(folder)


def test_terms_may_come_last(tmp_path: Path) -> None:
    """Settings go first among the files of a call; in a later call they still hold."""
    folder = make_estate(10, sales=30).write(tmp_path / "in")
    facts = [p for p in folder.iterdir() if p.suffix == ".csv"]
    assert list(ingest(tmp_path / "store", facts))
    assert list(ingest(tmp_path / "store", [folder / "terms.toml"]))
    assert answer(tmp_path / "store") == answer(folder)
