"""Files that nobody should trust: each is named in one sentence, and the rest is answered.

Exit status 2: the call or all input is unusable. One refused file among good ones changes nothing
but the report. Never a traceback, never another file's content, never a long wait.
"""

from __future__ import annotations

import csv
import io
import json
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pyarrow.parquet as pq
import pytest
from msoffcrypto.format.ooxml import OOXMLFile

from daozhang.cli.main import main
from tests.app.cases import IN_TIME, PAID
from tests.app.small import TOP, term, write_small

SECONDS_MAX = 20
ON_TIME = {**PAID, "credits": IN_TIME}
HEAD = (
    "sale_id,kind,merchant_id,terminal_id,provider_id,channel,amount_minor,currency,captured_at\n"
)
OTHERS = "Datum;Beleg;Konto;Betrag\n01.05.2026;4711;8400;12,50\n02.05.2026;4712;8400;9,00\n"
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR\x00\x00\x00\x01\x00\x00\x00\x01\x08\x06\x00\x00\x00"
BOMB = (
    '<?xml version="1.0"?><!DOCTYPE d [<!ENTITY a "xxxxxxxxxx">'
    + "".join(
        f'<!ENTITY {b} "{f"&{a};" * 10}">' for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    + ']><Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt>&i;'
    "</BkToCstmrStmt></Document>"
)


def external(secret: Path) -> bytes:
    return (
        f'<?xml version="1.0"?><!DOCTYPE d [<!ENTITY x SYSTEM "file://{secret}">]>'
        '<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.02"><BkToCstmrStmt><Stmt>'
        "<Id>&x;</Id></Stmt></BkToCstmrStmt></Document>"
    ).encode()


def locked_sheet() -> bytes:
    book, plain, locked = openpyxl.Workbook(), io.BytesIO(), io.BytesIO()
    book.active.append(["交易日期", "金额"])
    book.save(plain)
    plain.seek(0)
    OOXMLFile(plain).encrypt("secret", locked)
    return locked.getvalue()


def sheet_bomb() -> bytes:
    """An XLSX file of about a megabyte that unpacks to more than a gigabyte."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("[Content_Types].xml", "<Types/>")
        packed.writestr("xl/workbook.xml", "<workbook/>")
        with packed.open("xl/worksheets/sheet1.xml", "w", force_zip64=True) as part:
            for _ in range(300):
                part.write(b" " * 2**20)
    return out.getvalue()


def run(capsys: Any, *words: object) -> tuple[int, str, str]:
    since = time.monotonic()
    status = main([str(word) for word in words])
    assert time.monotonic() - since < SECONDS_MAX
    said = capsys.readouterr()
    assert "Traceback" not in said.out + said.err
    return status, said.out, said.err


Make = Callable[[Path], bytes]
FILES: dict[str, tuple[str, Make]] = {
    "a photograph": ("photo.png", lambda _: PNG + bytes(100)),
    "a photograph named as a table": ("sales.csv", lambda _: PNG + bytes(100)),
    "a JPEG": ("IMG_0001.JPG", lambda _: b"\xff\xd8\xff\xe0\x00\x10JFIF" + bytes(100)),
    "nothing at all": ("sales-empty.csv", lambda _: b""),
    "nothing at all, of a bank": ("statement.xml", lambda _: b""),
    "another company's ledger": ("ledger.csv", lambda _: OTHERS.encode()),
    "another company's ledger named as sales": ("sales-x.csv", lambda _: OTHERS.encode()),
    "a sheet with a password": ("mingxi.xlsx", lambda _: locked_sheet()),
    "a table in Parquet that is none": ("sales-x.parquet", lambda _: b"PAR1 not really"),
    "an XML entity bomb": ("bomb.xml", lambda _: BOMB.encode()),
    "an external XML entity": ("leak.xml", lambda tmp: external(tmp / "secret.txt")),
    "a sheet that unpacks to far more": ("bomb.xlsx", lambda _: sheet_bomb()),
    "an unfinished archive": ("cut.xlsx", lambda _: locked_sheet()[:700]),
    "a table in UTF-16": ("sales-16.csv", lambda _: HEAD.encode("utf-16")),
    "a table with NUL bytes": ("sales-nul.csv", lambda _: HEAD.encode() + b"\0\0,\0\n" * 5),
    "one endless line": ("sales-long.csv", lambda _: HEAD.encode() + b"x" * 3_000_000),
    "a quote that never ends": ("sales-q.csv", lambda _: HEAD.encode() + b'"a,b,c\n' * 1000),
}  # fmt: skip


@pytest.mark.parametrize("what", FILES)
def test_a_file_of_no_use_alone_ends_the_run(tmp_path: Path, capsys: Any, what: str) -> None:
    """Exit status 2, with a sentence that names it and says what to do."""
    (tmp_path / "secret.txt").write_text("TOP-SECRET-CONTENT")
    name, make = FILES[what]
    folder = write_small(tmp_path / "in", term(), {})
    (folder / "accounts.csv").unlink()
    (folder / name).write_bytes(make(tmp_path))
    status, out, err = run(capsys, "check", folder, "--json")
    answer = json.loads(out)
    assert "TOP-SECRET" not in out + err
    assert status == 2
    assert name in answer["error"]
    assert len(answer["error"]) > len(name) + 30


EACH = [[what] for what in FILES]


@pytest.mark.parametrize(
    "these",
    [list(FILES), *EACH[:1], *(pytest.param(each, marks=pytest.mark.soak) for each in EACH[1:])],
    ids=lambda these: these[0] if len(these) == 1 else "all of them",
)
def test_files_of_no_use_among_good_ones_are_only_reported(
    tmp_path: Path, capsys: Any, these: list[str]
) -> None:
    """The answer is that of the good files. In a soak also with each bad file by itself."""
    (tmp_path / "secret.txt").write_text("TOP-SECRET-CONTENT")
    folder = write_small(tmp_path / "in", term(), ON_TIME)
    names = []
    for what in these:
        name, make = FILES[what]
        names.append(name.replace("sales.csv", "sales-photo.csv"))
        assert not (folder / names[-1]).exists()
        (folder / names[-1]).write_bytes(make(tmp_path))
    status, out, err = run(capsys, "check", folder, "--json")
    answer = json.loads(out)
    assert "TOP-SECRET" not in out + err
    assert status == 0
    assert answer["by_status"]["on_time"]["sales"] == 1
    for name in names:
        (skipped,) = (f for f in answer["skipped_files"] if f["file"] == name)
        assert len(skipped["reason"]) > 15


def test_an_empty_folder_says_what_to_put_into_it(tmp_path: Path, capsys: Any) -> None:
    """Exit status 2: all input is unusable; the sentence names files that would help."""
    status, out, err = run(capsys, "check", tmp_path, "--lang", "en")
    assert (status, out) == (2, "")
    assert "sales.csv" in err
    assert len(err.strip().splitlines()) == 1


def test_facts_without_terms_say_how_to_get_them(tmp_path: Path, capsys: Any) -> None:
    """Exit status 2: without terms nothing can be promised; the way out is named."""
    folder = write_small(tmp_path / "in", term(), ON_TIME)
    (folder / "terms.toml").unlink()
    status, _, err = run(capsys, "check", folder)
    assert status == 2
    assert "daozhang init" in err


BAD_TERMS = {
    "contradictory": (TOP + term() + term(fee_bps="70"), "contradictory", None),
    "unknown key": (TOP + term(credit_bye='"12:00"'), "credit_by", 14),
    "unknown calendar": (TOP + term(calendar='"MARS"'), "MARS", 9),
    "not TOML": (TOP + "[[terms]\n", "TOML", None),
    "empty": ("", "timezone", None),
    "not UTF-8": ("\udcff", "UTF-8", None),
}  # fmt: skip


@pytest.mark.parametrize("what", BAD_TERMS)
def test_terms_that_cannot_be_used_are_refused_whole(
    tmp_path: Path, capsys: Any, what: str
) -> None:
    """Exit status 2: a promise without a term that was meant would be wrong without a word."""
    text, word, line = BAD_TERMS[what]
    folder = write_small(tmp_path / "in", term(), ON_TIME)
    (folder / "terms.toml").write_bytes(text.encode(errors="surrogateescape"))
    status, out, err = run(capsys, "check", folder)
    assert (status, out) == (2, "")
    assert word in err
    assert "terms.toml" in err
    if line is not None:
        assert f"terms.toml:{line}" in err or f"line {line}" in err


NAMES = [
    "sales-'\";DROP TABLE raw_sales;--.csv", "sales-*.csv", "sales-[ab]?{c}.csv",
    "sales-new\nline.csv", "sales-五月 north.csv", "sales-%s{0}$HOME`id`.csv", "sales--rf.csv",
    "sales-" + "x" * 230 + ".csv", "sales-[red]bold[red].csv", "sales-\x1b[31mred.csv",
]  # fmt: skip


@pytest.mark.parametrize(
    "names",
    [NAMES, *(pytest.param([name], marks=pytest.mark.soak) for name in NAMES)],
    ids=lambda names: names[0] if len(names) == 1 else "all of them",
)
def test_any_file_name_is_only_a_name(tmp_path: Path, capsys: Any, names: list[str]) -> None:
    """A file's name is shown and opened as it is: no pattern, no SQL, no markup, no escape.

    All at once: a pattern would find the others too. In a soak also each by itself.
    """
    folder = write_small(
        tmp_path / "in", term(), {k: v for k, v in ON_TIME.items() if k != "sales"}
    )
    for number, name in enumerate(names, 1):
        row = f"s{number},sale,m,t,P,card,10000,CNY,2026-05-12T10:00:00+08:00\n"
        (folder / name).write_text(HEAD + row)
    status, out, _ = run(capsys, "check", folder, "--json", "--as-of", "2026-05-13T10:00+08:00")
    summary = json.loads(out)
    assert status == 0
    assert summary["by_status"]["on_time"]["sales"] == 1, summary["problems"]
    assert summary["identities"]["sales"]["CNY"]["sales"] == len(names)
    assert summary["problems"] == []
    assert {f["file"] for f in summary["files"]} >= set(names)
    status, out, err = run(
        capsys, "check", folder, "--html", tmp_path / "r.html", "--as-of", "2026-05-13T10:00+08:00"
    )
    assert status == 0
    assert "\x1b[31m" not in out + err


def test_links_do_not_lead_out_of_the_folder(tmp_path: Path, capsys: Any) -> None:
    """What lies outside the folder is not read through a link, and the link is named."""
    other = write_small(tmp_path / "other", term(), {"sales": PAID["sales"].replace("s1", "evil")})
    folder = write_small(tmp_path / "in", term(), ON_TIME)
    (folder / "sales-up.csv").symlink_to(Path("..") / "other" / "sales.csv")
    (folder / "sales-abs.csv").symlink_to(other / "sales.csv")
    (folder / "sales-loop.csv").symlink_to(folder / "sales-loop.csv")
    (folder / "sales-gone.csv").symlink_to(folder / "nothing")
    (folder / "sub").mkdir()
    (folder / "sub" / "sales.csv").write_bytes((other / "sales.csv").read_bytes())
    status, out, _ = run(capsys, "check", folder, "--json", "--out", tmp_path / "out")
    summary = json.loads(out)
    assert status == 0
    assert summary["identities"]["sales"]["CNY"]["sales"] == 1
    named = {f["file"] for f in summary["skipped_files"]}
    assert named >= {"sales-up.csv", "sales-abs.csv", "sales-loop.csv", "sales-gone.csv"}


def test_terms_are_not_read_through_a_link_that_leads_out(tmp_path: Path, capsys: Any) -> None:
    """The same for settings: a linked terms.toml must not show another file's lines."""
    (tmp_path / "passwd").write_text("root-secret-line = oops\n")
    folder = write_small(tmp_path / "in", term(), ON_TIME)
    (folder / "terms.toml").unlink()
    (folder / "terms.toml").symlink_to(tmp_path / "passwd")
    status, out, err = run(capsys, "check", folder)
    assert status == 2
    assert "root-secret-line" not in out + err


FORMULAS = ["=1+1", "+1+1", "-1+cmd|' /C calc'!A0", "@SUM(A1)", "\t=1+1", '=HYPERLINK("http://x")']


IDS = {"s1", "l1", "a", "x", "PAY-0001"}


def test_no_exported_cell_begins_as_a_formula(tmp_path: Path, capsys: Any) -> None:
    """CSV exports: what a spreadsheet would run is text (CWE-1236). Each row holds another one."""
    folder = write_small(tmp_path / "in", term(), {**PAID, "credits": "credit_id,amount_minor,"
                         "booked_at,ref\nx,7,05-14T08:00,rent"})  # fmt: skip
    for path in folder.glob("*.csv"):
        header, *rows = csv.reader(path.read_text(encoding="utf-8").splitlines())
        places = [i for i, c in enumerate(header) if c in {"merchant_id", "terminal_id", "ref"}]
        changed = []
        for row in rows:
            for number, formula in enumerate(FORMULAS):
                cells = [f"{cell}{number}" if cell in IDS else cell for cell in row]
                changed.append([
                    formula if i in places and row[i] != "s1" else cell
                    for i, cell in enumerate(cells)
                ])  # fmt: skip
        with path.open("w", encoding="utf-8", newline="") as stream:
            csv.writer(stream).writerows([header, *changed])
    out = tmp_path / "out"
    assert run(capsys, "check", folder, "--out", out)[0] == 1
    seen = set()
    for path in out.glob("*.csv"):
        for row in csv.reader(io.StringIO(path.read_bytes().decode("utf-8-sig"), newline="")):
            for cell in row:
                seen |= {formula for formula in FORMULAS if formula.strip() in cell}
                number = cell.lstrip("+-").replace(".", "", 1).isdigit()
                assert number or not cell.lstrip(" ").startswith(("=", "+", "-", "@", "\t")), cell
    assert seen == set(FORMULAS)


EXTREMES = {
    "the greatest integer": ("9223372036854775807", "2026-05-12T10:00:00+08:00"),
    "a hundred trillion minor units": ("100000000000000", "2026-05-12T10:00:00+08:00"),
    "nothing": ("0", "2026-05-12T10:00:00+08:00"),
    "a till that says 1970": ("5", "1970-01-01T00:00:00Z"),
    "a till that says 2000": ("5", "2000-01-01T00:00:00+08:00"),
    "the first year": ("5", "1000-01-01T00:00:00Z"),
    "the last year": ("5", "2999-12-31T23:59:59Z"),
    "year 9999": ("5", "9999-12-31"),
    "year 1": ("5", "0001-01-01"),
}  # fmt: skip


@pytest.mark.parametrize(
    "these",
    [list(EXTREMES), *(pytest.param([what], marks=pytest.mark.soak) for what in EXTREMES)],
    ids=lambda these: these[0] if len(these) == 1 else "all of them",
)
def test_extreme_cells_are_refused_or_carried(
    tmp_path: Path, capsys: Any, these: list[str]
) -> None:
    """A row that cannot be is a located problem; one that can be breaks nothing.

    All at once, each in a file of its own; in a soak also each by itself.
    """
    folder = write_small(tmp_path / "in", term(min_payout_minor="100", fee_tax_bps="600"), ON_TIME)
    for number, what in enumerate(these):
        amount, at = EXTREMES[what]
        row = f"sale,m,t,P,card,{amount},CNY,{at}\n"
        (folder / f"sales-{number}.csv").write_text(f"{HEAD}x{number},{row}y{number},{row}")
    out = tmp_path / "out"
    status, said, err = run(
        capsys, "check", folder, "--json", "--as-of", "2026-05-13T11:00:00+08:00", "--out", out
    )
    summary = json.loads(said)
    assert status in {0, 1}, err
    found = pq.read_table(out / "journeys.parquet")["sale_id"].to_pylist()
    assert "s1" in found
    assert summary["identities"]["sales"]["CNY"]["sales"] == len(found)
    for number, what in enumerate(these):
        at = EXTREMES[what][1]
        carried = {f"x{number}", f"y{number}"} & set(found)
        assert len(carried) in {0, 2}, what
        located = [
            p for p in summary["problems"] if p["file"] == f"sales-{number}.csv" and p["line"]
        ]
        assert carried or located or "9999" in at or "2999" in at, what


def test_credits_and_coverage_at_the_ends_of_time(tmp_path: Path, capsys: Any) -> None:
    """Bare dates at the ends of the calendar are located problems, never a crash."""
    folder = write_small(tmp_path / "in", term(), ON_TIME)
    (folder / "credits-x.csv").write_text(
        "credit_id,account_id,amount_minor,currency,booked_at\n"
        "p,a,5,CNY,9999-12-31\nq,a,5,CNY,0001-01-01\nr,a,5,CNY,1000-01-01\ns,a,5,CNY,2999-12-31\n"
    )
    (folder / "coverage.csv").write_text(
        "subject,table,from_at,to_at\na,credits,2026-05-20,2026-05-01\n"
        "a,credits,1000-01-01,2999-12-31\n"
    )
    status, out, _ = run(capsys, "check", folder, "--json")
    summary = json.loads(out)
    assert status == 0
    assert summary["by_status"]["on_time"]["sales"] == 1
    assert {(p["file"], p["line"]) for p in summary["problems"]} >= {
        ("credits-x.csv", 2), ("credits-x.csv", 3),
    }  # fmt: skip


ODD_LINES = ("P,s1,100,1,99,USD", "P,s1,100,1,100,CNY", "P,s1,0,0,0,USD", "P,s1,-100,-1,-99,USD")


@pytest.mark.parametrize(
    "rows",
    [ODD_LINES, *(pytest.param((row,), marks=pytest.mark.soak) for row in ODD_LINES)],
    ids=lambda rows: rows[0] if len(rows) == 1 else "all of them",
)
def test_a_line_in_another_currency_than_its_sale_breaks_nothing(
    tmp_path: Path, capsys: Any, rows: tuple[str, ...]
) -> None:
    """Identities per currency: bad or foreign data never ends in exit status 3."""
    folder = write_small(tmp_path / "in", term(), ON_TIME)
    head = "line_id,provider_id,ref,gross_minor,fee_minor,net_minor,currency,cleared_at,status\n"
    lines = (f"q{n},{row},2026-05-13T02:00:00+08:00,settled\n" for n, row in enumerate(rows))
    (folder / "settlements-x.csv").write_text(head + "".join(lines))
    assert run(capsys, "check", folder, "--json")[0] in {0, 1}


def test_payouts_that_replace_each_other_in_a_ring_break_nothing(
    tmp_path: Path, capsys: Any
) -> None:
    """A returned payout is followed to its re-send, also where the file goes in circles."""
    folder = write_small(tmp_path / "in", term(), ON_TIME)
    head = "payout_id,provider_id,net_minor,currency,paid_out_at,status,replaces_payout_id\n"
    rest = ",P,5,CNY,2026-05-13T04:00:00+08:00,sent,"
    (folder / "payouts-x.csv").write_text(
        head + "".join(f"{a}{rest}{b}\n" for a, b in ("AB", "BA", "CC"))
    )
    assert run(capsys, "check", folder, "--json")[0] == 0
