"""``checked``: what it refuses, what it closes, and the calls that are no answer."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from daozhang.app.check import UnusableError, checked
from tests.app.cases import IN_TIME, PAID
from tests.app.small import term, write_small


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small(tmp_path / "in", term(), {**PAID, "credits": IN_TIME})


def test_every_stage_and_file_is_told_once(folder: Path) -> None:
    """Faces show progress: each file before it is read, each stage as it begins."""
    stages: list[str] = []
    files: list[str] = []
    with checked(folder, on_stage=stages.append, on_file=lambda p: files.append(p.file)):
        pass
    assert stages == [
        "facts", "promises", "settlement", "credits", "journeys", "causes", "identities",
    ]  # fmt: skip
    assert files == sorted(p.name for p in folder.iterdir())


@pytest.mark.parametrize("what", ["nowhere", "a file", "only accounts", "only headers"])
def test_what_cannot_be_answered_says_why(tmp_path: Path, folder: Path, what: str) -> None:
    """Exit status 2 at the root: one sentence, never another error."""
    source = {"nowhere": tmp_path / "none", "a file": folder / "sales.csv"}.get(what, folder)
    if source == folder:
        for path in folder.glob("*.csv"):
            if what == "only accounts" and path.name != "accounts.csv":
                path.unlink()
            elif what == "only headers":
                path.write_text(path.read_text().splitlines()[0] + "\n")
    with pytest.raises(UnusableError) as caught, checked(source):
        pass
    assert len(str(caught.value)) > 20
    assert "\n" not in str(caught.value)


def test_an_instant_of_any_zone_is_the_same_moment(folder: Path) -> None:
    """As of T: the zone it is written in does not matter."""
    moment = dt.datetime(2026, 5, 13, 2, 30, tzinfo=dt.UTC)
    answers = []
    for hours in (0, 8, -5):
        zone = dt.timezone(dt.timedelta(hours=hours))
        with checked(folder, as_of=moment.astimezone(zone)) as found:
            answers.append(found.engine.rows("SELECT * FROM journeys"))
            assert found.outcome.as_of == moment
    assert answers[0] == answers[1] == answers[2]


def test_the_answer_leaves_the_folder_as_it_was(folder: Path) -> None:
    """A check writes nothing into its source."""
    before = {p: p.read_bytes() for p in folder.iterdir()}
    with checked(folder):
        pass
    assert {p: p.read_bytes() for p in folder.iterdir()} == before
