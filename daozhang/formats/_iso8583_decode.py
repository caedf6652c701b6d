"""ISO 8583 messages as ``pyiso8583`` decodes them, several times as fast.

The library asks the specification about each field of each message. Here the fields of a bitmap
are laid out once, for a trace has a handful of them. Whatever is not as it should be gives None:
then the library is asked, which says where and why. Both give the same fields, as a test proves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final, NamedTuple

if TYPE_CHECKING:
    from daozhang.formats._iso8583_specs import Spec

__all__ = ["Decoder"]

_PLANS_MAX: Final = 1_000
_BITMAP_BYTES: Final = 8


class _Step(NamedTuple):
    """How one field is read. ``width``: bytes of its length, 0: it has ``size`` always."""

    key: str
    width: int
    size: int
    length_code: str | None
    nibbles: bool
    text_code: str | None
    left_pad: str
    right_pad: str


def _step(key: str, field: dict[str, Any]) -> _Step:
    return _Step(
        key,
        field["len_type"],
        field["max_len"],
        None if field["len_enc"] == "bcd" else field["len_enc"],
        field.get("len_count") == "nibbles",
        None if field["data_enc"] == "b" else field["data_enc"],
        field.get("left_pad", ""),
        field.get("right_pad", ""),
    )


class Decoder:
    """Decodes the messages of one specification (:mod:`._iso8583_specs`)."""

    def __init__(self, spec: Spec) -> None:
        self._steps = {int(key): _step(key, field) for key, field in spec.items() if key.isdigit()}
        self._type = _step("t", spec["t"])
        self._bitmap_code = None if spec["p"]["data_enc"] == "b" else spec["p"]["data_enc"]
        self._plans: dict[bytes, list[_Step] | None] = {}
        # Digits two a byte and letters in Latin-1: the whole message is written out but once.
        codes = {
            code for step in self._steps.values() for code in (step.length_code, step.text_code)
        }
        self._in_digits = self._type.text_code is None and codes <= {None, "latin-1"}

    def decode(self, data: bytes) -> dict[str, str] | None:
        """Return the fields of a message by name, or None if it is not as the spec says."""
        try:
            return self._from_digits(data) if self._in_digits else self._decode(data)
        except (ValueError, LookupError):
            return None

    def _from_digits(self, data: bytes) -> dict[str, str] | None:
        """Decode a message of digits in BCD, in the places of its hexadecimal digits."""
        size = 2 * self._type.size
        digits, letters = data.hex().upper(), data.decode("latin-1")
        at = size + 16
        fields = {"t": digits[:size], "p": digits[size:at]}
        if fields["p"][:1] > "7":
            fields["1"] = digits[at : at + 16]
            at += 16
        bitmap = data[size >> 1 : at >> 1]
        plan = self._plans.get(bitmap) or self._plan(bitmap)
        if plan is None:
            return None
        for key, width, largest, _, nibbles, text_code, left, right in plan:
            length = largest
            if width:
                end = at + 2 * width
                length = int(digits[at:end])
                at = end
                if length > largest:
                    return None
            if not nibbles:
                end = at + 2 * length
                fields[key] = letters[at >> 1 : end >> 1] if text_code else digits[at:end]
                at = end
            elif not length & 1:
                end = at + length
                fields[key] = digits[at:end]
                at = end
            else:
                end = at + length + 1
                if left and digits[at : at + 1] == left:
                    fields[key] = digits[at + 1 : end]
                elif right and digits[end - 1 : end] == right:
                    fields[key] = digits[at : end - 1]
                else:
                    return None
                at = end
        return fields if at == len(digits) else None

    def _decode(self, data: bytes) -> dict[str, str] | None:
        size, code = self._type.size, self._type.text_code
        kind = data[:size]
        fields = {"t": kind.decode(code) if code else kind.hex().upper()}
        at, bitmap = self._bitmap(data, size, "p", fields)
        if bitmap and bitmap[0] & 0x80:
            at, second = self._bitmap(data, at, "1", fields)
            bitmap += second
        plan = self._plans.get(bitmap) or self._plan(bitmap)
        if plan is None or len(kind) != size:
            return None
        for key, width, largest, length_code, nibbles, text_code, left, right in plan:
            length = largest
            if width:
                stated = data[at : at + width]
                length = int(stated.decode(length_code) if length_code else stated.hex())
                at += width
                if not 0 <= length <= largest or len(stated) != width:
                    return None
            end = at + ((length + 1) >> 1 if nibbles else length)
            piece = data[at:end]
            if text_code:
                fields[key] = piece.decode(text_code)
            else:
                text = piece.hex().upper()
                if nibbles and length & 1:
                    if left and text[:1] == left:
                        text = text[1:]
                    elif right and text[-1:] == right:
                        text = text[:-1]
                    else:
                        return None
                fields[key] = text
            at = end
        return fields if at == len(data) else None

    def _bitmap(self, data: bytes, at: int, key: str, fields: dict[str, str]) -> tuple[int, bytes]:
        """Note a bitmap as the library does; return where it ends, and its eight bytes."""
        if self._bitmap_code is None:
            end = at + _BITMAP_BYTES
            bitmap = data[at:end]
            fields[key] = bitmap.hex().upper()
        else:
            end = at + 2 * _BITMAP_BYTES
            fields[key] = data[at:end].decode(self._bitmap_code)
            bitmap = bytes.fromhex(fields[key])
        return end, bitmap

    def _plan(self, bitmap: bytes) -> list[_Step] | None:
        """Lay out the fields of a bitmap; None: it is cut, or has a third part."""
        bits = int.from_bytes(bitmap, "big")
        count = 8 * len(bitmap)
        numbers = [n for n in range(1, count + 1) if bits >> (count - n) & 1]
        whole = len(bitmap) == _BITMAP_BYTES * (2 if numbers[:1] == [1] else 1)
        plan = None
        if whole and 65 not in numbers:  # noqa: PLR2004 (announces the third)
            plan = [self._steps[number] for number in numbers if number > 1]
        if len(self._plans) < _PLANS_MAX:
            self._plans[bitmap] = plan
        return plan
