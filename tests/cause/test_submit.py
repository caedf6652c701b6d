"""Why a terminal handed its sales in late, from made-up facts of one terminal."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from daozhang.app.check import checked
from daozhang.cause.clocks import lag_alike, wrong_before
from daozhang.cause.network import Lines, closed_together
from daozhang.cause.submit import Seen, submit_case
from tests.oracle.causes.story import tell

CUTOFF = datetime(2026, 5, 20, 15, tzinfo=UTC)
HOUR = timedelta(hours=1)


def unit(**facts: Any) -> dict[str, Any]:
    return {
        "unit": 0, "terminal_id": "T", "provider_id": "P", "merchant_id": "M", "store_id": "S",
        "together": "000007", "cutoff_at": CUTOFF, "from_at": CUTOFF - 6 * HOUR,
        "to_at": CUTOFF - 2 * HOUR, "ended_at": CUTOFF + 30 * HOUR, "handed_in": 1, "sales": 3,
        "stored_sales": 0, "ahead_min_s": -2, "ahead_max_s": -2, **facts,
    }  # fmt: skip


def told(row: dict[str, Any], **facts: Any) -> str:
    """Return the likeliest mechanism of a unit, by what else the facts hold about it."""
    return submit_case(row, seen(**facts), "CMCC").shares()[0][0]


def seen(**facts: Any) -> Seen:
    tables: dict[str, Any] = {
        "upgrades": {}, "wipes": {}, "attempts": {}, "batches": {}, "closes": {}, "clocks": {},
        "clocks_after": {}, "others": {}, "actions": {},
        "lines": Lines([], [], [], timedelta(days=30)), **facts,
    }  # fmt: skip
    return Seen(**tables)


def messages(low: int, high: int) -> dict[int, dict[str, Any]]:
    return {0: {"ahead_min_s": low, "ahead_max_s": high, "messages": 20, "timeouts": 0}}


FORWARDED = "offline_sales_forwarded_late"
CLOCK = "terminal_clock_wrong"
TWO_DAYS = {"ahead_min_s": -162_365, "ahead_max_s": -162_362}
PARTLY = {"ahead_min_s": -10_803, "ahead_max_s": -3}


@pytest.mark.parametrize(
    ("lags", "same", "sent", "mechanism"),
    [
        (TWO_DAYS, 2, messages(-1, -1), FORWARDED),
        (TWO_DAYS, 40, messages(-162_363, -1), CLOCK),
        (PARTLY, 40, messages(-10_801, -1), CLOCK),
        (PARTLY, 40, messages(-1, -1), "batch_not_closed"),
    ],
)
def test_a_wrong_clock_lags_by_the_same_in_sales_and_messages(
    lags: dict[str, int], same: int, sent: dict[int, dict[str, Any]], mechanism: str
) -> None:
    assert told(unit(**lags), clocks={0: same}, attempts=sent) == mechanism


def test_two_stored_sales_of_one_minute_are_no_clock_where_the_next_are_right() -> None:
    after = {0: {"sales": 28, "ahead_min_s": -87_260, "ahead_max_s": -3}}
    assert told(unit(**TWO_DAYS), clocks={0: 2}, clocks_after=after) == FORWARDED


def test_clocks_of_several_terminals_that_lag_by_the_same_were_set_wrong() -> None:
    """Each sold once before its clock was mended: what is stored waits as long as it happens."""
    lags = {"ahead_min_s": -85_803, "ahead_max_s": -85_803}
    after = {0: {"sales": 3, "ahead_min_s": -85_803, "ahead_max_s": -3}}
    together = lag_alike([unit(unit=n, terminal_id=f"T{n}", **lags) for n in range(4)])
    assert together == dict.fromkeys(range(4), 3)
    assert told(unit(**lags), clocks_after=after, alike=together) == CLOCK
    apart = [
        unit(unit=n, terminal_id=f"T{n}", ahead_min_s=-lag, ahead_max_s=-lag)
        for n, lag in enumerate((85_803, 85_870, 12_345, 40_000))
    ]
    assert lag_alike(apart) == {}
    assert told(unit(**lags), clocks_after=after) == FORWARDED


def reset(at: datetime) -> dict[int, list[dict[str, Any]]]:
    return {0: [{"what": "factory_reset", "outcome": "done", "at": at, "who": "clerk"}]}


@pytest.mark.parametrize("upgraded", [False, True])
def test_stored_sales_that_come_days_after_a_reset_by_hand_were_lost(*, upgraded: bool) -> None:
    """The terminal sold well since its upgrade, until a clerk reset it."""
    row = unit(stored_sales=3, ahead_min_s=None, ahead_max_s=None, ended_at=CUTOFF + 70 * HOUR)
    before = {"started_at": CUTOFF - 190 * HOUR, "finished_at": None, "good": 90}
    facts = {"others": {0: 5}, "closes": {0: {"passed_by": 2}},
             "upgrades": {0: before} if upgraded else {}}  # fmt: skip
    assert told(row, **facts) == FORWARDED
    assert told(row, actions=reset(CUTOFF - HOUR), **facts) == "unsettled_batch_lost"


def test_a_close_that_only_the_messages_tell_missed_the_cut_off() -> None:
    row = unit(ended_at=CUTOFF + 2 * HOUR)
    assert told(row) == "batch_not_closed"
    agreed = {0: {**messages(-1, -1)[0], "closed_at": CUTOFF + 2 * HOUR}}
    assert told(row, attempts=agreed) == "cut_off_missed"


def test_who_got_no_answer_before_the_cut_off_did_not_forget_to_close() -> None:
    row = unit(ended_at=CUTOFF + 2 * HOUR)
    batches = {0: {"own_closed_at": CUTOFF + 2 * HOUR}}
    sent = {**messages(-1, -1)[0], "timeouts": 3, "answered_at": CUTOFF - 9 * HOUR}
    for unanswered, mechanism in ((-10, "cut_off_missed"), (-1, "network_outage")):
        row_of = {0: {**sent, "unanswered_at": CUTOFF + unanswered * HOUR}}
        facts = {"attempts": row_of, "batches": batches, "signalled": frozenset({"T"})}
        assert told(row, **facts) == mechanism


@pytest.mark.parametrize(
    ("good", "answered", "mechanism"),
    [(None, 0, "network_setting_lost"), (12, 0, "network_outage"), (None, 2, "network_outage")],
)
def test_who_was_never_answered_since_an_upgrade_lost_its_line_in_it(
    good: int | None, answered: int, mechanism: str
) -> None:
    """Five days after the upgrade: only who was never heard since is silent from it on."""
    upgrade = {"started_at": CUTOFF - 120 * HOUR, "finished_at": None, "good": good}
    sent = {**messages(-1, -1)[0], "timeouts": 20 - answered}
    assert told(unit(), upgrades={0: upgrade}, attempts={0: sent}) == mechanism


def test_terminals_of_one_carrier_that_go_out_together_were_cut_off() -> None:
    carriers = {f"T{n}": "CMCC" if n % 2 else "CUCC" for n in range(40)}

    def late(numbers: range) -> list[dict[str, Any]]:
        return [
            unit(unit=n, terminal_id=f"T{n}", ended_at=CUTOFF + HOUR * (2 + n / 100))
            for n in numbers
        ]

    assert closed_together(late(range(1, 20, 2)), carriers) == dict.fromkeys(range(1, 20, 2), 10)
    assert closed_together(late(range(1, 5, 2)), carriers) == {}
    assert closed_together(late(range(20)), carriers) == {}
    alone = dict.fromkeys(carriers, "CMCC")
    assert closed_together(late(range(1, 20, 2)), alone) == {}
    row = unit(ended_at=CUTOFF + 2 * HOUR)
    facts = {"batches": {0: {"own_closed_at": CUTOFF + 2 * HOUR}}}
    assert told(row, **facts) == "cut_off_missed"
    assert told(row, together={0: 10}, **facts) == "network_outage"


def test_batches_say_when_sales_were_handed_in_where_the_sales_do_not(tmp_path: Path) -> None:
    """A terminal's batches are refused for days; nobody writes down when a sale was submitted."""
    story = tell(411, plan=[("F7", True)])
    for sale in story.tables["sales"]:
        sale["submitted_at"] = None
    folder = story.write(tmp_path / "in")
    with checked(folder, as_of=story.as_of) as found:
        rows = found.engine.fetch(
            "SELECT sale_id, leg, mechanism, submitted_at FROM journeys "
            "WHERE status IN ('late', 'overdue')"
        ).to_pylist()
    reset = [row for row in rows if {f.code for f in story.truth[row["sale_id"]].faults} == {"F7"}]
    assert len(reset) > 20
    assert {(row["leg"], row["mechanism"]) for row in reset} == {("submit", "batch_number_reset")}
    assert {row["submitted_at"] for row in rows} == {None}


@pytest.mark.parametrize(
    ("answered", "mechanism"), [(0, "network_setting_lost"), (1, "network_outage")]
)
def test_who_was_never_answered_since_an_upgrade_lost_its_line_with_it(
    answered: int, mechanism: str
) -> None:
    """The upgrade is four days ago; the messages of the last day alone do not tell."""
    upgrade = {"started_at": CUTOFF - 96 * HOUR, "finished_at": None, "good": 0}
    sent = {"messages": 11, "timeouts": 9, "unanswered_at": CUTOFF - HOUR}
    since = {0: {"messages": 18, "answered": answered}}
    row = unit(stored_sales=3, ahead_min_s=None, ahead_max_s=None)
    assert told(row, upgrades={0: upgrade}, attempts={0: sent}, since=since) == mechanism


@pytest.mark.parametrize(
    ("before", "queued_before", "hours", "shown"),
    [(300, 0, 1, True), (300, 4, 1, False), (300, 0, 30, False), (3, 0, 1, False)],
)
def test_sales_in_store_from_the_upgrade_on(
    before: int, queued_before: int, hours: int, *, shown: bool
) -> None:
    since = CUTOFF - 40 * HOUR
    queue = {"since": since, "before": before, "queued_before": queued_before,
             "queued_at": since + hours * HOUR}  # fmt: skip
    case = submit_case(unit(**TWO_DAYS), seen(queues={0: queue}), "CMCC")
    assert case.shows(frozenset({"queue_from_upgrade"})) is shown


@pytest.mark.parametrize(
    ("stored", "hours", "shown"), [(3, 5, True), (3, 20, False), (0, 5, False)]
)
def test_a_skipped_backup_loses_only_what_was_stored_before_the_upgrade(
    stored: int, hours: int, *, shown: bool
) -> None:
    """The sales are of six hours to two before the cut-off; an upgrade was 5 or 20 before it."""
    upgrade = {"started_at": CUTOFF - hours * HOUR, "finished_at": None, "good": 0}
    skipped = {"what": "backup", "outcome": "skipped", "who": "", "at": upgrade["started_at"]}
    row = unit(stored_sales=stored, from_at=CUTOFF - 6 * HOUR, ended_at=CUTOFF + 20 * HOUR)
    case = submit_case(row, seen(upgrades={0: upgrade}, actions={0: [skipped]}), "CMCC")
    assert case.shows(frozenset({"backup_skipped"})) is shown


@pytest.mark.parametrize(
    ("lag_s", "hours", "before"),
    [
        (-28_803, 2, True),
        (-28_803, -2, False),
        (-2, 2, False),  # a clock that was right before shows nothing
    ],
)
def test_a_clock_that_lagged_as_much_before_the_upgrade(
    lag_s: int, hours: int, *, before: bool
) -> None:
    clocks = {0: {"same": 9, "lag_s": lag_s, "first_at": CUTOFF - hours * HOUR}}
    assert (0 in wrong_before(clocks, {0: {"started_at": CUTOFF}})) is before
