"""Allinpay 通联 merchant statement: every card and QR trade with its terminal and batch.

Rules kept here (prodoc.allinpay.com, statement, 34 columns; some merchants get them without the
header, so the columns are then taken in their published order):

- 交易金额 less 手续费 is 结算金额; refunds and voids are negative.
- 交易批次号, 凭证号 and 参考号 are the terminal's batch, trace and reference number: they lead from
  the till's sale to this line.
- 卡号 is dropped, and so are 持卡人姓名 and 持卡人身份证.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daozhang.formats._bills import RECORDED_BY, net_checked
from daozhang.formats._lines import Collector, LineIds
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._values import Amounts, Moments
from daozhang.formats.tables import Head, HeadlessReader, TableReader, cell_at, header_set

if TYPE_CHECKING:
    from daozhang.formats.base import Options

__all__ = ["AllinpayBareReader", "AllinpayReader"]

PROVIDER: Final = "allinpay"
_ZONE: Final = ZoneInfo("Asia/Shanghai")
COLUMNS: Final = (
    "商户号", "门店名称", "终端号", "交易时间", "交易类型", "交易批次号", "凭证号", "参考号",
    "卡号", "卡类别", "发卡行机构代码", "发卡行名称", "交易金额", "手续费", "交易日期", "交易单号",
    "订单号", "商户备注", "对接应用号", "原始金额", "结算金额", "产品类型", "分期贴息",
    "交易完成时间",
    "持卡人姓名", "持卡人身份证", "分期数", "优惠金额", "实付金额", "原交易单", "渠道交易类型",
    "出金方账户名称", "门店编号", "交易完成日期",
)  # fmt: skip
"""The published columns, in order."""

_BACK: Final = (("撤销", "void"), ("退", "refund"), ("冲正", "reversal"))
_CHANNELS: Final = (
    ("微信", "wechat"), ("支付宝", "alipay"), ("云闪付", "unionpay_qr"), ("银联", "unionpay_qr"),
    ("数字人民币", "ecny"), ("QQ", "qq"),
)  # fmt: skip
_CARDS: Final = (("借", "debit"), ("贷", "credit"), ("准贷", "credit"), ("预付", "prepaid"))


class AllinpayReader(TableReader):
    """Reads statements with a header."""

    name = "allinpay"
    title = "Allinpay, merchant statement (通联)"
    headers = (
        header_set(
            "商户号", "终端号", "交易类型", "交易批次号", "参考号", "交易金额", "手续费", "交易日期"
        ),
    )  # fmt: skip

    def open(self, head: Head, options: Options, out: Collector) -> _Body:
        """Return what takes the rows.

        Raises:
            RowError: a column is missing.
        """
        return _Body(head, out)


class AllinpayBareReader(HeadlessReader):
    """Reads statements without one: 34 columns in the published order."""

    name = "allinpay_bare"
    title = "Allinpay, merchant statement without header (通联)"
    columns = COLUMNS
    shapes = (
        (3, re.compile(r"\d\d:\d\d:\d\d")),
        (12, re.compile(r"-?[\d,]+(\.\d+)?")),
        (13, re.compile(r"-?[\d,]+(\.\d+)?")),
        (14, re.compile(r"\d{4}-\d\d-\d\d")),
    )

    def open(self, head: Head, options: Options, out: Collector) -> _Body:
        """Return what takes the rows."""
        return _Body(head, out)


class _Body:
    """The rows of one statement."""

    def __init__(self, head: Head, out: Collector) -> None:
        self.out = out
        self.moments, self.amounts, self.ids = Moments(_ZONE), Amounts("CNY"), LineIds()
        need, place = head.need, head.place
        self.merchant, self.terminal = need("商户号"), need("终端号")
        self.kind, self.day, self.time = need("交易类型"), need("交易日期"), place("交易时间")
        self.batch, self.trace, self.rrn = need("交易批次号"), place("凭证号"), need("参考号")
        self.amount, self.fee, self.net = need("交易金额"), need("手续费"), place("结算金额")
        self.interest = place("分期贴息")
        self.order, self.trade = place("订单号"), place("交易单号")
        self.original = place("原交易单")
        self.store, self.card = place("门店编号", "门店名称"), place("卡类别")
        self.done_day, self.done_time = place("交易完成日期"), place("交易完成时间")
        self.width = 1 + max(
            self.merchant, self.terminal, self.kind, self.day, self.batch, self.rrn, self.amount,
            self.fee,
        )  # fmt: skip

    def row(self, line: int, cells: list[str]) -> None:
        """Take one trade.

        Raises:
            RowError: the row cannot be taken.
        """
        cells = [cell.strip(BLANK_CHARS) for cell in cells]
        if cells[0].startswith(("合计", "总计", "#")):
            return
        if len(cells) < self.width:
            raise RowError(
                "row_short", f"the row has {len(cells)} cells, at least {self.width} are needed"
            )
        kind = next((kind for word, kind in _BACK if word in cells[self.kind]), "sale")
        sold = kind == "sale"
        amount, fee = self.amounts(cells[self.amount]), self.amounts(cells[self.fee])
        fee += self.amounts(cell_at(cells, self.interest))
        gross = amount if sold else -abs(amount)
        if not sold:
            fee = -abs(fee)
        stated = cell_at(cells, self.net)
        net = self.amounts(stated) if stated else gross - fee
        if stated and not sold:
            net = -abs(net)
        money = net_checked(self.out, line, "CNY", (gross, fee, net), ("amount", "结算金额"))
        self._add(line, cells, kind, money)

    def _add(self, line: int, cells: list[str], kind: str, money: tuple[int, int, int]) -> None:
        gross, fee, net = money
        sold = kind == "sale"
        at = self.moments.instant(f"{cells[self.day]} {cell_at(cells, self.time)}".strip())
        done_day = cell_at(cells, self.done_day)
        done = at
        if done_day:
            done = self.moments.instant(f"{done_day} {cell_at(cells, self.done_time)}".strip())
        merchant, rrn = cells[self.merchant], cells[self.rrn]
        terminal = cells[self.terminal] or merchant
        order, trade = cell_at(cells, self.order), cell_at(cells, self.trade)
        original = cell_at(cells, self.original)
        text = f"{terminal}|{cells[self.batch]}|{cell_at(cells, self.trace)}|{rrn}|{kind}"
        own = trade or self.ids.next_id(merchant, at.isoformat(), gross, text)
        ref = rrn or order or own
        store = cell_at(cells, self.store) or None
        card_type = cell_at(cells, self.card)
        self.out.add(
            "settlements",
            {
                "line_id": own, "provider_id": PROVIDER, "kind": "sale" if sold else "refund",
                "ref": ref, "merchant_id": merchant, "terminal_id": terminal,
                "gross_minor": gross, "fee_minor": fee, "net_minor": net, "currency": "CNY",
                "cleared_at": done, "status": "settled", "store_id": store,
            },
            line,
        )  # fmt: skip
        self.out.add(
            "sales",
            {
                "sale_id": f"{PROVIDER}:{own}", "kind": kind,
                "original_sale_id": f"{PROVIDER}:{original}" if not sold and original else None,
                "merchant_id": merchant, "store_id": store, "terminal_id": terminal,
                "provider_id": PROVIDER,
                "channel": next((c for w, c in _CHANNELS if w in cells[self.kind]), "card"),
                "card_type": next((c for w, c in _CARDS if w in card_type), None),
                "amount_minor": abs(gross), "currency": "CNY", "captured_at": at, "host_at": at,
                "batch_no": cells[self.batch] or None,
                "trace_no": cell_at(cells, self.trace) or None, "rrn": rrn or order or None,
                "recorded_by": RECORDED_BY,
            },
            line,
        )  # fmt: skip

    def finish(self) -> None:
        """Nothing is left to do: the statement states no totals."""
