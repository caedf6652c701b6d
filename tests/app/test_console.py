"""The answer on a terminal, and the lists as CSV."""

import csv
import io
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from daozhang.app.console import print_answer
from daozhang.app.exports import guarded, write_tables
from daozhang.app.intake import is_own_output
from daozhang.charts import FileLine
from daozhang.charts.sources import SOURCES
from daozhang.journey.figures import DIMENSIONS
from tests.charts.made import CARD, HOSTILE, empty, figures, quiet, sale, status, unseen, view


def printed(of=None, lang="zh", encoding="utf-8", width=80, **changed):
    raw = io.BytesIO()
    file = io.TextIOWrapper(raw, encoding=encoding, errors="strict", newline="\n")
    print_answer(Console(file=file, width=width), view(of, **changed), lang)
    file.flush()
    return raw.getvalue().decode(encoding)


@pytest.mark.parametrize(
    ("lang", "words"),
    [
        ("zh", ["逾期未到", "先做这件事", "资金状态一览", "按服务商", "到账用时", "手续费核对",
                "无法解释的入账", "缺少的资料", "读取的文件", "已逐分核对"]),
        ("en", ["Overdue", "Do this first", "The money by status", "By provider", "By store",
                "How long the money takes", "Fees charged", "no sale explains", "What is missing",
                "Files read", "Checked to the last cent"]),
    ],
)  # fmt: skip
def test_the_terminal_says_all_that_the_report_says(lang, words):
    shown = printed(lang=lang)
    assert [word for word in words if word not in shown] == []


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("width", [60, 80, 120])
@pytest.mark.parametrize("encoding", ["utf-8", "gbk", "ascii"])
def test_no_line_is_wider_than_the_terminal(lang, width, encoding):
    shown = printed(lang=lang, width=width, encoding=encoding)
    assert max(cell_len(line) for line in shown.splitlines()) <= width


@pytest.mark.parametrize("width", [40, 60, 80, 120])
@pytest.mark.parametrize("lang", ["zh", "en"])
def test_an_amount_is_never_cut(width, lang):
    minor = 123_456_789_012
    big = figures(by_status=tuple(
        status(name, 1_000_000, minor + n, minor + 10 + n, minor + 20 + n)
        for n, name in enumerate(("on_time", "late", "overdue"))
    ))  # fmt: skip
    shown = printed(big, lang=lang, width=width)
    for cents in (12, 13, 14, 22, 23, 24, 32, 33, 34):
        assert f"¥1,234,567,890.{cents}" in shown


def test_a_terminal_without_chinese_is_answered_in_plain_english():
    shown = printed(lang="zh", encoding="ascii", width=200)
    assert shown.isascii()
    assert "This terminal cannot show Chinese" in shown
    assert "CNY499.00 from 4 sales is overdue" in shown


def test_a_chinese_terminal_without_unicode_keeps_chinese():
    shown = printed(lang="zh", encoding="gbk", width=200)
    assert "CNY499.00 逾期未到" in shown


def test_names_from_files_can_neither_colour_nor_move_the_cursor():
    shown = printed(figures(unexplained=()), lang="en")
    assert "\x1b" not in shown
    assert "[31m" in shown
    assert "\u202e" not in shown
    raw = io.StringIO()
    console = Console(file=raw, width=80, force_terminal=True)
    marked = view(names={HOSTILE: "[bold red]x[/bold red]"})
    print_answer(console, marked, "en")
    assert "[bold" in re.sub(r"\x1b\[[0-9;]*m", "", raw.getvalue())


@pytest.mark.parametrize("of", [quiet(), empty()], ids=["all on time", "no sales"])
def test_a_run_with_little_to_say(of):
    shown = printed(of, lang="en", files=(), problems=(), provisional_years=())
    assert "Nothing is known to be missing." in shown


@pytest.mark.parametrize(
    ("lang", "said"),
    [
        (
            "en",
            [
                "as if ¥894.67 had been missing for a day; the longest wait is 1 d 4 h.",
                "One of them: daozhang trace … S2", "P9 (¥99.00 of it)",
                "icbc: reaches 5 May, fetch from 6 May",
            ],
        ),
        (
            "zh",
            [
                "相当于 ¥894.67 晚到一整天；等得最久的晚了1天4小时。",
                "举一笔为例：daozhang trace … S2", "P9（涉及 ¥99.00）",
                "账单至5月5日，从5月6日起补取",
            ],
        ),
    ],
)  # fmt: skip
def test_the_cost_the_example_and_the_missing_statement_are_said(lang, said):
    wide = printed(lang=lang, width=400)
    assert [part for part in said if part not in wide] == []
    # A very narrow terminal lists records; it breaks lines and says the same.
    narrow = re.sub(r"\s+", "", printed(lang=lang, width=30))
    assert [part for part in said if re.sub(r"\s+", "", part) not in narrow] == []


@pytest.mark.parametrize(("lang", "said"), [("zh", "被拒绝"), ("en", "Refused, and in no figure")])
def test_refused_rows_qualify_the_proof(lang, said):
    """What was refused is in no sum, so "accounted for" alone would promise too much."""
    clean = [line for line in view().files if not line.errors]
    refused = [FileLine("d.csv", "facts", "canonical_csv", 8, 10)]
    assert said in printed(lang=lang, files=tuple(refused))
    assert said not in printed(lang=lang, files=tuple(clean))


def test_a_broken_identity_is_said():
    assert "账不平" in printed(identities_ok=False)


def read(path):
    raw = path.read_bytes()
    assert raw.startswith(b"\xef\xbb\xbf")
    return list(csv.DictReader(io.StringIO(raw.decode("utf-8-sig"), newline="")))


def test_the_lists_are_written_as_csv(tmp_path):
    paths = write_tables(tmp_path / "out", view())
    # Whoever writes them into the folder of facts has them skipped by the next run.
    assert all(is_own_output(path.name) for path in paths)
    named = {file for rows in SOURCES.values() for file, _ in rows}
    named |= {f"late_by_{name}.csv" for name in DIMENSIONS}
    assert {p.name for p in paths} == named - {
        "journeys.parquet", "summary.json", "incidents.json",
    }  # fmt: skip
    assert sorted(p.name for p in (tmp_path / "out").iterdir()) == sorted(p.name for p in paths)
    held = {path.stem: read(path) for path in paths}
    sales = held["late_list"]
    assert sales[0]["sale_id"] == HOSTILE
    assert sales[0]["promised_at"] == "2026-05-07T00:00:00Z"
    assert sales[1]["late_s"] == "90000"
    credits = held["unexplained_credits"]
    assert credits[1]["credit_id"] == "'=2+5"
    assert CARD not in credits[0]["ref"]
    assert held["missing_statements"] == [
        {
            "account_id": HOSTILE, "bank_id": "icbc", "currency": "CNY", "sales": "5",
            "amount_minor": "70000", "outstanding_minor": "69650",
            "first_promised_at": "2026-05-07T04:00:00Z",
            "last_promised_at": "2026-05-08T04:00:00Z", "covered_until": "2026-05-05T16:00:00Z",
        }
    ]  # fmt: skip
    assert held["fees"][0]["example"] == "'=S1"
    assert len(held["late_by_store_id"]) == 14
    assert held["late_by_due_date"][0]["due_date"] == "2026-05-07"


def test_an_account_whose_statement_never_came_has_an_empty_end(tmp_path):
    never = figures(unseen=(unseen("a1", covered_until=None, bank_id=None),))
    write_tables(tmp_path, view(never))
    row = read(tmp_path / "missing_statements.csv")[0]
    assert (row["account_id"], row["bank_id"], row["covered_until"]) == ("a1", "", "")


def test_a_run_without_sales_writes_headings(tmp_path):
    for path in write_tables(tmp_path, view(empty())):
        assert read(path) == []


def test_a_negative_amount_stays_a_number(tmp_path):
    short = figures(late_list=(sale("S1", outstanding_minor=-500),))
    assert read(write_tables(tmp_path, view(short))[0])[0]["outstanding_minor"] == "-500"


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("=cmd()", "'=cmd()"), ("+86 10", "'+86 10"), ("@x", "'@x"), ("-x", "'-x"),
        ("\tx", "'\tx"), ("\rx", "'\rx"), (" =x", "' =x"), ("＝x", "'＝x"), ("-12.50", "-12.50"),
        ("+5", "+5"), (-5, "-5"), (None, ""), ("通联", "通联"), ("a=b", "a=b"), ("-٣", "'-٣"),
    ],
)  # fmt: skip
def test_no_cell_is_a_formula(value, shown):
    assert guarded(value) == shown


@given(st.text())
def test_any_text_is_a_number_or_begins_harmlessly(text):
    shown = guarded(text)
    assert shown in (text, f"'{text}")
    if shown.lstrip(" ")[:1] in tuple("=+-@\t\r\n"):
        assert re.fullmatch(r"[+-][0-9]+(\.[0-9]+)?", shown)
