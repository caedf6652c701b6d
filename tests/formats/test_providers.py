"""What holds for every provider's file: sums close, repeats are one, shapes do not matter."""

import csv
import datetime as dt
import io
import json
from collections import Counter

import openpyxl
import pytest

from daozhang.facts import TABLES
from daozhang.formats import Options, format_names, recognise
from daozhang.formats._rows import RowError
from daozhang.formats._values import Moments

from . import golden
from .conftest import DATA, Reading

BERLIN = Options(timezone="Europe/Berlin")
PROVIDERS = [
    path
    for path in golden.inputs()
    if any(f["fact"] == "settlements" for f in golden.meaning(path)["facts"])
]
TABLES_OF_TEXT = [
    p for p in golden.inputs() if p.suffix.lower() == ".csv" and p.name != "wechat.utf16.csv"
]


def text_of(path):
    data = path.read_bytes()
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise AssertionError(path)


def facts(found):
    """Return every fact as text, whatever line it came from."""
    rows = [(t, r) for t in TABLES for r in found.rows(t)]
    return Counter(
        json.dumps([t, {k: v for k, v in r.items() if v is not None}], default=str, sort_keys=True)
        for t, r in rows
    )


def keys(found):
    return Counter((t, *(r.get(c) for c in TABLES[t].key)) for t in TABLES for r in found.rows(t))


def test_every_format_has_a_golden_input():
    seen = {name for p in golden.inputs() for name in recognise(p).name.split("+")}
    real_only = {"bocom_credit", "ccb_account", "cgb_credit", "citic_credit", "cmb_credit",
                 "icbc_debit", "jd_finance"}  # fmt: skip
    assert set(format_names()) - seen == real_only


@pytest.mark.parametrize("path", PROVIDERS, ids=lambda p: p.name)
def test_amount_less_fee_is_net_on_every_line(path):
    lines = Reading(path, BERLIN).rows("settlements")
    assert lines
    for line in lines:
        kept = line["fee_minor"] + (line.get("tax_minor") or 0) + (line.get("reserve_minor") or 0)
        assert line["gross_minor"] - kept == line["net_minor"], line


@pytest.mark.parametrize("path", golden.inputs(), ids=lambda p: p.name)
def test_keys_are_unique_inside_a_file(path):
    found = keys(Reading(path, BERLIN))
    doubled = {key: n for key, n in found.items() if n > 1}
    # The same archive may hold one bill twice; nothing else repeats a key.
    assert doubled == {}


@pytest.mark.parametrize("path", golden.inputs(), ids=lambda p: p.name)
def test_sales_of_a_provider_say_so(path):
    """Without the mark, a sale that the till has too would be expected twice."""
    for sale in Reading(path, BERLIN).rows("sales"):
        assert sale["recorded_by"] == "provider"


@pytest.mark.parametrize("path", TABLES_OF_TEXT, ids=lambda p: p.name)
def test_the_same_file_again_gives_the_same_facts(path, tmp_path):
    copy = tmp_path / path.name
    copy.write_bytes(path.read_bytes())
    assert facts(Reading(copy, BERLIN)) == facts(Reading(path, BERLIN))


@pytest.mark.parametrize("path", TABLES_OF_TEXT, ids=lambda p: p.name)
@pytest.mark.parametrize("ends", ["\r\n", "\n", "\r"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_encodings_and_line_ends_change_nothing(path, tmp_path, ends, encoding):
    text = "\n".join(text_of(path).splitlines())
    copy = tmp_path / path.name
    copy.write_bytes((text + "\n").replace("\n", ends).encode(encoding))
    assert facts(Reading(copy, BERLIN)) == facts(Reading(path, BERLIN))


@pytest.mark.parametrize("path", TABLES_OF_TEXT, ids=lambda p: p.name)
def test_a_workbook_of_the_same_table_gives_the_same_facts(path, tmp_path):
    """People open an export in a spreadsheet and save it."""
    text = text_of(path)
    delimiter = ";" if text.splitlines()[0].count(";") > 3 else ","
    book = openpyxl.Workbook()
    for row in csv.reader(io.StringIO(text), delimiter=delimiter):
        book.active.append(row)
    copy = tmp_path / f"{path.stem}.xlsx"
    book.save(copy)
    assert facts(Reading(copy, BERLIN)) == facts(Reading(path, BERLIN))


def body_of(lines):
    """Return where the rows under the header begin and end."""
    start = max(range(min(6, len(lines))), key=lambda n: lines[n].count(",") + lines[n].count(";"))
    return start + 1


OVERLAPPING = ["alipay_account.csv", "adyen_settlement.csv", "stripe_reconciliation.csv",
               "allinpay.gbk.csv", "lcsw.txt", "square_transactions.csv", "wechat_trade.csv",
               "bank.ofx"]  # fmt: skip


@pytest.mark.parametrize("name", OVERLAPPING)
def test_a_part_of_a_file_gives_no_new_keys(name, tmp_path):
    """Two exports that overlap are one set of facts: ids do not depend on what stands around."""
    path = DATA / name
    lines = path.read_bytes().splitlines(keepends=True)
    whole = keys(Reading(path, BERLIN))
    for cut in range(2, len(lines)):
        part = tmp_path / name
        part.write_bytes(b"".join(lines[:cut]))
        if recognise(part).__class__.__name__ == "Problem":
            continue
        found = {k for k in keys(Reading(part, BERLIN)) if k[0] != "coverage"}
        assert found <= set(whole)


GENUINE_TWINS = {
    "fund flow": ("1900009231_fund_flow.csv", "credits", 4),
    "ofx": ("bank.ofx", "credits", 5),
}


@pytest.mark.parametrize(("name", "table", "rows"), GENUINE_TWINS.values(), ids=GENUINE_TWINS)
def test_two_identical_genuine_lines_stay_two(name, table, rows):
    """Each of these files holds two lines that are the same to the letter."""
    found = Reading(DATA / name, BERLIN)
    ids = [r["credit_id"] for r in found.rows(table)]
    assert len(ids) == len(set(ids)) == rows


MISMATCHES = {
    "wechat count": ("wechat_trade.csv", "`4,`120.50", "`7,`120.50", ("4", "7")),
    "wechat fee": ("wechat_trade.csv", "`0.54300", "`0.55300", ("0.54300", "0.55300")),
    "fund flow": ("1900009231_fund_flow.csv", "`101.20", "`101.30", ("101.20", "101.30")),
    "alipay account": ("alipay_account.csv", "共1111.00元", "共1112.00元", ("1111.00", "1112.00")),
    "adyen batch": ("adyen_settlement.csv", ",11.37,", ",11.38,", ("€11.37", "€11.38")),
    "stripe payout": ("stripe_reconciliation.csv", "-3.10,0.00,-3.10", "-3.20,0.00,-3.20",
                      ("£3.10", "£3.20")),
    "bai2 account": ("bank.bai2", "49,2057500", "49,2057600", ("$20,575.00", "$20,576.00")),
    "bai2 records": ("bank.bai2", "49,2057500,8", "49,2057500,80", ("8", "80")),
}  # fmt: skip


@pytest.mark.parametrize(("name", "old", "new", "figures"), MISMATCHES.values(), ids=MISMATCHES)
def test_totals_that_differ_are_told_with_both_figures(name, old, new, figures, tmp_path):
    text = text_of(DATA / name)
    # Rows that are refused switch the check off: what is missing is told already.
    for bad in ("`PAYERROR", ",XYZ,", "txn_8"):
        text = "".join(line for line in text.splitlines(keepends=True) if bad not in line)
    assert old in text
    path = tmp_path / name
    before = Reading(write(path, text), BERLIN)
    assert "total_mismatch" not in before.codes
    after = Reading(write(path, text.replace(old, new)), BERLIN)
    (problem,) = [p for p in after.problems if p.code == "total_mismatch"][:1]
    assert all(figure in problem.message for figure in figures)
    assert problem.severity == "warning"
    assert problem.line


def write(path, text):
    path.write_text(text, encoding="utf-8", newline="")
    return path


BALANCES = {
    "fund flow": ("1900009231_fund_flow.csv", "`149.40", "`149.41"),
    "alipay account, newest first": ("alipay_account.csv", "2645.00", "2646.00"),
    "paypal": ("paypal_activity.csv", '"996.99","","Credit"', '"996.00","","Credit"'),
    "bai2": ("bank.bai2", "015,642500", "015,642501"),
}


@pytest.mark.parametrize(("name", "old", "new"), BALANCES.values(), ids=BALANCES)
def test_a_balance_that_does_not_follow_is_told_and_nothing_is_called_covered(
    name, old, new, tmp_path
):
    text = text_of(DATA / name)
    path = tmp_path / name
    before = Reading(write(path, text), BERLIN)
    assert "balance_mismatch" not in before.codes
    after = Reading(write(path, text.replace(old, new, 1)), BERLIN)
    assert "balance_mismatch" in after.codes
    assert len(after.rows("coverage")) <= max(len(before.rows("coverage")) - 1, 0)


TIMES = {
    "2026-05-04 10:00:00": "2026-05-04T10:00:00+00:00",
    "2026/05/04 10:00:00": "2026-05-04T10:00:00+00:00",
    "2026-05-0410：00：00": "2026-05-04T10:00:00+00:00",
    "2026-05-04 10:00+01": None,
    "2026-05-04T10:00:00.5": "2026-05-04T10:00:00+00:00",
    "2026-13-04 10:00:00": None,
    "2026-05-04 10:61:00": None,
}


@pytest.mark.parametrize(("text", "expected"), TIMES.items())
def test_times_as_providers_write_them(text, expected):
    moments = Moments(dt.UTC)
    if expected is None:
        with pytest.raises(RowError):
            moments(text)
    else:
        assert moments(text) == dt.datetime.fromisoformat(expected)
