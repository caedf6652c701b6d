"""Whether the upgrade did it: what hit the upgraded, beside what hit those that were not.

Rules kept here (the contract's causes): a mechanism is the upgrade's where it begins at the upgrade
and spares its peers of the same provider and day. A terminal's first late cut-off after its
upgrade is compared; what follows without a break goes with it. Mechanisms that people and networks
bring about every day besides need more than an excess: it must be more than chance.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Container, Hashable, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import comb
from typing import Any, Final

from daozhang.stats import Excess, Stratum, excess

__all__ = [
    "CHANCE",
    "KIN",
    "LASTING",
    "SEVERAL",
    "SHARP",
    "Onset",
    "compare",
    "compare_terminals",
    "onsets",
    "ring_of",
    "struck_alike",
]

CHAIN: Final = timedelta(days=4)
"""Late cut-offs no further apart than this, a long weekend, are one run."""

SEEN: Final = timedelta(days=14)
"""What began with an upgrade and cost nothing for longer than this is another trouble."""

CHANCE: Final = 0.005
"""Above this an excess of an everyday mechanism is taken for chance. Several mechanisms are
compared in a run, so it stands for about one false blame in forty runs."""

SEVERAL: Final = 2
"""So many that were struck together without an upgrade are no chance."""

USUAL: Final = 0.05
"""The same for what comes later after an upgrade that is known already to bring the mechanism
about."""

WINDOWS: Final = {
    "batch_not_closed": "day", "cut_off_missed": "day", "unsettled_batch_lost": "day",
    "offline_sales_forwarded_late": "days", "terminal_clock_wrong": "week",
    "network_setting_lost": "days", "key_mismatch": "week", "batch_number_reset": "week",
    "wrong_terminal_or_merchant_id": "days", "step_skipped": "days", "network_outage": "days",
}  # fmt: skip
"""How soon after the upgrade each mechanism shows: columns of ``terminal_days``."""

LONE: Final = frozenset({"batch_not_closed", "cut_off_missed", "offline_sales_forwarded_late"})
"""Mechanisms of which a single case may be the upgrade's: those that strike nobody else ever."""

KIN: Final = {"batch_not_closed": "cut_off_missed", "cut_off_missed": "batch_not_closed"}
"""Whoever forgets to close does so now for minutes and now for a night."""

LASTING: Final = frozenset(
    {
        "terminal_clock_wrong",
        "key_mismatch",
        "network_setting_lost",
    }
)
"""Mechanisms that last until somebody mends them: an upgrade in between begins nothing anew. Of an
identity it is known when people set it."""

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
        after: how long after an upgrade of the terminal; None: after none.
        release_id: that upgrade's release.
    """

    units: tuple[int, ...]
    provider_id: str
    cutoff_at: datetime
    after: timedelta | None
    release_id: str


def onsets(
    units: Iterable[Mapping[str, Any]],
    upgrades: Mapping[int, Mapping[str, Any]],
    begun: Container[int] = frozenset(),
    *,
    lasting: bool = False,
) -> list[Onset]:
    """Put the late cut-offs of each terminal by one mechanism into runs.

    Args:
        units: of one mechanism.
        upgrades: rows of ``unit_upgrades`` by unit.
        begun: units whose trouble is known to have begun with the upgrade, though it cost nothing
            until later.
        lasting: whether the mechanism lasts until it is mended (:data:`LASTING`).
    """
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
            anew = anew and not lasting
            if anew or unit["cutoff_at"] - run[-1]["cutoff_at"] > CHAIN:
                run = []
                runs.append(run)
            run.append(unit)
        for run in runs:
            first = run[0]
            upgrade = upgrades.get(first["unit"])
            after = first["cutoff_at"] - upgrade["started_at"] if upgrade is not None else None
            if after is not None and first["unit"] in begun and after <= SEEN:
                after = timedelta()
            release = upgrade["release_id"] if upgrade is not None else ""
            found.append(
                Onset(tuple(u["unit"] for u in run), provider, first["cutoff_at"], after, release)
            )
    return found


def rings(mechanism: str) -> tuple[str, ...]:
    """Return the windows in which a mechanism is compared, the nearest to the upgrade first.

    What befalls terminals by itself may show late, as behind a holiday that hides it at first, but
    what comes late is blamed for an excess of its own only.
    """
    nearest = WINDOWS.get(mechanism, "days")
    every = tuple(_HOURS)
    return (nearest,) if mechanism in SHARP else every[every.index(nearest) :]


def ring_of(run: Onset, mechanism: str) -> str:
    """Return in which window after the upgrade a run began; "": in none."""
    if run.after is None:
        return ""
    return next((r for r in rings(mechanism) if run.after <= timedelta(hours=_HOURS[r])), "")


def compare_terminals(
    runs: Iterable[Onset],
    mechanism: str,
    days: Mapping[tuple[str, datetime], Mapping[str, int]],
    kin: Iterable[Onset] = (),
) -> dict[str, tuple[Excess, bool]]:
    """Compare upgraded terminals with the others of the same provider and day.

    Args:
        runs: of one mechanism.
        mechanism: its name.
        days: rows of ``terminal_days`` by provider and cut-off.
        kin: runs of the mechanism that is hardly told from it (:data:`KIN`).

    Returns:
        By window after the upgrade the excess, and whether the upgrade is to blame for runs in it.
    """
    runs = list(runs)
    windows = rings(mechanism)
    sharp = mechanism in SHARP
    placed = [(run, ring_of(run, mechanism)) for run in runs]
    providers = {run.provider_id for run in runs}
    mine = {key: row for key, row in days.items() if key[0] in providers}

    def of(first: int, last: int, chance: float) -> tuple[Excess, bool]:
        """Compare what the windows from one to another struck with what was not upgraded."""
        inside = windows[first : last + 1]
        counts = {
            key: (
                row[windows[last]] - (row[windows[first - 1]] if first else 0),
                row["terminals"] - row[windows[-1]],
            )
            for key, row in mine.items()
        }
        hits = [
            ((run.provider_id, run.cutoff_at), ring in inside)
            for run, ring in placed
            if ring == "" or ring in inside
        ]
        return compare(hits, counts, sharp=sharp, chance=chance)

    found: dict[str, tuple[Excess, bool]] = {}
    chance = CHANCE / len(windows)
    for place, window in enumerate(windows):
        # What befalls few terminals may be beyond chance only over several windows together.
        together = any(of(0, last, chance / 2)[1] for last in range(place, len(windows)) if last)
        known = together or any(blamed for _, blamed in found.values())
        found[window] = of(place, place, USUAL if known else chance)
    if mechanism in LONE and not found[windows[0]][1]:
        lone = _lone(runs, kin, mine)
        found[windows[0]] = found[windows[0]] if lone is None else (lone, True)
    return found


def _lone(
    runs: list[Onset],
    kin: Iterable[Onset],
    days: Mapping[tuple[str, datetime], Mapping[str, int]],
) -> Excess | None:
    """Return the excess where a mechanism struck within a day of an upgrade and at no other time.

    Counting terminals, one that was struck is never beyond chance. But that it should be struck
    within the day after its upgrade, of all the days that all terminals sold, and nobody else on
    any of them, is as likely by chance as that day's part of all of them.
    """
    day = timedelta(hours=_HOURS["day"])
    if any(run.after is None or run.after > day for run in (*runs, *kin)):
        return None
    exposed = max(len(runs), sum(row["day"] for row in days.values()))
    every = sum(row["terminals"] for row in days.values())
    chance = exposed / max(every, exposed)
    if chance >= USUAL:
        return None
    return Excess(len(runs), exposed, chance * len(runs), every - exposed, 0, 1.0 - chance, chance)


def struck_alike(
    hits: Iterable[tuple[Hashable, bool]], counts: Mapping[Any, tuple[int, int]]
) -> frozenset[Hashable]:
    """Return the strata in which those not exposed were struck at the same moment, and as often.

    What begins on one day for both began with neither's upgrade. Fisher's exact test says whether
    the exposed were struck more often than chance explains.

    Args:
        hits: by stratum, each with whether it was exposed.
        counts: how many were exposed, and how many were not, by stratum.
    """
    hit: dict[Hashable, list[int]] = defaultdict(lambda: [0, 0])
    for key, exposed in hits:
        hit[key][0 if exposed else 1] += 1
    alike = []
    for key, (one, other) in hit.items():
        exposed_all, others_all = counts.get(key, (one, other))
        exposed_all, others_all = max(exposed_all, one), max(others_all, other)
        if one and other >= SEVERAL and _tail(one, exposed_all, other, others_all) >= CHANCE:
            alike.append(key)
    return frozenset(alike)


def _tail(one: int, exposed: int, other: int, others: int) -> float:
    """Return the probability that so many or more of the struck are exposed ones by chance."""
    struck = one + other
    ways = sum(
        comb(exposed, k) * comb(others, struck - k) for k in range(one, min(exposed, struck) + 1)
    )
    return ways / comb(exposed + others, struck)


def compare(
    hits: Iterable[tuple[Hashable, bool]],
    counts: Mapping[Any, tuple[int, int]],
    *,
    sharp: bool,
    chance: float = CHANCE,
) -> tuple[Excess, bool]:
    """Compare the exposed with the others of the same stratum.

    Args:
        hits: by stratum, each with whether it was exposed.
        counts: how many were exposed, and how many were not, by stratum.
        sharp: whether the moment alone convicts.
        chance: an excess less likely than this by chance is believed.

    Returns:
        The excess, and whether exposure is to blame.
    """
    hit: dict[Hashable, list[int]] = defaultdict(lambda: [0, 0])
    for key, exposed in hits:
        hit[key][0 if exposed else 1] += 1
    strata = []
    for key, (exposed_all, others_all) in counts.items():
        one, other = hit.get(key, (0, 0))
        strata.append(Stratum(max(exposed_all, one), one, max(others_all, other), other))
    found = excess(strata)
    sure = sharp or found.chance < chance
    return found, found.share > 0.5 and sure  # noqa: PLR2004 - more its doing than not
