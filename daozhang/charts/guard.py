"""What a user's file says is shown as text and can do nothing else.

Rules kept here: control characters, line breaks and marks that turn the reading direction are
shown as a replacement character, whole card numbers are cut short (PCI DSS 3.4.1), and a text
longer than a cell can hold ends in an ellipsis. Escaping for HTML is the template's work.
"""

from __future__ import annotations

import unicodedata
from typing import Final

from daozhang.formats.privacy import truncate_cards

__all__ = ["TEXT_MAX", "clean", "width_of"]

TEXT_MAX: Final = 160
"""Most characters of one text from a file that are shown."""

# Cc: control characters (escape sequences for terminals among them); Cf: format characters, which
# can reverse or hide text; Cs: halves of a surrogate pair, which UTF-8 cannot hold; Zl/Zp: breaks.
_HIDDEN: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})


def clean(text: object, limit: int = TEXT_MAX) -> str:
    """Return a text from a file so that it can be shown: visible, short, without card numbers."""
    shown = "".join(
        "\ufffd" if unicodedata.category(char) in _HIDDEN else char
        for char in str(text)[: limit * 4]
    )
    shown = truncate_cards(shown)
    return shown if len(shown) <= limit else shown[: limit - 1] + "…"


def width_of(text: str) -> int:
    """Return how many half-width columns a text takes: a Chinese character takes two."""
    return sum(2 if unicodedata.east_asian_width(char) in "WF" else 1 for char in text)
