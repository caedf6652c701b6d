"""The table of rules of ``cases.py`` and ``WHERE_CASES``, each checked on its smallest estate."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from daozhang.app.check import checked
from tests.app.cases import (
    CREDIT,
    IN_TIME,
    MONEY_CASES,
    PAID,
    PAID_TWO,
    PAYOUTS,
    PROMISE_CASES,
    SALE,
    TWO,
    Case,
    on_time,
)
from tests.app.small import answer, full, moment, term, write_beside, write_small
from tests.oracle.compare import latest_known

Journeys = dict[str, dict[str, Any]]

UNKNOWN = {"status": "unknown", "leg": None, "cause": "data_quality"}
WHERE_CASES = [
    Case(
        "the account is the most specific of store, channel and valid_from",
        {
            "sales": "sale_id,amount_minor,captured_at,store_id,channel\n"
            "s1,100,05-12T10:00,st1,card\ns2,100,05-12T10:00,st2,card\n"
            "s3,100,05-12T10:00,st2,wechat\ns4,100,05-13T10:00,st2,wechat\n"
            "s5,100,05-12T23:10,st2,wechat",
            "accounts": "account_id,store_id,channel,valid_from\na,,,\nb,st1,,\nc,,wechat,\n"
            "d,,wechat,05-13",
        },
        {
            "s1": {"account_id": "b"},
            "s2": {"account_id": "a"},
            "s3": {"account_id": "c"},
            "s4": {"account_id": "d"},
            "s5": {"account_id": "d"},
        },
    ),
    Case(
        "an rrn that came back a year later is resolved by date",
        {
            "sales": "sale_id,amount_minor,captured_at,rrn\n"
            "s1,10000,2025-05-13T10:00:00+08:00,777\ns2,20000,05-12T10:00,777",
            "settlements": "line_id,ref,gross_minor,fee_minor,net_minor,cleared_at,payout_id\n"
            "l1,777,10000,60,9940,2025-05-14T02:00:00+08:00,PAY-0001\n"
            "l2,777,20000,120,19880,05-13T02:00,PAY-0002",
            "payouts": "payout_id,net_minor,paid_out_at\n"
            "PAY-0001,9940,2025-05-14T04:00:00+08:00\nPAY-0002,19880,05-13T04:00",
            "credits": CREDIT + "c1,9940,2025-05-14T10:00:00+08:00,PAY-0001\n"
            "c2,19880,05-13T10:00,PAY-0002",
        },
        {"s1": on_time(credit_id="c1"), "s2": on_time(credit_id="c2")},
    ),
    Case(
        "without any statement due money is unknown, never late (F23)",
        PAID,
        {"s1": UNKNOWN},
        as_of="05-14T09:00",
    ),
    Case(
        "credits of the same bank end the day before: unknown",
        {**PAID, "credits": CREDIT + "x,7,05-12T10:00,rent"},
        {"s1": UNKNOWN},
        as_of="05-14T09:00",
    ),
    Case(
        "credits are complete through the end of the last local day of the bank's any account",
        {
            **PAID,
            "accounts": "account_id,merchant_id\na,m\nb,m9",
            "credits": "credit_id,account_id,amount_minor,booked_at,ref\nx,b,7,05-13T08:00,rent",
        },
        {"s1": {"status": "overdue", "leg": "credit", "reason": "missing"}},
        as_of="05-14T09:00",
    ),
    Case(
        "another bank's statement proves nothing",
        {
            **PAID,
            "accounts": "account_id,merchant_id,bank_id\na,m,B\nb,m9,C",
            "credits": "credit_id,account_id,bank_id,amount_minor,booked_at,ref\n"
            "x,b,C,7,05-13T08:00,rent",
        },
        {"s1": UNKNOWN},
        as_of="05-14T09:00",
    ),
    Case(
        "a statement that ends before the promise does not cover it",
        {**PAID, "coverage": "from_at,to_at\n05-01T00:00,05-13T11:00"},
        {"s1": UNKNOWN},
        as_of="05-14T09:00",
    ),
    Case(
        "a covered account without the money is overdue",
        {**PAID, "coverage": "from_at,to_at\n05-01,05-13"},
        {
            "s1": {
                "status": "overdue",
                "leg": "credit",
                "reason": "missing",
                "outstanding_minor": 9940,
            }
        },
        as_of="05-14T09:00",
    ),
    Case(
        "a gap between statements is not covered",
        {
            "sales": "sale_id,amount_minor,captured_at\ns1,100,05-12T10:00\ns2,100,05-13T10:00\n"
            "s3,100,05-14T10:00",
            "coverage": "from_at,to_at\n05-01,05-13\n05-15,05-20",
        },
        {"s1": {"status": "overdue"}, "s2": UNKNOWN, "s3": {"status": "overdue"}},
        as_of="05-21T00:00",
    ),
    Case(
        "sales and credits alone still give arrival by day",
        {"sales": TWO, "credits": CREDIT + "c1,14910,05-13T10:00,settlement"},
        {
            "s1": on_time(matched_by="net_of_days", credited_minor=9940, fee_minor=60),
            "s2": on_time(matched_by="net_of_days", credited_minor=4970, fee_minor=30),
        },
    ),
    Case(
        "without lines, Friday and Saturday come as the one credit of Monday",
        {
            "sales": "sale_id,amount_minor,captured_at\ns1,10000,05-15T10:00\n"
            "s2,20000,05-16T10:00\ns3,30000,05-18T10:00",
            "credits": CREDIT + "c1,29820,05-18T10:00,\nc2,29820,05-19T10:00,",
        },
        {
            "s1": on_time(matched_by="net_of_days", credit_id="c1", credited_minor=9940),
            "s2": on_time(matched_by="net_of_days", credit_id="c1", credited_minor=19880),
            "s3": on_time(matched_by="net_of_days", credit_id="c2", credited_minor=29820),
        },
    ),
    Case(
        "without lines, a payout is found by what its business dates should bring",
        {
            "sales": "sale_id,amount_minor,captured_at\ns1,10000,05-15T10:00\n"
            "s2,20000,05-16T10:00\ns3,30000,05-18T10:00",
            "payouts": "payout_id,net_minor,paid_out_at\nPAY-0001,29820,05-18T04:00\n"
            "PAY-0002,29820,05-19T04:00",
            "credits": CREDIT + "c1,29820,05-18T10:00,PAY-0001\nc2,29820,05-20T10:00,PAY-0002",
        },
        {
            "s1": on_time(payout_id="PAY-0001", credit_id="c1", credited_minor=9940),
            "s2": on_time(payout_id="PAY-0001", credit_id="c1", credited_minor=19880),
            "s3": {"status": "late", "payout_id": "PAY-0002", "leg": "credit"},
        },
    ),
    Case(
        "a payout that brings less than its lines leaves its sales short of what is missing",
        {
            **PAID,
            "payouts": "payout_id,net_minor,paid_out_at\nPAY-0001,9000,05-13T04:00",
            "credits": CREDIT + "c1,9000,05-13T10:00,PAY-0001",
        },
        {
            "s1": {
                "status": "overdue",
                "reason": "short",
                "leg": "pay_out",
                "credited_minor": 9000,
                "outstanding_minor": 940,
                "fee_minor": 60,
            },
        },
        as_of="05-14T00:00",
    ),
    Case(
        "a sale settled for less than it sold is short at the provider, not at the bank",
        {
            "sales": SALE,
            "settlements": "line_id,ref,gross_minor,fee_minor,net_minor,cleared_at,payout_id\n"
            "l1,s1,6000,36,5964,05-13T02:00,PAY-0001",
            "payouts": "payout_id,net_minor,paid_out_at\nPAY-0001,5964,05-13T04:00",
            "credits": CREDIT + "c1,5964,05-13T10:00,PAY-0001",
        },
        {
            "s1": {
                "status": "overdue",
                "reason": "short",
                "leg": "clear",
                "credited_minor": 5964,
                "outstanding_minor": 4000,
            },
        },
        as_of="05-14T00:00",
    ),
    Case(
        "a sale settled in another currency is told in its own, at the line's own rate",
        {
            "sales": "sale_id,amount_minor,captured_at,currency\n"
            "s1,1000,05-12T10:00,USD\ns2,1000,05-12T10:00,CNY",
            "settlements": "line_id,ref,gross_minor,fee_minor,net_minor,cleared_at,payout_id,"
            "currency\nl1,s1,7100,43,7057,05-13T02:00,PAY-0001,CNY\n"
            "l2,s2,1000,6,994,05-13T02:00,PAY-0001,CNY",
            "payouts": "payout_id,net_minor,paid_out_at\nPAY-0001,8051,05-13T04:00",
            "credits": CREDIT + "c1,8051,05-13T10:00,PAY-0001",
        },
        {
            "s1": on_time(currency="USD", credited_minor=994, fee_minor=6),
            "s2": on_time(currency="CNY", credited_minor=994, fee_minor=6),
        },
    ),
    Case(
        "two currencies of one provider do not mix",
        {
            "sales": "sale_id,amount_minor,captured_at,currency\n"
            "s1,10000,05-12T10:00,CNY\ns2,10000,05-12T10:00,USD",
            "accounts": "account_id,currency\na,CNY\nu,USD",
            "settlements": "line_id,ref,gross_minor,fee_minor,net_minor,cleared_at,payout_id,"
            "currency\nl1,s1,10000,60,9940,05-13T02:00,PAY-0001,CNY\n"
            "l2,s2,10000,60,9940,05-13T02:00,PAY-0002,USD",
            "payouts": "payout_id,account_id,net_minor,paid_out_at,currency\n"
            "PAY-0001,a,9940,05-13T04:00,CNY\nPAY-0002,u,9940,05-13T04:00,USD",
            "credits": "credit_id,account_id,amount_minor,booked_at,ref,currency\n"
            "c1,a,9940,05-13T10:00,hello,CNY\nc2,u,9940,05-13T11:00,hello,USD",
        },
        {
            "s1": on_time(credit_id="c1", account_id="a"),
            "s2": on_time(credit_id="c2", account_id="u"),
        },
    ),
    Case(
        "what is withdrawn is gone, and the sale it paid is open again",
        {
            **PAID,
            "credits": "credit_id,amount_minor,booked_at,ref,known_at,removed\n"
            "c1,9940,05-13T10:00,PAY-0001,05-13T10:00,\n"
            "c1,9940,05-13T10:00,PAY-0001,05-14T08:00,1\nx,7,05-14T08:00,rent,,",
        },
        {"s1": {"status": "overdue", "credited_minor": 0, "credit_id": None}},
    ),
]


CASES = [*PROMISE_CASES, *MONEY_CASES, *WHERE_CASES]


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Callable[[Case], Journeys]:
    """Return what tells the journeys of a case; those of one moment are answered for together."""
    asked: dict[datetime, list[Case]] = {}
    for number, case in enumerate(CASES):
        folder = write_small(tmp_path_factory.mktemp(f"c{number}"), case.terms, case.files)
        at = moment(case.as_of) if case.as_of else latest_known(folder)
        asked.setdefault(at, []).append(case)

    @cache
    def found(at: datetime) -> Journeys:
        folder = tmp_path_factory.mktemp("cases")
        write_beside(folder, {ours(case): (case.terms, case.files) for case in asked[at]})
        with checked(folder, as_of=at) as answer:
            rows = answer.engine.fetch("SELECT * FROM journeys").to_pylist()
            return {row["sale_id"]: row for row in rows}

    def of(case: Case) -> Journeys:
        (at,) = (at for at, cases in asked.items() if case in cases)
        mark = ours(case)
        return {
            sale_id.removeprefix(mark): {
                column: value.removeprefix(mark) if isinstance(value, str) else value
                for column, value in row.items()
            }
            for sale_id, row in found(at).items()
            if sale_id.startswith(mark)
        }

    return of


def ours(case: Case) -> str:
    return f"{CASES.index(case):02d}."


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_contract_in_small(case: Case, told: Callable[[Case], Journeys]) -> None:
    assert_expected(case, told(case))


@pytest.mark.soak
@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_the_contract_in_small_by_itself(case: Case, tmp_path: Path) -> None:
    """Alone in its folder, and for the moment that is taken when none is given."""
    folder = write_small(tmp_path / "in", case.terms, case.files)
    assert_expected(case, answer(folder, case.as_of)[0])


def assert_expected(case: Case, journeys: Journeys) -> None:
    assert journeys.keys() == case.expect.keys()
    wrong = []
    for sale_id, wanted in case.expect.items():
        for column, value in wanted.items():
            found = journeys[sale_id][column]
            holds = (
                value[1:] in (found or "")
                if isinstance(value, str) and value.startswith("~")
                else found == value
            )
            if not holds:
                wrong.append(f"{sale_id}.{column}: expected {value!r}, found {found!r}")
    assert not wrong, "\n".join(wrong)


def test_a_payout_without_lines_is_money_that_is_not_itemised(tmp_path) -> None:
    """Identity of payouts: what a payout brings beyond its lines is a term of its own."""
    files = {**PAID, "payouts": PAYOUTS, "credits": IN_TIME + "\nc2,4970,05-13T10:00,PAY-0002"}
    journeys, summary = answer(write_small(tmp_path, term(), files))
    assert journeys["s1"]["status"] == "on_time"
    terms = summary["identities"]["payouts"]["CNY"]
    assert (terms["net_minor"], terms["lines_minor"]) == (14910, 9940)
    assert (terms["not_itemised_minor"], terms["payouts_not_itemised"]) == (4970, 1)
    assert summary["identities"]["credits"]["CNY"]["explained_minor"] == 14910


def test_lines_without_sales_are_no_journeys_and_break_nothing(tmp_path) -> None:
    """Missing tables degrade the answer, never the run."""
    journeys, summary = answer(
        write_small(tmp_path, term(), {**PAID_TWO, "sales": SALE, "credits": IN_TIME}),
        "05-13T11:00",
    )
    assert list(journeys) == ["s1"]
    assert summary["identities"]["payouts"]["CNY"]["lines_minor"] == 14910
    assert summary["identities"]["sales"]["CNY"]["amount_minor"] == 10000


@pytest.mark.parametrize("swapped", [False, True])
def test_rows_that_contradict_each_other_are_named_and_settled_alike(tmp_path, swapped) -> None:
    """Equal known_at with different content is a located error; the answer keeps to one row."""
    one, other = SALE, SALE.replace("10000", "10001")
    files = {"sales_a": other, "sales_b": one} if swapped else {"sales_a": one, "sales_b": other}
    journeys, summary = answer(write_small(tmp_path, term(), files))
    assert journeys["s1"]["amount_minor"] == 10000
    (problem,) = summary["problems"]
    assert problem["code"] == "contradictory_rows"
    assert problem["file"] == "sales_a.csv"
    for word in ("s1", "sales_a.csv", "sales_b.csv", "known_at"):
        assert word in problem["message"]


def test_equal_rows_in_two_files_contradict_nothing(tmp_path) -> None:
    """Rows with the same key are one fact, in however many files they are seen."""
    _, summary = answer(write_small(tmp_path, term(), {"sales_a": SALE, "sales_b": SALE}))
    assert summary["problems"] == []
    assert summary["identities"]["sales"]["CNY"]["sales"] == 1


def test_as_of_is_printed_and_defaults_to_the_latest_known_at(tmp_path) -> None:
    """Without --as-of, T is the latest known_at in the facts."""
    files = {**PAID, "credits": IN_TIME}
    _, summary = answer(write_small(tmp_path, term(), files))
    assert summary["as_of"] == "2026-05-13T02:00:00Z"
    assert full("05-13T10:00") == "2026-05-13T10:00:00+08:00"
