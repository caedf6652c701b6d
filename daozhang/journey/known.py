"""What is known by a moment T: repeats settled, corrections applied, withdrawn facts gone.

Rules kept here (the contract's facts): rows of the same key are one fact; the greatest
``known_at`` wins; equal ``known_at`` with different content is a located error, and the winner
among such rows is fixed by their content, so that the answer does not depend on the order of
files. ``known_at`` is the event's own time where it is missing. An answer as of T uses only rows
known by T, and nothing later than T has happened. Of two records of one sale the till's stands, and
of two exports of one line the fuller (:mod:`daozhang.journey.recorded`).

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
from daozhang.journey.recorded import leave_to_the_fuller_export, leave_to_the_till
from daozhang.journey.statements import statements_that_differ

__all__ = ["Counted", "Zones", "count_facts", "latest_known_at", "learn", "start_of_day"]

FEW_ROWS = 10_000
"""Up to so many rows a relation is kept rather than read anew."""

_STILL_TO_COME = frozenset({"sales", "notices", "coverage"})
"""Tables whose event may lie after T: a till's clock may be fast, a notice may announce, and a
statement's period may end at midnight."""

_READ_OFTEN = frozenset({"sales", "settlements", "payouts", "credits", "accounts", "terminals"})
"""Tables whose facts several steps read: few rows of them are kept."""

_NARROWED = {"sales": leave_to_the_till, "settlements": leave_to_the_fuller_export}
"""Tables in which two rows may be one thing that two files name differently."""

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


@dataclass(frozen=True, slots=True)
class Counted:
    """What a relation of facts holds: how many rows, and which times are bare dates in any."""

    rows: int
    days: int

    @property
    def few(self) -> bool:
        """Whether the rows are so few that keeping them costs less than planning them anew."""
        return self.rows <= FEW_ROWS


def count_facts(engine: Engine, prefix: str = "raw_") -> dict[str, Counted]:
    """Return what ``<prefix><table>`` holds for every fact table."""
    parts = []
    for table in TABLES.values():
        days = "max(_days)" if _times(table) else "0"
        parts.append(
            f"SELECT '{table.name}' AS name, count(*) AS n, {days} AS days "
            f"FROM {prefix}{table.name}"
        )
    return {
        str(name): Counted(int(str(count)), int(str(days or 0)))
        for name, count, days in engine.rows(" UNION ALL ".join(parts))
    }


def latest_known_at(
    engine: Engine, zones: Zones, counted: Mapping[str, Counted], prefix: str = "raw_"
) -> datetime | None:
    """Return T for a call without ``--as-of``: when the newest fact was learned.

    Args:
        engine: holds ``<prefix><table>`` for every fact table.
        zones: where bare dates belong.
        counted: what is in them.
        prefix: names the relations that are looked at.
    """
    asked = []
    for table in TABLES.values():
        found = counted[table.name]
        if table.event is None or not found.rows:
            continue
        source = f"{prefix}{table.name}"
        if found.days:
            source = f"({_local(engine, table, zones, found.days, prefix)[0]}) AS local"
        asked.append(f'SELECT max(coalesce(known_at, "{table.event}")) AS moment FROM {source}')
    if not asked:
        return None
    ((latest,),) = engine.rows(f"SELECT max(moment) FROM ({' UNION ALL '.join(asked)}) AS moments")
    if not isinstance(latest, datetime):
        return None
    return latest if latest.tzinfo else latest.replace(tzinfo=UTC)


def learn(
    engine: Engine, zones: Zones, as_of: datetime, counted: Mapping[str, Counted]
) -> list[Problem]:
    """Make ``facts_<table>`` for every fact table: what is known by ``as_of``, one row a key.

    Expects ``raw_<table>``; columns of ``facts_<table>`` are those of ``raw_<table>`` less
    ``removed``, ``_days`` and ``_file``; credits gain ``booked_day`` (day precision) and ``zone``.

    Args:
        engine: holds them.
        zones: where bare dates belong.
        as_of: T.
        counted: what ``raw_<table>`` hold.

    Returns:
        A located error for each key whose rows contradict each other.
    """
    moment = as_of.astimezone(UTC)
    engine.put("run", pa.table({"as_of": pa.array([moment], pa.timestamp("us", "UTC"))}))
    problems: list[Problem] = []
    repeating = _repeating(engine, counted)
    for table in TABLES.values():
        problems += _learn_table(
            engine, zones, table, moment, counted[table.name], repeats=table.name in repeating
        )
    if counted["coverage"].rows > 1:
        problems += statements_that_differ(engine)
    return problems


def _repeating(engine: Engine, counted: Mapping[str, Counted]) -> set[str]:
    """Return the tables of which some key may have several rows.

    Many rows are looked through once, when what is known of them is; so are those with bare
    dates, whose keys may only agree once they are moved.
    """
    few = [t for t in TABLES.values() if counted[t.name].few and not counted[t.name].days]
    asked = [
        f"SELECT '{table.name}' AS name FROM raw_{table.name} "
        f"GROUP BY {_listed(table.key)} HAVING count(*) > 1"
        for table in few
        if counted[table.name].rows > 1
    ]
    found = {table.name for table in TABLES.values() if table not in few}
    if asked:
        rows = engine.rows(f"SELECT DISTINCT name FROM ({' UNION ALL '.join(asked)}) AS repeated")
        found |= {str(name) for (name,) in rows}
    return found


def _learn_table(
    engine: Engine, zones: Zones, table: Table, moment: datetime, counted: Counted, *, repeats: bool
) -> list[Problem]:
    name = table.name
    local, columns = _local(engine, table, zones, counted.days)
    columns = [c for c in columns if c not in {"removed", "_file"}]
    few = counted.few and name in _READ_OFTEN
    if not counted.rows:
        nothing = f"SELECT {_listed(columns)} FROM ({local}) AS l WHERE 1 = 0"
        engine.view(f"facts_{name}", nothing, few=few)
        return []
    as_of = f"CAST('{moment.isoformat(sep=' ')}' AS TIMESTAMPTZ)"
    known = f"SELECT *, 0 AS _gone FROM ({local}) AS l"
    happened = "_gone = 0"
    if table.event is not None:
        known_at = f'coalesce(known_at, "{table.event}")'
        known = (
            f"SELECT {_listed(c for c in columns if c != 'known_at')}, {known_at} AS known_at, "
            f"_file, coalesce(removed, 0) AS _gone FROM ({local}) AS l WHERE {known_at} <= {as_of}"
        )
        if name not in _STILL_TO_COME:
            happened += f' AND "{table.event}" <= {as_of}'
    told: list[Problem] = []
    if repeats or name in _NARROWED:
        engine.view(f"known_{name}", known, few=counted.few)
        known = f"SELECT * FROM known_{name}"
        told = _NARROWED[name](engine) if name in _NARROWED else []
    if repeats and _find_repeats(engine, table):
        return told + _settle_repeats(engine, table, columns, happened, few=few)
    facts = f"SELECT {_listed(columns)} FROM ({known}) AS k WHERE {happened}"
    engine.view(f"facts_{name}", facts, few=few)
    return told


def _find_repeats(engine: Engine, table: Table) -> bool:
    """Make ``repeated_<table>``: keys of several known rows, and when the newest was learned."""
    key = _listed(table.key)
    newest = "max(known_at)" if table.event is not None else "0"
    count = engine.run(
        f"repeated_{table.name}",
        f"SELECT {key}, {newest} AS _newest, 0 AS _tied FROM known_{table.name} "
        f"GROUP BY {key} HAVING count(*) > 1",
    )
    return count > 0


def _listed(columns: Iterable[str]) -> str:
    return ", ".join(f'"{c}"' for c in columns)


def _times(table: Table) -> list[str]:
    return [c.name for c in table.columns if c.kind == "time"]


def _settle_repeats(
    engine: Engine, table: Table, columns: list[str], happened: str, *, few: bool
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
    engine.view(f"facts_{name}", f"SELECT {wanted} FROM settled_{name} WHERE {happened}", few=few)
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


def _local(
    engine: Engine, table: Table, zones: Zones, days: int, prefix: str = "raw_"
) -> tuple[str, list[str]]:
    """Return the SELECT of ``<prefix><table>`` with bare dates moved to where the day begins.

    Returns:
        It and its columns; credits have two more, ``booked_day`` and ``zone``.
    """
    name, raw = table.name, f"{prefix}{table.name}"
    everything = [c for c in engine.columns(raw) if c != "_days"]
    extra, more = "", []
    if name == "credits":
        engine.put("account_zones", _account_zones(zones))
        bit = 1 << _times(table).index("booked_at")
        extra = f", (_days & {bit}) <> 0 AS booked_day, coalesce(z.zone, '{zones.default}') AS zone"
        more = ["booked_day", "zone"]
    if days:
        return _localised(engine, table, zones, raw, everything, extra), everything + more
    source = f"{raw} AS r"
    if name == "credits":
        source += " LEFT JOIN account_zones AS z ON z.account_id = r.account_id"
    kept = ", ".join(f'r."{c}"' for c in everything)
    return f"SELECT {kept}{extra} FROM {source}", everything + more


def _localised(
    engine: Engine, table: Table, zones: Zones, raw: str, everything: list[str], extra: str
) -> str:
    """Return the SELECT that moves a table's bare dates into their zones."""
    name = table.name
    times = _times(table)
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
