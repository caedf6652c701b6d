"""Whose turn it is: overdue money by where it is now and who has it there.

Rules kept here: where money *is* says whom to ask; where it lost its time (its leg) is another
question, which the breakdown by leg answers. What was handed in late comes with the provider's next
payout: until that is due nobody need be asked. Most money comes first in each currency.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from daozhang.charts.guard import clean
from daozhang.charts.speech import Speech
from daozhang.journey.figures import Figures

__all__ = [
    "NEXT_PAYOUT", "PAYOUTS_NAMED", "SPOKEN", "Turn", "find_turns", "turn_action", "turn_evidence",
    "turn_place",
]  # fmt: skip

PAYOUTS_NAMED: Final = 3
"""How many payouts are named as evidence; ``overdue_places.csv`` holds all of them."""

NEXT_PAYOUT: Final = "next_payout"
"""The reason of money that was handed in late and is not due again yet."""

SPOKEN: Final = {
    "cleared": ("held", "returned", "short", NEXT_PAYOUT),
    "submitted": ("rejected", "short", NEXT_PAYOUT),
    "paid_out": ("short",),
}
"""Station → the reasons that change what to ask for there."""

Row = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Turn:
    """One place where overdue money is.

    Attributes:
        currency: ISO 4217 code.
        station: ``captured``, ``submitted``, ``cleared`` or ``paid_out``.
        reason: one that changes what to ask for; empty: none does.
        who: the provider, or the bank of money that was paid out; None: not known.
        rows: its rows of :attr:`daozhang.journey.figures.Figures.open`, most money first.
    """

    currency: str
    station: str
    reason: str
    who: str | None
    rows: tuple[Row, ...]

    @property
    def outstanding_minor(self) -> int:
        """What is still to come."""
        return sum(row["outstanding_minor"] for row in self.rows)

    @property
    def sales(self) -> int:
        """How many sales wait here."""
        return sum(row["sales"] for row in self.rows)

    @property
    def since(self) -> datetime:
        """The oldest promise that was not kept."""
        oldest: datetime = min(row["since"] for row in self.rows)
        return oldest

    @property
    def until(self) -> datetime:
        """The newest promise that was not kept."""
        newest: datetime = max(row["until"] for row in self.rows)
        return newest

    @property
    def due_again(self) -> datetime | None:
        """When all of it is due by the provider's own clock; None: it is not handed in late."""
        moments = [row["due_again"] for row in self.rows if row["due_again"] is not None]
        return max(moments) if self.reason == NEXT_PAYOUT and moments else None

    @property
    def example(self) -> str:
        """A sale to follow, of the payout with most money."""
        return str(self.rows[0]["example"])


def find_turns(figures: Figures, currency: str | None = None) -> tuple[Turn, ...]:
    """Return the places of overdue money, most of it first in each currency."""
    rows: dict[tuple[str, str, str, str | None], list[Row]] = {}
    for row in figures.open:
        if currency not in (None, row["currency"]):
            continue
        station = row["station"]
        reason = row["reason"] if row["reason"] in SPOKEN.get(station, ()) else ""
        who = row["bank_id"] if station == "paid_out" else row["provider_id"]
        rows.setdefault((row["currency"], station, reason, who), []).append(row)
    found = [Turn(*place, rows=tuple(own)) for place, own in rows.items()]
    return tuple(
        sorted(
            found,
            key=lambda t: (t.currency, -t.outstanding_minor, t.station, t.reason, str(t.who)),
        )
    )


def turn_place(turn: Turn, speech: Speech) -> str:
    """Return who has the money and how far it came: ``bank CCB: paid out, not credited``."""
    what = speech(f"turn.{turn.reason or turn.station}")
    if turn.station == "captured":
        who = speech("turn.who.store", who=speech.name(turn.who))
    elif turn.who is None:
        who = speech("who.bank" if turn.station == "paid_out" else "who.provider")
    else:
        key = "turn.who.bank" if turn.station == "paid_out" else "turn.who.provider"
        who = speech(key, who=speech.name(turn.who))
    return speech("turn.place", who=who, what=what)


def turn_action(turn: Turn, speech: Speech) -> str:
    """Return what to do first about it, naming whom to ask."""
    role = speech("who.bank" if turn.station == "paid_out" else "who.provider")
    who = role if turn.who is None else speech.name(turn.who)
    again = turn.due_again
    return speech(
        f"do.{turn.reason or turn.station}", who=who, until=speech.time(again) if again else ""
    )


def turn_evidence(turn: Turn, speech: Speech) -> str:
    """Return the payouts to name when asking; empty: in none, or it need not be asked for."""
    if turn.reason == NEXT_PAYOUT:
        return ""
    by_payout: dict[str, int] = {}
    for row in turn.rows:
        if row["payout_id"]:
            held = by_payout.get(row["payout_id"], 0)
            by_payout[row["payout_id"]] = held + row["outstanding_minor"]
    if not by_payout:
        return ""
    named = sorted(by_payout.items(), key=lambda item: (-item[1], item[0]))
    said = [
        speech("turn.payout", payout=clean(payout, 40), amount=speech.money(minor, turn.currency))
        for payout, minor in named[:PAYOUTS_NAMED]
    ]
    if len(named) > PAYOUTS_NAMED:
        said.append(speech("turn.payouts_more", count=f"{len(named) - PAYOUTS_NAMED:,}"))
    return speech("turn.evidence", payouts=speech("word.comma").join(said))
