"""One row of cells to one row of a fact table, after a mapping profile.

Built for speed where it is called for every row: positions are looked up once for a header, dates
and amounts that repeat are remembered.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daozhang.facts import TABLES
from daozhang.formats._lines import LineIds
from daozhang.formats._times import parse_iso_day, parse_iso_instant
from daozhang.formats.limits import CELL_CHARS_MAX
from daozhang.formats.privacy import truncate_cards
from daozhang.money import CURRENCIES, AmountError, parse_amount

if TYPE_CHECKING:
    from daozhang.formats.profiles import Amount, FieldRule, Profile

__all__ = ["BLANK_CHARS", "RowError", "RowReader", "clean_amount", "clean_cell"]

BLANK_CHARS: Final = " \t\r\n\u3000\u00a0\ufeff`"
_MONEY_SIGNS: Final = str.maketrans("", "", "¥￥$€£元 \u00a0\u3000'")
_CODE: Final = re.compile(r"[A-Z]{3}")
_REMEMBERED_MAX: Final = 50_000
_CHINESE_CURRENCIES: Final = {
    "人民币": "CNY", "人民币元": "CNY", "RMB": "CNY", "美元": "USD", "港币": "HKD", "港元": "HKD",
    "欧元": "EUR", "日元": "JPY", "英镑": "GBP", "澳门元": "MOP", "新加坡元": "SGD",
}  # fmt: skip
# Free text in which a card number may stand; every other text column holds an id.
_FREE_TEXT: Final = frozenset({"ref", "counterparty", "reason", "text", "name", "note"})

Cells = list[str]
Getter = Callable[[Cells], object]


class RowError(ValueError):
    """A row cannot be taken; ``code`` is the problem's code, the text its message."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def clean_cell(cell: str) -> str:
    """Return a cell without padding, WeChat's backtick, and the ``="…"`` of Excel-proof exports."""
    text = cell.strip(BLANK_CHARS)
    if text.startswith('="') and text.endswith('"'):
        return text[2:-1].strip(BLANK_CHARS)
    return text


def clean_amount(text: str) -> str:
    """Return an amount without money signs, with brackets or a trailing minus turned to a sign."""
    plain = text.translate(_MONEY_SIGNS).replace("−", "-").replace("，", ",").replace("－", "-")
    if plain.startswith(("(", "（")) and plain.endswith((")", "）")):
        return "-" + plain[1:-1]
    if plain.endswith("-"):
        return "-" + plain[:-1]
    return plain


class RowReader:
    """Reads the rows under one header."""

    def __init__(
        self,
        profile: Profile,
        header: list[str],
        preamble: str,
        timezone: str,
        currency: str | None,
    ) -> None:
        """Look up every column once.

        Args:
            profile: the layout.
            header: the header's cells, normal.
            preamble: the text above the header.
            timezone: for local times when the profile names no zone.
            currency: for amounts when neither profile nor row names one.

        Raises:
            RowError: a column that the profile uses is not in the header.
        """
        self.profile = profile
        self.table = TABLES[profile.table]
        self._has_currency = self.table.column("currency") is not None
        self.zone = ZoneInfo(profile.timezone or timezone)
        self.currency = profile.currency or currency
        self.places = {cell: place for place, cell in reversed(list(enumerate(header)))}
        self.preamble = preamble
        self.defaulted: list[FieldRule] = []
        self.ids = LineIds()
        self.width = self.whole = 0
        self._days: dict[str, dt.date | dt.datetime] = {}
        self._year_month = self._statement_month()
        self._skip = [(self._place(column), values) for column, values in profile.skip.items()]
        self._id_places = [self._place(column) for column in profile.id_columns]
        currency_rule = next((r for r in profile.fields if r.target == "currency"), None)
        self._currency_of = self._getter(currency_rule) if currency_rule else None
        self._amount = self._amount_getter(profile.amount) if profile.amount else None
        self._getters = [
            (rule.target, self._converted(rule))
            for rule in profile.fields
            if rule.target != "currency"
        ]

    def _place(self, column: str, *, text: bool = False) -> int:
        """Return a column's place; a row may end before a column of free ``text``."""
        place = self.places.get(column)
        if place is None:
            raise RowError(
                "column_missing",
                f"the profile {self.profile.name} needs a column {column!r} that the header lacks",
            )
        self.whole = max(self.whole, place + 1)
        if not text:
            self.width = max(self.width, place + 1)
        return place

    def _statement_month(self) -> tuple[int, int] | None:
        """Return the year and month (12 if unknown) that the lines above the header name."""
        match = self.profile.year.search(self.preamble) if self.profile.year else None
        if match is None:
            return None
        groups = match.groupdict()
        try:
            return int(groups["year"]), int(groups.get("month") or 12)
        except ValueError:
            return None

    def _getter(self, rule: FieldRule) -> Callable[[Cells], str | None]:
        """Return a function that gives the field's text in a row, or None."""
        if not rule.columns:
            return self._fixed(rule)
        free = rule.target in _FREE_TEXT
        places = [self._place(column, text=free) for column in rule.columns]
        first = places[0]
        single = len(places) == 1
        blank, values, default, join = self.profile.blank, rule.values, rule.default, rule.join

        def get(cells: Cells) -> str | None:
            if single:
                text = clean_cell(cells[first])
                if text in blank:
                    text = ""
            else:
                texts = [clean_cell(cells[place]) for place in places]
                text = join.join(t for t in texts if t and t not in blank)
            if values:
                text = values.get(text, default if default is not None else text)
            return text or default

        return get

    def _fixed(self, rule: FieldRule) -> Callable[[Cells], str | None]:
        text = rule.constant
        if rule.preamble is not None:
            match = rule.preamble.search(self.preamble)
            text = match[1 if match.re.groups else 0].strip(BLANK_CHARS) if match else None
            text = rule.values.get(text, text) if text else None
            if not text:
                self.defaulted.append(rule)
                text = rule.default
        return lambda _: text

    def _converted(self, rule: FieldRule) -> Getter:
        """Return a function that gives the field's value of the column's kind."""
        column = self.table.column(rule.target)
        get = self._getter(rule)
        kind = column.kind if column else "text"
        if kind in {"time", "date"}:
            return lambda cells: self._when(get(cells), day_only=kind == "date")
        if kind == "int":
            if rule.target.endswith("_minor"):
                return lambda cells: self.money(get(cells), self.row_currency(cells))
            return lambda cells: _integer(get(cells), rule.target)
        allowed = frozenset(column.values) if column else frozenset()
        if allowed:
            return lambda cells: _one_of(get(cells), rule.target, allowed)
        if rule.target in _FREE_TEXT:
            return lambda cells: _free_text(get(cells))
        return get

    def row_currency(self, cells: Cells) -> str:
        """Return the row's ISO 4217 code.

        Raises:
            RowError: there is none, or it is not a code.
        """
        text = self._currency_of(cells) if self._currency_of else None
        text = text or self.currency
        if text is None:
            raise RowError(
                "currency_missing",
                "neither the row nor the profile names a currency: name the one to read with",
            )
        code = _CHINESE_CURRENCIES.get(text, text)
        if code not in CURRENCIES:
            raise RowError("currency_unknown", f"{text!r} is not an ISO 4217 currency code")
        return code

    def money(self, text: str | None, currency: str) -> int | None:
        """Return the minor units of a cell; None: there is no text.

        Raises:
            RowError: it is no amount of the currency.
        """
        if text is None:
            return None
        if len(text) > CELL_CHARS_MAX:
            raise RowError("cell_too_long", f"a cell is longer than {CELL_CHARS_MAX} characters")
        if self.profile.minor_units:
            return _whole_units(text)
        try:
            return parse_amount(
                clean_amount(text),
                currency,
                decimal=self.profile.decimal,
                group=self.profile.group,
            )
        except AmountError as error:
            raise RowError("amount_unreadable", f"the amount cannot be taken: {error}") from None

    def _when(self, text: str | None, *, day_only: bool) -> dt.date | dt.datetime | None:
        if text is None:
            return None
        when = self._days.get(text)
        if when is None:
            when = self._parse_when(text)
            if len(self._days) > _REMEMBERED_MAX:
                self._days.clear()
            self._days[text] = when
        return when.date() if day_only and isinstance(when, dt.datetime) else when

    def _parse_when(self, text: str) -> dt.date | dt.datetime:
        iso = parse_iso_instant(text, self.zone) if "-" in text and ":" in text else None
        for form in self.profile.dates:
            try:
                found = self._strptime(text, form)
            except (ValueError, OverflowError):
                continue
            if "%H" in form or "%I" in form:
                return found.replace(tzinfo=self.zone) if found.tzinfo is None else found
            return found.date()
        when: dt.date | dt.datetime | None = iso or parse_iso_day(text)
        if when is None:
            forms = ", ".join(self.profile.dates)
            raise RowError("date_unreadable", f"{text[:40]!r} is no date of the form {forms}")
        return when

    def _strptime(self, text: str, form: str) -> dt.datetime:
        if form.startswith("%Y%m%d") and not text[:8].isdigit():
            raise ValueError(text)  # strptime takes 201231 for the first of March 2012.
        if "%Y" in form or "%y" in form:
            return dt.datetime.strptime(text, form)  # noqa: DTZ007 (the zone is put on after)
        if self._year_month is None:
            raise RowError(
                "year_missing", f"the date {text!r} has no year, and no line above the table does"
            )
        year, month = self._year_month
        # A leap year, so that 29 February can be read before its year is known.
        found = dt.datetime.strptime(f"2000 {text}", f"%Y {form}")  # noqa: DTZ007
        # A statement of January lists December of the year before.
        return found.replace(year=year - 1 if found.month > month else year)

    def _amount_getter(self, rule: Amount) -> Callable[[Cells], tuple[int, str]]:
        if rule.column is None:
            return self._two_columns(rule)
        place = self._place(rule.column)
        by = self._place(rule.by) if rule.by is not None else None
        factor = -1 if rule.negate else 1

        def get(cells: Cells) -> tuple[int, str]:
            text = clean_cell(cells[place])
            sign = factor if by is None else factor * _direction(clean_cell(cells[by]), rule)
            if rule.pattern is None:
                currency = self.row_currency(cells)
                minor = self.money(text or None, currency)
            else:
                minor, currency = self._inside(rule.pattern, text, cells)
            if minor is None:
                raise RowError("amount_missing", f"the cell {rule.column!r} is empty")
            return sign * minor, currency

        return get

    def _inside(self, pattern: re.Pattern[str], text: str, cells: Cells) -> tuple[int | None, str]:
        """Take amount, currency and deduction out of one cell."""
        match = pattern.search(text)
        if match is None:
            raise RowError("amount_unreadable", f"{text[:40]!r} holds no amount")
        groups = match.groupdict()
        currency = groups.get("currency") or self.row_currency(cells)
        if currency not in CURRENCIES:
            raise RowError("currency_unknown", f"{currency!r} is not an ISO 4217 currency code")
        minor = self.money(groups["amount"], currency)
        less = self.money(groups.get("less"), currency)
        return (minor - less if minor is not None and less is not None else minor), currency

    def _two_columns(self, rule: Amount) -> Callable[[Cells], tuple[int, str]]:
        place_in = self._place(rule.column_in) if rule.column_in else None
        place_out = self._place(rule.column_out) if rule.column_out else None

        def get(cells: Cells) -> tuple[int, str]:
            currency = self.row_currency(cells)
            total, found = 0, False
            for place, sign in ((place_in, 1), (place_out, -1)):
                text = clean_cell(cells[place]) if place is not None else ""
                if text and text not in self.profile.blank:
                    minor = self.money(text, currency) or 0
                    # Some banks write what goes out with a minus in a column of its own.
                    total += sign * abs(minor) if sign < 0 else minor
                    found = True
            if not found:
                raise RowError("amount_missing", "neither the in nor the out column has an amount")
            return total, currency

        return get

    def skips(self, cells: Cells) -> bool:
        """Say whether the profile leaves this row out."""
        return any(clean_cell(cells[place]) in values for place, values in self._skip)

    def read(self, cells: Cells) -> dict[str, object]:
        """Return the row's facts; texts that a short row does not reach are empty.

        Raises:
            RowError: something that the table requires is missing or unreadable.
        """
        if len(cells) < self.width:
            raise RowError(
                "row_short", f"the row has {len(cells)} cells, at least {self.width} are needed"
            )
        if len(cells) < self.whole:
            cells = [*cells, *[""] * (self.whole - len(cells))]
        row: dict[str, object] = {}
        for target, get in self._getters:
            value = get(cells)
            if value is not None:
                row[target] = value
        if self._amount is not None and self.profile.amount is not None:
            row[self.profile.amount.target], row["currency"] = self._amount(cells)
        elif self._has_currency:
            row["currency"] = self.row_currency(cells)
        if self.profile.table == "settlements":
            _complete_line(row, self.profile)
        if self.profile.kinds is not None:
            row["kind"] = self.profile.kinds[_takes(row)]
        if self.profile.table == "sales":
            _turn_sale(row)
        built = self.profile.built_id
        if built is not None:
            row[built] = self._id(row, cells)
        for column in self.table.columns:
            if column.required and row.get(column.name) is None:
                raise RowError("value_missing", f"the row has no {column.name}")
        return row

    def _id(self, row: Mapping[str, object], cells: Cells) -> str:
        """Build the line's id from what tells it apart from other lines."""
        texts = [str(row[t]) for t in ("ref", "counterparty", "value_date") if t in row]
        # A card number must not be found again by trying: it is cut before it is hashed.
        texts += [truncate_cards(clean_cell(cells[place])) for place in self._id_places]
        if row.get("status", "booked") != "booked":
            texts.append(str(row["status"]))
        subject = str(row.get("account_id") or row.get("provider_id") or "")
        event = row.get(self.table.event or "")
        day = event.isoformat() if isinstance(event, dt.date) else ""
        amount = row.get("amount_minor", row.get("net_minor"))
        return self.ids.next_id(
            subject, day, amount if isinstance(amount, int) else 0, "|".join(texts)
        )


def _direction(text: str, rule: Amount) -> int:
    """Return 1 or -1 for the cell that says which way the money went.

    Raises:
        RowError: the profile does not know the value.
    """
    if rule.prefix:
        for start, sign in rule.signs.items():
            if text.startswith(start):
                return sign
    elif text in rule.signs:
        return rule.signs[text]
    known = ", ".join(map(repr, rule.signs))
    raise RowError("direction_unknown", f"{text[:40]!r} is no direction; known are {known}")


def _whole_units(text: str) -> int:
    """Return an amount that is written in fen or cents.

    Raises:
        RowError: it has a decimal mark, or is no amount.
    """
    plain = clean_amount(text).replace(",", "")
    if not re.fullmatch(r"[+-]?\d{1,18}(\.0*)?", plain, re.ASCII):
        raise RowError(
            "amount_unreadable",
            f"the amount cannot be taken: {text[:40]!r} is no whole number of minor units",
        )
    return int(plain.partition(".")[0])


_UNDOES: Final = frozenset({"refund", "void", "reversal"})


def _takes(row: Mapping[str, object]) -> bool:
    """Say whether a row takes money away: by its gross, a sale's by its amount."""
    amount = row.get("gross_minor", row.get("amount_minor", row.get("net_minor")))
    return isinstance(amount, int) and amount < 0


def _turn_sale(row: dict[str, object]) -> None:
    """Take the minus off what undoes a sale: its kind gives the direction."""
    amount = row.get("amount_minor")
    if isinstance(amount, int) and amount < 0 and row.get("kind") in _UNDOES:
        row["amount_minor"] = -amount


def _complete_line(row: dict[str, object], profile: Profile) -> None:
    """Give a settlement line its fee's and net's sign, and gross or net where one is missing."""
    fee_sign = profile.fee
    gross, fee, net = (row.get(name) for name in ("gross_minor", "fee_minor", "net_minor"))
    kept = fee if isinstance(fee, int) else 0
    if fee_sign == "negative":
        kept = -kept
    elif fee_sign == "unsigned":
        brings = gross if isinstance(gross, int) else net
        kept = -abs(kept) if isinstance(brings, int) and brings < 0 else abs(kept)
    other = sum(v for n in ("tax_minor", "reserve_minor") if isinstance(v := row.get(n), int))
    if profile.net == "unsigned" and isinstance(net, int) and isinstance(gross, int):
        net = -abs(net) if gross < 0 else abs(net)
    if not isinstance(net, int):
        net = gross - kept - other if isinstance(gross, int) else None
    if not isinstance(gross, int):
        gross = net + kept + other if isinstance(net, int) else None
    if gross is not None and net is not None and fee is None:
        kept = gross - other - net
    row["gross_minor"], row["fee_minor"], row["net_minor"] = gross, kept, net


def _integer(text: str | None, target: str) -> int | None:
    if text is None:
        return None
    if len(text) > 19 or not re.fullmatch(r"[+-]?\d+", text, re.ASCII):  # noqa: PLR2004 (64 bits)
        raise RowError("integer_unreadable", f"{target} is {text[:40]!r}, which is no integer")
    return int(text)


def _one_of(text: str | None, target: str, allowed: frozenset[str]) -> str | None:
    if text is not None and text not in allowed:
        known = ", ".join(sorted(allowed))
        raise RowError("value_unknown", f"{target} is {text[:40]!r}; known are {known}")
    return text


def _free_text(text: str | None) -> str | None:
    if text is None:
        return None
    if len(text) > CELL_CHARS_MAX:
        raise RowError("cell_too_long", f"a cell is longer than {CELL_CHARS_MAX} characters")
    return truncate_cards(" ".join(text.split()))
