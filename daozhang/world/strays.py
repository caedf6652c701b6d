"""Settlement lines that are nobody's own sale: another's, a copy, an orphan, a correction.

Rules kept here: a sale cleared for the wrong merchant (F2) stands on the sister's statement under
a number of the sister's own, is paid to the sister, and is taken back in one correction a day. A
batch sent twice (F12) brings copies that are held and never paid. A charge whose reversal was not
delivered (F20) is settled though no till knows it, and taken back days later. Nothing is taken
back from a payout that it would more than halve.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import numpy as np
import pyarrow as pa

from daozhang.world._clock import DAY, HOUR, MINUTE, Bools, Ints, stream, uniform_ints
from daozhang.world.daily import Book, DayRows, dated, payout_ids, settles, statement_at
from daozhang.world.extras import SALE
from daozhang.world.money_path import Path
from daozhang.world.providers import HUATONG, PROVIDERS
from daozhang.world.write import Cells, Digits, FactFile

__all__ = ["Orphans", "Strays", "orphans_of"]

_STREAM: Final = 11
_COPY: Final = "重复上送（94），风控核实"
_CORRECTION: Final = "更正：商户号错误，误入交易退回"
_NOT_REVERSED: Final = "更正：冲正未送达，退回持卡人"
_KINDS: Final = ("sale", "adjustment")
_SISTER_NUMBERS: Final = 60_000_000
_ORPHAN_NUMBERS: Final = 80_000_000
_BACK_AFTER: Final = (2, 11)


@dataclass(frozen=True, slots=True)
class Orphans:
    """Charges that no till knows (F20); one entry a charge.

    Attributes:
        terminal: terminal number.
        at: true instant.
        amount: minor units.
        back_at: instant from which it is taken back.
    """

    terminal: Ints
    at: Ints
    amount: Ints
    back_at: Ints


def orphans_of(path: Path) -> Orphans:
    """Return the charges of the last seconds before a reboot whose reversal got lost (F20)."""
    upgrades, plan = path.upgrades, path.world.plan
    struck = plan.strikes.orphan & (upgrades.day > 0) & ~upgrades.other & ("F20" in path.faults)
    terminal = np.flatnonzero(struck).astype(np.int64)
    rng = stream(path.world.seed, _STREAM)
    count = len(terminal)
    amount = uniform_ints(rng, 12, 400, (count,)) * 100
    at = upgrades.started[terminal] - uniform_ints(rng, 8, 40, (count,))
    days = uniform_ints(rng, *_BACK_AFTER, (count,))
    return Orphans(terminal, at, amount, (at // DAY + days) * DAY + 15 * HOUR)


@dataclass(frozen=True, slots=True)
class _Lines:
    """Lines of one provider on their way to the file; one entry a line."""

    provider: int
    mark: str
    day: Ints
    number: Ints
    kind: int
    terminal: Ints
    pair: Ints
    cycle: Ints
    cleared: Ints
    gross: Ints
    fee: Ints
    ref: Any
    held: bool = False
    reason: str | None = None


@dataclass(slots=True)
class Strays:
    """Writes such lines and keeps what is to be taken back.

    Attributes:
        path: the estate's behaviour.
        cells: the file format.
        file: of settlements.
        book: what payouts carry.
        net: what the lines add to payouts, by pair and cycle; it joins the book at the end.
        owed: by (provider, pair, terminal, cycle): what a correction will take back.
    """

    path: Path
    cells: Cells
    file: FactFile
    book: Book
    net: Ints
    owed: dict[tuple[int, int, int, int], int] = field(default_factory=dict)

    def add(self, rows: DayRows) -> None:
        """Write the lines that a day's sales leave on other statements (F2, F12)."""
        sale = settles(rows) & (rows.kind == SALE)
        if "F2" in self.path.faults:
            self._sisters(rows, np.flatnonzero(sale & rows.journeys.strayed))
        if "F12" in self.path.faults:
            self._copies(rows, sale)

    def _sisters(self, rows: DayRows, chosen: Ints) -> None:
        world, j = self.path.world, rows.journeys
        if not len(chosen):
            return
        terminal = world.plan.strikes.sister[rows.terminal[chosen]]
        pair = world.estate.pair_of[terminal, HUATONG]
        cycle = j.first_cycle[chosen]
        self._write(
            _Lines(
                HUATONG, "M", np.full(len(chosen), rows.day), chosen, 0, terminal, pair, cycle,
                world.cycles[HUATONG].clear_at[cycle] + (chosen * 31) % 600,
                rows.amount[chosen], rows.fee[chosen],
                self._numbers(rows.day, chosen + _SISTER_NUMBERS),
            )
        )  # fmt: skip
        for place, to, back, net in zip(
            pair.tolist(), terminal.tolist(), j.cycle[chosen].tolist(),
            (rows.amount[chosen] - rows.fee[chosen]).tolist(), strict=True,
        ):  # fmt: skip
            key = (HUATONG, place, to, back)
            self.owed[key] = self.owed.get(key, 0) + net

    def _copies(self, rows: DayRows, sale: Bools) -> None:
        plan, j = self.path.world.plan, rows.journeys
        upgrades = self.path.upgrades
        sent = plan.strikes.twice[rows.terminal] & (upgrades.day[rows.terminal] == plan.twice_day)
        twice = sale & sent & (j.batch_day == plan.twice_day - plan.first_day) & ~j.apart
        for p in np.unique(rows.provider[twice]).tolist():
            chosen = np.flatnonzero(twice & (rows.provider == p))
            self._write(
                _Lines(
                    p, "D", np.full(len(chosen), rows.day), chosen, 0, rows.terminal[chosen],
                    rows.pair[chosen], j.cycle[chosen], j.cleared[chosen] + 20 * MINUTE,
                    rows.amount[chosen], rows.fee[chosen], self._numbers(rows.day, chosen),
                    held=True, reason=_COPY,
                )
            )  # fmt: skip

    def close(self) -> None:
        """Write what is known only at the end: orphans (F20) and all corrections."""
        self.book.net += self.net
        self.net = self.book.net
        orphans = orphans_of(self.path)
        world = self.path.world
        card = world.estate.card_provider[orphans.terminal]
        for p in np.unique(card).tolist():
            mine = np.flatnonzero(card == p)
            terminal, at, amount = (
                orphans.terminal[mine], orphans.at[mine], orphans.amount[mine]
            )  # fmt: skip
            pair, cycles = world.estate.pair_of[terminal, p], world.cycles[p]
            cycle = cycles.of(at)
            bps = world.estate.fee_bps[terminal, 0]
            self._write(
                _Lines(
                    p, "O", at // DAY - world.plan.first_day, mine, 0, terminal, pair, cycle,
                    cycles.clear_at[cycle] + 700, amount, (amount * bps + 5_000) // 10_000,
                    self._numbers_of(at // DAY, mine + _ORPHAN_NUMBERS),
                )
            )  # fmt: skip
            for place, to, back, owed in zip(
                pair.tolist(), terminal.tolist(), cycles.of(orphans.back_at[mine]).tolist(),
                amount.tolist(), strict=True,
            ):  # fmt: skip
                self._take_back(p, place, to, back, owed, _NOT_REVERSED)
        for (p, place, to, back), owed in sorted(self.owed.items()):
            self._take_back(p, place, to, back, owed, _CORRECTION)

    def _take_back(self, p: int, pair: int, terminal: int, since: int, owed: int, why: str) -> None:
        """Write one correction into the first payout that bears it; none bears it: it stays."""
        world = self.path.world
        own = self.book.net[pair * world.width : (pair + 1) * world.width]
        bearing = np.flatnonzero(own[since:] >= 2 * owed)
        if not len(bearing):
            return
        cycle = since + int(bearing[0])
        one = np.array([cycle], dtype=np.int64)
        number = np.array([terminal * 61 + since % 61], dtype=np.int64)
        self._write(
            _Lines(
                p, "A", one, number, 1, np.array([terminal]), np.array([pair]), one,
                world.cycles[p].clear_at[one] + 800, np.array([-owed]), np.array([0]), None,
                reason=why,
            )
        )  # fmt: skip

    def _numbers(self, day: int, number: Ints) -> Any:
        days = np.full(len(number), self.path.world.plan.first_day + day, dtype=np.int64)
        return self._numbers_of(days, number)

    @staticmethod
    def _numbers_of(day: Ints, number: Ints) -> Any:
        texts, place = dated(0, day, "%y%j")
        return Digits().text([text[1:] for text in texts], place).number(number, 8).array()

    def _write(self, lines: _Lines) -> None:
        world, cells, count = self.path.world, self.cells, len(lines.gross)
        estate, provider = world.estate, PROVIDERS[lines.provider]
        if not lines.held:
            cell = lines.pair * world.width + lines.cycle
            np.add.at(self.net, cell, lines.gross - lines.fee)
        known = statement_at(world, lines.provider)[lines.cycle]
        texts, place = dated(world.plan.first_day, lines.day, provider.prefix + "L%y%m%d")
        merchant = estate.terminal_merchant[lines.terminal]
        ids = payout_ids(world, lines.provider, lines.pair, lines.cycle, None)
        columns = {
            "line_id": Digits()
            .text(texts, place)
            .number(lines.number, 8)
            .text([lines.mark], np.zeros(count, dtype=np.int64))
            .array(),
            "provider_id": cells.same(provider.provider_id, count),
            "kind": cells.same(_KINDS[lines.kind], count),
            "ref": cells.same(None, count) if lines.ref is None else lines.ref,
            "merchant_id": cells.chosen(estate.merchant_ids, merchant),
            "terminal_id": cells.chosen(estate.terminal_ids, lines.terminal),
            "gross_minor": cells.ints(lines.gross),
            "fee_minor": cells.ints(lines.fee),
            "net_minor": cells.ints(lines.gross - lines.fee),
            "currency": cells.same(provider.currency, count),
            "cleared_at": cells.times(lines.cleared),
            "payout_id": cells.same(None, count) if lines.held else ids,
            "status": cells.same("held" if lines.held else "settled", count),
            "reason": cells.same(lines.reason, count),
            "mcc": cells.chosen(estate.merchant_mcc, merchant),
            "known_at": cells.times(known),
        }
        kept = pa.table(columns).filter(pa.array(known <= world.plan.as_of))
        self.file.write({name: kept.column(name) for name in kept.column_names})
