"""What the server says, in both languages; pictures and tables have the words of charts."""

from __future__ import annotations

from typing import Final

from daozhang.server.words_api_en import EN as API_EN
from daozhang.server.words_api_zh import ZH as API_ZH
from daozhang.server.words_en import EN
from daozhang.server.words_files_en import EN as FILES_EN
from daozhang.server.words_files_zh import ZH as FILES_ZH
from daozhang.server.words_money_en import EN as MONEY_EN
from daozhang.server.words_money_zh import ZH as MONEY_ZH
from daozhang.server.words_people_en import EN as PEOPLE_EN
from daozhang.server.words_people_zh import ZH as PEOPLE_ZH
from daozhang.server.words_zh import ZH

__all__ = ["WORDS", "say"]

WORDS: Final = {
    "en": EN | FILES_EN | MONEY_EN | API_EN | PEOPLE_EN,
    "zh": ZH | FILES_ZH | MONEY_ZH | API_ZH | PEOPLE_ZH,
}


def say(lang: str, key: str, **values: object) -> str:
    """Return a text in a language.

    Raises:
        KeyError: there is no such text, or one of its values is missing.
    """
    text = WORDS[lang][key]
    return text.format(**values) if values else text
