"""ISO 8583:1987 as terminals and hosts write it: four encodings of one set of fields.

Specifications are in the form that ``pyiso8583`` takes. ``bcd`` is the UnionPay POS terminal's:
numbers two digits a byte, lengths in BCD, a binary bitmap. The lengths of fields are those of the
standard, and of 银联卡受理终端规范 where it has its own (48, 60 to 63).
"""

from __future__ import annotations

from typing import Any, Final

__all__ = ["SPECS", "Spec", "currency_of"]

Spec = dict[str, dict[str, Any]]

# Field: kind, greatest length, digits of the length (0: fixed). Kinds: n numeric, an text, z track,
# b bytes.
_FIELDS: Final = {
    2: ("n", 19, 2), 3: ("n", 6, 0), 4: ("n", 12, 0), 5: ("n", 12, 0), 6: ("n", 12, 0),
    7: ("n", 10, 0), 8: ("n", 8, 0), 9: ("n", 8, 0), 10: ("n", 8, 0), 11: ("n", 6, 0),
    12: ("n", 6, 0), 13: ("n", 4, 0), 14: ("n", 4, 0), 15: ("n", 4, 0), 16: ("n", 4, 0),
    17: ("n", 4, 0), 18: ("n", 4, 0), 19: ("n", 3, 0), 20: ("n", 3, 0), 21: ("n", 3, 0),
    22: ("n", 3, 0), 23: ("n", 3, 0), 24: ("n", 3, 0), 25: ("n", 2, 0), 26: ("n", 2, 0),
    27: ("n", 1, 0), 28: ("an", 9, 0), 29: ("an", 9, 0), 30: ("an", 9, 0), 31: ("an", 9, 0),
    32: ("n", 11, 2), 33: ("n", 11, 2), 34: ("an", 28, 2), 35: ("z", 37, 2), 36: ("z", 104, 3),
    37: ("an", 12, 0), 38: ("an", 6, 0), 39: ("an", 2, 0), 40: ("an", 3, 0), 41: ("an", 8, 0),
    42: ("an", 15, 0), 43: ("an", 40, 0), 44: ("an", 25, 2), 45: ("an", 76, 2), 46: ("an", 999, 3),
    47: ("an", 999, 3), 48: ("an", 999, 3), 49: ("an", 3, 0), 50: ("an", 3, 0), 51: ("an", 3, 0),
    52: ("b", 8, 0), 53: ("n", 16, 0), 54: ("an", 120, 3), 55: ("b", 999, 3), 56: ("an", 999, 3),
    57: ("an", 999, 3), 58: ("an", 999, 3), 59: ("an", 999, 3), 60: ("an", 999, 3),
    61: ("an", 999, 3), 62: ("an", 999, 3), 63: ("an", 999, 3), 64: ("b", 8, 0), 65: ("b", 1, 0),
    66: ("n", 1, 0), 67: ("n", 2, 0), 68: ("n", 3, 0), 69: ("n", 3, 0), 70: ("n", 3, 0),
    71: ("n", 4, 0), 72: ("n", 4, 0), 73: ("n", 6, 0), 74: ("n", 10, 0), 75: ("n", 10, 0),
    76: ("n", 10, 0), 77: ("n", 10, 0), 78: ("n", 10, 0), 79: ("n", 10, 0), 80: ("n", 10, 0),
    81: ("n", 10, 0), 82: ("n", 12, 0), 83: ("n", 12, 0), 84: ("n", 12, 0), 85: ("n", 12, 0),
    86: ("n", 16, 0), 87: ("n", 16, 0), 88: ("n", 16, 0), 89: ("n", 16, 0), 90: ("n", 42, 0),
    91: ("an", 1, 0), 92: ("an", 2, 0), 93: ("an", 5, 0), 94: ("an", 7, 0), 95: ("an", 42, 0),
    96: ("b", 8, 0), 97: ("an", 17, 0), 98: ("an", 25, 0), 99: ("n", 11, 2), 100: ("n", 11, 2),
    101: ("an", 17, 2), 102: ("an", 28, 2), 103: ("an", 28, 2), 104: ("an", 100, 3),
    **dict.fromkeys(range(105, 128), ("an", 999, 3)), 128: ("b", 8, 0),
}  # fmt: skip
_BCD_OWN: Final = {48: ("n", 322, 3), 60: ("n", 99, 3), 61: ("n", 99, 3)}
_LEFT_PADDED: Final = frozenset({23, 19, 20, 21, 24, 27, 66, 67, 68, 69, 70})


def _text_spec(encoding: str, *, hex_bitmap: bool) -> Spec:
    """Return a spec in which every field is text of one encoding."""
    bitmap = {"data_enc": encoding if hex_bitmap else "b", "len_enc": encoding, "len_type": 0,
              "max_len": 16 if hex_bitmap else 8}  # fmt: skip
    spec: Spec = {
        "h": {"data_enc": encoding, "len_enc": encoding, "len_type": 0, "max_len": 0},
        "t": {"data_enc": encoding, "len_enc": encoding, "len_type": 0, "max_len": 4},
        "p": dict(bitmap),
        "1": dict(bitmap),
    }
    for number, (kind, length, digits) in _FIELDS.items():
        binary = kind == "b"
        as_hex = binary and hex_bitmap
        spec[str(number)] = {
            "data_enc": encoding if not binary or as_hex else "b",
            "len_enc": encoding,
            "len_type": digits,
            "max_len": length * 2 if as_hex and not digits else length,
        }
    return spec


def _bcd_spec() -> Spec:
    """Return the UnionPay POS terminal's spec."""
    fixed = {"data_enc": "b", "len_enc": "bcd", "len_type": 0}
    spec: Spec = {
        "h": {**fixed, "max_len": 0},
        "t": {**fixed, "max_len": 2},
        "p": {**fixed, "max_len": 8},
        "1": {**fixed, "max_len": 8},
    }
    for number, field in {**_FIELDS, **_BCD_OWN}.items():
        kind, length, digits = field
        entry: dict[str, Any] = {"len_enc": "bcd", "len_type": (digits + 1) // 2, "max_len": length}
        if kind in {"n", "z"}:
            pad = "left_pad" if number in _LEFT_PADDED else "right_pad"
            entry |= {"data_enc": "b", "len_count": "nibbles", pad: "0"}
        elif kind == "b":
            entry |= {"data_enc": "b"}
        else:
            entry |= {"data_enc": "latin-1"}
        spec[str(number)] = entry
    return spec


SPECS: Final[dict[str, Spec]] = {
    "bcd": _bcd_spec(),
    "ascii": _text_spec("ascii", hex_bitmap=True),
    "ascii with a binary bitmap": _text_spec("ascii", hex_bitmap=False),
    "ebcdic": _text_spec("cp500", hex_bitmap=False),
}
"""Every encoding that is tried, by the name that problems give it."""

# ISO 4217 numeric codes of the currencies that terminals settle in.
_NUMERIC: Final = {
    "036": "AUD", "048": "BHD", "124": "CAD", "144": "LKR", "156": "CNY", "203": "CZK",
    "208": "DKK", "344": "HKD", "348": "HUF", "356": "INR", "360": "IDR", "376": "ILS",
    "392": "JPY", "398": "KZT", "410": "KRW", "414": "KWD", "446": "MOP", "458": "MYR",
    "484": "MXN", "512": "OMR", "554": "NZD", "566": "NGN", "578": "NOK", "586": "PKR",
    "608": "PHP", "634": "QAR", "643": "RUB", "682": "SAR", "702": "SGD", "704": "VND",
    "710": "ZAR", "752": "SEK", "756": "CHF", "764": "THB", "784": "AED", "818": "EGP",
    "826": "GBP", "840": "USD", "901": "TWD", "946": "RON", "949": "TRY", "975": "BGN",
    "978": "EUR", "980": "UAH", "985": "PLN", "986": "BRL",
}  # fmt: skip


def currency_of(code: str) -> str | None:
    """Return the letters of a numeric ISO 4217 code, or letters as they are; None: unknown."""
    if code.isdigit():
        return _NUMERIC.get(code)
    return code if len(code) == 3 and code.isalpha() else None  # noqa: PLR2004 (ISO 4217)
