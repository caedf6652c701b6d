"""``replay`` on a simulated estate: what it says, and that it never looks ahead."""

import json
import shutil
from contextlib import redirect_stdout
from datetime import datetime
from io import StringIO
from pathlib import Path

import duckdb
import pytest

from daozhang.cli import replay as command
from daozhang.cli.main import main
from tests.shared import SOAK, opened_once

LOOK = {"at", "verdict", "exposed_terminals", "e_value", "money_at_risk_minor", "why"}
DATED = {"sales": "captured_at", "coverage": "from_at"}
PLACES = (4, 12, 20, 33) if SOAK else (4, 33)
"""Looks that are taken again with what was known then."""


@pytest.fixture(scope="module", autouse=True)
def once():
    """What is found is told in several ways."""
    with opened_once(command):
        yield


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("world") / "w"
    assert main(["world", str(place), "--seed", "3", "--faults", "F8", "--sales", "30000"]) == 0
    return place / "in"


@pytest.fixture(scope="module")
def whole(estate: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, dict]:
    """One replay that most tests read: an estate takes seconds."""
    out = tmp_path_factory.mktemp("replay") / "whole.json"
    with redirect_stdout(StringIO()) as printed:
        told = replayed(estate, out, "--every", "6h", "--json")
    assert json.loads(printed.getvalue()) == told
    return {one["release_id"]: one for one in told}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("world") / "small"
    assert main(["world", str(place), "--seed", "3", "--faults", "F8", "--sales", "600"]) == 0
    return place / "in"


def replayed(folder: Path, out: Path, *words: str) -> list[dict]:
    assert main(["replay", str(folder), "--out", str(out), "--lang", "en", *words]) == 0
    return json.loads(out.read_text(encoding="utf-8"))


def test_the_bad_release_is_halted_and_the_harmless_one_passes(whole: dict[str, dict]):
    bad, good = whole["3.2.1"], whole["5.0.2"]
    assert bad["halted_at"] is not None
    assert bad["passed_at"] is None
    assert good["halted_at"] is None
    assert good["passed_at"] is not None
    for one in whole.values():
        assert all(look.keys() >= LOOK for look in one["looks"])
        assert {look["verdict"] for look in one["looks"]} <= {"PASS", "FAIL", "WAIT"}
        halted = [look for look in one["looks"] if look["verdict"] == "FAIL"]
        assert (halted[0]["at"] if halted else None) == one["halted_at"]
    assert "sign in" in _first(bad, "FAIL")["why"] or "late" in _first(bad, "FAIL")["why"]


def _first(told: dict, verdict: str) -> dict:
    return next(look for look in told["looks"] if look["verdict"] == verdict)


def test_a_look_is_the_same_when_nothing_later_is_known(
    estate: Path, whole: dict[str, dict], tmp_path: Path
):
    for place in PLACES:
        look = whole["3.2.1"]["looks"][place]
        at = datetime.fromisoformat(look["at"])
        past = _known_by(estate, at, tmp_path / f"past{place}")
        told = replayed(
            past, tmp_path / f"{place}.json", "--release", "3.2.1", "--every", "6h",
            "--as-of", look["at"],
        )[0]["looks"][-1]  # fmt: skip
        assert told["at"] == look["at"]
        assert told["e_value"] == pytest.approx(look["e_value"])
        for name in LOOK - {"e_value"}:
            assert told[name] == look[name], name


def _known_by(estate: Path, at: datetime, place: Path) -> Path:
    """Write the facts that were known at a moment."""
    place.mkdir()
    (place / "terms.toml").write_bytes((estate / "terms.toml").read_bytes())
    with duckdb.connect() as connection:
        for path in estate.glob("*.csv"):
            rows = connection.read_csv(str(path), all_varchar=True, header=True)
            if "known_at" in rows.columns:
                past = f"known_at IS NULL OR CAST(known_at AS TIMESTAMPTZ) <= '{at.isoformat()}'"
                rows.filter(past).write_csv(str(place / path.name), header=True)
            else:
                shutil.copy(path, place)
    return place


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--every", "soon"], "--every"),
        (["--alpha", "2"], "--alpha is 2"),
        (["--margin", "0"], "--margin is 0"),
    ],
)
def test_what_cannot_be_replayed_is_said(small: Path, capsys, words, said):
    assert main(["replay", str(small), "--lang", "en", *words]) == 2
    assert said in capsys.readouterr().err


def test_it_speaks_chinese(estate: Path, capsys):
    assert main(["replay", str(estate), "--every", "6h", "--lang", "zh"]) == 0
    said = capsys.readouterr().out
    assert "叫停" in said
    assert "可以开始下一批" in said
