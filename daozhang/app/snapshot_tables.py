"""The tables of a snapshot: written whole after a run over everything, else grown from the last.

Rules kept here: a grown file holds what a whole one would, row for row; it is counted against the
run before anybody reads it, and what does not agree to the cent is not published.
"""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Final

import duckdb

from daozhang.app.earlier import Earlier
from daozhang.app.listing import SALE_LIST
from daozhang.app.seek import lay_numbers, numbers, quoted
from daozhang.engine import DuckEngine

__all__ = ["FILE", "TABLES", "TornRowsError", "grow_tables", "write_tables"]

TABLES: Final = (
    "run", "outcomes", "outcomes_late", "due_again", "legs", "acts", "lines", "chains", "resent",
    "cover", "credit_standing", "incident_sales", "incident_stories", "late_money", "unit_causes",
    "findings", "parcels", "numbers", "sale_list", "facts_sales", "facts_payouts",
    "facts_credits", "facts_accounts", "facts_terminals", "facts_upgrades",
)  # fmt: skip
"""What is kept of a run for those who look at it, each after those that its scope rests on."""

FILE: Final = "tables.duckdb"
"""A database of its own, since one sale is found in it five times as fast as in Parquet files; it
stays readable for whoever has it open when it is removed."""

_ORDERED: Final = {
    **dict.fromkeys(
        ("outcomes", "legs", "acts", "lines", "incident_sales", "parcels", "facts_sales"), "sale_id"
    ),
    "numbers": "backwards",
    "sale_list": "place",
    "line_times": "provider_id, line_id",
}
"""Large tables that lie in an order, so that what is looked up by it lies in few places."""

_LINE_TIMES: Final = "SELECT provider_id, line_id, cleared_at, known_at FROM facts_settlements"
"""When each line was cleared and known, which the gate asks; no page does."""

_OPEN: Final = "t.sale_id IN (SELECT sale_id FROM open_ids)"
_GROWN: Final = {
    "outcomes": (_OPEN, "SELECT * FROM outcomes_open"),
    "parcels": (_OPEN, "SELECT * FROM parcels"),
    "numbers": (_OPEN, numbers("outcomes_open")),
    "facts_sales": (_OPEN, "SELECT * FROM facts_sales"),
    "lines": (f"t.sale_id IS NULL OR {_OPEN}", "SELECT * FROM lines"),
    # What acts on a closed sale lies with it, though its row may have been read again.
    "acts": (
        f"t.sale_id IS NULL OR {_OPEN}",
        "SELECT a.* FROM acts AS a ANTI JOIN written.acts AS w ON w.act_id = a.act_id",
    ),
    "line_times": (
        "(t.provider_id, t.line_id) IN (SELECT (provider_id, line_id) FROM raw_settlements)",
        _LINE_TIMES,
    ),
}
"""Tables that hold rows of closed sales: which rows of the last file are not theirs, and what comes
instead. A row of the till or of a provider is a closed sale's or was read by the run, so that what
the run has read tells them apart."""

_MONEY: Final = (
    "SELECT count(*), sum(amount_minor), sum(credited_minor), sum(fee_minor) FROM {}outcomes",
    "SELECT sum(net_minor) FROM {}",
)


class TornRowsError(RuntimeError):
    """A file cannot be grown from the last one, or does not hold the money of the run."""


def write_tables(engine: DuckEngine, path: Path) -> None:
    """Write all tables of a run over everything into a new file.

    Leaves the large ones in the engine too, read from the file, which stays attached: they no
    longer take memory that the gate needs with ten million sales.

    Raises:
        OSError: the disk is full or broken.
    """
    _name(engine)
    con = engine.connection
    con.execute(f"ATTACH {quoted(str(path))} AS written")
    for name in (*TABLES, "line_times"):
        _make(engine, name)
    con.execute("CHECKPOINT written")
    _read_back(engine)


def grow_tables(engine: DuckEngine, earlier: Earlier, path: Path) -> None:
    """Write the tables of a run from closed books: closed sales as the last file has them.

    Leaves the large tables whole in the engine too, read from the new file, which stays attached.

    Args:
        engine: holds such a run.
        earlier: a snapshot that holds the closed sales' rows.
        path: of the new file.

    Raises:
        TornRowsError: the last file is damaged, or the new one would not hold the run's money.
        OSError: the disk is full or broken.
    """
    assert earlier.tables is not None, "there is a snapshot to take rows from"
    _name(engine)
    engine.run("open_ids", "SELECT DISTINCT sale_id FROM raw_sales")
    shutil.copyfile(earlier.tables, path)
    try:
        _grow(engine, path)
    except duckdb.Error as error:
        raise TornRowsError(str(error)) from error
    for name in ("sales", "settlements"):
        engine.view(f"raw_{name}", f"SELECT * FROM all_{name}")


def _read_back(engine: DuckEngine) -> None:
    """Let the large tables be read from the file, and what they lay in be dropped."""
    for name in ("parcels", "facts_sales", "lines", "acts"):
        engine.view(name, f"SELECT * FROM written.{name}")
    # Closed sales carry the moment of the run that closed them.
    moment = "REPLACE ((SELECT as_of FROM run) AS as_of)"
    engine.view("outcomes", f"SELECT * {moment} FROM written.outcomes")
    engine.view("facts_settlements", "SELECT * FROM written.line_times")
    engine.drop("settled_sales", "settled_settlements", "lines_settled")


def _grow(engine: DuckEngine, path: Path) -> None:
    con = engine.connection
    con.execute(f"ATTACH {quoted(str(path))} AS written")
    for name, (gone, come) in _GROWN.items():
        con.execute(f"DELETE FROM written.{name} AS t WHERE {gone}")
        con.execute(f"INSERT INTO written.{name} BY NAME {come} ORDER BY {_ORDERED[name]}")
    con.execute("CHECKPOINT written")
    _compare(engine)
    _read_back(engine)
    for name in TABLES:
        if name not in _GROWN:
            _make(engine, name)
    con.execute("CHECKPOINT written")


def _name(engine: DuckEngine) -> None:
    lay_numbers(engine)
    engine.view("sale_list", SALE_LIST)
    engine.view("line_times", _LINE_TIMES)


def _make(engine: DuckEngine, name: str) -> None:
    order = f" ORDER BY {_ORDERED[name]}" if name in _ORDERED else ""
    engine.connection.execute(
        f"CREATE OR REPLACE TABLE written.{name} AS SELECT * FROM {name}{order}"
    )


def _compare(engine: DuckEngine) -> None:
    """Hold the new file against the run, whose identities held.

    Raises:
        TornRowsError: they differ.
    """
    outcomes, lines = _MONEY
    settled = "written.lines WHERE status = 'settled'"
    for asked, of_run, of_file in (
        (outcomes, "", "written."), (lines, "lines_summed", settled)
    ):  # fmt: skip
        (run,), (file,) = engine.rows(asked.format(of_run)), engine.rows(asked.format(of_file))
        if run != file:
            raise TornRowsError(f"the snapshot's tables say {file}, the run {run}")
    ((sales, parcels),) = engine.rows(
        "SELECT (SELECT count(*) FROM outcomes), (SELECT count(*) FROM written.parcels)"
    )
    if sales != parcels:
        raise TornRowsError(f"the snapshot's tables hold {parcels} promises for {sales} sales")
