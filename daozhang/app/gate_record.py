"""What the gate says of every release, kept with a snapshot so that a page need not look again.

Rules kept here: a record tells the same as a replay of the same facts; how many looks are kept is
bounded, while the first moment of a halt is exact, however far apart they are.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, get_args

import numpy as np

from daozhang.app.answers import write_whole
from daozhang.app.check import Checked
from daozhang.app.replay import Replay
from daozhang.app.replay_page import Told, told_of
from daozhang.charts import Lang
from daozhang.engine import Engine
from daozhang.gate import Judge, Look, Settings
from daozhang.gate.gather import gather, releases
from daozhang.gate.shares import DayShares, Side, day_shares

__all__ = ["FILE", "GateRecord", "gate_records", "read_gate", "watch_over", "write_gate"]

FILE: Final = "gate.json"

WATCHED: Final = timedelta(days=45)
"""How long after its last terminal was upgraded a release is looked at: the last day on which a
store may still be told to be back is the 35th, and its money takes up to a week more."""

LOOKS_MAX: Final = 240
"""How many looks at a release are kept; a longer rollout is looked at less often."""


@dataclass(frozen=True, slots=True)
class GateRecord:
    """One release.

    Attributes:
        release_id: as ``upgrades`` names it.
        currency: of the money at risk.
        fleet: terminals that the release was given to.
        stop_at: wealth at which a release is halted.
        halted_at: the first moment at which the gate said FAIL, seconds since 1970; None: never.
        passed_at: the first kept look that said PASS; None: none did.
        looks: in order; the last is of the snapshot's moment.
        days: harmed terminals by business day, beside the others.
        told: what is said of it, by language.
    """

    release_id: str
    currency: str
    fleet: int
    stop_at: float
    halted_at: int | None
    passed_at: int | None
    looks: tuple[Look, ...]
    days: tuple[DayShares, ...]
    told: dict[str, Told]

    @property
    def now(self) -> Look:
        """The newest look."""
        return self.looks[-1]


def watch_over(engine: Engine, as_of: datetime, records: Mapping[str, GateRecord]) -> set[str]:
    """Return the releases that need not be looked at again: their records tell all there will be.

    Args:
        engine: holds ``facts_upgrades`` as it is now.
        as_of: the moment that the records are of.
        records: by release.
    """
    rows = engine.rows(
        "SELECT release_id, count(DISTINCT terminal_id), max(epoch_us(started_at)) "
        "FROM facts_upgrades GROUP BY release_id"
    )
    since = (as_of - WATCHED).timestamp() * 1_000_000
    return {
        str(release)
        for release, terminals, last in rows
        if str(release) in records
        and records[str(release)].fleet == terminals
        and int(str(last)) <= since
    }


def gate_records(
    checked: Checked,
    settings: Settings | None = None,
    kept: Mapping[str, GateRecord] = MappingProxyType({}),
) -> list[GateRecord]:
    """Look at every release; none without one.

    Args:
        checked: the journeys of all that is known, with the tables behind them.
        settings: the gate's; None: the usual ones.
        kept: records of releases that are not looked at again.
    """
    book = checked.settings.book
    assert book is not None, "nothing is answered without terms"
    used = settings or Settings()
    found = []
    looked = False
    for release_id in releases(checked.engine):
        if release_id in kept:
            found.append(kept[release_id])
            continue
        evidence = gather(
            checked.engine, release_id, book.timezone, checked.outcome.as_of, again=looked
        )
        looked = True
        judge = Judge(evidence, used)
        every = used.every_s
        first = evidence.fleet.begun_at // every * every
        # A whole number of the usual steps apart, so that looks fall on the same moments again.
        apart = max(1, -(-(evidence.until - first) // (LOOKS_MAX * every))) * every
        moments = {*range(first, evidence.until, apart), int(evidence.until)}
        if judge.halted_at is not None:
            moments.add(judge.halted_at)
        looks = [judge.look(at) for at in sorted(at for at in moments if at <= evidence.until)]
        one = Replay(evidence, used, tuple(looks), judge)
        found.append(_record(one, book.timezone))
    return found


def _record(one: Replay, zone: str) -> GateRecord:
    until = one.looks[-1].at
    return GateRecord(
        release_id=one.evidence.fleet.release_id,
        currency=one.evidence.currency,
        fleet=int(np.count_nonzero(one.evidence.fleet.wave >= 0)),
        stop_at=one.settings.stop_at,
        halted_at=one.halted_at,
        passed_at=one.passed_at,
        looks=one.looks,
        days=day_shares(one.evidence, until),
        told={lang: told_of(one, zone, lang) for lang in get_args(Lang)},
    )


def write_gate(path: Path, records: Sequence[GateRecord]) -> None:
    """Write records as JSON, whole or not at all.

    Raises:
        OSError: the disk is full or broken.
    """
    told = [asdict(record) for record in records]
    write_whole(path, json.dumps(told, ensure_ascii=False) + "\n")


def read_gate(path: Path) -> tuple[GateRecord, ...]:
    """Return the records that :func:`write_gate` wrote; none if the file is not there."""
    if not path.is_file():
        return ()
    rows: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return tuple(
        GateRecord(
            **row
            | {
                "looks": tuple(Look(**look) for look in row["looks"]),
                "days": tuple(_day(day) for day in row["days"]),
                "told": {
                    lang: Told(**told | {"steps": tuple(told["steps"])})
                    for lang, told in row["told"].items()
                },
            }
        )
        for row in rows
    )


def _day(row: dict[str, Any]) -> DayShares:
    sides = {
        side: None if row[side] is None else Side(**row[side]) for side in ("upgraded", "others")
    }
    return DayShares(row["day"], row["told"], **sides)
