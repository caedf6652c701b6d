"""The sums, counts and balances that PayPal's SFTP reports state, against what their rows come to.

A footer (SF for a section, RF for the report) has, for one currency: gross credits, gross debits,
fee credits, fee debits, and pairs of a direction and an amount: the balance before and after, and
in later versions the same for the available and the payable balance. Money set aside moves only
the available one, so either may be what the rows add to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from daozhang.money import AmountError, format_minor

if TYPE_CHECKING:
    from daozhang.formats._lines import Collector

__all__ = ["Totals", "count_differs"]

_NAMES: Final = ("gross credits", "gross debits", "fee credits", "fee debits")
_SUMS_END: Final = 6
_BALANCES_END: Final = 14
_DIGITS_MAX: Final = 15


@dataclass(slots=True)
class Totals:
    """What rows come to, in the report's own units: four sums a currency, and what is set aside."""

    rows: int = 0
    _sums: dict[str, list[int]] = field(default_factory=dict)

    def add(self, currency: str, gross: int, fee: int, *, held: bool) -> None:
        """Add one row: signed gross, the fee that was kept, and whether it only sets aside."""
        sums = self._sums.get(currency)
        if sums is None:
            sums = self._sums[currency] = [0, 0, 0, 0, 0]
        sums[0 if gross >= 0 else 1] += abs(gross)
        sums[2 if fee < 0 else 3] += abs(fee)
        if held:
            sums[4] += gross - fee

    def check(self, out: Collector, line: int, cells: list[str]) -> bool:
        """Compare with a footer and warn of each figure that differs; say whether all agree."""
        if len(cells) < _SUMS_END:
            return False
        currency = cells[1].upper()
        rows = self._sums.get(currency, [0, 0, 0, 0, 0])
        stated = [_number(text) for text in cells[2:_SUMS_END]]
        if stated[2:] == [rows[3], rows[2]]:
            # Some versions state the fees' debits before their credits.
            stated[2:] = stated[:1:-1]
        sound = True
        for name, units, told in zip(_NAMES, rows, stated, strict=False):
            if told is not None and told != units:
                sound = False
                out.warn(
                    line, "total_mismatch",
                    f"the rows sum to {_shown(units, currency)} of {name}, the file states "
                    f"{_shown(told, currency)}: rows may be missing; fetch the file again",
                )  # fmt: skip
        return self._balances(out, line, cells, rows) and sound

    @staticmethod
    def _balances(out: Collector, line: int, cells: list[str], rows: list[int]) -> bool:
        moved = rows[0] - rows[1] + rows[2] - rows[3]
        pairs = [
            _signed(cells[n], cells[n + 1])
            for n in range(_SUMS_END, min(len(cells) - 1, _BALANCES_END), 2)
        ]
        changes = [
            (before, after)
            for before, after in zip(pairs[::2], pairs[1::2], strict=False)
            if before is not None and after is not None
        ]
        if not changes or any(
            after - before in {moved, moved - rows[4]} for before, after in changes
        ):
            return True
        currency = cells[1].upper()
        before, after = changes[0]
        out.warn(
            line, "balance_mismatch",
            f"the balance before ({_shown(before, currency)}) and the rows come to "
            f"{_shown(before + moved, currency)}, the file states {_shown(after, currency)}: rows "
            "may be missing; fetch the file again",
        )  # fmt: skip
        return False


def count_differs(out: Collector, line: int, cells: list[str], rows: int, what: str) -> bool:
    """Warn, and return True, where a count record states another number of rows.

    Args:
        out: takes the warning.
        line: where the record stands.
        cells: its cells; the second is the count.
        rows: how many rows there were.
        what: what was counted: the section or the report.
    """
    told = _number(cells[1]) if len(cells) > 1 else None
    if told is None or told == rows:
        return False
    out.warn(
        line, "total_mismatch",
        f"the {what} has {rows} rows, the file states {told}: rows may be missing; fetch the file "
        "again",
    )  # fmt: skip
    return True


def _number(text: str) -> int | None:
    plain = text.isascii() and text.isdigit() and len(text) <= _DIGITS_MAX
    return int(text) if plain else None


def _signed(way: str, text: str) -> int | None:
    units = _number(text)
    if units is None or way.upper() not in {"CR", "DR"}:
        return None
    return -units if way.upper() == "DR" else units


def _shown(units: int, currency: str) -> str:
    try:
        return format_minor(units, currency)
    except AmountError:
        return f"{units} {currency[:3]}"
