"""What is said of stores' recovery after a release, in Chinese and English."""

from __future__ import annotations

from typing import Final

__all__ = ["WORDS"]

WORDS: Final[dict[str, dict[str, str]]] = {
    "en": {
        "stores": (
            "Back at the level before within {days} days: {passed} stores pass ({alone} of them by "
            "their own numbers alone), {failed} fail, {waiting} not yet. Numbers until {until}."
        ),
        "together": "all stores together",
        "failed": (
            "{store}, {method}, {measure}: {before} before, {after} after ({change}; the margin is "
            "{margin})."
        ),
        "verdict.pass": "pass",
        "verdict.fail": "FAIL",
        "verdict.not yet": "not yet",
        "measure.volume": "sales a day",
        "measure.success": "success rate",
        "measure.lag": "time to money",
        "measure.satisfaction": "satisfaction",
        "level.volume": "{value}",
        "level.success": "{value} %",
        "level.lag": "{value} business days",
        "level.satisfaction": "{value} of 5",
        "change.volume": "{value} %",
        "change.success": "{value} points",
        "change.lag": "{value} days",
        "change.satisfaction": "{value}",
        "method.*": "all methods",
        "method.chip": "chip card",
        "method.swipe": "swiped card",
        "method.contactless": "contactless card",
        "method.qr": "QR code",
        "method.face": "face payment",
        "method.card": "card",
        "method.alipay": "Alipay",
        "method.wechat": "WeChat Pay",
        "method.unionpay_qr": "UnionPay QR",
        "next.volume": (
            "Ring the store: is this way of paying offered on every terminal again? If so, compare "
            "the till's count with the terminals', and put the release before back on one of them."
        ),
        "next.above": (
            "More than before is not as before: look for sales recorded twice (same terminal, same "
            "amount, minutes apart) before you are glad."
        ),
        "next.success": (
            "Sort its failed attempts by response code: codes of keys, format and merchant "
            "parameters are the release's to repair, those of the customer's account are not."
        ),
        "next.lag": (
            "Run check: it says at which leg this store's money stops and whose turn it is. Then "
            "compare its batch and cut-off settings with those before the upgrade."
        ),
        "next.satisfaction": (
            "Read its complaints since the upgrade and ask the cashiers what customers wait for."
        ),
        "why.silent": (
            "{count} not yet: nothing was heard of them since the upgrade, such as {store}. Ring "
            "them: closed, or are the terminals dead?"
        ),
        "why.other_upgrade": (
            "{count} not yet: another release followed within {days} days, such as in {store}. "
            "Judge them by that one."
        ),
        "why.no_past": (
            "{count} not yet: less than {past} days are known before the upgrade, such as of "
            "{store}. Give their earlier sales, or accept them by hand."
        ),
        "why.few_days": (
            "{count} not yet: too few ordinary days so far, such as {store} in {measure}; holidays "
            "and closed days are no measure. Look again after an ordinary week."
        ),
        "why.near": (
            "{count} not yet: the change is too near the margin to say, such as {store} in "
            "{measure} by {method}. More days will tell."
        ),
        "why.wide": (
            "{count} not yet: days differ too much to say so far, such as {store} in {measure} by "
            "{method}. More days will tell."
        ),
        "why.thin": (
            "{count} not yet: too few to judge a store alone, and all stores together are not "
            "shown to be back, such as {store} in {measure} by {method}. More days will tell."
        ),
        "why.too_soon": (
            "{count} not yet: the {days} days are not over, or their money is not due, such as "
            "{store}. Look again then."
        ),
    },
    "zh": {
        "stores": (
            "{days} 天内是否恢复到升级前水平：{passed} 家门店通过（其中 {alone} 家仅凭自身数据），"
            "{failed} 家未恢复，{waiting} 家暂无结论。数据截至 {until}。"
        ),
        "together": "全部门店合计",
        "failed": (
            "{store}，{method}，{measure}：升级前 {before}，升级后 {after}（{change}，容许 {margin}）。"
        ),
        "verdict.pass": "已恢复",
        "verdict.fail": "未恢复",
        "verdict.not yet": "待定",
        "measure.volume": "日均笔数",
        "measure.success": "支付成功率",
        "measure.lag": "到账时长",
        "measure.satisfaction": "顾客满意度",
        "level.volume": "{value} 笔",
        "level.success": "{value}%",
        "level.lag": "{value} 个工作日",
        "level.satisfaction": "{value} 分（满分 5 分）",
        "change.volume": "{value}%",
        "change.success": "{value} 个百分点",
        "change.lag": "{value} 个工作日",
        "change.satisfaction": "{value} 分",
        "method.*": "全部支付方式",
        "method.chip": "插卡",
        "method.swipe": "刷磁条",
        "method.contactless": "挥卡",
        "method.qr": "扫码",
        "method.face": "刷脸支付",
        "method.card": "银行卡",
        "method.alipay": "支付宝",
        "method.wechat": "微信支付",
        "method.unionpay_qr": "银联二维码",
        "next.volume": (
            "请致电门店：每台终端是否都已恢复这种支付方式？若已恢复，核对收银系统与终端的笔数，"
            "并选一台退回原版本对照。"
        ),
        "next.above": "比以前多也不算恢复原样：先查有无重复入账（同终端、同金额、相隔几分钟）。",
        "next.success": (
            "把失败交易按应答码归类：密钥、报文格式、商户参数类由升级方修复，持卡人账户类与升级无关。"
        ),
        "next.lag": "运行 check，看这家店的款停在哪一环、该找谁；再与升级前的结批和日切设置逐项核对。",
        "next.satisfaction": "看升级以来的投诉内容，并问收银员顾客卡在哪一步。",
        "why.silent": (
            "{count} 家待定：升级后毫无音讯，例如 {store}。请致电确认是停业还是终端全部不可用。"
        ),
        "why.other_upgrade": (
            "{count} 家待定：{days} 天内又升级了另一版本，例如 {store}。请按后一版本判断。"
        ),
        "why.no_past": (
            "{count} 家待定：升级前已知不足 {past} 天，例如 {store}。请补充更早的交易，或人工验收。"
        ),
        "why.few_days": (
            "{count} 家待定：平常营业日太少，例如 {store} 的{measure}；节假日和停业日不能作比较。"
            "过完一个平常周再看。"
        ),
        "why.near": (
            "{count} 家待定：变化太接近容许值，例如 {store} 的{method}{measure}。再积累几天可见分晓。"
        ),
        "why.wide": (
            "{count} 家待定：逐日波动太大，例如 {store} 的{method}{measure}。再积累几天可见分晓。"
        ),
        "why.thin": (
            "{count} 家待定：单店笔数太少，而全部门店合计也尚未证明恢复，例如 {store} 的{method}"
            "{measure}。再积累几天可见分晓。"
        ),
        "why.too_soon": ("{count} 家待定：{days} 天未满，或款项尚未到期，例如 {store}。届时再看。"),
    },
}
"""By language and key; methods and reasons are named as the facts and :mod:`daozhang.gate` do."""
