"""What is known by a moment T: repeats settled, corrections applied, withdrawn facts gone.

Rules kept here (the contract's facts): rows of the same key are one fact; the greatest
``known_at`` wins; equal ``known_at`` with different content is a located error, and the winner
among such rows is fixed by their content, so that the answer does not depend on the order of
files. ``known_at`` is the event's own time where it is missing. An answer as of T uses only rows
known by T, and nothing later than T has happened. Of two records of one sale the till's stands
(:mod:`daozhang.journey.recorded`).

A bare date becomes the start of that day where the fact belongs: a credit's in its account's zone,
all others in the terms' zone.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pyarrow as pa

from daozhang.engine import Engine
from daozhang.facts import TABLES, Problem, Table
from daozhang.journey.recorded import leave_to_the_till

__all__ = ["Zones", "latest_known_at", "learn", "start_of_day"]

_STILL_TO_COME = frozenset({"sales", "notices", "coverage"})
"""Tables whose event may lie after T: a till's clock may be fast, a notice may announce, and a
statement's period may end at midnight."""

_DATED = pa.schema(
    [("zone", pa.string()), ("day", pa.date32()), ("starts_at", pa.timestamp("us", "UTC"))]
)


@dataclass(frozen=True, slots=True)
class Zones:
    """Where bare dates belong: the default zone, and accounts whose bank counts in another."""

    default: str
    by_account: Mapping[str, str]

    def names(self) -> set[str]:
        """Every zone that may be needed."""
        return {self.default, *self.by_account.values()}


def start_of_day(day: date, zone: str) -> datetime:
    """Return the first instant of a local day, in UTC."""
    return datetime.combine(day, time(), ZoneInfo(zone)).astimezone(UTC)


def latest_known_at(engine: Engine, zones: Zones, prefix: str = "raw_") -> datetime | None:
    """Return T for a call without ``--as-of``: when the newest fact was learned.

    Args:
        engine: holds ``<prefix><table>`` for every fact table.
        zones: where bare dates belong.
        prefix: names the relations that are looked at.
    """
    moments = []
    for table in TABLES.values():
        if table.event is None:
            continue
        _name_localised(engine, table, zones, prefix)
        ((latest,),) = engine.rows(
            f'SELECT max(coalesce(known_at, "{table.event}")) FROM local_{table.name}'
        )
        if isinstance(latest, datetime):
            moments.append(latest if latest.tzinfo else latest.replace(tzinfo=UTC))
    return max(moments, default=None)


def learn(engine: Engine, zones: Zones, as_of: datetime) -> list[Problem]:
    """Make ``facts_<table>`` for every fact table: what is known by ``as_of``, one row a key.

    Expects ``raw_<table>``; columns of ``facts_<table>`` are those of ``raw_<table>`` less
    ``removed``, ``_days`` and ``_file``; credits gain ``booked_day`` (day precision) and ``zone``.

    Returns:
        A located error for each key whose rows contradict each other.
    """
    moment = as_of.astimezone(UTC)
    engine.put("run", pa.table({"as_of": pa.array([moment], pa.timestamp("us", "UTC"))}))
    problems: list[Problem] = []
    for table in TABLES.values():
        problems += _learn_table(engine, table, zones)
    return problems


def _learn_table(engine: Engine, table: Table, zones: Zones) -> list[Problem]:
    name = table.name
    _name_localised(engine, table, zones)
    columns = [c for c in engine.columns(f"local_{name}") if c not in {"removed", "_file"}]
    if table.event is None:
        known = f"SELECT *, 0 AS _gone FROM local_{name}"
    else:
        kept = ", ".join(f'"{c}"' for c in columns if c != "known_at")
        known = (
            f'SELECT {kept}, coalesce(known_at, "{table.event}") AS known_at, _file, '
            f"coalesce(removed, 0) AS _gone FROM local_{name} "
            f'WHERE coalesce(known_at, "{table.event}") <= (SELECT as_of FROM run)'
        )
    engine.view(f"known_{name}", known)
    told = leave_to_the_till(engine) if name == "sales" else []
    key = ", ".join(f'"{c}"' for c in table.key)
    newest = "max(known_at)" if table.event is not None else "0"
    repeated = engine.run(
        f"repeated_{name}",
        f"SELECT {key}, {newest} AS _newest, 0 AS _tied FROM known_{name} "
        f"GROUP BY {key} HAVING count(*) > 1",
    )
    happened = "_gone = 0"
    if table.event is not None and name not in _STILL_TO_COME:
        happened += f' AND "{table.event}" <= (SELECT as_of FROM run)'
    kept = ", ".join(f'"{c}"' for c in columns)
    if not repeated:
        engine.view(f"facts_{name}", f"SELECT {kept} FROM known_{name} WHERE {happened}")
        return told
    return told + _settle_repeats(engine, table, columns, happened)


def _settle_repeats(
    engine: Engine, table: Table, columns: list[str], happened: str
) -> list[Problem]:
    """Choose one row a key where keys repeat, and report rows that contradict each other.

    The newest row of a key is found by its ``known_at`` alone; only keys with several rows of the
    newest moment need their contents compared.
    """
    name = table.name
    key = ", ".join(f'"{c}"' for c in table.key)
    kept = ", ".join(f'k."{c}"' for c in columns)
    same_key = " AND ".join(f'k."{c}" = r."{c}"' for c in table.key)
    moment = "known_at" if table.event is not None else "0"
    tied = engine.run(
        f"tied_{name}",
        f"SELECT {_prefixed('k', table.key)} FROM known_{name} AS k JOIN repeated_{name} AS r "
        f"ON {same_key} AND k.{moment} = r._newest GROUP BY {_prefixed('k', table.key)} "
        "HAVING count(*) > 1"
        if table.event is not None
        else f"SELECT {key} FROM repeated_{name}",
    )
    newest = f"r._newest IS NULL OR k.{moment} = r._newest" if moment != "0" else "TRUE"
    clear = (
        f"SELECT {kept}, k._gone FROM known_{name} AS k LEFT JOIN repeated_{name} AS r "
        f"ON {same_key} WHERE ({newest})"
    )
    if not tied:
        engine.run(f"settled_{name}", clear)
    else:
        _choose_among_ties(engine, table, columns, clear)
    wanted = ", ".join(f'"{c}"' for c in columns)
    engine.view(f"facts_{name}", f"SELECT {wanted} FROM settled_{name} WHERE {happened}")
    return _contradictions(engine, table, columns) if tied else []


def _choose_among_ties(engine: Engine, table: Table, columns: list[str], clear: str) -> None:
    """Make ``settled_<table>``; among rows of one moment the order of their contents decides."""
    name = table.name
    kept = ", ".join(f'"{c}"' for c in columns)
    content = [c for c in columns if c not in table.key and c != "known_at"]
    newest = "known_at DESC" if table.event is not None else "1"
    order = ", ".join([newest, "_gone", *(f'"{c}" NULLS LAST' for c in content), "_file"])
    same_key = " AND ".join(f'k."{c}" = t."{c}"' for c in table.key)
    engine.run(
        f"ties_{name}",
        f"SELECT k.*, row_number() OVER (PARTITION BY {_prefixed('k', table.key)} "
        f"ORDER BY {order}) AS _rank FROM known_{name} AS k "
        f"SEMI JOIN tied_{name} AS t ON {same_key}",
    )
    engine.run(
        f"settled_{name}",
        f"SELECT {kept}, _gone FROM ({clear}) AS k ANTI JOIN tied_{name} AS t ON {same_key} "
        f"UNION ALL SELECT {kept}, _gone FROM ties_{name} WHERE _rank = 1",
    )


def _contradictions(engine: Engine, table: Table, columns: list[str]) -> list[Problem]:
    name = table.name
    key = ", ".join(f'"{c}"' for c in table.key)
    content = [c for c in columns if c not in table.key and c != "known_at"]
    said = "concat_ws('|', _gone, " + ", ".join(
        f"coalesce(CAST(\"{c}\" AS VARCHAR), '-')" for c in content
    ) + ")"  # fmt: skip
    same_moment = f"{key}, known_at" if table.event is not None else key
    rows = engine.rows(
        f"SELECT {key}, min(_file), max(_file), count(DISTINCT {said}) "
        f"FROM ties_{name} GROUP BY {same_moment} HAVING count(DISTINCT {said}) > 1 "
        f"ORDER BY {key} LIMIT 1000"
    )
    return [_contradiction(table, row) for row in rows]


def _contradiction(table: Table, row: tuple[object, ...]) -> Problem:
    width = len(table.key)
    values = ", ".join(f"{c} {v}" for c, v in zip(table.key, row[:width], strict=True))
    one, other = str(row[width]), str(row[width + 1])
    where = f"{one} and {other}" if one != other else one
    return Problem(
        file=one,
        line=None,
        code="contradictory_rows",
        message=f"{table.name}: {row[width + 2]} rows of {values} in {where} differ and carry the "
        "same known_at, so neither corrects the other; one of them was taken. Give the right row a "
        "later known_at, or delete the wrong one",
    )


def _name_localised(engine: Engine, table: Table, zones: Zones, prefix: str = "raw_") -> None:
    """Name ``local_<table>``: ``raw_<table>`` with bare dates moved to where the day begins."""
    name, raw = table.name, f"{prefix}{table.name}"
    times = [c.name for c in table.columns if c.kind == "time"]
    everything = [c for c in engine.columns(raw) if c != "_days"]
    ((flags,),) = engine.rows(f"SELECT max(_days) FROM {raw}") if times else ((0,),)
    extra = ""
    if name == "credits":
        engine.put("account_zones", _account_zones(zones))
        bit = 1 << times.index("booked_at")
        extra = f", (_days & {bit}) <> 0 AS booked_day, coalesce(z.zone, '{zones.default}') AS zone"
    if not isinstance(flags, int) or flags == 0:
        source = f"{raw} AS r"
        if name == "credits":
            source += " LEFT JOIN account_zones AS z ON z.account_id = r.account_id"
        kept = ", ".join(f'r."{c}"' for c in everything)
        engine.view(f"local_{name}", f"SELECT {kept}{extra} FROM {source}")
        return
    engine.view(f"local_{name}", _localised(engine, table, zones, raw, everything, extra))


def _localised(
    engine: Engine, table: Table, zones: Zones, raw: str, everything: list[str], extra: str
) -> str:
    """Return the SELECT that moves a table's bare dates into their zones."""
    name = table.name
    times = [c.name for c in table.columns if c.kind == "time"]
    account = {"credits": "account_id", "coverage": "subject"}.get(name)
    if account:
        engine.put("account_zones", _account_zones(zones))
    days = set()
    for column in times:
        found = engine.rows(f'SELECT DISTINCT CAST("{column}" AS DATE) FROM {raw} WHERE _days <> 0')
        days |= {row[0] for row in found if isinstance(row[0], date)}
    engine.put(f"days_{name}", _day_table(zones.names(), days))
    joins, picked = "", {}
    zone = f"coalesce(z.zone, '{zones.default}')" if account else f"'{zones.default}'"
    if account:
        joins += f" LEFT JOIN account_zones AS z ON z.account_id = r.{account}"
    for place, column in enumerate(times):
        alias = f"d{place}"
        # What a statement covers to a date, it covers to that date's end (contract, coverage).
        shift = " + INTERVAL 1 DAY" if (name, column) == ("coverage", "to_at") else ""
        joins += (
            f" LEFT JOIN days_{name} AS {alias} ON {alias}.zone = {zone} "
            f'AND {alias}.day = CAST(CAST(r."{column}" AS DATE){shift} AS DATE)'
        )
        picked[column] = (
            f"CASE WHEN (r._days & {1 << place}) <> 0 THEN {alias}.starts_at "
            f'ELSE r."{column}" END AS "{column}"'
        )
    kept = ", ".join(picked.get(c, f'r."{c}"') for c in everything)
    return f"SELECT {kept}{extra} FROM {raw} AS r{joins}"


def _day_table(zones: Iterable[str], days: Iterable[date]) -> pa.Table:
    wanted = sorted({*days, *(day + timedelta(days=1) for day in days)})
    rows = [(zone, day, start_of_day(day, zone)) for zone in sorted(zones) for day in wanted]
    names = _DATED.names
    return pa.Table.from_pylist([dict(zip(names, row, strict=True)) for row in rows], _DATED)


def _account_zones(zones: Zones) -> pa.Table:
    schema = pa.schema([("account_id", pa.string()), ("zone", pa.string())])
    rows = [{"account_id": a, "zone": z} for a, z in sorted(zones.by_account.items())]
    return pa.Table.from_pylist(rows, schema)


def _prefixed(alias: str, columns: Iterable[str]) -> str:
    return ", ".join(f'{alias}."{c}"' for c in columns)
