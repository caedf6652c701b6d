"""A mapping profile as TOML text, its guesses marked."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final

from daozhang.app._map_questions import MapQuestion
from daozhang.app.words_start import say_start
from daozhang.charts.guard import clean

__all__ = ["profile_text"]

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


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
        lines.append("# " + clean(say_start(lang, "mark.guessed", why=asked), 300))
    return "\n".join([*lines, *_table(data, ())]) + "\n"


def _table(data: Mapping[str, Any], path: tuple[str, ...]) -> list[str]:
    plain = [
        f"{_key(name)} = {_value(value)}"
        for name, value in data.items()
        if not isinstance(value, Mapping)
    ]
    inner = [(name, value) for name, value in data.items() if isinstance(value, Mapping)]
    lines = []
    if path and (plain or not inner):
        lines += ["", f"[{'.'.join(map(_key, path))}]"]
    lines += plain
    for name, value in inner:
        lines += _table(value, (*path, name))
    return lines


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else _value(name)


def _value(value: object) -> str:
    if isinstance(value, list):
        return "[" + ", ".join(_value(part) for part in value) + "]"
    # JSON and TOML write texts, whole numbers and truth values alike, but for one character.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
