"""Folders and files as users give them: everything is taken or named."""

import datetime as dt
import os
from pathlib import Path
from types import SimpleNamespace

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from daozhang.app.intake import read_files, sentence_for_nothing, take_folder
from daozhang.facts import TABLES, Problem
from daozhang.formats.base import Facts, Options

SAMPLES = Path(__file__).resolve().parents[2].parent / "shared" / "samples"

SALES = (
    "sale_id,kind,merchant_id,terminal_id,provider_id,channel,amount_minor,currency,captured_at\n"
    "s1,sale,m,t,p,card,100,CNY,2026-05-01T10:00:00+08:00\n"
)


class Readers:
    """Reads files that begin with BANK; knows nothing else."""

    def recognise(self, path, name, profiles):
        if path.read_bytes().startswith(b"BANK"):
            return SimpleNamespace(name="bank")
        return Problem(name, None, "unknown_format", "nobody reads this")

    def read_file(self, path, options, name=None, format=None):  # noqa: A002
        if format != "bank":
            raise ValueError(f"format {format!r} is unknown")
        return self.rows_of(options, name)

    def read_with(self, reader, path, options, name):
        return self.rows_of(options, name)

    def rows_of(self, options, name):
        row = {
            "credit_id": "c1", "account_id": "a", "amount_minor": 5,
            "currency": options.currency, "booked_at": dt.date(2026, 5, 2), "ref": 'x,"y"\nz',
        }  # fmt: skip
        yield Facts("credits", [row, {**row, "currency": "??"}], [2, 3])
        yield Problem(name, 4, "odd", "odd", "warning")


@pytest.fixture
def con():
    with duckdb.connect() as connection:
        connection.execute("SET TimeZone = 'UTC'")
        yield connection


@pytest.fixture
def folder(tmp_path):
    path = tmp_path / "in"
    path.mkdir()
    return path


def put(folder, **files):
    for name, text in files.items():
        (folder / name).write_text(text, encoding="utf-8")


def test_every_file_is_named_with_what_it_was(con, folder, tmp_path):
    put(folder, **{
        "sales.csv": SALES, "Sales_bad.csv": "a,b\n1,2\n", "statement.txt": "BANK 1",
        "sales-of-bank.csv": "BANK 2", "incidents.json": "[]", "summary.json": "{}",
        "missing_statements.csv": "account_id\n",
        "report.html": "<p>", "truth.json": "{}", "terms.toml": "", "x.profile.toml": "",
        "calendar-cn.toml": "", ".hidden.csv": SALES, "README.txt": "x", "unknown.bin": "?",
        "releases.csv": "release_id\n",
    })  # fmt: skip
    pq.write_table(pa.table({"sale_id": ["s1"]}), folder / "journeys.parquet")
    (folder / "truth").mkdir()
    put(folder / "truth", **{"sales.csv": SALES})
    put(tmp_path, **{"sales.csv": SALES})
    (folder / "sales-link.csv").symlink_to(tmp_path / "sales.csv")
    (folder / "sales-inside.csv").symlink_to(folder / "sales.csv")
    (folder / "sales-gone.csv").symlink_to(folder / "nothing")
    (folder / "sales-loop.csv").symlink_to(folder / "sales-loop.csv")
    os.mkfifo(folder / "sales-fifo.csv")
    told = []
    options = Options(currency="CNY")
    intake = take_folder(con, folder, options=options, readers=Readers(), progress=told.append)
    assert {file.file: file.kind for file in intake.files} == {
        ".hidden.csv": "ignored", "README.txt": "ignored", "Sales_bad.csv": "refused",
        "calendar-cn.toml": "terms", "incidents.json": "own_output", "report.html": "own_output",
        "missing_statements.csv": "own_output",
        "journeys.parquet": "own_output", "releases.csv": "facts", "sales-fifo.csv": "refused",
        "sales-gone.csv": "refused", "sales-inside.csv": "facts", "sales-link.csv": "refused",
        "sales-loop.csv": "refused", "sales-of-bank.csv": "facts", "sales.csv": "facts",
        "statement.txt": "facts", "summary.json": "own_output", "terms.toml": "terms",
        "truth.json": "own_output", "unknown.bin": "refused", "x.profile.toml": "terms",
    }  # fmt: skip
    assert intake.rows == {"sales": 2, "credits": 2}
    assert sentence_for_nothing(intake) == ""
    files = {file.file: file for file in intake.files}
    assert files["sales-link.csv"].problems[0].code == "symlink_outside"
    assert [p.code for p in files["Sales_bad.csv"].problems] == ["missing_columns"]
    bank = files["statement.txt"]
    assert (bank.format, bank.rows, bank.refused_rows) == ("bank", {"credits": 1}, 1)
    assert [(p.line, p.code) for p in bank.problems] == [(3, "currency_unknown"), (4, "odd")]
    midnight = dt.datetime(2026, 5, 2, tzinfo=dt.UTC)
    assert bank.period == (midnight, midnight)
    assert {file.file for file in intake.skipped} == {
        name for name, file in files.items() if file.kind in ("own_output", "ignored", "refused")
    }
    assert told[-1].bytes_done <= told[-1].bytes_total
    assert len(told) == len(intake.files)
    assert con.execute("SELECT DISTINCT _file FROM raw_sales ORDER BY 1").fetchall() == [
        ("sales-inside.csv",), ("sales.csv",),
    ]  # fmt: skip
    assert con.execute("SELECT count(*) FROM raw_notices").fetchone() == (0,)


NOTHING = [
    ({}, "it is empty"),
    ({"terms.toml": ""}, "holds only terms.toml"),
    ({"x.bin": "?"}, "none of 1 file could be read; the first problem: x.bin"),
    ({"sales.csv": SALES.splitlines()[0]}, "headers and no rows"),
    ({"sales.csv": SALES.replace("CNY", "X")}, "sales.csv:2: currency"),
]


@pytest.mark.parametrize(("files", "sentence"), NOTHING)
def test_a_folder_without_facts_is_explained(con, folder, files, sentence):
    put(folder, **files)
    assert sentence in sentence_for_nothing(take_folder(con, folder, readers=Readers()))


def test_a_folder_can_be_taken_again(con, folder):
    put(folder, **{"sales.csv": SALES})
    for _ in range(2):
        assert take_folder(con, folder, readers=Readers()).rows == {"sales": 1}
    assert con.execute("SELECT count(*) FROM raw_sales").fetchone() == (1,)


def test_a_file_over_the_limit_is_refused(con, folder):
    put(folder, **{"sales.csv": SALES})
    intake = take_folder(con, folder, readers=Readers(), bytes_max=10)
    assert [p.code for p in intake.problems] == ["file_too_large"]


def test_read_gives_one_object_a_file_and_facts_that_read_back(con, folder, tmp_path):
    put(folder, **{
        "sales.csv": SALES + "s2,sale,m,t,p,card,1.5,CNY,2026-05-01\n"
        "s3,sale,m,t,p,card,1,CNY,2026-05-01\n",
        "a b.txt": "BANK", "a?b.txt": "BANK", "x.bin": "?",
    })  # fmt: skip
    paths = [folder / name for name in ("sales.csv", "a b.txt", "a?b.txt", "x.bin", "gone.csv")]
    out = tmp_path / "out"
    found = list(read_files(paths, Options(currency="CNY"), out=out, readers=Readers()))
    assert found[0] == {
        "file": "sales.csv", "format": "canonical_csv", "rows": {"sales": 2},
        "errors": [{"line": 3, "code": "amount_not_integer", "message":
            "amount_minor is '1.5': amounts are integers in minor units: write 150 for 1.5"}],
        "warnings": [],
    }  # fmt: skip
    assert (found[1]["format"], found[1]["rows"]) == ("bank", {"credits": 1})
    assert found[1]["warnings"] == [{"line": 4, "code": "odd", "message": "odd"}]
    assert [(f["format"], len(f["errors"])) for f in found[3:]] == [(None, 1), (None, 1)]
    assert sorted(p.name for p in out.iterdir()) == [
        "credits-a_b-2.csv", "credits-a_b.csv", "sales.csv",
    ]  # fmt: skip
    intake = take_folder(con, out, readers=Readers())
    assert (intake.rows, intake.problems) == ({"sales": 2, "credits": 2}, ())
    query = "SELECT sale_id, captured_at::VARCHAR, _days FROM raw_sales ORDER BY 1"
    assert con.execute(query).fetchall() == [
        ("s1", "2026-05-01 02:00:00+00", 0), ("s3", "2026-05-01 00:00:00+00", 1),
    ]  # fmt: skip
    query = "SELECT DISTINCT ref, _days, status FROM raw_credits"
    assert con.execute(query).fetchall() == [('x,"y"\nz', 1, "booked")]


def test_a_named_format_goes_before_the_name_of_the_file(folder):
    put(folder, **{"sales.csv": SALES})
    options = Options(currency="CNY")
    (found,) = read_files([folder / "sales.csv"], options, format="bank", readers=Readers())
    assert (found["format"], found["rows"]) == ("bank", {"credits": 1})
    with pytest.raises(ValueError, match="unknown"):
        list(read_files([folder / "sales.csv"], options, format="x", readers=Readers()))


@pytest.mark.samples
def test_every_real_file_is_read_or_named(con, tmp_path):
    if not SAMPLES.is_dir():
        if os.environ.get("CI"):
            pytest.fail("the folder of real sample files is missing")
        pytest.skip("no folder of real sample files beside the repository")
    paths = sorted(path for path in SAMPLES.rglob("*") if path.is_file())
    found = list(read_files(paths, Options("Asia/Shanghai", "CNY"), out=tmp_path / "out"))
    assert len(found) == len(paths)
    for file in found:
        assert set(file["rows"]) <= set(TABLES)
        assert file["format"] is not None or len(file["errors"]) == 1
    # What was taken is taken again from what was written, row for row.
    intake = take_folder(con, tmp_path / "out")
    total = {}
    for file in found:
        for table, count in file["rows"].items():
            total[table] = total.get(table, 0) + count
    assert intake.rows == {table: total[table] for table in TABLES if table in total}
    assert [p for p in intake.problems if p.severity == "error"] == []
