"""An amount is an integer count of a currency's minor units; a float is refused, not cleaned up."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

__all__ = ["CURRENCIES", "AmountError", "Money", "digits_of", "format_minor", "parse_amount"]

_TWO: Final = (
    "AED AFN ALL AMD ANG AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD "
    "CAD CDF CHF CNH CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP "
    "GMD GTQ GYD HKD HNL HRK HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD "
    "LSL LTL LVL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD "
    "PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SLL SOS SRD SSP STN "
    "SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWL "
    "DEM NLG FRF ITL ATS BEF ESP FIM IEP LUF PTE GRD"
)
_ZERO: Final = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF"
_THREE: Final = "BHD IQD JOD KWD LYD OMR TND"
CURRENCIES: Final[dict[str, int]] = {
    **dict.fromkeys(_TWO.split(), 2),
    **dict.fromkeys(_ZERO.split(), 0),
    **dict.fromkeys(_THREE.split(), 3),
}
"""Digits after the point of each ISO 4217 currency, those that old statements still name too."""

_SIGNS: Final[dict[str, str]] = {
    "CNY": "¥", "USD": "$", "EUR": "€", "GBP": "£", "JPY": "JP¥", "HKD": "HK$",
}  # fmt: skip
_CHARS_MAX: Final = 100
_GROUPED: Final = re.compile(
    r"[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,2}(?:,[0-9]{2})+,[0-9]{3}|[0-9]{1,4}(?:,[0-9]{4})+"
)
_NUMBER: Final = re.compile(r"[+-]?(\d+)([.](\d*))?|[+-]?[.](\d+)")


class AmountError(ValueError):
    """A text is not an exact amount of the currency; the message says why."""


def digits_of(currency: str) -> int:
    """Return how many digits the currency's minor unit has.

    Raises:
        AmountError: the code is not an ISO 4217 currency.
    """
    try:
        return CURRENCIES[currency]
    except KeyError:
        raise AmountError(f"{currency!r} is not an ISO 4217 currency code") from None


@dataclass(frozen=True, slots=True, order=True)
class Money:
    """So many minor units of a currency; arithmetic with another currency is refused."""

    minor: int
    currency: str

    def __post_init__(self) -> None:
        if not isinstance(self.minor, int) or isinstance(self.minor, bool):
            raise TypeError(f"minor units are an int, got {type(self.minor).__name__}")
        digits_of(self.currency)

    def __add__(self, other: Money) -> Money:
        return Money(self.minor + self._same(other), self.currency)

    def __sub__(self, other: Money) -> Money:
        return Money(self.minor - self._same(other), self.currency)

    def __neg__(self) -> Money:
        return Money(-self.minor, self.currency)

    def _same(self, other: Money) -> int:
        if other.currency != self.currency:
            raise ValueError(f"cannot mix {self.currency} and {other.currency}")
        return other.minor

    def __str__(self) -> str:
        return format_minor(self.minor, self.currency)


def format_minor(minor: int, currency: str) -> str:
    """Return an amount as a person reads it: ``¥182,430.00``; unknown signs become the code."""
    digits = digits_of(currency)
    whole, rest = divmod(abs(minor), 10**digits)
    sign = "-" if minor < 0 else ""
    mark = _SIGNS.get(currency) or f"{currency} "
    tail = f".{rest:0{digits}d}" if digits else ""
    return f"{sign}{mark}{whole:,}{tail}"


def parse_amount(text: str, currency: str, *, decimal: str = ".", group: str = ",") -> int:
    """Return the minor units of a decimal text such as ``-1,234.50``.

    Args:
        text: digits with an optional sign, grouping and decimal mark; nothing else.
        currency: ISO 4217 code, which fixes how many decimals may follow.
        decimal: the decimal mark.
        group: the grouping mark, which is dropped where it parts thousands (or the lakhs and
            ten thousands of India and China); empty: none is allowed.

    Raises:
        AmountError: not a number, or finer than the currency's minor unit (more digits are
            accepted only when they are zeros: nothing is rounded away in reading).
    """
    plain = text.strip()
    if group and group in plain:
        if not _GROUPED.fullmatch(plain.partition(decimal)[0].replace(group, ",").lstrip("+-")):
            raise AmountError(
                f"{text[:_CHARS_MAX]!r} is not an amount: {group!r} parts thousands, or is it the "
                "decimal mark?"
            )
        plain = plain.replace(group, "")
    if decimal != ".":
        plain = plain.replace(decimal, ".")
    whole, _, rest = plain.partition(".")
    readable = plain.isascii() and len(plain) <= _CHARS_MAX
    exact = len(rest) == CURRENCIES.get(currency)
    if readable and exact and whole.isdigit() and rest.isdigit():
        return int(whole + rest)  # What nearly every amount looks like.
    match = _NUMBER.fullmatch(plain) if readable else None
    if match is None:
        raise AmountError(f"{text[:_CHARS_MAX]!r} is not an amount")
    digits = digits_of(currency)
    fraction = match[3] or match[4] or ""
    if fraction[digits:].strip("0"):
        raise AmountError(f"{text!r} is finer than {currency} allows ({digits} decimals)")
    minor = int((match[1] or "0") + fraction[:digits].ljust(digits, "0"))
    return -minor if plain.startswith("-") else minor
