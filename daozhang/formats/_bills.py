"""What the readers of providers' trade bills share: a trade becomes a line and a sale.

Rules kept here: a bill states every sale with its moment, so each trade gives a ``settlements``
line and, for merchants whose till exports nothing, a ``sales`` row marked ``recorded_by`` =
``provider`` (where the till's own record exists, that one stands). Both carry the same reference.
The file's own arithmetic is taken at its word: where its net differs from gross less fee, the
difference is told and the net is what the money will be.
"""

from __future__ import annotations

import datetime as dt
import functools
from dataclasses import dataclass
from operator import methodcaller
from typing import TYPE_CHECKING, Final

from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.money import Rounding, format_minor, share_of

if TYPE_CHECKING:
    from daozhang.formats._lines import Collector

__all__ = [
    "RECORDED_BY",
    "SECOND",
    "CoveredDays",
    "FineAmounts",
    "Total",
    "UnknownKinds",
    "backticked",
    "net_checked",
    "number",
]

RECORDED_BY: Final = "provider"
"""What ``recorded_by`` says of a sale that only the provider's file states."""

SECOND: Final = dt.timedelta(seconds=1)
"""By how much the word that tells more is later than the one that tells less."""

_REMEMBERED_MAX: Final = 50_000


class FineAmounts:
    """Reads amounts that a bill states finer than the minor unit, such as a fee of 0.01234 yuan.

    ``places`` digits after the point are kept exactly; :meth:`minor` rounds half up to two, which
    is how such a fee is deducted.
    """

    def __init__(self, places: int = 5) -> None:
        self.places = places
        self._scale = 10 ** (places - 2)
        self._known: dict[str, int] = {}

    def __call__(self, text: str) -> int:
        """Return units of ``10**-places``; an empty cell is 0.

        Raises:
            RowError: it is no decimal, or finer still.
        """
        units = self._known.get(text)
        if units is None:
            if len(self._known) > _REMEMBERED_MAX:
                self._known.clear()
            units = self._known[text] = self._parse(text)
        return units

    def minor(self, units: int) -> int:
        """Return whole fen (cents), rounded half up."""
        return _whole(units, self._scale)

    def _parse(self, text: str) -> int:
        plain = text.strip().replace(",", "")
        if not plain:
            return 0
        sign = -1 if plain.startswith("-") else 1
        whole, _, rest = plain.lstrip("+-").partition(".")
        kept, beyond = rest[: self.places], rest[self.places :]
        digits = whole + kept
        if not (digits.isascii() and digits.isdigit()) or beyond.strip("0"):
            raise RowError(
                "amount_unreadable",
                f"the amount cannot be taken: {text[:40]!r} is not a number of at most "
                f"{self.places} decimals",
            )
        return sign * int((whole or "0") + kept.ljust(self.places, "0"))


_STRIPPED: Final = methodcaller("strip", BLANK_CHARS)


@functools.lru_cache(maxsize=16_384)
def _whole(units: int, scale: int) -> int:
    return share_of(units, 1, scale, Rounding.HALF_UP)


def backticked(cells: list[str]) -> list[str]:
    """Return the values of a row in which each has a backtick before it.

    Only a comma with a backtick behind it parts two values: product names hold commas, and WeChat
    does not quote them.
    """
    if cells[0].startswith("`") and "\0".join(cells).count("\0`") < len(cells) - 1:
        cells = ",".join(cells).split(",`")
    return list(map(_STRIPPED, cells))


@dataclass(slots=True)
class Total:
    """A count and a sum that a file states and its rows should come to."""

    count: int = 0
    minor: int = 0

    def add(self, minor: int) -> None:
        """Add one row."""
        self.count += 1
        self.minor += minor


def net_checked(
    out: Collector,
    line: int,
    currency: str,
    money: tuple[int, int, int],
    names: tuple[str, str] = ("amount", "net"),
) -> tuple[int, int, int]:
    """Return gross, fee and net that close: where they do not, the net stands and a warning.

    Args:
        out: takes the warning.
        line: where the file states them.
        currency: of the amounts.
        money: gross, fee and net as the file states them, in minor units; a fee kept is positive.
        names: what the file calls gross and net.
    """
    gross, fee, net = money
    if gross - fee == net:
        return money
    told = (format_minor(n, currency) for n in money)
    out.warn(
        line, "net_differs",
        "{names[0]} {} less fee {} is not {names[1]} {}: the {last} is taken as what is paid, and "
        "the rest as the fee".format(
            *told, names=names, last="net" if names[1] == "net" else "last"
        ),
    )  # fmt: skip
    return gross, gross - net, net


class UnknownKinds:
    """Takes lines of a kind that is not known as adjustments, with one warning for each kind."""

    def __init__(self, out: Collector, kind: str, lines: str) -> None:
        """Take what the file calls the kind of a line, and its lines."""
        self._out = out
        self._kind = kind
        self._lines = lines
        self._told: set[str] = set()

    def take(self, line: int, word: str) -> str:
        """Return the kind of a line whose word for it is not known."""
        if word not in self._told:
            self._told.add(word)
            self._out.warn(
                line, "kind_unknown",
                f"the {self._kind} {word[:40]!r} is not known; such {self._lines} are taken as "
                "adjustment",
            )  # fmt: skip
        return "adjustment"


def number(
    out: Collector, line: int | None, name: str, units: int, stated: str | None, places: int
) -> None:
    """Warn where the rows come to something else than the file states.

    Args:
        out: takes the warning.
        line: where the file states it.
        name: what it states, in its own words.
        units: what the rows come to, in ``10**-places``.
        stated: the file's figure; None or no number: nothing is compared.
        places: digits after the point that count.
    """
    try:
        told = FineAmounts(max(places, 2))(stated or "x")
    except RowError:
        return
    if places < 2:  # noqa: PLR2004 (a count may be written 20.0)
        told //= 10 ** (2 - places)
    if told != units:
        out.warn(
            line, "total_mismatch",
            f"the rows come to {_plain(units, places)} of {name}, the file states {stated}: rows "
            "may be missing; fetch the file again",
        )  # fmt: skip


def _plain(units: int, places: int) -> str:
    if not places:
        return str(units)
    whole, rest = divmod(abs(units), 10**places)
    return f"{'-' if units < 0 else ''}{whole}.{rest:0{places}d}"


class CoveredDays:
    """The days that a bill's rows reach over; a bill of a day covers the whole of it."""

    def __init__(self) -> None:
        self._first: dt.date | None = None
        self._last: dt.date | None = None

    def add(self, at: dt.datetime) -> None:
        """Take the moment of a row, in the zone in which the bill counts days."""
        day = at.date()
        if self._first is None or day < self._first:
            self._first = day
        if self._last is None or day > self._last:
            self._last = day

    def cover(self, out: Collector, subject: str, table: str) -> None:
        """Say that a table's facts of a subject are complete from the first day to the last."""
        if self._first is not None:
            out.add(
                "coverage",
                {"subject": subject, "table": table, "from_at": self._first, "to_at": self._last},
                1,
            )
