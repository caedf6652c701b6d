"""Does 03/04/2026 mean March or April? The file's own dates decide, never a silent guess.

A date whose first number is over twelve begins with the day; one whose second is, with the month.
Rows wait until one of them says so.
"""

from __future__ import annotations

import re
from typing import Final

__all__ = ["DayOrder"]

_SLASHED: Final = re.compile(r"(\d{1,2})[/.-](\d{1,2})[/.-](\d{2}|\d{4})", re.ASCII)
_MONTHS: Final = 12


class DayOrder:
    """Looks at dates until their order is known.

    Attributes:
        forms: strptime forms of the dates, once ``known``; both are tried before.
    """

    def __init__(self) -> None:
        self.known = False
        self.day_first = True

    def look(self, text: str) -> bool:
        """Look at one more date; say whether the order is known."""
        if not self.known:
            match = _SLASHED.fullmatch(text)
            if match is None or "." in text:
                # ISO 8601 and 31.12.2026 have one meaning only.
                self.known = True
            elif int(match[1]) > _MONTHS:
                self.known = True
            elif int(match[2]) > _MONTHS:
                self.known, self.day_first = True, False
        return self.known

    def settle(self, *, day_first: bool) -> None:
        """Decide what the dates themselves do not say."""
        self.known, self.day_first = True, day_first

    @property
    def forms(self) -> tuple[str, ...]:
        """Forms of a date, the known order alone."""
        slashed = "%d/%m/%Y" if self.day_first else "%m/%d/%Y"
        return (slashed, slashed.replace("%Y", "%y"), slashed.replace("/", "-"), "%d.%m.%Y",
                "%d.%m.%y")  # fmt: skip
