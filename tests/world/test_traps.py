"""Traps: settings in which the obvious answer is wrong, each proven by its facts and its truth."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from daozhang.app.check import checked
from daozhang.world import FAULTS, REGIONS, TRAPS, build
from daozhang.world.faults import resolve_names

LATE = "from {journeys} where status in ('late', 'never')"


@pytest.mark.parametrize(
    ("trap", "late"),
    [
        ("holiday_week", set()),
        ("slow_bank_week", {"F16"}),
        ("outage_on_wave_day", {"F10"}),
        ("canary_of_one", set()),
        ("hold_without_notice", {"F13"}),
        ("return_pending", {"F4"}),
        ("late_statement", set()),
        ("cut_off_without_cost", set()),
    ],
)
def test_a_trap_alone_makes_late_only_what_it_needs(built, trap, late):
    world = built(trap)
    assert {code for (code,) in world.rows(f"select distinct fault {LATE}")} == late
    assert world.summary.traps == (trap,)
    assert set(TRAPS) == set(resolve_names(TRAPS)[1])


def test_an_upgrade_in_a_holiday_week(built):
    (last,) = built("holiday_week").rows(
        "select max(started_at)[:10] from {upgrades} where release_id = '3.2.1'"
    )
    assert "2026-04-30" <= last[0] <= "2026-05-01"


def test_the_bank_is_slow_in_the_week_of_the_great_wave(built):
    world = built("slow_bank_week")
    assert world.rows(
        f"""select count(*) > 0 from {{upgrades}} where wave = '3' and started_at[:10] in
        (select strftime(promised_at, '%Y-%m-%d') {LATE})"""
    ) == [(True,)]
    [(never,)] = world.rows(
        f"""select count(*) from {{sales}} where sale_id in (select sale_id {LATE}) and
        terminal_id not in (select terminal_id from {{upgrades}} where release_id = '3.2.1')"""
    )
    assert never > 0


def test_an_outage_on_the_day_of_a_wave(built):
    world = built("outage_on_wave_day")
    [(day,)] = world.rows("select min(from_at)[:10] from {notices} where kind = 'outage'")
    [(waves,)] = world.rows(f"select count(*) from {{upgrades}} where started_at[:10] = '{day}'")
    assert waves > 5


@pytest.mark.parametrize("faults", [(), ("F6",), ("F1", "F9")])
def test_a_canary_of_one_upgrades_exactly_one_terminal(built, faults):
    world = built("canary_of_one", *faults)
    upgraded = "select distinct terminal_id from {upgrades}"
    assert len(world.rows(upgraded)) == 1
    struck = world.rows(
        f"select distinct terminal_id from {{sales}} where sale_id in (select sale_id {LATE})"
    )
    assert struck == (world.rows(upgraded) if faults else [])


def test_a_hold_without_notice_says_nothing(built):
    world, told = built("hold_without_notice"), built("F13")
    assert world.summary.late_sales == told.summary.late_sales > 0
    review = "select count(*) from {notices} where kind = 'review'"
    held = "select count(*) from {raw_payouts} where status = 'held'"
    assert (world.rows(review), world.rows(held)) == ([(0,)], [(0,)])
    assert told.rows(review)[0][0] > 0 < told.rows(held)[0][0]


def test_a_pending_return_has_not_come_back(built):
    world = built("return_pending")
    assert world.rows("select distinct status from {payouts}") == [("sent",)]
    [(sent, later)] = world.rows(
        f"""select count(*), count(*) filter (credited_at > timestamptz '{world.summary.as_of}')
        {LATE}"""
    )
    assert sent == later > 5


def test_a_late_statement_hides_money_for_two_days(built):
    world = built("late_statement")
    gaps = world.rows(
        """select distinct date_diff('day', booked_at[:10]::date, known_at[:10]::date)
        from {credits} order by 1"""
    )
    assert gaps == [(1,), (3,)]
    [(hidden,)] = world.rows("select count(*) from {journeys} where statement_missing")
    assert hidden > 50
    # As of a morning on which the statement is not there, the money is not late but unknown.
    with checked(world.facts, as_of=datetime(2026, 4, 29, 2, 0, tzinfo=UTC)) as found:
        status = {
            row["status"]: row["n"]
            for row in found.engine.fetch(
                "SELECT status, count(*) AS n FROM journeys GROUP BY status"
            ).to_pylist()
        }
    assert status["unknown"] > 20
    assert not status.get("late")
    assert not status.get("overdue")


def test_a_missed_cut_off_that_costs_nothing(built):
    world = built("cut_off_without_cost")
    [(missed,)] = world.rows(
        """select count(*) from {sales} where kind = 'sale' and submitted_at is not null
        and provider_id in ('RUIFU', 'ANXIN')
        and coalesce(host_at, captured_at)::timestamptz::date = submitted_at::timestamptz::date
        and hour(coalesce(host_at, captured_at)::timestamptz) < 22
        and hour(submitted_at::timestamptz) >= 22"""
    )
    assert missed > 5
    assert world.summary.late_sales == 0


def test_traps_and_faults_are_refused_by_one_sentence(tmp_path):
    with pytest.raises(ValueError, match=r"unknown fault 'canary'; .*traps are holiday_week"):
        build(tmp_path / "w", seed=1, traps=["canary"])
    with pytest.raises(ValueError, match="unknown region 'MARS'; known are CN, HK, EU, US"):
        build(tmp_path / "w", seed=1, regions=["MARS"])
    assert not (tmp_path / "w").exists()


def test_an_estate_abroad_keeps_its_own_clocks_and_money(built):
    world = built("F16", "F6", regions=("CN", "HK", "EU", "US"))
    money = dict(world.rows("select currency, count(*) from {sales} group by all"))
    assert set(money) == {"CNY", "HKD", "EUR", "USD"}
    assert min(money.values()) > 500
    assert world.rows("select distinct currency from {journeys} where status = 'late'") == [
        ("CNY",)
    ]
    # Shops sell by day where they stand: hardly anything between midnight and six.
    for currency, zone in (("EUR", "Europe/Berlin"), ("USD", "America/Los_Angeles")):
        [(share,)] = world.rows(
            f"""select count(*) filter (hour(captured_at::timestamptz at time zone '{zone}') < 6)
            / count(*) from {{sales}} where currency = '{currency}' and kind = 'sale'"""
        )
        assert share < 0.02, currency
    told = json.loads((world.truth / "faults.json").read_text())
    assert {t["fault"] for t in told} == {"F16", "F6"} <= set(FAULTS)


def test_the_command_line_names_every_trap_and_region():
    import typer.main

    from daozhang.cli.main import app

    command = typer.main.get_command(app).commands["world"]
    told = " ".join(p.help or "" for p in command.params if p.param_type_name == "option")
    assert all(name in told for name in (*TRAPS, *REGIONS))
