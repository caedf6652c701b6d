"""Stripe's words: categories of the balance, states of a payout, and how its amounts are written.

Rules kept here (docs.stripe.com: reporting categories, balance transaction types, currencies):

- A line has a ``reporting_category``; older files and the API also have a ``type``. One table holds
  both. ``charge_failure`` takes a charge back and is a refund; ``refund_failure`` brings a refund
  back and is an adjustment, since no second refund took place.
- A payout that is ``pending`` or ``in_transit`` has left the balance, as one that is ``paid``
  has: all three are sent, and whether the money arrived the bank's statement says. So an export
  of Monday and one of Tuesday state the same fact.
- A Dashboard that is set to a continental language writes decimal commas. Stripe groups no
  thousands, so a comma is taken as a grouping mark only where it cannot be a decimal one.
- The API counts in the smallest unit, save for three currencies that it scales in its own way.
"""

from __future__ import annotations

from typing import Final

from daozhang.formats._rows import RowError
from daozhang.formats._values import Amounts, currency_code
from daozhang.money import CURRENCIES

__all__ = [
    "PAYOUTS",
    "PAYOUT_REVERSALS",
    "PROVIDER",
    "STANDINGS",
    "StripeAmounts",
    "category_word",
    "channel_of",
    "kind_of",
    "minor_of",
]

PROVIDER: Final = "stripe"
PAYOUTS: Final = frozenset({"payout"})
PAYOUT_REVERSALS: Final = frozenset(
    {"payout_reversal", "payout_failure", "payout_cancel", "payout_canceled"}
)
STANDINGS: Final = {
    "paid": "sent", "in_transit": "sent", "pending": "sent", "sent": "sent", "succeeded": "sent",
    "": "sent", "failed": "returned", "canceled": "returned", "cancelled": "returned",
}  # fmt: skip
"""What a payout's state means here; words are as :func:`category_word` gives them."""

_WORDS: Final = {
    "sale": "charge payment",
    "refund": "refund payment_refund partial_capture_reversal charge_failure payment_reversal "
    "payment_failure_refund",
    "fee": "fee stripe_fee stripe_fx_fee network_cost network_costs platform_fee fee_refund "
    "fee_credit_funding",
    "tax": "tax tax_fee stripe_fee_tax",
    "dispute": "dispute dispute_reversal",
    "reserve": "risk_reserved_funds reserve_transaction reserved_funds reserve_hold reserve_release "
    "connect_reserved_funds payment_network_reserved_funds payment_network_reserve_hold "
    "payment_network_reserve_release minimum_balance_hold",
    "adjustment": "adjustment other_adjustment refund_failure transfer transfer_reversal "
    "transfer_refund transfer_cancel transfer_failure topup topup_reversal advance advance_funding "
    "anticipation_repayment application_fee application_fee_refund platform_earning "
    "platform_earning_refund balance_transfer_inbound balance_transfer_outbound "
    "balance_payment_debit balance_payment_debit_reversal climate_order_purchase "
    "climate_order_refund connect_collection_transfer contribution currency_conversion "
    "financing_paydown financing_paydown_reversal financing_payout financing_payout_reversal "
    "inbound_transfer inbound_transfer_reversal issuing_authorization_hold "
    "issuing_authorization_release issuing_dispute issuing_transaction obligation_inbound "
    "obligation_outbound obligation_payout obligation_payout_failure obligation_reversal_inbound "
    "obligation_reversal_outbound outbound_payment outbound_transfer payment_unreconciled "
    "stripe_balance_payment_debit stripe_balance_payment_debit_reversal "
    "unreconciled_customer_funds validation",
}
_KINDS: Final = {word: kind for kind, words in _WORDS.items() for word in words.split()}
_DISPUTES: Final = ("dp_", "du_")
_WALLETS: Final = {
    "": "card", "card_present": "card", "interac_present": "card", "link": "card",
    "wechat_pay": "wechat",
}  # fmt: skip
_API_ZERO: Final = frozenset({"MGA"})
_API_HUNDREDTHS: Final = frozenset({"ISK", "UGX"})
_DIGITS_AFTER: Final = 3


def category_word(text: str) -> str:
    """Return a category, a type or a state as the tables here have it: ``stripe_fee``."""
    return text.strip().lower().replace(" ", "_")


def kind_of(category: str, net: int, source: str) -> str | None:
    """Return the kind of a line, or None for a category that is not known.

    Args:
        category: as :func:`category_word` gives it.
        net: what the line adds to the balance, in minor units.
        source: id of what it is about; a dispute's tells an adjustment of older files apart.
    """
    kind = _KINDS.get(category)
    if kind == "adjustment" and category.endswith("adjustment") and source.startswith(_DISPUTES):
        kind = "dispute"
    if kind == "dispute":
        return "chargeback_reversal" if category.endswith("reversal") or net > 0 else "chargeback"
    if kind == "reserve":
        return "reserve_hold" if net < 0 else "reserve_release"
    return kind


def channel_of(method: str) -> str:
    """Return the channel of a payment method's type; an empty one is taken as a card."""
    return _WALLETS.get(method, method)


class StripeAmounts(Amounts):
    """Reads amounts in major units of one currency, with a decimal point or a decimal comma."""

    def __init__(self, currency: str) -> None:
        """Take the code, whatever its case.

        Raises:
            RowError: it is not an ISO 4217 code.
        """
        super().__init__(currency_code(currency))
        self._thousandths = CURRENCIES[self.currency] == _DIGITS_AFTER
        self._comma = Amounts(self.currency, decimal=",", group=".")

    def _parse(self, text: str) -> int:
        if "," in text and self._is_decimal(text):
            return self._comma(text)
        return super()._parse(text)

    def _is_decimal(self, text: str) -> bool:
        place = text.rfind(",")
        if "." in text:
            return place > text.rfind(".")
        after = sum(char.isdigit() for char in text[place:])
        return text.count(",") == 1 and (after != _DIGITS_AFTER or self._thousandths)


def minor_of(units: int, currency: str) -> int:
    """Return the ISO minor units of an amount that the API states.

    Its amounts in ISK and UGX have two decimals that are always 0, those in MGA have none.

    Raises:
        RowError: the decimals of such a currency are not 0.
    """
    if currency in _API_ZERO:
        return units * 100
    if currency not in _API_HUNDREDTHS:
        return units
    whole, rest = divmod(abs(units), 100)
    if rest:
        raise RowError(
            "amount_unreadable", f"the amount {units} of {currency} is not a multiple of 100"
        )
    return -whole if units < 0 else whole
