"""What stands on a slip besides the sale's numbers: a time, a card's last digits, several at once.

Rules kept here: times are the zone's own, and a clock may be two minutes off; a card is looked for
in whatever column of the till's files is called after one, of which only the first six and the last
four digits are kept; of several words each must fit.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date, datetime, time, timedelta, tzinfo
from typing import Final

from daozhang.engine import Engine
from daozhang.facts import TABLES
from daozhang.money import digits_of

__all__ = ["amount_condition", "card_columns", "card_condition", "quoted", "time_condition",
           "word_condition", "words_of"]  # fmt: skip

WORDS_MAX: Final = 5
CLOCK_OFF_MIN: Final = 2
_FIRST_YEAR: Final = 1970

_DAY: Final = r"(?:(?P<y>\d{4})[-/.年])?(?P<m>\d{1,2})[-/月](?P<d>\d{1,2})日?"
_CLOCK: Final = r"(?P<h>\d{1,2}):(?P<min>\d{2})(?::\d{2})?"
_WHEN: Final = re.compile(rf"(?:{_DAY})?[ T]*(?:{_CLOCK})?", re.ASCII)
_SPACED: Final = re.compile(
    rf"((?:\d{{4}}[-/.年])?\d{{1,2}}[-/月]\d{{1,2}}日?) +({_CLOCK})", re.ASCII
)
_AMOUNT: Final = re.compile(r"[¥$€£]?(\d{1,3}(?:,\d{3})+|\d{1,12})(?:\.(\d{1,3}))?", re.ASCII)
_CARD: Final = re.compile(r"(?:^|_)(?:card|pan|卡号)(?:$|_)", re.IGNORECASE)
_CARD_END: Final = re.compile(r"\d{4}", re.ASCII)
_ENDING_MIN: Final = 4


def quoted(text: str) -> str:
    """Return a text as an SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def words_of(reference: str) -> list[str]:
    """Return the words of a reference, a day and a time of day together as one."""
    joined = _SPACED.sub(lambda found: f"{found[1]}T{found[2]}", reference.replace("：", ":"))
    return joined.split()[:WORDS_MAX]


def amount_condition(text: str) -> str | None:
    """Return the condition on ``o`` that a sale's amount is this, in its currency's digits."""
    found = _AMOUNT.fullmatch(text)
    if found is None:
        return None
    whole, part = found[1].replace(",", ""), found[2] or ""
    cases = []
    for currency, digits in (("JPY", 0), ("KRW", 0), ("", digits_of("CNY"))):
        if len(part) > digits:
            continue
        minor = int(whole + part.ljust(digits, "0"))
        own = f"o.currency = '{currency}'" if currency else "o.currency NOT IN ('JPY', 'KRW')"
        cases.append(f"({own} AND o.amount_minor = {minor})")
    return "(" + " OR ".join(cases or ["1 = 0"]) + ")"


def time_condition(text: str, zone: tzinfo) -> str | None:
    """Return the condition on ``o`` that it was sold then; None: it is no day and no time.

    Args:
        text: ``2026-04-23``, ``04-23``, ``4月23日``, ``12:05``, or a day and a time with a ``T``.
        zone: of the terms.
    """
    found = _WHEN.fullmatch(text)
    if found is None or not text:
        return None
    part = {name: int(value) for name, value in found.groupdict().items() if value}
    clock = part.get("h", 0) * 60 + part.get("min", 0) if "h" in part else None
    if clock is not None and (part["h"] > 23 or part["min"] > 59):  # noqa: PLR2004 - of a clock
        return None
    if "y" in part:
        return _within(part, clock, zone)
    local = f"(o.captured_at AT TIME ZONE {quoted(str(zone))})"
    conditions = []
    if "m" in part:
        conditions.append(f"month({local}) = {part['m']} AND day({local}) = {part['d']}")
    if clock is not None:
        minutes = f"hour({local}) * 60 + minute({local})"
        conditions.append(f"{minutes} BETWEEN {clock - CLOCK_OFF_MIN} AND {clock + CLOCK_OFF_MIN}")
    return " AND ".join(conditions)


def _within(part: dict[str, int], clock: int | None, zone: tzinfo) -> str | None:
    if part["y"] < _FIRST_YEAR:  # Zones were no whole minutes then, and nobody took cards.
        return None
    try:
        day = date(part["y"], part["m"], part["d"])
        begins = datetime.combine(day, time(0), zone)
        ends = datetime.combine(day + timedelta(days=1), time(0), zone)
        if clock is not None:
            begins = datetime.combine(day, time(clock // 60, clock % 60), zone)
            ends = begins + timedelta(minutes=CLOCK_OFF_MIN + 1)
            begins -= timedelta(minutes=CLOCK_OFF_MIN)
    except (ValueError, OverflowError):
        return None
    return (
        f"o.captured_at >= TIMESTAMPTZ {quoted(begins.isoformat())} "
        f"AND o.captured_at < TIMESTAMPTZ {quoted(ends.isoformat())}"
    )


def card_columns(engine: Engine) -> list[str]:
    """Return the columns of the till's files that are called after a card and are not our own."""
    known = set(TABLES["sales"].names)
    return [
        name for name in engine.columns("facts_sales") if name not in known and _CARD.search(name)
    ]


def card_condition(text: str, cards: Sequence[str]) -> str | None:
    """Return the condition on ``f`` (facts of sales) that a card's number ends so."""
    if not cards or not _CARD_END.fullmatch(text):
        return None
    ends = (f'right(CAST(f."{name}" AS VARCHAR), 4) = {quoted(text)}' for name in cards)
    return f"({' OR '.join(ends)})"


def word_condition(word: str, zone: tzinfo, cards: Sequence[str]) -> str:
    """Return the condition on ``o`` and ``f`` that one of several words fits a sale."""
    whole = quoted(word)
    fits = [
        f"o.terminal_id = {whole}", f"o.store_id = {whole}", f"o.payout_id = {whole}",
        f"f.batch_no = {whole}", amount_condition(word), time_condition(word, zone),
        card_condition(word, cards),
    ]  # fmt: skip
    if len(word) >= _ENDING_MIN:
        fits += [f"suffix(lower({name}), lower({whole}))" for name in ("o.sale_id", "f.rrn")]
    return "(" + " OR ".join(f"coalesce({one}, false)" for one in fits if one) + ")"
