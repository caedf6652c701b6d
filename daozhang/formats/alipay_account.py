"""Alipay 账务明细: every movement of the merchant's Alipay balance.

Rules kept here (the layout is that of alipay.data.dataservice.bill.downloadurl.query,
``signcustomer``; older and newer files differ in their columns only):

- The balance is an account like one at a bank: movements are its ``credits``, and what is withdrawn
  to a bank (提现) is a payout too.
- 收入 comes in and 支出 goes out, whether or not the file writes the latter with a minus.
- 账户余额 follows from row to row, 收入合计 and 支出合计 are those of the rows; only then is the
  stated period covered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from daozhang.formats._alipay import PROVIDER, ZONE, Stated, read_preamble
from daozhang.formats._balances import RunningBalance
from daozhang.formats._bills import Total
from daozhang.formats._lines import LineIds, join_texts
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._values import Amounts, Moments
from daozhang.formats.privacy import truncate_cards
from daozhang.formats.tables import Head, TableReader, header_set

if TYPE_CHECKING:
    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Options

__all__ = ["AlipayAccountReader"]


class AlipayAccountReader(TableReader):
    """Reads 账务明细."""

    name = "alipay_account"
    title = "Alipay, account bill (账务明细)"
    headers = (
        header_set("账务流水号", "发生时间", "收入金额(+元)", "支出金额(-元)"),
        header_set("账务流水号", "发生时间", "收入金额", "支出金额"),
        header_set("账务流水号", "入账时间", "收入(+元)", "支出(-元)"),
        header_set("账务流水号", "发生时间", "收入(元)", "支出(元)"),
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
        self.moments, self.amounts = Moments(ZONE), Amounts("CNY")
        self.preamble = read_preamble(head.preamble)
        self.balance, self.ids = RunningBalance("CNY"), LineIds()
        need, place = head.need, head.place
        self.flow_no, self.at = need("账务流水号"), need("发生时间", "入账时间")
        self.came_in = need("收入金额(+元)", "收入金额", "收入(+元)", "收入(元)")
        self.went_out = need("支出金额(-元)", "支出金额", "支出(-元)", "支出(元)")
        self.after = place("账户余额(元)", "账户余额")
        self.payer = place("对方账号", "对方账户", "对方名称")
        self.business_no = place("业务流水号")
        self.kinds = [p for p in (place("业务类型"), place("业务描述")) if p is not None]
        names = ("业务流水号", "商户订单号", "业务基础订单号", "业务订单号", "商品名称", "业务类型",
                 "业务描述", "业务账单来源", "备注")  # fmt: skip
        self.texts = [p for p in map(place, names) if p is not None]
        self.width = 1 + max(self.flow_no, self.at, self.came_in, self.went_out)
        self.account = self.preamble.account
        if self.account is None:
            self.account = PROVIDER
            out.warn(
                None, "value_assumed",
                f"the lines above the table do not name the account; {PROVIDER!r} is used: keep "
                "them when you export the bill",
            )  # fmt: skip
        self.came, self.went = Total(), Total()
        self.stated = Stated()
        self.failed = False

    def row(self, line: int, cells: list[str]) -> None:
        """Take one movement, or a line under the table.

        Raises:
            RowError: the row cannot be taken.
        """
        if any(cell.startswith("#") for cell in cells[:2]) or self.stated.seen:
            self.stated.sums = {
                "收入合计": (self.came.count, self.came.minor),
                "支出合计": (self.went.count, self.went.minor),
            }
            if not self.failed:
                self.stated.check(self.out, line, cells)
            self.stated.seen = True
            return
        try:
            self._movement(line, [cell.strip(BLANK_CHARS) for cell in cells])
        except RowError:
            self.failed = True
            raise

    def _movement(self, line: int, cells: list[str]) -> None:
        if len(cells) < self.width:
            raise RowError(
                "row_short", f"the row has {len(cells)} cells, at least {self.width} are needed"
            )
        came, went = self.amounts(cells[self.came_in]), abs(self.amounts(cells[self.went_out]))
        if came and went:
            raise RowError("amount_unreadable", "the row has both an amount coming in and one out")
        amount = came - went
        at = self.moments.instant(cells[self.at])
        flow_no = cells[self.flow_no]
        ref = join_texts(cells[place] for place in self.texts if place < len(cells))
        payer = cells[self.payer] if self.payer is not None and self.payer < len(cells) else ""
        assert self.account is not None
        self.out.add(
            "credits",
            {
                "credit_id": flow_no
                or self.ids.next_id(self.account, cells[self.at], amount, ref or ""),
                "account_id": self.account, "bank_id": "ALIPAY", "amount_minor": amount,
                "currency": "CNY", "booked_at": at, "value_date": at.date(),
                "ref": truncate_cards(ref) if ref else None,
                "counterparty": truncate_cards(payer) if payer else None, "status": "booked",
            },
            line,
        )  # fmt: skip
        if amount < 0 and any("提现" in cells[place] for place in self.kinds if place < len(cells)):
            number = cells[self.business_no] if self.business_no is not None else ""
            self.out.add(
                "payouts",
                {
                    "payout_id": number or flow_no, "provider_id": PROVIDER,
                    "merchant_id": self.account, "net_minor": -amount, "currency": "CNY",
                    "paid_out_at": at, "status": "sent",
                },
                line,
            )  # fmt: skip
        (self.came if amount >= 0 else self.went).add(abs(amount))
        if self.after is not None and self.after < len(cells) and cells[self.after]:
            self.balance.add(line, amount, self.amounts(cells[self.after]))

    def finish(self) -> None:
        """Check the balance, and say what the bill covers if it is whole."""
        since, until = self.preamble.from_at, self.preamble.to_at
        if self.failed or not self.balance.check(self.out) or since is None or until is None:
            return
        if not self.stated.seen:
            self.out.warn(
                None, "summary_missing",
                "the bill ends without its totals (收入合计): it may be cut off; fetch it again",
            )  # fmt: skip
            return
        self.out.add(
            "coverage",
            {"subject": self.account, "table": "credits", "from_at": since, "to_at": until},
            1,
        )
