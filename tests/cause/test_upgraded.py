"""Comparisons: what struck the upgraded beside what struck the others, and who was spared."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from daozhang.cause.judge import judge_accounts, judge_terminals
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


@pytest.mark.parametrize(
    ("hours", "elsewhere", "weeks", "blamed"),
    [
        (9, 0, 4, True),  # struck within the day, and nobody else on any day
        (9, 1, 4, False),  # forgetting happens here
        (9, 0, 1, False),  # one day of few
        (40, 0, 4, False),  # the next day's close went well
    ],
)
def test_one_that_is_struck_after_its_upgrade_and_nobody_else_ever(
    hours: int, elsewhere: int, weeks: int, *, blamed: bool
) -> None:
    """Six of ten terminals were upgraded on the last day but one."""
    none = {"terminals": 10, "day": 0, "days": 0, "week": 0}
    days = {("P", CUTOFF - timedelta(days=day)): none for day in range(7 * weeks)}
    days["P", CUTOFF] = {"terminals": 10, "day": 6, "days": 6, "week": 6}
    units = [unit(0, "T"), *(unit(1 + n, f"O{n}") for n in range(elsewhere))]
    runs = onsets(units, {0: {"started_at": CUTOFF - hours * HOURS, "release_id": "R"}})
    for mechanism in ("batch_not_closed", "cut_off_missed"):
        found = compare_terminals(runs, mechanism, days)
        assert found["day"][1] is blamed
    # Who forgets for a night also forgets for minutes.
    kin = onsets([unit(9, "K")], {})
    found = compare_terminals(runs, "cut_off_missed", days, kin)
    assert not found["day"][1]


@pytest.mark.parametrize(("lasting", "after"), [(True, [None]), (False, [None, 12 * HOURS])])
def test_what_lasts_until_it_is_mended_does_not_begin_anew_with_an_upgrade(
    after: list[timedelta | None], *, lasting: bool
) -> None:
    units = [unit(n, "T", CUTOFF + timedelta(days=n)) for n in range(3)]
    upgrades = {2: {"started_at": CUTOFF + 36 * HOURS, "release_id": "R"}}
    assert [run.after for run in onsets(units, upgrades, lasting=lasting)] == after


def closed(number: int, ended: datetime, *facts: str) -> Case:
    """A batch of one of two upgraded terminals that went out late."""
    case = Case({**unit(number, f"T{number}"), "ended_at": ended}, {"cut_off_missed": 1.0})
    for fact in facts:
        case.add(fact, {"cut_off_missed": 1.0})
    return case


@pytest.mark.parametrize(
    ("done", "closed_after", "cause"),
    [
        (0.5, 1.0, "system_upgrade"),
        (None, 0.4, "system_upgrade"),  # not known when it was done
        (0.5, 2.5, "human_error"),  # done for two hours, and nobody closed
        (-0.2, 0.4, "human_error"),  # done before the cut-off
    ],
)
def test_a_batch_that_had_to_wait_for_the_upgrade_at_the_cut_off(
    done: float | None, closed_after: float, cause: str
) -> None:
    """Others forget too, so that counting convicts nobody."""
    finished = None if done is None else CUTOFF + done * HOURS
    upgrades = {0: {"started_at": CUTOFF - HOURS, "finished_at": finished, "release_id": "R"}}
    cases = {n: closed(n, CUTOFF + closed_after * HOURS) for n in range(4)}
    days = {("P", CUTOFF): {"terminals": 90, "day": 9, "days": 9, "week": 9}}
    assert judge_terminals(cases, upgrades, {}, days)[0].cause == cause


def test_what_was_wrong_before_the_upgrade_is_not_its_doing() -> None:
    cases = {0: Case(unit(0, "T"), {"terminal_clock_wrong": 5.0})}
    upgrades = {0: {"started_at": CUTOFF - HOURS, "finished_at": None, "release_id": "R"}}
    days = {("P", CUTOFF): {"terminals": 90, "day": 9, "days": 9, "week": 9}}

    def cause(apart: dict[str, list[int]]) -> str:
        return judge_terminals(cases, upgrades, {}, days, apart)[0].cause

    assert cause({}) == "system_upgrade"
    assert cause({"terminal_clock_wrong": [0]}) == "human_error"


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


@pytest.mark.parametrize(
    ("hours", "good", "upgraded", "accounts", "cause"),
    [
        (20, 0, 2, 13, "system_upgrade"),
        (20, 3, 2, 13, "account_processing"),  # paid since
        (20, 0, 1, 13, "account_processing"),  # not the whole account
        (90, 0, 2, 13, "account_processing"),  # days later
        (20, 0, 2, 2, "account_processing"),  # one of few
    ],
)
def test_the_only_account_ever_held_from_the_first_money_after_its_upgrade(
    hours: int, good: int, upgraded: int, accounts: int, cause: str
) -> None:
    waits = {"unit": 0, "terminal_id": "", "provider_id": "P", "account_id": "A",
             "due_at": CUTOFF, "cleared_at": None}  # fmt: skip
    case = Case(waits, {"account_under_review": 5.0})
    upgrade = {"release_id": "R", "first_started_at": CUTOFF - hours * HOURS, "lately": 1,
               "good": good, "terminals": 2, "upgraded": upgraded}  # fmt: skip
    days = [
        {
            "provider_id": "P", "due_day": CUTOFF.date() - timedelta(days=day),
            "exposed": 1 if day < 5 else 0, "accounts": accounts,
        }
        for day in range(20)
    ]  # fmt: skip
    assert judge_accounts({0: case}, {0: upgrade}, {}, days)[0].cause == cause
