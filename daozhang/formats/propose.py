"""Proposes a mapping profile for a layout that nobody has described yet.

Columns are guessed by their names, in Chinese and English, and by what their cells hold. What
cannot be guessed becomes a question; nothing is filled in silently. The proposal reads the file's
first rows through the proposed profile, so that its owner sees what would be understood. Which
fact table it fills is judged in ``_proposal_layout``; tables of tills and providers are described
in ``_proposal_tables``, statements of banks here.
"""

from __future__ import annotations

import datetime as dt
import json
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Final

from daozhang.facts import Problem
from daozhang.formats._proposal_layout import evidence, rank
from daozhang.formats._proposal_money import Closing
from daozhang.formats._proposal_survey import find_header, no_money_in, survey
from daozhang.formats._proposal_tables import Doubt, ask_of, profile_of
from daozhang.formats._rows import clean_amount, clean_cell
from daozhang.formats._toml import toml_text
from daozhang.formats.base import HEAD_BYTES, Facts, Options, Row, Source
from daozhang.formats.mapped import ProfileReader, preview
from daozhang.formats.profiles import Profile, load_profile, normal_header

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


__all__ = ["Closing", "Doubt", "ProposedProfile", "propose_profile"]

SHOWN_ROWS: Final = 10
"""How many rows a proposal shows as understood."""

_NAMES: Final[dict[str, tuple[str, ...]]] = {
    role: tuple(words.split())
    for role, words in {
        "booked_at": "记账日期 入账日期 记账日 记账时间 入账时间 bookingdate postingdate "
        "posteddate 交易时间 交易日期 发生时间 date time 日期 时间",
        "value_date": "valuedate 起息日 valuta",
        "in": "收入金额 贷方发生额 贷方金额 存入金额 记账金额(收入) 收入 credit moneyin paidin "
        "deposit 存入 贷方",
        "out": "支出金额 借方发生额 借方金额 支取金额 记账金额(支出) 支出 debit moneyout paidout "
        "withdrawal 支取 借方",
        "amount": "交易金额 入账金额 结算金额 记账金额 发生额 金额 amount betrag bedrag",
        "by": "收/支 收支类型 借贷标志 借贷 方向 debit/credit cdtdbtind dr/cr",
        "currency": "币种 货币 记账币种 交易币种 currency ccy 币别",
        "counterparty": "对方户名 对方名称 对手信息 交易对方 商户名称 counterparty payer "
        "payee name 对方",
        "ref": "摘要 附言 用途 备注 说明 description purpose reference remittance memo "
        "details text 交易说明",
        "account_id": "本方账号 账号 卡号 账户 account iban accountnumber",
        "id": "流水号 交易流水号 交易单号 订单号 transactionid id 余额 balance",
    }.items()
}
_DATE_FORMS: Final = (
    "%Y-%m-%d %H:%M:%S", "%Y/%m/%d %H:%M:%S", "%Y-%m-%d %H:%M", "%Y/%m/%d %H:%M",
    "%Y%m%d%H%M%S", "%Y%m%d %H:%M:%S", "%Y-%m-%d", "%Y/%m/%d", "%Y%m%d", "%Y年%m月%d日",
    "%d.%m.%Y", "%d.%m.%y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y",
)  # fmt: skip
_IN_WORDS: Final = frozenset(
    {"收入", "收", "贷", "贷方", "入", "credit", "crdt", "c", "cr", "in", "+"}
)
_OUT_WORDS: Final = frozenset(
    {"支出", "支", "借", "借方", "出", "debit", "dbit", "d", "dr", "out", "-"}
)
_AMOUNT: Final = re.compile(r"[+-]?[\d.,]*\d[\d.,]*")


@dataclass(frozen=True, slots=True)
class ProposedProfile:
    """A proposal for a file's layout.

    Attributes:
        toml: the profile's text, ready to be saved as ``<name>.profile.toml`` and edited.
        profile: the loaded profile; None while a question stands in the way.
        questions: what the file does not say and its owner must, in English sentences.
        rows: up to ten rows as the profile understands them.
        problems: what went wrong in reading those rows.
        tables: the fact tables that fit, the likeliest first; the first is ``table`` unless
            another was asked for.
        table: the fact table that the profile fills.
        reasons: for each of ``tables`` the headings that speak for it.
        doubts: what is open of a till's or provider's table.
        closing: how far its gross, fee and net add up; None: it does not state all three.
        header: the header's cells.
    """

    toml: str
    profile: Profile | None
    questions: tuple[str, ...]
    rows: tuple[Row, ...]
    problems: tuple[Problem, ...]
    tables: tuple[str, ...] = ("credits",)
    table: str = "credits"
    reasons: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    doubts: tuple[Doubt, ...] = ()
    closing: Closing | None = None
    header: tuple[str, ...] = ()


def propose_profile(
    path: Path, name: str = "my_bank", table: str | None = None
) -> ProposedProfile | Problem:
    """Propose a profile for a CSV, XLSX or XLS file of money.

    Args:
        path: where the file lies.
        name: the name of the profile to be.
        table: ``credits``, ``settlements``, ``sales`` or ``payouts``; None: what fits best.

    Returns:
        The proposal, or one problem when the file has no table of money.

    Raises:
        OSError: the file cannot be read.
    """
    with path.open("rb") as stream:
        source = Source(path, path.name, stream.read(HEAD_BYTES))
    found = find_header(preview(source), _header_score)
    if found is None:
        return Problem(
            path.name, None, "table_missing",
            "no row looks like the header of a table (a date, an amount, names of columns)",
        )  # fmt: skip
    columns = survey(source, found.header)
    if no_money_in(columns):
        few = ", ".join(cell.strip()[:40] for cell in found.header[:6])
        return Problem(
            path.name, found.place + 1, "table_not_money",
            f"the table under the columns {few} has no column of amounts with a day: it is none of "
            "sales, settlement lines, payouts or bank lines",
        )  # fmt: skip
    tables, layouts = rank(columns)
    chosen = table or tables[0]
    doubts: tuple[Doubt, ...] = ()
    closing = None
    if chosen in layouts:
        data, doubts = profile_of(layouts[chosen], name)
        text, questions = toml_text(data), tuple(map(ask_of, doubts))
        closing = layouts[chosen].closing
    else:
        text, questions = _Guess(found.header, found.rows).toml(name)
    loaded = load_profile(text, f"{name}.profile.toml")
    proposal = ProposedProfile(
        text, None, questions, (), (), tables=tables, table=chosen,
        reasons={each: evidence(each, columns)[1] for each in tables},
        doubts=doubts, closing=closing,
        header=tuple(cell.strip() for cell in found.header if cell.strip()),
    )  # fmt: skip
    if not isinstance(loaded, Profile):
        return replace(proposal, problems=tuple(loaded))
    shown, problems = _understood(loaded, source)
    return replace(proposal, profile=loaded, rows=shown, problems=problems)


def _understood(profile: Profile, source: Source) -> tuple[tuple[Row, ...], tuple[Problem, ...]]:
    shown: list[Row] = []
    problems: list[Problem] = []
    for item in ProfileReader(profile).read(source, Options()):
        if isinstance(item, Facts):
            shown += item.rows[: SHOWN_ROWS - len(shown)]
        else:
            problems.append(item)
        if len(shown) == SHOWN_ROWS or len(problems) == SHOWN_ROWS:
            break
    return tuple(shown), tuple(problems)


def _header_score(row: Sequence[str]) -> int:
    """Count the cells that are names of columns we know; values are not."""
    cells = [normal_header(cell) for cell in row]
    return sum(
        1
        for cell in cells
        if cell
        and any(cell.startswith(n) or cell.endswith(n) for ns in _NAMES.values() for n in ns)
    )


class _Guess:
    """The guessed meaning of each column."""

    def __init__(self, header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
        self.header = [cell.strip() for cell in header]
        self.rows = [row for row in rows if len(row) >= len(header) and any(row)]
        self.questions: list[str] = []
        self.taken: set[int] = set()
        self.place = {role: self._find(role) for role in _NAMES}

    def _cells(self, place: int) -> list[str]:
        return [text for row in self.rows if (text := clean_cell(row[place]))]

    def _find(self, role: str) -> int | None:
        """Return the place of the first column whose name and cells fit the role."""
        normal = [re.sub(r"\(元?\)$", "", normal_header(cell)) for cell in self.header]
        for exact in (True, False):
            for name in _NAMES[role]:
                for place, cell in enumerate(normal):
                    named = cell == name if exact else name in cell
                    if named and place not in self.taken and self._holds(role, place):
                        self.taken.add(place)
                        return place
        return None

    def _holds(self, role: str, place: int) -> bool:
        """Say whether the column's cells can be what the role needs."""
        cells = self._cells(place)
        if role in {"booked_at", "value_date"}:
            return bool(cells) and self._date_form(cells) is not None
        if role in {"in", "out", "amount"}:
            plain = [clean_amount(cell) for cell in cells if cell not in {"-", "/", "--"}]
            good = sum(1 for cell in plain if _AMOUNT.fullmatch(cell))
            return not plain or good * 10 >= len(plain) * 9
        return True

    @staticmethod
    def _date_form(cells: Sequence[str]) -> str | None:
        for form in _DATE_FORMS:
            good = 0
            for cell in cells:
                try:
                    dt.datetime.strptime(cell, form)  # noqa: DTZ007 (only whether it parses)
                except ValueError:
                    continue
                good += 1
            # A footer under the table may hold no dates.
            if good * 10 >= len(cells) * 8:
                return form
        return None

    def _named(self, place: int | None) -> str:
        return json.dumps(self.header[place] if place is not None else "", ensure_ascii=False)

    def toml(self, name: str) -> tuple[str, tuple[str, ...]]:
        """Return the profile's text and the open questions."""
        used = {p for p in self.place.values() if p is not None}
        columns = ", ".join(self._named(p) for p in sorted(used))
        parts = [
            f'name = "{name}"',
            f'title = "{name}"',
            'table = "credits"',
            f"columns = [{columns}]",
            "",
            *self._read_section(),
            "",
            *self._amount_section(),
            *self._fields(name),
        ]
        return "\n".join(parts) + "\n", tuple(self.questions)

    def _read_section(self) -> list[str]:
        place = self.place["booked_at"]
        form = self._date_form(self._cells(place)) if place is not None else None
        if form is None:
            self.questions.append("Which column holds the day on which the bank booked the money?")
        elif form in {"%d/%m/%Y", "%m/%d/%Y"}:
            self.questions.append("Do dates begin with the day or with the month?")
        lines = ["[read]", f'dates = ["{form or "%Y-%m-%d"}"]']
        money = [
            cell
            for role in ("in", "out", "amount")
            if (p := self.place[role]) is not None
            for cell in map(clean_amount, self._cells(p))
        ]
        if any(re.search(r",\d{1,2}$", cell) for cell in money):
            lines += ['decimal = ","', 'group = "."']
        if self.place["currency"] is None:
            chinese = any("\u4e00" <= c <= "\u9fff" for cell in self.header for c in cell)
            guess = "CNY" if chinese else "EUR"
            lines.append(f'currency = "{guess}"')
            self.questions.append(f"Which currency are the amounts in? ({guess} is assumed)")
        lines.append('blank = ["-", "--", "/"]')
        if form is not None and "%H" in form:
            self.questions.append("In which time zone are the times? (the caller's is used)")
        return lines

    def _amount_section(self) -> list[str]:
        incoming, outgoing = self.place["in"], self.place["out"]
        amount, by = self.place["amount"], self.place["by"]
        if incoming is not None and outgoing is not None:
            return [
                "[amount]", f"in = {self._named(incoming)}", f"out = {self._named(outgoing)}", "",
            ]  # fmt: skip
        single = amount if amount is not None else (incoming if incoming is not None else outgoing)
        if single is None:
            self.questions.append("Which column holds the amount?")
            return ["[amount]", 'column = ""', ""]
        lines = ["[amount]", f"column = {self._named(single)}"]
        if by is not None:
            return [*lines, f"by = {self._named(by)}", *self._signs(by), ""]
        if not any(clean_amount(cell).startswith("-") for cell in self._cells(single)):
            self.questions.append(
                "No amount is negative: which rows are money that goes out, or do none?"
            )
        return [*lines, ""]

    def _signs(self, by: int) -> list[str]:
        lines = ["", "[amount.signs]"]
        for value in sorted(set(self._cells(by))):
            sign = 1 if value.lower() in _IN_WORDS else -1 if value.lower() in _OUT_WORDS else 0
            if sign == 0:
                self.questions.append(
                    f"Does {value!r} mean money in (1) or out (-1)? (1 is assumed)"
                )
            lines.append(f"{json.dumps(value, ensure_ascii=False)} = {sign or 1}")
        return lines

    def _fields(self, name: str) -> list[str]:
        lines: list[str] = []
        for role in ("booked_at", "value_date", "currency", "counterparty", "ref", "account_id"):
            place = self.place[role]
            if place is not None:
                lines += [f"[fields.{role}]", f"columns = [{self._named(place)}]", ""]
        if self.place["account_id"] is None:
            lines += ["[fields.account_id]", f'constant = "{name}"', ""]
            self.questions.append(f"Which account are the lines of? ({name!r} is assumed)")
        if self.place["id"] is not None:
            lines += ["[id]", f"columns = [{self._named(self.place['id'])}]", ""]
        return lines
