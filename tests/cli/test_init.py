"""``daozhang init`` as it is typed: output, exit status, and that ``check`` runs afterwards."""

import builtins
import json
import sys

import pytest

from daozhang.cli import init
from daozhang.cli.main import main
from tests.oracle.estate import PLAIN, make_estate


@pytest.fixture
def folder(tmp_path):
    made = make_estate(1, PLAIN, sales=120).write(tmp_path / "in")
    (made / "terms.toml").unlink()
    (made / "accounts.csv").unlink()
    return made


@pytest.mark.parametrize(
    ("lang", "words"),
    [("zh", ["文件里有什么", "日切 23:00", "下一步：daozhang check"]),
     ("en", ["What the files hold", "cut-off", "Next: daozhang check"])],
)  # fmt: skip
def test_init_shows_what_it_found_and_check_runs(lang, words, folder, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    assert init.run(folder, lang=lang, as_json=False, answers=None) == 0
    out = capsys.readouterr().out
    for word in words:
        assert word in out
    assert (folder / "terms.toml").exists()
    assert main(["check", str(folder), "--json"]) in {0, 1}


def test_json_is_one_object_with_the_open_questions(folder, capsys):
    assert init.run(folder, lang="en", as_json=True, answers={"terms.acq.credit_by": "12:00"}) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["wrote"] == ["terms.toml", "accounts.csv"]
    assert {term["provider_id"] for term in answer["terms"]} == {"acq", "wal"}
    assert answer["terms"][0]["values"]["credit_by"]["how"] == "told"
    keys = [question["key"] for question in answer["questions"]]
    assert "terms.acq.credit_by" not in keys
    assert "terms.wal.credit_by" in keys
    assert all(q["default"] and q["reason"] and q["example"] for q in answer["questions"])


@pytest.mark.parametrize("as_json", [False, True])
def test_an_empty_folder_is_status_2_and_one_sentence(as_json, tmp_path, capsys):
    assert init.run(tmp_path, lang="zh", as_json=as_json, answers=None) == 2
    told = capsys.readouterr()
    text = json.loads(told.out)["error"] if as_json else told.err
    assert "没有文件" in text
    assert len(text.strip().splitlines()) == 1


class Terminal:
    """A terminal at which nobody has typed yet."""

    def isatty(self):
        return True


def test_a_person_is_asked_and_enter_takes_what_is_proposed(folder, capsys, monkeypatch):
    typed = iter(["noon", "12:00", *[""] * 50])
    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(builtins, "input", lambda: next(typed))
    assert init.run(folder, lang="en", as_json=False, answers=None) == 0
    out = capsys.readouterr().out
    assert "By what time of that day does acq promise it in the bank?" in out
    assert "! write a time from 00:01 to 24:00, such as 23:00" in out
    assert "Enter takes" in out
    text = (folder / "terms.toml").read_text(encoding="utf-8")
    assert 'credit_by = "12:00"  # as you answered' in text
    assert "# guessed" not in text


def test_an_interrupted_run_writes_nothing(folder, capsys, monkeypatch):
    def interrupt():
        raise KeyboardInterrupt

    monkeypatch.setattr(sys, "stdin", Terminal())
    monkeypatch.setattr(builtins, "input", interrupt)
    assert init.run(folder, lang="en", as_json=False, answers=None) == 2
    assert "nothing was written" in capsys.readouterr().err
    assert not (folder / "terms.toml").exists()


def test_names_out_of_files_cannot_draw_on_the_terminal(tmp_path, capsys):
    header = "sale_id,kind,merchant_id,terminal_id,provider_id,channel,amount_minor,currency,"
    row = "s,sale,[red]m\x1b[31m,t,p,card,100,CNY,2026-05-06T10:00:00+08:00"
    (tmp_path / "sales.csv").write_text(f"{header}captured_at\n{row}\n", encoding="utf-8")
    assert init.run(tmp_path, lang="en", as_json=False, answers=None) == 0
    out = capsys.readouterr().out
    assert "\x1b[31m" not in out
    assert main(["check", str(tmp_path), "--json"]) in {0, 1}
