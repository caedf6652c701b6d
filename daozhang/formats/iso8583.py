"""ISO 8583 message traces of terminals and hosts: what was tried, sold and closed.

Rules kept here:

- A request and its response belong together by terminal (DE 41), trace number (DE 11) and class of
  message. Each request is an ``attempt``; a request that never got its response is a timeout once
  the same terminal goes on.
- An approved request that moves money is a sale of its kind; a batch close (0500) is a batch.
- The four encodings that terminals and hosts use are tried (:mod:`._iso8583_specs`); a message that
  none of them reads to its end is an error that names field and byte. Its content is never shown.
- DE 12 and 13 have no year; it is that of the log's line, of the file's name or of the day before.
- A message whose fields change from one day to the next is told: that is how an interface breaks.
- DE 2, 35, 36, 45, 52 and 55 (card number, tracks, PIN, chip) never leave this module.
"""

from __future__ import annotations

import datetime as dt
import re
from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from zoneinfo import ZoneInfo

import iso8583

from daozhang.formats._bills import RECORDED_BY
from daozhang.formats._iso8583_decode import Decoder
from daozhang.formats._iso8583_facts import (
    attempt_kind,
    batch_no,
    batch_totals,
    method,
    outcome,
    sale_kind,
)
from daozhang.formats._iso8583_frames import Frame, bare, frames_of, looks_like
from daozhang.formats._iso8583_specs import SPECS, currency_of
from daozhang.formats._lines import Collector, LineIds
from daozhang.formats._rows import RowError
from daozhang.formats._text import open_bytes
from daozhang.formats._times import with_nearest_year
from daozhang.formats.base import Facts, Fit, Options, Source
from daozhang.formats.limits import FACTS_BATCH_ROWS

if TYPE_CHECKING:
    from collections.abc import Iterator

    from daozhang.facts import Problem

__all__ = ["Iso8583Reader"]

PROVIDER: Final = "iso8583"
_UNIONPAY: Final = "unionpay"
_PENDING_MAX: Final = 50_000
_SOLD_MAX: Final = 200_000
_SHAPES_MAX: Final = 1_000
_NAME_DAY: Final = re.compile(r"(?<!\d)(20\d\d)[-_.]?(0[1-9]|1[0-2])[-_.]?([0-2]\d|3[01])(?!\d)")
# Fields that come and go with the card and the customer; the others are the interface's.
_CARD_FIELDS: Final = frozenset(
    {"2", "14", "23", "26", "35", "36", "45", "52", "53", "54", "55", "64", "128", "38", "44", "h",
     "t", "p", "1"}
)  # fmt: skip


@dataclass(slots=True)
class _Request:
    """A request that waits for its response."""

    number: int
    mti: str
    fields: dict[str, str]
    at: dt.datetime | None

    def asks(self, trace: str, mti: str) -> bool:
        """Say whether a response with this trace number and type answers the request."""
        return self.mti[1] == mti[1] and self.fields.get("11", "") == trace


class Iso8583Reader:
    """Reads traces of ISO 8583 messages."""

    name = "iso8583"

    def fit(self, source: Source) -> Fit:
        """Say how well the file fits: by its first messages."""
        if not looks_like(source.head):
            return Fit.NO
        return Fit.YES

    def read(self, source: Source, options: Options) -> Iterator[Facts | Problem]:
        """Stream attempts, sales and batches. A problem's line is a message's number.

        Raises:
            OSError: the file cannot be read.
        """
        reading = _Reading(Collector(source.name), options, _day_of(source.name))
        with open_bytes(source, options) as stream:
            for count, frame in enumerate(frames_of(stream, source.head), 1):
                reading.take(frame)
                if count % FACTS_BATCH_ROWS == 0:
                    yield from reading.out.drain()
        reading.finish()
        yield from reading.out.drain(last=True)


def _day_of(name: str) -> dt.date | None:
    match = _NAME_DAY.search(name)
    try:
        return dt.date(int(match[1]), int(match[2]), int(match[3])) if match else None
    except ValueError:
        return None


def _share(error: iso8583.DecodeError) -> float:
    """Return how far into the message decoding came, so that the best reading is told of."""
    return error.pos / max(len(error.s), 1)


class _Reading:
    """One pass over one trace."""

    def __init__(self, out: Collector, options: Options, day: dt.date | None) -> None:
        self.out = out
        self.zone = ZoneInfo(options.timezone)
        self.currency = options.currency
        self.day = day
        self.spec = "bcd"
        self.decoders = {name: Decoder(spec) for name, spec in SPECS.items()}
        self.ids = LineIds()
        # By terminal: each waits for one answer at a time.
        self.waiting: OrderedDict[str, _Request] = OrderedDict()
        self.sold: OrderedDict[tuple[str, str], str] = OrderedDict()
        self.named: dict[tuple[str, str | None], frozenset[str]] = {}
        self.clock: tuple[dt.datetime | None, dt.datetime | None] = (None, None)
        self.told_at: tuple[tuple[str, str, dt.date | None] | None, dt.datetime | None]
        self.told_at = None, None
        self.shapes: dict[tuple[str, str, str], frozenset[str]] = {}
        self.told: set[tuple[str, ...]] = set()
        self.messages = 0

    def take(self, frame: Frame | tuple[int, int]) -> None:
        """Take one message."""
        if not isinstance(frame, Frame):
            number, offset = frame
            self.out.error(
                number, "message_unreadable",
                f"at byte {offset} no message begins where one is expected: the trace is cut or "
                "damaged here",
            )  # fmt: skip
            return
        try:
            fields = self._decode(frame)
            if fields is not None:
                self.messages += 1
                self._message(frame, fields)
        except RowError as error:
            self.out.error(frame.number, error.code, f"{error}; the message was left out")

    def finish(self) -> None:
        """Nothing more comes: what still waits was cut off with the trace, and is not judged."""
        if self.waiting:
            first = min(request.number for request in self.waiting.values())
            self.out.warn(
                first, "no_response",
                f"{len(self.waiting)} requests have no response in the trace and nothing follows "
                "from their terminals: they may have been answered after it ends",
            )  # fmt: skip
        if not self.messages and not self.out.problem_count:
            self.out.error(None, "no_messages", "no ISO 8583 message was found in the file")

    def _decode(self, frame: Frame) -> dict[str, str] | None:
        """Return the fields of a message, or None after telling why there are none."""
        fields = self.decoders[self.spec].decode(bare(frame.data))
        if fields is not None and fields["t"].isdigit():
            return fields
        failed: iso8583.DecodeError | None = None
        ways = [bare(data) for data in (frame.data, *frame.others)]
        for name in (self.spec, *(name for name in SPECS if name != self.spec)):
            for data in ways:
                try:
                    fields, _ = iso8583.decode(data, SPECS[name])
                except iso8583.DecodeError as error:
                    if failed is None or _share(error) > _share(failed):
                        failed = error
                except (ValueError, LookupError, OverflowError):
                    continue
                else:
                    if fields["t"].isdigit():
                        self.spec = name
                        return dict(fields)
        where, why = "its start", ""
        if failed is not None:
            where = f"field {failed.field}, byte {failed.pos} of {len(failed.s)}"
            why = f": {failed.msg}"
        self.out.error(
            frame.number, "message_unreadable",
            f"the message at byte {frame.offset} cannot be read beyond {where}{why}; known "
            f"encodings are {', '.join(SPECS)}: ask for the interface's field list",
        )  # fmt: skip
        return None

    def _message(self, frame: Frame, fields: dict[str, str]) -> None:
        mti = fields["t"]
        naive, logged = self.clock
        if naive != frame.logged:
            logged = frame.logged.replace(tzinfo=self.zone) if frame.logged else None
            self.clock = frame.logged, logged
            if logged is not None:
                self.day = logged.date()
        terminal = fields.get("41", "").strip()
        if mti[2] in "024":
            at = logged or self._moment(fields)
            self._shape(frame.number, mti, fields)
            self._overdue(terminal)
            self.waiting[terminal] = _Request(frame.number, mti, fields, at)
            if len(self.waiting) > _PENDING_MAX:
                self.waiting.popitem(last=False)
            return
        host_at = self._moment(fields)
        request = self.waiting.get(terminal)
        if request is not None and request.asks(fields.get("11", ""), mti):
            del self.waiting[terminal]
        else:
            # Only the host's half was traced; it repeats what matters of the request.
            asked = f"{mti[:2]}{int(mti[2]) - 1 if mti[2].isdigit() and mti[2] != '0' else 0}0"
            request = _Request(frame.number, asked, fields, None)
        self._answered(request, fields, logged or host_at, host_at)

    def _moment(self, fields: dict[str, str]) -> dt.datetime | None:
        """Return the time of DE 12 and 13; None: the message states none.

        Raises:
            RowError: it states one, and nothing says the year.
        """
        time, date = fields.get("12", ""), fields.get("13", "")
        if len(time) == 12 and time.isdigit():  # noqa: PLR2004 (1993: YYMMDDhhmmss)
            date, time = time[2:6], time[6:]
        if len(date) != 4 or len(time) != 6 or not (date + time).isdigit():  # noqa: PLR2004
            return None
        asked = date, time, self.day
        if self.told_at[0] == asked:
            return self.told_at[1]
        if self.day is None:
            raise RowError(
                "year_missing",
                "the message's date has no year, and neither the log's lines nor the file's name "
                "state one: name the file after its day, such as trace-2026-05-06.log",
            )
        day = with_nearest_year(int(date[:2]), int(date[2:]), self.day)
        try:
            clock = dt.time(int(time[:2]), int(time[2:4]), int(time[4:]))
        except ValueError:
            return None
        moment = dt.datetime.combine(day, clock, self.zone) if day else None
        self.told_at = asked, moment
        return moment

    def _overdue(self, terminal: str) -> None:
        """Give up on a terminal's earlier request, which it no longer waits for."""
        request = self.waiting.pop(terminal, None)
        if request is not None and request.at is not None:
            self._attempt(request, "timeout", None, request.at, None)

    def _answered(
        self,
        request: _Request,
        answer: dict[str, str],
        at: dt.datetime | None,
        host_at: dt.datetime | None,
    ) -> None:
        when = request.at or at
        if when is None:
            raise RowError(
                "date_missing",
                "neither the request nor its response states a time (DE 12 and 13), and the log's "
                "line has none",
            )
        code = answer.get("39", "")
        result = outcome(code)
        self._attempt(request, result, code, when, host_at)
        if code == "30":
            self._tell_once(
                request.number, "format_refused",
                f"the host refuses messages {request.mti} of terminal "
                f"{request.fields.get('41', '').strip()} as malformed (DE 39 = 30): compare their "
                "fields with the interface's field list",
                request.mti, request.fields.get("41", ""),
            )  # fmt: skip
        if request.mti[1] == "5":
            self._batch(request, answer, when, result)
        elif result == "approved":
            self._sale(request, answer, when, host_at)

    def _attempt(
        self,
        request: _Request,
        result: str,
        code: str | None,
        at: dt.datetime,
        host_at: dt.datetime | None,
    ) -> None:
        kind = attempt_kind(request.mti)
        fields = request.fields
        terminal = fields.get("41", "").strip()
        if kind is None or not terminal:
            return
        trace = fields.get("11", "")
        amount = fields.get("4", "")
        money = kind in {"sale", "advice", "reversal"}
        mark = f"{request.mti}|{trace}"
        self.out.add(
            "attempts",
            {
                "attempt_id": self.ids.next_id(terminal, at.isoformat(), 0, mark),
                "terminal_id": terminal, "at": at, "kind": kind, "outcome": result,
                "code": code or None, "host_at": host_at,
                "amount_minor": int(amount) if amount.isdigit() and money else None,
                "channel": "card" if money else None,
                "method": method(fields.get("22", "")) if money else None,
            },
            request.number,
        )  # fmt: skip

    def _provider(self, acquirer: str) -> str:
        return acquirer.strip() or (_UNIONPAY if self.spec == "bcd" else PROVIDER)

    def _currency(self, code: str) -> str:
        code = code.strip()
        found = currency_of(code) if code else self.currency
        if found is None and self.spec == "bcd" and not code:
            return "CNY"
        if found is None:
            raise RowError(
                "currency_unknown" if code else "currency_missing",
                f"DE 49 is {code[:5]!r}, no known ISO 4217 code: name the currency to read with",
            )
        return found

    def _sale(
        self,
        request: _Request,
        answer: dict[str, str],
        at: dt.datetime,
        host_at: dt.datetime | None,
    ) -> None:
        asked = request.fields

        def told(field: str) -> str:
            # The response repeats what matters of the request, which goes before it.
            text = asked.get(field)
            return answer.get(field, "") if text is None else text

        terminal, trace = told("41").strip(), told("11")
        reversal = request.mti[1] == "4"
        kind = "reversal" if reversal else sale_kind(request.mti, asked)
        original = self.sold.get((terminal, trace)) if reversal else None
        if kind is None or not terminal or (reversal and original is None):
            return
        amount = told("4")
        if not amount.isdigit():
            raise RowError("amount_missing", "an approved message has no amount (DE 4)")
        number = batch_no(asked)
        day = f"{at.year:04d}{at.month:02d}{at.day:02d}"
        base = "-".join(filter(None, (terminal, number, trace, day)))
        sale_id = f"{base}-{kind}" if reversal else base
        if kind in {"void", "refund"}:
            original = self._original(asked, terminal)
        self.out.add(
            "sales",
            {
                "sale_id": sale_id, "kind": kind, "original_sale_id": original,
                "merchant_id": told("42").strip() or terminal,
                "terminal_id": terminal, "provider_id": self._provider(told("32")),
                "channel": "card", "amount_minor": int(amount),
                "currency": self._currency(told("49")), "captured_at": at, "host_at": host_at,
                "batch_no": number, "trace_no": trace or None,
                "rrn": answer.get("37", "").strip() or None,
                "mcc": told("18") or None,
                "method": method(told("22")), "recorded_by": RECORDED_BY,
            },
            request.number,
        )  # fmt: skip
        if not reversal:
            self.sold[terminal, trace] = sale_id
            if len(self.sold) > _SOLD_MAX:
                self.sold.popitem(last=False)

    def _original(self, fields: dict[str, str], terminal: str) -> str | None:
        """Return the sale that a void or refund names: DE 61 (batch, trace), or DE 90."""
        if len(fields.get("61", "")) >= 12:  # noqa: PLR2004 (n6 batch, n6 trace)
            return self.sold.get((terminal, fields["61"][6:12]))
        return self.sold.get((terminal, fields.get("90", "")[4:10]))

    def _batch(
        self, request: _Request, answer: dict[str, str], at: dt.datetime, result: str
    ) -> None:
        fields = request.fields
        terminal, number = fields.get("41", "").strip(), batch_no(fields)
        totals, hosts = batch_totals(fields), batch_totals(answer)
        if not terminal or number is None or totals is None:
            return
        verdict = hosts[2] if hosts else None
        if result != "approved":
            ended = "unbalanced" if answer.get("39") in {"77", "95"} else "rejected"
        else:
            ended = {"2": "unbalanced", "3": "rejected"}.get(verdict or "1", "balanced")
        self.out.add(
            "batches",
            {
                "terminal_id": terminal, "batch_no": number, "closed_at": at,
                "submitted_at": at, "sales_count": totals[0], "sales_minor": totals[1],
                "host_count": hosts[0] if hosts else None,
                "host_minor": hosts[1] if hosts else None, "outcome": ended,
            },
            request.number,
        )  # fmt: skip

    def _shape(self, number: int, mti: str, fields: dict[str, str]) -> None:
        """Tell of requests whose fields are others than before: an interface that changed."""
        key = (mti, fields.get("3", "")[:2], fields.get("60", "")[:2])
        bitmaps = (fields["p"], fields.get("1"))
        shape = self.named.get(bitmaps)
        if shape is None:
            shape = frozenset(fields) - _CARD_FIELDS
            if len(self.named) < _SHAPES_MAX:
                self.named[bitmaps] = shape
        before = self.shapes.setdefault(key, shape)
        if before == shape:
            return
        self.shapes[key] = shape
        changes = [f"without field {name}" for name in sorted(before - shape, key=int)]
        changes += [f"with field {name}" for name in sorted(shape - before, key=int)]
        self._tell_once(
            number, "shape_changed",
            f"messages {mti} now come {', '.join(changes)}; before they had "
            f"{', '.join(sorted(before, key=int))}: if the receiver was not told, it will refuse "
            "them",
            mti, *changes,
        )  # fmt: skip

    def _tell_once(self, number: int, code: str, message: str, *key: str) -> None:
        if (code, *key) not in self.told:
            self.told.add((code, *key))
            self.out.warn(number, code, message)
