"""``daozhang map`` as it is typed."""

import builtins
import json
import sys

import pytest

from daozhang.cli import map as map_command
from daozhang.cli.main import main

TEXT = """入账日期,摘要,收入金额,支出金额,余额,对方户名
2026-05-06,代付0505,"1,234.50",,5000.00,华通支付有限公司
2026-05-07,房租,,300.00,4700.00,房东
"""


@pytest.fixture
def file(tmp_path):
    path = tmp_path / "bank.csv"
    path.write_text(TEXT, encoding="utf-8")
    return path


def run(file, *, out=None, lang="en", as_json=False, yes=True):
    return map_command.run(file, out=out, lang=lang, as_json=as_json, yes=yes)


@pytest.mark.parametrize(
    ("lang", "words"),
    [("zh", ["记账日", "¥1,234.50", "金额是哪种货币？ CNY", "daozhang check 就认识这种格式"]),
     ("en", ["booked", "¥1,234.50", "In which currency are the amounts? CNY", "know this layout"])],
)  # fmt: skip
def test_map_shows_rows_questions_and_how_to_use_it(lang, words, file, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    assert run(file, lang=lang) == 0
    out = capsys.readouterr().out
    for word in words:
        assert word in out
    assert main(["read", str(file), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"]["credits"] == 2
    assert run(file, lang=lang) == 0
    assert "bank" in capsys.readouterr().out


def test_json_is_one_object(file, capsys, tmp_path):
    out = tmp_path / "x.profile.toml"
    assert run(file, out=out, as_json=True) == 0
    answer = json.loads(capsys.readouterr().out)
    assert (answer["known"], answer["wrote"], answer["count"]) == (None, str(out), 2)
    assert answer["rows"][1]["amount_minor"] == -30_000
    assert [question["key"] for question in answer["questions"]] == ["currency", "account"]


def test_a_person_is_asked(file, capsys, monkeypatch):
    class Terminal:
        def isatty(self):
            return True

    typed = iter(["RMB", "CNY", "6222-1"])
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(builtins, "input", lambda: next(typed))
    assert run(file, yes=False) == 0
    out = capsys.readouterr().out
    assert "! that is no ISO 4217 code, such as CNY or EUR" in out
    assert "Taken without asking" not in out
    text = (file.parent / "bank.profile.toml").read_text(encoding="utf-8")
    assert 'constant = "6222-1"' in text


@pytest.mark.parametrize("as_json", [False, True])
def test_a_picture_is_status_2_and_one_sentence(as_json, tmp_path, capsys):
    picture = tmp_path / "a.jpg"
    picture.write_bytes(b"\xff\xd8\xff\xe0" + bytes(99))
    assert run(picture, lang="zh", as_json=as_json) == 2
    told = capsys.readouterr()
    text = json.loads(told.out)["error"] if as_json else told.err
    assert "图片" in text
    assert len(text.strip().splitlines()) == 1


def test_an_incomplete_profile_is_status_2(tmp_path, capsys):
    path = tmp_path / "odd.csv"
    path.write_text(
        "when,amount,currency,reference\nx,1.00,EUR,a\ny,2.00,EUR,b\n", encoding="utf-8"
    )
    assert run(path) == 2
    assert "not complete" in capsys.readouterr().out


PROVIDER = """Transaction ID,Created,Type,Card number,Gross,Fee,Net,Payout ID
tx_1,2026-05-06T10:00:00,charge,4111111111111111,10.00,0.35,9.65,po_1
tx_2,2026-05-06T11:00:00,oddity,4111111111111111,20.00,0.70,19.30,po_1
"""


@pytest.mark.parametrize(
    ("lang", "words"),
    [("en", ["settlement lines", "2026-05-06 10:00", "€9.65", "Net = Gross − Fee on 2 of 2 rows",
             "what kind of row is 'oddity'"]),
     ("zh", ["结算明细", "2026-05-06 10:00", "€9.65", "2 行中有 2 行符合 Net = Gross − Fee",
             "'oddity' 是哪种类型", "消费"])],
)  # fmt: skip
def test_a_providers_table_is_shown_in_either_language(lang, words, tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "160")
    path = tmp_path / "acme.csv"
    path.write_text(PROVIDER, encoding="utf-8")
    assert main(["map", str(path), "--lang", lang, "--yes"]) == 0
    out = capsys.readouterr().out
    for word in words:
        assert word in out
    assert "4111111111111111" not in out
    assert main(["read", str(path), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["rows"]["settlements"] == 2


def test_answers_on_the_command_line(tmp_path, capsys):
    path = tmp_path / "acme.csv"
    path.write_text(PROVIDER, encoding="utf-8")
    call = ["map", str(path), "--json", "--answer"]
    for wrong, told in (("provider", "question=answer"), ("hue=red", "provider"),
                        ("kind.oddity=green", "chargeback")):  # fmt: skip
        assert main([*call, wrong]) == 2
        assert told in json.loads(capsys.readouterr().out)["error"]
    assert main([*call, "provider=acme", "--answer", "kind.oddity=skip"]) == 0
    text = capsys.readouterr().out
    answer = json.loads(text)
    assert (answer["table"], answer["count"], answer["closing"]) == (
        "settlements", 1, {"closes": 2, "rows": 2},
    )  # fmt: skip
    assert answer["rows"][0]["provider_id"] == "acme"
    assert "provider" not in [question["key"] for question in answer["questions"]]
    assert "4111111111111111" not in text
