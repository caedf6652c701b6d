"""What a cell and a row of a fact table must be: the rules in Python, driven by ``TABLES``.

This is the authority. :mod:`daozhang.store.sql_rules` says the same in SQL for speed, and may only
be stricter: what it doubts comes here for the verdict and the message. A row is taken whole or
refused whole, with a finding for each bad cell. Sources: contract §1 (files, columns, minor units)
and RFC 3339 (times).
"""

from __future__ import annotations

import datetime as dt
import math
import re
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Final

from daozhang.facts import TABLES, Column, Table
from daozhang.money import CURRENCIES, AmountError, parse_amount
from daozhang.store.cards import FREE_TEXT, shorten_cards

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

__all__ = [
    "AMOUNT_MAX",
    "CELL_CHARS_MAX",
    "INT_MAX",
    "YEARS",
    "Checked",
    "Finding",
    "RowChecker",
    "checker",
    "is_currency",
    "is_free",
    "needs_not_negative",
    "time_columns",
]

CELL_CHARS_MAX: Final = 1_000_000
"""Longest cell that is taken, in characters."""

INT_MAX: Final = 2**63 - 1

AMOUNT_MAX: Final = 10**14
"""Greatest amount of one row in minor units (a trillion yuan): what is more is no payment but a
slipped column, and sums and fees of amounts up to it are exact in 64 bits."""

YEARS: Final = (1000, 2999)
"""First and last year of a time: what is beyond is no moment of a payment."""

_INT: Final = re.compile(r"[+-]?[0-9]+")
_DECIMAL: Final = re.compile(
    r"[+-]?([0-9]{1,30}([.][0-9]{0,30})?|[.][0-9]{1,30})([eE][+-]?[0-9]{1,2})?"
)
_DATE: Final = re.compile(r"[12][0-9]{3}-[0-9]{2}-[0-9]{2}")
_LOCAL: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}(:[0-9]{2}([.][0-9]+)?)?"
)
_INSTANT: Final = re.compile(
    r"([12][0-9]{3}-[0-9]{2}-[0-9]{2})[Tt ]"
    r"((?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9])([.][0-9]+)?"
    r"([Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
)
_SHOWN_CHARS: Final = 40
_SCORES: Final = range(1, 6)


@dataclass(frozen=True, slots=True)
class Finding:
    """What is wrong with one cell or row: a stable code and a sentence."""

    code: str
    message: str


class _BadCellError(Exception):
    """Carries a finding out of a cell rule; never leaves this module."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.finding = Finding(code, message)


@dataclass(frozen=True, slots=True)
class Checked:
    """The verdict on one row.

    Attributes:
        values: values of the known columns in order, typed; None: the row is refused.
        extras: unknown columns that are not empty, as text.
        days: bit i is set when the i-th time column was a bare date.
        findings: why the row is refused; empty for a good one.
        shortened: cells in which a card number was cut short.
    """

    values: list[object] | None
    extras: dict[str, str]
    days: int
    findings: tuple[Finding, ...]
    shortened: int


def is_currency(column: Column) -> bool:
    """Say whether the column holds a currency code."""
    return column.name in ("currency", "gross_currency")


def is_free(table: Table, column: Column) -> bool:
    """Say whether people or banks fill the column freely, so that it may hold a card number."""
    if column.kind != "text" or column.values or column.name in table.key:
        return False
    # A settlement line's ref is a sale's rrn or id: shortening it would lose the match.
    return column.name in FREE_TEXT and (table.name, column.name) != ("settlements", "ref")


def needs_not_negative(table: Table, column: Column) -> bool:
    """Say whether the column is an amount whose direction another column gives."""
    return table.name == "sales" and column.name == "amount_minor"


def time_columns(table: Table) -> tuple[str, ...]:
    """Return the names of the table's time columns, in the order of the ``_days`` bits."""
    return tuple(c.name for c in table.columns if c.kind == "time")


def shown(value: object) -> str:
    """Return a value as a message may quote it: short, and without a card number."""
    text = shorten_cards(str(value))
    return repr(text if len(text) <= _SHOWN_CHARS else text[:_SHOWN_CHARS] + "…")


def as_text(value: object) -> str | None:
    """Return a value as the text of a cell, without surrounding blanks; None when empty.

    Raises:
        _BadCellError: the text is too long or holds a NUL or bytes that are not UTF-8.
    """
    if value is None:
        return None
    if isinstance(value, bool):
        value = int(value)
    elif isinstance(value, float):
        if math.isnan(value):
            return None
        value = int(value) if value.is_integer() else repr(value)
    elif isinstance(value, Decimal):
        value = format(value, "f")
    elif isinstance(value, dt.date | dt.time):
        value = value.isoformat()
    text = str(value).strip(" \t")
    if len(text) > CELL_CHARS_MAX:
        found = f"a cell of {len(text)} characters; the limit is {CELL_CHARS_MAX}: shorten it"
        raise _BadCellError("cell_too_large", found)
    if "\0" in text:
        raise _BadCellError("nul_byte", "a cell holds a NUL byte: export the file again as text")
    return text or None


def _integer(column: Column, value: object, currency: object) -> int | None:
    if isinstance(value, float | Decimal) and math.isfinite(value) and value == int(value):
        value = int(value)
    if not isinstance(value, int):
        text = as_text(value)
        if text is None:
            return None
        if not _INT.fullmatch(text) or len(text) > CELL_CHARS_MAX:
            raise _not_integer(column, text, currency)
        if len(text.lstrip("+-0")) > 19:  # noqa: PLR2004 - digits of the greatest 64-bit integer
            raise _out_of_range(column, text)
        value = int(text)
    number = int(value)
    if not -INT_MAX - 1 <= number <= INT_MAX:
        raise _out_of_range(column, number)
    if column.name.endswith("_minor") and abs(number) > AMOUNT_MAX:
        found = f"{column.name} is {shown(number)}: no payment has over {AMOUNT_MAX} minor units"
        raise _BadCellError("amount_too_large", f"{found}; is a column shifted?")
    if column.values and str(number) not in column.values:
        raise _not_allowed(column, number)
    if column.at_least is not None and number < column.at_least:
        found = f"{column.name} is {shown(number)}: it cannot be less than {column.at_least}"
        raise _BadCellError("below_minimum", found)
    return number


def _not_integer(column: Column, text: str, currency: object) -> _BadCellError:
    name, what = column.name, shown(text)
    if not name.endswith("_minor"):
        return _BadCellError(
            "not_an_integer", f"{name} is {what}: write a whole number, digits only"
        )
    example = "write 1234 for 12.34"
    try:
        known = currency if isinstance(currency, str) else ""
        minor = parse_amount(text, known)
        if abs(minor) <= AMOUNT_MAX:
            example = f"write {minor} for {text}"
    except AmountError:
        pass
    found = f"{name} is {what}: amounts are integers in minor units: {example}"
    return _BadCellError("amount_not_integer", found)


def _out_of_range(column: Column, value: object) -> _BadCellError:
    found = f"{column.name} is {shown(value)}: it does not fit a 64-bit integer"
    return _BadCellError("int_out_of_range", found)


def _not_allowed(column: Column, value: object) -> _BadCellError:
    allowed = ", ".join(column.values)
    found = f"{column.name} is {shown(value)}: write one of {allowed}"
    return _BadCellError("value_not_allowed", found)


def _text(column: Column, value: object) -> str | None:
    text = as_text(value)
    if text is None:
        return None
    if column.values and text not in column.values:
        raise _not_allowed(column, text)
    if is_currency(column) and text not in CURRENCIES:
        found = f"{column.name} is {shown(text)}: write an ISO 4217 code such as CNY, in capitals"
        raise _BadCellError("currency_unknown", found)
    return text


def _time(column: Column, value: object) -> tuple[dt.datetime | None, bool]:
    """Return the instant in UTC and whether it was a bare date."""
    if isinstance(value, dt.date) and not YEARS[0] <= value.year <= YEARS[1]:
        raise _no_time(column, value)
    if isinstance(value, dt.datetime):
        if value.tzinfo is None:
            raise _no_offset(column, value)
        try:
            return value.astimezone(dt.UTC), False
        except OverflowError:
            raise _no_time(column, value) from None
    if isinstance(value, dt.date):
        return dt.datetime.combine(value, dt.time(), dt.UTC), True
    text = as_text(value)
    if text is None:
        return None, False
    if _DATE.fullmatch(text):
        return dt.datetime.combine(_day(column, text), dt.time(), dt.UTC), True
    match = _INSTANT.fullmatch(text)
    if match is None:
        raise _no_offset(column, text) if _LOCAL.fullmatch(text) else _no_time(column, text)
    day, clock, fraction, offset = match.groups()
    # Six digits are what a TIMESTAMPTZ keeps; DuckDB cuts off the rest, so this does too.
    exact = f"{day}T{clock}{(fraction or '')[:7]}{offset.upper()}"
    try:
        return dt.datetime.fromisoformat(exact).astimezone(dt.UTC), False
    except ValueError:
        raise _no_time(column, text) from None


def _no_offset(column: Column, value: object) -> _BadCellError:
    found = (
        f"{column.name} is {shown(value)}, a time without an offset: "
        "add it, as in 2026-05-01T10:00:00+08:00 (or Z for UTC)"
    )
    return _BadCellError("time_without_offset", found)


def _no_time(column: Column, value: object) -> _BadCellError:
    found = (
        f"{column.name} is {shown(value)}: write an RFC 3339 time such as "
        "2026-05-01T10:00:00+08:00, or a date such as 2026-05-01"
    )
    return _BadCellError("time_invalid", found)


def _day(column: Column, text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        found = f"{column.name} is {shown(text)}: there is no such day"
        code = "time_invalid" if column.kind == "time" else "date_invalid"
        raise _BadCellError(code, found) from None


def _date(column: Column, value: object) -> dt.date | None:
    if isinstance(value, dt.datetime) and value.time() == dt.time():
        value = value.date()
    if isinstance(value, dt.date) and not isinstance(value, dt.datetime):
        if YEARS[0] <= value.year <= YEARS[1]:
            return value
        found = f"{column.name} is {shown(value)}: write a date such as 2026-05-01"
        raise _BadCellError("date_invalid", found)
    text = as_text(value)
    if text is None:
        return None
    if not _DATE.fullmatch(text):
        found = f"{column.name} is {shown(text)}: write a date such as 2026-05-01"
        raise _BadCellError("date_invalid", found)
    return _day(column, text)


def _decimal(column: Column, value: object) -> str | None:
    text = as_text(value)
    if text is None:
        return None
    if not _DECIMAL.fullmatch(text):
        found = f"{column.name} is {shown(text)}: write a decimal number such as 7.1234"
        raise _BadCellError("decimal_invalid", found)
    # Exact text without an exponent, so that every engine casts it to the same decimal.
    return format(Decimal(text), "f") if set("eE") & set(text) else text


_PLAIN: Final[dict[str, Callable[[Column, object], object]]] = {
    "text": _text,
    "date": _date,
    "decimal": _decimal,
}


class RowChecker:
    """Checks rows of one table; built once, then called for each row."""

    def __init__(self, table: Table) -> None:
        self.table = table
        self._known = frozenset(table.names)
        self._times = {name: 1 << place for place, name in enumerate(time_columns(table))}
        self._free = frozenset(c.name for c in table.columns if is_free(table, c))

    def check(self, cells: Mapping[str, object]) -> Checked:
        """Return the verdict on one row.

        Args:
            cells: values by column name: text as in a CSV cell, or int, aware datetime, date,
                Decimal, bool. Missing keys, None and empty text are NULL. Unknown names are
                extra dimensions.
        """
        findings: list[Finding] = []
        values: list[object] = []
        days = shortened = 0
        for column in self.table.columns:
            value: object = None
            try:
                value, bit = self._cell(column, cells)
                days |= bit
            except _BadCellError as bad:
                findings.append(bad.finding)
            else:
                if value is None and column.required:
                    found = f"{column.name} is empty: every row of {self.table.name} needs it"
                    findings.append(Finding("missing_value", found))
            if column.name in self._free and isinstance(value, str):
                short = shorten_cards(value)
                shortened += short != value
                value = short
            values.append(value)
        extras, cut = self._extras(cells, findings)
        if not findings:
            findings.extend(_row_findings(self.table, values))
        kept = None if findings else values
        return Checked(kept, extras, days, tuple(findings), shortened + cut)

    def _cell(self, column: Column, cells: Mapping[str, object]) -> tuple[object, int]:
        """Return a known cell's value (a default for an empty one) and its day bit."""
        raw = cells.get(column.name)
        if column.kind == "time":
            value, is_day = _time(column, raw)
            return value, self._times[column.name] if is_day else 0
        if column.kind == "int":
            number = _integer(column, raw, cells.get("currency"))
            return (0 if number is None and column.name == "removed" else number), 0
        result = _PLAIN[column.kind](column, raw)
        return (self.table.defaults.get(column.name) if result is None else result), 0

    def _extras(
        self, cells: Mapping[str, object], findings: list[Finding]
    ) -> tuple[dict[str, str], int]:
        """Return the unknown columns' texts and how many of them were shortened."""
        extras: dict[str, str] = {}
        cut = 0
        for name, raw in cells.items():
            if name in self._known:
                continue
            try:
                text = as_text(raw)
            except _BadCellError as bad:
                findings.append(bad.finding)
                continue
            if text is not None:
                extras[name] = shorten_cards(text)
                cut += extras[name] != text
        return extras, cut


def _row_findings(table: Table, values: list[object]) -> list[Finding]:
    """Return what is wrong with a row whose cells are each good."""
    row = dict(zip(table.names, values, strict=True))
    if table.name == "sales":
        amount = row["amount_minor"]
        if isinstance(amount, int) and amount < 0:
            found = (
                f"amount_minor is {amount}: a sale's amount is not negative, its kind gives the "
                f"direction: write {-amount} with kind refund, void or reversal"
            )
            return [Finding("amount_negative", found)]
    if table.name == "settlements":
        gross, fee, tax, reserve, net = (
            int(str(row[f"{part}_minor"] or 0))
            for part in ("gross", "fee", "tax", "reserve", "net")
        )
        due = gross - fee - tax - reserve
        if due != net:
            found = (
                f"net_minor is {net}, but gross {gross} - fee {fee} - tax {tax} - reserve "
                f"{reserve} = {due}: correct the one that is wrong (fees are positive)"
            )
            return [Finding("net_does_not_add_up", found)]
    if table.name == "feedback":
        score = row["score"]
        if isinstance(score, int) and score not in _SCORES:
            return [Finding("out_of_range", f"score is {score}: write 1 to 5 or leave it empty")]
    return []


_CHECKERS: Final = {name: RowChecker(table) for name, table in TABLES.items()}


def checker(table: str) -> RowChecker:
    """Return the checker of a table.

    Raises:
        KeyError: there is no such table.
    """
    return _CHECKERS[table]
