"""Journeys equal the known truth of random estates (the contract's section 3, every column).

Each estate is asked at its end and at two earlier moments, so that what was learned later, held,
returned or corrected in between stands at every stage.
"""

from __future__ import annotations

import datetime as dt
import os
import random
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from daozhang.app.check import checked
from daozhang.journey.pipeline import find_journeys
from tests.oracle.compare import COLUMNS, assert_same_journeys, canonical
from tests.oracle.estate import ALL, PLAIN, Estate, make_estate

SOAK = bool(os.environ.get("DAOZHANG_SOAK"))
TELLING = (35, 48, 61, 67)
"""These once showed something that others did not."""

SEEDS = range(300) if SOAK else (0, 2, 3, 4, 6, 9, *TELLING)
"""One of each season."""

SALES = 300 if SOAK else 60
FOUND_EARLY = {
    "status", "leg", "reason", "late_s", "credited_at", "credit_id", "credit_ids", "payout_id",
    "credited_minor", "outstanding_minor",
}  # fmt: skip

Journeys = dict[str, dict[str, Any]]


def moments(estate: Estate) -> list[dt.datetime]:
    """The end, and two moments of the estate's own life; of most one in a quick run."""
    rng = random.Random(estate.seed)
    back = [dt.timedelta(days=rng.uniform(1, 4)), dt.timedelta(days=rng.uniform(4, 9))]
    if not SOAK and estate.seed not in TELLING:
        back = [back[estate.seed // 2 % 2]]
    return [estate.as_of, *(estate.as_of - gap for gap in back)]


def true_carriers(estate: Estate) -> dict[str, set[str]]:
    """Return by sale the credits that really bring its money, known yet or not."""
    carriers: dict[str, set[str]] = {}
    for sale in estate.sales:
        payouts = set()
        for line in sale.lines:
            payout = line.payout
            while payout is not None:
                payouts.add(id(payout))
                payout = payout.replaced_by
        carriers[sale.versions[0][1]["sale_id"]] = {
            credit.versions[0][1]["credit_id"]
            for credit in estate.credits
            if payouts & {id(payout) for payout in credit.payouts}
        }
    return carriers


def allowing_early_finds(estate: Estate, truth: Journeys, rows: Any) -> Journeys:
    """Return the truth with more columns skipped where the money was rightly found early.

    The truth calls money arrived when its payout is known. A bank line that names the payout, or
    equals an open line's sum, shows it before the payout's own row is learned; that is the better
    answer (matching goes from certain to inferred), as long as the credit truly is that sale's.
    """
    found: Mapping[str, Mapping[str, Any]] = canonical(rows)
    carriers = true_carriers(estate)
    out = {}
    for sale_id, journey in truth.items():
        ours = set(found.get(sale_id, {}).get("credit_ids") or ())
        early = bool(ours) and not journey["credit_ids"] and ours <= carriers[sale_id]
        skip = set(journey["_skip"]) | (FOUND_EARLY if early else set())
        out[sale_id] = {**journey, "_skip": skip}
    return out


def compare_at(estate: Estate, moment: dt.datetime, rows: Any) -> None:
    truth = allowing_early_finds(estate, estate.truth_at(moment), rows)
    about = f"{estate} as of {moment.isoformat()}"
    assert_same_journeys(truth, rows, COLUMNS, about=about)


@pytest.mark.parametrize("seed", SEEDS)
def test_journeys_equal_the_truth_at_three_moments(seed: int, tmp_path: Path) -> None:
    """The contract's journeys: every column of every sale, now and as of earlier moments."""
    estate = make_estate(seed, sales=SALES)
    folder = estate.write(tmp_path / "in")
    with checked(folder) as found:
        assert found.outcome.as_of == estate.as_of
        compare_at(estate, estate.as_of, found.engine.fetch("SELECT * FROM journeys"))
        # The rows are in the engine; asking again answers for another moment.
        book = found.settings.book
        assert book is not None
        for moment in moments(estate)[1:]:
            assert find_journeys(found.engine, book, moment).as_of == moment
            compare_at(estate, moment, found.engine.fetch("SELECT * FROM journeys"))


@pytest.mark.parametrize("features", [PLAIN, ALL], ids=["plain", "everything"])
def test_check_as_of_is_what_asking_again_gives(features: frozenset[str], tmp_path: Path) -> None:
    """An answer as of T needs no run before it: ``checked(as_of=T)`` equals the truth at T."""
    estate = make_estate(5, features, sales=60)
    moment = estate.as_of - dt.timedelta(days=3, hours=5)
    with checked(estate.write(tmp_path / "in"), as_of=moment) as found:
        compare_at(estate, moment, found.engine.fetch("SELECT * FROM journeys"))


def test_money_found_early_is_the_sales_own_money(tmp_path: Path) -> None:
    """Matching: a bank line that names a payout is its arrival before the payout is listed.

    Seed 61, sale S00014: at 11:00 UTC the credit C44 "/PT/D7-0" is booked and the line names D7,
    while D7's own row is learned 88 minutes later. The money is there, so the sale is on time.
    """
    estate = make_estate(61)
    moment = dt.datetime(2026, 3, 7, 11, tzinfo=dt.UTC)
    with checked(estate.write(tmp_path / "in"), as_of=moment) as found:
        rows = found.engine.fetch("SELECT * FROM journeys WHERE sale_id = 'S00014'").to_pylist()
    assert (rows[0]["status"], rows[0]["credit_ids"]) == ("on_time", "C44")
    assert true_carriers(estate)["S00014"] == {"C44"}
    later = estate.truth_at(moment + dt.timedelta(hours=2))["S00014"]
    assert (later["status"], later["credit_ids"]) == ("on_time", ["C44"])
