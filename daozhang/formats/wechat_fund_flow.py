"""WeChat Pay 资金账单: every movement of the merchant's balance.

Source: pay.weixin.qq.com, format-fundflow.

Rules kept here:

- The balance is an account like one at a bank: movements are its ``credits``, and what is withdrawn
  to a bank is a payout too.
- Neither 微信支付业务单号 nor 资金流水单号 is one row's own (a payment and its fee share them), so
  ids are built from both, the kind, the amount and the occurrence.
- The file does not name the merchant; its own name mostly does (``1900009231All2026-05-01.csv``).
- 账户结余 follows from row to row, and the summary's counts and sums are those of the rows.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daozhang.formats._balances import RunningBalance
from daozhang.formats._bills import CoveredDays, Total, backticked, number
from daozhang.formats._lines import LineIds, join_texts
from daozhang.formats._rows import RowError
from daozhang.formats._values import Amounts, Moments
from daozhang.formats.privacy import truncate_cards
from daozhang.formats.profiles import normal_header
from daozhang.formats.tables import Head, TableReader, header_set

if TYPE_CHECKING:
    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Options

__all__ = ["WechatFundFlowReader"]

PROVIDER: Final = "wechat"
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_MERCHANT: Final = re.compile(r"(?<!\d)1\d{9}(?!\d)")
_SIGNS: Final = {"收入": 1, "支出": -1}


class WechatFundFlowReader(TableReader):
    """Reads 资金账单 of the basic, operation and fees accounts."""

    name = "wechat_fund_flow"
    title = "WeChat Pay, fund flow bill (资金账单)"
    headers = (
        header_set("记账时间", "微信支付业务单号", "资金流水单号", "收支金额(元)", "账户结余(元)"),
    )

    def open(self, head: Head, options: Options, out: Collector) -> _Body:
        """Return what takes the rows.

        Raises:
            RowError: a column is missing.
        """
        return _Body(head, out)


class _Body:
    """The rows of one bill."""

    def __init__(self, head: Head, out: Collector) -> None:
        self.out = out
        self.moments, self.amounts = Moments(_ZONE), Amounts("CNY")
        self.ids, self.balance = LineIds(), RunningBalance("CNY")
        self.at = head.need("记账时间")
        self.business_no = head.need("微信支付业务单号")
        self.flow_no = head.need("资金流水单号")
        self.amount = head.need("收支金额(元)")
        self.after = head.need("账户结余(元)")
        self.direction = head.place("收支类型")
        self.texts = [head.place(name) for name in ("业务凭证号", "业务名称", "业务类型", "备注")]
        self.kinds = [p for p in (head.place("业务类型"), head.place("业务名称")) if p is not None]
        self.width = 1 + max(
            self.at, self.business_no, self.flow_no, self.amount, self.after, self.direction or 0
        )
        found = _MERCHANT.search(head.file)
        self.account = found[0] if found else PROVIDER
        if found is None:
            out.warn(
                None, "value_assumed",
                f"the bill does not name its merchant, and neither does the file's name; "
                f"{self.account!r} is used as the account: name the file after the merchant number",
            )  # fmt: skip
        self.summary: list[str] | None = None
        self.came, self.went = Total(), Total()
        self.days = CoveredDays()
        self.failed = False

    def row(self, line: int, cells: list[str]) -> None:
        """Take one movement, or the summary.

        Raises:
            RowError: the row cannot be taken.
        """
        values = backticked(cells)
        if values[0].startswith("资金流水总笔数"):
            self.summary = [normal_header(cell) for cell in values]
            return
        if self.summary is not None:
            self._check(line, values)
            return
        try:
            self._movement(line, values)
        except RowError:
            self.failed = True
            raise

    def _movement(self, line: int, cells: list[str]) -> None:
        if len(cells) < self.width:
            raise RowError(
                "row_short", f"the row has {len(cells)} cells, at least {self.width} are needed"
            )
        amount = self.amounts(cells[self.amount])
        if self.direction is not None:
            sign = _SIGNS.get(cells[self.direction])
            if sign is None:
                raise RowError(
                    "direction_unknown",
                    f"收支类型 is {cells[self.direction][:20]!r}; known are 收入 and 支出",
                )
            amount *= sign
        at = self.moments.instant(cells[self.at])
        business_no, flow_no = cells[self.business_no], cells[self.flow_no]
        texts = (cells[p] for p in self.texts if p is not None and p < len(cells))
        ref = join_texts((business_no, flow_no, *texts))
        text = truncate_cards(ref) if ref else None
        self.out.add(
            "credits",
            {
                "credit_id": self.ids.next_id(self.account, cells[self.at], amount, ref or ""),
                "account_id": self.account, "bank_id": "WECHAT", "amount_minor": amount,
                "currency": "CNY", "booked_at": at, "value_date": at.date(), "ref": text,
                "status": "booked",
            },
            line,
        )  # fmt: skip
        if amount < 0 and any(p < len(cells) and "提现" in cells[p] for p in self.kinds):
            self.out.add(
                "payouts",
                {
                    "payout_id": business_no or flow_no, "provider_id": PROVIDER,
                    "merchant_id": self.account, "net_minor": -amount, "currency": "CNY",
                    "paid_out_at": at, "status": "sent",
                },
                line,
            )  # fmt: skip
        (self.came if amount >= 0 else self.went).add(abs(amount))
        self.balance.add(line, amount, self.amounts(cells[self.after]))
        self.days.add(at)

    def _check(self, line: int, values: list[str]) -> None:
        assert self.summary is not None
        stated = dict(zip(self.summary, values, strict=False))
        if self.failed:
            return
        rows = {
            "资金流水总笔数": (self.came.count + self.went.count, 0),
            "收入笔数": (self.came.count, 0), "收入金额": (self.came.minor, 2),
            "支出笔数": (self.went.count, 0), "支出金额": (self.went.minor, 2),
        }  # fmt: skip
        for name, (units, places) in rows.items():
            number(self.out, line, name, units, stated.get(name), places)

    def finish(self) -> None:
        """Check the balance, and say which days are covered if nothing is missing."""
        if self.failed:
            return
        if self.summary is None:
            self.out.warn(
                None, "summary_missing",
                "the bill ends without its summary (资金流水总笔数): it may be cut off; fetch it "
                "again",
            )  # fmt: skip
        elif self.balance.check(self.out):
            self.days.cover(self.out, self.account, "credits")
