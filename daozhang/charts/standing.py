"""How each currency stands, and the one sentence that says it.

Rules kept here: currencies are never added up; the currency with most sales speaks first; money
whose statement has not come is never called late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from daozhang.charts.speech import Speech
from daozhang.charts.turns import NEXT_PAYOUT, Turn, find_turns, turn_action, turn_place
from daozhang.journey.figures import Figures
from daozhang.money import Rounding, share_of

__all__ = [
    "DUE",
    "STATUSES",
    "Headline",
    "Standing",
    "draw_headline",
    "percent_of",
    "standings",
    "waiting_sentences",
]

STATUSES: Final = (
    "on_time", "late", "overdue", "unknown", "in_transit", "cancelled", "failed",
)  # fmt: skip
"""Every status in the order in which it is shown."""

DUE: Final = ("on_time", "late", "overdue", "unknown")
"""The statuses of money that should have arrived by now."""

_DAY_S: Final = 24 * 60 * 60

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Standing:
    """One currency's money by status; every amount in minor units.

    Attributes:
        currency: ISO 4217 code.
        rows: status → its row of :attr:`daozhang.journey.figures.Figures.by_status`.
    """

    currency: str
    rows: Mapping[str, Row]

    def total(self, column: str, *statuses: str) -> int:
        """Return the sum of a column over these statuses; none named: over all."""
        return sum(
            row[column] for status, row in self.rows.items() if not statuses or status in statuses
        )

    @property
    def sales(self) -> int:
        """How many sales there are."""
        return self.total("sales")

    @property
    def due_minor(self) -> int:
        """Sale amounts that were due by now."""
        return self.total("amount_minor", *DUE)

    @property
    def overdue_minor(self) -> int:
        """What is due and has not come."""
        return self.total("outstanding_minor", "overdue")


@dataclass(frozen=True, slots=True)
class Headline:
    """Where the money is and what to do, in words.

    Attributes:
        tone: ``good`` (nothing is overdue), ``bad`` (something is), ``unsure`` (nothing is known
            to be overdue, but a statement is missing), ``empty`` (there are no sales).
        sentence: the answer for the currency with most sales.
        arrived: how much of what was due came on time, where the answer speaks of what did not.
        action: what to do first; empty: nothing.
        aside: what is not counted as late and why; empty: nothing.
        others: one sentence for each other currency.
        waited: what lateness cost, one sentence for each currency that has any (R1).
    """

    tone: Literal["good", "bad", "unsure", "empty"]
    sentence: str
    arrived: str = ""
    action: str = ""
    aside: str = ""
    others: tuple[str, ...] = ()
    waited: tuple[str, ...] = ()


def standings(figures: Figures) -> tuple[Standing, ...]:
    """Return how each currency stands: those with overdue money first, then by their sales."""
    rows: dict[str, dict[str, Row]] = {}
    for row in figures.by_status:
        rows.setdefault(row["currency"], {})[row["status"]] = row
    found = [Standing(currency, by_status) for currency, by_status in rows.items()]
    return tuple(sorted(found, key=lambda s: ("overdue" not in s.rows, -s.sales, s.currency)))


def percent_of(part: int, whole: int) -> str:
    """Return a share as whole percent, cut so that 100 % means all of it."""
    return f"{part * 100 // whole}%" if whole else "–"


def draw_headline(figures: Figures, speech: Speech) -> Headline:
    """Return the answer in words: what arrived, what did not, where it stopped, what to do."""
    found = standings(figures)
    if not found:
        action = speech("headline.empty.action")
        return Headline("empty", speech("headline.empty"), action=action)
    main = found[0]
    tone: Literal["good", "bad", "unsure"] = "good"
    if any(s.rows.get("unknown") for s in found):
        tone = "unsure"
    if any(s.rows.get("overdue") for s in found):
        tone = "bad"
    turns = find_turns(figures, main.currency)
    overdue = "overdue" in main.rows
    return Headline(
        tone=tone,
        sentence=_overdue(main, turns, speech) if overdue else _sentence(main, speech),
        arrived=_arrived(main, speech) if overdue else "",
        action=_first_action(figures, found, speech),
        aside=_aside(main, speech),
        others=tuple(_other(s, speech) for s in found[1:]),
        waited=waiting_sentences(figures, speech),
    )


def waiting_sentences(figures: Figures, speech: Speech) -> tuple[str, ...]:
    """Return what lateness cost in each currency, as an amount that is missing for one day (R1).

    Money times time beyond its promise is summed in minor units times seconds and divided once,
    half up; a currency whose sum does not reach one minor unit for a day is left out.
    """
    said = []
    for standing in standings(figures):
        row = figures.waiting.get(standing.currency)
        if row is None:
            continue
        kept_minor_s = row["late_minor_s"] + row["overdue_minor_s"]
        for_a_day = share_of(kept_minor_s, 1, _DAY_S, Rounding.HALF_UP)
        if for_a_day > 0:
            said.append(
                speech(
                    "headline.waited",
                    amount=speech.money(for_a_day, standing.currency),
                    longest=speech.span(row["longest_s"] // 60),
                )
            )
    return tuple(said)


def _arrived(main: Standing, speech: Speech) -> str:
    on_time = main.total("amount_minor", "on_time")
    return speech(
        "headline.all_on_time" if on_time == main.due_minor else "headline.arrived",
        on_time=speech.money(on_time, main.currency),
        due=speech.money(main.due_minor, main.currency),
        percent=percent_of(on_time, main.due_minor),
    )


def _sentence(main: Standing, speech: Speech) -> str:
    due = main.due_minor
    if not due:
        return speech(
            "headline.nothing_due",
            amount=speech.money(main.total("amount_minor", "in_transit"), main.currency),
            sales=speech.count("sales", main.total("sales", "in_transit")),
        )
    if _all_unknown(main):
        return speech(
            "headline.all_unknown",
            due=speech.money(due, main.currency),
            sales=speech.count("sales", main.total("sales", "unknown")),
        )
    arrived = _arrived(main, speech)
    late = main.total("amount_minor", "late")
    sure = "unknown" not in main.rows
    tail = speech("headline.nothing_overdue" if sure else "headline.none_known_overdue")
    if late:
        tail = speech("headline.only_late", amount=speech.money(late, main.currency))
    return arrived + speech("word.space") + tail


def _overdue(main: Standing, turns: tuple[Turn, ...], speech: Speech) -> str:
    """Say how much is overdue, since when, and who has the largest part of it."""
    values = {
        "overdue": speech.money(main.overdue_minor, main.currency),
        "sales": speech.count("sales", main.rows["overdue"]["sales"]),
    }
    if not turns:
        return speech("headline.overdue", **values)
    since = speech.time(min(turn.since for turn in turns))
    place = turn_place(turns[0], speech)
    if len(turns) == 1:
        return speech("headline.overdue_all_at", since=since, place=place, **values)
    most = speech.money(turns[0].outstanding_minor, main.currency)
    return speech("headline.overdue_most_at", since=since, place=place, most=most, **values)


def _all_unknown(standing: Standing) -> bool:
    """Say whether nothing at all is known of the money that is due."""
    return standing.total("sales", *DUE) == standing.total("sales", "unknown") > 0


def _first_action(figures: Figures, found: tuple[Standing, ...], speech: Speech) -> str:
    for standing in found:
        turns = find_turns(figures, standing.currency)
        if turns:
            # First what somebody can do something about; what comes by itself if there is no such.
            return turn_action(min(turns, key=lambda turn: turn.reason == NEXT_PAYOUT), speech)
    if any(standing.rows.get("unknown") for standing in found):
        return speech("action.unknown")
    return ""


def _aside(main: Standing, speech: Speech) -> str:
    unknown = main.rows.get("unknown")
    if unknown is None or _all_unknown(main):
        return ""
    return speech(
        "headline.unknown",
        amount=speech.money(unknown["amount_minor"], main.currency),
        sales=speech.count("sales", unknown["sales"]),
    )


def _other(standing: Standing, speech: Speech) -> str:
    overdue = standing.rows.get("overdue")
    due = standing.due_minor
    if overdue:
        return speech(
            "headline.other_overdue",
            currency=standing.currency,
            overdue=speech.money(standing.overdue_minor, standing.currency),
            sales=speech.count("sales", overdue["sales"]),
        )
    if not due:
        return speech(
            "headline.other_nothing_due",
            currency=standing.currency,
            amount=speech.money(standing.total("amount_minor", "in_transit"), standing.currency),
        )
    unknown = standing.total("amount_minor", "unknown")
    if unknown:
        return speech(
            "headline.other_unknown",
            currency=standing.currency,
            due=speech.money(due, standing.currency),
            unknown=speech.money(unknown, standing.currency),
        )
    return speech(
        "headline.other",
        currency=standing.currency,
        on_time=speech.money(standing.total("amount_minor", "on_time"), standing.currency),
        due=speech.money(due, standing.currency),
    )
