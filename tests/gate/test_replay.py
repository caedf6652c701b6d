"""``replay`` on a simulated estate: what it says, and that it never looks ahead."""

import csv
import json
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from daozhang.cli.main import main

LOOK = {"at", "verdict", "exposed_terminals", "e_value", "money_at_risk_minor", "why"}
DATED = {"sales": "captured_at", "coverage": "from_at"}


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("world") / "w"
    assert main(["world", str(place), "--seed", "3", "--faults", "F8", "--sales", "60000"]) == 0
    return place / "in"


def replayed(folder: Path, out: Path, *words: str) -> list[dict]:
    assert main(["replay", str(folder), "--out", str(out), "--lang", "en", *words]) == 0
    return json.loads(out.read_text(encoding="utf-8"))


def test_the_bad_release_is_halted_and_the_harmless_one_passes(estate: Path, tmp_path: Path):
    told = {one["release_id"]: one for one in replayed(estate, tmp_path / "r.json")}
    bad, good = told["3.2.1"], told["5.0.2"]
    assert bad["halted_at"] is not None
    assert bad["passed_at"] is None
    assert good["halted_at"] is None
    assert good["passed_at"] is not None
    for one in told.values():
        assert all(look.keys() >= LOOK for look in one["looks"])
        assert {look["verdict"] for look in one["looks"]} <= {"PASS", "FAIL", "WAIT"}
        halted = [look for look in one["looks"] if look["verdict"] == "FAIL"]
        assert (halted[0]["at"] if halted else None) == one["halted_at"]
    assert "sign in" in _first(bad, "FAIL")["why"] or "late" in _first(bad, "FAIL")["why"]


def _first(told: dict, verdict: str) -> dict:
    return next(look for look in told["looks"] if look["verdict"] == verdict)


def test_a_look_is_the_same_when_nothing_later_is_known(estate: Path, tmp_path: Path):
    whole = replayed(estate, tmp_path / "whole.json", "--release", "3.2.1", "--every", "6h")[0]
    for place in (4, 12, 16, 24):
        look = whole["looks"][place]
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
    for path in estate.glob("*.csv"):
        with path.open(encoding="utf-8", newline="") as source:
            reader = csv.DictReader(source)
            rows = [row for row in reader if _moment(row.get("known_at")) <= at]
            names = reader.fieldnames or []
        with (place / path.name).open("w", encoding="utf-8", newline="") as target:
            writer = csv.DictWriter(target, names)
            writer.writeheader()
            writer.writerows(rows)
    return place


def _moment(text: str | None) -> datetime:
    long_ago = datetime.fromisoformat("2000-01-01T00:00:00+00:00")
    return datetime.fromisoformat(text) if text else long_ago + timedelta()


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--release", "9.9"], "No terminal was upgraded to 9.9"),
        (["--every", "soon"], "--every"),
        (["--alpha", "2"], "--alpha is 2"),
        (["--margin", "0"], "--margin is 0"),
    ],
)
def test_what_cannot_be_replayed_is_said(estate: Path, capsys, words, said):
    assert main(["replay", str(estate), "--lang", "en", *words]) == 2
    assert said in capsys.readouterr().err


def test_it_speaks_chinese_and_json(estate: Path, capsys):
    assert main(["replay", str(estate), "--every", "1d", "--lang", "zh"]) == 0
    said = capsys.readouterr().out
    assert "叫停" in said
    assert "可以开始下一批" in said
    assert main(["replay", str(estate), "--every", "1d", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)[0]["release_id"] == "3.2.1"
