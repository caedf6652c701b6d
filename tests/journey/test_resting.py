"""Payouts and credits at rest: matched once, and again as soon as something touches them."""

from __future__ import annotations

import json
import random
import shutil
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from daozhang.journey import standing
from daozhang.journey.by_id import _ids_in
from daozhang.journey.identities import BrokenIdentityError
from daozhang.journey.resting import words_for, words_in
from tests.app.small import table_text, term, write_small
from tests.journey.test_closing import SOAK, Answer, add, answer
from tests.oracle.rows import read_folder

BEGUN = {
    "sales": "sale_id,amount_minor,captured_at\n"
    "s0,10000,05-12T09:00\ns1,20000,05-12T10:00\ns2,30000,05-12T11:00\ns3,40000,05-12T12:00\n"
    "s4,50000,05-12T13:00\ns5,60000,05-12T14:00\ns6,70000,05-13T10:00",
    "settlements": "line_id,ref,gross_minor,fee_minor,net_minor,cleared_at,payout_id\n"
    + "\n".join(
        f"l{n},s{n},{gross},{gross * 6 // 1000},{gross - gross * 6 // 1000},05-13T02:00,PAY-{n}"
        for n, gross in enumerate((10000, 20000, 30000, 40000, 50000, 60000))
    ),
    "payouts": "payout_id,net_minor,paid_out_at\n"
    + "\n".join(
        f"PAY-{n},{gross - gross * 6 // 1000},05-13T04:00"
        for n, gross in enumerate((10000, 20000, 30000, 40000, 50000, 60000))
    ),
    "credits": "credit_id,amount_minor,booked_at,ref,counterparty\n"
    "c0,9940,05-13T09:00,PAY-0,\nc1,19880,05-13T09:00,,transfer/PAY-1/thanks\n"
    "c23,69580,05-13T09:00,PAY-2/PAY-3,\nc4,30000,05-13T09:00,PAY-4,\nc5,19700,05-13T10:00,PAY-4,\n"
    "c6,59640,05-13T09:00,,nothing/named",
}
"""One payout by its id, one in a text, two by one credit, one by two, one by its amount."""

LATER = {
    "a second credit names a payout": {
        "credits": "credit_id,amount_minor,booked_at,ref\nx,9940,05-14T09:00,PAY-0"
    },
    "a second credit names a payout in its text": {
        "credits": "credit_id,amount_minor,booked_at,counterparty\nx,500,05-14T09:00,again:PAY-1!"
    },
    "a credit names one of two that came together": {
        "credits": "credit_id,amount_minor,booked_at,ref\nx,100,05-14T09:00,PAY-3"
    },
    "a credit's amount is corrected": {
        "credits": "credit_id,amount_minor,booked_at,ref,known_at\n"
        "c0,9000,05-13T09:00,PAY-0,05-14T09:00"
    },
    "a credit's text is corrected": {
        "credits": "credit_id,amount_minor,booked_at,ref,known_at\n"
        "c0,9940,05-13T09:00,PAY-7,05-14T09:00"
    },
    "a credit is booked a day later": {
        "credits": "credit_id,amount_minor,booked_at,ref,known_at\nc0,9940,05-14,PAY-0,05-14T09:00"
    },
    "a credit is taken back": {
        "credits": "credit_id,amount_minor,booked_at,ref,known_at,removed\n"
        "c4,30000,05-13T09:00,PAY-4,05-14T09:00,1"
    },
    "a payout is corrected": {
        "payouts": "payout_id,net_minor,paid_out_at,known_at\nPAY-0,9900,05-13T04:00,05-14T09:00"
    },
    "a payout came back": {
        "payouts": "payout_id,net_minor,paid_out_at,status,known_at\n"
        "PAY-1,19880,05-13T04:00,returned,05-14T09:00"
    },
    "a payout is sent again": {
        "payouts": "payout_id,net_minor,paid_out_at,replaces_payout_id\n"
        "PAY-8,9940,05-14T04:00,PAY-0"
    },
    "a payout is taken back": {
        "payouts": "payout_id,net_minor,paid_out_at,known_at,removed\n"
        "PAY-3,39760,05-13T04:00,05-14T09:00,1"
    },
    "a payout's id holds another's": {
        "payouts": "payout_id,net_minor,paid_out_at\nPAY-1/thanks,19880,05-14T04:00"
    },
    "a payout's id is a word of a text": {
        "payouts": "payout_id,net_minor,paid_out_at\nthanks,100,05-14T04:00"
    },
    "another provider's payout of the same id": {
        "payouts": "payout_id,net_minor,paid_out_at,provider_id,account_id\n"
        "PAY-0,9940,05-13T04:00,Q,a"
    },
    "a payout has one line more": {
        "settlements": "line_id,ref,gross_minor,fee_minor,net_minor,cleared_at,payout_id\n"
        "l9,s6,70000,420,69580,05-14T02:00,PAY-0"
    },
    "a line is corrected": {
        "settlements": "line_id,ref,gross_minor,fee_minor,net_minor,cleared_at,payout_id,known_at\n"
        "l0,s0,10000,100,9900,05-13T02:00,PAY-0,05-14T09:00"
    },
    "an account is told of": {"accounts": "account_id,kind\nb,new"},
    "nothing to do with it": {
        "settlements": "line_id,ref,gross_minor,fee_minor,net_minor,cleared_at,payout_id\n"
        "l6,s6,70000,420,69580,05-14T02:00,PAY-6",
        "payouts": "payout_id,net_minor,paid_out_at\nPAY-6,69580,05-14T04:00",
        "credits": "credit_id,amount_minor,booked_at,ref\nc7,69580,05-14T09:00,PAY-6",
    },
}  # fmt: skip
TERMS = term() + term(provider_id='"Q"')


def at_rest(store: Path) -> tuple[set[str], set[str]]:
    """Return which payouts and credits a store's books lay aside."""
    number = json.loads((store / "closed" / "current.json").read_text())["number"]
    place = store / "closed" / str(number)
    chains, credits = (
        pq.read_table(place / f"rest_{side}.parquet") for side in ("chains", "credits")
    )
    return set(chains["chain_id"].to_pylist()), set(credits["credit_id"].to_pylist())


@pytest.fixture(scope="module")
def begun(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A place with a folder ``in`` and a ``store`` of it whose books are closed."""
    place = tmp_path_factory.mktemp("begun")
    folder = write_small(place / "in", TERMS, BEGUN)
    add(place / "store", read_folder(folder), 0, folder / "terms.toml")
    answer(place / "store")
    assert at_rest(place / "store") == (
        {f"PAY-{n}" for n in range(5)}, {"c0", "c1", "c23", "c4", "c5"},
    )  # fmt: skip
    return place


SHOWN_ASLEEP = {"a second credit names a payout", "a payout's id holds another's"}
SAME_ASLEEP = {
    "a line is corrected", "another provider's payout of the same id", "an account is told of",
    "nothing to do with it",
}  # fmt: skip
"""Cases that change nothing for what rests, though it may wake of them."""


LONG = {
    "a credit is booked a day later", "a credit is taken back", "a credit's text is corrected",
    "a line is corrected", "a payout is corrected", "a payout is sent again",
    "a payout is taken back", "a payout's id is a word of a text", "an account is told of",
}  # fmt: skip
"""Cases of a soak: in a short run others stand for them, that change the same side alike."""


@pytest.mark.parametrize(
    "case", [pytest.param(c, marks=pytest.mark.soak) if c in LONG else c for c in LATER]
)
def test_what_comes_later_is_as_if_nothing_rested(
    tmp_path: Path, begun: Path, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    """And it is so because what it touches wakes: asleep, another answer or no sums that agree."""
    shutil.copytree(begun, tmp_path, dirs_exist_ok=True)
    folder, store, new = tmp_path / "in", tmp_path / "store", tmp_path / "new"
    new.mkdir()
    for table, text in LATER[case].items():
        (folder / f"{table}-later.csv").write_text(table_text(table, text), encoding="utf-8")
        (new / f"{table}.csv").write_text(table_text(table, text), encoding="utf-8")
    add(store, read_folder(new), 1, folder / "terms.toml")
    expected = answer(folder)
    if case in SHOWN_ASLEEP or (SOAK and case not in SAME_ASLEEP):
        shutil.copytree(store, tmp_path / "asleep")
        with monkeypatch.context() as patched:
            patched.setattr(standing, "wake", lambda _: None)
            assert not agrees(tmp_path / "asleep", expected)
    assert answer(store) == expected
    if case == "nothing to do with it":
        assert at_rest(store) == (
            {f"PAY-{n}" for n in (0, 1, 2, 3, 4, 6)}, {"c0", "c1", "c23", "c4", "c5", "c7"},
        )  # fmt: skip


def agrees(store: Path, expected: Answer) -> bool:
    try:
        return answer(store) == expected
    except BrokenIdentityError:
        return False


def test_a_text_that_holds_a_name_shares_a_word_with_it() -> None:
    """Else a payout or credit would sleep through what names it."""
    chance = random.Random(5)
    letters = "aB1-/. ß付"

    def text(most: int) -> str:
        return "".join(chance.choice(letters) for _ in range(chance.randint(1, most)))

    held = 0
    for _ in range(20_000):
        name, ref, more = text(5), text(6), text(12)
        whole = f"{ref} {more}"
        inside = bool(_ids_in(whole.upper(), {name.upper(): []}, [len(name.upper())]))
        if inside or ref.strip().upper() == name.upper():
            held += 1
            assert words_for(name) & words_in(ref, whole), (name, ref, more)
    assert held > 500
