"""What Alipay's bills share: account and period in the lines above, totals in the lines below."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

from daozhang.formats._bills import number

if TYPE_CHECKING:
    from daozhang.formats._lines import Collector

__all__ = ["PROVIDER", "ZONE", "Preamble", "Stated", "read_preamble"]

PROVIDER: Final = "alipay"
ZONE: Final = ZoneInfo("Asia/Shanghai")

_ACCOUNT: Final = re.compile(r"账号\s*[:：]\s*\[?\s*([^\],\s]+)")
_MOMENT: Final = r"(\d{4})[年-](\d\d?)[月-](\d\d?)日?(?:\s+(\d\d?):(\d\d):(\d\d))?"
_PERIOD: Final = re.compile(
    rf"起始日期\s*[:：]\s*\[?\s*{_MOMENT}[^终]*终止日期\s*[:：]\s*\[?\s*{_MOMENT}"
)
_ID_DIGITS: Final = 16
# 支出合计：0笔，共0.00元 · 交易合计：6笔，商家实收共0.06元，商家优惠共0.00元
_TOTAL: Final = re.compile(r"(\w+合计)\s*[:：]\s*(\d+)\s*笔[,，]\s*(?:\w*?)共\s*(-?[\d.,]*\d)\s*元")


@dataclass(frozen=True, slots=True)
class Preamble:
    """What the lines above the table say; times are instants in Beijing."""

    account: str | None
    from_at: dt.datetime | None
    to_at: dt.datetime | None


def read_preamble(lines: list[str]) -> Preamble:
    """Read the lines above the table.

    An account is Alipay's 16-digit partner id, to which four digits are added for the ledger.
    """
    text = "\n".join(lines)
    account = _ACCOUNT.search(text)
    name = account[1] if account else None
    if name and name.isdigit() and len(name) > _ID_DIGITS:
        name = name[:_ID_DIGITS]
    period = _PERIOD.search(text)
    if period is None:
        return Preamble(name, None, None)
    parts = [int(part or 0) for part in period.groups()]
    try:
        since = dt.datetime(*parts[:6], tzinfo=ZONE)  # type: ignore[misc, arg-type]
        until = dt.datetime(*parts[6:], tzinfo=ZONE)  # type: ignore[misc, arg-type]
    except ValueError:
        return Preamble(name, None, None)
    return Preamble(name, since, until)


@dataclass(slots=True)
class Stated:
    """The totals in the lines under the table, and what the rows come to by the same names.

    ``sums`` maps a name such as 交易合计 to (count, fen).
    """

    sums: dict[str, tuple[int, int]] = field(default_factory=dict)
    seen: bool = False

    def check(self, out: Collector, line: int, cells: list[str]) -> None:
        """Compare one line under the table with the rows."""
        self.seen = True
        text = ",".join(cells)
        for name, count, total in _TOTAL.findall(text):
            rows = self.sums.get(name)
            if rows is not None:
                number(out, line, f"{name}笔数", rows[0], count, 0)
                number(out, line, name, abs(rows[1]), total.lstrip("-"), 2)
