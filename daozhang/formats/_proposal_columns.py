"""The columns of a table that nobody has described: their names, and what their cells can be."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Final

from daozhang.formats._proposal_words import CARD_COLUMNS
from daozhang.formats._rows import clean_amount, clean_cell
from daozhang.formats._values import decimal_mark
from daozhang.money import CURRENCIES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = [
    "BLANKS",
    "ISO",
    "STOPS",
    "Columns",
    "currency_named",
    "is_date",
    "named",
    "plain_name",
    "swapped",
    "word_in",
]

BLANKS: Final = ("-", "--", "/")
"""Cells that mean empty."""

ISO: Final = "iso"
"""Times as RFC 3339 writes them; every profile reads them without a form of its own."""

STOPS: Final = ("合计", "总计", "小计", "汇总", "Total", "TOTAL", "Totals", "Sum", "Grand total")
"""How the first cell of a footer begins."""

_DAYS: Final = ("%Y-%m-%d", "%Y/%m/%d", "%Y.%m.%d", "%Y%m%d", "%Y年%m月%d日", "%d.%m.%Y",
                "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%d/%m/%y",
                "%m/%d/%y", "%d %b %Y", "%d %B %Y",
                "%b %d, %Y", "%B %d, %Y", "%d-%b-%Y")  # fmt: skip
_CLOCKS: Final = ("%H:%M:%S", "%H:%M", "%I:%M:%S %p", "%I:%M %p", "%H%M%S")
_ISO_INSTANT: Final = re.compile(
    r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d+)?)?\s*(Z|[+-]\d\d:?\d\d)?", re.ASCII
)
_UNIT: Final = re.compile(r"[(\[](元|分|角|rmb|人民币|[a-z]{3}|cents?|pence|minor units?|\W)[)\]]$")
_CAMEL: Final = re.compile(r"(?<=[a-z])(?=[A-Z])")
_WORDS: Final = re.compile(r"[a-z]+|\d+|[\u4e00-\u9fff/]+")
_YEARS: Final = (1990, 2099)
"""Years in which money moved; ``123456`` is a time of day and no day of the year 1234."""

_SIGNED: Final = {"$": "USD", "€": "EUR", "£": "GBP", "¥": "CNY", "￥": "CNY", "元": "CNY"}
_SURE: Final = frozenset("€£元")
_ID_DIGITS_MIN: Final = 13
_NEARLY_ALL: Final = 9
"""Of ten cells, how many must be what a column is said to be; a note may stand among them."""


def plain_name(heading: str) -> str:
    """Return a heading as lower-case words parted by blanks, without its unit in brackets."""
    text = unicodedata.normalize("NFKC", _CAMEL.sub(" ", heading.strip())).lower().strip("`'\" ")
    return " ".join(_WORDS.findall(_UNIT.sub("", text.strip())))


def word_in(phrase: str, name: str) -> bool:
    """Say whether a plain name holds a phrase: English by whole words, Chinese anywhere."""
    if phrase.isascii():
        return f" {phrase} " in f" {name} "
    return phrase in name


def named(name: str, phrases: str) -> bool:
    """Say whether a plain name holds one of some phrases parted by ``;``."""
    return any(word_in(phrase, name) for phrase in phrases.split(";"))


def swapped(form: str) -> str | None:
    """Return a form of dates with day and month the other way round; None: it has one order."""
    for one, other in (
        ("%d/%m", "%m/%d"),
        ("%m/%d", "%d/%m"),
        ("%d-%m", "%m-%d"),
        ("%m-%d", "%d-%m"),
    ):
        if form.startswith(one):
            return other + form[5:]
    return None


def is_date(text: str) -> bool:
    """Say whether a cell is a date in one of the forms that are known."""
    return _ISO_INSTANT.fullmatch(text) is not None or any(
        _parses(text, form) for form in (*_DAYS, *_with_clocks())
    )


def _with_clocks() -> tuple[str, ...]:
    joined = tuple(f"{day} {clock}" for day in _DAYS for clock in _CLOCKS[:4])
    return (*joined, "%Y%m%d%H%M%S")


def _parses(text: str, form: str) -> bool:
    if form.startswith("%Y%m%d") and not text[:8].isdigit():
        return False
    try:
        when = dt.datetime.strptime(text, form)  # noqa: DTZ007 (only whether it parses)
    except ValueError:
        return False
    return _YEARS[0] <= when.year <= _YEARS[1] or "%y" not in form.lower()


def currency_named(columns: Columns, money: Sequence[int]) -> tuple[str, bool]:
    """Return the currency of some columns of amounts, and whether heading or cells are sure of it.

    What no mark tells is guessed from the script of the headings.
    """
    for place in money:
        for word in re.findall(r"[A-Z]{3}", columns.header[place]):
            if word in CURRENCIES:
                return word, True
        texts = [columns.header[place], *columns.cells(place)[:20]]
        for mark, code in _SIGNED.items():
            if any(mark in text for text in texts):
                return code, mark in _SURE
    chinese = any("\u4e00" <= c <= "\u9fff" for cell in columns.header for c in cell)
    return ("CNY" if chinese else "EUR"), False


class Columns:
    """A header and the rows under it, without the footer."""

    def __init__(self, header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
        """Keep the rows that are as wide as the header, up to a line of totals."""
        self.header = [cell.strip() for cell in header]
        self.names = [plain_name(cell) for cell in self.header]
        self.rows: list[list[str]] = []
        self.stop: str | None = None
        for row in rows:
            cells = [clean_cell(cell) for cell in row]
            first = next(filter(None, cells), "")
            stop = next((word for word in STOPS if first.startswith(word)), None)
            if stop is not None and cells[0] == first:
                self.stop = stop
                break
            if first and len(cells) >= len(self.header):
                self.rows.append(["" if cell in BLANKS else cell for cell in cells])
        self._memo: dict[tuple[str, int], object] = {}
        self.decimal = self._decimal()

    def cells(self, place: int) -> list[str]:
        """Return a column's cells that are not blank."""
        return [text for row in self.rows if (text := row[place])]

    def _decimal(self) -> str:
        commas = points = 0
        for place, name in enumerate(self.names):
            if not name:
                continue
            for cell in self.cells(place)[:200]:
                plain = clean_amount(cell)
                if re.fullmatch(r"[+-]?[\d.]*,\d{1,2}", plain) and decimal_mark(plain) == ",":
                    commas += 1
                elif re.fullmatch(r"[+-]?[\d,]*\.\d{1,2}", plain):
                    points += 1
        return "," if commas > points else "."

    def number(self, text: str) -> Decimal | None:
        """Return the number of a cell; None: it is none."""
        plain = clean_amount(text)
        if self.decimal == ",":
            plain = plain.replace(".", "").replace(",", ".")
        plain = plain.replace(",", "")
        if not re.fullmatch(r"[+-]?(\d{1,18}(\.\d{0,8})?|\.\d{1,8})", plain, re.ASCII):
            return None
        try:
            return Decimal(plain)
        except InvalidOperation:
            return None

    def numbers(self, place: int) -> list[Decimal | None]:
        """Return the numbers of a column, one a row."""
        found = self._memo.get(("numbers", place))
        if not isinstance(found, list):
            found = [self.number(row[place]) for row in self.rows]
            self._memo["numbers", place] = found
        return found

    def is_money(self, place: int) -> bool:
        """Say whether a column's cells can be amounts."""
        cells = self.cells(place)
        good = sum(1 for number in self.numbers(place) if number is not None)
        digits = [cell for cell in cells if cell.isdigit() and len(cell) >= _ID_DIGITS_MIN]
        return bool(cells) and good * 10 >= len(cells) * _NEARLY_ALL and not digits

    def date_form(self, place: int) -> str | None:
        """Return the form of a column's dates, :data:`ISO`, or None."""
        found = self._memo.get(("date", place), "")
        if found == "":
            found = self._memo["date", place] = self._date_form(self.cells(place)[:500])
        return found if isinstance(found, str) else None

    @staticmethod
    def _date_form(cells: list[str]) -> str | None:
        if not cells or all(map(_ISO_INSTANT.fullmatch, cells)):
            return ISO if cells else None
        for form in (*_with_clocks(), *_DAYS):
            if not any(_parses(cell, form) for cell in cells[:3]):
                continue
            if sum(_parses(cell, form) for cell in cells) * 10 >= len(cells) * _NEARLY_ALL:
                return form
        return None

    def clock_form(self, place: int) -> str | None:
        """Return the form of a column that holds times of day alone, or None."""
        cells = self.cells(place)[:500]
        return next(
            (form for form in _CLOCKS if cells and all(_parses(c, form) for c in cells)), None
        )

    def has_offset(self, place: int) -> bool:
        """Say whether every time of a column carries its offset."""
        return all(re.search(r"(Z|[+-]\d\d:?\d\d)$", cell) for cell in self.cells(place))

    def words(self, place: int, most: int = 12) -> list[str] | None:
        """Return a column's distinct cells in order; None: there are more than ``most``."""
        found = list(dict.fromkeys(self.cells(place)))
        return found if len(found) <= most else None

    def is_unique(self, place: int) -> bool:
        """Say whether no two rows have the same cell, and no row has none."""
        cells = self.cells(place)
        return len(cells) == len(self.rows) == len(set(cells)) > 0

    def find(
        self, phrases: str, holds: Callable[[int], bool], taken: Iterable[int] = ()
    ) -> int | None:
        """Return the first column whose name and cells fit, whole names before parts of names.

        Columns of card numbers are never taken.
        """
        busy = set(taken)
        for whole in (True, False):
            for phrase in phrases.split(";"):
                for place, name in enumerate(self.names):
                    fits = name == phrase if whole else word_in(phrase, name)
                    if fits and place not in busy and not self.is_card(place) and holds(place):
                        return place
        return None

    def is_card(self, place: int) -> bool:
        """Say whether a column holds cards."""
        name = self.names[place]
        whole, *_ = CARD_COLUMNS.split(";")
        return name in CARD_COLUMNS.split(";") or (whole in name and "收款" not in name)
