"""Every finding is explained in Chinese, and nothing is explained that cannot be found."""

import ast
import re
from pathlib import Path

import duckdb
import pytest

from daozhang.app.intake import take_folder
from daozhang.facts import Problem
from daozhang.facts.problem_words import IN_CHINESE
from docs._problems import found_codes

PACKAGE = Path(__file__).parents[2] / "daozhang"
ONE_WORD = {"ignored"}
"""Codes of one word, which the search of the sources takes for ordinary texts."""

HAN = re.compile(r"[\u4e00-\u9fff]")


def first_codes() -> set[str]:
    """Return every code that stands as a constant in a call of ``Problem`` itself."""
    found = set()
    for path in PACKAGE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not ast.unparse(node.func).endswith("Problem"):
                continue
            named = [k.value for k in node.keywords if k.arg == "code"]
            for value in [*node.args[2:3], *named]:
                if isinstance(value, ast.Constant):
                    found.add(value.value)
    return found


def test_every_code_has_a_sentence_and_every_sentence_a_code():
    codes = found_codes().keys() | ONE_WORD
    assert len(codes) > 100
    assert sorted(codes - IN_CHINESE.keys()) == []
    assert sorted(IN_CHINESE.keys() - codes) == []


def test_the_search_finds_what_stands_in_plain_sight():
    plain = first_codes()
    assert len(plain) > 30
    assert plain - found_codes().keys() - ONE_WORD == set()


def test_codes_of_one_word_are_really_given(tmp_path):
    (tmp_path / "README.md").write_text("notes", encoding="utf-8")
    (report,) = take_folder(duckdb.connect(), tmp_path).files
    assert {problem.code for problem in report.problems} == ONE_WORD


@pytest.mark.parametrize("code", sorted(IN_CHINESE))
def test_a_sentence_stands_inside_another_one(code):
    said = IN_CHINESE[code]
    assert HAN.search(said)
    assert said == said.strip()
    assert not said.endswith(tuple("。.；;，,！!"))
    assert "。" not in said
    # Halves of brackets and quotation marks come from cut sentences.
    assert all(said.count(a) == said.count(b) for a, b in ("（）", "“”", "[]"))
    assert len(said) <= 80


@pytest.mark.parametrize("code", sorted(IN_CHINESE))
def test_a_sentence_uses_chinese_marks_and_says_what_follows(code):
    said = IN_CHINESE[code]
    assert not re.search(r"[\u4e00-\u9fff][,;:!?()]|[,;:!?()][\u4e00-\u9fff]", said)
    # What is wrong stands before the semicolon, what to do or what follows stands after it.
    wrong, mark, then = said.partition("；")
    assert mark
    assert HAN.search(wrong)
    assert HAN.search(then)


def test_sentences_differ():
    kept = [said for code, said in IN_CHINESE.items() if code != "unknown_currency"]
    assert len(set(kept)) == len(kept)


def test_the_sentence_stands_before_the_message():
    problem = Problem("工行.sta", 7, "time_without_offset", "captured_at is 2026-05-01T10:00:00")
    assert problem.said("zh") == (
        "工行.sta 第 7 行：时间没有时区偏移，不知道是哪里的几点；请补上，例如 +08:00（UTC 写 Z）"
        "（captured_at is 2026-05-01T10:00:00）[time_without_offset]"
    )
