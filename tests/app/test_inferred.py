"""A folder of sales and credits only: each sale's money is found, or said to be ambiguous."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from daozhang.app.answers import summary_json
from daozhang.app.check import checked
from tests.app.small import term, write_beside, write_small

CREDIT = "credit_id,amount_minor,booked_at,counterparty\n"
SALES = "sale_id,kind,original_sale_id,amount_minor,captured_at,channel,provider_id\n"


def look(folder: Path) -> tuple[dict[str, Any], dict[str, Any], dict[str, Any], dict[str, Any]]:
    """Return journeys by sale, credits by id, the summary and the terms of the identity."""
    with checked(folder) as found:
        rows = found.engine.fetch("SELECT * FROM journeys").to_pylist()
        credits = found.engine.fetch("SELECT * FROM credit_standing").to_pylist()
        chains = found.engine.fetch("SELECT * FROM chain_standing").to_pylist()
        assert not any(row["certain"] for row in chains), "without ids nothing is certain"
        summary = summary_json(found)
    return (
        {row["sale_id"]: row for row in rows},
        {row["credit_id"]: row for row in credits},
        summary,
        summary["identities"]["credits"]["CNY"],
    )


def test_a_refund_of_the_next_day_comes_off_its_own_day(tmp_path: Path) -> None:
    """s1 nets 9,940 on Tuesday; on Wednesday s2's 4,970 less the refund of 2,000 is 2,970."""
    folder = write_small(tmp_path / "in", term(), {
        "sales": SALES
        + "s1,sale,,10000,05-12T10:00,card,P\nr1,refund,s1,2000,05-13T11:00,card,P\n"
        "s2,sale,,5000,05-13T10:00,card,P",
        "credits": CREDIT + "c1,9940,05-13T10:00,\nc2,2970,05-14T10:00,",
    })  # fmt: skip
    sales, credits, _, money = look(folder)
    assert [credits[c]["matched_by"] for c in ("c1", "c2")] == ["net_of_days", "net_of_days"]
    assert (sales["s1"]["status"], sales["s1"]["credited_minor"]) == ("on_time", 7_940)
    assert (sales["s1"]["refunded_minor"], sales["s1"]["fee_minor"]) == (2_000, 60)
    assert (sales["s2"]["credit_id"], sales["s2"]["credited_minor"]) == ("c2", 4_970)
    assert (money["explained_minor"], money["unexplained_minor"]) == (12_910, 0)


def test_a_refund_that_was_taken_off_a_day_early_is_named(tmp_path: Path) -> None:
    """c1 is Tuesday's 29,820 less Wednesday's refund of 1,234; c2 is Wednesday without it."""
    folder = write_small(tmp_path / "in", term(), {
        "sales": SALES
        + "s1,sale,,30000,05-12T10:00,card,P\ns2,sale,,20000,05-13T10:00,card,P\n"
        "r1,refund,s1,1234,05-13T11:00,card,P",
        "credits": CREDIT + "c1,28586,05-14T09:00,\nc2,19880,05-14T10:00,",
    })  # fmt: skip
    sales, credits, _, money = look(folder)
    assert {c["matched_by"] for c in credits.values()} == {"net_of_days_less_items"}
    assert sales["s1"]["credited_minor"] == 29_820 - 1_234
    assert sales["s1"]["outstanding_minor"] == 0
    assert sales["s2"]["credit_id"] == "c2"
    assert money["unexplained_minor"] == 0


def test_a_sale_that_was_kept_back_comes_with_the_next_credit(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "in", term(), {
        "sales": SALES
        + "s1,sale,,30100,05-12T10:00,card,P\ns2,sale,,4100,05-12T11:00,card,P\n"
        "s3,sale,,20700,05-13T10:00,card,P\ns4,sale,,900,05-13T11:00,card,P",
        "credits": CREDIT + "c1,29919,05-13T10:00,\nc2,25546,05-14T10:00,",
    })  # fmt: skip
    sales, credits, _, _ = look(folder)
    assert sales["s2"]["credit_id"] == "c2"
    assert sales["s2"]["status"] == "late"
    assert {sales[s]["status"] for s in ("s1", "s3", "s4")} == {"on_time"}
    assert credits["c2"]["matched_by"] == "net_of_days_less_items"


def test_channels_that_are_paid_apart(tmp_path: Path) -> None:
    folder = write_small(tmp_path / "in", term(), {
        "sales": SALES
        + "s1,sale,,10000,05-12T10:00,card,P\ns2,sale,,7000,05-12T11:00,wechat,P\n"
        "s3,sale,,3300,05-13T11:00,wechat,P",
        "credits": CREDIT + "c1,9940,05-13T10:00,\nc2,10238,05-14T10:00,",
    })  # fmt: skip
    sales, _, _, _ = look(folder)
    assert [sales[s]["credit_id"] for s in ("s1", "s2", "s3")] == ["c1", "c2", "c2"]
    assert [sales[s]["status"] for s in ("s1", "s2", "s3")] == ["on_time", "late", "on_time"]


def test_two_days_of_one_net_are_not_guessed(tmp_path: Path) -> None:
    """One credit, two days that both net 9,940: neither is called arrived, both are named."""
    folder = write_small(tmp_path / "in", term(), {
        "sales": SALES
        + "s1,sale,,10000,05-12T10:00,card,P\ns2,sale,,10000,05-13T10:00,card,P",
        "credits": CREDIT + "c1,9940,05-14T10:00,",
    })  # fmt: skip
    sales, credits, summary, money = look(folder)
    assert {s["credit_id"] for s in sales.values()} == {None}
    assert credits["c1"]["rivals"] == 1
    assert "2026-05-12" in credits["c1"]["ambiguous"]
    assert "2026-05-13" in credits["c1"]["ambiguous"]
    assert money["unexplained_minor"] == 9_940
    assert summary["ambiguous_credits"]["by_currency"]["CNY"] == {
        "credits": 1, "amount_minor": 9_940,
    }  # fmt: skip
    (told,) = summary["ambiguous_credits"]["largest"]
    assert (told["credit_id"], told["rivals"], len(told["answers"])) == ("c1", 1, 2)


def test_days_below_a_minimum_come_when_it_is_reached(tmp_path: Path) -> None:
    """994 + 2,982 are below 10,000; with 8,946 they come as one credit."""
    folder = write_small(tmp_path / "in", term(min_payout_minor="10000"), {
        "sales": SALES
        + "s1,sale,,1000,05-12T10:00,card,P\ns2,sale,,3000,05-13T10:00,card,P\n"
        "s3,sale,,9000,05-14T10:00,card,P",
        "credits": CREDIT + "c1,12922,05-15T10:00,",
    })  # fmt: skip
    sales, _, _, _ = look(folder)
    assert {(s["credit_id"], s["status"]) for s in sales.values()} == {("c1", "on_time")}


PAYERS = {
    "the name says whose": ("ＱＰＡＹ Ltd.", "s2"),
    "the other name": ("随行付支付 有限公司", "s1"),
    "a stranger": ("王先生", None),
    "nothing said": ("", None),
}


@pytest.mark.parametrize(("payer", "found"), PAYERS.values(), ids=PAYERS)
def test_two_providers_of_one_net_into_one_account(
    payer: str, found: str | None, tmp_path: Path
) -> None:
    terms = term(legal_name='"随行付支付有限公司"') + term(
        provider_id='"Q"', payer_names='["QPay"]'
    )
    folder = write_small(tmp_path / "in", terms, {
        "sales": SALES
        + "s1,sale,,10000,05-12T10:00,card,P\ns2,sale,,10000,05-12T11:00,card,Q",
        "credits": CREDIT + f"c1,9940,05-13T10:00,{payer.replace(' ', '_')}",
    })  # fmt: skip
    sales, _, _, _ = look(folder)
    assert [name for name, s in sorted(sales.items()) if s["credit_id"]] == (
        [found] if found else []
    )


LINES = "line_id,ref,kind,gross_minor,fee_minor,net_minor,cleared_at\n"


def test_a_settlement_without_payouts_less_a_refund_of_the_next_day(tmp_path: Path) -> None:
    """Lines are known, payouts are not: what a credit left out of its day is named by its line."""
    folder = write_small(tmp_path / "in", term(), {
        "sales": SALES + "s1,sale,,30000,05-12T10:00,card,P\ns2,sale,,20000,05-13T10:00,card,P",
        "settlements": LINES
        + "l1,s1,sale,30000,180,29820,05-13T02:00\nl2,s2,sale,20000,120,19880,05-14T02:00\n"
        "l3,s1,refund,-1234,0,-1234,05-14T02:00",
        "credits": CREDIT + "c1,28586,05-14T09:00,\nc2,19880,05-14T10:00,",
    })  # fmt: skip
    sales, credits, summary, money = look(folder)
    assert {c["matched_by"] for c in credits.values()} == {"net_of_days_less_items"}
    assert sales["s1"]["credited_minor"] == 28_586
    assert (sales["s1"]["outstanding_minor"], sales["s2"]["outstanding_minor"]) == (0, 0)
    assert money["unexplained_minor"] == 0
    assert summary["identities"]["payouts"]["CNY"]["not_itemised_minor"] == 0


LOST = "line_id,ref,terminal_id,gross_minor,fee_minor,net_minor,cleared_at,payout_id\n"
PAID = "payout_id,net_minor,paid_out_at\nPAY-0001,14910,05-13T04:00"
BANK = "credit_id,amount_minor,booked_at,ref\nc1,14910,05-13T10:00,PAY-0001"
TILL = "sale_id,amount_minor,captured_at,terminal_id,rrn\n"
TOLD_APART = (
    "s1,10000,05-12T10:00,t1,700100200300\ns2,10000,05-12T11:00,t1,811199887766\n"
    "s3,5000,05-12T11:00,t1,700100200999"
)


def paid(first: str, second: str) -> str:
    """Two lines of one payout with these references."""
    return (
        f"l1,{first},t1,10000,60,9940,05-13T02:00,PAY-0001\n"
        f"l2,{second},t1,5000,30,4970,05-13T02:00,PAY-0001"
    )


LOST_CASES = {
    "no reference: amount and terminal": (
        "s1,10000,05-12T10:00,t1,\ns2,5000,05-12T11:00,t1,",
        paid("", ""),
        {"s1", "s2"},
    ),
    "two sales of one amount, one line: not guessed": (
        "s1,10000,05-12T10:00,t1,\ns2,10000,05-12T11:00,t1,\ns3,5000,05-12T11:00,t1,",
        paid("", ""),
        {"s3"},
    ),
    "two sales of one amount, told apart by the terminal": (
        "s1,10000,05-12T10:00,t1,\ns2,10000,05-12T11:00,t2,\ns3,5000,05-12T11:00,t1,",
        paid("", ""),
        {"s1", "s3"},
    ),
    "a garbled reference tells them apart": (
        TOLD_APART,
        paid("8111998B7766", "200999"),
        {"s2", "s3"},
    ),
    "a reference of another sale is no reference of this one": (
        "s1,10000,05-12T10:00,t1,700100200300\ns3,5000,05-12T11:00,t1,700100200999",
        paid("555544443333", "700100200999"),
        {"s3"},
    ),
    "what one line can only be is gone for the other": (
        "s1,10000,04-28T10:00,t1,\ns2,10000,05-12T11:00,t1,\ns3,5000,05-12T11:00,t1,",
        paid("", "") + "\nl0,,t1,10000,0,10000,05-06T02:00,PAY-0000",
        {"s2", "s3"},
    ),
}


@pytest.fixture(scope="module")
def lost(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], tuple[set[str], list[bool]]]:
    """Return what tells of a case which sales its credit brings, and which payouts are certain.

    They share no provider, account or terminal, so all are asked at once.
    """
    marks = {name: f"{number}." for number, name in enumerate(LOST_CASES)}
    folder = tmp_path_factory.mktemp("lost")
    write_beside(folder, {
        marks[name]: (term(), {
            "sales": TILL + sales, "settlements": LOST + lines, "payouts": PAID, "credits": BANK,
        })
        for name, (sales, lines, _) in LOST_CASES.items()
    })  # fmt: skip
    with checked(folder) as answer:
        rows = answer.engine.rows("SELECT sale_id FROM journeys WHERE credit_id = 'c1'")
        certain = answer.engine.rows(
            "SELECT account_id, certain FROM chain_standing WHERE credit_id = 'c1'"
        )

    def of(name: str) -> tuple[set[str], list[bool]]:
        mark = marks[name]
        mine = {str(sale).removeprefix(mark) for (sale,) in rows if str(sale).startswith(mark)}
        return mine, [bool(sure) for account, sure in certain if account == f"{mark}a"]

    return of


@pytest.mark.parametrize("name", LOST_CASES)
def test_lines_whose_reference_is_lost(
    name: str, lost: Callable[[str], tuple[set[str], list[bool]]]
) -> None:
    _, lines, expected = LOST_CASES[name]
    found, certain = lost(name)
    assert found == expected
    assert certain == ["555544443333" in lines], "inferred lines make a payout uncertain"
