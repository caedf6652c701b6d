"""The objects of a list in a JSON file, one at a time: an answer of an API may be as long as a day.

The list is found by its key (``"data": [``), its objects are decoded one by one, and numbers with
a fraction stay texts: no float touches an amount.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, TextIO

__all__ = ["ItemError", "items_of"]

_CHUNK_CHARS: Final = 128 * 1024
_OBJECT_CHARS_MAX: Final = 2 * 1024**2
_SEPARATORS: Final = re.compile(r"[\s,]*")


class ItemError(ValueError):
    """The JSON is broken at ``line``; the text says how."""

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


def items_of(stream: TextIO, key: str) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield each object of the list behind a key, with the line on which it begins.

    A file may hold several such lists (pages that were joined); all of them are read.

    Raises:
        ItemError: the list is broken off or holds something else than objects.
    """
    decoder = json.JSONDecoder(parse_float=str, parse_constant=str)
    opens = re.compile(rf'"{key}"\s*:\s*\[')
    text, line, inside = "", 1, False
    while True:
        chunk = stream.read(_CHUNK_CHARS)
        text += chunk
        place = 0
        while True:
            if not inside:
                match = opens.search(text, place)
                if match is None:
                    break
                line += text.count("\n", place, match.end())
                place, inside = match.end(), True
            start = _skip(text, place)
            line += text.count("\n", place, start)
            place = start
            if place >= len(text):
                break
            if text[place] == "]":
                place, inside = place + 1, False
                continue
            found = _decode(decoder, text, place)
            if found is None:
                if not chunk or len(text) - place > _OBJECT_CHARS_MAX:
                    raise ItemError(line, "the JSON breaks off or is damaged here")
                break
            item, end = found
            if not isinstance(item, dict):
                raise ItemError(line, f"the list {key!r} holds something that is no object")
            yield line, item
            line += text.count("\n", place, end)
            place = end
        if not chunk:
            if inside:
                raise ItemError(line, "the JSON breaks off inside the list")
            return
        # Outside a list the key may begin at the end of the chunk.
        keep = place if inside else max(place, len(text) - 200)
        line += text.count("\n", place, keep)
        text = text[keep:]


def _skip(text: str, place: int) -> int:
    match = _SEPARATORS.match(text, place)
    return match.end() if match else place


def _decode(decoder: json.JSONDecoder, text: str, place: int) -> tuple[Any, int] | None:
    """Decode the value at a place; None where it is not whole yet, or never will be."""
    try:
        return decoder.raw_decode(text, place)
    except (json.JSONDecodeError, RecursionError):
        return None
