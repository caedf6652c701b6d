"""PayPal's event codes and units: what a record of its SFTP reports is, and how much it moves.

The first three characters of an event code are its group, the rest its kind in it (PayPal's
T-codes). Amounts are whole numbers of the currency's smallest unit.
"""

from __future__ import annotations

from typing import Final

from daozhang.money import digits_of

__all__ = ["CONVERSION", "HOLDS", "NO_MONEY", "Scale", "kind_of", "pays_out"]

CONVERSION: Final = "T02"
"""The group of conversions between currencies: two rows each, one in either currency."""

HOLDS: Final = frozenset({"T15", "T21"})
"""Groups of codes that only set balance aside: the total balance stays, the available one moves."""

NO_MONEY: Final = frozenset({"T13", "T98"})
"""Groups that move nothing: authorisations, and rows for display only."""

_WITHDRAWAL: Final = "T04"
_WITHDRAWAL_REVERSED: Final = "T1101"
_OWN_KINDS: Final = {
    "T1105": "reserve", "T1108": "fee", "T1109": "fee", "T1110": "reserve", "T1111": "reserve",
    "T1200": "adjustment", "T1203": "adjustment", "T1204": "adjustment",
}  # fmt: skip
_GROUPS: Final = {
    "T00": "sale", "T01": "fee", "T11": "refund", "T12": "chargeback", "T15": "reserve",
    "T21": "reserve",
}  # fmt: skip

_WITHOUT_DECIMALS: Final = frozenset({"HUF", "JPY", "TWD"})


def pays_out(code: str) -> bool:
    """Say whether a record is a withdrawal to a bank, or one that came back."""
    return code.startswith(_WITHDRAWAL) or code == _WITHDRAWAL_REVERSED


def kind_of(code: str, gross: int) -> str:
    """Return the kind of a settlement line.

    Args:
        code: PayPal's event code, such as ``T0006``.
        gross: signed minor units: a payment that we made is no sale, a refund that we got none
            of ours.
    """
    kind = _OWN_KINDS.get(code) or _GROUPS.get(code[:3], "adjustment")
    if kind == "reserve":
        return "reserve_hold" if gross < 0 else "reserve_release"
    if kind == "chargeback":
        return "chargeback" if gross < 0 else "chargeback_reversal"
    if (kind == "sale" and gross < 0) or (kind == "refund" and gross > 0):
        return "adjustment"
    return kind


class Scale:
    """What a report's whole number means in a currency that PayPal keeps without decimals.

    The specification's smallest unit of the yen is the yen, and of the forint and the Taiwan
    dollar, which PayPal keeps whole, the same; reports with all amounts in hundredths are known
    too. An amount that is no multiple of 100 decides for whole units. Fees are hardly ever round,
    so where fees were seen and all amounts are multiples, they decide for hundredths.
    """

    __slots__ = ("_factor", "currency", "decided", "fees", "guessed", "whole")

    def __init__(self, currency: str) -> None:
        self.currency = currency
        self.decided = currency not in _WITHOUT_DECIMALS
        self.whole = False
        self.guessed = False
        self.fees = False
        self._factor: int = 10 ** digits_of(currency)

    def look(self, gross: int, fee: int) -> bool:
        """Look at one more record's amounts; say whether the scale is known."""
        if not self.decided:
            self.fees = self.fees or fee != 0
            if gross % 100 or fee % 100:
                self.decided = self.whole = True
        return self.decided

    def settle(self) -> None:
        """Decide by what was seen."""
        if not self.decided:
            self.decided = self.guessed = True
            self.whole = not self.fees

    def minor(self, units: int) -> int:
        """Return minor units of the currency (whole hundreds where they are hundredths)."""
        if self.whole:
            return units * self._factor
        if self.guessed:
            return units * self._factor // 100
        return units
