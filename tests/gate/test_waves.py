"""``waves`` on a small estate: the lot is written as facts, and the gate takes it for its own."""

import csv
import json
from pathlib import Path

import pytest

from daozhang.cli import replay, waves
from daozhang.cli.main import main
from daozhang.facts import TABLES
from tests.shared import opened_once


@pytest.fixture(scope="module", autouse=True)
def once():
    """The estate is the same however it is drawn from."""
    with opened_once(replay, waves):
        yield


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("world") / "w"
    assert main(["world", str(place), "--seed", "3", "--sales", "1500", "--days", "10"]) == 0
    return place / "in"


def test_a_lot_is_drawn_shown_and_written_as_facts_that_the_gate_takes(estate: Path, capsys):
    terminals, upgrades = _rows(estate / "terminals.csv"), _rows(estate / "upgrades.csv")
    upgraded = {row["terminal_id"] for row in upgrades if row["release_id"] == "3.2.1"}
    assert upgraded
    model = next(row["model"] for row in terminals if row["terminal_id"] not in upgraded)
    out = estate / "actions-lot.csv"
    words = ["waves", str(estate), "--release", "3.2.1", "--where", f"model={model}"]
    assert main([*words, "--out", str(out), "--lang", "en"]) == 0
    assert "held back" in capsys.readouterr().out
    drawn = _rows(out)
    assert {row["scope_id"] for row in drawn} == {
        row["terminal_id"]
        for row in terminals
        if row["model"] == model and row["terminal_id"] not in upgraded
    }
    assert set(drawn[0]) <= set(TABLES["actions"].names)
    assert main([*words, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    after = {row["scope_id"]: row["after"] for row in drawn}
    assert {after[t] for t in told["held_back"]} == {"3.2.1/hold_back"}
    assert [{after[t] for t in wave} for wave in told["waves"]] == [
        {f"3.2.1/{number}"} for number in range(1, len(told["waves"]) + 1)
    ]
    assert main(["replay", str(estate), "--release", "3.2.1", "--every", "1d", "--json"]) == 0
    (release,) = json.loads(capsys.readouterr().out)
    # All who have the release had it before anybody drew.
    assert release["lot"] == {
        "terminals": len(drawn), "held_back": len(told["held_back"]), "drawn_too_late": 0,
        "upgraded_early": [],
    }  # fmt: skip
    assert "Not compared by lot" in release["looks"][-1]["why"]


def _rows(path: Path) -> list[dict[str, str]]:
    return list(csv.DictReader(path.read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--waves", "ten"], "--waves 'ten' are no shares"),
        (["--where", "A920"], "--where 'A920' names no column"),
        (["--where", "colour=red"], "terminals.csv has no column colour; it has: carrier"),
        (["--where", "model=none"], "No terminal is left to be upgraded to 3.2.1"),
        (["--out", "lot.csv"], "lot.csv would not be read as facts"),
        (["--hold-back", "0.7"], "--hold-back is 0.7; allowed is 0 to 0.5"),
    ],
)
def test_what_cannot_be_drawn_is_said(estate: Path, capsys, words, said):
    assert main(["waves", str(estate), "--release", "3.2.1", "--lang", "en", *words]) == 2
    assert said in capsys.readouterr().err


def test_a_release_that_nobody_has_cannot_be_replayed(estate: Path, capsys):
    assert main(["replay", str(estate), "--release", "9.9", "--lang", "en"]) == 2
    assert "No terminal was upgraded to 9.9" in capsys.readouterr().err
