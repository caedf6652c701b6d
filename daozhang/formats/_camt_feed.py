"""A camt file on its way into the XML parser, with the entries of known shape cut out.

What follows an entry of a statement behind nothing but blanks, and is marked up like an entry that
the parser took before, is an entry of the statement too, and the parser need not see it. Everything
else goes to the parser byte by byte as it stands. Once anything comes that could hide a tag (a
comment, CDATA, a document type), and in a file that is not UTF-8, everything does.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, BinaryIO, Final, NamedTuple

from lxml import etree

from daozhang.formats._camt_shapes import Shapes

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from daozhang.formats._camt_texts import Told

__all__ = ["Cut", "Feed"]

_BEGIN: Final = re.compile(rb"<((?:[A-Za-z_][A-Za-z0-9_.-]*:)?Ntry)>")
_HIDING: Final = re.compile(rb"<!|<\?(?!xml\s)")
_ENCODING: Final = re.compile(rb"""(?:\xef\xbb\xbf)?<\?xml[^>]*encoding\s*=\s*["']([^"']*)""")
_READ_AS_THEY_ARE: Final = frozenset({b"utf-8", b"us-ascii", b"ascii"})
_CHUNK_BYTES: Final = 64 * 1024
_TAG_BYTES_MAX: Final = 200
_ENTRY_BYTES_MAX: Final = 256 * 1024
_ENTRIES_BEFORE: Final = 32  # So many entries must have come: a small file is not worth a pattern.


class Cut(NamedTuple):
    """An entry that the parser did not see, and its line."""

    told: Told
    line: int


class Feed:
    """Yields the elements that end, and the entries cut out, in the order of the file.

    Attributes:
        lines_cut: line ends that the parser did not see, so far.
    """

    def __init__(self, stream: BinaryIO, tags: list[str], parents: Collection[str]) -> None:
        """``tags`` are the local names to tell of, ``parents`` those that entries stand in."""
        self.lines_cut = 0
        self._stream = stream
        self._parents = parents
        self._parser = etree.XMLPullParser(
            events=("end",),
            tag=[f"{{*}}{name}" for name in tags],
            resolve_entities=False,
            load_dtd=False,
            no_network=True,
            huge_tree=False,
            remove_comments=True,
            remove_pis=True,
        )
        self._shapes = Shapes()
        self._entries = 0
        self._whole = False
        self._follows = False  # Whether the last thing was an entry of a statement.

    def __iter__(self) -> Iterator[etree._Element | Cut]:
        """Yield elements and cut entries.

        Raises:
            etree.XMLSyntaxError: the XML breaks off, or is none; all before it was yielded.
        """
        line = 1
        for piece, is_entry in self._pieces():
            lines = piece.count(b"\n")
            told = self._known(piece) if is_entry and self._follows else None
            if told is not None:
                yield Cut(told, line + piece.count(b"\n", 0, piece.index(b"<")))
                self.lines_cut += lines
            else:
                yield from self._parsed(piece, is_entry=is_entry)
            line += lines
        self._parser.close()

    def _pieces(self) -> Iterator[tuple[bytes, bool]]:
        """Cut the file into entries, with blanks before them, and the rest; True: an entry."""
        held = chunk = self._stream.read(_CHUNK_BYTES)
        found = _ENCODING.match(held)
        self._whole = b"\0" in held or bool(found and found[1].lower() not in _READ_AS_THEY_ARE)
        while chunk:
            place = 0
            while not self._whole:
                begin = _BEGIN.search(held, place)
                # What comes may end the tag that the last bytes begin.
                stop = begin.start() if begin else max(held.rfind(b"<", place), place)
                if begin is None and len(held) - stop > _TAG_BYTES_MAX:
                    stop = len(held)
                if stop > place and not (begin and held[place:stop].isspace()):
                    yield self._looked_at(held[place:stop]), False
                    place = stop
                    continue
                close = held.find(b"</%b>" % begin[1], begin.end()) if begin else -1
                if begin is None or close < 0:
                    break
                stop = close + len(begin[1]) + 3
                yield self._looked_at(held[place:stop]), not self._whole
                place = stop
            held = held[place:]
            if self._whole or len(held) > _ENTRY_BYTES_MAX:
                self._whole = True
                yield held, False
                held = b""
            chunk = self._stream.read(_CHUNK_BYTES)
            held += chunk
        yield held, False

    def _looked_at(self, piece: bytes) -> bytes:
        """Return a piece; from one on that may hide a tag, the file is not cut any more."""
        if b"<!" in piece or b"<?" in piece:
            self._whole = _HIDING.search(piece) is not None
        return piece

    def _known(self, piece: bytes) -> Told | None:
        """Return what an entry tells, if its shape is known."""
        try:
            markup = piece.lstrip().decode()
        except UnicodeDecodeError:
            return None
        return self._shapes.match(markup.replace("\r\n", "\n") if "\r" in markup else markup)

    def _parsed(self, piece: bytes, *, is_entry: bool) -> Iterator[etree._Element]:
        """Let the parser take a piece; learn the shape of an entry."""
        broken = None
        try:
            self._parser.feed(piece)
        except etree.XMLSyntaxError as error:
            broken = error
        self._follows = False
        events: Any = self._parser.read_events()  # The stubs know more kinds than are asked for.
        for _, element in events:
            parent = element.getparent()
            if is_entry and parent is not None and _local(parent) in self._parents:
                self._follows = True
                self._entries += 1
                if self._entries > _ENTRIES_BEFORE:
                    self._shapes.learn(piece.lstrip().decode(errors="replace"), element)
            yield element
        if broken is not None:
            raise broken


def _local(element: etree._Element) -> str:
    tag = element.tag
    return tag.rpartition("}")[2] if isinstance(tag, str) else ""
