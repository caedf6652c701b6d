"""OFX as a stream of tags: SGML with unclosed leaves and XML alike, never a tree.

A leaf's value runs to the next tag, whether or not it is closed. Nothing is ever expanded: document
types, entities other than the five of XML (and ``&nbsp;``) and processing instructions are text
that no tag matches.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, TextIO

__all__ = ["Tag", "tags_of"]

_TAG: Final = re.compile(r"<(/?)([A-Za-z][A-Za-z0-9_.]{0,40})\s*/?>([^<]*)")
_CHUNK_CHARS: Final = 128 * 1024
_VALUE_CHARS_MAX: Final = 20_000
_ENTITIES: Final = (
    ("&nbsp;", " "), ("&lt;", "<"), ("&gt;", ">"), ("&quot;", '"'), ("&apos;", "'"),
    ("&amp;", "&"),
)  # fmt: skip


Tag = tuple[str, bool, str, int]
"""A tag's name in capitals, whether it closes, the text behind it, and the line it stands in."""


def tags_of(stream: TextIO) -> Iterator[Tag]:
    """Yield the tags of a file, a chunk of it in memory at a time."""
    held, line = "", 1
    while True:
        chunk = stream.read(_CHUNK_CHARS)
        text = held + chunk
        # The last tag's value may go on in the next chunk.
        cut = text.rfind("<") if chunk else len(text)
        if cut < 0:
            cut = len(text)
        if chunk and cut == 0 and len(text) > _VALUE_CHARS_MAX + _CHUNK_CHARS:
            cut = len(text)
        place = 0
        for match in _TAG.finditer(text, 0, cut):
            before, place = place, match.start()
            line += text.count("\n", before, place)
            slash, name, value = match.groups()
            yield name.upper(), slash == "/", _plain(value), line
        line += text.count("\n", place, cut)
        held = text[cut:]
        if not chunk:
            return


def _plain(value: str) -> str:
    text = value.strip()
    if "&" in text:
        for entity, char in _ENTITIES:
            text = text.replace(entity, char)
    return text[:_VALUE_CHARS_MAX]
