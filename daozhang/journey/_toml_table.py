"""A strict reader of one TOML table: every key is asked for once, whatever is left is unknown.

Findings are located by table and key and, where the file's text is at hand, by line. A value that
is wrong is reported and read as absent, so that one pass finds everything that is wrong.
"""

from __future__ import annotations

import difflib
import math
import re
import zoneinfo
from collections.abc import Mapping, Sequence
from datetime import date, datetime, time
from decimal import Decimal, InvalidOperation
from typing import Final, Literal

from daozhang.facts import Problem

__all__ = ["Located", "TomlTable", "did_you_mean"]

_CLOCK: Final = re.compile(r"(\d{1,2}):(\d{2})")
_DAY_MINUTES: Final = 24 * 60
_HOUR_MINUTES: Final = 60
_HEADER: Final = re.compile(r"\s*\[\[?\s*([A-Za-z0-9_.-]+)\s*\]\]?\s*(?:#.*)?")
_RATE_DIGITS_MAX: Final = 12


def did_you_mean(found: str, known: Sequence[str]) -> str:
    """Return a hint such as ``; did you mean 'cutoff'?``, or the list of what is known."""
    close = difflib.get_close_matches(found, known, n=1)
    return f"; did you mean {close[0]!r}?" if close else f"; known are {', '.join(known)}"


class Located:
    """Collects findings about one file and knows the lines of its ``[[terms]]`` tables."""

    def __init__(self, file: str, text: str | None) -> None:
        self.file = file
        self.problems: list[Problem] = []
        self._lines = text.splitlines() if text is not None else []
        heads = [_HEADER.fullmatch(line) for line in self._lines]
        self._heads = [(number, head[1]) for number, head in enumerate(heads) if head]

    def line_of(self, name: str, index: int | None, key: str | None) -> int | None:
        """Return the 1-based line of a key in the index-th table of a name, None if unknown.

        A table of index None is the top of the file, before any header.
        """
        if not self._lines:
            return None
        ends = [number for number, _ in self._heads] + [len(self._lines)]
        if index is None:
            start, end = -1, ends[0]
        else:
            places = [at for at, (_, head) in enumerate(self._heads) if head == name]
            if index >= len(places):  # Written as an inline list: there is no header to point at.
                return None
            start, end = ends[places[index]], ends[places[index] + 1]
        if key is not None:
            said = re.compile(rf"\s*(['\"]?){re.escape(key)}\1\s*=")
            for number in range(start + 1, end):
                if said.match(self._lines[number]):
                    return number + 1
        return start + 1 if index is not None else None

    def add(
        self,
        line: int | None,
        code: str,
        message: str,
        severity: Literal["error", "warning"] = "error",
    ) -> None:
        """Keep one finding."""
        self.problems.append(Problem(self.file, line, code, message, severity))

    @property
    def refused(self) -> bool:
        """Whether any finding refuses the file."""
        return any(problem.severity == "error" for problem in self.problems)


class TomlTable:
    """One table of a file, read key by key."""

    def __init__(
        self,
        data: Mapping[str, object],
        found: Located,
        *,
        name: str = "",
        index: int | None = None,
        label: str = "",
    ) -> None:
        """Start to read.

        Args:
            data: the parsed table.
            found: where findings go.
            name: the table's header, for lines.
            index: which of the tables of that name, from 0; None: the top of the file.
            label: what findings call the table, such as ``terms[2]``.
        """
        self._data = data
        self._found = found
        self._name = name
        self._index = index
        self._label = f"{label}: " if label else ""
        self._within: str | None = None
        self._asked: list[str] = []

    def problem(self, key: str | None, code: str, message: str, *, warning: bool = False) -> None:
        """Report a finding about a key of this table."""
        line = self._found.line_of(self._name, self._index, self._within or key)
        severity: Literal["error", "warning"] = "warning" if warning else "error"
        self._found.add(line, code, f"{self._label}{message}", severity)

    def _wrong(self, key: str, wanted: str, value: object) -> None:
        self.problem(key, "wrong_type", f"{key!r} is {wanted}, found {value!r}")

    def value(self, key: str, *, required: str = "") -> object:
        """Return the raw value, None if absent; ``required`` says what to write if it is."""
        self._asked.append(key)
        value = self._data.get(key)
        if value is None and required:
            self.problem(None, "missing_key", f"{key!r} is missing; {required}")
        return value

    def text(self, key: str, *, required: str = "") -> str | None:
        """Return a text that is not blank."""
        value = self.value(key, required=required)
        if value is None:
            return None
        if not isinstance(value, str) or not value.strip():
            self._wrong(key, "a text that is not empty", value)
            return None
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        """Return a list of texts; none by default."""
        value = self.value(key)
        if value is None:
            return ()
        if not isinstance(value, list) or not all(isinstance(v, str) and v for v in value):
            self._wrong(key, "a list of texts", value)
            return ()
        return tuple(value)

    def choice(self, key: str, known: Sequence[str], *, required: str = "") -> str | None:
        """Return one of the known words."""
        value = self.text(key, required=required)
        if value is not None and value not in known:
            hint = did_you_mean(value, known)
            self.problem(key, "unknown_value", f"{key!r} cannot be {value!r}{hint}")
            return None
        return value

    def flag(self, key: str) -> bool | None:
        """Return true, false or, when absent, None."""
        value = self.value(key)
        if value is not None and not isinstance(value, bool):
            self._wrong(key, "true or false", value)
            return None
        return value

    def count(self, key: str, *, most: int | None = None, required: str = "") -> int | None:
        """Return a whole number from 0 to ``most``."""
        value = self.value(key, required=required)
        if value is None:
            return None
        if not isinstance(value, int) or isinstance(value, bool):
            self._wrong(key, "a whole number", value)
            return None
        if value < 0 or (most is not None and value > most):
            span = "0 or more" if most is None else f"0 to {most}"
            self.problem(key, "out_of_range", f"{key!r} is {span}, found {value}")
            return None
        return value

    def rate(self, key: str, *, most: int, required: str = "") -> tuple[int, int] | None:
        """Return exact basis points as a reduced fraction.

        A float stands for the shortest decimal that reads back as it, which is what the file
        says, so a caller that parses without ``parse_float=Decimal`` gets the same rate.
        """
        value = self.value(key, required=required)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, (int, float, str, Decimal)):
            self._wrong(key, "a number of basis points such as 38 or 37.5", value)
            return None
        try:
            rate = Decimal(str(value))
        except InvalidOperation:
            self._wrong(key, "a number of basis points such as 38 or 37.5", value)
            return None
        if not rate.is_finite() or not 0 <= rate <= most:
            self.problem(key, "out_of_range", f"{key!r} is 0 to {most} basis points, found {value}")
            return None
        numerator, denominator = rate.as_integer_ratio()
        if denominator > 10**_RATE_DIGITS_MAX:
            limit = f"at most {_RATE_DIGITS_MAX} decimals"
            self.problem(key, "out_of_range", f"{key!r} has {limit}, found {value}")
            return None
        divisor = math.gcd(numerator, denominator)
        return numerator // divisor, denominator // divisor

    def day(self, key: str) -> date | None:
        """Return a bare date, written as a TOML date or as its text."""
        value = self.value(key)
        if isinstance(value, str):
            try:
                return date.fromisoformat(value)
            except ValueError:
                pass
        elif isinstance(value, date) and not isinstance(value, datetime):
            return value
        if value is not None:
            self._wrong(key, "a date such as 2026-05-01", value)
        return None

    def clock(self, key: str, *, required: str = "") -> int | None:
        """Return minutes after midnight of ``"HH:MM"``; ``"24:00"`` is 1440."""
        value = self.value(key, required=required)
        if value is None:
            return None
        if isinstance(value, time) and value == value.replace(second=0, microsecond=0):
            return value.hour * _HOUR_MINUTES + value.minute
        match = _CLOCK.fullmatch(value) if isinstance(value, str) and value.isascii() else None
        if match is not None and int(match[2]) < _HOUR_MINUTES:
            minutes = int(match[1]) * _HOUR_MINUTES + int(match[2])
            if minutes <= _DAY_MINUTES:
                return minutes
        self.problem(key, "bad_time", f'{key!r} is "00:00" to "24:00", found {value!r}')
        return None

    def zone(self, key: str, *, required: str = "") -> str | None:
        """Return the name of a time zone that exists."""
        value = self.text(key, required=required)
        if value is None:
            return None
        try:
            zoneinfo.ZoneInfo(value)
        except (zoneinfo.ZoneInfoNotFoundError, ValueError, OSError):
            close = difflib.get_close_matches(value, sorted(zoneinfo.available_timezones()), n=1)
            hint = f"did you mean {close[0]!r}?" if close else "write one such as 'Asia/Shanghai'"
            self.problem(key, "unknown_timezone", f"{key!r} {value!r} is no IANA time zone; {hint}")
            return None
        return value

    def inner(self, data: Mapping[str, object], key: str, position: int) -> TomlTable:
        """Return a reader of a table inside this one, located at its key."""
        label = f"{self._label.removesuffix(': ')}.{key}[{position}]"
        table = TomlTable(data, self._found, name=self._name, index=self._index, label=label)
        table._within = key  # An inline table has no header to point at.
        return table

    def finish(self) -> None:
        """Report every key that nobody asked for."""
        for key in self._data:
            if key not in self._asked:
                hint = did_you_mean(key, self._asked)
                self.problem(key, "unknown_key", f"unknown key {key!r}{hint}")
