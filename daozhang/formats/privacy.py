"""Card numbers never leave a reader whole: the first six and last four digits are what remains.

PCI DSS requirement 3.4.1 lets the first six and last four digits be shown. A run of digits counts
as a card number when it is 13 to 19 digits long, begins like one (:data:`_PREFIX`) and passes the
Luhn check, and when it stands alone: digits inside a longer token (an IBAN, ``INV-4111…``, an
order number of 28 digits) belong to an id that payouts are found by and are left as they are.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["is_card_number", "may_hold_card_number", "proves_card_number", "truncate_cards"]

_RUN: Final = re.compile(
    r"(?<![0-9A-Za-z_*-])(?<![0-9][./])"
    r"(?:[0-9]{13,19}|[0-9]{4}([ -])[0-9]{4}\1[0-9]{4}\1[0-9]{1,4}(?:\1[0-9]{1,3})?)"
    r"(?![0-9A-Za-z_*]|-[0-9A-Za-z]|[./][0-9])"
)
# ISO/IEC 7812 issuer ranges: Visa, Mastercard, American Express, Diners, JCB, Discover, Maestro,
# UnionPay, and the 9-series that Chinese banks issued before UnionPay's 62.
_PREFIX: Final = re.compile(r"4|5[0-8]|2(?:22[1-9]|2[3-9]|[3-6]|7[01]|720)|3[0-9]|6[0-9]|81|9[05]")
# What networks issue today, with the lengths of their numbers (Visa; Mastercard; UnionPay, Mir and
# JCB; American Express; Diners; Discover): an id must look like this to be taken for a card number.
_ISSUED: Final = re.compile(
    r"4[0-9]{12}(?:[0-9]{3}){0,2}"
    r"|(?:5[1-5][0-9]{2}|222[1-9]|22[3-9][0-9]|2[3-6][0-9]{2}|27[01][0-9]|2720)[0-9]{12}"
    r"|(?:(?:62|81)[0-9]{2}|220[0-4]|35(?:2[89]|[3-8][0-9]))[0-9]{12,15}"
    r"|3[47][0-9]{13}"
    r"|(?:30[0-5]|3[689][0-9])[0-9](?:[0-9]{10}|[0-9]{12}|[0-9]{15})"
    r"|(?:6011|64[4-9][0-9]|65[0-9]{2})(?:[0-9]{12}|[0-9]{15})"
)
_DOUBLED: Final = (0, 2, 4, 6, 8, 1, 3, 5, 7, 9)
_DIGIT, _JOINER, _GAP = b"0a "
# What each byte is when a text is only looked over: a digit, what joins digits to a word, a gap.
_LOOKS: Final = bytes(
    _DIGIT if chr(byte) in "0123456789"
    else _JOINER if chr(byte) in "_*-" or (chr(byte).isascii() and chr(byte).isalpha())
    else _GAP
    for byte in range(256)
)  # fmt: skip
_WRITTEN: Final = b" 0000000000000"
_SPACED: Final = b" 0000 0000 0000 0"
_HYPHENED: Final = b" 0000a0000a0000a0"
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


def may_hold_card_number(text: str) -> bool:
    """Say, at little cost, whether a text has thirteen digits and more behind a gap."""
    look = b" " + text.encode(errors="replace").translate(_LOOKS)
    return _WRITTEN in look or _SPACED in look or _HYPHENED in look


def proves_card_number(text: str) -> bool | None:
    """Say whether a number that looks like a network's card number passes the Luhn check.

    None: the text holds no such number. Of several, one that passes is enough.
    """
    if text.isascii() and text.isdigit():
        return is_card_number(text) if _ISSUED.fullmatch(text) else None
    verdict = None
    for match in _RUN.finditer(text):
        digits = match[0].replace(match[1], "") if match[1] else match[0]
        if _ISSUED.fullmatch(digits):
            verdict = verdict or is_card_number(digits)
    return verdict


def _truncated(match: re.Match[str]) -> str:
    """Return what may be kept of one run."""
    run = match[0]
    digits = run.replace(match[1], "") if match[1] else run
    return f"{digits[:6]}******{digits[-4:]}" if is_card_number(digits) else run


def truncate_cards(text: str) -> str:
    """Return the text with every card number cut to ``first6******last4``.

    Meant for free text (remittance, names, descriptions). Ids that look like card numbers are
    judged by the column, in :mod:`daozhang.formats._card_ids`.
    """
    if len(text) > 12 and may_hold_card_number(text):  # noqa: PLR2004 (13 digits)
        return _RUN.sub(_truncated, text)
    return text
