"""Mapping profiles, the files they read, limits, privacy, and the proposal for a new layout."""

import io
import zipfile

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from daozhang.facts import TABLES, Problem
from daozhang.formats import (
    Facts,
    Options,
    Profile,
    Source,
    bundled_profiles,
    limits,
    load_profile,
    mapped,
    propose_profile,
    read_file,
    truncate_cards,
)
from daozhang.formats._rows import clean_amount, clean_cell

PROFILE = """
name = "north"
table = "credits"
columns = ["Day", "Money in", "Money out", "Text"]
[read]
dates = ["%d.%m.%Y"]
decimal = ","
group = "."
currency = "EUR"
stop = ["Total"]
[skip]
"Text" = ["opening"]
[amount]
in = "Money in"
out = "Money out"
[fields.booked_at]
columns = ["Day"]
[fields.account_id]
preamble = 'Account (\\S+)'
[fields.ref]
columns = ["Text"]
"""
FILE = """Account NL02
Day;Money in;Money out;Text
04.05.2026;1.234,50;;payout PO-1
04.05.2026;;3,00;fee 4111111111111111
04.05.2026;;;opening
05.05.2026;;;nothing
Total;1.234,50;3,00;
"""


def north():
    profile = load_profile(PROFILE, "north.profile.toml")
    assert isinstance(profile, Profile), profile
    return Options(profiles={"north": profile})


FORMS = {
    "semicolon": FILE,
    "comma and quotes": '"' + FILE.replace("\n", '"\n"').replace(";", '","')[:-2],
    "tabs, CRLF": FILE.replace(";", "\t").replace("\n", "\r\n"),
    "lone carriage returns": FILE.replace("\n", "\r"),
    "padded": FILE.replace(";", " \t;").replace("\n04", "\n `04"),
    "utf-16": FILE.encode("utf-16"),
    "bom": FILE.encode("utf-8-sig"),
    "full-width header": FILE.replace("Money in", "Ｍoney　in"),
    "blank lines": FILE.replace("\n", "\n\n"),
}


@pytest.mark.parametrize("content", FORMS.values(), ids=FORMS)
def test_forms_of_the_same_file(reading, content):
    found = reading(content, options=north())
    assert [r["amount_minor"] for r in found.rows()] == [123450, -300]
    assert [r["account_id"] for r in found.rows()] == ["NL02", "NL02"]
    assert found.rows()[1]["ref"] == "fee 411111******1111"
    assert found.codes == ["amount_missing"]


def test_the_same_rows_as_a_workbook(reading, tmp_path):
    book = openpyxl.Workbook()
    for line in FILE.splitlines():
        book.active.append(line.split(";"))
    out = io.BytesIO()
    book.save(out)
    csv_rows = reading(FILE, options=north()).rows()
    found = reading(out.getvalue(), "x.xlsx", options=north())
    assert found.rows() == csv_rows
    assert found.lines() == [3, 4]
    assert found.problems[0].line == 6


def test_overlapping_exports_give_the_same_ids(reading):
    long = FILE.replace("Total", "04.05.2026;;3,00;fee 4111111111111111\nTotal")
    first = [r["credit_id"] for r in reading(FILE, options=north()).rows()]
    second = [r["credit_id"] for r in reading(long, options=north()).rows()]
    assert len(set(second)) == 3
    assert first == second[:2]


WRONG = {
    "not TOML": ("name = ", "profile_toml"),
    "unknown key": (PROFILE + "\n[colour]\na = 1", "profile_key"),
    "unknown table": (PROFILE.replace('"credits"', '"money"'), "profile_table"),
    "bad name": (PROFILE.replace('"north"', '"No Th"'), "profile_name"),
    "no columns": (PROFILE.replace('["Day", "Money in", "Money out", "Text"]', "[]"),
                   "profile_columns"),
    "no day": (PROFILE.replace("fields.booked_at", "fields.value_date"), "profile_incomplete"),
    "two sources": (PROFILE + 'constant = "x"', "profile_field"),
    "bad pattern": (PROFILE.replace("'Account (\\S+)'", "'('"), "profile_pattern"),
    "bad currency": (PROFILE.replace('"EUR"', '"EURO"'), "profile_currency"),
    "bad zone": (PROFILE.replace("[skip]", 'timezone = "Mars"\n[skip]'), "profile_timezone"),
    "no amount column": (PROFILE.replace('in = "Money in"\nout = "Money out"', ""),
                         "profile_amount"),
    "list for a text": (PROFILE.replace('decimal = ","', "decimal = [1]"), "profile_type"),
}  # fmt: skip


@pytest.mark.parametrize(("text", "code"), WRONG.values(), ids=WRONG)
def test_wrong_profiles_are_located(text, code):
    found = load_profile(text, "p.toml")
    assert isinstance(found, list)
    assert code in [p.code for p in found]
    assert all(p.file == "p.toml" for p in found)


CHANGED = st.builds(PROFILE.replace, st.sampled_from(PROFILE.split()), st.text(max_size=8))


@given(st.text(max_size=200) | CHANGED)
def test_no_profile_text_raises(text):
    found = load_profile(text, "p.toml")
    assert isinstance(found, (Profile, list))


def test_bundled_profiles_fill_their_tables():
    names = [p.name for p in bundled_profiles()]
    assert len(names) == len(set(names)) >= 9
    assert all(p.table in TABLES for p in bundled_profiles())


def test_a_column_that_the_file_lacks(reading):
    found = reading(FILE.replace("Text", "Words"), options=north(), format="north")
    assert found.codes == ["header_missing"]


def test_overlong_lines_and_cells_say_why(reading, monkeypatch):
    monkeypatch.setattr("daozhang.formats._text.LINE_CHARS_MAX", 400)
    found = reading(FILE.replace("payout", "x" * 500), options=north())
    assert found.codes == ["line_too_long", "amount_missing"]
    assert found.problems[0].line == 3
    assert len(found.rows()) == 1
    monkeypatch.undo()
    found = reading(FILE.replace("payout", "x" * 110_000), options=north())
    assert found.codes[0] == "cell_too_long"
    found = reading(FILE.replace("payout", "x" * 140_000), options=north())
    assert found.codes[0] == "csv_broken"


def stray_cell():
    book = openpyxl.Workbook()
    book.active["A1"] = "Day"
    book.active.cell(1_048_576, 16_000).value = 1
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def bomb(ratio_bytes):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("[Content_Types].xml", "<a/>")
        archive.writestr("xl/worksheets/sheet1.xml", b" " * ratio_bytes)
    return out.getvalue()


def lying():
    """A zip whose directory says less than what is inside."""
    data = bytearray(bomb(1_000_000))
    place = data.rindex(b"PK\x01\x02")
    data[place + 24 : place + 28] = (100).to_bytes(4, "little")
    return bytes(data)


@pytest.mark.parametrize(("content", "code"), [
    (stray_cell(), "sheet_too_large"),
    (bomb(limits.ZIP_RATIO_FLOOR_BYTES + 1), "zip_bomb"),
    (lying(), "workbook_broken"),
], ids=["stray cell", "bomb", "lying directory"])  # fmt: skip
def test_workbooks_that_would_not_fit_are_refused(reading, content, code):
    found = reading(content, "x.xlsx")
    assert found.codes == [code]
    assert reading(content, "x.xlsx", format="ccb_account").codes == [code]


def test_totals_that_disagree_are_told(reading):
    text = (
        "收入：1笔 5.00元\n交易时间,交易类型,交易对方,商品,收/支,金额(元),支付方式,当前状态,"
        "交易单号,商户单号,备注\n2026-05-01 12:00:00,a,b,c,收入,¥4.00,d,e,f,g,h\n"
    )
    found = reading(text)
    assert "total_mismatch" in found.codes
    assert "¥4.00" in str(found.problems)
    assert "total_mismatch" not in reading(text.replace("4.00", "5.00")).codes


CARDS = {
    "alone": ("4111111111111111", "411111******1111"),
    "in Chinese text": ("卡号4111111111111111消费", "卡号411111******1111消费"),
    "UnionPay, 19 digits": ("卡 6222021234567890128", "卡 622202******0128"),
    "in groups": ("card 4111 1111 1111 1111.", "card 411111******1111."),
    "fails Luhn": ("4111111111111112", "4111111111111112"),
    "no card prefix": ("1120000153447185", "1120000153447185"),
    "inside an IBAN": ("DE4111111111111111", "DE4111111111111111"),
    "inside an order number": ("4200002168202406076349888061", "4200002168202406076349888061"),
    "joined to a word": ("INV-4111111111111111", "INV-4111111111111111"),
    "cut already": ("622202******0128", "622202******0128"),
    "twelve digits": ("411111111111", "411111111111"),
}


@pytest.mark.parametrize(("text", "kept"), CARDS.values(), ids=CARDS)
def test_card_numbers(text, kept):
    assert truncate_cards(text) == kept


@given(st.text(alphabet="0123456789 -A", max_size=60))
def test_truncating_twice_changes_nothing_more(text):
    assert truncate_cards(truncate_cards(text)) == truncate_cards(text)


@pytest.mark.parametrize(("text", "plain"), [
    ("¥28.16", "28.16"), ("(1,234.00)", "-1,234.00"), ("5.00-", "-5.00"), ("－3", "-3"),
    ("1 000,00 €", "1000,00"), ("12元", "12"),
])  # fmt: skip
def test_clean_amount(text, plain):
    assert clean_amount(text) == plain


def test_clean_cell():
    assert [clean_cell(c) for c in (" `12\t", '="007"', "\u3000x ")] == ["12", "007", "x"]


def test_proposal_reads_what_it_can_and_asks_the_rest(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text(
        "Account export\nBooking date,Description,Debit,Credit,Balance\n"
        "2026-05-04,payout PO-1,,12.50,12.50\n2026-05-05,fee,0.50,,12.00\n"
    )
    found = propose_profile(path)
    assert [r["amount_minor"] for r in found.rows] == [1250, -50]
    assert found.problems == ()
    assert any("currency" in q for q in found.questions)
    assert any("account" in q for q in found.questions)
    assert isinstance(load_profile(found.toml, "p"), Profile)
    options = Options(profiles={"my_bank": found.profile})
    items = list(read_file(path, options))
    assert sum(len(i.rows) for i in items if isinstance(i, Facts)) == 2


def test_proposal_asks_for_directions_it_does_not_know(tmp_path):
    path = tmp_path / "new.csv"
    path.write_text("交易时间,收/支,金额,备注\n2026-05-04 10:00:00,进账,5.00,a\n" * 1)
    found = propose_profile(path)
    assert any("进账" in q for q in found.questions)
    assert found.rows[0]["amount_minor"] == 500


def test_no_table_no_proposal(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("hello\n")
    assert isinstance(propose_profile(path), Problem)
    path.write_bytes(bytes(range(256)))
    assert isinstance(propose_profile(path), Problem)


def test_preview_of_something_else(tmp_path):
    path = tmp_path / "x"
    path.write_bytes(b"PK\x03\x04xl/" + bytes(50))
    source = Source(path, "x", path.read_bytes())
    assert mapped.preview(source) is None


FOLLOWED = (
    PROFILE.replace('"Text"]\n[read]', '"Text", "Left"]\n[read]')
    + """
[balance]
column = "Left"
[period]
pattern = 'from (?P<from>\\S+) to (?P<to>\\S+)'
dates = ["%d.%m.%Y"]
"""
)


@pytest.mark.parametrize(
    ("second", "codes", "covered"),
    [("97,00", [], 1), ("90,00", [(4, "balance_mismatch")], 0), ("", [], 1), ("odd", [], 1)],
)
def test_a_statement_that_closes_covers_its_period(reading, second, codes, covered):
    profile = load_profile(FOLLOWED, "north.profile.toml")
    assert isinstance(profile, Profile), profile
    content = (
        "Account NL02 from 04.05.2026 to 06.05.2026\nDay;Money in;Money out;Text;Left\n"
        f"04.05.2026;100,00;;payout;100,00\n04.05.2026;;3,00;fee;{second}\n"
    )
    found = reading(content, options=Options(profiles={"north": profile}))
    assert [(p.line, p.code) for p in found.problems] == codes
    periods = found.rows("coverage")
    assert len(periods) == covered
    for period in periods:
        assert (period["subject"], str(period["from_at"]), str(period["to_at"])) == (
            "NL02", "2026-05-04", "2026-05-06",
        )  # fmt: skip


def test_a_period_of_two_accounts_or_turned_round_covers_nothing(reading):
    profile = load_profile(FOLLOWED, "north.profile.toml")
    head = "Day;Money in;Money out;Text;Left\n04.05.2026;100,00;;payout;100,00\n"
    for stated in ("from 06.05.2026 to 04.05.2026", "from 4 May to 06.05.2026"):
        options = Options(profiles={"north": profile})
        found = reading(f"Account NL02 {stated}\n{head}", options=options)
        assert found.rows("coverage") == []
