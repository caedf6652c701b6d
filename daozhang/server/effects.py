"""A release's effect on money: what of the upgraded came late, beside others of the same providers.

Rules kept here: only sales that were due are counted, since money on its way is neither late nor
on time; a provider of which the release has no sale is not compared with; currencies are apart.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from daozhang.app.snapshot import Reading
from daozhang.charts.shares import permille, wilson
from daozhang.engine import rows_of
from daozhang.server.upgraded import effects, intervals

__all__ = ["Effect", "Release", "Side", "effects_of", "releases", "summed"]


@dataclass(slots=True)
class Side:
    """The due sales of one group.

    Attributes:
        due: sales.
        late: of them, those that came late or have not come.
        late_minor: their amount, before fees.
        overdue_minor: of it, what has not come.
    """

    due: int = 0
    late: int = 0
    late_minor: int = 0
    overdue_minor: int = 0

    def add(self, row: Mapping[str, Any]) -> None:
        """Count a sum of sales of one status."""
        self.due += row["sales"]
        if row["status"] != "on_time":
            self.late += row["sales"]
            self.late_minor += row["amount_minor"]
        if row["status"] == "overdue":
            self.overdue_minor += row["outstanding_minor"]

    @property
    def share(self) -> int | None:
        """The late share in thousandths; None: nothing was due."""
        return permille(self.late, self.due) if self.due else None

    @property
    def between(self) -> tuple[int, int] | None:
        """The 95 % interval of that share."""
        return wilson(self.late, self.due) if self.due else None


@dataclass(slots=True)
class Effect:
    """Both groups at one provider, in one currency."""

    provider_id: str | None
    currency: str
    sides: dict[str, Side] = field(
        default_factory=lambda: {"upgraded": Side(), "others": Side()}
    )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Release:
    """One release, as far as its terminals may be seen.

    Attributes:
        release_id: as ``upgrades`` names it.
        since: when its first upgrade began.
        until: when its newest upgrade began.
        begun: terminals whose upgrade has begun.
        planned: terminals whose upgrade is to come.
        outcomes: ``ok``, ``failed`` or ``rolled_back`` → terminals.
        stores: stores that have such a terminal.
    """

    release_id: str
    since: Any
    until: Any
    begun: int
    planned: int
    outcomes: Mapping[str, int]
    stores: int


def releases(reading: Reading) -> list[Release]:
    """Return the releases, the newest first."""
    rows = rows_of(
        reading.engine().fetch(
            "SELECT u.release_id, min(u.from_at) AS since, max(u.from_at) AS until, "
            "count(DISTINCT u.store_id) AS stores, "
            "count(*) FILTER (u.from_at <= r.as_of) AS begun, "
            "count(*) FILTER (u.from_at > r.as_of) AS planned, "
            "count(*) FILTER (u.outcome = 'ok' AND u.from_at <= r.as_of) AS ok, "
            "count(*) FILTER (u.outcome = 'failed' AND u.from_at <= r.as_of) AS failed, "
            "count(*) FILTER (u.outcome = 'rolled_back' AND u.from_at <= r.as_of) AS rolled_back "
            f"FROM {intervals(reading)} AS u CROSS JOIN run AS r GROUP BY u.release_id "
            "ORDER BY since DESC, u.release_id"
        )
    )
    return [
        Release(
            row["release_id"], row["since"], row["until"], row["begun"], row["planned"],
            {name: row[name] for name in ("ok", "failed", "rolled_back") if row[name]},
            row["stores"],
        )
        for row in rows
    ]  # fmt: skip


def effects_of(reading: Reading) -> dict[str, list[Effect]]:
    """Return each release's effect by provider and currency, most late money first."""
    found: dict[str, dict[tuple[str | None, str], Effect]] = {}
    for row in rows_of(reading.engine().fetch(f"SELECT * FROM {effects(reading)}")):
        key = (row["provider_id"], row["currency"])
        effect = found.setdefault(row["release_id"], {}).setdefault(key, Effect(*key))
        if row["side"] in effect.sides:
            effect.sides[row["side"]].add(row)
    return {
        release: sorted(
            (effect for effect in by_key.values() if effect.sides["upgraded"].due),
            key=lambda e: (e.currency, -e.sides["upgraded"].late_minor, str(e.provider_id)),
        )
        for release, by_key in found.items()
    }


def summed(effects: Iterable[Effect]) -> list[Effect]:
    """Return effects over all providers, one a currency, most due sales first."""
    found: dict[str, Effect] = {}
    for effect in effects:
        total = found.setdefault(effect.currency, Effect(None, effect.currency))
        for name, side in effect.sides.items():
            into = total.sides[name]
            into.due += side.due
            into.late += side.late
            into.late_minor += side.late_minor
            into.overdue_minor += side.overdue_minor
    return sorted(found.values(), key=lambda e: (-e.sides["upgraded"].due, e.currency))
