"""Closed books: whatever was ingested when, the journeys are those of a run from nothing (R2)."""

from __future__ import annotations

import json
import os
import random
import shutil
from collections.abc import Callable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from daozhang.app.answers import JOURNEY_COLUMNS, summary_json
from daozhang.app.check import checked
from daozhang.app.ingest import ingest
from tests.oracle.compare import zone_of
from tests.oracle.estate import make_estate
from tests.oracle.rows import Facts, known_at, read_folder, write_csv

SOAK = bool(os.environ.get("DAOZHANG_SOAK"))
SLICINGS = 10 if SOAK else 1
SAME = (
    "as_of", "by_status", "by_cause", "identities", "late_by", "speed", "fees",
    "unexplained_credits", "gaps", "waiting", "missing_statements", "provisional_years",
)  # fmt: skip

Answer = tuple[list[tuple[Any, ...]], dict[str, Any]]


def answer(place: Path, *, whole: bool = False) -> Answer:
    """Return journeys as sorted rows, and the part of the summary that speaks of facts."""
    columns = ", ".join(JOURNEY_COLUMNS)
    with checked(place, whole=whole) as found:
        rows = found.engine.rows(f"SELECT {columns} FROM journeys ORDER BY sale_id")
        summary = summary_json(found)
    told = {name: summary[name] for name in SAME}
    return rows, json.loads(json.dumps(told, default=str))


def slices(folder: Path, pieces: int, seed: int, *, in_time: bool) -> list[Facts]:
    """Cut the rows of a folder into pieces: by when they were known, or at random."""
    chance = random.Random(seed)
    facts, zone = read_folder(folder), zone_of(folder)
    rows = [(table, row) for table, found in facts.items() for row in found]
    if in_time:
        rows.sort(key=lambda r: str(known_at(*r, zone) or ""))
        cuts = sorted(chance.sample(range(1, len(rows)), pieces - 1))
        parts = [rows[a:b] for a, b in zip([0, *cuts], [*cuts, len(rows)], strict=True)]
    else:
        parts = [[] for _ in range(pieces)]
        for entry in rows:
            chance.choice(parts).append(entry)
    cut: list[Facts] = []
    for part in parts:
        chance.shuffle(part)
        piece: Facts = {}
        for table, row in part:
            piece.setdefault(table, []).append(row)
        cut.append(piece)
    return cut


def add(store: Path, piece: Facts, number: int, terms: Path) -> None:
    """Ingest one piece, its files named by its number."""
    inbox = store.with_name(f"inbox-{number}")
    inbox.mkdir()
    (inbox / "terms.toml").write_bytes(terms.read_bytes())
    for table, rows in piece.items():
        write_csv(inbox / f"{table}-{number}.csv", rows)
    for result in ingest(store, sorted(inbox.iterdir())):
        assert result.status in {"added", "copied", "already_there"}, result
    shutil.rmtree(inbox)


def closed_sales(store: Path) -> int:
    """Return how many sales the store's books hold as closed."""
    current = store / "closed" / "current.json"
    if not current.is_file():
        return 0
    data = json.loads(current.read_text(encoding="utf-8"))
    return sum(sales for _, sales in data["segments"]) - int(data["reopened"])


def grown(store: Path, pieces: Sequence[Facts], terms: Path) -> list[int]:
    """Ingest pieces one after the other with a check after each; return how many were closed."""
    counts = []
    for number, piece in enumerate(pieces):
        add(store, piece, number, terms)
        if "sales" in piece:
            answer(store)
        counts.append(closed_sales(store))
    return counts


def written(place: Path) -> tuple[bytes, bytes]:
    """Return the journeys of a store or folder in order, and its incidents, as text."""
    columns = ", ".join(JOURNEY_COLUMNS)
    with checked(place) as found:
        rows = found.engine.rows(f"SELECT {columns} FROM journeys ORDER BY sale_id")
        incidents = found.engine.rows("SELECT * FROM incidents ORDER BY incident_id")
    return repr(rows).encode(), repr(incidents).encode()


@pytest.fixture(scope="module")
def history(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, tuple[bytes, bytes]]:
    """One estate and its answer from one folder."""
    folder = make_estate(61, sales=70, days=8).write(tmp_path_factory.mktemp("history") / "in")
    return folder, written(folder)


@pytest.mark.soak
@pytest.mark.parametrize("slicing", range(20))
def test_twenty_slicings_of_one_history(
    history: tuple[Path, tuple[bytes, bytes]], tmp_path: Path, slicing: int
) -> None:
    """However one history is cut and shuffled, its journeys are the same to the byte."""
    folder, expected = history
    pieces = slices(folder, 2 + slicing % 4, 100 + slicing, in_time=slicing % 2 == 0)
    if slicing % 4 == 2:  # Whole days, in any order.
        random.Random(slicing).shuffle(pieces)
    store = tmp_path / "store"
    grown(store, pieces, folder / "terms.toml")
    assert written(store) == expected


@pytest.fixture(scope="module")
def estates(tmp_path_factory: pytest.TempPathFactory) -> Callable[[int], tuple[Path, Answer]]:
    """Return what makes an estate of a seed, with its answer, for the first who asks."""

    @cache
    def made(seed: int) -> tuple[Path, Answer]:
        place = tmp_path_factory.mktemp(f"e{seed}")
        folder = make_estate(seed, sales=70, days=8).write(place / "in")
        return folder, answer(folder)

    return made


@pytest.mark.parametrize("seed", range(SLICINGS))
@pytest.mark.parametrize("in_time", [True, False], ids=["by-day", "at-random"])
def test_slices_end_in_the_same_journeys(
    estates: Callable[[int], tuple[Path, Answer]], tmp_path: Path, seed: int, *, in_time: bool
) -> None:
    """Any slicing into ingests, with a check after each, ends row for row as one folder does."""
    folder, expected = estates(seed + 40)
    *pieces, last = slices(folder, 8 if SOAK else 3, seed, in_time=in_time)
    store, terms = tmp_path / "store", folder / "terms.toml"
    counts = grown(store, pieces, terms)
    add(store, last, len(pieces), terms)
    assert answer(store) == expected
    counts.append(closed_sales(store))
    assert answer(store) == expected  # And once more, with nothing new.
    if in_time:
        assert max(counts) > 0
    if in_time or SOAK:
        assert answer(store, whole=True) == expected
