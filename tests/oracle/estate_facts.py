"""What the generator knows of each fact: its versions over time, and its links to other facts."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from tests.oracle.estate_world import Due, Unit

if TYPE_CHECKING:
    from tests.oracle.rows import Row

Values = dict[str, Any]
EPOCH = dt.datetime.fromtimestamp(0, dt.UTC)


@dataclass(eq=False)
class Fact:
    """One fact of one table: what was learned of it, and when."""

    table: str
    versions: list[tuple[dt.datetime, Values]] = field(default_factory=list)
    learned_silently: bool = False  # the first version's known_at cell stays empty

    def learn(self, known: dt.datetime, **values: Any) -> None:
        """Add what was learned at a moment: the earlier values with these changed."""
        before = self.versions[-1][1] if self.versions else {}
        assert not self.versions or known > self.versions[-1][0], (self.table, values)
        self.versions.append((known, {**before, **values}))

    def at(self, moment: dt.datetime) -> Values | None:
        """Return the values as known at a moment; None: unknown yet, or withdrawn."""
        known = [values for at, values in self.versions if at <= moment]
        if not known or known[-1].get("removed") == 1:
            return None
        return known[-1]

    def rows(self, until: dt.datetime, zone_offset_h: int) -> list[Row]:
        """Return the rows of all versions learned by a moment."""
        out = []
        for number, (known, values) in enumerate(self.versions):
            if known > until:
                continue
            row = {k: as_text(v, zone_offset_h) for k, v in values.items()}
            if not (number == 0 and self.learned_silently):
                row["known_at"] = as_text(known, zone_offset_h)
            out.append(row)
        return out


def as_text(value: Any, offset_h: int) -> str:
    """Write a value as a fact file has it; instants are written at the given offset."""
    if isinstance(value, dt.datetime):
        zone = dt.timezone(dt.timedelta(hours=offset_h))
        text = value.astimezone(zone).isoformat()
        return text.replace("+00:00", "Z") if offset_h == 0 else text
    if isinstance(value, dt.date):
        return value.isoformat()
    return "" if value is None else str(value)


@dataclass(eq=False)
class Line(Fact):
    """A settlement line; the sale and the payout it belongs to."""

    sale: Sale | None = None
    payout: Payout | None = None


@dataclass(eq=False)
class Payout(Fact):
    """A payout, the one that replaced it, and the credits that carry it."""

    account: str = ""
    replaced_by: Payout | None = None
    credits: list[Credit] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)

    def last(self, moment: dt.datetime) -> Payout:
        """Return the end of the chain of re-sends as known at a moment."""
        newer = self.replaced_by
        return newer.last(moment) if newer is not None and newer.at(moment) else self


@dataclass(eq=False)
class Credit(Fact):
    """A bank line, and the payouts whose money it is (none: it is not ours)."""

    payouts: list[Payout] = field(default_factory=list)
    how: str = "foreign"


@dataclass(eq=False)
class Sale(Fact):
    """A sale with what was planned for it, what acts on it, and its lines."""

    unit: Unit = field(default_factory=lambda: Unit("", "", "", "", "", []))
    terms: Values = field(default_factory=dict)
    business: dt.date = dt.date.min
    clock: dt.datetime = EPOCH
    closes: dt.datetime = EPOCH
    due: Due | None = None
    account: str = ""
    story: str = "plain"
    acts: list[Fact] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
