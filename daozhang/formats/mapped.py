"""Reads tables through mapping profiles: each profile is a reader of its own, named after it."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Final

from daozhang.formats._balances import RunningBalance
from daozhang.formats._rows import RowError, RowReader, clean_cell
from daozhang.formats.profiles import Profile, bundled_profiles
from daozhang.formats.tables import DELIMITERS, Head, Preview, TableReader, preview
from daozhang.money import AmountError, format_minor, parse_amount

if TYPE_CHECKING:
    import re

    from daozhang.formats._lines import Collector
    from daozhang.formats.base import Options

__all__ = ["DELIMITERS", "Preview", "ProfileReader", "bundled_readers", "preview"]

_FOOTER_LINES_MAX: Final = 200


class ProfileReader(TableReader):
    """Reads the layout of one profile."""

    def __init__(self, profile: Profile) -> None:
        self.profile = profile
        self.name = profile.name
        self.title = profile.title
        self.headers = (profile.columns,)

    def open(self, head: Head, options: Options, out: Collector) -> _ProfileBody:
        """Return what takes the rows.

        Raises:
            RowError: a column that the profile uses is not in the header.
        """
        return _ProfileBody(self.profile, head, options, out)


class _ProfileBody:
    """The rows of one table, after a profile."""

    def __init__(self, profile: Profile, head: Head, options: Options, out: Collector) -> None:
        self.profile = profile
        self.out = out
        self.preamble = head.preamble
        self.footer: list[str] = []
        self.sums: dict[tuple[str, bool], int] = {}
        self.failed = False
        self.balances: dict[str, RunningBalance] = {}
        self.accounts: set[str] = set()
        self.after = head.need(profile.balance) if profile.balance is not None else None
        self.reader = RowReader(
            profile, head.header, "\n".join(head.preamble), options.timezone, options.currency
        )
        for rule in self.reader.defaulted:
            out.warn(
                None, "value_assumed",
                f"the lines above the table do not name {rule.target}; {rule.default!r} is used: "
                "give a profile that names it if files of several accounts are read together",
            )  # fmt: skip

    def row(self, line: int, cells: list[str]) -> None:
        """Take one row.

        Raises:
            RowError: the row cannot be taken.
        """
        stop = self.profile.stop
        if self.footer or (stop and _first(cells).startswith(stop)):
            if len(self.footer) < _FOOTER_LINES_MAX:
                self.footer.append(",".join(map(clean_cell, cells)))
            return
        reader = self.reader
        if len(cells) >= reader.width and reader.skips(cells):
            return
        try:
            row = reader.read(cells)
        except RowError:
            self.failed = True
            raise
        if self.profile.table == "settlements":
            self._close(line, row)
        if len(cells) < reader.whole:
            self.out.warn(
                line, "row_short",
                f"the row has {len(cells)} cells of {reader.whole}: the texts that it lacks were "
                "taken as empty; look whether the line is cut off",
            )  # fmt: skip
        self.out.add(self.profile.table, row, line)
        if self.profile.totals is not None:
            self._add_up(row)
        if self.profile.table == "credits":
            self._follow(line, cells, row)

    def _follow(self, line: int, cells: list[str], row: dict[str, object]) -> None:
        """Follow the balance after each line, where the file states one."""
        account, currency = str(row["account_id"]), str(row["currency"])
        self.accounts.add(account)
        text = clean_cell(cells[self.after]) if self.after is not None else ""
        amount = row.get("amount_minor")
        if not text or text in self.profile.blank or not isinstance(amount, int):
            return
        balance = self.balances.get(currency)
        if balance is None:
            balance = self.balances[currency] = RunningBalance(currency)
        try:
            stated = self.reader.money(text, currency)
        except RowError:
            return  # The line itself is good; a balance that cannot be read proves nothing.
        if stated is not None:
            balance.add(line, amount, stated)

    def _close(self, line: int, row: dict[str, object]) -> None:
        """Take a line's net for what is paid where the file's own figures do not add up."""
        parts = ("gross_minor", "fee_minor", "tax_minor", "reserve_minor", "net_minor")
        gross, fee, tax, reserve, net = (
            v if isinstance(v := row.get(p), int) else 0 for p in parts
        )
        if gross - fee - tax - reserve == net:
            return
        currency = str(row["currency"])
        told = (format_minor(n, currency) for n in (gross, fee, tax + reserve, net))
        self.out.warn(
            line, "net_differs",
            "gross {} less fee {} and other deductions {} is not the net {}: the net is taken as "
            "what is paid, the rest as fee".format(*told),
        )  # fmt: skip
        row["fee_minor"] = gross - tax - reserve - net

    def _add_up(self, row: dict[str, object]) -> None:
        amount, status = row.get("amount_minor"), row.get("status", "booked")
        if isinstance(amount, int) and status == "booked":
            key = str(row["currency"]), amount >= 0
            self.sums[key] = self.sums.get(key, 0) + amount

    def finish(self) -> None:
        """Compare balances and totals with what the file says, and say what it covers."""
        sound = not self.failed
        for balance in self.balances.values() if sound else ():
            sound = balance.check(self.out) and sound
        if self._totals_agree() and sound:
            self._cover()

    def _cover(self) -> None:
        """Say that the stated period of the one account is covered."""
        profile = self.profile
        if profile.period is None or profile.table != "credits" or len(self.accounts) != 1:
            return
        match = profile.period.search("\n".join([*self.preamble, *self.footer]))
        if match is None:
            return
        days = [_day(match[name], profile.period_dates) for name in ("from", "to")]
        if days[0] is not None and days[1] is not None and days[0] <= days[1]:
            (account,) = self.accounts
            self.out.add(
                "coverage",
                {"subject": account, "table": "credits", "from_at": days[0], "to_at": days[1]},
                1,
            )

    def _totals_agree(self) -> bool:
        """Compare what came in and went out with what the file itself says."""
        pattern, currencies = self.profile.totals, {key[0] for key in self.sums}
        if pattern is None or len(currencies) != 1 or self.failed:
            return not self.failed
        agrees = True
        currency = currencies.pop()
        stated = _stated(pattern, "\n".join([*self.preamble, *self.footer]))
        for name, positive in (("in", True), ("out", False)):
            text = stated.get(name)
            if text is None:
                continue
            try:
                expected = parse_amount(text, currency)
            except AmountError:
                continue
            actual = abs(self.sums.get((currency, positive), 0))
            if actual != expected:
                agrees = False
                self.out.warn(
                    None, "total_mismatch",
                    f"the rows sum to {format_minor(actual, currency)} going {name}, the file "
                    f"states {format_minor(expected, currency)}: rows may be missing",
                )  # fmt: skip
        return agrees


def _day(text: str, forms: tuple[str, ...]) -> dt.date | None:
    """Return the day of a text in one of some strptime forms, or None."""
    for form in forms:
        try:
            return dt.datetime.strptime(text.strip(), form).date()  # noqa: DTZ007 (a day only)
        except ValueError:
            continue
    return None


def _first(cells: list[str]) -> str:
    """Return the first cell that is not blank, clean."""
    return next(filter(None, map(clean_cell, cells)), "")


def _stated(pattern: re.Pattern[str], text: str) -> dict[str, str]:
    """Return the totals that the pattern finds anywhere in the text; the first of each."""
    found: dict[str, str] = {}
    for match in pattern.finditer(text):
        for name, value in match.groupdict().items():
            if value is not None:
                found.setdefault(name, value)
    return found


def bundled_readers() -> tuple[ProfileReader, ...]:
    """Return a reader for each profile that comes with the package."""
    return tuple(ProfileReader(profile) for profile in bundled_profiles())
