"""Facts about terminals that cannot all be so, and what of them may still be evidence.

Rules kept here: what contradicts itself is told with its row, and it convicts nobody. Two releases
put in at one moment are an upgrade, of which it is not known which release did it. An upgrade that
ends days before it begins has no moment, so nothing can be said to have begun with it. A signal
from the future is no witness. A terminal that stands in two stores is looked for in both.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import Any, Final

import pyarrow as pa

from daozhang.cause.ahead import Ahead, find_ahead
from daozhang.engine import Engine, SqlFolder, rows_of
from daozhang.facts import TABLES, Problem

__all__ = ["AT_ONCE", "TOLD_MAX", "Doubt", "Doubts", "file_of", "find_doubts"]

AT_ONCE: Final = "\x1f"
"""Stands between the names of releases that were put in at one moment."""

TOLD_MAX: Final = 100
"""So many findings of one kind are told one by one."""

A_DAY: Final = timedelta(days=1)

SQL = SqlFolder("daozhang.cause")
Row = Mapping[str, Any]

_UPGRADE = pa.schema(
    [
        ("terminal_id", pa.string()), ("release_id", pa.string()),
        ("started_at", pa.timestamp("us", "UTC")), ("finished_at", pa.timestamp("us", "UTC")),
        ("outcome", pa.string()), ("unsure", pa.int64()), ("was_release_id", pa.string()),
    ]
)  # fmt: skip
_COLUMNS: Final = "terminal_id, release_id, started_at, finished_at, outcome"
_OF_SIGNALS: Final = "s.terminal_id, s.at, s.online, s.queued_offline, s.loss_pct"


@dataclass(frozen=True, slots=True)
class Doubt:
    """A finding about a fact, with what its row is known by.

    Attributes:
        problem: what is told; without a line, as facts have none.
        table: the fact table.
        row: column → value of the row; empty: the header is meant.
        column: the column that is meant, where the header is.
    """

    problem: Problem
    table: str
    row: Mapping[str, str | datetime] = field(default_factory=dict)
    column: str = ""


@dataclass(frozen=True, slots=True)
class Doubts:
    """What is doubtful about the terminals.

    Attributes:
        told: the findings.
        places: terminal → other values of its dimensions, each a row of dimensions.
        disputed: terminal → its dimensions of which the rows of terminals contradict each other.
    """

    told: tuple[Doubt, ...]
    places: Mapping[str, tuple[Row, ...]]
    disputed: Mapping[str, frozenset[str]]


def find_doubts(engine: Engine) -> Doubts:
    """Find what cannot be so; leave ``sure_upgrades`` and ``sure_signals``, which causes rest on.

    Expects ``facts_<table>`` and ``raw_<table>``. ``sure_upgrades`` has ``unsure`` besides: 1 where
    it is not known when the upgrade was.
    """
    ahead = find_ahead(engine)
    told = [_of_ahead(found) for found in ahead.found]
    told += _upgrades(engine, ahead)
    in_time = ahead.lies_in_time("s", "signals")
    # Read several times, and in the store once for each of its parts.
    engine.run("sure_signals", f"SELECT {_OF_SIGNALS} FROM facts_signals AS s WHERE {in_time}")
    twice = _listed_twice(engine)
    stores, places = _stores(engine, twice)
    told += stores + _empty_dimensions(engine)
    return Doubts(tuple(told), places, _disputed(twice))


def _of_ahead(found: Row) -> Doubt:
    table, event = found["table"], TABLES[found["table"]].event or ""
    when = found[event].isoformat(sep=" ", timespec="minutes")
    problem = Problem(
        found["_file"], None, "from_the_future",
        f"{found['rows']} rows of {table} are dated after all that is known of money, or after "
        f"they were learned, such as {found['of_terminal']} at {when}: they are no evidence; "
        "correct the date or the clock that wrote it, or give the moment to answer for (--as-of)",
        "warning",
    )  # fmt: skip
    return Doubt(problem, table, {c: found[c] for c in TABLES[table].key})


def file_of(engine: Engine, table: str, row: Mapping[str, str | datetime]) -> str:
    """Return the file that holds a fact, the first by name of several."""
    where = " AND ".join(f"r.{column} = {_literal(value)}" for column, value in row.items())
    ((file,),) = engine.rows(f"SELECT min(r._file) FROM raw_{table} AS r WHERE {where}")
    return str(file) if file else f"{table}.csv"


def _literal(value: str | datetime) -> str:
    if isinstance(value, datetime):
        return f"CAST('{value.isoformat(sep=' ')}' AS TIMESTAMPTZ)"
    return "'" + value.replace("'", "''") + "'"


def _upgrades(engine: Engine, ahead: Ahead) -> list[Doubt]:
    """Make ``sure_upgrades`` and tell of the upgrades that cannot be as they are written."""
    found: list[Row] = list(rows_of(engine.fetch(SQL["upgrade_doubts"])))
    in_time = ahead.lies_in_time("u", "upgrades")
    known = f"SELECT {_COLUMNS} FROM facts_upgrades AS u WHERE {in_time}"
    changed = _changed(engine, found)
    if not changed:
        engine.view("sure_upgrades", f"SELECT k.*, 0 AS unsure FROM ({known}) AS k")
    else:
        engine.put("changed_upgrades", pa.Table.from_pylist(changed, _UPGRADE))
        engine.view(
            "sure_upgrades",
            f"SELECT k.*, 0 AS unsure FROM ({known}) AS k ANTI JOIN changed_upgrades AS c "
            "ON c.terminal_id = k.terminal_id AND c.was_release_id = k.release_id "
            "AND c.started_at = k.started_at "
            f"UNION ALL SELECT {_COLUMNS}, unsure FROM changed_upgrades",
        )
    told: list[Doubt] = []
    of_kind: dict[str, int] = defaultdict(int)
    for row in found:
        of_kind[row["doubt"]] += 1
        if of_kind[row["doubt"]] <= TOLD_MAX:
            told.append(_of_upgrade(engine, row))
    return told


def _changed(engine: Engine, found: list[Row]) -> list[dict[str, Any]]:
    """Return the doubtful upgrades as they may be evidence."""
    listed: dict[object, object] = {}
    if any(row["doubt"] == "at_once" for row in found):
        runs = rows_of(engine.fetch("SELECT terminal_id, release_id FROM facts_terminals"))
        listed = {row["terminal_id"]: row["release_id"] for row in runs}
    releases: dict[tuple[str, datetime, str], set[str]] = {}
    outcomes: dict[tuple[str, datetime, str], tuple[datetime | None, str]] = {}
    changed = []
    for row in found:
        key = (row["terminal_id"], row["started_at"], row["release_id"])
        outcomes[key] = (row["finished_at"], row["outcome"])
        if row["doubt"] == "reversed":
            unsure = row["started_at"] - row["finished_at"] > A_DAY
            kept = {c: row[c] for c in ("terminal_id", "release_id", "started_at", "outcome")}
            changed.append(
                {**kept, "finished_at": None, "unsure": int(unsure),
                 "was_release_id": row["release_id"]}
            )  # fmt: skip
        elif row["doubt"] == "at_once":
            other = (row["terminal_id"], row["other_at"], row["other_release"])
            both = releases.get(other, {row["other_release"]}) | {row["release_id"]}
            for release in both:
                at = row["started_at"] if release == row["release_id"] else row["other_at"]
                releases[row["terminal_id"], at, release] = both
            releases[other] = releases[key] = both
    for (terminal, at, release), both in releases.items():
        finished, outcome = outcomes.get((terminal, at, release), (None, "ok"))
        name = listed.get(terminal)
        changed.append(
            {
                "terminal_id": terminal, "started_at": at, "finished_at": finished,
                "outcome": outcome, "unsure": 0, "was_release_id": release,
                "release_id": name if name in both else AT_ONCE.join(sorted(both)),
            }
        )  # fmt: skip
    return changed


def _of_upgrade(engine: Engine, row: Row) -> Doubt:
    key = {c: row[c] for c in ("terminal_id", "release_id", "started_at")}
    file = file_of(engine, "upgrades", key)
    terminal, release, other = row["terminal_id"], row["release_id"], row["other_release"]
    at = row["started_at"].isoformat(sep=" ", timespec="minutes")
    if row["doubt"] == "reversed":
        ended = row["finished_at"].isoformat(sep=" ", timespec="minutes")
        problem = Problem(
            file, None, "upgrade_ends_before_it_begins",
            f"the upgrade of {terminal} to {release} begins at {at} and ends at {ended}: correct "
            "the time that is wrong; until then nothing is blamed on it if they are over a day "
            "apart",
            "warning",
        )  # fmt: skip
    elif row["doubt"] == "at_once":
        problem = Problem(
            file, None, "upgrades_at_once",
            f"{terminal} is upgraded to {release} at {at}, while it is upgraded to {other}: delete "
            "the row that is not so; until then neither release is named as the cause unless "
            "terminals says which one the terminal has",
            "warning",
        )  # fmt: skip
    else:
        problem = Problem(
            file, None, "upgrade_repeated",
            f"{terminal} is upgraded to {release} at {at} and had it already, without having left "
            "it: delete the row if it was written twice, or write what came in between",
            "warning",
        )  # fmt: skip
    return Doubt(problem, "upgrades", key)


def _stores(engine: Engine, twice: list[Row]) -> tuple[list[Doubt], dict[str, tuple[Row, ...]]]:
    """Tell of terminals in two stores, and return the other values of doubtful terminals."""
    told: list[Doubt] = []
    places: dict[str, list[Row]] = defaultdict(list)
    for row in twice:
        places[row["terminal_id"]].append(row)
    for terminal, rows in sorted(places.items()):
        stores = sorted({row["store_id"] for row in rows if row["store_id"]})
        if len(stores) > 1 and len(told) < TOLD_MAX:
            told.append(_in_two(engine, terminal, stores, "terminals", {"terminal_id": terminal}))
    sold: dict[str, list[Row]] = defaultdict(list)
    for row in rows_of(engine.fetch(SQL["terminal_stores"])):
        sold[row["terminal_id"]].append(row)
    for terminal, spans in sold.items():
        places[terminal] += [{"store_id": span["store_id"]} for span in spans]
        stores = sorted({s["store_id"] for s in spans} | {s["listed"] for s in spans} - {None})
        if len(told) >= TOLD_MAX:
            continue
        if any(b["first_at"] <= a["last_at"] for a, b in pairwise(spans)):
            least = min(spans, key=lambda s: (s["sales"], s["store_id"]))
            ((sale,),) = engine.rows(
                "SELECT min(s.sale_id) FROM facts_sales AS s WHERE s.terminal_id = "
                f"{_literal(terminal)} AND s.store_id = {_literal(least['store_id'])}"
            )
            told.append(_in_two(engine, terminal, stores, "sales", {"sale_id": str(sale)}))
        elif all(s["listed"] not in (None, s["store_id"], *_of(spans)) for s in spans):
            told.append(_in_two(engine, terminal, stores, "terminals", {"terminal_id": terminal}))
    return told, {terminal: tuple(rows) for terminal, rows in places.items()}


def _of(spans: list[Row]) -> set[str]:
    return {span["store_id"] for span in spans}


def _listed_twice(engine: Engine) -> list[Row]:
    """Return the rows of terminals that are listed several times, and not alike."""
    columns = [c for c in engine.columns("facts_terminals") if not c.startswith("_")]
    listed = ", ".join(f't."{c}"' for c in columns)
    rows = rows_of(
        engine.fetch(
            f"SELECT DISTINCT {listed} FROM raw_terminals AS t SEMI JOIN ("
            "SELECT terminal_id FROM raw_terminals GROUP BY terminal_id HAVING count(*) > 1"
            ") AS d ON d.terminal_id = t.terminal_id ORDER BY " + listed
        )
    )
    times = Counter(row["terminal_id"] for row in rows)
    return [row for row in rows if times[row["terminal_id"]] > 1]


def _disputed(twice: list[Row]) -> dict[str, frozenset[str]]:
    values: dict[str, dict[str, set[Any]]] = defaultdict(lambda: defaultdict(set))
    for row in twice:
        for column, value in row.items():
            values[row["terminal_id"]][column].add(value)
    return {
        terminal: frozenset(column for column, several in mine.items() if len(several) > 1)
        for terminal, mine in values.items()
    }


def _in_two(
    engine: Engine, terminal: str, stores: list[str], table: str, row: Mapping[str, str | datetime]
) -> Doubt:
    problem = Problem(
        file_of(engine, table, row), None, "terminal_in_two_stores",
        f"{terminal} stands in the stores {', '.join(stores)} at one time: correct the store, or "
        "give each of two terminals a name of its own; until then its neighbours are looked for in "
        "each of them",
        "warning",
    )  # fmt: skip
    return Doubt(problem, table, row)


def _empty_dimensions(engine: Engine) -> list[Doubt]:
    """Tell of the columns of terminals that say nothing of any terminal."""
    needed = {c.name for c in TABLES["terminals"].columns if c.required}
    columns = [
        c for c in engine.columns("facts_terminals") if c not in needed and not c.startswith("_")
    ]
    if not columns:
        return []
    counted = ", ".join(f'count(t."{c}")' for c in columns)
    ((rows, *filled),) = engine.rows(f"SELECT count(*), {counted} FROM facts_terminals AS t")
    if not rows:
        return []
    ((file,),) = engine.rows("SELECT min(t._file) FROM raw_terminals AS t")
    return [
        Doubt(
            Problem(
                str(file), None, "dimension_empty",
                f"{column} is empty in all {rows} rows of terminals, so no incident can be told by "
                "it: fill it in, or leave the column out",
                "warning",
            ),
            "terminals",
            column=column,
        )
        for column, count in zip(columns, filled, strict=True)
        if not count
    ]  # fmt: skip
