"""What a run found, kept so that many people can look at it: the same tables, read-only.

Rules kept here: a snapshot is a folder that is there whole or not at all, and never changes; its
tables carry the names that the run gave them, so that every question of the command line (figures,
a sale's trace) is asked of a snapshot by the same code; whoever may see only some rows gets views
of the tables in which the others are not there (:mod:`daozhang.app.scope`), and the figures are
drawn anew from those.
"""

from __future__ import annotations

import errno
import json
import shutil
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from daozhang import __version__
from daozhang.app.answers import provisional_years, write_whole
from daozhang.app.check import Checked
from daozhang.app.earlier import BASIS, Earlier, read_earlier
from daozhang.app.gate_record import FILE as GATE
from daozhang.app.gate_record import gate_records, read_gate, watch_over, write_gate
from daozhang.app.kept import remembered
from daozhang.app.recovery_record import FILE as RECOVERY
from daozhang.app.recovery_record import back_records, read_back, write_back
from daozhang.app.scope import Scope
from daozhang.app.seek import quoted
from daozhang.app.snapshot_tables import FILE, TABLES, grow_tables, write_tables
from daozhang.cause.incidents import SQL as CAUSES
from daozhang.engine import DuckEngine
from daozhang.journey.figures import Figures, draw_figures
from daozhang.journey.pipeline import SQL
from daozhang.journey.sums import ADDED, over, put_added

__all__ = ["About", "Reading", "earlier_of", "fits", "open_reading", "publish"]

SHAPE: Final = f"{__version__} 8"
"""What a snapshot is written by. One of another shape is not read but made anew: change the number
whenever what lies in a snapshot changes, values that are kept as objects included."""

_ABOUT: Final = "about.json"

_OF_ONE: Final = ("outcomes", "acts", "legs", "lines", "incident_sales", "facts_sales")
"""What is read of one sale, each after those that its scope rests on."""

_OF_SALES: Final = frozenset(
    {"legs", "due_again", "acts", "incident_sales", "late_money", "parcels"}
)
"""Tables whose rows belong to a sale and are shown with it."""

_OF_ACCOUNTS: Final = frozenset({"facts_accounts", "cover"})
_OF_ALL: Final = frozenset({"run", "resent"})
"""Tables that tell nothing of anybody's money by themselves."""

_TILL: Final = frozenset({"facts_sales"})
"""Rows of the till: shown with their sale, acts with the sale that they act on."""


@dataclass(frozen=True, slots=True)
class About:
    """What is to be known of a snapshot besides its tables.

    Attributes:
        as_of: T of the run, UTC.
        timezone: IANA name of the zone of the terms.
        names: readable names of providers by their ids.
        provisional_years: years whose calendar is not verified.
        sales: how many sales were tracked.
        problems: how many things were found wrong with the user's data.
        refused: rows and whole files that are in no figure.
        unjudged: memory did not suffice to judge the releases, which then have no verdict.
    """

    as_of: datetime
    timezone: str
    names: Mapping[str, str]
    provisional_years: tuple[int, ...]
    sales: int
    problems: int
    refused: int
    unjudged: bool = False


def publish(checked: Checked, folder: Path) -> About:
    """Write a run's tables and figures into a new folder.

    Args:
        checked: a run over all sales (``whole=True``), or one that says which snapshot holds the
            rows of closed ones; its engine answers no more questions then.
        folder: where; it must not be there yet.

    Raises:
        TornRowsError: that snapshot does not hold them; the folder is not there then.
        OSError: the disk is full or broken; the folder is not there then.
    """
    book = checked.settings.book
    assert book is not None, "nothing is answered without terms"
    partial = folder.with_name(folder.name + ".partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    assert isinstance(checked.engine, DuckEngine), "a snapshot is written where it was found"
    before = checked.earlier
    if before is None:
        write_tables(checked.engine, partial / FILE)
    else:
        grow_tables(checked.engine, before, partial / FILE)
    figures = checked.figures
    intake = checked.intake
    remembered(_figures_path(partial, Scope()), lambda: figures)
    unjudged = not _judge(checked, partial)
    about = About(
        as_of=figures.as_of,
        timezone=book.timezone,
        names=book.legal_names,
        provisional_years=tuple(provisional_years(checked)),
        sales=sum(row["sales"] for row in figures.by_status),
        problems=len(checked.problems),
        refused=sum(file.refused_rows for file in intake.files) if intake else 0,
        unjudged=unjudged,
    )
    checked.engine.connection.execute("DETACH written")
    if checked.basis is not None:
        write_whole(partial / BASIS, json.dumps(checked.basis.to_json()) + "\n")
    told = {"shape": SHAPE, **asdict(about), "as_of": about.as_of.isoformat()}
    write_whole(partial / _ABOUT, json.dumps(told, ensure_ascii=False, indent=1) + "\n")
    partial.rename(folder)
    return about


def _judge(checked: Checked, partial: Path) -> bool:
    """Write what the gate says of each release, and which stores are back after it.

    Returns:
        False: memory does not suffice. No verdict is told then rather than an old one; whose money
        is where does not hang on it.
    """
    last = checked.earlier.tables.parent if checked.earlier and checked.earlier.tables else None
    records = {r.release_id: r for r in read_gate(last / GATE)} if last else {}
    backs = {b.release_id: b for b in read_back(last / RECOVERY)} if last else {}
    over = watch_over(checked.engine, _about(last).as_of, records) & backs.keys() if last else set()
    try:
        write_gate(partial / GATE, gate_records(checked, kept={r: records[r] for r in over}))
        write_back(partial / RECOVERY, back_records(checked, {r: backs[r] for r in over}))
    except OSError as error:
        if error.errno != errno.ENOMEM:
            raise
        for name in (GATE, RECOVERY):
            (partial / name).unlink(missing_ok=True)
        return False
    return True


class Reading:
    """One snapshot as somebody may see it.

    Attributes:
        folder: where its tables lie.
        about: what is to be known of it.
        scope: whose rows it shows.
        figures: the sums that every face shows, over those rows.
    """

    def __init__(self, folder: Path, scope: Scope) -> None:
        """See :func:`open_reading`."""
        self.folder = folder
        self.about = _about(folder)
        self.scope = scope
        self._duck = DuckEngine(threads=2)
        _lay(self._duck, folder, scope, self.about.as_of)
        self.figures = _figures(self._duck, folder, scope, self.about.as_of)

    def engine(self) -> DuckEngine:
        """Return the tables for one thread's questions."""
        return self._duck.beside()

    def of_sale(self, sale_id: str) -> DuckEngine:
        """Return the tables for one thread's questions on one sale, of which they hold the rows.

        Each large table is read once, however many questions are asked.
        """
        engine = self._duck.beside()
        for name in _OF_ONE:
            # What a scope rests on are the few rows that were laid out before.
            kept = _kept(self._duck, name, self.scope)
            engine.connection.execute(
                f"CREATE TEMP TABLE {name} AS SELECT t.* FROM all_{name} AS t "
                f"WHERE t.sale_id = {quoted(sale_id)} AND {kept}"
            )
        return engine

    def close(self) -> None:
        """Forget the views."""
        self._duck.close()


def open_reading(folder: Path, scope: Scope) -> Reading:
    """Open a snapshot as somebody may see it; the first time, its figures are drawn and kept.

    Args:
        folder: of a snapshot that :func:`publish` wrote.
        scope: whose rows.

    Raises:
        OSError: it cannot be read.
    """
    return Reading(folder, scope)


def fits(folder: Path) -> bool:
    """Return whether a folder is a snapshot that this version of the program has written."""
    try:
        told = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return False
    return isinstance(told, dict) and told.get("shape") == SHAPE


def earlier_of(folder: Path) -> Earlier:
    """Return a snapshot as what the next run may take the rows of closed sales from."""
    return read_earlier(folder, FILE) if fits(folder) else Earlier()


def _about(folder: Path) -> About:
    told: dict[str, Any] = json.loads((folder / _ABOUT).read_text(encoding="utf-8"))
    del told["shape"]
    told["as_of"] = datetime.fromisoformat(told["as_of"])
    told["provisional_years"] = tuple(told["provisional_years"])
    return About(**told)


def _lay(duck: DuckEngine, folder: Path, scope: Scope, as_of: datetime) -> None:
    """Make the views of a snapshot in which only the scope's rows are."""
    duck.connection.execute(f"ATTACH {quoted(str(folder / FILE))} AS kept (READ_ONLY)")
    for name in TABLES:
        # Closed sales lie there as the run that closed them left them, its moment included.
        moment = f" REPLACE (TIMESTAMPTZ '{as_of.isoformat()}' AS as_of)" * (name == "outcomes")
        duck.view(f"all_{name}", f"SELECT *{moment} FROM kept.{name}")
        duck.view(name, f"SELECT t.* FROM all_{name} AS t WHERE {_kept(duck, name, scope)}")
    duck.view("sold", SQL["sold_filled"])
    duck.view("journeys", SQL["journeys"])
    duck.view("stations", SQL["stations"])
    for name in ("journeys", "stations"):
        duck.view(f"{name}_late", over(SQL, name, "outcomes_late"))
    duck.view("listed", SQL["listed"])
    duck.view("incidents", CAUSES["incident_sums"])
    put_added(duck, SQL, *(name for name in ADDED if name[:4] != "leg_"), resumed=False)


def _kept(duck: DuckEngine, name: str, scope: Scope) -> str:
    """Return which rows of a table a scope shows."""
    if scope.whole or name in _OF_ALL:
        return "1 = 1"
    if name in _OF_SALES:
        return "t.sale_id IN (SELECT sale_id FROM outcomes)"
    if name == "facts_upgrades":
        # By itself an upgrade names nobody: it is seen by whose terminal it is, and whose sales
        # were made on it (a wallet's provider has sales on another provider's terminal).
        return (
            "t.terminal_id IN (SELECT terminal_id FROM facts_terminals UNION ALL "
            "SELECT terminal_id FROM outcomes)"
        )
    if name in _TILL:
        return (
            "t.sale_id IN (SELECT sale_id FROM outcomes UNION ALL SELECT act_id FROM acts "
            "WHERE sale_id IS NOT NULL)"
        )
    if name in {"incident_stories", "unit_causes"}:
        return "t.incident_id IN (SELECT incident_id FROM incident_sales)"
    if name in _OF_ACCOUNTS and scope.accounts is None:
        # Whoever sees a sale may know which bank its money goes to, and how far is known of it.
        return "t.account_id IN (SELECT account_id FROM outcomes)"
    if name == "lines" and scope.accounts is not None:
        return "t.sale_id IN (SELECT sale_id FROM outcomes)"
    return scope.condition(duck.columns(f"all_{name}"), "t.")


def _figures(duck: DuckEngine, folder: Path, scope: Scope, as_of: datetime) -> Figures:
    return remembered(_figures_path(folder, scope), lambda: draw_figures(duck, SQL, as_of))


def _figures_path(folder: Path, scope: Scope) -> Path:
    return folder / f"figures-{scope.key}.pickle"
