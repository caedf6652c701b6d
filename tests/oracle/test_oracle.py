"""The oracle is checked from two sides: generated truth, and an independent implementation."""

from __future__ import annotations

import datetime as dt
import os
from collections import Counter
from typing import TYPE_CHECKING, Any

import holidays
import pytest

from tests.oracle.compare import (
    COLUMNS,
    assert_same_journeys,
    differences,
    drop_rows,
    duplicate_rows,
    latest_known,
    shuffle_files,
    slice_by_known_at,
    withdraw_rows,
)
from tests.oracle.estate import (
    ALL,
    PLAIN,
    ROW_FEATURES,
    WORLD_FEATURES,
    Estate,
    make_estate,
)
from tests.oracle.estate_bank import PAYOUT_FEATURES
from tests.oracle.estate_stories import STORIES
from tests.oracle.promises import is_business
from tests.oracle.reference import reference
from tests.oracle.rows import current, known_at, read_folder

if TYPE_CHECKING:
    from pathlib import Path

DAY = dt.timedelta(days=1)
CHECKED = (*COLUMNS, "matched_by")
SOAK = bool(os.environ.get("DAOZHANG_SOAK"))
SEEDS = range(44 if SOAK else 12)
SEEDS_OF_SETS = range(100, 104 if SOAK else 102)


def both(estate: Estate, *, earlier: bool = True) -> dict[str, dict[str, Any]]:
    """Check the reference against the truth, now and at two earlier moments; return it."""
    facts = (estate.rows, estate.config)
    answer = reference(facts)
    assert_same_journeys(estate.truth, answer, CHECKED, about=estate)
    for back in (2 * DAY, 5 * DAY + dt.timedelta(hours=3, minutes=7)) if earlier else ():
        moment = estate.as_of - back
        about = f"{estate} as of {moment}"
        early = reference(facts, moment)
        assert_same_journeys(estate.truth_at(moment), early, CHECKED, about=about)
    return answer


@pytest.mark.parametrize("seed", SEEDS)
def test_truth_and_reference_agree(seed: int) -> None:
    both(make_estate(seed, sales=260))


@pytest.mark.parametrize(
    "features",
    [PLAIN, WORLD_FEATURES, PAYOUT_FEATURES, ROW_FEATURES, frozenset(STORIES)],
    ids=["plain", "world", "payouts", "rows", "stories"],
)
@pytest.mark.parametrize("seed", SEEDS_OF_SETS)
def test_they_agree_on_feature_sets(features: frozenset[str], seed: int) -> None:
    both(make_estate(seed, features, sales=150))


@pytest.mark.parametrize("feature", sorted(ALL))
def test_they_agree_on_each_feature_alone(feature: str) -> None:
    both(make_estate(len(feature), frozenset({feature}), sales=80), earlier=SOAK)
    both(make_estate(len(feature) + 50, ALL - {feature}, sales=80), earlier=SOAK)


def test_every_outcome_occurs() -> None:
    """An oracle that never sees an outcome cannot check it."""
    seen: Counter[str] = Counter()
    for seed in range(10):
        estate = make_estate(seed)
        answer = reference((estate.rows, estate.config))
        for journey in answer.values():
            seen.update(str(journey[n]) for n in ("status", "matched_by", "leg", "reason"))
            seen.update(["provisional"] if journey["provisional"] else [])
    wanted = (
        "on_time late in_transit overdue cancelled unknown submit clear pay_out credit held "
        "rejected returned missing short payout_id payout_id_in_text net_amount_day split merged "
        "provisional"
    )
    assert not [word for word in wanted.split() if seen[word] < 5], seen


def test_a_plain_estate_is_on_time() -> None:
    estate = make_estate(1, PLAIN, sales=200)
    assert {j["status"] for j in estate.truth.values()} <= {"on_time", "in_transit", "unknown"}


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_grouping_order_and_repeats_do_not_matter(seed: int, tmp_path: Path) -> None:
    estate = make_estate(seed, sales=120)
    folder = estate.write(tmp_path / "in")
    assert latest_known(folder) == estate.as_of
    assert_same_journeys(estate.truth, reference(folder), about=estate)
    for pieces in (1, 2, 7):
        assert_same_journeys(estate.truth, reference(shuffle_files(folder, seed + pieces, pieces)))
    for table in ("sales", "credits", "settlements"):
        assert_same_journeys(estate.truth, reference(duplicate_rows(folder, table, 0.5, seed)))


@pytest.mark.parametrize("overlap", [0.0, 0.2])
def test_slices_add_up_to_what_was_known(overlap: float, tmp_path: Path) -> None:
    estate = make_estate(7, sales=120)
    folder = estate.write(tmp_path / "in")
    facts: dict[str, Any] = {}
    for part in slice_by_known_at(folder, 5, overlap):
        for table, rows in read_folder(part).items():
            facts.setdefault(table, []).extend(rows)
        answer = reference((facts, estate.config))
        zone = estate.world.zone({})
        moment = max(k for t, rs in facts.items() for r in rs if (k := known_at(t, r, zone)))
        assert_same_journeys(estate.truth_at(moment), answer, about=part)
        assert_same_journeys(answer, reference(folder, moment), about=part)
    assert_same_journeys(estate.truth, answer)


def test_what_was_learned_later_never_changes_an_earlier_answer() -> None:
    estate = make_estate(11, sales=150)
    zone = estate.world.zone({})
    for days in (1, 4, 8):
        moment = estate.as_of - days * DAY
        known = {
            table: [r for r in rows if (k := known_at(table, r, zone)) is None or k <= moment]
            for table, rows in estate.rows.items()
        }
        early = reference((known, estate.config), moment)
        assert early == reference((estate.rows, estate.config), moment)


@pytest.mark.parametrize("seed", [20, 21, 22])
def test_at_any_moment_the_lines_of_a_payout_sum_to_it(seed: int) -> None:
    estate = make_estate(seed, sales=150)
    zone = estate.world.zone({})
    for days in range(8):
        facts = current(estate.rows, estate.as_of - days * DAY, zone)
        sums: Counter[tuple[str, str]] = Counter()
        for line in facts["settlements"]:
            if line["status"] == "settled":
                sums[line["provider_id"], line["payout_id"]] += int(line["net_minor"])
        for payout in facts.get("payouts", []):
            if not payout["replaces_payout_id"]:
                key = (payout["provider_id"], payout["payout_id"])
                assert sums[key] == int(payout["net_minor"]), (estate, key)


def test_only_our_credits_carry_sales() -> None:
    estate = make_estate(23)
    ties = {credit: how for (_, credit), (how, _) in estate.credit_truth().items()}
    used = {c for j in estate.truth.values() for c in j["credit_ids"]}
    assert "foreign" in ties.values()
    assert {ties[c] for c in used} >= {"merged", "payout_id", "net_amount_day"}
    assert "foreign" not in {ties[c] for c in used}


def test_withdrawn_and_dropped_credits_carry_nothing(tmp_path: Path) -> None:
    folder = make_estate(2, sales=100).write(tmp_path / "in")
    for changed in (withdraw_rows(folder, "credits", 1, 0), drop_rows(folder, "credits", 1, 0)):
        journeys = reference(changed).values()
        assert not any(j["credited_minor"] or j["credit_ids"] for j in journeys)
        assert {"on_time", "late"}.isdisjoint(j["status"] for j in journeys)
    half = reference(drop_rows(folder, "credits", 0.5, 0)).values()
    assert any(j["credit_ids"] for j in half)


def test_a_difference_names_sale_column_and_both_values() -> None:
    estate = make_estate(1, PLAIN, sales=20)
    answer = reference((estate.rows, estate.config))
    answer["S00003"]["amount_minor"] += 1
    answer["S00004"]["promised_at"] = None
    del answer["S00005"]
    found = differences(estate.truth, answer)
    right = estate.truth["S00003"]["amount_minor"]
    assert found[0].startswith("S00005: has no journey, expected ")
    assert found[1].startswith(f"S00003.amount_minor: expected {right}, got {right + 1}")
    assert "S00004.promised_at: expected 20" in found[2]
    assert "got None" in found[2]
    with pytest.raises(AssertionError, match="3 differences for a look"):
        assert_same_journeys(estate.truth, answer, about="for a look")


@pytest.mark.parametrize(
    ("calendar", "library"),
    [
        ("CN", holidays.country_holidays("CN", years=range(2025, 2028))),
        ("US_FED", holidays.financial_holidays("XFED", years=range(2025, 2028))),
        ("TARGET2", holidays.financial_holidays("XECB", years=range(2025, 2028))),
    ],
)
def test_calendars_by_hand_agree_with_the_library(calendar: str, library: Any) -> None:
    days = [dt.date(2025, 1, 1) + n * DAY for n in range(3 * 365)]
    assert [d for d in days if is_business(calendar, d) != library.is_working_day(d)] == []


VECTORS = (
    "2025-12-31 2026-01-04, 2026-02-13 2026-02-14, 2026-02-14 2026-02-24, 2026-04-30 2026-05-06, "
    "2026-05-08 2026-05-09, 2026-09-18 2026-09-20, 2026-09-24 2026-09-28, 2026-09-30 2026-10-08, "
    "2026-10-09 2026-10-10"
)


@pytest.mark.parametrize("vector", VECTORS.split(", "))
@pytest.mark.parametrize("late_evening", [False, True])
def test_published_due_dates(vector: str, late_evening: bool) -> None:
    """The worked examples for T+1 in China; 23:30 before a date belongs to that date."""
    sold, due = vector.split()
    day = dt.date.fromisoformat(sold) - DAY if late_evening else dt.date.fromisoformat(sold)
    captured = f"{day}T23:30:00+08:00" if late_evening else f"{day}T12:00:00+08:00"
    terms = {
        "provider_id": "p", "cutoff": "23:00", "basis": "business", "lag_days": 1,
        "calendar": "CN", "credit_by": "12:00", "fee_bps": 60,
    }  # fmt: skip
    sale = {
        "sale_id": "1", "kind": "sale", "merchant_id": "m", "terminal_id": "t",
        "provider_id": "p", "channel": "card", "amount_minor": "100", "currency": "CNY",
        "captured_at": captured,
    }  # fmt: skip
    config = {"timezone": "Asia/Shanghai", "terms": [terms]}
    journey = reference(({"sales": [sale]}, config))["1"]
    assert journey["promised_at"].isoformat() == f"{due}T04:00:00+00:00"
    assert journey["status"] == "in_transit"


TERMS = """
timezone = "Asia/Shanghai"
currency = "CNY"
[[terms]]
provider_id = "p"
cutoff = "23:00"
basis = "business"
lag_days = 1
calendar = "CN"
credit_by = "12:00"
clear_by = "04:00"
pay_by = "10:00"
fee_bps = 60
"""
"""T+1; all sales below are of Thursday 2026-05-14 and due on Friday at 12:00 (04:00 UTC)."""

FILES = {
    "accounts.csv": "account_id,merchant_id,bank_id\nA,m,icbc\nB,n,ccb\n",
    "coverage.csv": """subject,table,from_at,to_at,known_at
A,credits,2026-05-01,2026-05-17,2026-05-18T07:00:00+08:00
B,credits,2026-05-01,2026-05-14,2026-05-15T07:00:00+08:00
""",
    "sales.csv": """sale_id,kind,original_sale_id,merchant_id,captured_at,amount_minor,submitted_at
1,sale,,m,2026-05-14T10:00:00+08:00,10000,2026-05-14T10:01:00+08:00
2,sale,,m,2026-05-14T10:00:00+08:00,20000,2026-05-15T08:00:00+08:00
3,sale,,m,2026-05-14T22:59:59+08:00,30000,2026-05-14T22:59:59+08:00
4,sale,,m,2026-05-14T11:00:00+08:00,40000,2026-05-14T11:00:01+08:00
5,sale,,n,2026-05-14T11:00:00+08:00,50000,2026-05-14T11:00:01+08:00
6,sale,,m,2026-05-14T11:00:00+08:00,60000,2026-05-14T11:00:01+08:00
6v,void,6,m,2026-05-14T11:05:00+08:00,60000,
7,sale,,m,2026-05-14T11:00:00+08:00,70000,2026-05-14T11:00:01+08:00
7r,refund,7,m,2026-05-16T11:00:00+08:00,1000,
8,sale,,m,2026-05-14T23:00:00+08:00,80000,2026-05-14T23:00:00+08:00
""",
    "settlements.csv": """line_id,ref,gross_minor,fee_minor,net_minor,cleared_at,payout_id,status
L1,1,10000,60,9940,2026-05-15T01:00:00+08:00,P1,settled
L7,7,70000,420,69580,2026-05-15T05:00:00+08:00,P1,settled
L2,2,20000,120,19880,2026-05-16T01:00:00+08:00,P2,settled
L3,3,30000,180,29820,2026-05-15T01:00:00+08:00,P3,settled
L4,4,40000,240,39760,2026-05-15T01:00:00+08:00,,held
L5,5,50000,300,49700,2026-05-15T01:00:00+08:00,P5,settled
""",
    "payouts.csv": """payout_id,net_minor,paid_out_at,status,reason,replaces_payout_id
P1,79520,2026-05-15T09:00:00+08:00,sent,,
P2,19880,2026-05-16T09:00:00+08:00,sent,,
P3,29820,2026-05-15T09:00:00+08:00,returned,户名不符,
P3b,29820,2026-05-17T09:00:00+08:00,sent,,P3
P5,49700,2026-05-15T09:00:00+08:00,sent,,
""",
    "credits.csv": """credit_id,account_id,amount_minor,booked_at,ref
C1,A,79520,2026-05-15T12:00:00+08:00,P1
C2,A,19880,2026-05-16T12:00:01+08:00,to P2.
C3,A,29820,2026-05-17T10:00:00+08:00,
C9,A,-5000,2026-05-17T10:00:00+08:00,rent
""",
}

# sale: status, leg, reason, credited, outstanding, late_s, credit, payout; worked out by hand.
BY_HAND = {
    "1": ("on_time", None, None, 9_940, 0, None, "C1", "P1"),
    "2": ("late", "submit", None, 19_880, 0, 86_401, "C2", "P2"),
    "3": ("late", "pay_out", None, 29_820, 0, 2 * 86_400 - 7_200, "C3", "P3b"),
    "4": ("overdue", None, "held", 0, 40_000, None, None, None),
    "5": ("unknown", None, None, 0, 49_700, None, None, "P5"),
    "6": ("cancelled", None, None, 0, 0, None, None, None),
    "7": ("on_time", None, None, 69_580, -1_000, None, "C1", "P1"),
    "8": ("in_transit", None, None, 0, 80_000, None, None, None),
}


def by_hand(folder: Path) -> Path:
    """Write the small estate above, with the columns that are the same in every row."""
    same = {
        "sales": "terminal_id=t provider_id=p channel=card currency=CNY",
        "settlements": "provider_id=p currency=CNY",
        "payouts": "provider_id=p currency=CNY",
        "credits": "currency=CNY",
    }
    folder.mkdir()
    (folder / "terms.toml").write_text(TERMS, encoding="utf-8")
    for name, text in FILES.items():
        more = dict(w.split("=") for w in same.get(name.removesuffix(".csv"), "").split())
        head, *lines = text.splitlines()
        out = [",".join([head, *more])] + [",".join([line, *more.values()]) for line in lines]
        (folder / name).write_text("\n".join(out) + "\n", encoding="utf-8")
    return folder


@pytest.mark.parametrize("sale_id", sorted(BY_HAND))
def test_worked_by_hand(sale_id: str, tmp_path: Path) -> None:
    folder = by_hand(tmp_path / "in")
    # Sale 8 was made on the cut-off and is due on Saturday's next business day, Monday the 18th.
    as_of = dt.datetime(2026, 5, 18, 7, tzinfo=dt.timezone(dt.timedelta(hours=8)))
    assert latest_known(folder) == as_of
    journey = reference(folder)[sale_id]
    status, leg, reason, credited, outstanding, late_s, credit, payout = BY_HAND[sale_id]
    assert (journey["status"], journey["reason"]) == (status, reason)
    assert (journey["credited_minor"], journey["outstanding_minor"]) == (credited, outstanding)
    assert (journey["late_s"], journey["credit_id"]) == (late_s, credit)
    assert journey["payout_id"] == payout
    if "leg" not in journey["_skip"]:
        assert journey["leg"] == leg
