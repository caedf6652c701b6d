"""WeChat Pay 交易账单: what was paid and refunded on one day (pay.weixin.qq.com, format-trade).

Rules kept here:

- Every value has a backtick before it; the summary, a header and one row, ends the file.
- ALL, SUCCESS and REFUND bills, those of old merchants and those of service providers differ in
  their columns only, so columns are found by name.
- 应结订单金额 is what the merchant is owed (coupons that WeChat pays for included); an old bill has
  总金额 instead. A refund takes back 退款金额 less what came out of recharged coupons.
- 手续费 has five decimals and is deducted per trade, rounded half up to the fen; a refund's is
  negative: it is given back.
- The summary is compared with the rows in the unit in which it is stated.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daozhang.formats._bills import RECORDED_BY, FineAmounts, backticked, number
from daozhang.formats._rows import BLANK_CHARS, RowError
from daozhang.formats._values import Amounts, Moments, currency_code
from daozhang.formats.profiles import normal_header
from daozhang.formats.tables import Head, TableReader, cell_at, header_set

if TYPE_CHECKING:
    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Options

__all__ = ["WechatTradeReader"]

PROVIDER: Final = "wechat"
_ZONE: Final = ZoneInfo("Asia/Shanghai")
_SUMMARY: Final = ("总交易单数", "`总交易单数")
_METHODS: Final = {
    "FACE": "face", "FACEPAY": "face", "MICROPAY": "qr", "NATIVE": "qr", "JSAPI": "in_app",
    "APP": "in_app", "MWEB": "online", "PAP": "contract", "AUTH": "contract",
}  # fmt: skip
_SOLD: Final = frozenset({"SUCCESS", "支付成功", "REVOKED_SUCCESS"})
_TAKEN_BACK: Final = {"REFUND": "refund", "REVOKED": "reversal", "转入退款": "refund"}


class WechatTradeReader(TableReader):
    """Reads 交易账单 of every kind."""

    name = "wechat_trade"
    title = "WeChat Pay, trade bill (交易账单)"
    headers = (
        header_set("交易时间", "商户号", "微信订单号", "商户订单号", "交易类型", "应结订单金额"),
        header_set("交易时间", "商户号", "微信订单号", "商户订单号", "交易类型", "总金额"),
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
        self.moments = Moments(_ZONE)
        self.amounts = {"CNY": Amounts("CNY")}
        self.fees = FineAmounts()
        place, need = head.place, head.need
        self.at = need("交易时间")
        self.merchant = need("商户号")
        self.sub_merchant = place("特约商户号", "子商户号")
        self.device = place("设备号")
        self.trade_no = need("微信订单号")
        self.order_no = need("商户订单号")
        self.type = need("交易类型")
        self.state = place("交易状态")
        self.bank = place("付款银行")
        self.currency = place("货币种类")
        self.owed = need("应结订单金额", "总金额")
        self.refund_no = place("微信退款单号")
        self.own_refund_no = place("商户退款单号")
        self.refund = place("退款金额")
        self.refund_coupon = place("充值券退款金额", "企业红包退款金额")
        self.refund_state = place("退款状态")
        self.refunded_at = place("退款成功时间", "退款申请时间")
        self.fee = place("手续费")
        self.width = 1 + max(self.at, self.merchant, self.trade_no, self.order_no, self.type,
                             self.owed, self.fee or 0, self.refund or 0)  # fmt: skip
        self.summary: list[str] | None = None
        self.count = self.fee_units = self.owed_minor = self.refunded_minor = 0
        self.failed = False

    def row(self, line: int, cells: list[str]) -> None:
        """Take one trade, or the summary.

        Raises:
            RowError: the row cannot be taken.
        """
        if cells[0].strip(BLANK_CHARS).startswith(_SUMMARY):
            self.summary = [normal_header(cell) for cell in cells]
            return
        values = backticked(cells)
        if self.summary is not None:
            self._check(line, values)
            return
        try:
            self._trade(line, values)
        except RowError:
            self.failed = True
            raise

    def _trade(self, line: int, cells: list[str]) -> None:
        if len(cells) < self.width:
            raise RowError(
                "row_short", f"the row has {len(cells)} cells, at least {self.width} are needed"
            )
        state = cells[self.state] if self.state is not None else ""
        own_refund = cell_at(cells, self.own_refund_no)
        # A bill of refunds alone has no state that says so; its refund number does.
        kind = _TAKEN_BACK.get(state) or ("refund" if own_refund not in {"", "0"} else "sale")
        if kind == "sale" and state and state not in _SOLD:
            raise RowError(
                "value_unknown",
                f"交易状态 is {state[:40]!r}; known are SUCCESS, REFUND and REVOKED",
            )
        currency = currency_code(cell_at(cells, self.currency) or "CNY")
        amounts = self.amounts.get(currency)
        if amounts is None:
            amounts = self.amounts[currency] = Amounts(currency)
        owed, fee_units = amounts(cells[self.owed]), 0
        if self.fee is not None:
            fee_units = self.fees(cells[self.fee])
        if kind == "sale":
            gross = owed
        else:
            taken = amounts(cell_at(cells, self.refund))
            gross = -(taken or owed)
        self.count += 1
        self.fee_units += fee_units
        self.owed_minor += owed
        self.refunded_minor += amounts(cell_at(cells, self.refund))
        self._add(line, cells, kind, currency, gross, self.fees.minor(fee_units))

    def _add(
        self, line: int, cells: list[str], kind: str, currency: str, gross: int, fee: int
    ) -> None:
        at = self.moments.instant(cells[self.at])
        trade_no, order_no = cells[self.trade_no], cells[self.order_no]
        if not trade_no:
            raise RowError("value_missing", "the row has no 微信订单号")
        sub = cell_at(cells, self.sub_merchant)
        merchant = sub if sub not in {"", "0"} else cells[self.merchant]
        device = cell_at(cells, self.device)
        terminal = device if device not in {"", "0"} else merchant
        sale_id = order_no or f"{PROVIDER}:{trade_no}"
        refund_no = cell_at(cells, self.refund_no)
        sold = kind == "sale"
        own_id = sale_id
        if not sold:
            own_id = cell_at(cells, self.own_refund_no) or f"{PROVIDER}:{refund_no or trade_no}-r"
            if own_id in {sale_id, "0"}:
                own_id = f"{sale_id}-{kind}"
            refunded = cell_at(cells, self.refunded_at)
            at = self.moments.instant(refunded) if refunded else at
        state = cell_at(cells, self.refund_state)
        if not sold and state in {"FAIL", "CHANGE", "失败"}:
            self.out.warn(
                line, "refund_not_paid",
                f"the refund of {trade_no} has 退款状态 {state}: it took nothing back and was left "
                "out",
            )  # fmt: skip
            return
        line_kind = "sale" if sold else "refund"
        self.out.add(
            "settlements",
            {
                "line_id": trade_no if sold else f"{trade_no}-{refund_no or own_id}-{kind}",
                "provider_id": PROVIDER, "kind": line_kind, "ref": sale_id,
                "merchant_id": merchant, "terminal_id": terminal, "gross_minor": gross,
                "fee_minor": fee, "net_minor": gross - fee, "currency": currency,
                "cleared_at": at, "status": "settled",
            },
            line,
        )  # fmt: skip
        method = cells[self.type].upper()
        self.out.add(
            "sales",
            {
                "sale_id": own_id, "kind": kind,
                "original_sale_id": None if sold else sale_id, "merchant_id": merchant,
                "terminal_id": terminal, "provider_id": PROVIDER, "channel": "wechat",
                "card_type": _card_type(cell_at(cells, self.bank)),
                "amount_minor": abs(gross), "currency": currency, "captured_at": at,
                "host_at": at, "rrn": trade_no, "method": _METHODS.get(method, method.lower()),
                "recorded_by": RECORDED_BY,
            },
            line,
        )  # fmt: skip

    def _check(self, line: int, values: list[str]) -> None:
        """Compare the summary's row with the rows above it."""
        assert self.summary is not None
        stated = dict(zip(self.summary, values, strict=False))
        if self.failed or len(self.amounts) > 1:
            return
        rows = {
            "总交易单数": (self.count, 0),
            "应结订单总金额": (self.owed_minor, 2), "总交易额": (self.owed_minor, 2),
            "退款总金额": (self.refunded_minor, 2), "总退款金额": (self.refunded_minor, 2),
            "手续费总金额": (self.fee_units, 5),
        }  # fmt: skip
        for name, (units, places) in rows.items():
            number(self.out, line, name, units, stated.get(normal_header(name)), places)

    def finish(self) -> None:
        """Say so where the file ends before its summary."""
        if self.summary is None and self.count:
            self.out.warn(
                None, "summary_missing",
                "the bill ends without its summary (总交易单数): it may be cut off; fetch it again",
            )  # fmt: skip


def _card_type(bank: str) -> str | None:
    """Return debit or credit from 付款银行, such as ``ICBC_DEBIT``."""
    tail = bank.rpartition("_")[2].lower()
    return tail if tail in {"debit", "credit"} else None
