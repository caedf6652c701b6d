"""What Adyen calls its kinds of settlement line and its payment methods, in our words."""

from __future__ import annotations

import functools
from typing import Final

__all__ = ["PAID", "kind_of", "paid_with", "plain_type"]

PAID: Final = frozenset({"merchantpayout", "paidout"})
"""Types of the rows that pay a batch out, in lower case."""

# In lower case without blanks. A reserve is held or released by its sign.
_KINDS: Final = {
    "settled": "sale", "settledexternally": "sale", "settledininstallments": "sale",
    "settledbulk": "sale", "refunded": "refund", "refundedexternally": "refund",
    "refundedininstallments": "refund", "refundedbulk": "refund",
    "refundedwithdata": "refund", "refundedreversed": "refund", "refundreversed": "refund",
    "chargeback": "chargeback", "secondchargeback": "chargeback",
    "chargebackexternally": "chargeback", "chargebackexternallywithinfo": "chargeback",
    "chargebackbulk": "chargeback", "chargebackreversed": "chargeback_reversal",
    "chargebackreversedexternally": "chargeback_reversal",
    "chargebackreversedexternallywithinfo": "chargeback_reversal",
    "fee": "fee", "misccosts": "fee", "paymentcost": "fee", "invoicededuction": "fee",
    "advancementcommissions": "fee", "processingfee": "fee",
    "balancetransfer": "carry_forward",
    "depositcorrection": "reserve", "reserveadjustment": "reserve", "deposit": "reserve",
    "settledreversed": "adjustment", "manualcorrected": "adjustment",
    "matchedstatement": "adjustment", "bankinstructionreturned": "adjustment",
    "internalcompanypayout": "adjustment", "internalmerchantpayout": "adjustment",
    "internaltransfer": "adjustment", "epapaid": "adjustment", "advancement": "adjustment",
    "merchantpayin": "adjustment", "merchantpayoutreversed": "adjustment",
    "paidoutreversed": "adjustment", "payoutreversed": "adjustment",
}  # fmt: skip

_CARDS: Final = frozenset(
    {
        "accel", "amex", "argencard", "bcmc", "cabal", "cartebancaire", "codensa", "cup", "dankort",
        "diners", "discover", "electron", "elo", "girocard", "hiper", "hipercard", "interac", "jcb",
        "maestro", "maestrouk", "mc", "mir", "naranja", "nyce", "oasis", "pulse", "shazam", "star",
        "uatp", "visa", "visadankort", "vpay", "eftpos",
    }
)  # fmt: skip
_WALLETS: Final = (("alipay", "alipay"), ("wechatpay", "wechat"), ("unionpayqr", "unionpay_qr"))


@functools.lru_cache(maxsize=1024)
def plain_type(text: str) -> str:
    """Return Adyen's type in lower case, without blanks, as the functions here take it."""
    return text.replace(" ", "").lower()


def kind_of(type_: str, net: int) -> str | None:
    """Return the kind of a settlement line; None: the type is not known.

    Args:
        type_: Adyen's type in lower case, without blanks.
        net: the line's net in minor units; its sign tells a hold from a release.
    """
    kind = _KINDS.get(type_)
    if kind == "reserve":
        return "reserve_hold" if net < 0 else "reserve_release"
    return kind


@functools.lru_cache(maxsize=1024)
def paid_with(method: str) -> tuple[str, str | None]:
    """Return the channel and the card's type of a payment method such as ``mc_applepay``."""
    plain = method.lower()
    for start, channel in _WALLETS:
        if plain.startswith(start):
            return channel, None
    brand = plain.removesuffix("_applepay").removesuffix("_googlepay").removesuffix("_samsungpay")
    if not plain or brand in _CARDS or brand.partition("_")[0] in _CARDS:
        return "card", method or None
    return plain, None
