"""What a rollout is like, and the calendar it falls into."""

import datetime as dt
from dataclasses import dataclass

LEGS = ("submit", "clear", "pay_out", "credit")

# General Office of the State Council, notices on the holidays of 2025 and 2026.
REST = [
    (dt.date(2025, 10, 1), dt.date(2025, 10, 8)),
    (dt.date(2026, 5, 1), dt.date(2026, 5, 5)),
]
MADE_UP = {dt.date(2025, 9, 28), dt.date(2025, 10, 11), dt.date(2026, 5, 9)}


def banks_work(day):
    """Whether China's banks settle on a date between September 2025 and June 2026."""
    if any(first <= day <= last for first, last in REST):
        return False
    return day.weekday() < 5 or day in MADE_UP


@dataclass(frozen=True)
class Plan:
    """One rollout and how its facts are written.

    harms is the share of upgraded terminals whose money the release delays; leg is where it begins
    to, or "any" for each terminal's own. accounts is whose account money is paid to: the store's,
    the merchant's or one a provider for everybody. held is the share of the fleet that is drawn to
    be upgraded after all others, on day held_until of the rollout; waves are shares of the others.
    """

    seed: int
    terminals: int = 300
    others: int = 0
    harms: float = 0.0
    leg: str = "any"
    waves: tuple = (0.08, 0.19, 0.45, 1.0)
    starts: tuple = (0, 4, 8, 12)
    before: int = 14
    days: int = 19
    holiday: bool = False
    trouble: float = 1.0
    providers: int = 3
    accounts: str = "store"
    sales_a_day: float = 3.0
    batches: bool = True
    coverage: bool = True
    known_at: bool = True
    deadlines: bool = True
    by_store: bool = False
    held: float = 0.0
    held_until: int = 10**5
    spoiled: int = 0  # so many of those held back are upgraded with the first wave

    @property
    def first_day(self):
        """Monday, so that the rollout's third or so week holds the holiday or does not."""
        return dt.date(2025, 9, 15) if self.holiday else dt.date(2026, 3, 2)
