"""The objects of a list in a JSON file, one at a time: an answer of an API may be as long as a day.

Rules kept here:

- The list stands behind its key (``"data": [``), or the whole file is a list: of objects, or of
  answers that each hold such a list (pages that were joined). Lists inside an object are its own.
- Objects are decoded one by one, so that memory holds one of them and not the file.
- Numbers with a fraction stay texts: no float touches an amount.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, Final, TextIO

__all__ = ["ItemError", "items_of"]

_CHUNK_CHARS: Final = 128 * 1024
_OBJECT_CHARS_MAX: Final = 2 * 1024**2
_KEY_CHARS_MAX: Final = 200
_SEPARATORS: Final = re.compile(r"[\s,]*")
_DECODER: Final = json.JSONDecoder(parse_float=str, parse_constant=str)


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
    for line, item in _Elements(stream, key):
        if not isinstance(item, dict):
            raise ItemError(line, f"the list {key!r} holds something that is no object")
        page = item.get(key)
        if not isinstance(page, list):
            yield line, item
            continue
        for inner in page:
            if not isinstance(inner, dict):
                raise ItemError(line, f"the list {key!r} holds something that is no object")
            yield line, inner


class _Elements:
    """Yields the elements of every list behind a key, whatever they are."""

    def __init__(self, stream: TextIO, key: str) -> None:
        self._stream = stream
        self._opens = re.compile(rf'"{re.escape(key)}"\s*:\s*\[')
        self._key = key
        self._text = ""
        self._place = 0
        self._line = 1
        self._inside = False

    def __iter__(self) -> Iterator[tuple[int, Any]]:
        begun = False
        while True:
            chunk = self._stream.read(_CHUNK_CHARS)
            self._text += chunk
            if not begun and self._text.strip():
                begun = True
                self._begin()
            yield from self._ready(last=not chunk)
            if not chunk:
                if self._inside:
                    raise ItemError(self._line, "the JSON breaks off inside the list")
                return
            # Outside a list the key may begin at the end of the chunk.
            keep = (
                self._place if self._inside else max(self._place, len(self._text) - _KEY_CHARS_MAX)
            )
            self._go(keep)
            self._text = self._text[keep:]
            self._place = 0

    def _begin(self) -> None:
        """Step into the list when the file is one."""
        start = len(self._text) - len(self._text.lstrip())
        if self._text.startswith("[", start):
            self._go(start + 1)
            self._inside = True

    def _go(self, place: int) -> None:
        """Move on, and count the lines passed."""
        self._line += self._text.count("\n", self._place, place)
        self._place = place

    def _ready(self, *, last: bool) -> Iterator[tuple[int, Any]]:
        """Yield the elements that are whole in what was read."""
        while True:
            if not self._inside:
                match = self._opens.search(self._text, self._place)
                if match is None:
                    return
                self._go(match.end())
                self._inside = True
            match = _SEPARATORS.match(self._text, self._place)
            self._go(match.end() if match else self._place)
            if self._place >= len(self._text):
                return
            if self._text[self._place] == "]":
                self._go(self._place + 1)
                self._inside = False
                continue
            found = _decode(self._text, self._place)
            if found is None:
                if last or len(self._text) - self._place > _OBJECT_CHARS_MAX:
                    raise ItemError(self._line, "the JSON breaks off or is damaged here")
                return
            item, end = found
            yield self._line, item
            self._go(end)


def _decode(text: str, place: int) -> tuple[Any, int] | None:
    """Decode the value at a place; None where it is not whole yet, or never will be."""
    try:
        return _DECODER.raw_decode(text, place)
    except (ValueError, RecursionError):
        # A ValueError that is no JSONDecodeError: a whole number of thousands of digits.
        return None
