"""Card numbers that strayed into free text are cut short, never kept and never refused.

Rule kept here (PCI DSS 3.4.1: show no more than the first six and the last four digits): a run of
13 to 19 digits, written together or in groups, that begins as a card network's numbers begin, has
that network's length and passes the Luhn check (ISO/IEC 7812-1 annex B) becomes
``first6******last4``. Digits may be full-width, as Chinese input methods write them, and groups may
be parted by whatever people and exports put between them. Identifier columns are left alone:
shortening one would break a match.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["FREE_TEXT", "SUSPECT", "has_card_number", "shorten_cards"]

FREE_TEXT: Final = frozenset(
    {"reason", "ref", "counterparty", "who", "what", "before", "after", "text", "purpose"}
)
"""Known text columns that people or banks fill in freely; every unknown extra column counts too.

``settlements.ref`` holds a sale's key and is excepted by :func:`daozhang.store.rules.is_free`."""

_BETWEEN: Final = "[ ./_\u00a0\u00b7\u2000-\u200d\u2010-\u2015\u202f\u2060\u3000\ufeff\\t-]?"
"""What may stand between two digits: blanks and dashes of every width, dots, strokes."""

SUSPECT: Final = f"[0-9\uff10-\uff19](?:{_BETWEEN}[0-9\uff10-\uff19]){{12}}"
"""What every card number contains, in the syntax that Python and DuckDB (RE2) share."""

_RUN: Final = re.compile(
    f"(?<![0-9\uff10-\uff19])[0-9\uff10-\uff19](?:{_BETWEEN}[0-9\uff10-\uff19]){{12,18}}"
    "(?![0-9\uff10-\uff19])"
)
_PLAIN: Final = str.maketrans({0xFF10 + digit: str(digit) for digit in range(10)})
# Prefix and lengths of the networks' numbers (ISO/IEC 7812 issuer ranges in use).
_NETWORKS: Final = (
    (re.compile(r"4"), {13, 16, 19}),
    (re.compile(r"5[1-5]|222[1-9]|22[3-9]|2[3-6]|27[01]|2720"), {16}),
    (re.compile(r"62|81"), {16, 17, 18, 19}),
    (re.compile(r"3[47]"), {15}),
    (re.compile(r"35(2[89]|[3-8])"), {16, 17, 18, 19}),
    (re.compile(r"30[0-5]|3[689]"), {14, 16, 19}),
    (re.compile(r"6011|64[4-9]|65"), {16, 19}),
    (re.compile(r"220[0-4]"), {16, 17, 18, 19}),
)


def _luhn(digits: str) -> bool:
    """Say whether the digits pass the Luhn check."""
    total = 0
    for place, digit in enumerate(reversed(digits)):
        value = int(digit) * (2 if place % 2 else 1)
        total += value - 9 if value > 9 else value  # noqa: PLR2004 - a digit's greatest value
    return total % 10 == 0


def _is_card(digits: str) -> bool:
    """Say whether the digits are a card network's number."""
    known = any(len(digits) in lengths and start.match(digits) for start, lengths in _NETWORKS)
    return known and _luhn(digits)


def has_card_number(text: str) -> bool:
    """Say whether the text holds what looks like a whole card number."""
    return shorten_cards(text) != text


def shorten_cards(text: str) -> str:
    """Return the text with every card-like number as ``first6******last4``.

    Args:
        text: any text; what is not card-like stays as it is.
    """

    def short(match: re.Match[str]) -> str:
        digits = re.sub("[^0-9]", "", match[0].translate(_PLAIN))
        return f"{digits[:6]}******{digits[-4:]}" if _is_card(digits) else match[0]

    return _RUN.sub(short, text)
