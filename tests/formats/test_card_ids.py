"""Card numbers in id columns: judged by the column, left out as row ids, cut everywhere else."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from daozhang.facts import Problem
from daozhang.facts.cards import (
    _RUN,
    is_card_number,
    may_hold_card_number,
    proves_card_number,
)
from daozhang.formats import Facts, Options, load_profile
from daozhang.formats._card_ids import CardGuard

OTHER_CARDS = ("4111111111111111", "5555555555554444", "378282246310005", "6222021001116245702")


def rows_of(column, values, table="sales"):
    return Facts(table, [{column: value, "n": n} for n, value in enumerate(values)],
                 list(range(2, len(values) + 2)))  # fmt: skip


def passed(*batches):
    guard = CardGuard("till.csv")
    kept = [row for batch in batches for facts in guard.passed(batch) for row in facts.rows]
    return kept, list(guard.problems())


VERDICTS = {
    "visa": ("4111111111111111", True),
    "mastercard": ("5555555555554444", True),
    "american express": ("378282246310005", True),
    "unionpay, 19 digits": ("6222021001116245702", True),
    "diners": ("30569309025904", True),
    "in groups": ("4111 1111 1111 1111", True),
    "in a sentence": ("paid with 4111111111111111", True),
    "wrong check digit": ("4111111111111112", False),
    "a UnionPay merchant": ("301110048160001", None),
    "a day and a number": ("2026050612345678", None),
    "28 digits": ("4200001234202605061234567890", None),
    "inside a longer id": ("ORD-4111111111111111", None),
    "short": ("411111111111", None),
}


@pytest.mark.parametrize(("text", "verdict"), VERDICTS.values(), ids=VERDICTS)
def test_what_looks_like_a_card_number(text, verdict):
    assert proves_card_number(text) is verdict


def test_a_row_id_that_is_a_card_number_is_left_out():
    kept, (problem,) = passed(rows_of("sale_id", [*OTHER_CARDS, "ORD-1"]))
    assert [row["sale_id"] for row in kept] == ["ORD-1"]
    assert (problem.code, problem.severity, problem.line) == ("card_number_as_id", "error", 2)
    assert "4 rows" in problem.message


@pytest.mark.parametrize("column", ["rrn", "merchant_id", "original_sale_id"])
def test_another_column_is_cut(column):
    kept, (problem,) = passed(rows_of(column, ["R-1", "4111111111111111"]))
    assert [row[column] for row in kept] == ["R-1", "411111******1111"]
    assert (problem.code, problem.severity, problem.line) == ("card_number_cut", "warning", 3)


@pytest.mark.parametrize("text", ["交易订单号4111111111111111", "card:4111-1111-1111-1111;",
                                  "\ud8004111111111111111", "(4111 1111 1111 1111)"])  # fmt: skip
def test_whatever_stands_around_it(text):
    (row,), (problem,) = passed(rows_of("rrn", [text]))
    assert "1111111111" not in row["rrn"].replace("-", "").replace(" ", "")
    assert problem.code == "card_number_cut"


@given(st.text(st.sampled_from("0411 -./x*_到\n"), max_size=40))
def test_what_is_not_looked_at_closely_holds_no_card_number(text):
    """The cheap look may err on one side only."""
    for part in (text, text.replace("0", "4111111111111111")):
        assert may_hold_card_number(part) or _RUN.search(part) is None


def numbers(seed, count):
    rng = random.Random(seed)
    return [f"4{rng.randrange(10**15):015d}" for _ in range(count)]


@pytest.mark.parametrize("seed", range(20))
def test_order_numbers_that_pass_by_chance_stay(seed):
    """One in ten passes the Luhn check; a column of them is one of order numbers."""
    values = numbers(seed, 200)
    assert any(map(is_card_number, values))
    kept, problems = passed(rows_of("sale_id", values))
    assert ([row["sale_id"] for row in kept], problems) == (values, [])


def test_consecutive_order_numbers_stay():
    values = [str(4_200_000_000_000_000 + n) for n in range(50)]
    assert passed(rows_of("line_id", values, "settlements"))[1] == []


def test_the_count_goes_over_the_file():
    """What came before is remembered, so one more number that passes proves nothing."""
    lone = rows_of("sale_id", ["4111111111111111"])
    assert [p.code for p in passed(lone)[1]] == ["card_number_as_id"]
    assert passed(rows_of("sale_id", numbers(1, 100)), lone)[1] == []


def test_nothing_is_covered_where_a_row_was_left_out():
    cover = Facts("coverage", [{"subject": "1", "table": "credits"}], [1])
    kept, _ = passed(rows_of("credit_id", ["4111111111111111"], "credits"), cover)
    assert kept == []
    kept, _ = passed(rows_of("credit_id", ["L-1"], "credits"), cover)
    assert len(kept) == 2


PROFILE = """
name = "till"
table = "sales"
columns = ["Card", "When", "Amount", "Terminal"]
[read]
dates = ["%Y-%m-%d %H:%M:%S"]
currency = "EUR"
[amount]
column = "Amount"
target = "amount_minor"
[fields.sale_id]
columns = ["Card"]
[fields.captured_at]
columns = ["When"]
[fields.kind]
constant = "sale"
[fields.channel]
constant = "card"
[fields.merchant_id]
constant = "M-1"
[fields.provider_id]
constant = "acme"
[fields.terminal_id]
columns = ["Terminal"]
[fields.rrn]
columns = ["Card"]
"""


def test_through_a_profile(reading):
    lines = [f"{card},2026-05-0{n} 10:00:00,1.00,T-1" for n, card in enumerate(OTHER_CARDS, 1)]
    content = "Card,When,Amount,Terminal\n" + "\n".join(lines) + "\n"
    profiles = {"till": load_profile(PROFILE, "till.profile.toml")}
    found = reading(content, "till.csv", Options(profiles=profiles))
    assert found.rows("sales") == []
    assert found.codes == ["card_number_as_id"]
    told = " ".join(map(str, found.items))
    assert not any(card in told for card in OTHER_CARDS)


CELLS = ("4111111111111111", "-4111111111111111", "4111111111111111.00", "4111-1111-1111-1111",
         "ORD-4111111111111111", "4111 1111 1111 1111,5", "x4111111111111111x")  # fmt: skip


@pytest.mark.parametrize("cell", CELLS)
def test_no_problem_quotes_a_card_number(cell):
    problem = Problem("a.csv", 1, "amount_unreadable", f"the amount {cell!r} cannot be taken")
    for text in (problem.message, str(problem), problem.said("zh"), str(problem.to_json())):
        assert "1111111111" not in text.replace("-", "").replace(" ", "")
    assert "411111******1111" in problem.message
