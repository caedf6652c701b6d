"""What ``init`` and ``map`` say, in Chinese and English, by one key.

Rules kept here: both languages have the same keys with the same placeholders (a test compares
them); whole sentences only. ``why.*`` are reasons, short enough for a comment in ``terms.toml``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from daozhang.app._words_map_en import ENGLISH_TABLES
from daozhang.app._words_map_zh import CHINESE_TABLES
from daozhang.app._words_start_en import ENGLISH
from daozhang.app._words_start_zh import CHINESE
from daozhang.charts.guard import clean
from daozhang.facts import Problem

__all__ = ["LANGS", "START_WORDS", "CannotStartError", "Said", "say_start"]

START_WORDS: Final[dict[str, dict[str, str]]] = {
    "zh": CHINESE | CHINESE_TABLES,
    "en": ENGLISH | ENGLISH_TABLES,
}
LANGS: Final = tuple(START_WORDS)
_PROBLEM_MAX: Final = 300


@dataclass(frozen=True, slots=True)
class Said:
    """Something to be said in the language of whoever reads it: a key and its values."""

    key: str
    values: Mapping[str, object] = field(default_factory=dict)

    def in_(self, lang: str) -> str:
        """Return the text; values that can be said in a language are said in it."""
        values = {name: _spoken(value, lang) for name, value in self.values.items()}
        return say_start(lang, self.key, **values)


def _spoken(value: object, lang: str) -> object:
    if isinstance(value, Said):
        return value.in_(lang)
    # A problem quotes a file, so control characters in it are made visible.
    return clean(value.said(lang), _PROBLEM_MAX) if isinstance(value, Problem) else value


def say_start(lang: str, key: str, **values: object) -> str:
    """Return the text of a key with its values filled in.

    Raises:
        KeyError: there is no such language or key, or a placeholder got no value.
    """
    return START_WORDS[lang][key].format(**values)


class CannotStartError(Exception):
    """There is nothing that ``init`` or ``map`` could work on; one sentence says what to do."""

    def __init__(self, said: Said) -> None:
        """Keep the sentence; ``str()`` is the English one."""
        super().__init__(said.in_("en"))
        self.said = said
