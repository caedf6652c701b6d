"""利楚扫呗 LCSW statement: every trade of an institution's merchants, in fen, without a header.

Rules kept here (help.lcsw.cn, statement download; 28 columns in their published order, older files
have fewer at the end):

- 结余金额 is the amount less fee and refund: what is left on each row.
- 支付方式 is the channel, 交易状态 what became of the trade: 1 paid, 5 refunded, 4 voided; others
  were never money and are left out.
- A refund is a row of its own with 退款原单号.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daozhang.formats._bills import RECORDED_BY
from daozhang.formats._lines import Collector
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._values import Moments
from daozhang.formats.tables import Head, HeadlessReader
from daozhang.money import format_minor

if TYPE_CHECKING:
    from daozhang.formats.base import Options

__all__ = ["LcswReader"]

PROVIDER: Final = "lcsw"
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_MOMENT: Final = re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d")
_FEN: Final = re.compile(r"-?\d{1,12}")
_CHANNELS: Final = {
    "1": "wechat", "2": "alipay", "3": "card", "4": "cash", "5": "card", "6": "qq", "7": "baidu",
    "8": "jd", "10": "bestpay", "11": "unionpay_qr", "12": "dragonpay", "16": "ecny",
    "17": "cmb_pay",
}  # fmt: skip
_NO_MONEY: Final = frozenset({"2", "3", "6"})


class LcswReader(HeadlessReader):
    """Reads statements of LCSW."""

    name = "lcsw"
    title = "LCSW, institution statement (利楚扫呗)"
    columns = (
        "商户号", "终端号", "交易时间", "退款完成时间", "交易金额(分)", "手续费金额(分)",
        "退款金额(分)", "结余金额(分)", "支付方式", "支付类型", "交易状态", "交易单号",
        "退款原单号", "终端流水号", "渠道订单号", "交易日期", "用户标识", "银行卡类型", "附加数据",
        "商家优惠金额(分)", "商家实收金额(分)", "用户实付金额(分)", "平台优惠金额(分)", "订单备注",
        "自定义设备编号", "支付银行标识", "门店名称", "通道类型",
    )  # fmt: skip
    columns_min = 16
    shapes = (
        (2, _MOMENT),
        (4, _FEN),
        (5, _FEN),
        (6, _FEN),
        (7, _FEN),
        (8, re.compile(r"\d{1,2}")),
        (10, re.compile(r"\d")),
        (15, re.compile(r"\d{4}-?\d\d-?\d\d")),
    )

    def open(self, head: Head, options: Options, out: Collector) -> _Body:
        """Return what takes the rows."""
        return _Body(out)


class _Body:
    """The rows of one statement."""

    def __init__(self, out: Collector) -> None:
        self.out = out
        self.moments = Moments(_ZONE)

    def row(self, line: int, cells: list[str]) -> None:
        """Take one trade.

        Raises:
            RowError: the row cannot be taken.
        """
        cells = [cell.strip(BLANK_CHARS) for cell in cells]
        if len(cells) < LcswReader.columns_min:
            raise RowError(
                "row_short",
                f"the row has {len(cells)} cells, at least {LcswReader.columns_min} are needed",
            )
        amount, fee, back, left = (_fen(cells[place]) for place in (4, 5, 6, 7))
        state = cells[10]
        if state in _NO_MONEY:
            return
        refund = bool(cells[12]) or state == "5"
        kind = "refund" if refund else "void" if state == "4" else "sale"
        sold = kind == "sale"
        gross = amount if sold else -(back or amount)
        fee = abs(fee) if sold else -abs(fee)
        net = gross - fee
        # A sale that was refunded in part on the same day states what is left after both.
        due = net - (back if sold else 0)
        if sold and left and left != due:
            told = (format_minor(n, "CNY") for n in (gross, fee, back, left))
            self.out.warn(
                line, "net_differs",
                "amount {} less fee {} and refund {} is not 结余金额 {}: look at the row"
                .format(*told),
            )  # fmt: skip
        self._add(line, cells, kind, (gross, fee, net))

    def _add(self, line: int, cells: list[str], kind: str, money: tuple[int, int, int]) -> None:
        gross, fee, net = money
        sold = kind == "sale"
        at = self.moments.instant(cells[2] if sold or not cells[3] else cells[3])
        merchant, terminal = cells[0], cells[1] or cells[0]
        own, original, flow = cells[11], cells[12], cells[13]
        if not own:
            raise RowError("value_missing", "the row has no 交易单号")
        ref = flow if sold and flow else original or own
        store = cells[26] if len(cells) > 26 else ""  # noqa: PLR2004 (门店名称)
        self.out.add(
            "settlements",
            {
                "line_id": own if sold else f"{own}-{kind}", "provider_id": PROVIDER,
                "kind": "sale" if sold else "refund", "ref": ref, "merchant_id": merchant,
                "terminal_id": terminal, "gross_minor": gross, "fee_minor": fee,
                "net_minor": net, "currency": "CNY", "cleared_at": at, "status": "settled",
                "store_id": store or None,
            },
            line,
        )  # fmt: skip
        self.out.add(
            "sales",
            {
                "sale_id": f"{PROVIDER}:{own}" + ("" if sold else f"-{kind}"), "kind": kind,
                "original_sale_id": None if sold else f"{PROVIDER}:{original or own}",
                "merchant_id": merchant, "store_id": store or None, "terminal_id": terminal,
                "provider_id": PROVIDER, "channel": _CHANNELS.get(cells[8], "card"),
                "card_type": {"1": "debit", "2": "credit"}.get(cells[17])
                if len(cells) > 17 else None,  # noqa: PLR2004 (银行卡类型)
                "amount_minor": abs(gross), "currency": "CNY", "captured_at": at, "host_at": at,
                "trace_no": flow or None, "rrn": ref, "recorded_by": RECORDED_BY,
            },
            line,
        )  # fmt: skip

    def finish(self) -> None:
        """Nothing is left to do: the statement states no totals."""


def _fen(text: str) -> int:
    if not text:
        return 0
    if not _FEN.fullmatch(text):
        raise RowError("amount_unreadable", f"the amount cannot be taken: {text[:20]!r} is no fen")
    return int(text)
