"""From journeys to evidence: the SQL files sum sales up, arrays do the rest.

Expects the tables that the journeys leave (``outcomes``, ``lines``, ``facts_*``, ``raw_sales``).
Nothing is used before it was known: a leg counts as missed from the moment at which its source
should have shown it, and deadlines that no term sets come from what was known when the rollout
began.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from daozhang.engine import Engine, SqlFolder, rows_of
from daozhang.gate.evidence import LEGS, NEVER, NO_INTS, Bools, Evidence, Fleet, Ints, Outcome
from daozhang.gate.lot import HOLD_BACK, Lot
from daozhang.gate.marks import GRACE_S, Marks
from daozhang.gate.pods import lately, parts, pods
from daozhang.gate.returned import put_touched, returned
from daozhang.gate.shape import Usual, usual
from daozhang.gate.telemetry import day_outcomes
from daozhang.journey.legs import deadline_of_peers

__all__ = ["SQL", "gather", "releases"]

SQL = SqlFolder("daozhang.gate")

HARMED_FIFTH: Final = 5
"""A unit's day is harmed when a fifth of its money missed a leg's deadline."""

PAST: Final = timedelta(weeks=8)
"""How far before a rollout its evidence begins: what is usual is told by then, and a store of years
costs no more than one of months."""

RISK_DAYS: Final = 7
"""Who has sold within so many days could be harmed today."""

_BITS: Final = 34
"""Seconds since 1970 fit into so many bits for the next five centuries."""


def releases(engine: Engine) -> list[str]:
    """Return the releases that ``upgrades`` names, the first to begin first."""
    rows = engine.rows(
        "SELECT release_id, min(started_at) AS began FROM facts_upgrades "
        "GROUP BY release_id ORDER BY began, release_id"
    )
    return [str(release) for release, _ in rows]


_WAVE: Final = re.compile(r"[1-9][0-9]{0,3}")

_Names = tuple[str, str, str, str, str]


@dataclass(frozen=True, slots=True)
class _Units:
    """A terminal's money at one provider and account, by unit.

    Attributes:
        terminal: number of the terminal.
        names: provider, account, bank, store, carrier.
        from_day: first upgraded business date.
    """

    terminal: Ints
    names: tuple[_Names, ...]
    from_day: Ints


def gather(
    engine: Engine, release_id: str, zone: str, until: datetime, *, again: bool = False
) -> Evidence:
    """Return the evidence for one release.

    Args:
        engine: holds the journeys.
        release_id: a release that ``upgrades`` names.
        zone: the terms' zone, for local days.
        until: the moment that the journeys are of.
        again: another release's evidence was gathered from the same journeys before.

    Raises:
        ValueError: ``upgrades`` does not name the release.
    """
    moment = int(until.timestamp())
    _begin(engine, release_id, zone)
    upgrades = {r["terminal_id"]: r for r in rows_of(engine.fetch(SQL["gate_fleet"]))}
    if not upgrades:
        raise ValueError(f"no upgrade to release {release_id}")
    offset = _offset(zone, min(r["started_s"] for r in upgrades.values()))
    places = {
        r["terminal_id"]: r
        for r in rows_of(
            engine.fetch("SELECT terminal_id, store_id, provider_id, carrier FROM facts_terminals")
        )
    }
    blind = _put_deadlines(engine)
    if not again:
        engine.run("gate_known", SQL["gate_known"])
    engine.run("gate_first_due", SQL["gate_first_due"])
    money = engine.fetch(SQL["gate_money"])
    shapes = engine.fetch(SQL["gate_shapes"])
    sold = {t for of in (money, shapes) for t in of["terminal_id"].unique().to_pylist()}
    ids = sorted({*places, *upgrades, *sold})
    number = {terminal: place for place, terminal in enumerate(ids)}
    fleet = _fleet(release_id, ids, upgrades)
    lot = _lot(ids, fleet, rows_of(engine.fetch(SQL["gate_drawn"])))
    fleet = replace(fleet, lot=lot, ids=tuple(ids))
    marks = Marks(rows_of(engine.fetch(SQL["gate_marks"])), zone)
    usually = _usual(shapes, number)
    rows = _Rows(money, number, fleet, places, _banks(engine), marks)
    outcomes = [rows.outcome(leg, moment) for leg in LEGS]
    put_touched(engine)
    came_back = rows.returned(rows_of(engine.fetch(SQL["gate_returned"])), moment)
    outcomes += [came_back] if came_back is not None else []
    days = rows_of(engine.fetch(SQL["gate_days"]))
    outcomes += day_outcomes(days, ids, places, fleet, offset, moment)
    outcomes = [
        replace(o, shape=usually.of_pods(len(o.stratum), o.terminal, o.pod, o.part))
        for o in outcomes
    ]
    late, exposed = rows.money(moment)
    due = rows.due(moment)
    return Evidence(
        fleet=fleet,
        outcomes=tuple(outcomes),
        due_terminal=due[0],
        due_day=due[1],
        due_seen=due[2],
        money_terminal=rows.units.terminal[rows.unit[late]],
        money_from=rows.late_from[late],
        money_until=rows.come_at[late],
        money_minor=rows.minor[late],
        money_exposed=exposed,
        currency=rows.currency,
        until=moment,
        blind=tuple(blind),
    )


def _banks(engine: Engine) -> dict[str, str]:
    accounts = engine.rows("SELECT account_id, coalesce(bank_id, '') FROM facts_accounts")
    return {str(account): str(bank) for account, bank in accounts}


def _begin(engine: Engine, release_id: str, zone: str) -> None:
    ((begun,),) = engine.rows(
        "SELECT min(epoch_us(started_at)) FROM facts_upgrades WHERE release_id = "
        f"'{release_id.replace(chr(39), chr(39) * 2)}'"
    )
    if begun is None:
        raise ValueError(f"no upgrade to release {release_id}")
    began = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(str(begun)))
    engine.put(
        "gate_run",
        pa.table(
            {
                "release_id": pa.array([release_id], pa.string()),
                "begun_at": pa.array([began], pa.timestamp("us", "UTC")),
                "from_at": pa.array([began - PAST], pa.timestamp("us", "UTC")),
                "offset_s": pa.array([_offset(zone, int(began.timestamp()))], pa.int64()),
            }
        ),
    )


def _offset(zone: str, moment: int) -> int:
    """Return the zone's offset when the rollout began; a clock change later moves days an hour."""
    offset = datetime.fromtimestamp(moment, ZoneInfo(zone)).utcoffset()
    assert offset is not None, "the moment is aware"
    return int(offset.total_seconds())


def _put_deadlines(engine: Engine) -> list[str]:
    """Make ``gate_deadlines`` of each provider's peers, and return which legs cannot be judged."""
    counted: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for peer in rows_of(engine.fetch(SQL["gate_peers"])):
        counted[peer["provider_id"], peer["leg"]][peer["minutes"]] = peer["sales"]
    providers = {str(p) for (p,) in engine.rows("SELECT DISTINCT provider_id FROM outcomes")}
    found = []
    for provider in sorted(providers):
        row: dict[str, Any] = {
            "provider_id": provider, "submits": (provider, "submit") in counted,
        }  # fmt: skip
        for leg in ("clear", "pay_out"):
            buckets = counted.get((provider, leg))
            row[f"{leg}_us"] = deadline_of_peers(buckets) if buckets else None
        found.append(row)
    schema = pa.schema(
        [
            ("provider_id", pa.string()), ("submits", pa.bool_()), ("clear_us", pa.int64()),
            ("pay_out_us", pa.int64()),
        ]
    )  # fmt: skip
    engine.put("gate_deadlines", pa.Table.from_pylist(found, schema))
    return [f"{row['provider_id']}/clear" for row in found if row["clear_us"] is None]


def _usual(rows: pa.Table, number: dict[str, int]) -> Usual:
    """Return how terminals sold before the rollout, from ``gate_shapes``."""
    names = rows["channel"].to_pylist()
    channels = {name: place for place, name in enumerate(sorted(set(names)))}
    return usual(
        np.array([number[t] for t in rows["terminal_id"].to_pylist()], dtype=np.int64),
        np.array([channels[name] for name in names], dtype=np.int64),
        _ints(rows["day"]), _ints(rows["sales"]), len(number),
    )  # fmt: skip


def _fleet(release_id: str, ids: list[str], upgrades: dict[str, dict[str, Any]]) -> Fleet:
    exposed_at = np.array(
        [upgrades[t]["started_s"] if t in upgrades else NEVER for t in ids], dtype=np.int64
    )
    named = [str(upgrades[t]["wave"] or "") if t in upgrades else None for t in ids]
    # Waves are counted in the order in which they began; without names a day is a wave.
    keys = [
        None if name is None else (name or f"day {at // 86_400}")
        for name, at in zip(named, exposed_at.tolist(), strict=True)
    ]
    began: dict[str, int] = {}
    for key, at in zip(keys, exposed_at.tolist(), strict=True):
        if key is not None:
            began[key] = min(began.get(key, NEVER), at)
    order = {key: place for place, (key, _) in enumerate(sorted(began.items(), key=_began))}
    wave = np.array([-1 if key is None else order[key] for key in keys], dtype=np.int64)
    return Fleet(release_id, exposed_at, wave)


def _lot(ids: list[str], fleet: Fleet, rows: Iterable[dict[str, Any]]) -> Lot | None:
    """Return how waves were drawn; None: nobody drew."""
    told: dict[str, tuple[int, str]] = {}
    for row in rows:
        release, _, wave = row["wave"].rpartition("/")
        if release == fleet.release_id and (wave == HOLD_BACK or _WAVE.fullmatch(wave)):
            said = row["known_s"], wave
            told[row["terminal_id"]] = max(told.get(row["terminal_id"], said), said)
    if not told:
        return None
    known = np.array([told[t][0] if t in told else NEVER for t in ids], dtype=np.int64)
    late = (known != NEVER) & (known > fleet.exposed_at)
    known[late] = NEVER
    last = max((int(wave) for _, wave in told.values() if wave != HOLD_BACK), default=0)
    named = [told[t][1] if at != NEVER else "" for t, at in zip(ids, known.tolist(), strict=True)]
    held = np.array([name == HOLD_BACK for name in named], dtype=np.bool_)
    number = [-1 if not name else last if name == HOLD_BACK else int(name) - 1 for name in named]
    wave = np.array(number, dtype=np.int64)
    return Lot(wave, held, known, int(np.count_nonzero(late)))


def _began(item: tuple[str, int]) -> tuple[int, str]:
    return item[1], item[0]


class _Rows:
    """The rows of ``gate_money`` as arrays, and what is made of them."""

    def __init__(
        self,
        money: pa.Table,
        number: dict[str, int],
        fleet: Fleet,
        places: dict[str, dict[str, Any]],
        banks: dict[str, str],
        marks: Marks,
    ) -> None:
        names = list(
            zip(*(money[c].to_pylist() for c in ("terminal_id", "provider_id", "account_id")),
                strict=True)
        )  # fmt: skip
        # In an order of their own: groups come as threads finish, and a picture shows a terminal of
        # two accounts in the place of one of them.
        known = {key: place for place, key in enumerate(sorted(set(names)))}
        self.unit = np.array([known[key] for key in names], dtype=np.int64)
        self._columns = {
            name: _ints(money[name])
            for name in money.column_names
            if not pa.types.is_string(money[name].type) and not name.endswith("_late")
        }
        self._late = {
            leg: np.asarray(money[f"{leg}_late"].combine_chunks().fill_null(True), dtype=np.bool_)
            for leg in LEGS
        }
        self.day, self.minor = self._columns["day"], self._columns["minor"]
        self.sold = self._columns["sold_s"]
        self.first_day = int(self.day.min(initial=NEVER)) if len(self.day) else 0
        self.days = int(self.day.max(initial=0)) - self.first_day + 1 + RISK_DAYS
        self._unit_of = known
        self.units = self._make_units(list(known), number, fleet, places, banks)
        self._exposed_at = fleet.exposed_at[self.units.terminal]
        self._paid_from = self._first_paid()
        upgraded = self._exposed_at[self.unit] != NEVER
        self.currency = self._main_currency(money, upgraded)
        self._decided = {leg: self._decide(leg, marks) for leg in LEGS}
        self.late_from = np.full(len(self.unit), NEVER, dtype=np.int64)
        self.come_at = self._columns["credit_known_s"]
        self._same_currency = np.asarray(money["currency"].to_pylist()) == self.currency

    def _make_units(
        self,
        keys: list[tuple[str, str, str]],
        number: dict[str, int],
        fleet: Fleet,
        places: dict[str, dict[str, Any]],
        banks: dict[str, str],
    ) -> _Units:
        terminal = np.array([number[t] for t, _, _ in keys], dtype=np.int64)
        names = []
        for terminal_id, provider, account in keys:
            place = places.get(terminal_id, {})
            store = str(place.get("store_id") or terminal_id)
            carrier = str(place.get("carrier") or "")
            names.append((provider, account, banks.get(account, ""), store, carrier))
        closes = np.full(len(keys), 0, dtype=np.int64)
        np.maximum.at(closes, self.unit, self._columns["closes_s"] - self.day * 86_400)
        exposed_at = fleet.exposed_at[terminal]
        from_day = np.where(
            exposed_at == NEVER, NEVER, -((closes - np.minimum(exposed_at, 1 << 40)) // 86_400)
        )
        return _Units(terminal, tuple(names), from_day)

    def _first_paid(self) -> Ints:
        """Return by unit the first day that is to be paid out when it is upgraded.

        An account that the upgrade lost keeps back what was sold before it and not yet paid.
        """
        due = self._columns["pay_out_due_s"]
        after = (due != NEVER) & (due > self._exposed_at[self.unit])
        first = self.units.from_day.copy()
        np.minimum.at(first, self.unit[after], self.day[after])
        return first

    def _main_currency(self, money: pa.Table, upgraded: Bools) -> str:
        sums: dict[str, int] = defaultdict(int)
        for currency, minor, of_fleet in zip(
            money["currency"].to_pylist(), self.minor.tolist(), upgraded.tolist(), strict=True
        ):
            sums[currency] += minor * of_fleet
        return max(sorted(sums), key=lambda c: sums[c], default="")

    def _decide(self, leg: str, marks: Marks) -> Ints:
        """Return by row when a leg could be told; :data:`NEVER` where it is not judged."""
        due = self._columns[f"{leg}_due_s"]
        if leg == "submit":
            return np.where(due == NEVER, NEVER, np.maximum(due + GRACE_S, self.sold))
        decided = np.full(len(due), NEVER, dtype=np.int64)
        by_source: dict[tuple[str, str], list[int]] = defaultdict(list)
        for unit, (provider, account, bank, _, _) in enumerate(self.units.names):
            told = (leg, provider)
            if leg == "credit":
                told = ("covered", account) if marks.has("covered", account) else ("bank", bank)
            by_source[told].append(unit)
        group = np.zeros(len(self.units.names), dtype=np.int64)
        for place, units in enumerate(by_source.values()):
            group[units] = place
        of_row = group[self.unit]
        order = np.argsort(of_row, kind="stable")
        bounds = np.searchsorted(of_row[order], np.arange(len(by_source) + 1))
        for place, (source, subject) in enumerate(by_source):
            rows = order[bounds[place] : bounds[place + 1]]
            decided[rows] = marks.decided(source, subject, due[rows])
        return np.where(due == NEVER, NEVER, np.maximum(decided, self.sold))

    def _missed(self, leg: str) -> Bools:
        """Return which rows were seen to miss a leg's deadline when it could be told."""
        decided = self._decided[leg]
        known = self._columns[f"{leg}_known_s"]
        return np.asarray((decided != NEVER) & (self._late[leg] | (known > decided)))

    def _told_back(self, decided: Ints) -> Ints:
        """Return by row when a payout can be seen to be missed: of one that came back, when told.

        Until then it had been sent in time, and no look could have said otherwise.
        """
        sent, back = self._columns["first_sent_s"], self._columns["came_back_s"]
        on_its_way = (back != NEVER) & (sent <= decided) & (decided != NEVER)
        return np.where(on_its_way, np.maximum(decided, back), decided)

    def outcome(self, leg: str, until: int) -> Outcome:
        """Return a leg as an outcome, and note from when its money is late."""
        missed, seen = self._missed(leg), self._decided[leg]
        if leg == "pay_out":
            seen = self._told_back(seen)
        self.late_from = np.where(missed, np.minimum(self.late_from, seen), self.late_from)
        cell = self.unit * self.days + (self.day - self.first_day)
        harm_cell, harm_seen = _first_fifth(cell, self.minor, self.sold, missed, seen, until)
        sold = np.zeros((len(self.units.names), self.days), dtype=np.bool_)
        judged = seen != NEVER if leg == "submit" else np.ones(len(seen), dtype=np.bool_)
        sold[self.unit[judged], (self.day - self.first_day)[judged]] = True
        keys = [_together(leg, names) for names in self.units.names]
        pod, stratum, providers = pods([s for s, _ in keys], [p for _, p in keys])
        early = leg in ("submit", "clear")
        part = NO_INTS
        if not early:
            store = _numbered([names[3] for names in self.units.names])
            part, stratum, providers = parts(pod, stratum, providers, store)
        from_day = self.units.from_day if early else self._paid_from
        return Outcome(
            leg, self.units.terminal, pod, stratum, providers, from_day, self.first_day,
            lately(sold, RISK_DAYS) > 0, harm_cell // self.days,
            harm_cell % self.days + self.first_day, harm_seen, part=part,
        )  # fmt: skip

    def returned(self, rows: Iterable[dict[str, Any]], until: int) -> Outcome | None:
        """Return money that came back for a reason that the release touches, as an outcome."""
        like = self.outcome("credit", until)
        return returned(list(rows), self._unit_of, self.units.names, like, until)

    def due(self, until: int) -> tuple[Ints, Ints, Ints]:
        """Return terminal, day and moment of upgraded days of which money can be seen by now."""
        decided = self._decided["credit"]
        rows = np.flatnonzero((self.day >= self.units.from_day[self.unit]) & (decided <= until))
        cell = self.units.terminal[self.unit[rows]] * self.days + (self.day[rows] - self.first_day)
        # A day is seen when the first of its money is: when the last would be, nobody could tell.
        cells, place = np.unique(cell, return_inverse=True)
        seen = np.full(len(cells), NEVER, dtype=np.int64)
        np.minimum.at(seen, place, decided[rows])
        return cells // self.days, cells % self.days + self.first_day, seen

    def money(self, until: int) -> tuple[Ints, Bools]:
        """Return the rows whose money was ever late in the fleet's currency, and which upgraded."""
        late = np.flatnonzero((self.late_from <= until) & self._same_currency)
        return late, self.day[late] >= self.units.from_day[self.unit[late]]


def _numbered(names: Iterable[str]) -> Ints:
    number: dict[str, int] = {}
    return np.array([number.setdefault(name, len(number)) for name in names], dtype=np.int64)


def _together(leg: str, names: _Names) -> tuple[tuple[Hashable, ...], Hashable]:
    """Return what a leg's unit is compared within, and what fails together with it.

    A store's terminals are handed in by the same people over the same line; an account's money is
    paid out and booked in one.
    """
    provider, account, bank, store, carrier = names
    if leg == "submit":
        return (provider, carrier), store
    if leg == "clear":
        return (provider,), store
    if leg == "pay_out":
        return (provider,), account or store
    return (provider, bank), account or store


def _first_fifth(
    cell: Ints, minor: Ints, sold: Ints, missed: Bools, seen: Ints, until: int
) -> tuple[Ints, Ints]:
    """Return the cells of which a fifth of the money known by then was late, and since when."""
    known = np.sort((cell << _BITS) | sold)
    order = np.argsort((cell << _BITS) | sold, kind="stable")
    total = np.concatenate([[0], np.cumsum(minor[order])])
    rows = np.flatnonzero(missed & (seen <= until))
    rows = rows[np.lexsort((seen[rows], cell[rows]))]
    late = np.cumsum(minor[rows])
    first = np.searchsorted(cell[rows], cell[rows], side="left")
    late = late - np.where(first > 0, late[np.maximum(first - 1, 0)], 0)
    begin = np.searchsorted(known, cell[rows] << _BITS, side="left")
    end = np.searchsorted(known, (cell[rows] << _BITS) | seen[rows], side="right")
    enough = rows[late * HARMED_FIFTH >= total[end] - total[begin]]
    cells, place = np.unique(cell[enough], return_index=True)
    return cells, seen[enough][place]


def _ints(column: pa.ChunkedArray) -> Ints:
    """Return whole numbers, with :data:`NEVER` for NULL."""
    filled = column.combine_chunks().cast(pa.int64()).fill_null(NEVER)
    return np.asarray(filled, dtype=np.int64)
