"""Every text that people read, in Chinese and English, by one key.

Rules kept here: both languages have the same keys with the same placeholders (a test compares
them), a missing key or value is a broken call and raises, and no text is put together from
halves of sentences, since the halves stand in another order in the other language.
"""

from __future__ import annotations

from typing import Final, Literal, get_args

from daozhang.charts.words_cause_en import ENGLISH_CAUSES
from daozhang.charts.words_cause_zh import CHINESE_CAUSES
from daozhang.charts.words_en import ENGLISH
from daozhang.charts.words_gate_en import ENGLISH_GATE
from daozhang.charts.words_gate_zh import CHINESE_GATE
from daozhang.charts.words_more_en import ENGLISH_MORE
from daozhang.charts.words_more_zh import CHINESE_MORE
from daozhang.charts.words_zh import CHINESE

__all__ = ["LANGS", "WORDS", "Lang", "say"]

Lang = Literal["zh", "en"]

LANGS: Final[tuple[Lang, ...]] = get_args(Lang)
WORDS: Final[dict[Lang, dict[str, str]]] = {
    "zh": CHINESE | CHINESE_MORE | CHINESE_CAUSES | CHINESE_GATE,
    "en": ENGLISH | ENGLISH_MORE | ENGLISH_CAUSES | ENGLISH_GATE,
}


def say(lang: Lang, key: str, **values: object) -> str:
    """Return the text of a key with its values filled in.

    Args:
        lang: ``zh`` or ``en``.
        key: dotted name, e.g. ``status.late``.
        values: what the placeholders stand for, already spoken (money, times, counts).

    Raises:
        KeyError: there is no such language or key, or a placeholder got no value.
    """
    return WORDS[lang][key].format(**values)
