"""Card numbers in the id columns of canonical files: left out as row ids, cut everywhere else."""

import random

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq
import pytest

from daozhang.facts.cards import is_card_number
from daozhang.store import card_ids

CARDS = ("4111111111111111", "5555555555554444", "378282246310005", "6222021001116245702")
GOOD = {
    "sales": {
        "sale_id": "S", "kind": "sale", "merchant_id": "M", "terminal_id": "T",
        "provider_id": "P", "channel": "card", "amount_minor": "1", "currency": "CNY",
        "captured_at": "2026-05-01T10:00:00Z", "rrn": "1", "batch_no": "1",
    },
    "credits": {
        "credit_id": "C", "account_id": "A", "amount_minor": "1", "currency": "CNY",
        "booked_at": "2026-05-01",
    },
    "settlements": {
        "line_id": "L", "provider_id": "P", "gross_minor": "1", "fee_minor": "0",
        "net_minor": "1", "currency": "CNY", "cleared_at": "2026-05-01", "status": "settled",
        "ref": "R",
    },
    "accounts": {"account_id": "A", "merchant_id": "M", "bank_id": "B"},
    "feedback": {"feedback_id": "F", "at": "2026-05-01", "store_id": "ST"},
}  # fmt: skip
KEYS = {"sales": "sale_id", "credits": "credit_id", "settlements": "line_id",
        "accounts": "account_id", "feedback": "feedback_id"}  # fmt: skip


@pytest.fixture(params=["csv", "parquet"])
def taken_of(request, con, load, tmp_path):
    """Load rows of one table as CSV or Parquet; returns what came of it, and its rows."""

    def take(table, column, values):
        rows = [
            {**GOOD[table], KEYS[table]: f"{table}-{n}", column: value}
            for n, value in enumerate(values)
        ]
        path = tmp_path / f"made.{request.param}"
        made = pa.Table.from_pylist(rows)
        if request.param == "csv":
            pa.csv.write_csv(made, path)
        else:
            pq.write_table(made, path)
        taken = load(**{f"{table}.{request.param}": path.read_bytes()})
        kept = con.execute(f"SELECT {column} FROM raw_{table}").fetchall()
        return taken, sorted(value for (value,) in kept)

    return take


ROW_IDS = [("sales", "sale_id"), ("credits", "credit_id"), ("settlements", "line_id"),
           ("feedback", "feedback_id")]  # fmt: skip
OTHERS = [("sales", "rrn"), ("sales", "batch_no"), ("sales", "merchant_id"), ("settlements", "ref"),
          ("credits", "bank_id"), ("accounts", "account_id")]  # fmt: skip


@pytest.mark.parametrize(("table", "column"), ROW_IDS)
def test_a_row_id_that_is_a_card_number_is_left_out(taken_of, table, column):
    taken, kept = taken_of(table, column, ["ORD-1", *CARDS])
    assert kept == ["ORD-1"]
    assert (taken.rows, taken.refused) == ({table: 1}, 4)
    (problem,) = taken.problems
    assert (problem.code, problem.severity) == ("card_number_as_id", "error")
    assert problem.line == (3 if taken.file.endswith("csv") else 2)
    assert "4 rows" in problem.message


@pytest.mark.parametrize(("table", "column"), OTHERS)
def test_another_column_is_cut(taken_of, table, column):
    taken, kept = taken_of(table, column, ["R-1", *CARDS, "no. 4111 1111 1111 1111"])
    assert kept == sorted([
        "R-1", "411111******1111", "555555******4444", "378282******0005", "622202******5702",
        "no. 411111******1111",
    ])  # fmt: skip
    assert (taken.rows, taken.refused) == ({table: 6}, 0)
    (problem,) = taken.problems
    assert (problem.code, problem.severity) == ("card_number_cut", "warning")
    assert "5 rows" in problem.message


def test_beside_rows_that_are_refused(taken_of):
    taken, kept = taken_of("credits", "account_id", ["4111111111111111", "A", "\0"])
    assert kept == ["411111******1111", "A"]
    assert taken.refused == 1
    assert {p.code for p in taken.problems} == {"nul_byte", "card_number_cut"}


def numbers(count):
    rng = random.Random(3)
    return sorted({f"4{rng.randrange(10**15):015d}" for _ in range(count)})


@pytest.mark.parametrize("least", [10, 5_000])
def test_order_numbers_that_pass_by_chance_stay(taken_of, monkeypatch, least):
    """Few are judged one by one; of many, first a part."""
    monkeypatch.setattr(card_ids, "_SAMPLED_MIN", least)
    values = numbers(1_000)
    assert any(map(is_card_number, values))
    taken, kept = taken_of("sales", "sale_id", values)
    assert (kept, taken.problems) == (values, ())


def test_many_card_numbers_are_found(taken_of, monkeypatch):
    monkeypatch.setattr(card_ids, "_SAMPLED_MIN", 10)
    values = [number for number in numbers(12_000) if is_card_number(number)]
    taken, kept = taken_of("sales", "rrn", values)
    assert len(taken.problems) == 1
    assert not set(kept) & set(values)


@pytest.mark.parametrize(
    "among", [(), ("4111111111111112", "4111111111111113", "4111111111111114")]
)
def test_an_account_is_judged_by_itself(taken_of, among):
    """Whatever accounts are beside it: in every file it is the same."""
    _, kept = taken_of("accounts", "account_id", ["4111111111111111", *among])
    assert kept == sorted(["411111******1111", *among])


def test_accounts_that_become_one_are_told(taken_of):
    taken, kept = taken_of("accounts", "account_id", ["4111110000091111", "4111110000171111"])
    assert kept == ["411111******1111"] * 2
    assert "1 accounts are like another one" in taken.problems[0].message
