"""Builds a simulated estate day by day, with memory for little more than a week of sales."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta, timezone
from pathlib import Path as FilePath
from typing import Final

import numpy as np

from daozhang.calendars import load_calendar
from daozhang.world._clock import EPOCH, day_number
from daozhang.world.attempts import APPROVED_ATTEMPTS_MAX, sale_attempts
from daozhang.world.blame import Blame
from daozhang.world.daily import Book, DayRows, day_rows, write_lines, write_sales
from daozhang.world.draws import HORIZON_DAYS, World, make_draws
from daozhang.world.estate import make_estate
from daozhang.world.extras import Pending, undo
from daozhang.world.faults import FAULTS, TRAPS, resolve_names
from daozhang.world.money_path import Path, Paths
from daozhang.world.plan import make_plan
from daozhang.world.providers import HOME, PROVIDERS, REGIONS, cycles_of, terms_toml
from daozhang.world.sales import counts_by_day, sell_day
from daozhang.world.scope import scope_of
from daozhang.world.settle import credits_of, payouts_of, write_credits, write_payouts
from daozhang.world.strays import Strays
from daozhang.world.telemetry import TABLE_MAKERS
from daozhang.world.truth import Truth
from daozhang.world.write import Cells, FactFile, FileFormat, write_json

__all__ = ["WorldSummary", "build"]

_START: Final = date(2026, 4, 13)
_CHINA: Final = timezone(timedelta(hours=8))


_FILES: Final = {
    "sales": "sales", "sales-batched": "sales", "settlements": "settlements",
    "payouts": "payouts", "credits": "credits", "credits-dated": "credits",
    "attempts-sales": "attempts",
    **{name: name for name in TABLE_MAKERS},
}  # fmt: skip
"""By file stem: the table whose rows it holds."""


@dataclass(frozen=True, slots=True)
class WorldSummary:
    """What was built.

    Attributes:
        facts: the folder of facts, ``OUT/in``.
        truth: the folder of the truth, ``OUT/truth``.
        seed: the seed.
        faults: codes of the faults that were on.
        sales: sales sold, each with its own id.
        rows: rows by file stem.
        as_of: the instant at which knowledge ends.
        late_sales: sales that are late in truth, those that never arrive among them.
        late_minor: their amounts in the home currency, minor units.
        late_by_fault: late sales by fault code.
        traps: names of the traps that are set.
        late_by_currency: amounts of late sales, minor units.
    """

    facts: FilePath
    truth: FilePath
    seed: int
    faults: tuple[str, ...]
    sales: int
    rows: dict[str, int]
    as_of: datetime
    late_sales: int
    late_minor: int
    late_by_fault: dict[str, int]
    traps: tuple[str, ...] = ()
    late_by_currency: dict[str, int] = field(default_factory=dict)


def make_world(
    seed: int,
    sales: int,
    days: int,
    start: date,
    *,
    traps: frozenset[str] = frozenset(),
    regions: Sequence[str] = (HOME,),
) -> World:
    """Draw up the estate, its plan and its draws; faults change none of them.

    Raises:
        ValueError: a negative seed or number of sales, less than one day, an unknown region.
    """
    if seed < 0 or sales < 0 or days < 1:
        raise ValueError(f"need seed >= 0, sales >= 0, days >= 1; got {seed}, {sales}, {days}")
    unknown = [name for name in regions if name not in REGIONS]
    if unknown:
        raise ValueError(f"unknown region {unknown[0]!r}; known are {', '.join(REGIONS)}")
    where = (HOME, *(name for name in REGIONS if name in regions and name != HOME))
    first_day = day_number(start)
    estate = make_estate(seed, sales, days, regions=where, first_day=first_day)
    plan = make_plan(seed, estate, first_day, days, _business("CN"), traps=traps)
    cycles = tuple(
        cycles_of(p, first_day, days + HORIZON_DAYS, _business(REGIONS[p.region].calendar))
        for p in PROVIDERS
    )
    return World(seed, estate, plan, cycles, make_draws(seed, estate, plan, cycles))


def _business(name: str) -> Callable[[int], bool]:
    """Return what says of a day number whether it is a business day of a calendar."""
    calendar = load_calendar(name)
    known: dict[int, bool] = {}

    def is_business(day: int) -> bool:
        if day not in known:
            known[day] = calendar.is_business_day(EPOCH + timedelta(days=day))
        return known[day]

    return is_business


def build(
    out: FilePath,
    *,
    seed: int,
    faults: Sequence[str] = (),
    traps: Sequence[str] = (),
    regions: Sequence[str] = (HOME,),
    sales: int = 20_000,
    days: int = 28,
    start: date = _START,
    format: FileFormat = "csv",  # noqa: A002 - the word of the command line
    progress: Callable[[int, int], None] | None = None,
) -> WorldSummary:
    """Write a believable estate: ``out/in`` (facts, terms) and ``out/truth``.

    The same arguments write the same bytes. An earlier build's files are replaced;
    nothing else in the folders is touched.

    Args:
        out: folder to write into; made if missing.
        seed: not negative.
        faults: codes (``F1``), mechanisms (``unsettled_batch_lost``) or traps; see
            :data:`FAULTS`.
        traps: names; see :data:`TRAPS`. A trap switches on the faults that it needs.
        regions: where the estate sells; see :data:`REGIONS`. The home region always does.
        sales: how many sales, not counting what undoes them.
        days: length of the period.
        start: its first day; the default period holds the holiday of 1-5 May 2026.
        format: of the facts; the truth is always Parquet and JSON.
        progress: told after each day how many sales of how many are done.

    Raises:
        ValueError: an unknown fault, trap or region, or numbers out of range.
    """
    active, set_traps = resolve_names([*faults, *traps])
    world = make_world(seed, sales, days, start, traps=set_traps, regions=regions)
    paths = Paths(world)
    path = paths.under(active)
    facts, truth_folder = out / "in", out / "truth"
    _clear(facts, truth_folder)
    files = {stem: FactFile(facts, stem, format, table) for stem, table in _FILES.items()}
    if sales > APPROVED_ATTEMPTS_MAX:
        del files["attempts-sales"]
    cells, book = Cells(format), Book.empty(world)
    journeys_file = FactFile(truth_folder, "journeys", "parquet", None)
    truth = Truth(path, journeys_file, Blame(paths, active))
    strays = Strays(path, cells, files["settlements"], book, np.zeros_like(book.net))
    _sell(path, cells, files, book, truth, strays, sales=sales, progress=progress)
    strays.close()
    payouts = payouts_of(path, book)
    write_payouts(path, cells, files["payouts"], payouts)
    lines = credits_of(path, payouts)
    write_credits(path, cells, {False: files["credits"], True: files["credits-dated"]}, lines)
    for name, make in TABLE_MAKERS.items():
        files[name].write(make(path, cells, book))
    for file in files.values():
        file.close()
    (facts / "terms.toml").write_text(
        terms_toml(world.estate.reduced_rates, world.estate.regions), encoding="utf-8"
    )
    write_json(truth_folder / "faults.json", _faults(path, truth))
    as_of = datetime.fromtimestamp(world.plan.as_of - 8 * 3600, _CHINA)
    return WorldSummary(
        facts, truth_folder, seed, tuple(c for c in FAULTS if c in active), sales,
        {stem: file.rows for stem, file in files.items()},
        as_of, truth.late, truth.late_minor.get("CNY", 0),
        {code: truth.sales[code] for code in FAULTS if code in truth.sales},
        tuple(name for name in TRAPS if name in set_traps), dict(truth.late_minor),
    )  # fmt: skip


def _clear(facts: FilePath, truth: FilePath) -> None:
    """Make the folders and remove an earlier build's files, in whichever format."""
    facts.mkdir(parents=True, exist_ok=True)
    truth.mkdir(parents=True, exist_ok=True)
    for stem in _FILES:
        for suffix in ("csv", "parquet"):
            (facts / f"{stem}.{suffix}").unlink(missing_ok=True)


def _sell(
    path: Path,
    cells: Cells,
    files: dict[str, FactFile],
    book: Book,
    truth: Truth,
    strays: Strays,
    *,
    sales: int,
    progress: Callable[[int, int], None] | None,
) -> None:
    """Go through the days; one thread writes a day while the next is drawn."""
    pending, done = Pending(), 0
    with ThreadPoolExecutor(max_workers=1) as writer:
        last: Future[None] | None = None
        for day, count in enumerate(counts_by_day(path, sales)):
            sold = sell_day(path, day, count)
            journeys = path.follow(sold.sold)
            rows = day_rows(path, book, sold, journeys, undo(path, sold, journeys, pending))
            truth.add(sold, rows)
            if last is not None:
                last.result()
            last = writer.submit(_write_day, path, cells, files, rows, strays)
            done += count
            if progress is not None:
                progress(done, sales)
        if last is not None:
            last.result()
    truth.close()


def _write_day(
    path: Path, cells: Cells, files: dict[str, FactFile], rows: DayRows, strays: Strays
) -> None:
    write_sales(path, cells, (files["sales"], files["sales-batched"]), rows)
    write_lines(path, cells, files["settlements"], rows)
    strays.add(rows)
    if "attempts-sales" in files:
        files["attempts-sales"].write(sale_attempts(path, cells, rows))


def _faults(path: Path, truth: Truth) -> list[dict[str, object]]:
    """Return what each fault that is on struck and cost."""
    found: list[dict[str, object]] = []
    for code, fault in FAULTS.items():
        if code not in path.faults:
            continue
        span = truth.span.get(code)
        since, until = (
            (None, None)
            if span is None
            else tuple(datetime.fromtimestamp(s - 8 * 3600, _CHINA).isoformat() for s in span)
        )
        found.append(
            {
                "fault": code,
                "mechanism": fault.mechanism,
                "cause": fault.cause or None,
                "leg": fault.leg or None,
                "scope": scope_of(code, path.world.plan, path.world.estate),
                "since": since,
                "until": until,
                "late_sales": truth.sales.get(code, 0),
                "named_sales": truth.named.get(code, 0),
                "late_minor": truth.minor.get(code, {}).get("CNY", 0),
                "currency": "CNY",
            }
        )
    return found
