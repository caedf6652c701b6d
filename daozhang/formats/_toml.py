"""TOML text from data as :func:`tomllib.loads` gives it."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from typing import Any, Final

__all__ = ["toml_text"]

_BARE: Final = re.compile(r"[A-Za-z0-9_-]+")


def toml_text(data: Mapping[str, Any]) -> str:
    """Return TOML text of texts, lists of texts, whole numbers, truth values and tables."""
    return "\n".join(_table(data, ())) + "\n"


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
