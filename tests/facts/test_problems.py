"""A located finding: its forms for people, editors and programs."""

import dataclasses

import pytest

from daozhang.facts import Problem
from daozhang.facts.problem_words import IN_CHINESE

CODE = "amount_not_integer"
MESSAGE = "amount_minor is '12.50': amounts are integers in minor units"
AT = Problem("sales.csv", 3, CODE, MESSAGE)
WHOLE = Problem("扫描.png", None, "is_image", "a PNG image", "warning")
STRANGE = Problem("x.csv", 1, "no_such_code", "odd")


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        (AT, f"sales.csv:3: {MESSAGE} [{CODE}]"),
        (WHOLE, "扫描.png: a PNG image [is_image]"),
        (STRANGE, "x.csv:1: odd [no_such_code]"),
    ],
)
def test_the_english_form_is_one_that_editors_jump_to(problem, shown):
    assert str(problem) == shown
    assert problem.said("en") == shown


@pytest.mark.parametrize(
    ("problem", "shown"),
    [
        (AT, f"sales.csv 第 3 行：{IN_CHINESE[CODE]}（{MESSAGE}）[{CODE}]"),
        (WHOLE, f"扫描.png：{IN_CHINESE['is_image']}（a PNG image）[is_image]"),
        (STRANGE, "x.csv:1: odd [no_such_code]"),
    ],
    ids=["a line", "a whole file", "a code without a sentence"],
)
def test_the_chinese_form_keeps_the_message_and_the_code(problem, shown):
    assert problem.said("zh") == shown


@pytest.mark.parametrize("problem", [AT, WHOLE])
def test_programs_get_line_code_and_message(problem):
    assert problem.to_json() == {
        "line": problem.line, "code": problem.code, "message": problem.message,
    }  # fmt: skip


def test_a_problem_is_an_error_unless_it_is_said_to_be_a_warning():
    assert (AT.severity, WHOLE.severity) == ("error", "warning")


def test_a_problem_is_a_value():
    assert Problem("sales.csv", 3, CODE, MESSAGE) == AT
    assert len({AT, Problem("sales.csv", 3, CODE, MESSAGE)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        AT.line = 4
    tenth = dataclasses.replace(AT, line=10)
    other = dataclasses.replace(AT, file="a.csv", line=99)
    assert sorted([tenth, AT, other]) == [other, AT, tenth]
