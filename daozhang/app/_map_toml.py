"""A mapping profile as TOML text, its guesses marked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from daozhang.app._map_questions import MapQuestion
from daozhang.app.words_start import say_start
from daozhang.charts.guard import clean
from daozhang.formats._toml import toml_text

__all__ = ["profile_text"]


def profile_text(data: Mapping[str, Any], guesses: Iterable[MapQuestion], lang: str) -> str:
    """Return a profile's text.

    Args:
        data: the profile as :func:`tomllib.loads` gives it: texts, lists of texts, whole numbers,
            truth values and tables of these.
        guesses: questions whose proposed answers are in ``data`` unconfirmed.
        lang: ``zh`` or ``en``.
    """
    lines = []
    for question in guesses:
        asked = f"{question.text(lang)} {question.default} ({question.reason(lang)})"
        lines.append("# " + clean(say_start(lang, "mark.guessed", why=asked), 300) + "\n")
    return "".join(lines) + toml_text(data)
