"""Which digits are a card number, and the one rule for every sentence that quotes a file."""

from __future__ import annotations

import re
from typing import Final

__all__ = ["hide_card_numbers", "is_card_number"]

# ISO/IEC 7812 issuer ranges: Visa, Mastercard, American Express, Diners, JCB, Discover, Maestro,
# UnionPay, and the 9-series that Chinese banks issued before UnionPay's 62.
_PREFIX: Final = re.compile(r"4|5[0-8]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[0-9]|6[0-9]|81|9[05]")
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_ASCII_ZERO: Final = ord("0")
_DIGITS: Final = re.compile(r"(?<![0-9])[0-9](?:[ -]?[0-9]){12,18}(?![0-9])", re.ASCII)


def is_card_number(digits: str) -> bool:
    """Say whether 13 to 19 ASCII digits begin like a card number and pass the Luhn check."""
    if _PREFIX.match(digits) is None or len(set(digits)) == 1:
        return False
    total = 0
    for place, char in enumerate(reversed(digits)):
        digit = ord(char) - _ASCII_ZERO
        total += _DOUBLED[digit] if place % 2 else digit
    return total % 10 == 0


def hide_card_numbers(text: str) -> str:
    """Return a sentence with every card number cut to ``first6******last4``, whatever stands by it.

    An id in a fact is left alone where it only may be a card number; a sentence joins nothing, so
    a sign, a decimal mark or letters beside the digits save none here.
    """
    return _DIGITS.sub(_hidden, text)


def _hidden(match: re.Match[str]) -> str:
    digits = match[0].replace(" ", "").replace("-", "")
    return f"{digits[:6]}******{digits[-4:]}" if is_card_number(digits) else match[0]
