"""A profile, as data, for a bank's statement that nobody has described.

Headings are compared whole first, then by their parts. What the cells hold decides with them: a
column of times is no day, amounts that carry their sign need no column that gives it, and the
account of the other side is never the account of the lines.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Final

from daozhang.formats._proposal_columns import BLANKS, ISO, Columns, currency_named, swapped
from daozhang.formats.profiles import normal_header

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["bank_profile", "heading_score"]

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    role: tuple(words.split())
    for role, words in {
        "booked_at": "记账日期 入账日期 记账日 记账时间 入账时间 bookingdate postingdate "
        "posteddate dateposted postdate 交易时间 交易日期 发生时间 buchungstag buchungsdatum "
        "datecomptable fechaoperación date time 日期 时间 datum fecha data",
        "value_date": "valuedate 起息日 valuta wertstellung datedevaleur",
        "in": "收入金额 贷方发生额 贷方金额 存入金额 记账金额(收入) 收入 credit moneyin paidin "
        "deposit 存入 贷方 haben gutschrift crédit abono",
        "out": "支出金额 借方发生额 借方金额 支取金额 记账金额(支出) 支出 debit moneyout paidout "
        "withdrawal 支取 借方 soll lastschrift débit cargo",
        "amount": "交易金额 入账金额 结算金额 记账金额 发生额 金额 amount betrag bedrag umsatz "
        "montant importe importo",
        "by": "收/支 收支类型 借贷标志 借贷 方向 debit/credit credit/debit cdtdbtind dr/cr",
        "currency": "币种 货币 记账币种 交易币种 currency ccy 币别 währung devise divisa monn.",
        "counterparty": "对方户名 对方名称 对方账户名 对手信息 交易对方 商户名称 counterparty "
        "payer payee empfänger auftraggeber beneficiary partnername name 对方",
        "account_id": "本方账号 账号 卡号 账户 account iban accountnumber kontonummer compte "
        "cuenta",
        "ref": "摘要 附言 用途 备注 说明 描述 交易名称 商品说明 description purpose reference "
        "remittance memo details narrative text 交易说明 verwendungszweck buchungstext vwz1 "
        "libellé concepto descrizione omschrijving desc",
        "id": "流水号 交易流水号 交易单号 订单号 日志号 transactionid id 余额 balance kontostand "
        "solde saldo",
    }.items()
}
_OTHER_SIDE: Final = re.compile(
    r"对方|对手|收款|付款|counterpart|partner|payee|payer|benefici|recipient|empfänger|auftraggeber"
)
"""Headings that speak of whoever is on the other side."""

_ACCOUNT: Final = re.compile(r"账号|账户$|卡号|account|iban|kontonummer")
_IN_WORDS: Final = frozenset(
    {"收入", "收", "贷", "贷方", "入", "credit", "crdt", "c", "cr", "in", "+"}
)
_OUT_WORDS: Final = frozenset(
    {"支出", "支", "借", "借方", "出", "debit", "dbit", "d", "dr", "out", "-"}
)
_NEITHER: Final = re.compile(r"不计|中性")
"""Words for rows that only move one's own money."""

_TEXTS_MAX: Final = 4
_DASHES: Final = re.compile(r"[-–—_/]{1,60}")


def heading_score(cells: Sequence[str]) -> int:
    """Count the cells of a row that are names of a statement's columns; values are not."""
    return sum(
        1
        for cell in map(normal_header, cells)
        if cell
        and any(cell.startswith(n) or cell.endswith(n) for ns in _NAMES.values() for n in ns)
    )


def bank_profile(columns: Columns, name: str) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return the proposed profile as TOML data, and its open questions in English."""
    return _Guess(columns).run(name)


class _Guess:
    """The guessed meaning of each column."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.normal = [re.sub(r"\(元?\)$", "", normal_header(c)) for c in columns.header]
        self.questions: list[str] = []
        self.taken: set[int] = set()
        self.place = {role: self._find(role) for role in _NAMES if role != "ref"}
        self.texts = self._texts()

    def _find(self, role: str) -> int | None:
        """Return the place of the first column whose name and cells fit the role."""
        for exact in (True, False):
            for word in _NAMES[role]:
                for place, cell in enumerate(self.normal):
                    named = cell == word if exact else word in cell
                    if named and place not in self.taken and self._holds(role, place):
                        self.taken.add(place)
                        return place
        return None

    def _holds(self, role: str, place: int) -> bool:
        """Say whether the column's heading and cells can be what the role needs."""
        columns, heading = self.columns, self.normal[place]
        if role in {"booked_at", "value_date"}:
            return columns.date_form(place) is not None
        if role in {"in", "out", "amount"}:
            return not columns.cells(place) or columns.is_money(place)
        if role == "account_id":
            return _OTHER_SIDE.search(heading) is None and bool(columns.cells(place))
        if role == "counterparty":
            return _ACCOUNT.search(heading) is None
        if role == "by":
            return columns.words(place) is not None
        if role == "currency":
            # A column that is mostly empty speaks of the few amounts that were exchanged.
            return 2 * len(columns.cells(place)) > len(columns.rows)
        return True

    def _texts(self) -> list[int]:
        """Return the columns in which a payout may be named, at most :data:`_TEXTS_MAX`."""
        found: list[int] = []
        for word in _NAMES["ref"]:
            for place, cell in enumerate(self.normal):
                if word in cell and place not in (*self.taken, *found) and self._says(place):
                    found.append(place)
        return found[:_TEXTS_MAX]

    def _says(self, place: int) -> bool:
        return any(_DASHES.fullmatch(cell) is None for cell in self.columns.cells(place))

    def _head(self, place: int | None) -> str:
        return self.columns.header[place] if place is not None else ""

    def run(self, name: str) -> tuple[dict[str, Any], tuple[str, ...]]:
        read = self._read()
        amount = self._amount()
        fields = self._fields(name)
        used = {p for p in (*self.place.values(), *self.texts) if p is not None}
        data: dict[str, Any] = {
            "name": name, "title": name, "table": "credits",
            "columns": [self._head(place) for place in sorted(used)],
            "read": read, "amount": amount, "fields": fields,
        }  # fmt: skip
        if self.place["id"] is not None:
            data["id"] = {"columns": [self._head(self.place["id"])]}
        return data, tuple(self.questions)

    def _read(self) -> dict[str, Any]:
        columns, place = self.columns, self.place["booked_at"]
        form = columns.date_form(place) if place is not None else None
        if form is None or place is None:
            self.questions.append("Which column holds the day on which the bank booked the money?")
        elif swapped(form) is not None:
            self.questions.append("Do dates begin with the day or with the month?")
        if form == ISO and place is not None and not columns.has_offset(place):
            form = "%Y-%m-%d %H:%M:%S"
        read: dict[str, Any] = {"dates": ["%Y-%m-%d" if form in (None, ISO) else form]}
        if columns.decimal == ",":
            read |= {"decimal": ",", "group": "."}
        if self.place["currency"] is None:
            money = [p for r in ("in", "out", "amount") if (p := self.place[r]) is not None]
            code, _ = currency_named(columns, money)
            read["currency"] = code
            self.questions.append(f"Which currency are the amounts in? ({code} is assumed)")
        dashes = {
            cell
            for spot in range(len(columns.header))
            for cell in columns.cells(spot)
            if _DASHES.fullmatch(cell)
        }
        read["blank"] = [*BLANKS, *sorted(dashes)]
        if columns.stop is not None:
            read["stop"] = [columns.stop]
        if form is not None and "%H" in form:
            self.questions.append("In which time zone are the times? (the caller's is used)")
        return read

    def _amount(self) -> dict[str, Any]:
        incoming, outgoing = self.place["in"], self.place["out"]
        if incoming is not None and outgoing is not None:
            return {"in": self._head(incoming), "out": self._head(outgoing)}
        single, by = self.place["amount"], self.place["by"]
        if single is None:
            single = incoming if incoming is not None else outgoing
        if single is None:
            self.questions.append("Which column holds the amount?")
            return {"column": ""}
        signed = any(number is not None and number < 0 for number in self.columns.numbers(single))
        if by is not None and not signed:
            return {
                "column": self._head(single), "by": self._head(by), "signs": self._signs(by),
            }  # fmt: skip
        if not signed:
            self.questions.append(
                "No amount is negative: which rows are money that goes out, or do none?"
            )
        return {"column": self._head(single)}

    def _signs(self, by: int) -> dict[str, int]:
        signs = {}
        for value in sorted(set(self.columns.cells(by))):
            words = set(re.findall(r"[a-z]+|[\u4e00-\u9fff]+|[+-]", value.lower()))
            ways = {
                sign
                for sign, known in ((1, _IN_WORDS), (-1, _OUT_WORDS))
                if words & known or value.lower() in known
            }
            unknown = len(ways) != 1 and _NEITHER.search(value) is None
            if unknown:
                self.questions.append(
                    f"Does {value!r} mean money in (1) or out (-1)? (1 is assumed)"
                )
            signs[value] = ways.pop() if len(ways) == 1 else 1
        return signs

    def _fields(self, name: str) -> dict[str, Any]:
        fields: dict[str, Any] = {}
        for role in ("booked_at", "value_date", "currency", "counterparty", "account_id"):
            place = self.place[role]
            if place is not None:
                fields[role] = {"columns": [self._head(place)]}
        if self.texts:
            fields["ref"] = {"columns": [self._head(place) for place in self.texts]}
        by, own = self.place["by"], self.place["account_id"]
        neither = [w for w in self.columns.words(by) or [] if _NEITHER.search(w)] if by else []
        if by is not None and neither:
            fields["status"] = {
                "columns": [self._head(by)], "values": dict.fromkeys(neither, "info"),
                "default": "booked",
            }  # fmt: skip
        if own is None:
            fields["account_id"] = {"constant": name}
            self.questions.append(f"Which account are the lines of? ({name!r} is assumed)")
        elif len(self.columns.cells(own)) < len(self.columns.rows):
            fields["account_id"]["default"] = name
        return fields
