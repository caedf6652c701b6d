"""Use case: draw by lot who is upgraded in which wave, and who is held back until the last.

The lot is written as facts (``actions``), so that it is told when it was drawn, is kept with all
else that is known, and the gate compares by it without being told anything apart.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from daozhang.app.check import Checked, UnusableError
from daozhang.engine import rows_of
from daozhang.gate import Place, Waves, draw_waves
from daozhang.gate.gather import SQL
from daozhang.gate.holdback import ENDS
from daozhang.gate.lot import HOLD_BACK, WAVE_DRAWN

__all__ = ["COLUMNS", "Drawn", "draw_fleet", "lot_csv", "lot_json"]

COLUMNS: Final = ("action_id", "at", "what", "scope", "scope_id", "after", "known_at")


@dataclass(frozen=True, slots=True)
class Drawn:
    """A lot and the fleet it was drawn of.

    Attributes:
        waves: the lot.
        places: by terminal, what it shares with others.
        upgraded: terminals that have the release already and were left out.
        at: when it was drawn.
    """

    waves: Waves
    places: Mapping[str, Place]
    upgraded: int
    at: datetime


def draw_fleet(
    checked: Checked,
    release_id: str,
    *,
    where: Mapping[str, str],
    ends: Sequence[float] = ENDS,
    held: float | None = None,
    salt: str = "",
) -> Drawn:
    """Draw the waves of a release among the terminals that do not have it.

    Args:
        checked: the journeys of all that is known, with the tables behind them.
        release_id: the release.
        where: columns of ``terminals`` and what they must hold.
        ends: the share of the fleet that is upgraded by the end of each wave, ascending.
        held: the share that is held back; None: as many as the fleet needs.
        salt: another word, another lot.

    Raises:
        UnusableError: there is no such column, or no terminal is left.
        SettingsError: the shares are not what they may be.
    """
    columns = set(checked.engine.fetch("SELECT * FROM facts_terminals LIMIT 0").column_names)
    for column in where:
        if column not in columns:
            known = ", ".join(sorted(columns))
            raise UnusableError("waves_no_column", column=column, known=known)
    named = {
        str(t)
        for (t,) in checked.engine.rows(
            "SELECT DISTINCT terminal_id FROM facts_upgrades WHERE release_id = "
            f"'{release_id.replace(chr(39), chr(39) * 2)}'"
        )
    }
    rows = rows_of(checked.engine.fetch("SELECT * FROM facts_terminals"))
    fleet = [r for r in rows if all(str(r[c] or "") == value for c, value in where.items())]
    money = {r["terminal_id"]: r for r in rows_of(checked.engine.fetch(SQL["gate_places"]))}
    places = {
        place.terminal_id: place
        for row in fleet
        if row["terminal_id"] not in named
        for place in [_place(row, money.get(row["terminal_id"], {}))]
    }
    if not places:
        raise UnusableError("waves_nobody", release=release_id)
    waves = draw_waves(release_id, places.values(), ends, held, salt)
    return Drawn(waves, places, len(fleet) - len(places), checked.outcome.as_of)


def _place(row: Mapping[str, Any], money: Mapping[str, Any]) -> Place:
    return Place(
        str(row["provider_id"] or ""), str(money.get("bank_id") or ""), str(row["carrier"] or ""),
        str(row["store_id"] or ""), str(row["terminal_id"]),
    )  # fmt: skip


def _rows(drawn: Drawn) -> Iterator[tuple[str, ...]]:
    release, at = drawn.waves.release_id, drawn.at.isoformat()
    waves: Iterable[tuple[str, tuple[str, ...]]] = (
        *((str(number), wave) for number, wave in enumerate(drawn.waves.waves, 1)),
        (HOLD_BACK, drawn.waves.held),
    )
    for name, terminals in waves:
        for terminal in terminals:
            # One draw after another of the same release: the later one holds.
            key = f"{WAVE_DRAWN}:{release}:{terminal}"
            yield key, at, WAVE_DRAWN, "terminal", terminal, f"{release}/{name}", at


def lot_csv(drawn: Drawn) -> str:
    """Return the lot as an ``actions`` file."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(COLUMNS)
    writer.writerows(_rows(drawn))
    return text.getvalue()


def lot_json(drawn: Drawn) -> dict[str, Any]:
    """Return the lot for ``--json``."""
    return {
        "release_id": drawn.waves.release_id,
        "drawn_at": drawn.at.isoformat(),
        "waves": [list(wave) for wave in drawn.waves.waves],
        "held_back": list(drawn.waves.held),
        "upgraded_already": drawn.upgraded,
    }
