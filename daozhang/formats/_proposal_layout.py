"""Which columns of a table have which role, and which fact table it is likeliest to fill.

A till's sales, a provider's settlement lines and its payouts have much in common, so every reading
is tried: headings speak for one or another, and so do cells: figures that add up, ids that never
come twice. What a bank booked is told apart with care, since a sale that is taken for a booked
credit would count as money that arrived.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Final

from daozhang.formats._proposal_columns import named, plain_name, word_in
from daozhang.formats._proposal_money import Closing, closing_of, triple_of
from daozhang.formats._proposal_words import (
    CHANNELS,
    EVIDENCE,
    KINDS,
    NO_MONEY_ROLE,
    ROLES,
    STATES,
    TAKING,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from daozhang.formats._proposal_columns import Columns

__all__ = ["Layout", "evidence", "meaning", "rank"]

_MONEY: Final = frozenset(
    {"gross_minor", "fee_minor", "net_minor", "tax_minor", "reserve_minor", "amount_minor"}
)
_DATES: Final = frozenset({"cleared_at", "captured_at", "paid_out_at"})
_CORE: Final = ("gross_minor", "fee_minor", "net_minor")
_NEAR: Final = 2
_TOLD: Final = 2
"""How strongly headings must speak for payouts before an id that never comes twice does."""

_CANDIDATE_MIN: Final = 3


def meaning(word: str, words: Mapping[str, str]) -> tuple[str | None, bool]:
    """Return what a cell's word means, and whether that is certain: the whole word is known."""
    name = plain_name(word)
    for value, phrases in words.items():
        if name in phrases.split(";"):
            return value, True
    for value, phrases in words.items():
        if named(name, phrases):
            return value, False
    return None, False


class Layout:
    """One reading of a table: the places of the columns of a fact table."""

    def __init__(self, table: str, columns: Columns) -> None:
        """Find the columns, each for one role, in the order of the roles."""
        self.table = table
        self.columns = columns
        self.place: dict[str, int] = {}
        for role, phrases in ROLES[table].items():
            holds = partial(self._holds, role)
            found = columns.find(phrases, holds, self.place.values())
            if found is not None:
                self.place[role] = found
        self.closing: Closing | None = None
        if table == "settlements":
            self._add_up()

    def _holds(self, role: str, place: int) -> bool:
        columns = self.columns
        if role in _MONEY:
            return columns.is_money(place) and not named(columns.names[place], NO_MONEY_ROLE)
        if role in _DATES:
            return columns.date_form(place) is not None
        if role == "kind":
            return self._has_words(place, KINDS[self.table], with_channels=True)
        if role == "status":
            return self._has_words(place, STATES[self.table])
        if role == "channel":
            return columns.words(place, 40) is not None
        if role == "currency":
            return all(len(cell) <= 6 for cell in columns.cells(place))  # noqa: PLR2004
        return columns.date_form(place) is None and bool(columns.cells(place))

    def _has_words(
        self, place: int, words: Mapping[str, str], *, with_channels: bool = False
    ) -> bool:
        """Say whether a column has few words, some of which are known or all a type's."""
        found = self.columns.words(place)
        if not found:
            return False
        known = [word for word in found if meaning(word, words)[0] is not None]
        ways = [word for word in found if meaning(word, CHANNELS)[0] is not None]
        return bool(known) or (with_channels and len(ways) == 0)

    def _add_up(self) -> None:
        """See how far gross, fee and net close; find them by their sums where no name shows."""
        place, columns = self.place, self.columns
        if not place.keys() >= set(_CORE):
            rest = [
                spot
                for spot in range(len(columns.header))
                if columns.header[spot]
                and columns.is_money(spot)
                and not columns.is_card(spot)
                and not named(columns.names[spot], NO_MONEY_ROLE)
            ]
            known = {
                r: p for r, p in place.items() if r in ("gross_minor", "fee_minor", "net_minor")
            }
            trio = triple_of(columns, rest)
            roles = dict(zip(("gross_minor", "fee_minor", "net_minor"), trio or (), strict=False))
            if trio is None or any(roles[role] != spot for role, spot in known.items()):
                self._forget_others()
                return
            for role, spot in list(place.items()):
                if spot in trio:
                    del place[role]
            place |= roles
        core = place["gross_minor"], place["fee_minor"], place["net_minor"]
        signs = self.signs()
        best, kept = closing_of(columns, core, (), signs), set[str]()
        for extra in (("tax_minor",), ("reserve_minor",), ("tax_minor", "reserve_minor")):
            if not all(role in place for role in extra):
                continue
            found = closing_of(columns, core, [place[role] for role in extra], signs)
            if found.closes > best.closes:
                best, kept = found, set(extra)
        self.closing = best
        for role in {"tax_minor", "reserve_minor"} - kept:
            place.pop(role, None)

    def _forget_others(self) -> None:
        """Leave out tax and reserve that nothing proves to be kept by the provider."""
        for role in ("tax_minor", "reserve_minor"):
            self.place.pop(role, None)

    def signs(self) -> list[int] | None:
        """Return 1 or -1 a row where kinds that take money are written without a minus."""
        kind, gross = self.place.get("kind"), self.place.get("gross_minor")
        if kind is None or gross is None:
            return None
        signs, bare = [], False
        for row, number in zip(self.columns.rows, self.columns.numbers(gross), strict=True):
            takes = meaning(row[kind], KINDS["settlements"])[0] in TAKING
            signs.append(-1 if takes else 1)
            if number is not None and number < 0:
                return None
            bare = bare or (takes and bool(number))
        return signs if bare else None


def evidence(table: str, columns: Columns) -> tuple[int, tuple[str, ...]]:
    """Return how strongly the headings speak for a table, and which of them do."""
    score, heads = 0, []
    for phrases, weight in EVIDENCE[table].items():
        hit = [p for p, name in enumerate(columns.names) if name and named(name, phrases)]
        if hit:
            score += weight
            heads += [columns.header[place] for place in hit]
    return score, tuple(dict.fromkeys(heads))


def rank(columns: Columns) -> tuple[tuple[str, ...], dict[str, Layout]]:
    """Return the fact tables that fit, the likeliest first, and each one's reading.

    Where no heading speaks for any, all of them are returned.
    """
    layouts = {table: Layout(table, columns) for table in ROLES}
    scores = {table: evidence(table, columns)[0] for table in EVIDENCE}
    lines, payouts, sales = (layouts[t].place for t in ("settlements", "payouts", "sales"))
    fee = "fee_minor" in lines
    scores["settlements"] += 4 * fee + 2 * ("net_minor" in lines and "gross_minor" in lines)
    closing = layouts["settlements"].closing
    if closing is not None and closing.closes * 10 >= closing.rows * 8:
        scores["settlements"] += 2
    payout = payouts.get("payout_id")
    told = scores["payouts"] >= _TOLD
    one_each = told and payout is not None and columns.is_unique(payout)
    single = _names_trades(columns)
    if one_each and not single:
        scores["settlements"] -= 6
        scores["payouts"] += 1
    elif single:
        # Rows that name a sale are not payouts, which carry many.
        scores["payouts"] -= 4
    if not told or payout is None or "net_minor" not in payouts:
        scores["payouts"] = 0
    if fee and single:
        scores["sales"] -= 3
    if "amount_minor" not in sales:
        scores["sales"] = 0
    if not lines.keys() & {"gross_minor", "net_minor"}:
        scores["settlements"] = 0
    if not _holds_money(columns):
        scores = dict.fromkeys(scores, 0)
    best = max(scores.values())
    order = ("settlements", "payouts", "sales", "credits")
    # A till's or provider's table that passes for a bank's makes money arrive that never did.
    least = max(1 if scores["credits"] == best else _CANDIDATE_MIN, best - _NEAR)
    fitting = sorted(
        (table for table in order if scores[table] >= least),
        key=lambda t: (-scores[t], order.index(t)),
    )
    if best <= 0:
        return tuple(reversed(order)), layouts
    return tuple(fitting) or (max(order, key=lambda t: (scores[t], order.index(t))),), layouts


def _holds_money(columns: Columns) -> bool:
    return any(columns.is_money(place) for place in range(len(columns.header)))


_TRADES: Final = (
    "商户单号;订单号;订单编号;交易单号;交易流水号;参考号;终端;小票;"
    "transaction;order;payment id;receipt;psp;terminal;rrn;invoice"
)


def _names_trades(columns: Columns) -> bool:
    """Say whether the rows name single trades, or where they were made."""
    return any(
        word_in(phrase, name)
        for place, name in enumerate(columns.names)
        for phrase in _TRADES.split(";")
        if columns.cells(place) and "count" not in name
    )
