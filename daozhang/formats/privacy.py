"""Card numbers never leave a reader whole: the first six and last four digits are what remains.

PCI DSS requirement 3.4.1 lets the first six and last four digits be shown. A run of digits counts
as a card number when it is 13 to 19 digits long, begins like one (:data:`_PREFIX`) and passes the
Luhn check, and when it stands alone: digits inside a longer token (an IBAN, ``INV-4111…``, an
order number of 28 digits) belong to an id that payouts are found by and are left as they are.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_card_number", "truncate_cards"]

_RUN: Final = re.compile(
    r"(?<![0-9A-Za-z_*-])(?<![0-9][./])"
    r"(?:[0-9]{13,19}|[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{1,4}(?:\1[0-9]{1,3})?)"
    r"(?![0-9A-Za-z_*]|-[0-9A-Za-z]|[./][0-9])"
)
# ISO/IEC 7812 issuer ranges: Visa, Mastercard, American Express, Diners, JCB, Discover, Maestro,
# UnionPay, and the 9-series that Chinese banks issued before UnionPay's 62.
_PREFIX: Final = re.compile(r"4|5[0-8]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[0-9]|6[0-9]|9[05]")
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_ASCII_ZERO: Final = ord("0")


def is_card_number(digits: str) -> bool:
    """Say whether 13 to 19 ASCII digits begin like a card number and pass the Luhn check."""
    if _PREFIX.match(digits) is None or len(set(digits)) == 1:
        return False
    total = 0
    for place, char in enumerate(reversed(digits)):
        digit = ord(char) - _ASCII_ZERO
        total += _DOUBLED[digit] if place % 2 else digit
    return total % 10 == 0


def _truncated(match: re.Match[str]) -> str:
    """Return what may be kept of one run."""
    run = match[0]
    digits = run.replace(match[1], "") if match[1] else run
    return f"{digits[:6]}******{digits[-4:]}" if is_card_number(digits) else run


def truncate_cards(text: str) -> str:
    """Return the text with every card number cut to ``first6******last4``.

    Meant for free text (remittance, names, descriptions), not for columns that hold ids.
    """
    return _RUN.sub(_truncated, text) if len(text) > 12 else text  # noqa: PLR2004 (13 digits)
