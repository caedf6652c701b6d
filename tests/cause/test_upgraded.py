"""Comparisons: what struck the upgraded beside what struck the others, and who was spared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daozhang.cause.judge import judge_accounts
from daozhang.cause.peers import IN_DAYS, IN_HOURS, Share
from daozhang.cause.upgraded import compare_terminals, onsets, ring_of, struck_alike
from daozhang.cause.verdict import Case

CUTOFF = datetime(2026, 5, 20, 15, tzinfo=UTC)
HOURS = timedelta(hours=1)


def unit(number: int, terminal: str, cutoff: datetime = CUTOFF) -> dict[str, Any]:
    return {"unit": number, "terminal_id": terminal, "provider_id": "P", "cutoff_at": cutoff}


def test_what_strikes_the_others_on_the_same_day_as_often_is_struck_alike() -> None:
    """Eight of nine upgraded accounts and five of nine others on one day: by chance."""
    hits = [("day", True)] * 8 + [("day", False)] * 5
    assert struck_alike(hits, {"day": (9, 9)}) == {"day"}


@pytest.mark.parametrize(
    ("hit", "exposed", "others_hit", "others"),
    [(8, 9, 0, 9), (8, 9, 1, 9), (12, 14, 3, 60)],
)
def test_a_stray_one_among_many_others_does_not_clear_the_upgrade(
    hit: int, exposed: int, others_hit: int, others: int
) -> None:
    hits = [("day", True)] * hit + [("day", False)] * others_hit
    assert struck_alike(hits, {"day": (exposed, others)}) == frozenset()


def test_what_began_with_the_upgrade_but_cost_nothing_until_later_counts_from_it() -> None:
    """A terminal that sells seldom: its first late cut-off is five days after its upgrade."""
    upgrades = {1: {"started_at": CUTOFF - 120 * HOURS, "release_id": "R"}}
    (late,) = onsets([unit(1, "T")], upgrades)
    assert ring_of(late, "wrong_terminal_or_merchant_id") == ""
    (begun,) = onsets([unit(1, "T")], upgrades, begun={1})
    assert ring_of(begun, "wrong_terminal_or_merchant_id") == "days"


def test_nothing_counts_from_an_upgrade_three_weeks_ago() -> None:
    upgrades = {1: {"started_at": CUTOFF - timedelta(days=21), "release_id": "R"}}
    (run,) = onsets([unit(1, "T")], upgrades, begun={1})
    assert ring_of(run, "wrong_terminal_or_merchant_id") == ""


def test_a_release_that_is_known_to_do_it_is_believed_sooner_for_what_comes_later() -> None:
    """Two forgotten batches in thirty on the third day: chance, unless the first day showed it."""
    days = {("P", CUTOFF): {"terminals": 1140, "day": 10, "days": 40, "week": 40}}

    def blamed(first_day: int) -> bool:
        after = dict.fromkeys(range(first_day), 6) | {50: 60, 51: 60}
        units = [unit(n, f"T{n}") for n in after]
        units += [unit(100 + n, f"O{n}") for n in range(12)]
        upgrades = {n: {"started_at": CUTOFF - h * HOURS, "release_id": "R"}
                    for n, h in after.items()}  # fmt: skip
        found = compare_terminals(onsets(units, upgrades), "batch_not_closed", days)
        return found["days"][1]

    assert blamed(4)
    assert not blamed(0)


def test_few_that_are_struck_within_days_are_beyond_chance_together_only() -> None:
    """Two of six on the first day and two of twelve on the next: neither alone is enough."""
    row = {"terminals": 424, "day": 6, "days": 18, "week": 18}
    days = {("P", CUTOFF): row}

    def blamed(*hours: int) -> list[str]:
        units = [unit(n, f"T{n}") for n in range(len(hours))]
        units += [unit(100 + n, f"O{n}") for n in range(6)]
        upgrades = {n: {"started_at": CUTOFF - h * HOURS, "release_id": "R"}
                    for n, h in enumerate(hours)}  # fmt: skip
        found = compare_terminals(onsets(units, upgrades), "batch_not_closed", days)
        return [window for window, (_, guilty) in found.items() if guilty]

    assert blamed(9, 9, 33, 33) == ["day", "days"]
    assert blamed(9, 33) == []


def test_a_hold_begins_when_the_account_is_paid_nothing() -> None:
    """What waited before the upgrade, while the account was paid, began another trouble."""
    due = [CUTOFF + timedelta(days=day) for day in (-3, 2, 3)]
    cases = {}
    for number, day in enumerate(due):
        waits = {"unit": number, "terminal_id": "", "provider_id": "P", "account_id": "A",
                 "due_at": day, "cleared_at": None}  # fmt: skip
        cases[number] = Case(waits)
        cases[number].add("copies_refused", {"duplicate_upload_held": 6.0})
    cases[0].add("account_paid_others", {"minimum_or_limit": 3.0})
    whole = {"terminals": 2, "upgraded": 2}
    before = {"release_id": "", "first_started_at": None, "lately": 0, "good": 0, **whole}
    after = {"release_id": "R", "first_started_at": CUTOFF, "lately": 1, "good": 0, **whole}
    days = [{"provider_id": "P", "due_day": day.date(), "exposed": 1, "accounts": 9} for day in due]
    said = judge_accounts(cases, {0: before, 1: after, 2: after}, {}, days)
    assert [said[n].cause for n in range(3)] == ["provider", "system_upgrade", "system_upgrade"]


@pytest.mark.parametrize(
    ("upgraded", "touching", "cause"),
    [
        (9, [], "system_upgrade"),
        (2, [], "account_processing"),
        (2, ["R"], "system_upgrade"),
    ],
)
def test_what_is_kept_back_of_all_terminals_is_not_blamed_on_the_upgrade_of_some(
    upgraded: int, touching: list[str], cause: str
) -> None:
    due = CUTOFF + timedelta(days=2)
    case = Case({"unit": 0, "terminal_id": "", "provider_id": "P", "account_id": "A",
                 "due_at": due, "cleared_at": None})  # fmt: skip
    case.add("returned", {"settlement_account_lost": 8.0}, reason="户名不符")
    after = {"release_id": "R", "first_started_at": CUTOFF, "lately": 1, "good": 0,
             "terminals": 9, "upgraded": upgraded}  # fmt: skip
    days = [{"provider_id": "P", "due_day": due.date(), "exposed": 1, "accounts": 9}]
    assert judge_accounts({0: case}, {0: after}, {}, days, touching)[0].cause == cause


@pytest.mark.parametrize(
    ("late", "due", "part", "wide"),
    [
        (5, 6, IN_DAYS, True),
        (2, 3, IN_DAYS, False),
        (5, 8, IN_HOURS, False),
        (7, 10, IN_HOURS, True),
    ],
)
def test_few_that_were_spared_speak_against_a_providers_delay(
    late: int, due: int, part: float, wide: bool
) -> None:
    assert (Share(late, due).strikes(part) >= 0) == wide


def test_the_others_of_a_share_are_without_ones_own() -> None:
    assert Share(3, 5).without(1) == Share(2, 4)
    assert Share(1, 1).without(2) == Share(0, 0)
