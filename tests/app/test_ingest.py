"""Day by day or all at once: a store that was fed slices answers like one check of the folder.

(The contract's "Order does not matter"; that a broken ingest leaves the store as before or after
is tested with the store.)
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from daozhang.app.answers import JOURNEY_COLUMNS, summary_json
from daozhang.app.check import checked
from daozhang.app.ingest import ingest
from tests.oracle.compare import slice_by_known_at, zone_of
from tests.oracle.estate import make_estate
from tests.oracle.rows import as_rfc3339, last_known, read_folder

SOAK = bool(os.environ.get("DAOZHANG_SOAK"))
SEEDS = range(40) if SOAK else (6,)
SALES = 300 if SOAK else 70


Answer = tuple[list[tuple[Any, ...]], dict[str, Any]]
Whole = Callable[[int], tuple[Path, Answer]]


def answer(source: Path, as_of: datetime | None = None) -> Answer:
    columns = ", ".join(JOURNEY_COLUMNS)
    with checked(source, as_of=as_of) as found:
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


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """Return what makes the folder of a seed and its answer, for the first who asks."""

    @cache
    def made(seed: int) -> tuple[Path, Answer]:
        place = tmp_path_factory.mktemp(f"e{seed}")
        folder = make_estate(seed, sales=SALES).write(place / "in")
        return folder, answer(folder)

    return made


@pytest.mark.parametrize("seed", SEEDS)
def test_slices_add_up_to_the_whole_in_any_order(seed: int, whole: Whole, tmp_path: Path) -> None:
    """Rows with the same key are one fact, in however many files, whichever comes first."""
    folder, expected = whole(seed)
    slices = slice_by_known_at(folder, 4)
    mixed = [slices[-1], *random.Random(seed).sample(slices[:-1], len(slices) - 1)]
    feed(tmp_path / "mixed", mixed)
    assert answer(tmp_path / "mixed") == expected
    overlapping = slice_by_known_at(folder, 3, overlap=0.4, seed=seed)
    feed(tmp_path / "overlapping", overlapping)
    assert answer(tmp_path / "overlapping") == expected


@pytest.mark.parametrize("seed", SEEDS)
def test_each_day_answers_like_what_was_known_then(seed: int, whole: Whole, tmp_path: Path) -> None:
    """The first k slices answer like a check as of the latest known_at of the k-th."""
    folder, expected = whole(seed)
    *parts, last = slice_by_known_at(folder, 3)
    for part in parts:
        feed(tmp_path / "store", [part])
        moment = last_known(read_folder(part), zone_of(folder))
        now = answer(tmp_path / "store")
        assert now == answer(folder, moment)
        assert now[1]["as_of"] == as_rfc3339(moment)
    feed(tmp_path / "store", [last])
    assert answer(tmp_path / "store") == expected


def test_the_same_file_twice_is_already_there(whole: Whole, tmp_path: Path) -> None:
    """Repeats change nothing and are said to be repeats."""
    folder, expected = whole(SEEDS[0])
    assert set(feed(tmp_path / "store", [folder])) == {"added", "copied"}
    again = feed(tmp_path / "store", [folder])
    assert set(again) == {"already_there", "copied"}
    assert answer(tmp_path / "store") == expected


def test_terms_may_come_last(whole: Whole, tmp_path: Path) -> None:
    """Settings go first among the files of a call; in a later call they still hold."""
    folder, expected = whole(SEEDS[0])
    facts = [p for p in folder.iterdir() if p.suffix == ".csv"]
    assert list(ingest(tmp_path / "store", facts))
    assert list(ingest(tmp_path / "store", [folder / "terms.toml"]))
    assert answer(tmp_path / "store") == expected
