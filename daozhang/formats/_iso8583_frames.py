"""Where one ISO 8583 message ends in a file and the next begins.

A trace is one of: lines of hex, each perhaps behind a time and a direction; lines of messages as
text; a binary stream in which each message has its length before it (two bytes, or four digits);
one bare message. A TPDU (``60 …``) and the header of UnionPay terminals are taken off.
"""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import BinaryIO, Final, NamedTuple

__all__ = ["Frame", "bare", "frames_of", "looks_like"]

_HEX_LINE: Final = re.compile(rb"(?:0x)?((?:[0-9A-Fa-f]{2}[ :]?){10,})\s*$")
_HEX: Final = re.compile(rb"[0-9A-Fa-f]+")
_TEXT_MTI: Final = re.compile(rb"[01][1-8][0-9][0-9](?=[0-9A-F]{16}|[\x00-\xff]{8})")
_TIME: Final = re.compile(
    rb"(\d{4})[-/.]?(\d\d)[-/.]?(\d\d)[T _](\d\d):?(\d\d):?(\d\d)(?:[.,](\d{1,6}))?"
)
_CLASSES: Final = frozenset({0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x08, 0x11, 0x12, 0x14, 0x18})
_FUNCTIONS: Final = frozenset({0x00, 0x01, 0x02, 0x10, 0x20, 0x21, 0x30, 0x40, 0x12, 0x22})
_MESSAGE_BYTES_MAX: Final = 8_192
_MESSAGE_BYTES_MIN: Final = 10
_PRINTABLE_SHARE: Final = 0.9
_LINE_BYTES_MAX: Final = 64 * 1024
_STAMP_CHARS: Final = len("2026-05-06 10:00:00 ")
_TPDU: Final = 0x60
_TPDU_BYTES: Final = 5
_HEADER_BYTES: Final = 6


class Frame(NamedTuple):
    """One message: its number and offset in the file, and when it was logged.

    ``data`` are its bytes, ``others`` what they may be instead: a line of hexadecimal digits is a
    dump of bytes, or a message written in digits; only reading it to its end tells.
    """

    number: int
    offset: int
    data: bytes
    others: Iterable[bytes]
    logged: dt.datetime | None


def _is_text(head: bytes) -> bool:
    sample = head[:4096]
    printable = sum(1 for byte in sample if 32 <= byte < 127 or byte in b"\r\n\t")  # noqa: PLR2004
    return bool(sample) and printable >= _PRINTABLE_SHARE * len(sample)


def _has_bcd_type(data: bytes) -> bool:
    return len(data) > 1 and data[0] in _CLASSES and data[1] in _FUNCTIONS


def bare(data: bytes) -> bytes:
    """Return a message without TPDU and terminal header."""
    if data[:1] == bytes([_TPDU]):
        for cut in (_TPDU_BYTES, _TPDU_BYTES + _HEADER_BYTES):
            rest = data[cut:]
            if _has_bcd_type(rest) or _TEXT_MTI.match(rest):
                return rest
    return data


def _begins(data: bytes) -> bool:
    """Say whether bytes begin like a message."""
    plain = bare(data)
    return bool(_TEXT_MTI.match(plain)) or (
        _has_bcd_type(plain) and len(plain) > _MESSAGE_BYTES_MIN
    )


def _prefixed(head: bytes) -> int:
    """Return how many bytes of length stand before each message: 2, 4 (digits), or 0."""
    if head[:4].isdigit() and len(head) > 8:  # noqa: PLR2004
        size = int(head[:4])
        if _MESSAGE_BYTES_MIN <= size <= _MESSAGE_BYTES_MAX and _begins(head[4:]):
            follows = head[4 + size : 8 + size]
            if not follows or (follows.isdigit() and len(follows) == 4):  # noqa: PLR2004
                return 4
    size = int.from_bytes(head[:2], "big")
    if _MESSAGE_BYTES_MIN <= size <= _MESSAGE_BYTES_MAX and _begins(head[2:]):
        next_size = int.from_bytes(head[2 + size : 4 + size], "big")
        ends = len(head) <= 2 + size
        if ends or _MESSAGE_BYTES_MIN <= next_size <= _MESSAGE_BYTES_MAX:
            return 2
    return 0


def looks_like(head: bytes) -> bool:
    """Say whether the head of a file holds an ISO 8583 message."""
    if _prefixed(head) or (not _is_text(head) and _begins(head)):
        return True
    for line in head.splitlines()[:20]:
        if not line.strip():
            continue
        return any(map(_begins, _of_line(line)))
    return False


def _of_line(line: bytes) -> Iterator[bytes]:
    """Yield the messages that a line of a log may hold."""
    text = line.strip()
    digits = _hex_of(text)
    if digits:
        for start in range(0, min(len(digits) - 20, 64), 2):
            data = bytes.fromhex(digits[start:].decode())
            if _begins(data):
                yield data
                break
            ahead = next((width for width in (2, 4) if start == 0 and _begins(data[width:])), 0)
            if ahead:
                yield data[ahead:]
                break
    place = _TEXT_MTI.search(text)
    # A text message has its bitmap behind its type; anything else is a sentence with digits in it.
    while place is not None:
        rest = text[place.start() :]
        if re.match(rb"[0-9]{4}[0-9A-F]{16}", rest):
            yield rest
            break
        place = _TEXT_MTI.search(text, place.start() + 1)


def _hex_of(text: bytes) -> bytes:
    """Return the hexadecimal digits at the end of a line, without the time before them."""
    last = text.rsplit(None, 1)[-1].removeprefix(b"0x") if text else b""
    if len(last) >= 2 * _MESSAGE_BYTES_MIN and len(last) % 2 == 0 and _HEX.fullmatch(last):
        return last
    timed = _TIME.search(text[:80])
    match = _HEX_LINE.search(text, timed.end() if timed else 0)
    return re.sub(rb"[ :]", b"", match[1]) if match else b""


def _plain_dump(line: bytes) -> bytes | None:
    """Return the message at the end of a line, if it begins with the first digit there."""
    last = line.rsplit(None, 1)[-1]
    if len(last) <= 2 * _MESSAGE_BYTES_MIN:
        return None
    try:
        data = bytes.fromhex(last.decode("latin-1"))
    except ValueError:
        return None
    return data if data[0] in _CLASSES and data[1] in _FUNCTIONS else None


def _logged(line: bytes) -> dt.datetime | None:
    # ``2026-05-06 10:00:00 `` at the start, as most logs have it.
    if line[16:17] == b":" and line[19:20] == b" " and line[4:5] == b"-" and line[10:11] in b" T":
        try:
            return dt.datetime.fromisoformat(line[:19].decode("latin-1"))
        except ValueError:
            pass
    match = _TIME.search(line[:80])
    if match is None:
        return None
    year, month, day, hour, minute, second = map(int, match.groups()[:6])
    micro = int((match[7] or b"0").ljust(6, b"0"))
    try:
        return dt.datetime(year, month, day, hour, minute, second, micro)  # noqa: DTZ001
    except ValueError:
        return None


def frames_of(stream: BinaryIO, head: bytes) -> Iterator[Frame | tuple[int, int]]:
    """Yield the messages of a file, and (number, offset) of what is no message.

    Times in a log have no zone: they are naive here, and the caller's.
    """
    width = _prefixed(head)
    if width:
        yield from _prefixed_frames(stream, width)
    elif _is_text(head) and b"\n" in head.strip():
        yield from _line_frames(stream)
    else:
        data = stream.read(_MESSAGE_BYTES_MAX * 4)
        ways = _of_line(data) if _is_text(data) else iter(())
        first = next(ways, None)
        yield Frame(1, 0, data.rstrip(b"\r\n") if first is None else first, ways, None)


def _prefixed_frames(stream: BinaryIO, width: int) -> Iterator[Frame | tuple[int, int]]:
    number = offset = 0
    while prefix := stream.read(width):
        number += 1
        if width == 2:  # noqa: PLR2004 (binary)
            size = int.from_bytes(prefix, "big") if len(prefix) == width else 0
        else:
            size = int(prefix) if prefix.isdigit() else 0
        data = stream.read(size) if _MESSAGE_BYTES_MIN <= size <= _MESSAGE_BYTES_MAX else b""
        if not data or len(data) < size:
            # The stream cannot be followed beyond a length that is wrong.
            yield number, offset
            return
        yield Frame(number, offset + width, data, (), None)
        offset += width + size


def _line_frames(stream: BinaryIO) -> Iterator[Frame | tuple[int, int]]:
    number = offset = 0
    stamp, logged = b"", None
    while line := stream.readline(_LINE_BYTES_MAX):
        number += 1
        if line.strip():
            ways = _of_line(line)
            first = _plain_dump(line)
            if first is not None:
                ways = islice(ways, 1, None)
            else:
                first = next(ways, None)
            if first is not None:
                if line[:_STAMP_CHARS] != stamp:
                    logged = _logged(line)
                    plain = line[16:17] == b":" and line[19:20] == b" " and line[4:5] == b"-"
                    stamp = line[:_STAMP_CHARS] if plain else b""
                yield Frame(number, offset, first, ways, logged)
            elif _hex_of(line.strip()):
                yield number, offset
        offset += len(line)
