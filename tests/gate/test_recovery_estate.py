"""Recovery on a whole simulated estate, from its files to the console, in both languages."""

import csv
import json
from collections import Counter
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from daozhang.app.recovery import COLUMNS
from daozhang.app.words_recovery import WORDS
from daozhang.cli import replay as command
from daozhang.cli.main import main
from daozhang.gate.recovery import ANSWERS
from daozhang.gate.recovery_settings import MEASURES
from tests.shared import opened_once

RELEASE = "3.2.1"
WORLD = ("--seed", "4", "--sales", "60000", "--days", "56", "--start", "2026-07-01")
"""No holiday is near."""


@pytest.fixture(scope="module", autouse=True)
def once():
    """What is found is told in several ways."""
    with opened_once(command):
        yield


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as source:
        return list(csv.DictReader(source))


def hurt_face(folder: Path) -> str:
    """Let a store offer no face payment after its upgrade; return the store.

    Its customers pay by code instead, so its money is as before.
    """
    store_of = {r["terminal_id"]: r["store_id"] for r in rows_of(folder / "terminals.csv")}
    others = {
        store_of[r["terminal_id"]]
        for r in rows_of(folder / "upgrades.csv")
        if r["release_id"] != RELEASE
    }
    upgraded: dict[str, str] = {}
    for row in rows_of(folder / "upgrades.csv"):
        store = store_of[row["terminal_id"]]
        if row["release_id"] == RELEASE and store not in others:
            upgraded[store] = max(row["started_at"], upgraded.get(store, ""))
    attempts = {path: rows_of(path) for path in folder.glob("attempts*.csv")}
    every = [row for rows in attempts.values() for row in rows if row["method"] == "face"]
    faces = Counter(store_of[row["terminal_id"]] for row in every)
    hurt = max(sorted(upgraded), key=lambda store: faces[store])
    for row in every:
        if row["at"] > upgraded[hurt] and store_of[row["terminal_id"]] == hurt:
            row["method"] = "qr"
    for path, rows in attempts.items():
        with path.open("w", encoding="utf-8", newline="") as target:
            writer = csv.DictWriter(target, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
    return hurt


@pytest.fixture(scope="module")
def estate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    place = tmp_path_factory.mktemp("world") / "w"
    assert main(["world", str(place), *WORLD]) == 0
    return place / "in", hurt_face(place / "in")


def replayed(folder: Path, out: Path, *words: str) -> list[dict[str, str]]:
    words = ("--release", RELEASE, "--every", "7d", "--recovery", str(out), *words)
    assert main(["replay", str(folder), "--lang", "en", *words]) == 0
    if out.suffix == ".csv":
        return rows_of(out)
    return json.loads(out.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def rows(estate: tuple[Path, str], tmp_path_factory: pytest.TempPathFactory):
    return replayed(estate[0], tmp_path_factory.mktemp("out") / "recovery.csv")


def test_only_the_store_whose_face_payments_are_gone_fails(estate, rows):
    verdicts = {r["store_id"]: r["store_verdict"] for r in rows if r["store_id"] != "*"}
    assert verdicts[estate[1]] == "fail"
    failed = [r for r in rows if r["store_id"] == estate[1] and r["verdict"] == "fail"]
    assert {(r["method"], r["measure"]) for r in failed} >= {("face", "volume")}
    others = [store for store, verdict in verdicts.items() if verdict == "fail"]
    assert len(others) <= 1 + 0.05 * len(verdicts)
    together = {(r["method"], r["measure"]): r for r in rows if r["store_id"] == "*"}
    assert together["*", "volume"]["verdict"] == "pass"
    assert together["*", "success"]["verdict"] == "pass"
    assert together["*", "lag"]["verdict"] == "pass"
    assert "fail" not in {r["verdict"] for r in together.values()}


def test_every_store_method_and_measure_is_a_row_with_all_columns(rows):
    assert tuple(rows[0]) == COLUMNS
    stores = Counter(r["store_id"] for r in rows)
    assert len(stores) > 40
    assert {r["measure"] for r in rows} == set(MEASURES)
    assert {"*", "face", "qr", "chip"} <= {r["method"] for r in rows}
    keys = [(r["store_id"], r["method"], r["measure"]) for r in rows]
    assert len(set(keys)) == len(keys)
    for row in rows:
        if row["low"] and row["high"]:
            assert float(row["low"]) <= float(row["change"]) <= float(row["high"])


def test_a_past_moment_knows_nothing_later(estate, tmp_path: Path):
    started = min(
        r["started_at"] for r in rows_of(estate[0] / "upgrades.csv") if r["release_id"] == RELEASE
    )
    early = datetime.fromisoformat(started) + timedelta(days=5)
    told = replayed(estate[0], tmp_path / "r.json", "--as-of", early.isoformat())
    assert {row["verdict"] for row in told} == {"not yet"}
    assert {row["reason"] for row in told} == {"too_soon"}


def test_it_speaks_both_languages_and_json(estate, capsys):
    words = ["replay", str(estate[0]), "--release", RELEASE, "--every", "7d"]
    assert main([*words, "--lang", "zh"]) == 0
    said = capsys.readouterr().out
    assert "刷脸支付" in said
    assert estate[1] in said
    assert "请致电门店" in said
    assert main([*words, "--lang", "en", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)[0]["recovery"]
    assert told["within_days"] == 7
    assert told["worst"][0]["store_id"] == estate[1]
    assert "Ring the store" in told["worst"][0]["said"]
    assert sum(told["stores"][name] for name in ("passed", "failed", "not_yet")) > 40
    assert all(one["said"] for one in told["waiting"])


def test_both_languages_say_everything():
    assert WORDS["en"].keys() == WORDS["zh"].keys()
    for words in WORDS.values():
        assert {f"why.{reason}" for reason in ANSWERS} <= words.keys()
        assert {f"next.{key}" for key in (*MEASURES, "above")} <= words.keys()
