"""Entries that are built like an earlier one are read by matching, several times as fast.

A bank's program writes each entry of a statement with the same elements in the same order; only the
texts differ. The shape of an entry is a pattern of its markup with a group for each text, and the
place of each group in what is told: found by reading, once, a copy whose texts are numbers. So the
element-wise reading (:mod:`._camt_texts`) alone says what stands where.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from operator import itemgetter
from typing import TYPE_CHECKING, Any, Final
from xml.sax.saxutils import quoteattr, unescape

from lxml import etree

from daozhang.formats._camt_texts import EntryTexts, Told, TxTexts, Word, local_names, texts_of

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = ["Shapes"]

_TEXT: Final = re.compile(">([^<>]+)<")
# What XML allows in a text; where anything else stands, the parser has to say so.
_ANY_TEXT: Final = r">([^<>\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]+)<"
_OTHER_ENTITY: Final = re.compile("&(?!(?:amp|lt|gt|quot|apos);)")
_QUOTES: Final = {"&quot;": '"', "&apos;": "'"}
_MARK: Final = "\ue000"  # A character of private use, before the number of a text.
_SHAPES_MAX: Final = 8
_LEARNED_MAX: Final = 64  # Entries of more shapes than this are not worth the patterns.
_CHARS_MAX: Final = 8_000

_as: Final = tuple.__new__  # As NamedTuple's _make, which counts the items of each again.

Texts = tuple[str | None, ...]
Pick = Callable[[Any], Any]
Words = list[tuple[int, bool]]


@dataclass(frozen=True, slots=True)
class _Shape:
    """A pattern, and what picks the texts from its groups, None and ``fixed``, in this order."""

    pattern: re.Pattern[str]
    fixed: Texts
    own: Pick
    notes: Words
    txs: list[tuple[Pick, Words]]

    def told(self, groups: tuple[str, ...]) -> Told:
        texts: Any = (*groups, None, *self.fixed)  # No word is at None's place.
        return Told(
            _as(EntryTexts, self.own(texts)),
            [(texts[place], free) for place, free in self.notes],
            [
                (_as(TxTexts, pick(texts)), [(texts[place], free) for place, free in words])
                for pick, words in self.txs
            ],
        )


class Shapes:
    """The shapes of one file's entries, the last one met first."""

    def __init__(self) -> None:
        self._shapes: list[_Shape] = []
        self._learned = 0

    def match(self, markup: str) -> Told | None:
        """Return what an entry's markup tells, or None if no shape is known for it."""
        for place, shape in enumerate(self._shapes):
            match = shape.pattern.fullmatch(markup)
            if match is None:
                continue
            if place:
                self._shapes.insert(0, self._shapes.pop(place))
            groups = match.groups()
            if "&" in markup:
                if _OTHER_ENTITY.search(markup):
                    return None
                groups = tuple(unescape(text, _QUOTES) for text in groups)
            return shape.told(groups)
        return None

    def learn(self, markup: str, ntry: etree._Element) -> None:
        """Learn from an entry that was read element by element."""
        if self._learned >= _LEARNED_MAX or len(markup) > _CHARS_MAX or _MARK in markup:
            return
        self._learned += 1
        shape = _shape_of(markup, ntry)
        if shape is not None:
            self._shapes = [shape, *self._shapes[: _SHAPES_MAX - 1]]


def _shape_of(markup: str, ntry: etree._Element) -> _Shape | None:
    """Return the shape of an entry's markup; None: it is not the whole of the element's."""
    pieces = _TEXT.split(markup)
    count = len(pieces) // 2
    marked = pieces[0] + "".join(
        f">{_MARK}{number}<{piece}" for number, piece in enumerate(pieces[2::2])
    )
    spaces: Mapping[str | None, str] = ntry.nsmap
    declared = " ".join(
        f"xmlns{':' if prefix else ''}{prefix or ''}={quoteattr(uri)}"
        for prefix, uri in spaces.items()
    )
    parser = etree.XMLParser(resolve_entities=False, no_network=True)
    try:
        (copy,) = etree.fromstring(f"<x {declared}>{marked}</x>", parser)
    except (etree.XMLSyntaxError, ValueError):
        return None
    if copy.tag != ntry.tag:
        return None
    told = texts_of(copy, local_names(copy.tag[: copy.tag.rfind("}") + 1]))
    fixed: list[str] = []

    def place(text: str | None) -> int:
        if text is None:
            return count
        if text.startswith(_MARK):
            return int(text[1:])
        fixed.append(text)  # An attribute, or nothing.
        return count + len(fixed)

    def places(words: list[Word]) -> Words:
        return [(place(text), free) for text, free in words]

    own = itemgetter(*map(place, told.own))
    txs: list[tuple[Pick, Words]] = [
        (itemgetter(*map(place, texts)), places(words)) for texts, words in told.txs
    ]
    notes = places(told.notes)
    pattern = re.compile(_ANY_TEXT.join(map(re.escape, pieces[::2])))
    return _Shape(pattern, tuple(fixed), own, notes, txs)
