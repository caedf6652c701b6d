"""Causes on estates that know nothing of the simulator: other fleets, other ways to say things.

The estates are made by ``tests/oracle/causes`` from the contract and the fault catalogue alone;
what is true of a sale is found by running its money with and without each fault.
"""

from __future__ import annotations

import os
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from daozhang.app.check import checked
from tests.oracle.causes.faults import ONLY_UP, PLANS, plan_of
from tests.oracle.causes.story import Story, tell

SOAK = bool(os.environ.get("DAOZHANG_SOAK"))
HARMLESS = tuple(range(4, 100, 5)) if SOAK else (9,)
HARMFUL = (*(s for s in range(260) if s % 5 != 4), 302, 331) if SOAK else (42, 248, 331)
CAUSES = {
    "system_upgrade", "network", "account_processing", "bank_speed", "human_error",
    "interface_mismatch", "provider",
}  # fmt: skip


def journeys_of(story: Story, folder: Path) -> dict[str, dict[str, Any]]:
    with checked(story.write(folder / "in"), as_of=story.as_of) as found:
        rows = found.engine.fetch(
            "SELECT sale_id, status, amount_minor, cause, mechanism FROM journeys"
        ).to_pylist()
    return {row["sale_id"]: row for row in rows}


def is_late(row: dict[str, Any]) -> bool:
    return row["status"] in {"late", "overdue"}


def wrong_statuses(story: Story, journeys: dict[str, dict[str, Any]]) -> list[str]:
    """Sales called late that are not, and late ones, long due and covered, not called so."""
    out = []
    for sale_id, row in journeys.items():
        truth = story.truth[sale_id]
        seen = truth.covered and truth.promised < story.as_of
        if is_late(row) != truth.late and (is_late(row) or seen):
            out.append(f"{sale_id}: {row['status']}, but late: {truth.late}")
    return out


@pytest.mark.parametrize("seed", HARMLESS)
def test_not_one_cent_is_blamed_on_a_harmless_upgrade(seed: int, tmp_path: Path) -> None:
    """An upgrade among forgotten batches, outages, a slow bank, reviews: it did nothing."""
    story = tell(seed)
    assert story.tables["upgrades"]
    journeys = journeys_of(story, tmp_path)
    assert sum(is_late(row) for row in journeys.values()) > 20
    assert {k: r for k, r in journeys.items() if r["cause"] == "system_upgrade"} == {}
    assert wrong_statuses(story, journeys) == []


@pytest.mark.parametrize("seed", HARMFUL)
def test_late_money_has_its_cause(seed: int, tmp_path: Path) -> None:
    story = tell(seed)
    journeys = journeys_of(story, tmp_path)
    assert wrong_statuses(story, journeys) == []
    late = {k: r for k, r in journeys.items() if is_late(r)}
    right = sum(r["amount_minor"] for k, r in late.items() if r["cause"] in story.truth[k].causes)
    total = sum(r["amount_minor"] for r in late.values())
    assert right * 100 >= total * 97, Counter(
        (r["cause"], r["mechanism"], *sorted(story.truth[k].causes))
        for k, r in late.items()
        if r["cause"] not in story.truth[k].causes
    )


def test_every_fault_has_its_turn_in_both_variants() -> None:
    planned = {entry for seed in range(40) for entry in plan_of(seed)}
    assert planned >= {(code, up) for code in PLANS for up in (True, False)
                       if up or code not in ONLY_UP}  # fmt: skip
    assert any(not plan_of(seed) or not any(up for _, up in plan_of(seed)) for seed in range(40))


def test_the_truth_is_found_by_taking_faults_away() -> None:
    """A fault that strikes nobody makes nobody late, and each late sale has a fault to name."""
    quiet = tell(1, plan=[])
    assert {f.noise for truth in quiet.truth.values() for f in truth.faults} == {True}
    story = tell(1, plan=[("F4", True), ("F16", False)])
    causes = {cause for truth in story.truth.values() for cause in truth.causes}
    assert {"system_upgrade", "bank_speed"} <= causes <= CAUSES
