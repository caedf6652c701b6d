"""Causes on simulated estates whose truth is known, and what incidents say of them."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest

from daozhang.app.answers import write_answers
from daozhang.app.check import checked
from daozhang.cause.catalogue import CAUSES, MECHANISMS
from daozhang.charts.words import WORDS
from daozhang.cli.main import main
from daozhang.world.faults import FAULTS

LATE = [code for code, fault in FAULTS.items() if fault.leg]
QUICK = [("F4",), ("F9", "F10")]
ALONE = [("F6", "F16"), *((code,) for code in LATE)]


def judged(tmp_path: Path, *words: str) -> tuple[duckdb.DuckDBPyConnection, list[dict[str, Any]]]:
    """Make a world, check it, and join what was said with what was so."""
    assert main(["world", str(tmp_path / "w"), *words]) == 0
    with checked(tmp_path / "w" / "in") as found:
        write_answers(found, tmp_path / "out")
    con = duckdb.connect()
    con.execute(
        "CREATE TABLE judged AS SELECT j.*, t.cause AS true_cause, t.mechanism AS true_mechanism, "
        f"t.status AS true_status, t.faults FROM '{tmp_path}/out/journeys.parquet' AS j "
        f"JOIN '{tmp_path}/w/truth/journeys.parquet' AS t USING (sale_id) "
        "WHERE j.status IN ('late', 'overdue')"
    )
    incidents = json.loads((tmp_path / "out" / "incidents.json").read_text(encoding="utf-8"))
    return con, incidents


def share_right(con: duckdb.DuckDBPyConnection, where: str = "TRUE") -> float:
    """Return the share of late money that was given its true cause."""
    ((right, whole),) = con.execute(
        "SELECT sum(CASE WHEN cause = true_cause THEN amount_minor ELSE 0 END), "
        f"sum(amount_minor) FROM judged WHERE true_status <> 'on_time' AND {where}"
    ).fetchall()
    assert whole, "no late money: the world does not show the fault"
    return float(right / whole)


@pytest.fixture(scope="module")
def everything(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[duckdb.DuckDBPyConnection, list[dict[str, Any]]]]:
    folder = tmp_path_factory.mktemp("everything")
    con, incidents = judged(folder, "--seed", "41", "--sales", "40000", "--faults", "all")
    yield con, incidents
    con.close()


Everything = tuple[duckdb.DuckDBPyConnection, list[dict[str, Any]]]


def test_late_money_of_all_faults_together_has_its_true_cause(everything: Everything) -> None:
    con, _ = everything
    assert share_right(con) >= 0.97
    # Where two faults had to come together, or each would have done it, either may be named.
    for (cause,) in con.execute(
        "SELECT true_cause FROM judged WHERE true_cause <> 'human_error' GROUP BY true_cause"
    ).fetchall():
        assert share_right(con, f"true_cause = '{cause}' AND faults NOT LIKE '%;%'") >= 0.95, cause


def test_every_late_sale_is_in_one_incident_that_says_why(everything: Everything) -> None:
    con, incidents = everything
    assert not con.execute("SELECT sale_id FROM judged WHERE incident_id IS NULL").fetchall()
    told = {
        row["incident_id"]: (row["cause"], row["mechanism"], row["leg"], row["sales"],
                             row["late_minor"])
        for row in incidents
    }  # fmt: skip
    summed = con.execute(
        "SELECT incident_id, cause, mechanism, leg, count(*), sum(amount_minor)::BIGINT "
        "FROM judged GROUP BY ALL"
    ).fetchall()
    assert {row[0]: row[1:] for row in summed} == told
    assert {row["cause"] for row in incidents} <= set(CAUSES)
    assert {row["mechanism"] for row in incidents} <= set(MECHANISMS)


def test_an_incident_reads_like_a_message_in_both_languages(everything: Everything) -> None:
    _, incidents = everything
    chinese = re.compile("[\u4e00-\u9fff]")
    for row in incidents:
        assert row["evidence"], row
        assert row["actions"], row
        assert 0 < row["confidence"] < 1
        for said in (*row["evidence"], *row["actions"]):
            assert chinese.search(said["zh"]), said
            assert said["en"]
            assert "{" not in said["en"] + said["zh"]
        if row["open_sales"]:
            assert row["expected_from"] <= row["expected_at"]
            assert row["expected_until"] is None or row["expected_at"] <= row["expected_until"]
        else:
            assert row["expected_at"] is row["expected_from"] is row["expected_until"] is None


@pytest.mark.parametrize(
    "faults",
    [*QUICK, *(pytest.param(f, marks=pytest.mark.soak) for f in ALONE if f not in QUICK)],
    ids="-".join,
)
def test_each_fault_is_told_by_its_cause(tmp_path: Path, faults: tuple[str, ...]) -> None:
    con, _ = judged(tmp_path, "--seed", "7", "--sales", "20000", "--faults", ",".join(faults))
    assert share_right(con) >= 0.97
    con.close()


def test_what_an_upgrade_wiped_is_not_called_forwarded(tmp_path: Path) -> None:
    """Both were stored, and the counter of batches tells: it began anew after the upgrade (F1)."""
    con, _ = judged(tmp_path, "--seed", "3", "--sales", "5000", "--faults", "F1,F11")
    told = con.execute(
        "SELECT true_mechanism, mechanism, count(*) FROM judged WHERE faults NOT LIKE '%;%' "
        "GROUP BY ALL ORDER BY ALL"
    ).fetchall()
    assert [so for so, _, _ in told] == ["offline_sales_forwarded_late", "unsettled_batch_lost"]
    assert all(so == said for so, said, _ in told), told
    con.close()


def test_a_busy_eve_told_to_everybody_holds_nobody(tmp_path: Path) -> None:
    """The notice of a peak before the holiday is no hold of the account that waits (F22)."""
    con, _ = judged(tmp_path, "--seed", "3134", "--sales", "5000", "--faults", "F22,F11")
    assert share_right(con, "true_mechanism = 'second_clearing_stall'") == 1
    con.close()


@pytest.mark.parametrize(
    "seed", [1, *(pytest.param(s, marks=pytest.mark.soak) for s in range(2, 20))]
)
def test_not_one_cent_is_blamed_on_a_harmless_upgrade(tmp_path: Path, seed: int) -> None:
    con, incidents = judged(
        tmp_path, "--seed", str(seed), "--sales", "12000", "--faults", "F10,F11,F13,F16,F17,F19"
    )
    assert share_right(con) >= 0.97
    assert not [row for row in incidents if row["cause"] == "system_upgrade"]
    con.close()


@pytest.mark.parametrize(
    ("trap", "never"),
    [
        ("slow_bank_week", "system_upgrade"),
        ("outage_on_wave_day", "system_upgrade"),
        pytest.param("hold_without_notice", "bank_speed", marks=pytest.mark.soak),
        pytest.param("return_pending", "bank_speed", marks=pytest.mark.soak),
    ],
)
def test_a_trap_is_not_walked_into(tmp_path: Path, trap: str, never: str) -> None:
    con, incidents = judged(tmp_path, "--seed", "55", "--sales", "20000", "--traps", trap)
    assert share_right(con) >= 0.85
    lured = sum(row["late_minor"] for row in incidents if row["cause"] == never)
    assert lured == 0
    con.close()


def test_every_piece_of_evidence_has_its_sentence() -> None:
    folder = Path(__file__).parents[2] / "daozhang" / "cause"
    source = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob("*.py"))
    keys = set(re.findall(r'case\.add\(\s*"(\w+)"', source)) | {"peers_spared", "peers_hit_too"}
    assert len(keys) > 30
    for lang, words in WORDS.items():
        assert not [key for key in keys if f"fact.{key}" not in words], lang
        for name in MECHANISMS:
            assert f"mechanism.{name}" in words
        for cause in CAUSES:
            assert f"cause.{cause}" in words


def test_every_mechanism_that_makes_money_late_says_who_does_what() -> None:
    for words in WORDS.values():
        for name, mechanism in MECHANISMS.items():
            if mechanism.leg:
                assert f"act.{name}" in words
                assert f"act_who.{name}" in words
