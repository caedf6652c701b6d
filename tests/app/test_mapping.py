"""A profile for a layout that nobody has described: what is asked, what is written, what reads."""

import datetime as dt
import tomllib

import openpyxl
import pytest

from daozhang.app.mapping import map_file
from daozhang.app.settings import load_settings
from daozhang.app.words_start import LANGS, CannotStartError
from daozhang.formats.profiles import Profile, load_profile
from daozhang.formats.registry import recognise

BANK = """某银行账户明细
入账日期,摘要,收入金额,支出金额,余额,对方户名
2026-05-06 10:11:12,代付0505,"1,234.50",,5000.00,华通支付有限公司
2026-05-07 10:12:00,代付0506,800.00,,5800.00,华通支付有限公司
2026-05-07 12:00:00,房租,,300.00,5500.00,房东
"""
DATES = """Date,Description,Amount,Balance
05/06/2026,PAYOUT 1,100.00,100.00
05/07/2026,PAYOUT 2,120.50,220.50
"""
CLEAR_DATES = DATES.replace("05/07/2026", "05/27/2026")
WORDS = """交易日期,借贷标志,金额,对方户名,摘要
2026-05-06,来账,10.00,甲,a
2026-05-07,往账,11.00,乙,b
"""
NO_DATE = """when,what,amount,currency,reference,memo
2026-05-06,x,1.00,EUR,a,b
2026-05-07,y,2.00,EUR,c,d
"""


def bank(folder, text, name="layout.csv"):
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def answering(answers, heard=None):
    def ask(question, complaint):
        if heard is not None:
            heard.append((question.key, complaint and complaint.key))
        for lang in LANGS:
            assert question.text(lang)
            assert question.reason(lang)
            assert question.example(lang)
        answer = answers.get(question.key, "")
        return answer.pop(0) if isinstance(answer, list) else answer

    return ask


def test_a_layout_is_mapped_and_then_recognised(tmp_path):
    path = bank(tmp_path, BANK, "我的银行.csv")
    mapped = map_file(path, lang="zh")
    assert mapped.path == tmp_path / "我的银行.profile.toml"
    assert mapped.understood.count == 3
    assert mapped.understood.incoming == {"CNY": 203_450}
    assert mapped.understood.outgoing == {"CNY": 30_000}
    assert (mapped.understood.first, mapped.understood.last) == (
        dt.date(2026, 5, 6), dt.date(2026, 5, 7),
    )  # fmt: skip
    assert [question.key for question in mapped.open] == ["currency", "account", "timezone"]
    assert mapped.text.count("# guessed") == 3
    profiles = load_settings([mapped.path]).options.profiles
    assert recognise(path, profiles=profiles).name == next(iter(profiles))
    again = map_file(path)
    assert again.known == next(iter(profiles))
    assert again.path is None


ASKED = {
    "in and out": (BANK, ["currency", "account", "timezone"]),
    "either order of day and month": (DATES, ["dates", "sign", "currency", "account"]),
    "a day over 12": (CLEAR_DATES, ["sign", "currency", "account"]),
    "unknown words for in and out": (WORDS, ["sign.往账", "sign.来账", "currency", "account"]),
    "no column of days": (NO_DATE, ["date_column", "account"]),
}


@pytest.mark.parametrize(("text", "keys"), ASKED.values(), ids=ASKED)
def test_only_what_the_file_does_not_say_is_asked(text, keys, tmp_path):
    heard = []
    map_file(bank(tmp_path, text), ask=answering({"date_column": "when"}, heard))
    assert [key for key, _ in heard] == keys


def test_answers_change_the_profile(tmp_path):
    answers = {
        "dates": ["second", "日"], "sign": "out", "currency": "usd", "account": "US-1",
    }  # fmt: skip
    heard = []
    mapped = map_file(bank(tmp_path, DATES), ask=answering(answers, heard))
    assert ("dates", "map.bad.dates") in heard
    assert not mapped.open
    assert "guessed" not in mapped.text
    first = mapped.understood.rows[0]
    assert (first["amount_minor"], first["currency"]) == (-10_000, "USD")
    assert (first["account_id"], first["booked_at"]) == ("US-1", dt.date(2026, 6, 5))


def test_of_two_orders_the_shorter_period_is_proposed(tmp_path):
    mapped = map_file(bank(tmp_path, DATES))
    assert [row["booked_at"].month for row in mapped.understood.rows] == [5, 5]


def test_words_for_the_direction_are_guessed_and_asked(tmp_path):
    mapped = map_file(bank(tmp_path, WORDS))
    assert [row["amount_minor"] for row in mapped.understood.rows] == [1000, -1100]
    other = map_file(
        bank(tmp_path, WORDS), out=tmp_path / "o.profile.toml", ask=answering({"sign.往账": "收入"})
    )
    assert other.known  # The first profile lies beside the file.


def test_a_missing_column_is_asked_until_it_is_a_heading(tmp_path):
    heard = []
    answers = {"date_column": ["whenever", "When"]}
    mapped = map_file(bank(tmp_path, NO_DATE), ask=answering(answers, heard))
    assert ("date_column", "map.bad.column") in heard
    assert mapped.understood.count == 2
    assert "when" in tomllib.loads(mapped.text)["columns"]


def test_an_incomplete_profile_is_written_to_be_filled_in(tmp_path):
    mapped = map_file(bank(tmp_path, NO_DATE))
    assert mapped.understood is None
    assert not isinstance(load_profile(mapped.text, "x"), Profile)


def test_a_profile_that_is_there_is_not_overwritten_but_out_is(tmp_path):
    path = bank(tmp_path, BANK)
    (tmp_path / "layout.profile.toml").write_text("# mine", encoding="utf-8")
    mapped = map_file(path)
    assert mapped.path == tmp_path / "layout-2.profile.toml"
    assert (tmp_path / "layout.profile.toml").read_text(encoding="utf-8") == "# mine"
    mapped.path.unlink()
    out = tmp_path / "new" / "x.profile.toml"
    out.parent.mkdir()
    out.write_text("# old", encoding="utf-8")
    assert map_file(path, out=out).path == out
    assert "# old" not in out.read_text(encoding="utf-8")


def test_a_workbook_is_mapped_as_well(tmp_path):
    book = openpyxl.Workbook()
    for row in (["入账日期", "摘要", "金额"], ["2026-05-06", "a", 12.5], ["2026-05-07", "b", -3]):
        book.active.append(row)
    book.save(tmp_path / "b.xlsx")
    mapped = map_file(tmp_path / "b.xlsx")
    assert [row["amount_minor"] for row in mapped.understood.rows] == [1250, -300]


def test_a_canonical_file_needs_no_profile(tmp_path):
    text = "credit_id,account_id,amount_minor,currency,booked_at\nc,a,1,CNY,2026-05-06\n"
    mapped = map_file(bank(tmp_path, text, "credits.csv"))
    assert (mapped.known, mapped.canonical, mapped.path) == ("credits", True, None)


REFUSED = {
    "picture": ("a.csv", b"\xff\xd8\xff\xe0" + bytes(99), "map.is_image"),
    "pdf": ("a.pdf", b"%PDF-1.7\n", "map.is_pdf"),
    "empty": ("a.csv", b"", "map.empty_file"),
    "prose": ("a.csv", b"hello\nworld\n", "map.no_table"),
    "binary": ("a.csv", bytes(range(256)) * 8, "map.no_table"),
    "web page": ("a.xls", b"<html><table></table></html>", "map.no_table"),
}


@pytest.mark.parametrize(("name", "content", "key"), REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_mapped_is_one_sentence(name, content, key, tmp_path):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(CannotStartError) as stop:
        map_file(tmp_path / name)
    assert stop.value.said.key == key
    for lang in LANGS:
        assert "\n" not in stop.value.said.in_(lang)
    assert [path.name for path in tmp_path.iterdir()] == [name]


def test_no_file_and_a_folder(tmp_path):
    for path, key in ((tmp_path, "map.is_folder"), (tmp_path / "x.csv", "map.no_file")):
        with pytest.raises(CannotStartError) as stop:
            map_file(path)
        assert stop.value.said.key == key
