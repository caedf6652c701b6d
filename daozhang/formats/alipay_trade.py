"""Alipay 业务明细: what was paid and refunded on one day or in one month.

Rules kept here (the layout is that of alipay.data.dataservice.bill.downloadurl.query, ``trade``):

- 商家实收 is what the merchant is owed, the coupons that Alipay pays for included; refunds are
  negative. 服务费 and 分润 are taken off it; files write them with and without a minus, so for a
  trade they are kept from the merchant and for a refund given back, whatever their sign.
- Totals under the table are compared with the rows: 交易合计 and 退款合计.
- 业务明细(汇总) repeats the same money by store; it gives no facts, its sums are checked.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from daozhang.formats._alipay import PROVIDER, ZONE, Stated, read_preamble
from daozhang.formats._bills import RECORDED_BY, Total
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._values import Amounts, Moments
from daozhang.formats.tables import Head, TableReader, cell_at, header_set
from daozhang.money import format_minor

if TYPE_CHECKING:
    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Options

__all__ = ["AlipaySummaryReader", "AlipayTradeReader"]

_KINDS: Final = {"交易": "sale", "退款": "refund"}


class AlipayTradeReader(TableReader):
    """Reads 业务明细."""

    name = "alipay_trade"
    title = "Alipay, trade bill (业务明细)"
    headers = (header_set("支付宝交易号", "商户订单号", "业务类型", "完成时间", "商家实收(元)"),)

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
        need, place = head.need, head.place
        self.trade_no, self.order_no = need("支付宝交易号"), need("商户订单号")
        self.kind, self.at = need("业务类型"), need("完成时间")
        self.owed = need("商家实收(元)")
        self.store, self.terminal = place("门店编号"), place("终端号")
        self.request = place("退款批次号/请求号")
        self.fee, self.share = place("服务费(元)"), place("分润(元)")
        self.width = 1 + max(self.trade_no, self.order_no, self.kind, self.at, self.owed)
        self.sums = {"交易合计": Total(), "退款合计": Total()}
        self.stated = Stated()
        self.failed = False

    def row(self, line: int, cells: list[str]) -> None:
        """Take one trade, or a line under the table.

        Raises:
            RowError: the row cannot be taken.
        """
        if cells[0].startswith("#") or self.stated.seen:
            self._footer(line, cells)
            return
        try:
            self._trade(line, [cell.strip(BLANK_CHARS) for cell in cells])
        except RowError:
            self.failed = True
            raise

    def _footer(self, line: int, cells: list[str]) -> None:
        if not self.failed:
            self.stated.sums = {k: (t.count, t.minor) for k, t in self.sums.items()}
            self.stated.check(self.out, line, cells)
        self.stated.seen = True

    def _trade(self, line: int, cells: list[str]) -> None:
        if len(cells) < self.width:
            raise RowError(
                "row_short", f"the row has {len(cells)} cells, at least {self.width} are needed"
            )
        kind = _KINDS.get(cells[self.kind])
        if kind is None:
            raise RowError(
                "value_unknown",
                f"业务类型 is {cells[self.kind][:20]!r}; known are {', '.join(_KINDS)}",
            )
        sold = kind == "sale"
        owed = self.amounts(cells[self.owed])
        gross = owed if sold else -abs(owed)
        fee = abs(self._amount(cells, self.fee)) + abs(self._amount(cells, self.share))
        fee = fee if sold else -fee
        at = self.moments.instant(cells[self.at])
        trade_no, order_no = cells[self.trade_no], cells[self.order_no]
        if not trade_no:
            raise RowError("value_missing", "the row has no 支付宝交易号")
        merchant = self.preamble.account or PROVIDER
        store = cell_at(cells, self.store) or None
        terminal = cell_at(cells, self.terminal) or store or merchant
        sale_id = order_no or f"{PROVIDER}:{trade_no}"
        request = cell_at(cells, self.request)
        own_id = sale_id
        if not sold:
            own_id = f"{sale_id}-{request or 'refund'}"
        self.out.add(
            "settlements",
            {
                "line_id": trade_no if sold else f"{trade_no}-{request or 'refund'}",
                "provider_id": PROVIDER, "kind": kind, "ref": sale_id, "merchant_id": merchant,
                "terminal_id": terminal, "gross_minor": gross, "fee_minor": fee,
                "net_minor": gross - fee, "currency": "CNY", "cleared_at": at,
                "status": "settled", "store_id": store,
            },
            line,
        )  # fmt: skip
        self.out.add(
            "sales",
            {
                "sale_id": own_id, "kind": kind,
                "original_sale_id": None if sold else sale_id, "merchant_id": merchant,
                "store_id": store, "terminal_id": terminal, "provider_id": PROVIDER,
                "channel": "alipay", "amount_minor": abs(gross), "currency": "CNY",
                "captured_at": at, "host_at": at, "rrn": trade_no, "recorded_by": RECORDED_BY,
            },
            line,
        )  # fmt: skip
        self.sums["交易合计" if sold else "退款合计"].add(gross)

    def _amount(self, cells: list[str], place: int | None) -> int:
        return self.amounts(cell_at(cells, place))

    def finish(self) -> None:
        """Say what the bill covers, if every row was taken and the bill is whole."""
        since, until = self.preamble.from_at, self.preamble.to_at
        if since is not None and until is not None and not self.failed:
            if self.stated.seen:
                self.out.add(
                    "coverage",
                    {
                        "subject": PROVIDER, "table": "settlements", "from_at": since,
                        "to_at": until,
                    },
                    1,
                )  # fmt: skip
            else:
                self.out.warn(
                    None, "summary_missing",
                    "the bill ends without its totals (交易合计): it may be cut off; fetch it "
                    "again",
                )  # fmt: skip


class AlipaySummaryReader(TableReader):
    """Knows 业务明细(汇总) and 账务汇总, which repeat other files' money, and checks their sums."""

    name = "alipay_summary"
    title = "Alipay, summary of a bill (汇总)"
    headers = (
        header_set("门店编号", "门店名称", "交易订单总笔数", "退款订单总笔数"),
        header_set("类型", "收入笔数", "收入金额(+元)", "支出金额(-元)"),
    )

    def open(self, head: Head, options: Options, out: Collector) -> _Summary:
        """Return what takes the rows."""
        return _Summary(head, out)


class _Summary:
    """The rows of one summary: each column of figures must come to the last row's."""

    def __init__(self, head: Head, out: Collector) -> None:
        self.out = out
        self.header = head.header
        self.amounts = Amounts("CNY")
        self.sums: dict[int, int] = {}

    def row(self, line: int, cells: list[str]) -> None:
        """Add up one row, or compare the row of totals (合计) with those above."""
        values = [cell.strip(BLANK_CHARS) for cell in cells]
        first = values[0]
        if first.startswith("#"):
            return
        figures: dict[int, int] = {}
        for place, text in enumerate(values[: len(self.header)]):
            name = self.header[place]
            if name.endswith(("笔数", "(元)", "元)")) and text:
                figures[place] = self.amounts(text)
        if "合计" not in first:
            for place, figure in figures.items():
                self.sums[place] = self.sums.get(place, 0) + figure
            return
        for place, figure in figures.items():
            rows = self.sums.get(place, 0)
            if rows != figure:
                self.out.warn(
                    line, "total_mismatch",
                    f"the rows come to {format_minor(rows, 'CNY')} of {self.header[place]}, the "
                    f"file states {format_minor(figure, 'CNY')}: rows may be missing; fetch the "
                    "file again",
                )  # fmt: skip

    def finish(self) -> None:
        """Nothing is left to do: a summary gives no facts."""
