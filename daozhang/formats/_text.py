"""Text files of unknown encoding, read line by line and never more than a line at a time."""

from __future__ import annotations

import codecs
import io
import re
from typing import TYPE_CHECKING, BinaryIO, Final, TextIO

from daozhang.formats.limits import LINE_CHARS_MAX

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from _typeshed import WriteableBuffer

    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Options, Source

__all__ = ["decode_head", "guarded_lines", "open_bytes", "open_text", "sniff_encoding"]

_BUFFER_BYTES: Final = 256 * 1024

_DAMAGE_SHARE_MAX: Final = 0.05
_NUL_SHARE: Final = 0.3
_FOUR_BYTES: Final = re.compile(rb"[\x81-\xfe][0-9][\x81-\xfe][0-9]")
"""A character of GB18030 that GBK does not have, such as ``ä``."""

_HIGH: Final = re.compile(rb"[\x80-\xff]+")
_NO_1252: Final = re.compile(rb"[\x81\x8d\x8f\x90\x9d]")
"""Bytes that Windows-1252 does not know."""

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def sniff_encoding(head: bytes) -> str:
    """Return the encoding that the head of a text file reads best in.

    A byte order mark decides. Otherwise UTF-8, then GB18030 (which holds GBK and GB 2312), each
    with at most one damaged character in twenty that are not ASCII, then Windows-1252, then
    Latin-1, which reads anything. UTF-16 without a mark is known by its zero bytes.

    ``ü`` and the letter after it are a character of GBK too, so bytes tell: Chinese stands in runs
    of high bytes, European letters mostly stand alone among ASCII.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if head and head.count(0) > _NUL_SHARE * len(head):
        return "utf-16-le" if head[1::2].count(0) >= head[::2].count(0) else "utf-16-be"
    runs = _HIGH.findall(_FOUR_BYTES.sub(b"\xff\xff", head))
    alone = 2 * sum(len(run) == 1 for run in runs) > len(runs)
    for encoding in ("utf-8", "gb18030"):
        if alone and encoding == "gb18030":
            break
        text = codecs.getincrementaldecoder(encoding)(errors="replace").decode(head)
        foreign = sum(1 for char in text if not char.isascii())
        if text.count("\ufffd") <= _DAMAGE_SHARE_MAX * foreign:
            return encoding
    return "latin-1" if _NO_1252.search(head) else "cp1252"


def decode_head(head: bytes, encoding: str) -> str:
    """Return the head as text; a character cut by its end is dropped, damage shows as U+FFFD."""
    return codecs.getincrementaldecoder(encoding)(errors="replace").decode(head).lstrip("\ufeff")


class _Counted(io.FileIO):
    """A file that tells how many bytes were taken from it."""

    def __init__(self, path: str, told: Callable[[int], None]) -> None:
        super().__init__(path, "r")
        self._told = told

    def readinto(self, buffer: WriteableBuffer, /) -> int:
        """Read as :class:`io.FileIO` does, and tell the count."""
        count = super().readinto(buffer)
        if count:
            self._told(count)
        return count


def open_bytes(source: Source, options: Options) -> BinaryIO:
    """Open a file for reading; ``options.progress`` is told the bytes as they are consumed.

    Raises:
        OSError: the file cannot be opened.
    """
    if options.progress is None:
        return source.path.open("rb", buffering=_BUFFER_BYTES)
    return io.BufferedReader(_Counted(str(source.path), options.progress), _BUFFER_BYTES)


def open_text(source: Source, encoding: str, options: Options) -> TextIO:
    """Open a text file with lines ended by CR, LF or CRLF; what is no character is U+FFFD.

    Progress is told as :func:`open_bytes` does.

    Raises:
        OSError: the file cannot be opened.
    """
    return io.TextIOWrapper(open_bytes(source, options), encoding=encoding, errors="replace")


def guarded_lines(stream: TextIO, out: Collector) -> Iterator[str]:
    """Yield a text file's lines; an overlong one becomes an empty line and a located error."""
    number = 0
    while line := stream.readline(LINE_CHARS_MAX):
        number += 1
        if len(line) == LINE_CHARS_MAX and not line.endswith("\n"):
            out.error(
                number, "line_too_long",
                f"the line is longer than {LINE_CHARS_MAX} characters, which no statement's is; "
                "it was left out",
            )  # fmt: skip
            while line and not line.endswith("\n"):
                line = stream.readline(LINE_CHARS_MAX)
            yield "\n"
        else:
            yield line
