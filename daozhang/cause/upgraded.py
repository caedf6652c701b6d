"""Whether the upgrade did it: what hit the upgraded, beside what hit those that were not.

Rules kept here (the contract's causes): a mechanism is the upgrade's where it begins at the upgrade
and spares its peers of the same provider and day. A terminal's first late cut-off after its
upgrade is compared; what follows without a break goes with it. Mechanisms that people and networks
bring about every day besides need more than an excess: it must be more than chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from daozhang.stats import Excess, Stratum, excess

__all__ = ["CHANCE", "SHARP", "WINDOWS", "Onset", "compare", "onsets"]

CHAIN: Final = timedelta(days=4)
"""Late cut-offs no further apart than this, a long weekend, are one run."""

CHANCE: Final = 0.005
"""Above this an excess of an everyday mechanism is taken for chance. Several mechanisms are
compared in a run, so it stands for about one false blame in forty runs."""

WINDOWS: Final = {
    "batch_not_closed": "day", "cut_off_missed": "day", "unsettled_batch_lost": "day",
    "offline_sales_forwarded_late": "days", "terminal_clock_wrong": "week",
    "network_setting_lost": "days", "key_mismatch": "week", "batch_number_reset": "week",
    "wrong_terminal_or_merchant_id": "days", "step_skipped": "days", "network_outage": "days",
}  # fmt: skip
"""How soon after the upgrade each mechanism shows: columns of ``terminal_days``."""

_HOURS: Final = {"day": 24, "days": 72, "week": 168}

SHARP: Final = frozenset(
    {
        "unsettled_batch_lost", "terminal_clock_wrong", "key_mismatch", "batch_number_reset",
        "network_setting_lost", "wrong_terminal_or_merchant_id",
    }
)  # fmt: skip
"""Mechanisms that seldom befall a terminal by themselves, so that the moment alone convicts."""


@dataclass(frozen=True, slots=True)
class Onset:
    """The first of a run of late cut-offs of one terminal by one mechanism.

    Attributes:
        units: the run's units.
        provider_id: whose cut-off.
        cutoff_at: the first that was missed.
        exposed: whether an upgrade of the terminal came shortly before.
        release_id: that upgrade's release.
    """

    units: tuple[int, ...]
    provider_id: str
    cutoff_at: datetime
    exposed: bool
    release_id: str


def onsets(
    units: Iterable[Mapping[str, Any]], mechanism: str, upgrades: Mapping[int, Mapping[str, Any]]
) -> list[Onset]:
    """Put the late cut-offs of each terminal by one mechanism into runs."""
    within = timedelta(hours=_HOURS[WINDOWS.get(mechanism, "days")])
    by_terminal: dict[tuple[str, str], list[Mapping[str, Any]]] = defaultdict(list)
    for unit in units:
        by_terminal[unit["terminal_id"], unit["provider_id"]].append(unit)
    found = []
    for (_, provider), mine in sorted(by_terminal.items()):
        mine.sort(key=lambda u: (u["cutoff_at"], u["unit"]))
        run = [mine[0]]
        runs = [run]
        for unit in mine[1:]:
            upgrade = upgrades.get(unit["unit"])
            anew = upgrade is not None and upgrade["started_at"] > run[-1]["cutoff_at"]
            if anew or unit["cutoff_at"] - run[-1]["cutoff_at"] > CHAIN:
                run = []
                runs.append(run)
            run.append(unit)
        for run in runs:
            first = run[0]
            upgrade = upgrades.get(first["unit"])
            exposed = upgrade is not None and first["cutoff_at"] - upgrade["started_at"] <= within
            release = upgrade["release_id"] if upgrade is not None and exposed else ""
            found.append(
                Onset(tuple(u["unit"] for u in run), provider, first["cutoff_at"], exposed, release)
            )
    return found


def compare(
    runs: Iterable[Onset],
    mechanism: str,
    days: Mapping[tuple[str, datetime], Mapping[str, int]],
) -> tuple[Excess, bool]:
    """Compare upgraded terminals with the others of the same provider and day.

    Args:
        runs: of one mechanism.
        mechanism: its name.
        days: rows of ``terminal_days`` by provider and cut-off.

    Returns:
        The excess, and whether the upgrade is to blame for runs that follow one.
    """
    window = WINDOWS.get(mechanism, "days")
    hit: dict[tuple[str, datetime], list[int]] = defaultdict(lambda: [0, 0])
    providers = set()
    for run in runs:
        hit[run.provider_id, run.cutoff_at][0 if run.exposed else 1] += 1
        providers.add(run.provider_id)
    strata = []
    for key, row in days.items():
        if key[0] in providers:
            exposed_hit, others_hit = hit.get(key, (0, 0))
            exposed = max(row[window], exposed_hit)
            others = max(row["terminals"] - row[window], others_hit)
            strata.append(Stratum(exposed, exposed_hit, others, others_hit))
    found = excess(strata)
    sure = mechanism in SHARP or found.chance < CHANCE
    return found, found.share > 0.5 and sure  # noqa: PLR2004 - more its doing than not
