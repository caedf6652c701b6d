"""The words by which a till's or provider's columns, kinds, states and tenders are known.

Each role lists names of columns, the likeliest first, parted by ``;``. English names are compared
by whole words, Chinese ones as parts of a heading.
"""

from __future__ import annotations

from typing import Final

__all__ = [
    "CARD_COLUMNS", "CHANNELS", "EVIDENCE", "KINDS", "NO_MONEY_ROLE", "ROLES", "SKIP", "STATES",
    "TAKING",
]  # fmt: skip

SKIP: Final = "skip"
"""What a word means whose rows are left out."""

TAKING: Final = frozenset({"refund", "chargeback", "fee", "tax", "reserve_hold"})
"""Kinds of settlement lines that take money where the file writes no minus."""

ROLES: Final[dict[str, dict[str, str]]] = {
    "settlements": {
        "payout_id": "结算批次号;打款单号;打款批次号;打款编号;出款单号;划款单号;划款流水号;结算单号;"
        "结算批次;payout id;payout reference;payout number;payout;settlement id;settlement batch;"
        "settlement reference;transfer id;deposit id;batch id",
        "line_id": "交易单号;平台单号;平台订单号;系统流水号;交易流水号;支付单号;流水号;transaction id;"
        "balance transaction;txn id;trx id;transaction reference;transaction number;psp reference;"
        "payment id;id",
        "ref": "检索参考号;参考号;商户订单号;商户单号;订单编号;订单号;merchant reference;"
        "merchant order;order id;order number;order no;order reference;order;retrieval reference;"
        "rrn;invoice number;invoice;reference;ref;receipt",
        "cleared_at": "清算时间;清算日期;结算时间;结算日期;入账日期;settlement date;settled at;"
        "settled on;settled;cleared at;clearing date;processed at;processing date;交易时间;交易日期;"
        "完成时间;支付时间;transaction date;transaction time;created at;created;posting date;"
        "date time;datetime;timestamp;date;time;日期;时间",
        "fee_minor": "手续费金额;交易手续费;商户手续费;手续费;服务费;佣金;processing fee;"
        "transaction fee;total fee;fees;fee;commission;mdr;service charge;charges",
        "net_minor": "结算金额;清算金额;应结金额;入账金额;到账金额;净额;实收金额;net amount;net;"
        "settlement amount;settled amount;amount payable;payable;payout amount",
        "gross_minor": "交易金额;订单金额;消费金额;支付金额;原始金额;交易总额;gross amount;gross;"
        "transaction amount;sale amount;charge amount;original amount;amount;total;金额",
        "tax_minor": "税额;税费;税金;fee tax;fee vat;tax;vat;gst",
        "reserve_minor": "保证金;rolling reserve;reserve;holdback",
        "kind": "交易类型;业务类型;交易种类;类型;transaction type;record type;event type;type;category;"
        "kind",
        "status": "交易状态;结算状态;支付状态;状态;status;state;outcome",
        "terminal_id": "终端号;终端编号;设备号;机具号;终端;terminal id;terminal number;terminal;tid;"
        "device id;device",
        "merchant_id": "商户号;商户编号;商户代码;merchant id;merchant number;merchant account;"
        "merchant code;mid",
        "provider_id": "收单机构;支付机构;服务商;acquirer;provider;processor;psp;gateway",
        "currency": "币种;货币;currency code;currency;ccy",
        "reason": "失败原因;原因;failure reason;reason",
    },
    "sales": {
        "original_sale_id": "原订单号;原交易单号;原单号;original order;original transaction;"
        "original sale;original receipt;refund of",
        "sale_id": "销售单号;小票号;订单编号;订单号;交易单号;流水号;单号;sale id;receipt number;"
        "receipt no;receipt id;receipt;order id;order number;order no;transaction id;"
        "transaction number;ticket number;ticket;invoice number;invoice;id",
        "captured_at": "交易时间;支付时间;付款时间;销售时间;下单时间;完成时间;交易日期;销售日期;"
        "transaction time;transaction date;sale date;sale time;sold at;paid at;captured at;"
        "created at;created;date time;datetime;timestamp;date;time;日期;时间",
        "amount_minor": "实收金额;实付金额;支付金额;交易金额;消费金额;应收金额;订单金额;销售金额;"
        "total amount;grand total;amount paid;total paid;total;sale amount;amount;gross sales;gross;"
        "金额;实收",
        "kind": "交易类型;业务类型;交易种类;类型;transaction type;sale type;type;kind",
        "status": "交易状态;支付状态;订单状态;状态;status;state;outcome",
        "channel": "支付方式;付款方式;支付渠道;支付类型;交易渠道;payment method;payment type;tender type;"
        "tender;paid by;method;channel;card brand;brand;scheme",
        "terminal_id": "终端号;终端编号;设备号;机具号;收银机号;收银机;款台号;款台;终端;terminal id;"
        "terminal number;terminal;tid;register;till;pos;device",
        "merchant_id": "商户号;商户编号;商户代码;merchant id;merchant number;merchant account;mid",
        "store_id": "门店编号;门店号;门店;店铺;store id;store;branch;location;outlet;shop",
        "provider_id": "收单机构;支付机构;服务商;acquirer;provider;processor;psp;gateway",
        "batch_no": "批次号;batch number;batch no;batch",
        "trace_no": "凭证号;trace number;trace no;stan",
        "rrn": "检索参考号;参考号;rrn;retrieval reference",
        "currency": "币种;货币;currency code;currency;ccy",
    },
    "payouts": {
        "payout_id": "打款单号;打款批次号;打款编号;打款流水号;出款单号;划款单号;划款流水号;提现单号;"
        "结算批次号;结算单号;批次号;payout id;payout reference;payout number;payout;transfer id;"
        "transfer reference;withdrawal id;deposit id;settlement id;batch id;流水号;单号;reference;id",
        "net_minor": "打款金额;出款金额;划款金额;提现金额;到账金额;结算金额;净额;payout amount;"
        "net amount;net;amount paid;amount;total;金额",
        "paid_out_at": "打款时间;打款日期;出款时间;出款日期;划款时间;划款日期;提现时间;到账时间;"
        "到账日期;付款日期;payout date;paid out at;paid at;sent at;transfer date;arrival date;"
        "deposit date;initiated;created at;created;date;time;日期;时间",
        "status": "打款状态;出款状态;划款状态;提现状态;状态;status;state;outcome",
        "account_id": "收款账号;收款账户;收款卡号;银行账号;到账账户;结算账户;bank account;"
        "destination account;destination;account number;account;iban",
        "merchant_id": "商户号;商户编号;商户代码;merchant id;merchant number;merchant account;mid",
        "provider_id": "支付机构;服务商;acquirer;provider;processor;psp;gateway",
        "reason": "失败原因;退回原因;原因;failure reason;failure message;reason;备注;note",
        "currency": "币种;货币;currency code;currency;ccy",
    },
}  # fmt: skip

CARD_COLUMNS: Final = "卡号;card number;card no;pan;card"
"""Columns that hold cards; nothing is made of them."""

NO_MONEY_ROLE: Final = "率;优惠;折扣;退款金额;已退;积分;rate;percent;discount;discounts;tip;subtotal;refunded;quantity;qty;unit"
"""What a column of money is not, though its name holds a word for money."""

EVIDENCE: Final[dict[str, dict[str, int]]] = {
    "credits": {
        "余额;balance": 3,
        "对方户名;对方账号;对方名称;对手信息;counterparty;payee;payer": 2,
        "借贷;收/支;收支;借方;贷方;debit;credit": 2,
        "iban;bic;kontostand;solde;saldo;buchungstag;buchungstext;verwendungszweck": 2,
        "摘要;附言;用途;description;purpose;remittance;memo;details": 1,
        "记账;起息日;booking;booked;posting;posted;value date": 1,
    },
    "sales": {
        "小票;收银;款台;销售;receipt;cashier;till;register;sale;ticket": 2,
        "支付方式;付款方式;tender;payment method;paid by": 2,
        "终端;设备号;terminal;tid;pos": 1,
        "门店;店铺;store;branch;location;shop": 1,
        "商品;sku;item;items;tip;subtotal": 1,
        "折扣;discount;discounts;net sales": 3,
    },
    "payouts": {
        "打款;出款;划款;提现;payout;transfer;withdrawal;deposit": 3,
        "收款账;收款卡;银行账号;到账;结算账户;bank account;destination;arrival": 2,
        "状态;status": 1,
    },
    "settlements": {
        "结算;清算;settlement;settled;cleared;clearing": 1,
        "打款单号;结算批次;payout id;settlement id;batch id;payout": 1,
        "终端;terminal": 1,
        "交易类型;transaction type;type": 1,
    },
}
"""What headings speak for which table, and how strongly."""

KINDS: Final[dict[str, dict[str, str]]] = {
    "settlements": {
        "refund": "退款;退货;消费撤销;撤销;冲正;refund;return;refunded;void;reversal",
        "chargeback_reversal": "拒付撤销;chargeback reversal;dispute won;chargeback reversed",
        "chargeback": "拒付;争议;chargeback;dispute",
        "reserve_hold": "保证金冻结;reserve hold;reserve",
        "reserve_release": "保证金释放;reserve release",
        "adjustment": "调账;调整;差错;adjustment;correction",
        "fee": "手续费;服务费;月费;fee;service fee;fees",
        "tax": "税;tax",
        SKIP: "提现;打款;出款;划款;payout;withdrawal;transfer",
        "sale": "消费;支付;付款;收款;销售;交易;扫码支付;刷卡;sale;payment;charge;purchase;capture;"
        "settled;order",
    },
    "sales": {
        "completion": "预授权完成;completion;preauth completion;auth completion",
        "preauth": "预授权;preauth;pre auth;authorization;authorisation",
        "refund": "退款;退货;refund;return;refunded",
        "void": "消费撤销;撤销;作废;void;voided;cancel;cancelled;cancellation",
        "reversal": "冲正;reversal",
        "adjustment": "调整;adjustment;tip adjustment",
        "sale": "消费;支付;付款;收款;销售;交易;扫码支付;刷卡;sale;payment;charge;purchase",
    },
}  # fmt: skip

_FAILED: Final = "失败;关闭;已关闭;未支付;待支付;取消;已取消;failed;declined;canceled;cancelled;expired;unpaid;error"
STATES: Final[dict[str, dict[str, str]]] = {
    "settlements": {
        "settled": "成功;已结算;已清算;已完成;完成;已到账;交易成功;支付成功;settled;success;succeeded;"
        "successful;completed;complete;paid;cleared;available;approved",
        "held": "冻结;暂缓;待结算;未结算;处理中;held;on hold;pending;reserved;processing",
        "rejected": "拒绝;退回;rejected;returned",
        SKIP: _FAILED,
    },
    "sales": {
        "keep": "成功;已支付;支付成功;交易成功;已完成;完成;已退款;success;succeeded;successful;completed;"
        "complete;paid;approved;captured;refunded;closed",
        SKIP: _FAILED,
    },
    "payouts": {
        "sent": "成功;已打款;已出款;打款成功;出款成功;划款成功;已到账;已完成;sent;paid;paid out;success;"
        "succeeded;successful;completed;complete;deposited;arrived",
        "returned": "退回;退票;打款失败;失败;returned;failed;bounced;reversed;rejected",
        "held": "冻结;暂缓;处理中;待打款;held;on hold;pending;processing;scheduled;in transit",
        SKIP: "取消;已取消;canceled;cancelled",
    },
}  # fmt: skip

CHANNELS: Final = {
    "cash": "现金;cash",
    "unionpay_qr": "云闪付;银联扫码;银联二维码;unionpay qr",
    "wechat": "微信;微信支付;wechat;wechat pay;wxpay",
    "alipay": "支付宝;alipay",
    "ecny": "数字人民币;ecny;e cny",
    "paypal": "paypal",
    "card": "银行卡;刷卡;信用卡;借记卡;贷记卡;银联卡;储蓄卡;card;credit card;debit card;visa;"
    "mastercard;master card;amex;american express;credit;debit;unionpay;maestro;discover;jcb",
}
"""Ways to pay; what is paid in cash passes no provider."""
