"""One day of sales as rows of ``sales``, ``settlements`` and the truth, and what they add up to.

Rules kept here: a row is known when somebody could know it. A sale of a batch provider has two
rows: the till's, without ``submitted_at``, and after the batch close one with it (the greater
``known_at`` wins). Settlement lines are known with the provider's statement in the morning. A
refund's line has the refund's own reference; fees are rounded half up and not given back.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from daozhang.world._clock import DAY, EPOCH, HOUR, MINUTE, NEVER, Bools, Ints
from daozhang.world.draws import HORIZON_DAYS, World
from daozhang.world.extras import CHARGEBACK, KINDS, REVERSAL, SALE, VOID, Undoing
from daozhang.world.money_path import Journeys, Path
from daozhang.world.providers import BATCH_CHANNELS, CHANNELS, CURRENCIES, LANQIAO, PROVIDERS
from daozhang.world.sales import DaySales
from daozhang.world.write import Cells, Digits, FactFile

__all__ = [
    "Book",
    "DayRows",
    "batch_numbers",
    "dated",
    "day_rows",
    "payout_ids",
    "settles",
    "statement_at",
    "write_lines",
    "write_sales",
]

_CARD_TYPES: Final = ("credit", "debit", None)
_BAD_FIELD: Final = "字段不符：settle_amt 无法识别，整份文件退回"
_STATEMENT_AT: Final = 9 * HOUR
_FULL_BPS: Final = np.array([p.fees.get("card", (0, None))[0] for p in PROVIDERS])
_OTHER_MCC: Final = "5999"
_COUNTED_BACK: Final = 4


@dataclass(slots=True)
class Book:
    """What the days add up to.

    Attributes:
        net: by pair and cycle, flat: minor units that the payout carries.
        traces: by terminal: last trace number used.
        batch_count: terminal by day: sales in the batch.
        batch_minor: terminal by day: their sum.
    """

    net: Ints
    traces: Ints
    batch_count: Ints
    batch_minor: Ints

    @classmethod
    def empty(cls, world: World) -> Book:
        """Return a book in which nothing is written yet."""
        terminals = len(world.estate.terminal_ids)
        shape = (terminals, world.plan.days + HORIZON_DAYS)
        return cls(
            np.zeros(len(world.estate.pair_provider) * world.width, dtype=np.int64),
            np.zeros(terminals, dtype=np.int64),
            np.zeros(shape, dtype=np.int64),
            np.zeros(shape, dtype=np.int64),
        )


@dataclass(frozen=True, slots=True)
class DayRows:
    """A day's sales and undoings under one numbering; one entry a row, sales first.

    Attributes:
        day: index of the day.
        sales: how many rows are sales.
        kind: into :data:`KINDS`.
        of_day: day index of the sale that a row undoes; -1 for sales.
        of_number: its number.
        terminal: terminal number.
        channel: channel number.
        provider: provider number.
        pair: pair number.
        amount: minor units, positive.
        fee: minor units.
        card_type: into :data:`_CARD_TYPES`.
        trace: trace number; 0 for wallets.
        at: true instant.
        journeys: of the rows.
        undone: voided or reversed sales, and the voids and reversals themselves.
        remapped: priced and coded as another category (F3).
    """

    day: int
    sales: int
    kind: Ints
    of_day: Ints
    of_number: Ints
    terminal: Ints
    channel: Ints
    provider: Ints
    pair: Ints
    amount: Ints
    fee: Ints
    card_type: Ints
    trace: Ints
    at: Ints
    journeys: Journeys
    undone: Bools
    remapped: Bools


def day_rows(
    path: Path, book: Book, day: DaySales, journeys: Journeys, after: tuple[Undoing, Journeys]
) -> DayRows:
    """Number the day's rows and add them to the book."""
    undoing, own = after
    estate, count = path.world.estate, len(day.amount)

    def both(first: Any, second: Any) -> Any:
        return np.concatenate([first, second])

    merged = Journeys(
        *(
            both(getattr(journeys, name), getattr(own, name))
            for name in Journeys.__dataclass_fields__
        )
    )
    nobody = np.full(count, -1, dtype=np.int64)
    kind = both(np.full(count, SALE, dtype=np.int64), undoing.kind)
    terminal = both(day.sold.terminal, undoing.sold.terminal)
    channel = both(day.sold.channel, undoing.sold.channel)
    provider = both(day.sold.provider, undoing.sold.provider)
    amount = both(day.amount, undoing.amount)
    undone = (kind == VOID) | (kind == REVERSAL)
    undone[undoing.of_number[undone[count:]]] = True
    at = both(day.sold.at, undoing.sold.at)
    remapped = _remapped(path, terminal, channel, at)
    bps, cap = estate.fee_bps[terminal, channel], estate.fee_cap[terminal, channel]
    bps = np.where(remapped, _FULL_BPS[provider], bps)
    # Half up a line, then the cap: the terms' default rounding.
    fee = np.where(kind == SALE, np.minimum((amount * bps + 5_000) // 10_000, cap), 0)
    rows = DayRows(
        day=day.day,
        sales=count,
        kind=kind,
        of_day=both(nobody, undoing.of_day),
        of_number=both(nobody, undoing.of_number),
        terminal=terminal,
        channel=channel,
        provider=provider,
        pair=estate.pair_of[terminal, provider],
        amount=amount,
        fee=fee,
        card_type=both(day.card_type, undoing.card_type),
        trace=_traces(book, terminal, at, (channel < BATCH_CHANNELS) & (kind != CHARGEBACK)),
        at=at,
        journeys=merged,
        undone=undone,
        remapped=remapped,
    )
    _add(path, book, rows)
    return rows


def _remapped(path: Path, terminal: Ints, channel: Ints, at: Ints) -> Bools:
    """Return the card sales that are priced as another category since the upgrade (F3)."""
    if "F3" not in path.faults:
        return np.zeros(len(terminal), dtype=np.bool_)
    since = path.upgrades.finished[terminal]
    struck = path.world.plan.strikes.remapped[terminal] & (channel == 0)
    hit: Bools = struck & (at >= since)
    return hit


def _traces(book: Book, terminal: Ints, at: Ints, card: Bools) -> Ints:
    """Count each terminal's card transactions on, in order of time."""
    trace = np.zeros(len(terminal), dtype=np.int64)
    chosen = np.flatnonzero(card)
    order = chosen[np.lexsort((chosen, at[chosen], terminal[chosen]))]
    sorted_terminal = terminal[order]
    starts = np.flatnonzero(np.diff(sorted_terminal, prepend=-1))
    sizes = np.diff(np.append(starts, len(order)))
    within = np.arange(len(order)) - np.repeat(starts, sizes)
    trace[order] = (book.traces[sorted_terminal] + within) % 999_999 + 1
    book.traces[sorted_terminal[starts]] += sizes
    return trace


def settles(rows: DayRows) -> Bools:
    """Return the rows that get a line of the settlement statement."""
    return ~rows.undone & (rows.journeys.submitted < NEVER)


def _add(path: Path, book: Book, rows: DayRows) -> None:
    settled = settles(rows)
    signed = np.where(rows.kind == SALE, rows.amount - rows.fee, -rows.amount)
    cell = rows.pair * path.world.width + rows.journeys.cycle
    np.add.at(book.net, cell[settled], signed[settled])
    j = rows.journeys
    batched = (rows.kind == SALE) & ~rows.undone & (j.batch_day >= 0) & ~j.apart
    where = rows.terminal[batched], j.batch_day[batched]
    np.add.at(book.batch_count, where, 1)
    np.add.at(book.batch_minor, where, rows.amount[batched])


def batch_numbers(path: Path, terminal: Ints, batch_day: Ints) -> Ints:
    """Return batch numbers.

    A wiped terminal counts from 1 again after its upgrade (F1); one whose counter was put back
    uses numbers that the host has already (F7).
    """
    number = path.world.estate.first_batch[terminal] + batch_day
    upgrade_day = path.upgrades.day[terminal] - path.world.plan.first_day
    if "F7" in path.faults:
        back = path.world.plan.strikes.number[terminal] & (batch_day >= upgrade_day)
        number = number - np.where(back & (path.upgrades.day[terminal] > 0), _COUNTED_BACK, 0)
    restarted = path.upgrades.by_day[terminal] & (batch_day > upgrade_day)
    return np.where(restarted, batch_day - upgrade_day, np.maximum(number, 0))


def dated(first_day: int, days: Ints, form: str) -> tuple[list[str], Ints]:
    """Return the texts of the days named and each row's place among them."""
    if not len(days):
        return [_day_text(first_day, form)], days
    low, high = int(days.min()), int(days.max())
    return [_day_text(first_day + day, form) for day in range(low, high + 1)], days - low


@functools.lru_cache(maxsize=4_096)
def _day_text(day: int, form: str) -> str:
    return str((np.datetime64(EPOCH, "D") + np.timedelta64(day, "D")).item().strftime(form))


def sale_ids(world: World, days: Ints, numbers: Ints, null: Bools | None = None) -> Any:
    """Return sale ids such as ``S26041300000017``: the day and the number within it."""
    texts, place = dated(world.plan.first_day, np.maximum(days, 0), "S%y%m%d")
    return Digits().text(texts, place).number(np.maximum(numbers, 0), 8).array(null)


def _rrns(world: World, rows: DayRows, null: Bools) -> Any:
    """Return 12-digit references: last digit of the year, day of the year, number."""
    count = len(rows.kind)
    day = np.full(count, rows.day, dtype=np.int64)
    texts, place = dated(world.plan.first_day, day, "%y%j")
    short = [text[1:] for text in texts]
    return Digits().text(short, place).number(np.arange(count), 8).array(null)


def write_sales(path: Path, cells: Cells, files: tuple[FactFile, FactFile], rows: DayRows) -> None:
    """Write the till's rows to the first file, rows with the hand-in to the second."""
    world, j = path.world, rows.journeys
    shown = rows.kind != CHARGEBACK
    count = len(rows.kind)
    card = rows.channel < BATCH_CHANNELS
    batch = card & world.plan.batch[rows.terminal]
    pause = (np.arange(count) * 7919 + rows.trace) % 235 + 5
    # A sale that never reached the host is known from the till's own report, minutes later.
    at_till = np.where(j.host < NEVER, j.host + pause, rows.at + MINUTE + 4 * pause)
    # The row with the hand-in corrects the till's (greatest known_at wins), so it comes later.
    at_close = np.where(
        j.submitted < NEVER,
        np.maximum(j.submitted + MINUTE + pause, at_till + MINUTE),
        j.submitted + MINUTE + pause,
    )
    day = np.full(count, rows.day, dtype=np.int64)
    no_reference = ~card | (j.submitted >= NEVER)
    common = {
        "sale_id": sale_ids(world, day, np.arange(count)),
        "kind": cells.chosen(KINDS, rows.kind),
        "original_sale_id": sale_ids(world, rows.of_day, rows.of_number, rows.of_day < 0),
        **_place_columns(world, cells, rows),
        "card_type": cells.chosen(_CARD_TYPES, rows.card_type % len(_CARD_TYPES)),
        "amount_minor": cells.ints(rows.amount),
        "currency": cells.chosen(CURRENCIES, rows.provider),
        "captured_at": cells.times(j.captured),
        "host_at": cells.times(j.host),
        "batch_no": Digits()
        .number(batch_numbers(path, rows.terminal, j.batch_day), 6)
        .array(~card),
        "trace_no": Digits().number(rows.trace, 6).array(~card),
    }
    table = pa.table(common)
    for file, known, submitted_null, chosen in (
        (files[0], at_till, batch, shown),
        (files[1], at_close, np.zeros(count, dtype=np.bool_), shown & batch),
    ):
        keep = chosen & (known <= world.plan.as_of)
        null = no_reference | (submitted_null & (j.host >= NEVER))
        columns = {name: table.column(name) for name in table.column_names}
        columns["submitted_at"] = cells.times(j.submitted, null=submitted_null)
        columns["rrn"] = _rrns(world, rows, null)
        columns["known_at"] = cells.times(known)
        kept = pa.table(columns).filter(pa.array(keep))
        file.write({name: kept.column(name) for name in kept.column_names})


def _place_columns(world: World, cells: Cells, rows: DayRows) -> dict[str, Any]:
    estate, terminal = world.estate, rows.terminal
    merchant = estate.terminal_merchant[terminal]
    return {
        "merchant_id": cells.chosen(estate.merchant_ids, merchant),
        "store_id": cells.chosen(estate.store_ids, estate.terminal_store[terminal]),
        "terminal_id": cells.chosen(estate.terminal_ids, terminal),
        "provider_id": cells.chosen([p.provider_id for p in PROVIDERS], rows.provider),
        "channel": cells.chosen(CHANNELS, rows.channel),
        "mcc": cells.chosen(estate.merchant_mcc, merchant),
    }


def statement_at(world: World, provider: int) -> Ints:
    """Return by cycle when its statement is known: the first morning after its clearing."""
    clear_at = world.cycles[provider].clear_at
    morning = clear_at // DAY * DAY + _STATEMENT_AT + provider * 3 * MINUTE
    return np.where(morning >= clear_at + HOUR, morning, morning + DAY)


def payout_ids(world: World, provider: int, pair: Ints, cycle: Ints, null: Bools | None) -> Any:
    """Return payout ids: the provider, the business date, the window, the pair."""
    cycles = world.cycles[provider]
    windows = max(1, len(PROVIDERS[provider].windows))
    low = int(cycles.business_day[0])
    form = PROVIDERS[provider].prefix + "%y%m%d"
    texts, _ = dated(low, np.array([0, int(cycles.business_day[-1]) - low]), form)
    return (
        Digits()
        .text(texts, cycles.business_day[cycle] - low)
        .number(cycle % windows, 1)
        .number(pair, 6)
        .array(null)
    )


def write_lines(path: Path, cells: Cells, file: FactFile, rows: DayRows) -> None:
    """Write the day's settlement lines, and before them those of a rejected file."""
    settled = settles(rows)
    moved = settled & (rows.journeys.first_cycle != rows.journeys.cycle)
    for p in range(len(PROVIDERS)):
        mine = rows.provider == p
        # Only the wallet provider sends rejected files back line by line.
        if p == LANQIAO and (mine & moved).any():
            gone = np.flatnonzero(mine & moved)
            _write_lines(path, cells, file, rows, provider=p, chosen=gone, rejected=True)
        own = np.flatnonzero(mine & settled)
        _write_lines(path, cells, file, rows, provider=p, chosen=own, rejected=False)


def _write_lines(
    path: Path,
    cells: Cells,
    file: FactFile,
    rows: DayRows,
    *,
    provider: int,
    chosen: Ints,
    rejected: bool,
) -> None:
    world, j = path.world, rows.journeys
    cycle = (j.first_cycle if rejected else j.cycle)[chosen]
    known = statement_at(world, provider)[cycle]
    seen = known <= world.plan.as_of
    chosen, cycle, known = chosen[seen], cycle[seen], known[seen]
    count = len(chosen)
    kind, amount, fee = rows.kind[chosen], rows.amount[chosen], rows.fee[chosen]
    gross = np.where(kind == SALE, amount, -amount)
    cleared = j.cleared[chosen]
    if rejected:
        cleared = world.cycles[provider].clear_at[cycle] + (chosen * 31) % 600
    terminal = rows.terminal[chosen]
    day = np.full(count, rows.day, dtype=np.int64)
    texts, place = dated(world.plan.first_day, day, PROVIDERS[provider].prefix + "L%y%m%d")
    mark = "X" if rejected else "S"
    merchant = world.estate.terminal_merchant[terminal]
    columns = {
        "line_id": Digits()
        .text(texts, place)
        .number(chosen, 8)
        .text([mark], np.zeros(count, dtype=np.int64))
        .array(),
        "provider_id": cells.same(PROVIDERS[provider].provider_id, count),
        "kind": cells.chosen(KINDS, kind),
        "ref": _line_refs(world, rows, chosen),
        "merchant_id": cells.chosen(world.estate.merchant_ids, merchant),
        "terminal_id": cells.chosen(world.estate.terminal_ids, terminal),
        "gross_minor": cells.ints(gross),
        "fee_minor": cells.ints(fee),
        "net_minor": cells.ints(gross - fee),
        "currency": cells.same(PROVIDERS[provider].currency, count),
        "cleared_at": cells.times(cleared),
        "payout_id": cells.same(None, count)
        if rejected
        else payout_ids(world, provider, rows.pair[chosen], cycle, None),
        "status": cells.same("rejected" if rejected else "settled", count),
        "reason": cells.same(_BAD_FIELD if rejected else None, count),
        "mcc": pc.if_else(
            rows.remapped[chosen], _OTHER_MCC, cells.chosen(world.estate.merchant_mcc, merchant)
        ),
        "known_at": cells.times(known),
    }
    file.write(columns)


def _line_refs(world: World, rows: DayRows, chosen: Ints) -> Any:
    """Return what a line refers to: a card's RRN, a wallet's sale id; a chargeback its sale."""
    count = len(chosen)
    number, day = chosen.copy(), np.full(count, rows.day, dtype=np.int64)
    back = rows.kind[chosen] == CHARGEBACK
    number[back], day[back] = rows.of_number[chosen][back], rows.of_day[chosen][back]
    ids = sale_ids(world, day, number)
    texts, place = dated(world.plan.first_day, day, "%y%j")
    rrns = Digits().text([text[1:] for text in texts], place).number(number, 8).array()
    return pc.if_else(rows.channel[chosen] < BATCH_CHANNELS, rrns, ids)
