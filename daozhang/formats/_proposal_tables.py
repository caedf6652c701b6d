"""A profile, as data, for a till's sales, a provider's settlement lines or its payouts.

Whatever the table does not say becomes a :class:`Doubt` with the likeliest answer in place.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from daozhang.facts import TABLES
from daozhang.formats._proposal_columns import BLANKS, ISO, currency_named, swapped, word_in
from daozhang.formats._proposal_layout import Layout, meaning
from daozhang.formats._proposal_words import CHANNELS, KINDS, SKIP, STATES, TAKING
from daozhang.money import CURRENCIES, digits_of

if TYPE_CHECKING:
    from decimal import Decimal

__all__ = ["DIRECTIONS", "Doubt", "ask_of", "profile_of"]

DIRECTIONS: Final = {True: -1, False: 1}
_MONEY: Final = ("gross_minor", "fee_minor", "tax_minor", "reserve_minor", "net_minor",
                 "amount_minor")  # fmt: skip
_MINOR_WORDS: Final = re.compile(
    r"[(\[](分|cents?|pence|minor( units?)?)[)\]]|(cents|minor)$", re.IGNORECASE
)
_WHOLE_MIN: Final = 1000
_WHOLE_SHARE: Final = 2


@dataclass(frozen=True, slots=True)
class Doubt:
    """What a table does not say.

    Attributes:
        key: what it is: ``provider``, ``merchant``, ``terminal``, ``channel``, ``currency``,
            ``timezone``, ``dates``, ``units``, ``fee_sign``, ``minus``; of one word in a column
            ``kind``, ``status`` or ``tender``; of a column that was not found ``id_column``,
            ``date_column`` or ``amount_column``.
        default: the answer that the profile has in place; empty: there is none.
        column: the heading that it is about.
        word: the cell that it is about.
        target: the column of the fact table that it fills.
    """

    key: str
    default: str
    column: str = ""
    word: str = ""
    target: str = ""


def ask_of(doubt: Doubt) -> str:
    """Return an English sentence for a doubt."""
    where = f" ({doubt.column}: {doubt.word})" if doubt.word else ""
    assumed = f"{doubt.default!r} is assumed" if doubt.default else "the profile is not complete"
    return f"The file does not say {doubt.key.replace('_', ' ')}{where}: {assumed}"


def profile_of(layout: Layout, name: str) -> tuple[dict[str, Any], tuple[Doubt, ...]]:
    """Return the proposed profile as TOML data, and what is open about it."""
    return _Writing(layout, name).run()


class _Writing:
    """One proposal on its way."""

    def __init__(self, layout: Layout, name: str) -> None:
        self.layout, self.columns, self.name = layout, layout.columns, name
        self.table, self.place = layout.table, layout.place
        self.doubts: list[Doubt] = []
        self.used: set[int] = set()
        self.fields: dict[str, Any] = {}
        self.skip: dict[str, list[str]] = {}
        self.read: dict[str, Any] = {}
        self.more: dict[str, Any] = {}

    def run(self) -> tuple[dict[str, Any], tuple[Doubt, ...]]:
        self._moment()
        self._ids()
        self._constants()
        self._kinds()
        self._states()
        self._tenders()
        self._money()
        self._units()
        header = self.columns.header
        columns = [header[place] for place in sorted(self.used)]
        data: dict[str, Any] = {
            "name": self.name, "title": self.name, "table": self.table, "columns": columns,
            "read": self.read, "skip": self.skip, "fields": self.fields, **self.more,
        }  # fmt: skip
        first = ("id_column", "date_column", "amount_column")
        doubts = sorted(self.doubts, key=lambda doubt: doubt.key not in first)
        return {key: value for key, value in data.items() if value != {}}, tuple(doubts)

    def head(self, place: int) -> str:
        self.used.add(place)
        return self.columns.header[place]

    def field(self, target: str, role: str | None = None) -> bool:
        """Fill a target from the column of a role, if there is one."""
        place = self.place.get(role or target)
        if place is None:
            return False
        self.fields[target] = {"columns": [self.head(place)]}
        return True

    def _moment(self) -> None:
        target = TABLES[self.table].event or ""
        place, columns = self.place.get(target), self.columns
        if place is None:
            self.doubts.append(Doubt("date_column", "", target=target))
            return
        form = columns.date_form(place) or ISO
        spots = [place]
        if form != ISO and "%H" not in form and "%I" not in form:
            clock = next(
                (
                    (spot, clock)
                    for spot, name in enumerate(columns.names)
                    if spot not in self.place.values() and _is_time(name)
                    if (clock := columns.clock_form(spot)) is not None
                ),
                None,
            )
            if clock is not None:
                spots.append(clock[0])
                form = f"{form} {clock[1]}"
        self.fields[target] = {"columns": [self.head(spot) for spot in spots]}
        self.read["dates"] = ["%Y-%m-%d" if form == ISO else form]
        if swapped(form) is not None:
            self.doubts.append(Doubt("dates", "day" if form.startswith("%d") else "month"))
        timed = "%H" in form or "%I" in form or (form == ISO and not columns.has_offset(place))
        if timed:
            self.doubts.append(Doubt("timezone", ""))

    def _ids(self) -> None:
        for role in ("original_sale_id", "store_id", "batch_no", "trace_no", "rrn", "reason",
                     "ref", "merchant_id", "terminal_id", "provider_id", "account_id"):  # fmt: skip
            self.field(role)
        if self.table == "settlements":
            self._line_id()
        elif not self.field("sale_id" if self.table == "sales" else "payout_id"):
            target = "sale_id" if self.table == "sales" else "payout_id"
            self.doubts.append(Doubt("id_column", "", target=target))

    def _line_id(self) -> None:
        self.field("payout_id")
        own, kind = self.place.get("line_id"), self.place.get("kind")
        if own is None:
            spots = [p for p in (self.place.get("ref"), kind) if p is not None]
            if spots:
                self.more["id"] = {"columns": [self.head(spot) for spot in spots]}
            return
        if self.columns.is_unique(own):
            self.fields["line_id"] = {"columns": [self.head(own)]}
        else:
            # A sale and its refund under one id are two lines.
            spots = [own] if kind is None else [own, kind]
            self.more["id"] = {"columns": [self.head(spot) for spot in spots]}
        if "ref" not in self.fields:
            self.fields["ref"] = {"columns": [self.head(own)]}

    def _constants(self) -> None:
        needed = {"provider_id": ("provider", self.name)}
        if self.table == "sales":
            needed |= {
                "merchant_id": ("merchant", self.name),
                "terminal_id": ("terminal", self.name),
            }
        for target, (key, default) in needed.items():
            if target not in self.fields:
                self.fields[target] = {"constant": default}
                self.doubts.append(Doubt(key, default, target=target))

    def _kinds(self) -> None:
        if self.table == "payouts":
            return
        place = self.place.get("kind")
        if place is None:
            key = "gross_minor" if "gross_minor" in self.place else "net_minor"
            money = self.place.get("amount_minor" if self.table == "sales" else key)
            if money is not None and any(
                n is not None and n < 0 for n in self.columns.numbers(money)
            ):
                self.more["kind"] = {"positive": "sale", "negative": "refund"}
                self.doubts.append(Doubt("minus", "refund", self.columns.header[money]))
            elif self.table == "sales":
                self.fields["kind"] = {"constant": "sale"}
            return
        values: dict[str, str] = {}
        for word in self.columns.words(place) or []:
            kind, sure = meaning(word, KINDS[self.table])
            if kind is None and meaning(word, CHANNELS)[0] is not None:
                kind, sure = "sale", True
            self._word("kind", place, word, kind or self._by_sign(place, word), values, sure=sure)
        self.fields["kind"] = {"columns": [self.head(place)], "values": values}

    def _signed(self) -> int | None:
        """Return the column whose sign says which way a row goes."""
        roles = ("gross_minor", "amount_minor", "net_minor")
        return next((self.place[role] for role in roles if role in self.place), None)

    def _by_sign(self, place: int, word: str) -> str:
        """Return the likeliest kind of rows with an unknown word."""
        money = self.place.get(
            "gross_minor", self.place.get("amount_minor", self.place.get("net_minor"))
        )
        if money is None:
            return "sale"
        numbers = self.columns.numbers(money)
        signs = [n < 0 for row, n in zip(self.columns.rows, numbers, strict=True)
                 if row[place] == word and n is not None]  # fmt: skip
        return "refund" if signs and all(signs) else "sale"

    def _word(
        self, key: str, place: int, word: str, value: str, values: dict[str, str], *, sure: bool
    ) -> None:
        """Put what a word means into ``values`` or the rows left out; note a doubt."""
        head = self.head(place)
        if value == SKIP:
            self.skip.setdefault(head, []).append(word)
        elif value != "keep":
            values[word] = value
        if not sure:
            self.doubts.append(Doubt(key, value, head, word))

    def _states(self) -> None:
        place, standing = self.place.get("status"), {"settlements": "settled", "payouts": "sent"}
        if place is None:
            if self.table in standing:
                self.fields["status"] = {"constant": standing[self.table]}
            return
        values: dict[str, str] = {}
        for word in self.columns.words(place) or []:
            state, sure = meaning(word, STATES[self.table])
            state = state or standing.get(self.table, "keep")
            self._word("status", place, word, state, values, sure=sure)
        if self.table in standing:
            self.fields["status"] = {"columns": [self.head(place)], "values": values}

    def _tenders(self) -> None:
        if self.table != "sales":
            return
        place = self.place.get("channel")
        if place is None:
            kind = self.place.get("kind")
            words = (self.columns.words(kind) or []) if kind is not None else []
            if kind is None or not words or not all(meaning(w, CHANNELS)[0] for w in words):
                self.fields["channel"] = {"constant": "card"}
                self.doubts.append(Doubt("channel", "card", target="channel"))
                return
            place = kind
        values: dict[str, str] = {}
        for word in self.columns.words(place, 40) or []:
            way, _ = meaning(word, CHANNELS)
            if way == "cash":
                # It reaches no provider, so it would be missing for ever.
                self._word("tender", place, word, SKIP, values, sure=False)
            elif way is not None:
                values[word] = way
        rule: dict[str, Any] = {"columns": [self.head(place)]}
        self.fields["channel"] = {**rule, "values": values} if values else rule

    def _money(self) -> None:
        if self.table == "settlements":
            self._line_money()
        else:
            target = "amount_minor" if self.table == "sales" else "net_minor"
            if not self.field(target):
                self.doubts.append(Doubt("amount_column", "", target=target))

    def _line_money(self) -> None:
        signs, closing = self.layout.signs(), self.layout.closing
        unsigned = signs is not None
        if not self.place.keys() & {"gross_minor", "net_minor"}:
            self.doubts.append(Doubt("amount_column", "", target="gross_minor"))
        elif unsigned:
            kind = self.place["kind"]
            turns = {
                word: DIRECTIONS[value in TAKING]
                for word, value in self.fields["kind"]["values"].items()
            }
            self.more["amount"] = {
                "target": "gross_minor", "column": self.head(self.place["gross_minor"]),
                "by": self.head(kind), "signs": turns,
            }  # fmt: skip
        else:
            self.field("gross_minor")
        for role in ("fee_minor", "tax_minor", "reserve_minor", "net_minor"):
            self.field(role)
        settlement: dict[str, str] = {}
        if "fee_minor" in self.place:
            sign = closing.fee_sign if closing is not None else self._fee_guess(unsigned=unsigned)
            settlement["fee"] = sign
            if closing is None or not closing.decided:
                self.doubts.append(Doubt("fee_sign", sign, self.head(self.place["fee_minor"])))
        if unsigned and "net_minor" in self.place:
            settlement["net"] = "unsigned"
        if settlement:
            self.more["settlement"] = settlement

    def _fee_guess(self, *, unsigned: bool) -> str:
        numbers = [n for n in self.columns.numbers(self.place["fee_minor"]) if n]
        below = sum(1 for n in numbers if n < 0)
        if below * 2 > len(numbers):
            return "negative"
        return "unsigned" if unsigned or not below else "as_written"

    def _units(self) -> None:
        money = [self.place[role] for role in _MONEY if role in self.place]
        if self.columns.decimal == ",":
            self.read |= {"decimal": ",", "group": "."}
        currency = self._currency(money)
        self.read["blank"] = list(BLANKS)
        if self.columns.stop is not None:
            self.read["stop"] = [self.columns.stop]
        cells = [cell for place in money for cell in self.columns.cells(place)]
        if not cells or (currency is not None and not digits_of(currency)):
            return
        if any(_MINOR_WORDS.search(self.columns.header[place].strip()) for place in money):
            self.read["minor_units"] = True
        elif not any("." in cell or "," in cell for cell in cells) and not any(
            "(元)" in self.columns.header[p].replace("（", "(").replace("）", ")") for p in money
        ):
            whole = self._looks_minor(money)
            if whole:
                self.read["minor_units"] = True
            heads = ", ".join(self.columns.header[place] for place in money)
            self.doubts.append(Doubt("units", "minor" if whole else "major", heads))

    def _looks_minor(self, money: list[int]) -> bool:
        """Say whether amounts without a decimal mark are likelier fen or cents.

        Fees in whole yuan are rare, and so are prices over a thousand that are not round.
        """
        fee = self.place.get("fee_minor")
        if fee is not None and any(self.columns.numbers(fee)):
            return any(n and abs(n) >= _WHOLE_MIN for p in money for n in self.columns.numbers(p))
        numbers: list[Decimal] = [n for p in money for n in self.columns.numbers(p) if n]
        odd = [n for n in numbers if abs(n) >= _WHOLE_MIN and n % 100]
        return len(odd) * _WHOLE_SHARE >= len(numbers) > 0

    def _currency(self, money: list[int]) -> str | None:
        if self.field("currency"):
            words = self.columns.words(self.place["currency"]) or []
            return words[0] if len(words) == 1 and words[0] in CURRENCIES else None
        code, sure = currency_named(self.columns, money)
        self.read["currency"] = code
        if not sure:
            self.doubts.append(Doubt("currency", code))
        return code


def _is_time(name: str) -> bool:
    return "时间" in name or word_in("time", name)
