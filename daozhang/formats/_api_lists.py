"""What readers of API answers share: objects with amounts in minor units, one by one."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator
from typing import Any, Final, Protocol

from daozhang.facts import Problem
from daozhang.formats._json_items import ItemError, items_of
from daozhang.formats._lines import Collector
from daozhang.formats._rows import RowError
from daozhang.formats._text import decode_head, open_text, sniff_encoding
from daozhang.formats._times import parse_iso_day, parse_iso_instant
from daozhang.formats.base import Facts, Fit, Options, Source
from daozhang.formats.limits import FACTS_BATCH_ROWS

__all__ = ["ApiBody", "ApiListReader", "id_of", "moment_of", "text_of", "whole_of"]

_INT_MAX: Final = 10**15
_BEGINNINGS: Final = (b"{", b"[", b"\xef", b"\xfe", b"\xff")


class ApiBody(Protocol):
    """Takes the objects of one list."""

    def take(self, line: int, item: dict[str, Any]) -> None:
        """Take one object.

        Raises:
            RowError: it cannot be taken; its message becomes a located error.
        """
        ...

    def finish(self) -> None:
        """Look at the whole, once all objects were taken and before the last are handed out."""
        ...


class ApiListReader:
    """Reads a saved API answer: a JSON object with a list of objects, or such a list alone.

    Attributes:
        name: the format's name.
        title: what people call it.
        key: the list's key.
        empty: a text that stands in an answer whose list is empty.
    """

    name: str
    title: str
    key: str
    empty: str

    def holds(self, item: dict[str, Any]) -> bool:
        """Say whether an object is one of this list's."""
        raise NotImplementedError

    def open(self, options: Options, out: Collector) -> ApiBody:
        """Return what takes the objects."""
        raise NotImplementedError

    def fit(self, source: Source) -> Fit:
        """Say how well the file fits: by the first object of its list."""
        if not source.head.lstrip().startswith(_BEGINNINGS):
            return Fit.NO
        text = decode_head(source.head, sniff_encoding(source.head))
        if not text.lstrip().startswith(("{", "[")):
            return Fit.NO
        try:
            for _, item in items_of(io.StringIO(text), self.key):
                return Fit.CERTAIN if self.holds(item) else Fit.NO
        except ItemError:
            return Fit.NO
        return Fit.CERTAIN if self.empty in text else Fit.NO

    def read(self, source: Source, options: Options) -> Iterator[Facts | Problem]:
        """Stream what the objects mean.

        Raises:
            OSError: the file cannot be read.
        """
        out = Collector(source.name)
        body = self.open(options, out)
        count = 0
        with open_text(source, sniff_encoding(source.head), options) as stream:
            try:
                for line, item in items_of(stream, self.key):
                    count += 1
                    try:
                        body.take(line, item)
                    except RowError as error:
                        out.error(line, error.code, f"{error}; the object was left out")
                    if count % FACTS_BATCH_ROWS == 0:
                        yield from out.drain()
            except ItemError as error:
                out.error(
                    error.line, "json_broken",
                    f"{error}; what stands before it was taken: fetch the answer again",
                )  # fmt: skip
        if not count and not out.problem_count:
            out.warn(None, "no_entries", f"the list {self.key!r} is empty")
        body.finish()
        yield from out.drain(last=True)


def text_of(item: object, *names: str) -> str | None:
    """Return the first of some members that is a text (or a number, as text)."""
    if isinstance(item, dict):
        for name in names:
            value = item.get(name)
            if isinstance(value, str) and value:
                return value
            if isinstance(value, int) and not isinstance(value, bool):
                return str(value)
    return None


def id_of(item: dict[str, Any], what: str = "object") -> str:
    """Return an object's id; ``what`` is what a message calls it.

    Raises:
        RowError: it has none.
    """
    own = text_of(item, "id")
    if own is None:
        raise RowError("value_missing", f"the {what} has no id")
    return own


def whole_of(item: dict[str, Any], name: str) -> int:
    """Return a member that is a whole number of minor units.

    Raises:
        RowError: it is something else, or is not there.
    """
    value = item.get(name)
    if value is None:
        raise RowError("amount_missing", f"the object has no {name}")
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > _INT_MAX:
        raise RowError(
            "amount_unreadable", f"{name} is {str(value)[:30]!r}, not a whole number of minor units"
        )
    return value


def moment_of(item: dict[str, Any], *names: str) -> dt.datetime | dt.date:
    """Return the first of some members that is a time: RFC 3339, or seconds since 1970.

    Raises:
        RowError: none of them is.
    """
    for name in names:
        value = item.get(name)
        if isinstance(value, int) and not isinstance(value, bool):
            try:
                return dt.datetime.fromtimestamp(value, dt.UTC)
            except (OverflowError, OSError, ValueError):
                continue
        if isinstance(value, str) and value:
            when: dt.datetime | dt.date | None = parse_iso_instant(value, dt.UTC)
            when = when or parse_iso_day(value)
            if when is not None:
                return when
    raise RowError("date_unreadable", f"the object has no time in {' or '.join(names)}")
