"""The contract's section 5: exit statuses, ``--json`` anywhere, the shapes of what is printed."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from daozhang.app.answers import JOURNEY_COLUMNS
from daozhang.cli import check, trace
from daozhang.cli.main import main
from tests.app.cases import CREDIT, HELD, IN_TIME, PAID, RETURNED
from tests.app.small import term, write_small
from tests.shared import opened_once

ON_TIME = {**PAID, "credits": IN_TIME}


BANK = (
    "记账日期,货币,交易金额,联机余额,交易摘要,对手信息,客户摘要\n"
    "2026-05-04,CNY,10.00,10.00,结算,银联商务,PO1\n"
)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return write_small(tmp_path / "in", term(), ON_TIME)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder that nobody changes."""
    return write_small(tmp_path_factory.mktemp("kept") / "in", term(), ON_TIME)


@pytest.fixture(scope="module")
def once() -> Iterator[None]:
    """For tests of what is said: who asks the same of the same files is told what was found."""
    with opened_once(check, trace):
        yield


def run(capsys: Any, *words: object) -> tuple[int, str, str]:
    status = main([str(word) for word in words])
    said = capsys.readouterr()
    return status, said.out, said.err


@pytest.mark.parametrize(
    ("files", "as_of", "status"),
    [
        (ON_TIME, "2026-05-13T11:00:00+08:00", 0),
        (HELD, "2026-05-14T09:00:00+08:00", 1),
        (HELD, "2026-05-16", 0),
        (PAID, "2026-05-16", 0),
        (RETURNED, "2026-05-14", 1),
    ],
    ids=["on time", "held", "late, but here", "unknown is not overdue", "a date is its end"],
)
def test_exit_status_says_whether_anything_is_overdue_now(
    tmp_path: Path, capsys: Any, files: dict[str, str], as_of: str, status: int
) -> None:
    """Exit status: 0 nothing is overdue now; 1 something is."""
    folder = write_small(tmp_path / "in", term(), files)
    assert run(capsys, "check", folder, "--as-of", as_of)[0] == status


@pytest.mark.parametrize("text", ["yesterday", "2026-05-13T10:00:00", "2026-13-01", "", "1e9",
                                  "9999-12-31", "0001-01-01T00:00:00+08:00"])  # fmt: skip
def test_a_bad_as_of_is_refused_with_an_example(folder: Path, capsys: Any, text: str) -> None:
    """Exit status 2: the call is unusable; the sentence says how to write a moment."""
    status, out, err = run(capsys, "check", folder, f"--as-of={text}")
    assert (status, out) == (2, "")
    assert "2026-05-01T12:00:00+08:00" in err
    assert len(err.strip().splitlines()) == 1


@pytest.mark.parametrize("place", [0, 1, 2, 4])
@pytest.mark.usefixtures("once")
def test_json_may_stand_anywhere(kept: Path, capsys: Any, place: int) -> None:
    """``--json`` anywhere prints machine-readable output."""
    words = ["check", str(kept), "--as-of", "2026-05-13T11:00:00+08:00"]
    status, out, err = run(capsys, *words[:place], "--json", *words[place:])
    summary = json.loads(out)
    assert (status, err) == (0, "")
    assert summary["as_of"] == "2026-05-13T03:00:00Z"
    assert summary["by_status"]["on_time"]["sales"] == 1
    for name in ("by_cause", "identities", "unexplained_credits", "provisional_years",
                 "skipped_files"):  # fmt: skip
        assert name in summary


@pytest.mark.parametrize(
    "words",
    [["frobnicate"], ["check"], ["check", "x", "--nonsense"], ["check", "x", "--lang", "fr"],
     ["check", "x", "--engine", "abacus"]],
)  # fmt: skip
def test_a_call_that_is_none_exits_with_2(capsys: Any, words: list[str]) -> None:
    """Exit status 2: the call is unusable."""
    status, _, err = run(capsys, *words)
    assert status == 2
    assert "Traceback" not in err


@pytest.mark.parametrize("command", ["check", "trace"])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_a_folder_that_is_none_is_named(
    tmp_path: Path, capsys: Any, command: str, lang: str
) -> None:
    """Exit status 2, one sentence, in the language asked for."""
    more = ["S1"] if command == "trace" else []
    for place in (tmp_path / "nowhere", tmp_path / "file"):
        (tmp_path / "file").write_text("x")
        status, out, err = run(capsys, command, place, *more, "--lang", lang)
        assert (status, out) == (2, "")
        assert str(place) in err
        assert len(err.strip().splitlines()) == 1


@pytest.mark.usefixtures("once")
def test_out_holds_the_contracts_files_and_replaces_them_whole(
    kept: Path, tmp_path: Path, capsys: Any
) -> None:
    """``--out`` makes the folder and replaces its own files whole; others stay."""
    out = tmp_path / "deep" / "out"
    assert run(capsys, "check", kept, "--out", out)[0] == 0
    for name in ("journeys.parquet", "summary.json", "incidents.json"):
        (out / name).write_bytes(b"old and longer" * 10_000)
    (out / "mine.txt").write_text("stays")
    assert run(capsys, "check", kept, "--out", out)[0] == 0
    table = pq.read_table(out / "journeys.parquet")
    assert tuple(table.column_names) == JOURNEY_COLUMNS
    assert table["sale_id"].to_pylist() == ["s1"]
    assert json.loads((out / "incidents.json").read_text()) == []
    assert json.loads((out / "summary.json").read_text())["by_status"]["on_time"]["sales"] == 1
    assert (out / "mine.txt").read_text() == "stays"
    assert not [p.name for p in out.iterdir() if p.name.endswith((".partial", ".tmp"))]


def test_an_answer_written_into_its_own_folder_changes_no_later_answer(
    folder: Path, capsys: Any
) -> None:
    """Files: our own outputs are named and skipped."""
    first = json.loads(run(capsys, "check", folder, "--json", "--out", folder)[1])
    html = folder / "report.html"
    again = json.loads(run(capsys, "check", folder, "--json", "--html", html)[1])
    third = json.loads(run(capsys, "check", folder, "--json")[1])
    for name in ("by_status", "identities", "as_of"):
        assert first[name] == again[name] == third[name]
    skipped = {f["file"]: f["kind"] for f in third["skipped_files"]}
    for name in ("journeys.parquet", "summary.json", "incidents.json", "report.html"):
        assert skipped[name] == "own_output"
    assert not [f for f in third["skipped_files"] if f["kind"] == "refused"], third["skipped_files"]


def test_incidents_have_the_contracts_keys(tmp_path: Path, capsys: Any) -> None:
    """``incidents.json``: the keys of the contract, money and sales of what is late."""
    folder = write_small(tmp_path / "in", term(), HELD)
    status, _, _ = run(capsys, "check", folder, "--as-of", "2026-05-14T09:00:00+08:00",
                       "--out", tmp_path / "out")  # fmt: skip
    (incident,) = json.loads((tmp_path / "out" / "incidents.json").read_text())
    assert status == 1
    assert set(incident) >= {
        "incident_id", "cause", "mechanism", "leg", "scope", "sales", "late_minor", "currency",
        "since", "until", "expected_at", "confidence", "evidence", "rivals", "actions",
    }  # fmt: skip
    assert (incident["leg"], incident["sales"], incident["late_minor"]) == ("pay_out", 1, 10_000)
    journey = pq.read_table(tmp_path / "out" / "journeys.parquet").to_pylist()[0]
    assert journey["incident_id"] == incident["incident_id"]


def test_read_prints_one_object_a_file(folder: Path, tmp_path: Path, capsys: Any) -> None:
    """``read --json``: file, format, rows, errors, warnings; an unknown file stops nothing."""
    photo = tmp_path / "photo.png"
    photo.write_bytes(b"\x89PNG\r\n\x1a\n" + bytes(40))
    bad = tmp_path / "sales-bad.csv"
    text = (folder / "sales.csv").read_text()
    bad.write_text(text + text.splitlines()[1].replace("s1,", "s2,").replace("10000", "1.50"))
    status, out, err = run(capsys, "read", "--json", photo, folder / "sales.csv", bad)
    reports = [json.loads(line) for line in out.splitlines()]
    assert (status, err) == (0, "")
    assert [r["file"] for r in reports] == ["photo.png", "sales.csv", "sales-bad.csv"]
    for report in reports:
        assert set(report) == {"file", "format", "rows", "errors", "warnings"}
        for problem in (*report["errors"], *report["warnings"]):
            assert set(problem) == {"line", "code", "message"}
    assert (reports[0]["format"], len(reports[0]["errors"])) == (None, 1)
    assert reports[1]["rows"] == {"sales": 1}
    assert reports[2]["rows"] == {"sales": 1}
    assert (reports[2]["errors"][0]["line"], len(reports[2]["errors"])) == (3, 1)


def test_read_exits_with_2_only_if_no_file_could_be_read(tmp_path: Path, capsys: Any) -> None:
    """``read``: 2 if no file could be read."""
    photo = tmp_path / "photo.jpg"
    photo.write_bytes(b"\xff\xd8\xff\xe0" + bytes(40))
    assert run(capsys, "read", photo, tmp_path / "gone.csv")[0] == 2
    assert run(capsys, "read", photo, "--format", "no-such-format")[0] == 2


@pytest.mark.usefixtures("once")
def test_read_out_writes_facts_that_check_takes(kept: Path, tmp_path: Path, capsys: Any) -> None:
    """``read --out`` gives canonical files: a folder of them answers alike."""
    files = sorted(kept.glob("*.csv"))
    assert run(capsys, "read", *files, "--out", tmp_path / "facts")[0] == 0
    (tmp_path / "facts" / "terms.toml").write_bytes((kept / "terms.toml").read_bytes())
    mine = json.loads(run(capsys, "check", kept, "--json")[1])
    theirs = json.loads(run(capsys, "check", tmp_path / "facts", "--json")[1])
    assert theirs["identities"] == mine["identities"]


@pytest.mark.usefixtures("once")
def test_trace_shows_the_parcels_way_and_what_is_due(tmp_path: Path, capsys: Any) -> None:
    """``trace``: one sale's journey; overdue is status 1; an unknown sale is 2."""
    folder = write_small(tmp_path / "in", term(), RETURNED)
    words = ["trace", folder, "s1", "--as-of", "2026-05-14T09:00:00+08:00"]
    status, out, _ = run(capsys, *words, "--lang", "en")
    assert status == 1
    assert "PAY-0001" in out
    status, out, _ = run(capsys, *words, "--json")
    trace = json.loads(out)
    assert [step["what"] for step in trace["steps"]] == ["captured", "settled", "payout_returned"]
    assert trace["journey"]["status"] == "overdue"
    status, out, err = run(capsys, "trace", folder, "no-such-sale", *words[3:])
    assert (status, out) == (2, "")
    assert "no-such-sale" in err


@pytest.mark.usefixtures("once")
def test_ingest_then_check_a_store(kept: Path, tmp_path: Path, capsys: Any) -> None:
    """``ingest STORE FILE…`` adds files; the same file twice is already there."""
    store = tmp_path / "store"
    assert run(capsys, "ingest", store, kept)[0] == 0
    status, out, _ = run(capsys, "ingest", store, kept, "--json")
    assert status == 0
    told = {t["file"]: t["status"] for t in map(json.loads, out.splitlines())}
    assert told.pop("terms.toml") == "copied"
    assert set(told.values()) == {"already_there"}
    mine = json.loads(run(capsys, "check", kept, "--json")[1])
    theirs = json.loads(run(capsys, "check", store, "--json")[1])
    for name in ("by_status", "identities", "as_of"):
        assert theirs[name] == mine[name]


def test_ingest_names_the_file_of_an_archive_that_a_problem_is_in(
    tmp_path: Path, capsys: Any
) -> None:
    """One zip, one file in it that is known and one that is not: the message names the second."""
    bill = tmp_path / "day.zip"
    with zipfile.ZipFile(bill, "w") as out:
        out.writestr("bank.csv", BANK)
        out.writestr("note.txt", "thanks for all")
    status, said, _ = run(capsys, "ingest", tmp_path / "store", bill, "--json")
    assert status == 0
    (told,) = map(json.loads, said.splitlines())
    assert any(p["message"].startswith("note.txt: ") for p in told["warnings"]), told


@pytest.mark.parametrize("command", ["check", "trace", "ingest"])
def test_a_damaged_store_is_refused_in_a_sentence(
    folder: Path, tmp_path: Path, capsys: Any, command: str
) -> None:
    """Exit status 2: all input is unusable; no traceback for any command."""
    store = tmp_path / "store"
    assert run(capsys, "ingest", store, folder)[0] == 0
    for path in sorted(p for p in store.rglob("*") if p.is_file() and p.suffix != ".parquet"):
        path.write_bytes(b"\x00damaged")
    more = {"trace": ["s1"], "ingest": [folder / "sales.csv"]}.get(command, [])
    status, _, err = run(capsys, command, store, *more)
    assert status == 2
    assert err.strip()


def test_what_a_credit_brings_beyond_its_payout_stays_unexplained(
    tmp_path: Path, capsys: Any
) -> None:
    """``summary.json`` holds every term: the surplus of a credit is unexplained, not credited."""
    files = {**PAID, "credits": CREDIT + "c1,10000,05-13T10:00,PAY-0001"}
    out = run(capsys, "check", write_small(tmp_path / "in", term(), files), "--json")[1]
    summary = json.loads(out)
    assert summary["identities"]["credits"]["CNY"]["unexplained_minor"] == 60
    assert summary["identities"]["sales"]["CNY"]["credited_minor"] == 9940
