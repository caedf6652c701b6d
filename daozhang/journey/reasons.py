"""What a reason that a provider or bank wrote means, in Chinese, English and codes.

Rules kept here: a reason is free text, so it is recognised by words; the first class whose word
stands in it holds, the more specific classes first. Enumerations are those of WeChat Pay's and
Leshua's payout failures and the ISO 20022 return reasons.
"""

from __future__ import annotations

from typing import Final

__all__ = ["KINDS", "reason_class", "touched"]

_WORDS: Final[tuple[tuple[str, tuple[str, ...]], ...]] = (
    (
        "field",
        (
            "字段", "报文", "格式", "解析", "编码错误", "field", "format", "schema", "parse",
            "mapping", "encoding", "interface", "接口", "mandatory", "unrecognised", "unrecognized",
            "验签", "签名", "signature",
        ),
    ),
    (
        "identity",
        (
            "商户号", "终端号", "无效商户", "未注册", "invalid merchant", "invalid terminal",
            "wrong terminal", "wrong merchant", "terminal not registered", "unknown terminal",
            "terminal_id", "merchant_id", "wrong tid", "wrong mid", "mid/tid",
        ),
    ),
    (
        "repeat",
        ("重复", "duplicate", "sent twice", "double upload", "repeated batch", "re-sent"),
    ),
    (
        "quota",
        (
            "quota", "限额", "超限", "额度", "起付", "起结", "最低", "minimum", "below min",
            "limit", "二类户", "class ii", "cap reached", "carried forward", "carry_forward",
        ),
    ),
    (
        "review",
        (
            "审核", "资料", "核验", "实名", "尽调", "认证", "review", "kyc", "documents",
            "verification",
            "compliance", "五要素", "under check", "onboarding",
        ),
    ),
    (
        "account",
        (
            "户名", "卡号", "账号", "账户", "开户", "销户", "bank_card", "name_not_correct",
            "invalid account", "account closed", "no such account", "incorrect account",
            "account number", "account name", "account_invalid", "account_missing", "wrong account",
            "beneficiary", "ac01", "ac04", "ac06", "be01", "r02", "r03", "r04", "account_frozen",
            "冻结", "frozen", "bank code", "行号", "account field", "account lost", "no account",
        ),
    ),
    (
        "risk",
        (
            "风控", "风险", "可疑", "risk", "fraud", "suspicious", "异常交易", "mcc",
        ),
    ),
    (
        "outage",
        (
            "机房", "故障", "维护", "切换", "outage", "maintenance", "failover", "data centre",
            "data center", "system error", "unavailable", "backlog", "积压", "顺延",
        ),
    ),
)  # fmt: skip

_CODES: Final = {"03": "identity", "97": "identity", "30": "field", "94": "repeat"}
"""Reasons that are an answer of the host (DE 39) and nothing else."""

KINDS: Final[tuple[str, ...]] = tuple(kind for kind, _ in _WORDS)
"""Every class of reasons."""


_TOUCHED: Final = frozenset({"field", "identity", "repeat", "account"})
"""Classes of what a terminal's release sets: message, merchant and terminal id, batch, account."""

_NOT_TOUCHED: Final = ("冻结", "销户", "frozen", "closed")
"""What befalls an account at its bank whatever a terminal sends."""


def reason_class(text: str) -> str:
    """Return the class of a reason; "" where no word of it is known or nothing is written."""
    plain = text.casefold()
    if plain.strip() in _CODES:
        return _CODES[plain.strip()]
    for kind, words in _WORDS:
        if any(word in plain for word in words):
            return kind
    return ""


def touched(text: str) -> bool:
    """Return whether a reason is about something that a terminal's release sets."""
    plain = text.casefold()
    return reason_class(text) in _TOUCHED and not any(word in plain for word in _NOT_TOUCHED)
