"""What closed books must survive: other terms, damage, many segments, much that is reopened."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest

from daozhang.app.check import checked
from daozhang.journey import closing
from tests.journey.test_closing import Answer, add, answer, closed_sales, grown, slices
from tests.oracle.estate import make_estate
from tests.oracle.rows import read_folder, write_csv


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, Answer]:
    """A folder of facts, a store of the same whose books are closed, and the folder's answer.

    The store grew in so many steps that segments were put together.
    """
    place = tmp_path_factory.mktemp("books")
    folder = make_estate(51, sales=90, days=9).write(place / "in")
    store = place / "store"
    *pieces, last = slices(folder, 4, 3, in_time=True)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(closing, "SEGMENTS_MAX", 1)
        patched.setattr(closing, "REOPENED_SHARE_MAX", 1)
        closed = grown(store, pieces, folder / "terms.toml")
        assert 0 < closed[0] < closed[-1]
        add(store, last, len(pieces), folder / "terms.toml")
        expected = answer(folder)
        assert answer(store) == expected
        assert closed_sales(store) > 10
    return folder, store, expected


@pytest.fixture
def both(made: tuple[Path, Path, Answer], tmp_path: Path) -> tuple[Path, Path]:
    """The same, to change at will."""
    folder, store, _ = made
    shutil.copytree(folder, tmp_path / "in")
    shutil.copytree(store, tmp_path / "store")
    return tmp_path / "in", tmp_path / "store"


def test_what_is_asked_of_all_sales_is_asked_of_closed_ones(
    made: tuple[Path, Path, Answer],
) -> None:
    """How many sales were stored offline, and when terminals made them, is known of all of them."""
    folder, store, _ = made
    asked = [
        "SELECT provider_id, count(*), count(host_at) FROM told_hosts GROUP BY 1 ORDER BY 1",
        "SELECT terminal_id, count(DISTINCT row_key) FROM told_clocks GROUP BY 1 ORDER BY 1",
        "SELECT sale_id, account_id, cleared_at, reason FROM told_copies ORDER BY ALL",
        "SELECT * FROM strangers ORDER BY ALL",
    ]
    with checked(folder) as whole, checked(store) as resumed:
        ((opened,),) = resumed.engine.rows("SELECT count(*) FROM facts_sales")
        ((every,),) = whole.engine.rows("SELECT count(*) FROM facts_sales")
        assert int(str(opened)) < int(str(every))
        for question in asked:
            assert resumed.engine.rows(question) == whole.engine.rows(question)


def test_other_terms_close_nothing(both: tuple[Path, Path]) -> None:
    """An answer under other terms is that of a run from nothing (the promises are others)."""
    folder, store = both
    terms = folder / "terms.toml"
    text = terms.read_text(encoding="utf-8")
    terms.write_text(text.replace('credit_by = "12:00"', 'credit_by = "09:30"'), encoding="utf-8")
    assert terms.read_text(encoding="utf-8") != text
    add(store, {}, 99, terms)
    assert answer(store) == answer(folder)


@pytest.mark.parametrize("damage", ["cut", "no json"])
def test_damaged_books_are_no_books(
    both: tuple[Path, Path], made: tuple[Path, Path, Answer], damage: str
) -> None:
    """Books that are not whole are not used: the parts are the truth."""
    _, store = both
    current = store / "closed" / "current.json"
    number = json.loads(current.read_text(encoding="utf-8"))["segments"][0][0]
    outcomes = store / "closed" / str(number) / "outcomes.parquet"
    match damage:
        case "cut":
            outcomes.write_bytes(outcomes.read_bytes()[:-100])
        case _:
            current.write_text("{", encoding="utf-8")
    assert answer(store) == made[2]
    assert closed_sales(store) > 10


def test_many_segments_become_few(made: tuple[Path, Path, Answer]) -> None:
    """Small segments are put together, and reopened sales in them are not forgotten."""
    data = json.loads((made[1] / "closed" / "current.json").read_text(encoding="utf-8"))
    assert 0 < len(data["segments"]) < data["number"] - 1


def test_much_that_is_reopened_begins_anew(both: tuple[Path, Path]) -> None:
    """A correction of every sale: the answer is right, and the books are closed again."""
    folder, store = both
    facts = read_folder(folder)
    newest = max(str(row.get("known_at") or "") for rows in facts.values() for row in rows)
    again = [{**row, "known_at": newest, "mcc": "5999"} for row in facts["sales"]]
    add(store, {"sales": again}, 98, folder / "terms.toml")
    write_csv(folder / "sales-again.csv", again)
    expected = answer(folder)
    assert answer(store) == expected
    assert answer(store) == expected
    assert closed_sales(store) > 10


def test_an_account_that_changes_its_bank(both: tuple[Path, Path]) -> None:
    """Accounts have no time: the figures by bank follow the newest file."""
    folder, store = both
    facts = read_folder(folder)
    account = {**facts["accounts"][0], "account_id": "acc-new", "valid_from": "2031-01-01"}
    add(store, {"accounts": [account]}, 97, folder / "terms.toml")
    write_csv(folder / "accounts-more.csv", [account])
    assert answer(store) == answer(folder)
