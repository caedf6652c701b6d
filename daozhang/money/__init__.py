"""Money: integer minor units with a currency; every rounding and every leftover has a name."""

from daozhang.money.amounts import (
    CURRENCIES,
    AmountError,
    Money,
    digits_of,
    format_minor,
    parse_amount,
)
from daozhang.money.rounding import Rounding, allocate, share_of

__all__ = [
    "CURRENCIES",
    "AmountError",
    "Money",
    "Rounding",
    "allocate",
    "digits_of",
    "format_minor",
    "parse_amount",
    "share_of",
]
