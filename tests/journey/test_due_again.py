"""Money that was handed in late: until its next payout is due, nobody is asked for it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import pytest

from daozhang.app.check import Checked, checked
from daozhang.app.trace import trace_sale
from daozhang.charts.speech import Speech
from daozhang.charts.standing import draw_headline
from daozhang.charts.turns import find_turns, turn_action, turn_evidence
from daozhang.server.attention import at_condition

TERMS = """timezone = "Asia/Shanghai"
currency = "CNY"
[[terms]]
provider_id = "P"
cutoff = "23:00"
basis = "business"
lag_days = 1
calendar = "CN"
credit_by = "18:00"
fee_bps = 0
"""
FACTS = {
    "accounts": "account_id,merchant_id,bank_id\na,m,B\n",
    "sales": (
        "sale_id,kind,merchant_id,terminal_id,provider_id,channel,amount_minor,currency,"
        "captured_at,submitted_at\n"
        "s12,sale,m,t1,P,card,100,CNY,2026-05-12T10:00:00+08:00,2026-05-12T22:00:00+08:00\n"
        "s13,sale,m,t1,P,card,200,CNY,2026-05-13T10:00:00+08:00,2026-05-13T22:00:00+08:00\n"
        # Handed in the next morning; cleared; and one that the provider paid to nobody in time.
        "late,sale,m,t2,P,card,900,CNY,2026-05-12T10:00:00+08:00,2026-05-13T10:00:00+08:00\n"
        "kept,sale,m,t2,P,card,700,CNY,2026-05-12T11:00:00+08:00,2026-05-12T22:00:00+08:00\n"
    ),
    "settlements": (
        "provider_id,line_id,kind,ref,gross_minor,fee_minor,net_minor,currency,cleared_at,"
        "payout_id,status\n"
        "P,l12,sale,s12,100,0,100,CNY,2026-05-13T03:00:00+08:00,p12,settled\n"
        "P,l13,sale,s13,200,0,200,CNY,2026-05-14T03:00:00+08:00,p13,settled\n"
        "P,lla,sale,late,900,0,900,CNY,2026-05-14T03:00:00+08:00,pla,settled\n"
        "P,lke,sale,kept,700,0,700,CNY,2026-05-13T03:00:00+08:00,pke,settled\n"
    ),
    "payouts": (
        "provider_id,payout_id,account_id,net_minor,currency,paid_out_at,status\n"
        "P,p12,a,100,CNY,2026-05-13T10:00:00+08:00,sent\n"
        "P,p13,a,200,CNY,2026-05-14T10:00:00+08:00,sent\n"
    ),
    "credits": (
        "account_id,credit_id,amount_minor,currency,booked_at,ref\n"
        "a,c12,100,CNY,2026-05-13T10:10:00+08:00,p12\n"
        "a,c13,200,CNY,2026-05-14T10:10:00+08:00,p13\n"
        "a,x,5,CNY,2026-05-15T09:00:00+08:00,interest\n"
    ),
}
BEFORE = datetime.fromisoformat("2026-05-14T12:00:00+08:00")
AFTER = datetime.fromisoformat("2026-05-15T12:00:00+08:00")


@pytest.fixture(scope="module")
def facts(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("again")
    (folder / "terms.toml").write_text(TERMS, encoding="utf-8")
    for table, text in FACTS.items():
        (folder / f"{table}.csv").write_text(text, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def before(facts: Path) -> Iterator[Checked]:
    with checked(facts, as_of=BEFORE) as found:
        yield found


def places(found: Checked) -> dict[str, tuple[str, str]]:
    """Return by sale where it waits, and which condition leads to it."""
    turns = find_turns(found.figures)
    return {turn.example: (turn.station, turn.reason) for turn in turns}


def speech() -> Speech:
    from zoneinfo import ZoneInfo

    return Speech("en", ZoneInfo("Asia/Shanghai"), {})


def test_before_it_is_due_again_nobody_is_asked(before: Checked) -> None:
    assert places(before) == {"late": ("cleared", "next_payout"), "kept": ("cleared", "")}
    (coming,) = (t for t in find_turns(before.figures) if t.example == "late")
    assert turn_action(coming, speech()).startswith("Nothing to ask yet")
    assert "14 May" in turn_action(coming, speech())
    assert turn_evidence(coming, speech()) == ""


def test_what_can_be_done_is_said_first_though_it_is_less_money(before: Checked) -> None:
    headline = draw_headline(before.figures, speech())
    assert "comes with the next payout" in headline.sentence
    assert headline.action.startswith("Ask P when it pays")


def test_its_own_track_says_so_too(before: Checked) -> None:
    coming = trace_sale(before.engine, "late", BEFORE)
    kept = trace_sale(before.engine, "kept", BEFORE)
    assert coming is not None
    assert kept is not None
    assert coming.due_again == datetime.fromisoformat("2026-05-14T18:00:00+08:00")
    assert kept.due_again is None


@pytest.mark.parametrize(
    ("at", "wanted"), [("cleared.next_payout", {"late"}), ("cleared", {"kept"})]
)
def test_a_place_leads_to_its_own_sales(before: Checked, at: str, wanted: set[str]) -> None:
    found = before.engine.rows(
        f"SELECT l.sale_id FROM listed AS l WHERE l.status = 'overdue' AND {at_condition(at)}"
    )
    assert {sale_id for (sale_id,) in found} == wanted


def test_after_that_it_is_asked_for(facts: Path) -> None:
    with checked(facts, as_of=AFTER) as found:
        assert {turn.reason for turn in find_turns(found.figures)} == {""}
        assert trace_sale(found.engine, "late", AFTER).due_again is None  # type: ignore[union-attr]
